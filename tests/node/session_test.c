/* session_test.c: questions of clients over a real socket: when they are answered, when they wait, when they are refused. */
#include "node/session.h"

#include "base/clock.h"
#include "cli/client.h"
#include "tests/net/net_kit.h"
#include "tests/node/desk_kit.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct desk desk;
static struct sessions sessions;
static struct driver driver; /* its clock and whether it executes a block: that is all that questions look at */
static struct net *net;
static struct loop *loop;
static struct client_config config;
static char path[64];
static uint64_t now_ns, query_ns; /* query_ns: what an answer takes */
static enum net_reason why_down;
static uint64_t shared_party; /* 0: each client is a party of its own */
static uint64_t reads[32], reads_count, proofs_begun; /* what the driver was asked */

static struct now port_now(void *context)
{
    (void)context;
    return (struct now){ now_ns, desk.now_ms };
}

static uint16_t port_query(void *context, const struct session_question *question, uint8_t *out, size_t room, size_t *size)
{
    struct query_call call = { question->question, question->gated, desk.now_ms };

    (void)context;
    now_ns += query_ns;
    return queries_answer(&desk.queries, &call, out, room, size);
}

static uint16_t port_status(void *context, uint8_t *out, size_t room, size_t *size)
{
    (void)context, (void)room;
    memcpy(out, "up yes\n", 7);
    *size = 7;
    return 0;
}

static bool client_up(void *context, uint64_t client, const struct net_client_info *info)
{
    (void)context, (void)info; /* All are of one user here. */
    return sessions_client_up(&sessions, client, shared_party != 0 ? shared_party : client);
}

static void port_read_done(void *context, uint64_t token, bool ok, uint64_t height)
{
    (void)context, (void)ok, (void)height;
    cr_assert_lt(reads_count, 32);
    reads[reads_count++] = token;
}

static void port_proof(void *context, uint64_t token, bool ok, const struct block_header *header, struct bytes proof)
{
    (void)context, (void)token, (void)ok, (void)header, (void)proof;
    proofs_begun++;
}

/* note_driver has the driver note what it is asked, and answer nothing: a driver that is stopped tells its ports at once. */
static void note_driver(void)
{
    driver.stopped = true;
    driver.ports.read_done = port_read_done;
    driver.ports.proof = port_proof;
}

static void client_down(void *context, uint64_t client, enum net_reason reason)
{
    (void)context;
    why_down = reason;
    sessions_client_down(&sessions, client);
}

static void client_frame(void *context, uint64_t client, const struct frame *frame)
{
    (void)context;
    sessions_client_frame(&sessions, client, frame);
}

static void take(struct arena *arena, const struct net_config *net_config)
{
    struct session_config session_config = { .clients_max = 8, .waiters_max = 64, .members_count = 4, .genesis = desk.lab.genesis.hash };
    struct session_ports ports = { NULL, port_query, port_status };

    sessions_take(&sessions, arena, &session_config, &ports);
    net = net_take(arena, net_config);
}

static void start(void)
{
    static const struct net_handlers handlers = { .client_up = client_up, .client_down = client_down, .client_frame = client_frame };
    static struct kx_keypair key;
    struct loop_uring_config loop_config = loop_uring_config_default();
    const uint8_t seed[32] = { 1 };
    struct net_config net_config;
    struct arena arena;
    const char *problem = NULL;
    char text[80];

    desk_start(&desk);
    crypto_start();
    kx_keypair_from_seed(&key, seed);
    snprintf(path, sizeof path, "/tmp/ward-session-%d", (int)getpid());
    snprintf(text, sizeof text, "unix:%s", path);
    net_config_default(&net_config);
    net_config.key = &key;
    net_config.own_index = NET_NOT_MEMBER;
    net_config.client_frame_bytes_max = CLIENT_FRAME_BYTES_MAX;
    net_config.client_queue_bytes_max = 1 << 20;
    net_config.clients_max = 8;
    net_config.handshake_timeout_ms = 300;
    cr_assert_eq(address_parse(&net_config.listen_local, text, &problem), ERR_OK);
    config.targets_count = 1;
    config.targets[0].address = net_config.listen_local;
    arena_init_measure(&arena);
    take(&arena, &net_config);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    take(&arena, &net_config);
    loop = kit_loop(&loop_config);
    driver.ports.now = port_now;
    now_ns = 5000000000;
    sessions.net = net;
    sessions.driver = &driver;
    cr_assert_eq(net_start(net, loop, &handlers, &problem), ERR_OK, "%s", problem);
}

