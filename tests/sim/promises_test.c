/* promises_test.c: a word that shows before a log holds it is seen, whatever the word. */
#include "sim/oracle/promises.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>

static struct capsule held;
static struct failure failure;

static const struct capsule *on_durable(void *context, uint32_t seat)
{
    (void)context;
    return seat == 1 ? &held : NULL;
}

static const struct promises promises = { .durable = on_durable, .failure = &failure };
static const struct hash32 block = { { 5 } }, other = { { 6 } };

static void setup(void)
{
    failure = (struct failure){ 0 };
    held = (struct capsule){ .epoch = 2, .timeout_view = 3, .vote_view = 4, .vote_height = 9, .vote_hash = block, .vote_kind = VOTE_FOLLOWING, .high_view = 4, .high_height = 8 };
}

TestSuite(promises, .init = setup);

static enum failure_kind of_ballot(uint32_t seat, struct ballot ballot)
{
    setup();
    promises_ballot(&promises, seat, &ballot);
    return failure.kind;
}

static enum failure_kind of_timeout(uint64_t epoch, uint64_t view, struct rank high)
{
    setup();
    promises_timeout(&promises, 1, epoch, view, high);
    return failure.kind;
}

Test(promises, vote_shows_when_the_log_holds_it_or_a_later_one_I8)
{
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_FOLLOWING, 2, { 4, 9 }, block }), FAILURE_NONE);
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_OPENING, 2, { 4, 7 }, other }), FAILURE_NONE);
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_FOLLOWING, 2, { 4, 10 }, block }), FAILURE_SAFETY);
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_FOLLOWING, 2, { 5, 1 }, block }), FAILURE_SAFETY);
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_FOLLOWING, 2, { 4, 9 }, other }), FAILURE_SAFETY, "another block of the same place");
}

Test(promises, first_vote_of_all_needs_a_log_that_holds_one_I8)
{
    setup();
    held.vote_kind = 0;
    held.vote_view = held.vote_height = 0;
    promises_ballot(&promises, 1, &(struct ballot){ VOTE_FOLLOWING, 2, { 0, 0 }, block });
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(promises, commit_vote_needs_its_certificate_C3)
{
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_COMMIT, 2, { 4, 8 }, other }), FAILURE_NONE);
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_COMMIT, 2, { 4, 9 }, other }), FAILURE_SAFETY);
}

Test(promises, timeout_needs_its_view_and_its_high_QC_T1)
{
    cr_assert_eq(of_timeout(2, 3, (struct rank){ 4, 8 }), FAILURE_NONE);
    cr_assert_eq(of_timeout(2, 4, (struct rank){ 0, 0 }), FAILURE_SAFETY);
    cr_assert_eq(of_timeout(2, 1, (struct rank){ 4, 9 }), FAILURE_SAFETY);
}

Test(promises, nothing_is_said_of_other_servers_and_of_epochs_that_are_over)
{
    cr_assert_eq(of_ballot(0, (struct ballot){ VOTE_FOLLOWING, 2, { 9, 9 }, block }), FAILURE_NONE);
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_FOLLOWING, 1, { 9, 9 }, block }), FAILURE_NONE);
    cr_assert_eq(of_ballot(1, (struct ballot){ VOTE_FOLLOWING, 3, { 9, 9 }, block }), FAILURE_SAFETY);
    cr_assert_eq(of_timeout(1, 9, (struct rank){ 9, 9 }), FAILURE_NONE);
}

static bool holds_it(void *context, uint32_t seat, const struct ballot *ballot)
{
    (void)context;
    return seat != 1 || hash_equal(&ballot->block, &block);
}

Test(promises, whoever_votes_holds_the_block_V3)
{
    static const struct promises telling = { .holds = holds_it, .failure = &failure };
    struct ballot ballot = { VOTE_OPENING, 2, { 4, 9 }, block };

    setup();
    promises_block(&telling, 1, &ballot);
    ballot.block = other;
    promises_block(&telling, 2, &ballot);
    promises_block(&promises, 1, &ballot);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    promises_block(&telling, 1, &ballot);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}
