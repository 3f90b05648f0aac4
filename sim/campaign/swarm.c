enum { JOINS = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 10 | 1 << 11 }; /* of sixteen; no seed that once failed is among these */

/* swarm.c: see swarm.h. Every number is drawn by its name: taking one fault away leaves the others as they were. */
#include "sim/campaign/swarm.h"

#include "base/assert.h"
#include "sim/campaign/swarm_priv.h"

#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

uint64_t swarm_ask(uint64_t seed, enum swarm_question question, uint64_t bound)
{
    return choice_below(seed, &(struct choice){ CHOICE_SWARM, { question } }, bound);
}

uint32_t swarm_one_of(uint64_t seed, enum swarm_question question, const uint32_t *values, size_t count)
{
    return values[swarm_ask(seed, question, count)];
}

static void draw_plan(struct world_plan *plan, uint64_t seed, uint32_t replicas)
{
    world_plan_calm(plan);
    plan->seed = seed;
    plan->members_count = replicas != 0 ? replicas : ONE_OF(seed, ASK_REPLICAS, 4, 4, 4, 5, 6, 7);
    plan->actors_count = 12;
    plan->limits.batch_us = ONE_OF(seed, ASK_BATCH, 0, 0, 5000, 50000);
    plan->limits.checkpoint_blocks = ONE_OF(seed, ASK_CHECKPOINT, 8, 64, 256);
    plan->network.delay_ns_min = ONE_OF(seed, ASK_DELAY, 100, 1000, 10000, 40000) * UINT64_C(1000);
    plan->network.delay_ns_max = plan->network.delay_ns_min * ONE_OF(seed, ASK_SPREAD, 1, 2, 5);
    plan->network.drop_ppm = ONE_OF(seed, ASK_DROP, 0, 0, 2000, 20000, 100000);
    plan->network.duplicate_ppm = ONE_OF(seed, ASK_DUPLICATE, 0, 0, 10000, 100000);
    plan->network.straggle_ppm = ONE_OF(seed, ASK_STRAGGLE, 0, 0, 10000, 50000);
    plan->network.straggle_ns_max = 400 * MS;
    plan->network.corrupt_ppm = ONE_OF(seed, ASK_CORRUPT, 0, 0, 0, 200, 5000);
    plan->network.bytes_per_s = ONE_OF(seed, ASK_BANDWIDTH, 0, 0, 0, 2000000, 200000);
    plan->network.queue_bytes = plan->network.bytes_per_s == 0 ? 0 : 262144;
    plan->disk.delay_ns_min = 50000;
    plan->disk.delay_ns_max = ONE_OF(seed, ASK_DISK, 100, 1000, 5000, 20000) * UINT64_C(1000);
    if (swarm_ask(seed, ASK_SEGMENT_TEAR, 2) == 1) { /* what a cut write leaves is worse than old or new */
        plan->disk.crash_zero = plan->disk.crash_garbage = 100000;
        plan->disk.crash_other = 50000;
    }
    plan->disk.short_write = ONE_OF(seed, ASK_WRITES, 0, 0, 0, 0, 3000, 20000); /* such a process ends, and is started again */
    plan->disk.write_error = plan->disk.short_write / 2;
    plan->snapshot_bytes = swarm_ask(seed, ASK_SNAPSHOT, 4) == 0 ? 0 : 1; /* as often as the state is new */
    plan->snapshot_blocks = ONE_OF(seed, ASK_SNAPSHOT, 1, 16, 64, 256);
    plan->keep_blocks = ONE_OF(seed, ASK_KEEP, 1, 32, 4096);
    plan->scrub_bytes_per_s = (uint64_t)ONE_OF(seed, ASK_SCRUB, 0, 1, 64) << 20;
    plan->verify_ns_min = 20000;
    plan->verify_ns_max = 400000;
    plan->wall_offset_ms_max = ONE_OF(seed, ASK_CLOCKS, 0, 100, 900);
    plan->rate_ppm_max = ONE_OF(seed, ASK_DRIFT, 0, 100, 500, 50000);
    plan->reads_ns = ONE_OF(seed, ASK_READS, 0, 0, 20, 100) * MS;
    plan->check_every = plan->members_count; /* A look at one server costs more the more there are. */
    plan->fast_crypto = seed % SWARM_REAL_SHARE != 0;
    plan->reserves = swarm_ask(seed, ASK_RESERVES, 2) == 1;
    plan->mixed = swarm_ask(seed, ASK_MIXED, 2) == 1;
    plan->consents = swarm_ask(seed, ASK_CONSENTS, 2) == 1;
    plan->actors_count = plan->consents ? 4 : plan->actors_count; /* three senders each, who meet the same patients */
    plan->joins = plan->consents && (JOINS >> swarm_ask(seed, ASK_JOINS, 16) & 1) != 0;
    plan->tenure_ms = plan->consents && swarm_ask(seed, ASK_TENURE, 24) == 12 ? 7200000 : 0; /* no seed that once failed is among these */
}

