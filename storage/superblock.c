/* superblock.c: see superblock.h.
 *
 * Invariant of the writer: before the pair (0, 1) is overwritten, all four copies hold the current version; before (2, 3) is, copies 0
 * and 1 hold the next. So two equal copies are whole at every moment, and two copies at least survive any cut.
 *
 *     IDLE --bad copies--> REPAIR (each, alone) --> FIRST_PAIR --> LAST_PAIR --> IDLE, done(OK)
 *        \--none bad---------------------------------^    any failure: IDLE, done(ERR_IO) */
#include "storage/superblock.h"

#include "base/assert.h"
#include "storage/segment_log.h"

#include <string.h>
#include <xxhash.h>

#define SUPERBLOCK_MAGIC 0x50555357u /* "WSUP" */
#define SUM_BYTES 16u
#define COPY_OFFSET 24u /* u32: the only field in which the copies of a version differ */
#define PAIR_BYTES (2u * DISK_BLOCK)

struct superblock superblock_first(const struct hash32 *cluster, uint32_t replica, uint32_t segment_bytes, const struct hash32 *config)
{
    ASSERT(segment_bytes % DISK_BLOCK == 0);
    return (struct superblock){
        .cluster = *cluster,
        .replica = replica,
        .segment_bytes = segment_bytes,
        .first_segment = 1,
        .config = *config,
        .limit_view = LOG_VIEW_LIMIT_STEP,
    };
}

static void body_write(struct writer *writer, const struct superblock *superblock)
{
    write_u64_le(writer, superblock->features_compatible);
    write_u64_le(writer, superblock->features_read_only);
    write_u64_le(writer, superblock->features_required);
    write_u64_le(writer, superblock->sequence);
    write_u64_le(writer, superblock->previous_sum);
    write_run(writer, superblock->cluster.bytes, HASH_BYTES);
    write_run(writer, superblock->instance, sizeof superblock->instance);
    write_u32_le(writer, superblock->replica);
    write_u32_le(writer, superblock->segment_bytes);
    write_u32_le(writer, superblock->first_segment);
    write_u32_le(writer, superblock->clean ? 1 : 0);
    write_u64_le(writer, superblock->durable_floor);
    write_u64_le(writer, superblock->checkpoint_height);
    write_run(writer, superblock->checkpoint_block.bytes, HASH_BYTES);
    write_run(writer, superblock->checkpoint_state.bytes, HASH_BYTES);
    write_run(writer, superblock->checkpoint_snapshot.bytes, HASH_BYTES);
    write_u64_le(writer, superblock->epoch);
    write_run(writer, superblock->config.bytes, HASH_BYTES);
    write_u64_le(writer, superblock->limit_epoch);
    write_u64_le(writer, superblock->limit_view);
}

static uint32_t body_read(struct reader *reader, struct superblock *out)
{
    out->features_compatible = read_u64_le(reader);
    out->features_read_only = read_u64_le(reader);
    out->features_required = read_u64_le(reader);
    out->sequence = read_u64_le(reader);
    out->previous_sum = read_u64_le(reader);
    read_copy(reader, out->cluster.bytes, HASH_BYTES);
    read_copy(reader, out->instance, sizeof out->instance);
    out->replica = read_u32_le(reader);
    out->segment_bytes = read_u32_le(reader);
    out->first_segment = read_u32_le(reader);
    uint32_t clean = read_u32_le(reader);
    out->clean = clean == 1;
    out->durable_floor = read_u64_le(reader);
    out->checkpoint_height = read_u64_le(reader);
    read_copy(reader, out->checkpoint_block.bytes, HASH_BYTES);
    read_copy(reader, out->checkpoint_state.bytes, HASH_BYTES);
    read_copy(reader, out->checkpoint_snapshot.bytes, HASH_BYTES);
    out->epoch = read_u64_le(reader);
    read_copy(reader, out->config.bytes, HASH_BYTES);
    out->limit_epoch = read_u64_le(reader);
    out->limit_view = read_u64_le(reader);
    ASSERT(!reader->failed); /* a block has room for all of it */
    return clean;
}

void superblock_encode(const struct superblock *superblock, uint32_t copy, uint8_t *out)
{
    ASSERT(superblock->first_segment >= 1);
    struct writer writer;
    XXH128_canonical_t sum;

    ASSERT(copy < SUPERBLOCK_COPIES);
    ASSERT(superblock->sequence > 0);
    writer_init(&writer, out, DISK_BLOCK);
    write_zeros(&writer, SUM_BYTES);
    write_u32_le(&writer, SUPERBLOCK_MAGIC);
    write_u32_le(&writer, superblock->version);
    ASSERT(writer.offset == COPY_OFFSET);
    write_u32_le(&writer, copy);
    write_u32_le(&writer, 0);
    body_write(&writer, superblock);
    write_zeros(&writer, DISK_BLOCK - writer.offset);
    ASSERT(!writer.failed);
    XXH128_canonicalFromHash(&sum, XXH3_128bits(out + SUM_BYTES, DISK_BLOCK - SUM_BYTES));
    memcpy(out, sum.digest, SUM_BYTES);
}

