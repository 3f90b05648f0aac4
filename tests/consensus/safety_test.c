/* safety_test.c: each predicate that a signature rests on, at its boundary. */
#include "consensus/safety.h"

#include "tests/base/stop_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>

static struct ballot ballot_at(enum vote_kind kind, uint64_t view, uint64_t height, unsigned block)
{
    return (struct ballot){ kind, 0, { view, height }, kit_hash(block) };
}

static struct block_header child_of(const struct ballot *parent)
{
    return (struct block_header){ .height = parent->rank.height + 1, .parent = parent->block, .commands_count = 1 };
}

Test(safety, one_vote_per_view_and_height_in_increasing_order)
{
    struct safety safety;
    struct ballot parent = ballot_at(VOTE_OPENING, 3, 7, 1);
    struct block_header header = child_of(&parent);

    safety_init(&safety, 0, 0);
    cr_assert_eq(safety_check_following(&safety, 3, 3, &header, &parent), VERDICT_OK, "V6");
    struct ballot vote = ballot_at(VOTE_FOLLOWING, 3, 8, 2);
    safety_record_vote(&safety, &vote);
    cr_assert_eq(safety_check_following(&safety, 3, 3, &header, &parent), VERDICT_STALE, "V2, I3: the same height a second time");
    struct block_header next = child_of(&vote);
    cr_assert_eq(safety_check_following(&safety, 3, 3, &next, &vote), VERDICT_OK, "V2");
}

Test(safety, following_needs_the_certificate_of_its_parent_in_its_own_view)
{
    struct safety safety;
    struct ballot parent = ballot_at(VOTE_FOLLOWING, 3, 7, 1);
    struct block_header header = child_of(&parent);

    safety_init(&safety, 0, 0);
    cr_assert_eq(safety_check_following(&safety, 4, 3, &header, &parent), VERDICT_RANGE, "V6: another view");
    header.height++;
    cr_assert_eq(safety_check_following(&safety, 3, 3, &header, &parent), VERDICT_RANGE, "V6: not its child's height");
    header.height--;
    header.parent = kit_hash(9);
    cr_assert_eq(safety_check_following(&safety, 3, 3, &header, &parent), VERDICT_HASH, "V6: another parent");
    parent.kind = VOTE_COMMIT;
    header.parent = parent.block;
    cr_assert_eq(safety_check_following(&safety, 3, 3, &header, &parent), VERDICT_RANGE, "V3: a COMMITQC justifies nothing");
}

Test(safety, nothing_is_signed_in_a_view_that_was_timed_out)
{
    struct safety safety;
    struct ballot parent = ballot_at(VOTE_FOLLOWING, 3, 7, 1);
    struct block_header header = child_of(&parent);

    safety_init(&safety, 0, 0);
    cr_assert(safety_can_commitvote(&safety, &parent), "C3");
    safety_record_timeout(&safety, 3);
    cr_assert_eq(safety_check_following(&safety, 3, 3, &header, &parent), VERDICT_STALE, "V1, T1, I7");
    cr_assert_not(safety_can_commitvote(&safety, &parent), "C3, I7");
    cr_assert_not(safety_can_timeout(&safety, 2), "T1, I6");
    cr_assert(safety_can_timeout(&safety, 3), "T7: the same may be said again");
    struct ballot later = ballot_at(VOTE_FOLLOWING, 4, 8, 1);
    cr_assert(safety_can_commitvote(&safety, &later));
}

