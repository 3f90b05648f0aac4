/* memory.h: how much memory this process may ever have, and in what pages. */
#ifndef WARD_NODE_MEMORY_H
#define WARD_NODE_MEMORY_H

#include "base/bytes.h"

#include <stdint.h>

/* memory_limit_bytes gives the smaller of the machine's memory (MemTotal) and the limits of the process's control group and its parents (cgroup v2:
 * memory.max); UINT64_MAX when neither can be read. `root` stands before every path: "" for this machine, a recorded tree in tests.
 * Cost: a few small files. */
uint64_t memory_limit_bytes(const char *root);

/* memory_enlarge_pages asks for large pages where whole ones fit: memory that is read at random, each place on another page, would miss the processor's
 * small table of translations at most steps. A wish: without it everything works, slower. Needs: the memory is anonymous. Cost: one system call. */
void memory_enlarge_pages(const struct bytes *memory);

#endif
