/* snapshots_test.c: whole clusters make snapshots: the same at all members, taken over at a start, and the log behind them goes. */
#include "node/snapshots.h"

#include "tests/node/snapshot_kit.h"

#include <criterion/criterion.h>
#include <string.h>
#include <xxhash.h>

#define MS KIT_MS

static struct world world;

static void setup(void)
{
    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = 8, .snapshot_blocks = 16, .keep_blocks = 8 });
}

static void teardown(void) { world_close(&world); }

TestSuite(snapshots, .init = setup, .fini = teardown);

static struct snapshots *snapshots_of(uint32_t member) { return &world.hosts[member].driver.snapshots; }

static void load(uint32_t commands)
{
    kit_load(&world, commands, 4);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
}

Test(snapshots, all_members_make_the_same)
{
    load(60);
    for (uint32_t i = 0; i < 4; i++) {
        struct snapshots *snapshots = snapshots_of(i);
        cr_assert_geq(snapshots->counters.made, 2, "r%u made %llu: %s", i, (unsigned long long)snapshots->counters.made, snapshots->reason);
        cr_assert_eq(snapshots->counters.failed, 0, "%s", snapshots->reason);
        cr_assert_eq(snapshots->newest.height, snapshots_of(0)->newest.height);
        cr_assert(hash_equal(&snapshots->newest.digest, &snapshots_of(0)->newest.digest));
        cr_assert(hash_equal(&world.hosts[i].superblocks.current.checkpoint_snapshot, &snapshots->newest.digest), "the superblock names it");
        cr_assert_eq(world.hosts[i].superblocks.current.checkpoint_height, snapshots->newest.height);
    }
    cr_assert_gt(snapshots_of(0)->manifest.chunks_count, 4, "archive and several subtrees");
}

Test(snapshots, no_deadline_is_left_behind_N5)
{
    load(60);
    cr_assert(world_is_idle(&world));
    cr_assert_eq(snapshots_of(1)->stage, SNAPSHOTS_IDLE);
    cr_assert_eq(snapshots_deadline_ns(snapshots_of(1)), UINT64_MAX);
}

Test(snapshots, a_start_begins_with_the_newest_and_replays_what_is_behind_it)
{
    load(60);
    uint64_t height = snapshots_of(2)->newest.height, tip = world.oracle.height;
    cr_assert_lt(height, tip);
    world_crash(&world, 2, true);
    world_run_to(&world, world.now_ns + 100 * MS);
    world_boot(&world, 2);
    cr_assert(world.hosts[2].driver.has_base);
    cr_assert_eq(world.hosts[2].driver.base.header.height, height);
    cr_assert_leq(world.hosts[2].driver.apply.executed, tip - height, "what the snapshot holds is not executed again");
    load(40);
    cr_assert_eq(snapshots_of(2)->newest.height, snapshots_of(0)->newest.height);
    cr_assert(hash_equal(&snapshots_of(2)->newest.digest, &snapshots_of(0)->newest.digest), "what was taken over makes the same snapshots again");
}

Test(snapshots, rot_in_the_newest_is_found_and_the_older_one_is_taken)
{
    load(60);
    struct snapshots_entry newest = snapshots_of(3)->newest, older = snapshots_of(3)->older;
    cr_assert(older.set);
    world_crash(&world, 3, true);
    uint8_t *sector = sim_disk_sector(&world.hosts[3].disk, snapshot_file(newest.slot, 0), DISK_BLOCK);
    cr_assert_not_null(sector);
    sector[40] ^= 4;
    world.hosts[3].rotten++; /* the oracle expects the newest otherwise */
    world_boot(&world, 3);
    cr_assert(world.hosts[3].driver.has_base);
    cr_assert_eq(world.hosts[3].driver.base.header.height, older.height);
    load(4);
}

