/* seccomp_kit.h: a process of its own in which the kernel refuses a system call, as old kernels and the profiles of containers do. */
#ifndef WARD_TESTS_NET_SECCOMP_KIT_H
#define WARD_TESTS_NET_SECCOMP_KIT_H

#include <stdint.h>

/* seccomp_kit_child runs a test in a child. Gives: what it returned; 128 when it died. */
int seccomp_kit_child(int (*test)(void));

/* seccomp_kit_deny lets a system call fail with an errno from now on. Gives: 0; another number when the kernel has no seccomp. */
int seccomp_kit_deny(long number, int code);

/* seccomp_kit_demand lets a system call fail with an errno from now on, unless its argument of this number, 0 to 5, is `value`. Gives: as seccomp_kit_deny. */
int seccomp_kit_demand(long number, unsigned argument, uint32_t value, int code);

#endif
