/* host.c: see host.h. Invariant: memory is NULL exactly while down; no pointer into it survives host_crash. */
#include "sim/world/host.h"

#include "base/assert.h"
#include "ledger/ledger.h"
#include "sim/world/choice.h"
#include "sim/world/pages.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_TURNS_MAX 10000u
#define NS_PER_MS UINT64_C(1000000)
#define MONO_START_NS UINT64_C(7000000000)
#define MILLION INT64_C(1000000)

/* --- Memory --------------------------------------------------------------------------------------------------------- */

static void disk_open(struct host *host)
{
    struct sim_disk_config config = { .seed = choice_draw(host->plan.seed, &(struct choice){ CHOICE_DEVICE, { host->plan.member } }),
        .replica = host->plan.member, .segment_bytes = HOST_LOG_BYTES, .segments_max = host->plan.segments_max, .faults = host->plan.disk, .memory_is_new = true };
    struct arena arena;

    arena_init_measure(&arena);
    sim_disk_init(&host->disk, &arena, &config);
    host->disk_bytes = arena.used;
    host->disk_memory = pages_take(host->disk_bytes);
    arena_init(&arena, host->disk_memory, host->disk_bytes);
    sim_disk_init(&host->disk, &arena, &config);
}

/* --- The driver's world --------------------------------------------------------------------------------------------- */

/* self_of gives the member that the process believes to be. */
static uint32_t self_of(const struct host *host)
{
    return host->plan.is_second ? host->plan.twin : host->plan.member;
}

static uint64_t mono_offset_ns(const struct host *host)
{
    return MONO_START_NS * (host->plan.member + 1) + host->boots;
}

/* passed_ns gives the time that passed by a clock of this rate; true_ns gives the first moment at which so much has passed. */
static uint64_t passed_ns(uint64_t now_ns, int32_t rate_ppm)
{
    return (uint64_t)((unsigned __int128)now_ns * (uint64_t)(MILLION + rate_ppm) / MILLION);
}

static uint64_t true_ns(uint64_t passed, int32_t rate_ppm)
{
    uint64_t per_million = (uint64_t)(MILLION + rate_ppm);

    return (uint64_t)(((unsigned __int128)passed * MILLION + per_million - 1) / per_million);
}

uint64_t host_wall_ms(const struct host *host)
{
    uint64_t now_ns = host->world->now_ns(host->world->context);
    int32_t rate = host->plan.rate_ppm, most = HOST_WALL_RATE_MAX, wall_rate = rate > most ? most : rate < -most ? -most : rate;

    return (uint64_t)((int64_t)(CAST_GENESIS_MS + 1000 + passed_ns(now_ns, wall_rate) / NS_PER_MS) + host->plan.wall_offset_ms + host->wall_step_ms);
}

static struct now port_now(void *context)
{
    const struct host *host = context;
    uint64_t now_ns = host->world->now_ns(host->world->context);

    return (struct now){ passed_ns(now_ns, host->plan.rate_ppm) + mono_offset_ns(host), host_wall_ms(host) };
}

static void port_send(void *context, const struct port_message *message)
{
    struct host *host = context;

    effort_pause(&host->effort);
    effort_sent(&host->effort, message);
    host->world->send(host->world->context, host->plan.member, message);
    effort_run(&host->effort);
}

static void port_verify(void *context, uint32_t batch, const struct sig_item *items, uint32_t count, bool apart)
{
    struct host *host = context;
    uint64_t spread = host->plan.verify_ns_max - host->plan.verify_ns_min;
    struct choice delay = { CHOICE_VERIFY_DELAY, { host->plan.member, host->boots, host->jobs_made } };
    uint64_t due_ns = host->world->now_ns(host->world->context) + host->plan.verify_ns_min + choice_below(host->plan.seed, &delay, spread + 1);

    ASSERT(host->jobs_count < HOST_JOBS_MAX);
    (void)apart; /* every job is a call of its own */
    host->jobs[host->jobs_count++] = (struct host_job){ due_ns, host->jobs_made++, batch, count, items };
}

static void port_admitted(void *context, uint64_t token, const struct hash32 *tx_id)
{
    struct host *host = context;

    (void)tx_id;
    effort_pause(&host->effort);
    host->world->admitted(host->world->context, host->plan.member, token);
    effort_run(&host->effort);
}

