/* scalar_test.c: reduction modulo L and the signed windows are what the model says. */
#include "crypto/ed25519/ref/scalar.h"

#include "tests/crypto/signature_vectors_kit.h"
#include "tests/crypto/zip215_model_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static void assert_reduced(const uint8_t wide[64], const char *what, int round)
{
    struct model_number expected = model_reduce_order(wide);
    struct scalar out;

    scalar_from_wide(&out, wide);
    for (int i = 0; i < 8; i++) {
        cr_assert_eq((uint32_t)(out.limb[i / 2] >> (32 * (i % 2))), expected.word[i], "%s, round %d", what, round);
    }
}

/* Adds or subtracts a small number on 64 little-endian bytes. */
static void nudge(uint8_t wide[64], int by)
{
    for (int i = 0; i < 64 && by != 0; i++) {
        int sum = wide[i] + by;
        wide[i] = (uint8_t)sum;
        by = sum >> 8; /* arithmetic shift keeps the sign */
    }
}

/* L times a pseudo-random number of up to 256 bits, by shifting and adding. */
static void multiple_of_order(uint64_t number, uint8_t wide[64])
{
    uint8_t factor[32];
    uint8_t order[32];
    const struct model_number l = model_order();

    bytes_by_number(number, factor, sizeof factor);
    factor[31] = (uint8_t)(number % 3 == 0 ? 0xff : factor[31]);
    model_number_write(order, &l);
    memset(wide, 0, 64);
    for (int i = 0; i < 32; i++) {
        unsigned carry = 0;
        for (int j = 0; j < 32; j++) {
            carry += wide[i + j] + (unsigned)factor[i] * order[j];
            wide[i + j] = (uint8_t)carry;
            carry >>= 8;
        }
        wide[i + 32] = (uint8_t)carry;
    }
}

Test(scalar, wide_numbers_are_reduced_modulo_the_order)
{
    uint8_t wide[64];

    for (int round = 0; round < 2000; round++) {
        bytes_by_number((uint64_t)round, wide, sizeof wide);
        assert_reduced(wide, "random", round);
    }
    for (int bit = 0; bit < 512; bit++) {
        memset(wide, 0, sizeof wide);
        wide[bit / 8] = (uint8_t)(1 << bit % 8);
        assert_reduced(wide, "power of two", bit);
        nudge(wide, -1);
        assert_reduced(wide, "ones", bit);
    }
    memset(wide, 0xff, sizeof wide);
    assert_reduced(wide, "the largest", 0);
}

Test(scalar, numbers_next_to_multiples_of_the_order_are_reduced)
{
    for (int round = 0; round < 500; round++) {
        for (int by = -2; by <= 2; by++) {
            uint8_t wide[64];
            multiple_of_order((uint64_t)round, wide);
            nudge(wide, by);
            assert_reduced(wide, "near a multiple", round);
        }
    }
}

Test(scalar, only_numbers_below_the_order_are_read)
{
    static const struct { const char *what; int by; bool below; } table[] = {
        { "L - 2", -2, true }, { "L - 1", -1, true }, { "L", 0, false }, { "L + 1", 1, false }, { "L + 100", 100, false },
    };
    uint8_t wide[64];
    struct scalar out;
    const struct model_number l = model_order();

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        memset(wide, 0, sizeof wide);
        model_number_write(wide, &l);
        nudge(wide, table[i].by);
        cr_assert_eq(scalar_from_bytes(&out, wide), table[i].below, "%s", table[i].what);
    }
    for (int bit = 0; bit < 256; bit++) {
        memset(wide, 0, sizeof wide);
        wide[bit / 8] = (uint8_t)(1 << bit % 8);
        cr_assert_eq(scalar_from_bytes(&out, wide), bit <= 252, "2^%d", bit);
    }
    memset(wide, 0xff, sizeof wide);
    cr_assert(!scalar_from_bytes(&out, wide));
}

/* Puts the digits together again from the top, modulo 2^256: sum = 2 sum + digit. */
static struct scalar sum_of_digits(const int8_t digits[SCALAR_DIGITS])
{
    struct scalar sum = { { 0 } };

    for (int i = SCALAR_DIGITS - 1; i >= 0; i--) {
        __int128 carry = digits[i];
        for (int j = 0; j < 4; j++) {
            carry += (__int128)sum.limb[j] * 2;
            sum.limb[j] = (uint64_t)carry;
            carry >>= 64; /* arithmetic shift keeps a borrow */
        }
    }
    return sum;
}

static void assert_windows(const struct scalar *scalar, unsigned width, int round)
{
    int8_t digits[SCALAR_DIGITS];
    struct scalar sum;
    int free_from = 0; /* the next digit that may be other than zero */

    scalar_windows(digits, scalar, width);
    sum = sum_of_digits(digits);
    cr_assert_arr_eq(&sum, scalar, sizeof sum, "width %u, round %d", width, round);
    for (int i = 0; i < SCALAR_DIGITS; i++) {
        if (digits[i] != 0) {
            cr_assert_geq(i, free_from, "width %u, round %d", width, round);
            cr_assert_eq(digits[i] & 1, 1);
            cr_assert_lt(digits[i] < 0 ? -digits[i] : digits[i], 1 << (width - 1));
            free_from = i + (int)width;
        }
    }
}

Test(scalar, windows_add_up_are_odd_and_stand_apart)
{
    for (unsigned width = 2; width <= 8; width++) {
        for (int round = 0; round < 300; round++) {
            struct scalar scalar;
            bytes_by_number((uint64_t)round, &scalar, sizeof scalar);
            scalar.limb[3] >>= 3;
            assert_windows(&scalar, width, round);
        }
        for (int bits = 0; bits <= 253; bits++) { /* runs of ones carry the furthest */
            struct scalar ones = { { 0 } };
            for (int bit = 0; bit < bits; bit++) {
                ones.limb[bit / 64] |= UINT64_C(1) << bit % 64;
            }
            assert_windows(&ones, width, bits);
        }
        assert_windows(&scalar_order, width, 0);
    }
}
