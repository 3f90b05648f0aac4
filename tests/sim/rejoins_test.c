/* rejoins_test.c: a server that comes back from a lost disk on too few words, or up to too low a view, is seen (E5). */
#include "sim/oracle/rejoins.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>

static struct failure failure;
static struct vows vows;
static struct rejoins rejoins;

static void setup(void)
{
    failure = (struct failure){ 0 };
    vows_init(&vows, &failure);
    rejoins_init(&rejoins, 5, 4, &vows, &failure);
}

static void teardown(void)
{
    rejoins_close(&rejoins);
}

TestSuite(rejoins, .init = setup, .fini = teardown);

static void hear(uint32_t life, uint32_t from, uint64_t promised, bool forgot)
{
    struct message_hello hello = { .promised = promised, .forgot = forgot };

    rejoins_heard(&rejoins, 1, life, from, &hello);
}

/* hear_all hears four others in the second life; the highest view is 7. */
static void hear_all(void)
{
    hear(2, 0, 3, false);
    hear(2, 2, 7, false);
    hear(2, 3, 5, false);
    hear(2, 4, 0, false);
}

Test(rejoins, word_of_a_quorum_and_the_highest_view_are_enough)
{
    hear_all();
    rejoins_done(&rejoins, 1, 2, 7);
    vows_signed(&vows, 1, 8);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(rejoins, signs_in_the_view_up_to_which_it_abstains)
{
    hear_all();
    rejoins_done(&rejoins, 1, 2, 7);
    vows_signed(&vows, 1, 7);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(rejoins, lower_view_than_it_was_told)
{
    hear_all();
    rejoins_done(&rejoins, 1, 2, 6);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(rejoins, one_that_forgot_does_not_count)
{
    hear(2, 0, 3, false);
    hear(2, 2, 7, false);
    hear(2, 3, 5, false);
    hear(2, 4, 0, true);
    rejoins_done(&rejoins, 1, 2, 7);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(rejoins, what_an_earlier_life_heard_does_not_count)
{
    hear_all();
    rejoins_done(&rejoins, 1, 3, 7);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}
