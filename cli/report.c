/* report.c: see report.h. */
#include "cli/report.h"

#include "base/assert.h"

#include <math.h>
#include <stdio.h>

json_t *report_number(double value)
{
    return json_real(round(value * 1000) / 1000);
}

void report_put(json_t *object, const char *name, bool measured, json_t *figure)
{
    if (measured) {
        json_object_set_new(object, name, figure);
    } else {
        json_decref(figure);
    }
}

bool report_has_cost(const struct meter_cost *cost)
{
    return cost->complete && cost->commands > 0 && cost->blocks > 0;
}

json_t *report_messages(const struct meter_cost *cost)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < METER_MESSAGES; i++) {
        json_object_set_new(object, meter_messages_name(i), report_number(cost->messages_per_block_by[i]));
    }
    return object;
}

double report_tx_per_second(const struct tally *tally, uint64_t from_ns, uint64_t stretch_ns)
{
    uint64_t until_ns = from_ns + stretch_ns;

    ASSERT(stretch_ns > 0);
    if (tally->answered_ns > until_ns) {
        until_ns = tally->answered_ns;
    }
    return (double)tally->measured * 1e9 / (double)(until_ns - from_ns);
}

static json_t *milliseconds(uint64_t ns)
{
    return report_number((double)ns / 1e6);
}

json_t *report_latency(const struct histogram *latency)
{
    static const struct { const char *name; uint32_t per_million; } rows[] = { { "p50", 500000 }, { "p95", 950000 }, { "p99", 990000 }, { "p999", 999000 } };
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        report_put(object, rows[i].name, latency->count > 0, milliseconds(histogram_percentile(latency, rows[i].per_million)));
    }
    report_put(object, "max", latency->count > 0, milliseconds(latency->max));
    return object;
}

json_t *report_codes(const struct tally *tally)
{
    json_t *object = json_object();
    char name[8];

    for (unsigned code = 0; code < TALLY_CODES; code++) {
        uint64_t count = tally->refused[code] + (code > 0 ? tally->committed[code] : 0);
        if (count > 0) {
            snprintf(name, sizeof name, "%u", code);
            json_object_set_new(object, name, json_integer((json_int_t)count));
        }
    }
    return object;
}

double report_memory_mib(const struct meter_reading *reading)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < reading->replicas; i++) {
        most = reading->of[i].peak_bytes > most ? reading->of[i].peak_bytes : most;
    }
    return (double)most / 1048576;
}
