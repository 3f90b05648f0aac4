/* replica_test.c: the protocol as stories of a few replicas. Rule numbers are those of docs/protocol.md. */
#include "consensus/replica.h"

#include "consensus/replica_priv.h"

#include "tests/consensus/cluster_kit.h"
#include "tests/wire/message_kit.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>

#define SECOND UINT64_C(1000000000)

static struct cluster_kit kit;

static uint32_t committed_commands(uint32_t node)
{
    uint32_t sum = 0;

    for (uint64_t height = 1; height <= kit.nodes[node].executed; height++) {
        sum += kit.nodes[node].commands[height];
    }
    return sum;
}

/* sum_sent counts messages between replicas, but for checkpoints and client traffic. */
static uint64_t sum_sent(void)
{
    uint64_t sum = 0;

    for (unsigned type = MESSAGE_PROPOSE; type <= MESSAGE_ABDICATE; type++) {
        sum += kit.sent[type];
    }
    return sum;
}

Test(replica, what_is_searched_is_the_pool_at_the_end_of_its_memory)
{
    cluster_kit_start(&kit, 4, 5000);
    uint8_t *memory = (uint8_t *)(((uintptr_t)kit.nodes[0].memory + 63) & ~(uintptr_t)63); /* as the kit aligns it */
    struct bytes part = replica_searched(memory, &kit.nodes[0].replica->config);
    const uint8_t *pool = (const uint8_t *)kit.nodes[0].replica->pool;
    cr_assert_eq(part.data, pool, "it begins with the pool itself");
    cr_assert_eq(part.data + part.size, memory + replica_footprint(&kit.nodes[0].replica->config));
    cluster_kit_close(&kit);
}

Test(replica, fresh_cluster_is_silent)
{
    cluster_kit_start(&kit, 4, 5000);
    cr_assert(cluster_kit_quiet(&kit, 20 * SECOND), "J4, N5: without work there is no deadline");
    cr_assert_eq(cluster_kit_agree(&kit), 0);
    cr_assert_eq(sum_sent(), 0);
    cluster_kit_close(&kit);
}

Test(replica, isolated_command_commits_and_falls_silent)
{
    const uint32_t sizes[] = { 4, 5, 6, 7, 10 };

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t n = sizes[i];
        cluster_kit_start(&kit, n, 5000);
        cluster_kit_quiet(&kit, SECOND);
        cluster_kit_request(&kit, 0, 1, 1);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
        cr_assert_eq(cluster_kit_agree(&kit), 1);
        cr_assert_eq(sum_sent(), 5 * (n - 1), "N1: %llu messages for an isolated block of %u", (unsigned long long)sum_sent(), n);
        cr_assert_eq(kit.nodes[0].admitted, 1);
        cluster_kit_close(&kit);
    }
}

Test(replica, large_cluster_commits_and_survives_its_leader)
{
    const uint32_t sizes[] = { 31, 100 };

    for (unsigned i = 0; i < (is_brief() ? 1 : sizeof sizes / sizeof sizes[0]); i++) {
        uint32_t n = sizes[i];
        cluster_kit_start(&kit, n, 0);
        cluster_kit_quiet(&kit, SECOND);
        cluster_kit_request(&kit, 3, 1, 1);
        cluster_kit_run(&kit, 100000000);
        cr_assert_eq(cluster_kit_agree(&kit), 1, "%u members", n);
        cr_assert_eq(sum_sent(), 5 * (n - 1), "N1");
        cluster_kit_crash(&kit, 0);
        cluster_kit_request(&kit, 5, 1, 2);
        cluster_kit_run(&kit, 4 * SECOND);
        cr_assert_eq(cluster_kit_agree(&kit), 2, "J2: %u members", n);
        cluster_kit_close(&kit);
    }
}

Test(replica, command_at_a_follower_reaches_the_leader)
{
    cluster_kit_start(&kit, 4, 0);
    cluster_kit_request(&kit, 2, 5, 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 1);
    cr_assert_eq(kit.nodes[2].admitted, 1);
    cluster_kit_close(&kit);
}

