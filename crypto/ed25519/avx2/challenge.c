/* challenge.c: SHA-512 of four messages at a time, one in each 64-bit lane of AVX2. */
#include "crypto/ed25519/challenge.h"

#if defined(__AVX2__)
#include <immintrin.h>

#define LANES 4
#define NAME(f) avx2_##f
typedef uint64_t words __attribute__((vector_size(32)));

#define SHIFT(x, n) ((x) >> (n))
#define ROTATE(x, n) ((n) == 8 ? rotate_8(x) : ((x) >> (n) | (x) << (64 - (n))))
#define XOR3(x, y, z) ((x) ^ (y) ^ (z))
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

/* A rotation by whole bytes is one shuffle. */
static inline words rotate_8(words x)
{
    const __m256i order = _mm256_set_epi8(8, 15, 14, 13, 12, 11, 10, 9, 0, 7, 6, 5, 4, 3, 2, 1, 8, 15, 14, 13, 12, 11, 10, 9, 0, 7, 6, 5, 4, 3, 2, 1);

    return (words)_mm256_shuffle_epi8((__m256i)x, order);
}

static inline words words_set(uint64_t word)
{
    return (words){ word, word, word, word };
}

static inline words load_turned(const uint8_t *at)
{
    const __m256i order = _mm256_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);

    return (words)_mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(const void *)at), order);
}

/* A transposition: four lanes of four words each become four words of four lanes each. */
static inline void words_load(words out[4], const uint8_t *const at[LANES])
{
    words a = load_turned(at[0]), b = load_turned(at[1]), c = load_turned(at[2]), d = load_turned(at[3]);
    words ab_even = __builtin_shufflevector(a, b, 0, 4, 2, 6), ab_odd = __builtin_shufflevector(a, b, 1, 5, 3, 7);
    words cd_even = __builtin_shufflevector(c, d, 0, 4, 2, 6), cd_odd = __builtin_shufflevector(c, d, 1, 5, 3, 7);

    out[0] = __builtin_shufflevector(ab_even, cd_even, 0, 1, 4, 5);
    out[1] = __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 4, 5);
    out[2] = __builtin_shufflevector(ab_even, cd_even, 2, 3, 6, 7);
    out[3] = __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 6, 7);
}

static inline void words_store(uint64_t out[LANES], words x)
{
    _mm256_storeu_si256((__m256i *)(void *)out, (__m256i)x);
}

#include "crypto/ed25519/challenge_template.h"
#endif
