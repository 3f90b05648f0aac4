/* scenario.c: reads the steps of scenarios. Each line is words; tables say which words there are. See scenario_header.c for what describes the
 * cluster, scenario_run.c for what the steps do, scenario_write.c for the way back. */
#include "sim/scenario/scenario.h"

#include "base/assert.h"
#include "sim/scenario/scenario_priv.h"

#include <string.h>

const char *const scenario_actions[ACTION_COUNT] = { [ACTION_CRASH] = "crash", [ACTION_POWER] = "power", [ACTION_FILL] = "fill", [ACTION_HEAL] = "heal" };

const char *const scenario_comparisons[COMPARE_COUNT] = { "<", ">=", "==", "<=", ">" };

/* --- Steps ---------------------------------------------------------------------------------------------------------- */

const char *const scenario_verbs[VERB_COUNT] = {
    [VERB_SUBMIT] = "submit", [VERB_LOAD] = "load", [VERB_CRASH] = "crash", [VERB_POWER] = "power", [VERB_START] = "start",
    [VERB_PAUSE] = "pause", [VERB_RESUME] = "resume", [VERB_DRAIN] = "drain", [VERB_PARTITION] = "partition", [VERB_CUT] = "cut",
    [VERB_MEND] = "mend", [VERB_HEAL] = "heal", [VERB_LOSE] = "lose", [VERB_WHEN] = "when", [VERB_DISK] = "disk",
    [VERB_ROT] = "rot", [VERB_KEEP] = "keep", [VERB_BACK] = "back",
    [VERB_MEASURE] = "measure", [VERB_REST] = "rest", [VERB_EXPECT] = "expect", [VERB_CALM] = "calm", [VERB_OUTLAST] = "outlast",
    [VERB_SILENCE] = "silence", [VERB_FINISH] = "finish", [VERB_SPLIT] = "split", [VERB_CLOCK] = "clock", [VERB_CLOG] = "clog",
    [VERB_ONEWAY] = "oneway", [VERB_WIPE] = "wipe", [VERB_FILL] = "fill", [VERB_ROOM] = "room",
    [VERB_FRUGAL] = "frugal",
};

const char *const scenario_quantities[QUANTITY_COUNT] = {
    [QUANTITY_EXECUTED] = "executed", [QUANTITY_CERTIFIED_CHECKPOINT] = "checkpoint", [QUANTITY_VIEW] = "view",
    [QUANTITY_TIMEOUT_VIEW] = "timeout_view", [QUANTITY_APPENDS] = "appends", [QUANTITY_CHECKS] = "checks", [QUANTITY_WAKEUPS_PER_BLOCK] = "wakeups_per_block",
    [QUANTITY_DAMAGED] = "damaged", [QUANTITY_REPAIRED] = "repaired", [QUANTITY_HEIGHT] = "height",
    [QUANTITY_RUNNING] = "running", [QUANTITY_REFUSED] = "refused", [QUANTITY_TOLD] = "told", [QUANTITY_OPEN] = "open", [QUANTITY_BLOCKS] = "blocks",
    [QUANTITY_COMMANDS] = "commands", [QUANTITY_MESSAGES] = "messages", [QUANTITY_MESSAGES_PER_BLOCK] = "messages_per_block",
    [QUANTITY_IDLE] = "idle", [QUANTITY_EQUAL] = "equal", [QUANTITY_MARK] = "mark", [QUANTITY_SENT] = "sent",
};

static enum err parse_submit(struct line *line, struct scenario_step *step)
{
    enum err err = line_u32(line, 1, 100000, &step->count);

    if (err == ERR_OK) {
        err = line_target(line, &step->target);
    }
    step->flag = line_take_word(line, "only");
    return err;
}

static enum err parse_load(struct line *line, struct scenario_step *step)
{
    enum err err = line_u32(line, 1, 100000, &step->count);

