/* avx2/kernel.h: the contract of lanes/field.h with four lanes of AVX2.
 *
 * A vector has ten limbs of 26 and 25 bits in turn: limb i stands for 2^ceil(25.5 i). Each limb is the low half of a 64-bit lane, as vpmuludq reads
 * it. The high half may hold anything in a value that came from memory, because sums, differences and products of low halves do not depend on it;
 * what does depend on it (carrying, and what builds on that) clears it first.
 *
 * Units. Tight: even limbs < 2^26, odd limbs < 2^25 + 2^17. The second operand of a product is multiplied by 19, so at three units it stays below
 * 57 * 2^26 < 2^32. A column of a product of four by three units is largest at limb 0:
 *     4 * 3 * (1 + 19 * (4 + 5 / 2)) * 2^52 < 2^62.6 (1 + 2^-7), with the odd limbs' excess of one part in 256 counted twice.
 *
 * In memory limbs lie as 32-bit words, two to a 64-bit word ("pair"), so that four points are read by transposing 4 x 4 words of 64 bits. */
#ifndef WARD_CRYPTO_ED25519_AVX2_KERNEL_H
#define WARD_CRYPTO_ED25519_AVX2_KERNEL_H

#include <immintrin.h>
#include <stdint.h>

#define LANES 4
#define LIMBS 10
#define PAIRS 5
#define EVEN_BITS 26
#define ODD_BITS 25
#define EVEN_TIGHT (UINT64_C(1) << EVEN_BITS)
#define ODD_TIGHT ((UINT64_C(1) << ODD_BITS) + (UINT64_C(1) << 17))

struct lanes {
    __m256i limb[LIMBS];
};

struct lanes_entry {
    _Alignas(64) uint64_t pair[16]; /* sum 5, difference 5, product 5, and one of zeros */
};

struct lanes_bucket {
    _Alignas(32) uint64_t pair[20]; /* x, y, z, t: 5 each */
};

#include "crypto/ed25519/lanes/field.h"

static inline __m256i vector_of(uint64_t word)
{
    return _mm256_set1_epi64x((long long)word);
}

static inline uint64_t limb_tight(unsigned i)
{
    return i % 2 == 0 ? EVEN_TIGHT : ODD_TIGHT;
}

LANES_FN void lanes_check(const struct lanes *a, unsigned units)
{
#ifdef WARD_DEBUG
    for (unsigned i = 0; i < LIMBS; i++) {
        uint64_t word[LANES];
        _mm256_storeu_si256((__m256i *)word, a->limb[i]);
        for (unsigned lane = 0; lane < LANES; lane++) {
            ASSERT((uint32_t)word[lane] < units * limb_tight(i));
        }
    }
#else
    (void)a;
    (void)units;
#endif
}

/* --- One lane ------------------------------------------------------------------------------------------------------------------- */

/* Splits a tight element into limbs. */
static inline void limbs_of_field(uint32_t limb[LIMBS], const struct field *a)
{
    for (unsigned i = 0; i < FIELD_LIMBS; i++) {
        limb[2 * i] = (uint32_t)(a->limb[i] & (EVEN_TIGHT - 1));
        limb[2 * i + 1] = (uint32_t)(a->limb[i] >> EVEN_BITS);
    }
}

LANES_FN void lanes_broadcast(struct lanes *out, const struct field *a)
{
    uint32_t limb[LIMBS];

    limbs_of_field(limb, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = vector_of(limb[i]);
    }
}

LANES_FN void lanes_get(struct field *out, const struct lanes *a, unsigned lane)
{
    struct field sum;

    lanes_check(a, 4);
    for (unsigned i = 0; i < FIELD_LIMBS; i++) {
        uint64_t even[LANES], odd[LANES];
        _mm256_storeu_si256((__m256i *)even, a->limb[2 * i]);
        _mm256_storeu_si256((__m256i *)odd, a->limb[2 * i + 1]);
        sum.limb[i] = (uint64_t)(uint32_t)even[lane] + ((uint64_t)(uint32_t)odd[lane] << EVEN_BITS);
    }
    field_carry(out, &sum);
}

