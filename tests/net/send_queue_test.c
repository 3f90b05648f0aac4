/* send_queue_test.c: what is taken is, byte for byte, what was added; the bounds hold; each payload is let go exactly once. */
#include "net/send_queue.h"

#include "base/rng.h"
#include "tests/net/net_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct send_queue_config config = { .bytes_max = 5000, .frames_max = 8, .copied_max = 700 };
static unsigned released;

static void release(struct payload *unused)
{
    (void)unused;
    released++;
}

static void fresh(struct send_queue *queue)
{
    struct arena arena;

    arena_init_measure(&arena);
    send_queue_take_memory(queue, &arena, &config);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    send_queue_take_memory(queue, &arena, &config);
    cr_assert_eq(arena.used, size);
}

Test(send_queue, gives_back_the_stream_that_was_added)
{
    static uint8_t expected[1 << 20], got[1 << 20], data[4096];
    static struct payload payloads[4000];
    struct send_queue queue;
    struct rng rng;
    size_t added = 0, taken = 0;
    unsigned frames = 0, bodies = 0;

    fresh(&queue);
    rng_init(&rng, 3);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)rng_next(&rng);
    }
    for (unsigned step = 0; step < 3000; step++) {
        size_t head = rng_below(&rng, 200), body = rng_below(&rng, 3) == 0 ? 0 : rng_below(&rng, 2000);
        struct payload *payload = &payloads[step];
        payload_init(payload, bytes_of(data + rng_below(&rng, 100), body), release);
        struct net_message message = { .type = (uint8_t)step, .flags = 3, .version = 1, .head = bytes_of(data + 500, head), .body = body == 0 ? NULL : payload };
        if (added + FRAME_HEADER_BYTES + head + body < sizeof expected && send_queue_add(&queue, &message) == ERR_OK) {
            struct frame_header header = { .type = (uint8_t)step, .flags = 3, .version = 1, .length = (uint32_t)(head + body) };
            frame_header_encode(&header, expected + added);
            memcpy(expected + added + FRAME_HEADER_BYTES, data + 500, head);
            memcpy(expected + added + FRAME_HEADER_BYTES + head, payload->bytes.data, body);
            added += FRAME_HEADER_BYTES + head + body;
            frames++;
            bodies += body > 0;
        }
        payload_drop(payload);
        send_queue_check(&queue);
        cr_assert_eq(queue.bytes, added - taken);
        taken += send_queue_take(&queue, got + taken, rng_below(&rng, 1500));
        send_queue_check(&queue);
    }
    taken += send_queue_take(&queue, got + taken, sizeof got - taken);
    cr_assert_eq(taken, added);
    cr_assert_eq(memcmp(got, expected, added), 0);
    cr_assert_gt(frames, 500);
    cr_assert_eq(released, 3000, "each payload is released once, whether it was queued or refused (%u bodies queued)", bodies);
}

Test(send_queue, refuses_beyond_each_bound_and_stays_as_it_was)
{
    static uint8_t data[6000], out[6000];
    static const struct {
        const char *bound;
        unsigned fit;     /* frames that fit */
        size_t head, body;
    } rows[] = {
        { "frames", 8, 0, 1 },
        { "copied bytes", 5, 132, 0 },
        { "bytes", 4, 92, 1150 },
    };

    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct send_queue queue;
        struct payload payload;
        payload_init(&payload, bytes_of(data, rows[row].body), release);
        struct net_message message = { .head = bytes_of(data, rows[row].head), .body = &payload };
        fresh(&queue);
        for (unsigned i = 0; i < rows[row].fit; i++) {
            cr_assert_eq(send_queue_add(&queue, &message), ERR_OK, "%s: frame %u", rows[row].bound, i);
        }
        size_t bytes = queue.bytes;
        uint32_t references = payload.references;
        cr_assert_eq(send_queue_add(&queue, &message), ERR_FULL, "%s", rows[row].bound);
        cr_assert_eq(queue.bytes, bytes);
        cr_assert_eq(payload.references, references);
        send_queue_check(&queue);
        cr_assert_gt(send_queue_take(&queue, out, FRAME_HEADER_BYTES + rows[row].head + rows[row].body), 0);
        cr_assert_eq(send_queue_add(&queue, &message), ERR_OK, "%s: room for one again", rows[row].bound);
        send_queue_clear(&queue);
        cr_assert_eq(payload.references, 1);
        send_queue_check(&queue);
    }
}

Test(send_queue, clearing_lets_go_of_a_half_taken_payload)
{
    static uint8_t data[1000], out[100];
    struct send_queue queue;
    struct payload payload;

    fresh(&queue);
    payload_init(&payload, bytes_of(data, sizeof data), release);
    struct net_message message = { .body = &payload };
    cr_assert_eq(send_queue_add(&queue, &message), ERR_OK);
    payload_drop(&payload);
    cr_assert_eq(send_queue_take(&queue, out, sizeof out), sizeof out);
    cr_assert_eq(released, 0);
    send_queue_clear(&queue);
    cr_assert_eq(released, 1);
    cr_assert_eq(send_queue_take(&queue, out, sizeof out), 0);
}
