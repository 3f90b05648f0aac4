/* secret.h: memory for keys: locked, so that it never reaches a swap device, and left out of core dumps.
 *
 * A program that holds keys calls secret_process first of all: then the kernel writes no core file of it and no other process of the
 * same user may read its memory. */
#ifndef WARD_NODE_SECRET_H
#define WARD_NODE_SECRET_H

#include "base/err.h"
#include "base/exit.h"

#include <stddef.h>

/* secret_process forbids core dumps of this process and reading it through /proc or ptrace. Fails: ERR_PERMISSION. */
enum err secret_process(void);

/* secret_take gives zeroed, locked, dump-free pages for `size` bytes. Owns: the caller gives them back with secret_give.
 * Fails: ERR_NO_MEMORY when the limit of locked memory (ulimit -l) does not allow them; ERR_PERMISSION when the system forbids locking at all. Cost: four syscalls. */
enum err secret_take(void **out, size_t size);

/* secret_why gives the sentence, and secret_exit the exit code, for a failure of secret_take: more memory may come, a permission does not. */
const char *secret_why(enum err err);
enum exit_code secret_exit(enum err err);

/* secret_give wipes the pages and gives them back. Needs: the same size. */
void secret_give(void *data, size_t size);

#endif
