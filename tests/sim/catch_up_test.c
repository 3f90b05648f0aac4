/* catch_up_test.c: a member that was away comes back over any distance while the others work, and members that lie, say nothing or are slow are left for
 * others (S1 to S4, J6). Distances are short here, and what a log keeps is shorter still; WARD_LONG=1 goes the long way,
 * and with the sanitizers the load is a third. */
#include "tests/base/long_kit.h"
#include "tests/node/snapshot_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world world;

static void setup(void)
{
    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = 16, .snapshot_blocks = 64, .keep_blocks = 32 });
}

static void teardown(void) { world_close(&world); }

/* load_us: time between two commands of the load. */
static uint32_t load_us(void) { return is_brief() ? 6000 : 2000; }

TestSuite(catch_up, .init = setup, .fini = teardown);

/* The height at which a member goes down, and whether what it came back with came from others. */
static uint64_t left_at;

static void goes(uint32_t member)
{
    left_at = world.oracle.height;
    world_crash(&world, member, true);
}

static const struct driver *driver_of(uint32_t member) { return &world.hosts[member].driver; }

static bool came_by_snapshot(uint32_t member)
{
    return driver_of(member)->has_base && driver_of(member)->base.header.height > left_at;
}

/* busy_until_there runs under load until the member is at most a few blocks behind. Gives: false when it is not within 30 virtual seconds. */
static bool busy_until_there(uint32_t member, uint64_t *blocks, uint64_t *ms)
{
    *blocks = *ms = 0;
    while (*ms < 30000 && driver_of(member)->apply.height + 4 < world.oracle.height) {
        *blocks += kit_busy(&world, load_us(), 100);
        *ms += 100;
    }
    return driver_of(member)->apply.height + 4 >= world.oracle.height;
}

/* comes_back lets r3, which is down, come back under load and holds the pace of commits meanwhile against the pace before. */
static void comes_back(uint64_t away_per_s)
{
    uint64_t blocks, ms, views = world.marks[MARK_TIMED_OUT];

    world_boot(&world, 3);
    cr_assert(busy_until_there(3, &blocks, &ms), "r3 stands at %llu of %llu: %s; %s", (unsigned long long)driver_of(3)->apply.height,
              (unsigned long long)world.oracle.height, driver_of(3)->snapshot_fetch.reason, world.failure.text);
    for (; ms < 1000; ms += 100) {
        blocks += kit_busy(&world, load_us(), 100);
    }
    cr_assert_geq(blocks * 1000 / ms * 10, away_per_s * 9, "%llu blocks a second while it came back, %llu before", (unsigned long long)(blocks * 1000 / ms),
                  (unsigned long long)away_per_s);
    cr_assert_leq(world.marks[MARK_TIMED_OUT] - views, world.hosts[3].wipes > 0 ? 3 : 0, "nobody gave a view up, but for the one in which a lost disk must abstain (E5)");
    (void)kit_until_there(&world, 3);
}

Test(catch_up, over_ten_blocks_under_load_costs_the_others_nothing_J6)
{
    uint64_t before = kit_busy(&world, load_us(), 1000);

    goes(3);
    uint64_t blocks = kit_busy(&world, load_us(), (uint32_t)(10000 / before));
    cr_assert_geq(blocks, 1);
    comes_back(before);
    cr_assert_not(came_by_snapshot(3), "by blocks");
}

Test(catch_up, over_more_than_the_logs_hold_costs_the_others_nothing_S3_J6)
{
    goes(3);
    uint64_t before = kit_busy(&world, load_us(), 1000);
    kit_forget_behind(&world, 3);
    comes_back(before);
    cr_assert(came_by_snapshot(3), "by a snapshot");
}

Test(catch_up, with_an_empty_disk_costs_the_others_nothing_S3_J6)
{
    kit_load(&world, 8, 3);
    goes(3);
    kit_forget_behind(&world, 3);
    uint64_t before = kit_busy(&world, load_us(), 1000);
    world_wipe(&world, 3);
    comes_back(before);
    cr_assert(came_by_snapshot(3), "by a snapshot");
    cr_assert_eq(world.marks[MARK_REJOINED], 1);
    cr_assert(replica_has_rejoined(driver_of(3)->replica));
    world_crash(&world, 1, true);
    kit_load(&world, 8, 3);
    cr_assert_neq(driver_of(3)->log.at.capsule.vote_kind, 0, "and it votes: without it there is no quorum (E5)");
    cr_assert_eq(world.hosts[3].superblocks.current.features_required, 0, "its store is like any other from now on");
    world_crash(&world, 3, true);
    world_boot(&world, 3);
    kit_load(&world, 8, 3);
    cr_assert_eq(world.marks[MARK_REJOINED], 1, "also at its next start");
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
}

