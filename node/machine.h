/* machine.h: what this machine says of io_uring, and who forbids it. Pure but for reading a few files under `root` (base/sysfile.h). */
#ifndef WARD_NODE_MACHINE_H
#define WARD_NODE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_UNKNOWN (-1)

struct machine {
    char release[64];        /* of the kernel; "" when it is not told */
    int64_t disabled;        /* kernel.io_uring_disabled: 0 allowed, 1 only to its group or CAP_SYS_ADMIN, 2 forbidden; MACHINE_UNKNOWN: no such sysctl */
    int64_t group;           /* kernel.io_uring_group, MACHINE_UNKNOWN: none */
    int64_t seccomp;         /* of this process: 0 none, 1 strict, 2 filter; MACHINE_UNKNOWN: the kernel does not tell */
    int64_t seccomp_filters; /* how many */
    int64_t memlock_bytes;   /* soft limit; INT64_MAX: none */
};

/* Who is to blame when io_uring is refused. */
enum machine_blame { BLAME_KERNEL, BLAME_SYSCTL, BLAME_SECCOMP, BLAME_MEMLOCK, BLAME_UNKNOWN, BLAME_COUNT };

/* machine_read. Cost: six small files. */
void machine_read(struct machine *machine, const char *root);

/* machine_blame judges from the errno with which io_uring was refused and what the machine says. Pure. */
enum machine_blame machine_blame(const struct machine *machine, int number);

/* machine_blame_name gives "kernel", "sysctl", "seccomp", "memlock", "unknown". */
const char *machine_blame_name(enum machine_blame blame);

/* machine_remedy gives what the operator can do about it, one sentence. */
const char *machine_remedy(enum machine_blame blame);

#endif
