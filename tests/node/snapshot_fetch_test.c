/* snapshot_fetch_test.c: whoever missed more than the others' logs hold, or lost everything, comes back by a snapshot from several members. */
#include "node/snapshot_fetch.h"

#include "node/snapshots_priv.h"
#include "tests/node/snapshot_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS KIT_MS
#define S KIT_S

static struct world world;

/* Members that forget quickly: the history of a simulated server has 4096 blocks, but its log goes after keep_blocks. */
static void setup(void)
{
    kit_forgetful(&world, &(struct snapshot_kit){ .checkpoint_blocks = 16, .snapshot_blocks = 32, .keep_blocks = 8 });
}

static void teardown(void) { world_close(&world); }

TestSuite(snapshot_fetch, .init = setup, .fini = teardown);

static struct snapshot_fetch *fetch_of(uint32_t member) { return &world.hosts[member].driver.snapshot_fetch; }

static void load(uint32_t commands) { kit_load(&world, commands, 3); }

static void until_there(uint32_t member) { (void)kit_until_there(&world, member); }

/* The others have made snapshots and let the log go that a member which is down would need. */
static void leave_behind(uint32_t member)
{
    load(8);
    world_crash(&world, member, true);
    kit_forget_behind(&world, member);
    world_boot(&world, member);
}

Test(snapshot_fetch, a_member_that_missed_more_than_the_logs_hold_comes_back_S3)
{
    leave_behind(3);
    until_there(3);
    cr_assert(world.hosts[3].driver.has_base, "by a snapshot");
    cr_assert_eq(fetch_of(3)->stage, SNAPSHOT_FETCH_IDLE);
    load(40);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
    const struct snapshots_entry *own = &world.hosts[3].driver.snapshots.newest, *others = &world.hosts[0].driver.snapshots.newest;
    cr_assert_gt(own->height, world.hosts[3].driver.base.header.height, "it has made one since");
    cr_assert(hash_equal(&own->digest, &others->digest), "the same as the others: its archive is theirs too");
}

/* The power goes at each moment around the installation: the replica stands where it stood, or where the snapshot begins, and nowhere else. */
Test(snapshot_fetch, is_installed_whole_or_not_at_all)
{
    uint32_t before = 0;

    leave_behind(3);
    for (uint32_t cut = 0; cut < 40 && !world.hosts[3].driver.has_base; cut++) {
        for (uint32_t i = 0; i < 80000 && fetch_of(3)->stage < SNAPSHOT_FETCH_HEAD; i++) {
            world_run_to(&world, world.now_ns + MS / 20);
        }
        cr_assert_geq(fetch_of(3)->stage, SNAPSHOT_FETCH_HEAD, "%s", fetch_of(3)->reason);
        uint64_t target = fetch_of(3)->target.height;
        world_run_to(&world, world.now_ns + cut * MS / 20);
        bool began = world.hosts[3].driver.has_base; /* it was installed, and the replica began there by itself */
        world_crash(&world, 3, true);
        world_boot(&world, 3);
        cr_assert(!began || world.hosts[3].driver.has_base);
        cr_assert(!world.hosts[3].driver.has_base || world.hosts[3].driver.base.header.height == target);
        before += !world.hosts[3].driver.has_base;
    }
    cr_assert_gt(before, 1, "the first cuts come too early");
    cr_assert(world.hosts[3].driver.has_base, "the last ones too late");
    until_there(3);
}

Test(snapshot_fetch, a_crash_on_the_way_loses_nothing_that_was_fetched)
{
    leave_behind(3);
    for (uint32_t i = 0; i < 4000 && fetch_of(3)->have_count < fetch_of(3)->manifest.chunks_count / 2 + 1; i++) {
        world_run_to(&world, world.now_ns + MS / 4);
    }
    cr_assert_eq(fetch_of(3)->stage, SNAPSHOT_FETCH_CHUNKS, "stage %u: %s", fetch_of(3)->stage, fetch_of(3)->reason);
    uint32_t had = fetch_of(3)->have_count;
    world_crash(&world, 3, true);
    world_boot(&world, 3);
    for (uint32_t i = 0; i < 4000 && fetch_of(3)->stage < SNAPSHOT_FETCH_CHUNKS; i++) {
        world_run_to(&world, world.now_ns + MS);
    }
    cr_assert_geq(fetch_of(3)->chunks_resumed, had, "%u of %u, stage %u: %s", (unsigned)fetch_of(3)->chunks_resumed, had, fetch_of(3)->stage, fetch_of(3)->reason);
    until_there(3);
}

static uint32_t lies;

