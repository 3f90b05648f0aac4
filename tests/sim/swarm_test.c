/* swarm_test.c: the production code under many seeds: loss, delay, reorder, duplicates, kills, power cuts, partitions, pauses; then the faults
 * stop, every client has its answer, all replicas are equal and the cluster is silent. WARD_LONG=1 runs thousands of seeds. */
#include "sim/swarm.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 15u
#define SEEDS_LONG 1000u

/* What every stretch of seeds must have reached: rare paths that no seed takes prove nothing. */
static const enum mark reached[] = { MARK_PROPOSED, MARK_OPENED, MARK_VOTED, MARK_CERTIFIED, MARK_ASKED_COMMIT, MARK_COMMITVOTED, MARK_COMMITTED,
    MARK_QUERIED, MARK_TIMED_OUT, MARK_ENTERED, MARK_FETCHED, MARK_SERVED, MARK_CHECKPOINTED, MARK_QUIET };

static void run(uint64_t stretch)
{
    static struct swarm_result result, again;
    uint64_t count = getenv("WARD_LONG") != NULL ? SEEDS_LONG : SEEDS;
    uint64_t marks[MARK_COUNT] = { 0 }, crashes = 0, partitions = 0, commands = 0;

    for (uint64_t seed = 1 + stretch * count; seed < 1 + (stretch + 1) * count; seed++) {
        swarm_run(seed, 0, &result);
        cr_expect_eq(result.failure.kind, FAILURE_NONE, "%s; build/release/ward-sim trace --seed %llu", result.failure.text, (unsigned long long)seed);
        if (seed % 8 == 0) {
            swarm_run(seed, 0, &again);
            cr_expect(again.hash == result.hash && again.events == result.events, "two runs of seed %llu differ", (unsigned long long)seed);
        }
        for (int i = 0; i < MARK_COUNT; i++) {
            marks[i] += result.marks[i];
        }
        crashes += result.crashes;
        partitions += result.partitions;
        commands += result.commands;
    }
    for (size_t i = 0; i < sizeof reached / sizeof reached[0]; i++) {
        cr_expect_gt(marks[reached[i]], 0, "no seed ever %s", mark_word(reached[i]));
    }
    cr_expect_gt(crashes, 0);
    cr_expect_gt(partitions, 0);
    cr_expect_gt(commands, 10 * count);
}

/* Four stretches, so that they run beside each other. */
Test(swarm, survives_its_seeds_first_stretch, .timeout = 7200) { run(0); }
Test(swarm, survives_its_seeds_second_stretch, .timeout = 7200) { run(1); }
Test(swarm, survives_its_seeds_third_stretch, .timeout = 7200) { run(2); }
Test(swarm, survives_its_seeds_fourth_stretch, .timeout = 7200) { run(3); }

/* Seeds that once failed, each for a reason of its own; see the history of this line. */
Test(swarm, seeds_that_once_failed_never_do_again, .timeout = 600)
{
    static const uint64_t pinned[] = { 76, 131, 442, 548, 576, 1962, 2069, 2400, 2491, 2787, 4429, 4442, 30827 };
    static struct swarm_story story;
    static struct world world;

    for (size_t i = 0; i < sizeof pinned / sizeof pinned[0]; i++) {
        swarm_draw(&story, pinned[i], 0);
        swarm_forgive(&story); /* None of them needed a liar. */
        swarm_play(&story, &world);
        cr_expect_eq(world.failure.kind, FAILURE_NONE, "seed %llu: %s", (unsigned long long)pinned[i], world.failure.text);
        world_close(&world);
    }
}

Test(swarm, larger_clusters_survive_too, .timeout = 600)
{
    static struct swarm_result result;
    static const uint32_t sizes[] = { 10, 31 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        swarm_run(7, sizes[i], &result);
        cr_expect_eq(result.failure.kind, FAILURE_NONE, "%s; build/release/ward-sim trace --seed 7 --replicas %u", result.failure.text, sizes[i]);
        cr_expect_eq(result.replicas, sizes[i]);
    }
}

Test(swarm, a_seed_is_one_story_and_another_seed_another)
{
    static struct swarm_story a, b, c;

    swarm_draw(&a, 5, 0);
    swarm_draw(&b, 5, 0);
    swarm_draw(&c, 6, 0);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    cr_assert_neq(memcmp(&a, &c, sizeof a), 0);
    for (uint32_t i = 1; i < a.events_count; i++) {
        cr_assert_leq(a.events[i - 1].at_ns, a.events[i].at_ns, "events are in the order of time");
    }
}

Test(swarm, more_replicas_change_nothing_else_about_the_faults)
{
    static struct swarm_story a, b;

    swarm_draw(&a, 5, 4);
    swarm_draw(&b, 5, 10);
    cr_assert_eq(a.plan.network.delay_ns_max, b.plan.network.delay_ns_max);
    cr_assert_eq(a.calm_ns, b.calm_ns);
    cr_assert_eq(a.load.interval_ns, b.load.interval_ns);
}
