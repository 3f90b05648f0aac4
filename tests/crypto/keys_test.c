/* keys_test.c: keys and signatures are those of the RFCs, and randomness is there. */
#include "crypto/keys.h"

#include "base/bytes.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

static void from_hex(const char *text, void *out, size_t size)
{
    cr_assert_eq(hex_decode(text, out, size), ERR_OK);
}

Test(keys, signing_key_of_a_seed_is_that_of_rfc_8032)
{
    uint8_t seed[32];
    uint8_t expected[32];
    struct sign_keypair pair;

    crypto_start();
    crypto_start(); /* a second start does nothing */
    from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, sizeof seed);
    from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", expected, sizeof expected);
    sign_keypair_from_seed(&pair, seed);
    cr_assert_arr_eq(pair.public_key, expected, sizeof expected);
}

Test(keys, exchange_key_of_a_seed_is_that_of_rfc_7748)
{
    uint8_t seed[32];
    uint8_t expected[32];
    struct kx_keypair pair;

    crypto_start();
    from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", seed, sizeof seed);
    from_hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", expected, sizeof expected);
    kx_keypair_from_seed(&pair, seed);
    cr_assert_arr_eq(pair.public_key, expected, sizeof expected);
}

Test(keys, signature_of_a_digest_verifies_and_is_deterministic)
{
    uint8_t first[64];
    uint8_t second[64];
    uint8_t seed[32] = { 1 };
    struct sign_keypair pair;
    struct hash32 digest = hash_one(HASH_TX, "x", 1);

    crypto_start();
    sign_keypair_from_seed(&pair, seed);
    sign_digest(&pair, &digest, first);
    sign_digest(&pair, &digest, second);
    cr_assert_arr_eq(first, second, sizeof first);
    cr_assert_eq(crypto_sign_verify_detached(first, digest.bytes, sizeof digest.bytes, pair.public_key), 0);
    digest.bytes[0] ^= 1;
    cr_assert_neq(crypto_sign_verify_detached(first, digest.bytes, sizeof digest.bytes, pair.public_key), 0);
}

Test(keys, wiped_memory_is_zero)
{
    uint8_t secret[64];

    memset(secret, 0xa5, sizeof secret);
    secret_wipe(secret, sizeof secret);
    cr_assert(bytes_are_zero(secret, sizeof secret));
}

Test(keys, random_fill_fills_every_byte_and_nothing_else)
{
    /* A kernel call gives at most 256 bytes without interruption, so the sizes lie on both sides of that. */
    static const size_t sizes[] = { 0, 1, 32, 255, 256, 257, 4096 };
    static uint8_t seen[4097];
    static uint8_t bytes[4097];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(seen, 0, sizeof seen);
        for (int round = 0; round < 8; round++) { /* that a byte is zero eight times has probability 2^-64 */
            memset(bytes, 0, sizeof bytes);
            random_fill(bytes, sizes[i]);
            cr_assert(bytes_are_zero(bytes + sizes[i], sizeof bytes - sizes[i]));
            for (size_t at = 0; at < sizes[i]; at++) {
                seen[at] |= bytes[at];
            }
        }
        for (size_t at = 0; at < sizes[i]; at++) {
            cr_assert(seen[at] != 0, "byte %zu of %zu stays zero", at, sizes[i]);
        }
    }
}
