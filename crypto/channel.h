/* channel.h: records over the two keys of a completed handshake, sans-IO.
 *
 *     record   | length u16 little-endian | ciphertext | tag 16 |      length counts ciphertext and tag, and is authenticated
 *
 * Each direction counts its records; the count is the nonce, so a record that is lost, repeated or out of order does not open. After
 * every 2^16 records both ends derive the direction's next key. The first record that does not open closes the channel for good. */
#ifndef WARD_CRYPTO_CHANNEL_H
#define WARD_CRYPTO_CHANNEL_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/handshake.h"
#include "crypto/noise.h"

#define CHANNEL_HEADER_BYTES 2
#define CHANNEL_OVERHEAD (CHANNEL_HEADER_BYTES + NOISE_TAG_BYTES)
#define CHANNEL_PLAINTEXT_MAX (NOISE_MESSAGE_MAX - NOISE_TAG_BYTES)
#define CHANNEL_RECORD_MAX (CHANNEL_HEADER_BYTES + NOISE_MESSAGE_MAX)
#define CHANNEL_REKEY_RECORDS 65536 /* of one direction under one key */

struct channel {
    struct noise_cipher send;    /* nonce: records sealed so far */
    struct noise_cipher receive; /* nonce: records opened so far */
    bool closed;
};

/* channel_init takes over the keys. Owns: the caller wipes its copy. */
void channel_init(struct channel *channel, const struct handshake_keys *keys);

/* channel_seal makes a record.
 * Needs: plaintext.size <= CHANNEL_PLAINTEXT_MAX; out holds plaintext.size + CHANNEL_OVERHEAD; the plaintext may lie at out + CHANNEL_HEADER_BYTES, else apart.
 * Gives: the record's size; 0 when the channel is closed or its nonces are used up. Cost: one pass. */
size_t channel_seal(struct channel *channel, struct bytes plaintext, uint8_t *out);

/* channel_record_bytes gives the size of the whole record that begins with this header; 0 when no record does: then channel_close. */
size_t channel_record_bytes(const uint8_t header[CHANNEL_HEADER_BYTES]);

/* channel_open opens one whole record. Any bytes are safe.
 * Needs: out holds record.size less CHANNEL_OVERHEAD; it may be the place of the ciphertext in the record, else apart.
 * Gives: OK; SHORT or LENGTH when the size is not the header's; SIGNATURE when the tag is wrong; STALE when the channel is closed or its
 * nonces are used up. All but OK close the channel, and out holds nothing of the record. Cost: one pass. */
enum verdict channel_open(struct channel *channel, struct bytes record, uint8_t *out);

/* channel_close wipes the keys; nothing is sealed or opened after. */
void channel_close(struct channel *channel);

#endif
