/* locator.c: the layout of the header, and nothing else. */
#include "crypto/locator.h"

#include "base/assert.h"

#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <string.h>

enum {
    AT_EPOCH = 1,
    AT_KEY = 5,
    AT_NONCE = AT_KEY + SEAL_SEALED_BYTES,
    AT_CIPHERTEXT = AT_NONCE + LOCATOR_NONCE_BYTES,
    CIPHERTEXT_BYTES = LOCATOR_PLAIN_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

_Static_assert(AT_CIPHERTEXT + CIPHERTEXT_BYTES == LOCATOR_SEALED_BYTES, "the parts add up");
_Static_assert(LOCATOR_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "record key");

bool locator_seal(uint8_t sealed[LOCATOR_SEALED_BYTES], struct bytes content, const struct locator_recipient *recipient, const struct locator_entropy *entropy)
{
    uint8_t plain[LOCATOR_PLAIN_BYTES] = { 0 };
    struct writer writer;

    ASSERT(content.size <= LOCATOR_CONTENT_MAX);
    writer_init(&writer, plain, sizeof plain);
    write_u16_be(&writer, (uint16_t)content.size);
    write_run(&writer, content.data, content.size);
    ASSERT(!writer.failed);
    writer_init(&writer, sealed, AT_KEY);
    write_u8(&writer, LOCATOR_VERSION);
    write_u32_be(&writer, recipient->kx_epoch);
    ASSERT(writer.offset == AT_KEY);
    if (!seal_key(sealed + AT_KEY, entropy->record_key, recipient->public_key, entropy->ephemeral_seed)) {
        return false;
    }
    memcpy(sealed + AT_NONCE, entropy->nonce, LOCATOR_NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + AT_CIPHERTEXT, NULL, plain, sizeof plain, sealed, AT_NONCE, NULL, entropy->nonce, entropy->record_key);
    secret_wipe(plain, sizeof plain);
    return true;
}

uint32_t locator_epoch(const uint8_t sealed[LOCATOR_SEALED_BYTES])
{
    struct reader reader;

    reader_init(&reader, sealed + AT_EPOCH, 4);
    return read_u32_be(&reader);
}

static enum verdict header_check(struct bytes sealed)
{
    if (sealed.size != LOCATOR_SEALED_BYTES) {
        return VERDICT_LENGTH;
    }
    return sealed.data[0] == LOCATOR_VERSION ? VERDICT_OK : VERDICT_VERSION;
}

enum verdict locator_record_key(struct bytes sealed, const struct kx_keypair *pair, uint8_t record_key[SEAL_KEY_BYTES])
{
    enum verdict verdict = header_check(sealed);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return seal_open(record_key, sealed.data + AT_KEY, pair) ? VERDICT_OK : VERDICT_SIGNATURE;
}

enum verdict locator_open(struct bytes sealed, const uint8_t record_key[SEAL_KEY_BYTES], uint8_t plain[LOCATOR_PLAIN_BYTES], struct bytes *content)
{
    enum verdict verdict = header_check(sealed);
    struct reader reader;
    size_t size;
    int code;

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    code = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.data + AT_CIPHERTEXT, CIPHERTEXT_BYTES, sealed.data, AT_NONCE, sealed.data + AT_NONCE, record_key);
    if (code != 0) {
        return VERDICT_SIGNATURE;
    }
    reader_init(&reader, plain, LOCATOR_PLAIN_BYTES);
    size = read_u16_be(&reader);
    if (size > LOCATOR_CONTENT_MAX) {
        return VERDICT_LENGTH;
    }
    *content = bytes_of(read_run(&reader, size), size);
    return read_zeros(&reader, reader_left(&reader)) ? VERDICT_OK : VERDICT_RESERVED;
}
