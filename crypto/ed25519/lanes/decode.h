/* lanes/decode.h: reading points, two vectors at a time so that the chain of one square root fills the gaps of the other.
 *
 * x^2 = u / v with u = y^2 - 1 and v = d y^2 + 1. The candidate x = u v^3 (u v^7)^((p - 5) / 8) has v x^2 = u, or -u, where the root of -1 mends it,
 * or u / v is no square. Source: RFC 8032, section 5.1.3; the leniency towards y >= p and the sign of x = 0 is that of ZIP 215. */
#ifndef WARD_CRYPTO_ED25519_LANES_DECODE_H
#define WARD_CRYPTO_ED25519_LANES_DECODE_H

#include "crypto/ed25519/engine.h"
#include "crypto/ed25519/lanes/point.h"

static const struct field lanes_root_of_minus_one = { { UINT64_C(0x61b274a0ea0b0), UINT64_C(0x0d5a5fc8f189d), UINT64_C(0x7ef5e9cbd0c60), UINT64_C(0x78595a6804c9e), UINT64_C(0x2b8324804fc1d) } };

struct decode {
    struct lanes y, u, v, uv3, power; /* v eased, the others one unit */
    uint32_t signs;                   /* bits of the lanes whose x shall be odd */
};

/* a^((p - 5) / 8) for two vectors. 2^252 - 3 = 4 (2^250 - 1) + 1; a run of n ones is doubled in length by n squarings and one multiplication. */
static inline void double_ones(struct lanes run[2], const struct lanes ones[2], unsigned times)
{
    lanes_square_times_pair(&run[0], &run[1], times);
    lanes_multiply(&run[0], &run[0], &ones[0]);
    lanes_multiply(&run[1], &run[1], &ones[1]);
}

static void power_p58_pair(struct lanes a[2])
{
    const struct lanes base[2] = { a[0], a[1] };
    struct lanes run[2], step[2], ones10[2], ones50[2];

    run[0] = a[0];
    run[1] = a[1];
    lanes_square_times_pair(&run[0], &run[1], 1); /* 2 */
    step[0] = run[0];
    step[1] = run[1];
    double_ones(step, base, 2);                   /* 9 */
    lanes_multiply(&run[0], &run[0], &step[0]);   /* 11 */
    lanes_multiply(&run[1], &run[1], &step[1]);
    double_ones(run, step, 1);                    /* 31 = 2^5 - 1 */
    step[0] = run[0];
    step[1] = run[1];
    double_ones(run, step, 5);                    /* 10 ones */
    ones10[0] = step[0] = run[0];
    ones10[1] = step[1] = run[1];
    double_ones(run, step, 10);                   /* 20 */
    step[0] = run[0];
    step[1] = run[1];
    double_ones(run, step, 20);                   /* 40 */
    double_ones(run, ones10, 10);                 /* 50 */
    ones50[0] = step[0] = run[0];
    ones50[1] = step[1] = run[1];
    double_ones(run, step, 50);                   /* 100 */
    step[0] = run[0];
    step[1] = run[1];
    double_ones(run, step, 100);                  /* 200 */
    double_ones(run, ones50, 50);                 /* 250 */
    double_ones(run, base, 2);
    a[0] = run[0];
    a[1] = run[1];
}

/* Reads y and prepares the exponentiation. */
static void decode_begin(struct decode *decode, const uint8_t *const bytes[LANES])
{
    struct lanes d, one, v2;

    lanes_broadcast(&d, &lanes_d);
    lanes_broadcast(&one, &FIELD_ONE);
    decode->signs = 0;
    for (unsigned i = 0; i < LANES; i++) {
        decode->signs |= (uint32_t)(bytes[i][POINT_BYTES - 1] >> 7) << i;
    }
    lanes_from_bytes(&decode->y, bytes);
    lanes_square(&v2, &decode->y);
    lanes_multiply(&decode->v, &v2, &d);
    lanes_add(&decode->v, &decode->v, &one);      /* 2 */
    lanes_ease(&decode->v, &decode->v);
    lanes_subtract(&decode->u, &v2, &one);        /* 2 */
    lanes_carry(&decode->u, &decode->u);
    lanes_square(&v2, &decode->v);
    lanes_multiply(&v2, &v2, &decode->v);         /* v^3 */
    lanes_multiply(&decode->uv3, &v2, &decode->u);
    lanes_square(&v2, &v2);
    lanes_multiply(&v2, &v2, &decode->v);         /* v^7 */
    lanes_multiply(&decode->power, &v2, &decode->u);
}

