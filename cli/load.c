/* load.c: see load.h. One thread, poll(2). */
#include "cli/load.h"

#include "base/assert.h"
#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
#define SWEEP_NS UINT64_C(25000000) /* resends and reconnections are looked at so often */

enum {
    CONNECT_MS = 20,
    LEAD_NS = 20000000, /* between connecting and the first command */
    QUEUE_BYTES = 1 << 20,
    WELCOME_WAIT_MS = 2000,
    SENDS_PER_TURN = 64, /* between two looks at what came back */
    MEMORY_ALIGN = 64
};

static uint32_t replica_of(const struct load *load, uint32_t connection)
{
    return connection / load->config.connections;
}

/* --- Connections ---------------------------------------------------------------------------------------------------- */

static void dial_config_of(const struct load *load, uint32_t replica, struct dial_config *config)
{
    char text[LOAD_SOCKET_BYTES + 8];
    const char *problem;

    snprintf(text, sizeof text, "unix:%s", load->config.sockets[replica]);
    *config = (struct dial_config){ .frame_bytes_max = CLIENT_FRAME_BYTES_MAX, .queue_bytes_max = QUEUE_BYTES };
    enum err err = address_parse(&config->address, text, &problem);
    ASSERT(err == ERR_OK);
}

static enum err send_frame(struct load_connection *connection, uint8_t type, struct bytes body)
{
    struct frame frame = { { type, 0, CLIENT_PROTOCOL_VERSION, (uint32_t)body.size }, body };

    return dial_send(connection->dial, &frame, 0);
}

static void hang_up(struct load *load, uint32_t number, uint64_t now_ns)
{
    struct load_connection *connection = &load->connections[number];

    dial_close(connection->dial);
    connection->dial = NULL;
    connection->greeted = false;
    connection->outstanding = 0;
    tally_broken(&load->tally, number, now_ns);
}

static void call(struct load *load, uint32_t number)
{
    struct load_connection *connection = &load->connections[number];
    struct dial_config config;
    struct client_hello hello;
    uint8_t bytes[64];
    struct writer writer;

    dial_config_of(load, replica_of(load, number), &config);
    if (dial_open(&connection->dial, connection->memory, &config, CONNECT_MS) != ERR_OK) {
        connection->dial = NULL;
        return;
    }
    memcpy(hello.chain_tag, load->config.genesis.bytes, CHAIN_TAG_BYTES);
    writer_init(&writer, bytes, sizeof bytes);
    client_hello_encode(&hello, &writer);
    if (send_frame(connection, CLIENT_HELLO, bytes_of(bytes, writer.offset)) != ERR_OK) {
        hang_up(load, number, clock_mono_ns());
    }
}

static void call_missing(struct load *load)
{
    for (uint32_t i = 0; i < load->connections_count; i++) {
        if (load->connections[i].dial == NULL) {
            call(load, i);
        }
    }
}

/* --- What comes back ------------------------------------------------------------------------------------------------- */

static void answered(struct load_connection *connection)
{
    connection->outstanding -= connection->outstanding > 0 ? 1 : 0;
}

static enum verdict on_receipts(struct load *load, struct load_connection *connection, struct bytes body, uint64_t now_ns)
{
    struct client_receipts receipts;
    struct client_receipt receipt;
    struct reader items;
    enum verdict verdict = client_receipts_decode(&receipts, body);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    reader_init(&items, receipts.items.data, receipts.items.size);
    for (uint32_t i = 0; i < receipts.count; i++) {
        client_receipt_next(&items, &receipt);
        answered(connection);
        tally_receipt(&load->tally, receipt.id, &receipt, receipts.height, now_ns);
    }
    return VERDICT_OK;
}

static enum verdict on_welcome(const struct load *load, struct load_connection *connection, struct bytes body)
{
    struct client_welcome welcome;
    enum verdict verdict = client_welcome_decode(&welcome, body);

    connection->greeted = verdict == VERDICT_OK && hash_equal(&welcome.genesis, &load->config.genesis);
    return verdict == VERDICT_OK && !connection->greeted ? VERDICT_EPOCH : verdict;
}

