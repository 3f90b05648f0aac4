#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct store_config small = { .seed = 1, .segment_bytes = 16 * DISK_BLOCK, .segments_max = 64, .queue_batches = 4, .size_max = 9000 };

static uint64_t log_no_time(void *context)
{
    (void)context;
    return 0;
}

static void log_not_durable(void *context, uint64_t lsn, uint64_t duration_ns) { (void)context, (void)lsn, (void)duration_ns; }
static void log_not_failed(void *context, enum err err) { (void)context, (void)err; }

Test(segment_log, records_come_back_in_order_and_whole)
{
    struct store *store = store_open(&small);

    for (uint64_t i = 1; i <= 200; i++) {
        while (store_append(store) == ERR_FULL) {
            store_run(store);
        }
    }
    store_run(store);
    cr_assert_eq(store->acknowledged, 200);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store_groups_seen(store), 200);
    cr_assert_eq(store->outcome.sign, SIGN_FREELY);
    cr_assert_eq(store->outcome.damage_count, 0);
    cr_assert_eq(store->outcome.torn, 0);
    cr_assert_gt(store->outcome.position.segment, 10, "many segments were used");
    store_close(store);
}

Test(segment_log, one_write_and_one_flush_per_batch_and_none_when_idle)
{
    struct store *store = store_open(&small);

    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store); /* the first batch opens the first segment */
    uint64_t writes = store->disk.disk.counters.writes;
    uint64_t flushes = store->disk.disk.counters.flushes;
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(store_append(store), ERR_OK);
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    cr_assert_eq(store->disk.disk.counters.writes - writes, 3);
    cr_assert_eq(store->disk.disk.counters.flushes - flushes, 3);
    for (int i = 0; i < 100; i++) {
        segment_log_kick(&store->log);
        cr_assert_not(store_step(store));
    }
    cr_assert_eq(store->disk.disk.counters.writes - writes, 3);
    store_close(store);
}

/* open_writing gives a log whose first batch is under way. */
static struct store *open_writing(void)
{
    struct store *store = store_open(&small);

    store->config.size_max = 100;
    cr_assert_eq(store_append(store), ERR_OK);
    segment_log_kick(&store->log);
    while (!store->log.writing || store->log.write_is_opening) {
        cr_assert(store_step(store));
    }
    return store;
}

Test(segment_log, what_waits_goes_out_as_one_batch)
{
    struct store *store = open_writing();

    for (int i = 0; i < 20; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        segment_log_kick(&store->log); /* one is in flight: remembered */
    }
    uint64_t calls = store->durable_calls;
    store_run(store);
    cr_assert_eq(store->durable_calls - calls, 2, "the one in flight, then all others together");
    cr_assert_eq(store->acknowledged, 21);
    store_close(store);
}

static struct store *telling;
static void (*tell_store)(void *context, uint64_t lsn, uint64_t duration_ns);
static uint32_t told_while_writing, told_while_idle;

static void durable_told(void *context, uint64_t lsn, uint64_t duration_ns)
{
    *(telling->log.writing ? &told_while_writing : &told_while_idle) += 1;
    cr_assert_eq(lsn, telling->log.lsn_durable, "of the write that is done, not of the one under way");
    tell_store(context, lsn, duration_ns);
}

/* The disk does not wait until a batch is in the index and its owner has heard of it. */
Test(segment_log, the_next_write_is_under_way_when_the_last_is_told_of)
{
    struct store *store = open_writing();

    telling = store;
    told_while_writing = told_while_idle = 0;
    tell_store = store->log.config.durable;
    store->log.config.durable = durable_told;
    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    cr_assert_eq(told_while_writing, 1);
    cr_assert_eq(told_while_idle, 1, "nothing follows on the second");
    cr_assert_eq(store->acknowledged, 2);
    store->log.config.durable = tell_store;
    store_close(store);
}

