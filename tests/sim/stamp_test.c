/* stamp_test.c: a stamp is good for its key and digest alone, and signatures are real again when no world uses stamps. */
#include "sim/world/stamp.h"

#include <criterion/criterion.h>
#include <string.h>

static struct sign_keypair pair;
static struct hash32 digest;
static uint8_t signature[64];
static struct sig_item item;

static void setup(void)
{
    uint8_t seed[32] = { 7 };

    crypto_start();
    sign_keypair_from_seed(&pair, seed);
    memset(digest.bytes, 5, sizeof digest.bytes);
    item = (struct sig_item){ pair.public_key, digest.bytes, signature };
}

TestSuite(stamp, .init = setup);

Test(stamp, of_another_key_digest_or_byte_is_none)
{
    stamp_use(true);
    sign_digest(&pair, &digest, signature);
    cr_assert(ed25519_verify(&item));
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 1;
        cr_assert_not(ed25519_verify(&item), "byte %zu", i);
        signature[i] ^= 1;
    }
    digest.bytes[3] ^= 1;
    cr_assert_not(ed25519_verify(&item));
    digest.bytes[3] ^= 1;
    pair.public_key[0] ^= 1;
    cr_assert_not(ed25519_verify(&item));
    stamp_use(false);
}

Test(stamp, is_no_signature_and_a_signature_is_no_stamp)
{
    stamp_use(true);
    sign_digest(&pair, &digest, signature);
    stamp_use(false);
    cr_assert_not(ed25519_verify(&item));
    sign_digest(&pair, &digest, signature);
    cr_assert(ed25519_verify(&item));
    stamp_use(true);
    cr_assert_not(ed25519_verify(&item));
    stamp_use(false);
}
