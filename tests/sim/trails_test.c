/* trails_test.c: the root of a trail is that of its events; one that leaves an event out is seen. */
#include "sim/oracle/trails.h"

#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static struct failure failure;

static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.actors_count = 2;
    plan.fast_crypto = true;
    world_open(&world, &plan);
    failure = (struct failure){ 0 };
    world.trails.failure = &failure;
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(trails, .init = setup, .fini = teardown);

static void act(uint32_t commands)
{
    world_submit(&world, commands, 0, false);
    cr_assert(world_run_until_rest(&world, world.now_ns + UINT64_C(60000000000)), "%s", world.failure.text);
}

Test(trails, each_event_is_under_the_root)
{
    act(6);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    cr_assert_geq(world.trails.patients[0].events.count, 3);
    cr_assert_not(world.trails.patients[0].lost);
}

Test(trails, root_without_an_event_is_seen)
{
    static const struct hash32 leaf = { { 5 } };

    act(2);
    struct trails_patient *patient = &world.trails.patients[0];
    patient->events.count = 0;
    (void)merkle_peaks_append(&patient->events, &leaf);
    act(2);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(failure.text, "is not that of its"), "%s", failure.text);
}

Test(trails, nothing_is_said_of_events_that_were_forgotten)
{
    act(2);
    world.trails.patients[0].lost = true;
    world.trails.patients[0].events.count = 0;
    act(2);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}
