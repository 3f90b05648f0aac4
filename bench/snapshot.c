/* snapshot.c: `ward-bench snapshot`: for how long a replica stands still while it makes a snapshot of a large state, and what that state takes.
 *
 *     genesis --> pointers, 16 in a command, through the ledger and archive of a replica --> checkpoint block --> snapshot in slices, blocks between them
 *
 * Each stretch in which the loop would hear of nothing else is timed: the checkpoint block's end with its pin, the certificate, each slice, and what is done
 * when the disk has completed something. Commands are signed and not checked; the disk is memory, and what it does itself is not timed. */
#include "bench/bench.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/bed.h"
#include "cli/output.h"
#include "cli/population.h"
#include "ledger/ledger.h"
#include "node/memory.h"
#include "node/snapshots.h"
#include "sim/world/disk.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

enum {
    REPLICAS = 4,
    ACTORS = 64,
    PATIENTS = 10000,
    SPARE = 64,
    ITEMS = 16,
    BLOCK_COMMANDS = 32,
    BLOCK_TIME_MS = 1000,  /* blocks are that far apart, so that no account sends too fast */
    LIFE_MS = 300000,
    SEGMENT_BYTES = 16 << 20,
    SEGMENTS = 192,
    BESIDE_COMMANDS = 4,   /* of a block between two slices */
    FOLD_STEPS_MAX = 10000000
};

/* What a loop may be held up by, and the longest stretch of it: by the clock, and of this thread's CPU time, which other programs do not lengthen. */
enum pause { PAUSE_CHECKPOINT, PAUSE_CERTIFICATE, PAUSE_SLICE, PAUSE_DISK, PAUSES };

struct stretch {
    uint64_t wall_ns, cpu_ns;
};

struct pause_run {
    const struct args *args;
    uint64_t pointers;
    struct population_plan people;
    struct population population;
    struct population_work work;
    struct cluster_plan plan;
    struct bed bed;
    struct config epoch;
    struct sim_disk disk;
    struct apply apply;
    struct snapshots snapshots;
    struct block_header header;   /* of the newest block */
    uint64_t commands, refused;   /* executed so far */
    uint64_t reserved_bytes, resident_before, resident_after;
    uint64_t replayed_ns, replayed_bytes;
    struct stretch pauses[PAUSES];
    void (*io_done)(void *context, enum err err); /* of the snapshots, behind the timing one */
    uint64_t pointers_pinned;     /* in the state of the snapshot */
    uint64_t began_ns, took_ns;
    uint8_t body[BLOCK_COMMANDS * TX_BYTES_MAX];
    struct block_command entries[BLOCK_COMMANDS];
};

static uint64_t now_ns(void *context)
{
    (void)context;
    return clock_mono_ns();
}

static struct stretch stretch_begin(void)
{
    struct timespec cpu;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (struct stretch){ clock_mono_ns(), (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec };
}

static struct stretch stretch_end(const struct stretch *begin)
{
    struct stretch end = stretch_begin();

    return (struct stretch){ end.wall_ns - begin->wall_ns, end.cpu_ns - begin->cpu_ns };
}

static void longest(struct stretch *most, const struct stretch *begin)
{
    struct stretch took = stretch_end(begin);

    most->wall_ns = took.wall_ns > most->wall_ns ? took.wall_ns : most->wall_ns;
    most->cpu_ns = took.cpu_ns > most->cpu_ns ? took.cpu_ns : most->cpu_ns;
}

/* resident gives the bytes of memory that this process holds now. */
static uint64_t resident(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL) {
        pages = fscanf(file, "%*u %llu", &pages) == 1 ? pages : 0;
        fclose(file);
    }
    return pages * 4096;
}

/* --- Blocks ---------------------------------------------------------------------------------------------------------- */

static struct bytes fill_block(struct pause_run *run, uint32_t count)
{
    static struct tx tx;
    uint32_t used = 0;

