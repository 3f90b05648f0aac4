/* wishes_test.c: a snapshot for a wish that comes too soon is seen, and one whose certificate is kept to oneself; what is due is nobody's wish. */
#include "sim/oracle/wishes.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)

static struct failure failure;
static struct wishes wishes;
static bool certified;

static void setup(void)
{
    failure = (struct failure){ 0 };
    certified = true;
    wishes_init(&wishes, 2, &failure);
    wishes_began(&wishes, 1, 0);
}

static void teardown(void)
{
    wishes_close(&wishes);
}

TestSuite(wishes, .init = setup, .fini = teardown);

/* look at r1, whose clock is that of the world. height: of the snapshot that it makes since began_ms; 0: it makes none. */
static void look(uint64_t now_ms, uint64_t executed, uint64_t height, uint64_t began_ms, uint64_t made)
{
    wishes_look(&wishes, 1, &(struct wishes_moment){ .now_ns = now_ms * MS, .own_ns = now_ms * MS, .executed = executed, .makes = height > 0, .height = height, .began_ns = began_ms * MS, .made = made, .certified = certified });
}

static void expect(const char *text)
{
    cr_assert_eq(failure.kind, text == NULL ? FAILURE_NONE : FAILURE_SAFETY, "%s", failure.text);
    cr_assert(text == NULL || strstr(failure.text, text) != NULL, "%s", failure.text);
}

/* one_is_made for a wish, from 10 to 30 ms; at 29 ms it was not yet. */
static void one_is_made(void)
{
    wishes_told(&wishes, 1, 10 * MS);
    look(9, 40, 0, 0, 0);
    look(10, 40, 40, 10, 0);
    look(29, 60, 40, 10, 0);
    look(30, 60, 0, 10, 1);
    expect(NULL);
}

Test(wishes, one_that_rests_long_enough_is_fine_S4)
{
    one_is_made();
    wishes_told(&wishes, 1, 390 * MS);
    look(390, 60, 60, 390, 1);
    expect(NULL);
}

Test(wishes, one_that_comes_too_soon_is_seen_S4)
{
    one_is_made();
    wishes_told(&wishes, 1, 389 * MS);
    look(389, 60, 60, 389, 1);
    expect("S4: r1 begins a snapshot of block 60");
}

Test(wishes, one_that_is_due_may_come_at_once)
{
    one_is_made();
    look(31, 64, 64, 31, 1); /* of a block that was not executed a moment ago */
    expect(NULL);
}

Test(wishes, one_whose_certificate_nobody_is_told_is_seen_S3)
{
    look(9, 40, 0, 0, 0);
    look(10, 40, 40, 10, 0);
    expect("tells nobody its certificate");
}

Test(wishes, word_that_went_out_before_the_last_one_began_is_none_S3)
{
    one_is_made();
    look(1200, 60, 0, 10, 1);
    look(1300, 61, 61, 1300, 1);
    look(1310, 61, 0, 1300, 2);
    look(2500, 61, 0, 1300, 2);
    look(2501, 61, 60, 2501, 2);
    expect("tells nobody its certificate");
}

Test(wishes, wish_within_a_second_of_what_was_told_needs_no_second_word)
{
    one_is_made();
    look(700, 60, 60, 700, 1);
    expect(NULL);
}

Test(wishes, life_begins_anew)
{
    one_is_made();
    wishes_began(&wishes, 1, 40 * MS);
    wishes_told(&wishes, 1, 50 * MS);
    look(45, 60, 0, 0, 0);
    look(50, 60, 60, 50, 0);
    expect(NULL);
}

/* The wish came when there was nothing to tell; the leader tells all others what it certifies then. */
Test(wishes, who_holds_no_certificate_has_none_to_tell)
{
    certified = false;
    look(9, 40, 0, 0, 0);
    certified = true;
    look(20, 41, 40, 20, 0);
    expect(NULL);
    look(30, 60, 0, 20, 1);
    look(500, 60, 0, 20, 1);
    look(501, 61, 60, 501, 1);
    expect(NULL); /* nor is it known of the next one whether there was */
    look(510, 61, 0, 501, 2);
    look(2500, 61, 0, 501, 2);
    look(2501, 61, 61, 2501, 2);
    expect("tells nobody its certificate");
}
