/* Cuts the power at every point of a script and with every kind of fate for the sectors under way, opens again, and compares with the
 * model: what was acknowledged is there, nothing is there that was not appended, and the voting state is that of the newest group. */
#include "tests/base/long_kit.h"
#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 50

static const struct store_config config = { .seed = 2, .segment_bytes = 24 * DISK_BLOCK, .segments_max = 32, .queue_batches = 4, .size_max = 14000 };

enum pattern {
    PATTERN_OLD,        /* nothing arrived */
    PATTERN_NEW,        /* everything did */
    PATTERN_HEAD,       /* the first sector only */
    PATTERN_NOT_HEAD,   /* all but the first sector */
    PATTERN_FRONT,      /* the first half */
    PATTERN_BACK,       /* the second half */
    PATTERN_EVERY_2ND,
    PATTERN_EVERY_8TH,  /* first sector of each block: every block has holes, every header is whole */
    PATTERN_CHANCE_OLD, /* by the seed, old or new */
    PATTERN_CLEAN_END,  /* up to here a sector is old or new: nothing is ever ambiguous */
    PATTERN_GARBAGE = PATTERN_CLEAN_END,
    PATTERN_GARBAGE_HEAD,
    PATTERN_GARBAGE_TAIL,
    PATTERN_OTHER,
    PATTERN_CHANCE_ALL,
    PATTERN_COUNT
};

struct script {
    enum pattern pattern;
    uint32_t sectors; /* of the write that is cut */
    uint64_t seed;
};

static enum sector_fate fate_by_pattern(void *context, uint32_t file, uint64_t offset, uint32_t sector)
{
    const struct script *script = context;
    uint64_t roll = (script->seed * 7919 + sector) * UINT64_C(0x9E3779B97F4A7C15) >> 33;

    (void)file;
    (void)offset;
    switch (script->pattern) {
    case PATTERN_OLD: return SECTOR_OLD;
    case PATTERN_NEW: return SECTOR_NEW;
    case PATTERN_HEAD: return sector == 0 ? SECTOR_NEW : SECTOR_OLD;
    case PATTERN_NOT_HEAD: return sector == 0 ? SECTOR_OLD : SECTOR_NEW;
    case PATTERN_FRONT: return sector < script->sectors / 2 ? SECTOR_NEW : SECTOR_OLD;
    case PATTERN_BACK: return sector < script->sectors / 2 ? SECTOR_OLD : SECTOR_NEW;
    case PATTERN_EVERY_2ND: return sector % 2 == 0 ? SECTOR_NEW : SECTOR_OLD;
    case PATTERN_EVERY_8TH: return sector % 8 == 0 ? SECTOR_NEW : SECTOR_OLD;
    case PATTERN_CHANCE_OLD: return roll % 2 == 0 ? SECTOR_NEW : SECTOR_OLD;
    case PATTERN_GARBAGE: return SECTOR_GARBAGE;
    case PATTERN_GARBAGE_HEAD: return sector == 0 ? SECTOR_GARBAGE : SECTOR_NEW;
    case PATTERN_GARBAGE_TAIL: return sector == 0 ? SECTOR_NEW : SECTOR_GARBAGE;
    case PATTERN_OTHER: return SECTOR_OTHER;
    case PATTERN_CHANCE_ALL: return (enum sector_fate)(roll % SECTOR_FATE_COUNT);
    case PATTERN_COUNT: break;
    }
    return SECTOR_FATE_COUNT;
}

/* Runs the script of appends for that many completions. Gives: false when it ended before. */
static bool run_until(struct store *store, int groups, int completions)
{
    for (int group = 0; group < groups || !segment_log_is_idle(&store->log);) {
        bool turn = group < groups && store_append(store) == ERR_OK;
        group += turn;
        if (turn && group % 3 != 0 && group < groups) {
            continue; /* several groups per turn */
        }
        segment_log_kick(&store->log);
        if (completions-- == 0) {
            return true;
        }
        store_step(store);
    }
    return false;
}

struct tally {
    uint64_t cuts, torn, adopted, ambiguous, moved_segment;
};

