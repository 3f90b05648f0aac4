/* lanes_avx2_test.c: four lanes of doubles keep the contract of lanes/field.h. */
#if defined(__AVX2__)
#include "crypto/ed25519/avx2/kernel.h"

#include "tests/crypto/lanes_kit.h"

static void lanes_by_number(struct lanes *out, uint64_t number, unsigned units)
{
    const int64_t limit = (int64_t)(units * LIMB_TIGHT);
    int64_t random[LIMBS][LANES];
    uint8_t choice[LIMBS][LANES];

    bytes_by_number(2 * number, random, sizeof random);
    bytes_by_number(2 * number + 1, choice, sizeof choice);
    for (unsigned i = 0; i < LIMBS; i++) {
        double limb[LANES];
        for (unsigned lane = 0; lane < LANES; lane++) {
            unsigned kind = choice[i][lane] % 8;
            int64_t value = kind < 2 ? limit : kind < 4 ? -limit : kind == 4 ? 0 : random[i][lane] % limit;
            limb[lane] = (double)value;
        }
        out->limb[i] = _mm256_loadu_pd(limb);
    }
}

static struct model_number value_of(const struct lanes *a, unsigned lane)
{
    struct model_number value = model_number_of(0);

    for (int i = LIMBS - 1; i >= 0; i--) {
        double limb[LANES];
        _mm256_storeu_pd(limb, a->limb[i]);
        int64_t signed_limb = (int64_t)limb[lane];
        uint64_t size = (uint64_t)(signed_limb < 0 ? -signed_limb : signed_limb);
        struct model_number number = { { (uint32_t)size, (uint32_t)(size >> 32) } };
        value = shifted(value, LIMB_BITS);
        value = signed_limb < 0 ? model_subtract(value, number) : model_add(value, number);
    }
    return value;
}

static void needs_avx2(void)
{
    if (!cpu_features().avx2) {
        cr_skip_test("no AVX2 and FMA here");
    }
}

Test(lanes_avx2, limbs_at_their_bounds_give_the_values_of_the_model)
{
    needs_avx2();
    for (int round = 0; round < LANES_ROUNDS; round++) {
        facts_of_products(round);
        facts_of_sums(round);
        facts_of_encodings(round);
        facts_of_memory(round);
        facts_of_buckets(round);
    }
}

/* All limbs at the bound at once, in each choice of signs, by the largest factor that the contract allows. */
Test(lanes_avx2, greatest_products_in_all_signs_are_exact)
{
    needs_avx2();
    for (unsigned signs = 0; signs < 1u << (2 * LIMBS); signs++) {
        struct lanes a, b, out;
        struct model_number expected;

        for (unsigned i = 0; i < LIMBS; i++) {
            a.limb[i] = _mm256_set1_pd((signs >> i & 1) != 0 ? -3 * LIMB_TIGHT : 3 * LIMB_TIGHT);
            b.limb[i] = _mm256_set1_pd((signs >> (LIMBS + i) & 1) != 0 ? -LIMB_TIGHT : LIMB_TIGHT);
        }
        expected = model_multiply(value_of(&a, 0), value_of(&b, 0));
        lanes_multiply(&out, &a, &b);
        lanes_check(&out, 1);
        for (unsigned lane = 0; lane < LANES; lane += 3) {
            struct model_number value = value_of(&out, lane);
            cr_assert(model_number_equal(&value, &expected), "signs %x", signs);
        }
        expected = model_multiply(value_of(&b, 0), value_of(&b, 0));
        lanes_square(&out, &b);
        lanes_check(&out, 1);
        struct model_number value = value_of(&out, 1);
        cr_assert(model_number_equal(&value, &expected), "square, signs %x", signs);
    }
}
#endif
