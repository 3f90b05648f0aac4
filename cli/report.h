/* report.h: figures of a load as JSON, alike in `ward demo` and `ward-bench`. */
#ifndef WARD_CLI_REPORT_H
#define WARD_CLI_REPORT_H

#include "cli/meter.h"
#include "cli/tally.h"

#include <jansson.h>

/* report_number rounds to three places behind the point, so that a reader is told no more than was measured. */
json_t *report_number(double value);

/* report_put adds a figure that was measured; one that was not is absent from the object, never zero. Owns: the figure is taken in both cases. */
void report_put(json_t *object, const char *name, bool measured, json_t *figure);

/* report_has_cost tells whether a cost has figures for each command and block: something was committed, and every replica told its part. */
bool report_has_cost(const struct meter_cost *cost);

/* report_messages gives {"propose": 3.0, ...}: messages_per_block by type. */
json_t *report_messages(const struct meter_cost *cost);

/* report_tx_per_second gives the commands of a stretch that got a receipt with code 0, divided by its length, or by the time from its beginning until the last
 * of them had it, when that is longer: never more than was offered, and less when they were committed late. Needs: stretch_ns > 0. */
double report_tx_per_second(const struct tally *tally, uint64_t from_ns, uint64_t stretch_ns);

/* report_latency gives {p50, p95, p99, p999, max} in milliseconds of a histogram of nanoseconds; of an empty one nothing of it. */
json_t *report_latency(const struct histogram *latency);

/* report_codes gives {"314": 2, ...}: what did not end with code 0, refusals and receipts together. */
json_t *report_codes(const struct tally *tally);

/* report_memory_mib gives the highest resident set of any replica. */
double report_memory_mib(const struct meter_reading *reading);

#endif
