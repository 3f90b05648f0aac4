/* replay.c: `ward-bench replay`: how fast a start goes through a log: what it reads, judges, decodes, hashes and executes, without signature checks.
 *
 *     cluster in this process --commands--> log of one replica, in memory --a driver with fresh memory--> state, archive, chain
 *
 * The log is what four production drivers left of the commands: blocks, payloads, certificates, checkpoints. Then one of them begins anew, as a process that is
 * started does, from genesis: the end of the log is read, then all of it (node/driver_start.c), each committed block is executed, roots are folded at each checkpoint. Timed is driver_recover, by
 * the clock, by this thread's CPU time and by that of all threads: in turns alone, and with the threads that the daemon has for signatures reading bodies ahead
 * (node/driver_ahead.c). The disk is memory, so what is timed is Ward's own. */
#include "bench/bench.h"

#include "base/assert.h"
#include "base/clock.h"
#include "bench/replica_world.h"
#include "cli/output.h"
#include "cli/report.h"
#include "crypto/locator.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    REPEATS = 5,           /* of a start in each way; the first one's memory may be new to the machine under it, so medians are told and the quickest beside them */
    SETTLE_TURNS = 64,     /* in which whatever is under way comes to its end */
    SEGMENTS_MIN = 6
};

#define COMMAND_BYTES 600u /* room on the disk for a command, its block's share included */
#define ITEM_BYTES 100u    /* and for each of its items */

/* What this thread and process have used so far. */
struct used {
    uint64_t wall_ns, cpu_ns, process_ns, faults, kernel_ns;
};

static struct used used_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return (struct used){ clock_mono_ns(), clock_thread_cpu_ns(), clock_process_cpu_ns(), (uint64_t)usage.ru_minflt,
        (uint64_t)usage.ru_stime.tv_sec * 1000000000u + (uint64_t)usage.ru_stime.tv_usec * 1000u };
}

static struct used used_since(const struct used *from)
{
    struct used now = used_now();

    return (struct used){ now.wall_ns - from->wall_ns, now.cpu_ns - from->cpu_ns, now.process_ns - from->process_ns, now.faults - from->faults, now.kernel_ns - from->kernel_ns };
}

static double mb_per_s(uint64_t bytes, uint64_t ns) { return (double)bytes * 1000 / (double)(ns + 1); }

/* One way to start: alone, or with other threads. */
struct way {
    struct used used[REPEATS];
    uint64_t bodies_ahead;
};

/* What was replayed, and what that took. */
struct replay {
    uint64_t commands, blocks, log_bytes;
    struct way alone, helped;
};

/* bench_replay_measured is the stretch that counts. Its name is known to callgrind. */
static KEPT_WHOLE enum err bench_replay_measured(struct bench_node *node, bool helped, struct recovery_outcome *outcome)
{
    enum err err = replica_world_again(node, helped, outcome);

    RETURN_HERE();
    return err;
}

static int number_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* sorted gives one figure of all repeats of a way, the smallest first. */
static void sorted(const struct way *way, size_t offset, uint64_t values[REPEATS])
{
    for (uint32_t i = 0; i < REPEATS; i++) {
        memcpy(&values[i], (const uint8_t *)&way->used[i] + offset, sizeof values[i]);
    }
    qsort(values, REPEATS, sizeof values[0], number_order);
}

static uint64_t median(const struct way *way, size_t offset)
{
    uint64_t values[REPEATS];

    sorted(way, offset, values);
    return values[REPEATS / 2];
}

static json_t *way_told(const struct replay *replay, const struct way *way, uint64_t pointers)
{
    json_t *object = json_object();
    uint64_t cpu[REPEATS], wall[REPEATS];

    sorted(way, offsetof(struct used, cpu_ns), cpu);
    sorted(way, offsetof(struct used, wall_ns), wall);
    json_object_set_new(object, "cpu_ms", report_number((double)cpu[REPEATS / 2] / 1e6));
    json_object_set_new(object, "cpu_ms_of_all_threads", report_number((double)median(way, offsetof(struct used, process_ns)) / 1e6));
    json_object_set_new(object, "kernel_ms", report_number((double)median(way, offsetof(struct used, kernel_ns)) / 1e6));
    json_object_set_new(object, "wall_ms", report_number((double)wall[REPEATS / 2] / 1e6));
    json_object_set_new(object, "page_faults", json_integer((json_int_t)median(way, offsetof(struct used, faults))));
    json_object_set_new(object, "bodies_ahead", json_integer((json_int_t)way->bodies_ahead));
    json_object_set_new(object, "cpu_ns_per_pointer", report_number((double)cpu[REPEATS / 2] / (double)pointers));
    json_object_set_new(object, "log_mb_per_s", report_number(mb_per_s(replay->log_bytes, cpu[REPEATS / 2])));
    json_object_set_new(object, "log_mb_per_s_quickest", report_number(mb_per_s(replay->log_bytes, cpu[0])));
    json_object_set_new(object, "log_mb_per_s_wall", report_number(mb_per_s(replay->log_bytes, wall[REPEATS / 2])));
    json_object_set_new(object, "log_mb_per_s_wall_quickest", report_number(mb_per_s(replay->log_bytes, wall[0])));
    return object;
}

