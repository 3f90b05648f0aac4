/* lanes_ref_test.c: one lane keeps the contract of lanes/field.h. */
#include "crypto/ed25519/ref/kernel.h"

#include "tests/crypto/lanes_kit.h"

static void lanes_by_number(struct lanes *out, uint64_t number, unsigned units)
{
    uint8_t choice[FIELD_LIMBS];

    bytes_by_number(2 * number, out->f.limb, sizeof out->f.limb);
    bytes_by_number(2 * number + 1, choice, sizeof choice);
    for (unsigned i = 0; i < FIELD_LIMBS; i++) {
        uint64_t limit = units * FIELD_TIGHT_LIMIT;
        out->f.limb[i] = choice[i] % 4 == 0 ? limit - 1 : choice[i] % 4 == 1 ? 0 : out->f.limb[i] % limit;
    }
}

static struct model_number value_of(const struct lanes *a, unsigned lane)
{
    struct model_number value = model_number_of(0);

    cr_assert_eq(lane, 0);
    for (int i = FIELD_LIMBS - 1; i >= 0; i--) {
        struct model_number limb = { { (uint32_t)a->f.limb[i], (uint32_t)(a->f.limb[i] >> 32) } };
        value = model_add(shifted(value, FIELD_LIMB_BITS), limb);
    }
    return value;
}

Test(lanes_ref, limbs_at_their_bounds_give_the_values_of_the_model)
{
    for (int round = 0; round < LANES_ROUNDS; round++) {
        facts_of_products(round);
        facts_of_sums(round);
        facts_of_encodings(round);
        facts_of_memory(round);
        facts_of_buckets(round);
    }
}
