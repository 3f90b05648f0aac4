/* handshake_fuzz.c: a message that is not, to the byte, what the peer wrote never completes a handshake.
 *
 * Input: choice u8, then bytes.
 *   choice bit 0: the pattern; bit 1: which message; bit 2: whether a payload is allowed for
 *   choice bit 3: the bytes are the message; else they are changes (position u8, mask u8) of the peer's message */
#include "crypto/handshake.h"

#include "tests/fuzz/fuzz.h"


enum { MESSAGE_MAX = 512 };

static void start(struct handshake *handshake, enum handshake_pattern pattern, enum handshake_role role)
{
    static const uint8_t seeds[4][32] = { { 1 }, { 2 }, { 3 }, { 4 } };
    static const uint8_t psk[32] = { 5 };
    static struct kx_keypair keys[2]; /* A handshake looks at its own as long as it lasts. */
    bool initiates = role == HANDSHAKE_INITIATOR;
    struct handshake_setup setup = { .pattern = pattern, .role = role, .self = &keys[initiates ? 0 : 1], .prologue = bytes_of("fuzz", 4) };

    kx_keypair_from_seed(&keys[0], seeds[0]);
    kx_keypair_from_seed(&keys[1], seeds[1]);
    setup.peer_key = initiates ? keys[1].public_key : NULL;
    setup.ephemeral_seed = seeds[initiates ? 2 : 3];
    handshake_init(handshake, &setup);
    if (pattern == HANDSHAKE_IKPSK2) {
        handshake_set_psk(handshake, psk);
    }
}

/* Makes the message that `reader` waits for. Gives: its size. */
static size_t peer_message(struct handshake *reader, enum handshake_pattern pattern, bool is_second, uint8_t message[MESSAGE_MAX])
{
    struct handshake writer;
    size_t size;

    start(&writer, pattern, is_second ? HANDSHAKE_RESPONDER : HANDSHAKE_INITIATOR);
    start(reader, pattern, is_second ? HANDSHAKE_INITIATOR : HANDSHAKE_RESPONDER);
    if (is_second) {
        size = handshake_write(reader, bytes_of(NULL, 0), message);
        CHECK(handshake_read(&writer, bytes_of(message, size), NULL) == VERDICT_OK);
    }
    return handshake_write(&writer, bytes_of(NULL, 0), message);
}

/* The tag of the peer's first message fits no other message. */
static void check_hello(const uint8_t original[HANDSHAKE_FIRST_BYTES], const uint8_t message[HANDSHAKE_FIRST_BYTES])
{
    const struct handshake_target target = { .pattern = HANDSHAKE_IK, .responder_key = { 6 } };
    uint8_t tag[HANDSHAKE_TAG_BYTES];

    handshake_hello_tag(&target, original, tag);
    CHECK(handshake_hello_check(&target, message, tag) == (memcmp(original, message, HANDSHAKE_FIRST_BYTES) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct handshake_keys keys;
    uint8_t message[MESSAGE_MAX], original[MESSAGE_MAX], payload[MESSAGE_MAX];
    struct handshake reader;
    enum verdict verdict;
    size_t original_size, message_size;

    if (size < 1 || size > MESSAGE_MAX) {
        return 0;
    }
    crypto_start();
    original_size = peer_message(&reader, (enum handshake_pattern)(data[0] & 1), (data[0] & 2) != 0, original);
    message_size = (data[0] & 8) != 0 ? size - 1 : original_size;
    memcpy(message, (data[0] & 8) != 0 ? data + 1 : original, message_size);
    for (size_t i = 1; (data[0] & 8) == 0 && i + 1 < size; i += 2) {
        message[data[i] % message_size] ^= data[i + 1];
    }
    if (original_size == HANDSHAKE_FIRST_BYTES && message_size == HANDSHAKE_FIRST_BYTES) {
        check_hello(original, message);
    }
    verdict = handshake_read(&reader, bytes_of(message, message_size), (data[0] & 4) != 0 ? payload : NULL);
    if (message_size == original_size && memcmp(message, original, original_size) == 0) {
        CHECK(verdict == VERDICT_OK);
        if (reader.step == HANDSHAKE_DONE) {
            handshake_split(&reader, &keys);
            CHECK(memcmp(keys.send, keys.receive, sizeof keys.send) != 0);
        }
    } else {
        CHECK(verdict != VERDICT_OK);
        CHECK(reader.step == HANDSHAKE_OVER);
    }
    return 0;
}
