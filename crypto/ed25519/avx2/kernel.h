/* avx2/kernel.h: the contract of lanes/field.h with four lanes of AVX2 and FMA.
 *
 * A vector has five limbs; limb i stands for 2^(51 i). A limb is an integer of either sign that a double holds exactly. A fused multiply-add rounds once,
 * so the product of two limbs comes out whole, as two integers: with C1 = 1.5 * 2^103, whose unit in the last place is 2^51,
 *
 *     high = fma(a, b, C1)                      C1 + 2^51 h, where h is a b / 2^51 to the nearest integer
 *     low  = fma(a, b, C3 - high)               C2 + (a b - 2^51 h), where C2 = 1.5 * 2^52 and C3 = C1 + C2
 *
 * Every step but the first is exact. C3 is a double (3 * 2^51 + 3 times 2^51), and |a b| < 2^102 keeps `high` between 2^103 and 2^104 and `low` between
 * 2^52 and 2^53. There the bits of a double count its units in the last place: taken as integers, `high` is bits(C1) + h and `low` is
 * bits(C2) + a b - 2^51 h. The columns of a product are sums of such integers modulo 2^64; what the constants add is known and taken off at the end.
 * This needs the rounding mode to be to the nearest, as it is unless a program changes it. Source of the method: Emmart, Zheng, Weems,
 * "Faster modular exponentiation using double precision floating point arithmetic on the GPU", 2018.
 *
 * Units. Tight: |limb| <= 2^50 + 2^14. Subtraction adds the units of both sides. A product takes at most three units in all (one times three):
 * 3 (2^50 + 2^14)^2 < 2^102. */
#ifndef WARD_CRYPTO_ED25519_AVX2_KERNEL_H
#define WARD_CRYPTO_ED25519_AVX2_KERNEL_H

#include <immintrin.h>
#include <stdint.h>

#define LANES 4
#define LIMBS 5
#define LIMB_BITS 51
#define LIMB_MASK ((UINT64_C(1) << LIMB_BITS) - 1)
#define LIMB_HALF (UINT64_C(1) << (LIMB_BITS - 1))
#define LIMB_TIGHT (0x1p50 + 0x1p14)

struct lanes {
    __m256d limb[LIMBS];
};

struct lanes_entry {
    _Alignas(64) double limb[16]; /* sum 5, difference 5, product 5, and a zero */
};

struct lanes_bucket {
    _Alignas(32) double limb[20]; /* x, y, z, t: 5 each */
};

#include "crypto/ed25519/lanes/field.h"

#define SPLIT_C1 0x1.8p103
#define SPLIT_C2 0x1.8p52
#define SPLIT_C3 (SPLIT_C1 + SPLIT_C2)
#define SPLIT_C1_BITS UINT64_C(0x4668000000000000)
#define SPLIT_C2_BITS UINT64_C(0x4338000000000000)
#define INTEGER_BITS UINT64_C(0x4330000000000000) /* of 2^52: or-ed to an integer below 2^52, the bits of 2^52 + that integer */

static inline __m256i words_of(uint64_t word)
{
    return _mm256_set1_epi64x((long long)word);
}

LANES_FN void lanes_check(const struct lanes *a, unsigned units)
{
#ifdef WARD_DEBUG
    const __m256d most = _mm256_set1_pd(units * LIMB_TIGHT), least = _mm256_set1_pd(-(units * LIMB_TIGHT));
    for (unsigned i = 0; i < LIMBS; i++) {
        __m256d whole = _mm256_round_pd(a->limb[i], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        ASSERT(_mm256_movemask_pd(_mm256_cmp_pd(a->limb[i], most, _CMP_LE_OQ)) == 0xf);
        ASSERT(_mm256_movemask_pd(_mm256_cmp_pd(a->limb[i], least, _CMP_GE_OQ)) == 0xf);
        ASSERT(_mm256_movemask_pd(_mm256_cmp_pd(a->limb[i], whole, _CMP_EQ_OQ)) == 0xf);
    }
#else
    (void)a;
    (void)units;
#endif
}

/* --- Sums ------------------------------------------------------------------------------------------------------------------------- */

LANES_FN inline void lanes_add(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = _mm256_add_pd(a->limb[i], b->limb[i]);
    }
    lanes_check(out, 6);
}

LANES_FN inline void lanes_subtract(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    lanes_check(b, 1);
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = _mm256_sub_pd(a->limb[i], b->limb[i]);
    }
    lanes_check(out, 6);
}

