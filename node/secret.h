/* secret.h: memory for keys: locked, so that it never reaches a swap device, and left out of core dumps.
 *
 * A program that holds keys calls secret_process first of all: then the kernel writes no core file of it and no other process of the
 * same user may read its memory. */
#ifndef WARD_NODE_SECRET_H
#define WARD_NODE_SECRET_H

#include "base/err.h"

#include <stddef.h>

/* secret_process forbids core dumps of this process and reading it through /proc or ptrace. Fails: ERR_PERMISSION. */
enum err secret_process(void);

/* secret_take gives zeroed, locked, dump-free pages for `size` bytes. Owns: the caller gives them back with secret_give.
 * Fails: ERR_NO_MEMORY when the limit of locked memory (ulimit -l) does not allow them. Cost: four syscalls. */
enum err secret_take(void **out, size_t size);

/* secret_give wipes the pages and gives them back. Needs: the same size. */
void secret_give(void *data, size_t size);

#endif
