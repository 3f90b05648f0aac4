/* message_test.c: every message survives the wire, and no other bytes pass as one. */
#include "wire/message.h"

#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static uint8_t encoded[1 << 17], again[1 << 17];

static size_t encode(const struct message *message, uint8_t *out)
{
    struct writer writer;

    writer_init(&writer, out, sizeof encoded);
    message_encode(message, &writer);
    cr_assert(!writer.failed);
    return writer.offset;
}

/* Rejected, or the encoding of what was decoded is the same again. */
static void assert_canonical(uint8_t type, const uint8_t *bytes, size_t size)
{
    static struct message message;

    if (message_decode(&message, type, bytes_of(bytes, size)) == VERDICT_OK) {
        cr_assert_eq(encode(&message, again), size);
        cr_assert_arr_eq(again, bytes, size);
    }
}

Test(message, survives_the_wire_in_every_type_and_form)
{
    static struct message message, decoded;

    for (unsigned type = 1; type < MESSAGE_TYPE_END; type++) {
        for (unsigned variant = 0; variant < 2; variant++) {
            kit_message(&message, (enum message_type)type, variant);
            size_t size = encode(&message, encoded);
            cr_assert_eq(message_decode(&decoded, (uint8_t)type, bytes_of(encoded, size)), VERDICT_OK, "%s", message_word(type));
            assert_canonical((uint8_t)type, encoded, size);
            struct bytes tail = message_tail(&message);
            cr_assert(tail.size == 0 || memcmp(encoded + size - tail.size, tail.data, tail.size) == 0);
        }
    }
}

Test(message, refuses_every_truncation_and_anything_behind)
{
    static struct message message, decoded;

    for (unsigned type = 1; type < MESSAGE_TYPE_END; type++) {
        kit_message(&message, (enum message_type)type, 1);
        size_t size = encode(&message, encoded);
        for (size_t cut = 0; cut < size; cut++) {
            cr_assert_neq(message_decode(&decoded, (uint8_t)type, bytes_of(encoded, cut)), VERDICT_OK, "%s at %zu", message_word(type), cut);
        }
        encoded[size] = 0;
        cr_assert_neq(message_decode(&decoded, (uint8_t)type, bytes_of(encoded, size + 1)), VERDICT_OK);
    }
}

Test(message, is_refused_or_means_exactly_its_bytes_after_any_flip)
{
    static struct message message;

    for (unsigned type = 1; type < MESSAGE_TYPE_END; type++) {
        for (unsigned variant = 0; variant < 2; variant++) {
            kit_message(&message, (enum message_type)type, variant);
            size_t size = encode(&message, encoded);
            for (size_t i = 0; i < size; i++) {
                encoded[i] ^= (uint8_t)(1u << (i % 8));
                assert_canonical((uint8_t)type, encoded, size);
                encoded[i] ^= (uint8_t)(1u << (i % 8));
            }
        }
    }
}

Test(message, of_an_unknown_type_is_refused)
{
    static struct message decoded;
    uint8_t zeros[200] = { 0 };

    cr_assert_eq(message_decode(&decoded, 0, bytes_of(zeros, 1)), VERDICT_TYPE);
    for (unsigned type = MESSAGE_TYPE_END; type < 256; type++) {
        cr_assert_eq(message_decode(&decoded, (uint8_t)type, bytes_of(zeros, sizeof zeros)), VERDICT_TYPE);
        cr_assert_str_eq(message_word(type), "unknown");
        cr_assert(!message_is_signed((enum message_type)type));
    }
}

Test(message, begins_with_the_signature_where_it_is_signed)
{
    static struct message message;
    uint8_t mark[64];

    memset(mark, 0xa7, sizeof mark);
    for (unsigned type = 1; type < MESSAGE_TYPE_END; type++) {
        kit_message(&message, (enum message_type)type, 0);
        if (message_is_signed((enum message_type)type)) {
            size_t size = encode(&message, encoded);
            memcpy(encoded, mark, sizeof mark);
            cr_assert_eq(message_decode(&message, (uint8_t)type, bytes_of(encoded, size)), VERDICT_OK);
            const uint8_t *held = type == MESSAGE_TIMEOUT    ? message.timeout.signature
                                  : type == MESSAGE_ABDICATE ? message.abdicate.signature
                                  : type == MESSAGE_CKPT     ? message.ckpt.signature
                                                             : message.vote.signature;
            cr_assert_arr_eq(held, mark, 64);
        }
    }
}

Test(message, does_not_trust_lengths_and_counts_of_strangers)
{
    static struct message message, decoded;
    static const struct { enum message_type type; size_t offset; } fields[] = {
        { MESSAGE_FORWARD, 0 }, { MESSAGE_QUERY, 42 }, { MESSAGE_BUNDLE, 5 },
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        kit_message(&message, fields[i].type, 1);
        size_t size = encode(&message, encoded);
        memset(encoded + fields[i].offset, 0xff, 4);
        cr_assert_eq(message_decode(&decoded, (uint8_t)fields[i].type, bytes_of(encoded, size)), VERDICT_LENGTH, "row %zu", i);
    }
    kit_message(&message, MESSAGE_CERT, 0);
    size_t size = encode(&message, encoded);
    memset(encoded + BALLOT_BYTES, 0xff, MEMBER_BITMAP_BYTES); /* 128 signers: more than any quorum */
    cr_assert_eq(message_decode(&decoded, MESSAGE_CERT, bytes_of(encoded, size)), VERDICT_QUORUM);
}

Test(message, gives_the_blocks_of_a_bundle_one_by_one)
{
    static struct message message;
    struct bundle_block block;
    struct reader reader;

    kit_message(&message, MESSAGE_BUNDLE, 0);
    reader_init(&reader, message.bundle.blocks.data, message.bundle.blocks.size);
    cr_assert_eq(bundle_block_next(&reader, &block), VERDICT_OK);
    cr_assert_eq(block.header.height, 3);
    cr_assert_eq(block.body.size, 20);
    cr_assert_eq(bundle_block_next(&reader, &block), VERDICT_SHORT);
}