static void check_after_cut(struct store *store, uint64_t appended, uint64_t acknowledged, bool clean, struct tally *tally)
{
    const struct recovery_outcome *outcome = &store->outcome;
    uint64_t groups = store_groups_seen(store);
    uint64_t vote = outcome->position.capsule.vote_height;

    cr_assert_geq(groups, acknowledged, "what was acknowledged is there");
    cr_assert_leq(groups, appended, "nothing is invented");
    cr_assert_geq(vote, acknowledged);
    cr_assert_leq(vote, appended);
    cr_assert(groups >= vote || outcome->missing_vote_block || outcome->missing_high_qc, "the capsule names nothing that is missing without a word");
    cr_assert_neq(outcome->sign, SIGN_NEVER);
    if (clean) { /* a plain power cut never costs the right to vote (J5) */
        cr_assert_eq(outcome->sign, SIGN_FREELY);
        cr_assert_eq(outcome->damage_count, 0);
        cr_assert_eq(vote, groups);
    }
    tally->cuts++;
    tally->torn += outcome->torn;
    for (uint32_t i = 0; i < outcome->damage_count; i++) {
        tally->adopted += outcome->damage[i].fate == FATE_ADOPT;
        tally->ambiguous += outcome->damage[i].fate == FATE_AMBIGUOUS;
    }
}

/* After an adopted batch the missing block must come from peers; here the model stands in for them: it appends again what is missing. */
static void go_on(struct store *store)
{
    uint64_t groups = store_groups_seen(store);

    store_start(store);
    if (store->outcome.sign == SIGN_AFTER_FETCH) {
        return;
    }
    cr_assert_eq(groups, store->appended);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    uint64_t appended = store->appended;
    bool whole = store->outcome.damage_count == 0;
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store_groups_seen(store), appended, "life goes on");
    cr_assert_eq(store->outcome.position.capsule.vote_height, appended);
    cr_assert(!whole || store->outcome.damage_count == 0);
}

static bool cut_at(int completions, struct script script, struct tally *tally)
{
    struct store *store = store_open(&config);
    bool reached = run_until(store, GROUPS, completions);

    if (reached) {
        uint64_t appended = store->appended;
        uint64_t acknowledged = store->acknowledged;
        uint32_t segment = store->log.at.segment;
        script.sectors = store->log.writing ? store->log.write.bytes / DISK_SECTOR : 1;
        store->disk.crash_script = fate_by_pattern;
        store->disk.crash_context = &script;
        sim_disk_crash(&store->disk);
        cr_assert_eq(store_recover(store), ERR_OK);
        check_after_cut(store, appended, acknowledged, script.pattern < PATTERN_CLEAN_END, tally);
        tally->moved_segment += segment > 1;
        go_on(store);
    }
    store_close(store);
    return reached;
}

Test(crash, every_completion_point_with_every_pattern_of_sectors)
{
    struct tally tally = { 0 };
    int points = 0;

    for (; points < 1000; points++) {
        bool reached = false;
        for (int pattern = 0; pattern < PATTERN_COUNT; pattern++) {
            uint64_t seeds = pattern == PATTERN_CHANCE_OLD || pattern == PATTERN_CHANCE_ALL ? (is_brief() ? 2 : 6) : 1;
            for (uint64_t seed = 0; seed < seeds; seed++) {
                reached = cut_at(points, (struct script){ .pattern = (enum pattern)pattern, .seed = seed * 1000 + (uint64_t)points }, &tally);
            }
        }
        if (!reached) {
            break;
        }
    }
    cr_assert_gt(points, 15);
    cr_assert_gt(tally.torn, 50, "torn tails were met");
    cr_assert_gt(tally.adopted, 10, "adopted batches were met");
    cr_assert_gt(tally.ambiguous, 10, "ambiguous headers were met");
    cr_assert_gt(tally.moved_segment, 50, "cuts behind the first segment, and while one was begun");
}

Test(crash, a_killed_process_loses_nothing_at_any_point)
{
    for (int completions = 0; completions < 1000; completions++) {
        struct store *store = store_open(&config);
        struct tally tally = { 0 };
        bool reached = run_until(store, GROUPS, completions);
        if (reached) {
            uint64_t appended = store->appended;
            uint64_t acknowledged = store->acknowledged;
            sim_disk_kill(&store->disk);
            cr_assert_eq(store_recover(store), ERR_OK);
            check_after_cut(store, appended, acknowledged, true, &tally);
            cr_assert_eq(tally.torn, 0, "a write that was under way is whole");
            go_on(store);
        }
        store_close(store);
        if (!reached) {
            return;
        }
    }
    cr_assert_fail("the script does not end");
}

