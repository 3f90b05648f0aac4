/* challenge.c: SHA-512 one message at a time, in portable C. */
#include "crypto/ed25519/challenge.h"

#include <string.h>

#define LANES 1
#define NAME(f) ref_##f
typedef uint64_t words;

#define SHIFT(x, n) ((x) >> (n))
#define ROTATE(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define XOR3(x, y, z) ((x) ^ (y) ^ (z))
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

static inline words words_set(uint64_t word)
{
    return word;
}

static inline void words_load(words out[4], const uint8_t *const at[LANES])
{
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *b = at[0] + 8 * i;

        out[i] = (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 | (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24
               | (uint64_t)b[5] << 16 | (uint64_t)b[6] << 8 | b[7];
    }
}

static inline void words_store(uint64_t out[LANES], words x)
{
    out[0] = x;
}

#include "crypto/ed25519/challenge_template.h"
