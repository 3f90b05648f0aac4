/* ifma/kernel.h: the contract of lanes/field.h with eight lanes: five limbs of 51 bits, multiplied by the 52-bit multiply-add of AVX-512.
 *
 * That multiplication looks at 52 bits of each factor and drops the others in silence, and a sum of two limbs can have 53. So addition and
 * subtraction carry at once: every value has one unit, and the only looser ones are the products that an entry gives (below 2^52, good for a
 * multiplication). With IFMA_MODEL defined the same code runs on any machine (words.h).
 *
 *     tight   < 2^51 + 2^15    every value                    factor  < 2^52    what a multiplication takes
 *
 * A product of two limbs is lo + 2^52 hi, and 2^52 is twice the weight of the next limb: column k of the product is the sum of the lo of i + j = k
 * and twice the hi of i + j = k - 1. Columns 5 to 9 come back as columns 0 to 4, times 19. Bounds: a column is less than 15 2^52, times 20 at most
 * when the upper half has come back: below 2^61. */
#ifndef WARD_CRYPTO_ED25519_IFMA_KERNEL_H
#define WARD_CRYPTO_ED25519_IFMA_KERNEL_H

#include "crypto/ed25519/ifma/words.h"

#include "base/assert.h"

#define LANES 8
#define IFMA_LIMBS 5
#define IFMA_MASK ((UINT64_C(1) << 51) - 1)
#define IFMA_TIGHT_LIMIT ((UINT64_C(1) << 51) + (UINT64_C(1) << 15))
#define IFMA_FACTOR_LIMIT (UINT64_C(1) << 52)
#define IFMA_2P_LOW ((UINT64_C(1) << 52) - 38) /* the limbs of 2p, none below a tight limb */
#define IFMA_2P_HIGH ((UINT64_C(1) << 52) - 2)

struct lanes {
    words limb[IFMA_LIMBS];
};

/* Limb by limb: sum, difference, product, and one word of nothing. */
struct lanes_entry {
    _Alignas(64) uint64_t word[16];
};

/* Limb by limb: x, y, z, t. */
struct lanes_bucket {
    _Alignas(32) uint64_t word[20];
};

#include "crypto/ed25519/lanes/field.h"

#define IFMA_INLINE static inline __attribute__((always_inline, unused))

/* Stops a debug build when a limb reaches the limit. In release it is nothing. */
IFMA_INLINE void ifma_check(const struct lanes *a, uint64_t limit)
{
#ifdef WARD_DEBUG
    for (int i = 0; i < IFMA_LIMBS; i++) {
        uint64_t limb[LANES];

        words_store(limb, a->limb[i]);
        for (int lane = 0; lane < LANES; lane++) {
            ASSERT(limb[lane] < limit);
        }
    }
#else
    (void)a;
    (void)limit;
#endif
}

LANES_FN inline void lanes_check(const struct lanes *a, unsigned units)
{
    ifma_check(a, units == 1 ? IFMA_TIGHT_LIMIT : IFMA_FACTOR_LIMIT);
}

/* --- Kernels: inlined where they are hot ------------------------------------------------------------------------------------- */

/* Carries five columns below 2^61 into tight limbs. */
IFMA_INLINE void ifma_carry(struct lanes *out, const words r[IFMA_LIMBS])
{
    const words mask = words_set(IFMA_MASK);
    words carry[IFMA_LIMBS];

#pragma GCC unroll 5
    for (int i = 0; i < IFMA_LIMBS; i++) {
        carry[i] = r[i] >> 51;
    }
    out->limb[0] = words_madd_low(r[0] & mask, carry[4], words_set(19));
#pragma GCC unroll 4
    for (int i = 1; i < IFMA_LIMBS; i++) {
        out->limb[i] = (r[i] & mask) + carry[i - 1];
    }
    ifma_check(out, IFMA_TIGHT_LIMIT);
}