static void port_refused(void *context, uint64_t token, const struct hash32 *tx_id, uint16_t code, uint32_t retry_after_ms)
{
    struct host *host = context;

    (void)tx_id;
    effort_pause(&host->effort);
    host->world->refused(host->world->context, host->plan.member, token, code, retry_after_ms);
    effort_run(&host->effort);
}

static void port_read_done(void *context, uint64_t token, bool ok, uint64_t height)
{
    struct host *host = context;

    ASSERT(host->world->read_done != NULL);
    effort_pause(&host->effort);
    host->world->read_done(host->world->context, host->plan.member, token, ok, height);
    effort_run(&host->effort);
}

static void port_proof(void *context, uint64_t token, bool ok, const struct block_header *header, struct bytes proof)
{
    struct host *host = context;

    (void)token;
    effort_pause(&host->effort);
    if (ok && host->world->proved != NULL) {
        host->world->proved(host->world->context, host->plan.member, header, proof);
    }
    effort_run(&host->effort);
}

/* tell_base says once in a life where it began. */
static void tell_base(struct host *host)
{
    const struct snapshots_base *base = &host->driver.base;

    if (host->driver.has_base && !host->base_told) {
        queries_begin(&host->queries, base->checkpoint_ms);
    }
    if (host->driver.has_base && !host->base_told && host->world->based != NULL) {
        host->world->based(host->world->context, host->plan.member, &base->header, &base->cert.checkpoint.state_root);
    }
    host->base_told = true;
}

static void port_executed(void *context, const struct apply_block *block)
{
    struct host *host = context;

    effort_pause(&host->effort);
    struct hash32 root = ledger_state_root(host->driver.apply.ledger);
    tell_base(host);
    queries_certified(&host->queries, replica_checkpoint(host->driver.replica));
    queries_executed(&host->queries);
    host->world->executed(host->world->context, host->plan.member, block, &root);
    effort_run(&host->effort);
}

static void port_mark(void *context, enum mark mark, uint64_t view, uint64_t height, uint32_t member, uint64_t value)
{
    struct host *host = context;

    effort_pause(&host->effort);
    if (mark == MARK_CHECKPOINTED) {
        queries_certified(&host->queries, replica_checkpoint(host->driver.replica));
    }
    host->world->mark(host->world->context, host->plan.member, mark, view, height, member, value);
    effort_run(&host->effort);
}

static void port_drained(void *context)
{
    struct host *host = context;

    host->drained = true;
}

static void port_halted(void *context, const struct effect *halt)
{
    struct host *host = context;
    enum halt_reason reason = halt->halt.reason;

    if (reason == HALT_ROLLED_BACK) {
        host->rolled_back = true;
        if (host->aged || host_forgets(host)) {
            return; /* as it must */
        }
        host->world->broken(host->world->context, host->plan.member, "halts: others hold signatures of its key that its disk does not know");
        return;
    }
    host->world->broken(host->world->context, host->plan.member,
                        reason == HALT_CHECKPOINT_DIFFERS ? "halts: its state is not the certified one" : "halts: two commit proofs exclude each other");
}

static void port_failed(void *context, enum err err)
{
    struct host *host = context;

    (void)err;
    if (host->plan.disk.short_write > 0 || host->plan.disk.write_error > 0) {
        host->failed = true;
        return;
    }
    host->world->broken(host->world->context, host->plan.member, "cannot write its log any more");
}

static struct driver_ports ports_of(struct host *host)
{
    return (struct driver_ports){ .context = host, .now = port_now, .send = port_send, .verify = port_verify, .admitted = port_admitted,
        .refused = port_refused, .read_done = port_read_done, .proof = port_proof, .executed = port_executed, .mark = port_mark,
        .drained = port_drained, .halted = port_halted, .failed = port_failed };
}

static uint64_t log_now(void *context)
{
    const struct driver *driver = context;

    return port_now(driver->ports.context).mono_ns;
}

/* --- Start and end -------------------------------------------------------------------------------------------------- */

