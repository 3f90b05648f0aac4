/* tunnel_test.c: two sides that know each other agree; anything else ends without a word, and before any Diffie-Hellman where it can. */
#include "net/tunnel.h"

#include "base/rng.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#define ROOM 20000u

struct side {
    struct kx_keypair key;
    struct tunnel_identity identity;
    struct tunnel tunnel;
    uint8_t room[ROOM];
    uint8_t seed[32];
};

static struct side caller, called;
static uint8_t hello[TUNNEL_HELLO_BYTES], second[TUNNEL_SECOND_BYTES];
static uint8_t record[CHANNEL_RECORD_MAX + 10];

static void side_init(struct side *side, uint8_t name)
{
    uint8_t seed[32];

    memset(seed, name, sizeof seed);
    memset(side->seed, name + 100, sizeof side->seed);
    kx_keypair_from_seed(&side->key, seed);
    side->identity = (struct tunnel_identity){ .key = &side->key };
    memset(side->identity.chain_id.bytes, 0xc4, HASH_BYTES);
}

static struct tunnel_span room_of(struct side *side) { return (struct tunnel_span){ side->room, ROOM }; }

static bool dial(const uint8_t *psk)
{
    struct tunnel_call call = { .peer_key = called.key.public_key, .psk = psk, .seed = caller.seed };

    return tunnel_dial(&caller.tunnel, &caller.identity, &call, room_of(&caller), hello);
}

static void start(void)
{
    crypto_start();
    side_init(&caller, 1);
    side_init(&called, 2);
    cr_assert(dial(NULL));
    tunnel_listen(&called.tunnel, room_of(&called));
}

/* feed gives the bytes to the side's tunnel and gives the first event. */
static enum tunnel_event feed(struct side *side, const uint8_t *data, size_t size, struct bytes *plain)
{
    static uint8_t copy[CHANNEL_RECORD_MAX + 10];
    struct tunnel_span input = { copy, size };

    memcpy(copy, data, size);
    return tunnel_receive(&side->tunnel, &input, plain);
}

static void agree(const uint8_t *psk)
{
    struct bytes plain;

    cr_assert_eq(feed(&called, hello, sizeof hello, &plain), TUNNEL_HELLO);
    cr_assert(tunnel_hello_check(&called.tunnel, &called.identity));
    cr_assert(tunnel_accept(&called.tunnel, &called.identity, called.seed));
    cr_assert_eq(memcmp(called.tunnel.peer_key, caller.key.public_key, 32), 0);
    cr_assert(tunnel_answer(&called.tunnel, psk, second));
    cr_assert_eq(feed(&caller, second, sizeof second, &plain), TUNNEL_READY);
    cr_assert_not(caller.tunnel.proved);
    cr_assert_not(called.tunnel.proved);
}

static size_t seal(struct side *side, const void *data, size_t size)
{
    if (size > 0) {
        memcpy(record + CHANNEL_HEADER_BYTES, data, size);
    }
    return tunnel_seal(&side->tunnel, record, size);
}

Test(tunnel, two_sides_agree_and_carry_records_both_ways)
{
    struct bytes plain;

    start();
    agree(NULL);
    for (unsigned i = 0; i < 300; i++) {
        struct side *from = i % 3 == 0 ? &called : &caller, *to = from == &caller ? &called : &caller;
        size_t size = seal(from, "permission", 1 + i % 10);
        cr_assert_eq(feed(to, record, size, &plain), TUNNEL_PLAIN);
        cr_assert_eq(plain.size, 1 + i % 10);
        cr_assert_eq(memcmp(plain.data, "permission", plain.size), 0);
        cr_assert(to->tunnel.proved);
    }
}

