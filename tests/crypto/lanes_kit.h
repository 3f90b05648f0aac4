/* lanes_kit.h: facts about the lanes of one backend. A test file includes the backend's kernel.h, defines what is declared first below, and then
 * includes this, so that the same facts are proved of each backend in its own translation unit. */
#ifndef WARD_TESTS_CRYPTO_LANES_KIT_H
#define WARD_TESTS_CRYPTO_LANES_KIT_H

#include "base/cpu.h"
#include "tests/crypto/signature_vectors_kit.h"
#include "tests/crypto/zip215_model_kit.h"

#include <criterion/criterion.h>
#include <string.h>

/* Of the test file: limbs within `units` units, many of them at the bounds, others zero or pseudo-random; and the value of one lane, computed from
 * the limbs without the code under test. */
static void lanes_by_number(struct lanes *out, uint64_t number, unsigned units);
static struct model_number value_of(const struct lanes *a, unsigned lane);

enum { LANES_ROUNDS = 300 };

/* Gives 2^bits times a. */
static struct model_number shifted(struct model_number a, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++) {
        a = model_add(a, a);
    }
    return a;
}

static void assert_lanes(const struct lanes *a, const struct model_number expected[LANES], const char *what, int round)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct model_number value = value_of(a, lane);
        cr_assert(model_number_equal(&value, &expected[lane]), "%s, round %d, lane %u", what, round, lane);
    }
}

static void facts_of_products(int round)
{
    struct lanes a, b, out;
    struct model_number product[LANES], square[LANES];

    lanes_by_number(&a, 4 * (uint64_t)round, 1 + (unsigned)round % 3);
    lanes_by_number(&b, 4 * (uint64_t)round + 1, 1);
    for (unsigned lane = 0; lane < LANES; lane++) {
        product[lane] = model_multiply(value_of(&a, lane), value_of(&b, lane));
        square[lane] = model_multiply(value_of(&b, lane), value_of(&b, lane));
    }
    lanes_multiply(&out, &a, &b);
    lanes_check(&out, 1);
    assert_lanes(&out, product, "product", round);
    lanes_multiply(&out, &b, &a);
    assert_lanes(&out, product, "product, turned round", round);
    lanes_square(&out, &b);
    lanes_check(&out, 1);
    assert_lanes(&out, square, "square", round);
    lanes_ease(&out, &a);
    for (unsigned lane = 0; lane < LANES; lane++) {
        product[lane] = model_multiply(value_of(&a, lane), value_of(&a, lane));
    }
    lanes_square(&out, &out);
    assert_lanes(&out, product, "square of what was eased", round);
}

static void facts_of_sums(int round)
{
    struct lanes a, b, c, out;
    struct model_number sum[LANES], difference[LANES], same[LANES];

    lanes_by_number(&a, 4 * (uint64_t)round + 2, 3);
    lanes_by_number(&b, 4 * (uint64_t)round + 3, 1);
    lanes_by_number(&c, 4 * (uint64_t)round + 3, 2);
    for (unsigned lane = 0; lane < LANES; lane++) {
        sum[lane] = model_add(value_of(&a, lane), value_of(&b, lane));
        difference[lane] = model_subtract(value_of(&c, lane), value_of(&b, lane));
        same[lane] = value_of(&a, lane);
    }
    lanes_add(&out, &a, &b);
    assert_lanes(&out, sum, "sum", round);
    lanes_subtract(&out, &c, &b);
    assert_lanes(&out, difference, "difference", round);
    lanes_carry(&out, &out);
    lanes_check(&out, 1);
    assert_lanes(&out, difference, "carried difference", round);
    lanes_carry(&out, &a);
    lanes_check(&out, 1);
    assert_lanes(&out, same, "carried", round);
    lanes_select(&out, 0x5, &a, &b);
    for (unsigned lane = 0; lane < LANES; lane++) {
        same[lane] = value_of((0x5 >> lane & 1) != 0 ? &a : &b, lane);
    }
    assert_lanes(&out, same, "selected", round);
}

