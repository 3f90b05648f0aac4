#include "storage/inspect.h"
#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct store_config config = { .seed = 6, .segment_bytes = 32 * DISK_BLOCK, .segments_max = 16, .queue_batches = 4, .size_max = 9000 };

struct seen {
    uint32_t segments, batches, records, debris, bad_payloads;
    uint64_t last_batch;
};

static void see_segment(void *context, const struct inspect_segment *segment)
{
    struct seen *seen = context;

    seen->segments++;
    cr_assert_eq(segment->segment, seen->segments);
}

static void see_batch(void *context, const struct inspect_batch *batch)
{
    struct seen *seen = context;

    if (batch->head_found != HEAD_WHOLE) {
        seen->debris++;
        return;
    }
    cr_assert_gt(batch->head.number, seen->last_batch);
    seen->last_batch = batch->head.number;
    seen->batches++;
}

static void see_record(void *context, const struct inspect_record *record)
{
    struct seen *seen = context;

    cr_assert_gt(record->place.block, 1);
    seen->records++;
    seen->bad_payloads += !record->payload_good;
}

static struct arena memory(void)
{
    struct arena arena;
    size_t bytes = inspect_footprint();

    arena_init(&arena, aligned_alloc(ARENA_ALIGN, bytes), bytes);
    memset(arena.data, 0, bytes);
    return arena;
}

static struct seen look(struct store *store)
{
    struct seen seen = { 0 };
    struct inspect_sink sink = { &seen, see_segment, see_batch, see_record };
    struct arena arena = memory();

    cr_assert_eq(inspect_log(&store->disk.disk, &arena, &store->superblocks.current, &sink), ERR_OK);
    free(arena.data);
    return seen;
}

Test(inspect, walks_every_batch_and_record_and_changes_nothing)
{
    struct store *store = store_open(&config);

    for (int i = 0; i < 30; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    struct disk_counters before = store->disk.disk.counters;
    struct seen seen = look(store);
    cr_assert_eq(seen.batches, store->log.at.batch);
    cr_assert_eq(seen.records, store->log.counters.records + store->log.counters.segments, "and one seal per segment");
    cr_assert_eq(seen.debris, 0);
    cr_assert_eq(seen.bad_payloads, 0);
    cr_assert_eq(store->disk.disk.counters.writes, before.writes);
    struct seal_entry last = store->log.table[store->log.table_count - 1];
    sim_disk_sector(&store->disk, store->log.at.segment, last.block * DISK_BLOCK)[4] ^= 1;
    struct seen damaged = look(store);
    cr_assert_eq(damaged.batches, seen.batches - 1);
    cr_assert_eq(damaged.debris, last.blocks);
    store_close(store);
}

Test(inspect, shows_each_copy_of_the_superblock_and_the_choice)
{
    struct store *store = store_open(&config);
    struct inspect_superblock shown;
    struct arena arena = memory();

    store_floor(store, 5);
    cr_assert_eq(inspect_superblock(&store->disk.disk, &arena, &shown), ERR_OK);
    cr_assert_eq(shown.chosen_err, ERR_OK);
    cr_assert_eq(shown.chosen.sequence, 2);
    cr_assert_eq(shown.bad_map, 0);
    free(arena.data);
    arena = memory();
    sim_disk_sector(&store->disk, DISK_SUPERBLOCK, 0)[0] ^= 1;
    store->disk.files[0].unreadable[3] = 1;
    cr_assert_eq(inspect_superblock(&store->disk.disk, &arena, &shown), ERR_OK);
    cr_assert_eq(shown.copy_err[0], ERR_FORMAT);
    cr_assert_eq(shown.copy_err[1], ERR_OK);
    cr_assert_eq(shown.copy_err[3], ERR_IO);
    cr_assert_eq(shown.chosen_err, ERR_OK);
    cr_assert_eq(shown.bad_map, 9);
    free(arena.data);
    store_close(store);
}

Test(inspect, one_arena_of_its_footprint_serves_both_walks)
{
    struct store *store = store_open(&config);
    struct inspect_superblock shown;
    struct seen seen = { 0 };
    struct inspect_sink sink = { &seen, see_segment, see_batch, NULL };
    struct arena arena = memory();

    store->config.segment_bytes = SEGMENT_BYTES_MAX;
    cr_assert_eq(inspect_superblock(&store->disk.disk, &arena, &shown), ERR_OK);
    struct superblock largest = shown.chosen;
    largest.segment_bytes = SEGMENT_BYTES_MAX; /* the largest window; no segment is there yet */
    cr_assert_eq(inspect_log(&store->disk.disk, &arena, &largest, &sink), ERR_OK);
    free(arena.data);
    store_close(store);
}
