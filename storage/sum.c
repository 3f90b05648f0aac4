/* sum.c: see sum.h. The choice is made at the first sum and changes none; threads that choose at once choose the same. */
#include "storage/sum.h"

#include "base/cpu.h"

#include <stdatomic.h>
#include <xxhash.h>

#define RUN_BYTES 240u /* up to as many XXH3 takes in one go, without vectors */

typedef uint64_t sum64_way(const void *data, size_t size);

uint64_t sum64_plain(const void *data, size_t size) { return XXH3_64bits(data, size); }

static sum64_way *way_choose(void)
{
#if defined(__x86_64__)
    return cpu_features().avx2 ? sum64_avx2 : sum64_plain;
#else
    return sum64_plain;
#endif
}

uint64_t sum64(const void *data, size_t size)
{
    static _Atomic(sum64_way *) chosen;

    if (size <= RUN_BYTES) {
        return sum64_plain(data, size);
    }
    sum64_way *way = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (way == NULL) {
        way = way_choose();
        atomic_store_explicit(&chosen, way, memory_order_relaxed);
    }
    return way(data, size);
}
