/* shrink.c: see shrink.h. `best` always fails as the first run did; a candidate becomes best or is forgotten. */
#include "sim/campaign/shrink.h"

#include "base/assert.h"
#include "base/clock.h"
#include "sim/campaign/apart.h"
#include "sim/world/choice.h"
#include "sim/scenario/scenario_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 12u
#define HALVINGS_MAX 40u
#define NS_PER_MS UINT64_C(1000000)

struct shrink {
    const struct shrink_plan *plan;
    struct scenario *best, *candidate;
    struct scenario *room;          /* for reading back */
    struct apart apart;
    struct shrink_outcome *outcome; /* of best */
    struct failure failure;
    uint32_t runs;
    uint64_t end_ns;
    bool out;                       /* of budget */
};

/* --- Sameness ------------------------------------------------------------------------------------------------------- */

/* rule_length gives the length of a rule's name at the front of a text ("I13:"), 0 when there is none. */
static size_t rule_length(const char *text)
{
    size_t at = 0;

    if (!isupper((unsigned char)text[0]) || !isdigit((unsigned char)text[1])) {
        return 0;
    }
    for (at = 1; isdigit((unsigned char)text[at]); at++) {
    }
    return text[at] == ':' ? at + 1 : 0;
}

bool shrink_is_same(const struct failure *a, const struct failure *b)
{
    const char *left = a->text, *right = b->text;
    size_t rule = rule_length(left);

    if (a->kind != b->kind) {
        return false;
    }
    if (rule > 0 || rule_length(right) > 0) {
        return rule == rule_length(right) && strncmp(left, right, rule) == 0;
    }
    while (*left != '\0' && *right != '\0') { /* numbers are of one run */
        left += strspn(left, "0123456789");
        right += strspn(right, "0123456789");
        if (*left != *right) {
            return false;
        }
        left += *left != '\0';
        right += *right != '\0';
    }
    return *left == *right;
}

/* --- Trying --------------------------------------------------------------------------------------------------------- */

void shrink_play(const void *scenario, void *room)
{
    static struct world world;
    static struct scenario recorded;
    struct shrink_outcome *outcome = room;

    memcpy(&recorded, scenario, sizeof recorded);
    recorded.plan.record_faults = true;
    scenario_run(&recorded, &world);
    world_result(&world, &outcome->result);
    bool fit = world.network.happened_count <= SCENARIO_FAULTS_MAX;
    outcome->happened_count = fit ? world.network.happened_count : SCENARIO_FAULTS_MAX + 1;
    if (fit && world.network.happened_count > 0) {
        memcpy(outcome->happened, world.network.happened, world.network.happened_count * sizeof outcome->happened[0]);
    }
    world_close(&world);
}

/* play runs a scenario apart. Gives: how it failed. */
static struct failure play(struct shrink *shrink, const struct scenario *scenario)
{
    struct shrink_outcome *outcome = shrink->apart.result;

    apart_begin(&shrink->apart, shrink->plan->play, scenario, shrink->plan->seconds);
    size_t which = apart_wait(&shrink->apart, 1);
    ASSERT(which == 0);
    shrink->runs++;
    apart_judge(&shrink->apart, &outcome->result.failure);
    return outcome->result.failure;
}

/* surplus gives by how many the liars are more than a cluster bears: then anything may break, and that is no finding. */
static uint32_t surplus(const struct scenario *scenario)
{
    struct member_set faulty = scenario_faulty(scenario);
    uint32_t liars = member_set_count(&faulty), borne = config_faults_max(scenario->plan.members_count);

    return liars > borne ? liars - borne : 0;
}

/* is_legal tells whether a candidate can be written down and read back (a step may name a replica that is gone) and is within the budget of faults. */
static bool is_legal(struct shrink *shrink)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    ASSERT(stream != NULL);
    scenario_write(shrink->candidate, stream);
    fclose(stream);
    bool legal = scenario_parse(shrink->room, text) == ERR_OK;
    free(text);
    return legal && surplus(shrink->candidate) <= surplus(shrink->best);
}

/* try plays the candidate, and keeps it when it fails in the same way. */
static bool try(struct shrink *shrink)
{
    shrink->out = shrink->out || shrink->runs >= shrink->plan->runs_max || clock_mono_ns() >= shrink->end_ns;
    if (shrink->out || !is_legal(shrink)) {
        return false;
    }
    struct failure failure = play(shrink, shrink->candidate);
    if (!shrink_is_same(&failure, &shrink->failure)) {
        return false;
    }
    memcpy(shrink->outcome, shrink->apart.result, sizeof *shrink->outcome);
    memcpy(shrink->best, shrink->candidate, sizeof *shrink->best);
    return true;
}

