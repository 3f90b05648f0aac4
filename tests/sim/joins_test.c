/* joins_test.c: who does not join f + 1 others is seen a moment later, and nobody else. */
#include "sim/oracle/joins.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>

static struct failure failure;
static struct joins joins;

static void setup(void)
{
    failure = (struct failure){ 0 };
    joins_init(&joins, 7, 7, 2, &failure);
}

static void teardown(void)
{
    joins_close(&joins);
}

TestSuite(joins, .init = setup, .fini = teardown);

/* hear lets r0 hear of r1 to r<most> that they timed these views out. */
static void hear(uint32_t most, uint64_t view)
{
    for (uint32_t i = 1; i <= most; i++) {
        joins_heard(&joins, 0, i, view);
    }
}

static void look(uint64_t now_ns, uint64_t view, int64_t timeout_view, int64_t silent_to)
{
    joins_look(&joins, 0, &(struct joins_moment){ .now_ns = now_ns, .view = view, .timeout_view = timeout_view, .silent_to = silent_to });
}

Test(joins, as_many_as_may_lie_bind_nobody)
{
    hear(2, 4);
    cr_assert(joins_is_open(&joins, 0));
    look(0, 4, 3, -1);
    look(JOINS_WITHIN_NS + 1, 4, 3, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(joins, one_more_binds_within_a_moment)
{
    hear(3, 4);
    look(7, 4, 3, -1);
    look(7 + JOINS_WITHIN_NS, 4, 3, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    look(8 + JOINS_WITHIN_NS, 4, 3, -1);
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
}

/* Seed 11: a server that was stopped in its tracks gets all at once what came meanwhile, and has no room for the newest of it. */
Test(joins, of_what_comes_at_once_no_more_counts_than_is_verified)
{
    for (uint32_t i = 0; i < JOINS_AT_ONCE; i++) {
        cr_assert(joins_came(&joins, 0, 1, 100 + i));
    }
    cr_assert_not(joins_came(&joins, 0, 1, 100 + JOINS_MOMENT_NS - 1));
    cr_assert(joins_came(&joins, 0, 2, 100), "another sender's");
    cr_assert(joins_came(&joins, 1, 1, 100), "to another server");
    cr_assert(joins_came(&joins, 0, 1, 100 + JOINS_MOMENT_NS));
}

Test(joins, views_need_not_be_the_same)
{
    joins_heard(&joins, 0, 1, 9);
    joins_heard(&joins, 0, 2, 5);
    joins_heard(&joins, 0, 3, 7);
    look(0, 4, 5, -1);
    look(JOINS_WITHIN_NS + 1, 4, 5, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "the third highest is 5: %s", failure.text);
    look(0, 4, 4, -1);
    look(JOINS_WITHIN_NS + 1, 4, 4, -1);
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
}

Test(joins, whoever_did_or_is_beyond_owes_nothing)
{
    hear(6, 4);
    look(0, 4, 4, -1);
    look(JOINS_WITHIN_NS + 1, 4, 4, -1);
    look(0, 5, 3, -1);
    look(JOINS_WITHIN_NS + 1, 5, 3, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    cr_assert_not(joins_is_open(&joins, 0));
}

Test(joins, whoever_must_be_silent_owes_nothing)
{
    hear(6, 4);
    look(0, 4, 3, 4);
    look(JOINS_WITHIN_NS + 1, 4, 3, 4);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    look(JOINS_WITHIN_NS + 2, 4, 3, 3);
    look(3 * JOINS_WITHIN_NS, 4, 3, 3);
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
}

/* Seed 9786899: between two looks a server joins one view, goes on to the next, and hears that others give that one up too. */
Test(joins, a_later_view_is_owed_anew_by_whoever_joined_the_former)
{
    hear(3, 59);
    look(0, 59, 58, -1);
    hear(3, 60);
    look(JOINS_WITHIN_NS + 1, 60, 59, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    look(2 * JOINS_WITHIN_NS + 1, 60, 59, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    look(2 * JOINS_WITHIN_NS + 2, 60, 59, -1);
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
}

Test(joins, whoever_came_beyond_the_former_view_otherwise_owes_the_later_one_anew)
{
    hear(3, 59);
    look(0, 59, 58, -1);
    hear(3, 60);
    look(JOINS_WITHIN_NS + 1, 60, 58, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    look(2 * JOINS_WITHIN_NS + 2, 60, 58, -1);
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
}

Test(joins, whoever_heard_of_a_later_view_meanwhile_has_no_more_time_for_it)
{
    hear(3, 59);
    look(0, 59, 58, -1);
    hear(3, 60);
    look(JOINS_WITHIN_NS, 59, 58, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    look(JOINS_WITHIN_NS + 1, 60, 59, -1); /* the former alone */
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
}

Test(joins, time_that_stood_still_does_not_count)
{
    hear(3, 4);
    look(0, 4, 3, -1);
    joins_paused(&joins, 0);
    look(5 * JOINS_WITHIN_NS, 4, 3, -1);
    look(6 * JOINS_WITHIN_NS, 4, 3, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(joins, what_a_process_heard_ends_with_it)
{
    hear(6, 4);
    joins_ended(&joins, 0);
    cr_assert_not(joins_is_open(&joins, 0));
    joins_heard(&joins, 0, 1, 4);
    look(0, 4, 3, -1);
    look(2 * JOINS_WITHIN_NS, 4, 3, -1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}