Test(safety, opening_carries_the_highest_rank_of_its_timeouts)
{
    struct safety safety;
    struct ballot justify = ballot_at(VOTE_FOLLOWING, 2, 9, 1);
    const struct {
        struct rank tc;
        enum verdict verdict;
    } rows[] = { { { 2, 8 }, VERDICT_OK }, { { 2, 9 }, VERDICT_OK }, { { 2, 10 }, VERDICT_RANGE }, { { 1, 20 }, VERDICT_OK }, { { 3, 1 }, VERDICT_RANGE } };

    safety_init(&safety, 0, 0);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(safety_check_opening(&safety, 4, 4, &justify, rows[i].tc), rows[i].verdict, "V7, I9: row %u", i);
    }
    cr_assert_eq(safety_check_opening(&safety, 2, 2, &justify, (struct rank){ 1, 1 }), VERDICT_RANGE, "V7: J of the view itself");
    cr_assert_eq(safety_check_opening(&safety, 0, 0, &justify, (struct rank){ 0, 0 }), VERDICT_RANGE, "V7: view 0 has none");
    struct ballot vote = ballot_at(VOTE_OPENING, 4, 9, 1);
    safety_record_vote(&safety, &vote);
    cr_assert_eq(safety_check_opening(&safety, 4, 4, &justify, (struct rank){ 2, 9 }), VERDICT_STALE, "V7: one opening vote per view");
    cr_assert_eq(safety_check_opening(&safety, 5, 5, &justify, (struct rank){ 2, 9 }), VERDICT_OK);
}

Test(safety, replica_that_lost_a_batch_signs_nothing_up_to_its_limit_T11)
{
    struct safety safety;
    struct ballot parent = ballot_at(VOTE_FOLLOWING, 3, 7, 1);
    struct block_header header = child_of(&parent);

    safety_init(&safety, 0, 0);
    safety.limit_view = 3;
    cr_assert_eq(safety_check_following(&safety, 3, 3, &header, &parent), VERDICT_STALE);
    cr_assert_not(safety_can_commitvote(&safety, &parent));
    cr_assert_not(safety_can_timeout(&safety, 3));
    cr_assert(safety_can_timeout(&safety, 4));
}

Test(safety, the_promised_height_never_shrinks_when_blocks_are_committed_again_I6)
{
    struct safety safety;

    safety_init(&safety, 0, 0);
    safety_record_committed(&safety, 7);
    safety_record_committed(&safety, 6);
    cr_assert_eq(safety.state.committed_height, 7, "a restart commits again what it can prove, from below");
    safety_record_committed(&safety, 8);
    cr_assert_eq(safety.state.committed_height, 8);
}

Test(safety, a_certificate_that_the_log_only_names_is_not_known_I6)
{
    struct safety safety;
    struct hash32 digest = kit_hash(9);
    struct ballot named = ballot_at(VOTE_FOLLOWING, 2, 9, 1), below = ballot_at(VOTE_FOLLOWING, 2, 8, 2), above = ballot_at(VOTE_OPENING, 3, 9, 1);

    safety_init(&safety, 0, 0);
    safety_record_high(&safety, &named, &digest);
    cr_assert(safety_knows_high(&safety, &named));
    cr_assert_not(safety_knows_high(&safety, &below), "C3, T1: less than was promised must not be stated");
    cr_assert(safety_knows_high(&safety, &above));
}

static void check(const void *state) { safety_check(state); }

Test(safety, stops_at_a_voting_state_that_no_replica_can_reach_I3_I6)
{
    struct safety good, bad;
    struct ballot vote = ballot_at(VOTE_FOLLOWING, 3, 8, 2);

    safety_init(&good, 0, 0);
    cr_assert_not(kit_stops(check, &good));
    safety_record_vote(&good, &vote);
    safety_record_timeout(&good, 3);
    cr_assert_not(kit_stops(check, &good));
    bad = good;
    bad.state.vote.height = 7;
    cr_assert(kit_stops(check, &bad), "I3: the last vote is below the first");
    bad = good;
    bad.state.timeout_view = 2;
    cr_assert(kit_stops(check, &bad), "I6: a timeout was taken back");
    bad = good;
    bad.state.vote_kind = VOTE_COMMIT;
    cr_assert(kit_stops(check, &bad), "a commit vote is no last vote");
    bad = good;
    bad.limit_view = 3;
    cr_assert(kit_stops(check, &bad), "T1, T11: it timed out a view in which it must sign nothing");
}
