/* handshake.c: the two messages of IK, token by token in the order of the paper.
 *
 *     IK:                          IKpsk2:
 *       <- s                         <- s
 *       ...                          ...
 *       -> e, es, s, ss              -> e, es, s, ss
 *       <- e, ee, se                 <- e, ee, se, psk
 *
 * With a psk every e is mixed into the key as well as into the hash. A DH token names the initiator's key first: `es` is the
 * initiator's ephemeral with the responder's static key, whoever computes it. */
#include "crypto/handshake.h"

#include "base/assert.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_scalarmult_curve25519.h>
#include <sodium/utils.h>
#include <string.h>

enum { KEY_BYTES = 32, SEALED_KEY_BYTES = KEY_BYTES + NOISE_TAG_BYTES };

_Static_assert(HANDSHAKE_FIRST_BYTES == KEY_BYTES + SEALED_KEY_BYTES + NOISE_TAG_BYTES, "e, s, payload");
_Static_assert(HANDSHAKE_SECOND_BYTES == KEY_BYTES + NOISE_TAG_BYTES, "e, payload");

void handshake_init(struct handshake *handshake, const struct handshake_setup *setup)
{
    static const char *const names[] = {
        [HANDSHAKE_IK] = "Noise_IK_25519_ChaChaPoly_SHA512",
        [HANDSHAKE_IKPSK2] = "Noise_IKpsk2_25519_ChaChaPoly_SHA512",
    };
    bool initiates = setup->role == HANDSHAKE_INITIATOR;

    ASSERT(initiates == (setup->peer_key != NULL));
    ASSERT(setup->self != NULL);
    memset(handshake, 0, sizeof *handshake);
    handshake->pattern = setup->pattern;
    handshake->role = setup->role;
    handshake->step = HANDSHAKE_FIRST;
    handshake->self = setup->self;
    kx_keypair_from_seed(&handshake->ephemeral, setup->ephemeral_seed);
    if (initiates) {
        memcpy(handshake->peer_key, setup->peer_key, KEY_BYTES);
        handshake->has_peer_key = true;
    }
    noise_state_init(&handshake->noise, names[setup->pattern]);
    noise_mix_hash(&handshake->noise, setup->prologue);
    noise_mix_hash(&handshake->noise, bytes_of(initiates ? setup->peer_key : setup->self->public_key, KEY_BYTES));
}

void handshake_set_psk(struct handshake *handshake, const uint8_t psk[32])
{
    ASSERT(handshake->pattern == HANDSHAKE_IKPSK2);
    ASSERT(handshake->step <= HANDSHAKE_SECOND);
    memcpy(handshake->psk, psk, KEY_BYTES);
    handshake->has_psk = true;
}

void handshake_close(struct handshake *handshake)
{
    secret_wipe(handshake, sizeof *handshake);
    handshake->step = HANDSHAKE_OVER;
}

/* --- Tokens ------------------------------------------------------------------------------------------------------- */

/* e, ours or the peer's. */
static void mix_ephemeral(struct handshake *handshake, const uint8_t key[KEY_BYTES])
{
    noise_mix_hash(&handshake->noise, bytes_of(key, KEY_BYTES));
    if (handshake->pattern == HANDSHAKE_IKPSK2) {
        noise_mix_key(&handshake->noise, key);
    }
}

/* es, ss, ee, se. libsodium reports the all-zero result, which only a point of small order gives. */
static bool mix_dh(struct handshake *handshake, const struct kx_keypair *own, const uint8_t peer[KEY_BYTES])
{
    uint8_t shared[KEY_BYTES];
    bool is_good = crypto_scalarmult_curve25519(shared, own->secret_key, peer) == 0;

    if (is_good) {
        noise_mix_key(&handshake->noise, shared);
    }
    secret_wipe(shared, sizeof shared);
    return is_good;
}

