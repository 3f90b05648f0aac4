/* stamp.c: see stamp.h. */
#include "sim/world/stamp.h"

#include "base/assert.h"
#include "sim/world/xxh.h"

#include <string.h>

/* Nothing outside this file knows it: that is all the secrecy that a simulated world needs. */
static const uint8_t secret[32] = "only the simulator can make this";

static bool in_use;

void stamp_use(bool on)
{
    in_use = on;
}

bool stamp_in_use(void)
{
    return in_use;
}

void stamp_make(const uint8_t key[ED25519_KEY_BYTES], const uint8_t digest[ED25519_DIGEST_BYTES], uint8_t stamp[ED25519_SIGNATURE_BYTES])
{
    uint8_t bytes[96];

    memcpy(bytes, secret, 32);
    memcpy(bytes + 32, key, 32);
    memcpy(bytes + 64, digest, 32);
    for (uint64_t half = 0; half < 2; half++) {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(bytes, sizeof bytes, half));
        memcpy(stamp + 16 * half, canonical.digest, 16);
    }
    memcpy(stamp + 32, stamp, 32); /* 256 bits decide; the rest repeats them */
}

bool stamp_check(const struct sig_item *item)
{
    uint8_t stamp[ED25519_SIGNATURE_BYTES];

    ASSERT(in_use);
    stamp_make(item->key, item->digest, stamp);
    return memcmp(stamp, item->signature, sizeof stamp) == 0;
}

void __wrap_sign_digest(const struct sign_keypair *pair, const struct hash32 *digest, uint8_t signature[64])
{
    if (in_use) {
        stamp_make(pair->public_key, digest->bytes, signature);
    } else {
        __real_sign_digest(pair, digest, signature);
    }
}

bool __wrap_ed25519_verify(const struct sig_item *item)
{
    return in_use ? stamp_check(item) : __real_ed25519_verify(item);
}
