/* swarm_test.c: what a seed draws, and a few seeds played whole: loss, delay, reorder, duplicates, kills, power cuts, partitions, pauses; then the faults
 * stop, every client has its answer, all replicas are equal and the cluster is silent. Campaigns: tests/e2e/swarm.sh. */
#include "sim/swarm.h"

#include <criterion/criterion.h>
#include <string.h>

#define SEEDS 6u

/* Here also with the sanitizers, where a campaign would cost too much. */
Test(swarm, survives_a_few_seeds_of_either_crypto, .timeout = 600)
{
    static struct swarm_result result, again;
    uint64_t crashes = 0, real = 0;

    for (uint64_t seed = 5; seed < 5 + SEEDS; seed++) {
        swarm_run(seed, 0, &result);
        cr_expect_eq(result.failure.kind, FAILURE_NONE, "%s; build/release/ward-sim trace --seed %llu", result.failure.text, (unsigned long long)seed);
        cr_expect_gt(result.marks[MARK_COMMITTED], 0);
        crashes += result.crashes;
        real += !result.fast_crypto;
    }
    swarm_run(4 + SEEDS, 0, &again);
    cr_expect(again.hash == result.hash && again.events == result.events, "two runs of a seed differ");
    cr_expect_gt(crashes, 0);
    cr_expect(real > 0 && real < SEEDS);
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

Test(swarm, a_story_has_room_in_a_cluster_of_any_size)
{
    static struct swarm_story story;
    uint32_t most = 0;

    for (uint64_t seed = 1; seed < 400; seed++) {
        swarm_draw(&story, seed, MEMBERS_MAX);
        most = story.events_count > most ? story.events_count : most;
    }
    cr_assert_gt(most, MEMBERS_MAX, "a blackout was among them");
    cr_assert_lt(most, SWARM_EVENTS_MAX);
}