/* A newer version may have written it another way: what this one would begin without it is what that one has left behind, and its slot would be overwritten. */
Test(snapshots, one_of_a_newer_version_is_refused_and_nothing_is_changed)
{
    uint8_t block[DISK_BLOCK];
    struct host *host = &world.hosts[3];

    load(60);
    struct snapshots_entry newest = snapshots_of(3)->newest;
    cr_assert(newest.set);
    world_crash(&world, 3, true);
    snapshot_head_encode(&newest.head, block);
    block[12]++; /* the version */
    uint64_t sum = XXH3_64bits(block + 8, DISK_BLOCK - 8);
    memcpy(block, &sum, sizeof sum);
    for (uint32_t i = 0; i < DISK_BLOCK; i += DISK_SECTOR) {
        memcpy(sim_disk_sector(&host->disk, snapshot_file(newest.slot, 0), i), block + i, DISK_SECTOR);
    }
    cr_assert_not(host_start(host), "it has the one before, and would write over this one");
    for (uint32_t i = 0; i < DISK_BLOCK; i += DISK_SECTOR) {
        cr_assert_arr_eq(sim_disk_sector(&host->disk, snapshot_file(newest.slot, 0), i), block + i, DISK_SECTOR);
    }
}

Test(snapshots, all_members_start_from_theirs_after_a_power_cut)
{
    load(60);
    for (uint32_t i = 0; i < 4; i++) {
        world_crash(&world, i, true);
    }
    world_run_to(&world, world.now_ns + 10 * MS);
    for (uint32_t i = 0; i < 4; i++) {
        world_boot(&world, i);
        cr_assert(world.hosts[i].driver.has_base);
    }
    load(20);
}

/* ask_any: r2 asks r1 for any offer. */
static void ask_any(void)
{
    static struct message message;
    uint8_t bytes[64];
    struct writer writer;

    message = (struct message){ .type = MESSAGE_SNAPSHOT_ASK };
    writer_init(&writer, bytes, sizeof bytes);
    message_encode(&message, &writer);
    cr_assert_not(writer.failed);
    host_message(&world.hosts[1], 2, MESSAGE_SNAPSHOT_ASK, bytes_of(bytes, writer.offset));
}

/* Whoever asks for an offer a second time, and has taken nothing of the first, is heard once in twenty times as long as one takes to make. */
Test(snapshots, one_of_a_silent_tip_is_made_when_somebody_wishes_for_it_S3)
{
    struct driver *driver = &world.hosts[1].driver;

    load(61);
    uint64_t tip = world.oracle.height, made = snapshots_of(1)->counters.made;
    cr_assert_lt(snapshots_of(1)->newest.height, tip);
    for (uint32_t round = 0; round < 2; round++) {
        world_run_to(&world, world.now_ns + 100 * KIT_S); /* a rest behind the one before is over */
        ask_any();
        world_run_to(&world, world.now_ns + KIT_S);
        cr_assert_eq(snapshots_of(1)->newest.height == tip, round == 1, "round %u", round);
    }
    cr_assert_eq(snapshots_of(1)->counters.made, made + 1);
    cr_assert_eq(snapshots_of(1)->newest.height, tip);
    cr_assert_gt(snapshots_of(1)->rest_ns, driver->ports.now(driver->ports.context).mono_ns, "S4");
    load(1);
    snapshots_of(1)->rest_ns = UINT64_MAX;
    for (uint32_t round = 0; round < 2; round++) {
        ask_any();
        world_run_to(&world, world.now_ns + KIT_S);
    }
    cr_assert(snapshots_of(1)->wished);
    cr_assert_eq(snapshots_of(1)->stage, SNAPSHOTS_IDLE, "S4: too soon");
    cr_assert_eq(snapshots_of(1)->newest.height, tip);
    world_crash(&world, 1, true);
    world_boot(&world, 1);
    cr_assert_eq(driver->base.header.height, tip);
    cr_assert_lt(driver->base.checkpoint_ms, driver->base.header.time_ms, "K1");
    load(40);
    cr_assert_eq(snapshots_of(1)->newest.height, snapshots_of(0)->newest.height);
    cr_assert(hash_equal(&snapshots_of(1)->newest.digest, &snapshots_of(0)->newest.digest), "what was taken over makes the same snapshots again");
}

