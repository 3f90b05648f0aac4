/* client_test.c: requests by id over one connection, and whole requests over replicas that are gone, silent, busy or of another chain. */
#include "cli/client.h"

#include "base/clock.h"
#include "tests/cli/replica_kit.h"
#include "wire/code.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 5000u

static struct client_config config; /* zeroed for each test: each runs in its own process */

static void add(const char *path)
{
    char text[96];
    const char *problem;

    snprintf(text, sizeof text, "unix:%s", path);
    cr_assert_eq(address_parse(&config.targets[config.targets_count++].address, text, &problem), ERR_OK);
}

static struct client *opened(void)
{
    struct client *client = NULL;

    cr_assert_eq(client_open(&client, &config, WAIT_MS), ERR_OK);
    return client;
}

static uint64_t id_of(const struct frame *frame)
{
    struct client_submit submit;

    cr_assert_eq(client_submit_decode(&submit, frame->body), VERDICT_OK);
    return submit.id;
}

/* --- Handlers -------------------------------------------------------------------------------------------------------- */

/* executes answers each command with ADMITTED, and all of 8 with one RECEIPTS, the last first. */
static bool executes(struct fake_replica *replica, const struct frame *frame)
{
    static struct client_receipt receipts[8];
    static uint32_t count;

    receipts[7 - count] = (struct client_receipt){ id_of(frame), count, count == 3 ? CODE_RATE : 0 };
    fake_admit(replica, id_of(frame));
    if (++count == 8) {
        fake_receipts(replica, receipts, 0); /* one without receipts says nothing */
        fake_receipts(replica, receipts, 8);
        count = 0;
    }
    return true;
}

static bool echoes(struct fake_replica *replica, const struct frame *frame)
{
    struct client_question question;

    cr_assert_eq(client_question_decode(&question, frame->body), VERDICT_OK);
    struct bytes answer = frame->header.flags == CLIENT_FLAG_GATED ? bytes_of("gated", 5) : question.question;
    fake_answer(replica, &(struct client_answer){ question.id, 0, 9, 11, answer });
    return true;
}

static bool closes(struct fake_replica *replica, const struct frame *frame)
{
    (void)replica, (void)frame;
    return false;
}

static bool says_nothing(struct fake_replica *replica, const struct frame *frame)
{
    (void)replica, (void)frame;
    return true;
}

static bool executes_one(struct fake_replica *replica, const struct frame *frame)
{
    struct client_receipt receipt = { id_of(frame), 2, 0 };

    fake_admit(replica, receipt.id);
    fake_receipts(replica, &receipt, 1);
    return true;
}

/* busy_twice refuses for now twice, then executes. */
static bool busy_twice(struct fake_replica *replica, const struct frame *frame)
{
    if (atomic_load(&replica->frames) <= 2) {
        fake_refuse(replica, id_of(frame), 90, 20);
        return true;
    }
    return executes_one(replica, frame);
}

static bool refuses_for_good(struct fake_replica *replica, const struct frame *frame)
{
    fake_refuse(replica, id_of(frame), 106, 0);
    return true;
}

static bool talks_nonsense(struct fake_replica *replica, const struct frame *frame)
{
    (void)frame;
    fake_send(replica, CLIENT_ANSWER, "x", 1);
    return true;
}

/* babbles sends block after block, and never a word on what it was asked. */
static bool babbles(struct fake_replica *replica, const struct frame *frame)
{
    const uint8_t block[52] = { 1 }, none[CLIENT_RECEIPTS_HEAD_BYTES] = { 1 };
    uint64_t end_ns = clock_mono_ns() + UINT64_C(4000000000);

    (void)frame;
    while (clock_mono_ns() < end_ns) {
        fake_send(replica, CLIENT_BLOCK, block, sizeof block);
        fake_send(replica, CLIENT_RECEIPTS, none, sizeof none);
    }
    return false;
}

/* drips says nothing in particular every now and then: each time just before whoever waits would give up. */
static bool drips(struct fake_replica *replica, const struct frame *frame)
{
    const uint8_t none[CLIENT_RECEIPTS_HEAD_BYTES] = { 1 };

    (void)frame;
    for (unsigned i = 0; i < 40; i++) {
        fake_send(replica, CLIENT_RECEIPTS, none, sizeof none);
        usleep(100000);
    }
    return false;
}

static const struct bytes command = { (const uint8_t *)"command", 7 };

/* --- Many requests on one connection ----------------------------------------------------------------------------------- */

