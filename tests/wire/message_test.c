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

/* The bytes that docs/wire.md gives for what a member without a log's blocks says and asks, by hand: little-endian numbers, no padding. */
Test(message, of_a_snapshot_has_the_documented_bytes)
{
    static struct message message;
    static const uint8_t gone[] = { 0, 12, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t ask[] = { 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0xb8, 0x0b, 0, 0 };
    static const uint8_t run[] = { 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0xf4, 1, 0, 0, 0xf4, 1, 0, 0, 0x5a, 0x5a };
    static const uint8_t offer[] = { 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0, 0xf4, 1, 0, 0, 7, 0 };
    static const uint8_t part_blocks[] = { 0, 0x40, 0, 0 };
    uint8_t cert[CHECKPOINT_CERT_BYTES_MAX];
    struct writer writer;

    kit_message(&message, MESSAGE_GONE, 0);
    cr_assert_eq(encode(&message, encoded), sizeof gone);
    cr_assert_arr_eq(encoded, gone, sizeof gone);
    kit_message(&message, MESSAGE_SNAPSHOT_ASK, 0);
    cr_assert_eq(encode(&message, encoded), sizeof ask);
    cr_assert_arr_eq(encoded, ask, sizeof ask);
    kit_message(&message, MESSAGE_SNAPSHOT, 1);
    cr_assert_eq(encode(&message, encoded), sizeof run - 2 + 500);
    cr_assert_arr_eq(encoded, run, sizeof run);
    kit_message(&message, MESSAGE_SNAPSHOT, 0);
    size_t size = encode(&message, encoded);
    cr_assert_arr_eq(encoded, offer, sizeof offer);
    cr_assert_arr_eq(encoded + 21 + 32, part_blocks, sizeof part_blocks);
    writer_init(&writer, cert, sizeof cert);
    checkpoint_cert_encode(&message.snapshot.cert, &writer);
    cr_assert_eq(size, 21 + 32 + 4 + writer.offset + 4);
    cr_assert_arr_eq(encoded + 57, cert, writer.offset);
    cr_assert(message.snapshot.bytes.size == 0 && encoded[size - 4] == 0 && encoded[size - 1] == 0);
}

/* Digests of one message of each type: a change of a byte on the wire is a change here, made on purpose. */
Test(message, of_every_type_keeps_its_bytes)
{
    static struct message message;
    static const char *const golden[MESSAGE_TYPE_END] = {
        [1] = "c50b37f021fc7bc6",
        [2] = "136a72217366c452",
        [3] = "092617cdd177760f",
        [4] = "6db34d94bae36849",
        [5] = "d2ae08903334c330",
        [6] = "400268f8e562e725",
        [7] = "7a43983a77682fd3",
        [8] = "67ef65783319d581",
        [9] = "27353059f0c32e34",
        [10] = "ca29bd13240ff73a",
        [11] = "321326894d3ec427",
        [12] = "ba80cf300fc0a239",
        [13] = "f3033932a4e1967b",
        [14] = "f1d3bb92fea9100a",
        [15] = "789e63254e51ef0b",
        [16] = "8ac31483b043ec4f",
        [17] = "40f67ecdfa930d31",
        [18] = "69e563bbe16fff61",
        [19] = "cb39c45f0126d320",
        [20] = "6db34d94bae36849",
        [21] = "f95d2b47089d5e60",
        [22] = "6c0f0cc479afe0ff",
        [23] = "e944961d779004bb",
    };

    for (unsigned type = 1; type < MESSAGE_TYPE_END; type++) {
        char digest[2 * HASH_BYTES + 1];
        kit_message(&message, (enum message_type)type, 0);
        struct hash32 hash = hash_plain(encoded, encode(&message, encoded));
        hex_encode(hash.bytes, HASH_BYTES, digest);
        digest[16] = '\0';
        cr_expect_str_eq(digest, golden[type], "[%u] = \"%s\", %s", type, digest, message_word(type));
    }
}