/* Rounds each limb to a multiple of 2^51, all at once, and moves that to the next limb; above limb 4 is 2^255 = 19. Adding 1.5 * 2^103 and taking it
 * off again is the rounding. What stays is at most 2^50, what comes at most 6 * 19. */
LANES_FN inline void lanes_carry(struct lanes *out, const struct lanes *a)
{
    const __m256d rounder = _mm256_set1_pd(SPLIT_C1), scale = _mm256_set1_pd(0x1p-51), wrap = _mm256_set1_pd(19 * 0x1p-51);
    __m256d over[LIMBS], rest[LIMBS];

    lanes_check(a, 6);
    for (unsigned i = 0; i < LIMBS; i++) {
        over[i] = _mm256_sub_pd(_mm256_add_pd(a->limb[i], rounder), rounder);
        rest[i] = _mm256_sub_pd(a->limb[i], over[i]);
    }
    out->limb[0] = _mm256_fmadd_pd(over[4], wrap, rest[0]);
    for (unsigned i = 1; i < LIMBS; i++) {
        out->limb[i] = _mm256_fmadd_pd(over[i - 1], scale, rest[i]);
    }
    lanes_check(out, 1);
}

LANES_FN inline void lanes_ease(struct lanes *out, const struct lanes *a)
{
    lanes_carry(out, a);
}

/* Every product of a limb of a and one of b must be below 2^102. */
static inline void products_check(const struct lanes *a, const struct lanes *b)
{
#ifdef WARD_DEBUG
    for (unsigned lane = 0; lane < LANES; lane++) {
        double most[2] = { 0, 0 };
        for (unsigned i = 0; i < LIMBS; i++) {
            double limb[2][LANES];
            _mm256_storeu_pd(limb[0], a->limb[i]);
            _mm256_storeu_pd(limb[1], b->limb[i]);
            for (unsigned side = 0; side < 2; side++) {
                double size = limb[side][lane] < 0 ? -limb[side][lane] : limb[side][lane];
                most[side] = size > most[side] ? size : most[side];
            }
        }
        ASSERT(most[0] * most[1] < 0x1p102);
    }
#else
    (void)a;
    (void)b;
#endif
}

/* --- Products ---------------------------------------------------------------------------------------------------------------------- */

/* A column of low parts, and one of high parts, which belongs one limb higher. */
struct column {
    __m256i low, high;
};

/* Adds a product to a column, or begins one with it. In assembly, because a compiler that may reorder the sums of 25 products runs out of registers. */
static inline __attribute__((always_inline)) void column_add(struct column *column, __m256d a, const __m256d *b, bool first)
{
    const __m256d c1 = _mm256_set1_pd(SPLIT_C1), c3 = _mm256_set1_pd(SPLIT_C3);
    __m256d high, low;

    __asm__("vmovapd %2, %0\n\tvfmadd231pd %4, %3, %0\n\tvsubpd %0, %5, %1\n\tvfmadd231pd %4, %3, %1"
            : "=&x"(high), "=&x"(low) : "x"(c1), "x"(a), "m"(*b), "x"(c3));
    if (first) {
        *column = (struct column){ _mm256_castpd_si256(low), _mm256_castpd_si256(high) };
    } else {
        __asm__("vpaddq %2, %0, %0\n\tvpaddq %3, %1, %1" : "+x"(column->low), "+x"(column->high) : "x"(low), "x"(high));
    }
}

static inline __m256i times_19(__m256i a)
{
    return _mm256_add_epi64(a, _mm256_add_epi64(_mm256_slli_epi64(a, 1), _mm256_slli_epi64(a, 4)));
}

/* Turns integers, which are not negative and below 2^60, into tight limbs of the same value less 2^50 in each limb. */
static inline __attribute__((always_inline)) void limbs_settle(struct lanes *out, __m256i word[LIMBS])
{
    const __m256i mask = words_of(LIMB_MASK), exponent = words_of(INTEGER_BITS);
    const __m256d offset = _mm256_set1_pd(0x1p52 + 0x1p50);
    __m256i over;

#pragma GCC unroll 4
    for (unsigned i = 0; i < LIMBS - 1; i++) {
        word[i + 1] = _mm256_add_epi64(word[i + 1], _mm256_srli_epi64(word[i], LIMB_BITS));
        word[i] = _mm256_and_si256(word[i], mask);
    }
    over = _mm256_srli_epi64(word[4], LIMB_BITS);
    word[4] = _mm256_and_si256(word[4], mask);
    word[0] = _mm256_add_epi64(word[0], times_19(over)); /* below 19 * 2^9 more than 51 bits: within tight */
#pragma GCC unroll 5
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(word[i], exponent)), offset);
    }
    lanes_check(out, 1);
}

