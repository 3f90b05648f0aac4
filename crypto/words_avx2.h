/* words_avx2.h: four 64-bit words in a vector of AVX2, and how four runs of bytes become such vectors. For sources that hash four messages side by
 * side and are compiled with AVX2. Pure. */
#ifndef WARD_CRYPTO_WORDS_AVX2_H
#define WARD_CRYPTO_WORDS_AVX2_H

#include <immintrin.h>
#include <stdint.h>

typedef uint64_t words __attribute__((vector_size(32)));

/* words_set gives the same word in every lane. */
static inline words words_set(uint64_t word)
{
    return (words){ word, word, word, word };
}

/* words_at reads four words from any address. */
static inline words words_at(const uint8_t *at)
{
    return (words)_mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* words_turn is a transposition: four lanes of four words each become four words of four lanes each. */
static inline void words_turn(words out[4], const words in[4])
{
    words ab_even = __builtin_shufflevector(in[0], in[1], 0, 4, 2, 6), ab_odd = __builtin_shufflevector(in[0], in[1], 1, 5, 3, 7);
    words cd_even = __builtin_shufflevector(in[2], in[3], 0, 4, 2, 6), cd_odd = __builtin_shufflevector(in[2], in[3], 1, 5, 3, 7);

    out[0] = __builtin_shufflevector(ab_even, cd_even, 0, 1, 4, 5);
    out[1] = __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 4, 5);
    out[2] = __builtin_shufflevector(ab_even, cd_even, 2, 3, 6, 7);
    out[3] = __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 6, 7);
}

/* words_store writes the four words to any address. */
static inline void words_store(uint64_t out[4], words x)
{
    _mm256_storeu_si256((__m256i *)(void *)out, (__m256i)x);
}

#endif