IFMA_INLINE void ifma_add(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    words r[IFMA_LIMBS];

    ifma_check(a, IFMA_TIGHT_LIMIT);
    ifma_check(b, IFMA_TIGHT_LIMIT);
    for (int i = 0; i < IFMA_LIMBS; i++) {
        r[i] = a->limb[i] + b->limb[i];
    }
    ifma_carry(out, r);
}

IFMA_INLINE void ifma_subtract(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    words r[IFMA_LIMBS];

    ifma_check(a, IFMA_TIGHT_LIMIT);
    ifma_check(b, IFMA_TIGHT_LIMIT);
    for (int i = 0; i < IFMA_LIMBS; i++) {
        r[i] = a->limb[i] + (words_set(i == 0 ? IFMA_2P_LOW : IFMA_2P_HIGH) - b->limb[i]);
    }
    ifma_carry(out, r);
}

/* The columns of a product, with those from 5 on brought back: what ifma_carry takes. */
IFMA_INLINE void ifma_columns(words r[IFMA_LIMBS], const struct lanes *x, const struct lanes *y)
{
    const words *a = x->limb, *b = y->limb;
    words c[2 * IFMA_LIMBS];

    ifma_check(x, IFMA_FACTOR_LIMIT);
    ifma_check(y, IFMA_FACTOR_LIMIT);
    for (int k = 0; k < 2 * IFMA_LIMBS; k++) {
        c[k] = words_set(0);
    }
#pragma GCC unroll 5
    for (int i = 0; i < IFMA_LIMBS; i++) {
#pragma GCC unroll 5
        for (int j = 0; j < IFMA_LIMBS; j++) {
            c[i + j + 1] = words_madd_high(c[i + j + 1], a[i], b[j]);
        }
    }
#pragma GCC unroll 8
    for (int k = 1; k < 2 * IFMA_LIMBS - 1; k++) {
        c[k] += c[k]; /* column 9 has the hi of one product alone, and is doubled below */
    }
#pragma GCC unroll 5
    for (int i = 0; i < IFMA_LIMBS; i++) {
#pragma GCC unroll 5
        for (int j = 0; j < IFMA_LIMBS; j++) {
            c[i + j] = words_madd_low(c[i + j], a[i], b[j]);
        }
    }
#pragma GCC unroll 5
    for (int k = 0; k < IFMA_LIMBS; k++) {
        r[k] = c[k] + words_times(c[k + 5], k == 4 ? 38 : 19);
    }
}

IFMA_INLINE void ifma_multiply(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    words r[IFMA_LIMBS];

    ifma_columns(r, a, b);
    ifma_carry(out, r);
}

/* The columns of a square. Products of different limbs count twice: column k is lo(k/2, k/2) + 2 (lo(i, j) + hi(i', i') + 2 hi(i', j')) with i < j,
 * i + j = k, and the primed indices for k - 1. Columns 5, 7 and 9, which have no lo of equal limbs, are doubled by the constant that brings them back. */
IFMA_INLINE void ifma_square_columns(words r[IFMA_LIMBS], const struct lanes *x)
{
    const words *a = x->limb;
    words c[2 * IFMA_LIMBS];

    ifma_check(x, IFMA_FACTOR_LIMIT);
    for (int k = 0; k < 2 * IFMA_LIMBS; k++) {
        c[k] = words_set(0);
    }
#pragma GCC unroll 5
    for (int i = 0; i < IFMA_LIMBS; i++) {
#pragma GCC unroll 5
        for (int j = i + 1; j < IFMA_LIMBS; j++) {
            c[i + j + 1] = words_madd_high(c[i + j + 1], a[i], a[j]);
        }
    }
#pragma GCC unroll 7
    for (int k = 2; k < 9; k++) {
        c[k] += c[k];
    }
#pragma GCC unroll 5
    for (int i = 0; i < IFMA_LIMBS; i++) {
        c[2 * i + 1] = words_madd_high(c[2 * i + 1], a[i], a[i]);
#pragma GCC unroll 5
        for (int j = i + 1; j < IFMA_LIMBS; j++) {
            c[i + j] = words_madd_low(c[i + j], a[i], a[j]);
        }
    }
#pragma GCC unroll 8
    for (int k = 1; k < 9; k++) {
        c[k] = k == 5 || k == 7 ? c[k] : c[k] + c[k];
    }
#pragma GCC unroll 5
    for (int i = 0; i < IFMA_LIMBS; i++) {
        c[2 * i] = words_madd_low(c[2 * i], a[i], a[i]);
    }
#pragma GCC unroll 5
    for (int k = 0; k < IFMA_LIMBS; k++) {
        r[k] = c[k] + words_times(c[k + 5], k % 2 == 0 ? 38 : 19);
    }
}