enum { LIES_TOGETHER = LIE_STRAY + 1 }; /* those behind have draws of their own, so that seeds stay what they were */

/* draw_lies gives which lies a seed tells: one, two that meet, a third or most of all; and beside these, now and then, one that is newer. */
static uint64_t draw_lies(uint64_t seed)
{
    uint64_t how = swarm_ask(seed, ASK_LIES, 4), lies = 0;

    for (uint64_t i = 0; i < LIES_TOGETHER; i++) {
        uint64_t drawn = choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_LIES, 1, i } }, how == 2 ? 3 : 4);
        lies |= (how == 2 && drawn == 0) || (how == 3 && drawn != 0) ? UINT64_C(1) << i : 0;
    }
    for (uint64_t i = 0; i < 2 && how < 2; i++) {
        lies |= UINT64_C(1) << choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_LIES, 2, how == 0 ? 0 : i } }, LIES_TOGETHER);
    }
    lies |= swarm_ask(seed, ASK_SWAP, 8) == 0 ? UINT64_C(1) << LIE_SWAP : 0;
    lies |= swarm_ask(seed, ASK_PASS_OVER, 8) == 0 ? UINT64_C(1) << LIE_PASS_OVER : 0;
    lies |= swarm_ask(seed, ASK_EARLY_TC, 8) == 3 ? UINT64_C(1) << LIE_EARLY_TC : 0; /* 3, and what follows: no seed that once failed is among these */
    lies |= swarm_ask(seed, ASK_WISH, 24) == 5 ? UINT64_C(1) << LIE_WISH : 0;
    lies |= swarm_ask(seed, ASK_PACK, 24) == 6 ? UINT64_C(1) << LIE_PACK : 0;
    lies |= swarm_ask(seed, ASK_REOPEN, 24) == 2 ? UINT64_C(1) << LIE_REOPEN : 0;
    lies |= swarm_ask(seed, ASK_CRUMBS, 24) == 4 ? UINT64_C(1) << LIE_CRUMBS : 0;
    lies |= swarm_ask(seed, ASK_TEASE, 24) == 8 ? UINT64_C(1) << LIE_TEASE : 0;
    return lies | (swarm_ask(seed, ASK_STRANGER, 24) == 12 ? UINT64_C(1) << LIE_STRANGER : 0);
}

/* draw_adversary: in half of the seeds 1 to f members lie. Needs: the faults of the disk are drawn. */
static void draw_adversary(struct world_plan *plan)
{
    uint64_t seed = plan->seed;
    uint32_t faults = config_faults_max(plan->members_count);
    uint32_t count = swarm_ask(seed, ASK_LIARS, 2) == 0 ? 0 : 1 + (uint32_t)choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_LIARS, 1 } }, faults);
    uint32_t first = (uint32_t)choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_LIARS, 2 } }, plan->members_count);
    first = choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_LIARS, 4 } }, 2) == 0 ? 0 : first; /* r0 leads first */
    uint32_t step = choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_LIARS, 3 } }, 2) == 0 ? 1 : 2; /* Members beside each other lead one after the other. */

    if (count == 0) {
        return;
    }
    if (count == faults) { /* What is worse than old or new may make a member abstain: one more that does not vote. */
        plan->disk.crash_zero = plan->disk.crash_garbage = plan->disk.crash_other = 0;
    }
    plan->adversary = (struct adversary_plan){ .lies = draw_lies(seed), .rate_ppm = ONE_OF(seed, ASK_LIE_RATE, 20000, 200000, 700000),
        .tick_ns = ONE_OF(seed, ASK_LIE_TICK, 5, 20, 100) * MS, .hold_ns = ONE_OF(seed, ASK_LIE_HOLD, 50, 150, 180, 400, 2000) * MS };
    for (uint32_t i = 0; i < count; i++) {
        member_set_add(&plan->adversary.liars, (first + i * step) % plan->members_count);
    }
}

