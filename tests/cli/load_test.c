/* load_test.c: the load generator against small replicas of our own: rates, resends, accounting, and an honest word when it was late. */
#include "cli/load.h"

#include "base/clock.h"
#include "tests/cli/cli_kit.h"
#include "wire/code.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SERVERS = 2, PEERS_MAX = 8, INPUT_BYTES = 1 << 16, COMMANDS = 400 };

/* What a fake replica does with a SUBMIT. */
enum manner {
    ANSWERS,      /* a receipt at once */
    SILENT,       /* nothing, ever */
    FALLS_SILENT, /* nothing after the first ten */
    BUSY_FIRST,   /* refuses each command once, with a time */
    REFUSES,      /* refuses for good */
    HANGS_UP,     /* executes it, says nothing and ends the connection, for the first 20 */
};

struct server {
    pthread_t thread;
    enum manner manner;
    int listener;
    char path[LOAD_SOCKET_BYTES];
    atomic_bool stop;
    uint64_t submits;
    struct { int fd; size_t used; uint8_t input[INPUT_BYTES]; } peers[PEERS_MAX];
};

static const struct population_plan plan = { .orgs = 2, .actors = 2, .patients = 2, .seed = 3, .time_ms = 1780000000000 };
static const struct hash32 genesis = { { 9, 8, 7 } };
static struct server servers[SERVERS];
static struct stock stock;
static struct load load;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t executed[COMMANDS]; /* height, 0: not yet; as the replicas of one cluster know it */
static uint64_t height;

static void answer(int fd, uint8_t type, const struct writer *body)
{
    uint8_t header[FRAME_HEADER_BYTES];

    frame_header_encode(&(struct frame_header){ type, 0, CLIENT_PROTOCOL_VERSION, (uint32_t)body->offset }, header);
    (void)send(fd, header, sizeof header, MSG_NOSIGNAL);
    (void)send(fd, body->data, body->offset, MSG_NOSIGNAL);
}

static void refuse(int fd, uint64_t id, uint16_t code, uint32_t retry_ms)
{
    uint8_t bytes[64];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    client_refused_encode(&(struct client_refused){ id, code, retry_ms }, &writer);
    answer(fd, CLIENT_REFUSED, &writer);
}

static void give_receipt(int fd, uint64_t id, uint64_t at)
{
    uint8_t bytes[64];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    client_receipts_encode(&(struct client_receipts){ .height = at, .count = 1 }, &writer);
    client_receipt_encode(&(struct client_receipt){ id, 0, CODE_OK }, &writer);
    answer(fd, CLIENT_RECEIPTS, &writer);
}

/* execute gives the height of the command and whether this is the first time. */
static bool execute(uint64_t id, uint64_t *at)
{
    pthread_mutex_lock(&lock);
    bool first = executed[id] == 0;
    if (first) {
        executed[id] = ++height;
    }
    *at = executed[id];
    pthread_mutex_unlock(&lock);
    return first;
}

/* on_submit gives false when the connection is to end. */
static bool on_submit(struct server *server, int fd, uint64_t id)
{
    static uint8_t seen[SERVERS][COMMANDS];
    uint8_t *known = &seen[server - servers][id];
    uint64_t at;

    server->submits++;
    if (server->manner == SILENT || (server->manner == FALLS_SILENT && server->submits > 10)) {
        return true;
    }
    if (server->manner == REFUSES || (server->manner == BUSY_FIRST && *known == 0)) {
        *known = 1;
        refuse(fd, id, server->manner == REFUSES ? CODE_SIG : 1, server->manner == REFUSES ? 0 : 30);
        return true;
    }
    if (!execute(id, &at)) {
        refuse(fd, id, CODE_NONCE_LOW, 0);
        return true;
    }
    if (server->manner == HANGS_UP && server->submits <= 20) {
        return false;
    }
    give_receipt(fd, id, at);
    return true;
}

static bool on_frame(struct server *server, int fd, const struct frame *frame)
{
    struct client_submit submit;
    uint8_t bytes[64];
    struct writer writer;

    if (frame->header.type == CLIENT_HELLO) {
        writer_init(&writer, bytes, sizeof bytes);
        client_welcome_encode(&(struct client_welcome){ .members_count = SERVERS, .genesis = genesis }, &writer);
        answer(fd, CLIENT_WELCOME, &writer);
        return true;
    }
    return client_submit_decode(&submit, frame->body) == VERDICT_OK && submit.id < COMMANDS && on_submit(server, fd, submit.id);
}

