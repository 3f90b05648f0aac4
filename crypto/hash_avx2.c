/* hash_avx2.c: BLAKE2b-256 of four inputs at a time, one in each 64-bit lane of AVX2. */
#include "crypto/hash_lanes_priv.h"

#if defined(__AVX2__)
#include <immintrin.h>

#define LANES 4
#define NAME(f) avx2_##f
typedef uint64_t words __attribute__((vector_size(32)));

#define ROTATE(x, n) rotate_##n(x)

/* Rotations by whole bytes are one shuffle, that by 63 is a doubling and a carry. */
static inline words rotate_32(words x)
{
    return (words)_mm256_shuffle_epi32((__m256i)x, 0xb1);
}

static inline words rotate_24(words x)
{
    const __m256i order = _mm256_set_epi8(10, 9, 8, 15, 14, 13, 12, 11, 2, 1, 0, 7, 6, 5, 4, 3, 10, 9, 8, 15, 14, 13, 12, 11, 2, 1, 0, 7, 6, 5, 4, 3);

    return (words)_mm256_shuffle_epi8((__m256i)x, order);
}

static inline words rotate_16(words x)
{
    const __m256i order = _mm256_set_epi8(9, 8, 15, 14, 13, 12, 11, 10, 1, 0, 7, 6, 5, 4, 3, 2, 9, 8, 15, 14, 13, 12, 11, 10, 1, 0, 7, 6, 5, 4, 3, 2);

    return (words)_mm256_shuffle_epi8((__m256i)x, order);
}

static inline words rotate_63(words x)
{
    return (x >> 63) ^ (x + x);
}

static inline words words_set(uint64_t word)
{
    return (words){ word, word, word, word };
}

/* A transposition: four lanes of four words each become four words of four lanes each. */
static inline void words_load(words out[4], const uint8_t *const at[LANES])
{
    words in[4];

    for (unsigned i = 0; i < 4; i++) {
        in[i] = (words)_mm256_loadu_si256((const __m256i *)(const void *)at[i]);
    }
    words ab_even = __builtin_shufflevector(in[0], in[1], 0, 4, 2, 6), ab_odd = __builtin_shufflevector(in[0], in[1], 1, 5, 3, 7);
    words cd_even = __builtin_shufflevector(in[2], in[3], 0, 4, 2, 6), cd_odd = __builtin_shufflevector(in[2], in[3], 1, 5, 3, 7);
    out[0] = __builtin_shufflevector(ab_even, cd_even, 0, 1, 4, 5);
    out[1] = __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 4, 5);
    out[2] = __builtin_shufflevector(ab_even, cd_even, 2, 3, 6, 7);
    out[3] = __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 6, 7);
}

static inline void words_store(uint64_t out[LANES], words x)
{
    _mm256_storeu_si256((__m256i *)(void *)out, (__m256i)x);
}

#include "crypto/hash_lanes_template.h"
#endif
