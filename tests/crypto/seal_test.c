/* seal_test.c: a sealed key is libsodium's sealed box, and opens for its recipient alone. */
#include "crypto/seal.h"

#include "base/bytes.h"
#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

TestSuite(seal, .init = crypto_start);

static struct kx_keypair pair_by_number(uint64_t number)
{
    struct kx_keypair pair;
    uint8_t seed[32];

    bytes_by_number(number, seed, sizeof seed);
    kx_keypair_from_seed(&pair, seed);
    return pair;
}

Test(seal, sealed_key_opens_for_its_recipient_alone)
{
    for (uint64_t round = 0; round < 20; round++) {
        const struct kx_keypair recipient = pair_by_number(round), other = pair_by_number(round + 1);
        uint8_t key[32], seed[32], opened[32], sealed[SEAL_SEALED_BYTES];

        bytes_by_number(100 + round, key, sizeof key);
        bytes_by_number(200 + round, seed, sizeof seed);
        cr_assert(seal_key(sealed, key, recipient.public_key, seed));
        cr_assert(seal_open(opened, sealed, &recipient));
        cr_assert_arr_eq(opened, key, sizeof key);
        cr_assert(!seal_open(opened, sealed, &other));
    }
}

Test(seal, form_is_that_of_libsodium_in_both_directions)
{
    const struct kx_keypair recipient = pair_by_number(1);
    uint8_t key[32], seed[32], opened[32], sealed[SEAL_SEALED_BYTES];

    bytes_by_number(2, key, sizeof key);
    bytes_by_number(3, seed, sizeof seed);
    cr_assert(seal_key(sealed, key, recipient.public_key, seed));
    cr_assert_eq(crypto_box_seal_open(opened, sealed, sizeof sealed, recipient.public_key, recipient.secret_key), 0);
    cr_assert_arr_eq(opened, key, sizeof key);
    cr_assert_eq(crypto_box_seal(sealed, key, sizeof key, recipient.public_key), 0);
    cr_assert(seal_open(opened, sealed, &recipient));
    cr_assert_arr_eq(opened, key, sizeof key);
}

Test(seal, each_flipped_bit_is_refused)
{
    const struct kx_keypair recipient = pair_by_number(1);
    const uint8_t key[32] = { 1 }, seed[32] = { 2 };
    uint8_t opened[32], sealed[SEAL_SEALED_BYTES];

    cr_assert(seal_key(sealed, key, recipient.public_key, seed));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(!seal_open(opened, sealed, &recipient), "bit %zu", bit);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

Test(seal, keys_of_small_order_are_refused)
{
    const struct kx_keypair recipient = pair_by_number(1);
    const uint8_t key[32] = { 1 }, seed[32] = { 2 };
    uint8_t opened[32], sealed[SEAL_SEALED_BYTES] = { 0 };

    for (uint8_t u = 0; u < 2; u++) {
        const uint8_t small[32] = { u };
        cr_assert(!seal_key(sealed, key, small, seed));
        memcpy(sealed, small, sizeof small);
        cr_assert(!seal_open(opened, sealed, &recipient));
    }
}