/* r2 answers with other bytes than those that it has. */
static void lie(struct world *lying, uint32_t to, uint8_t type, uint8_t *bytes, size_t *size)
{
    (void)lying, (void)to;
    if (type == MESSAGE_SNAPSHOT && *size > 600) {
        bytes[*size - 30] ^= 1;
        lies++;
    }
}

Test(snapshot_fetch, chunks_of_a_liar_are_refused_and_others_are_asked)
{
    uint8_t *room = malloc(FRAME_BYTES_MAX);

    world.liar = (struct world_liar){ .member = 2, .tell = lie, .room = room };
    leave_behind(3);
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < 40000 && !world.hosts[3].driver.has_base; i++) {
        wrong = fetch_of(3)->chunks_wrong > wrong ? fetch_of(3)->chunks_wrong : wrong;
        world_run_to(&world, world.now_ns + MS / 10);
    }
    cr_assert_gt(lies, 0);
    cr_assert_gt(wrong, 0, "of %u lies", lies);
    until_there(3);
    free(room);
}

/* f + 1 members must say that the blocks are gone: one alone starts nothing (S4). */
Test(snapshot_fetch, one_member_alone_does_not_start_it_S4)
{
    struct message gone = { .type = MESSAGE_GONE, .gone = { .height = 9 } };
    uint8_t bytes[16];
    struct writer writer;

    load(8);
    writer_init(&writer, bytes, sizeof bytes);
    message_encode(&gone, &writer);
    for (uint32_t i = 0; i < 50; i++) {
        host_message(&world.hosts[3], 2, MESSAGE_GONE, bytes_of(bytes, writer.offset));
    }
    cr_assert_not(replica_wants_snapshot(world.hosts[3].driver.replica));
    load(4);
    cr_assert_eq(fetch_of(3)->stage, SNAPSHOT_FETCH_IDLE);
}

/* The offers that were chosen are void once their members have moved on: chosen again at once, they would be asked about for ever. */
Test(snapshot_fetch, offers_of_members_that_moved_on_are_not_chosen_again)
{
    struct message_snapshot moved = { 0 };
    struct snapshot_fetch *fetch;

    leave_behind(3);
    fetch = fetch_of(3);
    for (uint32_t i = 0; i < 8000 && fetch->stage != SNAPSHOT_FETCH_MANIFEST; i++) {
        world_run_to(&world, world.now_ns + MS / 8);
    }
    cr_assert_eq(fetch->stage, SNAPSHOT_FETCH_MANIFEST, "stage %u: %s", fetch->stage, fetch->reason);
    moved.height = fetch->target.height + 32;
    for (uint32_t i = 0; i < 3; i++) {
        fetch->members[i].asked = fetch->members[i].offers;
        fetch->members[i].chunk = 0;
        snapshot_fetch_answer(fetch, i, &moved, 1);
    }
    for (uint32_t i = 0; i < 3; i++) {
        snapshot_fetch_work(fetch, 1);
        cr_assert_eq(fetch->stage, SNAPSHOT_FETCH_OFFERS, "round %u", i);
    }
}

static void until_stage(uint32_t member, enum snapshot_fetch_stage stage)
{
    for (uint32_t i = 0; i < 20000 && fetch_of(member)->stage < stage; i++) {
        world_run_to(&world, world.now_ns + MS / 8);
    }
    cr_assert_geq(fetch_of(member)->stage, stage, "stage %u: %s", fetch_of(member)->stage, fetch_of(member)->reason);
}

/* give_nothing: of those who offered what was chosen the honest have moved on to another snapshot. The liar has not, and gives nothing, for as long as `s` seconds. */
static void give_nothing(struct snapshot_fetch *fetch, uint64_t s)
{
    const struct driver_ports *ports = &world.hosts[3].driver.ports;
    struct message_snapshot moved = { .height = fetch->target.height + 32 };
    uint64_t now_ns = ports->now(ports->context).mono_ns;

    for (uint32_t i = 0; i < 2; i++) {
        fetch->members[i].asked = fetch->members[i].offers;
        fetch->members[i].chunk = 0;
        snapshot_fetch_answer(fetch, i, &moved, now_ns);
    }
    for (uint32_t i = 0; i < SNAPSHOT_FETCH_BUFFERS; i++) {
        fetch->buffers[i].used = fetch->buffers[i].used && fetch->writing == i; /* these had not come either */
    }
    cr_assert(fetch->members[2].offers);
    fetch->members[2].asked = false;
    fetch->members[2].back_ns = now_ns + S;
    world_run_to(&world, world.now_ns + 2 * MS); /* what came is written */
    now_ns = ports->now(ports->context).mono_ns;
    for (uint64_t at_ns = now_ns; at_ns < now_ns + s * S; at_ns += 100 * MS) {
        snapshot_fetch_work(fetch, at_ns);
        cr_assert_leq(snapshot_fetch_deadline_ns(fetch), at_ns + SNAPSHOT_FETCH_STALL_NS, "a deadline stands");
    }
}