static int tell(const struct args *args, const struct replica_world *world, const struct replay *replay)
{
    uint64_t pointers = replay->commands * world->plan.items;
    json_t *object = json_object();

    json_object_set_new(object, "commands", json_integer((json_int_t)replay->commands));
    json_object_set_new(object, "command_bytes", json_integer(world->stock.size));
    json_object_set_new(object, "blocks", json_integer((json_int_t)replay->blocks));
    json_object_set_new(object, "log_mib", report_number((double)replay->log_bytes / (1 << 20)));
    json_object_set_new(object, "repeats", json_integer(REPEATS));
    json_object_set_new(object, "workers", json_integer(world->plan.workers));
    json_object_set_new(object, "alone", way_told(replay, &replay->alone, pointers));
    json_object_set_new(object, "helped", way_told(replay, &replay->helped, pointers));
    return output_result(args, object);
}

/* start_once times one start. Fails: what recovery says, ERR_CONFLICT where it found anything but what was written. */
static enum err start_once(struct bench_node *node, struct way *way, uint32_t repeat, bool helped)
{
    static struct recovery_outcome outcome;
    struct used from = used_now();
    enum err err = bench_replay_measured(node, helped, &outcome);

    way->used[repeat] = used_since(&from);
    way->bodies_ahead = node->driver.counters.bodies_ahead;
    bool whole = outcome.sign == SIGN_FREELY && node->driver.counters.records_refused == 0;
    return err != ERR_OK ? err : whole ? ERR_OK : ERR_CONFLICT;
}

static int measure(const struct args *args, struct replica_world *world)
{
    struct bench_node *node = &world->nodes[1]; /* no leader of the first view */
    uint64_t commands = world->plan.commands;

    if (!replica_world_run(world, commands) || world->rejected != 0) {
        return output_fail(args, EXIT_BENCH_INVALID, "%llu commands executed, %llu refused", (unsigned long long)world->executed, (unsigned long long)world->rejected);
    }
    replica_world_settle(world, SETTLE_TURNS);
    struct replay replay = { .log_bytes = node->driver.log.counters.bytes_written };
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < 2 * REPEATS && err == ERR_OK; i++) {
        bool helped = i % 4 == 1 || i % 4 == 2; /* alone, helped, helped, alone: what slowly changes about the machine meets both alike */
        err = start_once(node, helped ? &replay.helped : &replay.alone, i / 2, helped);
    }
    if (err != ERR_OK) {
        return output_fail(args, EXIT_BENCH_INVALID, "the log does not replay: %s, %llu records refused", err_name(err), (unsigned long long)node->driver.counters.records_refused);
    }
    if (node->executed + REPLICA_WORLD_WINDOW < commands) { /* the last blocks' certificates had no record behind them yet */
        return output_fail(args, EXIT_BENCH_INVALID, "%llu of %llu commands came back", (unsigned long long)node->executed, (unsigned long long)commands);
    }
    replay.commands = node->executed;
    replay.blocks = node->blocks;
    return tell(args, world, &replay);
}

/* workers_of gives how many threads the daemon would have here: one for each further processor. */
static uint32_t workers_of(const struct args *args)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t spare = cores > 1 ? (uint32_t)cores - 1 : 0;

    return args_has(args, "workers") ? (uint32_t)args_number(args, "workers") : spare < VERIFY_THREADS_MAX ? spare : VERIFY_THREADS_MAX;
}

int bench_replay(const struct args *args)
{
    static struct replica_world world;
    struct replica_world_plan plan = { .commands = (uint64_t)args_number(args, "commands"), .items = (uint32_t)args_number(args, "items"), .located = args_has(args, "located"),
        .reserves = false, .workers = workers_of(args) };
    const char *problem = NULL;

    uint32_t item_bytes = ITEM_BYTES + (plan.located ? LOCATOR_SEALED_BYTES : 0u);
    plan.segments = SEGMENTS_MIN + (uint32_t)(plan.commands * (COMMAND_BYTES + plan.items * item_bytes) / REPLICA_WORLD_LOG_BYTES);
    int code = (int)replica_world_prepare(&world, &plan, &problem);
    code = code == EXIT_FINE ? measure(args, &world) : output_fail(args, (enum exit_code)code, "%s", problem);
    replica_world_close(&world);
    return code;
}
