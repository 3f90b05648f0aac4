/* field_ref_fuzz.c: the portable kernel, by field_fuzz.h. */
#include "crypto/ed25519/ref/kernel.h"

#define FUZZ_LIMBS FIELD_LIMBS
#define FUZZ_ROOM 1
#define FUZZ_UNITS 8u

static inline unsigned fuzz_bit(unsigned i)
{
    return FIELD_LIMB_BITS * i;
}

static inline int64_t fuzz_most(unsigned i)
{
    (void)i;
    return FIELD_TIGHT_LIMIT - 1;
}

static inline int64_t fuzz_least(unsigned i)
{
    (void)i;
    return 0;
}

static inline void fuzz_put(struct lanes *a, unsigned lane, unsigned i, int64_t value)
{
    (void)lane;
    a->f.limb[i] = (uint64_t)value;
}

static inline int64_t fuzz_get(const struct lanes *a, unsigned lane, unsigned i)
{
    (void)lane;
    return (int64_t)a->f.limb[i];
}

static inline bool fuzz_can_run(void)
{
    return true;
}

#include "tests/fuzz/field_fuzz.h"