/* Many lives of one store, each ended by a cut at a random point; old and new sectors only, so each life must be able to vote. */
static void soak(uint64_t seed, uint32_t lives)
{
    struct store_config random = config;
    random.seed = seed;
    random.segments_max = 400;
    random.size_max = 100u << seed % 8;
    random.faults.delay_ns_min = 100;
    random.faults.delay_ns_max = 100000;
    struct store *store = store_open(&random);
    uint64_t acknowledged = 0;

    for (uint32_t life = 0; life < lives; life++) {
        uint64_t roll = (seed * 1000003 + life) * UINT64_C(0x9E3779B97F4A7C15) >> 40;
        run_until(store, (int)(roll % 20), (int)(roll / 32 % 40));
        cr_assert_geq(store->acknowledged, acknowledged);
        acknowledged = store->acknowledged;
        uint64_t appended = store->appended;
        sim_disk_crash(&store->disk);
        cr_assert_eq(store_recover(store), ERR_OK, "seed %lu life %u", seed, life);
        uint64_t groups = store_groups_seen(store);
        cr_assert_geq(groups, acknowledged, "seed %lu life %u", seed, life);
        cr_assert_leq(groups, appended, "seed %lu life %u", seed, life);
        cr_assert_eq(store->outcome.sign, SIGN_FREELY, "seed %lu life %u", seed, life);
        cr_assert_eq(store->outcome.damage_count, 0, "seed %lu life %u", seed, life);
        cr_assert_eq(store->outcome.position.capsule.vote_height, groups, "seed %lu life %u", seed, life);
        store_start(store);
        acknowledged = groups;
    }
    store_close(store);
}

Test(crash, soak_of_lives_by_seed)
{
    for (uint64_t seed = 1; seed <= (is_brief() ? 8 : 24); seed++) {
        soak(seed, 40);
    }
}

/* A disk that lies about flushes may lose the newest batch, no more, and never invents one. */
Test(crash, a_lost_flush_loses_at_most_the_newest_batch)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct store_config lying = config;
        lying.seed = seed;
        struct store *store = store_open(&lying);
        run_until(store, 12, 30);
        store_run(store);
        uint64_t whole = store->acknowledged;
        store->disk.config.faults.lost_flush = 1000000;
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
        cr_assert_eq(store->acknowledged, whole + 1);
        sim_disk_crash(&store->disk);
        store->disk.config.faults = (struct sim_disk_faults){ 0 };
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_geq(store_groups_seen(store), whole, "seed %lu", seed);
        store_close(store);
    }
}

/* The buffer of a write is free only after its completion; the disk reads it then, so a reuse would show as a wrong sum. */
Test(crash, no_buffer_is_touched_while_its_write_is_under_way)
{
    struct store_config slow = config;
    slow.faults.delay_ns_min = 1000;
    slow.faults.delay_ns_max = 1000000;
    struct store *store = store_open(&slow);

    for (int i = 0; i < 300; i++) {
        while (store_append(store) == ERR_FULL) {
            cr_assert(store_step(store));
        }
        segment_log_kick(&store->log);
        if (i % 3 == 0) {
            store_step(store);
        }
        if (store->log.at.segment > 20) {
            break;
        }
    }
    store_run(store);
    uint64_t groups = store->appended;
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store_groups_seen(store), groups);
    cr_assert_eq(store->outcome.damage_count, 0);
    store_close(store);
}

/* --- One batch, sector by sector -------------------------------------------------------------------------------------- */

/* One sector of the write that is cut meets a fate of its own; all others are as `rest` says. */
struct single {
    uint32_t sector;
    enum sector_fate fate, rest;
};

static enum sector_fate fate_of_one(void *context, uint32_t file, uint64_t offset, uint32_t sector)
{
    const struct single *single = context;

    (void)file, (void)offset;
    return sector == single->sector ? single->fate : single->rest;
}

/* target gives the first group, from the fifth on, that fills several blocks and that no certificate follows. */
static uint64_t target(const struct store *store)
{
    uint64_t group = 5;

    while (store_has_certificate(group) || store_payload_bytes(store, group) < 9000) {
        group++;
    }
    return group;
}

/* writing gives a store in which all groups before the target are durable and the write of that one is under way. */
static struct store *writing(struct sim_disk_faults faults)
{
    struct store_config slow = config;

