/* verb_shrink.c: `ward-sim shrink`: the smallest schedule that still fails, as a scenario. */
#include "sim/verbs.h"

#include "base/exit.h"
#include "sim/build_id.h"
#include "sim/play.h"
#include "sim/shrink.h"

#define RUNS_MAX 20000u

/* write_scenario writes what is left, and above it where it comes from. */
static bool write_scenario(const struct order *order, const struct scenario *scenario, const struct shrink_report *report)
{
    FILE *file = order->out == NULL ? stdout : fopen(order->out, "w");
    const struct shrink_size *before = &report->before, *after = &report->after;

    if (file == NULL) {
        return false;
    }
    fprintf(file, "# %s: %s\n", failure_word(report->failure.kind), report->failure.text);
    if (order->scenario != NULL) {
        fprintf(file, "# From %s", order->scenario);
    } else {
        fprintf(file, "# From seed %llu", (unsigned long long)order->seed);
    }
    fprintf(file, ", build %s: of %u steps, %u commands and %u faults of messages are left %u, %u and %u.\n", build_id(), before->steps, before->commands,
            before->faults, after->steps, after->commands, after->faults);
    scenario_write(scenario, file);
    bool well = fflush(file) == 0 && !ferror(file);
    return (file == stdout || fclose(file) == 0) && well;
}

int verb_shrink(const struct order *order)
{
    static struct scenario scenario;
    static struct shrink_report report;
    struct shrink_plan plan = { .play = shrink_play, .budget_ns = order->plan.budget_ns, .runs_max = RUNS_MAX, .seconds = 60 };
    int code = play_load(order, &scenario);

    if (code != EXIT_FINE) {
        return code;
    }
    if (order->json && order->out == NULL) {
        return order_usage(order, "with --json the scenario needs a file: ", "-o FILE");
    }
    if (!shrink_run(&plan, &scenario, &report)) {
        return order_fail(order, EXIT_NO, "this does not fail: there is nothing to shrink");
    }
    if (!write_scenario(order, &scenario, &report)) {
        return order_fail(order, EXIT_RESOURCE, "%s cannot be written", order->out == NULL ? "standard output" : order->out);
    }
    if (order->json && !report_shrink(stdout, &report, order->out)) {
        return EXIT_RESOURCE;
    }
    fprintf(stderr, "ward-sim: %s: %s\n  %u runs: steps %u to %u, commands %u to %u, faults of messages %u to %u, events %llu to %llu%s\n",
            failure_word(report.failure.kind), report.failure.text, report.runs, report.before.steps, report.after.steps, report.before.commands,
            report.after.commands, report.before.faults, report.after.faults, (unsigned long long)report.before.events, (unsigned long long)report.after.events,
            report.complete ? "" : "; the budget ended it");
    return failure_exit(&report.failure);
}