static void mix_psk(struct handshake *handshake)
{
    if (handshake->pattern == HANDSHAKE_IKPSK2) {
        ASSERT(handshake->has_psk);
        noise_mix_key_and_hash(&handshake->noise, handshake->psk);
    }
}

/* --- Messages ----------------------------------------------------------------------------------------------------- */

static bool first_write(struct handshake *handshake, struct bytes payload, uint8_t *out)
{
    struct noise_state *noise = &handshake->noise;
    uint8_t *sealed_key = out + KEY_BYTES;
    uint8_t *sealed_payload = sealed_key + SEALED_KEY_BYTES;

    memcpy(out, handshake->ephemeral.public_key, KEY_BYTES);
    mix_ephemeral(handshake, out);                                               /* e */
    return mix_dh(handshake, &handshake->ephemeral, handshake->peer_key)         /* es */
        && noise_seal_and_hash(noise, bytes_of(handshake->self->public_key, KEY_BYTES), sealed_key) /* s */
        && mix_dh(handshake, handshake->self, handshake->peer_key)               /* ss */
        && noise_seal_and_hash(noise, payload, sealed_payload);
}

static enum verdict first_read(struct handshake *handshake, struct bytes message, uint8_t *payload)
{
    struct noise_state *noise = &handshake->noise;
    struct bytes sealed_key = bytes_of(message.data + KEY_BYTES, SEALED_KEY_BYTES);
    struct bytes sealed_payload = bytes_of(message.data + KEY_BYTES + SEALED_KEY_BYTES, message.size - KEY_BYTES - SEALED_KEY_BYTES);

    memcpy(handshake->peer_ephemeral, message.data, KEY_BYTES);
    mix_ephemeral(handshake, handshake->peer_ephemeral);                          /* e */
    if (!mix_dh(handshake, handshake->self, handshake->peer_ephemeral)) {         /* es */
        return VERDICT_RANGE;
    }
    if (!noise_open_and_hash(noise, sealed_key, handshake->peer_key)) {           /* s */
        return VERDICT_SIGNATURE;
    }
    if (!mix_dh(handshake, handshake->self, handshake->peer_key)) {               /* ss */
        return VERDICT_RANGE;
    }
    handshake->has_peer_key = true;
    return noise_open_and_hash(noise, sealed_payload, payload) ? VERDICT_OK : VERDICT_SIGNATURE;
}

static bool second_write(struct handshake *handshake, struct bytes payload, uint8_t *out)
{
    memcpy(out, handshake->ephemeral.public_key, KEY_BYTES);
    mix_ephemeral(handshake, out);                                                /* e */
    if (!mix_dh(handshake, &handshake->ephemeral, handshake->peer_ephemeral)      /* ee */
        || !mix_dh(handshake, &handshake->ephemeral, handshake->peer_key)) {      /* se */
        return false;
    }
    mix_psk(handshake);                                                           /* psk */
    return noise_seal_and_hash(&handshake->noise, payload, out + KEY_BYTES);
}

static enum verdict second_read(struct handshake *handshake, struct bytes message, uint8_t *payload)
{
    struct bytes sealed_payload = bytes_of(message.data + KEY_BYTES, message.size - KEY_BYTES);

    memcpy(handshake->peer_ephemeral, message.data, KEY_BYTES);
    mix_ephemeral(handshake, handshake->peer_ephemeral);                          /* e */
    if (!mix_dh(handshake, &handshake->ephemeral, handshake->peer_ephemeral)      /* ee */
        || !mix_dh(handshake, handshake->self, handshake->peer_ephemeral)) {      /* se */
        return VERDICT_RANGE;
    }
    mix_psk(handshake);                                                           /* psk */
    return noise_open_and_hash(&handshake->noise, sealed_payload, payload) ? VERDICT_OK : VERDICT_SIGNATURE;
}

/* --- Order -------------------------------------------------------------------------------------------------------- */

