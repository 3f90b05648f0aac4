#include "storage/batch.h"
#include "tests/storage/golden_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SEED UINT64_C(0x1122334455667788)

static _Alignas(64) uint8_t data[BATCH_BLOCKS_MAX * DISK_BLOCK];

static struct hash32 hash_of_byte(uint8_t byte)
{
    struct hash32 hash;

    memset(hash.bytes, byte, sizeof hash.bytes);
    return hash;
}

static struct capsule some_capsule(void)
{
    return (struct capsule){
        .epoch = 3,
        .timeout_view = 40,
        .led_view = 39,
        .vote_view = 41,
        .vote_height = 1000,
        .vote_hash = hash_of_byte(0xAA),
        .vote_kind = 2,
        .high_view = 41,
        .high_height = 999,
        .high_digest = hash_of_byte(0xBB),
        .tc_digest = hash_of_byte(0xCC),
        .committed_height = 998,
        .limit_epoch = 4,
        .limit_view = 100,
        .abstain_epoch = 5,
        .abstain_view = 17,
    };
}

/* Puts one record of that many payload bytes behind the others. */
static void put_record(struct batch_head *head, uint8_t kind, uint8_t flags, uint32_t bytes, uint8_t fill)
{
    uint8_t *at = data + batch_body_offset(2) + head->body_bytes;
    struct record_head record = { .kind = kind, .flags = flags, .bytes = bytes, .bytes_total = bytes, .height = 7, .view = 8, .hash = hash_of_byte(fill) };

    memset(at + RECORD_HEAD_BYTES, fill, bytes);
    memset(at + RECORD_HEAD_BYTES + bytes, 0, record_span(bytes) - RECORD_HEAD_BYTES - bytes);
    record.payload_sum = record_payload_sum(at + RECORD_HEAD_BYTES, bytes);
    record_head_encode(&record, at);
    head->body_bytes += record_span(bytes);
}

static struct batch_head some_head(void)
{
    memset(data, 0x5A, sizeof data);
    return (struct batch_head){ .number = 12, .durable_upto = 11, .lsn = 30, .previous = 77, .segment = 2, .capsule = some_capsule() };
}

/* A batch of two records in three blocks. */
static struct batch_head some_batch(void)
{
    struct batch_head head = some_head();

    put_record(&head, RECORD_BLOCK, 0, 100, 0x11);
    put_record(&head, RECORD_PAYLOAD, RECORD_FLAG_DETACHABLE, 6001, 0x22);
    batch_finish(&head, SEED, data);
    return head;
}

Test(batch, header_survives_a_round_trip)
{
    struct batch_head head = some_batch();
    struct batch_head back;

    cr_assert_eq(batch_head_decode(data, SEED, &back), ERR_OK);
    cr_assert(capsule_equal(&back.capsule, &head.capsule));
    cr_assert_eq(back.number, head.number);
    cr_assert_eq(back.durable_upto, head.durable_upto);
    cr_assert_eq(back.lsn, head.lsn);
    cr_assert_eq(back.previous, head.previous);
    cr_assert_eq(back.body_sum, head.body_sum);
    cr_assert_eq(back.first_sum, head.first_sum);
    cr_assert_eq(back.segment, head.segment);
    cr_assert_eq(back.body_bytes, head.body_bytes);
    cr_assert_eq(back.blocks, 3);
    cr_assert_eq(back.records, 2);
}

Test(batch, header_keeps_the_capsule_of_a_replica_that_did_nothing)
{
    struct batch_head head = some_head();
    struct batch_head back;

    capsule_init(&head.capsule);
    batch_finish(&head, SEED, data);
    cr_assert_eq(batch_head_decode(data, SEED, &back), ERR_OK);
    cr_assert(capsule_equal(&back.capsule, &head.capsule));
    cr_assert_eq(back.capsule.timeout_view, -1);
    cr_assert_eq(back.blocks, 1);
    cr_assert_eq(back.records, 0);
}

