/* bent_kit.h: signatures made on purpose by somebody who knows the secret scalar: with torsion on A and R, and with an error of a known size. */
#ifndef WARD_TESTS_CRYPTO_BENT_KIT_H
#define WARD_TESTS_CRYPTO_BENT_KIT_H

#include "crypto/ed25519.h"

#include <stdint.h>

/* How a signature is bent. All zero: an honest one. */
struct bend {
    uint64_t signer;   /* whose key: pseudo-random by number */
    uint64_t nonce;    /* which nonce and digest: pseudo-random by number */
    int torsion_key;   /* this multiple of a point of order eight is added to A */
    int torsion_nonce; /* the same for R; k is the hash of what results */
    int64_t error;     /* S is too large by this much, modulo L: S B - R - k A is error B, and torsion */
    int64_t point;     /* R is too large by this multiple of B: S B - R - k A is - point B, and torsion */
};

struct bent {
    uint8_t key[32];
    uint8_t digest[32];
    uint8_t signature[64];
};

/* bent_sign makes the signature. Valid under ZIP-215 exactly when error equals point. Cost: two multiplications of the slow model. */
void bent_sign(struct bent *out, const struct bend *bend);

/* bent_hash gives SHA-512(R || A || digest). */
void bent_hash(const struct bent *bent, uint8_t hash[64]);

/* bent_item gives the item that views it. Owns: `bent` stays the caller's. */
struct sig_item bent_item(const struct bent *bent);

#endif
