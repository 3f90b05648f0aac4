/* driver_scrub_test.c: what the scrubber reads, when, and what comes of what it finds: on the disks of a simulated cluster whose members forget quickly. */
#include "storage/segment.h"
#include "storage/snapshot.h"
#include "tests/node/snapshot_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static struct world world;

static void open_keeping(uint64_t bytes_per_s, uint32_t keep_blocks)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.limits.checkpoint_blocks = 16;
    plan.snapshot_bytes = 1;
    plan.snapshot_blocks = 64;
    plan.keep_blocks = keep_blocks;
    plan.fast_crypto = keep_blocks < 1000;
    plan.scrub_bytes_per_s = bytes_per_s;
    world_open(&world, &plan);
    world_run_to(&world, 10 * KIT_MS);
}

static void open_with(uint64_t bytes_per_s) { open_keeping(bytes_per_s, 1000); } /* so that the log has closed segments to look at */

static void setup(void) { open_with(1024 * MIB); }

static void teardown(void) { world_close(&world); }

TestSuite(driver_scrub, .init = setup, .fini = teardown);

static struct host *victim(void) { return &world.hosts[2]; }
static const struct scrub_counters *counters(void) { return &victim()->driver.scrub.counters; }

/* first_closed goes on with traffic until there are two closed segments. Gives: the older one. */
static uint32_t first_closed(void)
{
    const struct segment_log *log = &victim()->driver.log;

    for (uint32_t i = 0; i < 400 && log->extents_count < 3; i++) {
        (void)kit_busy(&world, 4000, 100);
    }
    cr_assert_geq(log->extents_count, 3);
    return log->extents[log->extents_first % DISK_SEGMENTS_MAX].segment;
}

/* load_until goes on with traffic until a counter has grown. */
static void load_until(const uint64_t *counter, uint64_t above, const char *what)
{
    for (uint32_t i = 0; i < 60 && *counter <= above; i++) {
        kit_load(&world, 8, 3);
    }
    cr_assert_gt(*counter, above, "%s: %llu; %s", what, (unsigned long long)*counter, world.failure.text);
}

static void comes_to_rest_equal(void)
{
    kit_load(&world, 4, 3);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
}

Test(driver_scrub, looks_at_segments_and_snapshot_again_and_again_and_finds_nothing_where_all_is_whole)
{
    (void)first_closed();
    load_until(&counters()->passes, counters()->passes + 2, "passes");
    cr_assert_gt(counters()->segments, 0);
    cr_assert_gt(counters()->snapshots, 0);
    cr_assert_eq(counters()->found, 0);
    cr_assert_eq(counters()->snapshots_bad, 0);
    comes_to_rest_equal();
}

Test(driver_scrub, reads_nothing_while_nothing_is_written_N5)
{
    kit_load(&world, 20, 3);
    uint64_t bytes = counters()->bytes;
    cr_assert_gt(bytes, 0);
    world_run_to(&world, world.now_ns + 600 * KIT_S);
    cr_assert_eq(counters()->bytes, bytes);
}

Test(driver_scrub, reads_no_more_than_its_budget)
{
    world_close(&world);
    open_with(256 << 10);
    uint64_t begin_ns = world.now_ns;
    (void)kit_busy(&world, 100000, 12000);
    uint64_t paid = (world.now_ns - begin_ns) / KIT_S * (256 << 10);
    cr_assert_gt(counters()->bytes, 0);
    cr_assert_leq(counters()->bytes, paid + MIB, "%llu bytes of %llu", (unsigned long long)counters()->bytes, (unsigned long long)paid);
}

/* What it knows of the segment behind the one it looked at is not held against another: those between may have gone meanwhile. */
Test(driver_scrub, segments_that_go_before_their_turn_are_no_damage)
{
    uint64_t looked_at = 0;
    bool passed_over = false;

    world_close(&world);
    open_keeping(MIB, 100);
    for (uint32_t i = 0, after = 0; i < 200 && !(passed_over && counters()->segments > looked_at); i++) {
        (void)kit_busy(&world, 4000, 100);
        if (!passed_over && after != 0 && victim()->driver.scrub.after > after + 1) {
            passed_over = true;
            looked_at = counters()->segments;
        }
        after = victim()->driver.scrub.after;
    }
    cr_assert(passed_over);
    cr_assert_eq(counters()->found, 0);
    comes_to_rest_equal();
}

