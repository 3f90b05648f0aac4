/* swarm_test.c: what a seed draws, and a few seeds played whole: loss, delay, reorder, duplicates, kills, power cuts, partitions, pauses; then the faults
 * stop, every client has its answer, all replicas are equal and the cluster is silent. Campaigns: tests/e2e/swarm.sh. */
#include "sim/campaign/swarm.h"

#include <criterion/criterion.h>
#include <string.h>

#define SEEDS 6u
#define SECOND UINT64_C(1000000000)

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

Test(swarm, a_second_act_follows_the_first_and_changes_nothing_in_it)
{
    static struct swarm_story first, whole;
    uint32_t lasting = 0;

    for (uint64_t seed = 1; seed <= 100; seed++) {
        swarm_draw(&first, seed, 0);
        swarm_draw(&whole, seed, 0);
        swarm_lengthen(&whole);
        uint32_t same = 0;
        for (uint32_t i = 0; i < whole.events_count; i++) {
            same += i < first.events_count && whole.events[i].act == first.events[i].act && whole.events[i].at_ns == first.events[i].at_ns;
            cr_assert(i == 0 || whole.events[i - 1].at_ns <= whole.events[i].at_ns, "seed %llu: events are in the order of time", (unsigned long long)seed);
        }
        bool lasts = whole.stream.end_ns > 0; /* four of five */
        lasting += lasts;
        cr_assert(lasts ? whole.calm_ns >= first.calm_ns + 40 * SECOND : whole.calm_ns == first.calm_ns);
        cr_assert(lasts || same == whole.events_count);
        for (uint32_t i = 0; i < first.events_count && first.events[i].at_ns < first.calm_ns && first.events[i].at_ns < whole.act_ns; i++) {
            cr_assert_eq(whole.events[i].at_ns, first.events[i].at_ns, "seed %llu: event %u of the first act", (unsigned long long)seed, i);
        }
    }
    cr_assert(lasting > 50 && lasting < 100, "%u of 100", lasting);
}

Test(swarm, a_story_has_room_in_a_cluster_of_any_size)
{
    static struct swarm_story story;
    uint32_t most = 0;

    for (uint64_t seed = 1; seed < 400; seed++) {
        swarm_draw(&story, seed, MEMBERS_MAX);
        swarm_lengthen(&story);
        most = story.events_count > most ? story.events_count : most;
    }
    cr_assert_gt(most, MEMBERS_MAX, "a blackout was among them");
    cr_assert_lt(most, SWARM_EVENTS_MAX);
}