/* config_of gives small pools: many replicas must fit one process. */
static struct driver_config config_of(const struct host *host, struct views *views)
{
    struct driver_config config = { .genesis = &host->cast->genesis, .key = &host->cast->members[self_of(host)], .views = views };

    replica_config_default(&config.replica);
    config.replica.epoch = host->cast->config;
    config.replica.self = self_of(host);
    config.replica.genesis = host->cast->block0;
    config.replica.pool_commands = HOST_POOL_COMMANDS;
    config.replica.history_blocks = 4096;
    config.replica.blocks = 16;
    config.replica.reserves = host->plan.reserves;
    config.replica.asks = !host->plan.alone;
    struct writer seed;
    writer_init(&seed, config.replica.seed, sizeof config.replica.seed);
    write_u64_le(&seed, host->plan.seed);
    write_u64_le(&seed, host->plan.member);
    config.retention = (struct driver_retention){ .due_bytes = host->plan.snapshot_bytes, .due_blocks = host->plan.snapshot_blocks,
        .chunk_bytes_max = STATE_CHUNK_BYTES_MIN, .keep_blocks = host->plan.keep_blocks, .archive = host->plan.archive,
        .scrub_bytes_per_s = host->plan.scrub_bytes_per_s };
    config.apply = (struct apply_config){ .archive_events = 1024, .archive_receipts = 1024 };
    config.log = (struct segment_log_config){ .segment_bytes = HOST_LOG_BYTES, .queue_batches = 8, .index_entries = 4096, .scan_blocks = 16, .now_ns = log_now };
    return config;
}

static void take(struct host *host, struct arena *arena)
{
    struct driver_config config = config_of(host, &host->queries.views);
    struct driver_ports ports = ports_of(host);

    superblock_store_init(&host->superblocks, arena, &host->disk.disk);
    host_tasks(host, &ports);
    enum err err = driver_take(&host->driver, arena, &host->disk.disk, &config, &ports);
    ASSERT(err == ERR_OK);
    queries_take(&host->queries, arena, &host->driver.apply, &host->cast->genesis);
}

static void process_begin(struct host *host)
{
    struct arena arena;

    ASSERT(host->memory == NULL);
    if (host->memory_bytes == 0) { /* every life of a server takes as much */
        arena_init_measure(&arena);
        take(host, &arena);
        host->memory_bytes = arena.used;
    }
    host->memory = pages_take(host->memory_bytes);
    arena_init(&arena, host->memory, host->memory_bytes);
    take(host, &arena);
    ASSERT(arena.used == host->memory_bytes);
    arena_seal(&arena);
    host->jobs_count = 0;
    host->failed = false;
    host->level = SPACE_FINE;
    host->look_ns = host->full ? 0 : UINT64_MAX;
    host->drain_wanted = host->drained = host->cleaning = host->clean = false;
}

static void process_end(struct host *host)
{
    ASSERT(host->memory != NULL);
    pages_give(host->memory, host->memory_bytes);
    host->memory = NULL;
    host->state = HOST_DOWN;
}

static void first_written(void *context, enum err err)
{
    ASSERT(err == ERR_OK);
    *(bool *)context = true;
}

/* make_store writes the first superblock, as `wardd --init` does and, where the disk was lost, `wardd --rejoin`, on a disk that is not hostile yet. */
static void make_store(struct host *host)
{
    struct hash32 config = config_hash(&host->cast->config);
    struct superblock first = superblock_first(&host->cast->genesis.hash, self_of(host), HOST_LOG_BYTES, &config);
    static _Alignas(DISK_BLOCK) uint8_t memory[(SUPERBLOCK_COPIES + 1) * DISK_BLOCK];
    struct arena arena;
    bool done = false;

    first.features_required = host->wipes > 0 ? SUPERBLOCK_REJOINS : 0;
    arena_init(&arena, memory, sizeof memory);
    superblock_store_init(&host->superblocks, &arena, &host->disk.disk);
    struct writer instance;
    writer_init(&instance, first.instance, sizeof first.instance);
    write_u64_le(&instance, host->plan.seed);
    write_u32_le(&instance, host->plan.member);
    write_u32_le(&instance, host->wipes);
    host->disk.config.faults = (struct sim_disk_faults){ 0 };
    enum err err = superblock_store_write(&host->superblocks, &first, first_written, &done);
    ASSERT(err == ERR_OK);
    for (uint32_t i = 0; i < 16 && !done; i++) {
        sim_disk_step(&host->disk, 0);
    }
    ASSERT(done);
    host->disk.config.faults = host->plan.disk;
}