Test(tunnel, bytes_may_arrive_one_by_one)
{
    static uint8_t stream[40000];
    size_t sizes[3] = { 4096, 1, 15000 }, at = 0;
    struct bytes plain;
    unsigned seen = 0;

    start();
    for (size_t i = 0; i + 1 < sizeof hello; i++) {
        cr_assert_eq(feed(&called, hello + i, 1, &plain), TUNNEL_MORE);
    }
    cr_assert_eq(feed(&called, hello + sizeof hello - 1, 1, &plain), TUNNEL_HELLO);
    cr_assert(tunnel_hello_check(&called.tunnel, &called.identity));
    cr_assert(tunnel_accept(&called.tunnel, &called.identity, called.seed));
    cr_assert(tunnel_answer(&called.tunnel, NULL, second));
    for (size_t i = 0; i + 1 < sizeof second; i++) {
        cr_assert_eq(feed(&caller, second + i, 1, &plain), TUNNEL_MORE);
    }
    cr_assert_eq(feed(&caller, second + sizeof second - 1, 1, &plain), TUNNEL_READY);
    for (unsigned i = 0; i < 3; i++) {
        size_t size = seal(&caller, stream + 20000, sizes[i]);
        memcpy(stream + at, record, size);
        at += size;
    }
    for (size_t i = 0; i < at; i++) {
        if (feed(&called, stream + i, 1, &plain) == TUNNEL_PLAIN) {
            cr_assert_eq(plain.size, sizes[seen++]);
        }
    }
    cr_assert_eq(seen, 3);
}

Test(tunnel, records_in_pieces_of_any_size_are_read_back)
{
    static uint8_t stream[200000], data[6000];
    struct rng rng;
    size_t end = 0, expected = 0, got = 0;

    start();
    agree(NULL);
    rng_init(&rng, 8);
    for (unsigned i = 0; i < 60; i++) {
        size_t size = i == 0 ? 10 : 1 + rng_below(&rng, sizeof data / 2);
        for (size_t k = 0; k < size; k++) {
            data[k] = (uint8_t)(expected + k);
        }
        size_t bytes = seal(&caller, data, size);
        memcpy(stream + end, record, bytes);
        end += bytes;
        expected += size;
    }
    for (size_t at = 0; at < end;) {
        size_t left = end - at, piece = 1 + rng_below(&rng, 5000);
        struct tunnel_span input = { stream + at, piece < left ? piece : left };
        struct bytes plain;
        at += input.size;
        enum tunnel_event event = tunnel_receive(&called.tunnel, &input, &plain);
        while (event == TUNNEL_PLAIN) {
            for (size_t k = 0; k < plain.size; k++) {
                cr_assert_eq(plain.data[k], (uint8_t)(got + k));
            }
            got += plain.size;
            event = tunnel_receive(&called.tunnel, &input, &plain);
        }
        cr_assert_eq(event, TUNNEL_MORE);
        cr_assert_eq(input.size, 0);
    }
    cr_assert_eq(got, expected);
}

