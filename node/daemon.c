/* daemon.c: see daemon.h. Opening in the order of what depends on what; one loop; an orderly end.
 *
 *     boot -> store -> measure -> take -> seal -> bind -> recover -> listen -> start -> turns ... -> drain -> clean mark -> close */
#include "node/daemon.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "node/daemon_priv.h"
#include "node/memory.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void verify_notify(void *context)
{
    struct daemon *daemon = context;

    loop_event_signal(&daemon->verified);
}

static void on_verified(struct loop_event *event, uint64_t count)
{
    /* The turn collects what is finished. */
    (void)event;
    (void)count;
}

static uint32_t workers_of(const struct node_config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t spare = cores > 1 ? (uint64_t)cores - 1 : 0;

    return (uint32_t)(spare < config->crypto.workers_max ? spare : config->crypto.workers_max);
}

static struct verify_pool_config verify_config(struct daemon *daemon)
{
    struct verify_pool_config config = { .threads = workers_of(&daemon->boot.config), .backend = daemon->crypto_backend, .notify = verify_notify, .context = daemon };
    const char *word = daemon->boot.config.crypto.verify;

    config.mode = strcmp(word, "libsodium") == 0 ? ED25519_LIBSODIUM : strcmp(word, "reference") == 0 ? ED25519_REF : ED25519_AUTO;
    if (config.mode == ED25519_AUTO) { /* The others look at one item at a time, and at no table. */
        config.members_max = daemon->boot.epoch.members_count;
        config.hot_max = (uint32_t)daemon->boot.config.crypto.hot_keys;
        config.keys_max = (uint32_t)daemon->boot.config.crypto.keys_kept;
    }
    random_fill(config.seed, sizeof config.seed);
    return config;
}

/* choose_backend runs the self-test of what is to check signatures. */
static enum exit_code choose_backend(struct daemon *daemon)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "daemon.crypto");
    const char *word = daemon->boot.config.crypto.backend;
    enum err err = ed25519_choose(strcmp(word, "auto") == 0 ? NULL : word, &daemon->crypto_backend);

    if (err != ERR_OK) {
        return boot_fail(&daemon->boot, EXIT_ENVIRONMENT, "crypto.backend %s: %s", word,
                         err == ERR_CONFLICT ? "its self-test differs from the portable code" : "this machine or this build does not have it");
    }
    log_write(&event, "backend=%s verify=%s", ed25519_backend_name(daemon->crypto_backend), daemon->boot.config.crypto.verify);
    return EXIT_FINE;
}

/* make_tables makes those of the members before the first word to others, so that no vote waits for one. */
static void make_tables(struct daemon *daemon)
{
    static uint8_t keys[MEMBERS_MAX][ED25519_KEY_BYTES];
    uint32_t count = daemon->verify.config.members_max;

    for (uint32_t i = 0; i < count; i++) {
        memcpy(keys[i], daemon->boot.epoch.members[i].sign_key, sizeof keys[i]);
    }
    verify_pool_members(&daemon->verify, keys[0], count);
}

static struct driver_config driver_config_of(const struct daemon *daemon)
{
    const struct boot *boot = &daemon->boot;
    struct driver_config config = { .genesis = &boot->genesis, .key = &boot->keys->sign.pair.sign };

    config.apply.archive_events = (uint32_t)boot->config.memory.archive_events;
    config.apply.archive_receipts = (uint32_t)boot->config.memory.archive_receipts;
    config.apply.archive_locators = (uint32_t)boot->config.memory.archive_locators;

