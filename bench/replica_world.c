/* replica_world.c: see replica_world.h. */
#include "bench/replica_world.h"

#include "base/assert.h"
#include "node/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define TURN_NS UINT64_C(50000)

enum {
    ACTORS = 512,
    PATIENTS = 10000,
    CLIENTS = 4,           /* of each replica */
    BURST = 25,            /* commands that the clients of a replica send in one turn: makes blocks of some 200 */
    JOB_ITEMS = 1024,
    SPARE = 64,
    LIFE_MS = 500000,
    TURNS_PER_COMMAND = 64 /* more of them and the cluster stands still */
};

struct letter {
    struct letter *next;
    uint32_t from;
    uint8_t type;
    size_t size;
    uint8_t bytes[];
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

    for (uint32_t i = 0; i < REPLICA_WORLD_REPLICAS; i++) {
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

static void port_verify(void *context, uint32_t batch, const struct sig_item *items, uint32_t count, bool apart)
{
    struct bench_node *node = context;
    uint32_t last = (node->jobs_first + node->jobs_count) % REPLICA_WORLD_JOBS;

    (void)items, (void)apart;
    ASSERT(node->jobs_count < REPLICA_WORLD_JOBS);
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

static void port_task(void *context, struct task *task)
{
    struct bench_node *node = context;

    verify_pool_task(&node->world->pool, task);
}

static void port_await(void *context, struct task *task)
{
    struct bench_node *node = context;

    verify_pool_await(&node->world->pool, task);
}

static struct driver_ports ports_of(struct bench_node *node)
{
    bool helped = node->world->helped;

    return (struct driver_ports){ .task = helped ? port_task : NULL, .await = helped ? port_await : NULL, .context = node, .now = port_now, .send = port_send, .verify = port_verify, .admitted = port_admitted,
        .refused = port_refused, .read_done = port_read_done, .proof = port_proof, .executed = port_executed, .mark = port_mark,
        .drained = port_drained, .halted = port_halted, .failed = port_failed };
}

/* --- Starting -------------------------------------------------------------------------------------------------------- */

static struct driver_config config_of(const struct bench_node *node)
{
    struct replica_world *world = node->world;
    struct driver_config config = { .genesis = &world->bed.cluster.genesis, .key = &world->bed.cluster.orgs[node->number].sign };

    replica_config_default(&config.replica);
    config.replica.epoch = world->epoch;
    config.replica.self = node->number;
    config.replica.genesis = world->block0;
    config.replica.pool_commands = world->plan.located ? 262144 : 8192; /* places are counted by size */
    config.replica.pool_client_max = 2 * REPLICA_WORLD_WINDOW / REPLICA_WORLD_REPLICAS / CLIENTS;
    config.replica.history_blocks = 16384;
    config.replica.reserves = world->plan.reserves;
    config.replica.blocks = 16;
    memcpy(config.replica.seed, &node->number, sizeof node->number);
    config.apply = (struct apply_config){ .archive_events = 262144, .archive_receipts = 262144, .archive_locators = 65536 };
    config.retention = (struct driver_retention){ .chunk_bytes_max = STATE_CHUNK_BYTES_MAX, .keep_blocks = 16384 }; /* no snapshots: they are not what is counted */
    config.log = (struct segment_log_config){ .segment_bytes = REPLICA_WORLD_LOG_BYTES, .queue_batches = 6, .index_entries = 16384, .now_ns = log_now };
    return config;
}

static void disk_take(struct bench_node *node, struct arena *arena)
{
    struct sim_disk_config disk = { .replica = node->number, .segment_bytes = REPLICA_WORLD_LOG_BYTES, .segments_max = node->world->plan.segments };

    sim_disk_init(&node->disk, arena, &disk);
}

static void node_take(struct bench_node *node, struct arena *arena)
{
    struct driver_config config = config_of(node);
    struct driver_ports ports = ports_of(node);

    superblock_store_init(&node->superblocks, arena, &node->disk.disk);
    enum err err = driver_take(&node->driver, arena, &node->disk.disk, &config, &ports);
    ASSERT(err == ERR_OK);
    queries_take(&node->queries, arena, &node->driver.apply, &node->world->bed.cluster.genesis);
}

/* Pages are only given when they are touched, and go with the process. */
static struct bytes memory_take(struct bench_node *node, void (*take)(struct bench_node *node, struct arena *arena))
{
    struct arena arena;

    arena_init_measure(&arena);
    take(node, &arena);
    size_t size = arena.used;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(pages != MAP_FAILED);
    arena_init(&arena, pages, size);
    take(node, &arena);
    arena_seal(&arena);
    return bytes_of(pages, size);
}

static void driver_memory(struct bench_node *node)
{
    node->memory = memory_take(node, node_take);
    memory_enlarge_pages(&node->driver.apply.memory); /* as the daemon does */
    memory_enlarge_pages(&node->driver.searched);
}

static void first_written(void *context, enum err err)
{
    ASSERT(err == ERR_OK);
    *(bool *)context = true;
}

static void node_start(struct bench_node *node)
{
    struct cluster *cluster = &node->world->bed.cluster;
    struct superblock first = { .cluster = cluster->genesis.hash, .replica = node->number, .instance = { 1 }, .segment_bytes = REPLICA_WORLD_LOG_BYTES, .first_segment = 1,
        .config = config_hash(&node->world->epoch) };
    struct recovery_outcome recovery;
    bool done = false;

    (void)memory_take(node, disk_take);
    driver_memory(node);
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
    for (uint32_t i = 0; i < REPLICA_WORLD_REPLICAS; i++) {
        if (i != node->number) {
            driver_link(&node->driver, i, true);
        }
    }
}

enum err replica_world_again(struct bench_node *node, bool helped, struct recovery_outcome *outcome)
{
    node->world->helped = helped;
    (void)munmap((void *)(uintptr_t)node->memory.data, node->memory.size);
    driver_memory(node);
    node->executed = node->blocks = 0;
    enum err err = superblock_store_open(&node->superblocks);
    return err == ERR_OK ? driver_recover(&node->driver, &node->superblocks.current, outcome) : err;
}

/* found makes the genesis of the population. */
static enum exit_code found(struct replica_world *world)
{
    struct cluster_plan plan = { .replicas = REPLICA_WORLD_REPLICAS, .verify = "auto", .segment_mib = 8, .workers_max = 1, .seed = world->people.seed,
        .params = params_default(), .entities = world->population.entities, .entities_count = world->population.entities_count };

    population_capacities(&world->people, world->plan.commands * world->plan.items, SPARE, &plan.params);
    enum exit_code code = bed_make(&world->bed, &plan, NULL);
    if (code != EXIT_FINE) {
        return code;
    }
    enum verdict verdict = genesis_config(&world->bed.cluster.genesis, &world->epoch);
    ASSERT(verdict == VERDICT_OK);
    world->people.time_ms = world->bed.cluster.genesis.time_ms;
    world->block0 = block_genesis(&world->bed.cluster.genesis.hash, world->people.time_ms);
    return EXIT_FINE;
}

static void notify_nobody(void *context) { (void)context; }

/* start_pool starts the threads, as the daemon does before it reads its log. */
static enum err start_pool(struct replica_world *world)
{
    struct verify_pool_config config = { .threads = world->plan.workers, .mode = ED25519_AUTO, .notify = notify_nobody };
    struct arena arena;

    arena_init_measure(&arena);
    verify_pool_take(&world->pool, &arena, &config);
    size_t size = (arena.used + 63) / 64 * 64;
    world->pool_memory = aligned_alloc(64, size);
    if (world->pool_memory == NULL) {
        return ERR_NO_MEMORY;
    }
    arena_init(&arena, memset(world->pool_memory, 0, size), size);
    verify_pool_take(&world->pool, &arena, &config);
    return verify_pool_start(&world->pool);
}

enum exit_code replica_world_prepare(struct replica_world *world, const struct replica_world_plan *plan, const char **problem)
{
    world->plan = *plan;
    world->people = (struct population_plan){ .orgs = REPLICA_WORLD_REPLICAS, .actors = ACTORS, .patients = PATIENTS, .seed = 1, .time_ms = (uint64_t)time(NULL) * 1000 };
    if (population_make(&world->population, &world->people) != ERR_OK) {
        *problem = "no memory for the population";
        return EXIT_RESOURCE;
    }
    enum exit_code code = found(world);
    if (code != EXIT_FINE) {
        *problem = world->bed.problem;
        return code;
    }
    world->work = (struct population_work){ .genesis = &world->bed.cluster.genesis.hash, .valid_until_ms = world->people.time_ms + LIFE_MS, .items = plan->items,
        .located = plan->located };
    if (start_pool(world) != ERR_OK) {
        *problem = "no threads";
        return EXIT_RESOURCE;
    }
    if (stock_make(&world->stock, &world->population, &world->work, plan->commands) != ERR_OK) {
        *problem = "no memory for the commands";
        return EXIT_RESOURCE;
    }
    for (uint32_t i = 0; i < REPLICA_WORLD_REPLICAS; i++) {
        world->nodes[i] = (struct bench_node){ .world = world, .number = i };
        node_start(&world->nodes[i]);
    }
    return EXIT_FINE;
}

void replica_world_close(struct replica_world *world)
{
    if (world->pool.started > 0) {
        verify_pool_stop(&world->pool);
    }
    free(world->pool_memory);
    bed_close(&world->bed);
    stock_close(&world->stock);
    population_close(&world->population);
}

/* --- Running --------------------------------------------------------------------------------------------------------- */

/* submit lets the clients of a replica send what the window allows. Command k belongs to replica k mod n. */
static void submit(struct bench_node *node)
{
    const struct replica_world *world = node->world;
    uint64_t open = node->submitted - world->executed / REPLICA_WORLD_REPLICAS;

    for (uint32_t i = 0; i < BURST && open < REPLICA_WORLD_WINDOW / REPLICA_WORLD_REPLICAS && node->submitted * REPLICA_WORLD_REPLICAS + node->number < world->stock.count; i++) {
        uint64_t number = node->submitted * REPLICA_WORLD_REPLICAS + node->number;
        uint32_t client = 1 + (uint32_t)(node->submitted % CLIENTS);
        driver_request(&node->driver, number + 1, &(struct requester){ .party = client, .client = client }, stock_command(&world->stock, number));
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
        node->jobs_first = (at + 1) % REPLICA_WORLD_JOBS;
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

static void turn(struct replica_world *world)
{
    for (uint32_t i = 0; i < REPLICA_WORLD_REPLICAS; i++) {
        void (*work)(struct bench_node *node) = !world->measuring ? bench_replica_turn : i == world->leader ? bench_replica_leader : bench_replica_follower;
        work(&world->nodes[i]);
    }
    world->executed = world->nodes[0].executed;
    for (uint32_t i = 1; i < REPLICA_WORLD_REPLICAS; i++) {
        world->executed = world->nodes[i].executed < world->executed ? world->nodes[i].executed : world->executed;
    }
    world->turns++;
}

bool replica_world_run(struct replica_world *world, uint64_t commands)
{
    uint64_t end = world->turns + TURNS_PER_COMMAND * (commands + REPLICA_WORLD_WINDOW);

    while (world->executed < commands && world->turns < end) {
        turn(world);
    }
    return world->executed >= commands;
}

void replica_world_settle(struct replica_world *world, uint32_t turns)
{
    ASSERT(world->executed + 2 * REPLICA_WORLD_WINDOW >= world->plan.commands);
    for (uint32_t i = 0; i < turns; i++) {
        turn(world);
    }
}

uint32_t replica_world_leader(const struct replica_world *world)
{
    uint32_t leader = REPLICA_WORLD_REPLICAS;

    for (uint32_t i = 0; i < REPLICA_WORLD_REPLICAS; i++) {
        struct replica_status status;
        replica_status(world->nodes[i].driver.replica, &status);
        leader = status.leads ? i : leader;
    }
    return leader;
}