/* Limb k of a multiple of p that is greater than what a column can be below zero, 2^50 to be taken off again, and less what the columns have too much.
 * COUNT(k) is the number of products in column k. */
#define SETTLE_OFFSET(k, COUNT)                                                        \
    ((LIMB_MASK - ((k) == 0 ? 18 : 0)) * 256 + LIMB_HALF - COUNT(k) * SPLIT_C2_BITS - COUNT((k) - 1) * SPLIT_C1_BITS \
     - 19 * (COUNT((k) + 5) * SPLIT_C2_BITS + COUNT((k) + 4) * SPLIT_C1_BITS))
#define SETTLE_OFFSETS(COUNT)                                                                                                    \
    {                                                                                                                            \
        SETTLE_OFFSET(0, COUNT), SETTLE_OFFSET(1, COUNT), SETTLE_OFFSET(2, COUNT), SETTLE_OFFSET(3, COUNT), SETTLE_OFFSET(4, COUNT) \
    }
#define COUNT_MULTIPLY(k) (UINT64_C(0x01234543210) >> (4 * ((k) + 1)) & 15) /* hexadecimal digits from the right: columns -1, 0, .. */
#define COUNT_SQUARE(k) (UINT64_C(0x01122322110) >> (4 * ((k) + 1)) & 15)

static const uint64_t offset_multiply[LIMBS] = SETTLE_OFFSETS(COUNT_MULTIPLY), offset_square[LIMBS] = SETTLE_OFFSETS(COUNT_SQUARE);

/* Reads one word into all lanes; in assembly, or a compiler makes three instructions of it because it knows the word. */
static inline __attribute__((always_inline)) __m256i words_at(const uint64_t *word)
{
    __m256i words;

    __asm__("vpbroadcastq %1, %0" : "=x"(words) : "m"(*word));
    return words;
}

/* Folds the columns and settles them. A column is at most 5 (2^50 + 3 * 2^49), with 19 of the columns above it below 2^58, and the multiple of p is 2^59:
 * the words are below 2^60. */
static inline __attribute__((always_inline)) void columns_settle(struct lanes *out, const struct column column[9], const uint64_t offset[LIMBS])
{
    __m256i word[LIMBS];

#pragma GCC unroll 5
    for (unsigned k = 0; k < LIMBS; k++) {
        __m256i wrapped = k == 4 ? column[8].high : _mm256_add_epi64(column[k + 5].low, column[k + 4].high);
        word[k] = _mm256_add_epi64(times_19(wrapped), words_at(&offset[k]));
        word[k] = _mm256_add_epi64(word[k], column[k].low);
        word[k] = k == 0 ? word[k] : _mm256_add_epi64(word[k], column[k - 1].high);
    }
    limbs_settle(out, word);
}

LANES_FN __attribute__((noinline)) void lanes_multiply(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    struct column column[9];

    products_check(a, b);
#pragma GCC unroll 9
    for (unsigned k = 0; k < 9; k++) {
#pragma GCC unroll 5
        for (unsigned i = 0; i < LIMBS; i++) {
            if (i <= k && k - i < LIMBS) {
                column_add(&column[k], a->limb[i], &b->limb[k - i], i == 0 || k - i == LIMBS - 1);
            }
        }
    }
    columns_settle(out, column, offset_multiply);
}

LANES_FN __attribute__((noinline)) void lanes_square(struct lanes *out, const struct lanes *a)
{
    struct column column[9];
    __m256d twice[LIMBS];

    lanes_check(a, 1);
    for (unsigned i = 0; i < LIMBS; i++) {
        twice[i] = _mm256_add_pd(a->limb[i], a->limb[i]);
    }
#pragma GCC unroll 9
    for (unsigned k = 0; k < 9; k++) {
#pragma GCC unroll 5
        for (unsigned i = 0; i < LIMBS; i++) {
            if (2 * i <= k && k - i < LIMBS) {
                column_add(&column[k], 2 * i == k ? a->limb[i] : twice[i], &a->limb[k - i], i == 0 || k - i == LIMBS - 1);
            }
        }
    }
    columns_settle(out, column, offset_square);
}

