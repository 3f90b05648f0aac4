/* snapshot_wish_test.c: two members of four are behind, and the two that hold the chain have no snapshot alike: no quorum, so no further checkpoint block and no certificate of the tip. */
#include "node/snapshots.h"

#include "tests/node/snapshot_kit.h"

#include <criterion/criterion.h>

#define MS KIT_MS
#define CHECKPOINT_BLOCKS 16u

static struct world world;

static void teardown(void) { world_close(&world); }

TestSuite(snapshot_wish, .fini = teardown);

static struct snapshots *snapshots_of(uint32_t member) { return &world.hosts[member].driver.snapshots; }

static uint64_t certified(uint32_t member) { return replica_checkpoint(world.hosts[member].driver.replica)->checkpoint.height; }

/* step commits another block; what r0 and r1 make is cut short, but for that of `maker`. */
static void step(uint32_t maker)
{
    world_submit(&world, 1, (uint32_t)(world.oracle.height % 2), false);
    for (uint32_t i = 0; i < 24; i++) {
        cr_assert(world_run_to(&world, world.now_ns + MS / 2), "%s", world.failure.text);
        if (i % 2 != maker) {
            snapshots_stop(snapshots_of(i % 2));
        }
    }
}

/* one_makes brings the chain on until this member has made another snapshot. */
static void one_makes(uint32_t member)
{
    uint64_t before = snapshots_of(member)->newest.height;

    snapshots_hurry(snapshots_of(member));
    for (uint32_t i = 0; i < 4 * CHECKPOINT_BLOCKS && snapshots_of(member)->newest.height == before; i++) {
        step(member);
    }
    cr_assert_gt(snapshots_of(member)->newest.height, before, "%s", snapshots_of(member)->reason);
}

/* blocks_behind brings the chain on until its tip is so many blocks above a checkpoint block. */
static void blocks_behind(uint64_t blocks)
{
    for (uint32_t i = 0; i < 2 * CHECKPOINT_BLOCKS && (world.oracle.height % CHECKPOINT_BLOCKS != blocks || i < blocks); i++) {
        step(UINT32_MAX);
    }
    cr_assert_eq(world.oracle.height % CHECKPOINT_BLOCKS, blocks);
}

static bool alike(const struct snapshots_entry *a, const struct snapshots_entry *b) { return a->set && b->set && a->height == b->height; }

/* nothing_alike: r2 is behind all logs, and r0 and r1 have two snapshots each, of four heights. */
static void nothing_alike(void)
{
    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = CHECKPOINT_BLOCKS, .snapshot_blocks = 2 * CHECKPOINT_BLOCKS, .keep_blocks = 8 });
    kit_load(&world, 8, 3);
    world_crash(&world, 2, true);
    kit_forget_behind(&world, 2);
    for (uint32_t i = 0; i < 4; i++) {
        one_makes(i % 2);
    }
    const struct snapshots *a = snapshots_of(0), *b = snapshots_of(1);
    cr_assert(!alike(&a->newest, &b->newest) && !alike(&a->newest, &b->older) && !alike(&a->older, &b->newest) && !alike(&a->older, &b->older));
}

/* lose_quorum: r3 loses its disk. */
static void lose_quorum(void)
{
    world_crash(&world, 3, true);
    world_wipe(&world, 3);
    world_boot(&world, 3);
}

static void all_come_back(void)
{
    uint64_t height = certified(0);

    world_boot(&world, 2);
    (void)kit_until_there(&world, 2);
    (void)kit_until_there(&world, 3);
    cr_assert_eq(world.hosts[2].driver.base.header.height, height);
    cr_assert_eq(world.hosts[3].driver.base.header.height, height);
}

Test(snapshot_wish, one_is_made_of_the_newest_certified_state_when_the_tip_is_not_certified_S3)
{
    nothing_alike();
    blocks_behind(5);
    cr_assert_eq(certified(0), world.oracle.height - 5);
    lose_quorum();
    all_come_back();
}

/* A start replays the log, and with it pins the state and marks the archive again. */
Test(snapshot_wish, one_is_made_after_a_start_as_well)
{
    nothing_alike();
    blocks_behind(5);
    lose_quorum();
    for (uint32_t i = 0; i < 2; i++) {
        world_crash(&world, i, i == 0);
        world_boot(&world, i);
    }
    all_come_back();
}

