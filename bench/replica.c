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

#include "base/assert.h"
#include "cli/bed.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/stock.h"
#include "node/driver.h"
#include "node/query.h"
#include "sim/world/disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define TURN_NS UINT64_C(50000)
#define LOG_BYTES (8u << 20) /* a segment */

/* A function that callgrind is to find under its own name. What it calls last returns to it. */
#if defined(__clang__)
#define KEPT_WHOLE __attribute__((noinline))
#else
#define KEPT_WHOLE __attribute__((noinline, noclone, no_icf))
#endif
#define RETURN_HERE() __asm__ volatile("" ::: "memory")

enum {
    REPLICAS = 4,
    ACTORS = 512,
    PATIENTS = 10000,
    WINDOW = 768,          /* commands on their way at once, as in `ward-bench cluster --rate max` */
    CLIENTS = 4,           /* of each replica */
    BURST = 25,            /* commands that the clients of a replica send in one turn: makes blocks of some 200 */
    SEGMENTS = 16,
    JOBS = 640,            /* verifications under way, as many as the daemon's pool takes */
    JOB_ITEMS = 1024,
    SPARE = 64,
    TURNS_PER_COMMAND = 64 /* more of them and the cluster stands still */
};

struct letter {
    struct letter *next;
    uint32_t from;
    uint8_t type;
    size_t size;
    uint8_t bytes[];
};

struct bench_node {
    struct bench_world *world;
    uint32_t number;
    struct driver driver;
    struct queries queries;
    struct superblock_store superblocks;
    struct sim_disk disk;
    struct letter *first, **last;
    struct { uint32_t batch, count; } jobs[JOBS];
    uint32_t jobs_first, jobs_count;
    uint64_t submitted, executed; /* commands of its own clients */
    uint64_t blocks;
};

struct bench_world {
    const struct args *args;
    struct population_plan people;
    struct population population;
    struct population_work work;
    struct cluster_plan plan;
    struct bed bed;
    struct block_header block0;
    struct config epoch;
    struct stock stock;
    struct bench_node nodes[REPLICAS];
    uint64_t turns, executed, wanted;
    uint64_t rejected;
    uint32_t leader; /* of the measured stretch; before it nobody */
    bool measuring;
};

/* --- The driver's world ---------------------------------------------------------------------------------------------- */

static struct now port_now(void *context)
{
    const struct bench_node *node = context;

    return (struct now){ UINT64_C(1000000000) + node->world->turns * TURN_NS, node->world->people.time_ms + 1000 + node->world->turns * TURN_NS / 1000000 };
}

static uint64_t log_now(void *context)
{
    const struct driver *driver = context;

    return driver->ports.now(driver->ports.context).mono_ns;
}

static void port_send(void *context, const struct port_message *message)
{
    struct bench_node *node = context;
    size_t size = message->head.size + message->tail.size;

    for (uint32_t i = 0; i < REPLICAS; i++) {
        struct bench_node *to = &node->world->nodes[i];
        if (!member_set_has(&message->to, i)) {
            continue;
        }
        struct letter *letter = malloc(sizeof *letter + size);
        ASSERT(letter != NULL);
        *letter = (struct letter){ .from = node->number, .type = message->type, .size = size };
        memcpy(letter->bytes, message->head.data, message->head.size);
        if (message->tail.size > 0) {
            memcpy(letter->bytes + message->head.size, message->tail.data, message->tail.size);
        }
        *to->last = letter;
        to->last = &letter->next;
    }
}

static void port_verify(void *context, uint32_t batch, const struct sig_item *items, uint32_t count)
{
    struct bench_node *node = context;
    uint32_t last = (node->jobs_first + node->jobs_count) % JOBS;

    (void)items;
    ASSERT(node->jobs_count < JOBS);
    node->jobs[last].batch = batch;
    node->jobs[last].count = count;
    node->jobs_count++;
}

static void port_admitted(void *context, uint64_t token, const struct hash32 *tx_id)
{
    (void)context, (void)token, (void)tx_id;
}

static void port_refused(void *context, uint64_t token, const struct hash32 *tx_id, uint16_t code, uint32_t retry_after_ms)
{
    struct bench_node *node = context;

    (void)token, (void)tx_id, (void)code, (void)retry_after_ms;
    node->world->rejected++;
}

static void port_read_done(void *context, uint64_t token, bool ok, uint64_t height)
{
    (void)context, (void)token, (void)ok, (void)height;
}

static void port_proof(void *context, uint64_t token, bool ok, const struct block_header *header, struct bytes proof)
{
    (void)context, (void)token, (void)ok, (void)header, (void)proof;
}

