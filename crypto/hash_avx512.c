/* hash_avx512.c: BLAKE2b-256 of eight inputs at a time, one in each 64-bit lane of AVX-512. */
#include "crypto/hash_lanes_priv.h"

#if defined(__AVX512F__) || defined(IFMA_MODEL)
#include "crypto/ed25519/ifma/words.h"

#define LANES 8
#if defined(IFMA_MODEL)
#define NAME(f) model_##f
#else
#define NAME(f) avx512_##f
#endif
#define ROTATE(x, n) words_rotate(x, n)

static inline words load_pair(const uint8_t *low, const uint8_t *high)
{
    half_words a, b;

    memcpy(&a, low, sizeof a);
    memcpy(&b, high, sizeof b);
    return words_join(a, b);
}

/* A transposition: eight lanes of four words each become four words of eight lanes each. */
static inline void words_load(words out[4], const uint8_t *const at[LANES])
{
    words a = load_pair(at[0], at[4]), b = load_pair(at[1], at[5]), c = load_pair(at[2], at[6]), d = load_pair(at[3], at[7]);

    words_transpose(out, a, b, c, d);
}

#include "crypto/hash_lanes_template.h"
#endif
