#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define PAYLOAD_MAX (5u << 20)

const uint8_t store_instance[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

struct hash32 store_hash(uint8_t kind, uint64_t i)
{
    uint64_t words[2] = { kind, i };

    return hash_plain(words, sizeof words);
}

uint32_t store_payload_bytes(const struct store *store, uint64_t i)
{
    return store->config.size_max == 0 ? 0 : (uint32_t)(XXH3_64bits_withSeed(&i, sizeof i, 77) % store->config.size_max);
}

void store_payload(uint64_t i, uint8_t *out, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        out[at] = (uint8_t)(i * 31 + at * 7 + (at >> 8)); /* some sectors differ, none is all zeros */
    }
    if (bytes > 0) {
        out[0] = (uint8_t)(i | 1);
    }
}

bool store_has_certificate(uint64_t i) { return i % 3 == 0; }

static uint64_t store_now(void *context) { return ((struct store *)context)->now_ns; }

static void store_durable(void *context, uint64_t lsn, uint64_t duration_ns)
{
    struct store *store = context;

    (void)duration_ns;
    cr_assert_geq(lsn - store->lsn_base, store->acknowledged, "durability never goes back");
    store->acknowledged = lsn - store->lsn_base;
    store->durable_calls++;
}

static void store_failed(void *context, enum err err)
{
    struct store *store = context;

    cr_assert_eq(store->failed, ERR_OK, "told once");
    store->failed = err;
}

static void process_take(struct store *store)
{
    struct segment_log_config config = {
        .scan_blocks = store->config.scan_blocks,
        .segment_bytes = store->config.segment_bytes,
        .batch_bytes_max = store->config.batch_bytes_max,
        .queue_batches = store->config.queue_batches,
        .index_entries = 1024,
        .now_ns = store_now,
        .durable = store_durable,
        .failed = store_failed,
        .context = store,
    };

    superblock_store_init(&store->superblocks, &store->arena, &store->disk.disk);
    segment_log_init(&store->log, &store->arena, &store->disk.disk, &config);
}

static void machine_take(struct store *store)
{
    struct sim_disk_config config = {
        .seed = store->config.seed,
        .segment_bytes = store->config.segment_bytes,
        .segments_max = store->config.segments_max,
        .faults = store->config.faults,
    };

    sim_disk_init(&store->disk, &store->arena, &config);
}

static void superblock_done(void *context, enum err err) { *(enum err *)context = err; }

static void superblock_put(struct store *store, const struct superblock *superblock)
{
    enum err err = ERR_AGAIN;

    cr_assert_eq(superblock_store_write(&store->superblocks, superblock, superblock_done, &err), ERR_OK);
    for (int i = 0; i < 16 && err == ERR_AGAIN; i++) {
        store_step(store);
    }
    cr_assert_eq(err, ERR_OK);
}

void store_floor(struct store *store, uint64_t batch)
{
    struct superblock superblock = store->superblocks.current;

    superblock.durable_floor = batch;
    superblock_put(store, &superblock);
}

static void store_format(struct store *store)
{
    struct superblock superblock = {
        .replica = 1, .segment_bytes = store->config.segment_bytes, .first_segment = 1, .limit_view = LOG_VIEW_LIMIT_STEP
    };

    memcpy(superblock.instance, store_instance, 16);
    cr_assert_eq(superblock_store_open(&store->superblocks), ERR_NOT_FOUND);
    superblock_put(store, &superblock);
}

struct store *store_open(const struct store_config *config)
{
    struct store *store = calloc(1, sizeof *store);

    cr_assert_not_null(store);
    store->config = *config;
    arena_init_measure(&store->arena);
    machine_take(store);
    process_take(store);
    size_t bytes = store->arena.used;
    arena_init(&store->arena, aligned_alloc(ARENA_ALIGN, bytes), bytes);
    memset(store->arena.data, 0, bytes);
    machine_take(store);
    store->arena_mark = store->arena.used;
    struct sim_disk_faults none = { 0 };
    store->disk.config.faults = none;
    process_take(store);
    store_format(store);
    store->disk.config.faults = config->faults;
    cr_assert_eq(store_boot(store), ERR_OK);
    return store;
}

void store_close(struct store *store)
{
    free(store->arena.data);
    free(store);
}

