/* snapshot_kit.c: see snapshot_kit.h. */
#include "tests/node/snapshot_kit.h"

#include "tests/base/long_kit.h"

#include <criterion/criterion.h>

void kit_forgetful(struct world *world, const struct snapshot_kit *kit)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.limits.checkpoint_blocks = kit->checkpoint_blocks;
    plan.snapshot_bytes = 1;
    plan.snapshot_blocks = kit->snapshot_blocks;
    plan.keep_blocks = kit->keep_blocks;
    plan.archive = kit->archive;
    plan.fast_crypto = is_brief(); /* what is told here is not about signatures, which cost the sanitizers most */
    plan.segments_max = kit->segments_max != 0 ? kit->segments_max : plan.segments_max;
    world_open(world, &plan);
    world_run_to(world, 10 * KIT_MS);
}

void kit_load(struct world *world, uint32_t commands, uint32_t targets)
{
    for (uint32_t i = 0; i < commands; i++) {
        world_submit(world, 1, i % targets, false);
        world_run_to(world, world->now_ns + 12 * KIT_MS);
    }
    cr_assert(world_run_until_rest(world, world->now_ns + 60 * KIT_S), "%s", world->failure.text);
}

void kit_forget_behind(struct world *world, uint32_t member)
{
    uint32_t least = 0;

    for (uint32_t round = 0; round < 20 && least < 1; round++) {
        kit_load(world, 100, 3);
        least = UINT32_MAX;
        for (uint32_t i = 0; i < world->plan.members_count; i++) {
            uint64_t retired = world->hosts[i].driver.counters.segments_retired;
            least = i != member && retired < least ? (uint32_t)retired : least;
        }
    }
    cr_assert_gt(least, 0, "somebody still has its whole log");
}

uint64_t kit_until_there(struct world *world, uint32_t member)
{
    const struct driver *driver = &world->hosts[member].driver;
    uint64_t begin_ns = world->now_ns;

    for (uint32_t i = 0; i < 600 && (driver->apply.height < world->oracle.height || i == 0); i++) {
        if (i % 20 == 0) {
            world_submit(world, 1, i % 3, false);
        }
        world_run_to(world, world->now_ns + 100 * KIT_MS);
        cr_assert_eq(world->failure.kind, FAILURE_NONE, "%s", world->failure.text);
    }
    uint64_t took_ns = world->now_ns - begin_ns;
    cr_assert_eq(driver->apply.height, world->oracle.height, "stage %u: %s", driver->snapshot_fetch.stage, driver->snapshot_fetch.reason);
    cr_assert(world_run_until_rest(world, world->now_ns + 60 * KIT_S), "%s", world->failure.text);
    cr_assert(world_check_end(world), "%s", world->failure.text);
    return took_ns;
}

uint64_t kit_busy(struct world *world, uint32_t interval_us, uint32_t ms)
{
    uint64_t before = world->oracle.height, end_ns = world->now_ns + ms * KIT_MS;

    for (uint32_t i = 0; world->now_ns < end_ns; i++) {
        world_submit(world, 1, i % 3, false);
        cr_assert(world_run_to(world, world->now_ns + (uint64_t)interval_us * 1000), "%s", world->failure.text);
    }
    return world->oracle.height - before;
}