Test(snapshot_fetch, a_liar_that_offers_for_ever_and_gives_nothing_is_not_waited_for_S3)
{
    static const enum snapshot_fetch_stage stages[] = { SNAPSHOT_FETCH_MANIFEST, SNAPSHOT_FETCH_CHUNKS };

    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        i == 0 ? leave_behind(3) : world_boot(&world, 3);
        until_stage(3, stages[i]);
        cr_assert_eq(fetch_of(3)->stage, stages[i]);
        cr_assert_eq(fetch_of(3)->have_count, 0);
        give_nothing(fetch_of(3), 20);
        cr_assert_eq(fetch_of(3)->stage, stages[i], "it may only be slow: %s", fetch_of(3)->reason);
        give_nothing(fetch_of(3), 60);
        cr_assert_eq(fetch_of(3)->stage, SNAPSHOT_FETCH_OFFERS, "%s", fetch_of(3)->reason);
        world_crash(&world, 3, true); /* its times are those of the story above */
    }
    world_boot(&world, 3);
    until_there(3);
}

/* A snapshot of its own is written whole and waits for the superblock that names it: its slot is not the one that others' chunks go to. */
Test(snapshot_fetch, a_slot_that_the_superblock_is_to_name_is_not_fetched_into_S3)
{
    leave_behind(3);
    until_stage(3, SNAPSHOT_FETCH_MANIFEST);
    struct snapshots *own = &world.hosts[3].driver.snapshots;
    uint32_t slot = snapshots_slot_free(own);
    own->stage = SNAPSHOTS_INSTALL;
    own->making = (struct snapshots_entry){ .set = true, .slot = slot, .height = 1 };
    until_stage(3, SNAPSHOT_FETCH_BEGIN);
    cr_assert_neq(fetch_of(3)->target.slot, slot);
    own->stage = SNAPSHOTS_IDLE;
    until_there(3);
}

/* All slots are named or written: it waits, without a deadline, and goes on when the superblock is there. */
Test(snapshot_fetch, waits_for_a_slot_while_there_is_none)
{
    leave_behind(3);
    until_stage(3, SNAPSHOT_FETCH_MANIFEST);
    struct snapshots *own = &world.hosts[3].driver.snapshots;
    struct snapshots_entry newest = own->newest, older = own->older;
    own->newest = (struct snapshots_entry){ .set = true, .slot = 0, .height = 2, .checkpoint.height = 2 };
    own->older = (struct snapshots_entry){ .set = true, .slot = 1, .height = 1, .checkpoint.height = 1 };
    own->stage = SNAPSHOTS_INSTALL;
    own->making = (struct snapshots_entry){ .set = true, .slot = 2, .height = 3 };
    until_stage(3, SNAPSHOT_FETCH_BEGIN);
    world_run_to(&world, world.now_ns + MS);
    cr_assert_eq(fetch_of(3)->stage, SNAPSHOT_FETCH_BEGIN);
    cr_assert_eq(fetch_of(3)->target.slot, SNAPSHOT_SLOTS);
    cr_assert_eq(snapshot_fetch_deadline_ns(fetch_of(3)), UINT64_MAX);
    own->newest = newest;
    own->older = older;
    own->stage = SNAPSHOTS_IDLE;
    cr_assert_eq(snapshot_fetch_deadline_ns(fetch_of(3)), 0);
    until_there(3);
}

/* The other way round: while chunks are fetched into a slot, no snapshot of its own begins, in that slot or elsewhere. */
Test(snapshot_fetch, no_own_snapshot_begins_while_one_is_fetched_S3)
{
    leave_behind(3);
    until_stage(3, SNAPSHOT_FETCH_CHUNKS);
    struct snapshots *own = &world.hosts[3].driver.snapshots;
    const struct block_header header = { .height = 1600, .time_ms = own->checkpoint_ms + 1000 };
    own->hurried = true;
    snapshots_executed(own, &header, 1, true);
    cr_assert_eq(own->stage, SNAPSHOTS_IDLE, "slot %u for both", own->making.slot);
    cr_assert_str_eq(own->reason, "one of others is being fetched");
    snapshots_check(own);
    until_there(3);
}