static bool payload_is_intact(const struct store *store, const struct recovered_record *record)
{
    static uint8_t expected[PAYLOAD_MAX];
    uint32_t bytes = record->kind == RECORD_BLOCK ? store_payload_bytes(store, record->height) : 40;

    if (record->payload.size != bytes) {
        return false;
    }
    store_payload(record->height, expected, bytes);
    return bytes == 0 || memcmp(expected, record->payload.data, bytes) == 0;
}

static void store_record(void *context, const struct recovered_record *record)
{
    struct store *store = context;

    cr_assert_lt(store->seen_count, STORE_SEEN_MAX);
    store->seen[store->seen_count++] = (struct store_seen){
        .kind = record->kind, .height = record->height, .hash = record->hash, .batch = record->batch, .intact = payload_is_intact(store, record)
    };
}

static void count_record(void *context, const struct recovered_record *record)
{
    struct store *store = context;
    const struct store_seen *seen = &store->seen[store->seen_again++];

    cr_assert_leq(store->seen_again, store->seen_count, "another reading delivers more");
    cr_assert(seen->kind == record->kind && seen->batch == record->batch && hash_equal(&seen->hash, &record->hash));
}

/* read_again holds another reading of the same log against the first. */
static void read_again(struct store *store)
{
    static struct recovery_outcome first;
    const struct recovery_outcome *again = &store->outcome;
    struct recovery_sink sink = { .record = count_record, .context = store };

    first = store->outcome;
    store->seen_again = 0;
    cr_assert_eq(recovery_run_again(&store->log, &store->superblocks.current, &sink, &store->outcome), ERR_OK);
    cr_assert_eq(store->seen_again, store->seen_count);
    cr_assert_eq(again->sign, first.sign);
    cr_assert_eq(again->proved, first.proved);
    cr_assert_eq(again->damage_count, first.damage_count);
    for (uint32_t i = 0; i < first.damage_count; i++) {
        const struct recovery_damage *found = &again->damage[i], *before = &first.damage[i];
        cr_assert(found->fate == before->fate && (found->segment == before->segment || found->segment == 0) && found->block == before->block && found->block_end == before->block_end);
        cr_assert(found->batch == before->batch && found->batches == before->batches && found->kind == before->kind && hash_equal(&found->hash, &before->hash));
        cr_assert(found->height == before->height && found->height_last == before->height_last);
    }
    cr_assert_eq(again->repaired, first.repaired);
    cr_assert_eq(again->batches, first.batches);
    cr_assert_eq(again->position.batch, first.position.batch);
    cr_assert_eq(again->position.segment, first.position.segment);
    cr_assert_eq(again->position.block, first.position.block);
    cr_assert_eq(again->position.segment_next, first.position.segment_next);
    cr_assert_eq(again->position.next_ready, first.position.next_ready);
    cr_assert(capsule_equal(&again->position.capsule, &first.position.capsule));
    cr_assert_leq(again->bytes_scanned, first.bytes_scanned);
    store->scanned_again = again->bytes_scanned;
    store->outcome = first; /* a torn opening was discarded by the first */
}

/* peek_agrees holds what the end of the log said against what all of it says. */
static void peek_agrees(const struct recovery_outcome *peeked, const struct recovery_outcome *whole)
{
    bool both_sign = peeked->sign <= SIGN_AFTER_FETCH && whole->sign <= SIGN_AFTER_FETCH;

    cr_assert(peeked->sign == whole->sign || both_sign, "the end of the log says %d, all of it %d", (int)peeked->sign, (int)whole->sign);
    cr_assert_eq(peeked->position.batch, whole->position.batch);
    cr_assert(capsule_equal(&peeked->position.capsule, &whole->position.capsule));
}

/* read_log reads it as a start does, or every other time all of it at once. */
static enum err read_log(struct store *store, bool constant)
{
    static struct recovery_outcome peeked;
    struct recovery_sink sink = { .record = store_record, .context = store };
    bool enough = false;

    if (store->recoveries++ % 2 == 0) {
        return recovery_run(&store->log, &store->superblocks.current, &sink, &store->outcome);
    }
    enum err err = recovery_peek(&store->log, &store->superblocks.current, &store->outcome, &enough);
    peeked = store->outcome;
    err = err == ERR_OK ? recovery_run_again(&store->log, &store->superblocks.current, &sink, &store->outcome) : err;
    if (err == ERR_OK && enough && constant) {
        store->peeks++;
        peek_agrees(&peeked, &store->outcome);
    }
    return err;
}