/* make_twin puts a member into two places. */
static void make_twin(struct world_plan *plan, uint32_t member)
{
    member_set_add(&plan->twins, member);
    member_set_remove(&plan->adversary.liars, member);
}

/* draw_twins: in a quarter of the seeds 1 to f members are in two places; as many liars are honest as would then be too many. Needs: liars are drawn. */
static void draw_twins(struct world_plan *plan)
{
    uint64_t seed = plan->seed;
    uint32_t faults = config_faults_max(plan->members_count), count = 1 + (uint32_t)choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_TWINS, 1 } }, faults);
    uint32_t first = (uint32_t)choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_TWINS, 2 } }, 2 * plan->members_count);

    if (swarm_ask(seed, ASK_TWINS, 4) != 0 || plan->members_count + count > MEMBERS_MAX) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        make_twin(plan, first >= plan->members_count ? i : (first + i) % plan->members_count); /* r0 leads first */
    }
    for (uint32_t i = plan->members_count; i > 0 && member_set_count(&plan->adversary.liars) + count > faults; i--) {
        member_set_remove(&plan->adversary.liars, i - 1);
    }
    if (member_set_is_empty(&plan->adversary.liars)) {
        plan->adversary = (struct adversary_plan){ .lies = 0 };
    }
    if (member_set_count(&plan->adversary.liars) + count == faults) {
        plan->disk.crash_zero = plan->disk.crash_garbage = plan->disk.crash_other = 0; /* as with liars */
    }
    plan->twins_ns = ONE_OF(seed, ASK_TWINS_SPLIT, 50, 300, 1500) * MS;
}

struct swarm_event *swarm_add(struct swarm_story *story, uint64_t at_ns, enum swarm_act act, uint32_t member)
{
    struct swarm_event *event = &story->events[story->events_count];

    ASSERT(story->events_count < SWARM_EVENTS_MAX);
    *event = (struct swarm_event){ .at_ns = at_ns, .order = story->events_count++, .act = act, .member = member };
    return event;
}

struct member_set swarm_faulty(const struct world_plan *plan)
{
    struct member_set faulty = plan->twins;

    for (size_t i = 0; i < MEMBER_SET_WORDS; i++) {
        faulty.words[i] |= plan->adversary.liars.words[i];
    }
    return faulty;
}

uint32_t swarm_sound(const struct swarm_story *story, uint32_t first, uint32_t other)
{
    struct member_set faulty = swarm_faulty(&story->plan);
    uint32_t count = story->plan.members_count, member = first % count;

    for (uint32_t i = 0; i < count && (member_set_has(&faulty, member) || member == other); i++) {
        member = (member + 1) % count;
    }
    ASSERT(!member_set_has(&faulty, member)); /* f < n - 1 */
    return member;
}

uint64_t swarm_time(const struct swarm_story *story, enum choice_topic topic, uint64_t what, uint64_t number)
{
    struct choice choice = { topic, { what, number } };

    return story->act_ns + 20 * MS + choice_below(story->plan.seed, &choice, story->calm_ns - story->act_ns - 20 * MS);
}

uint64_t swarm_while(const struct swarm_story *story, uint64_t what, uint64_t number)
{
    uint64_t seed = story->plan.seed;
    uint64_t most = (uint64_t[]){ 5, 100, 1500, 6000 }[choice_below(seed, &(struct choice){ CHOICE_DOWN_TIME, { what, number, 1 } }, 4)];

    return MS + choice_below(seed, &(struct choice){ CHOICE_DOWN_TIME, { what, number } }, most * MS);
}

static uint32_t draw_member(const struct swarm_story *story, uint64_t what, uint64_t number)
{
    return (uint32_t)choice_below(story->plan.seed, &(struct choice){ CHOICE_CRASH, { what, number } }, story->plan.members_count);
}