static enum verdict on_frame(struct load *load, struct load_connection *connection, const struct frame *frame, uint64_t now_ns)
{
    struct client_refused refused;
    enum verdict verdict;
    uint64_t id;

    switch (frame->header.type) {
    case CLIENT_WELCOME:
        return on_welcome(load, connection, frame->body);
    case CLIENT_ADMITTED:
        verdict = client_admitted_decode(&id, frame->body);
        if (verdict == VERDICT_OK) {
            tally_admitted(&load->tally, id, now_ns);
        }
        return verdict;
    case CLIENT_REFUSED:
        verdict = client_refused_decode(&refused, frame->body);
        if (verdict == VERDICT_OK) {
            answered(connection);
            tally_refused(&load->tally, refused.id, &refused, now_ns);
        }
        return verdict;
    case CLIENT_RECEIPTS:
        return on_receipts(load, connection, frame->body, now_ns);
    default:
        return VERDICT_TYPE;
    }
}

static void receive(struct load *load, uint32_t number)
{
    struct load_connection *connection = &load->connections[number];
    uint64_t now_ns = clock_mono_ns();
    struct frame frame;
    enum err err = ERR_OK;

    while (err == ERR_OK) {
        err = dial_receive(connection->dial, &frame, 0);
        if (err == ERR_OK && on_frame(load, connection, &frame, now_ns) != VERDICT_OK) {
            err = ERR_FORMAT;
        }
    }
    if (err != ERR_TIMEOUT) {
        hang_up(load, number, now_ns);
    }
}

/* --- Sending --------------------------------------------------------------------------------------------------------- */

/* choose gives a connection with fewer than `most` commands on their way, at the replica `turn` places after home or behind it; UINT32_MAX: none. */
static uint32_t choose(const struct load *load, uint64_t number, uint32_t turn, uint32_t most)
{
    const struct load_config *config = &load->config;

    for (uint32_t i = 0; i < config->replicas; i++) {
        uint32_t replica = (stock_home(config->stock, number) + turn + i) % config->replicas;
        for (uint32_t j = 0; j < config->connections && replica != load->avoided; j++) {
            uint32_t at = replica * config->connections + (uint32_t)((number / config->replicas + j) % config->connections);
            if (load->connections[at].greeted && load->connections[at].outstanding < most) {
                return at;
            }
        }
    }
    return UINT32_MAX;
}

/* transmit sends a command now. Gives: false when no connection takes it. */
static bool transmit(struct load *load, uint64_t number, uint64_t now_ns)
{
    uint8_t bytes[8 + TX_BYTES_MAX];
    struct writer writer;
    uint32_t turn = tally_turn(&load->tally, number);
    uint32_t at = choose(load, number, turn, LOAD_CONNECTION_WINDOW);

    if (at == UINT32_MAX) {
        at = choose(load, number, turn, CLIENT_OUTSTANDING_MAX);
    }
    if (at == UINT32_MAX) {
        return false;
    }
    writer_init(&writer, bytes, sizeof bytes);
    client_submit_encode(&(struct client_submit){ number, stock_command(load->config.stock, number) }, &writer);
    ASSERT(!writer.failed);
    enum err err = send_frame(&load->connections[at], CLIENT_SUBMIT, bytes_of(bytes, writer.offset));
    if (err == ERR_FULL) {
        return false;
    }
    tally_sent(&load->tally, number, at, now_ns);
    load->connections[at].outstanding++;
    if (err != ERR_OK) {
        hang_up(load, at, now_ns);
    }
    return true;
}

static uint64_t intended_ns(const struct load *load, uint64_t number)
{
    uint64_t rate = load->config.rate;

    return load->start_ns + number / rate * SECOND_NS + number % rate * SECOND_NS / rate;
}

/* may_send tells whether the next command's time has come. Gives: *when, its intended time. */
static bool may_send(const struct load *load, uint64_t now_ns, uint64_t *when)
{
    if (load->config.rate == 0) {
        *when = now_ns;
        return tally_open(&load->tally) < load->window;
    }
    *when = intended_ns(load, load->tally.high);
    return *when <= now_ns;
}

