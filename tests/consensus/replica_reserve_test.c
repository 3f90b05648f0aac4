/* replica_reserve_test.c: reserves at work (P1): they follow certificates, hedge when none comes, and no quorum needs to know who they are. */
#include "consensus/replica_priv.h"

#include "tests/consensus/cluster_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static struct cluster_kit kit;
static struct message message;

static const struct replica_counters *counters(uint32_t node)
{
    return replica_counters(kit.nodes[node].replica);
}

static struct replica_status status_of(uint32_t node)
{
    struct replica_status status;

    replica_status(kit.nodes[node].replica, &status);
    return status;
}

/* burst hands commands of `count` accounts to node 0, a few per block. */
static void burst(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        if (i % 4 == 0) {
            cluster_kit_run(&kit, 300000);
        }
    }
}

Test(replica_reserve, follows_certificates_and_checks_no_client_signature)
{
    const uint32_t commands = 100;

    cluster_kit_start_reserves(&kit, 4, 0);
    burst(1, commands);
    cluster_kit_run(&kit, 20 * MS);
    uint64_t blocks = cluster_kit_agree(&kit);
    cr_assert_geq(blocks, 5);
    cr_assert_eq(kit.nodes[3].executed, blocks, "P1: it commits like the others");
    cr_assert_geq(counters(3)->proposals_held, blocks);
    cr_assert_eq(counters(3)->hedges, 0, "P1");
    cr_assert_eq(counters(3)->marks[MARK_VOTED], 0, "P1: q votes are enough");
    uint64_t rounds = kit.sent[MESSAGE_COMMITQC] / 3; /* at the end of each burst */
    cr_assert_leq(counters(3)->signature_checks, 3 * (blocks + rounds), "P1, V5: certificates alone: %llu", (unsigned long long)counters(3)->signature_checks);
    cr_assert_lt(counters(3)->signature_checks, counters(1)->signature_checks);
    cr_assert_geq(counters(1)->signature_checks, commands, "V5: those on duty check each command");
    cr_assert_geq(counters(2)->signature_checks, commands);
    cr_assert_leq(kit.sent[MESSAGE_VOTE], 2 * (blocks + 1), "P1: q - 1 votes for each block");
    cluster_kit_close(&kit);
}

Test(replica_reserve, appends_what_it_follows_without_a_flush_of_its_own)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    burst(1, 100);
    uint64_t urgent = counters(3)->appends_urgent, committed = kit.nodes[3].executed;
    cr_assert_geq(committed, 5);
    cr_assert_leq(urgent, 2 + counters(3)->marks[MARK_COMMITVOTED], "P1: its blocks ride with the next batch");
    cr_assert_geq(counters(3)->appends, committed, "P1: each is in its log all the same");
    cluster_kit_run(&kit, 20 * MS);
    cr_assert_eq(counters(3)->marks[MARK_VOTED], 0, "it voted for none");
    cr_assert_eq(kit.nodes[3].state.committed_height, cluster_kit_agree(&kit), "C4: what its log says of itself holds the last block too");
    cluster_kit_close(&kit);
}

static bool drop_votes_of_1(const struct cluster_message *dropped)
{
    return dropped->from == 1 && dropped->type == MESSAGE_VOTE;
}

Test(replica_reserve, votes_when_no_certificate_comes_and_is_called_up_by_its_second_hedge)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    kit.drop = drop_votes_of_1;
    for (uint32_t i = 1; i <= 20; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 60 * MS);
    }
    cr_assert_eq(cluster_kit_agree(&kit), 20, "P1: any q may vote");
    cr_assert_eq(counters(3)->hedges, 2, "P1: then it is on duty: %llu", (unsigned long long)counters(3)->hedges);
    cr_assert_eq(counters(3)->marks[MARK_VOTED], 20);
    cr_assert_eq(kit.sent[MESSAGE_TIMEOUT], 0, "P1: no view is lost");
    cr_assert_eq(status_of(0).view, 0);
    cluster_kit_close(&kit);
}

Test(replica_reserve, holds_back_again_when_its_term_is_over)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    kit.drop = drop_votes_of_1;
    for (uint32_t i = 1; i <= 3; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 60 * MS);
    }
    cr_assert_eq(counters(3)->hedges, 2);
    kit.drop = NULL;
    uint64_t held = counters(3)->proposals_held;
    for (uint32_t i = 4; i <= DUTY_TERM_MIN; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 5 * MS);
    }
    cr_assert_eq(counters(3)->proposals_held, held, "P1: on duty");
    for (uint32_t i = DUTY_TERM_MIN + 1; i <= DUTY_TERM_MIN + 20; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 5 * MS);
    }
    cr_assert_geq(counters(3)->proposals_held, held + 15, "P1: %llu", (unsigned long long)counters(3)->proposals_held);
    cr_assert_eq(counters(3)->hedges, 2);
    cluster_kit_close(&kit);
}