void swarm_draw_pairs(struct swarm_story *story, enum swarm_act begin, enum swarm_act end, uint64_t count)
{
    for (uint64_t i = story->number; i < story->number + count; i++) {
        uint32_t member = draw_member(story, begin, i);
        uint64_t at_ns = swarm_time(story, CHOICE_CRASH_TIME, begin, i);
        swarm_add(story, at_ns, begin, member);
        swarm_add(story, at_ns + swarm_while(story, begin, i), end, member);
    }
}

/* part_for_sure moves a member when all were drawn to one side. */
static void part_for_sure(struct member_set *side, uint32_t members_count)
{
    uint32_t count = member_set_count(side);

    if (count == 0) {
        member_set_add(side, 0);
    } else if (count == members_count) {
        member_set_remove(side, 0);
    }
}

/* draw_partitions draws cuts in two, or in one direction. */
void swarm_draw_partitions(struct swarm_story *story, enum swarm_act begin, uint64_t count)
{
    uint64_t what = begin == SWARM_PARTITION ? 0 : begin;

    for (uint64_t i = story->number; i < story->number + count; i++) {
        uint64_t at_ns = swarm_time(story, CHOICE_PARTITION_TIME, what, i);
        uint64_t bits = choice_draw(story->plan.seed, &(struct choice){ CHOICE_PARTITION_SIDE, { i, what } });
        swarm_add(story, at_ns, begin, 0);
        for (uint32_t member = 0; member < story->plan.members_count; member++) {
            if ((bits >> member % 64 & 1) != 0) {
                member_set_add(&story->events[story->events_count - 1].side, member);
            }
        }
        part_for_sure(&story->events[story->events_count - 1].side, story->plan.members_count);
        swarm_add(story, at_ns + swarm_while(story, begin, i), SWARM_HEAL, 0);
    }
}

/* draw_clogs: what ends one is its own time. */
void swarm_draw_clogs(struct swarm_story *story, uint64_t count)
{
    for (uint64_t i = story->number; i < story->number + count; i++) {
        struct swarm_event *event = swarm_add(story, swarm_time(story, CHOICE_CRASH_TIME, SWARM_CLOG, i), SWARM_CLOG, draw_member(story, SWARM_CLOG, i));
        event->value = choice_draw(story->plan.seed, &(struct choice){ CHOICE_CRASH, { SWARM_CLOG, i, 1 } });
    }
}

/* draw_valued draws faults that need one more number, and what ends them. */
void swarm_draw_valued(struct swarm_story *story, enum swarm_act begin, enum swarm_act end, uint64_t count)
{
    for (uint64_t i = story->number; i < story->number + count; i++) {
        uint64_t value = choice_draw(story->plan.seed, &(struct choice){ CHOICE_CRASH, { begin, i, 1 } });
        uint32_t first = story->events_count;
        uint32_t member = draw_member(story, begin, i);
        uint64_t at_ns = swarm_time(story, CHOICE_CRASH_TIME, begin, i);
        swarm_add(story, at_ns, begin, member);
        swarm_add(story, at_ns + swarm_while(story, begin, i), end, member);
        story->events[first].value = value | 1;
    }
}

static void draw_blackout(struct swarm_story *story)
{
    uint64_t at_ns = swarm_time(story, CHOICE_CRASH_TIME, SWARM_BLACKOUT, 0);

    swarm_add(story, at_ns, SWARM_BLACKOUT, 0);
    for (uint32_t member = 0; member < story->plan.members_count; member++) {
        swarm_add(story, at_ns + swarm_while(story, SWARM_BLACKOUT, member), SWARM_START, member);
    }
}