Test(segment_log, what_nobody_kicks_waits_for_company)
{
    struct store *store = open_writing();

    cr_assert_eq(store_append(store), ERR_OK); /* while a write is under way, and without a kick */
    uint64_t batches = store->log.counters.batches;
    while (store_step(store)) {
    }
    cr_assert_eq(store->log.counters.batches - batches, 1, "the write that was under way is the only one");
    cr_assert_not(segment_log_is_idle(&store->log));
    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    cr_assert_eq(store->log.counters.batches - batches, 2, "the two rode together");
    cr_assert_eq(store->acknowledged, 3);
    store_close(store);
}

Test(segment_log, a_full_queue_says_so_and_takes_nothing)
{
    struct store *store = store_open(&small);
    int taken = 0;

    while (store_append(store) == ERR_OK) {
        taken++;
        cr_assert_lt(taken, 1000);
    }
    struct segment_log_counters before = store->log.counters;
    struct capsule capsule = *segment_log_capsule(&store->log);
    cr_assert_eq(store_append(store), ERR_FULL);
    cr_assert_eq(store->log.counters.records, before.records);
    cr_assert(capsule_equal(&capsule, segment_log_capsule(&store->log)));
    store_run(store);
    cr_assert_eq(store->acknowledged, (uint64_t)taken);
    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store_groups_seen(store), (uint64_t)taken + 1);
    store_close(store);
}

/* Kicks and steps until a batch, and no opening, is under way. */
static void until_under_way(struct store *store)
{
    segment_log_kick(&store->log);
    while (!store->log.writing || store->log.write_is_opening) {
        cr_assert(store_step(store));
    }
}

Test(segment_log, light_work_goes_through_one_buffer)
{
    struct store *store = store_open(&small);
    const uint8_t *first = segment_log_buffers(&store->log).data;

    for (int i = 0; i < 20; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        until_under_way(store);
        cr_assert_eq(store->log.write.data, first, "batch %d", i);
        store_run(store);
    }
    store_close(store);
}

Test(segment_log, what_is_under_way_keeps_its_bytes_however_much_comes)
{
    static uint8_t before[16 * DISK_BLOCK];
    struct store *store = store_open(&small);

    for (int round = 0; round < 30; round++) {
        cr_assert_eq(store_append(store), ERR_OK);
        until_under_way(store);
        const uint8_t *data = store->log.write.data;
        uint32_t bytes = store->log.write.bytes;
        cr_assert_leq(bytes, sizeof before);
        memcpy(before, data, bytes);
        for (int more = 0; more <= round % 7; more++) {
            (void)store_append(store); /* as many as there is room for */
        }
        cr_assert_eq(store->log.write.data, data);
        cr_assert_arr_eq(data, before, bytes);
        if (round % 3 == 0) {
            store_run(store);
        }
    }
    store_run(store);
    cr_assert_eq(store->acknowledged, store->appended);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store_groups_seen(store), store->appended);
    store_close(store);
}

Test(segment_log, buffers_of_many_bytes_begin_where_a_large_page_does)
{
    const size_t large = 2u << 20, room = 32u << 20;
    struct segment_log_config config = { .segment_bytes = 4u << 20, .queue_batches = 6, .index_entries = 64, .now_ns = log_no_time, .durable = log_not_durable, .failed = log_not_failed };
    uint8_t *memory = aligned_alloc(ARENA_ALIGN, room);
    static struct segment_log log;
    struct arena arena;

    for (size_t shift = 0; shift < large; shift += 300u << 10) {
        arena_init(&arena, memory + shift, room - shift);
        segment_log_init(&log, &arena, NULL, &config);
        struct bytes buffers = segment_log_buffers(&log);
        cr_assert_eq((uintptr_t)buffers.data % large, 0);
        cr_assert_eq(buffers.size, 6u << 20);
        cr_assert(buffers.data >= memory + shift && buffers.data + buffers.size <= memory + shift + arena.used);
    }
    free(memory);
}

