/* scenario.c: reads and writes scenarios, line by line. See scenario_header.c for what describes the cluster, scenario_fault.c for single messages,
 * scenario_forms.c for what stands behind each verb, scenario_run.c for what the steps do. */
#include "sim/scenario/scenario.h"

#include "base/assert.h"
#include "sim/scenario/scenario_priv.h"

#include <stdlib.h>
#include <string.h>

static enum err parse_step(struct line *line, bool relative)
{
    struct scenario *scenario = line->scenario;
    struct scenario_step *step = &scenario->steps[scenario->steps_count];

    if (scenario->steps_count == SCENARIO_STEPS_MAX) {
        return line_wrong(line, "more than %u steps", SCENARIO_STEPS_MAX);
    }
    *step = (struct scenario_step){ .line = line->number, .relative = relative };
    enum err err = line_time(line, &step->time_ns);
    if (err != ERR_OK) {
        return err;
    }
    const char *word = line_take(line);
    while (step->verb < VERB_COUNT && strcmp(word, scenario_forms[step->verb].word) != 0) {
        step->verb = (enum scenario_verb)((int)step->verb + 1);
    }
    if (step->verb == VERB_COUNT) {
        return line_wrong(line, "there is no step \"%s\"", word);
    }
    scenario->steps_count++;
    return scenario_forms[step->verb].read(line, step);
}

/* --- Lines ---------------------------------------------------------------------------------------------------------- */

static enum err parse_line(struct line *line)
{
    const char *word = line_take(line);
    enum err err = ERR_NOT_FOUND;

    if (strcmp(word, "at") == 0 || strcmp(word, "after") == 0) {
        err = parse_step(line, strcmp(word, "after") == 0);
    } else if (line->scenario->steps_count == 0) {
        err = strcmp(word, "fault") == 0 ? scenario_fault(line) : scenario_header(line, word);
    }
    if (err == ERR_NOT_FOUND) {
        return line_wrong(line, "\"%s\" cannot stand here", word);
    }
    return err == ERR_OK && line->next < line->count ? line_wrong(line, "\"%s\" is too much", line_peek(line)) : err;
}

/* split cuts the words of one line apart; what follows a '#' is for the reader. */
static enum err split(struct line *line, const char *text, size_t size)
{
    char *state = NULL;

    line->count = line->next = 0;
    if (size >= LINE_BYTES_MAX) {
        return line_wrong(line, "the line is too long");
    }
    memcpy(line->text, text, size);
    line->text[size] = '\0';
    line->text[strcspn(line->text, "#\r")] = '\0';
    for (char *word = strtok_r(line->text, " \t", &state); word != NULL; word = strtok_r(NULL, " \t", &state)) {
        if (line->count == WORDS_MAX) {
            return line_wrong(line, "too many words");
        }
        line->words[line->count++] = word;
    }
    return ERR_OK;
}

uint32_t scenario_servers(const struct scenario *scenario)
{
    return scenario->plan.members_count + member_set_count(&scenario->plan.twins);
}

static void join(struct member_set *all, const struct member_set *more)
{
    for (size_t i = 0; i < MEMBER_SET_WORDS; i++) {
        all->words[i] |= more->words[i];
    }
}

static struct member_set forgetful(const struct scenario *scenario)
{
    struct member_set members = { { 0 } };

    for (uint32_t i = 0; i < scenario->steps_count; i++) {
        if (scenario->steps[i].verb == VERB_WIPE) {
            join(&members, &scenario->steps[i].members);
        } else if (scenario->steps[i].verb == VERB_SPOIL) {
            member_set_add(&members, scenario->steps[i].target);
        }
    }
    return members;
}

struct member_set scenario_faulty(const struct scenario *scenario)
{
    struct member_set faulty = forgetful(scenario);

    join(&faulty, &scenario->plan.adversary.liars);
    join(&faulty, &scenario->plan.twins);
    return faulty;
}

/* check_whole looks at what lines can only say together. */
static enum err check_whole(struct line *line)
{
    const struct world_plan *plan = &line->scenario->plan;
    bool both = false;

    for (size_t i = 0; i < MEMBER_SET_WORDS; i++) {
        both = both || (plan->twins.words[i] & plan->adversary.liars.words[i]) != 0;
    }
    if (both) {
        return line_wrong(line, "a member is a liar or a twin, not both");
    }
    struct member_set lost = forgetful(line->scenario);
    if (!member_set_is_within(&lost, plan->members_count)) {
        return line_wrong(line, "a second server does not lose its disk");
    }
    return scenario_servers(line->scenario) > MEMBERS_MAX ? line_wrong(line, "more than %u servers", MEMBERS_MAX) : ERR_OK;
}

void scenario_plan_silent(struct world_plan *plan)
{
    world_plan_calm(plan);
    plan->trace = TRACE_STORY;
}

enum err scenario_parse(struct scenario *scenario, const char *text)
{
    static struct line line;

    *scenario = (struct scenario){ 0 };
    scenario_plan_silent(&scenario->plan);
    line = (struct line){ .scenario = scenario };
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        line.number++;
        enum err err = split(&line, text, size);
        if (err == ERR_OK && line.count > 0) {
            err = parse_line(&line);
        }
        if (err != ERR_OK) {
            return err;
        }
        text += size + (text[size] == '\n');
    }
    return check_whole(&line);
}

/* --- The way back --------------------------------------------------------------------------------------------------- */

void scenario_write(const struct scenario *scenario, FILE *stream)
{
    scenario_header_write(scenario, stream);
    scenario_faults_write(scenario, stream);
    for (uint32_t i = 0; i < scenario->steps_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        ASSERT(step->verb < VERB_COUNT);
        fprintf(stream, step->relative ? "after " : "at ");
        scenario_time_write(step->time_ns, stream);
        fprintf(stream, " %s", scenario_forms[step->verb].word);
        scenario_forms[step->verb].write(scenario, step, stream);
        fprintf(stream, "\n");
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