IFMA_INLINE void ifma_square(struct lanes *out, const struct lanes *a)
{
    words r[IFMA_LIMBS];

    ifma_square_columns(r, a);
    ifma_carry(out, r);
}

/* --- The contract ------------------------------------------------------------------------------------------------------------- */

LANES_FN void lanes_broadcast(struct lanes *out, const struct field *a)
{
    for (int i = 0; i < IFMA_LIMBS; i++) {
        out->limb[i] = words_set(a->limb[i]);
    }
    ifma_check(out, IFMA_TIGHT_LIMIT);
}

LANES_FN void lanes_get(struct field *out, const struct lanes *a, unsigned lane)
{
    ASSERT(lane < LANES);
    for (int i = 0; i < IFMA_LIMBS; i++) {
        out->limb[i] = a->limb[i][lane];
    }
    field_carry(out, out);
}

LANES_FN void lanes_put(struct lanes *out, unsigned lane, const struct field *a)
{
    ASSERT(lane < LANES);
    for (int i = 0; i < IFMA_LIMBS; i++) {
        out->limb[i][lane] = a->limb[i];
    }
    ifma_check(out, IFMA_TIGHT_LIMIT);
}

LANES_FN void lanes_add(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    ifma_add(out, a, b);
}

LANES_FN void lanes_subtract(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    ifma_subtract(out, a, b);
}

/* Nothing has more than one unit, but products of entries. */
LANES_FN void lanes_carry(struct lanes *out, const struct lanes *a)
{
    ifma_check(a, IFMA_FACTOR_LIMIT);
    ifma_carry(out, a->limb);
}

/* Every value has one unit. */
LANES_FN inline void lanes_ease(struct lanes *out, const struct lanes *a)
{
    ifma_check(a, IFMA_TIGHT_LIMIT);
    *out = *a;
}

LANES_FN void lanes_multiply(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    ifma_multiply(out, a, b);
}

LANES_FN void lanes_square(struct lanes *out, const struct lanes *a)
{
    ifma_square(out, a);
}

LANES_FN void lanes_square_times(struct lanes *a, unsigned times)
{
    struct lanes x = *a;

    for (unsigned i = 0; i < times; i++) {
        ifma_square(&x, &x);
    }
    *a = x;
}

/* The processor looks far enough ahead to work on both. */
LANES_FN void lanes_square_times_pair(struct lanes *a, struct lanes *b, unsigned times)
{
    struct lanes x = *a, y = *b;

    for (unsigned i = 0; i < times; i++) {
        ifma_square(&x, &x);
        ifma_square(&y, &y);
    }
    *a = x;
    *b = y;
}

LANES_FN inline void lanes_select(struct lanes *out, uint32_t bits, const struct lanes *a, const struct lanes *b)
{
    for (int i = 0; i < IFMA_LIMBS; i++) {
        out->limb[i] = words_select(bits, a->limb[i], b->limb[i]);
    }
}