Test(tunnel, every_changed_bit_of_a_hello_is_noticed_before_any_diffie_hellman)
{
    struct bytes plain;

    start();
    for (size_t bit = 0; bit < 8 * sizeof hello; bit++) {
        hello[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        tunnel_listen(&called.tunnel, room_of(&called));
        cr_assert_eq(feed(&called, hello, sizeof hello, &plain), TUNNEL_HELLO);
        cr_assert_not(tunnel_hello_check(&called.tunnel, &called.identity));
        cr_assert_eq(called.tunnel.state, TUNNEL_OVER);
        hello[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

Test(tunnel, every_changed_byte_of_a_second_message_ends_the_call)
{
    struct bytes plain;

    start();
    agree(NULL);
    for (size_t at = 0; at < sizeof second; at++) {
        cr_assert(dial(NULL));
        second[at] ^= 1;
        cr_assert_eq(feed(&caller, second, sizeof second, &plain), TUNNEL_BAD);
        cr_assert_eq(caller.tunnel.state, TUNNEL_OVER);
        second[at] ^= 1;
    }
}

Test(tunnel, every_changed_byte_of_a_record_ends_the_session)
{
    struct bytes plain;

    start();
    size_t size = 0;
    for (size_t at = 0; at == 0 || at < size; at++) {
        cr_assert(dial(NULL));
        tunnel_listen(&called.tunnel, room_of(&called));
        agree(NULL);
        size = seal(&caller, "revoked", 7);
        record[at] ^= 0x40;
        enum tunnel_event event = feed(&called, record, size, &plain);
        if (event == TUNNEL_MORE) { /* The length grew: more is waited for, and then refused. */
            cr_assert_lt(at, CHANNEL_HEADER_BYTES);
            memset(record, 0, 100);
            while (event == TUNNEL_MORE) {
                event = feed(&called, record, 100, &plain);
            }
        }
        cr_assert_eq(event, TUNNEL_BAD, "byte %zu", at);
        cr_assert_eq(called.tunnel.state, TUNNEL_OVER);
        cr_assert_not(called.tunnel.proved);
    }
}

Test(tunnel, first_record_is_small_and_later_ones_fit_the_room)
{
    static uint8_t data[CHANNEL_PLAINTEXT_MAX];
    static const struct {
        size_t first, then;
        enum tunnel_event first_event, then_event;
    } rows[] = {
        { TUNNEL_FIRST_PLAIN, ROOM - CHANNEL_OVERHEAD, TUNNEL_PLAIN, TUNNEL_PLAIN },
        { TUNNEL_FIRST_PLAIN + 1, 0, TUNNEL_BAD, TUNNEL_BAD },
        { 1, ROOM - CHANNEL_OVERHEAD + 1, TUNNEL_PLAIN, TUNNEL_BAD },
        { 0, 0, TUNNEL_BAD, TUNNEL_BAD },
        { 1, 0, TUNNEL_PLAIN, TUNNEL_BAD }, /* nothing at all, for ever, would hold whoever waits for a frame */
        { 2, CHANNEL_PLAINTEXT_MAX, TUNNEL_PLAIN, TUNNEL_BAD },
    };
    struct bytes plain;

    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        start();
        agree(NULL);
        size_t size = seal(&caller, data, rows[row].first);
        cr_assert_eq(feed(&called, record, size, &plain), rows[row].first_event, "row %zu", row);
        if (rows[row].first_event == TUNNEL_PLAIN) {
            size = seal(&caller, data, rows[row].then);
            cr_assert_eq(feed(&called, record, size, &plain), rows[row].then_event, "row %zu", row);
        }
    }
}

Test(tunnel, record_of_the_largest_size_passes_a_room_of_its_size)
{
    static uint8_t data[CHANNEL_PLAINTEXT_MAX], large[CHANNEL_RECORD_MAX];
    struct bytes plain;

    start();
    agree(NULL);
    cr_assert_eq(feed(&called, record, seal(&caller, "x", 1), &plain), TUNNEL_PLAIN);
    size_t size = seal(&caller, data, sizeof data);
    cr_assert_eq(feed(&called, record, 1, &plain), TUNNEL_MORE);
    tunnel_move(&called.tunnel, (struct tunnel_span){ large, sizeof large });
    cr_assert_eq(feed(&called, record + 1, size - 1, &plain), TUNNEL_PLAIN);
    cr_assert_eq(plain.size, sizeof data);
}

/* A hello that is made for another responder or another chain. */
Test(tunnel, other_key_and_other_chain_are_not_answered)
{
    struct bytes plain;

    for (unsigned what = 0; what < 2; what++) {
        start();
        if (what == 0) {
            memset(caller.identity.chain_id.bytes, 0xee, HASH_BYTES);
            cr_assert(dial(NULL));
        } else {
            side_init(&called, 3);
            tunnel_listen(&called.tunnel, room_of(&called));
        }
        cr_assert_eq(feed(&called, hello, sizeof hello, &plain), TUNNEL_HELLO);
        cr_assert_not(tunnel_hello_check(&called.tunnel, &called.identity));
    }
}

/* The tag alone proves nothing: whoever knows chain and key can make it. The prologue and the key inside still decide. */
Test(tunnel, right_tag_over_a_message_for_another_chain_or_key_is_refused)
{
    struct bytes plain;

    for (unsigned what = 0; what < 2; what++) {
        start();
        struct handshake_target target = { .chain = called.identity.chain_id, .pattern = HANDSHAKE_IK };
        memcpy(target.responder_key, called.key.public_key, 32);
        if (what == 0) {
            memset(caller.identity.chain_id.bytes, 0xee, HASH_BYTES);
            cr_assert(dial(NULL));
        } else {
            struct side other;
            side_init(&other, 9);
            struct tunnel_call call = { .peer_key = other.key.public_key, .seed = caller.seed };
            cr_assert(tunnel_dial(&caller.tunnel, &caller.identity, &call, room_of(&caller), hello));
        }
        handshake_hello_tag(&target, hello + HANDSHAKE_TAG_BYTES, hello);
        cr_assert_eq(feed(&called, hello, sizeof hello, &plain), TUNNEL_HELLO);
        cr_assert(tunnel_hello_check(&called.tunnel, &called.identity));
        cr_assert_not(tunnel_accept(&called.tunnel, &called.identity, called.seed));
        cr_assert_eq(called.tunnel.state, TUNNEL_OVER);
    }
}

Test(tunnel, pre_shared_key_must_be_the_same)
{
    uint8_t psk[32] = { 7 }, other[32] = { 8 };
    struct bytes plain;

    start();
    cr_assert(dial(psk));
    tunnel_listen(&called.tunnel, room_of(&called));
    agree(psk);
    cr_assert_eq(feed(&called, record, seal(&caller, "x", 1), &plain), TUNNEL_PLAIN);

    cr_assert(dial(psk));
    tunnel_listen(&called.tunnel, room_of(&called));
    cr_assert_eq(feed(&called, hello, sizeof hello, &plain), TUNNEL_HELLO);
    cr_assert(tunnel_hello_check(&called.tunnel, &called.identity));
    cr_assert_eq(called.tunnel.pattern, HANDSHAKE_IKPSK2);
    cr_assert(tunnel_accept(&called.tunnel, &called.identity, called.seed));
    cr_assert(tunnel_answer(&called.tunnel, other, second));
    cr_assert_eq(feed(&caller, second, sizeof second, &plain), TUNNEL_BAD);
}

Test(tunnel, replayed_hello_gets_an_answer_but_is_never_believed)
{
    static uint8_t old[TUNNEL_HELLO_BYTES];
    struct bytes plain;

    start();
    agree(NULL);
    memcpy(old, hello, sizeof old);
    size_t size = seal(&caller, "hello", 5);
    tunnel_listen(&called.tunnel, room_of(&called));
    memset(called.seed, 0x77, sizeof called.seed);
    cr_assert_eq(feed(&called, old, sizeof old, &plain), TUNNEL_HELLO);
    cr_assert(tunnel_hello_check(&called.tunnel, &called.identity));
    cr_assert(tunnel_accept(&called.tunnel, &called.identity, called.seed));
    cr_assert(tunnel_answer(&called.tunnel, NULL, second));
    cr_assert_eq(feed(&called, record, size, &plain), TUNNEL_BAD, "the recorded first record belongs to another session");
    cr_assert_not(called.tunnel.proved);
}

Test(tunnel, key_of_small_order_can_be_called_by_nobody)
{
    uint8_t zero[32] = { 0 };

    start();
    struct tunnel_call call = { .peer_key = zero, .seed = caller.seed };
    cr_assert_not(tunnel_dial(&caller.tunnel, &caller.identity, &call, room_of(&caller), hello));
    cr_assert_eq(caller.tunnel.state, TUNNEL_OVER);
}

Test(tunnel, ending_wipes_the_secrets)
{
    static uint8_t zeros[sizeof(struct channel)];

    start();
    agree(NULL);
    tunnel_close(&called.tunnel);
    cr_assert_eq(memcmp(called.tunnel.channel.send.key, zeros, NOISE_KEY_BYTES), 0);
    cr_assert_eq(memcmp(called.tunnel.channel.receive.key, zeros, NOISE_KEY_BYTES), 0);
}

Test(tunnel, receiving_after_the_end_is_our_own_mistake, .signal = SIGABRT)
{
    struct bytes plain;

    start();
    tunnel_close(&called.tunnel);
    (void)feed(&called, hello, 1, &plain);
}
