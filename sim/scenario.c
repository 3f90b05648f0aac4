/* scenario.c: reads scenarios. Each line is words; tables say which words there are. See scenario_run.c for what they do. */
#include "sim/scenario.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 140u
#define LINE_BYTES_MAX 1024u

/* A line under way. */
struct line {
    struct scenario *scenario;
    uint32_t number;
    char text[LINE_BYTES_MAX];
    char *words[WORDS_MAX];
    uint32_t count, next;
};

static enum err wrong(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum err wrong(struct line *line, const char *format, ...)
{
    char text[SCENARIO_PROBLEM_BYTES - 32];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(line->scenario->problem, sizeof line->scenario->problem, "line %u: %s", (unsigned)line->number, text);
    return ERR_INVALID;
}

/* --- Words ---------------------------------------------------------------------------------------------------------- */

static const char *peek(const struct line *line)
{
    return line->next < line->count ? line->words[line->next] : "";
}

static const char *take(struct line *line)
{
    return line->next < line->count ? line->words[line->next++] : "";
}

static bool take_word(struct line *line, const char *word)
{
    bool found = strcmp(peek(line), word) == 0;

    line->next += found;
    return found;
}

/* number_of reads the digits at the front. Gives: where they end, NULL when there are none or too many. */
static const char *number_of(const char *text, uint64_t *number)
{
    uint32_t digits = 0;

    *number = 0;
    for (; text[digits] >= '0' && text[digits] <= '9'; digits++) {
        *number = *number * 10 + (uint64_t)(text[digits] - '0');
    }
    return digits >= 1 && digits <= 18 ? text + digits : NULL;
}

static enum err take_number(struct line *line, uint64_t least, uint64_t most, uint64_t *number)
{
    const char *word = take(line), *end = number_of(word, number);

    if (end == NULL || *end != '\0' || *number < least || *number > most) {
        return wrong(line, "\"%s\" is not a number from %llu to %llu", word, (unsigned long long)least, (unsigned long long)most);
    }
    return ERR_OK;
}

static enum err take_time(struct line *line, uint64_t *time_ns)
{
    static const struct { const char *unit; uint64_t ns; } units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
        { "min", UINT64_C(60000000000) }, { "h", UINT64_C(3600000000000) } };
    const char *word = take(line), *unit = number_of(word, time_ns);

    for (size_t i = 0; unit != NULL && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].unit) == 0 && *time_ns <= UINT64_C(1000000000000000000) / units[i].ns) {
            *time_ns *= units[i].ns;
            return ERR_OK;
        }
    }
    return wrong(line, "\"%s\" is not a time such as 200us, 5ms, 2s, 10min or 8h", word);
}

/* take_range reads "A" or "A to B". */
static enum err take_range(struct line *line, uint64_t *least, uint64_t *most)
{
    enum err err = take_time(line, least);

    *most = *least;
    if (err == ERR_OK && take_word(line, "to")) {
        err = take_time(line, most);
    }
    return err == ERR_OK && *most < *least ? wrong(line, "the range ends before it begins") : err;
}

static enum err take_member(struct line *line, uint32_t *member)
{
    uint64_t number;
    enum err err = take_number(line, 0, line->scenario->plan.members_count - 1, &number);

    *member = (uint32_t)number;
    return err;
}

/* take_members reads one or more members, or "all", up to the end or a bar. */
static enum err take_members(struct line *line, struct member_set *members)
{
    *members = (struct member_set){ { 0 } };
    if (take_word(line, "all")) {
        *members = member_set_all(line->scenario->plan.members_count);
        return ERR_OK;
    }
    do {
        uint32_t member;
        enum err err = take_member(line, &member);
        if (err != ERR_OK) {
            return err;
        }
        member_set_add(members, member);
    } while (line->next < line->count && strcmp(peek(line), "|") != 0);
    return ERR_OK;
}