    config.retention = (struct driver_retention){
        .due_bytes = boot->config.storage.snapshot_mib << 20,
        .due_blocks = boot->config.memory.history_blocks / 2 - boot->genesis.limits.checkpoint_blocks,
        .chunk_bytes_max = STATE_CHUNK_BYTES_MAX,
        .archive = strcmp(boot->config.storage.retention, "archive") == 0,
        .scrub_bytes_per_s = boot->config.storage.scrub_kib_s << 10,
        .keep_blocks = boot->config.memory.history_blocks,
    };
    replica_config_default(&config.replica);
    config.replica.epoch = boot->epoch;
    config.replica.self = boot->self;
    config.replica.genesis = boot->block0;
    config.replica.pool_commands = (uint32_t)boot->config.limits.pool_commands;
    config.replica.pool_client_max = (uint32_t)boot->config.limits.pool_client_commands;
    config.replica.history_blocks = (uint32_t)boot->config.memory.history_blocks;
    config.replica.blocks = (uint32_t)boot->config.memory.blocks_held;
    config.replica.reserves = boot->config.node.reserves;
    config.replica.asks = true;
    random_fill(config.replica.seed, sizeof config.replica.seed);
    config.log = (struct segment_log_config){
        .segment_bytes = (uint32_t)boot->config.io.segment_mib << 20,
        .queue_batches = (uint32_t)boot->config.io.queue_batches,
        .index_entries = (uint32_t)boot->config.memory.log_index_entries,
    };
    return config;
}

static uint64_t log_now(void *context)
{
    (void)context;
    return clock_mono_ns();
}

static struct session_config session_config_of(const struct daemon *daemon)
{
    return (struct session_config){
        .clients_max = (uint32_t)daemon->boot.config.limits.clients_max,
        .waiters_max = sessions_waiters_max((uint32_t)daemon->boot.config.limits.clients_max),
        .member = (uint16_t)daemon->boot.self,
        .members_count = (uint16_t)daemon->boot.epoch.members_count,
        .genesis = daemon->boot.genesis.hash,
    };
}

/* open_loop takes the loop; with real memory it also opens it. */
static enum exit_code open_loop(struct daemon *daemon)
{
    backend_take(&daemon->backend, &daemon->arena, &daemon->boot.config);
    if (daemon->arena.data == NULL) {
        return EXIT_FINE;
    }
    enum exit_code code = backend_open(&daemon->backend, &daemon->boot);
    daemon->loop = daemon->backend.loop;
    return code;
}

static enum exit_code take_driver(struct daemon *daemon)
{
    struct driver_config config = driver_config_of(daemon);
    struct driver_ports ports = daemon_ports(daemon);

    config.log.now_ns = log_now;
    config.views = &daemon->queries.views;
    enum err err = driver_take(&daemon->driver, &daemon->arena, &daemon->store.disk.disk, &config, &ports);
    queries_take(&daemon->queries, &daemon->arena, &daemon->driver.apply, &daemon->boot.genesis);
    return err == ERR_OK ? EXIT_FINE : boot_fail(&daemon->boot, EXIT_CONFIGURATION, "the genesis has parameters outside of their bounds");
}

static enum exit_code take_net(struct daemon *daemon)
{
    struct net_config config;
    enum exit_code code = daemon_net_config(daemon, &config);

    if (code == EXIT_FINE) {
        daemon->net = net_take(&daemon->arena, &config);
    }
    return code;
}

/* take takes everything from the arena; one path for measuring and for real. */
static enum exit_code take(struct daemon *daemon)
{
    struct session_config session_config = session_config_of(daemon);
    struct session_ports session_ports = { daemon, daemon_query, daemon_status };
    struct verify_pool_config pool_config = verify_config(daemon);
    enum exit_code code = open_loop(daemon);

    daemon->verdicts = arena_take(&daemon->arena, VERIFY_JOBS_MAX, VERIFY_POOL_ITEMS_MAX);
    payloads_init(&daemon->payloads, &daemon->arena);
    sessions_take(&daemon->sessions, &daemon->arena, &session_config, &session_ports);
    verify_pool_take(&daemon->verify, &daemon->arena, &pool_config);
    if (code == EXIT_FINE) {
        code = store_take(&daemon->store, &daemon->boot, &daemon->arena, daemon->loop);
    }
    if (code == EXIT_FINE) {
        code = take_driver(daemon);
    }
    return code == EXIT_FINE ? take_net(daemon) : code;
}

