/* client.c: see client.h. Straight-line codecs; the sticky reader gives one verdict at the end of each. */
#include "wire/client.h"

#include "base/assert.h"

static struct bytes rest_of(struct reader *reader)
{
    size_t left = reader_left(reader);

    return bytes_of(read_run(reader, left), left);
}

void client_hello_encode(const struct client_hello *hello, struct writer *writer)
{
    write_u16_le(writer, CLIENT_PROTOCOL_VERSION);
    write_u16_le(writer, 0);
    write_run(writer, hello->chain_tag, CHAIN_TAG_BYTES);
}

enum verdict client_hello_decode(struct client_hello *hello, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    uint16_t version = read_u16_le(&reader);
    uint16_t reserved = read_u16_le(&reader);
    read_copy(&reader, hello->chain_tag, CHAIN_TAG_BYTES);
    if (reader.failed) {
        return VERDICT_SHORT;
    }
    if (version != CLIENT_PROTOCOL_VERSION) {
        return VERDICT_VERSION;
    }
    return reserved != 0 ? VERDICT_RESERVED : reader_end(&reader);
}

void client_welcome_encode(const struct client_welcome *welcome, struct writer *writer)
{
    write_u16_le(writer, CLIENT_PROTOCOL_VERSION);
    write_u16_le(writer, welcome->member);
    write_u16_le(writer, welcome->members_count);
    write_u16_le(writer, 0);
    write_run(writer, welcome->genesis.bytes, HASH_BYTES);
    write_u64_le(writer, welcome->height);
}

enum verdict client_welcome_decode(struct client_welcome *welcome, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    uint16_t version = read_u16_le(&reader);
    welcome->member = read_u16_le(&reader);
    welcome->members_count = read_u16_le(&reader);
    uint16_t reserved = read_u16_le(&reader);
    read_copy(&reader, welcome->genesis.bytes, HASH_BYTES);
    welcome->height = read_u64_le(&reader);
    if (reader.failed) {
        return VERDICT_SHORT;
    }
    if (version != CLIENT_PROTOCOL_VERSION) {
        return VERDICT_VERSION;
    }
    if (welcome->members_count > MEMBERS_MAX || welcome->member >= welcome->members_count) {
        return VERDICT_MEMBER;
    }
    return reserved != 0 ? VERDICT_RESERVED : reader_end(&reader);
}

void client_submit_encode(const struct client_submit *submit, struct writer *writer)
{
    ASSERT(submit->command.size >= 1);
    write_u64_le(writer, submit->id);
    write_run(writer, submit->command.data, submit->command.size);
}

enum verdict client_submit_decode(struct client_submit *submit, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    submit->id = read_u64_le(&reader);
    submit->command = rest_of(&reader);
    if (reader.failed || submit->command.size == 0) {
        return VERDICT_SHORT;
    }
    return submit->command.size > ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX ? VERDICT_LENGTH : VERDICT_OK;
}

void client_admitted_encode(uint64_t id, struct writer *writer)
{
    write_u64_le(writer, id);
}

static enum verdict u64_decode(uint64_t *value, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    *value = read_u64_le(&reader);
    return reader_end(&reader);
}

enum verdict client_admitted_decode(uint64_t *id, struct bytes body)
{
    return u64_decode(id, body);
}

void client_refused_encode(const struct client_refused *refused, struct writer *writer)
{
    write_u64_le(writer, refused->id);
    write_u16_le(writer, refused->code);
    write_u16_le(writer, 0);
    write_u32_le(writer, refused->retry_after_ms);
}

enum verdict client_refused_decode(struct client_refused *refused, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    refused->id = read_u64_le(&reader);
    refused->code = read_u16_le(&reader);
    uint16_t reserved = read_u16_le(&reader);
    refused->retry_after_ms = read_u32_le(&reader);
    return !reader.failed && reserved != 0 ? VERDICT_RESERVED : reader_end(&reader);
}

