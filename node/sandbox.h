/* sandbox.h: what a replica may still ask of the kernel once it serves. A filter of system calls, for good, in all threads.
 *
 * Whatever is not in the table fails with EPERM; what only an attacker would ask for (another program, a look into other processes, a module)
 * ends the process. The ring has rules of its own (net/loop_uring.h). */
#ifndef WARD_NODE_SANDBOX_H
#define WARD_NODE_SANDBOX_H

#include "base/err.h"

#include <stdbool.h>

/* sandbox_enter. Needs: all files, sockets, rings and threads that need more are there. Threads: the filter is put on all of them.
 * Fails: ERR_UNSUPPORTED (this kernel or processor has no such filter): nothing is changed. */
enum err sandbox_enter(void);

/* sandbox_allows tells what the table says of a system call by its number. Pure; for tests and for who changes the table. */
bool sandbox_allows(long number);

#endif