/* take_memory measures, takes the sum once, and hands it out. It is refused where the machine could not give it; the kernel hands out pages when
 * they are first touched. What execution can see is bounded by the genesis. */
static enum exit_code take_memory(struct daemon *daemon)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "daemon.memory");

    arena_init_measure(&daemon->arena);
    enum exit_code code = take(daemon);
    if (code != EXIT_FINE) {
        return code;
    }
    daemon->arena_bytes = daemon->arena.used;
    uint64_t budget = daemon->boot.config.memory.budget_mib << 20;
    if (budget != 0 && daemon->arena_bytes > budget) {
        return boot_fail(&daemon->boot, EXIT_RESOURCE, "%zu MiB are needed, memory.budget_mib allows %llu", daemon->arena_bytes >> 20,
                         (unsigned long long)(budget >> 20));
    }
    uint64_t machine = memory_limit_bytes("");
    if (daemon->arena_bytes > machine) {
        return boot_fail(&daemon->boot, EXIT_RESOURCE, "%zu MiB of memory are needed, this machine or its control group allows %llu", daemon->arena_bytes >> 20,
                         (unsigned long long)(machine >> 20));
    }
    void *memory = mmap(NULL, daemon->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return boot_fail(&daemon->boot, EXIT_RESOURCE, "%zu MiB of memory are not to be had: %s", daemon->arena_bytes >> 20, strerror(errno));
    }
    arena_init(&daemon->arena, memory, daemon->arena_bytes);
    code = take(daemon);
    ASSERT(code != EXIT_FINE || daemon->arena.used == daemon->arena_bytes);
    memory_enlarge_pages(&daemon->driver.apply.memory);
    memory_enlarge_pages(&daemon->driver.searched);
    struct bytes buffers = segment_log_buffers(&daemon->driver.log);
    memory_enlarge_pages(&buffers);
    arena_seal(&daemon->arena);
    log_write(&event, "reserved_mib=%zu", daemon->arena_bytes >> 20);
    return code;
}

/* refuse_log says why the log cannot be gone on with. */
static enum exit_code refuse_log(struct daemon *daemon, enum err err)
{
    const char *path = daemon->boot.config.node.data_dir;
    uint32_t foreign = daemon->recovery.foreign;
    bool failed = err == ERR_IO || err == ERR_NO_MEMORY || err == ERR_NO_SPACE;

    if (err == ERR_CONFLICT && foreign != 0) {
        return boot_fail(&daemon->boot, EXIT_REFUSED,
                         "%s/log/%010u.seg belongs to another store than this one: nothing was changed. If it came here by mistake, put this store's own file of that name back, or move the"
                         " foreign one away where there never was one; a directory put together from two stores must not vote",
                         path, foreign);
    }
    if (err == ERR_CONFLICT) {
        return boot_fail(&daemon->boot, EXIT_REFUSED, "another process still writes to the log in %s, or holds its locks", path);
    }
    return boot_fail(&daemon->boot, err == ERR_PERMISSION ? EXIT_PERMISSION : failed ? EXIT_RESOURCE : EXIT_INTEGRITY, "the log cannot be read: %s", err_name(err));
}

static enum exit_code recover(struct daemon *daemon)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "daemon.recovered");
    enum err err = driver_recover(&daemon->driver, &daemon->store.superblocks.current, &daemon->recovery);

    if (daemon->stop) {
        return daemon->code; /* It halted, and port_halted has said why. */
    }
    if (err == ERR_INVALID) {
        return boot_fail(&daemon->boot, EXIT_INTEGRITY, "the genesis has an initial entity that is none, or more than its capacities");
    }
    if (err == ERR_VERSION) {
        return boot_fail(&daemon->boot, EXIT_INTEGRITY, "the log or a snapshot in %s was written by a newer version of Ward than this one, which reads format %u: use that version; nothing was changed",
                         daemon->boot.config.node.data_dir, FORMAT_VERSION);
    }
    if (err != ERR_OK) {
        return refuse_log(daemon, err);
    }
    if (daemon->recovery.sign == SIGN_NEVER) {
        return boot_fail(&daemon->boot, EXIT_REFUSED, "more than one acknowledged batch at the end of the log is lost: this store must not vote again. Keep it, or a copy, for a look; a new one"
                                                      " comes with `wardd --rejoin` (docs/operations.md, \"When the disk is lost\")");
    }
    log_write(&event, "height=%llu records=%llu torn=%u damaged=%u", (unsigned long long)daemon->driver.apply.height,
              (unsigned long long)daemon->recovery.records, daemon->recovery.torn, daemon->recovery.damage_count);
    return EXIT_FINE;
}

