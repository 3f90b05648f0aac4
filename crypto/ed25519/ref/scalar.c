/* scalar.c: reading and reducing modulo L, and the signed-window form. */
#include "crypto/ed25519/ref/scalar.h"

#include "base/assert.h"

#include <string.h>

typedef unsigned __int128 uint128;

const struct scalar scalar_order = { {
    UINT64_C(0x5812631a5cf5d3ed),
    UINT64_C(0x14def9dea2f79cd6),
    UINT64_C(0x0000000000000000),
    UINT64_C(0x1000000000000000),
} };

/* floor(2^512 / L), for the division-free reduction. */
static const uint64_t order_reciprocal[5] = {
    UINT64_C(0xed9ce5a30a2c131b),
    UINT64_C(0x2106215d086329a7),
    UINT64_C(0xffffffffffffffeb),
    UINT64_C(0xffffffffffffffff),
    UINT64_C(0x000000000000000f),
};

/* Reads a word, little-endian; compilers know this form as one load. */
static inline uint64_t word_from_bytes(const uint8_t *b)
{
    return (uint64_t)b[7] << 56 | (uint64_t)b[6] << 48 | (uint64_t)b[5] << 40 | (uint64_t)b[4] << 32 | (uint64_t)b[3] << 24 | (uint64_t)b[2] << 16
         | (uint64_t)b[1] << 8 | b[0];
}

static inline void words_from_bytes(uint64_t *words, const uint8_t *bytes, int count)
{
    for (int i = 0; i < count; i++) {
        words[i] = word_from_bytes(bytes + 8 * i);
    }
}