    for (uint32_t i = 0; i < count; i++) {
        run->work.valid_until_ms = run->header.time_ms + LIFE_MS;
        population_sign(&run->population, &run->work, run->commands + i, &tx);
        memcpy(run->body + used, tx.bytes, tx.size);
        run->entries[i] = (struct block_command){ .offset = used, .envelope_bytes = tx.size, .id = tx.id };
        used += tx.size;
    }
    return bytes_of(run->body, used);
}

/* play_block executes a block of the next commands and tells the snapshots of it. Gives: its hash in *hash. */
static void play_block(struct pause_run *run, uint32_t count, bool roots, struct hash32 *hash)
{
    struct block_header header = { .height = run->header.height + 1, .time_ms = run->header.time_ms + BLOCK_TIME_MS, .parent = block_hash(&run->header),
        .commands_count = count };
    const struct apply_block *done = NULL;

    run->header = header;
    struct bytes body = fill_block(run, count);
    *hash = block_hash(&run->header);
    struct stretch begin = stretch_begin();
    struct effect commit = { .kind = EFFECT_COMMIT, .commit = { &run->header, *hash, body, run->entries, roots } };
    apply_begin(&run->apply, &commit);
    for (uint32_t i = 0; i < FOLD_STEPS_MAX && done == NULL; i++) {
        done = apply_step(&run->apply, BLOCK_COMMANDS);
    }
    ASSERT(done != NULL);
    for (uint32_t i = 0; i < count; i++) {
        run->refused += done->codes[i] != CODE_OK;
    }
    run->commands += count;
    run->replayed_ns += stretch_end(&begin).cpu_ns;
    run->replayed_bytes += body.size;
    begin = stretch_begin();
    snapshots_executed(&run->snapshots, &run->header, body.size, true);
    longest(&run->pauses[PAUSE_CHECKPOINT], &begin);
}

/* timed_done is told of each completion instead of the snapshots, and tells them. */
static void timed_done(void *context, enum err err)
{
    struct pause_run *run = context;
    struct stretch begin = stretch_begin();

    run->io_done(&run->snapshots, err);
    longest(&run->pauses[PAUSE_DISK], &begin);
}

/* --- Preparing ------------------------------------------------------------------------------------------------------- */

static enum err take(struct pause_run *run, struct arena *arena)
{
    struct sim_disk_config disk = { .segment_bytes = SEGMENT_BYTES, .segments_max = SEGMENTS };
    struct apply_config apply = { .archive_events = 262144, .archive_receipts = 262144, .archive_locators = 65536 };
    struct snapshots_config config = { .due_blocks = 1, .chunk_bytes_max = STATE_CHUNK_BYTES_MAX, .segment_bytes = SEGMENT_BYTES, .now_ns = now_ns };
    enum err err = apply_take(&run->apply, arena, &run->bed.cluster.genesis, &apply);

    run->reserved_bytes = arena->used;
    if (err == ERR_OK) {
        sim_disk_init(&run->disk, arena, &disk);
        snapshots_take(&run->snapshots, arena, &run->disk.disk, &run->apply, &config);
    }
    return err;
}

static int take_memory(struct pause_run *run)
{
    struct arena arena;

    arena_init_measure(&arena);
    if (take(run, &arena) != ERR_OK) {
        return output_fail(run->args, EXIT_CONFIGURATION, "so many pointers are beyond what a genesis may promise");
    }
    size_t size = arena.used;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the ledger");
    }
    arena_init(&arena, pages, size);
    enum err err = take(run, &arena);
    ASSERT(err == ERR_OK);
    memory_enlarge_pages(&run->apply.memory); /* as the daemon does: a large page that is touched for the first time is a pause of its own */
    err = apply_load_genesis(&run->apply);
    ASSERT(err == ERR_OK);
    run->io_done = run->snapshots.io.done;
    run->snapshots.io.done = timed_done;
    run->snapshots.io.context = run;
    return EXIT_FINE;
}