Test(client, gives_every_admission_and_every_receipt_by_its_id)
{
    struct fake_replica replica = { .handler = executes };
    bool admitted[8] = { false }, received[8] = { false };
    struct client_event event;

    fake_start(&replica);
    add(replica.path);
    struct client *client = opened();
    for (uint64_t id = 0; id < 8; id++) {
        cr_assert_eq(client_submit(client, 100 + id, command, 0), ERR_OK);
    }
    for (int i = 0; i < 16; i++) {
        cr_assert_eq(client_next(client, &event, WAIT_MS), ERR_OK);
        cr_assert(event.id >= 100 && event.id < 108);
        bool *seen = event.type == CLIENT_ADMITTED ? admitted : received;
        cr_assert(event.type == CLIENT_ADMITTED || event.type == CLIENT_RECEIPTS);
        cr_assert_not(seen[event.id - 100]);
        seen[event.id - 100] = true;
        if (event.type == CLIENT_RECEIPTS) {
            cr_assert_eq(event.height, 7);
            cr_assert_eq(event.time_ms, 7000);
            cr_assert_eq(event.index, event.id - 100);
            cr_assert_eq(event.code, event.index == 3 ? CODE_RATE : 0);
        }
    }
    cr_assert_eq(client_next(client, &event, 0), ERR_TIMEOUT);
    client_close(client);
    fake_stop(&replica);
}

Test(client, knows_what_the_replica_says_of_itself)
{
    struct fake_replica replica = { .handler = closes, .member = 3, .genesis = { { 5 } } };

    fake_start(&replica);
    add(replica.path);
    config.genesis = replica.genesis;
    struct client *client = opened();
    cr_assert_eq(client_welcome(client)->member, 3);
    cr_assert_eq(client_welcome(client)->height, 6);
    cr_assert(client_fd(client) >= 0);
    client_close(client);
    fake_stop(&replica);
}

Test(client, never_waits_when_told_not_to_and_says_that_the_queue_is_full)
{
    static uint8_t large[ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX];
    struct fake_replica replica = { .mute = false, .handler = says_nothing };
    enum err err = ERR_OK;
    uint64_t id = 0;

    fake_start(&replica);
    add(replica.path);
    config.queue_bytes = 32 << 10;
    struct client *client = opened();
    uint64_t start_ns = clock_mono_ns();
    /* The fake reads on; but it is slower than this loop, or the loop ends by its bound. */
    while (err == ERR_OK && id < 20000) {
        err = client_submit(client, id++, bytes_of(large, sizeof large), 0);
    }
    cr_assert(err == ERR_FULL || err == ERR_OK);
    cr_assert_lt(clock_mono_ns() - start_ns, UINT64_C(20000000000));
    if (err == ERR_FULL) {
        cr_assert(client_wants_write(client));
        cr_assert_eq(client_submit(client, id, bytes_of(large, sizeof large), WAIT_MS), ERR_OK, "with time it gets through");
    }
    client_close(client);
    fake_stop(&replica);
}

Test(client, ends_a_connection_that_breaks_the_protocol)
{
    struct fake_replica replica = { .handler = talks_nonsense };
    struct client_event event;

    fake_start(&replica);
    add(replica.path);
    struct client *client = opened();
    cr_assert_eq(client_submit(client, 1, command, WAIT_MS), ERR_OK);
    cr_assert_eq(client_next(client, &event, WAIT_MS), ERR_FORMAT);
    cr_assert_eq(client_next(client, &event, WAIT_MS), ERR_CLOSED);
    cr_assert_eq(client_submit(client, 2, command, 0), ERR_CLOSED);
    cr_assert_eq(client_fd(client), -1);
    cr_assert_eq(client_reconnect(client, WAIT_MS), ERR_OK, "and another one is made");
    cr_assert_eq(client_submit(client, 2, command, WAIT_MS), ERR_OK);
    client_close(client);
    fake_stop(&replica);
}

/* --- Opening --------------------------------------------------------------------------------------------------------- */

Test(client, goes_on_to_the_next_replica_when_the_first_is_not_there)
{
    struct fake_replica replica = { .handler = executes_one };

    fake_start(&replica);
    add("/tmp/ward-no-such-socket");
    add(replica.path);
    struct client *client = opened();
    cr_assert_eq(client_target(client), 1);
    client_close(client);
    fake_stop(&replica);
}

Test(client, does_not_wait_for_ever_for_a_replica_that_does_not_greet)
{
    struct fake_replica mute = { .mute = true }, good = { .handler = executes_one };

    fake_start(&mute);
    fake_start(&good);
    add(mute.path);
    add(good.path);
    struct client *client = NULL;
    cr_assert_eq(client_open(&client, &config, 400), ERR_OK);
    cr_assert_eq(client_target(client), 1);
    client_close(client);
    config.targets_count = 1;
    cr_assert_eq(client_open(&client, &config, 100), ERR_TIMEOUT);
    fake_stop(&mute);
    fake_stop(&good);
}

Test(client, refuses_another_chain)
{
    struct fake_replica replica = { .handler = executes_one, .genesis = { { 1 } } };
    struct client *client;

    fake_start(&replica);
    add(replica.path);
    config.genesis.bytes[0] = 2;
    cr_assert_eq(client_open(&client, &config, WAIT_MS), ERR_CONFLICT);
    fake_stop(&replica);
}

/* --- Whole requests -------------------------------------------------------------------------------------------------- */

