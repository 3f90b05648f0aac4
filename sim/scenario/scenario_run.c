/* scenario_run.c: plays scenarios and judges expectations. */
#include "sim/scenario/scenario.h"

#include "base/assert.h"
#include "sim/oracle/frugal.h"

#include <stdio.h>
#include <string.h>

/* Where the counters stood at the last `measure`. */
struct baseline {
    uint64_t height, commands, messages;
    uint64_t marks[MARK_COUNT];
    uint64_t sent[MESSAGE_TYPE_END];
    uint64_t flushes[MEMBERS_MAX];
    uint64_t wakeups[MEMBERS_MAX];
    uint64_t checks[MEMBERS_MAX];
};

struct play {
    const struct scenario *scenario;
    struct world *world;
    struct baseline base;
};

static uint64_t checks_of(const struct host *host)
{
    return host->state == HOST_DOWN ? 0 : replica_counters(host->driver.replica)->signature_checks;
}

static void measure(struct play *play)
{
    const struct world *world = play->world;

    play->base = (struct baseline){ .height = world->oracle.height, .commands = world->oracle.commands.count, .messages = oracle_messages(&world->oracle) };
    memcpy(play->base.marks, world->marks, sizeof world->marks);
    memcpy(play->base.sent, world->oracle.sent, sizeof world->oracle.sent);
    for (uint32_t i = 0; i < world->seats.count; i++) {
        play->base.flushes[i] = host_flushes(&world->hosts[i]);
        play->base.wakeups[i] = world->hosts[i].wakeups;
        play->base.checks[i] = checks_of(&world->hosts[i]);
    }
}

/* --- Expectations --------------------------------------------------------------------------------------------------- */

static uint64_t running(const struct world *world)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < world->seats.count; i++) {
        count += world->hosts[i].state != HOST_DOWN;
    }
    return count;
}

static uint64_t refused(const struct world *world)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < world->seats.count; i++) {
        count += world->hosts[i].rolled_back;
    }
    return count;
}

/* per_block divides by the blocks since measure and rounds up. */
static uint64_t per_block(const struct play *play, uint64_t count)
{
    uint64_t blocks = play->world->oracle.height - play->base.height;

    return blocks == 0 ? UINT64_MAX : (count + blocks - 1) / blocks;
}

static uint64_t of_world(const struct play *play, const struct scenario_step *step)
{
    const struct world *world = play->world;

    switch (step->quantity) {
    case QUANTITY_HEIGHT: return world->oracle.height;
    case QUANTITY_RUNNING: return running(world);
    case QUANTITY_REFUSED: return refused(world);
    case QUANTITY_TOLD: return world->workload.told;
    case QUANTITY_OPEN: return world->workload.count - world->workload.told;
    case QUANTITY_BLOCKS: return world->oracle.height - play->base.height;
    case QUANTITY_COMMANDS: return world->oracle.commands.count - play->base.commands;
    case QUANTITY_MESSAGES: return oracle_messages(&world->oracle) - play->base.messages;
    case QUANTITY_MESSAGES_PER_BLOCK: return per_block(play, oracle_messages(&world->oracle) - play->base.messages);
    case QUANTITY_IDLE: return world_is_idle(world);
    case QUANTITY_EQUAL: return world_executed_min(world) == world_executed_max(world) && world_executed_max(world) == world->oracle.height;
    case QUANTITY_MARK: return world->marks[step->mark] - play->base.marks[step->mark];
    case QUANTITY_SENT: return world->oracle.sent[step->type] - play->base.sent[step->type];
    case QUANTITY_EXECUTED:
    case QUANTITY_CERTIFIED_CHECKPOINT:
    case QUANTITY_VIEW:
    case QUANTITY_TIMEOUT_VIEW:
    case QUANTITY_APPENDS:
    case QUANTITY_CHECKS:
    case QUANTITY_WAKEUPS_PER_BLOCK:
    case QUANTITY_DAMAGED:
    case QUANTITY_REPAIRED:
    case QUANTITY_SNAPSHOTS:
    case QUANTITY_COUNT: break;
    }
    ASSERT(false);
    return 0;
}

