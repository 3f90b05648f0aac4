/* scenario_forms.c: what stands behind each verb of a step. A form is read and written side by side, so that what is written is read as the same; the table
 * at the end gives each verb its word and its form. */
#include "sim/scenario/scenario_priv.h"

#include <string.h>

const char *const scenario_actions[ACTION_COUNT] = { [ACTION_CRASH] = "crash", [ACTION_POWER] = "power", [ACTION_FILL] = "fill", [ACTION_HEAL] = "heal" };

const char *const scenario_comparisons[COMPARE_COUNT] = { "<", ">=", "==", "<=", ">" };

const char *const scenario_quantities[QUANTITY_COUNT] = {
    [QUANTITY_EXECUTED] = "executed", [QUANTITY_CERTIFIED_CHECKPOINT] = "checkpoint", [QUANTITY_VIEW] = "view",
    [QUANTITY_TIMEOUT_VIEW] = "timeout_view", [QUANTITY_APPENDS] = "appends", [QUANTITY_CHECKS] = "checks", [QUANTITY_WAKEUPS_PER_BLOCK] = "wakeups_per_block",
    [QUANTITY_DAMAGED] = "damaged", [QUANTITY_REPAIRED] = "repaired", [QUANTITY_SNAPSHOTS] = "snapshots", [QUANTITY_HEIGHT] = "height",
    [QUANTITY_RUNNING] = "running", [QUANTITY_REFUSED] = "refused", [QUANTITY_TOLD] = "told", [QUANTITY_OPEN] = "open", [QUANTITY_BLOCKS] = "blocks",
    [QUANTITY_COMMANDS] = "commands", [QUANTITY_MESSAGES] = "messages", [QUANTITY_MESSAGES_PER_BLOCK] = "messages_per_block",
    [QUANTITY_IDLE] = "idle", [QUANTITY_EQUAL] = "equal", [QUANTITY_MARK] = "mark", [QUANTITY_SENT] = "sent",
};

/* --- Parts --------------------------------------------------------------------------------------------------------- */

/* put_members writes those who are inside a set, or those who are not. */
static void put_members(const struct scenario *scenario, const struct member_set *members, bool inside, FILE *stream)
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

static void put_target(uint32_t target, FILE *stream)
{
    if (target == WORKLOAD_ANY) {
        fprintf(stream, " to any");
    } else {
        fprintf(stream, " to %u", target);
    }
}

static void put_time(const char *before, uint64_t time_ns, FILE *stream)
{
    fprintf(stream, "%s", before);
    scenario_time_write(time_ns, stream);
}

/* --- Forms --------------------------------------------------------------------------------------------------------- */

static enum err read_nothing(struct line *line, struct scenario_step *step)
{
    (void)line;
    (void)step;
    return ERR_OK;
}

static void write_nothing(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    (void)step;
    (void)stream;
}

static enum err read_members(struct line *line, struct scenario_step *step) { return line_members(line, &step->members); }

static void write_members(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    put_members(scenario, &step->members, true, stream);
}

static enum err read_submit(struct line *line, struct scenario_step *step)
{
    enum err err = line_u32(line, 1, 100000, &step->count);

    if (err == ERR_OK) {
        err = line_target(line, &step->target);
    }
    step->flag = line_take_word(line, "only");
    return err;
}

static void write_submit(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u", step->count);
    put_target(step->target, stream);
    fprintf(stream, "%s", step->flag ? " only" : "");
}

static enum err read_load(struct line *line, struct scenario_step *step)
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

static void write_load(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u per s", step->count);
    put_time(" for ", step->span_ns, stream);
    put_target(step->target, stream);
}

static enum err read_partition(struct line *line, struct scenario_step *step)
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

/* write_partition names both sides. */
static void write_partition(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    put_members(scenario, &step->members, true, stream);
    fprintf(stream, " |");
    put_members(scenario, &step->members, false, stream);
}

static enum err read_link(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->count);

    if (err == ERR_OK && !line_take_word(line, "to")) {
        return line_wrong(line, "a link is \"A to B\"");
    }
    return err == ERR_OK ? line_server(line, &step->target) : err;
}

static void write_link(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u to %u", step->count, step->target);
}

static enum err read_clog(struct line *line, struct scenario_step *step)
{
    enum err err = read_link(line, step);

    if (err == ERR_OK && !line_take_word(line, "for")) {
        return line_wrong(line, "\"for\" and a time is missing");
    }
    return err == ERR_OK ? line_time(line, &step->span_ns) : err;
}

static void write_clog(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    write_link(scenario, step, stream);
    put_time(" for ", step->span_ns, stream);
}

static enum err read_lose(struct line *line, struct scenario_step *step)
{
    enum err err = line_type(line, &step->type);

    if (err == ERR_OK && !line_take_word(line, "to")) {
        return line_wrong(line, "\"to\" and a replica is missing");
    }
    return err == ERR_OK ? line_members(line, &step->members) : err;
}

static void write_lose(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %s to", message_word(step->type));
    put_members(scenario, &step->members, true, stream);
}

static enum err read_when(struct line *line, struct scenario_step *step)
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

static void write_when(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u %s %s", step->target, step->mark == WORLD_ON_SNAPSHOT ? "snapshot" : mark_word(step->mark), scenario_actions[step->action]);
}

static enum err read_disk(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->target);

    return err == ERR_OK ? line_range(line, &step->span_least_ns, &step->span_ns) : err;
}