/* The commands of a block stand in the order of their nonces; whose they are does not matter to the closed loop, which counts all. */
static void port_executed(void *context, const struct apply_block *block)
{
    struct bench_node *node = context;

    queries_certified(&node->queries, replica_checkpoint(node->driver.replica));
    queries_executed(&node->queries);
    node->blocks++;
    for (uint32_t i = 0; i < block->header->commands_count; i++) {
        node->world->rejected += block->codes[i] != CODE_OK;
    }
    node->executed += block->header->commands_count;
}

static void port_mark(void *context, enum mark mark, uint64_t view, uint64_t height, uint32_t member, uint64_t value)
{
    struct bench_node *node = context;

    (void)view, (void)height, (void)member, (void)value;
    if (mark == MARK_CHECKPOINTED) {
        queries_certified(&node->queries, replica_checkpoint(node->driver.replica));
    }
}

static void port_drained(void *context)
{
    (void)context;
}

static void port_halted(void *context, const struct effect *halt)
{
    (void)context, (void)halt;
    ASSERT(false); /* honest replicas of one program do not halt */
}

static void port_failed(void *context, enum err err)
{
    (void)context, (void)err;
    ASSERT(false); /* a disk of memory does not fail */
}

static struct driver_ports ports_of(struct bench_node *node)
{
    return (struct driver_ports){ .context = node, .now = port_now, .send = port_send, .verify = port_verify, .admitted = port_admitted,
        .refused = port_refused, .read_done = port_read_done, .proof = port_proof, .executed = port_executed, .mark = port_mark,
        .drained = port_drained, .halted = port_halted, .failed = port_failed };
}

/* --- Starting -------------------------------------------------------------------------------------------------------- */

static struct driver_config config_of(const struct bench_node *node)
{
    struct bench_world *world = node->world;
    struct driver_config config = { .genesis = &world->bed.cluster.genesis, .key = &world->bed.cluster.orgs[node->number].sign };

    replica_config_default(&config.replica);
    config.replica.epoch = world->epoch;
    config.replica.self = node->number;
    config.replica.genesis = world->block0;
    config.replica.pool_commands = 8192;
    config.replica.pool_client_max = 2 * WINDOW / REPLICAS / CLIENTS;
    config.replica.history_blocks = 16384;
    config.replica.reserves = strcmp(args_text(node->world->args, "reserves"), "on") == 0;
    config.replica.blocks = 16;
    memcpy(config.replica.seed, &node->number, sizeof node->number);
    config.apply = (struct apply_config){ .archive_events = 262144, .archive_receipts = 262144, .archive_locators = 65536 };
    config.retention = (struct driver_retention){ .chunk_bytes_max = STATE_CHUNK_BYTES_MAX, .keep_blocks = 16384 }; /* no snapshots: they are not what is counted */
    config.log = (struct segment_log_config){ .segment_bytes = LOG_BYTES, .queue_batches = 6, .index_entries = 16384, .now_ns = log_now };
    return config;
}

static void node_take(struct bench_node *node, struct arena *arena)
{
    struct sim_disk_config disk = { .replica = node->number, .segment_bytes = LOG_BYTES, .segments_max = SEGMENTS };
    struct driver_config config = config_of(node);
    struct driver_ports ports = ports_of(node);

    sim_disk_init(&node->disk, arena, &disk);
    superblock_store_init(&node->superblocks, arena, &node->disk.disk);
    enum err err = driver_take(&node->driver, arena, &node->disk.disk, &config, &ports);
    ASSERT(err == ERR_OK);
    queries_take(&node->queries, arena, &node->driver.apply, &node->world->bed.cluster.genesis);
}

/* Pages are only given when they are touched, and go with the process. */
static void node_memory(struct bench_node *node)
{
    struct arena arena;

    arena_init_measure(&arena);
    node_take(node, &arena);
    size_t size = arena.used;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(pages != MAP_FAILED);
    (void)madvise(pages, size, MADV_HUGEPAGE); /* as the daemon asks for under its state */
    arena_init(&arena, pages, size);
    node_take(node, &arena);
    arena_seal(&arena);
}

static void first_written(void *context, enum err err)
{
    ASSERT(err == ERR_OK);
    *(bool *)context = true;
}

