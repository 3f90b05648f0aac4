/* machine.c: see machine.h.
 *
 *     errno                     sysctl            seccomp    blame
 *     EPERM, EACCES             1 or 2            any        sysctl
 *     EPERM, EACCES             0, or not there   filter     seccomp
 *     EPERM, EACCES             0, or not there   none       unknown (a security module, or a profile that hides itself)
 *     ENOSYS                    2                 any        sysctl
 *     ENOSYS                    else              filter     seccomp (many profiles answer so)
 *     ENOSYS                    else              none       kernel (none, or built without it)
 *     ENOMEM                    any               any        memlock
 *     EINVAL, EOPNOTSUPP        any               any        kernel (too old)
 *     else                                                   unknown */
#include "node/machine.h"

#include "base/assert.h"
#include "base/sysfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t number_or(const char *root, const char *path, const char *prefix, int64_t otherwise)
{
    int64_t number;

    return sysfile_number(root, path, prefix, &number) ? number : otherwise;
}

/* memlock_bytes: "Max locked memory  8388608  8388608  bytes", or "unlimited". */
static int64_t memlock_bytes(const char *root)
{
    static const char prefix[] = "Max locked memory";
    char line[SYSFILE_LINE_BYTES];

    if (!sysfile_line(root, "/proc/self/limits", prefix, line)) {
        return MACHINE_UNKNOWN;
    }
    const char *at = line + strlen(prefix) + strspn(line + strlen(prefix), " ");
    return strncmp(at, "unlimited", 9) == 0 ? INT64_MAX : strtoll(at, NULL, 10);
}

void machine_read(struct machine *machine, const char *root)
{
    char line[SYSFILE_LINE_BYTES];

    *machine = (struct machine){ .disabled = number_or(root, "/proc/sys/kernel/io_uring_disabled", "", MACHINE_UNKNOWN),
                                 .group = number_or(root, "/proc/sys/kernel/io_uring_group", "", MACHINE_UNKNOWN),
                                 .seccomp = number_or(root, "/proc/self/status", "Seccomp:", MACHINE_UNKNOWN),
                                 .seccomp_filters = number_or(root, "/proc/self/status", "Seccomp_filters:", 0),
                                 .memlock_bytes = memlock_bytes(root) };
    (void)sysfile_line(root, "/proc/sys/kernel/osrelease", "", line);
    snprintf(machine->release, sizeof machine->release, "%.63s", line);
}

enum machine_blame machine_blame(const struct machine *machine, int number)
{
    bool filtered = machine->seccomp > 0;

    switch (number) {
    case EPERM:
    case EACCES: return machine->disabled > 0 ? BLAME_SYSCTL : filtered ? BLAME_SECCOMP : BLAME_UNKNOWN;
    case ENOSYS: return machine->disabled > 1 ? BLAME_SYSCTL : filtered ? BLAME_SECCOMP : BLAME_KERNEL;
    case ENOMEM: return BLAME_MEMLOCK;
    case EINVAL:
    case EOPNOTSUPP: return BLAME_KERNEL;
    default: return BLAME_UNKNOWN;
    }
}

const char *machine_blame_name(enum machine_blame blame)
{
    static const char *const names[BLAME_COUNT] = { "kernel", "sysctl", "seccomp", "memlock", "unknown" };

    ASSERT(blame < BLAME_COUNT);
    return names[blame];
}

const char *machine_remedy(enum machine_blame blame)
{
    static const char *const remedies[BLAME_COUNT] = { /* each fits a field of a log line */
        [BLAME_KERNEL] = "run Linux 6.1 or newer with CONFIG_IO_URING, or set io.backend: posix",
        [BLAME_SYSCTL] = "set sysctl kernel.io_uring_disabled=0 (or 1, and kernel.io_uring_group to ward's group), or set io.backend: posix",
        [BLAME_SECCOMP] = "allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile, or set io.backend: posix",
        [BLAME_MEMLOCK] = "raise the limit of locked memory (LimitMEMLOCK=64M in the unit, ulimit -l); or set io.backend: posix",
        [BLAME_UNKNOWN] = "ask who runs this machine whether a security module forbids io_uring; or set io.backend: posix",
    };

    ASSERT(blame < BLAME_COUNT);
    return remedies[blame];
}
