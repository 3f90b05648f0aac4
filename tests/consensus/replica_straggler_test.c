/* replica_straggler_test.c: who heard nothing of the newest block of a silent chain is asked where it stands, a few times; where nobody lags nothing is said (K1, Q1, J6). */
#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static struct cluster_kit kit;
static uint32_t asked, answers;

/* Every block is a checkpoint block, so its certificate comes at once and the tip needs not be asked for. */
static void set(struct config_limits *limits)
{
    limits->batch_us = 0;
    limits->checkpoint_blocks = 1;
}

static bool nothing_to_3(const struct cluster_message *message) { return message->to == 3; }

static bool nothing_from_3(const struct cluster_message *message)
{
    asked += message->to == 3 && message->type == MESSAGE_HELLO;
    answers += message->to == 3 && message->type == MESSAGE_ANSWER;
    return message->from == 3;
}

static void start(uint32_t members)
{
    cluster_kit_start_with(&kit, members, set);
    cr_assert(cluster_kit_quiet(&kit, SECOND));
    cluster_kit_request(&kit, 0, 1, 1);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    asked = answers = 0;
}

/* Seed 9604128: one side of the network was not heard by the other for half a second, in which the last block was made; no link ended. */
Test(replica_straggler, who_heard_nothing_of_the_newest_block_has_it_though_nobody_asks_for_anything_J6)
{
    start(4);
    kit.drop = nothing_to_3;
    cluster_kit_request(&kit, 0, 1, 2);
    cluster_kit_run(&kit, 100 * MS);
    cr_assert_eq(kit.nodes[0].executed, 2);
    cr_assert_eq(kit.nodes[3].executed, 1);
    kit.drop = NULL;
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(kit.nodes[3].executed, 2, "J6");
    cluster_kit_close(&kit);
}

/* The quorum is smaller than the cluster: the statements that make no certificate count here. */
Test(replica_straggler, where_all_have_stated_the_newest_block_nothing_is_said_Q1)
{
    for (uint32_t members = 4; members <= 7; members++) {
        start(members);
        uint64_t hellos = kit.sent[MESSAGE_HELLO], statements = kit.sent[MESSAGE_CKPT];
        for (uint64_t nonce = 2; nonce < 6; nonce++) {
            cluster_kit_request(&kit, 0, 1, nonce);
            cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
        }
        cr_assert_eq(kit.nodes[members - 1].executed, 5);
        cr_assert_gt(kit.sent[MESSAGE_CKPT], statements);
        cr_assert_eq(kit.sent[MESSAGE_HELLO], hellos, "%u members", members);
        cluster_kit_close(&kit);
    }
}

Test(replica_straggler, who_says_nothing_is_asked_five_times_for_each_newest_block_Q1)
{
    start(4);
    kit.drop = nothing_from_3;
    for (uint64_t nonce = 2; nonce < 4; nonce++) {
        uint64_t from_ns = kit.now_ns;
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND), "J4: and then silence");
        cr_assert_eq(asked, 5 * (nonce - 1), "%u", asked);
        cr_assert_geq(kit.now_ns - from_ns, 31 * 200 * MS, "T7: after twice as long each time");
    }
    cr_assert_eq(answers, 0, "nobody said that it lacks anything");
    cluster_kit_close(&kit);
}

Test(replica_straggler, whose_link_is_down_is_not_asked_and_whose_comes_up_tells_itself)
{
    start(4);
    cluster_kit_crash(&kit, 3);
    uint64_t hellos = kit.sent[MESSAGE_HELLO];
    cluster_kit_request(&kit, 0, 1, 2);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(kit.sent[MESSAGE_HELLO], hellos);
    cluster_kit_restart(&kit, 3);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(kit.nodes[3].executed, 2);
    cr_assert_eq(kit.sent[MESSAGE_HELLO], hellos + 6, "its links: %llu", (unsigned long long)(kit.sent[MESSAGE_HELLO] - hellos));
    cluster_kit_close(&kit);
}