Test(replica_reserve, waits_2_ms_for_a_certificate_where_the_leader_is_fast)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    burst(1, 12); /* The leader learns how fast it is. */
    cluster_kit_run(&kit, 10 * MS);
    uint64_t before = kit.nodes[0].executed;
    kit.drop = drop_votes_of_1;
    cluster_kit_request(&kit, 0, 50, 1);
    cluster_kit_run(&kit, 2 * MS - 1000);
    cr_assert_eq(counters(3)->hedges, 0);
    cr_assert_eq(kit.nodes[0].executed, before, "q - 1 votes certify nothing");
    cluster_kit_run(&kit, MS);
    cr_assert_eq(counters(3)->hedges, 1, "P1");
    cr_assert_eq(kit.nodes[0].executed, before + 1);
    cluster_kit_close(&kit);
}

static void state_long_pace(struct cluster_message *tampered)
{
    if (tampered->type != MESSAGE_PROPOSE) {
        return;
    }
    cr_assert_eq(message_decode(&message, tampered->type, bytes_of(tampered->body, tampered->size)), VERDICT_OK);
    if (!message.propose.opening) {
        memset(tampered->body + tampered->size - message.propose.body.size - 8, 0xff, 4);
    }
}

Test(replica_reserve, waits_no_longer_than_a_quarter_of_the_base_timer_whatever_the_leader_states)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    kit.drop = drop_votes_of_1;
    kit.tamper = state_long_pace;
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 49 * MS);
    cr_assert_eq(counters(3)->hedges, 0, "the leader says that certificates take for ever");
    cluster_kit_run(&kit, 2 * MS);
    cr_assert_eq(counters(3)->hedges, 1, "P1: tau_0 / 4");
    cr_assert_eq(kit.nodes[0].executed, 1);
    cr_assert_eq(kit.sent[MESSAGE_TIMEOUT], 0);
    cluster_kit_close(&kit);
}

Test(replica_reserve, is_told_the_certificate_alone_when_no_proposal_follows)
{
    cluster_kit_start_reserves(&kit, 4, 50000); /* The commit round waits T; a reserve would not. */
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 75 * MS);
    cr_assert_eq(kit.sent[MESSAGE_QC], 1, "P1: to the one reserve");
    cr_assert_eq(kit.sent[MESSAGE_CERT], 0, "L2: it is not time to ask yet");
    cr_assert_eq(counters(3)->marks[MARK_COMMITVOTED], 0, "P1: nothing was asked");
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(cluster_kit_agree(&kit), 1);
    cr_assert_eq(counters(3)->hedges, 0, "P1");
    cr_assert_eq(counters(3)->marks[MARK_COMMITVOTED], 1, "P1: commit votes are never held");
    cluster_kit_close(&kit);
}

Test(replica_reserve, never_holds_the_vote_for_an_opening)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    burst(1, 20);
    cluster_kit_crash(&kit, 0);
    cluster_kit_request(&kit, 1, 50, 1);
    cluster_kit_run(&kit, 3 * SECOND);
    cr_assert_eq(status_of(1).view, 1);
    for (uint32_t i = 1; i < 4; i++) {
        cr_assert_geq(counters(i)->marks[MARK_VOTED], 1, "P1: openings are voted for at once");
        cr_assert_eq(kit.nodes[i].executed, kit.nodes[1].executed);
    }
    cluster_kit_request(&kit, 1, 51, 1);
    cluster_kit_run(&kit, SECOND);
    cr_assert_geq(kit.nodes[3].executed, 7);
    cr_assert_eq(kit.sent[MESSAGE_TIMEOUT], 9, "one view change, no more: %llu", (unsigned long long)kit.sent[MESSAGE_TIMEOUT]);
    cluster_kit_close(&kit);
}

Test(replica_reserve, replica_that_does_not_hold_lives_with_those_that_do)
{
    cluster_kit_start_reserves(&kit, 7, 0);
    cluster_kit_crash(&kit, 1);
    cluster_kit_crash(&kit, 2); /* q = 5 of 7: both reserves must vote */
    for (uint32_t i = 1; i <= 10; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 60 * MS);
    }
    cr_assert_eq(cluster_kit_agree(&kit), 10, "P1: no quorum depends on who is on duty");
    cr_assert_eq(kit.sent[MESSAGE_TIMEOUT], 0);
    cr_assert_eq(counters(5)->hedges, 2);
    cr_assert_eq(counters(6)->hedges, 2);
    cluster_kit_close(&kit);
}

