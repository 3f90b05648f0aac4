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
    words ab_even = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14), ab_odd = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    words cd_even = __builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14), cd_odd = __builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15);

    out[0] = __builtin_shufflevector(ab_even, cd_even, 0, 1, 8, 9, 4, 5, 12, 13);
    out[1] = __builtin_shufflevector(ab_odd, cd_odd, 0, 1, 8, 9, 4, 5, 12, 13);
    out[2] = __builtin_shufflevector(ab_even, cd_even, 2, 3, 10, 11, 6, 7, 14, 15);
    out[3] = __builtin_shufflevector(ab_odd, cd_odd, 2, 3, 10, 11, 6, 7, 14, 15);
}

#include "crypto/ed25519/challenge_template.h"
#endif