static uint32_t segments_count(uint32_t member, uint32_t *lowest)
{
    struct disk *disk = &world.hosts[member].disk.disk;
    uint32_t numbers[64];
    size_t count = 0;

    cr_assert_eq(disk->ops->segments(disk, numbers, 64, &count), ERR_OK);
    *lowest = count > 0 ? numbers[0] : 0;
    return (uint32_t)count;
}

/* A disk with room for little more than the snapshots: without retiring it would be full long before. */
Test(snapshots, log_behind_the_older_snapshot_goes_and_a_start_does_not_need_it_K2, .init = NULL)
{
    uint32_t lowest;

    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = 32, .snapshot_blocks = 64, .keep_blocks = 32, .segments_max = 9 });
    for (uint32_t round = 0; round < 8; round++) {
        load(150);
    }
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_leq(segments_count(i, &lowest), 5);
        cr_assert_gt(lowest, 2, "r%u", i);
        cr_assert_eq(world.hosts[i].superblocks.current.first_segment, lowest);
        cr_assert_gt(world.hosts[i].driver.counters.segments_retired, 1);
    }
    for (uint32_t i = 0; i < 4; i++) {
        world_crash(&world, i, i % 2 == 0);
    }
    for (uint32_t i = 0; i < 4; i++) {
        world_boot(&world, i);
        cr_assert(world.hosts[i].driver.has_base);
    }
    load(50);
}

Test(snapshots, a_member_in_need_of_room_makes_one_before_it_is_due_and_keeps_the_schedule, .init = NULL)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.limits.checkpoint_blocks = 8;
    plan.snapshot_bytes = 1u << 30;
    plan.snapshot_blocks = 100000;
    plan.keep_blocks = 8;
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    load(20);
    cr_assert_eq(snapshots_of(2)->counters.made, 0, "none is due");
    snapshots_hurry(snapshots_of(2));
    load(20);
    cr_assert_eq(snapshots_of(2)->counters.made, 1, "%s", snapshots_of(2)->reason);
    cr_assert_eq(snapshots_of(0)->counters.made, 0, "the others do not follow");
    load(20);
    cr_assert_eq(snapshots_of(2)->counters.made, 1, "once");
    cr_assert_eq(snapshots_of(2)->blocks, snapshots_of(0)->blocks, "what is due for all is due when it was");
    cr_assert_eq(snapshots_of(2)->bytes, snapshots_of(0)->bytes);
}

/* What members serve must reach down to the newest snapshot, so one that was begun and lost with the power is not waited for until the next is due, 16 blocks later. */
Test(snapshots, one_that_a_crash_cut_short_is_made_up_for_at_the_next_checkpoint_block)
{
    load(8);
    uint64_t before = snapshots_of(1)->newest.height, due;
    for (uint32_t i = 0; i < 4000 && snapshots_of(1)->stage != SNAPSHOTS_STATE; i++) {
        world_submit(&world, i % 8 == 0, 0, false);
        world_run_to(&world, world.now_ns + KIT_MS);
    }
    cr_assert_eq(snapshots_of(1)->stage, SNAPSHOTS_STATE);
    due = snapshots_of(1)->making.height;
    world_run_to(&world, world.now_ns + 12 * KIT_MS); /* the block and its certificate are in every log */
    for (uint32_t i = 0; i < 4; i++) {
        world_crash(&world, i, true);
    }
    for (uint32_t i = 0; i < 4; i++) {
        world_boot(&world, i);
    }
    cr_assert_eq(snapshots_of(1)->newest.height, before, "it was cut short");
    cr_assert_geq(world.hosts[1].driver.apply.height, due);
    cr_assert_lt(world.hosts[1].driver.apply.height, due + 8, "no further checkpoint block yet");
    cr_assert(snapshots_of(1)->hurried);
    for (uint32_t i = 0; i < 400 && world.hosts[1].driver.apply.height < due + 12; i++) {
        world_submit(&world, 1, i % 4, false);
        world_run_to(&world, world.now_ns + 12 * KIT_MS);
    }
    cr_assert(world_run_until_rest(&world, world.now_ns + 60 * KIT_S), "%s", world.failure.text);
    cr_assert_lt(world.hosts[1].driver.apply.height, due + 16, "the next is not due yet");
    cr_assert_gt(snapshots_of(1)->newest.height, due, "%s", snapshots_of(1)->reason);
    cr_assert(!snapshots_of(1)->hurried);
    load(40);
}