static void on_signal(struct loop_signals *signals, int number)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "daemon.draining");
    struct daemon *daemon = (struct daemon *)(void *)((char *)signals - offsetof(struct daemon, signals));

    log_write(&event, "signal=%d", number);
    if (daemon->drain_end_ns == 0) {
        daemon->drain_end_ns = clock_mono_ns() + DAEMON_DRAIN_NS;
        notify_stopping(&daemon->notify);
        driver_drain(&daemon->driver);
    }
}

static void set_level(const char *word)
{
    log_level_set(strcmp(word, "debug") == 0 ? LOG_DEBUG : strcmp(word, "warn") == 0 ? LOG_WARN : strcmp(word, "error") == 0 ? LOG_ERROR : LOG_INFO);
}

enum exit_code daemon_open(struct daemon *daemon, const struct options *options)
{
    enum exit_code code = boot_load(&daemon->boot, options->config_path);

    daemon->start_ns = clock_mono_ns();
    if (code == EXIT_FINE) {
        set_level(daemon->boot.config.log.level);
        daemon->boot.config.io.unsafe_dev |= options->unsafe_dev;
        code = store_enter(&daemon->store, &daemon->boot, options->create ? STORE_INIT : options->rejoin ? STORE_REJOIN : STORE_OPEN);
        daemon->store_open = code == EXIT_FINE;
    }
    if (code == EXIT_FINE) {
        code = choose_backend(daemon);
    }
    if (code == EXIT_FINE) {
        code = take_memory(daemon);
    }
    if (code == EXIT_FINE && loop_signals_open(daemon->loop, &daemon->signals, on_signal) != ERR_OK) {
        code = boot_fail(&daemon->boot, EXIT_ENVIRONMENT, "signals cannot be received");
    }
    if (code == EXIT_FINE) {
        code = store_load(&daemon->store, &daemon->boot, daemon->loop);
    }
    return code;
}

/* next_superblock is the version that says what is durable now. */
static struct superblock next_superblock(const struct daemon *daemon, bool clean)
{
    struct superblock next = daemon->store.superblocks.current;

    driver_fill(&daemon->driver, &next, clean);
    return next;
}

static void superblock_saved(void *context, enum err err)
{
    struct daemon *daemon = context;

    driver_saved(&daemon->driver, &daemon->store.superblocks.next, err);
    if (err != ERR_OK) {
        driver_fail(&daemon->driver, err); /* The log alone is the truth, but a disk that failed one write cannot be trusted with a vote. */
    }
}

static void save_superblock(struct daemon *daemon)
{
    struct superblock next = next_superblock(daemon, false);

    enum err err = store_save(&daemon->store, &next, superblock_saved, daemon);
    if (err != ERR_AGAIN) {
        daemon->save_wanted = false;
        daemon->driver.save_wanted = false;
    }
    if (err != ERR_OK && err != ERR_AGAIN) {
        superblock_saved(daemon, err);
    }
}

static enum exit_code cannot_listen(struct daemon *daemon, enum err err, const char *problem)
{
    return boot_fail(&daemon->boot, err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_ENVIRONMENT, "cannot listen: %s", problem);
}

/* take_names binds what is listened on later, so that an operator whose port is taken does not wait for the whole log to hear of it. */
static enum exit_code take_names(struct daemon *daemon)
{
    const char *problem = NULL;
    enum err err = net_bind(daemon->net, &problem);