static uint64_t of_replica(const struct play *play, enum scenario_quantity quantity, uint32_t member)
{
    const struct host *host = &play->world->hosts[member];
    struct replica_status status;

    replica_status(host->driver.replica, &status);
    switch (quantity) {
    case QUANTITY_EXECUTED: return host->driver.apply.height;
    case QUANTITY_CERTIFIED_CHECKPOINT: return status.checkpoint_height;
    case QUANTITY_VIEW: return status.view;
    case QUANTITY_TIMEOUT_VIEW: return status.timeout_view < 0 ? 0 : (uint64_t)status.timeout_view;
    case QUANTITY_APPENDS: return host_flushes(host) - play->base.flushes[member];
    case QUANTITY_CHECKS: return checks_of(host) - play->base.checks[member];
    case QUANTITY_DAMAGED: return host->driver.repair.counters.found;
    case QUANTITY_REPAIRED: return host->driver.repair.counters.repaired;
    case QUANTITY_SNAPSHOTS: return host->driver.snapshots.counters.made;
    case QUANTITY_WAKEUPS_PER_BLOCK: return per_block(play, host->wakeups - play->base.wakeups[member]);
    case QUANTITY_HEIGHT:
    case QUANTITY_RUNNING:
    case QUANTITY_REFUSED:
    case QUANTITY_TOLD:
    case QUANTITY_OPEN:
    case QUANTITY_BLOCKS:
    case QUANTITY_COMMANDS:
    case QUANTITY_MESSAGES:
    case QUANTITY_MESSAGES_PER_BLOCK:
    case QUANTITY_IDLE:
    case QUANTITY_EQUAL:
    case QUANTITY_MARK:
    case QUANTITY_SENT:
    case QUANTITY_COUNT: break;
    }
    ASSERT(false);
    return 0;
}

static void judge(struct play *play, const struct scenario_step *step, uint64_t found, uint32_t member)
{
    bool holds = false;
    char who[24] = "";

    switch (step->comparison) {
    case COMPARE_LESS: holds = found < step->value; break;
    case COMPARE_LEAST: holds = found >= step->value; break;
    case COMPARE_EQUAL: holds = found == step->value; break;
    case COMPARE_MOST: holds = found <= step->value; break;
    case COMPARE_GREATER: holds = found > step->value; break;
    case COMPARE_COUNT: break;
    }
    if (member != UINT32_MAX) {
        snprintf(who, sizeof who, " at r%u", (unsigned)member);
    }
    if (!holds) {
        oracle_fail(&play->world->failure, FAILURE_EXPECTATION, "line %u is not so: found %llu%s", (unsigned)step->line, (unsigned long long)found, who);
    }
}

static void expect(struct play *play, const struct scenario_step *step)
{
    if (step->quantity > QUANTITY_REPLICAS_LAST) {
        judge(play, step, of_world(play, step), UINT32_MAX);
        return;
    }
    for (uint32_t i = 0; i < play->world->seats.count; i++) {
        if (member_set_has(&step->members, i) && play->world->hosts[i].state != HOST_DOWN) {
            judge(play, step, of_replica(play, step->quantity, i), i);
        }
    }
}

/* --- Steps ---------------------------------------------------------------------------------------------------------- */

static void crash(struct world *world, uint32_t server, const struct scenario_step *step) { world_crash(world, server, step->verb == VERB_POWER); }
static void start(struct world *world, uint32_t server, const struct scenario_step *step) { (void)step, world_boot(world, server); }
static void pause_it(struct world *world, uint32_t server, const struct scenario_step *step) { (void)step, world_pause(world, server); }
static void resume(struct world *world, uint32_t server, const struct scenario_step *step) { (void)step, world_resume(world, server); }
static void keep(struct world *world, uint32_t server, const struct scenario_step *step) { (void)step, world_keep(world, server); }
static void back(struct world *world, uint32_t server, const struct scenario_step *step) { (void)step, world_back(world, server); }
static void fill(struct world *world, uint32_t server, const struct scenario_step *step) { world_fill(world, server, step->verb == VERB_FILL); }
static void wipe(struct world *world, uint32_t server, const struct scenario_step *step) { (void)step, world_forget(world, server); }
static void drain(struct world *world, uint32_t server, const struct scenario_step *step) { (void)step, world_drain(world, server); }
static void lose(struct world *world, uint32_t server, const struct scenario_step *step) { world_lose(world, server, step->type); }

/* What befalls each of the servers that a step names. */
static void (*const befalls[VERB_COUNT])(struct world *world, uint32_t server, const struct scenario_step *step) = {
    [VERB_CRASH] = crash, [VERB_POWER] = crash, [VERB_START] = start, [VERB_PAUSE] = pause_it, [VERB_RESUME] = resume, [VERB_KEEP] = keep,
    [VERB_BACK] = back,   [VERB_FILL] = fill,   [VERB_ROOM] = fill,   [VERB_WIPE] = wipe,      [VERB_DRAIN] = drain,   [VERB_LOSE] = lose,
};

static void each(struct world *world, const struct scenario_step *step)
{
    ASSERT(befalls[step->verb] != NULL);
    for (uint32_t i = 0; i < world->seats.count; i++) {
        if (member_set_has(&step->members, i)) {
            befalls[step->verb](world, i, step);
        }
    }
}