void host_open(struct host *host, const struct cast *cast, const struct host_world *world, const struct host_plan *plan)
{
    ASSERT(plan->verify_ns_max >= plan->verify_ns_min);
    ASSERT(plan->rate_ppm > -MILLION);
    *host = (struct host){ .plan = *plan, .cast = cast, .world = world, .lying = plan->disk.lost_flush > 0 || plan->disk.rot > 0 };
    disk_open(host);
    make_store(host);
    host->promised = (struct capsule){ .timeout_view = -1, .led_view = -1 };
}

void host_close(struct host *host)
{
    if (host->memory != NULL) {
        process_end(host);
    }
    pages_give(host->disk_memory, host->disk_bytes);
    if (host->disk_copy != NULL) {
        pages_give(host->disk_copy, host->disk_bytes);
    }
    *host = (struct host){ 0 };
}

void host_wipe(struct host *host)
{
    ASSERT(host->state == HOST_DOWN);
    host->due_known = false;
    ASSERT(host->memory == NULL);
    struct sim_disk_astray astray = { .reads = host->disk.astray.reads, .writes = host->disk.astray.writes };
    host->wipes++;
    pages_give(host->disk_memory, host->disk_bytes);
    disk_open(host);
    make_store(host);
    host->disk.astray = astray;
    host->writes_forgiven = astray.writes;
    host->promised = (struct capsule){ .timeout_view = -1, .led_view = -1 };
    host->rotten = 0;
    host_fill(host, host->full);
}

bool host_start(struct host *host)
{
    ASSERT(host->state == HOST_DOWN);
    host->due_known = false;
    host->boots++;
    process_begin(host);
    sim_disk_step(&host->disk, host->world->now_ns(host->world->context));
    host->starting = true;
    host->base_told = false;
    host->rolled_back = false;
    enum err err = superblock_store_open(&host->superblocks);
    if (err == ERR_OK) {
        err = driver_recover(&host->driver, &host->superblocks.current, &host->recovery);
    }
    host->starting = false;
    if (err != ERR_OK || host->recovery.sign == SIGN_NEVER) {
        process_end(host);
        return false;
    }
    host->state = HOST_UP;
    driver_start(&host->driver, host->superblocks.current.instance, &host->recovery);
    effort_begin(&host->effort, &host->driver);
    return true;
}

void host_crash(struct host *host, bool power)
{
    ASSERT(host->state != HOST_DOWN);
    host->due_known = false;
    host->promised = host->driver.log.capsule_durable;
    host->disk.astray.reads_next = host->disk.astray.writes_next = 0;
    if (power) {
        sim_disk_crash(&host->disk);
    } else {
        sim_disk_kill(&host->disk);
    }
    process_end(host);
}

void host_clock(struct host *host, int64_t step_ms)
{
    host->wall_step_ms = step_ms;
}

void host_pause(struct host *host)
{
    ASSERT(host->state == HOST_UP);
    host->due_known = false;
    host->state = HOST_PAUSED;
}

void host_resume(struct host *host)
{
    ASSERT(host->state == HOST_PAUSED);
    host->due_known = false;
    host->state = HOST_UP;
}

void host_drain(struct host *host)
{
    ASSERT(host->state == HOST_UP);
    host->due_known = false;
    host->drain_wanted = true;
    driver_drain(&host->driver);
}

static void clean_written(void *context, enum err err)
{
    struct host *host = context;

    (void)err; /* A mark that could not be written is missing at the next start; the process ends all the same. */
    host->clean = true;
}

static void superblock_saved(void *context, enum err err)
{
    struct host *host = context;

    driver_saved(&host->driver, &host->superblocks.next, err);
    if (err != ERR_OK) {
        driver_fail(&host->driver, err); /* as the daemon does: two copies may name a snapshot that nobody keeps */
    }
}

