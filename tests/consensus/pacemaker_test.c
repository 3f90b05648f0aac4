/* pacemaker_test.c: how long a view may stand still (T5). */
#include "consensus/pacemaker.h"

#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)

static struct pacemaker pacemaker;

static struct config_limits limits_of(uint32_t batch_us)
{
    struct config_limits limits = config_limits_default();

    limits.batch_us = batch_us;
    limits.view_ms_min = 200;
    limits.view_ms_max = 8000;
    return limits;
}

static void fresh(uint32_t batch_us, uint64_t append_ns)
{
    struct config_limits limits = limits_of(batch_us);

    pacemaker_init(&pacemaker, &limits, append_ns);
}

Test(pacemaker, base_is_the_largest_of_floor_and_measurement_and_twice_the_batch)
{
    static const struct { uint32_t batch_us; uint64_t append_ms, base_ms; const char *why; } table[] = {
        { 0, 0, 200, "the floor" },
        { 5000, 0, 210, "and two T" },
        { 0, 50, 200, "four times 50 is no more" },
        { 0, 51, 204, "four times 51 is" },
        { 400000, 100, 1200, "both" },
        { 1000000, 3000, 4 * PACEMAKER_SAMPLE_NS_MAX / MS + 2000, "a measurement has a cap" },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        fresh(table[i].batch_us, table[i].append_ms * MS);
        cr_assert_eq(pacemaker_base_ns(&pacemaker), table[i].base_ms * MS, "T5: %s", table[i].why);
    }
}

Test(pacemaker, one_long_pause_in_64_is_not_looked_at)
{
    fresh(0, 0);
    pacemaker_sample(&pacemaker, 90 * MS);
    cr_assert_eq(pacemaker_base_ns(&pacemaker), 200 * MS);
    pacemaker_sample(&pacemaker, 70 * MS);
    cr_assert_eq(pacemaker_base_ns(&pacemaker), 280 * MS, "two are");
    for (uint32_t i = 0; i < PACEMAKER_SAMPLES; i++) {
        pacemaker_sample(&pacemaker, 10 * MS);
    }
    cr_assert_eq(pacemaker_base_ns(&pacemaker), 200 * MS, "and are forgotten");
}

Test(pacemaker, doubles_with_each_view_without_a_commit_up_to_the_cap)
{
    static const uint64_t expected_ms[] = { 200, 400, 800, 1600, 3200, 6400, 8000, 8000 };

    fresh(0, 0);
    for (size_t k = 0; k < sizeof expected_ms / sizeof expected_ms[0]; k++) {
        cr_assert_eq(pacemaker_timeout_ns(&pacemaker), expected_ms[k] * MS, "k = %zu", k);
        pacemaker_failed(&pacemaker);
    }
    for (uint32_t night = 0; night < 100000; night++) {
        pacemaker_failed(&pacemaker);
    }
    cr_assert_eq(pacemaker_timeout_ns(&pacemaker), 8000 * MS, "a night without a quorum ends within one tau_max");
    pacemaker_recovered(&pacemaker);
    cr_assert_eq(pacemaker_timeout_ns(&pacemaker), 200 * MS);
}

Test(pacemaker, an_absurd_sample_counts_as_the_longest_that_is_believed)
{
    fresh(0, 0);
    pacemaker_sample(&pacemaker, UINT64_MAX);
    pacemaker_sample(&pacemaker, UINT64_MAX);
    cr_assert_eq(pacemaker_base_ns(&pacemaker), 4 * PACEMAKER_SAMPLE_NS_MAX);
}

Test(pacemaker, never_waits_longer_than_tau_max)
{
    struct config_limits limits = limits_of(1000000);

    limits.view_ms_max = 1500;
    pacemaker_init(&pacemaker, &limits, 0);
    cr_assert_eq(pacemaker_base_ns(&pacemaker), 1500 * MS, "T5: 200 ms and two T are more");
    cr_assert_eq(pacemaker_timeout_ns(&pacemaker), 1500 * MS);
}

Test(pacemaker, what_is_repeated_waits_twice_as_long_each_time_up_to_tau_max)
{
    fresh(0, 0);
    for (uint32_t times = 0; times < 40; times++) { /* T7 */
        uint64_t wanted_ms = times < 6 ? UINT64_C(200) << times : 8000;
        cr_assert_eq(pacemaker_backoff_ns(&pacemaker, times), wanted_ms * MS, "%u", times);
    }
    pacemaker_failed(&pacemaker);
    cr_assert_eq(pacemaker_backoff_ns(&pacemaker, 1), 800 * MS, "it begins with tau_k");
}

static void check(const void *state) { pacemaker_check(state); }

Test(pacemaker, stops_at_what_no_measurement_gives)
{
    fresh(5000, 3 * MS);
    cr_assert_not(kit_stops(check, &pacemaker));
    struct pacemaker bad = pacemaker;
    bad.measured_ns = 4 * MS;
    cr_assert(kit_stops(check, &bad), "T5: not of the samples");
    bad = pacemaker;
    bad.failures = 1000;
    cr_assert(kit_stops(check, &bad));
    bad = pacemaker;
    bad.max_ns = bad.floor_ns - 1;
    cr_assert(kit_stops(check, &bad), "T5");
}
