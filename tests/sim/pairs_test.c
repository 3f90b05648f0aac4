/* pairs_test.c: two faults that meet are seen as a pair, and faults that miss each other are not. */
#include "sim/scenario/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct scenario scenario;
static struct world world;

static void play(const char *steps)
{
    char text[1024];

    snprintf(text, sizeof text, "clients 4\ncrypto fast\nsnapshot bytes 1 blocks 1\nkeep blocks 1\ncheckpoint 8 10s\ntrace none\n%s", steps);
    cr_assert_eq(scenario_parse(&scenario, text), ERR_OK, "%s", scenario.problem);
    cr_assert(scenario_run(&scenario, &world), "%s", world.failure.text);
}

/* assert_both: these came about, and no others. */
static void assert_both(enum pair pair, enum pair other)
{
    for (int i = 0; i < PAIR_COUNT; i++) {
        if (i == (int)pair || i == (int)other) {
            cr_assert_geq(world.pairs[i], 1, "%s", pair_names[i].text);
        } else {
            cr_assert_eq(world.pairs[i], 0, "%s", pair_names[i].text);
        }
    }
    world_close(&world);
}

static void assert_only(enum pair pair, uint64_t least)
{
    cr_assert(pair == PAIR_COUNT || world.pairs[pair] >= least);
    assert_both(pair, pair);
}

Test(pairs, faults_that_miss_each_other_are_none)
{
    play("at 10ms submit 4 to 0\nat 100ms crash 1\nat 200ms start 1\nat 300ms clog 0 to 1 for 5ms\nat 400ms clock 2 behind 1s\nat 500ms fill 3\nat 600ms room 3\n"
         "at 700ms rot 2 any 0\nat 800ms partition 0 1 | 2 3\nat 900ms heal\nat 1s clock 2 right\nat 2s rest within 60s\n");
    cr_assert_eq(world.rots, 1);
    cr_assert_eq(world.fills, 1);
    assert_only(PAIR_COUNT, 0);
}

Test(pairs, a_crash_meets_rot_or_a_full_disk)
{
    play("at 10ms submit 4 to 0\nat 100ms rot 2 any 0\nat 101ms power 2\nat 200ms start 2\nat 5s rest within 60s\n");
    assert_only(PAIR_CRASH_ROTTEN, 1);
    play("at 10ms submit 4 to 0\nat 100ms fill 3\nat 150ms power 3\nat 200ms start 3\nat 300ms room 3\nat 5s rest within 60s\n");
    assert_only(PAIR_CRASH_FULL, 1);
}

Test(pairs, something_meets_a_view_that_is_given_up)
{
    play("at 10ms submit 1 to 1\nat 100ms crash 0 3\nat 110ms submit 1 to 1\nat 500ms clog 1 to 2 for 5ms\nat 600ms start 0 3\nat 5s rest within 60s\n");
    assert_only(PAIR_CLOG_VIEW_CHANGE, 1);
    play("at 10ms submit 1 to 1\nat 100ms crash 0 3\nat 110ms submit 1 to 1\nat 500ms fill 2\nat 600ms start 0 3\nat 700ms room 2\nat 5s rest within 60s\n");
    assert_only(PAIR_FULL_VIEW_CHANGE, 1);
}

Test(pairs, a_snapshot_under_way_meets_a_crash_or_a_network_that_heals)
{
    static const char lag[] = "at 10ms load 300 per s for 1500ms to 0\nat 20ms crash 3\nat 1600ms start 3\n";
    char steps[512];

    snprintf(steps, sizeof steps, "%sat 1600ms when 3 snapshot power\nat 2s start 3\nat 3s rest within 60s\n", lag);
    play(steps);
    assert_only(PAIR_CRASH_SNAPSHOT, 1); /* The others have a newer one by then. */
    play("at 10ms load 300 per s for 1500ms to 0\nat 20ms crash 3\nat 2500ms start 3\nat 2500ms when 3 snapshot power\nat 3s start 3\nat 4s rest within 60s\n");
    assert_both(PAIR_CRASH_SNAPSHOT, PAIR_RESUMED_SNAPSHOT);
    snprintf(steps, sizeof steps, "%sat 1600ms oneway 0 | 1 2 3\nat 1600ms when 3 snapshot heal\nat 3s rest within 60s\n", lag);
    play(steps);
    assert_only(PAIR_HEAL_SNAPSHOT, 1);
}

Test(pairs, a_write_is_cut_short_beside_snapshots)
{
    play("at 10ms load 100 per s for 500ms to 0\nat 600ms load 100 per s for 500ms to 0\nat 800ms when 3 voted power\nat 900ms start 3\nat 3s rest within 60s\n");
    assert_only(PAIR_TORN_SNAPSHOT, 1);
}

Test(pairs, a_lost_disk_meets_a_server_that_is_down)
{
    play("at 10ms submit 4 to 0\nat 100ms crash 1\nat 150ms wipe 3\nat 200ms start 1 3\nat 5s submit 2 to 0\nat 5s rest within 60s\nafter 0ms expect told == 6\n"
         "after 0ms expect equal\n");
    cr_assert_eq(world.losses, 1);
    assert_only(PAIR_LOSS_BESIDE_CRASH, 1);
}

Test(pairs, rot_meets_lies)
{
    play("liars 1\nlies late\nlying 500000 ppm tick 10ms hold 50ms\nat 10ms submit 4 to 0\nat 200ms rot 2 any 1\nafter 0ms outlast within 60s\nafter 0ms silence\n"
         "after 0ms rest within 60s\n");
    assert_only(PAIR_ROT_BESIDE_LIAR, 1);
}