static void affine_of_xy(struct lanes_affine *out, const struct lanes *x, const struct lanes *y)
{
    struct lanes constant, half_x, half_y;

    lanes_broadcast(&constant, &lanes_half);
    lanes_multiply(&half_x, x, &constant);
    lanes_multiply(&half_y, y, &constant);
    lanes_add(&out->sum, &half_y, &half_x);
    lanes_carry(&out->sum, &out->sum);
    lanes_subtract(&out->difference, &half_y, &half_x);
    lanes_carry(&out->difference, &out->difference);
    lanes_broadcast(&constant, &lanes_2d);
    lanes_multiply(&half_x, &half_x, y);
    lanes_multiply(&out->product, &half_x, &constant);
}

/* Makes affine points of the powers. Gives: the bits of the lanes that hold a point. */
static uint32_t decode_end(struct lanes_affine *out, struct decode *decode)
{
    struct lanes constant, x, other, check;
    uint32_t plus, minus;

    lanes_multiply(&x, &decode->uv3, &decode->power);
    lanes_square(&check, &x);
    lanes_multiply(&check, &decode->v, &check);
    lanes_subtract(&other, &check, &decode->u);   /* 2 */
    plus = lanes_zero_bits(&other);
    lanes_add(&other, &check, &decode->u);        /* 2 */
    minus = lanes_zero_bits(&other);
    lanes_broadcast(&constant, &lanes_root_of_minus_one);
    lanes_multiply(&other, &x, &constant);
    lanes_select(&x, minus & ~plus, &other, &x);
    lanes_broadcast(&constant, &FIELD_ZERO);
    lanes_subtract(&other, &constant, &x);        /* 1; leaves x = 0 as it is, whatever the sign bit says */
    lanes_carry(&other, &other);
    lanes_select(&x, lanes_odd_bits(&x) ^ decode->signs, &other, &x);
    affine_of_xy(out, &x, &decode->y);
    return (plus | minus) & LANES_ALL;
}

/* Decodes 2 LANES encodings; entries behind the n-th go to a place that nobody reads. */
static void decode_pair(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n)
{
    struct lanes_entry waste[2 * LANES];
    struct lanes_entry *entry[2 * LANES];
    const uint8_t *encoded[2 * LANES];
    struct decode decode[2];
    struct lanes_affine affine;
    struct lanes power[2];

    for (size_t i = 0; i < 2 * LANES; i++) {
        encoded[i] = bytes[i < n ? i : n - 1];
        entry[i] = i < n ? (struct lanes_entry *)(void *)&out[i] : &waste[i];
    }
    decode_begin(&decode[0], encoded);
    decode_begin(&decode[1], encoded + LANES);
    power[0] = decode[0].power;
    power[1] = decode[1].power;
    power_p58_pair(power);
    for (size_t half = 0; half < 2; half++) {
        decode[half].power = power[half];
        uint32_t bits = decode_end(&affine, &decode[half]);
        lanes_entry_scatter(entry + half * LANES, &affine);
        for (size_t i = 0; i < LANES && half * LANES + i < n; i++) {
            ok[half * LANES + i] = (bits >> i & 1) != 0;
        }
    }
}

static void engine_decode(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 2 * LANES) {
        decode_pair(out + i, ok + i, bytes + i, n - i < 2 * LANES ? n - i : 2 * LANES);
    }
}

#endif