static int prepare(struct pause_run *run)
{
    run->people = (struct population_plan){ .orgs = REPLICAS, .actors = ACTORS, .patients = PATIENTS, .seed = 1, .time_ms = (uint64_t)time(NULL) * 1000 };
    if (population_make(&run->population, &run->people) != ERR_OK) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the population");
    }
    run->plan = (struct cluster_plan){ .replicas = REPLICAS, .verify = "auto", .segment_mib = 8, .workers_max = 1, .seed = run->people.seed, .params = params_default(),
        .entities = run->population.entities, .entities_count = run->population.entities_count };
    population_capacities(&run->people, run->pointers + 65536, SPARE, &run->plan.params);
    enum exit_code code = bed_make(&run->bed, &run->plan, NULL);
    if (code != EXIT_FINE) {
        return output_fail(run->args, code, "%s", run->bed.problem);
    }
    const struct genesis *genesis = &run->bed.cluster.genesis;
    enum verdict verdict = genesis_config(genesis, &run->epoch);
    ASSERT(verdict == VERDICT_OK);
    run->header = block_genesis(&genesis->hash, genesis->time_ms);
    run->work = (struct population_work){ .genesis = &genesis->hash, .items = ITEMS };
    return take_memory(run);
}

static void fill(struct pause_run *run)
{
    struct hash32 hash;

    run->resident_before = resident();
    while (run->commands * ITEMS < run->pointers) {
        uint64_t left = (run->pointers - run->commands * ITEMS + ITEMS - 1) / ITEMS;
        play_block(run, left < BLOCK_COMMANDS ? (uint32_t)left : BLOCK_COMMANDS, run->header.height % 64 == 0, &hash);
    }
    run->resident_after = resident();
    memset(run->pauses, 0, sizeof run->pauses);
}

/* --- The snapshot ---------------------------------------------------------------------------------------------------- */

/* certify gives the snapshot what it waits for: a certificate of its checkpoint. Whoever makes one looks at no signature. */
static void certify(struct pause_run *run, const struct hash32 *block)
{
    static struct checkpoint_cert cert;
    const uint8_t signature[64] = { 1 };

    cert = (struct checkpoint_cert){ .checkpoint = { .height = run->header.height, .block = *block, .config_hash = config_hash(&run->epoch) } };
    cert.checkpoint.state_root = ledger_state_root(run->apply.ledger);
    cert.checkpoint.receipts_root = ledger_receipts_root(run->apply.ledger);
    for (uint32_t i = 0; i < config_quorum(run->epoch.members_count); i++) {
        signers_add(&cert.signers, i, signature);
    }
    struct stretch begin = stretch_begin();
    snapshots_certified(&run->snapshots, &cert);
    longest(&run->pauses[PAUSE_CERTIFICATE], &begin);
}

/* make_one brings a snapshot to the point where the superblock would name it, with small blocks between the slices. Gives: false when it is given up. */
static bool make_one(struct pause_run *run)
{
    struct snapshots *snapshots = &run->snapshots;
    struct hash32 hash;
    uint64_t end_ns = clock_mono_ns() + UINT64_C(120000000000);

    snapshots->config.due_bytes = 1;
    for (uint32_t i = 0; i < 64 && snapshots->stage == SNAPSHOTS_IDLE; i++) {
        play_block(run, BESIDE_COMMANDS, true, &hash);
    }
    snapshots->config.due_bytes = 0; /* one is enough */
    if (snapshots->stage != SNAPSHOTS_CERTIFICATE) {
        return false;
    }
    run->began_ns = clock_mono_ns();
    run->pointers_pinned = run->commands * ITEMS;
    certify(run, &hash);
    while (snapshots->stage != SNAPSHOTS_INSTALL && snapshots->stage != SNAPSHOTS_IDLE && clock_mono_ns() < end_ns) {
        sim_disk_step(&run->disk, clock_mono_ns());
        struct stretch begin = stretch_begin();
        snapshots_work(snapshots);
        longest(&run->pauses[PAUSE_SLICE], &begin);
        if (snapshots_deadline_ns(snapshots) > clock_mono_ns() && sim_disk_due(&run->disk) == UINT64_MAX) {
            play_block(run, BESIDE_COMMANDS, false, &hash);
        }
    }
    run->took_ns = clock_mono_ns() - run->began_ns;
    return snapshots->stage == SNAPSHOTS_INSTALL;
}

