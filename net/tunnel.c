/* tunnel.c: see tunnel.h.
 *
 *     LISTENING -> CALLED -> KNOWN -+
 *                                   +-> OPEN      every state -> OVER
 *     DIALLING ---------------------+
 *
 * Invariants: B1 held <= room.size. B2 before `proved`, no record longer than TUNNEL_FIRST_PLAIN + CHANNEL_OVERHEAD is waited for. */
#include "net/tunnel.h"

#include "base/assert.h"

#include <string.h>

#define PROLOGUE_BYTES (4u + 2u + HASH_BYTES)

_Static_assert(TUNNEL_ROOM_MIN >= TUNNEL_HELLO_BYTES, "a hello fits into the smallest room");
_Static_assert(TUNNEL_ROOM_MIN >= TUNNEL_SECOND_BYTES, "a second message fits into the smallest room");
_Static_assert(TUNNEL_FIRST_PLAIN <= CHANNEL_PLAINTEXT_MAX, "a first record is a record");

static void prologue_encode(const struct tunnel_identity *identity, uint8_t out[PROLOGUE_BYTES])
{
    struct writer writer;

    writer_init(&writer, out, PROLOGUE_BYTES);
    write_run(&writer, "WARD", 4);
    write_u16_le(&writer, TUNNEL_VERSION);
    write_run(&writer, identity->chain_id.bytes, HASH_BYTES);
    ASSERT(!writer.failed);
    ASSERT(writer.offset == PROLOGUE_BYTES);
}

static struct handshake_target target_of(const struct tunnel_identity *identity, const uint8_t responder_key[32], enum handshake_pattern pattern)
{
    struct handshake_target target = { .chain = identity->chain_id, .pattern = pattern };

    memcpy(target.responder_key, responder_key, sizeof target.responder_key);
    return target;
}

static enum tunnel_event tunnel_fail(struct tunnel *tunnel)
{
    tunnel_close(tunnel);
    return TUNNEL_BAD;
}

bool tunnel_dial(struct tunnel *tunnel, const struct tunnel_identity *identity, const struct tunnel_call *call, struct tunnel_span room, uint8_t hello[TUNNEL_HELLO_BYTES])
{
    uint8_t prologue[PROLOGUE_BYTES], *message = hello + HANDSHAKE_TAG_BYTES;

    ASSERT(room.size >= TUNNEL_ROOM_MIN);
    memset(tunnel, 0, sizeof *tunnel);
    tunnel->state = TUNNEL_DIALLING;
    tunnel->pattern = call->psk == NULL ? HANDSHAKE_IK : HANDSHAKE_IKPSK2;
    tunnel->room = room;
    memcpy(tunnel->peer_key, call->peer_key, sizeof tunnel->peer_key);
    prologue_encode(identity, prologue);
    struct handshake_setup setup = { .pattern = tunnel->pattern,
                                     .role = HANDSHAKE_INITIATOR,
                                     .self = identity->key,
                                     .peer_key = call->peer_key,
                                     .ephemeral_seed = call->seed,
                                     .prologue = bytes_of(prologue, sizeof prologue) };
    handshake_init(&tunnel->handshake, &setup);
    if (call->psk != NULL) {
        handshake_set_psk(&tunnel->handshake, call->psk);
    }
    if (handshake_write(&tunnel->handshake, bytes_of(NULL, 0), message) != HANDSHAKE_FIRST_BYTES) {
        tunnel_close(tunnel);
        return false;
    }
    struct handshake_target target = target_of(identity, call->peer_key, tunnel->pattern);
    handshake_hello_tag(&target, message, hello);
    return true;
}

void tunnel_listen(struct tunnel *tunnel, struct tunnel_span room)
{
    ASSERT(room.size >= TUNNEL_ROOM_MIN);
    memset(tunnel, 0, sizeof *tunnel);
    tunnel->state = TUNNEL_LISTENING;
    tunnel->room = room;
}

