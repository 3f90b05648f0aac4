/* secret.c: see secret.h. Pages come from the kernel, one mapping per request; a replica makes one. */
#include "node/secret.h"

#include "base/assert.h"
#include "crypto/keys.h"

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

enum err secret_take(void **out, size_t size)
{
    ASSERT(size > 0);
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return ERR_NO_MEMORY;
    }
    if (mlock(pages, size) != 0 || madvise(pages, size, MADV_DONTDUMP) != 0 || madvise(pages, size, MADV_DONTFORK) != 0) {
        munmap(pages, size);
        return ERR_NO_MEMORY;
    }
    *out = pages;
    return ERR_OK;
}

void secret_give(void *data, size_t size)
{
    ASSERT(data != NULL);
    secret_wipe(data, size);
    int code = munmap(data, size);
    ASSERT(code == 0);
}