Test(replica, chained_blocks_cost_two_messages_per_member)
{
    cluster_kit_start(&kit, 4, 1000);
    for (uint32_t i = 1; i <= 200; i++) {
        cluster_kit_request(&kit, i % 4, i % 50, 1 + (i - 1) / 50);
        cluster_kit_run(&kit, 300000);
    }
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    uint64_t blocks = cluster_kit_agree(&kit);
    cr_assert_geq(blocks, 10);
    cr_assert_leq(sum_sent(), blocks * 6 + 9, "N1: 2 (n - 1) for a chained block, 3 (n - 1) more for the last: %llu for %llu blocks", (unsigned long long)sum_sent(),
                  (unsigned long long)blocks);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(committed_commands(i), 200);
        const struct replica_counters *counters = replica_counters(kit.nodes[i].replica);
        cr_assert_leq(counters->appends_urgent, blocks + 2, "N2: one durable append for a chained block");
        cr_assert_eq(counters->view_changes[CAUSE_REQUEST], 0);
    }
    cluster_kit_close(&kit);
}

Test(replica, crashed_leader_is_replaced_and_comes_back)
{
    cluster_kit_start(&kit, 4, 5000);
    cluster_kit_request(&kit, 1, 1, 1);
    cluster_kit_quiet(&kit, 60 * SECOND);
    cluster_kit_crash(&kit, 0);
    cluster_kit_request(&kit, 2, 1, 2);
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(cluster_kit_agree(&kit), 2, "J2: another leads");
    cluster_kit_restart(&kit, 0);
    cr_assert(cluster_kit_quiet(&kit, 120 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 2, "J6: it catches up");
    cluster_kit_request(&kit, 0, 1, 3);
    cr_assert(cluster_kit_quiet(&kit, 120 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 3);
    cluster_kit_close(&kit);
}

Test(replica, all_restart_and_go_on)
{
    cluster_kit_start(&kit, 4, 5000);
    for (uint32_t i = 1; i <= 5; i++) {
        cluster_kit_request(&kit, 1, i, 1);
        cluster_kit_quiet(&kit, 60 * SECOND);
    }
    for (uint32_t i = 0; i < 4; i++) {
        cluster_kit_crash(&kit, i);
    }
    for (uint32_t i = 0; i < 4; i++) {
        cluster_kit_restart(&kit, i);
    }
    cr_assert(cluster_kit_quiet(&kit, 120 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 5, "J5, I2");
    cluster_kit_request(&kit, 2, 1, 2);
    cr_assert(cluster_kit_quiet(&kit, 120 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 6);
    cluster_kit_close(&kit);
}

Test(replica, vote_that_waited_for_the_log_is_sent_again_after_a_crash)
{
    cluster_kit_start(&kit, 4, 0);
    for (uint32_t i = 1; i < 4; i++) {
        kit.nodes[i].disk_stands = true;
    }
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 10000000);
    cr_assert_eq(cluster_kit_agree(&kit), 0);
    for (uint32_t i = 1; i < 4; i++) {
        kit.nodes[i].disk_stands = false;
        cluster_kit_crash(&kit, i);
    }
    for (uint32_t i = 1; i < 4; i++) {
        cluster_kit_restart(&kit, i);
    }
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(cluster_kit_agree(&kit), 1, "T7");
    cluster_kit_close(&kit);
}

Test(replica, minority_that_was_cut_off_catches_up)
{
    cluster_kit_start(&kit, 4, 1000);
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = true;
    }
    for (uint32_t i = 1; i <= 60; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 20000000);
    }
    cr_assert_eq(kit.nodes[3].executed, 0);
    cr_assert_geq(kit.nodes[0].executed, 20);
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = false;
        cluster_kit_step(&kit, i, &(struct event){ .kind = EVENT_LINK, .link = { 3, true } });
        cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_LINK, .link = { i, true } });
    }
    cr_assert(cluster_kit_quiet(&kit, 120 * SECOND));
    cr_assert_eq(kit.nodes[3].executed, kit.nodes[0].executed, "S1, J6");
    cluster_kit_agree(&kit);
    cluster_kit_close(&kit);
}

static bool drop_bundles(const struct cluster_message *message)
{
    return message->type == MESSAGE_BUNDLE;
}

