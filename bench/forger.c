/* forger.c: see forger.h. */
#include "bench/forger.h"

#include "base/assert.h"
#include "base/clock.h"
#include "consensus/pool/pool.h"
#include "wire/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    AHEAD = 64,          /* it forges commands from so far ahead of the newest that was sent */
    SPREAD = 1024,       /* within so many: further ones have nonces that nobody looks at yet */
    TICK_NS = 1000000,
    BURST_MAX = 1000,    /* frames between two looks at the clock */
    CONNECT_MS = 1000,
    QUEUE_BYTES = 1 << 20,
    PACED_QUEUE_BYTES = 1 << 16,
    PACED_MS = 2050,     /* a little more than POOL_SUSPECT_NS: nothing is held against a connection any more */
    MEMORY_ALIGN = 64
};

_Static_assert((uint64_t)PACED_MS * 1000000 > POOL_SUSPECT_NS, "sooner it would be known still");

static struct dial *call(struct forger *forger, void *memory, const struct dial_config *config)
{
    struct dial *dial = NULL;
    struct client_hello hello;
    uint8_t bytes[64];
    struct writer writer;

    if (dial_open(&dial, memory, config, CONNECT_MS) != ERR_OK) {
        return NULL;
    }
    forger->calls++;
    memcpy(hello.chain_tag, forger->config.load->config.genesis.bytes, CHAIN_TAG_BYTES);
    writer_init(&writer, bytes, sizeof bytes);
    client_hello_encode(&hello, &writer);
    struct frame frame = { { CLIENT_HELLO, 0, CLIENT_PROTOCOL_VERSION, (uint32_t)writer.offset }, bytes_of(bytes, writer.offset) };
    (void)dial_send(dial, &frame, CONNECT_MS);
    return dial;
}

/* forge writes a SUBMIT of a command that will come, with a signature that nobody made: R is a good point and S a good scalar, of which the lowest 64 bits are changed, so that it is found
 * out by the equation alone, and spoils every sum that it is in. */
static size_t forge(const struct forger *forger, uint8_t *out, size_t room)
{
    const struct stock *stock = forger->config.load->config.stock;
    uint64_t number = (forger->config.load->sent + AHEAD + forger->sent % SPREAD) % stock->count;
    struct bytes command = stock_command(stock, number);
    uint8_t copy[TX_BYTES_MAX];
    struct envelope envelope;
    struct writer writer;

    memcpy(copy, command.data, command.size);
    enum code code = envelope_decode(&envelope, bytes_of(copy, envelope_size(bytes_of(copy, command.size))));
    ASSERT(code == CODE_OK);
    size_t at = (size_t)(envelope.signature - copy);
    memcpy(copy + at + 32, &forger->sent, sizeof forger->sent); /* no two are equal */
    writer_init(&writer, out, room);
    client_submit_encode(&(struct client_submit){ forger->sent, bytes_of(copy, command.size) }, &writer);
    ASSERT(!writer.failed);
    return writer.offset;
}

/* drain reads what the replica says, and forgets it. Gives: false when the connection is over. */
static bool drain(struct dial *dial)
{
    struct frame frame;
    enum err err = ERR_OK;

    while (err == ERR_OK) {
        err = dial_receive(dial, &frame, 0);
    }
    return err == ERR_TIMEOUT;
}

/* send_some sends until so many were sent in all. Gives: false when the connection is over. */
static bool send_some(struct forger *forger, struct dial *dial, uint64_t until)
{
    uint8_t body[8 + TX_BYTES_MAX];

    for (uint32_t i = 0; i < BURST_MAX && forger->sent < until; i++) {
        size_t size = forge(forger, body, sizeof body);
        struct frame frame = { { CLIENT_SUBMIT, 0, CLIENT_PROTOCOL_VERSION, (uint32_t)size }, bytes_of(body, size) };
        enum err err = dial_send(dial, &frame, 0);
        if (err != ERR_OK) {
            return err == ERR_FULL; /* What is not taken is not sent: the rate is an upper bound. */
        }
        forger->sent++;
    }
    return dial_flush(dial, 0) != ERR_CLOSED && drain(dial);
}

/* due_of gives how many should have been sent in all once a line has had its turn: the first sends at the rate of all, a further one when its pause is over. */
static uint64_t due_of(struct forger *forger, uint32_t number, uint64_t now_ns)
{
    struct forger_line *line = &forger->lines[number];

    if (number == 0) {
        return (now_ns - forger->start_ns) / 1000 * forger->config.per_second / 1000000;
    }
    if (now_ns < line->due_ns) {
        return forger->sent;
    }
    line->due_ns += (uint64_t)PACED_MS * 1000000;
    return forger->sent + 1;
}

/* turn lets one line send what is due; one that was closed calls again. */
static void turn(struct forger *forger, uint32_t number, const struct dial_config *config)
{
    struct forger_line *line = &forger->lines[number];

    line->dial = line->dial == NULL ? call(forger, line->memory, config) : line->dial;
    if (line->dial != NULL && !send_some(forger, line->dial, due_of(forger, number, clock_mono_ns()))) {
        dial_close(line->dial);
        line->dial = NULL;
    }
}

static size_t round_up(size_t bytes)
{
    return (bytes + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
}

/* open_lines takes the memory of all lines; the pauses of the paced ones end one after the other. Gives: false when there is none. */
static bool open_lines(struct forger *forger, const struct dial_config configs[2])
{
    uint64_t pause_ns = (uint64_t)PACED_MS * 1000000;

    forger->start_ns = clock_mono_ns();
    for (uint32_t i = 0; i < forger->config.connections; i++) {
        forger->lines[i].memory = aligned_alloc(MEMORY_ALIGN, round_up(dial_footprint(&configs[i > 0])));
        forger->lines[i].due_ns = forger->start_ns + pause_ns * i / forger->config.connections;
        if (forger->lines[i].memory == NULL) {
            return false;
        }
    }
    return true;
}

static void close_lines(struct forger *forger)
{
    for (uint32_t i = 0; i < forger->config.connections; i++) {
        if (forger->lines[i].dial != NULL) {
            dial_close(forger->lines[i].dial);
        }
        free(forger->lines[i].memory);
    }
}

static void *forger_run(void *context)
{
    struct forger *forger = context;
    struct dial_config configs[2] = { { .frame_bytes_max = CLIENT_FRAME_BYTES_MAX, .queue_bytes_max = QUEUE_BYTES } };
    char text[LOAD_SOCKET_BYTES + 8];
    const char *problem;

    snprintf(text, sizeof text, "unix:%s", forger->config.socket);
    enum err err = address_parse(&configs[0].address, text, &problem);
    ASSERT(err == ERR_OK);
    configs[1] = configs[0];
    configs[1].queue_bytes_max = PACED_QUEUE_BYTES;
    bool ready = open_lines(forger, configs);
    while (ready && !forger->stop) {
        for (uint32_t i = 0; i < forger->config.connections; i++) {
            turn(forger, i, &configs[i > 0]);
        }
        nanosleep(&(struct timespec){ .tv_nsec = TICK_NS }, NULL);
    }
    close_lines(forger);
    return NULL;
}

bool forger_start(struct forger *forger, const struct forger_config *config)
{
    ASSERT(config->per_second > 0);
    ASSERT(config->connections >= 1);
    ASSERT(config->connections <= FORGER_CONNECTIONS_MAX);
    *forger = (struct forger){ .config = *config };
    return pthread_create(&forger->thread, NULL, forger_run, forger) == 0;
}

void forger_stop(struct forger *forger)
{
    forger->stop = true;
    pthread_join(forger->thread, NULL);
}
