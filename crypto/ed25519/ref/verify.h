/* verify.h: the portable backend. It defines what is right; every other path is tested against it. Variable time: public data only. */
#ifndef WARD_CRYPTO_ED25519_REF_VERIFY_H
#define WARD_CRYPTO_ED25519_REF_VERIFY_H

#include "crypto/ed25519/ref/scalar.h"

#include <stdbool.h>
#include <stdint.h>

/* ref_verify_hashed judges a signature under ZIP-215 when SHA-512(R || A || message) is known; the message may have had any length.
 * Needs: key 32 bytes, signature 64 bytes R || S, hash 64 bytes. Cost: two square roots, one double-scalar multiplication. */
bool ref_verify_hashed(const uint8_t key[32], const uint8_t signature[64], const uint8_t hash[64]);

/* ref_verify_reduced does the same when k = hash mod L is known. */
bool ref_verify_reduced(const uint8_t key[32], const uint8_t signature[64], const struct scalar *k);

/* ref_key_is_strong tells whether a key is canonical, on the curve, not the identity and of order L. */
bool ref_key_is_strong(const uint8_t key[32]);

#endif