bool tunnel_hello_check(struct tunnel *tunnel, const struct tunnel_identity *identity)
{
    static const enum handshake_pattern patterns[] = { HANDSHAKE_IK, HANDSHAKE_IKPSK2 };
    const uint8_t *hello = tunnel->room.data;

    ASSERT(tunnel->state == TUNNEL_CALLED);
    ASSERT(tunnel->held == TUNNEL_HELLO_BYTES);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct handshake_target target = target_of(identity, identity->key->public_key, patterns[i]);
        if (handshake_hello_check(&target, hello + HANDSHAKE_TAG_BYTES, hello)) {
            tunnel->pattern = patterns[i];
            return true;
        }
    }
    tunnel_close(tunnel);
    return false;
}

bool tunnel_accept(struct tunnel *tunnel, const struct tunnel_identity *identity, const uint8_t seed[32])
{
    uint8_t prologue[PROLOGUE_BYTES];
    struct bytes message = bytes_of(tunnel->room.data + HANDSHAKE_TAG_BYTES, HANDSHAKE_FIRST_BYTES);

    ASSERT(tunnel->state == TUNNEL_CALLED);
    ASSERT(tunnel->held == TUNNEL_HELLO_BYTES);
    prologue_encode(identity, prologue);
    struct handshake_setup setup = { .pattern = tunnel->pattern,
                                     .role = HANDSHAKE_RESPONDER,
                                     .self = identity->key,
                                     .ephemeral_seed = seed,
                                     .prologue = bytes_of(prologue, sizeof prologue) };
    handshake_init(&tunnel->handshake, &setup);
    if (handshake_read(&tunnel->handshake, message, NULL) != VERDICT_OK) {
        tunnel_close(tunnel);
        return false;
    }
    memcpy(tunnel->peer_key, handshake_peer_key(&tunnel->handshake), sizeof tunnel->peer_key);
    tunnel->held = 0;
    tunnel->state = TUNNEL_KNOWN;
    return true;
}

static void tunnel_split(struct tunnel *tunnel)
{
    struct handshake_keys keys;

    handshake_split(&tunnel->handshake, &keys);
    channel_init(&tunnel->channel, &keys);
    secret_wipe(&keys, sizeof keys);
    tunnel->state = TUNNEL_OPEN;
}

bool tunnel_answer(struct tunnel *tunnel, const uint8_t *psk, uint8_t second[TUNNEL_SECOND_BYTES])
{
    ASSERT(tunnel->state == TUNNEL_KNOWN);
    ASSERT((psk != NULL) == (tunnel->pattern == HANDSHAKE_IKPSK2));
    if (psk != NULL) {
        handshake_set_psk(&tunnel->handshake, psk);
    }
    if (handshake_write(&tunnel->handshake, bytes_of(NULL, 0), second) != HANDSHAKE_SECOND_BYTES) {
        tunnel_close(tunnel);
        return false;
    }
    tunnel_split(tunnel);
    return true;
}

/* --- Receiving ---------------------------------------------------------------------------------------------------- */

/* tunnel_gather gives `wanted` bytes in one run: of the input itself when nothing was held and all are there, else of the room.
 * Gives: NULL when some are still to come; all input is then held. */
static uint8_t *tunnel_gather(struct tunnel *tunnel, struct tunnel_span *input, size_t wanted)
{
    ASSERT(wanted <= tunnel->room.size);
    ASSERT(tunnel->held <= wanted);
    uint8_t *run = input->data;
    size_t missing = wanted - tunnel->held;
    size_t size = input->size < missing ? input->size : missing;
    bool direct = tunnel->held == 0 && size == wanted;

    if (!direct) {
        if (size > 0) {
            memcpy(tunnel->room.data + tunnel->held, input->data, size);
        }
        tunnel->held += (uint32_t)size;
        run = tunnel->held == wanted ? tunnel->room.data : NULL;
    }
    input->data += size;
    input->size -= size;
    return run;
}

static enum tunnel_event receive_hello(struct tunnel *tunnel, struct tunnel_span *input)
{
    const uint8_t *hello = tunnel_gather(tunnel, input, TUNNEL_HELLO_BYTES);

    if (hello == NULL) {
        return TUNNEL_MORE;
    }
    if (hello != tunnel->room.data) {
        memcpy(tunnel->room.data, hello, TUNNEL_HELLO_BYTES); /* It must outlive the input. */
    }
    tunnel->held = TUNNEL_HELLO_BYTES;
    tunnel->state = TUNNEL_CALLED;
    return TUNNEL_HELLO;
}