LANES_FN void lanes_put(struct lanes *out, unsigned lane, const struct field *a)
{
    uint32_t limb[LIMBS];

    limbs_of_field(limb, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        uint64_t word[LANES];
        _mm256_storeu_si256((__m256i *)word, out->limb[i]);
        word[lane] = limb[i];
        out->limb[i] = _mm256_loadu_si256((const __m256i *)word);
    }
}

/* --- Sums ------------------------------------------------------------------------------------------------------------------------ */

LANES_FN inline void lanes_add(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = _mm256_add_epi64(a->limb[i], b->limb[i]);
    }
    lanes_check(out, 6);
}

/* Adds 2p, whose limbs are at least as great as tight ones. */
LANES_FN inline void lanes_subtract(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    const __m256i lowest = vector_of(2 * EVEN_TIGHT - 38), even = vector_of(2 * EVEN_TIGHT - 2), odd = vector_of((UINT64_C(2) << ODD_BITS) - 2);

    lanes_check(a, 2);
    lanes_check(b, 1);
    for (unsigned i = 0; i < LIMBS; i++) {
        __m256i sum = _mm256_add_epi64(a->limb[i], i == 0 ? lowest : i % 2 == 0 ? even : odd);
        out->limb[i] = _mm256_sub_epi64(sum, b->limb[i]);
    }
}

static inline __m256i times_19(__m256i a)
{
    return _mm256_add_epi64(a, _mm256_add_epi64(_mm256_slli_epi64(a, 1), _mm256_slli_epi64(a, 4)));
}

/* Moves what limb i has above its width to the next limb; above limb 9 is 2^255 = 19. */
static inline void carry_step(__m256i limb[LIMBS], unsigned i)
{
    __m256i over = _mm256_srli_epi64(limb[i], i % 2 == 0 ? EVEN_BITS : ODD_BITS);

    limb[i] = _mm256_and_si256(limb[i], vector_of((UINT64_C(1) << (i % 2 == 0 ? EVEN_BITS : ODD_BITS)) - 1));
    limb[(i + 1) % LIMBS] = _mm256_add_epi64(limb[(i + 1) % LIMBS], i == 9 ? times_19(over) : over);
}

/* Carries the columns of a product, each below 2^64 - 2^42, in two interleaved chains. Afterwards limb 1 has at most 2^17 too much (19 times a
 * carry of 2^38 out of limb 9, less 26 bits), limb 5 less than that. */
static inline void columns_carry(__m256i limb[LIMBS])
{
    carry_step(limb, 0);
    carry_step(limb, 4);
    carry_step(limb, 1);
    carry_step(limb, 5);
    carry_step(limb, 2);
    carry_step(limb, 6);
    carry_step(limb, 3);
    carry_step(limb, 7);
    carry_step(limb, 4);
    carry_step(limb, 8);
    carry_step(limb, 9);
    carry_step(limb, 0);
}

LANES_FN void lanes_carry(struct lanes *out, const struct lanes *a)
{
    __m256i limb[LIMBS];

    lanes_check(a, 6);
    for (unsigned i = 0; i < LIMBS; i++) {
        limb[i] = _mm256_and_si256(a->limb[i], vector_of(UINT32_MAX));
    }
    columns_carry(limb);
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = limb[i];
    }
    lanes_check(out, 1);
}

/* --- Products -------------------------------------------------------------------------------------------------------------------- */

/* column += a times limbs in memory. In assembly, because a compiler that may reorder the sums of a product runs out of registers: ten columns, one
 * factor, its double and two products are fourteen of sixteen. */
static inline __attribute__((always_inline)) void add_product(__m256i *column, __m256i a, const __m256i *b)
{
    __m256i product;

    __asm__("vpmuludq %3, %2, %1\n\tvpaddq %1, %0, %0" : "+x"(*column), "=&x"(product) : "x"(a), "m"(*b));
}

