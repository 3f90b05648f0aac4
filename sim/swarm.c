/* swarm.c: see swarm.h. Every number is drawn by its name: taking one fault away leaves the others as they were. */
#include "sim/swarm.h"

#include "base/assert.h"
#include "sim/choice.h"

#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

/* Names of what a seed decides about itself. The numbers enter the draw: append only. */
enum swarm_question {
    ASK_REPLICAS = 1, ASK_BATCH, ASK_DELAY, ASK_SPREAD, ASK_DROP, ASK_DUPLICATE, ASK_STRAGGLE, ASK_DISK, ASK_CLOCKS, ASK_CALM, ASK_COMMANDS,
    ASK_RATE, ASK_CRASHES, ASK_PARTITIONS, ASK_PAUSES, ASK_BLACKOUT, ASK_DRAINS, ASK_CHECKPOINT, ASK_SEGMENT_TEAR,
    ASK_ARMED, ASK_SLOW, ASK_LOST, ASK_CUTS, ASK_RESERVES, ASK_SNAPSHOT, ASK_KEEP
};

static uint64_t ask(uint64_t seed, enum swarm_question question, uint64_t bound)
{
    return choice_below(seed, &(struct choice){ CHOICE_SWARM, { question } }, bound);
}

static uint32_t one_of(uint64_t seed, enum swarm_question question, const uint32_t *values, size_t count)
{
    return values[ask(seed, question, count)];
}

#define ONE_OF(seed, question, ...)                                                                          \
    one_of(seed, question, (const uint32_t[]){ __VA_ARGS__ }, sizeof(const uint32_t[]){ __VA_ARGS__ } / sizeof(uint32_t))

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
    plan->disk.delay_ns_min = 50000;
    plan->disk.delay_ns_max = ONE_OF(seed, ASK_DISK, 100, 1000, 5000, 20000) * UINT64_C(1000);
    if (ask(seed, ASK_SEGMENT_TEAR, 2) == 1) { /* what a cut write leaves is worse than old or new */
        plan->disk.crash_zero = plan->disk.crash_garbage = 100000;
        plan->disk.crash_other = 50000;
    }
    plan->snapshot_bytes = ask(seed, ASK_SNAPSHOT, 4) == 0 ? 0 : 1; /* as often as the state is new */
    plan->snapshot_blocks = ONE_OF(seed, ASK_SNAPSHOT, 1, 16, 64, 256);
    plan->keep_blocks = ONE_OF(seed, ASK_KEEP, 1, 32, 4096);
    plan->verify_ns_min = 20000;
    plan->verify_ns_max = 400000;
    plan->wall_offset_ms_max = ONE_OF(seed, ASK_CLOCKS, 0, 100, 900);
    plan->check_every = 4;
    plan->reserves = ask(seed, ASK_RESERVES, 2) == 1;
}

static void add(struct swarm_story *story, uint64_t at_ns, enum swarm_act act, uint32_t member)
{
    ASSERT(story->events_count < SWARM_EVENTS_MAX);
    story->events[story->events_count] = (struct swarm_event){ .at_ns = at_ns, .order = story->events_count, .act = act, .member = member };
    story->events_count++;
}

/* A fault that begins at a drawn time and ends after a drawn while. Gives: when it begins. */
static uint64_t draw_time(const struct swarm_story *story, enum choice_topic topic, uint64_t what, uint64_t number)
{
    struct choice choice = { topic, { what, number } };

    return 20 * MS + choice_below(story->plan.seed, &choice, story->calm_ns - 20 * MS);
}

static uint64_t draw_while(const struct swarm_story *story, uint64_t what, uint64_t number)
{
    uint64_t seed = story->plan.seed;
    uint64_t most = (uint64_t[]){ 5, 100, 1500, 6000 }[choice_below(seed, &(struct choice){ CHOICE_DOWN_TIME, { what, number, 1 } }, 4)];

    return MS + choice_below(seed, &(struct choice){ CHOICE_DOWN_TIME, { what, number } }, most * MS);
}

static uint32_t draw_member(const struct swarm_story *story, uint64_t what, uint64_t number)
{
    return (uint32_t)choice_below(story->plan.seed, &(struct choice){ CHOICE_CRASH, { what, number } }, story->plan.members_count);
}

