/* keys.c: key pairs and signatures, all by libsodium. Verification is not here: crypto/ed25519.h. */
#include "crypto/keys.h"

#include "base/assert.h"
#include "base/cpu.h"

#include <sodium/core.h>
#include <sodium/crypto_scalarmult_curve25519.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <string.h>

_Static_assert(sizeof((struct sign_keypair *)0)->public_key == crypto_sign_ed25519_PUBLICKEYBYTES, "public key");
_Static_assert(sizeof((struct sign_keypair *)0)->secret_key == crypto_sign_ed25519_SECRETKEYBYTES, "secret key");
_Static_assert(sizeof((struct kx_keypair *)0)->public_key == crypto_scalarmult_curve25519_BYTES, "public key");
_Static_assert(sizeof((struct kx_keypair *)0)->secret_key == crypto_scalarmult_curve25519_SCALARBYTES, "secret key");

void crypto_start(void)
{
    int code = sodium_init(); /* 1 when it was started before */

    ASSERT(code >= 0);
    if (code == 0) {
        struct cpu_features cpu = cpu_features();
        enum hash_lanes lanes = cpu.avx512_ifma ? HASH_LANES_AVX512 : cpu.avx2 ? HASH_LANES_AVX2 : HASH_LANES_NONE;
        (void)hash_lanes_use(lanes); /* without lanes hashes are the same and cost more */
    }
}

void sign_keypair_from_seed(struct sign_keypair *pair, const uint8_t seed[32])
{
    int code = crypto_sign_ed25519_seed_keypair(pair->public_key, pair->secret_key, seed);

    ASSERT(code == 0);
}

void kx_keypair_from_seed(struct kx_keypair *pair, const uint8_t seed[32])
{
    int code;

    memcpy(pair->secret_key, seed, sizeof pair->secret_key);
    code = crypto_scalarmult_curve25519_base(pair->public_key, pair->secret_key);
    ASSERT(code == 0);
}

void sign_digest(const struct sign_keypair *pair, const struct hash32 *digest, uint8_t signature[64])
{
    int code = crypto_sign_ed25519_detached(signature, NULL, digest->bytes, sizeof digest->bytes, pair->secret_key);

    ASSERT(code == 0);
}

void secret_wipe(void *data, size_t size)
{
    sodium_memzero(data, size);
}