LANES_FN void lanes_square_times(struct lanes *a, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        lanes_square(a, a);
    }
}

/* One chain's products run beside the other's carries. */
LANES_FN void lanes_square_times_pair(struct lanes *a, struct lanes *b, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        lanes_square(a, a);
        lanes_square(b, b);
    }
}

/* --- One lane ------------------------------------------------------------------------------------------------------------------------ */

/* Writes a tight element as limbs of at most 2^50 and a little. */
static inline void centre(double limb[LIMBS], const struct field *a)
{
    int64_t word[LIMBS], over;

    for (unsigned i = 0; i < LIMBS; i++) {
        word[i] = (int64_t)a->limb[i];
    }
    for (unsigned i = 0; i < LIMBS; i++) {
        over = (word[i] + (int64_t)LIMB_HALF) >> LIMB_BITS;
        word[i] -= over << LIMB_BITS;
        word[(i + 1) % LIMBS] += i == LIMBS - 1 ? 19 * over : over;
    }
    for (unsigned i = 0; i < LIMBS; i++) {
        limb[i] = (double)word[i];
    }
}

LANES_FN void lanes_broadcast(struct lanes *out, const struct field *a)
{
    double limb[LIMBS];

    centre(limb, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = _mm256_set1_pd(limb[i]);
    }
}

LANES_FN void lanes_get(struct field *out, const struct lanes *a, unsigned lane)
{
    struct field sum;

    lanes_check(a, 4);
    for (unsigned i = 0; i < LIMBS; i++) {
        double limb[LANES];
        _mm256_storeu_pd(limb, a->limb[i]);
        sum.limb[i] = (uint64_t)((int64_t)limb[lane] + (int64_t)((LIMB_MASK - (i == 0 ? 18 : 0)) * 4)); /* 4p more */
    }
    field_carry(out, &sum);
}

LANES_FN void lanes_put(struct lanes *out, unsigned lane, const struct field *a)
{
    double limb[LIMBS];

    centre(limb, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        double lanes[LANES];
        _mm256_storeu_pd(lanes, out->limb[i]);
        lanes[lane] = limb[i];
        out->limb[i] = _mm256_loadu_pd(lanes);
    }
}

/* --- Questions and encodings ---------------------------------------------------------------------------------------------------------- */

static inline __m256d mask_of(uint32_t bits)
{
    const __m256i lane = _mm256_set_epi64x(8, 4, 2, 1);

    return _mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_and_si256(words_of(bits), lane), lane));
}

LANES_FN void lanes_select(struct lanes *out, uint32_t bits, const struct lanes *a, const struct lanes *b)
{
    const __m256d mask = mask_of(bits);

    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = _mm256_blendv_pd(b->limb[i], a->limb[i], mask);
    }
}

/* Carries words of 51 bits and a little, once from limb 0 to the top; what leaves the top comes back times 19. */
static inline void words_carry(__m256i word[LIMBS])
{
    const __m256i mask = words_of(LIMB_MASK);

    for (unsigned i = 0; i < LIMBS; i++) {
        __m256i over = _mm256_srli_epi64(word[i], LIMB_BITS);
        word[i] = _mm256_and_si256(word[i], mask);
        word[(i + 1) % LIMBS] = _mm256_add_epi64(word[(i + 1) % LIMBS], i == LIMBS - 1 ? times_19(over) : over);
    }
}

/* Gives the one representation below p in words of 51 bits. 2p make every word positive. After two rounds of carries the value is below 2p, so p is
 * subtracted at most once: exactly when value + 19 reaches 2^255; adding 19 then and dropping bit 255 is the same. */
static inline void lanes_reduce(__m256i word[LIMBS], const struct lanes *a)
{
    struct lanes tight;
    __m256i over = words_of(19);

    lanes_carry(&tight, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        __m256i bits = _mm256_castpd_si256(_mm256_add_pd(tight.limb[i], _mm256_set1_pd(SPLIT_C2)));
        word[i] = _mm256_add_epi64(bits, words_of((LIMB_MASK - (i == 0 ? 18 : 0)) * 2 - SPLIT_C2_BITS));
    }
    words_carry(word);
    words_carry(word);
    for (unsigned i = 0; i < LIMBS; i++) {
        over = _mm256_srli_epi64(_mm256_add_epi64(word[i], over), LIMB_BITS);
    }
    word[0] = _mm256_add_epi64(word[0], times_19(over));
    for (unsigned i = 0; i < LIMBS - 1; i++) {
        word[i + 1] = _mm256_add_epi64(word[i + 1], _mm256_srli_epi64(word[i], LIMB_BITS));
        word[i] = _mm256_and_si256(word[i], words_of(LIMB_MASK));
    }
    word[4] = _mm256_and_si256(word[4], words_of(LIMB_MASK));
}