    slow.seed = 5;
    struct store *store = store_open(&slow);
    for (uint64_t i = 1; i < target(store); i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    store->disk.config.faults = faults;
    cr_assert_eq(store_append(store), ERR_OK);
    segment_log_kick(&store->log);
    cr_assert(store->log.writing);
    return store;
}

/* no_lie: what is not there is said, and then nothing is signed that it may contradict; the vote of whatever could have left is known or abstained from. */
static void check_no_lie(const struct store *store, uint64_t acknowledged)
{
    const struct recovery_outcome *outcome = &store->outcome;
    const struct capsule *capsule = &outcome->position.capsule;
    uint64_t groups = store_groups_seen(store);
    bool knows = capsule->vote_height >= acknowledged || (outcome->sign == SIGN_ABOVE_LIMIT && capsule->abstain_view >= (int64_t)(acknowledged / 8)) || outcome->sign == SIGN_NEVER;

    cr_assert(knows, "a vote that left is known, or its view is abstained from");
    cr_assert(groups >= acknowledged || outcome->damage_count > 0, "what is lost is reported");
    cr_assert(groups >= capsule->vote_height || outcome->sign != SIGN_FREELY, "nothing is signed on what is missing");
}

Test(crash, every_sector_of_one_batch_with_every_fate)
{
    struct tally tally = { 0 };
    struct store *probe = writing((struct sim_disk_faults){ 0 });
    uint32_t sectors = probe->log.write.bytes / DISK_SECTOR;

    store_close(probe);
    cr_assert_geq(sectors, 16, "the batch has several blocks");
    for (uint32_t i = 0; i < sectors * SECTOR_FATE_COUNT * 2; i++) {
        struct single single = { i % sectors, (enum sector_fate)(i / sectors % SECTOR_FATE_COUNT), i / sectors / SECTOR_FATE_COUNT == 0 ? SECTOR_NEW : SECTOR_OLD };
        struct store *store = writing((struct sim_disk_faults){ 0 });
        store->disk.crash_script = fate_of_one;
        store->disk.crash_context = &single;
        sim_disk_crash(&store->disk);
        cr_assert_eq(store_recover(store), ERR_OK);
        check_after_cut(store, target(store), target(store) - 1, single.fate <= SECTOR_ZERO, &tally);
        check_no_lie(store, target(store) - 1);
        go_on(store);
        store_close(store);
    }
    cr_assert_gt(tally.torn, sectors);
    cr_assert_gt(tally.adopted, 5);
    cr_assert_gt(tally.ambiguous, 1);
}

/* What a disk can do to a batch that it called durable: the flush was a lie, the write landed beside its place, a bit rots, a block cannot be read. */
Test(crash, one_batch_that_was_acknowledged_and_then_every_sector_of_it_goes_bad)
{
    struct store *probe = writing((struct sim_disk_faults){ 0 });
    uint32_t sectors = probe->log.write.bytes / DISK_SECTOR;

    store_close(probe);
    for (uint32_t i = 0; i < sectors; i++) {
        for (int unreadable = 0; unreadable < 2; unreadable++) {
            struct store *store = writing((struct sim_disk_faults){ 0 });
            uint32_t file = store->log.write.file;
            uint64_t at = store->log.write.offset + (uint64_t)i * DISK_SECTOR;
            store_run(store);
            cr_assert_eq(store->acknowledged, target(store));
            if (unreadable == 1) {
                sim_disk_break(&store->disk, file, at / DISK_BLOCK * DISK_BLOCK);
            } else {
                sim_disk_sector(&store->disk, file, at)[(i * 37) % DISK_SECTOR] ^= 1;
            }
            cr_assert_eq(store_recover(store), ERR_OK);
            check_no_lie(store, target(store));
            store_close(store);
        }
    }
    static const struct sim_disk_faults lies[] = { { .lost_flush = 1000000 }, { .lost_flush = 1000000, .crash_zero = 500000 },
        { .lost_flush = 1000000, .crash_garbage = 300000, .crash_other = 300000 }, { .misdirected_write = 1000000 } };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct store *store = writing(lies[i]);
            store->disk.config.seed += seed;
            store_run(store);
            sim_disk_crash(&store->disk);
            store->disk.config.faults = (struct sim_disk_faults){ 0 };
            cr_assert_eq(store_recover(store), ERR_OK);
            cr_assert_geq(store_groups_seen(store), target(store) - 1, "lie %zu, seed %lu: only the newest batch can be lost", i, seed);
            cr_assert_leq(store_groups_seen(store), target(store));
            store_close(store);
        }
    }
}

/* A write that fails or is short stops the log at once; whatever part of it is on the disk, the next start tells nothing that was not said. */
Test(crash, one_batch_whose_write_fails_or_is_short_at_every_length)
{
    for (uint64_t seed = 0; seed < 64; seed++) {
        for (int error = 0; error < 2; error++) {
            struct tally tally = { 0 };
            struct store *store = writing((struct sim_disk_faults){ .write_error = error == 1 ? 1000000 : 0, .short_write = error == 1 ? 0 : 1000000 });
            store->disk.config.seed += seed;
            while (store_step(store)) {
            }
            cr_assert_eq(store->failed, ERR_IO);
            cr_assert_eq(store->acknowledged, target(store) - 1, "nobody is told");
            store->disk.config.faults = (struct sim_disk_faults){ 0 };
            cr_assert_eq(store_append(store), ERR_IO, "nothing is tried again");
            sim_disk_kill(&store->disk);
            cr_assert_eq(store_recover(store), ERR_OK);
            check_after_cut(store, target(store), target(store) - 1, true, &tally);
            store_close(store);
        }
    }
}