/* What waits for a certificate that never comes gives way. */
Test(snapshot_wish, one_is_made_although_another_waits_for_its_certificate)
{
    nothing_alike();
    blocks_behind(15);
    for (uint32_t i = 0; i < 4; i++) {
        world_lose(&world, i, MESSAGE_CKPT);
        world_lose(&world, i, MESSAGE_CKPT_CERT);
    }
    snapshots_hurry(snapshots_of(0));
    for (uint32_t i = 0; i < 2; i++) {
        world_submit(&world, 1, i, false);
        cr_assert(world_run_to(&world, world.now_ns + 12 * MS), "%s", world.failure.text);
    }
    cr_assert_eq(snapshots_of(0)->stage, SNAPSHOTS_CERTIFICATE);
    cr_assert_eq(certified(0), world.oracle.height - 17);
    lose_quorum();
    world_heal(&world);
    all_come_back();
}

/* What was only waiting for that very certificate goes on. */
Test(snapshot_wish, one_in_the_making_is_not_begun_anew)
{
    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = CHECKPOINT_BLOCKS, .snapshot_blocks = CHECKPOINT_BLOCKS, .keep_blocks = 8 });
    for (uint32_t i = 0; i < CHECKPOINT_BLOCKS + 12; i++) {
        step(1);
    }
    struct snapshots *snapshots = snapshots_of(1);
    uint64_t before = snapshots->newest.height;
    for (uint32_t i = 0; i < 8000 && snapshots->stage != SNAPSHOTS_CERTIFICATE; i++) {
        world_submit(&world, i % 64 == 0, 0, false);
        world_run_to(&world, world.now_ns + MS / 8);
    }
    cr_assert_eq(snapshots->stage, SNAPSHOTS_CERTIFICATE);
    cr_assert_eq(certified(1), before);
    snapshots->rest_ns = 0;
    snapshots_wish(snapshots);
    cr_assert(world_run_until_rest(&world, world.now_ns + 60 * KIT_S), "%s", world.failure.text);
    cr_assert_gt(snapshots->newest.height, before);
    cr_assert_eq(snapshots->counters.failed, 0, "%s", snapshots->reason);
    cr_assert(!snapshots->hurried);
}

/* Both are wished to make one while nobody sends commands, however far apart they come to it: their newest certificate stays. */
Test(snapshot_wish, one_is_made_by_two_that_begin_far_apart)
{
    nothing_alike();
    blocks_behind(5);
    lose_quorum();
    snapshots_of(1)->rest_ns = world.hosts[1].driver.ports.now(world.hosts[1].driver.ports.context).mono_ns + 30 * KIT_S;
    all_come_back();
}

/* away lets as much time pass, without certificates for r1, as everybody repeats what he says in, and then r1 loses its power. */
static void away(void)
{
    world_run_to(&world, world.now_ns + 100 * KIT_S);
    cr_assert_lt(certified(1), certified(0));
    world_crash(&world, 1, true);
    world_heal(&world);
    world_boot(&world, 1);
}

/* A certificate that one of the two has missed is told to it with the wish. */
Test(snapshot_wish, one_is_made_of_the_newer_certificate_when_theirs_differ)
{
    nothing_alike();
    blocks_behind(15);
    world_lose(&world, 1, MESSAGE_CKPT_CERT);
    blocks_behind(5);
    lose_quorum();
    away();
    cr_assert_eq(certified(0), world.oracle.height - 5);
    cr_assert_eq(certified(1), world.oracle.height - 5 - CHECKPOINT_BLOCKS);
    all_come_back();
}

/* The same with that of a silent tip, which is not a checkpoint block: one makes it of the tip, one of the last checkpoint block, and then both of the tip. */
Test(snapshot_wish, one_is_made_of_the_tip_when_one_of_two_has_missed_its_certificate)
{
    nothing_alike();
    blocks_behind(5);
    world_lose(&world, 1, MESSAGE_CKPT_CERT);
    world_run_to(&world, world.now_ns + 60 * KIT_S);
    cr_assert_eq(certified(0), world.oracle.height);
    lose_quorum();
    away();
    all_come_back();
}

/* uncertified brings the chain on behind the next checkpoint block, of which nobody gets a certificate. */
static void uncertified(void)
{
    for (uint32_t i = 0; i < 4; i++) {
        world_lose(&world, i, MESSAGE_CKPT);
    }
    blocks_behind(5);
}

/* The same when both have executed the next checkpoint block meanwhile, and that has no certificate at all: what a member may still get a certificate of stays pinned. */
Test(snapshot_wish, one_is_made_of_a_certificate_that_one_of_two_hears_of_behind_the_next_checkpoint_block)
{
    nothing_alike();
    blocks_behind(15);
    world_lose(&world, 1, MESSAGE_CKPT_CERT);
    blocks_behind(5);
    uncertified();
    lose_quorum();
    away();
    cr_assert_eq(certified(0), world.oracle.height - 5 - CHECKPOINT_BLOCKS);
    cr_assert_eq(certified(1), world.oracle.height - 5 - 2 * CHECKPOINT_BLOCKS);
    all_come_back();
}
