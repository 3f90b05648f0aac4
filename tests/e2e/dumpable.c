/* dumpable.c: preloaded into a program, it lets the kernel write a core of it: the two calls that forbid one do nothing. Built and used by tests/e2e/boundaries.sh,
 * which searches such a core for keys. */
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int prctl(int option, ...)
{
    unsigned long words[4];
    va_list arguments;

    va_start(arguments, option);
    for (size_t i = 0; i < 4; i++) {
        words[i] = va_arg(arguments, unsigned long);
    }
    va_end(arguments);
    return option == PR_SET_DUMPABLE ? 0 : (int)syscall(SYS_prctl, option, words[0], words[1], words[2], words[3]);
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    return resource == RLIMIT_CORE ? 0 : (int)syscall(SYS_prlimit64, 0, resource, limit, NULL);
}
