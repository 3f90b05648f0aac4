/* throttle_test.c: a burst passes, then the rate rules, whatever the pattern of arrivals. */
#include "net/throttle.h"

#include "base/rng.h"

#include <criterion/criterion.h>

#define SECOND 1000000000ull

Test(throttle, admits_a_burst_and_then_one_per_interval)
{
    struct throttle throttle;
    uint64_t now_ns = 77 * SECOND;

    throttle_init(&throttle, 200, 10);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert(throttle_admit(&throttle, now_ns), "the %uth of a burst", i);
    }
    cr_assert_not(throttle_admit(&throttle, now_ns));
    cr_assert_not(throttle_admit(&throttle, now_ns + SECOND / 200 - 1));
    cr_assert(throttle_admit(&throttle, now_ns + SECOND / 200));
    cr_assert_not(throttle_admit(&throttle, now_ns + SECOND / 200));
}

Test(throttle, holds_the_rate_against_a_flood)
{
    struct throttle throttle;
    struct rng rng;
    uint64_t now_ns = 0;
    unsigned admitted = 0;

    throttle_init(&throttle, 200, 20);
    rng_init(&rng, 1);
    while (now_ns < 10 * SECOND) {
        admitted += throttle_admit(&throttle, now_ns);
        now_ns += rng_below(&rng, SECOND / 1000);
    }
    cr_assert_geq(admitted, 2000);
    cr_assert_leq(admitted, 2021);
}

Test(throttle, does_not_save_up_more_than_the_burst)
{
    struct throttle throttle;
    unsigned admitted = 0;

    throttle_init(&throttle, 1, 3);
    for (unsigned i = 0; i < 100; i++) {
        admitted += throttle_admit(&throttle, 1000 * SECOND);
    }
    cr_assert_eq(admitted, 3);
}

Test(throttle, what_was_dearer_is_paid_for_afterwards)
{
    struct throttle throttle;

    throttle_init(&throttle, 10, 4);
    cr_assert(throttle_admit(&throttle, SECOND));
    throttle_charge(&throttle, 3);
    cr_assert_not(throttle_admit(&throttle, SECOND), "four are gone");
    cr_assert(throttle_admit(&throttle, SECOND + SECOND / 10));
}