Test(batch, header_rejects_every_flip_of_a_bit)
{
    struct batch_head back;

    some_batch();
    for (uint32_t bit = 0; bit < BATCH_HEAD_BYTES * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_neq(batch_head_decode(data, SEED, &back), ERR_OK, "bit %u", bit);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert_eq(batch_head_decode(data, SEED, &back), ERR_OK);
}

Test(batch, header_is_bound_to_its_place_and_segment)
{
    uint8_t instance[16] = { 9 };
    struct batch_head back;
    struct batch_head head = some_head();

    batch_finish(&head, batch_seed(segment_salt(instance, 2), 5), data);
    cr_assert_eq(batch_head_decode(data, batch_seed(segment_salt(instance, 2), 5), &back), ERR_OK);
    cr_assert_eq(batch_head_decode(data, batch_seed(segment_salt(instance, 2), 6), &back), ERR_FORMAT);
    cr_assert_eq(batch_head_decode(data, batch_seed(segment_salt(instance, 3), 5), &back), ERR_FORMAT);
    instance[0] = 8;
    cr_assert_eq(batch_head_decode(data, batch_seed(segment_salt(instance, 2), 5), &back), ERR_FORMAT);
}

Test(batch, body_finds_every_flip_of_a_byte)
{
    struct batch_head head = some_batch();

    cr_assert_eq(batch_body_check(&head, data, NULL), BODY_GOOD);
    for (uint32_t at = BATCH_HEAD_BYTES; at < 3 * DISK_BLOCK; at++) {
        data[at] ^= 0x40;
        cr_assert_eq(batch_body_check(&head, data, NULL), BODY_BAD, "byte %u", at);
        data[at] ^= 0x40;
    }
}

Test(batch, body_tells_a_hole_in_every_sector_from_damage_and_from_zeros_that_belong_there)
{
    struct batch_head head = some_head();
    uint8_t kept[DISK_SECTOR];
    int holes = 0;

    put_record(&head, RECORD_BLOCK, 0, 100, 0x11);
    put_record(&head, RECORD_BLOCK, 0, 20000, 0x00); /* a payload of zeros: sectors that are zeros when written */
    put_record(&head, RECORD_BLOCK, 0, 5000, 0x33);
    batch_finish(&head, SEED, data);
    for (uint32_t sector = 1; sector < head.blocks * DISK_SECTORS_PER_BLOCK; sector++) {
        uint8_t *at = data + (size_t)sector * DISK_SECTOR;
        bool was_zero = bytes_are_zero(at, DISK_SECTOR);
        memcpy(kept, at, DISK_SECTOR);
        memset(at, 0, DISK_SECTOR);
        cr_assert_eq(batch_body_check(&head, data, NULL), was_zero ? BODY_GOOD : BODY_HOLES, "sector %u", sector);
        holes += !was_zero;
        memset(at, 0xEE, DISK_SECTOR);
        cr_assert_eq(batch_body_check(&head, data, NULL), BODY_BAD, "sector %u", sector);
        memcpy(at, kept, DISK_SECTOR);
        at[5] ^= 1; /* rot beside zeros that belong there is not a hole */
        cr_assert_eq(batch_body_check(&head, data, NULL), BODY_BAD, "sector %u", sector);
        at[5] ^= 1;
    }
    cr_assert_gt(holes, 10);
}

Test(batch, body_with_one_hole_and_one_damaged_block_is_damaged)
{
    struct batch_head head = some_batch();

    memset(data + DISK_BLOCK, 0, DISK_SECTOR);
    cr_assert_eq(batch_body_check(&head, data, NULL), BODY_HOLES);
    data[2 * DISK_BLOCK + 9] ^= 1;
    cr_assert_eq(batch_body_check(&head, data, NULL), BODY_BAD);
}

Test(batch, body_with_an_unreadable_block_is_damaged_even_if_it_reads_as_zeros)
{
    struct batch_head head = some_batch();
    bool unreadable[3] = { false };

    for (int i = 0; i < 3; i++) {
        unreadable[i] = true;
        memset(data + (size_t)i * DISK_BLOCK + (i == 0 ? BATCH_HEAD_BYTES : 0), 0, DISK_BLOCK - (i == 0 ? BATCH_HEAD_BYTES : 0u));
        cr_assert_eq(batch_body_check(&head, data, unreadable), BODY_BAD);
        unreadable[i] = false;
        head = some_batch();
    }
}

Test(batch, sizes_agree_at_every_border)
{
    static const uint32_t blocks[] = { 1, 2, 3, 100, 255, 256 };

    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        uint32_t most = batch_body_max(blocks[i]);
        cr_assert_eq(most % 8, 0);
        cr_assert_eq(batch_blocks(most), blocks[i]);
        cr_assert(blocks[i] == BATCH_BLOCKS_MAX || batch_blocks(most + 8) == blocks[i] + 1);
    }
    cr_assert_eq(batch_blocks(0), 1);
}

