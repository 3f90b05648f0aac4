/* noise_test.c: what the public vectors of the handshake do not reach: nonces at their end, rekey, and opening in place. */
#include "crypto/noise.h"

#include "crypto/keys.h"
#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

TestSuite(noise, .init = crypto_start);

static struct noise_cipher cipher_at(uint64_t nonce)
{
    struct noise_cipher cipher = { .nonce = nonce };

    bytes_by_number(1, cipher.key, sizeof cipher.key);
    return cipher;
}

Test(noise, nonce_is_four_zeros_and_the_count_little_endian)
{
    const uint8_t nonce[12] = { 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1 };
    struct noise_cipher cipher = cipher_at(0x0102030405060708);
    uint8_t expected[4 + NOISE_TAG_BYTES], sealed[4 + NOISE_TAG_BYTES];

    crypto_aead_chacha20poly1305_ietf_encrypt(expected, NULL, (const uint8_t *)"ward", 4, (const uint8_t *)"x", 1, NULL, nonce, cipher.key);
    cr_assert(noise_cipher_seal(&cipher, bytes_of("x", 1), bytes_of("ward", 4), sealed));
    cr_assert_arr_eq(sealed, expected, sizeof sealed);
    cr_assert_eq(cipher.nonce, 0x0102030405060709);
}

Test(noise, last_nonce_is_never_used)
{
    uint8_t sealed[NOISE_TAG_BYTES];
    struct noise_cipher sender = cipher_at(UINT64_MAX - 1);
    struct noise_cipher receiver = cipher_at(UINT64_MAX - 1);
    struct bytes nothing = bytes_of(NULL, 0);

    cr_assert(noise_cipher_seal(&sender, nothing, nothing, sealed));
    cr_assert(noise_cipher_open(&receiver, nothing, bytes_of(sealed, sizeof sealed), NULL));
    cr_assert(!noise_cipher_seal(&sender, nothing, nothing, sealed), "2^64 - 1 is kept for rekey");
    cr_assert(!noise_cipher_open(&receiver, nothing, bytes_of(sealed, sizeof sealed), NULL));
    cr_assert_eq(sender.nonce, UINT64_MAX, "and the count does not wrap");
    cr_assert_eq(receiver.nonce, UINT64_MAX);
}

Test(noise, rekey_is_the_first_half_of_sealed_zeros_and_keeps_the_nonce)
{
    const uint8_t zeros[32] = { 0 };
    uint8_t nonce[12];
    uint8_t expected[32 + 16];
    struct noise_cipher cipher = cipher_at(5);

    memset(nonce, 0xff, sizeof nonce);
    memset(nonce, 0, 4);
    crypto_aead_chacha20poly1305_ietf_encrypt(expected, NULL, zeros, sizeof zeros, NULL, 0, NULL, nonce, cipher.key);
    noise_cipher_rekey(&cipher);
    cr_assert_arr_eq(cipher.key, expected, 32);
    cr_assert_eq(cipher.nonce, 5);
}

Test(noise, message_is_sealed_and_opened_in_place)
{
    uint8_t buffer[64 + NOISE_TAG_BYTES];
    uint8_t plain[64];
    struct noise_cipher sender = cipher_at(0);
    struct noise_cipher receiver = cipher_at(0);

    bytes_by_number(2, plain, sizeof plain);
    memcpy(buffer, plain, sizeof plain);
    cr_assert(noise_cipher_seal(&sender, bytes_of("x", 1), bytes_of(buffer, sizeof plain), buffer));
    cr_assert_arr_neq(buffer, plain, sizeof plain);
    cr_assert(noise_cipher_open(&receiver, bytes_of("x", 1), bytes_of(buffer, sizeof buffer), buffer));
    cr_assert_arr_eq(buffer, plain, sizeof plain);
}

Test(noise, message_that_does_not_open_leaves_nothing_and_the_nonce)
{
    uint8_t sealed[8 + NOISE_TAG_BYTES];
    struct noise_cipher sender = cipher_at(0);

    cr_assert(noise_cipher_seal(&sender, bytes_of("x", 1), bytes_of("12345678", 8), sealed));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        struct noise_cipher receiver = cipher_at(0);
        uint8_t opened[8];

        memset(opened, 0xaa, sizeof opened);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(!noise_cipher_open(&receiver, bytes_of("x", 1), bytes_of(sealed, sizeof sealed), opened));
        cr_assert_eq(receiver.nonce, 0);
        cr_assert(memmem("12345678", 8, opened, 2) == NULL);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

Test(noise, protocol_name_is_padded_with_zeros)
{
    struct noise_state state;
    uint8_t expected[NOISE_HASH_BYTES] = "Noise_IK_25519_ChaChaPoly_SHA512";

    noise_state_init(&state, "Noise_IK_25519_ChaChaPoly_SHA512");
    cr_assert_arr_eq(state.hash, expected, sizeof expected);
    cr_assert_arr_eq(state.chaining_key, expected, sizeof expected);
}
