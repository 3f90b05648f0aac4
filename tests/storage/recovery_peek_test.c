/* recovery_peek_test.c: the end of the log says what was promised, or that it is not enough. store_recover peeks every other time and compares with what all of the log says. */
#include "storage/recovery.h"
#include "storage/segment.h"
#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS = 5, BLOCKS = 64 };

static const struct store_config config = { .seed = 9, .segment_bytes = BLOCKS * DISK_BLOCK, .segments_max = 16, .queue_batches = 4, .size_max = 12000 };

/* long_log fills segments and begins the next one with two groups. */
static struct store *long_log(uint32_t segments)
{
    struct store *store = store_open(&config);

    while (store->log.at.segment <= segments) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    return store;
}

static uint8_t *block_at(struct store *store, uint32_t segment, uint32_t block)
{
    uint8_t *data = sim_disk_sector(&store->disk, segment, (uint64_t)block * DISK_BLOCK);

    cr_assert_not_null(data);
    return data;
}

/* peek gives what it says of the store as it lies. */
static bool peek(struct store *store, struct recovery_outcome *outcome)
{
    bool enough;

    cr_assert_eq(store_recover(store), ERR_OK); /* memory of a process that has just begun */
    cr_assert_eq(recovery_peek(&store->log, &store->superblocks.current, outcome, &enough), ERR_OK);
    return enough;
}

Test(recovery_peek, reads_the_last_two_segments_and_the_headers_of_the_others)
{
    static struct recovery_outcome few, many;
    struct store *store = long_log(2), *longer = long_log(12);

    cr_assert(peek(store, &few));
    cr_assert(peek(longer, &many));
    cr_assert_eq(many.position.segment, 13);
    cr_assert_leq(many.bytes_scanned, few.bytes_scanned + (uint64_t)10 * SEGMENT_HEAD_BLOCKS * DISK_BLOCK + (uint64_t)BLOCKS * DISK_BLOCK, "%llu, %llu with ten segments less",
        (unsigned long long)many.bytes_scanned, (unsigned long long)few.bytes_scanned);
    cr_assert_lt(many.bytes_scanned, longer->outcome.bytes_scanned / 3);
    cr_assert_eq(many.sign, SIGN_FREELY);
    cr_assert_eq(many.position.batch, longer->outcome.position.batch);
    store_close(longer);
    store_close(store);
}

Test(recovery_peek, is_all_of_a_short_log)
{
    static struct recovery_outcome outcome;

    for (uint32_t segments = 0; segments <= 1; segments++) {
        struct store *store = long_log(segments);
        memset(block_at(store, 1, 0), 0x77, (size_t)SEGMENT_HEAD_BLOCKS * DISK_BLOCK);
        cr_assert(peek(store, &outcome), "there is no other to read");
        cr_assert_eq(outcome.damage_count, 1);
        cr_assert_eq(outcome.records, store->outcome.records);
        store_close(store);
    }
}

Test(recovery_peek, reads_all_of_the_log_where_a_header_is_missing)
{
    static struct recovery_outcome outcome;

    for (uint32_t segment = 1; segment <= SEGMENTS + 1; segment++) {
        struct store *store = long_log(SEGMENTS);
        memset(block_at(store, segment, 0), 0x77, (size_t)SEGMENT_HEAD_BLOCKS * DISK_BLOCK);
        cr_assert(peek(store, &outcome));
        cr_assert_eq(outcome.damage_count, 1);
        cr_assert_eq(outcome.damage[0].segment, segment);
        cr_assert_eq(outcome.records, store->outcome.records);
        store_close(store);
    }
}

Test(recovery_peek, is_not_enough_where_something_is_amiss_in_these_two)
{
    static struct recovery_outcome outcome;

    for (uint32_t segment = 1; segment <= SEGMENTS + 1; segment++) {
        struct store *store = long_log(SEGMENTS);
        block_at(store, segment, SEGMENT_HEAD_BLOCKS)[100] ^= 1; /* the header of its first batch */
        cr_assert_eq(peek(store, &outcome), segment < SEGMENTS, "segment %u", segment);
        store_close(store);
    }
}

/* What may lie where a block was. */
static void spoil(struct store *store, uint32_t segment, uint32_t block, int how)
{
    uint8_t *data = block_at(store, segment, block);

    switch (how) {
    case 0: memset(data, 0, DISK_BLOCK); break;
    case 1: data[77] ^= 4; break;
    case 2: memcpy(data, block_at(store, segment % (SEGMENTS + 1) + 1, block), DISK_BLOCK); break; /* what belongs to the next segment, or to the first one */
    default: memcpy(data, block_at(store, segment, block > SEGMENT_HEAD_BLOCKS ? block - 1 : BLOCKS - 1), DISK_BLOCK); break;
    }
}

Test(recovery_peek, says_what_all_of_the_log_says_whatever_block_is_spoilt, .timeout = 120)
{
    uint32_t enough = 0, not_enough = 0;

    for (uint32_t place = 0; place < (SEGMENTS + 1) * BLOCKS; place++) {
        for (int how = 0; how < 4; how++) {
            struct store *store = long_log(SEGMENTS);
            uint32_t segment = 1 + place / BLOCKS;
            if (segment == store->log.at.segment && place % BLOCKS >= store->log.at.block) {
                store_close(store);
                continue;
            }
            spoil(store, segment, place % BLOCKS, how);
            uint32_t before = store->peeks;
            cr_assert_eq(store->recoveries % 2, 1, "this one peeks");
            cr_assert_eq(store_recover(store), ERR_OK);
            enough += store->peeks - before;
            not_enough += 1 - (store->peeks - before);
            store_close(store);
        }
    }
    cr_assert_gt(enough, 4 * not_enough / 3);
    cr_assert_gt(not_enough, 0);
}

