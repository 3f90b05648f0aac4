/* readers_test.c: clients that read from whole clusters: what they read is linearizable under faults, and a replica that answers by itself alone would be
 * found out. */
#include "sim/scenario/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct scenario scenario;
static struct world world;

Test(readers, read_what_is_linearizable_while_servers_crash_and_the_network_is_cut, .timeout = 60)
{
    static const char text[] = "clients 4\ncrypto fast\nreads every 7ms\nlink 1ms to 9ms\ndrop 20000 ppm\ntrace none\nat 1ms load 60 per s for 3s to any\nat 500ms crash 0\n"
                               "at 900ms start 0\nat 1200ms partition 0 1 | 2 3\nat 1700ms heal\nat 2s wipe 3\nat 2100ms start 3\nat 3s calm\nafter 0ms finish within 4min\n";

    cr_assert_eq(scenario_parse(&scenario, text), ERR_OK, "%s", scenario.problem);
    cr_assert(scenario_run(&scenario, &world), "%s", world.failure.text);
    cr_assert_gt(world.readers.answered, 100);
    cr_assert_gt(world.readers.lost + world.readers.refused, 0, "not every read is answered");
    cr_assert_eq(readers_open(&world.readers), 0);
    world_close(&world);
}

/* Cut off from the others, a server knows less than they tell their clients: were it to answer, that would be seen. */
Test(readers, an_answer_of_one_server_alone_is_found_out)
{
    world_plan_calm(&scenario.plan);
    scenario.plan.fast_crypto = true;
    world_open(&world, &scenario.plan);
    world_run_to(&world, 10000000);
    struct member_set alone = member_set_one(3);
    world_partition(&world, &alone);
    world_submit(&world, 4, 0, false);
    world_run_to(&world, 1000000000);
    cr_assert_eq(world.workload.told, 4);
    uint64_t token = readers_ask(&world.readers, 3, 0);
    readers_done(&world.readers, token, true, host_nonce(&world.hosts[3], world.cast.actors[0].account), world.hosts[3].driver.apply.height);
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY);
    cr_assert_eq(strncmp(world.failure.text, "Q5: ", 4), 0, "%s", world.failure.text);
    world_close(&world);
}

Test(readers, ask_nobody_who_lies_and_never_more_than_fit)
{
    struct history history;
    struct failure failure = { FAILURE_NONE, "" };
    struct member_set liars = member_set_one(2);
    struct readers readers;
    uint64_t token;
    uint32_t member, taken = 0;

    history_init(&history, 3);
    readers_init(&readers, &history, &failure, 7, 10, 4, &liars);
    for (uint64_t now = 10; now < 2000; now += 10) {
        cr_assert_eq(readers_due_ns(&readers), now);
        if (readers_take(&readers, now, &token, &member)) {
            cr_assert_neq(member, 2);
            cr_assert_lt(readers_account(&readers, token), 3);
            taken++;
        }
    }
    cr_assert_eq(taken, READERS_OPEN_MAX);
    readers_lost(&readers, 0);
    cr_assert_lt(readers_open(&readers), READERS_OPEN_MAX);
    readers_stop(&readers);
    cr_assert_eq(readers_due_ns(&readers), UINT64_MAX);
    history_close(&history);
}

/* Four members: a quorum of three spoke, of which one before the read began. */
Test(readers, answer_given_before_the_read_began_does_not_count)
{
    struct history history;
    struct failure failure = { FAILURE_NONE, "" };
    struct member_set nobody = { { 0 } };
    struct readers readers;

    history_init(&history, 3);
    readers_init(&readers, &history, &failure, 7, 10, 4, &nobody);
    uint64_t token = readers_ask(&readers, 0, 1);
    readers_began(&readers, token, 100);
    readers_heard(&readers, 0, 1, 99);
    readers_heard(&readers, 0, 2, 100);
    readers_heard(&readers, 3, 3, 101);
    readers_done(&readers, token, true, 0, 0);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    failure = (struct failure){ FAILURE_NONE, "" };
    token = readers_ask(&readers, 0, 1);
    readers_began(&readers, token, 200);
    readers_heard(&readers, 0, 2, 200);
    readers_heard(&readers, 0, 2, 201);
    readers_heard(&readers, 0, 1, 201);
    readers_done(&readers, token, true, 0, 0);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    history_close(&history);
}
