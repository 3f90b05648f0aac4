/* coefficients.h: the random factors of a linear combination: who makes signatures must not be able to guess them.
 *
 * ChaCha20 under BLAKE2b(seed, counter, all A, R, S, k). The seed alone makes them unpredictable; the rest keeps two batches from sharing them even
 * if a seed should ever come twice. */
#ifndef WARD_CRYPTO_ED25519_COEFFICIENTS_H
#define WARD_CRYPTO_ED25519_COEFFICIENTS_H

#include "crypto/ed25519/ref/scalar.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COEFFICIENT_KEY_BYTES 32

/* One of 2^128 - 1 numbers between -2^127 and 2^127; zero comes as often as any two others. */
struct coefficient {
    uint64_t magnitude[2]; /* below 2^127 */
    bool minus;
};

/* What a signature's bytes are bound by. */
struct coefficient_item {
    const uint8_t *key, *signature; /* 32 and 64 bytes */
    const struct scalar *k;
};

/* coefficients_key hashes n items. */
void coefficients_key(uint8_t key[COEFFICIENT_KEY_BYTES], const uint8_t seed[32], uint64_t counter, const struct coefficient_item *items, size_t n);

/* coefficients_draw gives the first n. */
void coefficients_draw(struct coefficient *out, size_t n, const uint8_t key[COEFFICIENT_KEY_BYTES]);

#endif
