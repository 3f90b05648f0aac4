/* seal.h: a 32-byte key sealed to an X25519 public key, in the form of libsodium's sealed box.
 *
 *     sealed   | ephemeral public key 32 | tag 16 | ciphertext 32 |      nonce = BLAKE2b-192(ephemeral || recipient)
 *
 * libsodium's own function draws the ephemeral key itself; here it comes from the caller, as all randomness does, so that known
 * answers exist. The result opens with crypto_box_seal_open and the other way round (tested). */
#ifndef WARD_CRYPTO_SEAL_H
#define WARD_CRYPTO_SEAL_H

#include "crypto/keys.h"

#include <stdbool.h>
#include <stdint.h>

#define SEAL_KEY_BYTES 32
#define SEAL_SEALED_BYTES 80

/* seal_key seals a key to a recipient.
 * Needs: ephemeral_seed of 32 bytes from random_fill, used once. Gives: false when the recipient's key has small order. Cost: two scalar multiplications. */
bool seal_key(uint8_t sealed[SEAL_SEALED_BYTES], const uint8_t key[SEAL_KEY_BYTES], const uint8_t recipient[32], const uint8_t ephemeral_seed[32]);

/* seal_open gives the key back. Any bytes are safe. Gives: false when it was not sealed to this pair. Cost: one scalar multiplication. */
bool seal_open(uint8_t key[SEAL_KEY_BYTES], const uint8_t sealed[SEAL_SEALED_BYTES], const struct kx_keypair *recipient);

#endif
