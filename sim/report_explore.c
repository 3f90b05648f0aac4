/* report_explore.c: explorations as one object, and as lines for a reader; see report.h. */
#include "sim/report.h"

#include "base/assert.h"
#include "sim/build_id.h"

#include <jansson.h>

static const char *end_word(enum explore_end end)
{
    switch (end) {
    case EXPLORE_EXHAUSTED: return "exhausted";
    case EXPLORE_BROKEN: return "broken";
    case EXPLORE_CUT_STATES: return "cut by states";
    case EXPLORE_CUT_STOP: return "cut by time";
    }
    return "none";
}

static void liar_word(const struct explore_plan *plan, char word[8])
{
    snprintf(word, 8, plan->liar == EXPLORE_NOBODY ? "nobody" : "%u", plan->liar);
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *layers_of(const struct explore_result *result)
{
    json_t *layers = json_array();

    for (uint32_t i = 0; i <= result->depth && i < EXPLORE_LAYERS; i++) {
        json_array_append_new(layers, number(result->layers[i]));
    }
    return layers;
}

static json_t *run_of(const struct explored *one)
{
    const struct explore_result *result = &one->result;
    char liar[8];

    liar_word(&one->plan, liar);
    return json_pack("{ss so so so sb sb sb ss so so so so so so so so so so so so so so so so}", "liar", liar, "views", number(one->plan.views), "heights", number(one->plan.heights), "variants",
        number(one->plan.variants), "learns", one->plan.learns, "over", one->plan.over, "plain", one->plan.plain, "end", end_word(result->end), "states", number(result->states), "seen", number(result->seen), "steps", number(result->steps), "depth",
        number(result->depth), "layers", layers_of(result), "columns", number(result->columns), "core_steps", number(result->core_steps), "merges", number(result->merges), "audited", number(result->audited),
        "scenes", number(result->scenes), "speeches", number(result->speeches), "committing", number(result->committing), "lines", number(result->lines), "blocks", number(result->blocks), "silent_max",
        number(result->silent_max), "seconds", json_real((double)one->wall_ns / 1e9));
}

bool report_explore(FILE *stream, const struct explored *all, size_t count, const char *file)
{
    const struct failure *failure = NULL;
    json_t *runs = json_array();
    uint64_t states = 0;
    bool exhausted = true;

    for (size_t i = 0; i < count; i++) {
        json_array_append_new(runs, run_of(&all[i]));
        states += all[i].result.states;
        exhausted = exhausted && all[i].result.end == EXPLORE_EXHAUSTED;
        failure = failure == NULL && all[i].result.failure.kind != FAILURE_NONE ? &all[i].result.failure : failure;
    }
    json_t *found = failure == NULL ? json_null() : json_pack("{ss ss}", "kind", failure_word(failure->kind), "text", failure->text);
    json_t *object = json_pack("{ss sb sb so ss ss? so so}", "schema", "ward.sim.explore/1", "ok", failure == NULL, "exhausted", exhausted, "states", number(states), "build", build_id(),
                               "file", file, "failure", found, "runs", runs);
    ASSERT(object != NULL);
    int failed = json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    return failed == 0 && fputc('\n', stream) != EOF && fflush(stream) == 0;
}

bool report_explored(FILE *stream, const struct explored *one)
{
    const struct explore_result *result = &one->result;
    char liar[8];

    liar_word(&one->plan, liar);
    fprintf(stream, "liar %-6s views %u heights %u variants %u%s%s%s: %s\n", liar, one->plan.views, one->plan.heights, one->plan.variants, one->plan.learns ? " learns" : "",
            one->plan.over ? " over" : "", one->plan.plain ? " plain" : "", end_word(result->end));
    fprintf(stream, "  states %llu, steps %llu, deepest %u moves, %.1f s\n", (unsigned long long)result->states, (unsigned long long)result->steps, result->depth,
            (double)one->wall_ns / 1e9);
    fprintf(stream, "  states by moves");
    for (uint32_t i = 0; i <= result->depth && i < EXPLORE_LAYERS; i++) {
        fprintf(stream, " %llu", (unsigned long long)result->layers[i]);
    }
    fprintf(stream, "; from %llu every move was taken\n", (unsigned long long)result->seen);
    fprintf(stream, "  columns %llu, steps of the core %llu, lines %u, blocks %u, %llu sets of certificates, %llu with a commit, %llu of all that was said\n", (unsigned long long)result->columns,
            (unsigned long long)result->core_steps, result->lines, result->blocks, (unsigned long long)result->scenes, (unsigned long long)result->committing, (unsigned long long)result->speeches);
    fprintf(stream, "  steps taken again from another state of the same digest %llu\n", (unsigned long long)result->audited);
    if (result->failure.kind != FAILURE_NONE) {
        fprintf(stream, "  %s: %s\n", failure_word(result->failure.kind), result->failure.text);
    }
    return fflush(stream) == 0;
}