static void send_new(struct load *load, uint64_t now_ns)
{
    uint64_t when;

    for (uint32_t i = 0; i < SENDS_PER_TURN && load->tally.high < load->count && may_send(load, now_ns, &when); i++) {
        tally_intend(&load->tally, load->tally.high, when);
        if (!transmit(load, load->tally.high, now_ns)) {
            return;
        }
    }
}

static void send_again(struct load *load, uint64_t now_ns)
{
    uint64_t cursor = 0, number = tally_due(&load->tally, &cursor, now_ns);

    while (number != TALLY_NEVER && transmit(load, number, now_ns)) {
        number = tally_due(&load->tally, &cursor, now_ns);
    }
}

/* --- The loop -------------------------------------------------------------------------------------------------------- */

/* obey takes over what other threads wish, and tells them how far it is. */
static void obey(struct load *load, uint64_t now_ns)
{
    uint64_t gap_from_ns = atomic_exchange(&load->gap_from_ns, 0);

    if (load->tally.measure_to_ns != load->measure_to_ns) { /* written last */
        tally_measure(&load->tally, load->measure_from_ns, load->measure_to_ns);
        load->cpu_from_ns = 0;
    }
    if (gap_from_ns != 0) {
        tally_gap_start(&load->tally, gap_from_ns);
    }
    if (load->cpu_from_ns == 0 && now_ns >= load->tally.measure_from_ns) {
        load->cpu_from_ns = clock_thread_cpu_ns();
    }
    if (load->cpu_to_ns == 0 && now_ns >= load->tally.measure_to_ns) {
        load->cpu_to_ns = clock_thread_cpu_ns();
    }
    load->sent = load->tally.high;
    load->committed = load->tally.committed[0];
    load->rejected = load->tally.states[TALLY_DONE] - load->tally.committed[0] + load->tally.states[TALLY_REFUSED];
    load->open = tally_open(&load->tally);
    if (load->gap_from_ns == 0 && now_ns != TALLY_NEVER) { /* Else somebody has just asked to forget it, or there is no present any more. */
        load->gap_ns = tally_gap(&load->tally, now_ns);
    }
}

static void sweep(struct load *load, uint64_t now_ns)
{
    if (now_ns < load->sweep_ns) {
        return;
    }
    load->sweep_ns = now_ns + SWEEP_NS;
    call_missing(load);
    send_again(load, now_ns);
}

/* wait sleeps until something comes in, the next command is to be sent or the next sweep is due. */
static void wait_for_news(struct load *load, bool sending, uint64_t now_ns)
{
    struct pollfd polls[LOAD_CONNECTIONS_MAX];
    uint64_t wake_ns = load->sweep_ns;

    if (sending && load->config.rate != 0 && load->tally.high < load->count && intended_ns(load, load->tally.high) < wake_ns) {
        wake_ns = intended_ns(load, load->tally.high);
    }
    for (uint32_t i = 0; i < load->connections_count; i++) {
        struct dial *dial = load->connections[i].dial;
        polls[i] = (struct pollfd){ .fd = dial == NULL ? -1 : dial_fd(dial), .events = dial != NULL && dial_wants_write(dial) ? POLLIN | POLLOUT : POLLIN };
    }
    uint64_t left_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
    struct timespec timeout = { (time_t)(left_ns / SECOND_NS), (long)(left_ns % SECOND_NS) };
    int ready = ppoll(polls, load->connections_count, &timeout, NULL);
    for (uint32_t i = 0; ready > 0 && i < load->connections_count; i++) {
        if (polls[i].revents != 0 && load->connections[i].dial != NULL) {
            receive(load, i);
        }
    }
}

/* greet connects to all replicas and waits until they have answered, or those that do not are left out for now. */
static void greet(struct load *load)
{
    uint64_t end_ns = clock_mono_ns() + WELCOME_WAIT_MS * UINT64_C(1000000);
    uint32_t greeted = 0;

    while (greeted < load->connections_count && clock_mono_ns() < end_ns) {
        call_missing(load);
        load->sweep_ns = clock_mono_ns() + SWEEP_NS;
        wait_for_news(load, false, clock_mono_ns());
        greeted = 0;
        for (uint32_t i = 0; i < load->connections_count; i++) {
            greeted += load->connections[i].greeted ? 1 : 0;
        }
    }
    load->sweep_ns = 0;
}