static int event_order(const void *a, const void *b)
{
    const struct swarm_event *left = a, *right = b;

    if (left->at_ns != right->at_ns) {
        return left->at_ns < right->at_ns ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

void swarm_draw(struct swarm_story *story, uint64_t seed, uint32_t replicas)
{
    *story = (struct swarm_story){ 0 };
    draw_plan(&story->plan, seed, replicas);
    draw_adversary(&story->plan);
    draw_twins(&story->plan);
    story->calm_ns = ONE_OF(seed, ASK_CALM, 1500, 4000, 12000) * MS;
    uint64_t commands = ONE_OF(seed, ASK_COMMANDS, 10, 60, 200);
    story->load = (struct workload_load){ .next_ns = MS, .interval_ns = ONE_OF(seed, ASK_RATE, 2, 10, 50) * MS, .target = WORKLOAD_ANY };
    story->load.end_ns = story->load.interval_ns * commands;
    swarm_draw_pairs(story, SWARM_CRASH, SWARM_START, ONE_OF(seed, ASK_CRASHES, 0, 1, 3, 6));
    swarm_draw_pairs(story, SWARM_POWER, SWARM_START, ONE_OF(seed, ASK_CRASHES, 0, 1, 1, 4));
    swarm_draw_pairs(story, SWARM_PAUSE, SWARM_RESUME, ONE_OF(seed, ASK_PAUSES, 0, 0, 1, 3));
    swarm_draw_pairs(story, SWARM_DRAIN, SWARM_START, ONE_OF(seed, ASK_DRAINS, 0, 0, 0, 2));
    swarm_draw_partitions(story, SWARM_PARTITION, ONE_OF(seed, ASK_PARTITIONS, 0, 0, 1, 3));
    swarm_draw_valued(story, SWARM_ARM, SWARM_START, ONE_OF(seed, ASK_ARMED, 0, 0, 2, 5));
    swarm_draw_valued(story, SWARM_SLOW, SWARM_SLOW, ONE_OF(seed, ASK_SLOW, 0, 0, 1, 2));
    swarm_draw_valued(story, SWARM_LOSE, SWARM_HEAL, ONE_OF(seed, ASK_LOST, 0, 0, 1, 3));
    swarm_draw_valued(story, SWARM_CUT, SWARM_HEAL, ONE_OF(seed, ASK_CUTS, 0, 0, 1, 3));
    swarm_draw_valued(story, SWARM_CLOCK, SWARM_CLOCK, ONE_OF(seed, ASK_CLOCK_STEPS, 0, 0, 1, 3));
    swarm_draw_clogs(story, ONE_OF(seed, ASK_CLOGS, 0, 0, 2, 8));
    swarm_draw_partitions(story, SWARM_ONEWAY, ONE_OF(seed, ASK_ONEWAYS, 0, 0, 1, 3));
    if (swarm_ask(seed, ASK_BLACKOUT, 4) == 0) {
        draw_blackout(story);
    }
    swarm_disks(story);
    swarm_pair(story);
    qsort(story->events, story->events_count, sizeof story->events[0], event_order);
}

void swarm_lengthen(struct swarm_story *story)
{
    swarm_second(story);
    qsort(story->events, story->events_count, sizeof story->events[0], event_order);
}

/* The marks after which a crash hurts most. */
static const enum mark sore_marks[] = { MARK_PROPOSED, MARK_OPENED, MARK_VOTED, MARK_CERTIFIED, MARK_COMMITVOTED, MARK_COMMITTED, MARK_TIMED_OUT, MARK_ENTERED };

/* step_clock: an hour behind, or up to 20 s either way, may befall anybody. An hour ahead counts as a fault: were it a quorum, the chain would be an hour
 * ahead for an hour, and every command too old. So it is one member of those that liars and twins leave of f, or none. */
static void step_clock(const struct world_plan *plan, const struct swarm_event *event, struct scenario_step *step)
{
    uint32_t faulty = member_set_count(&plan->adversary.liars) + member_set_count(&plan->twins);
    uint32_t astray = (uint32_t)swarm_ask(plan->seed, ASK_ASTRAY, plan->members_count);
    bool far = event->value / 2 % 2 == 0;

    step->target = event->member;
    if (event->value != 0) {
        step->flag = event->value / 4 % 2 == 0;
        bool may = step->flag || (event->member == astray && faulty < config_faults_max(plan->members_count));
        step->span_ns = far && may ? 3600000 * MS : (100 + event->value / 8 % 19900) * MS;
    }
}

/* step_of gives the step of a scenario that carries out what was drawn. */
static struct scenario_step step_of(const struct world_plan *plan, const struct swarm_event *event)
{
    static const enum scenario_verb verbs[SWARM_ACT_COUNT] = {
        [SWARM_CRASH] = VERB_CRASH, [SWARM_POWER] = VERB_POWER, [SWARM_BLACKOUT] = VERB_POWER, [SWARM_START] = VERB_START, [SWARM_PAUSE] = VERB_PAUSE,
        [SWARM_RESUME] = VERB_RESUME, [SWARM_DRAIN] = VERB_DRAIN, [SWARM_PARTITION] = VERB_PARTITION, [SWARM_HEAL] = VERB_HEAL, [SWARM_ARM] = VERB_WHEN,
        [SWARM_SLOW] = VERB_DISK, [SWARM_LOSE] = VERB_LOSE, [SWARM_CUT] = VERB_CUT, [SWARM_CLOCK] = VERB_CLOCK, [SWARM_CLOG] = VERB_CLOG,
        [SWARM_ONEWAY] = VERB_ONEWAY, [SWARM_WIPE] = VERB_WIPE, [SWARM_ROT] = VERB_ROT, [SWARM_FILL] = VERB_FILL, [SWARM_ROOM] = VERB_ROOM,
        [SWARM_WHEN] = VERB_WHEN, [SWARM_RISE] = VERB_START, [SWARM_SPOIL] = VERB_SPOIL,
    };
    struct scenario_step step = { .verb = verbs[event->act], .time_ns = event->at_ns };

    member_set_add(&step.members, event->member);
    switch (event->act) {
    case SWARM_RISE:
    case SWARM_BLACKOUT: step.members = member_set_is_empty(&event->side) ? member_set_all(plan->members_count) : event->side; break;
    case SWARM_ONEWAY:
    case SWARM_PARTITION: step.members = event->side; break;
    case SWARM_CLOG:
        step.count = event->member;
        step.target = (event->member + 1 + (uint32_t)(event->value % (plan->members_count - 1))) % plan->members_count;
        step.span_ns = (20 + event->value / 256 % 1500) * MS;
        break;
    case SWARM_ARM:
        step.target = event->member;
        step.mark = sore_marks[event->value / 2 % (sizeof sore_marks / sizeof sore_marks[0])];
        step.action = event->value % 3 == 0 ? ACTION_POWER : ACTION_CRASH;
        break;
    case SWARM_SLOW:
        step.target = event->member;
        step.span_least_ns = plan->disk.delay_ns_min;
        step.span_ns = event->value == 0 ? plan->disk.delay_ns_max : (10 + event->value % 200) * MS;
        break;
    case SWARM_LOSE: step.type = (enum message_type)(MESSAGE_HELLO + event->value % (MESSAGE_TYPE_END - MESSAGE_HELLO)); break;
    case SWARM_CUT:
        step.count = event->member;
        step.target = (uint32_t)(event->value % plan->members_count);
        break;
    case SWARM_ROT:
        step.target = event->member;
        step.flag = true;
        step.value = event->value;
        break;
    case SWARM_SPOIL:
        step.target = event->member;
        step.count = (uint32_t)(event->value % SPOIL_COUNT);
        step.value = event->value / SPOIL_COUNT % 1000000;
        break;
    case SWARM_WHEN:
        step.target = event->member;
        step.mark = (enum mark)event->mark;
        step.action = event->action;
        break;
    case SWARM_WIPE:
    case SWARM_FILL:
    case SWARM_ROOM:
    case SWARM_PAIR: break;
    case SWARM_CLOCK: step_clock(plan, event, &step); break;
    case SWARM_CRASH:
    case SWARM_POWER:
    case SWARM_START:
    case SWARM_PAUSE:
    case SWARM_RESUME:
    case SWARM_DRAIN:
    case SWARM_HEAL:
    case SWARM_ACT_COUNT: break;
    }
    return step;
}

static struct scenario_step load_step(const struct workload_load *load)
{
    return (struct scenario_step){ .verb = VERB_LOAD, .time_ns = load->next_ns, .count = (uint32_t)(1000 * MS / load->interval_ns), .span_ns = load->end_ns - load->next_ns,
        .target = load->target };
}

void swarm_scenario(const struct swarm_story *story, struct scenario *scenario)
{
    uint32_t count = 0;
    bool streams = story->stream.end_ns > 0;

    *scenario = (struct scenario){ .plan = story->plan };
    scenario->steps[count++] = load_step(&story->load);
    for (uint32_t i = 0; i < story->events_count; i++) {
        if (streams && story->events[i].at_ns >= story->stream.next_ns) {
            scenario->steps[count++] = load_step(&story->stream);
            streams = false;
        }
        scenario->steps[count] = step_of(&story->plan, &story->events[i]);
        if (scenario->steps[count].time_ns > story->calm_ns) {
            scenario->steps[count].time_ns = story->calm_ns;
        }
        count++;
    }
    if (streams) {
        scenario->steps[count++] = load_step(&story->stream);
    }
    scenario->steps[count++] = (struct scenario_step){ .verb = VERB_CALM, .time_ns = story->calm_ns };
    struct member_set faulty = swarm_faulty(&story->plan);
    if (!member_set_is_empty(&faulty)) {
        scenario->steps[count++] = (struct scenario_step){ .verb = VERB_OUTLAST, .relative = true, .span_ns = SWARM_PATIENCE_NS };
        scenario->steps[count++] = (struct scenario_step){ .verb = VERB_SILENCE, .relative = true };
    }
    scenario->steps[count++] = (struct scenario_step){ .verb = VERB_FINISH, .relative = true, .span_ns = SWARM_PATIENCE_NS };
    scenario->steps[count++] = (struct scenario_step){ .verb = VERB_FRUGAL, .relative = true };
    ASSERT(count <= SCENARIO_STEPS_MAX);
    scenario->steps_count = count;
}

void swarm_forgive(struct swarm_story *story)
{
    story->plan.adversary = (struct adversary_plan){ 0 };
    story->plan.twins = (struct member_set){ { 0 } };
    story->plan.twins_ns = 0;
}

bool swarm_play(const struct swarm_story *story, struct world *world)
{
    static struct scenario scenario;

    swarm_scenario(story, &scenario);
    return scenario_run(&scenario, world);
}

void world_result(const struct world *world, struct swarm_result *result)
{
    *result = (struct swarm_result){ .seed = world->plan.seed, .replicas = world->plan.members_count, .failure = world->failure, .hash = world->hash, .fast_crypto = world->plan.fast_crypto,
        .events = world->events, .simulated_ns = world->now_ns, .blocks = world->oracle.height, .commands = world->oracle.commands.count,
        .messages = oracle_messages(&world->oracle), .crashes = world->crashes, .restarts = world->restarts, .partitions = world->partitions };
    memcpy(result->marks, world->marks, sizeof result->marks);
    result->snapshots = world->based;
    result->liars = member_set_count(&world->plan.adversary.liars);
    result->twins = member_set_count(&world->plan.twins);
    result->clock_steps = world->clock_steps;
    result->clogs = world->network.counters.clogged;
    result->oneways = world->network.counters.muted;
    result->breaks = world->breaks;
    result->reads = world->readers.answered;
    result->inquiries = world->inquiries;
    result->measured = world->measured;
    result->losses = world->losses;
    result->rots = world->rots;
    result->fills = world->fills;
    result->abstentions = world->abstentions;
    for (uint32_t i = 0; i < SPOIL_COUNT * world->plan.members_count; i++) {
        result->spoils[i % SPOIL_COUNT] += spoil_happened(&world->hosts[i / SPOIL_COUNT], (enum spoil)(i % SPOIL_COUNT));
    }
    memcpy(result->pairs, world->pairs, sizeof result->pairs);
    result->overflows = world->network.counters.overflowed;
    result->conflicts = world->oracle.conflicts;
    memcpy(result->consent, world->consent.marks, sizeof result->consent);
    if (world->adversary != NULL) {
        memcpy(result->lies, world->adversary->told, sizeof result->lies);
    }
}

void swarm_scenario_run(const struct scenario *scenario, struct swarm_result *result)
{
    struct world *world = calloc(1, sizeof *world);

    ASSERT(world != NULL);
    scenario_run(scenario, world);
    world_result(world, result);
    result->configuration = scenario_digest(scenario);
    world_close(world);
    free(world);
}

void swarm_case_scenario(const struct swarm_case *which, struct scenario *scenario)
{
    static struct swarm_story story;

    swarm_draw(&story, which->seed, which->replicas);
    if (!which->brief) {
        swarm_lengthen(&story);
    }
    if (which->crypto != SWARM_CRYPTO_DRAWN) {
        story.plan.fast_crypto = which->crypto == SWARM_CRYPTO_FAST;
    }
    swarm_scenario(&story, scenario);
}

void swarm_run(uint64_t seed, uint32_t replicas, struct swarm_result *result)
{
    static struct scenario scenario;
    struct swarm_case which = { .seed = seed, .replicas = replicas, .brief = true };

    swarm_case_scenario(&which, &scenario);
    swarm_scenario_run(&scenario, result);
}