LANES_FN uint32_t lanes_zero_bits(const struct lanes *a)
{
    __m256i word[LIMBS], any = _mm256_setzero_si256();

    lanes_check(a, 4);
    lanes_reduce(word, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        any = _mm256_or_si256(any, word[i]);
    }
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(any, _mm256_setzero_si256())));
}

LANES_FN uint32_t lanes_odd_bits(const struct lanes *a)
{
    __m256i word[LIMBS];

    lanes_check(a, 4);
    lanes_reduce(word, a);
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_slli_epi64(word[0], 63)));
}

/* Turns four rows of four 64-bit words, `at` words behind each pointer, into four columns: out[j] holds word j of every row. */
static inline void words_gather(__m256d out[4], const double *const row[LANES], unsigned at)
{
    for (unsigned half = 0; half < 2; half++) {
        const unsigned i = at + 2 * half;
        __m256d even = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(row[0] + i)), _mm_loadu_pd(row[2] + i), 1);
        __m256d odd = _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(row[1] + i)), _mm_loadu_pd(row[3] + i), 1);
        out[2 * half] = _mm256_unpacklo_pd(even, odd);
        out[2 * half + 1] = _mm256_unpackhi_pd(even, odd);
    }
}

/* The way back. */
static inline void words_scatter(double *const row[LANES], unsigned at, const __m256d in[4])
{
    for (unsigned half = 0; half < 2; half++) {
        const unsigned i = at + 2 * half;
        __m256d even = _mm256_unpacklo_pd(in[2 * half], in[2 * half + 1]);
        __m256d odd = _mm256_unpackhi_pd(in[2 * half], in[2 * half + 1]);
        _mm_storeu_pd(row[0] + i, _mm256_castpd256_pd128(even));
        _mm_storeu_pd(row[1] + i, _mm256_castpd256_pd128(odd));
        _mm_storeu_pd(row[2] + i, _mm256_extractf128_pd(even, 1));
        _mm_storeu_pd(row[3] + i, _mm256_extractf128_pd(odd, 1));
    }
}

LANES_FN void lanes_from_bytes(struct lanes *out, const uint8_t *const bytes[LANES])
{
    const __m256i mask = words_of(LIMB_MASK), half = words_of(LIMB_HALF);
    const double *row[LANES];
    __m256d quarter[4];
    __m256i in[4], word[LIMBS];

    for (unsigned i = 0; i < LANES; i++) {
        row[i] = (const double *)(const void *)bytes[i]; /* read by unaligned loads alone, and not as numbers */
    }
    words_gather(quarter, row, 0);
    for (unsigned i = 0; i < 4; i++) {
        in[i] = _mm256_castpd_si256(quarter[i]);
    }
    word[0] = in[0];
    word[1] = _mm256_or_si256(_mm256_srli_epi64(in[0], 51), _mm256_slli_epi64(in[1], 13));
    word[2] = _mm256_or_si256(_mm256_srli_epi64(in[1], 38), _mm256_slli_epi64(in[2], 26));
    word[3] = _mm256_or_si256(_mm256_srli_epi64(in[2], 25), _mm256_slli_epi64(in[3], 39));
    word[4] = _mm256_srli_epi64(in[3], 12);
    for (unsigned i = 0; i < LIMBS; i++) {
        word[i] = _mm256_add_epi64(_mm256_and_si256(word[i], mask), half);
    }
    limbs_settle(out, word);
}

LANES_FN void lanes_to_bytes(uint8_t bytes[LANES][FIELD_BYTES], const struct lanes *a)
{
    double *row[LANES];
    __m256i word[LIMBS];
    __m256d out[4];

    lanes_check(a, 4);
    lanes_reduce(word, a);
    for (unsigned i = 0; i < 4; i++) {
        __m256i low = _mm256_srli_epi64(word[i], (int)(13 * i)), high = _mm256_slli_epi64(word[i + 1], (int)(51 - 13 * i));
        out[i] = _mm256_castsi256_pd(_mm256_or_si256(low, high));
    }
    for (unsigned i = 0; i < LANES; i++) {
        row[i] = (double *)(void *)bytes[i]; /* written by unaligned stores alone, and not as numbers */
    }
    words_scatter(row, 0, out);
}

