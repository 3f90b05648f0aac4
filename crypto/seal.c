/* seal.c: libsodium's sealed box with an ephemeral key that the caller brings. */
#include "crypto/seal.h"

#include "base/assert.h"

#include <sodium/crypto_box.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <string.h>

_Static_assert(SEAL_SEALED_BYTES == SEAL_KEY_BYTES + crypto_box_SEALBYTES, "ephemeral key and tag");
_Static_assert(crypto_box_PUBLICKEYBYTES == 32, "X25519");

static void nonce_derive(uint8_t nonce[crypto_box_NONCEBYTES], const uint8_t ephemeral[32], const uint8_t recipient[32])
{
    uint8_t input[64];
    int code;

    memcpy(input, ephemeral, 32);
    memcpy(input + 32, recipient, 32);
    code = crypto_generichash_blake2b(nonce, crypto_box_NONCEBYTES, input, sizeof input, NULL, 0);
    ASSERT(code == 0);
}

bool seal_key(uint8_t sealed[SEAL_SEALED_BYTES], const uint8_t key[SEAL_KEY_BYTES], const uint8_t recipient[32], const uint8_t ephemeral_seed[32])
{
    uint8_t nonce[crypto_box_NONCEBYTES];
    struct kx_keypair ephemeral;
    int code;

    kx_keypair_from_seed(&ephemeral, ephemeral_seed);
    memcpy(sealed, ephemeral.public_key, sizeof ephemeral.public_key);
    nonce_derive(nonce, ephemeral.public_key, recipient);
    code = crypto_box_easy(sealed + 32, key, SEAL_KEY_BYTES, nonce, recipient, ephemeral.secret_key);
    secret_wipe(&ephemeral, sizeof ephemeral);
    return code == 0;
}

bool seal_open(uint8_t key[SEAL_KEY_BYTES], const uint8_t sealed[SEAL_SEALED_BYTES], const struct kx_keypair *recipient)
{
    return crypto_box_seal_open(key, sealed, SEAL_SEALED_BYTES, recipient->public_key, recipient->secret_key) == 0;
}
