/* keys.h: making keys and signing, by libsodium. Secrets live where the caller puts them (node uses locked, dump-free memory). */
#ifndef WARD_CRYPTO_KEYS_H
#define WARD_CRYPTO_KEYS_H

#include "crypto/hash.h"

#include <stddef.h>
#include <stdint.h>

struct sign_keypair {
    uint8_t public_key[32];
    uint8_t secret_key[64]; /* libsodium's form: seed || public key */
};

struct kx_keypair {
    uint8_t public_key[32]; /* X25519 */
    uint8_t secret_key[32];
};

/* crypto_start initialises libsodium and chooses the lanes of hash_many, once per process. Fails: stops the process when libsodium cannot start. */
void crypto_start(void);

/* sign_keypair_from_seed derives an Ed25519 key pair. */
void sign_keypair_from_seed(struct sign_keypair *pair, const uint8_t seed[32]);

/* kx_keypair_from_seed makes an X25519 key pair whose secret key is the seed itself (RFC 7748 clamps it in use). */
void kx_keypair_from_seed(struct kx_keypair *pair, const uint8_t seed[32]);

/* sign_digest signs a 32-byte digest. Gives: 64 bytes R || S. Cost: about one scalar multiplication. */
void sign_digest(const struct sign_keypair *pair, const struct hash32 *digest, uint8_t signature[64]);

/* secret_wipe overwrites memory in a way that no compiler removes. */
void secret_wipe(void *data, size_t size);

/* random_fill fills from the kernel's random source; the only source of randomness of crypto (its own file, random.c).
 * Fails: stops the process when the kernel has none. */
void random_fill(void *data, size_t size);

#endif