/* Killed a moment after a start that the others have answered, and nobody asks for anything: it learns all the same where they are. */
Test(catch_up, after_two_starts_in_a_row_needs_no_traffic_J6)
{
    kit_load(&world, 4, 3);
    goes(3);
    kit_load(&world, 12, 3);
    world_boot(&world, 3);
    world_run_to(&world, world.now_ns + 3 * KIT_MS);
    world_crash(&world, 3, true);
    world_boot(&world, 3);
    cr_assert(world_run_until_rest(&world, world.now_ns + 60 * KIT_S), "%s", world.failure.text);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
}

static uint32_t kept_back;

/* r2, whom r3 asks first, answers nobody that lags. */
static void say_nothing(struct world *silent, uint32_t to, uint8_t type, uint8_t *bytes, size_t *size)
{
    (void)silent, (void)bytes;
    if (to == 3 && (type == MESSAGE_BUNDLE || type == MESSAGE_GONE || type == MESSAGE_SNAPSHOT)) {
        *size = 0;
        kept_back++;
    }
}

/* r2 tells r3 of other blocks, and of other bytes of the snapshot, than those that it has. */
static void tell_other_blocks(struct world *lying, uint32_t to, uint8_t type, uint8_t *bytes, size_t *size)
{
    (void)lying;
    if (to == 3 && *size > 300 && (type == MESSAGE_BUNDLE || type == MESSAGE_SNAPSHOT)) {
        bytes[*size - 20] ^= 1;
        kept_back++;
    }
}

static void beside(void (*tell)(struct world *, uint32_t, uint8_t, uint8_t *, size_t *), bool far)
{
    uint8_t *room = malloc(FRAME_BYTES_MAX);

    world.liar = (struct world_liar){ .member = 2, .tell = tell, .room = room };
    kit_load(&world, 4, 2);
    goes(3);
    kit_load(&world, 24, 2);
    if (far) {
        kit_forget_behind(&world, 3);
    }
    world_boot(&world, 3);
    uint64_t took_ns = kit_until_there(&world, 3);
    cr_assert_lt(took_ns, 30 * KIT_S, "%llu ms", (unsigned long long)(took_ns / KIT_MS));
    cr_assert_eq(came_by_snapshot(3), far);
    free(room);
}

Test(catch_up, leaves_a_silent_member_for_others_S2)
{
    beside(say_nothing, false);
    cr_assert_gt(kept_back, 0);
    cr_assert_gt(replica_counters(driver_of(3)->replica)->fetches_left[LEFT_SILENT], 0);
}

Test(catch_up, leaves_a_member_with_other_blocks_for_others_S2)
{
    beside(tell_other_blocks, false);
    cr_assert_gt(kept_back, 0);
    cr_assert_gt(replica_counters(driver_of(3)->replica)->fetches_left[LEFT_WRONG], 0);
}

Test(catch_up, leaves_a_silent_member_for_others_in_a_snapshot_S3) { beside(say_nothing, true); }

Test(catch_up, leaves_a_lying_member_for_others_in_a_snapshot_S3)
{
    beside(tell_other_blocks, true);
    cr_assert_gt(kept_back, 0);
}

/* Whom r3 asks says that the blocks are gone, although they are not. */
static void say_gone(void)
{
    struct replica_status status;
    struct message gone = { .type = MESSAGE_GONE, .gone = { .old = true } };
    uint8_t bytes[16];
    struct writer writer;

    replica_status(driver_of(3)->replica, &status);
    gone.gone.height = status.committed_height + 1;
    writer_init(&writer, bytes, sizeof bytes);
    message_encode(&gone, &writer);
    if (status.catch_up == CATCH_UP_ASKED) {
        offers_gone(&world.offers, 3, world.hosts[3].boots, status.asked); /* It comes by no link. */
        host_message(&world.hosts[3], status.asked, MESSAGE_GONE, bytes_of(bytes, writer.offset));
    }
}

