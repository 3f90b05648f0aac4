/* field.c: multiplication, powers and encoding in GF(2^255 - 19).
 *
 * Bounds of a product. Loose limbs are below 2^54. A column sums one product of each pair of limbs, those that wrapped round times 19:
 * at most (1 + 4 * 19) * 2^108 < 2^115, far within 128 bits, and 19 * limb < 2^59 within 64. A carry out of a column is below 2^64:
 * the widest column is the lowest, and 2^115 / 2^51 = 2^64 is not reached because 77 * 2^108 + 2^64 < 2^114.3. The last column has no
 * wrapped products, so its carry is below 2^59.4 and 19 times that, plus 2^51, is below 2^64. One more carry, out of limb 0, leaves
 * limb 1 below 2^51 + 2^13 and all others below 2^51: tight. */
#include "crypto/ed25519/ref/field.h"


typedef unsigned __int128 uint128;

#define LIMB_MASK ((UINT64_C(1) << FIELD_LIMB_BITS) - 1)

/* The columns of a product, named instead of indexed so that they stay in registers. */
struct columns {
    uint128 c0, c1, c2, c3, c4;
};

/* Carries the columns of a product into limbs. */
static inline void columns_carry(struct field *out, struct columns column)
{
    uint64_t low;

    column.c1 += (uint64_t)(column.c0 >> FIELD_LIMB_BITS);
    column.c2 += (uint64_t)(column.c1 >> FIELD_LIMB_BITS);
    column.c3 += (uint64_t)(column.c2 >> FIELD_LIMB_BITS);
    column.c4 += (uint64_t)(column.c3 >> FIELD_LIMB_BITS);
    low = ((uint64_t)column.c0 & LIMB_MASK) + 19 * (uint64_t)(column.c4 >> FIELD_LIMB_BITS);
    out->limb[0] = low & LIMB_MASK;
    out->limb[1] = ((uint64_t)column.c1 & LIMB_MASK) + (low >> FIELD_LIMB_BITS);
    out->limb[2] = (uint64_t)column.c2 & LIMB_MASK;
    out->limb[3] = (uint64_t)column.c3 & LIMB_MASK;
    out->limb[4] = (uint64_t)column.c4 & LIMB_MASK;
    field_check(out, FIELD_TIGHT_LIMIT);
}

void field_multiply(struct field *out, const struct field *a, const struct field *b)
{
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3], a4 = a->limb[4];
    const uint64_t b0 = b->limb[0], b1 = b->limb[1], b2 = b->limb[2], b3 = b->limb[3], b4 = b->limb[4];
    const uint64_t w1 = 19 * b1, w2 = 19 * b2, w3 = 19 * b3, w4 = 19 * b4; /* wrapped round 2^255 */
    struct columns column;

    field_check(a, FIELD_LOOSE_LIMIT);
    field_check(b, FIELD_LOOSE_LIMIT);
    column.c0 = (uint128)a0 * b0 + (uint128)a1 * w4 + (uint128)a2 * w3 + (uint128)a3 * w2 + (uint128)a4 * w1;
    column.c1 = (uint128)a0 * b1 + (uint128)a1 * b0 + (uint128)a2 * w4 + (uint128)a3 * w3 + (uint128)a4 * w2;
    column.c2 = (uint128)a0 * b2 + (uint128)a1 * b1 + (uint128)a2 * b0 + (uint128)a3 * w4 + (uint128)a4 * w3;
    column.c3 = (uint128)a0 * b3 + (uint128)a1 * b2 + (uint128)a2 * b1 + (uint128)a3 * b0 + (uint128)a4 * w4;
    column.c4 = (uint128)a0 * b4 + (uint128)a1 * b3 + (uint128)a2 * b2 + (uint128)a3 * b1 + (uint128)a4 * b0;
    columns_carry(out, column);
}

/* Squares limbs in place: each pair of different limbs is multiplied once and counted twice. */
static inline void square_once(struct field *out, const struct field *a)
{
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3], a4 = a->limb[4];
    const uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, w3 = 19 * a3, w4 = 19 * a4;
    struct columns column;

    column.c0 = (uint128)a0 * a0 + (uint128)d1 * w4 + (uint128)d2 * w3;
    column.c1 = (uint128)d0 * a1 + (uint128)d2 * w4 + (uint128)a3 * w3;
    column.c2 = (uint128)d0 * a2 + (uint128)a1 * a1 + (uint128)(2 * a3) * w4;
    column.c3 = (uint128)d0 * a3 + (uint128)d1 * a2 + (uint128)a4 * w4;
    column.c4 = (uint128)d0 * a4 + (uint128)d1 * a3 + (uint128)a2 * a2;
    columns_carry(out, column);
}

void field_square(struct field *out, const struct field *a)
{
    field_check(a, FIELD_LOOSE_LIMIT);
    square_once(out, a);
}

void field_square_times(struct field *out, const struct field *a, unsigned times)
{
    struct field power = *a;

    field_check(a, FIELD_LOOSE_LIMIT);
    for (unsigned i = 0; i < times; i++) {
        square_once(&power, &power);
    }
    *out = power;
}

/* The exponent (p - 5) / 8 is 2^252 - 3. A run of n ones is doubled in length by n squarings and one multiplication:
 * 5, 10, 20, 40, 50, 100, 200, 250 ones; then 2^252 - 3 = 4 (2^250 - 1) + 1. */