static void write_disk(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u", step->target);
    put_time(" ", step->span_least_ns, stream);
    if (step->span_ns != step->span_least_ns) {
        put_time(" to ", step->span_ns, stream);
    }
}

static enum err read_rot(struct line *line, struct scenario_step *step)
{
    enum err err = line_server(line, &step->target);

    step->flag = line_take_word(line, "any");
    if (err == ERR_OK && !step->flag && !line_take_word(line, "block")) {
        return line_wrong(line, "\"block\" and a height is missing, or \"any\" and a number");
    }
    return err == ERR_OK ? line_number(line, step->flag ? 0 : 1, 1000000, &step->value) : err;
}

static void write_rot(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u %s %llu", step->target, step->flag ? "any" : "block", (unsigned long long)step->value);
}

static enum err read_spoil(struct line *line, struct scenario_step *step)
{
    enum err err = line_member(line, &step->target);

    step->count = err == ERR_OK ? (uint32_t)naming_find(spoil_names, SPOIL_COUNT, line_take(line)) : 0;
    if (err == ERR_OK && step->count == SPOIL_COUNT) {
        return line_wrong(line, "what is spoilt is a vote, certificate, sector, write or read, and a number");
    }
    return err == ERR_OK ? line_number(line, 0, 1000000, &step->value) : err;
}

static void write_spoil(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u %s %llu", step->target, spoil_names[step->count].word, (unsigned long long)step->value);
}

/* read_split reads a twin and, behind a colon, those who see its second server. */
static enum err read_split(struct line *line, struct scenario_step *step)
{
    enum err err = line_member(line, &step->target);

    if (err == ERR_OK && (!member_set_has(&line->scenario->plan.twins, step->target) || !line_take_word(line, "to"))) {
        return line_wrong(line, "a split is \"TWIN to A B\", or \"TWIN to nobody\"");
    }
    return err != ERR_OK || line_take_word(line, "nobody") ? err : line_members(line, &step->members);
}

static void write_split(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    fprintf(stream, " %u to%s", step->target, member_set_is_empty(&step->members) ? " nobody" : "");
    put_members(scenario, &step->members, true, stream);
}

/* read_clock reads which clock, and by how much it is wrong from now on. */
static enum err read_clock(struct line *line, struct scenario_step *step)
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

static void write_clock(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    fprintf(stream, " %u", step->target);
    if (step->span_ns == 0) {
        fprintf(stream, " right");
    } else {
        put_time(step->flag ? " behind " : " ahead ", step->span_ns, stream);
    }
}

static enum err read_rest(struct line *line, struct scenario_step *step)
{
    if (!line_take_word(line, "within")) {
        return line_wrong(line, "\"within\" and a time is missing");
    }
    return line_time(line, &step->span_ns);
}

static void write_rest(const struct scenario *scenario, const struct scenario_step *step, FILE *stream)
{
    (void)scenario;
    put_time(" within ", step->span_ns, stream);
}

static enum err read_quantity(struct line *line, struct scenario_step *step)
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

static enum err read_expect(struct line *line, struct scenario_step *step)
{
    enum err err = read_quantity(line, step);

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
        put_members(scenario, &step->members, true, stream);
    }
}

/* --- Verbs --------------------------------------------------------------------------------------------------------- */

#define FORM(name) read_##name, write_##name

const struct scenario_form scenario_forms[VERB_COUNT] = {
    [VERB_SUBMIT] = { "submit", FORM(submit) },
    [VERB_LOAD] = { "load", FORM(load) },
    [VERB_CRASH] = { "crash", FORM(members) },
    [VERB_POWER] = { "power", FORM(members) },
    [VERB_START] = { "start", FORM(members) },
    [VERB_PAUSE] = { "pause", FORM(members) },
    [VERB_RESUME] = { "resume", FORM(members) },
    [VERB_DRAIN] = { "drain", FORM(members) },
    [VERB_PARTITION] = { "partition", FORM(partition) },
    [VERB_CUT] = { "cut", FORM(link) },
    [VERB_MEND] = { "mend", FORM(link) },
    [VERB_HEAL] = { "heal", FORM(nothing) },
    [VERB_LOSE] = { "lose", FORM(lose) },
    [VERB_WHEN] = { "when", FORM(when) },
    [VERB_DISK] = { "disk", FORM(disk) },
    [VERB_ROT] = { "rot", FORM(rot) },
    [VERB_KEEP] = { "keep", FORM(members) },
    [VERB_BACK] = { "back", FORM(members) },
    [VERB_MEASURE] = { "measure", FORM(nothing) },
    [VERB_REST] = { "rest", FORM(rest) },
    [VERB_EXPECT] = { "expect", FORM(expect) },
    [VERB_CALM] = { "calm", FORM(nothing) },
    [VERB_OUTLAST] = { "outlast", FORM(rest) },
    [VERB_SILENCE] = { "silence", FORM(nothing) },
    [VERB_FINISH] = { "finish", FORM(rest) },
    [VERB_SPLIT] = { "split", FORM(split) },
    [VERB_CLOCK] = { "clock", FORM(clock) },
    [VERB_CLOG] = { "clog", FORM(clog) },
    [VERB_ONEWAY] = { "oneway", FORM(partition) },
    [VERB_WIPE] = { "wipe", FORM(members) },
    [VERB_FILL] = { "fill", FORM(members) },
    [VERB_ROOM] = { "room", FORM(members) },
    [VERB_FRUGAL] = { "frugal", FORM(nothing) },
    [VERB_SPOIL] = { "spoil", FORM(spoil) },
};