static void serve(struct server *server, size_t peer)
{
    uint8_t room[FRAME_HEADER_BYTES + INPUT_BYTES];
    struct frame_reader reader;
    struct frame frame;
    uint8_t *input = server->peers[peer].input;
    int fd = server->peers[peer].fd;
    ssize_t got = recv(fd, input + server->peers[peer].used, INPUT_BYTES - server->peers[peer].used, MSG_DONTWAIT);
    bool good = got > 0;

    server->peers[peer].used += good ? (size_t)got : 0;
    struct bytes left = bytes_of(input, server->peers[peer].used);
    size_t taken = 0;
    frame_reader_init(&reader, room, INPUT_BYTES);
    while (good && frame_reader_next(&reader, &left, &frame) == FRAME_READY) {
        taken = server->peers[peer].used - left.size;
        good = on_frame(server, fd, &frame);
    }
    server->peers[peer].used -= taken; /* what is left is the beginning of a frame */
    memmove(input, input + taken, server->peers[peer].used);
    if (!good) {
        close(fd);
        server->peers[peer].fd = -1;
        server->peers[peer].used = 0;
    }
}

static void welcome_peer(struct server *server)
{
    int fd = accept(server->listener, NULL, NULL);

    for (size_t i = 0; i < PEERS_MAX && fd >= 0; i++) {
        if (server->peers[i].fd < 0) {
            server->peers[i].fd = fd;
            return;
        }
    }
    close(fd);
}

static void *server_run(void *context)
{
    struct server *server = context;

    while (!server->stop) {
        struct pollfd polls[PEERS_MAX + 1] = { { .fd = server->listener, .events = POLLIN } };
        for (size_t i = 0; i < PEERS_MAX; i++) {
            polls[i + 1] = (struct pollfd){ .fd = server->peers[i].fd, .events = POLLIN };
        }
        if (poll(polls, PEERS_MAX + 1, 20) <= 0) {
            continue;
        }
        if (polls[0].revents != 0) {
            welcome_peer(server);
        }
        for (size_t i = 0; i < PEERS_MAX; i++) {
            if (polls[i + 1].revents != 0) {
                serve(server, i);
            }
        }
    }
    return NULL;
}

