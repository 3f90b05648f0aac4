/* words.h: the few operations on vectors of eight 64-bit words of which the ifma backend is made.
 *
 * There are two forms of them. The real one is the instructions of AVX-512. With IFMA_MODEL defined they are plain C with exactly the same results, so that the
 * same kernels run in tests on any machine: above all the 52-bit multiplication, which looks at the lower 52 bits of its factors only, whatever is above.
 * Everything else that kernels do is + - & | ^ << >> and __builtin_shufflevector, which the compiler knows for either form. */
#ifndef WARD_CRYPTO_ED25519_IFMA_WORDS_H
#define WARD_CRYPTO_ED25519_IFMA_WORDS_H

#include <stdint.h>
#include <string.h>

typedef uint64_t words __attribute__((vector_size(64)));
typedef uint64_t half_words __attribute__((vector_size(32)));

#if defined(IFMA_MODEL)
#define IFMA_NAME(f) model_##f
#define MODEL_FN static __attribute__((noinline, unused)) /* inlined, eight lanes of each would take the compiler minutes */

/* sum + the lower, or the upper, 52 bits of the 104-bit product of the lower 52 bits of a and b. */
MODEL_FN words words_madd_low(words sum, words a, words b)
{
    const uint64_t mask = (UINT64_C(1) << 52) - 1;

    for (int i = 0; i < 8; i++) {
        sum[i] += (uint64_t)((unsigned __int128)(a[i] & mask) * (b[i] & mask)) & mask;
    }
    return sum;
}

MODEL_FN words words_madd_high(words sum, words a, words b)
{
    const uint64_t mask = (UINT64_C(1) << 52) - 1;

    for (int i = 0; i < 8; i++) {
        sum[i] += (uint64_t)((unsigned __int128)(a[i] & mask) * (b[i] & mask) >> 52);
    }
    return sum;
}

MODEL_FN words words_rotate(words x, int n)
{
    return x >> n | x << (64 - n);
}

/* Each bit of the result is the bit of `table` that the bits of x, y, z number, x being the highest of the three. */
MODEL_FN words words_ternary(words x, words y, words z, int table)
{
    words out = x ^ x;

    for (int row = 0; row < 8; row++) {
        if ((table >> row & 1) != 0) {
            out |= ((row & 4) != 0 ? x : ~x) & ((row & 2) != 0 ? y : ~y) & ((row & 1) != 0 ? z : ~z);
        }
    }
    return out;
}

MODEL_FN words words_times(words x, uint64_t factor)
{
    return x * factor;
}

/* Each lane from a where its bit is set, from b where not. */
MODEL_FN words words_select(uint32_t bits, words a, words b)
{
    for (int i = 0; i < 8; i++) {
        b[i] = (bits >> i & 1) != 0 ? a[i] : b[i];
    }
    return b;
}

/* Bits of the lanes that are zero. */
MODEL_FN uint32_t words_zero_bits(words x)
{
    uint32_t bits = 0;

    for (int i = 0; i < 8; i++) {
        bits |= (x[i] == 0 ? UINT32_C(1) : 0) << i;
    }
    return bits;
}

/* Four words, big-endian. */
MODEL_FN half_words half_turned(const uint8_t *at)
{
    half_words out;

    memcpy(&out, at, sizeof out);
    for (int i = 0; i < 4; i++) {
        out[i] = __builtin_bswap64(out[i]);
    }
    return out;
}

#else
#include <immintrin.h>
#define IFMA_NAME(f) ifma_##f

#define words_madd_low(sum, a, b) ((words)_mm512_madd52lo_epu64((__m512i)(sum), (__m512i)(a), (__m512i)(b)))
#define words_madd_high(sum, a, b) ((words)_mm512_madd52hi_epu64((__m512i)(sum), (__m512i)(a), (__m512i)(b)))
#define words_rotate(x, n) ((words)_mm512_ror_epi64((__m512i)(x), n))
#define words_ternary(x, y, z, table) ((words)_mm512_ternarylogic_epi64((__m512i)(x), (__m512i)(y), (__m512i)(z), table))

#define words_select(bits, a, b) ((words)_mm512_mask_blend_epi64((__mmask8)(bits), (__m512i)(b), (__m512i)(a)))
#define words_zero_bits(x) ((uint32_t)_mm512_testn_epi64_mask((__m512i)(x), (__m512i)(x)))

/* The compiler must not see the constant: it would make shifts and additions of one multiplication. */
static inline words words_times(words x, uint64_t factor)
{
    words each = (words)_mm512_set1_epi64((long long)factor);

    __asm__("" : "+v"(each));
    return (words)_mm512_mullo_epi64((__m512i)x, (__m512i)each);
}

static inline half_words half_turned(const uint8_t *at)
{
    const __m256i order = _mm256_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);

    return (half_words)_mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(const void *)at), order);
}
#endif

static inline words words_set(uint64_t w)
{
    return (words){ w, w, w, w, w, w, w, w };
}

static inline words words_join(half_words low, half_words high)
{
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}

/* Eight lanes of four words each, lane i in the lower half of row i and lane i + 4 in its upper half, become four words of eight lanes each. */
static inline void words_transpose(words out[4], words a, words b, words c, words d)
{
    words ab_even = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14), ab_odd = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    words cd_even = __builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14), cd_odd = __builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15);

    out[0] = __builtin_shufflevector(ab_even, cd_even, 0, 1, 8, 9, 4, 5, 12, 13);
    out[1] = __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 8, 9, 4, 5, 12, 13);
    out[2] = __builtin_shufflevector(ab_even, cd_even, 2, 3, 10, 11, 6, 7, 14, 15);
    out[3] = __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 10, 11, 6, 7, 14, 15);
}

static inline half_words words_low(words x)
{
    return __builtin_shufflevector(x, x, 0, 1, 2, 3);
}

static inline half_words words_high(words x)
{
    return __builtin_shufflevector(x, x, 4, 5, 6, 7);
}

/* Reading and writing without any alignment. */
static inline half_words half_load(const void *at)
{
    half_words out;

    memcpy(&out, at, sizeof out);
    return out;
}

static inline void half_store(void *at, half_words x)
{
    memcpy(at, &x, sizeof x);
}

static inline void words_store(uint64_t out[8], words x)
{
    memcpy(out, &x, sizeof x);
}

#endif