Test(replica, lagging_replica_catches_up_while_the_chain_runs_at_full_speed)
{
    cluster_kit_start(&kit, 4, 0);
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = true;
    }
    for (uint32_t i = 1; i <= 100; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 2000000);
    }
    uint64_t behind = kit.nodes[0].executed - kit.nodes[3].executed;
    cr_assert_geq(behind, 50);
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = false;
        cluster_kit_step(&kit, i, &(struct event){ .kind = EVENT_LINK, .link = { 3, true } });
        cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_LINK, .link = { i, true } });
    }
    /* Bundles are lost until all its room is taken by proposals that it cannot link. */
    for (uint32_t i = 101; i <= 600; i++) { /* There is always something for the next block. */
        kit.drop = i < 200 ? drop_bundles : NULL;
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 400000);
    }
    cr_assert_geq(kit.nodes[3].executed + 20, kit.nodes[0].executed, "J6: %lu of %lu", (unsigned long)kit.nodes[3].executed, (unsigned long)kit.nodes[0].executed);
    cluster_kit_agree(&kit);
    cluster_kit_close(&kit);
}

static bool drop_proposals(const struct cluster_message *message)
{
    return message->from == 0 && message->type == MESSAGE_PROPOSE;
}

Test(replica, silent_leader_is_deposed_by_a_request_that_one_replica_knows)
{
    cluster_kit_start(&kit, 4, 5000);
    kit.drop = drop_proposals;
    cluster_kit_request(&kit, 3, 1, 1);
    cluster_kit_run(&kit, 3 * SECOND);
    cr_assert_geq(kit.nodes[3].executed, 1, "Q2, J1");
    kit.drop = NULL;
    cr_assert(cluster_kit_quiet(&kit, 120 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), kit.nodes[3].executed);
    cluster_kit_close(&kit);
}

static bool drop_votes(const struct cluster_message *message)
{
    return message->type == MESSAGE_VOTE;
}

Test(replica, commands_of_an_abandoned_block_go_into_the_next_one)
{
    cluster_kit_start(&kit, 4, 20000);
    kit.drop = drop_votes;
    for (uint32_t i = 1; i <= 18; i++) {
        cluster_kit_request(&kit, i % 3 + 1, i, 1);
    }
    cluster_kit_run(&kit, 60000000);
    cr_assert_eq(replica_counters(kit.nodes[3].replica)->marks[MARK_VOTED], 1);
    cluster_kit_crash(&kit, 0);
    kit.drop = NULL;
    cluster_kit_run(&kit, 3 * SECOND);
    cr_assert_eq(committed_commands(1), 18, "J2: the first proposal died with its view: %u", committed_commands(1));
    cluster_kit_close(&kit);
}

Test(replica, leader_that_drains_hands_over_without_a_timer)
{
    cluster_kit_start(&kit, 4, 5000);
    cluster_kit_request(&kit, 1, 1, 1);
    cluster_kit_quiet(&kit, 60 * SECOND);
    uint64_t before = kit.now_ns;
    cluster_kit_step(&kit, 0, &(struct event){ .kind = EVENT_DRAIN });
    cluster_kit_run(&kit, 20000000);
    cr_assert_eq(kit.nodes[0].drained, 1, "T4");
    struct replica_status status;
    replica_status(kit.nodes[1].replica, &status);
    cr_assert_eq(status.view, 1);
    cr_assert(status.leads);
    cr_assert_leq(kit.now_ns - before, 30000000);
    cluster_kit_close(&kit);
}

Test(replica, read_waits_for_what_a_quorum_knows)
{
    cluster_kit_start(&kit, 4, 5000);
    cluster_kit_request(&kit, 1, 1, 1);
    cluster_kit_quiet(&kit, 60 * SECOND);
    cluster_kit_step(&kit, 2, &(struct event){ .kind = EVENT_READ, .read = { 77 } });
    cluster_kit_run(&kit, 10000000);
    cr_assert(kit.nodes[2].read.done);
    cr_assert(kit.nodes[2].read.ok, "Q5");
    cr_assert_eq(kit.nodes[2].read.height, 1);
    cluster_kit_close(&kit);
}

