/* space_test.c: every mark from both sides, and every combination of level, fill and what the log says. */
#include "storage/space.h"

#include <criterion/criterion.h>
#include <string.h>

static struct space_facts at(uint32_t permille) { return (struct space_facts){ .bytes_used = permille, .bytes_free = 1000 - permille }; }

Test(space, each_mark_is_entered_upwards_and_left_at_a_lower_one)
{
    static const struct {
        enum space_level now;
        uint32_t permille;
        enum space_level next;
    } rows[] = {
        { SPACE_FINE, 0, SPACE_FINE },     { SPACE_FINE, 849, SPACE_FINE },     { SPACE_FINE, 850, SPACE_WARN },     { SPACE_FINE, 919, SPACE_WARN },
        { SPACE_FINE, 920, SPACE_REFUSE }, { SPACE_FINE, 969, SPACE_REFUSE },   { SPACE_FINE, 970, SPACE_STOP },     { SPACE_FINE, 1000, SPACE_STOP },
        { SPACE_WARN, 830, SPACE_WARN },   { SPACE_WARN, 829, SPACE_FINE },     { SPACE_WARN, 920, SPACE_REFUSE },   { SPACE_REFUSE, 900, SPACE_REFUSE },
        { SPACE_REFUSE, 899, SPACE_WARN }, { SPACE_REFUSE, 829, SPACE_FINE },   { SPACE_REFUSE, 969, SPACE_REFUSE }, { SPACE_STOP, 950, SPACE_STOP },
        { SPACE_STOP, 949, SPACE_REFUSE }, { SPACE_STOP, 899, SPACE_WARN },     { SPACE_STOP, 100, SPACE_FINE },     { SPACE_STOP, 1000, SPACE_STOP },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct space_facts facts = at(rows[i].permille);
        cr_assert_eq(space_level_next(rows[i].now, &facts), rows[i].next, "row %zu", i);
    }
}

/* Over all combinations: never lower than what the log needs, higher fill never gives a lower level, and the same facts twice change nothing. */
Test(space, all_combinations_keep_the_log_from_a_full_disk)
{
    for (unsigned now = 0; now < SPACE_LEVEL_COUNT; now++) {
        for (unsigned log = 0; log < 3; log++) {
            enum space_level before = SPACE_FINE;
            for (uint32_t permille = 0; permille <= 1000; permille++) {
                struct space_facts facts = at(permille);
                facts.reserve_empty = log >= 1;
                facts.log_short = log == 2;
                enum space_level next = space_level_next((enum space_level)now, &facts);
                cr_assert_geq(next, before);
                cr_assert(log < 1 || next >= SPACE_REFUSE);
                cr_assert(log < 2 || next == SPACE_STOP);
                cr_assert_eq(space_level_next(next, &facts), next, "stable");
                before = next;
            }
        }
    }
}

Test(space, rounds_up_and_takes_nothing_for_full)
{
    struct space_facts facts = { .bytes_used = 8491, .bytes_free = 1509 };

    cr_assert_eq(space_permille(&facts), 850);
    facts = (struct space_facts){ 0 };
    cr_assert_eq(space_permille(&facts), 1000);
    facts = (struct space_facts){ .bytes_used = UINT64_MAX / 2, .bytes_free = UINT64_MAX / 2 };
    cr_assert_eq(space_permille(&facts), 1000);
}

Test(space, the_reserve_grows_up_to_the_mark_and_no_further)
{
    struct space_facts facts = at(900);

    cr_assert(space_allows(&facts, 69));
    cr_assert_not(space_allows(&facts, 70));
    cr_assert_not(space_allows(&facts, 101), "more than there is");
    cr_assert_not(space_allows(&facts, UINT64_MAX));
}

Test(space, what_is_only_a_wish_raises_no_level)
{
    struct space_facts facts = at(800);

    cr_assert(space_spares(&facts, 49));
    cr_assert_not(space_spares(&facts, 50));
    cr_assert_not(space_spares(&facts, UINT64_MAX));
    facts = at(900);
    cr_assert_not(space_spares(&facts, 0));
}

Test(space, every_level_has_a_name)
{
    cr_assert_str_eq(space_level_name(SPACE_FINE), "fine");
    cr_assert_str_eq(space_level_name(SPACE_STOP), "stop");
}
