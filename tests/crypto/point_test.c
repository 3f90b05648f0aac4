/* point_test.c: decoding, the base table and the double-scalar multiplication agree with the model. */
#include "crypto/ed25519/ref/point.h"

#include "tests/crypto/signature_vectors_kit.h"
#include "tests/crypto/zip215_model_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct model_number number_of(const struct field *a)
{
    uint8_t bytes[32];

    field_to_bytes(bytes, a);
    return model_number_read(bytes);
}

/* The same point, and a T that fits. */
static void assert_point(const struct point *a, struct model_point expected, const char *what, int round)
{
    struct model_number x = number_of(&a->x), y = number_of(&a->y), z = number_of(&a->z), t = number_of(&a->t);
    struct model_number left = model_multiply(x, expected.z), right = model_multiply(expected.x, z);

    cr_assert(model_number_equal(&left, &right), "x of %s %d", what, round);
    left = model_multiply(y, expected.z);
    right = model_multiply(expected.y, z);
    cr_assert(model_number_equal(&left, &right), "y of %s %d", what, round);
    left = model_multiply(x, y);
    right = model_multiply(z, t);
    cr_assert(model_number_equal(&left, &right), "t of %s %d", what, round);
}

static void assert_decodes_like_the_model(const uint8_t bytes[32], int round)
{
    struct point point;
    struct model_point expected;
    bool is_on_curve = model_point_decode(&expected, bytes);

    cr_assert_eq(point_decode(&point, bytes), is_on_curve, "round %d", round);
    if (is_on_curve) {
        assert_point(&point, expected, "decoded", round);
    }
}

Test(point, decoding_agrees_with_the_model)
{
    uint8_t bytes[32];

    for (int round = 0; round < 300; round++) {
        bytes_by_number((uint64_t)round, bytes, sizeof bytes);
        assert_decodes_like_the_model(bytes, round);
    }
    for (int low = 0; low < 256; low++) { /* y near 0 and near 2^255, either sign */
        for (int sign = 0; sign <= 0x80; sign += 0x80) {
            memset(bytes, 0, sizeof bytes);
            bytes[0] = (uint8_t)low;
            bytes[31] = (uint8_t)sign;
            assert_decodes_like_the_model(bytes, low);
            memset(bytes + 1, 0xff, sizeof bytes - 1);
            bytes[31] = (uint8_t)(0x7f | sign);
            assert_decodes_like_the_model(bytes, low);
        }
    }
}

Test(point, base_table_holds_the_odd_multiples_of_the_base_point)
{
    struct model_point expected = model_base();
    struct model_point twice = model_point_add(expected, expected);

    for (int i = 0; i < POINT_BASE_ENTRIES; i++) {
        struct model_number inverse = model_invert(expected.z);
        struct model_number x = model_multiply(expected.x, inverse);
        struct model_number y = model_multiply(expected.y, inverse);
        struct model_number dxy = model_multiply(model_curve_d(), model_multiply(x, y));
        struct model_number want[3] = { model_add(y, x), model_subtract(y, x), model_add(dxy, dxy) };
        const struct field *have[3] = { &point_base_table[i].sum, &point_base_table[i].difference, &point_base_table[i].product };

        for (int j = 0; j < 3; j++) {
            struct model_number value = number_of(have[j]);
            field_check(have[j], FIELD_TIGHT_LIMIT);
            cr_assert(model_number_equal(&value, &want[j]), "entry %d, part %d", i, j);
        }
        expected = model_point_add(expected, twice);
    }
}

static struct scalar scalar_of(struct model_number a)
{
    struct scalar out;

    for (int i = 0; i < 4; i++) {
        out.limb[i] = a.word[2 * i] | (uint64_t)a.word[2 * i + 1] << 32;
    }
    return out;
}

static void assert_multiply_add(struct model_number k, const struct point *a, struct model_point model_a, struct model_number s, int round)
{
    struct scalar k_scalar = scalar_of(k), s_scalar = scalar_of(s);
    struct model_point expected = model_point_add(model_point_multiply(k, model_a), model_point_multiply(s, model_base()));
    struct point out, difference;

    point_multiply_add(&out, &k_scalar, a, &s_scalar);
    assert_point(&out, expected, "k A + s B", round);
    cr_assert_eq(point_is_identity(&out), model_point_is_identity(expected));
    cr_assert_eq(point_is_small(&out), model_point_is_identity(model_point_multiply(model_number_of(8), expected)));
    point_subtract(&difference, &out, a);
    assert_point(&difference, model_point_add(expected, model_point_negate(model_a)), "difference", round);
    point_negate(&out, &out);
    assert_point(&out, model_point_negate(expected), "negative", round);
}

/* The 0th edge is zero, then small numbers, powers of two and their neighbours, and the ends of the range. */
static struct model_number edge_scalar(int i)
{
    static const uint32_t top[] = { 0x10000000, 0x0fffffff, 0x1fffffff };
    struct model_number out = model_number_of((uint32_t)i);

    if (i >= 20) {
        out = model_order();
        out.word[0] -= (uint32_t)(i - 20) % 3;
    }
    if (i >= 23) {
        memset(out.word, i % 2 == 0 ? 0xff : 0, sizeof out.word);
        out.word[7] = top[i % 3];
    }
    return out;
}

Test(point, double_scalar_multiplication_agrees_with_the_model)
{
    for (int round = 0; round < 60; round++) {
        uint8_t wide[64];
        uint8_t bytes[32];
        struct model_number k, s;
        struct model_point model_a;
        struct point a;

        bytes_by_number(4 * (uint64_t)round, wide, sizeof wide);
        k = round < 29 ? edge_scalar(round) : model_reduce_order(wide);
        bytes_by_number(4 * (uint64_t)round + 1, wide, sizeof wide);
        s = round % 4 == 0 ? edge_scalar(28 - round % 29) : model_reduce_order(wide);
        bytes_by_number(4 * (uint64_t)round + 2, bytes, sizeof bytes);
        while (!model_point_decode(&model_a, bytes)) {
            bytes[0]++;
        }
        cr_assert(point_decode(&a, bytes));
        assert_multiply_add(k, &a, model_a, s, round);
    }
}

Test(point, multiplication_is_complete_for_points_of_small_order)
{
    uint8_t bytes[32];
    struct model_point small;
    struct point a;

    bytes_by_number(7, bytes, sizeof bytes);
    do {
        bytes[0]++;
    } while (!model_point_decode(&small, bytes) || model_point_is_identity(model_point_multiply(model_number_of(4), model_point_multiply(model_order(), small))));
    small = model_point_multiply(model_order(), small); /* of order eight */
    for (uint32_t i = 0; i < 8; i++) {
        struct model_point torsion = model_point_multiply(model_number_of(i), small);
        model_point_encode(bytes, torsion);
        cr_assert(point_decode(&a, bytes));
        cr_assert(point_is_small(&a));
        cr_assert_eq(point_is_identity(&a), i == 0);
        for (uint32_t k = 0; k < 9; k++) {
            assert_multiply_add(model_number_of(k), &a, torsion, model_number_of(0), (int)k);
            assert_multiply_add(model_number_of(k), &a, torsion, model_order(), (int)k);
        }
    }
}