/* Under load a replica executes one block while the next one commits: what counts is what was committed when the quorum had answered. */
Test(replica, read_does_not_wait_for_what_came_after_it)
{
    cluster_kit_start(&kit, 4, 5000);
    kit.nodes[2].lags = true;
    cluster_kit_request(&kit, 1, 1, 1);
    cluster_kit_quiet(&kit, 60 * SECOND);
    cluster_kit_step(&kit, 2, &(struct event){ .kind = EVENT_READ, .read = { 79 } });
    cluster_kit_run(&kit, 10000000);
    cr_assert_not(kit.nodes[2].read.done, "Q5: block 1 is not executed here");
    cluster_kit_request(&kit, 1, 2, 1);
    cluster_kit_run(&kit, 20000000);
    cr_assert(kit.nodes[2].read.done);
    cr_assert(kit.nodes[2].read.ok, "Q5");
    cr_assert_eq(kit.nodes[2].read.height, 1);
    cluster_kit_close(&kit);
}

Test(replica, cut_off_replica_never_completes_a_read)
{
    cluster_kit_start(&kit, 4, 5000);
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = true;
    }
    cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_READ, .read = { 78 } });
    cluster_kit_run(&kit, 60 * SECOND);
    cr_assert(kit.nodes[3].read.done);
    cr_assert_not(kit.nodes[3].read.ok, "Q5");
    cluster_kit_close(&kit);
}

Test(replica, every_height_is_proved_to_whoever_asks)
{
    struct commit_proof proof;

    cluster_kit_start(&kit, 4, 0);
    for (uint32_t i = 1; i <= 300; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 20000000);
    }
    cluster_kit_quiet(&kit, 60 * SECOND);
    uint64_t top = cluster_kit_agree(&kit);
    cr_assert_geq(top, 290);
    for (uint64_t height = 1; height <= top; height += 7) {
        struct cluster_node *node = &kit.nodes[height % 4];
        struct reader reader;
        node->proof.done = false;
        cluster_kit_step(&kit, (uint32_t)(height % 4), &(struct event){ .kind = EVENT_PROVE, .prove = { 5, height } });
        cr_assert(node->proof.done);
        cr_assert(node->proof.ok, "R5: height %llu", (unsigned long long)height);
        reader_init(&reader, node->proof.bytes, node->proof.size);
        cr_assert_eq(commit_proof_decode(&proof, &reader), VERDICT_OK);
        cr_assert_eq(commit_proof_check(&proof, &kit.config, height, &node->chain[height]), VERDICT_OK);
    }
    cluster_kit_close(&kit);
}