    daemon->bound = err == ERR_OK;
    return err == ERR_OK ? EXIT_FINE : cannot_listen(daemon, err, problem);
}

static enum exit_code start(struct daemon *daemon)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "daemon.serving");
    static struct net_handlers handlers;
    const char *problem = NULL;
    enum exit_code code = take_names(daemon);

    if (code == EXIT_FINE && verify_pool_start(&daemon->verify) != ERR_OK) { /* before there are signatures to check, its threads read bodies ahead of their turn */
        code = boot_fail(&daemon->boot, EXIT_RESOURCE, "no threads to check signatures");
    }
    code = code == EXIT_FINE ? recover(daemon) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    make_tables(daemon);
    if (loop_event_open(daemon->loop, &daemon->verified, on_verified) != ERR_OK) {
        return boot_fail(&daemon->boot, EXIT_RESOURCE, "no event for verdicts");
    }
    handlers = daemon_handlers(daemon);
    daemon->sessions.net = daemon->net;
    daemon->sessions.driver = &daemon->driver;
    daemon->sessions.height = daemon->driver.apply.height;
    daemon->sessions.time_ms = daemon->driver.apply.time_ms;
    enum err err = net_start(daemon->net, daemon->loop, &handlers, &problem);
    if (err != ERR_OK) {
        return cannot_listen(daemon, err, problem);
    }
    daemon->speaking = true;
    daemon->serving_ns = clock_mono_ns();
    daemon->save_wanted = daemon->store.superblocks.current.clean; /* From here on the log is not cleanly closed. */
    driver_start(&daemon->driver, daemon->store.superblocks.current.instance, &daemon->recovery);
    keeper_start(&daemon->keeper, &daemon->store.dir, &daemon->driver, daemon->boot.config.io.ballast_mib << 20, clock_mono_ns());
    daemon_service_begin(daemon);
    daemon->heap_told = thread_heap_read(&daemon->heap_sealed);
    log_write(&event, "member=%u height=%llu", daemon->boot.self, (unsigned long long)daemon->driver.apply.height);
    return EXIT_FINE;
}

static void clean_written(void *context, enum err err)
{
    struct daemon *daemon = context;

    daemon->clean_done = true;
    daemon->stop = true;
    if (err != ERR_OK) {
        daemon->code = boot_fail(&daemon->boot, EXIT_RESOURCE, "the clean mark cannot be written: %s", err_name(err));
    }
}

/* finish_drain writes the clean mark once nothing is under way any more; when the time is over it leaves without. */
static void finish_drain(struct daemon *daemon)
{
    uint64_t now_ns = clock_mono_ns();

    if (daemon->clean_started) {
        return;
    }
    if (now_ns >= daemon->drain_end_ns + DAEMON_MARK_NS) {
        daemon->stop = true;
    }
    bool quiet = driver_is_idle(&daemon->driver) && !superblock_store_is_busy(&daemon->store.superblocks);
    if (!quiet || !(daemon->drained || now_ns >= daemon->drain_end_ns)) {
        return;
    }
    struct superblock next = next_superblock(daemon, true);
    daemon->clean_started = true;
    enum err err = store_save(&daemon->store, &next, clean_written, daemon);
    if (err != ERR_OK) {
        clean_written(daemon, err);
    }
}

bool daemon_is_calling(const struct daemon *daemon, bool may_sign, uint64_t now_ns)
{
    ASSERT(daemon->serving_ns >= daemon->start_ns); /* it serves after it started */
    return !may_sign || now_ns < daemon->serving_ns + DAEMON_DIAL_NS;
}

/* wants_links: members are called after a start and while this replica is behind; otherwise only when there is something to say. */
static bool wants_links(const struct daemon *daemon)
{
    struct replica_status status;

    if (daemon_is_calling(daemon, replica_may_sign(daemon->driver.replica), clock_mono_ns())) {
        return true;
    }
    replica_status(daemon->driver.replica, &status);
    return !replica_has_rejoined(daemon->driver.replica) || status.catching_up || daemon->driver.snapshot_fetch.stage != SNAPSHOT_FETCH_IDLE;
}

