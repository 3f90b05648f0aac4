/* client.c: see client.h. The connection and its events; whole requests are in client_call.c.
 *
 * Invariant: dial is set while there is a connection that may still give frames. */
#include "cli/client.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/client_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };

/* --- Connecting ----------------------------------------------------------------------------------------------------- */

static struct dial_config dial_config_of(const struct client *client)
{
    const struct client_config *config = &client->config;
    const struct client_target *target = &config->targets[client->target];
    struct dial_config dial = { .address = target->address, .key = config->key, .chain_id = config->chain_id, .frame_bytes_max = CLIENT_FRAME_BYTES_MAX };

    dial.queue_bytes_max = config->queue_bytes == 0 ? CLIENT_QUEUE_BYTES_DEFAULT : config->queue_bytes;
    memcpy(dial.remote_key, target->key, sizeof dial.remote_key);
    return dial;
}

static void disconnect(struct client *client)
{
    if (client->dial != NULL) {
        dial_close(client->dial);
        client->dial = NULL;
    }
    client->receipts_left = 0;
}

/* send_body sends the body that the writer holds. */
static enum err send_body(struct client *client, enum client_type type, uint8_t flags, const struct writer *writer, uint32_t timeout_ms)
{
    struct frame frame = { { (uint8_t)type, flags, CLIENT_PROTOCOL_VERSION, (uint32_t)writer->offset }, bytes_of(writer->data, writer->offset) };

    ASSERT(!writer->failed);
    if (client->dial == NULL) {
        return ERR_CLOSED;
    }
    return dial_send(client->dial, &frame, timeout_ms);
}

/* greet says HELLO and waits for WELCOME. */
static enum err greet(struct client *client, uint32_t timeout_ms)
{
    struct client_hello hello;
    struct writer writer;
    struct frame frame;

    memcpy(hello.chain_tag, client->config.genesis.bytes, CHAIN_TAG_BYTES);
    writer_init(&writer, client->body, sizeof client->body);
    client_hello_encode(&hello, &writer);
    enum err err = send_body(client, CLIENT_HELLO, 0, &writer, timeout_ms);
    if (err == ERR_OK) {
        err = dial_receive(client->dial, &frame, timeout_ms);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (frame.header.type != CLIENT_WELCOME || client_welcome_decode(&client->welcome, frame.body) != VERDICT_OK) {
        return ERR_FORMAT;
    }
    bool any = bytes_are_zero(client->config.genesis.bytes, HASH_BYTES);
    return any || hash_equal(&client->config.genesis, &client->welcome.genesis) ? ERR_OK : ERR_CONFLICT;
}

/* tell notes where and why it failed. Gives: the error again. */
static enum err tell(const struct client *client, int number, enum err err)
{
    if (client->config.failure != NULL) {
        *client->config.failure = (struct client_failure){ client->target, number };
    }
    return err;
}

/* connect_one connects to the present target. */
static enum err connect_one(struct client *client, uint32_t timeout_ms)
{
    struct dial_config dial = dial_config_of(client);
    enum err err = dial_open(&client->dial, client->memory, &dial, timeout_ms);

    if (err != ERR_OK) {
        client->dial = NULL;
        return tell(client, errno, err);
    }
    err = greet(client, timeout_ms);
    if (err != ERR_OK) {
        disconnect(client);
        return tell(client, 0, err);
    }
    return ERR_OK;
}

/* connect_any tries every target once, from client->target on, each with an equal part of the time that is left. */
static enum err connect_any(struct client *client, uint32_t timeout_ms)
{
    uint64_t end_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000);
    enum err err = ERR_TIMEOUT;

    for (uint32_t tried = 0; tried < client->config.targets_count; tried++) {
        uint32_t left_ms = client_left_ms(end_ns), part_ms = left_ms / (client->config.targets_count - tried);
        err = connect_one(client, part_ms == 0 ? 1 : part_ms);
        if (err == ERR_OK) {
            return ERR_OK;
        }
        client->target = (client->target + 1) % client->config.targets_count;
    }
    return err;
}

enum err client_open(struct client **out, const struct client_config *config, uint32_t timeout_ms)
{
    struct client *client = calloc(1, sizeof *client);

    ASSERT(config->targets_count >= 1);
    ASSERT(config->targets_count <= MEMBERS_MAX);
    if (client == NULL) {
        return ERR_NO_MEMORY;
    }
    client->config = *config;
    struct dial_config dial = dial_config_of(client);
    client->memory = aligned_alloc(ALIGN, (dial_footprint(&dial) + ALIGN - 1) / ALIGN * ALIGN);
    enum err err = client->memory == NULL ? ERR_NO_MEMORY : connect_any(client, timeout_ms);
    if (err != ERR_OK) {
        client_close(client);
        return err;
    }
    *out = client;
    return ERR_OK;
}

void client_close(struct client *client)
{
    disconnect(client);
    free(client->memory);
    free(client);
}

enum err client_reconnect(struct client *client, uint32_t timeout_ms)
{
    disconnect(client);
    client->target = (client->target + 1) % client->config.targets_count;
    return connect_any(client, timeout_ms);
}

const struct client_welcome *client_welcome(const struct client *client)
{
    return &client->welcome;
}

uint32_t client_target(const struct client *client)
{
    return client->target;
}

const struct client_target *client_peer(const struct client *client)
{
    ASSERT(client->target < client->config.targets_count);
    return &client->config.targets[client->target];
}