static enum err take_target(struct line *line, uint32_t *target)
{
    if (!take_word(line, "to")) {
        return wrong(line, "\"to\" and a replica, or \"to any\", is missing");
    }
    if (take_word(line, "any")) {
        *target = WORKLOAD_ANY;
        return ERR_OK;
    }
    return take_member(line, target);
}

static enum err take_type(struct line *line, const char *word, enum message_type *type)
{
    for (unsigned i = MESSAGE_HELLO; i < MESSAGE_TYPE_END; i++) {
        if (strcmp(word, message_word(i)) == 0) {
            *type = (enum message_type)i;
            return ERR_OK;
        }
    }
    return wrong(line, "there is no message \"%s\"", word);
}

static bool find_mark(const char *word, enum mark *mark)
{
    for (int i = 0; i < MARK_COUNT; i++) {
        if (strcmp(word, mark_word((enum mark)i)) == 0) {
            *mark = (enum mark)i;
            return true;
        }
    }
    return false;
}

/* --- Header --------------------------------------------------------------------------------------------------------- */

static enum err take_ppm(struct line *line, uint32_t *ppm)
{
    uint64_t number;
    enum err err = take_number(line, 0, 1000000, &number);

    if (err == ERR_OK && !take_word(line, "ppm")) {
        return wrong(line, "\"ppm\" is missing: so many of a million");
    }
    *ppm = (uint32_t)number;
    return err;
}

static enum err take_u32(struct line *line, uint64_t least, uint64_t most, uint32_t *out)
{
    uint64_t number;
    enum err err = take_number(line, least, most, &number);

    *out = (uint32_t)number;
    return err;
}

static enum err take_millis(struct line *line, uint32_t *out)
{
    uint64_t time_ns;
    enum err err = take_time(line, &time_ns);

    *out = (uint32_t)(time_ns / 1000000);
    return err;
}

static enum err take_level(struct line *line, enum trace_level *level)
{
    static const char *const words[] = { "none", "turns", "story", "messages" };
    const char *word = take(line);

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            *level = (enum trace_level)i;
            return ERR_OK;
        }
    }
    return wrong(line, "trace is none, turns, story or messages, not \"%s\"", word);
}

static enum err take_switch(struct line *line, bool *on)
{
    const char *word = take(line);

    *on = strcmp(word, "on") == 0;
    return *on || strcmp(word, "off") == 0 ? ERR_OK : wrong(line, "reserves are on or off, not \"%s\"", word);
}

static enum err take_batch(struct line *line, uint32_t *batch_us)
{
    uint64_t time_ns;
    enum err err = take_time(line, &time_ns);

    *batch_us = (uint32_t)(time_ns / 1000);
    return err == ERR_OK && time_ns > 1000000000 ? wrong(line, "a batch waits at most 1s") : err;
}

/* parse_header reads a line that describes the cluster. Gives: ERR_NOT_FOUND when its first word is none of them. */
static enum err parse_header(struct line *line, const char *word)
{
    struct world_plan *plan = &line->scenario->plan;

