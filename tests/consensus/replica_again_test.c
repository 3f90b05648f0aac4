/* replica_again_test.c: a leader whose turn comes round proposes the very block again that its first term left behind. The name of a block holds neither view nor
 * certificate, so members find it in a slot, judged long ago, with the certificate of that time. */
#include "consensus/replica.h"

#include "crypto/merkle.h"
#include "tests/consensus/cluster_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static struct cluster_kit kit;
static struct message message, block;
static uint8_t body[APP_KIT_COMMAND_BYTES_MAX];

static struct replica_status status_of(uint32_t node)
{
    struct replica_status status;

    replica_status(kit.nodes[node].replica, &status);
    return status;
}

static uint64_t votes_of(uint32_t node) { return replica_counters(kit.nodes[node].replica)->marks[MARK_VOTED]; }

/* certify makes the opening certificate of the genesis in a view, by members 0 to 2. */
static void certify(struct cert *cert, uint64_t view)
{
    struct hash32 chain = block_hash(&kit.genesis);

    cert->ballot = (struct ballot){ VOTE_OPENING, 0, { view, 0 }, chain };
    struct hash32 digest = ballot_digest(&chain, &cert->ballot);
    cert->signers.members = member_set_all(3);
    for (uint32_t member = 0; member < 3; member++) {
        cluster_kit_sign(&kit, member, &digest, cert->signers.signatures[member]);
    }
}

/* propose has member 0 propose the block to members 1 to 3. */
static void propose(uint64_t view)
{
    struct hash32 chain = block_hash(&kit.genesis);

    block.propose.view = view;
    if (view == 0) {
        cert_root(&block.propose.justify, 0, 0, &chain);
    } else {
        certify(&block.propose.justify, view);
    }
    for (uint32_t to = 1; to < 4; to++) {
        cluster_kit_inject(&kit, 0, to, &block);
    }
}

static void make_block(void)
{
    uint64_t now_ms = kit.wall_ms + kit.now_ns / MS;
    size_t size = app_kit_make(&(struct app_kit_command){ .account = 7, .nonce = 1, .valid_until_ms = now_ms + 300000 }, body);
    struct hash32 leaf = merkle_leaf(body, size), chain = block_hash(&kit.genesis);

    block.type = MESSAGE_PROPOSE;
    block.propose.opening = false;
    block.propose.header = (struct block_header){ .commands_count = 1, .height = 1, .time_ms = now_ms, .parent = chain, .payload_root = merkle_root(&leaf, 1) };
    block.propose.body = bytes_of(body, size);
}

/* timeout has member 0 time a view out alone: its leader gives way once (T8). */
static void timeout(uint64_t view)
{
    struct hash32 chain = block_hash(&kit.genesis);

    message.type = MESSAGE_TIMEOUT;
    message.timeout = (struct message_timeout){ .view = view };
    cert_root(&message.timeout.high, 0, 0, &chain);
    struct hash32 digest = timeout_digest(&chain, 0, view, message.timeout.high.ballot.rank);
    cluster_kit_sign(&kit, 0, &digest, message.timeout.signature);
    for (uint32_t to = 1; to < 4; to++) {
        cluster_kit_inject(&kit, 0, to, &message);
    }
    cluster_kit_run(&kit, SECOND);
}

static bool drop_certs(const struct cluster_message *lost) { return lost->type == MESSAGE_CERT; }

/* come_round lets members 1 to 3 vote for the block in view 0, without a certificate, and has the turn come round to member 0, in view 4. */
static void come_round(void)
{
    make_block();
    propose(0);
    cluster_kit_run(&kit, 4 * SECOND);
    for (uint32_t node = 1; node < 4; node++) {
        cr_assert_geq(votes_of(node), 1);
    }
    cr_assert_eq(status_of(1).view, 1, "nothing was certified: %llu", (unsigned long long)status_of(1).view);
    for (uint64_t view = 1; view < 4; view++) {
        timeout(view);
    }
    for (uint32_t node = 0; node < 4; node++) {
        cr_assert_eq(status_of(node).view, 4);
        cr_assert_eq(status_of(node).committed_height, 0);
    }
}

Test(replica_again, block_of_an_earlier_term_is_voted_for_under_its_new_certificate)
{
    cluster_kit_start(&kit, 4, 0);
    kit.drop = drop_certs; /* so that the proposal brings the certificate of the view */
    come_round();
    uint64_t votes = votes_of(2);
    propose(4);
    cluster_kit_run(&kit, 10 * MS);
    cr_assert_eq(status_of(2).high.view, 4, "V3: the certificate that comes with it is learned");
    cr_assert_eq(votes_of(2), votes + 1, "V6");
    cr_assert_eq(kit.nodes[2].state.vote.view, 4);
    cr_assert_eq(kit.nodes[2].state.vote.height, 1);
    cluster_kit_close(&kit);
}

Test(replica_again, reserve_holds_back_its_vote_for_a_block_that_it_checked_in_an_earlier_term)
{
    cluster_kit_start_reserves(&kit, 4, 0);
    come_round();
    cr_assert_eq(replica_counters(kit.nodes[3].replica)->hedges, 1, "P1: no certificate came, so it checked the block");
    uint64_t votes = votes_of(3);
    propose(4); /* its certificate is known: the leader asked everybody for commit votes */
    cluster_kit_run(&kit, MS);
    cr_assert_eq(votes_of(2), votes_of(1));
    cr_assert_eq(kit.nodes[2].state.vote.height, 1, "on duty");
    cr_assert_eq(votes_of(3), votes, "P1: it waits for the certificate");
    cluster_kit_run(&kit, 100 * MS);
    cr_assert_eq(votes_of(3), votes + 1, "P1: none came");
    cr_assert_eq(kit.nodes[3].state.vote.view, 4);
    cluster_kit_close(&kit);
}