Test(segment_log, an_empty_queue_takes_the_largest_group)
{
    struct store_config config = small;
    config.segment_bytes = 64 * DISK_BLOCK;
    config.batch_bytes_max = 4 * DISK_BLOCK;
    struct store *store = store_open(&config);
    uint64_t most = segment_log_group_bytes_max(&store->log);
    uint8_t *bytes = malloc(most);
    struct log_record records[LOG_GROUP_RECORDS_MAX];
    struct bytes parts[LOG_GROUP_RECORDS_MAX];
    uint64_t lsn;

    memset(bytes, 7, most);
    for (size_t count = 1; count <= LOG_GROUP_RECORDS_MAX; count++) {
        struct capsule capsule = store->capsule;
        uint64_t each = most / count & ~UINT64_C(7);
        for (size_t i = 0; i < count; i++) {
            parts[i] = bytes_of(bytes, each - RECORD_HEAD_BYTES);
            records[i] = (struct log_record){ .kind = RECORD_EVIDENCE, .parts = &parts[i], .parts_count = 1 };
        }
        capsule.timeout_view = (int64_t)count * 1000; /* forces a batch for the limit before it */
        cr_assert_eq(segment_log_append(&store->log, &capsule, records, count, &lsn), ERR_OK, "%zu records", count);
        store->capsule = capsule;
        store_run(store);
    }
    free(bytes);
    store_close(store);
}

Test(segment_log, a_record_larger_than_a_batch_spans_several_and_segments_too)
{
    struct store_config config = small;
    config.size_max = 60000;
    config.queue_batches = 8;
    config.batch_bytes_max = 4 * DISK_BLOCK;
    struct store *store = store_open(&config);

    for (uint64_t i = 1; i <= 40; i++) {
        while (store_append(store) == ERR_FULL) {
            store_run(store);
        }
    }
    store_run(store);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store_groups_seen(store), 40);
    store_close(store);
}

Test(segment_log, a_capsule_rides_only_with_its_complete_group)
{
    struct store_config config = small;
    config.size_max = 60000;
    config.queue_batches = 8;
    config.batch_bytes_max = 4 * DISK_BLOCK;
    struct store *store = store_open(&config);
    uint64_t cuts = 0;

    for (int i = 0; i < 12; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        segment_log_kick(&store->log);
        while (store_step(store)) {
            /* At every moment: the durable capsule names only blocks that are durable. */
            cr_assert_leq(store->log.capsule_durable.vote_height, store->acknowledged);
            cuts++;
        }
    }
    cr_assert_gt(cuts, 24, "groups took several batches");
    store_close(store);
}

Test(segment_log, a_bare_capsule_is_one_small_write)
{
    struct store *store = store_open(&small);
    struct capsule capsule = store->capsule;
    uint64_t lsn;

    cr_assert_eq(store_append(store), ERR_OK);
    store_run(store);
    uint64_t bytes = store->disk.disk.counters.bytes_written;
    capsule = *segment_log_capsule(&store->log);
    capsule.timeout_view = 3;
    cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
    store_run(store);
    cr_assert_eq(segment_log_durable_lsn(&store->log), lsn);
    cr_assert_eq(store->disk.disk.counters.bytes_written - bytes, DISK_BLOCK);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.position.capsule.timeout_view, 3);
    cr_assert_eq(store->outcome.position.lsn, lsn);
    store_close(store);
}

Test(segment_log, no_capsule_is_written_above_the_durable_view_limit)
{
    static const int64_t jumps[] = { 1, 31, 33, 63, 64, 65, 1000, 1000000 };
    struct store *store = store_open(&small);
    struct capsule capsule = store->capsule;
    uint64_t lsn;

    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        capsule.timeout_view += jumps[i];
        cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
        segment_log_kick(&store->log);
        while (store_step(store)) {
            const struct capsule *durable = &store->log.capsule_durable; /* batch_start asserts the rule before each write */
            cr_assert_geq(durable->limit_view, capsule_view_max(durable));
        }
        cr_assert_eq(store->log.capsule_durable.timeout_view, capsule.timeout_view);
    }
    cr_assert_eq(store->log.counters.limit_batches, 3, "only the jumps beyond what is ahead cost a batch: 65, 1000 and 1000000");
    capsule.epoch = 1;
    capsule.timeout_view = -1;
    cr_assert_eq(segment_log_append(&store->log, &capsule, NULL, 0, &lsn), ERR_OK);
    store_run(store);
    cr_assert_eq(store->log.capsule_durable.limit_epoch, 1);
    cr_assert_eq(store->log.capsule_durable.limit_view, LOG_VIEW_LIMIT_STEP);
    store_close(store);
}