static inline __attribute__((always_inline)) __m256i product_of(__m256i a, const __m256i *b)
{
    __m256i product;

    __asm__("vpmuludq %2, %1, %0" : "=x"(product) : "x"(a), "m"(*b));
    return product;
}

LANES_FN __attribute__((noinline)) void lanes_multiply(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    const __m256i nineteen = vector_of(19);
    __m256i wrapped[LIMBS], column[LIMBS];

    lanes_check(a, 4);
    lanes_check(b, 3);
    for (unsigned j = 1; j < LIMBS; j++) {
        wrapped[j] = product_of(nineteen, &b->limb[j]);
    }
#pragma GCC unroll 10
    for (unsigned i = 0; i < LIMBS; i++) {
        __m256i once = a->limb[i];
        __m256i twice = _mm256_add_epi64(once, once); /* two odd limbs stand for one bit more than their product has */
#pragma GCC unroll 10
        for (unsigned j = 0; j < LIMBS; j++) {
            __m256i factor = i % 2 == 1 && j % 2 == 1 ? twice : once;
            const __m256i *other = i + j < LIMBS ? &b->limb[j] : &wrapped[j];
            if (i == 0) {
                column[j] = product_of(factor, other);
            } else {
                add_product(&column[(i + j) % LIMBS], factor, other);
            }
        }
    }
    columns_carry(column);
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = column[i];
    }
    lanes_check(out, 1);
}

/* Each pair of different limbs is multiplied once: twice limb i by limb j, by twice that when both are odd, by 19 times that when they wrap. */
LANES_FN __attribute__((noinline)) void lanes_square(struct lanes *out, const struct lanes *a)
{
    const __m256i nineteen = vector_of(19);
    __m256i twice[LIMBS], wrapped[LIMBS], wrapped_twice[LIMBS], column[LIMBS];

    lanes_check(a, 3);
#pragma GCC unroll 10
    for (unsigned i = 3; i < LIMBS; i += 2) {
        twice[i] = _mm256_add_epi64(a->limb[i], a->limb[i]);
    }
#pragma GCC unroll 10
    for (unsigned i = 5; i < LIMBS; i++) {
        wrapped[i] = product_of(nineteen, &a->limb[i]);
        wrapped_twice[i] = _mm256_add_epi64(wrapped[i], wrapped[i]);
    }
#pragma GCC unroll 10
    for (unsigned i = 0; i < LIMBS; i++) {
        __m256i once = a->limb[i];
        __m256i doubled = _mm256_add_epi64(once, once);
#pragma GCC unroll 10
        for (unsigned j = i; j < LIMBS; j++) {
            bool odd = i % 2 == 1 && j % 2 == 1;
            const __m256i *other = i + j < LIMBS ? (odd && i != j ? &twice[j] : &a->limb[j]) : (odd ? &wrapped_twice[j] : &wrapped[j]);
            __m256i factor = i != j || (odd && i + j < LIMBS) ? doubled : once;
            if (i == 0) {
                column[j] = product_of(factor, other);
            } else {
                add_product(&column[(i + j) % LIMBS], factor, other);
            }
        }
    }
    columns_carry(column);
    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = column[i];
    }
    lanes_check(out, 1);
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

/* --- Questions and encodings ------------------------------------------------------------------------------------------------------ */

static inline __m256i mask_of(uint32_t bits)
{
    const __m256i lane = _mm256_set_epi64x(8, 4, 2, 1);

    return _mm256_cmpeq_epi64(_mm256_and_si256(vector_of(bits), lane), lane);
}

LANES_FN void lanes_select(struct lanes *out, uint32_t bits, const struct lanes *a, const struct lanes *b)
{
    const __m256i mask = mask_of(bits);

    for (unsigned i = 0; i < LIMBS; i++) {
        out->limb[i] = _mm256_blendv_epi8(b->limb[i], a->limb[i], mask);
    }
}