static void stop(void)
{
    net_stop(net);
    unlink(path);
}

/* turn lets the replica's side work for a moment. */
static void turn(void)
{
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(loop_turn(loop, clock_mono_ns() + 3000000), ERR_OK);
        sessions_work(&sessions);
        net_step(net, clock_mono_ns());
    }
}

/* The client connects and is greeted while this side turns: a thread, because client_open waits. */
static void *open_client(void *context)
{
    cr_assert_eq(client_open(context, &config, 5000), ERR_OK);
    return NULL;
}

static struct client *opened(void)
{
    struct client *client = NULL;
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, open_client, &client), 0);
    for (int i = 0; i < 200; i++) {
        turn();
        if (pthread_tryjoin_np(thread, NULL) == 0) {
            cr_assert_not_null(client);
            return client;
        }
    }
    cr_assert_fail("no greeting");
    return NULL;
}

static void ask(struct client *client, uint64_t id, enum client_type type, const struct query *query)
{
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    if (query != NULL) {
        query_encode(query, &writer);
    }
    struct client_call call = { type, 0, bytes_of(bytes, writer.offset) };
    cr_assert_eq(client_question(client, id, &call, 1000), ERR_OK);
    turn();
}

Test(session, a_question_is_answered_between_blocks_and_waits_for_the_end_of_one, .init = start, .fini = stop)
{
    struct block_header header = { .height = 77, .time_ms = 7 };
    struct query query = desk_query(&desk, QUERY_ORG);
    struct client *client = opened();
    struct client_event event;

    ask(client, 1, CLIENT_QUERY, &query);
    cr_assert_eq(client_next(client, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER);
    cr_assert_eq(event.code, 0);
    driver.apply.busy = true;
    ask(client, 2, CLIENT_QUERY, &query);
    cr_assert_eq(client_next(client, &event, 20), ERR_TIMEOUT, "half a block is nobody's to see");
    ask(client, 3, CLIENT_STATUS, NULL);
    cr_assert_eq(client_next(client, &event, 1000), ERR_OK, "how the replica is can be told at any time");
    cr_assert_eq(event.id, 3);
    driver.apply.busy = false;
    sessions_executed(&sessions, &(struct apply_block){ .header = &header });
    turn();
    cr_assert_eq(client_next(client, &event, 1000), ERR_OK);
    cr_assert_eq(event.id, 2);
    cr_assert_eq(event.height, 77);
    client_close(client);
}

/* refused_at asks until a question is refused. Gives: its number. */
static uint64_t refused_at(struct client *client, uint64_t most, unsigned code)
{
    struct query query = desk_query(&desk, QUERY_ORG);
    struct client_event event;

    for (uint64_t id = 0; id <= most; id++) {
        now_ns += 1000000000;
        ask(client, id, CLIENT_QUERY, &query);
    }
    cr_assert_eq(client_next(client, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_REFUSED);
    cr_assert_eq(event.code, code);
    cr_assert_gt(event.retry_after_ms, 0);
    return event.id;
}

Test(session, only_so_many_questions_wait_and_one_client_has_its_share_of_them, .init = start, .fini = stop)
{
    struct client *clients[1 + GATES_MAX / GATES_CLIENT_MAX];
    uint32_t last = sizeof clients / sizeof clients[0] - 1;

    shared_party = 5;
    for (uint32_t i = 0; i <= last; i++) {
        clients[i] = opened();
    }
    driver.apply.busy = true;
    for (uint32_t i = 0; i < last; i++) {
        cr_assert_eq(refused_at(clients[i], GATES_CLIENT_MAX, REFUSAL_SHARE), GATES_CLIENT_MAX);
    }
    cr_assert_eq(refused_at(clients[last], 0, REFUSAL_BUSY), 0, "all places are taken");
    for (uint32_t i = 0; i <= last; i++) {
        client_close(clients[i]);
    }
}

/* Four connections of one host fill all places; whoever comes from elsewhere has one all the same. */
Test(session, clients_of_one_party_keep_no_place_from_another, .init = start, .fini = stop)
{
    struct block_header header = { .height = 80, .time_ms = 9 };
    struct query query = desk_query(&desk, QUERY_ORG);
    struct client *greedy[GATES_MAX / GATES_CLIENT_MAX];
    struct client_event event;

    shared_party = 5;
    for (uint32_t i = 0; i < GATES_MAX / GATES_CLIENT_MAX; i++) {
        greedy[i] = opened();
    }
    shared_party = 6;
    struct client *modest = opened();
    driver.apply.busy = true;
    for (uint32_t i = 0; i < GATES_MAX / GATES_CLIENT_MAX; i++) {
        cr_assert_eq(refused_at(greedy[i], GATES_CLIENT_MAX, REFUSAL_SHARE), GATES_CLIENT_MAX);
    }
    ask(modest, 7, CLIENT_QUERY, &query);
    cr_assert_eq(client_next(modest, &event, 20), ERR_TIMEOUT, "it waits, and is not refused: %u", event.code);
    cr_assert_eq(client_next(greedy[GATES_MAX / GATES_CLIENT_MAX - 1], &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_REFUSED, "the newest of the greedy is told");
    cr_assert_eq(event.code, REFUSAL_BUSY);
    cr_assert_eq(event.id, GATES_CLIENT_MAX - 1);
    driver.apply.busy = false;
    sessions_executed(&sessions, &(struct apply_block){ .header = &header });
    turn();
    cr_assert_eq(client_next(modest, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER);
    cr_assert_eq(event.id, 7);
    for (uint32_t i = 0; i < GATES_MAX / GATES_CLIENT_MAX; i++) {
        client_close(greedy[i]);
    }
    client_close(modest);
}

/* gate asks a question that waits for a quorum. */
static void gate(struct client *client, uint64_t id)
{
    struct query query = desk_query(&desk, QUERY_ORG);
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    query_encode(&query, &writer);
    struct client_call call = { CLIENT_QUERY, CLIENT_FLAG_GATED, bytes_of(bytes, writer.offset) };
    cr_assert_eq(client_question(client, id, &call, 1000), ERR_OK);
    turn();
}

Test(session, questions_share_their_reads_of_a_quorum_Q5, .init = start, .fini = stop)
{
    struct client *client = opened();
    struct client_event event;

    note_driver();
    for (uint64_t id = 0; id < 10; id++) {
        gate(client, id);
    }
    cr_assert_eq(reads_count, GATES_READS_MAX, "a few at once, however many ask");
    sessions_read_done(&sessions, reads[1], true);
    turn();
    cr_assert_eq(reads_count, GATES_READS_MAX + 1);
    cr_assert_eq(client_next(client, &event, 1000), ERR_OK);
    cr_assert_eq(event.id, 1, "the one that this read was for");
    cr_assert_eq(client_next(client, &event, 20), ERR_TIMEOUT, "those behind it need a read that began after they came");
    sessions_read_done(&sessions, reads[GATES_READS_MAX], true);
    cr_assert_not(sessions_has_work(&sessions), "it has no room for the last answer before some have left");
    net_step(net, clock_mono_ns());
    cr_assert(sessions_has_work(&sessions));
    turn();
    for (uint64_t id = GATES_READS_MAX; id < 10; id++) {
        cr_assert_eq(client_next(client, &event, 1000), ERR_OK);
        cr_assert_eq(event.id, id, "one read for all the others");
        cr_assert_eq(event.type, CLIENT_ANSWER);
    }
    sessions_read_done(&sessions, reads[0], false);
    turn();
    cr_assert_eq(client_next(client, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_REFUSED);
    cr_assert_eq(event.code, REFUSAL_BEHIND);
    client_close(client);
    turn();
    sessions_read_done(&sessions, reads[2], true); /* whoever asked has left */
    cr_assert_eq(gates_of(&sessions.gates, 0), 0);
}

/* prove asks for a proof, as a client that hurries does: before the one before is there. */
static void prove(struct client *client, uint64_t id)
{
    static const uint8_t height[8] = { 9 };
    struct client_call call = { CLIENT_PROVE, 0, bytes_of(height, sizeof height) };

    cr_assert_eq(client_question(client, id, &call, 1000), ERR_OK);
    turn();
}

/* finish ends the proof under way, and lets the next begin. */
static void finish(void)
{
    const struct block_header header = { .height = 9 };

    sessions_proof(&sessions, true, &header, bytes_of("proof", 5));
    sessions_work(&sessions);
    turn();
}

Test(session, clients_get_their_proofs_in_turn, .init = start, .fini = stop)
{
    struct client *greedy = opened(), *modest = opened();
    struct client_event event;

    note_driver();
    prove(greedy, 1);
    prove(greedy, 2);
    prove(modest, 3);
    prove(greedy, 4);
    cr_assert_eq(proofs_begun, 1);
    cr_assert_eq(client_next(greedy, &event, 1000), ERR_OK);
    cr_assert_eq(event.id, 4, "one of each client waits");
    cr_assert_eq(event.code, REFUSAL_SHARE);
    finish();
    cr_assert_eq(client_next(greedy, &event, 1000), ERR_OK);
    cr_assert_eq(event.id, 1);
    prove(greedy, 5);
    cr_assert_eq(client_next(greedy, &event, 20), ERR_OK);
    cr_assert_eq(event.id, 5, "its next one has waited since");
    finish();
    cr_assert_eq(client_next(modest, &event, 1000), ERR_OK, "however quickly the other asks again");
    cr_assert_eq(event.id, 3);
    cr_assert_eq(event.type, CLIENT_ANSWER);
    finish();
    cr_assert_eq(client_next(greedy, &event, 1000), ERR_OK);
    cr_assert_eq(event.id, 2);
    cr_assert_eq(proofs_begun, 3);
    client_close(greedy);
    client_close(modest);
}

Test(session, clients_that_do_not_read_keep_no_answer_from_the_others, .init = start, .fini = stop)
{
    struct client_call call = { CLIENT_STATUS, 0, bytes_of("", 0) };
    struct client *greedy[4];
    struct client_event event;

    for (uint32_t k = 0; k < 4; k++) {
        greedy[k] = opened();
        uint64_t answers = 0;
        for (uint64_t id = 0; id < 20000 && net_client_queued_bytes(net, sessions.list[k].client) < 100; id++) {
            now_ns += 1000000000 / SESSION_QUESTIONS_PER_SECOND;
            (void)client_question(greedy[k], id, &call, 0);
            cr_assert_eq(loop_turn(loop, clock_mono_ns() + 1000000), ERR_OK);
            net_step(net, clock_mono_ns());
            answers = sessions.counters.answers;
        }
        for (uint64_t id = 0; id < SESSION_ANSWERS_MAX; id++) { /* Its socket is full: what comes now is kept. */
            now_ns += 1000000000 / SESSION_QUESTIONS_PER_SECOND;
            (void)client_question(greedy[k], id, &call, 0);
            cr_assert_eq(loop_turn(loop, clock_mono_ns() + 1000000), ERR_OK);
            net_step(net, clock_mono_ns());
        }
        cr_assert_gt(answers, 0);
    }
    struct client *modest = opened();
    ask(modest, 7, CLIENT_STATUS, NULL);
    cr_assert_eq(client_next(modest, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER, "refused: %u", event.code);
    for (uint32_t k = 0; k < 4; k++) {
        client_close(greedy[k]);
    }
    client_close(modest);
}

Test(session, a_client_that_asks_too_much_is_refused_and_the_others_are_not, .init = start, .fini = stop)
{
    struct query query = desk_query(&desk, QUERY_ORG);
    struct client *greedy = opened(), *modest = opened();
    struct client_event event;

    for (uint64_t id = 0; id <= SESSION_QUESTIONS_BURST; id++) {
        ask(greedy, id, CLIENT_STATUS, NULL);
        cr_assert_eq(client_next(greedy, &event, 1000), ERR_OK);
        cr_assert_eq(event.id, id);
        cr_assert_eq(event.type, id < SESSION_QUESTIONS_BURST ? CLIENT_ANSWER : CLIENT_REFUSED, "question %zu", (size_t)id);
    }
    cr_assert_eq(event.code, REFUSAL_SHARE);
    ask(modest, 1, CLIENT_QUERY, &query);
    cr_assert_eq(client_next(modest, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER);
    now_ns += 1000000000 / SESSION_QUESTIONS_PER_SECOND;
    ask(greedy, 100, CLIENT_QUERY, &query);
    cr_assert_eq(client_next(greedy, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER, "later there is room again");
    client_close(greedy);
    client_close(modest);
}

/* Loud clients use up what all have together; whoever is modest does not notice. */
Test(session, one_loud_party_leaves_the_others_their_part, .init = start, .fini = stop)
{
    struct client *loud[6];
    struct client_event event;
    uint64_t answered = 0;

    shared_party = 5;
    for (uint32_t k = 0; k < 6; k++) {
        loud[k] = opened();
    }
    shared_party = 6;
    struct client *modest = opened();
    for (uint32_t round = 0; round < 2; round++) {
        for (uint64_t id = 0; id < 6 * SESSION_QUESTIONS_BURST; id++) {
            ask(loud[id % 6], id, CLIENT_STATUS, NULL);
            cr_assert_eq(client_next(loud[id % 6], &event, 1000), ERR_OK);
            answered += event.type == CLIENT_ANSWER;
        }
        ask(modest, round, CLIENT_STATUS, NULL);
        cr_assert_eq(client_next(modest, &event, 1000), ERR_OK);
        cr_assert_eq(event.type, CLIENT_ANSWER, "round %u: refused with %u", round, event.code);
        now_ns += 100000000;
    }
    cr_assert_lt(answered, 12 * SESSION_QUESTIONS_BURST);
    for (uint32_t k = 0; k < 6; k++) {
        client_close(loud[k]);
    }
    client_close(modest);
}

Test(session, a_question_counts_by_the_time_that_it_takes, .init = start, .fini = stop)
{
    struct query query = desk_query(&desk, QUERY_ORG);
    struct client *dear = opened(), *modest = opened();
    struct client_event event = { .type = CLIENT_ANSWER };
    uint64_t answered = 0;

    query_ns = 30 * SESSION_QUESTION_NS;
    for (; answered < SESSION_QUESTIONS_BURST && event.type == CLIENT_ANSWER; answered++) {
        ask(dear, answered, CLIENT_QUERY, &query);
        cr_assert_eq(client_next(dear, &event, 1000), ERR_OK);
    }
    cr_assert_eq(event.type, CLIENT_REFUSED);
    cr_assert_eq(event.code, REFUSAL_SHARE);
    cr_assert_lt(answered, 6, "64 at once cost no more than 64 usual ones");
    query_ns = 0;
    ask(modest, 1, CLIENT_QUERY, &query);
    cr_assert_eq(client_next(modest, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER);
    client_close(dear);
    client_close(modest);
}

Test(session, what_is_no_question_gets_its_code_and_what_is_no_frame_ends_the_session, .init = start, .fini = stop)
{
    struct client *client = opened();
    struct client_event event;
    struct client_call call = { CLIENT_QUERY, 0, bytes_of("x", 1) }, gated = { CLIENT_STATUS, CLIENT_FLAG_GATED, bytes_of("", 0) };

    cr_assert_eq(client_question(client, 1, &call, 1000), ERR_OK);
    turn();
    cr_assert_eq(client_next(client, &event, 1000), ERR_OK);
    cr_assert_eq(event.type, CLIENT_ANSWER);
    cr_assert_neq(event.code, 0);
    cr_assert_eq(client_question(client, 2, &gated, 1000), ERR_OK);
    turn();
    turn();
    cr_assert_eq(client_next(client, &event, 1000), ERR_CLOSED);
    cr_assert_eq(sessions.counters.malformed, 1);
    client_close(client);
}

Test(session, the_answer_for_a_client_that_left_goes_nowhere, .init = start, .fini = stop)
{
    struct block_header header = { .height = 78, .time_ms = 7 };
    struct query query = desk_query(&desk, QUERY_ORG);
    struct client *client = opened();

    driver.apply.busy = true;
    ask(client, 1, CLIENT_QUERY, &query);
    client_close(client);
    turn();
    driver.apply.busy = false;
    sessions_executed(&sessions, &(struct apply_block){ .header = &header });
    turn();
    cr_assert_eq(sessions.gates.list[0].wait, GATE_NONE, "its place is free");
}

Test(session, a_client_that_asks_and_does_not_read_is_closed, .init = start, .fini = stop)
{
    struct client *client = opened();
    struct client_call call = { CLIENT_STATUS, 0, bytes_of("", 0) };

    for (uint64_t id = 0; id < 60000 && sessions.list[0].client != 0; id++) {
        (void)client_question(client, id, &call, 0);
        if (id % 16 == 0) {
            cr_assert_eq(loop_turn(loop, clock_mono_ns() + 1000000), ERR_OK);
            net_step(net, clock_mono_ns());
        }
    }
    cr_assert_eq(sessions.list[0].client, 0, "what waits for it passed the bound");
    cr_assert_eq(why_down, NET_TIMED_OUT, "it was sent away and still did not read");
    cr_assert_eq(sessions.counters.malformed, 0);
    client_close(client);
}

/* submitted makes the session wait for a command, as an admitted SUBMIT does. */
static void submitted(struct session *session, uint64_t request, const struct hash32 *id)
{
    struct waiter waiter;
    uint64_t token = waiters_open(&sessions.waiters, &(struct waiter){ session->client, request });

    cr_assert_neq(token, 0);
    cr_assert(waiters_admit(&sessions.waiters, token, id, &waiter));
    session->outstanding++;
}

Test(session, each_client_gets_one_record_of_receipts_for_a_block, .init = start, .fini = stop)
{
    const struct block_command commands[4] = { { .id = { { 1 } } }, { .id = { { 2 } } }, { .id = { { 3 } } }, { .id = { { 4 } } } };
    uint16_t codes[4] = { 0, 203, 0, 111 };
    struct block_header header = { .height = 79, .time_ms = 8, .commands_count = 4 };
    struct client *busy = opened(), *modest = opened(), *idle = opened();
    struct client_event event;

    for (uint64_t i = 0; i < 3; i++) {
        submitted(&sessions.list[0], 10 + i, &commands[i].id);
    }
    submitted(&sessions.list[1], 20, &commands[1].id); /* the same command as one of the other's */
    uint64_t frames = net_counters(net)->frames_out;
    sessions_executed(&sessions, &(struct apply_block){ .header = &header, .commands = commands, .codes = codes });
    cr_assert_eq(net_counters(net)->frames_out - frames, 2, "R5: one record for each client that waited, whatever it waited for");
    turn();
    bool told[3] = { false };
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert_eq(client_next(busy, &event, 1000), ERR_OK);
        cr_assert_eq(event.type, CLIENT_RECEIPTS);
        cr_assert_eq(event.height, 79);
        cr_assert(event.id >= 10 && event.id < 13 && !told[event.id - 10], "R5: each request once");
        told[event.id - 10] = true;
        cr_assert_eq(event.index, event.id - 10, "R5: with its place");
        cr_assert_eq(event.code, codes[event.index], "R5: and its code");
    }
    cr_assert_eq(client_next(modest, &event, 1000), ERR_OK);
    cr_assert_eq(event.id, 20);
    cr_assert_eq(event.code, 203);
    cr_assert_eq(client_next(busy, &event, 20), ERR_TIMEOUT);
    cr_assert_eq(client_next(idle, &event, 20), ERR_TIMEOUT);
    client_close(busy);
    client_close(modest);
    client_close(idle);
}

Test(session, there_is_room_for_all_that_all_clients_may_ask)
{
    static const uint32_t counts[] = { 1, 3, 128, 129, NET_CLIENTS_MAX };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint32_t room = sessions_waiters_max(counts[i]);
        cr_assert_geq(room, counts[i] * CLIENT_OUTSTANDING_MAX);
        cr_assert_lt(room, 2 * counts[i] * CLIENT_OUTSTANDING_MAX);
        cr_assert_eq(room & (room - 1), 0, "a power of two");
    }
}
