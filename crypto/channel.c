/* channel.c: nonces by counting, keys by counting, and one way to close. */
#include "crypto/channel.h"

#include "base/assert.h"

#include <string.h>

_Static_assert(NOISE_MESSAGE_MAX == UINT16_MAX, "a length fits the header");

void channel_init(struct channel *channel, const struct handshake_keys *keys)
{
    memset(channel, 0, sizeof *channel);
    memcpy(channel->send.key, keys->send, sizeof channel->send.key);
    memcpy(channel->receive.key, keys->receive, sizeof channel->receive.key);
}

void channel_close(struct channel *channel)
{
    secret_wipe(channel, sizeof *channel);
    channel->closed = true;
}

/* Both ends count alike, so neither has to tell the other. */
static void rekey_when_due(struct noise_cipher *cipher)
{
    if (cipher->nonce % CHANNEL_REKEY_RECORDS == 0) {
        noise_cipher_rekey(cipher);
    }
}

size_t channel_seal(struct channel *channel, struct bytes plaintext, uint8_t *out)
{
    size_t length = plaintext.size + NOISE_TAG_BYTES;
    uint8_t header[CHANNEL_HEADER_BYTES];

    ASSERT(plaintext.size <= CHANNEL_PLAINTEXT_MAX);
    if (channel->closed) {
        return 0;
    }
    header[0] = (uint8_t)length;
    header[1] = (uint8_t)(length >> 8);
    if (!noise_cipher_seal(&channel->send, bytes_of(header, sizeof header), plaintext, out + CHANNEL_HEADER_BYTES)) {
        channel_close(channel);
        return 0;
    }
    memcpy(out, header, sizeof header);
    rekey_when_due(&channel->send);
    return CHANNEL_HEADER_BYTES + length;
}

size_t channel_record_bytes(const uint8_t header[CHANNEL_HEADER_BYTES])
{
    size_t length = (size_t)header[0] | (size_t)header[1] << 8;

    return length < NOISE_TAG_BYTES ? 0 : CHANNEL_HEADER_BYTES + length;
}

static enum verdict record_check(const struct channel *channel, struct bytes record)
{
    if (channel->closed || channel->receive.nonce == UINT64_MAX) {
        return VERDICT_STALE;
    }
    if (record.size < CHANNEL_OVERHEAD) {
        return VERDICT_SHORT;
    }
    return channel_record_bytes(record.data) == record.size ? VERDICT_OK : VERDICT_LENGTH;
}

enum verdict channel_open(struct channel *channel, struct bytes record, uint8_t *out)
{
    enum verdict verdict = record_check(channel, record);

    if (verdict == VERDICT_OK) {
        struct bytes header = bytes_of(record.data, CHANNEL_HEADER_BYTES);
        struct bytes ciphertext = bytes_of(record.data + CHANNEL_HEADER_BYTES, record.size - CHANNEL_HEADER_BYTES);
        verdict = noise_cipher_open(&channel->receive, header, ciphertext, out) ? VERDICT_OK : VERDICT_SIGNATURE;
    }
    if (verdict != VERDICT_OK) {
        channel_close(channel);
        return verdict;
    }
    rekey_when_due(&channel->receive);
    return VERDICT_OK;
}
