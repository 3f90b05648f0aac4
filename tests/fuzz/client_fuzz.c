/* client_fuzz.c: the frames between client and replica, in both directions. The first byte is the type of the frame. */
#include "wire/client.h"

#include "tests/fuzz/fuzz.h"

static uint8_t again[FUZZ_BYTES_MAX];

static void try_hello(struct bytes body, struct writer *writer)
{
    struct client_hello hello;

    if (client_hello_decode(&hello, body) == VERDICT_OK) {
        client_hello_encode(&hello, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_welcome(struct bytes body, struct writer *writer)
{
    struct client_welcome welcome;

    if (client_welcome_decode(&welcome, body) == VERDICT_OK) {
        CHECK(welcome.member < welcome.members_count);
        client_welcome_encode(&welcome, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_submit(struct bytes body, struct writer *writer)
{
    struct client_submit submit;

    if (client_submit_decode(&submit, body) == VERDICT_OK) {
        client_submit_encode(&submit, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_admitted(struct bytes body, struct writer *writer)
{
    uint64_t id = 0;

    if (client_admitted_decode(&id, body) == VERDICT_OK) {
        client_admitted_encode(id, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_refused(struct bytes body, struct writer *writer)
{
    struct client_refused refused;

    if (client_refused_decode(&refused, body) == VERDICT_OK) {
        client_refused_encode(&refused, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_receipts(struct bytes body, struct writer *writer)
{
    struct client_receipts receipts;
    struct client_receipt receipt;
    struct reader items;

    if (client_receipts_decode(&receipts, body) == VERDICT_OK) {
        client_receipts_encode(&receipts, writer);
        reader_init(&items, receipts.items.data, receipts.items.size);
        for (uint32_t i = 0; i < receipts.count; i++) {
            client_receipt_next(&items, &receipt);
            client_receipt_encode(&receipt, writer);
        }
        CHECK(reader_end(&items) == VERDICT_OK);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_question(struct bytes body, struct writer *writer)
{
    struct client_question question;

    if (client_question_decode(&question, body) == VERDICT_OK) {
        client_question_encode(&question, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_answer(struct bytes body, struct writer *writer)
{
    struct client_answer answer;

    if (client_answer_decode(&answer, body) == VERDICT_OK) {
        client_answer_encode(&answer, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_subscribe(struct bytes body, struct writer *writer)
{
    uint64_t from = 0;

    if (client_subscribe_decode(&from, body) == VERDICT_OK) {
        client_subscribe_encode(from, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

static void try_block(struct bytes body, struct writer *writer)
{
    struct client_block block;

    if (client_block_decode(&block, body) == VERDICT_OK) {
        client_block_encode(&block, writer);
        check_same_bytes(writer, body.data, body.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[16])(struct bytes body, struct writer *writer) = {
        [CLIENT_HELLO - 0x40] = try_hello,       [CLIENT_WELCOME - 0x40] = try_welcome,   [CLIENT_SUBMIT - 0x40] = try_submit,
        [CLIENT_ADMITTED - 0x40] = try_admitted, [CLIENT_REFUSED - 0x40] = try_refused,   [CLIENT_RECEIPTS - 0x40] = try_receipts,
        [CLIENT_PROVE - 0x40] = try_question,    [CLIENT_QUERY - 0x40] = try_question,    [CLIENT_ANSWER - 0x40] = try_answer,
        [CLIENT_STATUS - 0x40] = try_question,   [CLIENT_SUBSCRIBE - 0x40] = try_subscribe, [CLIENT_BLOCK - 0x40] = try_block,
    };
    struct writer writer;

    if (size == 0 || size > FUZZ_BYTES_MAX || tries[data[0] % 16] == NULL) {
        return 0;
    }
    writer_init(&writer, again, sizeof again);
    tries[data[0] % 16](bytes_of(data + 1, size - 1), &writer);
    return 0;
}
