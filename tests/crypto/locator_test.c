/* locator_test.c: a locator has one size, opens for patient and grantee, and for nobody after any change. */
#include "crypto/locator.h"

#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

TestSuite(locator, .init = crypto_start);

static struct kx_keypair patient;
static struct locator_recipient recipient;
static struct locator_entropy entropy;
static uint8_t content[LOCATOR_CONTENT_MAX];
static uint8_t sealed[LOCATOR_SEALED_BYTES];

static void seal_content(size_t size)
{
    uint8_t seed[32];

    bytes_by_number(1, seed, sizeof seed);
    kx_keypair_from_seed(&patient, seed);
    recipient.kx_epoch = 0x01020304;
    memcpy(recipient.public_key, patient.public_key, sizeof recipient.public_key);
    bytes_by_number(2, &entropy, sizeof entropy);
    bytes_by_number(3, content, sizeof content);
    cr_assert(locator_seal(sealed, bytes_of(content, size), &recipient, &entropy));
}

static struct bytes sealed_bytes(void)
{
    return bytes_of(sealed, sizeof sealed);
}

Test(locator, content_of_every_size_comes_back_for_patient_and_grantee)
{
    for (size_t size = 0; size <= LOCATOR_CONTENT_MAX; size++) {
        uint8_t record_key[SEAL_KEY_BYTES], plain[LOCATOR_PLAIN_BYTES];
        struct bytes opened;

        seal_content(size);
        cr_assert_eq(locator_epoch(sealed), 0x01020304);
        cr_assert_eq(locator_record_key(sealed_bytes(), &patient, record_key), VERDICT_OK);
        cr_assert_arr_eq(record_key, entropy.record_key, sizeof record_key);
        cr_assert_eq(locator_open(sealed_bytes(), record_key, plain, &opened), VERDICT_OK);
        cr_assert_eq(opened.size, size);
        cr_assert_arr_eq(opened.data, content, size);
    }
}

Test(locator, layout_is_the_one_of_the_header)
{
    seal_content(10);
    cr_assert_arr_eq(sealed, "\x01\x01\x02\x03\x04", 5);
    cr_assert_arr_eq(sealed + 85, entropy.nonce, sizeof entropy.nonce);
    cr_assert_eq(LOCATOR_SEALED_BYTES, 1 + 4 + 80 + 24 + 384 + 16);
}

Test(locator, each_flipped_bit_is_refused)
{
    uint8_t record_key[SEAL_KEY_BYTES], plain[LOCATOR_PLAIN_BYTES];
    struct bytes opened;

    seal_content(100);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        enum verdict key_verdict, verdict;

        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        verdict = locator_open(sealed_bytes(), entropy.record_key, plain, &opened);
        cr_assert_eq(verdict, bit < 8 ? VERDICT_VERSION : VERDICT_SIGNATURE, "bit %zu", bit);
        key_verdict = locator_record_key(sealed_bytes(), &patient, record_key);
        cr_assert_eq(key_verdict, bit < 8 ? VERDICT_VERSION : bit >= 40 && bit < 8 * 85 ? VERDICT_SIGNATURE : VERDICT_OK, "bit %zu", bit);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

Test(locator, each_other_size_is_refused)
{
    uint8_t record_key[SEAL_KEY_BYTES], plain[LOCATOR_PLAIN_BYTES], longer[LOCATOR_SEALED_BYTES + 1] = { 0 };
    struct bytes opened;

    seal_content(1);
    memcpy(longer, sealed, sizeof sealed);
    for (size_t size = 0; size <= sizeof longer; size++) {
        enum verdict expected = size == LOCATOR_SEALED_BYTES ? VERDICT_OK : VERDICT_LENGTH;
        cr_assert_eq(locator_record_key(bytes_of(longer, size), &patient, record_key), expected);
        cr_assert_eq(locator_open(bytes_of(longer, size), entropy.record_key, plain, &opened), expected);
    }
}

/* A custodian seals what it likes: a plaintext of another form is refused although its tag is right. */
Test(locator, plaintext_of_another_form_is_refused)
{
    static const struct { size_t at; uint8_t value; enum verdict verdict; } table[] = {
        { 0, 0x00, VERDICT_OK },     { 0, 0x01, VERDICT_OK },         { 0, 0x02, VERDICT_LENGTH },
        { 2, 0x01, VERDICT_RESERVED }, { 383, 0x80, VERDICT_RESERVED },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t plain[LOCATOR_PLAIN_BYTES] = { 0 };
        struct bytes opened;

        seal_content(0);
        plain[table[i].at] = table[i].value;
        crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 109, NULL, plain, sizeof plain, sealed, 85, NULL, entropy.nonce, entropy.record_key);
        cr_assert_eq(locator_open(sealed_bytes(), entropy.record_key, plain, &opened), table[i].verdict, "row %zu", i);
    }
}

Test(locator, patient_key_of_small_order_is_refused)
{
    seal_content(0);
    memset(recipient.public_key, 0, sizeof recipient.public_key);
    cr_assert(!locator_seal(sealed, bytes_of(content, 0), &recipient, &entropy));
}
