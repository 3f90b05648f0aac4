/* secret.c: see secret.h. Pages come from the kernel, one mapping per request; a replica makes one. */
#include "node/secret.h"

#include "base/assert.h"
#include "crypto/keys.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum err secret_process(void)
{
    struct rlimit none = { 0, 0 };

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0) {
        return ERR_PERMISSION;
    }
    return ERR_OK;
}

/* is_forbidden tells a kernel that refuses the very call from a limit, of which 0 is refused with the same error. */
static bool is_forbidden(int error)
{
    struct rlimit limit;

    return error == EPERM && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur > 0;
}

enum err secret_take(void **out, size_t size)
{
    ASSERT(size > 0);
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    if (mlock(pages, size) != 0 || madvise(pages, size, MADV_DONTDUMP) != 0 || madvise(pages, size, MADV_DONTFORK) != 0) {
        enum err err = is_forbidden(errno) ? ERR_PERMISSION : ERR_NO_MEMORY;
        munmap(pages, size);
        return err;
    }
    *out = pages;
    return ERR_OK;
}

const char *secret_why(enum err err)
{
    ASSERT(err != ERR_OK);
    return err == ERR_PERMISSION ? "locking memory for keys is forbidden here: a filter of system calls (a container's or a service's) leaves mlock out"
                                 : "no memory can be locked for keys: raise the limit (ulimit -l)";
}

enum exit_code secret_exit(enum err err)
{
    ASSERT(err != ERR_OK);
    return err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_RESOURCE;
}

void secret_give(void *data, size_t size)
{
    ASSERT(data != NULL);
    secret_wipe(data, size);
    int code = munmap(data, size);
    ASSERT(code == 0);
}
