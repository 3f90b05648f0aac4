/* facts_test.c: a name keeps its first value, through every growth. */
#include "sim/oracle/facts.h"

#include <criterion/criterion.h>

Test(facts, keep_the_first_value_of_a_name)
{
    struct facts facts;

    facts_init(&facts);
    cr_assert_eq(facts_find(&facts, 7), 0);
    cr_assert_eq(facts_keep(&facts, 7, 100), 100);
    cr_assert_eq(facts_keep(&facts, 7, 200), 100);
    cr_assert_eq(facts_find(&facts, 7), 100);
    cr_assert_eq(facts.count, 1);
    facts_close(&facts);
}

Test(facts, grow_without_losing_any)
{
    struct facts facts;

    facts_init(&facts);
    for (uint64_t i = 0; i < 50000; i++) {
        cr_assert_eq(facts_keep(&facts, i * 1024, i + 1), i + 1, "names that begin in the same slot");
    }
    for (uint64_t i = 0; i < 50000; i++) {
        cr_assert_eq(facts_find(&facts, i * 1024), i + 1);
    }
    cr_assert_eq(facts.count, 50000);
    cr_assert_eq(facts_find(&facts, 1), 0);
    facts_close(&facts);
}

Test(facts, names_depend_on_every_number)
{
    uint64_t base = fact_name(1, 2, 3, 4);

    cr_assert_neq(base, fact_name(2, 2, 3, 4));
    cr_assert_neq(base, fact_name(1, 3, 3, 4));
    cr_assert_neq(base, fact_name(1, 2, 4, 4));
    cr_assert_neq(base, fact_name(1, 2, 3, 5));
    cr_assert_neq(fact_digest("a", 1), fact_digest("b", 1));
    cr_assert_neq(fact_digest("", 0), 0);
}