/* save_superblock writes what the driver wants to be known at the next start. */
static void save_superblock(struct host *host)
{
    if (!host->driver.save_wanted || host->drain_wanted || superblock_store_is_busy(&host->superblocks)) {
        return;
    }
    struct superblock next = host->superblocks.current;
    driver_fill(&host->driver, &next, false);
    host->driver.save_wanted = false;
    enum err err = superblock_store_write(&host->superblocks, &next, superblock_saved, host);
    if (err != ERR_OK) {
        superblock_saved(host, err);
    }
}

/* finish_drain writes the clean mark once nothing is under way any more. Gives: true when the process is to end. */
static bool finish_drain(struct host *host)
{
    if (host->drained && !host->cleaning && driver_is_idle(&host->driver) && !superblock_store_is_busy(&host->superblocks)) {
        struct superblock next = host->superblocks.current;
        driver_fill(&host->driver, &next, true);
        host->cleaning = true;
        enum err err = superblock_store_write(&host->superblocks, &next, clean_written, host);
        ASSERT(err == ERR_OK);
    }
    return host->clean;
}

/* --- What happens --------------------------------------------------------------------------------------------------- */

/* woken counts a moment at which the process has something to do; all that comes at one moment wakes it once. */
static void woken(struct host *host)
{
    uint64_t now_ns = host->world->now_ns(host->world->context);

    host->wakeups += host->wakeups == 0 || host->woken_ns != now_ns ? 1 : 0;
    host->woken_ns = now_ns;
}

void host_link(struct host *host, uint32_t member, bool up)
{
    ASSERT(host->state != HOST_DOWN);
    host->due_known = false;
    woken(host);
    effort_moment(&host->effort);
    effort_run(&host->effort);
    driver_link(&host->driver, member, up);
    effort_pause(&host->effort);
}

void host_message(struct host *host, uint32_t from, uint8_t type, struct bytes body)
{
    ASSERT(host->state == HOST_UP);
    host->due_known = false;
    woken(host);
    sim_disk_step(&host->disk, host->world->now_ns(host->world->context)); /* what begins in this step begins now */
    effort_message(&host->effort, from, body.size);
    effort_run(&host->effort);
    driver_message(&host->driver, from, type, body);
    effort_pause(&host->effort);
}

void host_request(struct host *host, uint64_t token, uint32_t client, struct bytes command)
{
    ASSERT(host->state == HOST_UP);
    host->due_known = false;
    woken(host);
    sim_disk_step(&host->disk, host->world->now_ns(host->world->context));
    effort_request(&host->effort, command.size);
    effort_run(&host->effort);
    driver_request(&host->driver, token, &(struct requester){ .party = client, .client = client }, command);
    effort_pause(&host->effort);
}

void host_read(struct host *host, uint64_t token)
{
    ASSERT(host->state == HOST_UP);
    host->due_known = false;
    woken(host);
    sim_disk_step(&host->disk, host->world->now_ns(host->world->context));
    effort_moment(&host->effort);
    effort_run(&host->effort);
    driver_read(&host->driver, token);
    effort_pause(&host->effort);
}

void host_prove(struct host *host, uint64_t height)
{
    ASSERT(host->state == HOST_UP);
    host->due_known = false;
    woken(host);
    sim_disk_step(&host->disk, host->world->now_ns(host->world->context));
    effort_moment(&host->effort);
    effort_run(&host->effort);
    driver_prove(&host->driver, height, height);
    effort_pause(&host->effort);
}

uint16_t host_question(struct host *host, struct bytes question, bool gated, uint8_t *out, size_t room, size_t *size)
{
    struct query_call call = { question, gated, host_wall_ms(host) };

    ASSERT(host->state == HOST_UP);
    queries_certified(&host->queries, replica_checkpoint(host->driver.replica));
    return queries_answer(&host->queries, &call, out, room, size);
}

uint64_t host_nonce(const struct host *host, const uint8_t account[32])
{
    ASSERT(host->state != HOST_DOWN);
    return ledger_nonce(host->driver.apply.ledger, account);
}

static struct host_job *job_first(struct host *host)
{
    struct host_job *first = NULL;

    for (uint32_t i = 0; i < host->jobs_count; i++) {
        struct host_job *job = &host->jobs[i];
        if (first == NULL || job->due_ns < first->due_ns || (job->due_ns == first->due_ns && job->number < first->number)) {
            first = job;
        }
    }
    return first;
}