/* Gives the one representation below p. A tight value is below 2p, so p is subtracted at most once: exactly when value + 19 reaches 2^255. */
static inline void lanes_reduce(struct lanes *out, const struct lanes *a)
{
    __m256i over = vector_of(19);

    lanes_carry(out, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        over = _mm256_srli_epi64(_mm256_add_epi64(out->limb[i], over), i % 2 == 0 ? EVEN_BITS : ODD_BITS);
    }
    out->limb[0] = _mm256_add_epi64(out->limb[0], times_19(over));
    for (unsigned i = 0; i < LIMBS - 1; i++) {
        carry_step(out->limb, i);
    }
    out->limb[9] = _mm256_and_si256(out->limb[9], vector_of((UINT64_C(1) << ODD_BITS) - 1));
}

LANES_FN uint32_t lanes_zero_bits(const struct lanes *a)
{
    struct lanes least;
    __m256i any = _mm256_setzero_si256();

    lanes_check(a, 4);
    lanes_reduce(&least, a);
    for (unsigned i = 0; i < LIMBS; i++) {
        any = _mm256_or_si256(any, least.limb[i]);
    }
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(any, _mm256_setzero_si256())));
}

LANES_FN uint32_t lanes_odd_bits(const struct lanes *a)
{
    struct lanes least;

    lanes_check(a, 4);
    lanes_reduce(&least, a);
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_slli_epi64(least.limb[0], 63)));
}

/* Turns four rows of four 64-bit words, at `at` words behind each pointer, into four columns: out[j] holds word j of every row. */
static inline void words_gather(__m256i out[4], const uint64_t *const row[LANES], unsigned at)
{
    for (unsigned half = 0; half < 2; half++) {
        const unsigned i = at + 2 * half;
        __m256i even = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(row[0] + i))), _mm_loadu_si128((const __m128i *)(row[2] + i)), 1);
        __m256i odd = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(row[1] + i))), _mm_loadu_si128((const __m128i *)(row[3] + i)), 1);
        out[2 * half] = _mm256_unpacklo_epi64(even, odd);
        out[2 * half + 1] = _mm256_unpackhi_epi64(even, odd);
    }
}

/* The way back. */
static inline void words_scatter(uint64_t *const row[LANES], unsigned at, const __m256i in[4])
{
    for (unsigned half = 0; half < 2; half++) {
        const unsigned i = at + 2 * half;
        __m256i even = _mm256_unpacklo_epi64(in[2 * half], in[2 * half + 1]);
        __m256i odd = _mm256_unpackhi_epi64(in[2 * half], in[2 * half + 1]);
        _mm_storeu_si128((__m128i *)(row[0] + i), _mm256_castsi256_si128(even));
        _mm_storeu_si128((__m128i *)(row[1] + i), _mm256_castsi256_si128(odd));
        _mm_storeu_si128((__m128i *)(row[2] + i), _mm256_extracti128_si256(even, 1));
        _mm_storeu_si128((__m128i *)(row[3] + i), _mm256_extracti128_si256(odd, 1));
    }
}