void client_receipts_encode(const struct client_receipts *receipts, struct writer *writer)
{
    write_u64_le(writer, receipts->height);
    write_u64_le(writer, receipts->time_ms);
    write_u32_le(writer, receipts->count);
}

void client_receipt_encode(const struct client_receipt *receipt, struct writer *writer)
{
    write_u64_le(writer, receipt->id);
    write_u32_le(writer, receipt->index);
    write_u16_le(writer, receipt->code);
    write_u16_le(writer, 0);
}

void client_receipt_next(struct reader *items, struct client_receipt *receipt)
{
    receipt->id = read_u64_le(items);
    receipt->index = read_u32_le(items);
    receipt->code = read_u16_le(items);
    (void)read_u16_le(items);
}

/* padding_is_zero looks at the last two bytes of each receipt, so that there is one encoding. */
static bool padding_is_zero(const struct client_receipts *receipts)
{
    for (uint32_t i = 0; i < receipts->count; i++) {
        if (!bytes_are_zero(receipts->items.data + (size_t)i * CLIENT_RECEIPT_BYTES + 14, 2)) {
            return false;
        }
    }
    return true;
}

enum verdict client_receipts_decode(struct client_receipts *receipts, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    receipts->height = read_u64_le(&reader);
    receipts->time_ms = read_u64_le(&reader);
    receipts->count = read_u32_le(&reader);
    receipts->items = rest_of(&reader);
    if (reader.failed) {
        return VERDICT_SHORT;
    }
    if (receipts->count > BLOCK_COMMANDS_MAX || receipts->items.size != (size_t)receipts->count * CLIENT_RECEIPT_BYTES) {
        return VERDICT_LENGTH;
    }
    return padding_is_zero(receipts) ? VERDICT_OK : VERDICT_RESERVED;
}

void client_question_encode(const struct client_question *question, struct writer *writer)
{
    write_u64_le(writer, question->id);
    write_run(writer, question->question.data, question->question.size);
}

enum verdict client_question_decode(struct client_question *question, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    question->id = read_u64_le(&reader);
    question->question = rest_of(&reader);
    return reader_end(&reader);
}

void client_answer_encode(const struct client_answer *answer, struct writer *writer)
{
    write_u64_le(writer, answer->id);
    write_u16_le(writer, answer->code);
    write_u16_le(writer, 0);
    write_u64_le(writer, answer->height);
    write_u64_le(writer, answer->age_ms);
    write_run(writer, answer->answer.data, answer->answer.size);
}

enum verdict client_answer_decode(struct client_answer *answer, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    answer->id = read_u64_le(&reader);
    answer->code = read_u16_le(&reader);
    uint16_t reserved = read_u16_le(&reader);
    answer->height = read_u64_le(&reader);
    answer->age_ms = read_u64_le(&reader);
    answer->answer = rest_of(&reader);
    return !reader.failed && reserved != 0 ? VERDICT_RESERVED : reader_end(&reader);
}

void client_subscribe_encode(uint64_t from_height, struct writer *writer)
{
    write_u64_le(writer, from_height);
}

enum verdict client_subscribe_decode(uint64_t *from_height, struct bytes body)
{
    return u64_decode(from_height, body);
}

void client_block_encode(const struct client_block *block, struct writer *writer)
{
    write_u64_le(writer, block->height);
    write_run(writer, block->hash.bytes, HASH_BYTES);
    write_u64_le(writer, block->time_ms);
    write_u32_le(writer, block->commands_count);
}

enum verdict client_block_decode(struct client_block *block, struct bytes body)
{
    struct reader reader;

    reader_init(&reader, body.data, body.size);
    block->height = read_u64_le(&reader);
    read_copy(&reader, block->hash.bytes, HASH_BYTES);
    block->time_ms = read_u64_le(&reader);
    block->commands_count = read_u32_le(&reader);
    return reader_end(&reader);
}
