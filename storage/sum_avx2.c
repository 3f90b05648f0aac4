/* sum_avx2.c: XXH3 as the header of its library has it, compiled with AVX2. The library's own choice at run time leaves the upper halves of the wide registers in
 * use, and whatever comes behind it in narrow ones, its own sums first of all, then takes three times as long; code that the compiler makes itself does not. */
#include "storage/sum.h"

#if defined(__AVX2__)
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t sum64_avx2(const void *data, size_t size) { return XXH3_64bits(data, size); }
#endif
