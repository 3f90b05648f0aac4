/* heap.h: watches that nothing is taken from the heap once the arena is sealed. */
#ifndef WARD_NODE_HEAP_H
#define WARD_NODE_HEAP_H

#include <stdint.h>

/* heap_taken_bytes gives the bytes that the calling thread has ever taken from the heap; UINT64_MAX when the allocator does not tell
 * (a build without jemalloc). The difference of two calls is what was taken between them. Cost: one call into the allocator. */
uint64_t heap_taken_bytes(void);

#endif