/* can_collect: verdicts are there or can be made here, and the driver takes them. */
static bool can_collect(struct daemon *daemon)
{
    return !driver_is_stalled(&daemon->driver) && verify_pool_is_ready(&daemon->verify);
}

static uint64_t deadline_of(struct daemon *daemon)
{
    uint64_t deadline = driver_deadline_ns(&daemon->driver), net = net_deadline_ns(daemon->net), keeper = keeper_deadline_ns(&daemon->keeper);
    uint64_t drain = daemon->drain_end_ns == 0 ? LOOP_FOREVER : daemon->drain_end_ns;

    if (drain <= clock_mono_ns()) {
        drain += DAEMON_MARK_NS;
    }
    if (can_collect(daemon) || sessions_has_work(&daemon->sessions)) {
        return 0;
    }
    deadline = net < deadline ? net : deadline;
    deadline = keeper < deadline ? keeper : deadline;
    deadline = notify_deadline_ns(&daemon->notify) < deadline ? notify_deadline_ns(&daemon->notify) : deadline;
    return drain < deadline ? drain : deadline;
}

/* work lets the driver do what is due, and judges what it asks to be checked here and now, until neither leads to more. Whatever is still left
 * then ends the next sleep at once. */
static void work(struct daemon *daemon)
{
    daemon_collect(daemon);
    driver_work(&daemon->driver);
    for (uint32_t i = 0; i < DAEMON_WORK_MAX && can_collect(daemon); i++) {
        daemon_collect(daemon);
        driver_work(&daemon->driver);
    }
}

static void turn(struct daemon *daemon)
{
    net_want(daemon->net, wants_links(daemon));
    enum err err = loop_turn(daemon->loop, deadline_of(daemon));

    if (err != ERR_OK) {
        daemon->stop = true;
        daemon->code = boot_fail(&daemon->boot, EXIT_ENVIRONMENT, "the kernel refuses to wait: %s", err_name(err));
        return;
    }
    work(daemon);
    sessions_work(&daemon->sessions);
    driver_flush(&daemon->driver);
    net_step(daemon->net, clock_mono_ns());
    keeper_turn(&daemon->keeper, clock_mono_ns());
    daemon_service_turn(daemon);
    if ((daemon->save_wanted || daemon->driver.save_wanted) && daemon->drain_end_ns == 0) {
        save_superblock(daemon);
    }
    if (daemon->drain_end_ns != 0) {
        finish_drain(daemon);
    }
}

enum exit_code daemon_run(struct daemon *daemon)
{
    static struct log_event installed = LOG_EVENT(LOG_INFO, NULL, "snapshot.installed"); /* resumed: chunks that an earlier life had fetched */

    daemon->code = start(daemon);
    daemon->stop = daemon->code != EXIT_FINE;
    while (!daemon->stop) {
        turn(daemon);
        daemon->again = driver_must_restart(&daemon->driver);
        daemon->stop = daemon->stop || daemon->again;
    }
    if (daemon->again) {
        const struct snapshot_fetch *fetch = &daemon->driver.snapshot_fetch;
        log_write(&installed, "height=%llu chunks=%u resumed=%llu wrong=%llu late=%llu", (unsigned long long)fetch->target.height, fetch->manifest.chunks_count,
                  (unsigned long long)fetch->chunks_resumed, (unsigned long long)fetch->chunks_wrong, (unsigned long long)fetch->timeouts);
    }
    return daemon->code;
}

void daemon_close(struct daemon *daemon)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "daemon.stopped");

    if (daemon->speaking) {
        notify_close(&daemon->notify);
    }
    if (daemon->bound) {
        net_stop(daemon->net);
    }
    if (daemon->verify.started > 0) {
        verify_pool_stop(&daemon->verify);
    }
    if (daemon->store_open) {
        store_leave(&daemon->store);
    }
    boot_close(&daemon->boot);
    if (daemon->speaking) {
        log_write(&event, "clean=%d", daemon->clean_done);
    }
}