static uint64_t votes_pass_from_view;

static bool drop_votes(const struct cluster_message *lost)
{
    static struct message vote;

    return lost->type == MESSAGE_VOTE && message_decode(&vote, lost->type, bytes_of(lost->body, lost->size)) == VERDICT_OK &&
           vote.vote.ballot.rank.view < votes_pass_from_view;
}

/* Nobody lies: clocks stand behind the newest block, so its child's time is one millisecond more whenever it is made, and votes are lost until each has led once. */
Test(replica_again, honest_leader_that_makes_the_same_block_again_gets_it_certified)
{
    cluster_kit_start(&kit, 4, 0);
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 20 * MS);
    cr_assert_eq(cluster_kit_agree(&kit), 1);
    kit.wall_ms -= 25000;
    votes_pass_from_view = 4;
    kit.drop = drop_votes;
    cluster_kit_request(&kit, 0, 2, 1);
    cluster_kit_run(&kit, 20 * MS);
    struct hash32 first = kit.nodes[1].state.vote_block;
    cr_assert_eq(kit.nodes[1].state.vote.height, 2);
    while (status_of(0).view < 4 && kit.now_ns < 60 * SECOND) {
        cluster_kit_run(&kit, 10 * MS);
    }
    cluster_kit_run(&kit, 20 * MS);
    cr_assert_eq(status_of(0).view, 4);
    cr_assert_eq(cluster_kit_agree(&kit), 2, "V6, L1: in its second term at once");
    cr_assert(hash_equal(&kit.nodes[1].chain[2], &first), "it is the very block of view 0");
    cr_assert_eq(replica_counters(kit.nodes[0].replica)->marks[MARK_PROPOSED], 3);
    cluster_kit_close(&kit);
}

/* A block is looked at once, and may be voted for much later: its time must be right then as well. */
Test(replica_again, block_whose_time_has_gone_by_meanwhile_gets_no_vote_V4)
{
    static const struct { uint64_t later_ms; bool votes; } rows[] = { { 15000, true }, { 31000, false } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cluster_kit_start(&kit, 4, 0);
        kit.drop = drop_certs;
        come_round();
        uint64_t before = votes_of(2);
        kit.wall_ms += rows[i].later_ms;
        propose(4);
        cluster_kit_run(&kit, 10 * MS);
        cr_assert_eq(votes_of(2), before + rows[i].votes, "V4: %u ms later", (unsigned)rows[i].later_ms);
        kit.drop = NULL;
        cluster_kit_close(&kit);
    }
}

static bool drop_bundles(const struct cluster_message *lost) { return lost->type == MESSAGE_BUNDLE && lost->to == 0; }

static void cut_off_0(bool cut)
{
    for (uint32_t node = 1; node < 4; node++) {
        kit.cut[0][node] = kit.cut[node][0] = cut;
        cluster_kit_step(&kit, 0, &(struct event){ .kind = EVENT_LINK, .link = { node, !cut } });
        cluster_kit_step(&kit, node, &(struct event){ .kind = EVENT_LINK, .link = { 0, !cut } });
    }
}

/* Member 0 proposes a block that nobody hears of, while the others commit two. Its turn comes round when it has the second of them and not yet the first: what stands at that height is its own,
 * so it cannot know what a child of the second may hold. */
Test(replica_again, leader_that_lacks_a_block_below_its_tip_proposes_nothing_yet_V5)
{
    cluster_kit_start(&kit, 4, 0);
    cut_off_0(true);
    for (uint32_t account = 1; account < 3; account++) {
        cluster_kit_request(&kit, 0, account, 1);
        cluster_kit_request(&kit, 1, account, 1);
        cluster_kit_run(&kit, 10 * MS);
    }
    cr_assert_eq(kit.nodes[0].state.vote.height, 1, "its own block 1, of one command; the other waits");
    cluster_kit_run(&kit, 5 * SECOND);
    cr_assert_eq(kit.nodes[1].executed, 1);
    cr_assert_eq(kit.nodes[1].commands[1], 2);
    cluster_kit_request(&kit, 1, 3, 1);
    cluster_kit_run(&kit, 5 * SECOND);
    cr_assert_eq(kit.nodes[1].executed, 2);
    kit.drop = drop_bundles;
    cut_off_0(false);
    while (status_of(1).view < 4 && kit.now_ns < 120 * SECOND) {
        timeout(status_of(1).view);
    }
    cr_assert_eq(status_of(0).view, 4);
    cr_assert_eq(status_of(0).high.height, 2);
    cr_assert_eq(status_of(0).committed_height, 0);
    kit.drop = NULL;
    cluster_kit_run(&kit, 10 * SECOND);
    cr_assert_eq(cluster_kit_agree(&kit), 2);
    cr_assert_eq(status_of(0).committed_height, 2, "J6");
    cr_assert_eq(replica_counters(kit.nodes[0].replica)->marks[MARK_PROPOSED], 1, "V5: nothing that is in block 1 of the others");
    cluster_kit_close(&kit);
}