/* T1, J6: whoever gave a view up alone follows the certificates of those who go on. */
Test(replica_reserve, member_that_timed_out_alone_follows_the_others_without_fetching)
{
    cluster_kit_start(&kit, 4, 0);
    burst(1, 8);
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = true;
    }
    cluster_kit_request(&kit, 3, 200, 1);
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(status_of(3).timeout_view, 0, "it had a request, and nobody answered");
    for (uint32_t i = 0; i < 3; i++) {
        kit.cut[3][i] = kit.cut[i][3] = false;
    }
    uint64_t fetches = kit.sent[MESSAGE_FETCH], votes = counters(3)->marks[MARK_VOTED];
    for (uint32_t i = 300; i < 400; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 200000);
        cr_assert_geq(kit.nodes[3].executed + 2, kit.nodes[0].executed, "J6: at request %u", i);
    }
    cr_assert_eq(status_of(0).view, 0);
    cr_assert_geq(kit.nodes[3].executed, 50);
    cr_assert_eq(counters(3)->marks[MARK_VOTED], votes, "T1: it votes no more in this view");
    cr_assert_leq(kit.sent[MESSAGE_FETCH], fetches + 1, "J6: %llu", (unsigned long long)(kit.sent[MESSAGE_FETCH] - fetches));
    cluster_kit_run(&kit, 20 * SECOND);
    cr_assert_eq(kit.nodes[0].app->accounts[200].nonce, 1, "and its own request is committed in the end");
    cluster_kit_agree(&kit);
    cluster_kit_close(&kit);
}

#define COMMITTED_BLOCKS 6u

/* What the leader proposed to the reserve, and what the reserve gave to whoever asked. */
static struct { uint8_t body[16384]; uint32_t size; } proposals[COMMITTED_BLOCKS + 1];
static struct { uint8_t body[65536]; uint32_t size, count; } bundle;

static bool overhear(const struct cluster_message *overheard)
{
    static struct message decoded;

    if (overheard->to == 3 && overheard->type == MESSAGE_PROPOSE &&
        message_decode(&decoded, overheard->type, bytes_of(overheard->body, overheard->size)) == VERDICT_OK && !decoded.propose.opening &&
        decoded.propose.header.height <= COMMITTED_BLOCKS && overheard->size <= sizeof proposals[0].body) {
        memcpy(proposals[decoded.propose.header.height].body, overheard->body, overheard->size);
        proposals[decoded.propose.header.height].size = overheard->size;
    }
    if (overheard->from == 3 && overheard->type == MESSAGE_BUNDLE && overheard->size <= sizeof bundle.body) {
        memcpy(bundle.body, overheard->body, overheard->size);
        bundle.size = overheard->size;
        bundle.count++;
    }
    return false;
}

/* propose_again has the leader propose a block to the reserve that is committed long since, with a body that is not the block's. */
static void propose_again(uint64_t height)
{
    cr_assert_gt(proposals[height].size, 0);
    proposals[height].body[proposals[height].size - 1] ^= 1;
    cr_assert_eq(message_decode(&message, MESSAGE_PROPOSE, bytes_of(proposals[height].body, proposals[height].size)), VERDICT_OK);
    cluster_kit_inject(&kit, 0, 3, &message);
    cluster_kit_run(&kit, MS);
}

/* ask_reserve has member 2 ask the reserve for all blocks. Gives: whether it gave what it gave before. */
static bool ask_reserve(void)
{
    static uint8_t before[sizeof bundle.body];
    uint32_t size = bundle.size, count = bundle.count;

    memcpy(before, bundle.body, size);
    message.type = MESSAGE_FETCH;
    message.fetch = (struct message_fetch){ .chain = true, .height = COMMITTED_BLOCKS, .from_height = 1 };
    cluster_kit_inject(&kit, 2, 3, &message);
    cluster_kit_run(&kit, 10 * MS);
    cr_assert_eq(bundle.count, count + 1, "S2");
    return bundle.size == size && memcmp(before, bundle.body, size) == 0;
}

/* A reserve casts no votes, so nothing else says that a block's place is past. Its leader must not fill its slots with bodies that it then would give to members that lag, nor keep it from
 * mending its log. */
Test(replica_reserve, keeps_no_proposal_of_what_is_committed_S1_S5)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    kit.drop = overhear;
    for (uint32_t i = 1; i <= COMMITTED_BLOCKS; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    cr_assert_eq(kit.nodes[3].executed, COMMITTED_BLOCKS);
    cr_assert_eq(counters(3)->marks[MARK_VOTED], 0);
    cr_assert_not(ask_reserve(), "the first time");
    for (uint64_t height = 2; height <= COMMITTED_BLOCKS; height++) {
        propose_again(height);
    }
    cr_assert_eq(blocks_free(&kit.nodes[3].replica->blocks), kit.nodes[3].replica->blocks.count, "V3: they do not descend from the committed point");
    cr_assert(ask_reserve(), "S1: the blocks that were committed");
    uint32_t from = kit.nodes[3].log_count;
    cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_REPAIR, .repair = { 4 } });
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert_eq(counters(3)->blocks_repaired, 1, "S5");
    cr_assert_eq(kit.nodes[3].log_count, from + 2);
    cluster_kit_close(&kit);
}