Test(batch, cursor_gives_the_records_and_stops_at_a_bad_header)
{
    struct batch_head head = some_batch();
    struct batch_cursor cursor;
    struct record_head record;
    struct record_place place;

    batch_cursor_init(&cursor, &head, data);
    cr_assert(batch_cursor_next(&cursor, &record, &place));
    cr_assert_eq(record.kind, RECORD_BLOCK);
    cr_assert_eq(record.bytes, 100);
    cr_assert(record_payload_is_good(&record, data + place.offset + RECORD_HEAD_BYTES));
    cr_assert(batch_cursor_next(&cursor, &record, &place));
    cr_assert_eq(record.bytes, 6001);
    uint32_t second = place.offset;
    cr_assert_not(batch_cursor_next(&cursor, &record, &place));
    cr_assert_not(cursor.broken);
    for (uint32_t at = 0; at < RECORD_HEAD_BYTES; at++) {
        data[second + at] ^= 1;
        batch_cursor_init(&cursor, &head, data);
        cr_assert(batch_cursor_next(&cursor, &record, &place));
        cr_assert_not(batch_cursor_next(&cursor, &record, &place), "byte %u", at);
        cr_assert(cursor.broken);
        data[second + at] ^= 1;
    }
}

Test(batch, erasing_a_detachable_payload_leaves_chain_and_body_sum_as_they_are)
{
    struct batch_head head = some_batch();
    struct batch_head back;
    struct batch_cursor cursor;
    struct record_head record;
    struct record_place place;
    uint64_t chain = batch_chain(data);

    batch_cursor_init(&cursor, &head, data);
    cr_assert(batch_cursor_next(&cursor, &record, &place));
    cr_assert(batch_cursor_next(&cursor, &record, &place));
    record.flags |= RECORD_FLAG_ERASED;
    record_head_encode(&record, data + place.offset);
    memset(data + place.offset + RECORD_HEAD_BYTES, 0, record.bytes);
    cr_assert(record_payload_is_good(&record, data + place.offset + RECORD_HEAD_BYTES), "a tombstone is not rot");
    memmove(data + batch_body_offset(2), data + batch_body_offset(head.blocks), head.body_bytes);
    struct batch_head erased = head;
    batch_finish(&erased, SEED, data);
    cr_assert_eq(erased.body_sum, head.body_sum);
    cr_assert_eq(batch_chain(data), chain);
    cr_assert_eq(batch_head_decode(data, SEED, &back), ERR_OK);
    cr_assert_eq(batch_body_check(&back, data, NULL), BODY_GOOD);
}

Test(batch, chain_covers_every_field_but_the_two_sums_that_an_erasure_changes)
{
    some_batch();
    uint64_t chain = batch_chain(data);

    for (uint32_t at = 0; at < BATCH_HEAD_BYTES; at++) {
        bool exempt = (at >= 48 && at < 56) || at >= 248;
        data[at] ^= 1;
        cr_assert_eq(batch_chain(data) == chain, exempt, "byte %u", at);
        data[at] ^= 1;
    }
}

Test(batch, a_newer_version_with_a_right_sum_is_said_to_be_newer)
{
    struct record_head record = { .kind = RECORD_BLOCK };
    uint8_t bytes[RECORD_HEAD_BYTES];

    record_head_encode(&record, bytes);
    bytes[0] = 0;
    cr_assert_not(record_head_decode(bytes, &record), "and kind 0 is none");
}

Test(batch, golden)
{
    struct batch_head head = some_batch();

    golden_check("v1_batch", data, (size_t)head.blocks * DISK_BLOCK);
    head = some_head();
    put_record(&head, RECORD_CERTIFICATE, 0, 300, 0x44);
    batch_finish(&head, SEED, data);
    golden_check("v1_batch_of_one_block", data, DISK_BLOCK);
}
