/* demo_report.c: the object of `ward.demo/1`. */
#include "cli/demo.h"

#include "cli/report.h"

#define FAILOVER_RATE 200u /* commands per second */

static json_t *latency(const struct histogram *histogram)
{
    json_t *all = report_latency(histogram), *object = json_object();
    static const char *const names[] = { "p50", "p99", "max" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_object_set(object, names[i], json_object_get(all, names[i]));
    }
    json_decref(all);
    return object;
}

/* rejected joins what the load and the story got. */
static json_t *rejected(const struct demo *demo)
{
    struct tally both = demo->load.tally;

    for (unsigned code = 0; code < TALLY_CODES; code++) {
        both.refused[code] += demo->story.rejected[code];
    }
    return report_codes(&both);
}

static json_t *idle(const struct demo_idle *stretch)
{
    return json_pack("{s:o, s:I, s:I, s:I}", "seconds", report_number(stretch->seconds), "wakeups", (json_int_t)stretch->wakeups, "messages",
                     (json_int_t)stretch->messages, "writes", (json_int_t)stretch->writes);
}

static json_t *resources(const struct demo *demo)
{
    return json_pack("{s:I, s:I}", "taken", (json_int_t)demo->resources_taken, "left_out", (json_int_t)demo->resources_left);
}

static json_t *access_report(const struct story *story)
{
    return json_pack("{s:b, s:b, s:b, s:b}", "permitted", story->seen.permitted, "denied", !hash_is_zero(&story->refused.id) && !story->refused.permitted,
                     "revoked_denied", story->revoked_denied, "audit_complete", story->audit_complete);
}

static json_t *problems(const struct demo *demo)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < demo->problems_count; i++) {
        json_array_append_new(list, json_string(demo->problems[i]));
    }
    return list;
}

json_t *demo_report(const struct demo *demo)
{
    const struct tally *tally = &demo->load.tally;
    const struct meter_cost *cost = &demo->cost;
    json_t *object = json_object();
    bool has_cost = report_has_cost(cost);
    double per_second = report_tx_per_second(tally, demo->load.start_ns, demo->options.load_ms * 1000000);

    json_object_set_new(object, "ok", json_boolean(demo->problems_count == 0));
    json_object_set_new(object, "committed", json_integer((json_int_t)(tally->committed[0] + demo->story.committed)));
    json_object_set_new(object, "rejected", rejected(demo));
    json_object_set_new(object, "tx_per_second", report_number(per_second));
    report_put(object, "latency_ms", tally->latency.count > 0, latency(&tally->latency));
    report_put(object, "cpu_us_per_tx", has_cost, report_number(cost->cpu_us_per_tx));
    json_object_set_new(object, "libsodium_check_us", report_number((double)demo->check_ns / 1000));
    report_put(object, "signature_checks_per_tx", has_cost, report_number(cost->checks_per_tx));
    json_object_set_new(object, "blocks", json_integer((json_int_t)demo->blocks));
    report_put(object, "flushes_per_block", has_cost, report_number(cost->flushes_per_block));
    report_put(object, "messages_per_block", has_cost, report_number(cost->messages_per_block));
    json_object_set_new(object, "idle", idle(&demo->idle));
    bool dense = demo->options.rate >= FAILOVER_RATE; /* Below it a gap between commands looks like one of the cluster. */
    json_object_set_new(object, "failover_ms", dense ? report_number((double)demo->gap_ns / 1e6) : json_null());
    json_object_set_new(object, "rejoined", json_boolean(demo->rejoined));
    json_object_set_new(object, "state_roots_equal", json_boolean(demo->roots_equal));
    json_object_set_new(object, "resources", resources(demo));
    json_object_set_new(object, "access", access_report(&demo->story));
    report_put(object, "memory_mib_max", demo->memory_mib > 0, report_number(demo->memory_mib));
    json_object_set_new(object, "durable", json_boolean(demo->bed.durable));
    json_object_set_new(object, "problems", problems(demo));
    return object;
}