static void take_best(struct shrink *shrink)
{
    memcpy(shrink->candidate, shrink->best, sizeof *shrink->candidate);
}

/* --- Lists ---------------------------------------------------------------------------------------------------------- */

static bool must_stay(const struct shrink *shrink, const struct scenario_step *step)
{
    bool end = step->verb == VERB_CALM || step->verb == VERB_FINISH || step->verb == VERB_REST || step->verb == VERB_FRUGAL;
    bool quiet = step->verb == VERB_OUTLAST || step->verb == VERB_SILENCE;

    return (end || quiet) && shrink->failure.kind == FAILURE_LIVENESS;
}

/* without_steps takes steps out of the candidate. Gives: how many could go. */
static uint32_t without_steps(struct shrink *shrink, uint32_t from, uint32_t count)
{
    struct scenario *candidate = shrink->candidate;
    uint32_t kept = 0;

    take_best(shrink);
    for (uint32_t i = 0; i < shrink->best->steps_count; i++) {
        if (i < from || i >= from + count || must_stay(shrink, &shrink->best->steps[i])) {
            candidate->steps[kept++] = shrink->best->steps[i];
        }
    }
    candidate->steps_count = kept;
    return shrink->best->steps_count - kept;
}

static uint32_t without_faults(struct shrink *shrink, uint32_t from, uint32_t count)
{
    struct scenario *candidate = shrink->candidate;
    uint32_t left = shrink->best->faults_count - from, gone = count < left ? count : left;

    take_best(shrink);
    memmove(candidate->faults + from, candidate->faults + from + gone, (left - gone) * sizeof candidate->faults[0]);
    candidate->faults_count -= gone;
    return gone;
}

/* thin takes stretches out of a list, long ones first. Gives: true when something went. */
static bool thin(struct shrink *shrink, const uint32_t *count, uint32_t (*without)(struct shrink *shrink, uint32_t from, uint32_t count))
{
    bool any = false;

    for (uint32_t length = (*count + 1) / 2; length >= 1; length /= 2) {
        for (uint32_t from = 0; from < *count && !shrink->out;) {
            bool went = without(shrink, from, length) > 0 && try(shrink);
            any = any || went;
            from += went ? 0 : length;
        }
    }
    return any;
}

/* --- Loads ---------------------------------------------------------------------------------------------------------- */

/* spell_out puts single commands into the place of a load, to the very replicas that were drawn. Gives: false when they do not fit. */
static bool spell_out(struct scenario *scenario, uint32_t at)
{
    struct scenario_step load = scenario->steps[at];
    uint64_t interval_ns = UINT64_C(1000000000) / load.count, count = (load.span_ns + interval_ns - 1) / interval_ns;
    uint32_t after = scenario->steps_count - at - 1;

    if (load.relative || count < 1 || scenario->steps_count - 1 + count > SCENARIO_STEPS_MAX) {
        return false;
    }
    memmove(scenario->steps + at + count, scenario->steps + at + 1, after * sizeof scenario->steps[0]);
    for (uint32_t i = 0; i < count; i++) {
        struct choice choice = { CHOICE_REQUEST_TARGET, { i + 1 } };
        uint32_t target = load.target != WORKLOAD_ANY ? load.target : (uint32_t)choice_below(scenario->plan.seed, &choice, scenario->plan.members_count);
        scenario->steps[at + i] = (struct scenario_step){ .verb = VERB_SUBMIT, .time_ns = load.time_ns + i * interval_ns, .count = 1, .target = target };
    }
    scenario->steps_count += (uint32_t)count - 1;
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct scenario_step *left = a, *right = b;

    if (left->time_ns != right->time_ns) {
        return left->time_ns < right->time_ns ? -1 : 1;
    }
    return left->line < right->line ? -1 : left->line > right->line;
}

/* sort_steps brings the absolute steps at the front into the order of time; equal times keep theirs. */
static void sort_steps(struct scenario *scenario)
{
    uint32_t count = 0;

    for (; count < scenario->steps_count && !scenario->steps[count].relative; count++) {
        scenario->steps[count].line = count;
    }
    qsort(scenario->steps, count, sizeof scenario->steps[0], by_time);
}

