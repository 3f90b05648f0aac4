/* world_test.c: one order of events, the same for the same seed; faults do what they say; rest is rest. */
#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)

static struct world world;
static struct world_plan plan;

static void setup(void) { world_plan_calm(&plan); }
TestSuite(world, .init = setup);

Test(world, is_silent_until_somebody_asks_N5)
{
    world_open(&world, &plan);
    cr_assert(world_run_to(&world, 100 * MS), "%s", world.failure.text);
    cr_assert(world_is_idle(&world));
    uint64_t events = world.events;
    cr_assert(world_run_to(&world, 3600 * S));
    cr_assert_eq(world.events, events, "an hour without an event");
    world_close(&world);
}

Test(world, commits_a_command_everywhere_and_tells_its_client)
{
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_submit(&world, 1, 0, false);
    cr_assert(world_run_until_rest(&world, 30 * S), "%s", world.failure.text);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
    cr_assert_eq(world.oracle.height, 1);
    cr_assert_eq(world.workload.told, 1);
    cr_assert_eq(world_executed_min(&world), 1);
    world_close(&world);
}

/* Isolated command, client at the leader: proposal, vote, CERT, commit vote, COMMITQC, with two appends on the way. */
Test(world, commits_an_isolated_command_within_four_links_and_two_flushes)
{
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_submit(&world, 1, 0, false);
    cr_assert(world_run_until_rest(&world, 30 * S), "%s", world.failure.text);
    uint64_t took_ns = world.workload.requests[0].told_ns - world.workload.requests[0].first_ns;
    cr_assert_leq(took_ns, 4 * MS + 2 * 200000 + 2 * MS, "%llu us", (unsigned long long)took_ns / 1000);
    world_close(&world);
}

static uint64_t hash_of_run(uint64_t seed, uint32_t drop_ppm)
{
    plan.seed = seed;
    plan.network.drop_ppm = drop_ppm;
    plan.network.delay_ns_max = 5 * MS;
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_submit(&world, 20, WORKLOAD_ANY, false);
    world_run_to(&world, 300 * MS);
    world_crash(&world, 0, true);
    world_run_to(&world, 600 * MS);
    world_boot(&world, 0);
    world_run_to(&world, 5 * S);
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    uint64_t hash = world.hash;
    world_close(&world);
    return hash;
}

Test(world, same_seed_same_events_other_seed_others)
{
    uint64_t hash = hash_of_run(5, 20000);

    cr_assert_eq(hash, hash_of_run(5, 20000));
    cr_assert_neq(hash, hash_of_run(6, 20000));
    cr_assert_neq(hash, hash_of_run(5, 0));
}

Test(world, a_crashed_server_does_nothing_and_its_peers_learn_of_it)
{
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    cr_assert(member_set_has(&world.hosts[1].driver.links, 2));
    world_crash(&world, 2, false);
    world_crash(&world, 2, false);
    cr_assert_eq(world.crashes, 1, "what does not run cannot crash");
    world_run_to(&world, 20 * MS);
    cr_assert_not(member_set_has(&world.hosts[1].driver.links, 2));
    world_boot(&world, 2);
    world_run_to(&world, 30 * MS);
    cr_assert(member_set_has(&world.hosts[1].driver.links, 2));
    cr_assert(member_set_has(&world.hosts[2].driver.links, 1));
    world_close(&world);
}

Test(world, a_cut_in_one_direction_ends_the_link)
{
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_cut(&world, 1, 2, true);
    world_run_to(&world, 20 * MS);
    cr_assert_not(member_set_has(&world.hosts[1].driver.links, 2));
    cr_assert_not(member_set_has(&world.hosts[2].driver.links, 1));
    cr_assert(member_set_has(&world.hosts[1].driver.links, 3));
    world_heal(&world);
    world_run_to(&world, 30 * MS);
    cr_assert(member_set_has(&world.hosts[2].driver.links, 1));
    world_close(&world);
}

