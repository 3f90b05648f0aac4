/* field_test.c: five limbs compute what the big-integer model computes, at the edges of their bounds too. */
#include "crypto/ed25519/ref/field.h"

#include "base/bytes.h"
#include "tests/crypto/signature_vectors_kit.h"
#include "tests/crypto/zip215_model_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROUNDS = 2000 };

/* The value of any limbs, without the code under test: the sum of limb[i] 2^(51 i) by doubling. */
static struct model_number value_of(const struct field *a)
{
    struct model_number value = model_number_of(0);

    for (int i = FIELD_LIMBS - 1; i >= 0; i--) {
        struct model_number limb = { { (uint32_t)a->limb[i], (uint32_t)(a->limb[i] >> 32) } };
        for (int bit = 0; bit < FIELD_LIMB_BITS; bit++) {
            value = model_add(value, value);
        }
        value = model_add(value, limb);
    }
    return value;
}

static void assert_value(const struct field *a, struct model_number expected, const char *what, int round)
{
    struct model_number value = value_of(a);

    cr_assert(model_number_equal(&value, &expected), "%s, round %d", what, round);
}

/* Limbs below the limit: each is pseudo-random, zero, or the largest. */
static struct field limbs_by_number(uint64_t number, uint64_t limit)
{
    struct field out;
    uint8_t choice[FIELD_LIMBS];

    bytes_by_number(2 * number, out.limb, sizeof out.limb);
    bytes_by_number(2 * number + 1, choice, sizeof choice);
    for (int i = 0; i < FIELD_LIMBS; i++) {
        out.limb[i] = choice[i] % 4 == 0 ? limit - 1 : choice[i] % 4 == 1 ? 0 : out.limb[i] % limit;
    }
    return out;
}

static void assert_tight(const struct field *a)
{
    for (int i = 0; i < FIELD_LIMBS; i++) {
        cr_assert_lt(a->limb[i], FIELD_TIGHT_LIMIT);
    }
}

Test(field, products_squares_and_negatives_of_loose_limbs_are_right_and_tight)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct field a = limbs_by_number(2 * (uint64_t)round, FIELD_LOOSE_LIMIT);
        struct field b = limbs_by_number(2 * (uint64_t)round + 1, FIELD_LOOSE_LIMIT);
        struct field out;

        field_multiply(&out, &a, &b);
        assert_tight(&out);
        assert_value(&out, model_multiply(value_of(&a), value_of(&b)), "product", round);
        field_square(&out, &a);
        assert_tight(&out);
        assert_value(&out, model_multiply(value_of(&a), value_of(&a)), "square", round);
        field_negate(&out, &a);
        assert_tight(&out);
        assert_value(&out, model_subtract(model_number_of(0), value_of(&a)), "negative", round);
    }
}

Test(field, largest_limbs_do_not_overflow)
{
    const uint64_t top = FIELD_LOOSE_LIMIT - 1;
    const uint64_t medium = FIELD_MEDIUM_LIMIT - 1;
    const struct field a = { { top, top, top, top, top } };
    const struct field m = { { medium, medium, medium, medium, medium } };
    struct field out;

    field_multiply(&out, &a, &a);
    assert_tight(&out);
    assert_value(&out, model_multiply(value_of(&a), value_of(&a)), "product", 0);
    field_square(&out, &a);
    assert_tight(&out);
    assert_value(&out, model_multiply(value_of(&a), value_of(&a)), "square", 0);
    field_subtract(&out, &FIELD_ZERO, &m);
    field_check(&out, FIELD_LOOSE_LIMIT);
    assert_value(&out, model_subtract(model_number_of(0), value_of(&m)), "difference", 0);
    field_add(&out, &m, &m);
    for (int i = 0; i < FIELD_LIMBS; i++) {
        cr_assert_lt(out.limb[i], FIELD_LOOSE_LIMIT);
    }
}

Test(field, sums_and_differences_of_medium_limbs_are_right)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct field a = limbs_by_number(2 * (uint64_t)round, FIELD_MEDIUM_LIMIT);
        struct field b = limbs_by_number(2 * (uint64_t)round + 1, FIELD_MEDIUM_LIMIT);
        struct field out;

        field_add(&out, &a, &b);
        assert_value(&out, model_add(value_of(&a), value_of(&b)), "sum", round);
        field_subtract(&out, &a, &b);
        assert_value(&out, model_subtract(value_of(&a), value_of(&b)), "difference", round);
        cr_assert(!field_equal(&a, &b) || memcmp(&a, &b, sizeof a) == 0);
        cr_assert(field_equal(&a, &a));
    }
}

Test(field, output_may_be_either_input)
{
    for (int round = 0; round < 100; round++) {
        const struct field a = limbs_by_number(2 * (uint64_t)round, FIELD_MEDIUM_LIMIT);
        const struct field b = limbs_by_number(2 * (uint64_t)round + 1, FIELD_MEDIUM_LIMIT);
        struct field expected, out;

        field_multiply(&expected, &a, &b);
        out = a;
        field_multiply(&out, &out, &b);
        cr_assert_arr_eq(&out, &expected, sizeof out);
        out = b;
        field_multiply(&out, &a, &out);
        cr_assert_arr_eq(&out, &expected, sizeof out);
        field_square(&expected, &a);
        out = a;
        field_square(&out, &out);
        cr_assert_arr_eq(&out, &expected, sizeof out);
        field_multiply(&out, &a, &a);
        cr_assert(field_equal(&out, &expected));
        field_power_p58(&expected, &a);
        out = a;
        field_power_p58(&out, &out);
        cr_assert_arr_eq(&out, &expected, sizeof out);
        field_subtract(&expected, &a, &b);
        out = b;
        field_subtract(&out, &a, &out);
        cr_assert_arr_eq(&out, &expected, sizeof out);
    }
}