static void node_start(struct bench_node *node)
{
    struct cluster *cluster = &node->world->bed.cluster;
    struct superblock first = { .cluster = cluster->genesis.hash, .replica = node->number, .instance = { 1 }, .segment_bytes = LOG_BYTES, .first_segment = 1,
        .config = config_hash(&node->world->epoch) };
    struct recovery_outcome recovery;
    bool done = false;

    node_memory(node);
    node->last = &node->first;
    enum err err = superblock_store_write(&node->superblocks, &first, first_written, &done);
    ASSERT(err == ERR_OK);
    for (uint32_t i = 0; i < 16 && !done; i++) {
        sim_disk_step(&node->disk, 0);
    }
    ASSERT(done);
    err = superblock_store_open(&node->superblocks);
    ASSERT(err == ERR_OK);
    err = driver_recover(&node->driver, &node->superblocks.current, &recovery);
    ASSERT(err == ERR_OK);
    driver_start(&node->driver, node->superblocks.current.instance, &recovery);
    for (uint32_t i = 0; i < REPLICAS; i++) {
        if (i != node->number) {
            driver_link(&node->driver, i, true);
        }
    }
}

static int prepare(struct bench_world *world)
{
    uint64_t commands = world->wanted + (uint64_t)args_number(world->args, "warm-up") + 2 * WINDOW;

    world->people = (struct population_plan){ .orgs = REPLICAS, .actors = ACTORS, .patients = PATIENTS, .seed = 1, .time_ms = (uint64_t)time(NULL) * 1000 };
    if (population_make(&world->population, &world->people) != ERR_OK) {
        return output_fail(world->args, EXIT_RESOURCE, "no memory for the population");
    }
    world->plan = (struct cluster_plan){ .replicas = REPLICAS, .verify = "auto", .segment_mib = 8, .workers_max = 1, .seed = world->people.seed,
        .params = params_default(), .entities = world->population.entities, .entities_count = world->population.entities_count };
    population_capacities(&world->people, commands, SPARE, &world->plan.params);
    enum exit_code code = bed_make(&world->bed, &world->plan, NULL);
    if (code != EXIT_FINE) {
        return output_fail(world->args, code, "%s", world->bed.problem);
    }
    enum verdict verdict = genesis_config(&world->bed.cluster.genesis, &world->epoch);
    ASSERT(verdict == VERDICT_OK);
    world->people.time_ms = world->bed.cluster.genesis.time_ms;
    world->block0 = block_genesis(&world->bed.cluster.genesis.hash, world->people.time_ms);
    world->work = (struct population_work){ .genesis = &world->bed.cluster.genesis.hash, .valid_until_ms = world->people.time_ms + 500000, .items = 1 };
    if (stock_make(&world->stock, &world->population, &world->work, commands) != ERR_OK) {
        return output_fail(world->args, EXIT_RESOURCE, "no memory for the commands");
    }
    for (uint32_t i = 0; i < REPLICAS; i++) {
        world->nodes[i] = (struct bench_node){ .world = world, .number = i };
        node_start(&world->nodes[i]);
    }
    return EXIT_FINE;
}

/* --- Running --------------------------------------------------------------------------------------------------------- */

/* submit lets the clients of a replica send what the window allows. Command k belongs to replica k mod n. */
static void submit(struct bench_node *node)
{
    const struct bench_world *world = node->world;
    uint64_t open = node->submitted - world->executed / REPLICAS;

    for (uint32_t i = 0; i < BURST && open < WINDOW / REPLICAS && node->submitted * REPLICAS + node->number < world->stock.count; i++) {
        uint64_t number = node->submitted * REPLICAS + node->number;
        driver_request(&node->driver, number + 1, 1 + (uint32_t)(node->submitted % CLIENTS), stock_command(&world->stock, number));
        node->submitted++;
        open++;
    }
}

static void give_verdicts(struct bench_node *node)
{
    static bool verdicts[JOB_ITEMS];

    memset(verdicts, true, sizeof verdicts);
    for (uint32_t i = node->jobs_count; i > 0 && !driver_is_stalled(&node->driver); i--) {
        uint32_t at = node->jobs_first;
        node->jobs_first = (at + 1) % JOBS;
        node->jobs_count--;
        ASSERT(node->jobs[at].count <= JOB_ITEMS);
        driver_verified(&node->driver, node->jobs[at].batch, verdicts, node->jobs[at].count);
    }
}

static void deliver(struct bench_node *node)
{
    struct letter *letter = node->first;

    node->first = NULL;
    node->last = &node->first;
    while (letter != NULL) { /* those that were there when the turn began */
        struct letter *next = letter->next;
        driver_message(&node->driver, letter->from, letter->type, bytes_of(letter->bytes, letter->size));
        free(letter);
        letter = next;
    }
}