static bool shorten_loads(struct shrink *shrink)
{
    bool any = false;

    for (uint32_t i = 0; i < shrink->best->steps_count; i++) {
        for (uint32_t turn = 0; turn < HALVINGS_MAX && shrink->best->steps[i].verb == VERB_LOAD; turn++) {
            take_best(shrink);
            shrink->candidate->steps[i].span_ns /= 2;
            if (shrink->candidate->steps[i].span_ns == 0 || !try(shrink)) {
                break;
            }
            any = true;
        }
        take_best(shrink);
        if (shrink->best->steps[i].verb == VERB_LOAD && spell_out(shrink->candidate, i)) {
            sort_steps(shrink->candidate);
            any = try(shrink) || any;
        }
    }
    return any;
}

/* --- Header --------------------------------------------------------------------------------------------------------- */

static bool quiet_header(struct shrink *shrink)
{
    bool any = false;

    for (size_t i = 0; i < scenario_header_fields() && !shrink->out; i++) {
        take_best(shrink);
        if (scenario_header_reset(shrink->candidate, i)) {
            any = try(shrink) || any;
        }
        take_best(shrink);
        if (scenario_header_narrow(shrink->candidate, i)) {
            any = try(shrink) || any;
        }
    }
    return any;
}

static bool fewer_members(struct shrink *shrink)
{
    bool any = false;

    for (uint32_t count = MEMBERS_MIN; count < shrink->best->plan.members_count; count++) {
        take_best(shrink);
        shrink->candidate->plan.members_count = count;
        any = try(shrink) || any;
    }
    for (uint32_t count = 1; count < shrink->best->plan.actors_count; count *= 2) {
        take_best(shrink);
        shrink->candidate->plan.actors_count = count;
        any = try(shrink) || any;
    }
    return any;
}

/* fewer_lies takes liars, twins and lies away one by one. */
static bool fewer_lies(struct shrink *shrink)
{
    bool any = false;

    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        if (member_set_has(&shrink->best->plan.adversary.liars, i)) {
            take_best(shrink);
            member_set_remove(&shrink->candidate->plan.adversary.liars, i);
            any = try(shrink) || any;
        }
        if (member_set_has(&shrink->best->plan.twins, i)) {
            take_best(shrink);
            member_set_remove(&shrink->candidate->plan.twins, i);
            any = try(shrink) || any;
        }
    }
    for (uint32_t lie = 0; lie < LIE_COUNT; lie++) {
        if ((shrink->best->plan.adversary.lies >> lie & 1) != 0) {
            take_best(shrink);
            shrink->candidate->plan.adversary.lies &= ~(UINT64_C(1) << lie);
            any = try(shrink) || any;
        }
    }
    return any;
}

/* list_chance makes a list of what chance did to messages, and takes chance away. */
static bool list_chance(struct shrink *shrink)
{
    const struct sim_network_faults *rates = &shrink->best->plan.network;

    if ((rates->drop_ppm | rates->duplicate_ppm | rates->straggle_ppm | rates->corrupt_ppm) == 0 || shrink->outcome->happened_count > SCENARIO_FAULTS_MAX) {
        return false;
    }
    take_best(shrink);
    struct scenario *candidate = shrink->candidate;
    candidate->plan.network.drop_ppm = candidate->plan.network.duplicate_ppm = candidate->plan.network.straggle_ppm = candidate->plan.network.corrupt_ppm = 0;
    candidate->plan.network.straggle_ns_max = 0;
    candidate->faults_count = shrink->outcome->happened_count;
    memcpy(candidate->faults, shrink->outcome->happened, candidate->faults_count * sizeof candidate->faults[0]);
    return try(shrink);
}

/* --- Times ---------------------------------------------------------------------------------------------------------- */

/* gap_ns gives the time between a step and the one before, where it can shrink. */
static uint64_t gap_ns(const struct scenario *scenario, uint32_t at)
{
    const struct scenario_step *step = &scenario->steps[at];
    bool fixed = step->relative || (at > 0 && scenario->steps[at - 1].relative);

    return fixed ? 0 : step->time_ns - (at == 0 ? 0 : scenario->steps[at - 1].time_ns);
}

