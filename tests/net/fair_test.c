/* fair_test.c: a part for everybody who asks, the rest for whoever likes, and never more than all in the long run. */
#include "net/fair.h"

#include "tests/net/net_kit.h"

#include <criterion/criterion.h>

#define S UINT64_C(1000000000)

enum { PARTIES = 8, PER_SECOND = 1000, BURST = 200 };

static struct fair fair;

static void start_with(uint32_t per_second, uint32_t burst)
{
    struct arena arena;

    arena_init_measure(&arena);
    fair_take(&fair, &arena, PARTIES, per_second, burst);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    fair_take(&fair, &arena, PARTIES, per_second, burst);
}

static void start(void) { start_with(PER_SECOND, BURST); }

TestSuite(fair, .init = start);

/* ask has a party ask `each` times in every millisecond of a time. Gives: how many were admitted. */
static uint64_t ask(uint64_t party, uint32_t each, uint64_t from_ms, uint64_t to_ms)
{
    uint64_t admitted = 0;

    for (uint64_t ms = from_ms; ms < to_ms; ms++) {
        for (uint32_t i = 0; i < each; i++) {
            admitted += fair_admit(&fair, party, ms * 1000000);
        }
    }
    return admitted;
}

Test(fair, one_party_alone_has_all_of_it)
{
    uint64_t admitted = ask(1, 10, 5000, 15000);

    cr_assert_geq(admitted, 10 * PER_SECOND);
    cr_assert_leq(admitted, 11 * PER_SECOND + BURST, "%zu", (size_t)admitted);
}

Test(fair, who_asks_for_less_than_its_part_gets_every_answer)
{
    for (uint64_t ms = 5000; ms < 15000; ms++) {
        (void)ask(1, 20, ms, ms + 1);
        (void)ask(2, 20, ms, ms + 1);
        if (ms % 4 == 0) { /* 250 in a second, of 333 */
            cr_assert_eq(ask(3, 1, ms, ms + 1), 1, "at %zu ms", (size_t)ms);
        }
    }
    cr_assert_gt(fair.granted, 0);
}

Test(fair, a_newcomer_has_its_part_at_once)
{
    (void)ask(1, 50, 5000, 9000);
    cr_assert_eq(ask(1, 1, 9000, 9001) + ask(2, 1, 9000, 9001), 2, "a part of a new window for either");
    (void)ask(1, 50, 9001, 9501);
    cr_assert_eq(ask(2, 100, 9500, 9501), PER_SECOND / FAIR_WINDOWS / 2);
}

Test(fair, all_together_get_no_more_than_the_budget_in_the_long_run)
{
    uint64_t admitted[PARTIES] = { 0 }, sum = 0;

    for (uint64_t ms = 5000; ms < 25000; ms++) {
        for (uint64_t party = 0; party < PARTIES; party++) {
            admitted[party] += ask(1 + party, 2, ms, ms + 1);
        }
    }
    for (uint32_t party = 0; party < PARTIES; party++) {
        sum += admitted[party];
        cr_assert_geq(admitted[party], 20 * PER_SECOND / PARTIES * 9 / 10, "party %u: %zu", party, (size_t)admitted[party]);
    }
    cr_assert_leq(sum, 20 * PER_SECOND + PER_SECOND + BURST, "%zu", (size_t)sum);
}

Test(fair, what_is_dear_is_owed_in_the_next_windows)
{
    (void)ask(1, 50, 5000, 6001);
    cr_assert_eq(ask(2, 1, 6000, 6001), 1);
    fair_charge(&fair, 2, 150); /* three parts of two parties */
    for (uint64_t ms = 6001; ms < 6201; ms++) {
        (void)ask(1, 50, ms, ms + 1);
        cr_assert(ms == 6200 || ask(2, 1, ms, ms + 1) == 0, "at %zu ms", (size_t)ms);
    }
    cr_assert_eq(ask(2, 1, 6200, 6201), 0, "two parts are paid");
    (void)ask(1, 50, 6201, 6501);
    cr_assert_eq(ask(2, 1, 6500, 6501), 1);
}

Test(fair, more_parties_than_entries_share_what_is_left)
{
    for (uint64_t party = 1; party <= PARTIES; party++) {
        cr_assert_eq(ask(party, 1, 5000, 5001), 1);
    }
    cr_assert_eq(ask(100, 1, 5000, 5001), 1, "there is room for all");
    (void)ask(1, 1000, 5001, 5004);
    cr_assert_eq(ask(100, 1, 5003, 5004), 0);
    cr_assert_eq(ask(2, 1, 5003, 5004), 1);
    cr_assert_eq(ask(100, 1, 7500, 7501), 1, "entries of those that ask no more are free");
    cr_assert_eq(fair.parties[0].party, 100);
}

/* Of a part that is less than one in a window there is one in several. */
Test(fair, more_parties_than_a_window_allows_have_turns_and_no_more_in_all)
{
    uint64_t admitted[PARTIES] = { 0 }, sum = 0;

    start_with(20, 5);
    for (uint64_t ms = 5000; ms < 25000; ms++) {
        for (uint64_t party = 0; party < PARTIES; party++) {
            admitted[party] += ask(1 + party, 1, ms, ms + 1);
        }
    }
    for (uint32_t party = 0; party < PARTIES; party++) {
        sum += admitted[party];
        cr_assert_geq(admitted[party], 20 * 20 / PARTIES * 8 / 10, "party %u: %zu", party, (size_t)admitted[party]);
    }
    cr_assert_leq(sum, 20 * 20 + 20 + 5, "%zu", (size_t)sum);
}

/* Whoever has a network of IPv6 has as many hosts as it likes, and each asks once. */
Test(fair, parties_without_number_get_no_more_in_all)
{
    uint64_t sum = 0, party = 0;

    start_with(20, 5);
    for (uint64_t ms = 5000; ms < 25000; ms++) {
        sum += ask(++party, 1, ms, ms + 1);
    }
    cr_assert_leq(sum, 20 * 20 + 20 + 5, "%zu", (size_t)sum);
    cr_assert_geq(sum, 20 * 20 * 8 / 10, "%zu", (size_t)sum);
}