    if (err == ERR_OK && !(line_take_word(line, "per") && line_take_word(line, "s") && line_take_word(line, "for"))) {
        return line_wrong(line, "a load is \"N per s for TIME to REPLICA\"");
    }
    if (err == ERR_OK) {
        err = line_time(line, &step->span_ns);
    }
    return err == ERR_OK ? line_target(line, &step->target) : err;
}

static enum err parse_partition(struct line *line, struct scenario_step *step)
{
    struct member_set others;
    enum err err = line_members(line, &step->members);

    if (err != ERR_OK || !line_take_word(line, "|")) {
        return err != ERR_OK ? err : line_wrong(line, "a partition is \"A B | C D\"");
    }
    err = line_members(line, &others);
    uint32_t named = member_set_count(&step->members) + member_set_count(&others);
    for (size_t i = 0; i < MEMBER_SET_WORDS; i++) {
        others.words[i] |= step->members.words[i];
    }
    bool whole = named == line->scenario->plan.members_count && member_set_count(&others) == named;
    return err == ERR_OK && !whole ? line_wrong(line, "a partition names every replica once") : err;
}

static enum err parse_link(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->count);

    if (err == ERR_OK && !line_take_word(line, "to")) {
        return line_wrong(line, "a link is \"A to B\"");
    }
    return err == ERR_OK ? line_server(line, &step->target) : err;
}

static enum err parse_lose(struct line *line, struct scenario_step *step)
{
    enum err err = line_type(line, &step->type);

    if (err == ERR_OK && !line_take_word(line, "to")) {
        return line_wrong(line, "\"to\" and a replica is missing");
    }
    return err == ERR_OK ? line_members(line, &step->members) : err;
}

static enum err parse_when(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->target);

    if (err == ERR_OK && line_take_word(line, "snapshot")) {
        step->mark = (enum mark)WORLD_ON_SNAPSHOT;
    } else if (err == ERR_OK) {
        err = line_mark(line, &step->mark);
    }
    while (err == ERR_OK && step->action < ACTION_COUNT && !line_take_word(line, scenario_actions[step->action])) {
        step->action = (enum world_action)((int)step->action + 1);
    }
    return step->action < ACTION_COUNT ? err : line_wrong(line, "what then? crash, power, fill or heal");
}

static enum err parse_disk(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->target);

    return err == ERR_OK ? line_range(line, &step->span_least_ns, &step->span_ns) : err;
}

/* parse_split reads a twin and, behind a colon, those who see its second server. */
static enum err parse_split(struct line *line, struct scenario_step *step)
{
    enum err err = line_member(line, &step->target);

    if (err == ERR_OK && (!member_set_has(&line->scenario->plan.twins, step->target) || !line_take_word(line, "to"))) {
        return line_wrong(line, "a split is \"TWIN to A B\", or \"TWIN to nobody\"");
    }
    return err != ERR_OK || line_take_word(line, "nobody") ? err : line_members(line, &step->members);
}

static enum err parse_clog(struct line *line, struct scenario_step *step)
{
    enum err err = parse_link(line, step);

    if (err == ERR_OK && !line_take_word(line, "for")) {
        return line_wrong(line, "\"for\" and a time is missing");
    }
    return err == ERR_OK ? line_time(line, &step->span_ns) : err;
}

/* parse_clock reads which clock, and by how much it is wrong from now on. */
static enum err parse_clock(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->target);

    if (err != ERR_OK || line_take_word(line, "right")) {
        return err;
    }
    step->flag = line_take_word(line, "behind");
    if (!step->flag && !line_take_word(line, "ahead")) {
        return line_wrong(line, "a clock is \"right\", or \"ahead\" or \"behind\" by a time");
    }
    return line_time(line, &step->span_ns);
}

static enum err parse_rot(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->target);

    step->flag = line_take_word(line, "any");
    if (err == ERR_OK && !step->flag && !line_take_word(line, "block")) {
        return line_wrong(line, "\"block\" and a height is missing, or \"any\" and a number");
    }
    return err == ERR_OK ? line_number(line, step->flag ? 0 : 1, 1000000, &step->value) : err;
}