static void draw_pairs(struct swarm_story *story, enum swarm_act begin, enum swarm_act end, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t member = draw_member(story, begin, i);
        uint64_t at_ns = draw_time(story, CHOICE_CRASH_TIME, begin, i);
        add(story, at_ns, begin, member);
        add(story, at_ns + draw_while(story, begin, i), end, member);
    }
}

static void draw_partitions(struct swarm_story *story, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at_ns = draw_time(story, CHOICE_PARTITION_TIME, 0, i);
        uint64_t bits = choice_draw(story->plan.seed, &(struct choice){ CHOICE_PARTITION_SIDE, { i } });
        add(story, at_ns, SWARM_PARTITION, 0);
        for (uint32_t member = 0; member < story->plan.members_count; member++) {
            if ((bits >> member % 64 & 1) != 0) {
                member_set_add(&story->events[story->events_count - 1].side, member);
            }
        }
        add(story, at_ns + draw_while(story, SWARM_PARTITION, i), SWARM_HEAL, 0);
    }
}

/* draw_valued draws faults that need one more number, and what ends them. */
static void draw_valued(struct swarm_story *story, enum swarm_act begin, enum swarm_act end, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value = choice_draw(story->plan.seed, &(struct choice){ CHOICE_CRASH, { begin, i, 1 } });
        uint32_t first = story->events_count;
        uint32_t member = draw_member(story, begin, i);
        uint64_t at_ns = draw_time(story, CHOICE_CRASH_TIME, begin, i);
        add(story, at_ns, begin, member);
        add(story, at_ns + draw_while(story, begin, i), end, member);
        story->events[first].value = value | 1;
    }
}

static void draw_blackout(struct swarm_story *story)
{
    uint64_t at_ns = draw_time(story, CHOICE_CRASH_TIME, SWARM_BLACKOUT, 0);

    add(story, at_ns, SWARM_BLACKOUT, 0);
    for (uint32_t member = 0; member < story->plan.members_count; member++) {
        add(story, at_ns + draw_while(story, SWARM_BLACKOUT, member), SWARM_START, member);
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
    story->calm_ns = ONE_OF(seed, ASK_CALM, 1500, 4000, 12000) * MS;
    uint64_t commands = ONE_OF(seed, ASK_COMMANDS, 10, 60, 200);
    story->load = (struct workload_load){ .next_ns = MS, .interval_ns = ONE_OF(seed, ASK_RATE, 2, 10, 50) * MS, .target = WORKLOAD_ANY };
    story->load.end_ns = story->load.interval_ns * commands;
    draw_pairs(story, SWARM_CRASH, SWARM_START, ONE_OF(seed, ASK_CRASHES, 0, 1, 3, 6));
    draw_pairs(story, SWARM_POWER, SWARM_START, ONE_OF(seed, ASK_CRASHES, 0, 1, 1, 4));
    draw_pairs(story, SWARM_PAUSE, SWARM_RESUME, ONE_OF(seed, ASK_PAUSES, 0, 0, 1, 3));
    draw_pairs(story, SWARM_DRAIN, SWARM_START, ONE_OF(seed, ASK_DRAINS, 0, 0, 0, 2));
    draw_partitions(story, ONE_OF(seed, ASK_PARTITIONS, 0, 0, 1, 3));
    draw_valued(story, SWARM_ARM, SWARM_START, ONE_OF(seed, ASK_ARMED, 0, 0, 2, 5));
    draw_valued(story, SWARM_SLOW, SWARM_SLOW, ONE_OF(seed, ASK_SLOW, 0, 0, 1, 2));
    draw_valued(story, SWARM_LOSE, SWARM_HEAL, ONE_OF(seed, ASK_LOST, 0, 0, 1, 3));
    draw_valued(story, SWARM_CUT, SWARM_HEAL, ONE_OF(seed, ASK_CUTS, 0, 0, 1, 3));
    if (ask(seed, ASK_BLACKOUT, 4) == 0) {
        draw_blackout(story);
    }
    qsort(story->events, story->events_count, sizeof story->events[0], event_order);
}

/* The marks after which a crash hurts most. */
static const enum mark sore_marks[] = { MARK_PROPOSED, MARK_OPENED, MARK_VOTED, MARK_CERTIFIED, MARK_COMMITVOTED, MARK_COMMITTED, MARK_TIMED_OUT, MARK_ENTERED };

static void slow_down(struct world *world, const struct swarm_event *event)
{
    struct sim_disk_faults *faults = &world->hosts[event->member].disk.config.faults;

    faults->delay_ns_max = event->value == 0 ? world->plan.disk.delay_ns_max : (10 + event->value % 200) * MS;
}

static void act(struct world *world, const struct swarm_event *event)
{
    uint32_t other = (uint32_t)(event->value % world->plan.members_count);

    switch (event->act) {
    case SWARM_CRASH: world_crash(world, event->member, false); break;
    case SWARM_POWER: world_crash(world, event->member, true); break;
    case SWARM_BLACKOUT:
        for (uint32_t i = 0; i < world->plan.members_count; i++) {
            world_crash(world, i, true);
        }
        break;
    case SWARM_START: world_boot(world, event->member); break;
    case SWARM_PAUSE: world_pause(world, event->member); break;
    case SWARM_RESUME: world_resume(world, event->member); break;
    case SWARM_DRAIN: world_drain(world, event->member); break;
    case SWARM_PARTITION: world_partition(world, &event->side); break;
    case SWARM_HEAL: world_heal(world); break;
    case SWARM_ARM: world_crash_when(world, event->member, sore_marks[event->value / 2 % (sizeof sore_marks / sizeof sore_marks[0])], event->value % 3 == 0); break;
    case SWARM_SLOW: slow_down(world, event); break;
    case SWARM_LOSE: world_lose(world, event->member, (enum message_type)(MESSAGE_HELLO + event->value % (MESSAGE_TYPE_END - MESSAGE_HELLO))); break;
    case SWARM_CUT: world_cut(world, event->member, other, true); break;
    case SWARM_ACT_COUNT: break;
    }
}

/* calm_down ends every fault: a perfect network, everybody runs. */
static void calm_down(struct world *world)
{
    struct sim_network_faults *faults = &world->network.faults;

    faults->drop_ppm = faults->duplicate_ppm = faults->straggle_ppm = 0;
    world->triggers_count = 0;
    world_heal(world);
    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        world->hosts[i].disk.config.faults.delay_ns_max = world->plan.disk.delay_ns_max;
        world_resume(world, i);
        world_boot(world, i);
    }
}