static json_t *tell_pauses(const struct pause_run *run, struct stretch *most)
{
    static const char *const words[PAUSES] = { "checkpoint", "certificate", "slice", "disk" };
    json_t *object = json_object();

    *most = (struct stretch){ 0, 0 };
    for (unsigned i = 0; i < PAUSES; i++) {
        const struct stretch *pause = &run->pauses[i];
        json_object_set_new(object, words[i], json_pack("{s:I, s:I}", "us", (json_int_t)(pause->wall_ns / 1000), "cpu_us", (json_int_t)(pause->cpu_ns / 1000)));
        most->wall_ns = pause->wall_ns > most->wall_ns ? pause->wall_ns : most->wall_ns;
        most->cpu_ns = pause->cpu_ns > most->cpu_ns ? pause->cpu_ns : most->cpu_ns;
    }
    return object;
}

static void tell_number(json_t *object, const char *name, uint64_t value) { json_object_set_new(object, name, json_integer((json_int_t)value)); }

static int tell(const struct pause_run *run)
{
    const struct snapshots *snapshots = &run->snapshots;
    struct stretch most;
    json_t *object = json_object();

    tell_number(object, "pointers", run->pointers_pinned);
    tell_number(object, "chunks", snapshots->manifest.chunks_count);
    tell_number(object, "snapshot_bytes", snapshot_bytes(&snapshots->manifest));
    json_object_set_new(object, "pauses", tell_pauses(run, &most));
    tell_number(object, "pause_us_max", most.wall_ns / 1000);
    tell_number(object, "pause_cpu_us_max", most.cpu_ns / 1000);
    tell_number(object, "snapshot_slice_us_max", snapshots->counters.slice_ns_max / 1000);
    tell_number(object, "slices", snapshots->counters.slices);
    tell_number(object, "took_ms", run->took_ns / 1000000);
    tell_number(object, "memory_reserved_mib", run->reserved_bytes >> 20);
    tell_number(object, "memory_touched_mib", (run->resident_after - run->resident_before) >> 20);
    tell_number(object, "state_mib", (uint64_t)state_store_cells(ledger_store(run->apply.ledger)) * STATE_CELL_BYTES >> 20);
    tell_number(object, "replay_kb_per_s", run->replayed_bytes * 1000 / (run->replayed_ns / 1000 + 1));
    tell_number(object, "replay_pointers_per_s", run->commands * ITEMS * 1000000 / (run->replayed_ns / 1000 + 1));
    json_object_set_new(object, "reached", json_boolean(most.cpu_ns <= 10000000));
    return output_result(run->args, object);
}

int bench_snapshot(const struct args *args)
{
    static struct pause_run run;

    run.args = args;
    run.pointers = (uint64_t)args_number(args, "pointers");
    int code = prepare(&run);
    if (code == EXIT_FINE) {
        fill(&run);
        if (run.refused != 0) {
            code = output_fail(args, EXIT_BENCH_INVALID, "%llu commands were refused", (unsigned long long)run.refused);
        } else if (!make_one(&run)) {
            code = output_fail(args, EXIT_BENCH_INVALID, "no snapshot was made: %s", run.snapshots.reason);
        } else {
            code = tell(&run);
        }
    }
    bed_close(&run.bed);
    population_close(&run.population);
    return code;
}
