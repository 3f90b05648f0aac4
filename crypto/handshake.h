/* handshake.h: Noise_IK_25519_ChaChaPoly_SHA512 and Noise_IKpsk2_25519_ChaChaPoly_SHA512, sans-IO.
 *
 *     initiator                                              responder
 *        | -- first:  e, es, s, ss      [96 + payload] ------> |   proves that the initiator knows the responder's key and its own
 *        | <- second: e, ee, se, (psk)  [48 + payload] ------- |   proves that the responder is who was meant
 *
 * The initiator knows the responder's static key beforehand; the responder learns the initiator's from the first message. The first
 * message alone can be replayed and is not forward secret: Ward sends no payload with either, and believes a peer only after its
 * first record. Anything wrong ends the handshake for good, and its secrets are wiped.
 *
 * Before the first message stands a tag of 16 bytes, keyed by chain and responder, so that somebody who knows neither costs the
 * responder two hashes and no Diffie-Hellman. The tag is no authentication: both are known to all members.
 * Source: The Noise Protocol Framework, revision 34. */
#ifndef WARD_CRYPTO_HANDSHAKE_H
#define WARD_CRYPTO_HANDSHAKE_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/noise.h"

#define HANDSHAKE_FIRST_BYTES 96   /* of the first message without a payload: e 32, s 32 + 16, tag 16 */
#define HANDSHAKE_SECOND_BYTES 48  /* of the second: e 32, tag 16 */
#define HANDSHAKE_TAG_BYTES 16
#define HANDSHAKE_HELLO_BYTES (HANDSHAKE_TAG_BYTES + HANDSHAKE_FIRST_BYTES)

enum handshake_pattern {
    HANDSHAKE_IK = 0,
    HANDSHAKE_IKPSK2 = 1 /* with a key shared by the pair beforehand, which also protects recorded traffic against future computers */
};

enum handshake_role { HANDSHAKE_INITIATOR, HANDSHAKE_RESPONDER };

enum handshake_step {
    HANDSHAKE_FIRST,  /* the initiator writes, the responder reads */
    HANDSHAKE_SECOND, /* the responder writes, the initiator reads */
    HANDSHAKE_DONE,   /* split is next */
    HANDSHAKE_OVER    /* failed, or split; all secrets are wiped */
};

/* What a handshake begins with. Views; the handshake copies what it keeps, but for its own static key, which stays where the caller keeps it safe. */
struct handshake_setup {
    enum handshake_pattern pattern;
    enum handshake_role role;
    const struct kx_keypair *self; /* outlives the handshake */
    const uint8_t *peer_key;       /* 32 bytes: the responder's static key; NULL for a responder */
    const uint8_t *ephemeral_seed; /* 32 bytes from random_fill, fresh for every handshake */
    struct bytes prologue;         /* what both sides must agree on: protocol version, chain */
};

struct handshake {
    enum handshake_pattern pattern;
    enum handshake_role role;
    enum handshake_step step;
    bool has_psk;
    bool has_peer_key;
    struct noise_state noise;
    const struct kx_keypair *self; /* Owns: the caller */
    struct kx_keypair ephemeral;
    uint8_t peer_key[32];
    uint8_t peer_ephemeral[32];
    uint8_t psk[32];
};

/* What a completed handshake leaves behind. */
struct handshake_keys {
    uint8_t send[NOISE_KEY_BYTES];
    uint8_t receive[NOISE_KEY_BYTES];
    uint8_t hash[NOISE_HASH_BYTES]; /* names this session; equal on both sides */
};

/* handshake_init begins. Needs: a setup as its fields say. Cost: one scalar multiplication. */
void handshake_init(struct handshake *handshake, const struct handshake_setup *setup);

/* handshake_set_psk gives the key of the pair. Needs: pattern IKPSK2; before the second message is written or read. A responder looks
 * it up by handshake_peer_key. */
void handshake_set_psk(struct handshake *handshake, const uint8_t psk[32]);

/* handshake_write makes the message that is this side's to write.
 * Needs: out holds the message's fixed bytes and the payload's. Gives: the message's size; 0 when the peer's key has small order, which ends the handshake.
 * Cost: two Diffie-Hellman. */
size_t handshake_write(struct handshake *handshake, struct bytes payload, uint8_t *out);

/* handshake_read takes the message that is the peer's to write. Any bytes are safe.
 * Needs: payload holds message.size less the fixed bytes; NULL refuses a message that brings one.
 * Gives: OK; SHORT or TRAILING by size; LENGTH over 65,535; RANGE for a point of small order; SIGNATURE for anything that does not
 * authenticate. All but OK end the handshake. Cost: two Diffie-Hellman. */
enum verdict handshake_read(struct handshake *handshake, struct bytes message, uint8_t *payload);

/* handshake_peer_key gives the peer's static key. Needs: an initiator, or a responder that has read the first message. */
const uint8_t *handshake_peer_key(const struct handshake *handshake);

/* handshake_split gives the transport keys and wipes the handshake. Needs: step DONE. Owns: the caller wipes the keys. */
void handshake_split(struct handshake *handshake, struct handshake_keys *keys);

/* handshake_close wipes a handshake that is given up. */
void handshake_close(struct handshake *handshake);

/* Whom a first message is for. */
struct handshake_target {
    struct hash32 chain;      /* the genesis hash */
    uint8_t responder_key[32];
    enum handshake_pattern pattern;
};

/* handshake_hello_tag gives BLAKE2b-128, keyed by H("WARD/hello" || pattern u8 || chain || responder key), over the first message.
 * Cost: three compressions. */
void handshake_hello_tag(const struct handshake_target *target, const uint8_t message[HANDSHAKE_FIRST_BYTES], uint8_t tag[HANDSHAKE_TAG_BYTES]);

/* handshake_hello_check tells whether the tag is right, in constant time. Cost: the same. */
bool handshake_hello_check(const struct handshake_target *target, const uint8_t message[HANDSHAKE_FIRST_BYTES], const uint8_t tag[HANDSHAKE_TAG_BYTES]);

#endif
