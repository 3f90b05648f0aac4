/* quorums_test.c: what cannot be certified, ended or committed is told apart from what can, with and without liars. */
#include "sim/oracle/quorums.h"

#include "sim/oracle/digests.h"
#include "tests/wire/message_kit.h"
#include "wire/config.h"

#include <criterion/criterion.h>
#include <string.h>

static struct quorums quorums;
static struct hash32 chain;

static void begin(uint32_t members, uint32_t liars)
{
    struct member_set set = { { 0 } };

    for (uint32_t i = 0; i < liars; i++) {
        member_set_add(&set, members - 1 - i);
    }
    chain = kit_hash(1);
    quorums_init(&quorums, members, &set, &chain);
}

static void end(void) { quorums_close(&quorums); }
TestSuite(quorums, .fini = end);

/* block_of makes block `height` behind a parent and shows its header. */
static struct ballot block_of(uint64_t view, uint64_t height, const struct hash32 *parent, enum vote_kind kind)
{
    struct block_header header = { .height = height, .commands_count = 1, .parent = *parent };

    quorums_header(&quorums, &header);
    return (struct ballot){ kind, 0, { view, height }, block_hash(&header) };
}

static void vote(const struct ballot *ballot, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        quorums_voted(&quorums, i, ballot);
        quorums_voted(&quorums, i, ballot); /* said again */
    }
}

Test(quorums, size_is_that_of_the_protocol)
{
    begin(4, 0);
    for (uint32_t n = MEMBERS_MIN; n <= MEMBERS_MAX; n++) {
        cr_assert_eq(quorums_size(n), config_quorum(n), "n = %u", n);
    }
}

Test(quorums, certificate_takes_a_quorum_of_distinct_members_I11)
{
    begin(4, 0);
    struct ballot ballot = block_of(0, 1, &chain, VOTE_FOLLOWING), other = ballot;
    vote(&ballot, 2);
    cr_assert_not(quorums_can_certify(&quorums, &ballot));
    vote(&ballot, 3);
    cr_assert(quorums_can_certify(&quorums, &ballot));
    other.rank.view = 1;
    cr_assert_not(quorums_can_certify(&quorums, &other), "of another view");
    other = ballot;
    other.kind = VOTE_OPENING;
    cr_assert_not(quorums_can_certify(&quorums, &other), "of another kind");
}

Test(quorums, liars_stand_behind_everything)
{
    begin(4, 1);
    struct ballot ballot = block_of(0, 1, &chain, VOTE_FOLLOWING);
    vote(&ballot, 1);
    cr_assert_not(quorums_can_certify(&quorums, &ballot));
    vote(&ballot, 2);
    cr_assert(quorums_can_certify(&quorums, &ballot));
}

Test(quorums, a_block_is_committed_by_its_child_in_the_same_view_alone_C1)
{
    begin(4, 0);
    struct ballot first = block_of(1, 1, &chain, VOTE_FOLLOWING), later = block_of(2, 2, &first.block, VOTE_FOLLOWING);
    vote(&first, 3);
    vote(&later, 3);
    cr_assert_not(quorums_can_commit(&quorums, &first.block), "its child is of another view");
    struct ballot child = later;
    child.rank.view = 1;
    vote(&child, 3);
    cr_assert(quorums_can_commit(&quorums, &first.block));
    cr_assert_not(quorums_can_commit(&quorums, &child.block));
}

Test(quorums, commit_votes_commit_a_block_and_all_below_it_C2)
{
    begin(4, 0);
    struct ballot first = block_of(0, 1, &chain, VOTE_FOLLOWING), second = block_of(3, 2, &first.block, VOTE_COMMIT);
    cr_assert(quorums_can_commit(&quorums, &chain));
    vote(&second, 2);
    cr_assert_not(quorums_can_commit(&quorums, &second.block));
    vote(&second, 3);
    cr_assert(quorums_can_commit(&quorums, &second.block));
    cr_assert(quorums_can_commit(&quorums, &first.block));
}

