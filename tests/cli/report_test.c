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

Test(report, of_no_latency_there_is_no_percentile)
{
    static struct histogram histogram;

    histogram_init(&histogram);
    json_t *latency = report_latency(&histogram);
    cr_assert_eq(json_object_size(latency), 0);
    json_decref(latency);
}

Test(report, a_figure_that_was_not_measured_is_absent)
{
    json_t *object = json_object();

    report_put(object, "measured", true, report_number(0));
    report_put(object, "not", false, report_number(0));
    cr_assert_eq(json_object_size(object), 1);
    cr_assert_not_null(json_object_get(object, "measured"));
    json_decref(object);
}

Test(report, a_cost_needs_commands_blocks_and_every_replica)
{
    cr_assert(report_has_cost(&(struct meter_cost){ .complete = true, .commands = 1, .blocks = 1 }));
    cr_assert_not(report_has_cost(&(struct meter_cost){ .complete = false, .commands = 1, .blocks = 1 }));
    cr_assert_not(report_has_cost(&(struct meter_cost){ .complete = true, .commands = 0, .blocks = 1 }));
    cr_assert_not(report_has_cost(&(struct meter_cost){ .complete = true, .commands = 1, .blocks = 0 }));
}

Test(report, a_rate_is_over_the_stretch_or_until_the_last_answer)
{
    static struct tally_entry entries[1];
    static struct tally tally;

    tally_init(&tally, entries, 1);
    cr_assert_eq(report_tx_per_second(&tally, 1000000000, 2000000000), 0);
    tally.measured = 600;
    tally.answered_ns = 2500000000;
    cr_assert_float_eq(report_tx_per_second(&tally, 1000000000, 2000000000), 300, 1e-9);
    tally.answered_ns = 4000000000;
    cr_assert_float_eq(report_tx_per_second(&tally, 1000000000, 2000000000), 200, 1e-9);
}