/* The one representation below p. A tight value is below 2p, so p has to be taken away once or not at all: once when adding 19 reaches 2^255. */
LANES_FN void ifma_canonical(struct lanes *out, const struct lanes *a)
{
    const words mask = words_set(IFMA_MASK);
    words carry = words_set(19);

    ifma_check(a, IFMA_TIGHT_LIMIT);
    for (int i = 0; i < IFMA_LIMBS; i++) {
        carry = (a->limb[i] + carry) >> 51;
    }
    carry = words_madd_low(words_set(0), carry, words_set(19));
    for (int i = 0; i < IFMA_LIMBS; i++) {
        words limb = a->limb[i] + carry;
        out->limb[i] = limb & mask;
        carry = limb >> 51; /* the last one is the 2^255 of p + 19 */
    }
}

LANES_FN uint32_t lanes_zero_bits(const struct lanes *a)
{
    struct lanes least;

    ifma_canonical(&least, a);
    return words_zero_bits(least.limb[0] | least.limb[1] | least.limb[2] | least.limb[3] | least.limb[4]);
}

LANES_FN uint32_t lanes_odd_bits(const struct lanes *a)
{
    struct lanes least;

    ifma_canonical(&least, a);
    return LANES_ALL & ~words_zero_bits(least.limb[0] & words_set(1));
}

/* --- Memory: transpositions --------------------------------------------------------------------------------------------------- */

/* Reads four words of each lane. */
IFMA_INLINE void ifma_load(words out[4], const uint64_t *const at[LANES], int offset)
{
    words row[4];

    for (int i = 0; i < 4; i++) {
        row[i] = words_join(half_load(at[i] + offset), half_load(at[i + 4] + offset));
    }
    words_transpose(out, row[0], row[1], row[2], row[3]);
}

/* Writes four words of each lane: the same transposition again. */
IFMA_INLINE void ifma_store(uint64_t *const at[LANES], int offset, const words in[4])
{
    words row[4];

    words_transpose(row, in[0], in[1], in[2], in[3]);
    for (int i = 0; i < 4; i++) {
        half_store(at[i] + offset, words_low(row[i]));
        half_store(at[i + 4] + offset, words_high(row[i]));
    }
}

LANES_FN void lanes_from_bytes(struct lanes *out, const uint8_t *const bytes[LANES])
{
    const words mask = words_set(IFMA_MASK);
    const uint64_t *at[LANES];
    words w[4];

    for (int i = 0; i < LANES; i++) {
        at[i] = (const uint64_t *)(const void *)bytes[i]; /* read by half_load, which needs no alignment */
    }
    ifma_load(w, at, 0);
    out->limb[0] = w[0] & mask;
    out->limb[1] = (w[0] >> 51 | w[1] << 13) & mask;
    out->limb[2] = (w[1] >> 38 | w[2] << 26) & mask;
    out->limb[3] = (w[2] >> 25 | w[3] << 39) & mask;
    out->limb[4] = w[3] >> 12 & mask;
}

LANES_FN void lanes_to_bytes(uint8_t bytes[LANES][FIELD_BYTES], const struct lanes *a)
{
    struct lanes least;
    uint64_t *at[LANES];
    words w[4];

    ifma_canonical(&least, a);
    w[0] = least.limb[0] | least.limb[1] << 51;
    w[1] = least.limb[1] >> 13 | least.limb[2] << 38;
    w[2] = least.limb[2] >> 26 | least.limb[3] << 25;
    w[3] = least.limb[3] >> 39 | least.limb[4] << 12;
    for (int i = 0; i < LANES; i++) {
        at[i] = (uint64_t *)(void *)bytes[i];
    }
    ifma_store(at, 0, w);
}

LANES_FN void lanes_entry_pack(struct lanes_entry *out, const struct point_affine *a)
{
    for (int i = 0; i < IFMA_LIMBS; i++) {
        out->word[i] = a->sum.limb[i];
        out->word[i + 5] = a->difference.limb[i];
        out->word[i + 10] = a->product.limb[i];
    }
    out->word[15] = 0;
}