/* sooner moves a step and all behind it forwards, to half the distance from the one before, as often as it goes. */
static bool sooner(struct shrink *shrink)
{
    bool any = false;

    for (uint32_t i = 0; i < shrink->best->steps_count; i++) {
        for (uint32_t turn = 0; turn < HALVINGS_MAX && gap_ns(shrink->best, i) >= 2 * NS_PER_MS; turn++) {
            uint64_t less_ns = gap_ns(shrink->best, i) / 2 / NS_PER_MS * NS_PER_MS;
            take_best(shrink);
            for (uint32_t k = i; k < shrink->best->steps_count && !shrink->best->steps[k].relative; k++) {
                shrink->candidate->steps[k].time_ns -= less_ns;
            }
            if (!try(shrink)) {
                break;
            }
            any = true;
        }
    }
    return any;
}

/* round_times makes moments easier to read. */
static void round_times(struct shrink *shrink, uint64_t unit_ns)
{
    for (uint32_t i = 0; i < shrink->best->steps_count && !shrink->out; i++) {
        uint64_t time_ns = shrink->best->steps[i].time_ns, rounded_ns = time_ns / unit_ns * unit_ns;
        if (time_ns == rounded_ns || (i > 0 && !shrink->best->steps[i].relative && rounded_ns < shrink->best->steps[i - 1].time_ns)) {
            continue;
        }
        take_best(shrink);
        shrink->candidate->steps[i].time_ns = rounded_ns;
        try(shrink);
    }
}

/* --- All of it ------------------------------------------------------------------------------------------------------ */

static struct shrink_size size_of(const struct scenario *scenario, const struct shrink_outcome *outcome)
{
    struct shrink_size size = { .steps = scenario->steps_count, .faults = outcome->happened_count, .replicas = scenario->plan.members_count,
        .simulated_ns = outcome->result.simulated_ns, .events = outcome->result.events };

    for (uint32_t i = 0; i < scenario->steps_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        uint64_t load = step->verb == VERB_LOAD ? (step->span_ns * step->count + UINT64_C(999999999)) / UINT64_C(1000000000) : 0;
        size.commands += (uint32_t)(step->verb == VERB_SUBMIT ? step->count : load);
    }
    return size;
}

static void open_shrink(struct shrink *shrink, const struct shrink_plan *plan, struct scenario *scenario)
{
    *shrink = (struct shrink){ .plan = plan, .best = scenario };
    shrink->end_ns = plan->budget_ns == 0 ? UINT64_MAX : clock_mono_ns() + plan->budget_ns;
    shrink->candidate = malloc(sizeof *shrink->candidate);
    shrink->room = malloc(sizeof *shrink->room);
    shrink->outcome = malloc(sizeof *shrink->outcome);
    ASSERT(shrink->candidate != NULL);
    ASSERT(shrink->room != NULL);
    ASSERT(shrink->outcome != NULL);
    apart_open(&shrink->apart, sizeof *shrink->outcome);
}

static void close_shrink(struct shrink *shrink)
{
    apart_close(&shrink->apart);
    free(shrink->candidate);
    free(shrink->room);
    free(shrink->outcome);
}

bool shrink_run(const struct shrink_plan *plan, struct scenario *scenario, struct shrink_report *report)
{
    static struct shrink shrink;
    bool smaller = true;

    open_shrink(&shrink, plan, scenario);
    shrink.failure = play(&shrink, scenario);
    memcpy(shrink.outcome, shrink.apart.result, sizeof *shrink.outcome);
    *report = (struct shrink_report){ .failure = shrink.failure, .before = size_of(scenario, shrink.outcome) };
    bool failed = shrink.failure.kind != FAILURE_NONE;
    for (uint32_t round = 0; failed && smaller && round < ROUNDS_MAX && !shrink.out; round++) {
        smaller = thin(&shrink, &scenario->steps_count, without_steps);
        smaller = quiet_header(&shrink) || smaller;
        smaller = fewer_lies(&shrink) || smaller;
        smaller = fewer_members(&shrink) || smaller;
        smaller = shorten_loads(&shrink) || smaller;
        smaller = list_chance(&shrink) || smaller;
        smaller = thin(&shrink, &scenario->faults_count, without_faults) || smaller;
        smaller = sooner(&shrink) || smaller;
    }
    if (failed) {
        round_times(&shrink, 1000000);
        round_times(&shrink, 10000000);
    }
    report->after = size_of(scenario, shrink.outcome);
    report->runs = shrink.runs;
    report->complete = failed && !smaller && !shrink.out;
    report->failure = failed ? shrink.outcome->result.failure : shrink.failure;
    close_shrink(&shrink);
    return failed;
}