    if (strcmp(word, "replicas") == 0) {
        return take_u32(line, MEMBERS_MIN, MEMBERS_MAX, &plan->members_count);
    } else if (strcmp(word, "clients") == 0) {
        return take_u32(line, 1, CAST_ACTORS_MAX, &plan->actors_count);
    } else if (strcmp(word, "seed") == 0) {
        return take_number(line, 0, UINT64_C(999999999999999999), &plan->seed);
    } else if (strcmp(word, "batch") == 0) {
        return take_batch(line, &plan->limits.batch_us);
    } else if (strcmp(word, "link") == 0) {
        return take_range(line, &plan->network.delay_ns_min, &plan->network.delay_ns_max);
    } else if (strcmp(word, "disk") == 0) {
        return take_range(line, &plan->disk.delay_ns_min, &plan->disk.delay_ns_max);
    } else if (strcmp(word, "verify") == 0) {
        return take_range(line, &plan->verify_ns_min, &plan->verify_ns_max);
    } else if (strcmp(word, "notice") == 0) {
        return take_time(line, &plan->notice_ns);
    } else if (strcmp(word, "drop") == 0) {
        return take_ppm(line, &plan->network.drop_ppm);
    } else if (strcmp(word, "duplicate") == 0) {
        return take_ppm(line, &plan->network.duplicate_ppm);
    } else if (strcmp(word, "straggle") == 0) {
        enum err err = take_ppm(line, &plan->network.straggle_ppm);
        return err == ERR_OK ? take_time(line, &plan->network.straggle_ns_max) : err;
    } else if (strcmp(word, "clocks") == 0) {
        return take_millis(line, &plan->wall_offset_ms_max);
    } else if (strcmp(word, "checkpoint") == 0) {
        enum err err = take_u32(line, 1, 1000000, &plan->limits.checkpoint_blocks);
        return err == ERR_OK ? take_millis(line, &plan->limits.checkpoint_ms) : err;
    } else if (strcmp(word, "check") == 0) {
        return take_u32(line, 1, 1000000, &plan->check_every);
    } else if (strcmp(word, "reserves") == 0) {
        return take_switch(line, &plan->reserves);
    } else if (strcmp(word, "trace") == 0) {
        return take_level(line, &plan->trace);
    }
    return ERR_NOT_FOUND;
}

/* --- Steps ---------------------------------------------------------------------------------------------------------- */

static const char *const verbs[VERB_COUNT] = {
    [VERB_SUBMIT] = "submit", [VERB_LOAD] = "load", [VERB_CRASH] = "crash", [VERB_POWER] = "power", [VERB_START] = "start",
    [VERB_PAUSE] = "pause", [VERB_RESUME] = "resume", [VERB_DRAIN] = "drain", [VERB_PARTITION] = "partition", [VERB_CUT] = "cut",
    [VERB_MEND] = "mend", [VERB_HEAL] = "heal", [VERB_LOSE] = "lose", [VERB_WHEN] = "when", [VERB_DISK] = "disk",
    [VERB_MEASURE] = "measure", [VERB_REST] = "rest", [VERB_EXPECT] = "expect",
};

static const char *const quantities[QUANTITY_COUNT] = {
    [QUANTITY_EXECUTED] = "executed", [QUANTITY_CERTIFIED_CHECKPOINT] = "checkpoint", [QUANTITY_VIEW] = "view",
    [QUANTITY_TIMEOUT_VIEW] = "timeout_view", [QUANTITY_APPENDS] = "appends", [QUANTITY_CHECKS] = "checks", [QUANTITY_WAKEUPS_PER_BLOCK] = "wakeups_per_block",
    [QUANTITY_HEIGHT] = "height",
    [QUANTITY_RUNNING] = "running", [QUANTITY_TOLD] = "told", [QUANTITY_OPEN] = "open", [QUANTITY_BLOCKS] = "blocks",
    [QUANTITY_COMMANDS] = "commands", [QUANTITY_MESSAGES] = "messages", [QUANTITY_MESSAGES_PER_BLOCK] = "messages_per_block",
    [QUANTITY_IDLE] = "idle", [QUANTITY_EQUAL] = "equal", [QUANTITY_MARK] = "mark", [QUANTITY_SENT] = "sent",
};

static enum err parse_submit(struct line *line, struct scenario_step *step)
{
    enum err err = take_u32(line, 1, 100000, &step->count);

    if (err == ERR_OK) {
        err = take_target(line, &step->target);
    }
    step->flag = take_word(line, "only");
    return err;
}

static enum err parse_load(struct line *line, struct scenario_step *step)
{
    enum err err = take_u32(line, 1, 100000, &step->count);

    if (err == ERR_OK && !(take_word(line, "per") && take_word(line, "s") && take_word(line, "for"))) {
        return wrong(line, "a load is \"N per s for TIME to REPLICA\"");
    }
    if (err == ERR_OK) {
        err = take_time(line, &step->span_ns);
    }
    return err == ERR_OK ? take_target(line, &step->target) : err;
}