LANES_FN void lanes_from_bytes(struct lanes *out, const uint8_t *const bytes[LANES])
{
    const __m256i even = vector_of((UINT64_C(1) << EVEN_BITS) - 1), odd = vector_of((UINT64_C(1) << ODD_BITS) - 1);
    const uint64_t *row[LANES];
    __m256i word[4];

    for (unsigned i = 0; i < LANES; i++) {
        row[i] = (const uint64_t *)(const void *)bytes[i]; /* read by unaligned loads alone */
    }
    words_gather(word, row, 0);
    out->limb[0] = _mm256_and_si256(word[0], even);
    out->limb[1] = _mm256_and_si256(_mm256_srli_epi64(word[0], 26), odd);
    out->limb[2] = _mm256_and_si256(_mm256_or_si256(_mm256_srli_epi64(word[0], 51), _mm256_slli_epi64(word[1], 13)), even);
    out->limb[3] = _mm256_and_si256(_mm256_srli_epi64(word[1], 13), odd);
    out->limb[4] = _mm256_srli_epi64(word[1], 38);
    out->limb[5] = _mm256_and_si256(word[2], odd);
    out->limb[6] = _mm256_and_si256(_mm256_srli_epi64(word[2], 25), even);
    out->limb[7] = _mm256_and_si256(_mm256_or_si256(_mm256_srli_epi64(word[2], 51), _mm256_slli_epi64(word[3], 13)), odd);
    out->limb[8] = _mm256_and_si256(_mm256_srli_epi64(word[3], 12), even);
    out->limb[9] = _mm256_and_si256(_mm256_srli_epi64(word[3], 38), odd);
    lanes_check(out, 1);
}

LANES_FN void lanes_to_bytes(uint8_t bytes[LANES][FIELD_BYTES], const struct lanes *a)
{
    struct lanes least;
    uint64_t *row[LANES];
    __m256i word[4];
    const __m256i *limb = least.limb;

    lanes_check(a, 4);
    lanes_reduce(&least, a);
    word[0] = _mm256_or_si256(_mm256_or_si256(limb[0], _mm256_slli_epi64(limb[1], 26)), _mm256_slli_epi64(limb[2], 51));
    word[1] = _mm256_or_si256(_mm256_or_si256(_mm256_srli_epi64(limb[2], 13), _mm256_slli_epi64(limb[3], 13)), _mm256_slli_epi64(limb[4], 38));
    word[2] = _mm256_or_si256(_mm256_or_si256(limb[5], _mm256_slli_epi64(limb[6], 25)), _mm256_slli_epi64(limb[7], 51));
    word[3] = _mm256_or_si256(_mm256_or_si256(_mm256_srli_epi64(limb[7], 13), _mm256_slli_epi64(limb[8], 12)), _mm256_slli_epi64(limb[9], 38));
    for (unsigned i = 0; i < LANES; i++) {
        row[i] = (uint64_t *)(void *)bytes[i]; /* written by unaligned stores alone */
    }
    words_scatter(row, 0, word);
}

/* --- Memory ----------------------------------------------------------------------------------------------------------------------- */

static inline void limbs_of_pairs(struct lanes *out, const __m256i pair[PAIRS])
{
    for (unsigned i = 0; i < PAIRS; i++) {
        out->limb[2 * i] = pair[i]; /* the high half is the next limb, and is not looked at */
        out->limb[2 * i + 1] = _mm256_srli_epi64(pair[i], 32);
    }
}

static inline void pairs_of_limbs(__m256i pair[PAIRS], const struct lanes *a)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        pair[i] = _mm256_blend_epi32(a->limb[2 * i], _mm256_slli_epi64(a->limb[2 * i + 1], 32), 0xaa);
    }
}

LANES_FN void lanes_entry_pack(struct lanes_entry *out, const struct point_affine *a)
{
    const struct field *field[3] = { &a->sum, &a->difference, &a->product };

    out->pair[15] = 0;
    for (unsigned f = 0; f < 3; f++) {
        uint32_t limb[LIMBS];
        limbs_of_field(limb, field[f]);
        for (unsigned i = 0; i < PAIRS; i++) {
            out->pair[PAIRS * f + i] = limb[2 * i] | (uint64_t)limb[2 * i + 1] << 32;
        }
    }
}