static bool is_segment_size(uint32_t bytes) { return bytes % DISK_BLOCK == 0 && bytes >= SEGMENT_BYTES_MIN && bytes <= SEGMENT_BYTES_MAX; }

enum err superblock_decode(const uint8_t *block, uint32_t copy, struct superblock *out)
{
    struct reader reader;
    XXH128_canonical_t sum;

    ASSERT(copy < SUPERBLOCK_COPIES);
    XXH128_canonicalFromHash(&sum, XXH3_128bits(block + SUM_BYTES, DISK_BLOCK - SUM_BYTES));
    reader_init(&reader, block, DISK_BLOCK);
    *out = (struct superblock){ 0 };
    bool whole = memcmp(read_run(&reader, SUM_BYTES), sum.digest, SUM_BYTES) == 0;
    whole = read_u32_le(&reader) == SUPERBLOCK_MAGIC && whole;
    out->version = read_u32_le(&reader);
    whole = read_u32_le(&reader) == copy && whole;
    whole = read_u32_le(&reader) == 0 && whole;
    uint32_t clean = body_read(&reader, out);
    ASSERT(!reader.failed);
    if (!whole) {
        return ERR_FORMAT;
    }
    if (out->version != FORMAT_VERSION || (out->features_required & ~SUPERBLOCK_FEATURES_KNOWN) != 0) {
        return ERR_VERSION;
    }
    if (!read_zeros(&reader, reader_left(&reader)) || clean > 1 || out->sequence == 0 || out->first_segment == 0) {
        return ERR_FORMAT;
    }
    return is_segment_size(out->segment_bytes) ? ERR_OK : ERR_FORMAT;
}

static const uint8_t *copy_at(const uint8_t *blocks, uint32_t copy) { return blocks + (size_t)copy * DISK_BLOCK; }

/* Two copies are of one version when all but sum and copy number is equal. */
static bool copies_agree(const uint8_t *a, const uint8_t *b)
{
    size_t behind = COPY_OFFSET + 4;

    return memcmp(a + SUM_BYTES, b + SUM_BYTES, COPY_OFFSET - SUM_BYTES) == 0 && memcmp(a + behind, b + behind, DISK_BLOCK - behind) == 0;
}

/* The sum of a version, the same for all its copies. */
static uint64_t version_sum(const uint8_t *block) { return XXH3_64bits(block + COPY_OFFSET + 4, DISK_BLOCK - COPY_OFFSET - 4); }

enum err superblock_choose(const uint8_t *blocks, struct superblock *out, uint32_t *bad_map)
{
    struct superblock copies[SUPERBLOCK_COPIES];
    enum err errs[SUPERBLOCK_COPIES];
    enum err result = ERR_NOT_FOUND;
    uint64_t best = 0;

    *bad_map = (1u << SUPERBLOCK_COPIES) - 1;
    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) {
        errs[i] = superblock_decode(copy_at(blocks, i), i, &copies[i]);
    }
    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) {
        uint32_t differ = 0;
        uint32_t equal = 0;
        for (uint32_t j = 0; j < SUPERBLOCK_COPIES; j++) {
            bool agrees = errs[i] != ERR_FORMAT && errs[j] == errs[i] && copies_agree(copy_at(blocks, i), copy_at(blocks, j));
            equal += agrees;
            differ |= (agrees ? 0u : 1u) << j;
        }
        if (equal >= 2 && copies[i].sequence > best) {
            best = copies[i].sequence;
            result = errs[i];
            *out = copies[i];
            *bad_map = differ;
        }
    }
    ASSERT(result == ERR_NOT_FOUND || out->sequence == best);
    ASSERT(result == ERR_NOT_FOUND || (uint32_t)__builtin_popcount(*bad_map) <= SUPERBLOCK_COPIES - 2); /* two that agree are good */
    return result;
}

/* --- The writer ----------------------------------------------------------------------------------------------------- */

void superblock_store_init(struct superblock_store *store, struct arena *arena, struct disk *disk)
{
    *store = (struct superblock_store){ .disk = disk };
    store->blocks = disk_buffer_take(arena, SUPERBLOCK_COPIES);
}

static uint8_t *store_block(struct superblock_store *store, uint32_t copy) { return store->blocks + (size_t)copy * DISK_BLOCK; }

enum err superblock_store_open(struct superblock_store *store)
{
    ASSERT(store->stage == SUPERBLOCK_IDLE);
    enum err err = store->disk->ops->settle(store->disk, DISK_SUPERBLOCK);
    if (err != ERR_OK) {
        return err;
    }
    store->sequence_max = 0;
    for (uint32_t i = 0; i < SUPERBLOCK_COPIES; i++) { /* one by one: an unreadable copy must not hide the others */
        struct superblock copy;
        if (store->disk->ops->read(store->disk, DISK_SUPERBLOCK, (uint64_t)i * DISK_BLOCK, store_block(store, i), DISK_BLOCK) != ERR_OK) {
            memset(store_block(store, i), 0, DISK_BLOCK);
        }
        if (superblock_decode(store_block(store, i), i, &copy) == ERR_OK && copy.sequence > store->sequence_max) {
            store->sequence_max = copy.sequence;
        }
    }
    enum err chosen = superblock_choose(store->blocks, &store->current, &store->bad_map);
    ASSERT(chosen != ERR_OK || store->current.sequence <= store->sequence_max); /* the next version is above all that were ever seen */
    return chosen;
}