static bool all_said_gone(void)
{
    const struct replica *replica = driver_of(3)->replica;

    return replica_left(replica, 0) == LEFT_GONE && replica_left(replica, 1) == LEFT_GONE && replica_left(replica, 2) == LEFT_GONE;
}

/* hears_gone_of_all runs until every member has said GONE to r3, which looks for a snapshot from then on. */
static void hears_gone_of_all(void)
{
    world_lose(&world, 3, MESSAGE_BUNDLE);
    for (uint32_t i = 0; i < 400 && !all_said_gone(); i++) {
        world_run_to(&world, world.now_ns + KIT_MS);
        say_gone();
    }
    cr_assert(replica_wants_snapshot(driver_of(3)->replica));
    world_heal(&world);
}

/* All members have said GONE, and nobody has a snapshot that helps: what they said is asked again after a while, and the wait has a reason meanwhile. */
Test(catch_up, asks_for_blocks_again_where_no_snapshot_helps_S3)
{
    struct replica_status status;

    teardown();
    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = 64, .snapshot_blocks = 64, .keep_blocks = 32 });
    for (uint32_t i = 0; i < 3; i++) {
        world.hosts[i].driver.snapshots.config.due_bytes = 0; /* nor is one made for it */
    }
    kit_load(&world, 1, 3);
    goes(3);
    kit_load(&world, 14, 3); /* before the first checkpoint, and more than would come block by block */
    world_boot(&world, 3);
    hears_gone_of_all();
    world_run_to(&world, world.now_ns + KIT_S);
    replica_status(driver_of(3)->replica, &status);
    cr_assert_eq(status.catch_up, CATCH_UP_SNAPSHOT, "%s: at %llu of %llu, %u", catch_up_text(status.catch_up), (unsigned long long)status.committed_height,
                 (unsigned long long)world.oracle.height, replica_wants_snapshot(driver_of(3)->replica));
    cr_assert_str_eq(driver_of(3)->snapshot_fetch.reason, "f + 1 members that offer the same snapshot are awaited");
    world_run_to(&world, world.now_ns + 11 * KIT_S);
    cr_assert_eq(driver_of(3)->apply.height, world.oracle.height);
    cr_assert_not(came_by_snapshot(3));
    replica_status(driver_of(3)->replica, &status);
    cr_assert_eq(status.catch_up, CATCH_UP_NONE);
}

/* They have said so of the chain, but what is missing is little: it comes block by block. */
Test(catch_up, comes_block_by_block_where_no_chain_begins_low_enough_S3)
{
    kit_load(&world, 4, 3);
    goes(3);
    kit_load(&world, 5, 3);
    world_boot(&world, 3);
    hears_gone_of_all();
    cr_assert_leq(kit_until_there(&world, 3), KIT_S);
    cr_assert_not(came_by_snapshot(3));
}

/* Nobody answers until all tries are used up; then the chain goes on, and with it the asking. */
Test(catch_up, asks_again_when_the_chain_goes_on_J6)
{
    struct replica_status status;

    kit_load(&world, 4, 3);
    goes(3);
    kit_load(&world, 8, 3);
    world_boot(&world, 3);
    world_lose(&world, 3, MESSAGE_BUNDLE);
    world_lose(&world, 3, MESSAGE_GONE);
    world_run_to(&world, world.now_ns + 300 * KIT_S);
    replica_status(driver_of(3)->replica, &status);
    cr_assert_eq(status.catch_up, CATCH_UP_GIVEN_UP);
    uint64_t asked = replica_counters(driver_of(3)->replica)->sent[MESSAGE_FETCH];
    world_run_to(&world, world.now_ns + 60 * KIT_S);
    cr_assert_eq(replica_counters(driver_of(3)->replica)->sent[MESSAGE_FETCH], asked, "it asks no more");
    memset(world.lost_types, 0, sizeof world.lost_types); /* links stay as they are */
    cr_assert_leq(kit_until_there(&world, 3), 5 * KIT_S);
}