Test(quorums, timeout_certificate_takes_what_its_signers_said_T2)
{
    struct timeout_cert tc;

    begin(4, 0);
    kit_tc(&tc, 3, (struct rank){ 1, 2 }, 4);
    for (uint32_t i = 0, place = 0; i < 4; i++) {
        if (member_set_has(&tc.signers.members, i)) {
            cr_assert_not(quorums_can_end(&quorums, &tc));
            quorums_timed_out(&quorums, i, 3, tc.ranks[place++]);
        }
    }
    cr_assert(quorums_can_end(&quorums, &tc));
    tc.ranks[0].height++;
    cr_assert_not(quorums_can_end(&quorums, &tc), "a rank that nobody signed");
    tc.ranks[0].height--;
    tc.high.ballot.rank = (struct rank){ 0, 0 };
    cr_assert_not(quorums_can_end(&quorums, &tc), "with less than the highest QC");
}

Test(quorums, digests_written_twice_are_the_same)
{
    static const enum message_type types[] = { MESSAGE_VOTE, MESSAGE_COMMITVOTE, MESSAGE_TIMEOUT, MESSAGE_ABDICATE, MESSAGE_CKPT };
    static struct message message;
    struct hash32 own, theirs[5];

    begin(4, 0);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        kit_message(&message, types[i], 0);
        const struct ballot *ballot = &message.vote.ballot;
        theirs[0] = i <= 1 ? ballot_digest(&chain, ballot) : chain;
        theirs[1] = theirs[0];
        theirs[2] = timeout_digest(&chain, message.timeout.epoch, message.timeout.view, message.timeout.high.ballot.rank);
        theirs[3] = abdicate_digest(&chain, message.abdicate.epoch, message.abdicate.view);
        theirs[4] = checkpoint_digest(&chain, &message.ckpt.checkpoint);
        cr_assert_not_null(digests_of(&message, &chain, &own), "%s", message_word(types[i]));
        cr_assert(hash_equal(&own, &theirs[i]), "%s", message_word(types[i]));
    }
    kit_message(&message, MESSAGE_TC, 0);
    cr_assert_null(digests_of(&message, &chain, &own));
}

Test(quorums, block_follows_what_can_be_certified_in_its_view_V6)
{
    begin(4, 0);
    struct ballot ballot = block_of(2, 5, &chain, VOTE_FOLLOWING);
    uint64_t name = fact_digest(ballot.block.bytes, HASH_BYTES), root = fact_digest(chain.bytes, HASH_BYTES);

    vote(&ballot, 2);
    cr_assert_not(quorums_can_follow(&quorums, 0, ballot.rank, name));
    vote(&ballot, 3);
    cr_assert(quorums_can_follow(&quorums, 0, ballot.rank, name));
    cr_assert_not(quorums_can_follow(&quorums, 0, (struct rank){ 3, 5 }, name), "certified in the view before alone");
    cr_assert(quorums_can_follow(&quorums, 0, (struct rank){ 0, 0 }, root));
    cr_assert_not(quorums_can_follow(&quorums, 0, (struct rank){ 1, 0 }, root), "the root was not opened again");
}

Test(quorums, opening_needs_a_view_that_ended_on_no_more_V7_I9)
{
    begin(4, 0);
    struct ballot ballot = block_of(0, 5, &chain, VOTE_FOLLOWING), opening = { VOTE_OPENING, 0, { 3, 5 }, ballot.block };

    vote(&ballot, 3);
    quorums_timed_out(&quorums, 0, 2, (struct rank){ 0, 5 });
    quorums_timed_out(&quorums, 1, 2, (struct rank){ 0, 4 });
    quorums_timed_out(&quorums, 2, 1, (struct rank){ 0, 4 });
    cr_assert_not(quorums_can_open(&quorums, &opening), "one of the three ended another view");
    quorums_timed_out(&quorums, 2, 2, (struct rank){ 0, 6 });
    cr_assert_not(quorums_can_open(&quorums, &opening), "one of the three had more");
    quorums_timed_out(&quorums, 3, 2, (struct rank){ 0, 0 });
    cr_assert(quorums_can_open(&quorums, &opening));
    opening.block = kit_hash(7);
    cr_assert_not(quorums_can_open(&quorums, &opening), "nobody can have certified it");
}

Test(quorums, liars_end_every_view_and_root_opens_below_all)
{
    begin(4, 1);
    struct ballot opening = { VOTE_OPENING, 0, { 1, 0 }, chain };

    quorums_timed_out(&quorums, 0, 0, (struct rank){ 0, 0 });
    cr_assert_not(quorums_can_open(&quorums, &opening));
    quorums_timed_out(&quorums, 1, 0, (struct rank){ 0, 0 });
    cr_assert(quorums_can_open(&quorums, &opening));
}