/* Subtracts b from a over `count` words. Gives: the borrow. */
static inline bool words_subtract(uint64_t *a, const uint64_t *b, int count)
{
    uint64_t borrow = 0;

#pragma GCC unroll 5
    for (int i = 0; i < count; i++) {
        uint128 difference = (uint128)a[i] - b[i] - borrow;
        a[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow == 1;
}

/* Multiplies into the lowest `out_count` words of the product. Unrolled, because every signature's hash comes here. */
static inline void words_multiply(uint64_t *out, int out_count, const uint64_t a[5], const uint64_t b[5])
{
    memset(out, 0, (size_t)out_count * sizeof *out);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        uint64_t carry = 0;

#pragma GCC unroll 5
        for (int j = 0; j < 5; j++) {
            if (i + j < out_count) {
                uint128 sum = (uint128)a[i] * b[j] + out[i + j] + carry;
                out[i + j] = (uint64_t)sum;
                carry = (uint64_t)(sum >> 64);
            }
        }
        if (i + 5 < out_count) {
            out[i + 5] = carry;
        }
    }
}

bool scalar_from_bytes(struct scalar *out, const uint8_t bytes[SCALAR_BYTES])
{
    uint64_t rest[4];

    words_from_bytes(out->limb, bytes, 4);
    memcpy(rest, out->limb, sizeof rest);
    return words_subtract(rest, scalar_order.limb, 4); /* borrows exactly when the number is below L */
}

/* Barrett's reduction with words of 64 bits. With h = floor(x / 2^192) the estimate of the quotient is floor(h reciprocal / 2^320).
 * The reciprocal falls short of 2^512 / L by a fraction below 0.3, which costs at most that much of the quotient; the bits of x that
 * are not in h cost less than 2^-60. The estimate is therefore at most one below the quotient, and the remainder below 2L. */
void scalar_reduce(struct scalar *out, const uint64_t words[SCALAR_WIDE_WORDS])
{
    const uint64_t order[5] = { scalar_order.limb[0], scalar_order.limb[1], scalar_order.limb[2], scalar_order.limb[3], 0 };
    uint64_t x[8];
    uint64_t estimate[10];
    uint64_t multiple[5];
    uint64_t rest[5];

    memcpy(x, words, sizeof x);
    words_multiply(estimate, 10, x + 3, order_reciprocal);
    words_multiply(multiple, 5, estimate + 5, order);
    (void)words_subtract(x, multiple, 5); /* the true difference is small, so a borrow beyond word 5 means nothing */
    memcpy(rest, x, sizeof rest);
    if (!words_subtract(rest, order, 5)) {
        memcpy(x, rest, sizeof rest);
    }
    ASSERT(x[4] == 0);
    memcpy(out->limb, x, sizeof out->limb);
}

void scalar_from_wide(struct scalar *out, const uint8_t bytes[SCALAR_WIDE_BYTES])
{
    uint64_t words[SCALAR_WIDE_WORDS];

    words_from_bytes(words, bytes, SCALAR_WIDE_WORDS);
    scalar_reduce(out, words);
}

void scalar_sum_add(struct scalar_sum *sum, const uint64_t magnitude[2], bool minus, const struct scalar *b)
{
    const uint64_t flip = minus ? UINT64_MAX : 0; /* -x is ~x + 1 */
    uint64_t product[SCALAR_WIDE_WORDS] = { 0 };
    uint64_t carry = flip & 1;

    for (int i = 0; i < 2; i++) {
        uint64_t over = 0;

        for (int j = 0; j < 4; j++) {
            uint128 column = (uint128)magnitude[i] * b->limb[j] + product[i + j] + over;
            product[i + j] = (uint64_t)column;
            over = (uint64_t)(column >> 64);
        }
        product[i + 4] = over;
    }
    for (int i = 0; i < SCALAR_WIDE_WORDS; i++) {
        uint128 word = (uint128)sum->word[i] + (product[i] ^ flip) + carry;
        sum->word[i] = (uint64_t)word;
        carry = (uint64_t)(word >> 64);
    }
}

void scalar_sum_reduce(struct scalar *out, const struct scalar_sum *sum)
{
    const uint64_t zero[SCALAR_WIDE_WORDS] = { 0 };
    bool minus = sum->word[SCALAR_WIDE_WORDS - 1] >> 63 == 1;
    uint64_t magnitude[SCALAR_WIDE_WORDS];

    memcpy(magnitude, minus ? zero : sum->word, sizeof magnitude);
    if (minus) {
        (void)words_subtract(magnitude, sum->word, SCALAR_WIDE_WORDS);
    }
    scalar_reduce(out, magnitude);
    if (minus && (out->limb[0] | out->limb[1] | out->limb[2] | out->limb[3]) != 0) {
        uint64_t rest[4];
        memcpy(rest, scalar_order.limb, sizeof rest);
        (void)words_subtract(rest, out->limb, 4);
        memcpy(out->limb, rest, sizeof rest);
    }
}

/* Gives `width` bits from bit `at` on; zeros beyond bit 255. */
static unsigned bits_at(const struct scalar *scalar, unsigned at, unsigned width)
{
    unsigned word = at / 64;
    unsigned shift = at % 64;
    uint64_t bits = scalar->limb[word] >> shift;

    if (shift + width > 64 && word < 3) {
        bits |= scalar->limb[word + 1] << (64 - shift);
    }
    return (unsigned)(bits & ((UINT64_C(1) << width) - 1));
}

void scalar_windows(int8_t digits[SCALAR_DIGITS], const struct scalar *scalar, unsigned width)
{
    unsigned carry = 0; /* 1 when the last window was counted as window - 2^width */
    unsigned at = 0;

    ASSERT(width >= 2);
    ASSERT(width <= 8);
    ASSERT(scalar->limb[3] >> 61 == 0);
    memset(digits, 0, SCALAR_DIGITS);
    while (at < SCALAR_DIGITS) {
        unsigned window = bits_at(scalar, at, width) + carry;

        if (window % 2 == 0) { /* bit `at` is carry: a zero digit, and the carry goes on */
            at++;
            continue;
        }
        carry = window >> (width - 1);
        ASSERT(carry <= 1);
        digits[at] = (int8_t)((int)window - (int)(carry << width));
        at += width;
    }
    ASSERT(carry == 0);
}