/* Splits pairs into an addend, negated in the lanes of `minus`: while both limbs of a pair lie together. */
static inline void affine_of_pairs(struct lanes_affine *out, const __m256i pair[16], uint32_t minus)
{
    const __m256i lowest = vector_of((2 * EVEN_TIGHT - 38) | ((UINT64_C(2) << ODD_BITS) - 2) << 32);
    const __m256i other = vector_of((2 * EVEN_TIGHT - 2) | ((UINT64_C(2) << ODD_BITS) - 2) << 32);
    const __m256i mask = mask_of(minus);
    __m256i sum[PAIRS], difference[PAIRS], product[PAIRS];

    for (unsigned i = 0; i < PAIRS; i++) {
        sum[i] = _mm256_blendv_epi8(pair[i], pair[PAIRS + i], mask);
        difference[i] = _mm256_blendv_epi8(pair[PAIRS + i], pair[i], mask);
        product[i] = _mm256_blendv_epi8(pair[2 * PAIRS + i], _mm256_sub_epi32(i == 0 ? lowest : other, pair[2 * PAIRS + i]), mask);
    }
    limbs_of_pairs(&out->sum, sum);
    limbs_of_pairs(&out->difference, difference);
    limbs_of_pairs(&out->product, product);
}

LANES_FN void lanes_entry_gather(struct lanes_affine *out, const struct lanes_entry *const entry[LANES], uint32_t minus)
{
    const uint64_t *const row[LANES] = { entry[0]->pair, entry[1]->pair, entry[2]->pair, entry[3]->pair };
    __m256i pair[16];

    for (unsigned at = 0; at < 16; at += 4) {
        words_gather(pair + at, row, at);
    }
    affine_of_pairs(out, pair, minus);
}

LANES_FN void lanes_entry_broadcast(struct lanes_affine *out, const struct lanes_entry *entry, uint32_t minus)
{
    __m256i pair[16];

    for (unsigned i = 0; i < 15; i++) {
        pair[i] = vector_of(entry->pair[i]);
    }
    affine_of_pairs(out, pair, minus);
}

LANES_FN void lanes_entry_scatter(struct lanes_entry *const out[LANES], const struct lanes_affine *a)
{
    uint64_t *const row[LANES] = { out[0]->pair, out[1]->pair, out[2]->pair, out[3]->pair };
    __m256i pair[16];

    lanes_check(&a->sum, 1);
    lanes_check(&a->difference, 1);
    lanes_check(&a->product, 1);
    pairs_of_limbs(pair, &a->sum);
    pairs_of_limbs(pair + PAIRS, &a->difference);
    pairs_of_limbs(pair + 2 * PAIRS, &a->product);
    pair[15] = _mm256_setzero_si256();
    for (unsigned at = 0; at < 16; at += 4) {
        words_scatter(row, at, pair + at);
    }
}

LANES_FN void lanes_bucket_gather(struct lanes_point *out, const struct lanes_bucket *const bucket[LANES])
{
    const uint64_t *const row[LANES] = { bucket[0]->pair, bucket[1]->pair, bucket[2]->pair, bucket[3]->pair };
    __m256i pair[20];

    for (unsigned at = 0; at < 20; at += 4) {
        words_gather(pair + at, row, at);
    }
    limbs_of_pairs(&out->x, pair);
    limbs_of_pairs(&out->y, pair + PAIRS);
    limbs_of_pairs(&out->z, pair + 2 * PAIRS);
    limbs_of_pairs(&out->t, pair + 3 * PAIRS);
}

LANES_FN void lanes_bucket_scatter(struct lanes_bucket *const bucket[LANES], const struct lanes_point *a)
{
    uint64_t *const row[LANES] = { bucket[0]->pair, bucket[1]->pair, bucket[2]->pair, bucket[3]->pair };
    __m256i pair[20];

    lanes_check(&a->x, 1);
    lanes_check(&a->y, 1);
    lanes_check(&a->z, 1);
    lanes_check(&a->t, 1);
    pairs_of_limbs(pair, &a->x);
    pairs_of_limbs(pair + PAIRS, &a->y);
    pairs_of_limbs(pair + 2 * PAIRS, &a->z);
    pairs_of_limbs(pair + 3 * PAIRS, &a->t);
    for (unsigned at = 0; at < 20; at += 4) {
        words_scatter(row, at, pair + at);
    }
}

#endif
