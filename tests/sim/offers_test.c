/* offers_test.c: who fetches a snapshot that too few offer alike is seen. */
#include "sim/oracle/offers.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>

static struct failure failure;
static struct offers offers;

static void setup(void)
{
    failure = (struct failure){ 0 };
    offers_init(&offers, 2, &failure);
    for (uint32_t member = 4; member < 7; member++) {
        offers_gone(&offers, 3, 1, member);
    }
}

static void teardown(void)
{
    offers_close(&offers);
}

TestSuite(offers, .init = setup, .fini = teardown);

static void hear(uint32_t member, uint64_t height, uint8_t which)
{
    struct hash32 digest = { { which } };

    offers_heard(&offers, 3, 1, member, height, &digest);
}

/* ask asks for a part of the snapshot of a height, or, without a part, for offers. */
static void ask(uint32_t life, uint64_t height, uint32_t bytes)
{
    struct message_snapshot_ask question = { .height = height, .run = { .bytes = bytes } };

    offers_asked(&offers, 3, life, &question);
}

Test(offers, f_and_one_alike_are_enough)
{
    hear(0, 64, 7);
    hear(1, 64, 7);
    hear(5, 64, 7);
    ask(1, 64, 100);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(offers, f_are_not_however_often_they_say_it)
{
    hear(0, 64, 7);
    hear(1, 64, 7);
    hear(1, 64, 7);
    ask(1, 64, 100);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(offers, others_of_the_same_height_do_not_count)
{
    hear(0, 64, 7);
    hear(1, 64, 7);
    hear(2, 64, 8);
    hear(4, 128, 7);
    ask(1, 64, 100);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(offers, of_an_earlier_life_do_not_count)
{
    hear(0, 64, 7);
    hear(1, 64, 7);
    hear(2, 64, 7);
    for (uint32_t member = 4; member < 7; member++) {
        offers_gone(&offers, 3, 2, member);
    }
    ask(2, 64, 100);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(offers, nothing_is_no_offer)
{
    for (uint32_t i = 0; i < 4; i++) {
        hear(i, 0, 0);
    }
    ask(1, 0, 100);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(offers, are_asked_for_when_enough_have_the_blocks_no_more)
{
    ask(1, 0, 0);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    offers_gone(&offers, 3, 2, 4);
    offers_gone(&offers, 3, 2, 5);
    offers_gone(&offers, 3, 2, 5);
    ask(2, 0, 0);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}