/* A disk whose readings of one file end before their first byte, as those behind the end of a file that was cut do: what was in the buffer stays there. */
static struct disk_ops short_ops;
static uint32_t short_file;
static void (*short_told)(struct completion *completion, int32_t result, uint32_t flags);

static void short_done(struct completion *completion, int32_t result, uint32_t flags)
{
    completion->done = short_told;
    completion->done(completion, result > 0 ? 0 : result, flags);
}

static enum err short_read_start(struct disk *disk, struct disk_request *request)
{
    if (request == &victim()->driver.scrub.request && request->file == short_file) {
        short_told = request->completion.done;
        request->completion.done = short_done;
    }
    return world.hosts[0].disk.disk.ops->read_start(disk, request);
}

Test(driver_scrub, a_reading_that_ends_short_is_none_whatever_is_in_the_buffer)
{
    const struct segment_log *log = &victim()->driver.log;

    (void)first_closed();
    short_file = log->extents[(log->extents_first + 1) % DISK_SEGMENTS_MAX].segment; /* a segment behind another, so it is known which batches it must have */
    cr_assert_eq(counters()->found, 0);
    short_ops = *victim()->disk.disk.ops;
    short_ops.read_start = short_read_start;
    victim()->disk.disk.ops = &short_ops;
    load_until(&counters()->found, 0, "found");
    victim()->disk.disk.ops = world.hosts[0].disk.disk.ops;
    comes_to_rest_equal();
}

enum way { WAY_CHUNK, WAY_LIST, WAY_UNREADABLE, WAYS };

/* spoil damages the newest snapshot. Gives: its digest. */
static struct hash32 spoil(enum way way)
{
    const struct snapshots_entry *newest = &victim()->driver.snapshots.newest;
    struct snapshot_place place = way == WAY_LIST ? newest->head.manifest : (struct snapshot_place){ 0, 1 };
    uint32_t file = snapshot_file(newest->slot, place.part);

    cr_assert(newest->set);
    if (way == WAY_UNREADABLE) {
        sim_disk_break(&victim()->disk, file, (uint64_t)place.block * DISK_BLOCK);
    } else {
        sim_disk_sector(&victim()->disk, file, (uint64_t)place.block * DISK_BLOCK)[10] ^= 1;
    }
    return newest->digest;
}

/* Each time another is made before it is due, and a start begins with that one. One that is replaced before it is looked at is nobody's loss, and the next is spoilt. */
Test(driver_scrub, a_snapshot_that_rotted_is_found_and_replaced_by_a_new_one_K2)
{
    kit_load(&world, 72, 3);
    for (unsigned way = 0; way < WAYS; way++) {
        struct hash32 digest = { { 0 } };
        uint64_t bad = counters()->snapshots_bad;
        for (uint32_t i = 0; i < 60 && counters()->snapshots_bad == bad; i++) {
            digest = hash_equal(&victim()->driver.snapshots.newest.digest, &digest) ? digest : spoil((enum way)way);
            kit_load(&world, 4, 3);
        }
        cr_assert_gt(counters()->snapshots_bad, bad, "way %u", way);
        for (uint32_t i = 0; i < 20 && hash_equal(&victim()->driver.snapshots.newest.digest, &digest); i++) {
            kit_load(&world, 8, 3);
        }
        cr_assert_not(hash_equal(&victim()->driver.snapshots.newest.digest, &digest), "way %u: a new one is there", way);
        uint64_t height = victim()->driver.snapshots.newest.head.height;
        world_crash(&world, 2, true);
        world_boot(&world, 2);
        cr_assert(victim()->driver.has_base, "way %u", way);
        cr_assert_geq(victim()->driver.base.header.height, height, "way %u: the start begins with it", way);
        comes_to_rest_equal();
    }
}

