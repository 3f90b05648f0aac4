/* vows_test.c: who swore to sign nothing up to a view and does is seen, and nobody else. */
#include "sim/oracle/vows.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <string.h>

static struct failure failure;
static struct vows vows;
static const struct rank none;

static void setup(void)
{
    failure = (struct failure){ 0 };
    vows_init(&vows, &failure);
}

TestSuite(vows, .init = setup);

Test(vows, nobody_has_sworn_anything_at_first)
{
    vows_abstains(&vows, 1, -1, none);
    vows_signed(&vows, 1, 0);
    vows_signed(&vows, 2, 7);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(vows, abstention_of_a_log_binds_up_to_its_view_T11)
{
    vows_abstains(&vows, 1, 6, none);
    vows_signed(&vows, 1, 7);
    vows_signed(&vows, 2, 6);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    vows_signed(&vows, 1, 6);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_eq(strncmp(failure.text, "T11: r1 ", 8), 0, "%s", failure.text);
}

Test(vows, lost_disk_binds_up_to_what_its_key_signed_E5)
{
    vows_signed(&vows, 3, 4);
    vows_signed(&vows, 3, 2);
    vows_wiped(&vows, 3);
    vows_signed(&vows, 3, 5);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    vows_signed(&vows, 3, 4);
    cr_assert_eq(strncmp(failure.text, "E5: r3 ", 7), 0, "%s", failure.text);
}

Test(vows, lost_disk_binds_up_to_what_certificates_show_E5)
{
    vows_signed(&vows, 3, 4);
    vows_seen(&vows, 3, 6);
    vows_seen(&vows, 3, 5);
    vows_wiped(&vows, 3);
    vows_signed(&vows, 3, 7);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    vows_signed(&vows, 3, 6);
    cr_assert_eq(strncmp(failure.text, "E5: r3 ", 7), 0, "%s", failure.text);
}

Test(vows, lower_vow_takes_nothing_back)
{
    vows_abstains(&vows, 0, 9, none);
    vows_abstains(&vows, 0, 2, none);
    vows_signed(&vows, 0, 9);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(vows, vote_that_the_log_knows_may_be_said_again_T11)
{
    vows_abstains(&vows, 1, 6, (struct rank){ 5, 9 });
    vows_voted(&vows, 1, (struct rank){ 5, 9 });
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    vows_voted(&vows, 1, (struct rank){ 5, 10 });
    cr_assert_eq(strncmp(failure.text, "T11: r1 ", 8), 0, "%s", failure.text);
}

Test(vows, rejoining_binds_up_to_the_view_that_was_told_E5)
{
    vows_rejoined(&vows, 2, 6);
    vows_signed(&vows, 2, 7);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    vows_signed(&vows, 2, 6);
    cr_assert_eq(strncmp(failure.text, "E5: r2 ", 7), 0, "%s", failure.text);
}
