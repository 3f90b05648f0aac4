/* memory.h: how much memory this process may ever have. */
#ifndef WARD_NODE_MEMORY_H
#define WARD_NODE_MEMORY_H

#include <stdint.h>

/* memory_limit_bytes gives the smaller of the machine's memory (MemTotal) and the limits of the process's control group and its parents (cgroup v2:
 * memory.max); UINT64_MAX when neither can be read. `root` stands before every path: "" for this machine, a recorded tree in tests.
 * Cost: a few small files. */
uint64_t memory_limit_bytes(const char *root);

#endif