static void load(struct world *world, const struct scenario_step *step)
{
    struct workload_load stream = { world->now_ns, UINT64_C(1000000000) / step->count, world->now_ns + step->span_ns, step->target, false };

    workload_load_start(&world->workload, &stream);
}

static void slow_disk(struct world *world, const struct scenario_step *step)
{
    struct sim_disk_faults *faults = &world->hosts[step->target].disk.config.faults;

    faults->delay_ns_min = step->span_least_ns;
    faults->delay_ns_max = step->span_ns;
}

/* finish waits for rest, starts again whoever had not stopped before the faults ended, and waits again. */
static void finish(struct world *world, uint64_t limit_ns)
{
    bool well = world_run_until_rest(world, limit_ns);

    for (uint32_t i = 0; i < world->plan.members_count && well; i++) {
        world_boot(world, i);
    }
    if (well && world_run_until_rest(world, limit_ns) && world_check_end(world) && world->plan.reads_ns > 0) {
        world_read_all(world, limit_ns);
    }
}

static void rot(struct play *play, const struct scenario_step *step)
{
    if (step->flag) {
        world_rot_any(play->world, step->target, step->value);
    } else if (!world_rot(play->world, step->target, step->value)) {
        oracle_fail(&play->world->failure, FAILURE_EXPECTATION, "line %u: that block is not in the log there", (unsigned)step->line);
    }
}

static void play_step(struct play *play, const struct scenario_step *step)
{
    struct world *world = play->world;

    switch (step->verb) {
    case VERB_SUBMIT: world_submit(world, step->count, step->target, step->flag); break;
    case VERB_LOAD: load(world, step); break;
    case VERB_CRASH:
    case VERB_POWER:
    case VERB_START:
    case VERB_PAUSE:
    case VERB_RESUME:
    case VERB_KEEP:
    case VERB_BACK:
    case VERB_DRAIN:
    case VERB_FILL:
    case VERB_ROOM:
    case VERB_WIPE:
    case VERB_LOSE: each(world, step); break;
    case VERB_PARTITION: world_partition(world, &step->members); break;
    case VERB_CUT: world_cut(world, step->count, step->target, true); break;
    case VERB_MEND: world_cut(world, step->count, step->target, false); break;
    case VERB_HEAL: world_heal(world); break;
    case VERB_WHEN: world_when(world, step->target, step->mark, step->action); break;
    case VERB_DISK: slow_disk(world, step); break;
    case VERB_ROT: rot(play, step); break;
    case VERB_SPOIL: world_spoil(world, step->target, (enum spoil)step->count, step->value); break;
    case VERB_CLOG: world_clog(world, step->count, step->target, step->span_ns); break;
    case VERB_ONEWAY: world_oneway(world, &step->members); break;
    case VERB_CLOCK: world_clock(world, step->target, (step->flag ? -1 : 1) * (int64_t)(step->span_ns / 1000000)); break;
    case VERB_SPLIT: world_split(world, step->target, &step->members); break;
    case VERB_MEASURE: measure(play); break;
    case VERB_REST: world_run_until_rest(world, world->now_ns + step->span_ns); break;
    case VERB_EXPECT: expect(play, step); break;
    case VERB_CALM: world_calm(world); break;
    case VERB_OUTLAST: world_outlasts(world, world->now_ns + step->span_ns); break;
    case VERB_SILENCE: world_silence(world); break;
    case VERB_FRUGAL: frugal_play(world); break;
    case VERB_FINISH: finish(world, world->now_ns + step->span_ns); break;
    case VERB_COUNT: break;
    }
}

bool scenario_run(const struct scenario *scenario, struct world *world)
{
    struct play play = { .scenario = scenario, .world = world };
    struct world_plan plan = scenario->plan;

    plan.script = (struct sim_fault_list){ scenario->faults, scenario->faults_count };
    world_open(world, &plan);
    measure(&play);
    for (uint32_t i = 0; i < scenario->steps_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        uint64_t time_ns = step->relative ? world->now_ns + step->time_ns : step->time_ns;
        if (time_ns < world->now_ns) {
            oracle_fail(&world->failure, FAILURE_EXPECTATION, "line %u: its time is over", (unsigned)step->line);
        }
        if (world->failure.kind != FAILURE_NONE || !world_run_to(world, time_ns)) {
            return false;
        }
        play_step(&play, step);
    }
    return world->failure.kind == FAILURE_NONE;
}

uint32_t scenario_difference(const char *expected, const char *found)
{
    uint32_t line = 1;

    for (; *expected == *found && *expected != '\0'; expected++, found++) {
        line += *expected == '\n';
    }
    return *expected == *found ? 0 : line;
}