LANES_FN void lanes_entry_scatter(struct lanes_entry *const out[LANES], const struct lanes_affine *a)
{
    uint64_t *at[LANES];
    words w[16];

    for (int i = 0; i < IFMA_LIMBS; i++) {
        w[i] = a->sum.limb[i];
        w[i + 5] = a->difference.limb[i];
        w[i + 10] = a->product.limb[i];
    }
    w[15] = words_set(0);
    for (int i = 0; i < LANES; i++) {
        at[i] = out[i]->word;
    }
    for (int i = 0; i < 16; i += 4) {
        ifma_store(at, i, w + i);
    }
}

/* Brings the words of entries into place, negating the points of the lanes in `minus`. 2p minus a tight limb is below 2^52: a factor. */
IFMA_INLINE void ifma_signed(struct lanes_affine *out, const words w[16], uint32_t minus)
{
    for (int i = 0; i < IFMA_LIMBS; i++) {
        out->sum.limb[i] = words_select(minus, w[i + 5], w[i]);
        out->difference.limb[i] = words_select(minus, w[i], w[i + 5]);
        out->product.limb[i] = words_select(minus, words_set(i == 0 ? IFMA_2P_LOW : IFMA_2P_HIGH) - w[i + 10], w[i + 10]);
    }
    ifma_check(&out->sum, IFMA_TIGHT_LIMIT);
    ifma_check(&out->difference, IFMA_TIGHT_LIMIT);
    ifma_check(&out->product, IFMA_FACTOR_LIMIT);
}

LANES_FN inline void lanes_entry_gather(struct lanes_affine *out, const struct lanes_entry *const entry[LANES], uint32_t minus)
{
    const uint64_t *at[LANES];
    words w[16];

    for (int i = 0; i < LANES; i++) {
        at[i] = entry[i]->word;
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        ifma_load(w + i, at, i);
    }
    ifma_signed(out, w, minus);
}

LANES_FN inline void lanes_entry_broadcast(struct lanes_affine *out, const struct lanes_entry *entry, uint32_t minus)
{
    words w[16];

    for (int i = 0; i < 15; i++) {
        w[i] = words_set(entry->word[i]);
    }
    ifma_signed(out, w, minus);
}

LANES_FN inline void lanes_bucket_gather(struct lanes_point *out, const struct lanes_bucket *const bucket[LANES])
{
    const uint64_t *at[LANES];
    words w[20];

    for (int i = 0; i < LANES; i++) {
        at[i] = bucket[i]->word;
    }
#pragma GCC unroll 5
    for (int i = 0; i < 20; i += 4) {
        ifma_load(w + i, at, i);
    }
    for (int i = 0; i < IFMA_LIMBS; i++) {
        out->x.limb[i] = w[i];
        out->y.limb[i] = w[i + 5];
        out->z.limb[i] = w[i + 10];
        out->t.limb[i] = w[i + 15];
    }
    ifma_check(&out->x, IFMA_TIGHT_LIMIT);
    ifma_check(&out->t, IFMA_TIGHT_LIMIT);
}

LANES_FN inline void lanes_bucket_scatter(struct lanes_bucket *const bucket[LANES], const struct lanes_point *a)
{
    uint64_t *at[LANES];
    words w[20];

    for (int i = 0; i < LANES; i++) {
        at[i] = bucket[i]->word;
    }
    for (int i = 0; i < IFMA_LIMBS; i++) {
        w[i] = a->x.limb[i];
        w[i + 5] = a->y.limb[i];
        w[i + 10] = a->z.limb[i];
        w[i + 15] = a->t.limb[i];
    }
#pragma GCC unroll 5
    for (int i = 0; i < 20; i += 4) {
        ifma_store(at, i, w + i);
    }
}

#endif
