/* client_test.c: every client frame round trips, and every damaged one is refused or means exactly what its bytes say. */
#include "wire/client.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

/* Each row decodes a body and encodes what it understood again. */
struct codec {
    const char *name;
    size_t (*write)(struct writer *writer);
    enum verdict (*again)(struct bytes body, struct writer *writer);
    bool open_ended; /* the last field takes what is left, so a longer body is another legal message */
    const char *pinned;
};

static size_t hello_write(struct writer *writer)
{
    client_hello_encode(&(struct client_hello){ .chain_tag = { 1, 2, 3 } }, writer);
    return writer->offset;
}
static enum verdict hello_again(struct bytes body, struct writer *writer)
{
    struct client_hello hello;
    enum verdict verdict = client_hello_decode(&hello, body);
    client_hello_encode(&hello, writer);
    return verdict;
}
static size_t welcome_write(struct writer *writer)
{
    client_welcome_encode(&(struct client_welcome){ .member = 2, .members_count = 4, .genesis = { { 8 } }, .height = 77 }, writer);
    return writer->offset;
}
static enum verdict welcome_again(struct bytes body, struct writer *writer)
{
    struct client_welcome welcome;
    enum verdict verdict = client_welcome_decode(&welcome, body);
    client_welcome_encode(&welcome, writer);
    return verdict;
}
static size_t submit_write(struct writer *writer)
{
    client_submit_encode(&(struct client_submit){ .id = 9, .command = bytes_of("command", 7) }, writer);
    return writer->offset;
}
static enum verdict submit_again(struct bytes body, struct writer *writer)
{
    struct client_submit submit;
    enum verdict verdict = client_submit_decode(&submit, body);
    if (verdict == VERDICT_OK) {
        client_submit_encode(&submit, writer);
    }
    return verdict;
}
static size_t refused_write(struct writer *writer)
{
    client_refused_encode(&(struct client_refused){ .id = 9, .code = 116, .retry_after_ms = 250 }, writer);
    return writer->offset;
}
static enum verdict refused_again(struct bytes body, struct writer *writer)
{
    struct client_refused refused;
    enum verdict verdict = client_refused_decode(&refused, body);
    client_refused_encode(&refused, writer);
    return verdict;
}
static size_t receipts_write(struct writer *writer)
{
    client_receipts_encode(&(struct client_receipts){ .height = 5, .time_ms = 6, .count = 2 }, writer);
    client_receipt_encode(&(struct client_receipt){ .id = 1, .index = 0, .code = 0 }, writer);
    client_receipt_encode(&(struct client_receipt){ .id = 2, .index = 3, .code = 300 }, writer);
    return writer->offset;
}
static enum verdict receipts_again(struct bytes body, struct writer *writer)
{
    struct client_receipts receipts;
    enum verdict verdict = client_receipts_decode(&receipts, body);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    struct reader items;
    reader_init(&items, receipts.items.data, receipts.items.size);
    client_receipts_encode(&receipts, writer);
    for (uint32_t i = 0; i < receipts.count; i++) {
        struct client_receipt receipt;
        client_receipt_next(&items, &receipt);
        client_receipt_encode(&receipt, writer);
    }
    return verdict;
}
static size_t question_write(struct writer *writer)
{
    client_question_encode(&(struct client_question){ .id = 9, .question = bytes_of("who looked", 10) }, writer);
    return writer->offset;
}
static enum verdict question_again(struct bytes body, struct writer *writer)
{
    struct client_question question;
    enum verdict verdict = client_question_decode(&question, body);
    if (verdict == VERDICT_OK) {
        client_question_encode(&question, writer);
    }
    return verdict;
}
static size_t answer_write(struct writer *writer)
{
    client_answer_encode(&(struct client_answer){ .id = 9, .code = 203, .height = 4, .age_ms = 10, .answer = bytes_of("nobody", 6) }, writer);
    return writer->offset;
}
static enum verdict answer_again(struct bytes body, struct writer *writer)
{
    struct client_answer answer;
    enum verdict verdict = client_answer_decode(&answer, body);
    if (verdict == VERDICT_OK) {
        client_answer_encode(&answer, writer);
    }
    return verdict;
}
static size_t block_write(struct writer *writer)
{
    client_block_encode(&(struct client_block){ .height = 9, .hash = { { 8 } }, .time_ms = 4, .commands_count = 10 }, writer);
    return writer->offset;
}
static enum verdict block_again(struct bytes body, struct writer *writer)
{
    struct client_block block;
    enum verdict verdict = client_block_decode(&block, body);
    client_block_encode(&block, writer);
    return verdict;
}
static size_t number_write(struct writer *writer)
{
    client_subscribe_encode(77, writer);
    return writer->offset;
}
static enum verdict number_again(struct bytes body, struct writer *writer)
{
    uint64_t height;
    enum verdict verdict = client_subscribe_decode(&height, body);
    client_admitted_encode(height, writer);
    return verdict;
}

