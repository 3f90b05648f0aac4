/* guard.c: see guard.h. */
#include "sim/world/guard.h"

#include "base/assert.h"

#include <sys/mman.h>

#define PAGE_BYTES 4096u

void guard_open(struct guard *guard, size_t bytes)
{
    guard->bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    void *pages = mmap(NULL, guard->bytes + PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    ASSERT(pages != MAP_FAILED);
    guard->pages = pages;
    int closed = mprotect(guard->pages + guard->bytes, PAGE_BYTES, PROT_NONE);
    ASSERT(closed == 0);
}

void guard_close(struct guard *guard)
{
    if (guard->pages != NULL) {
        munmap(guard->pages, guard->bytes + PAGE_BYTES);
    }
    *guard = (struct guard){ NULL, 0 };
}

uint8_t *guard_end(const struct guard *guard, size_t size)
{
    ASSERT(guard->pages != NULL);
    ASSERT(size <= guard->bytes);
    return guard->pages + guard->bytes - size;
}