Test(field, power_for_square_roots_is_that_power)
{
    for (int round = 0; round < 50; round++) {
        struct field a = limbs_by_number((uint64_t)round, FIELD_LOOSE_LIMIT);
        struct field out;

        field_power_p58(&out, &a);
        assert_value(&out, model_power(value_of(&a), model_exponent_p58()), "power", round);
    }
}

static void assert_inverse(const struct field *a, int round)
{
    struct field quick, power;

    field_invert_quick(&quick, a);
    field_invert(&power, a);
    assert_tight(&quick);
    cr_assert(field_equal(&quick, &power), "round %d", round);
    assert_value(&quick, value_of(&power), "inverse", round);
    assert_value(&FIELD_ONE, field_is_zero(a) ? model_number_of(1) : model_multiply(value_of(a), value_of(&quick)), "product", round);
}

/* Loose limbs, neighbours of 0 and of p, powers of two and what lies beside them: short and long runs of steps. */
Test(field, quick_inverse_is_the_power_and_the_inverse)
{
    const struct field p = { { (UINT64_C(1) << 51) - 19, (UINT64_C(1) << 51) - 1, (UINT64_C(1) << 51) - 1, (UINT64_C(1) << 51) - 1, (UINT64_C(1) << 51) - 1 } };

    for (int round = 0; round < ROUNDS; round++) {
        struct field a = limbs_by_number((uint64_t)round, round % 2 == 0 ? FIELD_LOOSE_LIMIT : FIELD_TIGHT_LIMIT);
        assert_inverse(&a, round);
    }
    for (int i = 0; i < 40; i++) {
        struct field near_zero = { { (uint64_t)i } }, near_p = p;
        near_p.limb[0] += (uint64_t)i - 20;
        assert_inverse(&near_zero, i);
        assert_inverse(&near_p, i);
    }
    for (int bit = 0; bit < 255; bit++) {
        struct field a = FIELD_ZERO;
        a.limb[bit / 51] = UINT64_C(1) << bit % 51;
        assert_inverse(&a, bit);
        a.limb[0]++;
        assert_inverse(&a, bit);
        field_negate(&a, &a);
        assert_inverse(&a, bit);
    }
}

Test(field, quick_inverse_of_zero_in_every_form_is_zero)
{
    const struct field p = { { (UINT64_C(1) << 51) - 19, (UINT64_C(1) << 51) - 1, (UINT64_C(1) << 51) - 1, (UINT64_C(1) << 51) - 1, (UINT64_C(1) << 51) - 1 } };
    struct field zero = FIELD_ZERO, out;

    for (int times = 0; times < 6; times++) {
        field_invert_quick(&out, &zero);
        cr_assert(field_is_zero(&out));
        for (int i = 0; i < FIELD_LIMBS; i++) {
            zero.limb[i] += p.limb[i];
        }
    }
}

/* Every y from 0 to 40 and from 2^255 - 60 to 2^255 + 20, which takes in p, 2^255 - 1 and set top bits. */
Test(field, bytes_are_read_modulo_p_and_written_below_p)
{
    for (int i = 0; i < 121; i++) {
        uint8_t bytes[32] = { 0 };
        uint8_t expected_bytes[32];
        uint8_t written[32];
        struct model_number expected;
        struct field a;

        if (i <= 40) {
            bytes[0] = (uint8_t)i;
        } else {
            memset(bytes, i <= 100 ? 0xff : 0, sizeof bytes);
            bytes[0] = (uint8_t)(i <= 100 ? 256 - 60 + (i - 41) : i - 101);
            bytes[31] = i <= 100 ? 0x7f : 0x80;
        }
        field_from_bytes(&a, bytes);
        bytes[31] &= 0x7f;
        expected = model_add(model_number_read(bytes), model_number_of(0));
        model_number_write(expected_bytes, &expected);
        field_to_bytes(written, &a);
        cr_assert_arr_eq(written, expected_bytes, sizeof written, "case %d", i);
        cr_assert_eq(field_is_odd(&a), expected_bytes[0] % 2 == 1);
        cr_assert_eq(field_is_zero(&a), bytes_are_zero(expected_bytes, sizeof expected_bytes));
    }
}

Test(field, all_representations_of_a_value_are_written_alike)
{
    /* Adding p limb by limb any number of times must not show. */
    const uint64_t low = (UINT64_C(1) << 51) - 19;
    const uint64_t high = (UINT64_C(1) << 51) - 1;

    for (int round = 0; round < 200; round++) {
        struct field a = limbs_by_number((uint64_t)round, (UINT64_C(1) << 51));
        uint8_t expected[32];

        field_to_bytes(expected, &a);
        for (int times = 0; times < 6; times++) {
            uint8_t written[32];
            a.limb[0] += low;
            for (int i = 1; i < FIELD_LIMBS; i++) {
                a.limb[i] += high;
            }
            field_to_bytes(written, &a);
            cr_assert_arr_eq(written, expected, sizeof written);
        }
    }
}
