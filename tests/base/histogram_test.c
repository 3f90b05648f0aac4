/* histogram_test.c: buckets tile the range, and percentiles err upwards by less than one part in 128. */
#include "base/histogram.h"

#include "base/rng.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct histogram histogram, other;

Test(histogram, buckets_tile_the_whole_range)
{
    uint64_t low = 0;

    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        uint64_t high = histogram_bucket_high(bucket);
        cr_assert_geq(high, low);
        cr_assert_eq(histogram_bucket_of(low), bucket);
        cr_assert_eq(histogram_bucket_of(high), bucket);
        cr_assert_lt((high - low) * 128, low + 128);
        low = high + 1;
    }
    cr_assert_eq(low, HISTOGRAM_VALUE_MAX + 1);
    cr_assert_eq(histogram_bucket_of(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

Test(histogram, percentiles_agree_with_sorting)
{
    static uint64_t values[5000];
    static const uint32_t wanted[] = { 0, 1, 500000, 950000, 990000, 999000, 999900, 1000000 };
    struct rng rng;

    rng_init(&rng, 11);
    histogram_init(&histogram);
    for (size_t i = 0; i < 5000; i++) {
        values[i] = rng_next(&rng) >> (24 + rng_below(&rng, 36));
        histogram_record(&histogram, values[i]);
    }
    qsort(values, 5000, sizeof values[0], compare);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        uint64_t rank = ((uint64_t)wanted[i] * 5000 + 999999) / 1000000;
        uint64_t exact = values[rank == 0 ? 0 : rank - 1];
        uint64_t got = histogram_percentile(&histogram, wanted[i]);
        cr_assert_geq(got, exact);
        cr_assert_leq(got, exact + exact / 128);
    }
    cr_assert_eq(histogram.min, values[0]);
    cr_assert_eq(histogram.max, values[4999]);
    cr_assert_eq(histogram_percentile(&histogram, 1000000), values[4999]);
}

Test(histogram, is_quiet_when_empty)
{
    histogram_init(&histogram);
    cr_assert_eq(histogram_percentile(&histogram, 500000), 0);
    cr_assert_eq(histogram_mean(&histogram), 0);
}

Test(histogram, keeps_values_beyond_its_range_visible)
{
    histogram_init(&histogram);
    histogram_record(&histogram, 3);
    histogram_record(&histogram, HISTOGRAM_VALUE_MAX + 5);
    cr_assert_eq(histogram.beyond, 1);
    cr_assert_eq(histogram_percentile(&histogram, 1000000), HISTOGRAM_VALUE_MAX + 5);
}

Test(histogram, merges_as_if_recorded_in_one)
{
    histogram_init(&histogram);
    histogram_init(&other);
    for (uint64_t v = 1; v <= 1000; v++) {
        histogram_record(v % 3 == 0 ? &other : &histogram, v * 1000);
    }
    histogram_merge(&histogram, &other);
    cr_assert_eq(histogram.count, 1000);
    cr_assert_eq(histogram.min, 1000);
    cr_assert_eq(histogram.max, 1000000);
    cr_assert_eq(histogram_mean(&histogram), 500500);
    cr_assert_leq(histogram_percentile(&histogram, 500000), 500000 + 500000 / 128);
    cr_assert_geq(histogram_percentile(&histogram, 500000), 500000);
}
