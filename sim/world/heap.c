/* heap.c: see heap.h. */
#include "sim/world/heap.h"

#include "base/assert.h"

static _Thread_local uint64_t calls; /* a world is one thread; others, in tests, count for themselves */

uint64_t heap_calls(void) { return calls; }

void heap_disregard(void)
{
    ASSERT(calls > 0);
    calls--;
}

void *__wrap_malloc(size_t size)
{
    calls++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    calls++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    calls++;
    return __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    calls++;
    return __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    calls++;
    return __real_mmap(address, size, protection, flags, file, offset);
}