/* storage.retention: archive. Whoever was away longer than the others' history still comes back by a snapshot, but every segment stays. */
Test(snapshots, nothing_of_the_log_goes_in_archive_mode, .init = NULL)
{
    uint32_t lowest;

    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = 8, .snapshot_blocks = 16, .keep_blocks = 8, .archive = true });
    for (uint32_t round = 0; round < 4; round++) {
        load(150);
    }
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_gt(segments_count(i, &lowest), 2);
        cr_assert_eq(lowest, 1);
        cr_assert_eq(world.hosts[i].driver.counters.segments_retired, 0);
        cr_assert_gt(snapshots_of(i)->counters.made, 4, "snapshots are made all the same");
    }
}

/* An archive ends with as many segments as a start can list. Its operator then says storage.retention: prune, and what is below the older snapshot goes at once: members that all
 * stand for that reason make no further snapshot. */
Test(snapshots, a_log_that_is_as_long_as_it_may_be_goes_as_soon_as_it_may_K2, .init = NULL)
{
    uint32_t lowest;

    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = 8, .snapshot_blocks = 16, .keep_blocks = 8, .archive = true });
    for (uint32_t round = 0; round < 4; round++) {
        load(150);
    }
    struct driver *driver = &world.hosts[1].driver;
    uint32_t before = segments_count(1, &lowest);
    uint64_t made = snapshots_of(1)->counters.made;
    driver->log.config.segments_max = driver->log.extents_count;
    cr_assert(segment_log_is_long(&driver->log));
    world_run_to(&world, world.now_ns + KIT_S);
    cr_assert_eq(driver->counters.segments_retired, 0, "as long as it is an archive nothing goes");
    driver->config.retention.archive = false;
    load(1);
    world_run_to(&world, world.now_ns + KIT_S);
    cr_assert_eq(snapshots_of(1)->counters.made, made, "without a new snapshot");
    cr_assert_gt(driver->counters.segments_retired, 0);
    cr_assert_lt(segments_count(1, &lowest), before);
    cr_assert_gt(lowest, 1);
    cr_assert_not(segment_log_is_long(&driver->log));
    load(50);
    world_crash(&world, 1, true);
    world_boot(&world, 1);
    load(50);
}

/* What was written is not what is read back: the snapshot is given up with a reason, none is named, and the next one is made. */
Test(snapshots, one_that_the_disk_changed_is_given_up)
{
    load(8);
    struct snapshots *snapshots = snapshots_of(1);
    for (uint32_t i = 0; i < 2000 && snapshots->stage != SNAPSHOTS_HEAD; i++) {
        world_submit(&world, i % 8 == 0, 0, false);
        world_run_to(&world, world.now_ns + KIT_MS);
    }
    cr_assert_eq(snapshots->stage, SNAPSHOTS_HEAD);
    struct snapshot_place place = snapshot_place_first();
    uint8_t *sector = sim_disk_sector(&world.hosts[1].disk, snapshot_file(snapshots->making.slot, place.part), (uint64_t)place.block * DISK_BLOCK);
    cr_assert_not_null(sector);
    sector[5] ^= 8;
    load(4);
    cr_assert_eq(snapshots->counters.failed, 1);
    cr_assert_str_eq(snapshots->reason, "what was read back is not what was written");
    uint64_t made = snapshots->counters.made;
    load(40);
    cr_assert_gt(snapshots->counters.made, made);
    cr_assert(hash_equal(&snapshots->newest.digest, &snapshots_of(0)->newest.digest));
}
