/* scalar.h: numbers modulo L = 2^252 + 27742317777372353535851937790883648493, the order of the base point. Variable time: public data only. */
#ifndef WARD_CRYPTO_ED25519_REF_SCALAR_H
#define WARD_CRYPTO_ED25519_REF_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#define SCALAR_BYTES 32
#define SCALAR_WIDE_BYTES 64
#define SCALAR_WIDE_WORDS 8
#define SCALAR_DIGITS 256 /* of a signed-window form; a scalar is below 2^253 */

struct scalar {
    uint64_t limb[4]; /* little-endian words, below 2^253 in all */
};

/* L itself, for the test of a point's order. It is no reduced scalar. */
extern const struct scalar scalar_order;

/* scalar_from_bytes reads 32 bytes, little-endian. Gives: false, and an undefined scalar, when the number is not below L. */
bool scalar_from_bytes(struct scalar *out, const uint8_t bytes[SCALAR_BYTES]);

/* scalar_from_wide reads 64 bytes, little-endian, and reduces them modulo L. */
void scalar_from_wide(struct scalar *out, const uint8_t bytes[SCALAR_WIDE_BYTES]);

/* scalar_reduce does the same with 64-bit words. */
void scalar_reduce(struct scalar *out, const uint64_t words[SCALAR_WIDE_WORDS]);

/* A signed sum of products of up to 380 bits each, two's complement in 512 bits: thousands of them are reduced once. */
struct scalar_sum {
    uint64_t word[SCALAR_WIDE_WORDS];
};

/* scalar_sum_add adds magnitude times b, negatively with `minus`. Needs: at most 2^20 calls since the sum was zero. */
void scalar_sum_add(struct scalar_sum *sum, const uint64_t magnitude[2], bool minus, const struct scalar *b);

/* scalar_sum_reduce gives the sum modulo L. */
void scalar_sum_reduce(struct scalar *out, const struct scalar_sum *sum);

/* scalar_windows writes the number as the sum of digits[i] 2^i, where a digit is zero or odd with |digit| < 2^(width - 1), and any
 * `width` consecutive digits hold at most one that is not zero. Needs: 2 <= width <= 8; below 2^253. */
void scalar_windows(int8_t digits[SCALAR_DIGITS], const struct scalar *scalar, unsigned width);

#endif
