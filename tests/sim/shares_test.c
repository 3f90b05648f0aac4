/* shares_test.c: whoever lets a member have more than its part is seen, and nobody else; each bound is broken once. */
#include "sim/oracle/shares.h"

#include "sim/oracle/oracle.h"
#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)

static struct failure failure;
static struct shares shares;
static struct replica_shares held;

static void setup(void)
{
    failure = (struct failure){ 0 };
    held = (struct replica_shares){ .client_commands = 0 };
    shares_init(&shares, 4, 4, 1024, &failure);
    shares_clocks(&shares, 200, 0);
}

static void teardown(void)
{
    shares_close(&shares);
}

TestSuite(shares, .init = setup, .fini = teardown);

static void send(uint8_t type, uint32_t to, uint64_t now_ns)
{
    struct member_set set = member_set_one(to);

    shares_sent(&shares, 1, type, &set, now_ns);
}

Test(shares, of_what_is_held_each_part_is_bounded)
{
    static const struct { uint32_t most; size_t at; } parts[] = {
        { 4, offsetof(struct replica_shares, checks) + 2 * sizeof(uint32_t) },
        { 512 / 3, offsetof(struct replica_shares, commands) + 3 * sizeof(uint32_t) },
        { 512, offsetof(struct replica_shares, client_commands) },
        { 64, offsetof(struct replica_shares, stranger_commands) },
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        uint32_t *part = (uint32_t *)(void *)((uint8_t *)&held + parts[i].at);
        failure = (struct failure){ 0 };
        held = (struct replica_shares){ .client_commands = 0 };
        *part = parts[i].most;
        shares_look(&shares, 1, &held);
        cr_expect_eq(failure.kind, FAILURE_NONE, "%zu: %s", i, failure.text);
        (*part)++;
        shares_look(&shares, 1, &held);
        cr_expect_eq(failure.kind, FAILURE_SAFETY, "%zu", i);
        cr_expect_eq(strncmp(failure.text, "J7: r1", 6), 0, "%s", failure.text);
    }
}

Test(shares, of_many_members_each_has_a_few_places_all_the_same)
{
    shares_close(&shares);
    shares_init(&shares, 31, 101, 1024, &failure);
    held.commands[30] = 16;
    shares_look(&shares, 1, &held);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    held.commands[30] = 17;
    shares_look(&shares, 1, &held);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(shares, an_answer_to_each_member_in_a_quarter_of_the_timer)
{
    send(MESSAGE_ANSWER, 0, 0);
    send(MESSAGE_ANSWER, 2, 1 * MS);
    send(MESSAGE_QUERY, 0, 2 * MS);
    send(MESSAGE_ANSWER, 0, 50 * MS);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    send(MESSAGE_ANSWER, 0, 100 * MS - 1);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(shares, a_link_and_a_new_life_are_worth_an_answer)
{
    send(MESSAGE_ANSWER, 0, 0);
    shares_linked(&shares, 1, 0);
    send(MESSAGE_ANSWER, 0, 1 * MS);
    shares_began(&shares, 1);
    send(MESSAGE_ANSWER, 0, 2 * MS);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    shares_linked(&shares, 1, 2);
    send(MESSAGE_ANSWER, 0, 3 * MS);
    cr_assert_eq(failure.kind, FAILURE_SAFETY, "the link was another's");
}

Test(shares, a_clock_that_is_too_fast_is_no_answer_too_many)
{
    shares_clocks(&shares, 200, 50000);
    send(MESSAGE_ANSWER, 0, 0);
    send(MESSAGE_ANSWER, 0, 47500000);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    send(MESSAGE_ANSWER, 0, 47500000 + 47499999);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(shares, reads_are_answered_out_of_a_bucket)
{
    for (uint32_t i = 0; i < 128; i++) {
        send(MESSAGE_READ_ANSWER, 0, 7 * MS);
    }
    send(MESSAGE_READ_ANSWER, 0, 8 * MS);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    send(MESSAGE_READ_ANSWER, 0, 8 * MS);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

/* A cluster that is flooded keeps to all of it, and what is counted is there. */
Test(shares, are_counted_in_a_world)
{
    static struct world world;
    static struct world_plan plan;
    uint32_t checks = 0, commands = 0;

    world_plan_calm(&plan);
    plan.fast_crypto = true;
    plan.adversary = (struct adversary_plan){ .liars = member_set_one(3), .lies = UINT64_C(1) << LIE_FLOOD, .rate_ppm = 1000000, .tick_ns = 5 * MS };
    world_open(&world, &plan);
    world_submit(&world, 40, 1, false);
    for (uint64_t ns = 0; ns < S && world_run_to(&world, ns); ns += MS / 10) {
        struct replica_shares at;
        replica_shares(world.hosts[1].driver.replica, &at);
        checks = at.checks[3] > checks ? at.checks[3] : checks;
        commands = at.client_commands > commands ? at.client_commands : commands;
    }
    cr_expect_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    cr_expect_gt(checks, 0, "what the liar sent was checked");
    cr_expect_gt(commands, 0, "what clients sent waited");
    world_close(&world);
}
