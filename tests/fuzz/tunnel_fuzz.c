/* tunnel_fuzz.c: two ends of a secure session with somebody between them who cuts and changes what passes. However the bytes are cut, what was
 * not changed arrives as it was sent; once something was changed, nothing arrives in that direction any more.
 *
 * Input: flags u8 (bit 0: a shared secret), then for the hello, the second message and each record:
 *   cut u8 (bytes at a time, less one), at u16, mask u8 (0: nothing is changed); a record has before that: way u8 (bit 0: who sends; bit 1: these
 *   bytes instead of a record), size u16 */
#include "net/tunnel.h"

#include "tests/fuzz/fuzz.h"

enum { RECORDS_MAX = 24, PLAIN_MAX = TUNNEL_FIRST_PLAIN + 64, BYTES_MAX = PLAIN_MAX + CHANNEL_OVERHEAD };

struct end {
    struct tunnel tunnel;
    uint8_t room[TUNNEL_ROOM_MIN];
    bool spoiled; /* something that the other end did not write was delivered here */
};

/* What happens to one message on its way. */
struct fate {
    size_t cut, at;
    uint8_t mask;
};

static struct fate read_fate(struct reader *input)
{
    struct fate fate = { .cut = read_u8(input) + 1u, .at = read_u16_le(input), .mask = read_u8(input) };
    return fate;
}

/* deliver gives the bytes piece by piece. Gives: the last event that was not MORE; what arrived is compared with `expected`. */
static enum tunnel_event deliver(struct end *to, uint8_t *bytes, size_t size, const struct fate *fate, struct bytes expected)
{
    enum tunnel_event last = TUNNEL_MORE;

    if (size > 0) {
        bytes[fate->at % size] ^= fate->mask;
        to->spoiled = to->spoiled || fate->mask != 0;
    }
    for (size_t offset = 0; offset < size && last != TUNNEL_BAD; offset += fate->cut) {
        struct tunnel_span piece = { bytes + offset, size - offset < fate->cut ? size - offset : fate->cut };
        enum tunnel_event event = TUNNEL_PLAIN;
        while (event == TUNNEL_PLAIN || event == TUNNEL_READY) { /* ends: each takes bytes, or the input is used up */
            struct bytes plain = { NULL, 0 };
            event = tunnel_receive(&to->tunnel, &piece, &plain);
            last = event == TUNNEL_MORE ? last : event;
            if (event == TUNNEL_PLAIN) {
                CHECK(!to->spoiled);
                CHECK(plain.size == expected.size && (plain.size == 0 || memcmp(plain.data, expected.data, plain.size) == 0));
            }
        }
    }
    return last;
}

/* shake plays the handshake. Gives: false when it was spoiled, and both ends noticed. */
static bool shake(struct end *dialler, struct end *listener, struct reader *input)
{
    static const uint8_t seeds[4][32] = { { 1 }, { 2 }, { 3 }, { 4 } }, secret[32] = { 5 };
    struct kx_keypair keys[2];
    uint8_t hello[TUNNEL_HELLO_BYTES], second[TUNNEL_SECOND_BYTES];
    const uint8_t *psk = (read_u8(input) & 1) != 0 ? secret : NULL;

    kx_keypair_from_seed(&keys[0], seeds[0]);
    kx_keypair_from_seed(&keys[1], seeds[1]);
    struct tunnel_identity caller = { .key = &keys[0] }, called = { .key = &keys[1] };
    struct tunnel_call call = { .peer_key = keys[1].public_key, .psk = psk, .seed = seeds[2] };
    CHECK(tunnel_dial(&dialler->tunnel, &caller, &call, (struct tunnel_span){ dialler->room, sizeof dialler->room }, hello));
    tunnel_listen(&listener->tunnel, (struct tunnel_span){ listener->room, sizeof listener->room });
    struct fate fate = read_fate(input);
    CHECK(deliver(listener, hello, sizeof hello, &fate, bytes_of(NULL, 0)) == TUNNEL_HELLO);
    CHECK(tunnel_hello_check(&listener->tunnel, &called) == (fate.mask == 0));
    if (fate.mask != 0) {
        return false;
    }
    CHECK(tunnel_accept(&listener->tunnel, &called, seeds[3]));
    CHECK(memcmp(listener->tunnel.peer_key, keys[0].public_key, 32) == 0);
    CHECK(tunnel_answer(&listener->tunnel, psk, second));
    fate = read_fate(input);
    CHECK(deliver(dialler, second, sizeof second, &fate, bytes_of(NULL, 0)) == (fate.mask == 0 ? TUNNEL_READY : TUNNEL_BAD));
    return fate.mask == 0;
}

/* pass sends one record, or bytes that are none. */
static void pass(struct end *from, struct end *to, struct reader *input, uint8_t way)
{
    static uint8_t bytes[BYTES_MAX], plain[PLAIN_MAX];
    size_t size = read_u16_le(input) % (PLAIN_MAX + 1u);
    struct fate fate = read_fate(input);

    if ((way & 2) != 0) {
        size = input->failed ? 0 : size < reader_left(input) ? size : reader_left(input);
        if (size > 0) {
            memcpy(bytes, read_run(input, size), size);
        }
        to->spoiled = to->spoiled || size > 0;
        CHECK(deliver(to, bytes, size, &fate, bytes_of(NULL, 0)) != TUNNEL_PLAIN);
        return;
    }
    memset(plain, (int)(size & 0xff) ^ 0x5a, size);
    memcpy(bytes + CHANNEL_HEADER_BYTES, plain, size);
    size_t sealed = tunnel_seal(&from->tunnel, bytes, size);
    CHECK(sealed == size + CHANNEL_OVERHEAD);
    enum tunnel_event event = deliver(to, bytes, sealed, &fate, bytes_of(plain, size));
    if (size == 0 || size > TUNNEL_FIRST_PLAIN) {
        CHECK(event != TUNNEL_PLAIN); /* nothing in it, or longer than the room */
    } else {
        CHECK((event == TUNNEL_PLAIN) == !to->spoiled);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct end ends[2];
    struct reader input;

    crypto_start();
    memset(ends, 0, sizeof ends);
    reader_init(&input, data, size);
    bool open = shake(&ends[0], &ends[1], &input);
    for (int i = 0; i < RECORDS_MAX && open && !input.failed && reader_left(&input) > 0; i++) {
        uint8_t way = read_u8(&input);
        pass(&ends[way & 1], &ends[(way & 1) ^ 1], &input, way);
        open = ends[0].tunnel.state == TUNNEL_OPEN && ends[1].tunnel.state == TUNNEL_OPEN;
    }
    tunnel_close(&ends[0].tunnel);
    tunnel_close(&ends[1].tunnel);
    return 0;
}
