/* heap.c: jemalloc's own count; a weak reference, because sanitizer builds bring another allocator. */
#include "node/heap.h"

#include <stddef.h>

extern int mallctl(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size) __attribute__((weak));

uint64_t heap_taken_bytes(void)
{
    uint64_t bytes = 0;
    size_t size = sizeof bytes;

    if (mallctl == NULL || mallctl("thread.allocated", &bytes, &size, NULL, 0) != 0) {
        return UINT64_MAX;
    }
    return bytes;
}
