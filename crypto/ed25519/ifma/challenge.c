/* challenge.c: SHA-512 of eight messages at a time, one in each 64-bit lane of AVX-512. */
#include "crypto/ed25519/challenge.h"

#if defined(__AVX512F__) || defined(IFMA_MODEL)
#include "crypto/ed25519/ifma/words.h"

#define LANES 8
#define NAME(f) IFMA_NAME(f)

#define SHIFT(x, n) ((x) >> (n))
#define ROTATE(x, n) words_rotate(x, n)
#define XOR3(x, y, z) words_ternary(x, y, z, 0x96)
#define CHOOSE(x, y, z) words_ternary(x, y, z, 0xca)
#define MAJORITY(x, y, z) words_ternary(x, y, z, 0xe8)

/* Four words of lane `low` in the lower half, of lane `high` in the upper, each in the byte order of the machine. */
static inline words load_pair(const uint8_t *low, const uint8_t *high)
{
    return words_join(half_turned(low), half_turned(high));
}

/* A transposition: eight lanes of four words each become four words of eight lanes each. */
static inline void words_load(words out[4], const uint8_t *const at[LANES])
{
    words a = load_pair(at[0], at[4]), b = load_pair(at[1], at[5]), c = load_pair(at[2], at[6]), d = load_pair(at[3], at[7]);

    words_transpose(out, a, b, c, d);
}

#include "crypto/ed25519/challenge_template.h"
#endif