Test(segment_log, a_failed_or_short_write_ends_the_log_for_good)
{
    static const struct { uint32_t error, cut; } rows[] = { { 1000000, 0 }, { 0, 1000000 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store *store = store_open(&small);
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
        store->disk.config.faults.write_error = rows[i].error;
        store->disk.config.faults.short_write = rows[i].cut;
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
        cr_assert_eq(store->failed, ERR_IO);
        cr_assert_eq(store->acknowledged, 1);
        uint64_t writes = store->disk.disk.counters.writes;
        cr_assert_eq(store_append(store), ERR_IO);
        segment_log_kick(&store->log);
        cr_assert_eq(store->disk.disk.counters.writes, writes, "no retry");
        store->disk.config.faults = (struct sim_disk_faults){ 0 };
        cr_assert_eq(store_boot(store), ERR_OK);
        cr_assert_eq(store_groups_seen(store), store->capsule.vote_height);
        cr_assert_geq(store->capsule.vote_height, 1);
        store_close(store);
    }
}

Test(segment_log, a_full_disk_stops_appends_with_an_answer_and_goes_on_when_there_is_room)
{
    struct store_config config = small;
    config.segments_max = 3;
    struct store *store = store_open(&config);
    int appended = 0;

    for (; appended < 1000 && store_append(store) == ERR_OK; appended++) {
        segment_log_kick(&store->log);
        for (int i = 0; i < 8 && store_step(store); i++) {
        }
    }
    cr_assert_lt(appended, 1000);
    cr_assert_eq(store_append(store), ERR_FULL);
    cr_assert_eq(store->failed, ERR_OK, "a full disk is not a broken log");
    cr_assert_lt(segment_log_room_bytes(&store->log), 3 * DISK_BLOCK);
    for (uint32_t segment = 1; store->acknowledged < (uint64_t)appended; segment++) {
        cr_assert_lt(segment, store->log.at.segment, "what is being written stays");
        cr_assert_eq(store->disk.disk.ops->discard(&store->disk.disk, segment), ERR_OK);
        segment_log_kick(&store->log);
        while (store_step(store) && segment_log_room_bytes(&store->log) > 0) {
            segment_log_kick(&store->log);
        }
    }
    store_run(store);
    cr_assert_eq(store->acknowledged, (uint64_t)appended);
    store_close(store);
}

Test(segment_log, the_largest_group_of_a_configuration_is_that_of_its_log)
{
    for (uint32_t batches = 2; batches <= 8; batches++) {
        struct store_config config = small;
        config.queue_batches = batches;
        struct store *store = store_open(&config);
        cr_assert_eq(segment_log_group_bytes_of(config.segment_bytes, batches), segment_log_group_bytes_max(&store->log));
        store_close(store);
    }
    cr_assert_lt(segment_log_group_bytes_of(SEGMENT_BYTES_MAX, 2), 1u << 20);
    cr_assert_gt(segment_log_group_bytes_of(1u << 20, 6), (4u << 20) + (128u << 10), "the default holds the largest block of any chain, in the smallest segments");
}

/* What a start cannot list it cannot read: the next start would refuse the log for ever. */
Test(segment_log, begins_no_more_segments_than_a_start_can_list_until_some_are_let_go)
{
    struct store *store = store_open(&small);
    struct segment_log *log = &store->log;
    int appended = 0;

    cr_assert_eq(log->config.segments_max, LOG_SEGMENTS_MAX);
    log->config.segments_max = 8;
    for (; appended < 1000 && store_append(store) == ERR_OK; appended++) {
        segment_log_kick(log);
        for (int i = 0; i < 8 && store_step(store); i++) {
        }
    }
    cr_assert_lt(appended, 1000);
    cr_assert_eq(log->extents_count, 8);
    cr_assert(segment_log_is_long(log));
    cr_assert(segment_log_is_starved(log), "so that the keeper hears of it");
    cr_assert_eq(store->failed, ERR_OK);
    cr_assert_eq(segment_log_needed(log, log->extents[6].height_max), log->at.segment);
    cr_assert_not(segment_log_is_long(log));
    segment_log_reserve(log);
    store_run(store);
    cr_assert_eq(store->acknowledged, (uint64_t)appended);
    cr_assert_not(segment_log_is_starved(log));
    store_close(store);
}

/* --- Reading back --------------------------------------------------------------------------------------------------- */

struct read_back {
    enum err err;
    uint32_t bytes;
    int calls;
};

static void read_back_done(struct log_read *read, enum err err, uint32_t bytes)
{
    struct read_back *back = read->context;

    *back = (struct read_back){ err, bytes, back->calls + 1 };
}

static bool ahead; /* readings may be taken from what an earlier one read */

static struct read_back read_back(struct store *store, uint64_t i, uint8_t *out, uint32_t capacity)
{
    struct read_back back = { .err = ERR_AGAIN };
    struct log_read read = { .kind = RECORD_BLOCK, .hash = store_hash(RECORD_BLOCK, i), .ahead = ahead, .out = out, .out_bytes = capacity, .done = read_back_done, .context = &back };
    enum err err = segment_log_read(&store->log, &read);

    if (err != ERR_OK) {
        return (struct read_back){ .err = err };
    }
    struct log_read second = read;
    cr_assert(back.calls == 1 || segment_log_read(&store->log, &second) == ERR_AGAIN, "one at a time");
    for (int step = 0; step < 100 && back.calls == 0; step++) {
        store_step(store);
    }
    cr_assert_eq(back.calls, 1);
    return back;
}

Test(segment_log, reads_back_what_is_durable_before_and_after_a_restart)
{
    struct store_config config = small;
    config.size_max = 60000;
    config.queue_batches = 8;
    config.batch_bytes_max = 4 * DISK_BLOCK;
    struct store *store = store_open(&config);
    static uint8_t out[60000];
    static uint8_t expected[60000];

    for (uint64_t i = 1; i <= 20; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        cr_assert_eq(read_back(store, i, out, sizeof out).err, ERR_NOT_FOUND, "not before it is durable");
        store_run(store);
    }
    for (int life = 0; life < 2; life++) {
        for (uint64_t i = 1; i <= 20; i++) {
            uint32_t bytes = store_payload_bytes(store, i);
            struct read_back back = read_back(store, i, out, sizeof out);
            cr_assert_eq(back.err, ERR_OK);
            cr_assert_eq(back.bytes, bytes);
            store_payload(i, expected, bytes);
            cr_assert_eq(memcmp(out, expected, bytes), 0);
            cr_assert(bytes == 0 || read_back(store, i, out, bytes - 1).err == ERR_FULL);
        }
        cr_assert_eq(read_back(store, 21, out, sizeof out).err, ERR_NOT_FOUND);
        cr_assert_eq(store_boot(store), ERR_OK);
    }
    store_close(store);
}

/* open_closed gives a store with closed segments of small records, all durable. */
static struct store *open_closed(void)
{
    struct store_config config = small;

    config.segment_bytes = 128 * DISK_BLOCK;
    config.size_max = 5000;
    struct store *store = store_open(&config);
    while (store->log.extents_count < 3) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    ahead = true;
    return store;
}

static uint64_t reads(const struct store *store) { return store->disk.disk.counters.reads; }

/* expect_record reads record i and compares it. */
static void expect_record(struct store *store, uint64_t i)
{
    static uint8_t out[5000], expected[5000];
    uint32_t bytes = store_payload_bytes(store, i);
    struct read_back back = read_back(store, i, out, sizeof out);

    cr_assert_eq(back.err, ERR_OK, "record %llu", (unsigned long long)i);
    cr_assert_eq(back.bytes, bytes);
    store_payload(i, expected, bytes);
    cr_assert_eq(memcmp(out, expected, bytes), 0, "record %llu", (unsigned long long)i);
}

Test(segment_log, records_one_behind_the_other_are_read_many_at_once)
{
    struct store *store = open_closed();
    uint64_t begin = reads(store);

    for (uint64_t i = 1; i <= 60; i++) {
        expect_record(store, i);
    }
    cr_assert_leq(reads(store) - begin, 8, "%llu readings", (unsigned long long)(reads(store) - begin));
    begin = reads(store);
    for (uint64_t i = 60; i >= 1; i--) {
        expect_record(store, i);
    }
    cr_assert_geq(reads(store) - begin, 20, "backwards each is read alone");
    for (uint64_t i = 1; i <= store->appended; i++) {
        expect_record(store, i);
    }
    for (int i = 0; i < 40; i++) { /* and what is written meanwhile */
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
        expect_record(store, store->appended);
        expect_record(store, store->appended - 1);
    }
    store_close(store);
}

Test(segment_log, a_block_that_cannot_be_read_costs_nobody_else_what_was_read_with_it)
{
    struct store *store = open_closed();
    static uint8_t out[5000];
    struct record_place place;
    struct hash32 hash = store_hash(RECORD_BLOCK, 9);

    cr_assert(record_index_find(&store->log.index, RECORD_BLOCK, &hash, 0, &place));
    sim_disk_break(&store->disk, place.segment, (uint64_t)place.block * DISK_BLOCK);
    for (uint64_t i = 1; i <= 20; i++) {
        if (i == 9) {
            cr_assert_eq(read_back(store, i, out, sizeof out).err, ERR_IO);
        } else {
            expect_record(store, i);
        }
    }
    store_close(store);
}

Test(segment_log, only_a_reading_of_its_own_looks_at_the_disk)
{
    struct store *store = open_closed();
    static uint8_t out[5000];
    struct record_place place;
    struct hash32 hash = store_hash(RECORD_BLOCK, 6);

    for (uint64_t i = 1; i <= 3; i++) {
        expect_record(store, i);
    }
    cr_assert(record_index_find(&store->log.index, RECORD_BLOCK, &hash, 0, &place));
    memset(sim_disk_sector(&store->disk, place.segment, (uint64_t)place.block * DISK_BLOCK), 0xEE, DISK_SECTOR);
    uint64_t at = (uint64_t)place.block * DISK_BLOCK + place.offset + RECORD_HEAD_BYTES;
    sim_disk_sector(&store->disk, place.segment, at & ~UINT64_C(511))[at % 512] ^= 1;
    expect_record(store, 6);
    ahead = false;
    cr_assert_eq(read_back(store, 6, out, sizeof out).err, ERR_FORMAT);
    ahead = true;
    cr_assert_eq(read_back(store, 6, out, sizeof out).err, ERR_FORMAT, "and from now on that is what is known of it");
    store_close(store);
}

Test(segment_log, reading_back_a_rotten_record_says_so)
{
    struct store *store = store_open(&small);
    static uint8_t out[9000];
    struct record_place place;
    struct hash32 hash = store_hash(RECORD_BLOCK, 2);

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    cr_assert(record_index_find(&store->log.index, RECORD_BLOCK, &hash, 0, &place));
    cr_assert_gt(place.bytes, 0);
    uint64_t at = (uint64_t)place.block * DISK_BLOCK + place.offset + RECORD_HEAD_BYTES;
    sim_disk_sector(&store->disk, place.segment, at & ~UINT64_C(511))[at % 512] ^= 1;
    cr_assert_eq(read_back(store, 2, out, sizeof out).err, ERR_FORMAT);
    cr_assert_eq(read_back(store, 3, out, sizeof out).err, ERR_OK);
    store->disk.config.faults.unreadable = 1000000;
    cr_assert_eq(read_back(store, 3, out, sizeof out).err, ERR_IO);
    store_close(store);
}
