/* replica.c: `ward-bench replica`: what everything but signatures, sockets and the kernel costs a replica, in instructions that can be counted.
 *
 *     population --> genesis --> n drivers in this process --> closed loop: warm-up | bench_replica_measured
 *                                                                  messages, verdicts and writes arrive in the next turn
 *
 * The replicas are the production objects from the driver inwards: consensus, pool, ledger, archive, views, log format. Time is virtual and moves by one
 * step for each turn, so that the same commands give the same instructions but for a few. Every signature counts as valid without being looked at; disks are memory. Run
 * under `valgrind --tool=callgrind --toggle-collect=bench_replica_measured`, the call graph below bench_replica_turn holds n replicas; with bench_replica_leader or
 * bench_replica_follower in its place it holds the leader of the measured stretch alone, or the other three. */
#include "bench/bench.h"

#include "bench/replica_world.h"
#include "cli/output.h"
#include "cli/report.h"

#include <string.h>
#include <time.h>

enum { SEGMENTS = 16 };

/* bench_replica_measured is the stretch that counts. Its name is known to callgrind. */
static KEPT_WHOLE bool bench_replica_measured(struct replica_world *world, uint64_t commands)
{
    return replica_world_run(world, world->executed + commands);
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What all replicas have done so far. */
struct bench_work {
    uint64_t executed, blocks, checks, messages, flushes;
};

static struct bench_work work_of_all(const struct replica_world *world)
{
    struct bench_work work = { 0 };

    for (uint32_t i = 0; i < REPLICA_WORLD_REPLICAS; i++) {
        const struct bench_node *node = &world->nodes[i];
        work.executed += node->executed;
        work.blocks += node->blocks;
        work.checks += replica_counters(node->driver.replica)->signature_checks;
        work.messages += node->driver.counters.messages_sent;
        work.flushes += node->driver.log.counters.batches;
    }
    return work;
}

static json_t *share(uint64_t from, uint64_t to, double of)
{
    return report_number(of > 0 ? (double)(to - from) / of : 0);
}

static int measure(const struct args *args, struct replica_world *world)
{
    if (!replica_world_run(world, (uint64_t)args_number(args, "warm-up"))) {
        return output_fail(args, EXIT_BENCH_INVALID, "the replicas stand still at %llu commands", (unsigned long long)world->executed);
    }
    struct bench_work from = work_of_all(world);
    world->leader = replica_world_leader(world);
    world->measuring = true;
    uint64_t from_ns = thread_cpu_ns();
    bool done = bench_replica_measured(world, (uint64_t)args_number(args, "commands"));
    uint64_t to_ns = thread_cpu_ns();
    struct bench_work to = work_of_all(world);
    if (!done || world->rejected != 0) {
        return output_fail(args, EXIT_BENCH_INVALID, "%llu commands executed, %llu refused", (unsigned long long)world->executed, (unsigned long long)world->rejected);
    }
    json_t *object = json_object();
    double executed = (double)(to.executed - from.executed), blocks = (double)(to.blocks - from.blocks);

    json_object_set_new(object, "executed", json_integer((json_int_t)executed));
    json_object_set_new(object, "tx_per_block", report_number(executed / blocks));
    json_object_set_new(object, "cpu_us_per_tx_and_replica", report_number((double)(to_ns - from_ns) / 1000 / executed));
    json_object_set_new(object, "signature_checks_per_tx", share(from.checks, to.checks, executed / REPLICA_WORLD_REPLICAS));
    json_object_set_new(object, "messages_per_block", share(from.messages, to.messages, blocks / REPLICA_WORLD_REPLICAS));
    json_object_set_new(object, "flushes_per_block", share(from.flushes, to.flushes, blocks));
    return output_result(args, object);
}

int bench_replica(const struct args *args)
{
    static struct replica_world world;
    struct replica_world_plan plan = { .commands = (uint64_t)args_number(args, "commands") + (uint64_t)args_number(args, "warm-up") + 2 * REPLICA_WORLD_WINDOW, .items = 1,
        .reserves = strcmp(args_text(args, "reserves"), "on") == 0, .segments = SEGMENTS };
    const char *problem = NULL;
    int code = (int)replica_world_prepare(&world, &plan, &problem);

    code = code == EXIT_FINE ? measure(args, &world) : output_fail(args, (enum exit_code)code, "%s", problem);
    replica_world_close(&world);
    return code;
}