size_t handshake_write(struct handshake *handshake, struct bytes payload, uint8_t *out)
{
    bool is_first = handshake->step == HANDSHAKE_FIRST;
    size_t size = payload.size + (is_first ? HANDSHAKE_FIRST_BYTES : HANDSHAKE_SECOND_BYTES);
    bool is_written;

    ASSERT(handshake->step == (handshake->role == HANDSHAKE_INITIATOR ? HANDSHAKE_FIRST : HANDSHAKE_SECOND));
    ASSERT(size <= NOISE_MESSAGE_MAX);
    is_written = is_first ? first_write(handshake, payload, out) : second_write(handshake, payload, out);
    if (!is_written) {
        handshake_close(handshake);
        return 0;
    }
    handshake->step = is_first ? HANDSHAKE_SECOND : HANDSHAKE_DONE;
    return size;
}

static enum verdict size_check(size_t size, size_t fixed, bool has_payload)
{
    if (size > NOISE_MESSAGE_MAX) {
        return VERDICT_LENGTH;
    }
    if (size < fixed) {
        return VERDICT_SHORT;
    }
    return size > fixed && !has_payload ? VERDICT_TRAILING : VERDICT_OK;
}

enum verdict handshake_read(struct handshake *handshake, struct bytes message, uint8_t *payload)
{
    bool is_first = handshake->step == HANDSHAKE_FIRST;
    enum verdict verdict = size_check(message.size, is_first ? HANDSHAKE_FIRST_BYTES : HANDSHAKE_SECOND_BYTES, payload != NULL);

    ASSERT(handshake->step == (handshake->role == HANDSHAKE_RESPONDER ? HANDSHAKE_FIRST : HANDSHAKE_SECOND));
    if (verdict == VERDICT_OK) {
        verdict = is_first ? first_read(handshake, message, payload) : second_read(handshake, message, payload);
    }
    if (verdict != VERDICT_OK) {
        handshake_close(handshake);
        return verdict;
    }
    handshake->step = is_first ? HANDSHAKE_SECOND : HANDSHAKE_DONE;
    return VERDICT_OK;
}

const uint8_t *handshake_peer_key(const struct handshake *handshake)
{
    ASSERT(handshake->has_peer_key);
    return handshake->peer_key;
}

void handshake_split(struct handshake *handshake, struct handshake_keys *keys)
{
    bool initiates = handshake->role == HANDSHAKE_INITIATOR;

    ASSERT(handshake->step == HANDSHAKE_DONE);
    memcpy(keys->hash, handshake->noise.hash, sizeof keys->hash);
    noise_split(&handshake->noise, initiates ? keys->send : keys->receive, initiates ? keys->receive : keys->send);
    handshake_close(handshake);
}

/* --- The tag before the first message ----------------------------------------------------------------------------- */

void handshake_hello_tag(const struct handshake_target *target, const uint8_t message[HANDSHAKE_FIRST_BYTES], uint8_t tag[HANDSHAKE_TAG_BYTES])
{
    struct hasher hasher;
    struct hash32 key;
    int code;

    hash_init(&hasher, HASH_HELLO);
    hash_update_u8(&hasher, (uint8_t)target->pattern);
    hash_update(&hasher, target->chain.bytes, sizeof target->chain.bytes);
    hash_update(&hasher, target->responder_key, sizeof target->responder_key);
    key = hash_final(&hasher);
    code = crypto_generichash_blake2b(tag, HANDSHAKE_TAG_BYTES, message, HANDSHAKE_FIRST_BYTES, key.bytes, sizeof key.bytes);
    ASSERT(code == 0);
}

bool handshake_hello_check(const struct handshake_target *target, const uint8_t message[HANDSHAKE_FIRST_BYTES], const uint8_t tag[HANDSHAKE_TAG_BYTES])
{
    uint8_t expected[HANDSHAKE_TAG_BYTES];

    handshake_hello_tag(target, message, expected);
    return sodium_memcmp(expected, tag, sizeof expected) == 0;
}