/* r0 and r1 have newer snapshots that they made for themselves, and in common but their older one; r2 says nothing. */
Test(catch_up, takes_the_snapshot_that_enough_members_still_have_S3)
{
    uint8_t *room = malloc(FRAME_BYTES_MAX);

    world.liar = (struct world_liar){ .member = 2, .tell = say_nothing, .room = room };
    kit_load(&world, 4, 2);
    goes(3);
    kit_forget_behind(&world, 3);
    for (uint32_t i = 0; i < 2; i++) {
        snapshots_hurry(&world.hosts[i].driver.snapshots);
        kit_load(&world, 17, 2);
    }
    const struct snapshots *first = &driver_of(0)->snapshots, *second = &driver_of(1)->snapshots;
    cr_assert_neq(first->newest.height, second->newest.height);
    cr_assert(first->older.set && second->older.set);
    cr_assert(hash_equal(&first->older.digest, &second->older.digest), "what they have in common");
    uint64_t common = first->older.height;
    world_boot(&world, 3);
    for (uint32_t i = 0; i < 200 && !came_by_snapshot(3); i++) { /* nobody sends a command, so nobody makes another one */
        world_run_to(&world, world.now_ns + 100 * KIT_MS);
    }
    cr_assert(came_by_snapshot(3), "%s", driver_of(3)->snapshot_fetch.reason);
    cr_assert_eq(driver_of(3)->base.header.height, common);
    (void)kit_until_there(&world, 3);
    free(room);
}

/* apart lets the first three members make snapshots of different heights, twice: no two have one in common. */
static void apart(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        world.hosts[i].driver.snapshots.config.due_bytes = UINT64_MAX; /* none is due, but they are not switched off */
        world.hosts[i].driver.snapshots.config.due_blocks = UINT64_MAX;
    }
    for (uint32_t i = 0; i < 6; i++) {
        snapshots_hurry(&world.hosts[i % 3].driver.snapshots);
        kit_load(&world, 17, 3);
    }
    for (uint32_t i = 0; i < 3; i++) {
        const struct snapshots *one = &driver_of(i)->snapshots, *other = &driver_of((i + 1) % 3)->snapshots;
        cr_assert(one->newest.set && one->older.set);
        cr_assert(one->newest.height != other->newest.height && one->older.height != other->newest.height && one->older.height != other->older.height);
    }
}

/* Nobody sends a command any more, so no checkpoint block comes: they make one of the silent tip, which is alike at all, and the member that began with it knows what comes behind. */
Test(catch_up, takes_a_snapshot_of_the_tip_where_no_two_are_alike_S3)
{
    kit_load(&world, 4, 3);
    goes(3);
    kit_forget_behind(&world, 3);
    apart();
    kit_load(&world, 3, 3); /* the tip is no checkpoint block */
    uint64_t tip = world.oracle.height;
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_lt(driver_of(i)->snapshots.newest.height, tip);
    }
    world_boot(&world, 3);
    for (uint32_t i = 0; i < 600 && !came_by_snapshot(3); i++) {
        world_run_to(&world, world.now_ns + 100 * KIT_MS);
    }
    cr_assert(came_by_snapshot(3), "%s", driver_of(3)->snapshot_fetch.reason);
    cr_assert_eq(driver_of(3)->base.header.height, tip);
    cr_assert_lt(driver_of(3)->base.checkpoint_ms, driver_of(3)->base.header.time_ms, "K1");
    cr_assert_eq(driver_of(3)->snapshots.checkpoint_ms, driver_of(0)->snapshots.checkpoint_ms, "K1");
    kit_load(&world, 40, 4);
    (void)kit_until_there(&world, 3);
    cr_assert_eq(driver_of(3)->snapshots.checkpoint_ms, driver_of(0)->snapshots.checkpoint_ms, "K1");
    cr_assert_eq(replica_checkpoint(driver_of(3)->replica)->checkpoint.height, replica_checkpoint(driver_of(0)->replica)->checkpoint.height, "K1");
}

/* 100,000 blocks with WARD_LONG=1 (10,000 with the sanitizers), some 1,500 otherwise, with nothing of it left in anybody's log. Replica 3 sits on an empty disk in the end. */
Test(catch_up, over_a_long_distance_S3)
{
    bool far = is_long();
    uint64_t distance = far ? (is_sanitized() ? 10000 : 100000) : is_brief() ? 400 : 1500;

    world.plan.check_every = far ? 64 : 1; /* the invariants of each step are the matter of shorter tests */
    kit_load(&world, 8, 3);
    goes(3);
    while (world.oracle.height < left_at + distance) {
        (void)kit_busy(&world, load_us(), 1000);
    }
    world_boot(&world, 3);
    cr_assert_leq(kit_until_there(&world, 3), 10 * KIT_S);
    cr_assert(came_by_snapshot(3));
    cr_assert_gt(driver_of(3)->base.header.height, left_at + distance / 2);
}
