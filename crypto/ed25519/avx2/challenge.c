/* challenge.c: SHA-512 of four messages at a time, one in each 64-bit lane of AVX2. */
#include "crypto/ed25519/challenge.h"

#if defined(__AVX2__)
#include "crypto/words_avx2.h"

#define LANES 4
#define NAME(f) avx2_##f

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

static inline words load_turned(const uint8_t *at)
{
    const __m256i order = _mm256_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);

    return (words)_mm256_shuffle_epi8((__m256i)words_at(at), order);
}

static inline void words_load(words out[4], const uint8_t *const at[LANES])
{
    const words in[LANES] = { load_turned(at[0]), load_turned(at[1]), load_turned(at[2]), load_turned(at[3]) };

    words_turn(out, in);
}

#include "crypto/ed25519/challenge_template.h"
#endif