enum err store_recover(struct store *store)
{
    store->arena.used = store->arena_mark;
    memset(store->arena.data + store->arena_mark, 0xA7, store->arena.size - store->arena_mark); /* nothing of the last life is left */
    memset(store->arena.data + store->arena_mark, 0, store->arena.size - store->arena_mark);
    process_take(store);
    store->seen_count = 0;
    store->failed = ERR_OK;
    enum err err = superblock_store_open(&store->superblocks);
    if (err != ERR_OK) {
        return err;
    }
    bool constant = store->config.faults.rot == 0 && store->config.faults.unreadable == 0 && store->config.faults.misdirected_read == 0;
    err = read_log(store, constant);
    if (err == ERR_OK && constant) {
        read_again(store);
    }
    store->capsule = store->outcome.position.capsule;
    return err;
}

void store_start(struct store *store)
{
    store->appended = store->capsule.vote_height;
    store->acknowledged = store->appended;
    segment_log_start(&store->log, store_instance, &store->outcome.position);
    store->lsn_base = store->log.at.lsn - store->appended;
}

enum err store_boot(struct store *store)
{
    enum err err = store_recover(store);

    if (err == ERR_OK) {
        store_start(store);
    }
    return err;
}

enum err store_append(struct store *store)
{
    static uint8_t payload[PAYLOAD_MAX];
    static uint8_t certificate[40];
    uint64_t i = store->appended + 1;
    uint32_t bytes = store_payload_bytes(store, i);
    struct bytes parts[2] = { bytes_of(payload, bytes / 3), bytes_of(payload + bytes / 3, bytes - bytes / 3) };
    struct bytes part = bytes_of(certificate, sizeof certificate);
    struct log_record records[2] = {
        { .kind = RECORD_BLOCK, .height = i, .view = i / 8, .hash = store_hash(RECORD_BLOCK, i), .parts = parts, .parts_count = 2 },
        { .kind = RECORD_CERTIFICATE, .height = i, .view = i / 8, .hash = store_hash(RECORD_CERTIFICATE, i), .parts = &part, .parts_count = 1 },
    };
    struct capsule capsule = store->capsule;
    uint64_t lsn = 0;

    store_payload(i, payload, bytes);
    store_payload(i, certificate, sizeof certificate);
    capsule.vote_kind = 2;
    capsule.vote_view = i / 8;
    capsule.vote_height = i;
    capsule.vote_hash = records[0].hash;
    capsule.high_view = i / 8;
    capsule.high_height = i;
    if (store_has_certificate(i)) {
        capsule.high_digest = records[1].hash;
    }
    enum err err = segment_log_append(&store->log, &capsule, records, store_has_certificate(i) ? 2 : 1, &lsn);
    if (err == ERR_OK) {
        cr_assert_eq(lsn - store->lsn_base, i);
        store->appended = i;
        store->capsule = capsule;
    }
    return err;
}

bool store_step(struct store *store)
{
    uint64_t due = sim_disk_due(&store->disk);

    if (due == UINT64_MAX) {
        return false;
    }
    store->now_ns = due > store->now_ns ? due : store->now_ns;
    sim_disk_step(&store->disk, store->now_ns);
    return true;
}

void store_run(struct store *store)
{
    segment_log_kick(&store->log);
    for (int i = 0; i < 100000 && store_step(store); i++) {
        segment_log_check(&store->log);
        segment_log_kick(&store->log);
    }
    cr_assert(store->failed != ERR_OK || segment_log_is_idle(&store->log), "everything appended became durable");
}

uint64_t store_groups_seen(const struct store *store)
{
    uint64_t group = 0;
    uint32_t at = 0;

    while (at < store->seen_count) {
        const struct store_seen *block = &store->seen[at];
        struct hash32 hash = store_hash(RECORD_BLOCK, group + 1);
        cr_assert_eq(block->kind, RECORD_BLOCK);
        cr_assert_eq(block->height, group + 1, "records come in order: %lu after %lu", block->height, group);
        cr_assert(hash_equal(&block->hash, &hash));
        cr_assert(block->intact);
        at++;
        if (store_has_certificate(group + 1)) {
            if (at == store->seen_count) {
                return group; /* the block without its certificate: the group is not complete */
            }
            const struct store_seen *certificate = &store->seen[at];
            cr_assert_eq(certificate->kind, RECORD_CERTIFICATE);
            cr_assert_eq(certificate->height, group + 1);
            cr_assert(certificate->intact);
            at++;
        }
        group++;
    }
    return group;
}
