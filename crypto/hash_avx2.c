/* hash_avx2.c: BLAKE2b-256 of four inputs at a time, one in each 64-bit lane of AVX2. */
#include "crypto/hash_lanes_priv.h"

#if defined(__AVX2__)
#include "crypto/words_avx2.h"

#define LANES 4
#define NAME(f) avx2_##f

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

static inline void words_load(words out[4], const uint8_t *const at[LANES])
{
    const words in[LANES] = { words_at(at[0]), words_at(at[1]), words_at(at[2]), words_at(at[3]) };

    words_turn(out, in);
}

#include "crypto/hash_lanes_template.h"
#endif
