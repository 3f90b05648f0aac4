/* heap.h: how often anybody asked for memory: in a simulated world the linker sends these calls here, and no object changes. Production takes all of its memory before it starts
 * (J7), so while one of its servers runs nobody may. */
#ifndef WARD_SIM_WORLD_HEAP_H
#define WARD_SIM_WORLD_HEAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the linker calls in place of the functions of the library, and those themselves. */
#define HEAP_CALLS(X)                                                                                               \
    X(void *, malloc, (size_t size))                                                                                \
    X(void *, calloc, (size_t count, size_t size))                                                                  \
    X(void *, realloc, (void *memory, size_t size))                                                                 \
    X(void *, aligned_alloc, (size_t alignment, size_t size))                                                       \
    X(void *, mmap, (void *address, size_t size, int protection, int flags, int file, off_t offset))

#define HEAP_DECLARE(result, name, arguments)                                                                       \
    result __wrap_##name arguments;                                                                                 \
    result __real_##name arguments;
HEAP_CALLS(HEAP_DECLARE)
#undef HEAP_DECLARE

/* heap_calls gives how often so far. heap_disregard takes the newest one out: the simulator itself did, in the middle of a step. */
uint64_t heap_calls(void);
void heap_disregard(void);

#endif