static enum tunnel_event receive_second(struct tunnel *tunnel, struct tunnel_span *input)
{
    const uint8_t *second = tunnel_gather(tunnel, input, TUNNEL_SECOND_BYTES);

    if (second == NULL) {
        return TUNNEL_MORE;
    }
    tunnel->held = 0;
    if (handshake_read(&tunnel->handshake, bytes_of(second, TUNNEL_SECOND_BYTES), NULL) != VERDICT_OK) {
        return tunnel_fail(tunnel);
    }
    tunnel_split(tunnel);
    return TUNNEL_READY;
}

/* record_bytes gives the size of the record that begins here: 0 when no header is there yet, SIZE_MAX when no such record may come. One that holds nothing may not: whoever waits
 * for a frame would go from one to the next for as long as they come. */
static size_t record_bytes(const struct tunnel *tunnel, const struct tunnel_span *input)
{
    uint8_t header[CHANNEL_HEADER_BYTES];
    size_t there = 0;

    for (size_t i = 0; i < CHANNEL_HEADER_BYTES; i++) {
        if (i < tunnel->held) {
            header[there++] = tunnel->room.data[i];
        } else if (i - tunnel->held < input->size) {
            header[there++] = input->data[i - tunnel->held];
        }
    }
    if (there < CHANNEL_HEADER_BYTES) {
        return 0;
    }
    size_t bytes = channel_record_bytes(header);
    bool too_long = bytes > tunnel->room.size || (!tunnel->proved && bytes > TUNNEL_FIRST_PLAIN + CHANNEL_OVERHEAD);
    return bytes <= CHANNEL_OVERHEAD || too_long ? SIZE_MAX : bytes;
}

static enum tunnel_event receive_record(struct tunnel *tunnel, struct tunnel_span *input, struct bytes *plain)
{
    size_t bytes = record_bytes(tunnel, input);

    if (bytes == SIZE_MAX) {
        return tunnel_fail(tunnel);
    }
    uint8_t *record = tunnel_gather(tunnel, input, bytes == 0 ? CHANNEL_HEADER_BYTES : bytes);
    if (record == NULL || bytes == 0) {
        return TUNNEL_MORE;
    }
    tunnel->held = 0;
    uint8_t *out = record + CHANNEL_HEADER_BYTES;
    if (channel_open(&tunnel->channel, bytes_of(record, bytes), out) != VERDICT_OK) {
        return tunnel_fail(tunnel);
    }
    tunnel->proved = true;
    *plain = bytes_of(out, bytes - CHANNEL_OVERHEAD);
    return TUNNEL_PLAIN;
}

enum tunnel_event tunnel_receive(struct tunnel *tunnel, struct tunnel_span *input, struct bytes *plain)
{
    switch (tunnel->state) {
    case TUNNEL_LISTENING: return receive_hello(tunnel, input);
    case TUNNEL_DIALLING: return receive_second(tunnel, input);
    case TUNNEL_OPEN: return receive_record(tunnel, input, plain);
    case TUNNEL_CALLED:
    case TUNNEL_KNOWN:
    case TUNNEL_OVER: break;
    }
    ASSERT(tunnel->state == TUNNEL_OPEN); /* The caller has something else to do first. */
    return TUNNEL_BAD;
}

/* --- Sending and ending ------------------------------------------------------------------------------------------- */

size_t tunnel_seal(struct tunnel *tunnel, uint8_t *out, size_t size)
{
    ASSERT(tunnel->state == TUNNEL_OPEN);
    ASSERT(size <= CHANNEL_PLAINTEXT_MAX);
    return channel_seal(&tunnel->channel, bytes_of(out + CHANNEL_HEADER_BYTES, size), out);
}

void tunnel_move(struct tunnel *tunnel, struct tunnel_span room)
{
    ASSERT(tunnel->held <= room.size);
    if (tunnel->held > 0) {
        memcpy(room.data, tunnel->room.data, tunnel->held);
    }
    tunnel->room = room;
}

void tunnel_close(struct tunnel *tunnel)
{
    handshake_close(&tunnel->handshake);
    channel_close(&tunnel->channel);
    tunnel->state = TUNNEL_OVER;
    tunnel->held = 0;
}
