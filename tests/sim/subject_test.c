/* subject_test.c: the name of a message says what it is about and nothing that a shifted clock changes. */
#include "sim/world/subject.h"

#include <criterion/criterion.h>

Test(subject, of_a_vote_is_view_and_height_whatever_was_signed)
{
    struct message vote = { .type = MESSAGE_VOTE, .vote = { .signature = { 1 }, .ballot = { .rank = { .view = 3, .height = 17 } } } }, other = vote;

    other.vote.signature[0] = 2;
    other.vote.ballot.block.bytes[0] = 9;
    struct subject a = subject_of(&vote), b = subject_of(&other);
    cr_assert_eq(a.view, 3);
    cr_assert_eq(a.height, 17);
    cr_assert(a.view == b.view && a.height == b.height);
}

Test(subject, of_a_proposal_does_not_depend_on_the_time_of_its_block)
{
    struct message propose = { .type = MESSAGE_PROPOSE, .propose = { .view = 2, .header = { .height = 8, .time_ms = 5 } } }, later = propose;

    later.propose.header.time_ms = 6;
    struct subject a = subject_of(&propose), b = subject_of(&later);
    cr_assert_eq(a.height, 8);
    cr_assert(a.view == b.view && a.height == b.height);
    later.propose.header.height = 9;
    cr_assert_eq(subject_of(&later).height, 9);
}

Test(subject, of_a_run_of_a_snapshot_tells_runs_apart)
{
    struct message ask = { .type = MESSAGE_SNAPSHOT_ASK, .snapshot_ask = { .height = 64, .run = { .part = 1, .block = 2, .bytes = 3 } } }, next = ask;

    next.snapshot_ask.run.block++;
    cr_assert_neq(subject_of(&ask).height, subject_of(&next).height);
    cr_assert_eq(subject_of(&ask).view, 64);
}
