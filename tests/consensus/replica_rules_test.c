/* replica_rules_test.c: rules that no story of replica_test.c tells: what is asked before a view is given up, how long a term lasts, whom a
 * transfer asks, what claims move, what a block costs in signature checks. */
#include "consensus/replica.h"

#include "tests/consensus/cluster_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>

#define SECOND UINT64_C(1000000000)

static struct cluster_kit kit;
static struct message message;

static struct replica_status status_of(uint32_t node)
{
    struct replica_status status;

    replica_status(kit.nodes[node].replica, &status);
    return status;
}

static bool drop_commitqc_to_3(const struct cluster_message *dropped)
{
    return dropped->to == 3 && dropped->type == MESSAGE_COMMITQC;
}

Test(replica_rules, lagging_replica_asks_before_it_burns_its_vote)
{
    cluster_kit_start(&kit, 4, 0);
    kit.drop = drop_commitqc_to_3;
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 10 * SECOND);
    cr_assert_eq(kit.nodes[3].executed, 1, "T6: an answer to QUERY brings the proof");
    cr_assert_geq(kit.sent[MESSAGE_QUERY], 1);
    cr_assert_eq(status_of(3).timeout_view, -1, "T6: nothing was timed out");
    cr_assert_eq(kit.sent[MESSAGE_TIMEOUT], 0);
    cluster_kit_close(&kit);
}

static void short_term(struct config_limits *limits)
{
    limits->batch_us = 0;
    limits->term_blocks_max = 1000;
}

Test(replica_rules, leader_ends_its_term_after_the_configured_number_of_blocks)
{
    cluster_kit_start_with(&kit, 4, short_term);
    for (uint32_t i = 1; i <= 1003; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 3000000);
        if (i == 900) {
            cr_assert_eq(status_of(0).view, 0, "L6: not before");
        }
    }
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(status_of(2).view, 1, "L6: the next one leads");
    cr_assert_eq(kit.sent[MESSAGE_ABDICATE], 3);
    cr_assert_eq(replica_counters(kit.nodes[2].replica)->view_changes[CAUSE_REQUEST], 0, "nobody had to wait for a timer");
    cr_assert_geq(cluster_kit_agree(&kit), 1001);
    cluster_kit_close(&kit);
}

static bool drop_fetch_to_0(const struct cluster_message *dropped)
{
    return dropped->type == MESSAGE_FETCH && dropped->to == 0;
}

static bool drop_bundles_of_1(const struct cluster_message *dropped)
{
    return dropped->type == MESSAGE_FETCH ? dropped->to == 0 : dropped->type == MESSAGE_BUNDLE && dropped->from == 1;
}

Test(replica_rules, transfer_goes_on_with_the_next_peer_when_one_does_not_answer)
{
    bool (*const drops[])(const struct cluster_message *) = { drop_fetch_to_0, drop_bundles_of_1 };

    for (uint32_t row = 0; row < 2; row++) {
        cluster_kit_start(&kit, 4, 0);
        for (uint32_t i = 0; i < 3; i++) {
            kit.cut[3][i] = kit.cut[i][3] = true;
        }
        for (uint32_t i = 1; i <= 30; i++) {
            cluster_kit_request(&kit, 0, i, 1);
            cluster_kit_run(&kit, 20000000);
        }
        for (uint32_t i = 0; i < 3; i++) {
            kit.cut[3][i] = kit.cut[i][3] = false;
            cluster_kit_step(&kit, i, &(struct event){ .kind = EVENT_LINK, .link = { 3, true } });
            cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_LINK, .link = { i, true } });
        }
        kit.drop = drops[row];
        cluster_kit_run(&kit, 30 * SECOND);
        cr_assert_eq(kit.nodes[3].executed, kit.nodes[0].executed, "S2: row %u", row);
        cluster_kit_close(&kit);
    }
}

