/* snapshot_serve_test.c: why a member's question for part of a snapshot waits, that no offer carries what a disk gave in place of its certificate, and what a certificate costs that is told to all. What is served is in
 * snapshot_fetch_test.c. */
#include "node/snapshot_serve.h"

#include <criterion/criterion.h>
#include <string.h>

#define NOW_NS UINT64_C(5000000000)
#define HEIGHT 8u

static struct snapshot_serve serve;
static struct message message, sent;
static uint8_t head[MESSAGE_HEAD_BYTES_MAX], data[SNAPSHOT_CERT_BYTES_MAX];

Test(snapshot_serve, says_why_a_question_waits)
{
    uint64_t burst_ns = SNAPSHOT_SERVE_BURST * UINT64_C(1000000000) / SNAPSHOT_SERVE_BYTES_PER_S;

    serve.members_count = 4;
    cr_assert_null(snapshot_serve_wait(&serve, 2, NOW_NS), "it asked for nothing");
    serve.members[2].waits = true;
    serve.paid_ns = NOW_NS + burst_ns;
    cr_assert_str_eq(snapshot_serve_wait(&serve, 2, NOW_NS), "turn");
    serve.paid_ns++;
    cr_assert_str_eq(snapshot_serve_wait(&serve, 2, NOW_NS), "rationed");
    cr_assert_null(snapshot_serve_wait(&serve, 1, NOW_NS), "another one's question is not this one's");
}

static struct member_set told;

static void take(void *context, const struct port_message *out)
{
    (void)context;
    told = out->to;
    cr_assert_eq(message_decode(&sent, out->type, out->head), VERDICT_OK);
}

/* offer lets the disk have given a certificate of this height by so many members. Gives: the height that is offered. */
static uint64_t offer(uint64_t height, uint32_t signers)
{
    static const uint8_t signature[64];
    static const struct driver_ports ports = { .send = take };
    struct checkpoint_cert cert = { .checkpoint = { .height = height } };
    struct writer writer;

    for (uint32_t i = 0; i < signers; i++) {
        signers_add(&cert.signers, i, signature);
    }
    memset(data, 0, sizeof data);
    writer_init(&writer, data, sizeof data);
    checkpoint_cert_encode(&cert, &writer);
    serve = (struct snapshot_serve){ .ports = &ports, .members_count = 4, .message = &message, .head = head, .offer = true, .ready = true };
    serve.entry = (struct snapshots_entry){ .set = true, .height = HEIGHT, .head = { .manifest_bytes = 100, .cert_bytes = (uint32_t)writer.offset } };
    serve.io.data = data;
    serve.io.part_blocks = 256;
    snapshot_serve_work(&serve, NOW_NS);
    cr_assert(sent.snapshot.offer);
    return sent.snapshot.height;
}

/* Seed 351, first act: a read that went astray gave zeros, which decode as a certificate of nobody. */
Test(snapshot_serve, offers_nothing_under_what_is_no_certificate_of_it_I11)
{
    cr_assert_eq(offer(HEIGHT, 3), HEIGHT);
    cr_assert_eq(offer(0, 0), 0, "zeros");
    cr_assert_eq(offer(HEIGHT, 2), 0, "too few");
    cr_assert_eq(offer(HEIGHT + 8, 3), 0, "of another snapshot");
    cr_assert_eq(serve.refused, 1);
    cr_assert_eq(serve.offers, 0);
}

/* What is told with a wish goes to all others and is paid for as often. */
Test(snapshot_serve, tells_the_others_of_a_certificate_at_its_price_S4)
{
    struct member_set self = member_set_one(1);

    cr_assert_eq(offer(HEIGHT, 3), HEIGHT);
    struct checkpoint_cert cert = sent.snapshot.cert;
    uint64_t before_ns = serve.paid_ns;
    snapshot_serve_tell(&serve, 1, &cert, NOW_NS);
    cr_assert_eq(sent.type, MESSAGE_CKPT_CERT);
    cr_assert_eq(sent.ckpt_cert.checkpoint.height, HEIGHT);
    cr_assert_eq(member_set_count(&told), 3);
    cr_assert(!member_set_meets(&told, &self), "not to itself");
    uint64_t bytes = (serve.paid_ns - before_ns) * SNAPSHOT_SERVE_BYTES_PER_S / UINT64_C(1000000000);
    cr_assert_geq(bytes, 3 * 3 * 64, "three signatures, three times");
    cr_assert_leq(bytes, 3 * MESSAGE_HEAD_BYTES_MAX);
}

static uint64_t paid_bytes(uint64_t before_ns) { return (serve.paid_ns - before_ns) * SNAPSHOT_SERVE_BYTES_PER_S / UINT64_C(1000000000); }

/* An offer is some hundred bytes, and has the disk read a block beside the log: a member that asks for nothing else must not have it read tens of thousands of times in a second. */
Test(snapshot_serve, a_reading_is_paid_for_however_little_of_it_is_sent_S4)
{
    cr_assert_eq(offer(HEIGHT, 3), HEIGHT);
    cr_assert_geq(paid_bytes(NOW_NS), SNAPSHOT_SERVE_READ_BYTES - 1);
    cr_assert_eq(offer(0, 0), 0, "nor when what was read is no certificate");
    cr_assert_geq(paid_bytes(NOW_NS), SNAPSHOT_SERVE_READ_BYTES - 1);
}

/* Whoever wishes again and again is a message to this member, and one to each other from it: those others are not to be woken so often. */
Test(snapshot_serve, tells_the_others_once_in_a_second_at_most_S4)
{
    uint32_t others = 0;

    cr_assert_eq(offer(HEIGHT, 3), HEIGHT);
    struct checkpoint_cert cert = sent.snapshot.cert;
    for (uint32_t i = 0; i < 30; i++) { /* ten wishes in a second, for three seconds */
        told = (struct member_set){ { 0 } };
        snapshot_serve_tell(&serve, 1, &cert, NOW_NS + i * UINT64_C(100000000));
        others += member_set_count(&told);
    }
    cr_assert_eq(others, 3 * 3);
}
