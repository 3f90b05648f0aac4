/* early_tc_test.c: of the lie `early_tc`: the TC that ends a view states a QC that nobody had, and brings it; who takes it opens with it. */
#include "sim/world/world.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)
#define LIAR 3u

static struct world world;
static struct world_plan plan;

static void setup(void)
{
    world_plan_calm(&plan);
    plan.seed = 1;
    plan.fast_crypto = true;
    plan.adversary = (struct adversary_plan){ .liars = member_set_one(LIAR), .lies = UINT64_C(1) << LIE_EARLY_TC, .rate_ppm = 1000000, .tick_ns = 10 * MS };
}

static struct rank high_of(uint32_t member)
{
    struct replica_status status;

    replica_status(world.hosts[member].driver.replica, &status);
    return status.high;
}

static uint64_t view_of(uint32_t member)
{
    struct replica_status status;

    replica_status(world.hosts[member].driver.replica, &status);
    return status.view;
}

/* The votes of the others never reach the leader: they make a QC that only the adversary puts together. */
Test(early_tc, brings_a_qc_that_nobody_had, .init = setup)
{
    struct rank before = { 0, 0 };

    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_lose(&world, 0, MESSAGE_VOTE);
    world_submit(&world, 1, 1, false);
    for (uint64_t ns = world.now_ns; world.adversary->told[LIE_EARLY_TC] == 0 && ns < 10 * S && world_run_to(&world, ns); ns += MS / 10) {
    }
    cr_assert_eq(world.adversary->told[LIE_EARLY_TC], 1, "no view was ended");
    for (uint32_t i = 0; i < LIAR; i++) {
        before = rank_max(before, high_of(i));
    }
    cr_assert_eq(view_of(1), 0);
    world_run_to(&world, world.now_ns + 2 * MS);
    cr_expect_geq(view_of(1), 1, "the TC moves whoever leads next");
    cr_expect_gt(rank_compare(high_of(1), before), 0, "T2: and its QC is kept");
    world_heal(&world);
    cr_expect(world_outlasts(&world, 60 * S), "%s", world.failure.text);
    world_silence(&world);
    cr_expect(world_run_until_rest(&world, world.now_ns + 60 * S), "%s", world.failure.text);
    cr_expect(world_check_end(&world), "%s", world.failure.text);
    world_close(&world);
}

Test(early_tc, ends_nothing_that_too_few_gave_up, .init = setup)
{
    world_open(&world, &plan);
    for (uint64_t i = 0; i < 20; i++) {
        world_submit(&world, 1, WORKLOAD_ANY, false);
        world_run_to(&world, 50 * MS * (i + 1));
    }
    cr_expect_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    cr_expect_eq(world.adversary->told[LIE_EARLY_TC], 0);
    cr_expect_eq(view_of(0), 0);
    world_close(&world);
}
