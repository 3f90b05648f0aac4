/* cpu.c: see cpu.h. CPUID alone does not suffice: wide registers that the operating system does not save would be lost at a context
 * switch, so XCR0 decides besides. Source: Intel SDM volume 1, chapters 13.3 and 14.3. */
#include "base/cpu.h"

#include <sched.h>

uint32_t cpu_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1; /* More than CPU_SETSIZE processors, or a sandbox: one is always true. */
    }
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (uint32_t)count;
}

#if defined(__x86_64__)
#include <cpuid.h>

#define XCR0_AVX 0x06u    /* SSE and AVX state */
#define XCR0_AVX512 0xe6u /* besides: mask registers, upper halves, upper sixteen */

static uint64_t xcr0_read(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

struct cpu_features cpu_features(void)
{
    struct cpu_features features = { false, false };
    uint32_t a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0) {
        return features;
    }
    bool fma = (c & bit_FMA) != 0;
    uint64_t xcr0 = xcr0_read();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        return features;
    }
    uint32_t wide = bit_AVX512F | bit_AVX512DQ | bit_AVX512VL | bit_AVX512IFMA;
    features.avx2 = fma && (b & bit_AVX2) != 0 && (xcr0 & XCR0_AVX) == XCR0_AVX;
    features.avx512_ifma = (b & wide) == wide && (xcr0 & XCR0_AVX512) == XCR0_AVX512;
    return features;
}
#else
struct cpu_features cpu_features(void)
{
    return (struct cpu_features){ false, false };
}
#endif