static bool is_sending(struct load *load, uint64_t now_ns)
{
    bool time_left = now_ns < load->start_ns + load->config.duration_ns || load->config.rate != 0;

    load->used_up = load->used_up || (load->config.rate == 0 && time_left && !load->stop && load->tally.high == load->count);
    return !load->stop && time_left && load->tally.high < load->count;
}

void load_run(struct load *load)
{
    greet(load);
    load->start_ns = clock_mono_ns() + LEAD_NS;
    uint64_t now_ns = load->start_ns, drain_end_ns = UINT64_MAX;
    bool sending = true;

    while (sending || (tally_open(&load->tally) > 0 && now_ns < drain_end_ns)) {
        now_ns = clock_mono_ns();
        obey(load, now_ns);
        sending = sending && is_sending(load, now_ns);
        if (sending) {
            send_new(load, now_ns);
        } else if (drain_end_ns == UINT64_MAX) {
            drain_end_ns = now_ns + load->config.drain_ns;
        }
        sweep(load, now_ns);
        wait_for_news(load, sending, clock_mono_ns());
    }
    obey(load, TALLY_NEVER);
}

/* --- Life ------------------------------------------------------------------------------------------------------------ */

enum err load_open(struct load *load, const struct load_config *config)
{
    struct dial_config dial;
    uint64_t wanted = config->rate == 0 ? UINT64_MAX : config->duration_ns / 1000000 * config->rate / 1000;

    ASSERT(config->replicas >= 1);
    ASSERT(config->connections >= 1);
    ASSERT(config->replicas * config->connections <= LOAD_CONNECTIONS_MAX);
    ASSERT(config->rate > 0 || config->window > 0);
    *load = (struct load){ .config = *config, .connections_count = config->replicas * config->connections };
    load->count = wanted < config->stock->count ? wanted : config->stock->count;
    load->entries = calloc(load->count + 1, sizeof *load->entries);
    bool good = load->entries != NULL;
    for (uint32_t i = 0; i < load->connections_count && good; i++) {
        dial_config_of(load, replica_of(load, i), &dial);
        load->connections[i].memory = aligned_alloc(MEMORY_ALIGN, (dial_footprint(&dial) + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN);
        good = load->connections[i].memory != NULL;
    }
    if (!good) {
        load_close(load);
        return ERR_NO_MEMORY;
    }
    tally_init(&load->tally, load->entries, load->count);
    load->measure_to_ns = TALLY_NEVER;
    load->window = config->window;
    load->avoided = LOAD_NOBODY;
    return ERR_OK;
}

void load_stop(struct load *load)
{
    load->stop = true;
}

void load_window(struct load *load, uint32_t window)
{
    ASSERT(load->config.rate == 0);
    ASSERT(window > 0);
    load->window = window;
}

void load_avoid(struct load *load, uint32_t replica)
{
    ASSERT(replica == LOAD_NOBODY || replica < load->config.replicas);
    ASSERT(replica == LOAD_NOBODY || load->config.replicas > 1);
    load->avoided = replica;
}

void load_measure(struct load *load, uint64_t from_ns, uint64_t to_ns)
{
    load->measure_from_ns = from_ns;
    load->measure_to_ns = to_ns;
}

void load_watch_gaps(struct load *load)
{
    load->gap_ns = 0;
    load->gap_from_ns = clock_mono_ns();
}

bool load_is_over(const struct load *load)
{
    return load->sent == load->count;
}

uint64_t load_gap_ns(const struct load *load)
{
    return load->gap_ns;
}

bool load_fell_behind(const struct load *load)
{
    const struct histogram *lateness = &load->tally.lateness;

    return load->config.rate > 0 && (histogram_percentile(lateness, 990000) > LOAD_LATE_P99_NS || lateness->max > LOAD_LATE_MAX_NS);
}

void load_close(struct load *load)
{
    for (uint32_t i = 0; i < load->connections_count; i++) {
        if (load->connections[i].dial != NULL) {
            dial_close(load->connections[i].dial);
        }
        free(load->connections[i].memory);
    }
    free(load->entries);
    load->entries = NULL;
    load->connections_count = 0;
}