static const struct codec codecs[] = {
    { "hello", hello_write, hello_again, false, "12 e42c3e6feedc9858" },
    { "welcome", welcome_write, welcome_again, false, "48 9d83ff937efa01b9" },
    { "submit", submit_write, submit_again, true, "15 bb004bf6e6a179be" },
    { "refused", refused_write, refused_again, false, "16 3d8a4672a2acdc6c" },
    { "receipts", receipts_write, receipts_again, false, "52 09994df62a973dd8" },
    { "question", question_write, question_again, true, "18 c30d6d2031bfaec5" },
    { "answer", answer_write, answer_again, true, "34 c1c88d2c8bfa1664" },
    { "block", block_write, block_again, false, "52 ffbbb9f54ce14e89" },
    { "number", number_write, number_again, false, "8 a0805c882b3dae52" },
};

static void check_same(const struct codec *codec, const uint8_t *body, size_t size)
{
    uint8_t again[256];
    struct writer writer;

    writer_init(&writer, again, sizeof again);
    if (codec->again(bytes_of(body, size), &writer) == VERDICT_OK) {
        cr_assert_eq(writer.offset, size, "%s", codec->name);
        cr_assert_eq(memcmp(again, body, size), 0, "%s", codec->name);
    }
}

Test(client, every_frame_round_trips_and_survives_no_damage_unnoticed)
{
    for (size_t c = 0; c < sizeof codecs / sizeof codecs[0]; c++) {
        uint8_t body[256] = { 0 };
        struct writer writer, scratch;
        uint8_t unused[256];
        writer_init(&writer, body, sizeof body);
        size_t size = codecs[c].write(&writer);
        pinned_kit_check(codecs[c].name, body, size, codecs[c].pinned);
        writer_init(&scratch, unused, sizeof unused);
        cr_assert_eq(codecs[c].again(bytes_of(body, size), &scratch), VERDICT_OK, "%s", codecs[c].name);
        check_same(&codecs[c], body, size);
        for (size_t i = 0; i < size; i++) {
            body[i] ^= 0xff;
            check_same(&codecs[c], body, size);
            body[i] ^= 0xff;
        }
        for (size_t cut = 0; cut < size && !codecs[c].open_ended; cut++) {
            writer_init(&scratch, unused, sizeof unused);
            cr_assert_neq(codecs[c].again(bytes_of(body, cut), &scratch), VERDICT_OK, "%s cut to %zu", codecs[c].name, cut);
        }
        if (!codecs[c].open_ended) {
            writer_init(&scratch, unused, sizeof unused);
            cr_assert_neq(codecs[c].again(bytes_of(body, size + 1), &scratch), VERDICT_OK, "%s", codecs[c].name);
        }
    }
}

Test(client, receipts_bound_their_count_before_they_are_read)
{
    uint8_t body[CLIENT_RECEIPTS_HEAD_BYTES] = { 0 };
    struct client_receipts receipts;
    struct writer writer;

    writer_init(&writer, body, sizeof body);
    client_receipts_encode(&(struct client_receipts){ .count = 0x10000001 }, &writer);
    cr_assert_eq(client_receipts_decode(&receipts, bytes_of(body, sizeof body)), VERDICT_LENGTH);
}