/* restart_drained starts again whoever was still draining when the faults ended. */
static bool run_to_rest(struct world *world, uint64_t limit_ns)
{
    bool well = world_run_until_rest(world, limit_ns);

    for (uint32_t i = 0; i < world->plan.members_count && well; i++) {
        if (world->hosts[i].state == HOST_DOWN) {
            world_boot(world, i);
        }
    }
    return well && world_run_until_rest(world, limit_ns);
}

bool swarm_play(const struct swarm_story *story, struct world *world)
{
    world_open(world, &story->plan);
    workload_load_start(&world->workload, &story->load);
    for (uint32_t i = 0; i < story->events_count; i++) {
        uint64_t at_ns = story->events[i].at_ns < story->calm_ns ? story->events[i].at_ns : story->calm_ns;
        if (!world_run_to(world, at_ns)) {
            return false;
        }
        act(world, &story->events[i]);
    }
    if (!world_run_to(world, story->calm_ns)) {
        return false;
    }
    calm_down(world);
    return run_to_rest(world, story->calm_ns + SWARM_PATIENCE_NS) && world_check_end(world);
}

void world_result(const struct world *world, struct swarm_result *result)
{
    *result = (struct swarm_result){ .seed = world->plan.seed, .replicas = world->plan.members_count, .failure = world->failure, .hash = world->hash,
        .events = world->events, .simulated_ns = world->now_ns, .blocks = world->oracle.height, .commands = world->oracle.commands,
        .messages = oracle_messages(&world->oracle), .crashes = world->crashes, .restarts = world->restarts, .partitions = world->partitions };
    memcpy(result->marks, world->marks, sizeof result->marks);
}

void swarm_run(uint64_t seed, uint32_t replicas, struct swarm_result *result)
{
    static struct swarm_story story;
    struct world *world = calloc(1, sizeof *world);

    ASSERT(world != NULL);
    swarm_draw(&story, seed, replicas);
    swarm_play(&story, world);
    world_result(world, result);
    world_close(world);
    free(world);
}