Test(replica, silence_ends_with_a_certified_checkpoint_of_the_tip)
{
    cluster_kit_start(&kit, 4, 5000);
    cluster_kit_request(&kit, 1, 1, 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    for (uint32_t i = 0; i < 4; i++) {
        const struct checkpoint_cert *cert = replica_checkpoint(kit.nodes[i].replica);
        cr_assert_not_null(cert, "K1");
        cr_assert_eq(cert->checkpoint.height, 1);
    }
    cluster_kit_close(&kit);
}

Test(replica, whose_state_is_not_the_certified_one_halts_and_the_others_go_on_I13)
{
    cluster_kit_start(&kit, 4, 5000);
    kit.nodes[3].strays = true;
    cluster_kit_request(&kit, 1, 1, 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(kit.nodes[i].halted, i == 3, "K1, I13: r%u", i);
    }
    uint64_t votes = replica_counters(kit.nodes[3].replica)->sent[MESSAGE_VOTE];
    cluster_kit_request(&kit, 1, 1, 2);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(kit.nodes[0].executed, 2);
    cr_assert_eq(kit.nodes[3].executed, 1, "I13");
    cr_assert_eq(replica_counters(kit.nodes[3].replica)->sent[MESSAGE_VOTE], votes, "it keeps its data and says nothing more");
    cluster_kit_close(&kit);
}

static bool certificates_alone_to_r3(const struct cluster_message *message) { return message->to == 3 && message->type != MESSAGE_CKPT_CERT; }
static bool nothing_to_r3(const struct cluster_message *message) { return message->to == 3; }
static bool no_certificate_to_r3(const struct cluster_message *message) { return message->to == 3 && message->type == MESSAGE_CKPT_CERT; }

/* Seed 7200078: the certificate of a tip was here before its block, and the block came in the middle of a chain, where no checkpoint is due. */
Test(replica, whose_state_is_not_the_one_certified_before_it_was_executed_halts_I13)
{
    for (uint32_t strays = 0; strays < 2; strays++) {
        cluster_kit_start(&kit, 4, 5000);
        kit.nodes[3].strays = strays == 1;
        kit.drop = certificates_alone_to_r3;
        cluster_kit_request(&kit, 1, 1, 1);
        cluster_kit_run(&kit, 20 * SECOND);
        cr_assert_eq(replica_checkpoint(kit.nodes[3].replica)->checkpoint.height, 1, "K1: it has the certificate, and not the block");
        kit.drop = nothing_to_r3;
        for (uint64_t nonce = 2; nonce < 5; nonce++) {
            cluster_kit_request(&kit, 1, 1, nonce);
            cluster_kit_run(&kit, SECOND);
        }
        kit.drop = no_certificate_to_r3;
        cluster_kit_request(&kit, 1, 1, 5);
        cluster_kit_run(&kit, 30 * SECOND);
        cr_assert_eq(kit.nodes[0].executed, 5);
        cr_assert_eq(kit.nodes[3].halted, strays, "K1, I13");
        cr_assert_geq(kit.nodes[3].executed, strays == 1 ? 1 : 5);
        cluster_kit_close(&kit);
    }
}

static bool no_ckpt_of_r2_and_r3(const struct cluster_message *message) { return message->type == MESSAGE_CKPT && message->from >= 2; }

/* No statement of r2 arrives, and of those of r3 what it signed itself does not: the second half of such a signature is the same byte again and again. */
static bool lies_of_r3(const struct cluster_message *message)
{
    return message->type == MESSAGE_CKPT && (message->from == 2 || (message->from == 3 && message->body[32] == 0x5a));
}

/* lie lets r3 send a statement that equals those of the others, under a signature that is none. */
static void lie(uint8_t number)
{
    static struct message ckpt;
    struct hash32 root = hash_plain(&kit.nodes[0].chain[1], 32);

    ckpt.type = MESSAGE_CKPT;
    memset(ckpt.ckpt.signature, number, sizeof ckpt.ckpt.signature);
    ckpt.ckpt.checkpoint = (struct checkpoint){ .height = 1, .block = kit.nodes[0].chain[1], .state_root = root, .receipts_root = hash_plain(&root, 32),
        .config_hash = config_hash(&kit.config) };
    cluster_kit_inject(&kit, 3, 0, &ckpt);
    cluster_kit_run(&kit, SECOND / 100);
}

Test(replica, bad_statement_of_a_checkpoint_costs_one_check_and_not_a_quorum_of_them)
{
    const struct replica_counters *counters;

    cluster_kit_start(&kit, 4, 5000);
    kit.drop = no_ckpt_of_r2_and_r3;
    cluster_kit_request(&kit, 1, 1, 1);
    cluster_kit_run(&kit, 20 * SECOND);
    cr_assert_null(replica_checkpoint(kit.nodes[0].replica), "two of four state it");
    kit.drop = lies_of_r3;
    counters = replica_counters(kit.nodes[0].replica);
    uint64_t checks = counters->signature_checks;
    for (uint8_t i = 0; i < 10; i++) {
        lie(i);
    }
    cr_assert_eq(counters->signatures_bad, 10);
    cr_assert_eq(counters->signature_checks - checks, 12, "two good ones once, and ten bad ones: %llu", (unsigned long long)(counters->signature_checks - checks));
    kit.drop = NULL;
    cluster_kit_run(&kit, 20 * SECOND); /* The leader asks again. */
    cr_assert_not_null(replica_checkpoint(kit.nodes[0].replica), "K1: what was good counts still");
    cr_assert_leq(counters->signature_checks - checks, 14);
    cluster_kit_close(&kit);
}
