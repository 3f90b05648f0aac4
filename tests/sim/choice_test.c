/* choice_test.c: a decision depends on its name and the seed alone, and each part of the name counts. */
#include "sim/world/choice.h"

#include <criterion/criterion.h>

Test(choice, the_same_name_gives_the_same_bits_and_every_part_of_it_counts)
{
    const struct choice name = { CHOICE_DELAY, { 1, 2, 3, 4, 5 } };
    uint64_t bits = choice_draw(7, &name);

    cr_assert_eq(choice_draw(7, &name), bits);
    cr_assert_neq(choice_draw(8, &name), bits, "the seed");
    struct choice other = name;
    other.topic = CHOICE_DROP;
    cr_assert_neq(choice_draw(7, &other), bits, "the topic");
    for (unsigned i = 0; i < 5; i++) {
        other = name;
        other.at[i] += UINT64_C(1) << 40;
        cr_assert_neq(choice_draw(7, &other), bits, "coordinate %u", i);
    }
}

Test(choice, numbers_stay_below_their_bound_and_reach_all_of_it)
{
    unsigned seen[6] = { 0 };

    for (uint64_t i = 0; i < 6000; i++) {
        uint64_t number = choice_below(1, &(struct choice){ CHOICE_CRASH, { i } }, 6);
        cr_assert_lt(number, 6);
        seen[number]++;
    }
    for (unsigned i = 0; i < 6; i++) {
        cr_assert(seen[i] > 800 && seen[i] < 1200, "%u: %u of 6000", i, seen[i]);
    }
    cr_assert_eq(choice_below(1, &(struct choice){ CHOICE_CRASH, { 0 } }, 1), 0);
}

Test(choice, happens_for_as_many_of_a_million_names_as_it_is_told)
{
    unsigned count = 0;

    for (uint64_t i = 0; i < 20000; i++) {
        const struct choice name = { CHOICE_DROP, { i } };
        cr_assert_not(choice_happens(3, &name, 0));
        cr_assert(choice_happens(3, &name, 1000000));
        count += choice_happens(3, &name, 100000) ? 1 : 0;
    }
    cr_assert(count > 1700 && count < 2300, "%u of 20000, where 2000 are meant", count);
}