static void server_start(size_t i, enum manner manner)
{
    struct server *server = &servers[i];
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    server->manner = manner;
    for (size_t peer = 0; peer < PEERS_MAX; peer++) {
        server->peers[peer].fd = -1;
    }
    snprintf(server->path, sizeof server->path, "%s/s%zu", kit_directory(), i);
    strcpy(address.sun_path, server->path);
    server->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(server->listener, 16), 0);
    cr_assert_eq(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static uint32_t avoided = LOAD_NOBODY, window;

/* run plays a load of `count` commands against two servers. */
static void run(enum manner first, enum manner second, uint64_t rate, uint64_t count)
{
    static char sockets[SERVERS][LOAD_SOCKET_BYTES];
    struct population population;
    struct population_work work = { .genesis = &genesis, .valid_until_ms = 1780000100000, .items = 1 };
    struct load_config config = { .replicas = SERVERS, .sockets = sockets, .connections = 2, .genesis = genesis, .stock = &stock, .rate = rate, .window = 8,
        .duration_ns = 2000000000, .drain_ns = 3000000000 };

    cr_assert_eq(population_make(&population, &plan), ERR_OK);
    cr_assert_eq(stock_make(&stock, &population, &work, count), ERR_OK);
    population_close(&population);
    server_start(0, first);
    server_start(1, second);
    for (size_t i = 0; i < SERVERS; i++) {
        strcpy(sockets[i], servers[i].path);
    }
    cr_assert_eq(load_open(&load, &config), ERR_OK);
    load_avoid(&load, avoided);
    if (rate == 0 && window > 0) {
        load_window(&load, window);
    }
    load_run(&load);
}

static void stop(void)
{
    for (size_t i = 0; i < SERVERS; i++) {
        servers[i].stop = true;
        if (servers[i].listener != 0) {
            pthread_join(servers[i].thread, NULL);
            close(servers[i].listener);
        }
        for (size_t peer = 0; peer < PEERS_MAX; peer++) {
            if (servers[i].peers[peer].fd > 0) {
                close(servers[i].peers[peer].fd);
            }
        }
    }
    load_close(&load);
    stock_close(&stock);
}

Test(load, an_open_loop_sends_at_its_rate_to_the_replica_of_each_hospital, .fini = stop)
{
    uint64_t begin_ns = clock_mono_ns();

    run(ANSWERS, ANSWERS, 1000, COMMANDS);
    uint64_t took_ns = clock_mono_ns() - begin_ns;
    cr_assert_eq(load.tally.committed[CODE_OK], COMMANDS);
    cr_assert_eq(servers[0].submits, COMMANDS / 2);
    cr_assert_eq(servers[1].submits, COMMANDS / 2);
    cr_assert_eq(load.tally.resends, 0);
    cr_assert(tally_complete(&load.tally));
    cr_assert_geq(took_ns, 399000000, "the last one leaves after 399 ms");
    cr_assert_eq(load.tally.latency.count, COMMANDS);
    cr_assert_eq(load.tally.entries[200].intended_ns - load.tally.entries[0].intended_ns, 200000000);
}

Test(load, a_closed_loop_keeps_its_window_and_says_when_the_stock_is_used_up, .fini = stop)
{
    run(ANSWERS, ANSWERS, 0, COMMANDS);
    cr_assert_eq(load.tally.committed[CODE_OK], COMMANDS);
    cr_assert(load.used_up);
    cr_assert_not(load_fell_behind(&load), "nothing was promised");
}

Test(load, a_replica_that_is_avoided_gets_nothing_and_the_others_everything, .fini = stop)
{
    avoided = 0;
    window = 1;
    run(ANSWERS, ANSWERS, 0, COMMANDS);
    cr_assert_eq(load.tally.committed[CODE_OK], COMMANDS);
    cr_assert_eq(servers[0].submits, 0);
    cr_assert_eq(servers[1].submits, COMMANDS);
}

Test(load, what_a_silent_replica_does_not_answer_goes_to_the_next_one_after_250_ms, .fini = stop)
{
    run(SILENT, ANSWERS, 200, 40);
    cr_assert_eq(load.tally.committed[CODE_OK], 40);
    cr_assert_geq(load.tally.resends, 20);
    cr_assert(tally_complete(&load.tally));
    cr_assert_geq(load.tally.latency.max, 250000000);
    cr_assert_lt(histogram_percentile(&load.tally.latency, 400000), 200000000, "the other hospital's are not held up");
}

Test(load, commands_that_stay_open_end_in_a_gap_that_is_no_longer_than_the_run, .fini = stop)
{
    uint64_t begin_ns = clock_mono_ns();

    run(FALLS_SILENT, FALLS_SILENT, 200, 40);
    uint64_t took_ns = clock_mono_ns() - begin_ns;
    cr_assert_gt(tally_open(&load.tally), 0);
    cr_assert(load_is_over(&load));
    cr_assert_geq(load_gap_ns(&load), 2000000000, "the time of waiting for answers counts");
    cr_assert_leq(load_gap_ns(&load), took_ns);
}

Test(load, a_refusal_with_a_time_is_tried_again_and_one_for_good_is_counted, .fini = stop)
{
    run(BUSY_FIRST, REFUSES, 400, 40);
    cr_assert_eq(load.tally.refused[CODE_SIG], 40 - load.tally.committed[CODE_OK]);
    cr_assert_gt(load.tally.committed[CODE_OK], 0);
    cr_assert_geq(load.tally.pauses, 20);
    cr_assert(tally_complete(&load.tally));
}

Test(load, receipts_that_went_down_with_a_connection_are_lost_and_not_executed_twice, .fini = stop)
{
    run(HANGS_UP, ANSWERS, 400, 100);
    cr_assert_eq(load.tally.committed[CODE_OK] + load.tally.states[TALLY_LOST], 100);
    cr_assert_geq(load.tally.states[TALLY_LOST], 1);
    cr_assert_not(tally_complete(&load.tally));
    for (uint64_t i = 0; i < 100; i++) {
        if (load.tally.entries[i].state == TALLY_LOST) {
            tally_found(&load.tally, i, executed[i] != 0, CODE_OK);
        }
    }
    cr_assert(tally_complete(&load.tally));
    cr_assert_eq(load.tally.committed[CODE_OK], 100);
}

Test(load, a_generator_that_cannot_send_says_that_it_fell_behind, .fini = stop)
{
    static struct tally_entry entries[4];

    load.config.rate = 100;
    tally_init(&load.tally, entries, 4);
    tally_intend(&load.tally, 0, 1000);
    tally_sent(&load.tally, 0, 0, 1000 + LOAD_LATE_MAX_NS);
    cr_assert_eq(load.tally.lateness.max, LOAD_LATE_MAX_NS);
    tally_intend(&load.tally, 1, 1000);
    tally_sent(&load.tally, 1, 0, 1001 + LOAD_LATE_MAX_NS);
    cr_assert(load_fell_behind(&load));
}