/* due_of finds out when host_work is wanted. */
static uint64_t due_of(const struct host *host)
{
    if (host->state != HOST_UP) {
        return UINT64_MAX;
    }
    uint64_t due_ns = sim_disk_due(&host->disk), driver_ns = driver_deadline_ns(&host->driver);
    if (driver_ns != UINT64_MAX) {
        driver_ns = driver_ns > mono_offset_ns(host) ? true_ns(driver_ns - mono_offset_ns(host), host->plan.rate_ppm) : 0;
        due_ns = driver_ns < due_ns ? driver_ns : due_ns;
    }
    due_ns = host->look_ns < due_ns ? host->look_ns : due_ns;
    for (uint32_t i = 0; i < host->jobs_count && !driver_is_stalled(&host->driver); i++) {
        due_ns = host->jobs[i].due_ns < due_ns ? host->jobs[i].due_ns : due_ns;
    }
    return due_ns;
}

uint64_t host_due_ns(struct host *host)
{
    if (!host->due_known) {
        host->due_ns = due_of(host);
        host->due_known = true;
    }
    return host->due_ns;
}

/* finish_jobs hands over verdicts that are due. They are made only now: items that were changed too early show. */
static void finish_jobs(struct host *host, uint64_t now_ns)
{
    static bool verdicts[VERIFY_ITEMS_MAX];

    for (uint32_t turn = 0; turn < HOST_JOBS_MAX && !driver_is_stalled(&host->driver); turn++) {
        struct host_job *first = job_first(host);
        if (first == NULL || first->due_ns > now_ns) {
            return;
        }
        struct host_job job = *first;
        *first = host->jobs[--host->jobs_count];
        ASSERT(job.count <= VERIFY_ITEMS_MAX);
        effort_pause(&host->effort);
        for (uint32_t i = 0; i < job.count; i++) {
            verdicts[i] = host->world->verify(host->world->context, &job.items[i]);
        }
        effort_run(&host->effort);
        driver_verified(&host->driver, job.batch, verdicts, job.count);
    }
}

/* is_clock: the moment, at which something is due, is one for a deadline alone. */
static bool is_clock(struct host *host, uint64_t now_ns)
{
    const struct host_job *job = job_first(host);
    bool job_due = job != NULL && job->due_ns <= now_ns && !driver_is_stalled(&host->driver);

    return !job_due && sim_disk_due(&host->disk) > now_ns && host->woken_ns != now_ns;
}

bool host_work(struct host *host)
{
    uint64_t now_ns = host->world->now_ns(host->world->context);
    bool more = true;

    if (host->state != HOST_UP) {
        return true;
    }
    if (host_due_ns(host) <= now_ns) {
        host->clocks += is_clock(host, now_ns) ? 1 : 0;
        woken(host);
        effort_moment(&host->effort);
    }
    host->due_known = false;
    effort_run(&host->effort);
    sim_disk_step(&host->disk, now_ns);
    for (uint32_t turn = 0; turn < SETTLE_TURNS_MAX && more; turn++) {
        finish_jobs(host, now_ns);
        more = driver_work(&host->driver);
    }
    driver_flush(&host->driver);
    effort_pause(&host->effort);
    if (segment_log_is_starved(&host->driver.log) && host->level < SPACE_REFUSE) {
        host->look_ns = now_ns;
    }
    host_space_turn(host, now_ns);
    save_superblock(host);
    if (host->rolled_back) {
        sim_disk_kill(&host->disk);
        process_end(host);
        return true;
    }
    if (finish_drain(host)) {
        host->promised = host->driver.log.capsule_durable;
        sim_disk_kill(&host->disk); /* A segment may be in preparation. */
        process_end(host);
    }
    return !more;
}

bool host_is_idle(const struct host *host)
{
    const struct driver *driver = &host->driver;

    if (host->state == HOST_DOWN) {
        return true;
    }
    /* Records that may wait for the next write are no work; a message that waits for one would be. */
    return due_of(host) == UINT64_MAX && driver->commits_count == 0 && driver_outbox_rests(driver) && !driver->reading && !driver->log.writing;
}
