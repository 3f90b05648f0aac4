/* locator_fuzz.c: what opens as a locator seals to the same bytes again; any change of a sealed one is refused.
 *
 * Input: choice u8, then bytes.
 *   choice 0: the bytes are a plaintext, sealed by a custodian that may break the form
 *   choice 1: the bytes are changes (position u16, mask u8) of a sealed locator
 *   else:     the bytes are the sealed locator */
#include "crypto/locator.h"

#include "tests/fuzz/fuzz.h"

#include <sodium.h>

enum { SEALED_MAX = 2 * LOCATOR_SEALED_BYTES, HEADER_BYTES = 85, NONCE_END = 109 };

static const struct locator_entropy entropy = { .record_key = { 1 }, .ephemeral_seed = { 2 }, .nonce = { 3 } };

static void seal(struct kx_keypair *pair, struct bytes content, uint8_t sealed[LOCATOR_SEALED_BYTES])
{
    static const uint8_t seed[32] = { 4 };
    struct locator_recipient recipient = { .kx_epoch = 7 };
    bool is_sealed;

    kx_keypair_from_seed(pair, seed);
    memcpy(recipient.public_key, pair->public_key, sizeof recipient.public_key);
    is_sealed = locator_seal(sealed, content, &recipient, &entropy);
    CHECK(is_sealed);
}

static void fuzz_plaintext(const uint8_t *data, size_t size)
{
    uint8_t sealed[LOCATOR_SEALED_BYTES], again[LOCATOR_SEALED_BYTES], forged[LOCATOR_PLAIN_BYTES] = { 0 }, plain[LOCATOR_PLAIN_BYTES];
    struct kx_keypair pair;
    struct bytes content;

    seal(&pair, bytes_of(NULL, 0), sealed);
    memcpy(forged, data, size < sizeof forged ? size : sizeof forged);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_END, NULL, forged, sizeof forged, sealed, HEADER_BYTES, NULL, entropy.nonce, entropy.record_key);
    if (locator_open(bytes_of(sealed, sizeof sealed), entropy.record_key, plain, &content) == VERDICT_OK) {
        seal(&pair, content, again);
        CHECK(memcmp(again, sealed, sizeof sealed) == 0);
    }
}

static void fuzz_changes(const uint8_t *data, size_t size)
{
    uint8_t sealed[LOCATOR_SEALED_BYTES], original[LOCATOR_SEALED_BYTES], plain[LOCATOR_PLAIN_BYTES], key[SEAL_KEY_BYTES];
    struct kx_keypair pair;
    struct bytes content;
    bool is_same;

    seal(&pair, bytes_of("content", 7), original);
    memcpy(sealed, original, sizeof sealed);
    for (size_t i = 0; i + 2 < size; i += 3) {
        sealed[((size_t)data[i] << 8 | data[i + 1]) % sizeof sealed] ^= data[i + 2];
    }
    is_same = memcmp(sealed, original, sizeof sealed) == 0;
    CHECK(!is_same || locator_epoch(sealed) == 7);
    CHECK((locator_open(bytes_of(sealed, sizeof sealed), entropy.record_key, plain, &content) == VERDICT_OK) == is_same);
    if (locator_record_key(bytes_of(sealed, sizeof sealed), &pair, key) == VERDICT_OK) {
        CHECK(memcmp(key, entropy.record_key, sizeof key) == 0);
    } else {
        CHECK(!is_same);
    }
}

static void fuzz_bytes(const uint8_t *data, size_t size)
{
    uint8_t sealed[LOCATOR_SEALED_BYTES], plain[LOCATOR_PLAIN_BYTES], key[SEAL_KEY_BYTES];
    struct kx_keypair pair;
    struct bytes content;

    seal(&pair, bytes_of(NULL, 0), sealed);
    (void)locator_record_key(bytes_of(data, size), &pair, key);
    if (locator_open(bytes_of(data, size), entropy.record_key, plain, &content) == VERDICT_OK) {
        CHECK(content.size <= LOCATOR_CONTENT_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > SEALED_MAX) {
        return 0;
    }
    crypto_start();
    if (data[0] == 0) {
        fuzz_plaintext(data + 1, size - 1);
    } else if (data[0] == 1) {
        fuzz_changes(data + 1, size - 1);
    } else {
        fuzz_bytes(data + 1, size - 1);
    }
    return 0;
}
