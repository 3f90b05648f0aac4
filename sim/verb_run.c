/* verb_run.c: `ward-sim run` plays one seed or scenario, `ward-sim trace` tells it as text. */
#include "sim/verbs.h"

#include "base/exit.h"
#include "sim/campaign/apart.h"
#include "sim/drawing/diagram.h"
#include "sim/fresh.h"
#include "sim/play.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACE_BYTES_MAX (16u << 20)

static enum trace_level level_of(const char *word, enum trace_level otherwise)
{
    if (word == NULL) {
        return otherwise;
    }
    return strcmp(word, "turns") == 0 ? TRACE_TURNS : strcmp(word, "story") == 0 ? TRACE_STORY : TRACE_MESSAGES;
}

/* neighbour gives in *text the trace that lies beside the scenario of an order, NULL when there is none or it is not asked for. Gives: the code of a
 * complaint that is made already when there is one that cannot be read. Owns: the caller frees the text. */
static int neighbour(const struct order *order, char *path, size_t size, char **text)
{
    const char *dot = order->scenario == NULL ? NULL : strrchr(order->scenario, '.');
    int code = EXIT_FINE;

    *text = NULL;
    if (order->scenario == NULL || order->has_seed) {
        return EXIT_FINE;
    }
    int stem = dot == NULL ? (int)strlen(order->scenario) : (int)(dot - order->scenario);
    if (snprintf(path, size, "%.*s.trace", stem, order->scenario) < (int)size && (access(path, F_OK) == 0 || errno != ENOENT)) {
        *text = play_text(order, path, TRACE_BYTES_MAX, &code);
    }
    return code;
}

/* What a process that plays a scenario is told, and what it tells. */
struct told {
    const struct scenario *scenario;
    const char *expected; /* trace, or NULL */
    const char *path;     /* of it */
    const char *record;   /* where the run is written down, or NULL */
};

/* What comes back. */
struct ran {
    struct swarm_result result;
    int record_errno; /* why the record is not written; 0: it is, or none is asked for */
};

static void play_and_compare(const void *context, void *room)
{
    static struct world world;
    const struct told *told = context;
    struct ran *ran = room;

    if (told->record != NULL) {
        ran->record_errno = play_recorded(told->scenario, told->record, &ran->result);
        return;
    }
    scenario_run(told->scenario, &world);
    uint32_t line = told->expected == NULL ? 0 : scenario_difference(told->expected, world.trace.text);
    if (line != 0) {
        oracle_fail(&world.failure, FAILURE_EXPECTATION, "the trace differs from %s in line %u", told->path, (unsigned)line);
    }
    world_result(&world, &ran->result);
    world_close(&world);
}

int verb_run(const struct order *order)
{
    static struct scenario scenario;
    static struct ran ran;
    struct swarm_result *result = &ran.result;
    struct swarm_case which = order_case(order);
    char path[4096] = "", *expected = NULL;
    int code = play_load(order, &scenario);

    code = code == EXIT_FINE ? fresh_refuse(order, order->record) : code;
    code = code == EXIT_FINE ? neighbour(order, path, sizeof path, &expected) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    struct told told = { &scenario, expected, path, order->record };
    apart_run(&(struct apart_work){ play_and_compare, &told, PLAY_SECONDS, sizeof ran }, &ran, &result->failure);
    free(expected);
    if (ran.record_errno != 0 && result->failure.kind == FAILURE_NONE) {
        return fresh_fail(order, order->record, ran.record_errno);
    }
    if (ran.record_errno != 0) {
        fprintf(stderr, "ward-sim: %s: %s\n", order->record, strerror(ran.record_errno));
    }
    result->seed = scenario.plan.seed;
    result->cpu_ns = apart_cpu_ns();
    result->configuration = scenario_digest(&scenario);
    if (result->failure.kind != FAILURE_NONE) {
        play_complain(order, &which, result);
    }
    return report_run(stdout, result, order->json) ? failure_exit(&result->failure) : EXIT_RESOURCE;
}

/* --- Traces --------------------------------------------------------------------------------------------------------- */

static struct world traced;
static struct track drawn;
static char title[512];
static const struct order *asked;

/* draw writes what was drawn so far, when that is asked for. Gives: 0, or why the file is not written, as a number of errno.h. */
static int draw(void)
{
    const char *end = asked->out == NULL ? NULL : strrchr(asked->out, '.');
    FILE *file = asked->out == NULL ? NULL : fresh_open(asked->out);

    if (file == NULL) {
        return asked->out == NULL ? 0 : errno;
    }
    bool well = end != NULL && strcmp(end, ".html") == 0 ? diagram_page(&drawn, file) : end != NULL && strcmp(end, ".svg") == 0 ? diagram_svg(&drawn, file)
                                                                                     : fputs(traced.trace.text, file) != EOF;
    return fresh_close(file, well);
}

/* on_stop tells what happened up to the stop of a replica that is wrong about itself: that is where the story is wanted most. */
static void on_stop(int number)
{
    ssize_t written = asked->out == NULL ? write(STDOUT_FILENO, traced.trace.text, traced.trace.size) : -draw();

    (void)written;
    signal(number, SIG_DFL);
    raise(number);
}

static bool print_trace(const struct order *order, const struct world *world)
{
    if (order->json) {
        return report_trace(stdout, world->plan.seed, &world->failure, world->trace.text, order->out);
    }
    return order->out != NULL || (fputs(world->trace.text, stdout) != EOF && fflush(stdout) == 0);
}

int verb_trace(const struct order *order)
{
    static struct scenario scenario;
    int code = play_load(order, &scenario);

    code = code == EXIT_FINE ? fresh_refuse(order, order->out) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    scenario.plan.trace = level_of(order->level, order->scenario != NULL ? scenario.plan.trace : TRACE_STORY);
    asked = order;
    if (order->scenario != NULL) {
        snprintf(title, sizeof title, "%s", order->scenario);
    } else {
        snprintf(title, sizeof title, "seed %llu", (unsigned long long)order->seed);
    }
    track_init(&drawn, scenario_servers(&scenario), title);
    track_use(&drawn);
    signal(SIGABRT, on_stop);
    scenario_run(&scenario, &traced);
    track_use(NULL);
    if (traced.failure.kind != FAILURE_NONE) {
        size_t at = strlen(title);
        snprintf(title + at, sizeof title - at, ": %s: %.300s", failure_word(traced.failure.kind), traced.failure.text);
    }
    int number = draw();
    bool printed = number == 0 && print_trace(order, &traced);
    code = failure_exit(&traced.failure);
    if (code != EXIT_FINE) {
        fprintf(stderr, "ward-sim: %s: %s\n", failure_word(traced.failure.kind), traced.failure.text);
    }
    world_close(&traced);
    track_close(&drawn);
    return number != 0 ? fresh_fail(order, order->out, number) : printed ? code : order_fail(order, EXIT_RESOURCE, "standard output cannot be written");
}