static enum err parse_quantity(struct line *line, struct scenario_step *step)
{
    const char *word = line_take(line);

    for (int i = 0; i < QUANTITY_COUNT; i++) {
        if (strcmp(word, scenario_quantities[i]) == 0) {
            step->quantity = (enum scenario_quantity)i;
            return i == QUANTITY_SENT ? line_type(line, &step->type) : i == QUANTITY_MARK ? line_mark(line, &step->mark) : ERR_OK;
        }
    }
    return line_wrong(line, "nothing is called \"%s\"", word);
}

static enum err parse_expect(struct line *line, struct scenario_step *step)
{
    enum err err = parse_quantity(line, step);

    step->members = member_set_all(line->scenario->plan.members_count);
    step->comparison = COMPARE_EQUAL;
    step->value = 1;
    if (err != ERR_OK || step->quantity == QUANTITY_IDLE || step->quantity == QUANTITY_EQUAL) {
        return err;
    }
    const char *word = line_take(line);
    for (step->comparison = COMPARE_LESS; step->comparison < COMPARE_COUNT && strcmp(word, scenario_comparisons[step->comparison]) != 0;) {
        step->comparison = (enum scenario_comparison)((int)step->comparison + 1);
    }
    if (step->comparison == COMPARE_COUNT) {
        return line_wrong(line, "\"%s\" is none of < <= == >= >", word);
    }
    err = line_number(line, 0, UINT64_C(999999999999999999), &step->value);
    if (err != ERR_OK || step->quantity > QUANTITY_REPLICAS_LAST) {
        return err;
    }
    return line_take_word(line, "at") ? line_members(line, &step->members) : line_wrong(line, "\"at\" and replicas is missing");
}

static enum err parse_rest(struct line *line, struct scenario_step *step)
{
    if (!line_take_word(line, "within")) {
        return line_wrong(line, "\"within\" and a time is missing");
    }
    return line_time(line, &step->span_ns);
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
    case VERB_KEEP:
    case VERB_BACK:
    case VERB_FILL:
    case VERB_ROOM:
    case VERB_WIPE:
    case VERB_DRAIN: return line_members(line, &step->members);
    case VERB_ONEWAY:
    case VERB_PARTITION: return parse_partition(line, step);
    case VERB_CUT:
    case VERB_MEND: return parse_link(line, step);
    case VERB_LOSE: return parse_lose(line, step);
    case VERB_WHEN: return parse_when(line, step);
    case VERB_DISK: return parse_disk(line, step);
    case VERB_ROT: return parse_rot(line, step);
    case VERB_SPLIT: return parse_split(line, step);
    case VERB_CLOCK: return parse_clock(line, step);
    case VERB_CLOG: return parse_clog(line, step);
    case VERB_REST:
    case VERB_OUTLAST:
    case VERB_FINISH: return parse_rest(line, step);
    case VERB_EXPECT: return parse_expect(line, step);
    case VERB_HEAL:
    case VERB_FRUGAL:
    case VERB_CALM:
    case VERB_SILENCE:
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
        return line_wrong(line, "more than %u steps", SCENARIO_STEPS_MAX);
    }
    *step = (struct scenario_step){ .line = line->number, .relative = relative };
    enum err err = line_time(line, &step->time_ns);
    if (err != ERR_OK) {
        return err;
    }
    const char *word = line_take(line);
    while (step->verb < VERB_COUNT && strcmp(word, scenario_verbs[step->verb]) != 0) {
        step->verb = (enum scenario_verb)((int)step->verb + 1);
    }
    if (step->verb == VERB_COUNT) {
        return line_wrong(line, "there is no step \"%s\"", word);
    }
    scenario->steps_count++;
    return parse_verb(line, step);
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
