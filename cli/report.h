/* report.h: figures of a load as JSON, alike in `ward demo` and `ward-bench`. */
#ifndef WARD_CLI_REPORT_H
#define WARD_CLI_REPORT_H

#include "cli/meter.h"
#include "cli/tally.h"

#include <jansson.h>

/* report_number rounds to three places behind the point, so that a reader is told no more than was measured. */
json_t *report_number(double value);

/* report_latency gives {p50, p95, p99, p999, max} in milliseconds of a histogram of nanoseconds. */
json_t *report_latency(const struct histogram *latency);

/* report_codes gives {"314": 2, ...}: what did not end with code 0, refusals and receipts together. */
json_t *report_codes(const struct tally *tally);

/* report_memory_mib gives the highest resident set of any replica. */
double report_memory_mib(const struct meter_reading *reading);

#endif
