/* backoff_test.c: waits double, stay within their bounds, differ between callers, and start again after a success. */
#include "net/backoff.h"

#include <criterion/criterion.h>

Test(backoff, doubles_from_100_ms_to_30_s_with_jitter)
{
    struct backoff backoff = { 0 };
    struct rng rng;
    uint64_t wait_ns = BACKOFF_MIN_NS;

    rng_init(&rng, 5);
    for (unsigned i = 0; i < 40; i++) {
        uint64_t got_ns = backoff_next_ns(&backoff, &rng);
        cr_assert_geq(got_ns, wait_ns / 2);
        cr_assert_leq(got_ns, wait_ns);
        wait_ns = wait_ns * 2 < BACKOFF_MAX_NS ? wait_ns * 2 : BACKOFF_MAX_NS;
    }
    cr_assert_eq(wait_ns, BACKOFF_MAX_NS);
    backoff_reset(&backoff);
    cr_assert_leq(backoff_next_ns(&backoff, &rng), BACKOFF_MIN_NS);
}

Test(backoff, callers_that_failed_together_spread)
{
    struct rng rng;
    uint64_t low = UINT64_MAX, high = 0;

    for (uint64_t seed = 0; seed < 50; seed++) {
        struct backoff backoff = { .failures = 20 };
        rng_init(&rng, seed);
        uint64_t got_ns = backoff_next_ns(&backoff, &rng);
        low = got_ns < low ? got_ns : low;
        high = got_ns > high ? got_ns : high;
    }
    cr_assert_gt(high - low, BACKOFF_MAX_NS / 4);
}
