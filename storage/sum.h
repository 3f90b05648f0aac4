/* sum.h: XXH3-64 with the widest registers of the processor. The library is built for those that every x86-64 has: a third of the speed. */
#ifndef WARD_STORAGE_SUM_H
#define WARD_STORAGE_SUM_H

#include <stddef.h>
#include <stdint.h>

/* sum64 gives the XXH3-64 of bytes, the same on every processor. It guards against disks alone. Cost: 20 us for 1 MiB with AVX2, 54 without. Threads: any. */
uint64_t sum64(const void *data, size_t size);

/* sum64_plain gives the same as sum64, as the library does it; sum64_avx2 with AVX2, which the processor needs to have. For sum64 and its test. */
uint64_t sum64_plain(const void *data, size_t size);
uint64_t sum64_avx2(const void *data, size_t size);

#endif
