/* replica_timeout_test.c: whoever could not give a view up with the others joins them once it may (T3): what they say again brings it nothing new. Member 3 alone runs; the others
 * are what a test says in their names. */
#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static struct cluster_kit kit;
static struct message message;
static struct hash32 chain;

/* alone has member 3 come back, into the view that its log knows, while nobody else runs. */
static void alone(void)
{
    cluster_kit_start(&kit, 4, 0);
    cr_assert(cluster_kit_quiet(&kit, SECOND));
    chain = block_hash(&kit.genesis);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_kit_crash(&kit, i);
    }
}

static void restart(void)
{
    kit.nodes[3].asks = kit.nodes[3].rejoins;
    cluster_kit_restart(&kit, 3);
}

static struct replica_status status(void)
{
    struct replica_status status;

    replica_status(kit.nodes[3].replica, &status);
    return status;
}

/* give_up says in the names of members 1 and 2 that they have timed a view out. */
static void give_up(uint64_t view)
{
    for (uint32_t member = 1; member < 3; member++) {
        message = (struct message){ .type = MESSAGE_TIMEOUT, .timeout = { .view = view } };
        cert_root(&message.timeout.high, 0, 0, &chain);
        struct hash32 digest = timeout_digest(&chain, 0, view, message.timeout.high.ballot.rank);
        cluster_kit_sign(&kit, member, &digest, message.timeout.signature);
        cluster_kit_inject(&kit, member, 3, &message);
    }
    cluster_kit_run(&kit, 10 * MS);
}

/* end_view says that a quorum of the others has timed a view out: it is over. */
static void end_view(uint64_t view)
{
    message = (struct message){ .type = MESSAGE_TC, .tc = { .view = view } };
    cert_root(&message.tc.high, 0, 0, &chain);
    message.tc.signers.members = member_set_all(3);
    for (uint32_t member = 0; member < 3; member++) {
        struct hash32 digest = timeout_digest(&chain, 0, view, message.tc.ranks[member]);
        cluster_kit_sign(&kit, member, &digest, message.tc.signers.signatures[member]);
    }
    cluster_kit_inject(&kit, 0, 3, &message);
    cluster_kit_run(&kit, 10 * MS);
}

/* T11: it signs nothing before it is in a view above the one that it abstains from. The others have given that later one up before it comes there. */
Test(replica_timeout, whoever_enters_a_view_above_its_limit_late_joins_those_that_gave_it_up_T3)
{
    alone();
    kit.nodes[3].abstains = true;
    kit.nodes[3].abstain_view = 0;
    restart();
    give_up(1);
    cr_assert_eq(status().view, 0);
    cr_assert_eq(status().timeout_view, -1, "T11");
    end_view(0);
    cr_assert_eq(status().timeout_view, 1, "T3: at once, whatever its own timer says");
    cr_assert_eq(status().view, 2, "T2: with its own they are a quorum");
    cluster_kit_close(&kit);
}

/* E5: it learns what it abstains from when the view above that is given up already. */
Test(replica_timeout, whoever_learns_its_limit_late_joins_those_that_gave_a_later_view_up_T3)
{
    alone();
    kit.nodes[3].rejoins = true;
    restart();
    end_view(0);
    give_up(1);
    cr_assert_eq(status().view, 1);
    cr_assert_eq(status().timeout_view, -1, "E5");
    for (uint32_t member = 0; member < 3; member++) {
        message = (struct message){ .type = MESSAGE_HELLO };
        cluster_kit_inject(&kit, member, 3, &message);
    }
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(status().limit_view, 0);
    cr_assert_eq(status().timeout_view, 1, "T3");
    cr_assert_eq(status().view, 2, "T2");
    cluster_kit_close(&kit);
}

/* I6: its log promised a high QC and lost it; until it is told of one as high it states none. */
Test(replica_timeout, whoever_gets_its_lost_certificate_back_joins_those_that_gave_the_view_up_T3)
{
    struct ballot ballot = { VOTE_FOLLOWING, 0, { 0, 1 }, { { 7 } } };

    alone();
    struct hash32 digest = ballot_digest(&chain, &ballot);
    kit.nodes[3].state = (struct voting_state){ .timeout_view = -1, .led_view = -1, .high = { 0, 1 } };
    kit.nodes[3].has_state = true;
    restart();
    give_up(0);
    cr_assert_eq(status().timeout_view, -1, "I6");
    message = (struct message){ .type = MESSAGE_QC, .cert = { .ballot = ballot } };
    message.cert.signers.members = member_set_all(3);
    for (uint32_t member = 0; member < 3; member++) {
        cluster_kit_sign(&kit, member, &digest, message.cert.signers.signatures[member]);
    }
    cluster_kit_inject(&kit, 0, 3, &message);
    cluster_kit_run(&kit, 10 * MS);
    cr_assert_eq(status().timeout_view, 0, "T3");
    cluster_kit_close(&kit);
}

/* T6: what it waits for may be done long ago, and its TIMEOUT, whose cause the others have executed, tells them nothing. While no honest member need be with it, it asks. */
Test(replica_timeout, whoever_too_few_join_asks_each_time_it_says_its_timeout_again_T6)
{
    alone();
    restart();
    cluster_kit_request(&kit, 3, 1, 1);
    uint64_t asked = kit.sent[MESSAGE_QUERY], said = kit.sent[MESSAGE_TIMEOUT];
    while (status().timeout_view < 0) { /* bounded by T5 */
        cluster_kit_run(&kit, 10 * MS);
    }
    uint64_t first_asked = kit.sent[MESSAGE_QUERY] - asked, first_said = kit.sent[MESSAGE_TIMEOUT] - said;
    cr_assert_gt(first_asked, 0, "half of tau_0 before");
    cr_assert_gt(first_said, 0);
    cluster_kit_run(&kit, 20 * SECOND);
    cr_assert_gt(kit.sent[MESSAGE_TIMEOUT] - said, 2 * first_said, "T7");
    cr_assert_eq((kit.sent[MESSAGE_QUERY] - asked) * first_said, (kit.sent[MESSAGE_TIMEOUT] - said) * first_asked, "with each");
    cluster_kit_close(&kit);
}