/* bench_replica_turn does what the daemon does between two waits. Its name is known to callgrind. */
static KEPT_WHOLE void bench_replica_turn(struct bench_node *node)
{
    sim_disk_step(&node->disk, node->world->turns * TURN_NS);
    deliver(node);
    submit(node);
    give_verdicts(node);
    for (uint32_t i = 0; i < 64 && driver_work(&node->driver); i++) {
        give_verdicts(node);
    }
    driver_flush(&node->driver);
}

/* The same within the measured stretch, by what a replica is in it. Their names are known to callgrind. */
static KEPT_WHOLE void bench_replica_leader(struct bench_node *node)
{
    bench_replica_turn(node);
    RETURN_HERE();
}

static KEPT_WHOLE void bench_replica_follower(struct bench_node *node)
{
    bench_replica_turn(node);
    RETURN_HERE();
}

static void turn(struct bench_world *world)
{
    for (uint32_t i = 0; i < REPLICAS; i++) {
        void (*work)(struct bench_node *node) = !world->measuring ? bench_replica_turn : i == world->leader ? bench_replica_leader : bench_replica_follower;
        work(&world->nodes[i]);
    }
    world->executed = world->nodes[0].executed;
    for (uint32_t i = 1; i < REPLICAS; i++) {
        world->executed = world->nodes[i].executed < world->executed ? world->nodes[i].executed : world->executed;
    }
    world->turns++;
}

/* run goes on until every replica has executed `commands`. Gives: false when it does not come to that. */
static bool run(struct bench_world *world, uint64_t commands)
{
    uint64_t end = world->turns + TURNS_PER_COMMAND * (commands + WINDOW);

    while (world->executed < commands && world->turns < end) {
        turn(world);
    }
    return world->executed >= commands;
}

/* bench_replica_measured is the stretch that counts. Its name is known to callgrind. */
static KEPT_WHOLE bool bench_replica_measured(struct bench_world *world, uint64_t commands)
{
    return run(world, world->executed + commands);
}

/* leader_of gives who leads now; REPLICAS: nobody. */
static uint32_t leader_of(const struct bench_world *world)
{
    uint32_t leader = REPLICAS;

    for (uint32_t i = 0; i < REPLICAS; i++) {
        struct replica_status status;
        replica_status(world->nodes[i].driver.replica, &status);
        leader = status.leads ? i : leader;
    }
    return leader;
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

static struct bench_work work_of_all(const struct bench_world *world)
{
    struct bench_work work = { 0 };

    for (uint32_t i = 0; i < REPLICAS; i++) {
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

static int measure(struct bench_world *world)
{
    if (!run(world, (uint64_t)args_number(world->args, "warm-up"))) {
        return output_fail(world->args, EXIT_BENCH_INVALID, "the replicas stand still at %llu commands", (unsigned long long)world->executed);
    }
    struct bench_work from = work_of_all(world);
    world->leader = leader_of(world);
    world->measuring = true;
    uint64_t from_ns = thread_cpu_ns();
    bool done = bench_replica_measured(world, world->wanted);
    uint64_t to_ns = thread_cpu_ns();
    struct bench_work to = work_of_all(world);
    if (!done || world->rejected != 0) {
        return output_fail(world->args, EXIT_BENCH_INVALID, "%llu commands executed, %llu refused", (unsigned long long)world->executed, (unsigned long long)world->rejected);
    }
    json_t *object = json_object();
    double executed = (double)(to.executed - from.executed), blocks = (double)(to.blocks - from.blocks);

    json_object_set_new(object, "executed", json_integer((json_int_t)executed));
    json_object_set_new(object, "tx_per_block", report_number(executed / blocks));
    json_object_set_new(object, "cpu_us_per_tx_and_replica", report_number((double)(to_ns - from_ns) / 1000 / executed));
    json_object_set_new(object, "signature_checks_per_tx", share(from.checks, to.checks, executed / REPLICAS));
    json_object_set_new(object, "messages_per_block", share(from.messages, to.messages, blocks / REPLICAS));
    json_object_set_new(object, "flushes_per_block", share(from.flushes, to.flushes, blocks));
    return output_result(world->args, object);
}

int bench_replica(const struct args *args)
{
    static struct bench_world world;

    world.args = args;
    world.wanted = (uint64_t)args_number(args, "commands");
    int code = prepare(&world);
    if (code == EXIT_FINE) {
        code = measure(&world);
    }
    bed_close(&world.bed);
    stock_close(&world.stock);
    population_close(&world.population);
    return code;
}
