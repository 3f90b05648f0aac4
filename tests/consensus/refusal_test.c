/* refusal_test.c: a replica that catches up, that drains, or that waited in vain tells the client so with its code and a time, and nothing else
 * changes: nothing is logged, sent, held or voted for (R1). */
#include "consensus/replica.h"

#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static struct cluster_kit kit;

/* What a refusal must leave alone: at the replica, and between all of them. */
struct shot {
    uint64_t lsn, executed, view, high_view, high_height, messages;
    int64_t timeout_view;
    uint32_t admitted, commands, bytes;
};

static struct replica_status status_of(uint32_t node)
{
    struct replica_status status;

    replica_status(kit.nodes[node].replica, &status);
    return status;
}

static struct shot shot_of(uint32_t node)
{
    struct replica_status status = status_of(node);
    struct shot shot;

    memset(&shot, 0, sizeof shot);
    shot.lsn = kit.nodes[node].lsn;
    shot.executed = kit.nodes[node].executed;
    shot.view = status.view;
    shot.high_view = status.high.view;
    shot.high_height = status.high.height;
    shot.timeout_view = status.timeout_view;
    shot.admitted = kit.nodes[node].admitted;
    shot.commands = status.pool_commands;
    shot.bytes = status.pool_bytes;
    for (unsigned type = 1; type < MESSAGE_TYPE_END; type++) {
        shot.messages += kit.sent[type];
    }
    return shot;
}

static void assert_unchanged(const struct shot *before, uint32_t node)
{
    struct shot after = shot_of(node);

    cr_assert_eq(memcmp(before, &after, sizeof after), 0, "lsn %llu, view %llu, %u commands, %llu messages", (unsigned long long)after.lsn,
                 (unsigned long long)after.view, after.commands, (unsigned long long)after.messages);
}

static void link_3(bool up)
{
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = !up;
        if (up) {
            cluster_kit_step(&kit, i, &(struct event){ .kind = EVENT_LINK, .link = { 3, true } });
            cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_LINK, .link = { i, true } });
        }
    }
}

static bool drop_bundles(const struct cluster_message *message)
{
    return message->type == MESSAGE_BUNDLE;
}

Test(refusal, sends_a_client_elsewhere_while_others_are_far_ahead)
{
    cluster_kit_start(&kit, 4, 0);
    link_3(false);
    for (uint32_t i = 1; i <= 90; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 20000000);
    }
    cr_assert_gt(kit.nodes[0].executed, 64);
    kit.drop = drop_bundles; /* It learns how far the others are, and gets none of it. */
    link_3(true);
    cluster_kit_run(&kit, SECOND / 10);
    cr_assert_eq(kit.nodes[3].executed, 0);
    struct shot before = shot_of(3);
    uint32_t refused = kit.nodes[3].refused;
    cluster_kit_request(&kit, 3, 200, 1);
    cr_assert_eq(kit.nodes[3].refused, refused + 1, "R1");
    cr_assert_eq(kit.nodes[3].refused_code, REFUSAL_BEHIND);
    cr_assert_gt(kit.nodes[3].retry_after_ms, 0, "R1: and when to try again");
    assert_unchanged(&before, 3);
    kit.drop = NULL;
    cr_assert(cluster_kit_quiet(&kit, 120 * SECOND));
    cr_assert_eq(kit.nodes[3].executed, kit.nodes[0].executed);
    cluster_kit_request(&kit, 3, 200, 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(kit.nodes[3].admitted, before.admitted + 1, "what was refused is taken once it is there");
    cr_assert_eq(kit.nodes[0].app->accounts[200].nonce, 1);
    cluster_kit_close(&kit);
}

Test(refusal, of_a_replica_that_drains_leaves_what_it_took_before)
{
    cluster_kit_start(&kit, 4, 5000);
    cluster_kit_request(&kit, 1, 1, 1);
    cluster_kit_step(&kit, 1, &(struct event){ .kind = EVENT_DRAIN });
    struct shot before = shot_of(1);
    uint32_t refused = kit.nodes[1].refused;
    cluster_kit_request(&kit, 1, 2, 1);
    cr_assert_eq(kit.nodes[1].refused, refused + 1, "R1");
    cr_assert_eq(kit.nodes[1].refused_code, REFUSAL_DRAINING);
    cr_assert_gt(kit.nodes[1].retry_after_ms, 0);
    assert_unchanged(&before, 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(kit.nodes[0].app->accounts[1].nonce, 1, "admitted before: it commits");
    cr_assert_eq(kit.nodes[0].app->accounts[2].nonce, 0);
    cr_assert_eq(status_of(0).view, 0, "T4: only a leader's stop ends a view");
    cluster_kit_close(&kit);
}

Test(refusal, after_30_s_of_a_nonce_that_nobody_precedes_moves_nobody)
{
    cluster_kit_start(&kit, 4, 0);
    cluster_kit_request(&kit, 1, 7, 2); /* Number 1 never comes. */
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(kit.nodes[1].admitted, 1, "it may come yet");
    struct shot before = shot_of(1);
    cluster_kit_run(&kit, 28 * SECOND);
    cr_assert_eq(kit.nodes[1].refused, 0);
    assert_unchanged(&before, 1);
    cluster_kit_run(&kit, 2 * SECOND);
    cr_assert_eq(kit.nodes[1].refused, 1, "R1: never acknowledged and then dropped in silence");
    cr_assert_eq(kit.nodes[1].refused_code, REFUSAL_WAITED);
    cr_assert_gt(kit.nodes[1].retry_after_ms, 0);
    before.commands = before.bytes = 0; /* It has left the pool, and that is all. */
    assert_unchanged(&before, 1);
    cr_assert_eq(status_of(1).timeout_view, -1, "J8");
    cr_assert(cluster_kit_quiet(&kit, SECOND));
    cr_assert_eq(kit.nodes[0].executed, 0);
    cluster_kit_close(&kit);
}

static void request_of_client(uint32_t node, uint32_t client, uint32_t account, uint64_t nonce)
{
    static uint8_t bytes[APP_KIT_COMMAND_BYTES_MAX];
    uint64_t until_ms = kit.wall_ms + kit.now_ns / 1000000 + 300000;
    size_t size = app_kit_make(&(struct app_kit_command){ .account = account, .nonce = nonce, .valid_until_ms = until_ms }, bytes);

    cluster_kit_step(&kit, node, &(struct event){ .kind = EVENT_REQUEST, .request = { 1 + account, { client, client }, bytes_of(bytes, size) } });
}

/* A step tells 256 answers and asks to be called again at once; nobody is forgotten and no other event is needed. */
Test(refusal, of_more_commands_than_a_step_tells_reaches_every_client)
{
    enum { COMMANDS = 400 };

    cluster_kit_start(&kit, 4, 0);
    for (uint32_t i = 0; i < COMMANDS; i++) {
        request_of_client(1, i / 32, 1 + i, 2); /* Number 1 never comes. */
    }
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(kit.nodes[1].admitted, COMMANDS);
    cluster_kit_run(&kit, 28 * SECOND);
    cr_assert_eq(kit.nodes[1].refused, 0);
    cluster_kit_run(&kit, SECOND + SECOND / 2); /* All of them are over at the same moment. */
    cr_assert_eq(kit.nodes[1].refused, COMMANDS, "R1: each is answered");
    cr_assert(cluster_kit_quiet(&kit, SECOND));
    cluster_kit_close(&kit);
}