/* --- What comes after it ------------------------------------------------------------------------------------------------- */

static bool is_there(struct store *store, uint32_t segment)
{
    static uint32_t segments[DISK_SEGMENTS_MAX];
    size_t count = 0, i = 0;

    cr_assert_eq(store->disk.disk.ops->segments(&store->disk.disk, segments, DISK_SEGMENTS_MAX, &count), ERR_OK);
    while (i < count && segments[i] != segment) {
        i++;
    }
    return i < count;
}

/* add appends a record of no group. */
static void add(struct store *store, uint8_t kind, const void *data, size_t bytes)
{
    struct bytes part = bytes_of(data, bytes);
    struct log_record record = { .kind = kind, .hash = store_hash(kind, 1), .parts = &part, .parts_count = 1 };
    uint64_t lsn;

    cr_assert_eq(segment_log_append(&store->log, segment_log_capsule(&store->log), &record, 1, &lsn), ERR_OK);
    store->lsn_base++;
    store->acknowledged = 0; /* it may come in pieces, with numbers of their own */
    store_run(store);
}

/* cut_opening makes a log whose first segment has a record of `bytes`, and the opening write of whose newest segment was cut behind its headers; the last `lost` batches before it, which these
 * prove durable, are zeros. */
static struct store *cut_opening(uint8_t kind, size_t bytes, uint32_t lost)
{
    static const struct store_config pieces = { .seed = 9, .segment_bytes = BLOCKS * DISK_BLOCK, .segments_max = 16, .queue_batches = 8, .batch_bytes_max = 4 * DISK_BLOCK, .size_max = 12000 };
    struct store *store = store_open(&pieces);
    struct seal_entry last[2] = { { 0 } };
    uint8_t *data = calloc(1, bytes + 1);

    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    add(store, kind, data, bytes);
    free(data);
    while (store->log.at.segment <= SEGMENTS) {
        if (store->log.at.segment == SEGMENTS && store->log.table_count >= 2) {
            last[0] = store->log.table[store->log.table_count - 1];
            last[1] = store->log.table[store->log.table_count - 2];
        }
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    memset(block_at(store, SEGMENTS + 1, SEGMENT_HEAD_BLOCKS), 0, (BLOCKS - SEGMENT_HEAD_BLOCKS) * (size_t)DISK_BLOCK);
    for (uint32_t i = 0; i < lost; i++) {
        memset(block_at(store, SEGMENTS, last[i].block), 0, (size_t)last[i].blocks * DISK_BLOCK);
    }
    return store;
}

Test(recovery_peek, changes_nothing_of_a_log_that_is_refused)
{
    for (uint32_t peeks = 0; peeks <= 1; peeks++) {
        struct store *store = cut_opening(RECORD_KIND_END, 0, 0); /* a kind of a newer version */
        store->recoveries = peeks;
        cr_assert_eq(store_recover(store), ERR_VERSION);
        cr_assert(is_there(store, SEGMENTS + 1), "peeks %u", peeks);
        store_close(store);
    }
}

Test(recovery_peek, of_a_start_that_is_refused_leaves_what_proves_the_lost_batches)
{
    for (uint32_t lost = 1; lost <= 2; lost++) {
        struct store *store = cut_opening(RECORD_EVIDENCE, 60000, lost);
        store->config.queue_batches = 2; /* too few for that record */
        cr_assert_eq(store->recoveries % 2, 1, "this one peeks");
        cr_assert_eq(store_recover(store), ERR_FULL);
        store->config.queue_batches = 8;
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.sign, lost == 1 ? SIGN_ABOVE_LIMIT : SIGN_NEVER, "%u lost: sign %d", lost, (int)store->outcome.sign);
        store_close(store);
    }
}

Test(recovery_peek, leaves_room_in_the_list_for_what_no_note_settles, .timeout = 120)
{
    enum { WIDE = 512, SETTLED = 200, NEW = 100 };
    static const struct store_config wide = { .seed = 9, .segment_bytes = WIDE * DISK_BLOCK, .segments_max = 16, .queue_batches = 4, .size_max = 0 };
    uint8_t bytes[REPAIR_NOTE_BYTES];
    struct store *store = store_open(&wide);

    while (store->log.at.segment <= 2) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    for (uint32_t i = 0; i < SETTLED; i++) {
        block_at(store, 1, 8 + 2 * i)[3000] ^= 1;
    }
    cr_assert_eq(store_boot(store), ERR_OK);
    cr_assert_eq(store->outcome.damage_count, SETTLED);
    for (uint32_t i = 0; i < SETTLED; i++) {
        struct repair_note note = recovery_note(&store->outcome.damage[i]);
        repair_note_encode(&note, bytes);
        add(store, RECORD_REPAIR, bytes, sizeof bytes);
    }
    while (store->log.at.segment <= SEGMENTS) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    for (uint32_t i = 0; i < NEW; i++) {
        block_at(store, 2, 8 + 2 * i)[3000] ^= 1;
    }
    for (uint32_t peeks = 0; peeks <= 1; peeks++) {
        store->recoveries = peeks;
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(store->outcome.damage_count, NEW, "peeks %u: %u listed", peeks, store->outcome.damage_count);
        cr_assert_eq(store->outcome.damage_unlisted, 0);
        cr_assert_eq(store->outcome.repaired, SETTLED);
    }
    store_close(store);
}
