/* scenario_write.c: writes a scenario as the text that is read as this very scenario. */
#include "sim/scenario/scenario_priv.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static void write_members(const struct scenario *scenario, const struct member_set *members, bool inside, FILE *stream)
{
    uint32_t count = scenario->plan.members_count;

    if (inside && member_set_is_within(members, count) && member_set_count(members) == count) {
        fprintf(stream, " all");
        return;
    }
    for (uint32_t i = 0; i < (inside ? scenario_servers(scenario) : count); i++) {
        if (member_set_has(members, i) == inside) {
            fprintf(stream, " %u", i);
        }
    }
}

static void write_target(uint32_t target, FILE *stream)
{
    if (target == WORKLOAD_ANY) {
        fprintf(stream, " to any");
    } else {
        fprintf(stream, " to %u", target);
    }
}

static void write_time(const char *before, uint64_t time_ns, FILE *stream)
{
    fprintf(stream, "%s", before);
    scenario_time_write(time_ns, stream);
}

static void write_disk(const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %u", step->target);
    write_time(" ", step->span_least_ns, stream);
    if (step->span_ns != step->span_least_ns) {
        write_time(" to ", step->span_ns, stream);
    }
}

static void write_expect(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %s", scenario_quantities[step->quantity]);
    if (step->quantity == QUANTITY_IDLE || step->quantity == QUANTITY_EQUAL) {
        return;
    }
    if (step->quantity == QUANTITY_MARK) {
        fprintf(stream, " %s", mark_word(step->mark));
    } else if (step->quantity == QUANTITY_SENT) {
        fprintf(stream, " %s", message_word(step->type));
    }
    fprintf(stream, " %s %llu", scenario_comparisons[step->comparison], (unsigned long long)step->value);
    if (step->quantity <= QUANTITY_REPLICAS_LAST) {
        fprintf(stream, " at");
        write_members(scenario, &step->members, true, stream);
    }
}

/* write_partition names both sides. */
static void write_partition(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    write_members(scenario, &step->members, true, stream);
    fprintf(stream, " |");
    write_members(scenario, &step->members, false, stream);
}

static void write_load(const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %u per s", step->count);
    write_time(" for ", step->span_ns, stream);
    write_target(step->target, stream);
}

static void write_lose(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %s to", message_word(step->type));
    write_members(scenario, &step->members, true, stream);
}

static void write_submit(const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %u", step->count);
    write_target(step->target, stream);
    fprintf(stream, "%s", step->flag ? " only" : "");
}

static void write_split(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %u to%s", step->target, member_set_is_empty(&step->members) ? " nobody" : "");
    write_members(scenario, &step->members, true, stream);
}

static void write_clock(const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %u", step->target);
    if (step->span_ns == 0) {
        fprintf(stream, " right");
    } else {
        write_time(step->flag ? " behind " : " ahead ", step->span_ns, stream);
    }
}

static void write_step(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    write_time(step->relative ? "after " : "at ", step->time_ns, stream);
    fprintf(stream, " %s", scenario_verbs[step->verb]);
    switch (step->verb) {
    case VERB_SUBMIT: write_submit(step, stream); break;
    case VERB_LOAD: write_load(step, stream); break;
    case VERB_CRASH:
    case VERB_POWER:
    case VERB_START:
    case VERB_PAUSE:
    case VERB_RESUME:
    case VERB_KEEP:
    case VERB_BACK:
    case VERB_FILL:
    case VERB_ROOM:
    case VERB_WIPE:
    case VERB_DRAIN: write_members(scenario, &step->members, true, stream); break;
    case VERB_ONEWAY:
    case VERB_PARTITION: write_partition(scenario, step, stream); break;
    case VERB_CUT:
    case VERB_MEND: fprintf(stream, " %u to %u", step->count, step->target); break;
    case VERB_LOSE: write_lose(scenario, step, stream); break;
    case VERB_WHEN:
        fprintf(stream, " %u %s %s", step->target, step->mark == WORLD_ON_SNAPSHOT ? "snapshot" : mark_word(step->mark), scenario_actions[step->action]);
        break;
    case VERB_DISK: write_disk(step, stream); break;
    case VERB_CLOG:
        fprintf(stream, " %u to %u", step->count, step->target);
        write_time(" for ", step->span_ns, stream);
        break;
    case VERB_CLOCK: write_clock(step, stream); break;
    case VERB_SPLIT: write_split(scenario, step, stream); break;
    case VERB_ROT: fprintf(stream, " %u %s %llu", step->target, step->flag ? "any" : "block", (unsigned long long)step->value); break;
    case VERB_REST:
    case VERB_OUTLAST:
    case VERB_FINISH: write_time(" within ", step->span_ns, stream); break;
    case VERB_EXPECT: write_expect(scenario, step, stream); break;
    case VERB_HEAL:
    case VERB_FRUGAL:
    case VERB_CALM:
    case VERB_SILENCE:
    case VERB_MEASURE: break;
    case VERB_COUNT: ASSERT(step->verb != VERB_COUNT); break;
    }
    fprintf(stream, "\n");
}

void scenario_write(const struct scenario *scenario, FILE *stream)
{
    scenario_header_write(scenario, stream);
    scenario_faults_write(scenario, stream);
    for (uint32_t i = 0; i < scenario->steps_count; i++) {
        write_step(scenario, &scenario->steps[i], stream);
    }
}

uint64_t scenario_digest(const struct scenario *scenario)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    ASSERT(stream != NULL);
    scenario_write(scenario, stream);
    int closed = fclose(stream);
    ASSERT(closed == 0);
    uint64_t digest = fact_digest(text, size);
    free(text);
    return digest;
}