/* The place that rotted stays bad, and so does a stretch where the copy of what was in it would stand: it is appended once more, behind the stretch. */
Test(driver_scrub, a_sector_that_stays_bad_keeps_nothing_from_being_made_good_S5)
{
    const struct repair_counters *repair = &victim()->driver.repair.counters;
    const struct segment_log *log = &victim()->driver.log;
    uint32_t segment = first_closed();

    for (uint32_t block = SEGMENT_HEAD_BLOCKS + 2; block < SEGMENT_HEAD_BLOCKS + 8; block++) {
        sim_disk_ruin(&victim()->disk, segment, (uint64_t)block * DISK_BLOCK);
    }
    for (uint32_t i = 0; i < 20000 && repair->found == 0; i++) {
        (void)kit_busy(&world, 1000, 1);
    }
    cr_assert_gt(repair->found, 0);
    for (uint32_t i = 0; i < 5; i++) {
        sim_disk_ruin(&victim()->disk, log->at.segment, (uint64_t)(log->at.block + i) * DISK_BLOCK);
    }
    world_run_to(&world, world.now_ns + KIT_S);
    cr_assert_gt(repair->checks_bad, 0, "a copy landed there and was read back");
    cr_assert_eq(repair->given_up, 0);
    load_until(&counters()->passes, counters()->passes + 1, "passes");
    comes_to_rest_equal();
    cr_assert_eq(repair->repaired, repair->found, "%llu of %llu", (unsigned long long)repair->repaired, (unsigned long long)repair->found);
    for (uint32_t start = 0; start < 2; start++) {
        world_crash(&world, 2, true);
        world_boot(&world, 2);
        comes_to_rest_equal();
    }
    cr_assert_eq(victim()->recovery.damage_count, 0, "the blocks are bad as before, and settled");
}

/* A block in the middle of a closed segment that cannot be read, and both headers of the one behind it: that segment's own end is not known then, and it waits. */
Test(driver_scrub, unreadable_blocks_and_lost_headers_are_found_once_and_made_good_S5)
{
    const struct repair_counters *repair = &victim()->driver.repair.counters;
    uint32_t segment = first_closed();

    sim_disk_break(&victim()->disk, segment, (uint64_t)(SEGMENT_HEAD_BLOCKS + 2) * DISK_BLOCK);
    load_until(&counters()->found, 0, "found");
    uint64_t found = counters()->found;
    for (uint32_t block = 0; block < SEGMENT_HEAD_BLOCKS; block++) {
        memset(sim_disk_sector(&victim()->disk, segment + 1, (uint64_t)block * DISK_BLOCK), 0xEE, DISK_SECTOR);
    }
    load_until(&counters()->found, found, "found headers");
    comes_to_rest_equal();
    cr_assert_eq(repair->found, counters()->found, "each is known once");
    cr_assert_eq(repair->repaired, repair->found);
    uint64_t passes = counters()->passes;
    found = counters()->found;
    load_until(&counters()->passes, passes + 1, "passes");
    cr_assert_eq(counters()->found, found, "and is not found again");
    world_crash(&world, 2, true);
    world_boot(&world, 2);
    cr_assert_eq(victim()->recovery.damage_count, 0, "a start takes all of it for settled");
    comes_to_rest_equal();
}

/* A member asks for a block while the copy of another one is read back: its reading comes in between the two of the repair, which need not follow each other. */
Test(driver_scrub, what_members_ask_for_meanwhile_holds_no_repair_up_S5)
{
    const struct repair *repair = &victim()->driver.repair;
    struct message message = { .type = MESSAGE_FETCH };
    uint8_t bytes[128];
    struct writer writer;
    uint32_t asked = 0;

    (void)first_closed();
    message.fetch.height = victim()->driver.apply.height;
    cr_assert(replica_committed(victim()->driver.replica, message.fetch.height, &message.fetch.hash));
    writer_init(&writer, bytes, sizeof bytes);
    message_encode(&message, &writer);
    for (uint64_t height = 1; height <= 4; height++) {
        cr_assert(host_rot(victim(), height));
    }
    for (uint32_t i = 0; i < 200000 && (asked == 0 || repair->count > 0); i++) {
        if (i % 1000 == 0) {
            world_submit(&world, 1, 0, false);
        }
        world_run_to(&world, world.now_ns + KIT_MS / 100);
        if (victim()->driver.log.reading == &repair->read && repair->read_kind == RECORD_PAYLOAD && !victim()->driver.reading) {
            host_message(victim(), 1, MESSAGE_FETCH, bytes_of(bytes, writer.offset));
            asked += victim()->driver.read_waits;
        }
    }
    cr_assert_gt(asked, 0, "a reading waited behind the first of a repair");
    cr_assert_eq(repair->counters.repaired, repair->counters.found, "%llu of %llu", (unsigned long long)repair->counters.repaired, (unsigned long long)repair->counters.found);
    comes_to_rest_equal();
}
