/* replica_disk_test.c: what a replica does when its own disk is slower than the others' (T10) or nearly full (T9). */
#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static struct cluster_kit kit;

static struct replica_status status_of(uint32_t node)
{
    struct replica_status status;

    replica_status(kit.nodes[node].replica, &status);
    return status;
}

/* load sends one command after the other, each to be committed before the next. */
static void load(uint32_t to, uint64_t first, uint64_t count)
{
    for (uint64_t nonce = first; nonce < first + count; nonce++) {
        cluster_kit_request(&kit, to, 1, nonce);
        cluster_kit_run(&kit, 200 * MS);
    }
}

static void mute(uint32_t node, bool on) { cluster_kit_step(&kit, node, &(struct event){ .kind = EVENT_MUTE, .mute = { on } }); }

Test(replica_disk, a_leader_whose_disk_is_slow_where_others_are_fast_hands_over_and_follows)
{
    cluster_kit_start(&kit, 4, 5000);
    kit.nodes[0].write_ns = 300 * MS;
    load(1, 1, 12);
    cr_assert_geq(status_of(1).view, 1, "T10");
    cr_assert_not(status_of(0).leads);
    cr_assert_eq(kit.nodes[0].executed, kit.nodes[1].executed, "it follows");
    cr_assert_eq(kit.nodes[1].executed, 12);
    uint64_t view = status_of(1).view;
    load(1, 13, 20);
    cr_assert_eq(status_of(1).view, view, "T10: said once, and nobody else is slow");
    cluster_kit_close(&kit);
}

Test(replica_disk, a_slow_disk_deposes_at_most_once_in_ten_minutes)
{
    cluster_kit_start(&kit, 4, 5000);
    kit.nodes[0].write_ns = 300 * MS;
    for (uint64_t round = 0; round < 4; round++) { /* Each of the others hands over in turn until the slow one leads again. */
        load(1, 1 + round * 12, 12);
        while (!status_of(0).leads && round == 1) {
            uint32_t leader = (uint32_t)(status_of(1).view % 4);
            mute(leader, true);
            cluster_kit_run(&kit, SECOND);
            mute(leader, false);
        }
    }
    cr_assert(status_of(0).leads, "T10: the second time within ten minutes it keeps leading");
    cr_assert_eq(kit.nodes[2].executed, 48);
    cluster_kit_close(&kit);
}

static bool fast_enough(uint64_t write_ns)
{
    cluster_kit_start(&kit, 4, 5000);
    kit.nodes[0].write_ns = write_ns;
    load(1, 1, 20);
    bool kept = status_of(1).view == 0 && kit.nodes[1].executed == 20;
    cluster_kit_close(&kit);
    return kept;
}

Test(replica_disk, a_disk_below_the_mark_is_not_slow)
{
    cr_assert(fast_enough(0));
    cr_assert(fast_enough(100 * MS - 1), "T10");
    cr_assert_not(fast_enough(100 * MS), "T10: the mark itself is slow");
}

/* Where a round takes long for everybody the measure is long, and nobody gives up. */
Test(replica_disk, where_all_are_slow_nobody_gives_up)
{
    cluster_kit_start(&kit, 4, 5000);
    for (uint32_t i = 0; i < 4; i++) {
        kit.nodes[i].write_ns = 300 * MS;
        kit.nodes[i].disk_stands = true;
    }
    for (uint64_t nonce = 1; nonce <= 20; nonce++) { /* The disks do nothing for 300 ms, then all that was appended is durable. */
        cluster_kit_request(&kit, 1, 1, nonce);
        for (int round = 0; round < 8; round++) {
            cluster_kit_run(&kit, 150 * MS);
            for (uint32_t i = 0; i < 4; i++) {
                kit.nodes[i].disk_stands = false;
            }
            cluster_kit_run(&kit, 1);
            for (uint32_t i = 0; i < 4; i++) {
                kit.nodes[i].disk_stands = true;
            }
        }
    }
    cr_assert_eq(replica_counters(kit.nodes[0].replica)->marks[MARK_ABDICATED], 0, "T10");
    cluster_kit_close(&kit);
}

Test(replica_disk, a_mute_follower_signs_nothing_but_follows_executes_and_votes_again)
{
    cluster_kit_start(&kit, 4, 5000);
    load(1, 1, 2);
    mute(3, true);
    uint64_t votes = replica_counters(kit.nodes[3].replica)->sent[MESSAGE_VOTE], commits = replica_counters(kit.nodes[3].replica)->sent[MESSAGE_COMMITVOTE];
    load(1, 3, 5);
    cr_assert_eq(replica_counters(kit.nodes[3].replica)->sent[MESSAGE_VOTE], votes, "T9");
    cr_assert_eq(replica_counters(kit.nodes[3].replica)->sent[MESSAGE_COMMITVOTE], commits, "T9");
    cr_assert_eq(kit.nodes[3].executed, 7, "it follows");
    mute(3, false);
    load(1, 8, 2);
    cr_assert_gt(replica_counters(kit.nodes[3].replica)->sent[MESSAGE_VOTE], votes, "T9: and votes again");
    cr_assert_eq(kit.nodes[3].executed, 9);
    cluster_kit_close(&kit);
}

