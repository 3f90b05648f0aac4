/* effort_test.c: a server whose work is within what came to it is let be, and each kind of work beyond it is seen; what a cluster does is on its account. */
#include "sim/oracle/effort.h"

#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

#define S UINT64_C(1000000000)

static struct effort effort;
static struct effort_done done;
static struct failure failure;

static bool look(void)
{
    failure = (struct failure){ .kind = FAILURE_NONE };
    return effort_look(&effort, &done, &failure);
}

/* An account of four members, with the slack of a life's beginning used up by nothing. */
static void open_account(void)
{
    effort = (struct effort){ .messages = 1000, .requests = 100, .bytes = 1000000, .moments = 500 };
    done = (struct effort_done){ .seat = 2, .members = 4 };
    effort.heard[1] = 300;
}

Test(effort, work_beyond_what_came_is_seen)
{
    static const struct { const char *what; uint64_t *field; uint64_t within, beyond; } rows[] = {
        { "signatures", &done.checks, 1000000 / 64, 1000000 / 64 + 53 },
        { "answers", &effort.answers[1], 308, 309 },
        { "answers", &effort.answers[3], 8, 9 },
        { "sent", &effort.sent, 4 * 1600, 4 * 1620 + 1 },
        { "appended", &done.payload_bytes, 1000000, 1000000 + 2 * 65536 + 1 },
        { "took memory", &effort.heap, 0, 1 },
        { "hashed", &effort.hashed, 16 * 1000000, 16 * (1000000 + 65536) + (4 << 20) + 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_account();
        *rows[i].field = rows[i].within;
        cr_expect(look(), "%s: %s", rows[i].what, failure.text);
        *rows[i].field = rows[i].beyond;
        cr_expect_not(look(), "%s", rows[i].what);
        cr_expect_not_null(strstr(failure.text, rows[i].what), "%s", failure.text);
    }
}

Test(effort, a_snapshot_is_work_of_its_own)
{
    open_account();
    effort.hashed = 16 * (1000000 + 65536) + (4 << 20) + 1;
    done.snapshots = 1;
    cr_assert(look(), "%s", failure.text);
}

/* Header, signature and certificate of a block came from nobody: tests/scenarios/own_blocks.scn. */
Test(effort, what_a_leader_proposes_it_may_append)
{
    open_account();
    effort.proposed = 1000;
    done.payload_bytes = effort.bytes + effort.proposed + 2 * 65536;
    cr_assert(look(), "%s", failure.text);
    done.payload_bytes++;
    cr_assert_not(look());
}

Test(effort, what_a_cluster_does_is_on_its_account)
{
    static struct world world;
    static struct world_plan plan;

    for (uint32_t fast = 0; fast < 2; fast++) {
        world_plan_calm(&plan);
        plan.fast_crypto = fast == 1;
        world_open(&world, &plan);
        world_submit(&world, 5, 0, false);
        cr_assert(world_run_until_rest(&world, 60 * S), "%s", world.failure.text);
        for (uint32_t i = 0; i < 4; i++) {
            const struct effort *account = &world.hosts[i].effort;
            cr_expect_gt(account->messages, 5);
            cr_expect_gt(account->bytes, 64 * account->messages, "each carries a signature or a hash");
            cr_expect_gt(account->moments, 5);
            cr_expect_gt(account->sent, 5);
            cr_expect_gt(account->hashed, account->bytes, "what comes is hashed");
        }
        cr_expect_eq(world.hosts[0].effort.requests, 5);
        world_close(&world);
    }
}

/* A proof of the newest block is given within the call; one of an older block is read back from the log. */
Test(effort, what_a_proof_costs_is_on_the_account_and_nothing_after_it)
{
    static struct world world;
    static struct world_plan plan;

    world_plan_calm(&plan);
    world_open(&world, &plan);
    world_submit(&world, 5, 0, false);
    cr_assert(world_run_until_rest(&world, 60 * S), "%s", world.failure.text);
    for (uint64_t height = world.hosts[0].driver.apply.height; height > 0; height--) {
        struct effort before = world.hosts[0].effort;
        uint64_t proofs = world.proofs;
        host_prove(&world.hosts[0], height);
        cr_expect_eq(world.hosts[0].effort.moments, before.moments + 1);
        cr_expect_not(world.hosts[0].effort.running, "height %llu, %s", (unsigned long long)height, world.proofs > proofs ? "given at once" : "to be read");
    }
    cr_assert(world_run_until_rest(&world, world.now_ns + 60 * S), "%s", world.failure.text);
    cr_expect_gt(world.proofs, 0);
    world_close(&world);
}
