/* rng_test.c: the generator is the published one and its bounds hold. */
#include "base/rng.h"

#include <criterion/criterion.h>

Test(rng, repeats_for_one_seed_and_differs_for_another)
{
    struct rng a, b, c;
    unsigned equal = 0;

    rng_init(&a, 42);
    rng_init(&b, 42);
    rng_init(&c, 43);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t value = rng_next(&a);
        cr_assert_eq(value, rng_next(&b));
        equal += value == rng_next(&c);
    }
    cr_assert_eq(equal, 0);
}

/* The first outputs for the state 1, 2, 3, 4, worked out by hand from the definition: rotl(s0 + s3, 23) + s0. */
Test(rng, follows_the_definition)
{
    struct rng rng = { .state = { 1, 2, 3, 4 } };

    cr_assert_eq(rng_next(&rng), 41943041u);
    cr_assert_eq(rng_next(&rng), 58720359u);
}

Test(rng, stays_below_its_bound_and_reaches_every_value)
{
    struct rng rng;
    unsigned seen[7] = { 0 };

    rng_init(&rng, 1);
    for (unsigned i = 0; i < 7000; i++) {
        uint64_t value = rng_below(&rng, 7);
        cr_assert_lt(value, 7);
        seen[value]++;
    }
    for (unsigned i = 0; i < 7; i++) {
        cr_assert_gt(seen[i], 800);
    }
    cr_assert_eq(rng_below(&rng, 1), 0);
}