Test(replica_rules, claim_without_proof_moves_nobody)
{
    cluster_kit_start(&kit, 4, 0);
    cr_assert(cluster_kit_quiet(&kit, 10 * SECOND));
    message.type = MESSAGE_HELLO;
    message.hello = (struct message_hello){ .committed_height = 1000000, .view = 900, .high = { 900, 1000001 } };
    uint64_t before = 0, after = 0;
    for (unsigned type = 0; type < MESSAGE_TYPE_END; type++) {
        before += kit.sent[type];
    }
    cluster_kit_inject(&kit, 3, 1, &message);
    message.type = MESSAGE_QUERY;
    message.query = (struct message_query){ .committed_height = 1000000, .view = 900, .high = { 900, 1000001 }, .cause = CAUSE_CERTIFICATE };
    cluster_kit_inject(&kit, 3, 1, &message);
    cluster_kit_run(&kit, SECOND);
    for (unsigned type = 0; type < MESSAGE_TYPE_END; type++) {
        after += kit.sent[type];
    }
    cr_assert_eq(after, before + 2, "S4: nothing is sent but what was put in: %llu", (unsigned long long)(after - before));
    cr_assert_eq(replica_deadline_ns(kit.nodes[1].replica), UINT64_MAX, "S4: nothing is waited for");
    cr_assert_eq(status_of(1).view, 0);
    cluster_kit_close(&kit);
}

Test(replica_rules, block_costs_the_leader_q_minus_1_checks_and_a_follower_one_certificate)
{
    const uint32_t commands = 100, quorum = 3;

    cluster_kit_start(&kit, 4, 0);
    for (uint32_t i = 1; i <= commands; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        if (i % 4 == 0) {
            cluster_kit_run(&kit, 300000);
        }
    }
    cluster_kit_run(&kit, 20000000);
    uint64_t blocks = cluster_kit_agree(&kit);
    cr_assert_geq(blocks, 5);
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t checks = replica_counters(kit.nodes[i].replica)->signature_checks - commands;
        uint64_t each = i == 0 ? quorum - 1 : quorum;
        uint64_t rounds = kit.sent[MESSAGE_COMMITQC] / 3; /* of the end of each burst */
        cr_assert_leq(checks, blocks * each + rounds * quorum * 2, "N3: member %u: %llu for %llu blocks and %llu rounds", i, (unsigned long long)checks,
                      (unsigned long long)blocks, (unsigned long long)rounds);
    }
    cluster_kit_close(&kit);
}

static bool drop_forwards_to_0(const struct cluster_message *dropped)
{
    return dropped->type == MESSAGE_FORWARD && dropped->to == 0;
}

/* The leader never takes up what member 3 forwards, while blocks with room are committed all the time. */
Test(replica_rules, leader_that_passes_one_request_over_is_replaced)
{
    cluster_kit_start(&kit, 4, 0);
    kit.drop = drop_forwards_to_0;
    cluster_kit_request(&kit, 3, 900, 1);
    for (uint32_t i = 1; i <= 200; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 5000000);
    }
    cr_assert_geq(status_of(1).view, 1, "Q4");
    cr_assert_eq(kit.nodes[1].app->accounts[900].nonce, 1, "Q4: the next one takes it up");
    cr_assert_gt(kit.nodes[1].executed, 10);
    cluster_kit_close(&kit);
}

/* All wait alike: blocks are full, and everybody has his part of them. */
Test(replica_rules, overload_alone_deposes_nobody)
{
    uint64_t next[4] = { 0 };

    cluster_kit_start(&kit, 4, 0);
    for (uint32_t round = 0; round < 150; round++) {
        for (uint32_t i = 0; i < 40; i++) {
            uint32_t node = i % 4; /* each hospital sends through its own replica */
            cluster_kit_request(&kit, node, 4 * (uint32_t)(next[node] % 900) + node, 1 + next[node] / 900);
            next[node]++;
        }
        cluster_kit_run(&kit, 2000000);
    }
    cr_assert_eq(status_of(1).view, 0, "Q4, J3");
    cr_assert_eq(kit.sent[MESSAGE_TIMEOUT], 0);
    cluster_kit_agree(&kit);
    cluster_kit_close(&kit);
}