static enum err parse_partition(struct line *line, struct scenario_step *step)
{
    struct member_set others;
    enum err err = take_members(line, &step->members);

    if (err != ERR_OK || !take_word(line, "|")) {
        return err != ERR_OK ? err : wrong(line, "a partition is \"A B | C D\"");
    }
    err = take_members(line, &others);
    uint32_t named = member_set_count(&step->members) + member_set_count(&others);
    for (size_t i = 0; i < MEMBER_SET_WORDS; i++) {
        others.words[i] |= step->members.words[i];
    }
    bool whole = named == line->scenario->plan.members_count && member_set_count(&others) == named;
    return err == ERR_OK && !whole ? wrong(line, "a partition names every replica once") : err;
}

static enum err parse_link(struct line *line, struct scenario_step *step)
{
    enum err err = take_member(line, &step->count);

    return err == ERR_OK ? take_target(line, &step->target) : err;
}

static enum err parse_lose(struct line *line, struct scenario_step *step)
{
    enum err err = take_type(line, take(line), &step->type);

    if (err == ERR_OK && !take_word(line, "to")) {
        return wrong(line, "\"to\" and a replica is missing");
    }
    return err == ERR_OK ? take_members(line, &step->members) : err;
}

static enum err parse_when(struct line *line, struct scenario_step *step)
{
    enum err err = take_member(line, &step->target);
    const char *word = take(line);

    if (err != ERR_OK) {
        return err;
    }
    if (!find_mark(word, &step->mark)) {
        return wrong(line, "there is no mark \"%s\"", word);
    }
    step->flag = take_word(line, "power");
    return step->flag || take_word(line, "crash") ? ERR_OK : wrong(line, "what then? \"crash\" or \"power\"");
}

static enum err parse_disk(struct line *line, struct scenario_step *step)
{
    enum err err = take_member(line, &step->target);

    return err == ERR_OK ? take_time(line, &step->span_ns) : err;
}

static enum err parse_quantity(struct line *line, struct scenario_step *step)
{
    const char *word = take(line);

    for (int i = 0; i < QUANTITY_COUNT; i++) {
        if (strcmp(word, quantities[i]) == 0) {
            step->quantity = (enum scenario_quantity)i;
            if (i == QUANTITY_SENT) {
                return take_type(line, take(line), &step->type);
            }
            word = i == QUANTITY_MARK ? take(line) : word;
            return i != QUANTITY_MARK || find_mark(word, &step->mark) ? ERR_OK : wrong(line, "there is no mark \"%s\"", word);
        }
    }
    return wrong(line, "nothing is called \"%s\"", word);
}

static enum err parse_expect(struct line *line, struct scenario_step *step)
{
    static const char *const comparisons[COMPARE_COUNT] = { "<", ">=", "==", "<=", ">" };
    enum err err = parse_quantity(line, step);

    step->members = member_set_all(line->scenario->plan.members_count);
    step->comparison = COMPARE_EQUAL;
    step->value = 1;
    if (err != ERR_OK || step->quantity == QUANTITY_IDLE || step->quantity == QUANTITY_EQUAL) {
        return err;
    }
    const char *word = take(line);
    for (step->comparison = COMPARE_LESS; step->comparison < COMPARE_COUNT && strcmp(word, comparisons[step->comparison]) != 0;) {
        step->comparison = (enum scenario_comparison)((int)step->comparison + 1);
    }
    if (step->comparison == COMPARE_COUNT) {
        return wrong(line, "\"%s\" is none of < <= == >= >", word);
    }
    err = take_number(line, 0, UINT64_C(999999999999999999), &step->value);
    if (err != ERR_OK || step->quantity > QUANTITY_REPLICAS_LAST) {
        return err;
    }
    return take_word(line, "at") ? take_members(line, &step->members) : wrong(line, "\"at\" and replicas is missing");
}

