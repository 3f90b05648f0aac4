/* cpu.h: what the processor and the operating system let this process use. */
#ifndef WARD_BASE_CPU_H
#define WARD_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_features {
    bool avx2;        /* AVX2 and FMA, with the operating system saving the 256-bit registers */
    bool avx512_ifma; /* AVX-512 F, DQ, VL and IFMA, with the operating system saving the 512-bit registers */
};

/* cpu_features asks CPUID and XCR0; all false on processors other than x86-64. Threads: any. */
struct cpu_features cpu_features(void);

/* cpu_count gives the processors on which this process may run, at least 1. Cost: one syscall. Threads: any. */
uint32_t cpu_count(void);

#endif
