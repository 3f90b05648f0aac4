/* forger.c: see forger.h. */
#include "bench/forger.h"

#include "base/assert.h"
#include "base/clock.h"
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
    MEMORY_ALIGN = 64
};

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

/* forge writes a SUBMIT of a command that will come, with a signature that nobody made. */
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
    copy[at + 40] ^= 1;
    memcpy(copy + at + 8, &forger->sent, sizeof forger->sent); /* no two are equal */
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

/* send_due sends what is due by now. Gives: false when the connection is over. */
static bool send_due(struct forger *forger, struct dial *dial, uint64_t due)
{
    uint8_t body[8 + TX_BYTES_MAX];

    for (uint32_t i = 0; i < BURST_MAX && forger->sent < due; i++) {
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

static void *forger_run(void *context)
{
    struct forger *forger = context;
    struct dial_config config = { .frame_bytes_max = CLIENT_FRAME_BYTES_MAX, .queue_bytes_max = QUEUE_BYTES };
    char text[LOAD_SOCKET_BYTES + 8];
    const char *problem;

    snprintf(text, sizeof text, "unix:%s", forger->config.socket);
    enum err err = address_parse(&config.address, text, &problem);
    ASSERT(err == ERR_OK);
    void *memory = aligned_alloc(MEMORY_ALIGN, (dial_footprint(&config) + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN);
    struct dial *dial = NULL;
    uint64_t start_ns = clock_mono_ns();
    while (memory != NULL && !forger->stop) {
        uint64_t due = (clock_mono_ns() - start_ns) / 1000 * forger->config.per_second / 1000000;
        dial = dial == NULL ? call(forger, memory, &config) : dial;
        if (dial != NULL && !send_due(forger, dial, due)) {
            dial_close(dial);
            dial = NULL;
        }
        nanosleep(&(struct timespec){ .tv_nsec = TICK_NS }, NULL);
    }
    if (dial != NULL) {
        dial_close(dial);
    }
    free(memory);
    return NULL;
}

bool forger_start(struct forger *forger, const struct forger_config *config)
{
    ASSERT(config->per_second > 0);
    *forger = (struct forger){ .config = *config };
    return pthread_create(&forger->thread, NULL, forger_run, forger) == 0;
}

void forger_stop(struct forger *forger)
{
    forger->stop = true;
    pthread_join(forger->thread, NULL);
}