/* --- Memory --------------------------------------------------------------------------------------------------------------------------- */

LANES_FN void lanes_entry_pack(struct lanes_entry *out, const struct point_affine *a)
{
    centre(out->limb, &a->sum);
    centre(out->limb + LIMBS, &a->difference);
    centre(out->limb + 2 * LIMBS, &a->product);
    out->limb[15] = 0;
}

static inline void affine_of_limbs(struct lanes_affine *out, const __m256d limb[16], uint32_t minus)
{
    const __m256d mask = mask_of(minus), sign = _mm256_and_pd(mask, _mm256_set1_pd(-0.0));

    for (unsigned i = 0; i < LIMBS; i++) {
        out->sum.limb[i] = _mm256_blendv_pd(limb[i], limb[LIMBS + i], mask);
        out->difference.limb[i] = _mm256_blendv_pd(limb[LIMBS + i], limb[i], mask);
        out->product.limb[i] = _mm256_xor_pd(limb[2 * LIMBS + i], sign);
    }
}

LANES_FN inline void lanes_entry_gather(struct lanes_affine *out, const struct lanes_entry *const entry[LANES], uint32_t minus)
{
    const double *const row[LANES] = { entry[0]->limb, entry[1]->limb, entry[2]->limb, entry[3]->limb };
    __m256d limb[16];

    for (unsigned at = 0; at < 16; at += 4) {
        words_gather(limb + at, row, at);
    }
    affine_of_limbs(out, limb, minus);
}

LANES_FN inline void lanes_entry_broadcast(struct lanes_affine *out, const struct lanes_entry *entry, uint32_t minus)
{
    __m256d limb[16];

    for (unsigned i = 0; i < 15; i++) {
        limb[i] = _mm256_broadcast_sd(&entry->limb[i]);
    }
    affine_of_limbs(out, limb, minus);
}

LANES_FN void lanes_entry_scatter(struct lanes_entry *const out[LANES], const struct lanes_affine *a)
{
    double *const row[LANES] = { out[0]->limb, out[1]->limb, out[2]->limb, out[3]->limb };
    __m256d limb[16];

    lanes_check(&a->sum, 1);
    lanes_check(&a->difference, 1);
    lanes_check(&a->product, 1);
    for (unsigned i = 0; i < LIMBS; i++) {
        limb[i] = a->sum.limb[i];
        limb[LIMBS + i] = a->difference.limb[i];
        limb[2 * LIMBS + i] = a->product.limb[i];
    }
    limb[15] = _mm256_setzero_pd();
    for (unsigned at = 0; at < 16; at += 4) {
        words_scatter(row, at, limb + at);
    }
}

LANES_FN inline void lanes_bucket_gather(struct lanes_point *out, const struct lanes_bucket *const bucket[LANES])
{
    const double *const row[LANES] = { bucket[0]->limb, bucket[1]->limb, bucket[2]->limb, bucket[3]->limb };
    __m256d limb[20];

    for (unsigned at = 0; at < 20; at += 4) {
        words_gather(limb + at, row, at);
    }
    for (unsigned i = 0; i < LIMBS; i++) {
        out->x.limb[i] = limb[i];
        out->y.limb[i] = limb[LIMBS + i];
        out->z.limb[i] = limb[2 * LIMBS + i];
        out->t.limb[i] = limb[3 * LIMBS + i];
    }
}

LANES_FN inline void lanes_bucket_scatter(struct lanes_bucket *const bucket[LANES], const struct lanes_point *a)
{
    double *const row[LANES] = { bucket[0]->limb, bucket[1]->limb, bucket[2]->limb, bucket[3]->limb };
    __m256d limb[20];

    lanes_check(&a->x, 1);
    lanes_check(&a->y, 1);
    lanes_check(&a->z, 1);
    lanes_check(&a->t, 1);
    for (unsigned i = 0; i < LIMBS; i++) {
        limb[i] = a->x.limb[i];
        limb[LIMBS + i] = a->y.limb[i];
        limb[2 * LIMBS + i] = a->z.limb[i];
        limb[3 * LIMBS + i] = a->t.limb[i];
    }
    for (unsigned at = 0; at < 20; at += 4) {
        words_scatter(row, at, limb + at);
    }
}

#endif