/* The two others that are left gave the view up while it was mute, and say nothing new. */
Test(replica_disk, whoever_may_sign_again_joins_those_that_gave_the_view_up)
{
    cluster_kit_start(&kit, 4, 5000);
    load(1, 1, 2);
    mute(3, true);
    cluster_kit_crash(&kit, 0);
    cluster_kit_request(&kit, 1, 1, 3);
    cluster_kit_run(&kit, 2 * SECOND);
    cr_assert_eq(status_of(1).timeout_view, 0);
    cr_assert_eq(status_of(2).timeout_view, 0);
    cr_assert_eq(status_of(3).timeout_view, -1, "T9");
    mute(3, false);
    cr_assert_eq(status_of(3).timeout_view, 0, "T3: at once, whatever its own timer says");
    cluster_kit_run(&kit, 2 * SECOND);
    cr_assert_eq(kit.nodes[3].executed, 3);
    cluster_kit_close(&kit);
}

Test(replica_disk, a_mute_leader_hands_over_and_is_passed_over_while_it_is_mute)
{
    cluster_kit_start(&kit, 4, 5000);
    load(1, 1, 2);
    mute(0, true);
    load(1, 3, 3);
    cr_assert_eq(status_of(1).view, 1, "T9, T4");
    cr_assert_eq(kit.nodes[1].executed, 5);
    for (uint32_t i = 1; i < 4; i++) { /* The others hand over in turn (T10); view 4 is member 0's again. */
        kit.nodes[i].write_ns = 300 * MS;
        load(1, 6 + (i - 1) * 10, 10);
        kit.nodes[i].write_ns = 0;
    }
    cr_assert_geq(status_of(1).view, 5, "T9: it gave its view up at once");
    cr_assert_eq(kit.nodes[1].executed, 35);
    cr_assert_eq(kit.nodes[0].executed, 35);
    cluster_kit_close(&kit);
}

/* With more than f mute there is no quorum: nothing is committed, nothing contradicts, and it goes on when they may sign again. */
Test(replica_disk, too_many_mute_members_stop_commits_and_lose_nothing)
{
    cluster_kit_start(&kit, 4, 5000);
    load(1, 1, 2);
    mute(2, true);
    mute(3, true);
    load(1, 3, 3);
    cr_assert_eq(kit.nodes[1].executed, 2);
    uint64_t timeouts = replica_counters(kit.nodes[3].replica)->sent[MESSAGE_TIMEOUT];
    cr_assert_eq(timeouts, 0, "T9");
    mute(2, false);
    mute(3, false);
    cluster_kit_run(&kit, 30 * SECOND);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(kit.nodes[i].executed, kit.nodes[0].executed);
    }
    cr_assert_geq(cluster_kit_agree(&kit), 3);
    cr_assert_eq(kit.nodes[1].commands[3] + kit.nodes[1].commands[4] + kit.nodes[1].commands[5], 3, "all that was asked for is committed");
    cluster_kit_close(&kit);
}

static uint32_t votes_of_3;

/* count_votes sees each message as it leaves: a vote of member 3 leaves only when all that it appended is durable. */
static bool count_votes(const struct cluster_message *message)
{
    if (message->from == 3 && message->type == MESSAGE_VOTE) {
        cr_assert_eq(kit.nodes[3].durable, kit.nodes[3].lsn, "V3, I8: the block and the vote are in the log first");
        votes_of_3++;
    }
    return false;
}

static bool log_has_block(const struct cluster_node *node, uint64_t height)
{
    for (uint32_t i = 0; i < node->log_count; i++) {
        if (node->log[i].kind == REPLICA_RECORD_BLOCK && node->log[i].height == height) {
            return true;
        }
    }
    return false;
}

Test(replica_disk, a_vote_leaves_when_its_block_is_held_and_durable_and_not_before)
{
    cluster_kit_start(&kit, 4, 5000);
    load(1, 1, 1);
    votes_of_3 = 0;
    kit.drop = count_votes;
    kit.nodes[3].disk_stands = true;
    load(1, 2, 1);
    cr_assert_eq(kit.nodes[1].executed, 2, "the others are a quorum");
    cr_assert(log_has_block(&kit.nodes[3], 2), "V3: it is held and appended");
    cr_assert_lt(kit.nodes[3].durable, kit.nodes[3].lsn);
    cr_assert_eq(votes_of_3, 0, "V3: and not durable");
    kit.nodes[3].disk_stands = false;
    cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_TIMER });
    cluster_kit_run(&kit, 1);
    cr_assert_eq(votes_of_3, 1, "V3: now it is: %u", votes_of_3);
    cluster_kit_close(&kit);
}