Test(world, a_paused_server_gets_its_messages_when_it_goes_on)
{
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_pause(&world, 3);
    world_submit(&world, 1, 0, false);
    world_run_to(&world, 100 * MS);
    cr_assert_gt(world.waiting_count, 0);
    cr_assert_eq(world.hosts[3].driver.apply.height, 0);
    cr_assert_eq(world.hosts[1].driver.apply.height, 1);
    world_resume(&world, 3);
    cr_assert_eq(world.waiting_count, 0);
    cr_assert(world_run_until_rest(&world, 30 * S), "%s", world.failure.text);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
    world_close(&world);
}

Test(world, reports_a_cluster_that_cannot_finish_J2)
{
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_crash(&world, 1, false);
    world_crash(&world, 2, false);
    world_submit(&world, 1, 0, false);
    cr_assert_not(world_run_until_rest(&world, 20 * S));
    cr_assert_eq(world.failure.kind, FAILURE_LIVENESS);
    cr_assert_eq(world.oracle.height, 0);
    world_close(&world);
}

/* A connection whose bytes were spoiled ends at both sides and is made again; what was committed before and after is the same everywhere. */
Test(world, a_wrong_bit_ends_a_connection_that_is_made_again)
{
    plan.network.corrupt_ppm = 100000;
    plan.notice_ns = 3 * MS;
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_submit(&world, 30, WORKLOAD_ANY, false);
    world_run_to(&world, 2 * S);
    cr_assert_gt(world.breaks, 0);
    cr_assert_gt(world.network.counters.corrupted, 0);
    world_calm(&world);
    cr_assert(world_run_until_rest(&world, world.now_ns + 30 * S), "%s", world.failure.text);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(member_set_count(&world.hosts[i].driver.links), 3, "all connections are there again");
    }
    world_close(&world);
}

/* N5 and deadlines hold for a clock of any rate: each server sleeps until its own time has come. */
Test(world, clocks_of_different_rates_agree_on_what_is_committed)
{
    plan.rate_ppm_max = 200000;
    plan.wall_offset_ms_max = 500;
    world_open(&world, &plan);
    cr_assert_neq(world.hosts[0].plan.rate_ppm, world.hosts[1].plan.rate_ppm);
    world_run_to(&world, 10 * MS);
    world_submit(&world, 6, WORKLOAD_ANY, false);
    world_run_to(&world, 200 * MS);
    world_crash(&world, 0, false); /* its peers time its view out, each by its own clock */
    world_submit(&world, 2, 1, false);
    world_run_to(&world, 5 * S);
    world_boot(&world, 0);
    cr_assert(world_run_until_rest(&world, world.now_ns + 30 * S), "%s", world.failure.text);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
    world_close(&world);
}

Test(world, one_clock_an_hour_off_stops_nobody_else)
{
    for (int64_t step_ms = -3600000; step_ms <= 3600000; step_ms += 7200000) {
        world_open(&world, &plan);
        world_run_to(&world, 10 * MS);
        world_clock(&world, 0, step_ms); /* of the leader */
        world_submit(&world, 6, WORKLOAD_ANY, false);
        world_run_to(&world, 20 * S);
        cr_assert_eq(world.workload.told, 6, "%lld", (long long)step_ms);
        cr_assert_lt(world.oracle.blocks[world.oracle.height].time_ms, CAST_GENESIS_MS + 60000, "the chain has the time of the others");
        world_calm(&world);
        cr_assert(world_run_until_rest(&world, world.now_ns + 60 * S), "%s", world.failure.text);
        cr_assert(world_check_end(&world), "%s", world.failure.text);
        world_close(&world);
    }
}

/* 100 members fit a voter bitmap, a certificate and one process. */
Test(world, commits_with_100_replicas, .timeout = 300)
{
    plan.members_count = 100;
    plan.check_every = 64;
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_submit(&world, 3, 17, false);
    cr_assert(world_run_until_rest(&world, 60 * S), "%s", world.failure.text);
    cr_assert(world_check_end(&world), "%s", world.failure.text);
    cr_assert_geq(world.oracle.height, 1);
    world_close(&world);
}
