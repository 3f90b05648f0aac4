/* field_avx2_fuzz.c: the AVX2 kernel, by field_fuzz.h. */
#include "crypto/ed25519/avx2/kernel.h"

#include "base/cpu.h"

#include <string.h>

#define FUZZ_LIMBS LIMBS
#define FUZZ_ROOM 0
#define FUZZ_UNITS 8u

static inline unsigned fuzz_bit(unsigned i)
{
    return LIMB_BITS * i;
}

static inline int64_t fuzz_most(unsigned i)
{
    (void)i;
    return (int64_t)LIMB_TIGHT;
}

static inline int64_t fuzz_least(unsigned i)
{
    (void)i;
    return -(int64_t)LIMB_TIGHT;
}

static inline void fuzz_put(struct lanes *a, unsigned lane, unsigned i, int64_t value)
{
    double limb[LANES];

    memcpy(limb, &a->limb[i], sizeof limb);
    limb[lane] = (double)value;
    memcpy(&a->limb[i], limb, sizeof limb);
}

static inline int64_t fuzz_get(const struct lanes *a, unsigned lane, unsigned i)
{
    double limb[LANES];

    memcpy(limb, &a->limb[i], sizeof limb);
    return (int64_t)limb[lane];
}

static inline bool fuzz_can_run(void)
{
    return cpu_features().avx2;
}

#include "tests/fuzz/field_fuzz.h"
