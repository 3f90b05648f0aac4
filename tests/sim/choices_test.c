/* choices_test.c: a member that votes for two openings of a view is seen, whatever the TC allows (V7). The other choices are broken in oracle_test.c, through what is sent. */
#include "sim/oracle/choices.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct cast_plan plan = { .seed = 5, .members_count = 4, .actors_count = 1, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 } };
static struct cast cast;
static struct oracle oracle;
static struct failure failure;

static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
    failure = (struct failure){ 0 };
    oracle_init(&oracle, &cast, &failure);
    oracle.members[1].vote = (struct rank){ 5, 8 };
    oracle.members[1].vote_digest = 1;
}

static void teardown(void)
{
    oracle_close(&oracle);
    cast_close(&cast);
}

TestSuite(choices, .init = setup, .fini = teardown);

static void vote(uint32_t from, enum vote_kind kind, struct rank rank)
{
    choices_vote(&oracle, from, &(struct ballot){ kind, 0, rank, { { (uint8_t)rank.height } } });
}

Test(choices, sees_a_vote_for_a_second_opening_of_a_view_V7)
{
    vote(1, VOTE_OPENING, (struct rank){ 5, 9 });
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(failure.text, "V7: r1 votes for an opening of view 5, height 9, in which it has voted before"), "%s", failure.text);
}

Test(choices, lets_it_say_one_again_and_open_another_view)
{
    vote(1, VOTE_OPENING, (struct rank){ 5, 8 });
    vote(1, VOTE_OPENING, (struct rank){ 6, 8 });
    vote(1, VOTE_FOLLOWING, (struct rank){ 5, 9 });
    vote(2, VOTE_OPENING, (struct rank){ 5, 9 }); /* it has not voted yet */
    oracle.members[1].excused = true;
    vote(1, VOTE_OPENING, (struct rank){ 5, 9 });
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}
