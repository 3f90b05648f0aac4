/* replay.c: `ward-bench replay`: how fast a start goes through a log: what it reads, judges, decodes, hashes and executes, without signature checks.
 *
 *     cluster in this process --commands--> log of one replica, in memory --a driver with fresh memory--> state, archive, chain
 *
 * The log is what four production drivers left of the commands: blocks, payloads, certificates, checkpoints. Then one of them begins anew, as a process that is
 * started does, from genesis: the log is read twice (node/driver_start.c), each committed block is executed, roots are folded at each checkpoint. Timed is driver_recover,
 * by this thread's CPU time and by the clock. The disk is memory, so what is timed is Ward's own. */
#include "bench/bench.h"

#include "base/assert.h"
#include "base/clock.h"
#include "bench/replica_world.h"
#include "cli/output.h"
#include "cli/report.h"
#include "crypto/locator.h"

#include <sys/resource.h>
#include <time.h>

enum {
    REPEATS = 3,           /* of the start; the quickest by CPU time counts: the first one's memory may be new to the machine under it */
    SETTLE_TURNS = 64,     /* in which whatever is under way comes to its end */
    SEGMENTS_MIN = 6
};

#define COMMAND_BYTES 600u /* room on the disk for a command, its block's share included */
#define ITEM_BYTES 100u    /* and for each of its items */

/* What this thread and process have used so far. */
struct used {
    uint64_t wall_ns, cpu_ns, faults, kernel_ns;
};

static struct used used_now(void)
{
    struct timespec cpu;
    struct rusage usage;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    getrusage(RUSAGE_THREAD, &usage);
    return (struct used){ clock_mono_ns(), (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec, (uint64_t)usage.ru_minflt,
        (uint64_t)usage.ru_stime.tv_sec * 1000000000u + (uint64_t)usage.ru_stime.tv_usec * 1000u };
}

static double mb_per_s(uint64_t bytes, uint64_t ns) { return (double)bytes * 1000 / (double)(ns + 1); }

/* What was replayed, and what that took. */
struct replay {
    uint64_t commands, blocks, log_bytes, command_bytes;
    struct used from, to; /* of the quickest one */
};

static void replay_keep(struct replay *replay, const struct used *from)
{
    struct used to = used_now();

    if (replay->to.cpu_ns == 0 || to.cpu_ns - from->cpu_ns < replay->to.cpu_ns - replay->from.cpu_ns) {
        replay->from = *from;
        replay->to = to;
    }
}

/* bench_replay_measured is the stretch that counts. Its name is known to callgrind. */
static KEPT_WHOLE enum err bench_replay_measured(struct bench_node *node, struct recovery_outcome *outcome)
{
    enum err err = replica_world_again(node, outcome);

    RETURN_HERE();
    return err;
}

static int tell(const struct args *args, const struct replica_world *world, const struct replay *replay)
{
    uint64_t cpu_ns = replay->to.cpu_ns - replay->from.cpu_ns, wall_ns = replay->to.wall_ns - replay->from.wall_ns;
    uint64_t pointers = replay->commands * world->plan.items;
    json_t *object = json_object();

    json_object_set_new(object, "commands", json_integer((json_int_t)replay->commands));
    json_object_set_new(object, "command_bytes", json_integer(world->stock.size));
    json_object_set_new(object, "blocks", json_integer((json_int_t)replay->blocks));
    json_object_set_new(object, "log_mib", report_number((double)replay->log_bytes / (1 << 20)));
    json_object_set_new(object, "cpu_ms", report_number((double)cpu_ns / 1e6));
    json_object_set_new(object, "kernel_ms", report_number((double)(replay->to.kernel_ns - replay->from.kernel_ns) / 1e6));
    json_object_set_new(object, "wall_ms", report_number((double)wall_ns / 1e6));
    json_object_set_new(object, "page_faults", json_integer((json_int_t)(replay->to.faults - replay->from.faults)));
    json_object_set_new(object, "cpu_ns_per_pointer", report_number((double)cpu_ns / (double)pointers));
    json_object_set_new(object, "log_mb_per_s", report_number(mb_per_s(replay->log_bytes, cpu_ns)));
    json_object_set_new(object, "commands_mb_per_s", report_number(mb_per_s(replay->command_bytes, cpu_ns)));
    json_object_set_new(object, "log_mb_per_s_wall", report_number(mb_per_s(replay->log_bytes, wall_ns)));
    return output_result(args, object);
}

static int measure(const struct args *args, struct replica_world *world)
{
    static struct recovery_outcome outcome;
    struct bench_node *node = &world->nodes[1]; /* no leader of the first view */
    uint64_t commands = world->plan.commands;

    if (!replica_world_run(world, commands) || world->rejected != 0) {
        return output_fail(args, EXIT_BENCH_INVALID, "%llu commands executed, %llu refused", (unsigned long long)world->executed, (unsigned long long)world->rejected);
    }
    replica_world_settle(world, SETTLE_TURNS);
    struct replay replay = { .log_bytes = node->driver.log.counters.bytes_written };
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < REPEATS && err == ERR_OK; i++) {
        struct used from = used_now();
        err = bench_replay_measured(node, &outcome);
        replay_keep(&replay, &from);
    }
    if (err != ERR_OK || outcome.sign != SIGN_FREELY || node->driver.counters.records_refused != 0) {
        return output_fail(args, EXIT_BENCH_INVALID, "the log does not replay: %s, %llu records refused", err_name(err), (unsigned long long)node->driver.counters.records_refused);
    }
    if (node->executed + REPLICA_WORLD_WINDOW < commands) { /* the last blocks' certificates had no record behind them yet */
        return output_fail(args, EXIT_BENCH_INVALID, "%llu of %llu commands came back", (unsigned long long)node->executed, (unsigned long long)commands);
    }
    replay.commands = node->executed;
    replay.blocks = node->blocks;
    replay.command_bytes = node->executed * world->stock.size;
    return tell(args, world, &replay);
}

int bench_replay(const struct args *args)
{
    static struct replica_world world;
    struct replica_world_plan plan = { .commands = (uint64_t)args_number(args, "commands"), .items = (uint32_t)args_number(args, "items"), .located = args_has(args, "located"), .reserves = false };
    const char *problem = NULL;

    uint32_t item_bytes = ITEM_BYTES + (plan.located ? LOCATOR_SEALED_BYTES : 0u);
    plan.segments = SEGMENTS_MIN + (uint32_t)(plan.commands * (COMMAND_BYTES + plan.items * item_bytes) / REPLICA_WORLD_LOG_BYTES);
    int code = (int)replica_world_prepare(&world, &plan, &problem);
    code = code == EXIT_FINE ? measure(args, &world) : output_fail(args, (enum exit_code)code, "%s", problem);
    replica_world_close(&world);
    return code;
}