static void facts_of_encodings(int round)
{
    uint8_t in[LANES][FIELD_BYTES], out[LANES][FIELD_BYTES], expected[FIELD_BYTES];
    const uint8_t *at[LANES];
    struct lanes a, zero;
    uint32_t odd;

    for (unsigned lane = 0; lane < LANES; lane++) {
        bytes_by_number((uint64_t)round * LANES + lane, in[lane], FIELD_BYTES);
        memset(in[lane] + 1, round % 4 == 1 ? 0xff : in[lane][1], round % 4 == 1 ? FIELD_BYTES - 1 : 1); /* values from p on, too */
        at[lane] = in[lane];
    }
    lanes_from_bytes(&a, at);
    lanes_check(&a, 1);
    lanes_to_bytes(out, &a);
    odd = lanes_odd_bits(&a);
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint8_t low[FIELD_BYTES];
        struct model_number value;
        struct field field;
        memcpy(low, in[lane], sizeof low);
        low[FIELD_BYTES - 1] &= 0x7f;
        value = model_add(model_number_read(low), model_number_of(0));
        model_number_write(expected, &value);
        cr_assert_arr_eq(out[lane], expected, FIELD_BYTES, "round %d, lane %u", round, lane);
        cr_assert_eq(odd >> lane & 1, expected[0] & 1);
        lanes_get(&field, &a, lane);
        field_to_bytes(out[lane], &field);
        cr_assert_arr_eq(out[lane], expected, FIELD_BYTES, "get, round %d, lane %u", round, lane);
    }
    lanes_by_number(&a, (uint64_t)round, 1);
    lanes_subtract(&zero, &a, &a);
    cr_assert_eq(lanes_zero_bits(&zero), LANES_ALL);
    for (unsigned lane = 0; lane < LANES; lane++) {
        lanes_put(&zero, lane, &FIELD_ONE);
        cr_assert_eq(lanes_zero_bits(&zero), LANES_ALL & ~((2u << lane) - 1));
    }
}

/* Points go into memory and come back, in any lanes, negated or not. */
static void facts_of_memory(int round)
{
    struct lanes_entry entry[LANES];
    struct lanes_entry *to[LANES];
    const struct lanes_entry *from[LANES];
    struct lanes_affine affine, back;
    uint32_t minus = (uint32_t)round & LANES_ALL;

    lanes_by_number(&affine.sum, 3 * (uint64_t)round, 1);
    lanes_by_number(&affine.difference, 3 * (uint64_t)round + 1, 1);
    lanes_by_number(&affine.product, 3 * (uint64_t)round + 2, 1);
    for (unsigned lane = 0; lane < LANES; lane++) {
        to[lane] = &entry[lane];
        from[lane] = &entry[(lane + 1) % LANES];
    }
    lanes_entry_scatter(to, &affine);
    lanes_entry_gather(&back, from, minus);
    for (unsigned lane = 0; lane < LANES; lane++) {
        unsigned other = (lane + 1) % LANES;
        bool negated = (minus >> lane & 1) != 0;
        struct model_number product = value_of(&affine.product, other), expected[3], value[3];
        expected[0] = value_of(negated ? &affine.difference : &affine.sum, other);
        expected[1] = value_of(negated ? &affine.sum : &affine.difference, other);
        expected[2] = negated ? model_subtract(model_number_of(0), product) : product;
        value[0] = value_of(&back.sum, lane);
        value[1] = value_of(&back.difference, lane);
        value[2] = value_of(&back.product, lane);
        for (unsigned i = 0; i < 3; i++) {
            cr_assert(model_number_equal(&value[i], &expected[i]), "round %d, lane %u, part %u", round, lane, i);
        }
    }
}

static void facts_of_buckets(int round)
{
    struct lanes_bucket bucket[LANES];
    struct lanes_bucket *to[LANES];
    const struct lanes_bucket *from[LANES];
    struct lanes *part[4], *back[4];
    struct lanes_point point, read;

    part[0] = &point.x, part[1] = &point.y, part[2] = &point.z, part[3] = &point.t;
    back[0] = &read.x, back[1] = &read.y, back[2] = &read.z, back[3] = &read.t;
    for (unsigned i = 0; i < 4; i++) {
        lanes_by_number(part[i], 4 * (uint64_t)round + i, 1);
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        to[lane] = &bucket[lane];
        from[lane] = &bucket[LANES - 1 - lane];
    }
    lanes_bucket_scatter(to, &point);
    lanes_bucket_gather(&read, from);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            struct model_number expected = value_of(part[i], LANES - 1 - lane), value = value_of(back[i], lane);
            cr_assert(model_number_equal(&value, &expected), "round %d, lane %u, coordinate %u", round, lane, i);
        }
    }
}

#endif
