/* report_test.c: figures are rounded, percentiles are those of the histogram, codes are counted once. */
#include "cli/report.h"

#include <criterion/criterion.h>

static double real_of(json_t *object, const char *name)
{
    return json_real_value(json_object_get(object, name));
}

Test(report, a_number_has_three_places)
{
    json_t *number = report_number(1.23456789);

    cr_assert_float_eq(json_real_value(number), 1.235, 1e-12);
    json_decref(number);
}

Test(report, percentiles_are_in_milliseconds)
{
    static struct histogram histogram;

    histogram_init(&histogram);
    for (uint64_t i = 1; i <= 1000; i++) {
        histogram_record(&histogram, i * 1000000);
    }
    json_t *latency = report_latency(&histogram);
    cr_assert_float_eq(real_of(latency, "p50"), 500, 5);
    cr_assert_float_eq(real_of(latency, "p95"), 950, 9);
    cr_assert_float_eq(real_of(latency, "p99"), 990, 9);
    cr_assert_float_eq(real_of(latency, "p999"), 999, 9);
    cr_assert_float_eq(real_of(latency, "max"), 1000, 0.001);
    json_decref(latency);
}

Test(report, codes_are_receipts_but_the_good_ones_and_refusals)
{
    static struct tally_entry entries[1];
    static struct tally tally;

    tally_init(&tally, entries, 1);
    tally.committed[0] = 100;
    tally.committed[314] = 2;
    tally.refused[314] = 1;
    tally.refused[106] = 7;
    json_t *codes = report_codes(&tally);
    cr_assert_eq(json_object_size(codes), 2);
    cr_assert_eq(json_integer_value(json_object_get(codes, "314")), 3);
    cr_assert_eq(json_integer_value(json_object_get(codes, "106")), 7);
    json_decref(codes);
}

Test(report, memory_is_that_of_the_largest_replica)
{
    static struct meter_reading reading = { .replicas = 3 };

    reading.of[1].peak_bytes = 3 << 20;
    reading.of[2].peak_bytes = 2 << 20;
    cr_assert_float_eq(report_memory_mib(&reading), 3, 1e-9);
}