void field_power_p58(struct field *out, const struct field *a)
{
    const struct field base = *a;
    struct field ones5, ones10, ones50, ones100, run, step;

    field_check(a, FIELD_LOOSE_LIMIT);
    field_square(&run, &base);             /* 2 */
    field_square_times(&step, &run, 2);          /* 8 */
    field_multiply(&step, &step, &base);   /* 9 */
    field_multiply(&run, &run, &step);     /* 11 */
    field_square(&run, &run);              /* 22 */
    field_multiply(&ones5, &run, &step);   /* 31 = 2^5 - 1 */
    field_square_times(&step, &ones5, 5);
    field_multiply(&ones10, &step, &ones5);
    field_square_times(&step, &ones10, 10);
    field_multiply(&run, &step, &ones10);  /* 20 ones */
    field_square_times(&step, &run, 20);
    field_multiply(&run, &step, &run);     /* 40 ones */
    field_square_times(&step, &run, 10);
    field_multiply(&ones50, &step, &ones10);
    field_square_times(&step, &ones50, 50);
    field_multiply(&ones100, &step, &ones50);
    field_square_times(&step, &ones100, 100);
    field_multiply(&run, &step, &ones100); /* 200 ones */
    field_square_times(&step, &run, 50);
    field_multiply(&run, &step, &ones50);  /* 250 ones */
    field_square_times(&step, &run, 2);
    field_multiply(out, &step, &base);
}

/* The exponent p - 2 is 8 (2^252 - 3) + 3. */
void field_invert(struct field *out, const struct field *a)
{
    struct field cube, power;

    field_square(&cube, a);
    field_multiply(&cube, &cube, a);
    field_power_p58(&power, a);
    field_square_times(&power, &power, 3);
    field_multiply(out, &power, &cube);
}

void field_carry(struct field *out, const struct field *a)
{
    struct field sum = *a;

    field_check(a, FIELD_LOOSE_LIMIT);
    for (int i = 0; i < FIELD_LIMBS - 1; i++) {
        sum.limb[i + 1] += sum.limb[i] >> FIELD_LIMB_BITS;
        sum.limb[i] &= LIMB_MASK;
    }
    sum.limb[0] += 19 * (sum.limb[4] >> FIELD_LIMB_BITS);
    sum.limb[4] &= LIMB_MASK;
    field_check(&sum, FIELD_TIGHT_LIMIT);
    *out = sum;
}

void field_negate(struct field *out, const struct field *a)
{
    struct field tight;

    field_carry(&tight, a);
    field_subtract(&tight, &FIELD_ZERO, &tight);
    field_carry(out, &tight);
}

static uint64_t load_le(const uint8_t bytes[8])
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void store_le(uint8_t bytes[8], uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

void field_from_bytes(struct field *out, const uint8_t bytes[FIELD_BYTES])
{
    const uint64_t word[4] = { load_le(bytes), load_le(bytes + 8), load_le(bytes + 16), load_le(bytes + 24) };

    out->limb[0] = word[0] & LIMB_MASK;
    out->limb[1] = (word[0] >> 51 | word[1] << 13) & LIMB_MASK;
    out->limb[2] = (word[1] >> 38 | word[2] << 26) & LIMB_MASK;
    out->limb[3] = (word[2] >> 25 | word[3] << 39) & LIMB_MASK;
    out->limb[4] = word[3] >> 12 & LIMB_MASK;
}

/* A tight value is below 2p, so p is subtracted at most once: exactly when value + 19 reaches 2^255. Adding 19 in that case and
 * dropping bit 255 is the same as subtracting p. */
static void reduce(struct field *out, const struct field *a)
{
    uint64_t over = 19;

    field_carry(out, a);
    for (int i = 0; i < FIELD_LIMBS; i++) {
        over = (out->limb[i] + over) >> FIELD_LIMB_BITS;
    }
    ASSERT(over <= 1);
    over *= 19;
    for (int i = 0; i < FIELD_LIMBS; i++) {
        out->limb[i] += over;
        over = out->limb[i] >> FIELD_LIMB_BITS;
        out->limb[i] &= LIMB_MASK;
    }
}

void field_to_bytes(uint8_t bytes[FIELD_BYTES], const struct field *a)
{
    struct field least;

    reduce(&least, a);
    store_le(bytes, least.limb[0] | least.limb[1] << 51);
    store_le(bytes + 8, least.limb[1] >> 13 | least.limb[2] << 38);
    store_le(bytes + 16, least.limb[2] >> 26 | least.limb[3] << 25);
    store_le(bytes + 24, least.limb[3] >> 39 | least.limb[4] << 12);
}

bool field_is_zero(const struct field *a)
{
    struct field least;

    reduce(&least, a);
    return (least.limb[0] | least.limb[1] | least.limb[2] | least.limb[3] | least.limb[4]) == 0;
}

bool field_is_odd(const struct field *a)
{
    struct field least;

    reduce(&least, a);
    return least.limb[0] % 2 == 1;
}

bool field_equal(const struct field *a, const struct field *b)
{
    struct field difference;

    field_subtract(&difference, a, b);
    return field_is_zero(&difference);
}