static enum err parse_rest(struct line *line, struct scenario_step *step)
{
    if (!take_word(line, "within")) {
        return wrong(line, "\"within\" and a time is missing");
    }
    return take_time(line, &step->span_ns);
}

static enum err parse_verb(struct line *line, struct scenario_step *step)
{
    switch (step->verb) {
    case VERB_SUBMIT: return parse_submit(line, step);
    case VERB_LOAD: return parse_load(line, step);
    case VERB_CRASH:
    case VERB_POWER:
    case VERB_START:
    case VERB_PAUSE:
    case VERB_RESUME:
    case VERB_DRAIN: return take_members(line, &step->members);
    case VERB_PARTITION: return parse_partition(line, step);
    case VERB_CUT:
    case VERB_MEND: return parse_link(line, step);
    case VERB_LOSE: return parse_lose(line, step);
    case VERB_WHEN: return parse_when(line, step);
    case VERB_DISK: return parse_disk(line, step);
    case VERB_REST: return parse_rest(line, step);
    case VERB_EXPECT: return parse_expect(line, step);
    case VERB_HEAL:
    case VERB_MEASURE: return ERR_OK;
    case VERB_COUNT: break;
    }
    return ERR_INVALID;
}

static enum err parse_step(struct line *line, bool relative)
{
    struct scenario *scenario = line->scenario;
    struct scenario_step *step = &scenario->steps[scenario->steps_count];

    if (scenario->steps_count == SCENARIO_STEPS_MAX) {
        return wrong(line, "more than %u steps", SCENARIO_STEPS_MAX);
    }
    *step = (struct scenario_step){ .line = line->number, .relative = relative };
    enum err err = take_time(line, &step->time_ns);
    if (err != ERR_OK) {
        return err;
    }
    const char *word = take(line);
    while (step->verb < VERB_COUNT && strcmp(word, verbs[step->verb]) != 0) {
        step->verb = (enum scenario_verb)((int)step->verb + 1);
    }
    if (step->verb == VERB_COUNT) {
        return wrong(line, "there is no step \"%s\"", word);
    }
    scenario->steps_count++;
    return parse_verb(line, step);
}

/* --- Lines ---------------------------------------------------------------------------------------------------------- */

static enum err parse_line(struct line *line)
{
    const char *word = take(line);
    enum err err = ERR_NOT_FOUND;

    if (strcmp(word, "at") == 0 || strcmp(word, "after") == 0) {
        err = parse_step(line, strcmp(word, "after") == 0);
    } else if (line->scenario->steps_count == 0) {
        err = parse_header(line, word);
    }
    if (err == ERR_NOT_FOUND) {
        return wrong(line, "\"%s\" cannot stand here", word);
    }
    return err == ERR_OK && line->next < line->count ? wrong(line, "\"%s\" is too much", peek(line)) : err;
}

/* split cuts the words of one line apart; what follows a '#' is for the reader. */
static enum err split(struct line *line, const char *text, size_t size)
{
    char *state = NULL;

    line->count = line->next = 0;
    if (size >= LINE_BYTES_MAX) {
        return wrong(line, "the line is too long");
    }
    memcpy(line->text, text, size);
    line->text[size] = '\0';
    line->text[strcspn(line->text, "#\r")] = '\0';
    for (char *word = strtok_r(line->text, " \t", &state); word != NULL; word = strtok_r(NULL, " \t", &state)) {
        if (line->count == WORDS_MAX) {
            return wrong(line, "too many words");
        }
        line->words[line->count++] = word;
    }
    return ERR_OK;
}

enum err scenario_parse(struct scenario *scenario, const char *text)
{
    static struct line line;

    *scenario = (struct scenario){ 0 };
    world_plan_calm(&scenario->plan);
    scenario->plan.trace = TRACE_STORY;
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
    return ERR_OK;
}