Test(client, asks_and_gets_the_answer_of_its_question)
{
    struct fake_replica replica = { .handler = echoes };
    struct client_event event;

    fake_start(&replica);
    add(replica.path);
    struct client *client = opened();
    struct client_call plain = { CLIENT_QUERY, 0, bytes_of("what", 4) }, gated = { CLIENT_QUERY, CLIENT_FLAG_GATED, bytes_of("what", 4) };
    cr_assert_eq(client_ask(client, &plain, &event, WAIT_MS), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER);
    cr_assert_eq(event.answer.size, 4);
    cr_assert_arr_eq(event.answer.data, "what", 4);
    cr_assert_eq(event.height, 9);
    cr_assert_eq(event.age_ms, 11);
    cr_assert_eq(client_ask(client, &gated, &event, WAIT_MS), ERR_OK);
    cr_assert_arr_eq(event.answer.data, "gated", 5);
    client_close(client);
    fake_stop(&replica);
}

struct ending {
    fake_handler *first;
    const char *what;
};

Test(client, resends_a_command_to_the_next_replica_when_one_is_gone_or_silent)
{
    static const struct ending endings[] = { { closes, "closes" }, { says_nothing, "is silent" }, { talks_nonsense, "breaks the protocol" } };

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct fake_replica bad = { .handler = endings[i].first }, good = { .handler = executes_one };
        struct client_event event;
        fake_start(&bad);
        fake_start(&good);
        config.targets_count = 0;
        add(bad.path);
        add(good.path);
        struct client *client = opened();
        cr_assert_eq(client_execute(client, command, &event, WAIT_MS), ERR_OK, "%s", endings[i].what);
        cr_assert_eq(event.type, CLIENT_RECEIPTS);
        cr_assert_eq(event.code, 0);
        cr_assert_eq(event.index, 2);
        cr_assert(event.resent);
        cr_assert_eq(client_target(client), 1);
        client_close(client);
        fake_stop(&bad);
        fake_stop(&good);
    }
}

Test(client, waits_and_tries_again_when_it_is_refused_for_now)
{
    struct fake_replica replica = { .handler = busy_twice };
    struct client_event event;

    fake_start(&replica);
    add(replica.path);
    struct client *client = opened();
    uint64_t start_ns = clock_mono_ns();
    cr_assert_eq(client_execute(client, command, &event, WAIT_MS), ERR_OK);
    cr_assert_eq(event.type, CLIENT_RECEIPTS);
    cr_assert_geq(clock_mono_ns() - start_ns, 40000000, "twice the 20 ms that it was told");
    cr_assert_eq(atomic_load(&replica.frames), 3);
    cr_assert_eq(atomic_load(&replica.connections), 1);
    client_close(client);
    fake_stop(&replica);
}

Test(client, takes_a_refusal_for_good_as_final)
{
    struct fake_replica replica = { .handler = refuses_for_good };
    struct client_event event;

    fake_start(&replica);
    add(replica.path);
    struct client *client = opened();
    cr_assert_eq(client_execute(client, command, &event, WAIT_MS), ERR_OK);
    cr_assert_eq(event.type, CLIENT_REFUSED);
    cr_assert_eq(event.code, 106);
    cr_assert_not(event.resent);
    cr_assert_eq(atomic_load(&replica.frames), 1);
    client_close(client);
    fake_stop(&replica);
}

/* gives_up plays a replica that never answers what it was asked; 300 ms is what the client allows, the bound is there to tell a client that hangs. */
static void gives_up(struct fake_replica *replica, uint64_t within_ns)
{
    struct client_event event;

    fake_start(replica);
    add(replica->path);
    struct client *client = opened();
    uint64_t start_ns = clock_mono_ns();
    cr_assert_eq(client_execute(client, command, &event, 300), ERR_TIMEOUT);
    cr_assert_lt(clock_mono_ns() - start_ns, within_ns);
    client_close(client);
    fake_stop(replica);
}

Test(client, gives_up_in_time_when_nobody_executes)
{
    struct fake_replica replica = { .handler = says_nothing };

    gives_up(&replica, UINT64_C(2000000000));
    cr_assert_eq(atomic_load(&replica.frames), 1, "one replica alone is given all the time");
}

Test(client, gives_up_in_time_on_a_replica_that_never_stops_talking)
{
    struct fake_replica replica = { .handler = babbles };

    gives_up(&replica, UINT64_C(2500000000));
}

Test(client, gives_up_in_time_on_a_replica_that_says_nothing_in_particular)
{
    struct fake_replica replica = { .handler = drips };
    struct client_event event;

    fake_start(&replica);
    add(replica.path);
    struct client *client = opened();
    uint64_t start_ns = clock_mono_ns();
    cr_assert_eq(client_execute(client, command, &event, 300), ERR_TIMEOUT);
    cr_assert_lt(clock_mono_ns() - start_ns, UINT64_C(2500000000));
    client_close(client);
    fake_stop(&replica);
}
