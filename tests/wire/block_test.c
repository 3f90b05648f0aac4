/* block_test.c: a header has one encoding, and its hash covers every field. */
#include "wire/block.h"

#include "tests/storage/pinned_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>

static const struct block_header sample = { .flags = BLOCK_FLAG_END, .proposer = 3, .commands_count = 9, .epoch = 2, .height = 77, .time_ms = 1700000000123 };

static void encode(const struct block_header *header, uint8_t bytes[BLOCK_HEADER_BYTES])
{
    struct writer writer;

    writer_init(&writer, bytes, BLOCK_HEADER_BYTES);
    block_header_encode(header, &writer);
    cr_assert(!writer.failed);
    cr_assert_eq(writer.offset, BLOCK_HEADER_BYTES);
}

Test(block, header_and_hash_keep_their_bytes)
{
    struct block_header header = sample;
    uint8_t bytes[BLOCK_HEADER_BYTES];

    header.parent = kit_hash(1);
    header.payload_root = kit_hash(2);
    struct hash32 hash = block_hash(&header);
    encode(&header, bytes);
    pinned_kit_check("header", bytes, sizeof bytes, "96 4730ef2a6274e914");
    pinned_kit_check("its hash", hash.bytes, HASH_BYTES, "32 5a7e87a9a5b41dd3");
}

Test(block, header_is_rejected_or_the_same_after_every_flip_and_changes_the_hash)
{
    uint8_t bytes[BLOCK_HEADER_BYTES], again[BLOCK_HEADER_BYTES];
    struct hash32 hash = block_hash(&sample);

    encode(&sample, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        struct block_header header;
        struct reader reader;
        bytes[i] ^= 1;
        reader_init(&reader, bytes, sizeof bytes);
        if (block_header_decode(&header, &reader) == VERDICT_OK) {
            encode(&header, again);
            cr_assert_arr_eq(again, bytes, sizeof bytes);
            struct hash32 other = block_hash(&header);
            cr_assert(!hash_equal(&hash, &other), "byte %zu is not covered", i);
        }
        bytes[i] ^= 1;
    }
}

Test(block, header_refuses_truncation_version_flag_and_range)
{
    uint8_t bytes[BLOCK_HEADER_BYTES];
    static const struct { size_t at; uint8_t value; enum verdict verdict; } rows[] = {
        { 0, 2, VERDICT_VERSION }, { 1, 2, VERDICT_RESERVED }, { 15, 1 + 1, VERDICT_RANGE }, { 23, 2, VERDICT_RANGE }, { 31, 2, VERDICT_RANGE },
    };
    struct block_header header;
    struct reader reader;

    for (size_t cut = 0; cut < BLOCK_HEADER_BYTES; cut++) {
        encode(&sample, bytes);
        reader_init(&reader, bytes, cut);
        cr_assert_eq(block_header_decode(&header, &reader), VERDICT_SHORT);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        encode(&sample, bytes);
        bytes[rows[i].at] = rows[i].value;
        reader_init(&reader, bytes, sizeof bytes);
        cr_assert_eq(block_header_decode(&header, &reader), rows[i].verdict, "row %zu", i);
    }
}

Test(block, zero_holds_the_genesis_hash_as_payload_root)
{
    struct hash32 genesis = kit_hash(1);
    struct block_header header = block_genesis(&genesis, 5);

    cr_assert_eq(header.height, 0);
    cr_assert_eq(header.commands_count, 0);
    cr_assert(hash_equal(&header.payload_root, &genesis));
}
