#include "storage/segment.h"
#include "tests/storage/golden_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static uint8_t block[DISK_BLOCK];

static struct segment_head some_head(void)
{
    struct segment_head head = { .segment = 7, .segment_bytes = SEGMENT_BYTES_DEFAULT, .first_batch = 900, .previous = 12345 };

    memset(head.instance, 0x31, sizeof head.instance);
    memset(head.seal, 0x32, sizeof head.seal);
    head.salt = segment_salt(head.instance, head.segment);
    return head;
}

Test(segment, header_survives_a_round_trip)
{
    struct segment_head head = some_head();
    struct segment_head back;

    segment_head_encode(&head, block);
    cr_assert_eq(segment_head_decode(block, &back), ERR_OK);
    cr_assert_eq(back.segment, head.segment);
    cr_assert_eq(back.segment_bytes, head.segment_bytes);
    cr_assert_eq(back.first_batch, head.first_batch);
    cr_assert_eq(back.salt, head.salt);
    cr_assert_eq(back.previous, head.previous);
    cr_assert_eq(memcmp(back.instance, head.instance, 16), 0);
    cr_assert_eq(memcmp(back.seal, head.seal, 16), 0);
}

Test(segment, header_rejects_every_flip_of_a_byte)
{
    struct segment_head head = some_head();
    struct segment_head back;

    segment_head_encode(&head, block);
    for (uint32_t at = 0; at < DISK_BLOCK; at++) {
        block[at] ^= 0x10;
        cr_assert_neq(segment_head_decode(block, &back), ERR_OK, "byte %u", at);
        block[at] ^= 0x10;
    }
    memset(block, 0, sizeof block);
    cr_assert_eq(segment_head_decode(block, &back), ERR_FORMAT);
}

Test(segment, header_with_a_foreign_salt_is_refused)
{
    struct segment_head head = some_head();
    struct segment_head back;

    head.salt++;
    segment_head_encode(&head, block);
    cr_assert_eq(segment_head_decode(block, &back), ERR_FORMAT);
}

static const struct seal_entry entries[] = { { 2, 1, 11 }, { 3, 200, 12 }, { 203, 4, 13 } };

static struct seal_head some_seal(void)
{
    return (struct seal_head){ .segment = 6, .batches = 3, .blocks_used = 207, .torn = 1, .first_batch = 700, .last_batch = 702, .last_chain = 13 };
}

Test(segment, seal_survives_a_round_trip)
{
    struct seal_head head = some_seal();
    struct seal_head back;

    seal_encode(&head, entries, block);
    cr_assert_eq(seal_head_decode(block, seal_bytes(3), &back), ERR_OK);
    cr_assert_eq(back.segment, 6);
    cr_assert_eq(back.batches, 3);
    cr_assert_eq(back.blocks_used, 207);
    cr_assert_eq(back.torn, 1);
    cr_assert_eq(back.first_batch, 700);
    cr_assert_eq(back.last_batch, 702);
    cr_assert_eq(back.last_chain, 13);
    for (uint32_t i = 0; i < 3; i++) {
        struct seal_entry entry = seal_entry_decode(block, i);
        cr_assert_eq(entry.block, entries[i].block);
        cr_assert_eq(entry.blocks, entries[i].blocks);
        cr_assert_eq(entry.chain, entries[i].chain);
    }
}

Test(segment, seal_of_every_other_size_is_refused)
{
    struct seal_head head = some_seal();
    struct seal_head back;

    seal_encode(&head, entries, block);
    for (uint32_t size = 0; size < 2 * seal_bytes(3); size++) {
        cr_assert_eq(seal_head_decode(block, size, &back) == ERR_OK, size == seal_bytes(3), "%u bytes", size);
    }
}

/* The record around a seal has its own sum; here every flip must at least be seen or re-encode to the same bytes. */
Test(segment, seal_is_refused_or_encodes_to_the_same_bytes_after_every_flip)
{
    struct seal_head head = some_seal();
    struct seal_head back;
    uint8_t digest[16];
    uint8_t other[16];

    seal_encode(&head, entries, block);
    seal_digest(block, seal_bytes(3), digest);
    for (uint32_t at = 0; at < seal_bytes(3); at++) {
        struct seal_entry copied[3];
        uint8_t again[256];
        block[at] ^= 1;
        seal_digest(block, seal_bytes(3), other);
        cr_assert_neq(memcmp(digest, other, 16), 0, "byte %u", at);
        if (seal_head_decode(block, seal_bytes(3), &back) == ERR_OK) {
            for (uint32_t i = 0; i < 3; i++) {
                copied[i] = seal_entry_decode(block, i);
            }
            seal_encode(&back, copied, again);
            cr_assert_eq(memcmp(again, block, seal_bytes(3)), 0, "byte %u", at);
        }
        block[at] ^= 1;
    }
}

Test(segment, golden)
{
    struct segment_head head = some_head();
    struct seal_head seal = some_seal();

    segment_head_encode(&head, block);
    golden_check("v1_segment_head", block, sizeof block);
    seal_encode(&seal, entries, block);
    golden_check("v1_seal", block, seal_bytes(3));
}
