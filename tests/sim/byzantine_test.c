/* byzantine_test.c: four replicas with the production ledger, of which one lies to each of the others separately: the three agree, and whatever they
 * admitted commits. The last part of demonstration 7 of docs/ledger.md. */
#include "sim/world/world.h"

#include "ledger/ledger.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)
#define LIAR 1u
#define SEEDS 12u
#define COMMANDS 36u

static struct world world;
static struct world_plan plan;
/* Another block for some, votes for what nobody proposed, garbled, cut and lost messages. */
static const enum lie told[] = { LIE_FORK, LIE_DOUBLE_VOTE, LIE_EDIT, LIE_MALFORMED, LIE_WITHHOLD, LIE_LATE };
static uint64_t lies[sizeof told / sizeof told[0]];

static bool honest_are_equal(void)
{
    uint64_t height = world.hosts[0].driver.apply.height;

    return height == world.hosts[2].driver.apply.height && height == world.hosts[3].driver.apply.height;
}

static void assert_equal_roots(uint64_t seed)
{
    struct hash32 root = ledger_state_root(world.hosts[0].driver.apply.ledger);

    for (uint32_t i = 2; i < 4; i++) {
        struct hash32 other = ledger_state_root(world.hosts[i].driver.apply.ledger);
        cr_assert(hash_equal(&root, &other), "I13: seed %llu, r%u", (unsigned long long)seed, i);
    }
}

static void run(uint64_t seed)
{
    world_plan_calm(&plan);
    plan.seed = seed;
    plan.mixed = true;
    plan.network.delay_ns_max = 4 * MS;
    plan.adversary = (struct adversary_plan){ .liars = member_set_one(LIAR), .rate_ppm = 300000, .tick_ns = 10 * MS, .hold_ns = 300 * MS };
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        plan.adversary.lies |= UINT64_C(1) << told[i];
    }
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    for (uint32_t i = 1; i <= COMMANDS; i++) {
        world_submit(&world, 1, WORKLOAD_ANY, false);
        world_run_to(&world, world.now_ns + 60 * MS);
        if (i == COMMANDS / 3) { /* So that the liar leads for a while. */
            world_crash(&world, 0, false);
            world_run_to(&world, world.now_ns + 3 * S);
            world_boot(&world, 0);
        }
    }
    for (uint32_t i = 0; i < 600 && !(workload_is_done(&world.workload) && honest_are_equal()); i++) {
        world_run_to(&world, world.now_ns + 100 * MS);
    }
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "seed %llu: %s", (unsigned long long)seed, world.failure.text);
    cr_assert_eq(world.workload.told, COMMANDS, "J2: seed %llu", (unsigned long long)seed);
    cr_assert_eq(world.oracle.commands.count, COMMANDS, "I14: seed %llu", (unsigned long long)seed);
    cr_assert(honest_are_equal());
    assert_equal_roots(seed);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        lies[i] += world.adversary->told[told[i]];
    }
    world_silence(&world); /* Whoever lied has harmed nobody for good, itself included. */
    world_run_to(&world, world.now_ns + S);
    world_submit(&world, 1, 0, false);
    cr_assert(world_run_until_rest(&world, world.now_ns + 60 * S), "seed %llu: %s", (unsigned long long)seed, world.failure.text);
    cr_assert(world_check_end(&world), "seed %llu: %s", (unsigned long long)seed, world.failure.text);
    world_close(&world);
}

Test(byzantine, d7_three_of_four_agree_while_one_lies_to_each_of_them, .timeout = 300)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed);
    }
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        cr_assert_gt(lies[i], 0, "nobody told %s", lie_names[told[i]].word);
    }
}