/* --- Sending -------------------------------------------------------------------------------------------------------- */

enum err client_submit(struct client *client, uint64_t id, struct bytes command, uint32_t timeout_ms)
{
    struct writer writer;

    ASSERT(command.size <= ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX);
    writer_init(&writer, client->body, sizeof client->body);
    client_submit_encode(&(struct client_submit){ id, command }, &writer);
    return send_body(client, CLIENT_SUBMIT, 0, &writer, timeout_ms);
}

enum err client_question(struct client *client, uint64_t id, const struct client_call *call, uint32_t timeout_ms)
{
    struct writer writer;

    ASSERT(call->type == CLIENT_QUERY || call->type == CLIENT_PROVE || call->type == CLIENT_STATUS);
    ASSERT(call->question.size <= CLIENT_GATED_BYTES_MAX);
    writer_init(&writer, client->body, sizeof client->body);
    client_question_encode(&(struct client_question){ id, call->question }, &writer);
    return send_body(client, call->type, call->flags, &writer, timeout_ms);
}

enum err client_subscribe(struct client *client, uint64_t from_height, uint32_t timeout_ms)
{
    struct writer writer;

    writer_init(&writer, client->body, sizeof client->body);
    client_subscribe_encode(from_height, &writer);
    return send_body(client, CLIENT_SUBSCRIBE, 0, &writer, timeout_ms);
}

/* --- Receiving ------------------------------------------------------------------------------------------------------ */

static void next_receipt(struct client *client, struct client_event *event)
{
    struct client_receipt receipt;

    ASSERT(client->receipts_left > 0);
    client_receipt_next(&client->items, &receipt);
    client->receipts_left--;
    *event = (struct client_event){ .type = CLIENT_RECEIPTS, .id = receipt.id, .code = receipt.code, .index = receipt.index,
                                    .height = client->receipts.height, .time_ms = client->receipts.time_ms };
}

static enum verdict read_refused(struct client_event *event, struct bytes body)
{
    struct client_refused refused;
    enum verdict verdict = client_refused_decode(&refused, body);

    *event = (struct client_event){ .type = CLIENT_REFUSED, .id = refused.id, .code = refused.code, .retry_after_ms = refused.retry_after_ms };
    return verdict;
}

static enum verdict read_answer(struct client_event *event, struct bytes body)
{
    struct client_answer answer;
    enum verdict verdict = client_answer_decode(&answer, body);

    *event = (struct client_event){ .type = CLIENT_ANSWER, .id = answer.id, .code = answer.code, .height = answer.height, .age_ms = answer.age_ms,
                                    .answer = answer.answer };
    return verdict;
}

static enum verdict read_block(struct client_event *event, struct bytes body)
{
    struct client_block block;
    enum verdict verdict = client_block_decode(&block, body);

    *event = (struct client_event){ .type = CLIENT_BLOCK, .height = block.height, .time_ms = block.time_ms, .hash = block.hash,
                                    .commands_count = block.commands_count };
    return verdict;
}

/* read_frame turns a frame into an event. Receipts are kept for next_receipt: event->type is then CLIENT_RECEIPTS and nothing else is set. */
static enum verdict read_frame(struct client *client, const struct frame *frame, struct client_event *event)
{
    if (frame->header.version != CLIENT_PROTOCOL_VERSION) {
        return VERDICT_VERSION;
    }
    switch (frame->header.type) {
    case CLIENT_ADMITTED:
        *event = (struct client_event){ .type = CLIENT_ADMITTED };
        return client_admitted_decode(&event->id, frame->body);
    case CLIENT_REFUSED:
        return read_refused(event, frame->body);
    case CLIENT_ANSWER:
        return read_answer(event, frame->body);
    case CLIENT_BLOCK:
        return read_block(event, frame->body);
    case CLIENT_RECEIPTS:
        *event = (struct client_event){ .type = CLIENT_RECEIPTS };
        enum verdict verdict = client_receipts_decode(&client->receipts, frame->body);
        client->receipts_left = verdict == VERDICT_OK ? client->receipts.count : 0;
        reader_init(&client->items, client->receipts.items.data, client->receipts.items.size);
        return verdict;
    default:
        return VERDICT_TYPE; /* The replica's number, not an enum's. */
    }
}

enum err client_next(struct client *client, struct client_event *event, uint32_t timeout_ms)
{
    uint64_t end_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000);
    struct frame frame;

    for (bool first = true; client->receipts_left == 0; first = false) { /* a RECEIPTS without receipts is legal and says nothing, but takes time */
        uint32_t left_ms = first ? timeout_ms : client_left_ms(end_ns);
        if (!first && left_ms == 0) {
            return ERR_TIMEOUT;
        }
        enum err err = client->dial == NULL ? ERR_CLOSED : dial_receive(client->dial, &frame, left_ms);
        if (err == ERR_OK && read_frame(client, &frame, event) != VERDICT_OK) {
            err = ERR_FORMAT;
        }
        if (err == ERR_CLOSED || err == ERR_FORMAT || err == ERR_IO) {
            disconnect(client);
        }
        if (err != ERR_OK || event->type != CLIENT_RECEIPTS) {
            return err;
        }
    }
    next_receipt(client, event);
    return ERR_OK;
}

int client_fd(const struct client *client)
{
    return client->dial == NULL ? -1 : dial_fd(client->dial);
}

bool client_wants_write(const struct client *client)
{
    return client->dial != NULL && dial_wants_write(client->dial);
}
