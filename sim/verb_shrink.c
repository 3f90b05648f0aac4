/* verb_shrink.c: `ward-sim shrink`: the smallest schedule that still fails, as a scenario. */
#include "sim/verbs.h"

#include "base/exit.h"
#include "sim/build_id.h"
#include "sim/fresh.h"
#include "sim/play.h"
#include "sim/campaign/shrink.h"

#include <errno.h>

#define RUNS_MAX 20000u

/* write_scenario writes what is left, and above it where it comes from. Gives: false when the stream cannot be written. */
static bool write_scenario(const struct order *order, const struct scenario *scenario, const struct shrink_report *report, FILE *file)
{
    const struct shrink_size *before = &report->before, *after = &report->after;

    fprintf(file, "# %s: %s\n", failure_word(report->failure.kind), report->failure.text);
    if (order->scenario != NULL) {
        fprintf(file, "# From %s", order->scenario);
    } else {
        fprintf(file, "# From seed %llu", (unsigned long long)order->seed);
    }
    fprintf(file, ", build %s: of %u steps, %u commands and %u faults of messages are left %u, %u and %u.\n", build_id(), before->steps, before->commands,
            before->faults, after->steps, after->commands, after->faults);
    scenario_write(scenario, file);
    return fflush(file) == 0 && !ferror(file);
}

/* write_out writes it where it is asked for. Gives: EXIT_FINE, or the code of a complaint that is made already. */
static int write_out(const struct order *order, const struct scenario *scenario, const struct shrink_report *report)
{
    FILE *file = order->out == NULL ? stdout : fresh_open(order->out);
    bool well = file != NULL && write_scenario(order, scenario, report, file);

    if (order->out == NULL) {
        return well ? EXIT_FINE : order_fail(order, EXIT_RESOURCE, "standard output cannot be written");
    }
    int number = file == NULL ? errno : fresh_close(file, well);
    return number == 0 ? EXIT_FINE : fresh_fail(order, order->out, number);
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
    code = fresh_refuse(order, order->out);
    if (code != EXIT_FINE) {
        return code;
    }
    if (!shrink_run(&plan, &scenario, &report)) {
        return order_fail(order, EXIT_NO, "this does not fail: there is nothing to shrink");
    }
    code = write_out(order, &scenario, &report);
    if (code != EXIT_FINE) {
        return code;
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
