/* field_ifma_fuzz.c: the kernel of AVX-512 IFMA, by field_fuzz.h, with its instructions in plain C (IFMA_MODEL): so it runs on any machine. Every value of this
 * kernel has one unit; that no limb grows beyond what a 52-bit factor shows is asserted in the kernel itself, since this build has WARD_DEBUG. */
#include "crypto/ed25519/ifma/kernel.h"

#define FUZZ_LIMBS IFMA_LIMBS
#define FUZZ_ROOM 1
#define FUZZ_UNITS 1u

static inline unsigned fuzz_bit(unsigned i)
{
    return 51 * i;
}

static inline int64_t fuzz_most(unsigned i)
{
    (void)i;
    return (int64_t)IFMA_TIGHT_LIMIT - 1;
}

static inline int64_t fuzz_least(unsigned i)
{
    (void)i;
    return 0;
}

static inline void fuzz_put(struct lanes *a, unsigned lane, unsigned i, int64_t value)
{
    a->limb[i][lane] = (uint64_t)value;
}

static inline int64_t fuzz_get(const struct lanes *a, unsigned lane, unsigned i)
{
    return (int64_t)a->limb[i][lane];
}

static inline bool fuzz_can_run(void)
{
    return true;
}

#include "tests/fuzz/field_fuzz.h"