static void store_done(struct completion *completion, int32_t result, uint32_t flags);

/* Begins the durable write of `count` copies from `copy` on. */
static enum err copies_write(struct superblock_store *store, enum superblock_stage stage, uint32_t copy, uint32_t count)
{
    ASSERT(copy + count <= SUPERBLOCK_COPIES);
    ASSERT(stage != SUPERBLOCK_IDLE);
    ASSERT(count >= 1);
    const struct superblock *version = stage == SUPERBLOCK_REPAIR ? &store->current : &store->next;

    for (uint32_t i = copy; i < copy + count; i++) {
        superblock_encode(version, i, store_block(store, i));
    }
    store->stage = stage;
    store->request = (struct disk_request){
        .completion = { .done = store_done },
        .file = DISK_SUPERBLOCK,
        .bytes = count * DISK_BLOCK,
        .offset = (uint64_t)copy * DISK_BLOCK,
        .data = store_block(store, copy),
    };
    return store->disk->ops->write_start(store->disk, &store->request);
}

static uint32_t lowest_bit(uint32_t map)
{
    uint32_t bit = 0;

    while (bit < SUPERBLOCK_COPIES && (map >> bit & 1u) == 0) {
        bit++;
    }
    ASSERT(bit < SUPERBLOCK_COPIES);
    return bit;
}

/* Begins the first step: the next bad copy, or else the first pair. */
static enum err store_begin(struct superblock_store *store)
{
    ASSERT(store->bad_map < 1u << SUPERBLOCK_COPIES);
    if (store->bad_map != 0) {
        return copies_write(store, SUPERBLOCK_REPAIR, lowest_bit(store->bad_map), 1);
    }
    return copies_write(store, SUPERBLOCK_FIRST_PAIR, 0, 2);
}

/* What a write that has become durable leads to. Gives: ERR_AGAIN while a further write is under way. */
static enum err store_advance(struct superblock_store *store)
{
    enum err err = ERR_OK;

    switch (store->stage) {
    case SUPERBLOCK_IDLE:
        ASSERT(store->stage != SUPERBLOCK_IDLE);
        break;
    case SUPERBLOCK_REPAIR:
        store->bad_map &= store->bad_map - 1; /* the lowest bit is done */
        err = store_begin(store);
        break;
    case SUPERBLOCK_FIRST_PAIR:
        ASSERT(store->next.sequence > store->current.sequence); /* no version is written over by an older one */
        store->current = store->next;
        store->bad_map = 0xcu;
        err = copies_write(store, SUPERBLOCK_LAST_PAIR, 2, 2);
        break;
    case SUPERBLOCK_LAST_PAIR:
        store->bad_map = 0;
        return ERR_OK;
    }
    return err == ERR_OK ? ERR_AGAIN : err;
}

static void store_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct superblock_store *store = (struct superblock_store *)(void *)((uint8_t *)completion - offsetof(struct superblock_store, request.completion));
    enum err err = ERR_IO;

    (void)flags;
    ASSERT(store->stage != SUPERBLOCK_IDLE);
    ASSERT(store->bad_map < 1u << SUPERBLOCK_COPIES);
    if (result >= 0 && (uint32_t)result == store->request.bytes) {
        err = store_advance(store);
    }
    if (err != ERR_AGAIN) {
        store->stage = SUPERBLOCK_IDLE;
        if (store->done != NULL) {
            store->done(store->context, err);
        }
    }
}

enum err superblock_store_write(struct superblock_store *store, const struct superblock *next, void (*done)(void *context, enum err err), void *context)
{
    ASSERT(store->stage == SUPERBLOCK_IDLE);
    ASSERT(next->first_segment >= 1);
    uint64_t sequence_max = store->sequence_max > store->current.sequence ? store->sequence_max : store->current.sequence;
    bool first = store->current.sequence == 0;

    store->next = *next;
    store->next.version = FORMAT_VERSION;
    store->next.sequence = sequence_max + 1;
    ASSERT(store->next.sequence > store->current.sequence);
    store->next.previous_sum = first ? 0 : version_sum(store_block(store, lowest_bit(~store->bad_map & 0xfu)));
    store->sequence_max = store->next.sequence;
    store->bad_map = first ? 0 : store->bad_map;
    store->done = done;
    store->context = context;
    enum err err = store_begin(store);
    if (err != ERR_OK) {
        store->stage = SUPERBLOCK_IDLE;
    }
    return err;
}

bool superblock_store_is_busy(const struct superblock_store *store) { return store->stage != SUPERBLOCK_IDLE; }
