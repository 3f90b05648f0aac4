/* segment_log_write.c: one write in flight: either the oldest batch of the queue, or the opening of the next segment.
 *
 *     kick --> room for the oldest batch? --yes--> batch_start --done--> table, index, durable(lsn) --> kick
 *                      |
 *                      no --> next segment ready? --yes--> opening_start --done--> at the new segment --> kick
 *                                     |
 *                                     no --> wait for prepare_done --> kick */
#include "base/assert.h"
#include "storage/segment_log_priv.h"

#include <errno.h>
#include <string.h>

static void write_done(struct completion *completion, int32_t result, uint32_t flags);
static void prepare_done(struct completion *completion, int32_t result, uint32_t flags);

void log_fail(struct segment_log *log, enum err err)
{
    ASSERT(err != ERR_OK);
    if (log->failure == ERR_OK) {
        log->failure = err;
        log->config.failed(log->config.context, err);
    }
}

void log_table_add(struct segment_log *log, uint64_t number, uint32_t block, uint32_t blocks, uint64_t chain)
{
    ASSERT(log->table_count < log->config.segment_bytes / DISK_BLOCK);
    ASSERT(log->table_count == 0 || number > log->table_last);
    ASSERT(log->table_count == 0 || block > log->table[log->table_count - 1].block);
    ASSERT(blocks >= 1);
    if (log->table_count == 0) {
        log->table_first = number;
    }
    log->table[log->table_count++] = (struct seal_entry){ .block = block, .blocks = blocks, .chain = chain };
    log->table_last = number;
}

void log_index_batch(struct segment_log *log, const struct batch_head *head, const uint8_t *data, uint32_t block)
{
    struct batch_cursor cursor;
    struct record_head record;
    struct record_place place;

    batch_cursor_init(&cursor, head, data);
    while (batch_cursor_next(&cursor, &record, &place)) {
        place.segment = head->segment;
        place.block = block;
        log_extent_note(log, head->segment, record.kind == RECORD_BLOCK || record.kind == RECORD_PAYLOAD ? record.height : 0);
        if (record.kind == RECORD_REPAIR) {
            log_repair_take(log, &record, data + place.offset + RECORD_HEAD_BYTES);
        } else if (record.kind != RECORD_SEAL && record.kind != RECORD_STATE) {
            record_index_add(&log->index, &record, &place);
        }
    }
    ASSERT(!cursor.broken); /* what was made a moment ago leads exactly to its end */
    ASSERT(head->segment == log->at.segment);
}

/* --- Preparing the next segment ------------------------------------------------------------------------------------- */

void log_prepare_next(struct segment_log *log)
{
    if (log->at.next_ready || log->preparing || log->failure != ERR_OK) {
        return;
    }
    ASSERT(log->at.segment_next > log->at.segment);
    if (segment_log_is_long(log)) { /* one more, and no start could list them all */
        log->no_space = true;
        return;
    }
    log->prepare = (struct disk_request){ .completion = { .done = prepare_done }, .file = log->at.segment_next };
    log->preparing = log->disk->ops->prepare(log->disk, &log->prepare) == ERR_OK;
}

static void prepare_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct segment_log *log = (struct segment_log *)(void *)((uint8_t *)completion - offsetof(struct segment_log, prepare.completion));

    (void)flags;
    ASSERT(log->preparing);
    ASSERT(!log->at.next_ready);
    log->preparing = false;
    log->no_space = disk_is_full(result); /* then asked again with the next batch; until then room_bytes says how little is left */
    if (result == 0) {
        log->at.next_ready = true;
        if (log->kicked) {
            segment_log_kick(log);
        }
    } else if (!log->no_space && result != -ECANCELED) {
        log_fail(log, ERR_IO); /* a disk that fails to make zeros durable cannot be trusted with more */
    }
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

static void write_begin(struct segment_log *log, uint32_t segment, uint32_t block, uint8_t *data, uint32_t blocks)
{
    ASSERT(!log->writing);
    ASSERT(block + blocks <= log->config.segment_bytes / DISK_BLOCK);
    ASSERT(segment > log->at.segment || (segment == log->at.segment && block >= log->at.block)); /* never over what is there */
    ASSERT(blocks >= 1);
    log->write = (struct disk_request){
        .completion = { .done = write_done },
        .file = segment,
        .bytes = blocks * DISK_BLOCK,
        .offset = (uint64_t)block * DISK_BLOCK,
        .data = data,
        .at_once = log->write_follows,
    };
    log->writing = true;
    log->write_begin_ns = log->config.now_ns(log->config.context);
    enum err err = log->disk->ops->write_start(log->disk, &log->write);
    if (err != ERR_OK) {
        log->writing = false;
        log_fail(log, err);
    }
}

/* Fills in what depends on the moment of writing and writes the header. Needs: batch_sum has been there. */
static void batch_make(struct segment_log *log, struct batch_head *head, uint32_t block, uint8_t *data)
{
    head->number = log->at.batch + 1;
    head->durable_upto = log->at.batch;
    head->previous = log->at.chain;
    batch_head_encode(head, batch_seed(segment_salt(log->instance, head->segment), block), data);
    log->write_chain = batch_chain(data);
    log->write_blocks = head->blocks;
    ASSERT(log->write_blocks == batch_blocks(head->body_bytes));
    ASSERT(log->write_chain != log->at.chain); /* the next batch names this one by it */
}

static void batch_start(struct segment_log *log)
{
    struct log_batch *batch = log_batch_at(log, 0);

    ASSERT(!log->at.move);
    ASSERT(batch->lsn >= log->lsn_durable);
    if (!batch->closed) {
        log_batch_close(log, batch, 0, 0);
    }
    /* What the capsule covers must be within a limit that is durable already. */
    ASSERT(batch->capsule.epoch <= log->capsule_durable.limit_epoch);
    ASSERT(batch->capsule.epoch < log->capsule_durable.limit_epoch || capsule_view_max(&batch->capsule) <= log->capsule_durable.limit_view);
    struct batch_head head = batch->sums;
    ASSERT(head.body_bytes == batch->body_bytes);
    head.lsn = batch->lsn;
    head.segment = log->at.segment;
    head.capsule = batch->capsule;
    batch_make(log, &head, log->at.block, batch->data);
    log->write_is_opening = false;
    write_begin(log, log->at.segment, log->at.block, batch->data, head.blocks);
}

/* The seal of the newest segment that holds batches, as the only record of the opening batch. Gives: its record span. */
static uint32_t seal_place(struct segment_log *log, uint8_t *body, uint8_t digest[16])
{
    struct seal_head seal = {
        .segment = log->at.segment,
        .batches = log->table_count,
        .blocks_used = log->at.segment == 0 ? 0 : log->at.block,
        .torn = log->at.torn,
        .first_batch = log->table_count == 0 ? 0 : log->table_first,
        .last_batch = log->table_count == 0 ? 0 : log->table_last,
        .last_chain = log->table_count == 0 ? 0 : log->table[log->table_count - 1].chain,
    };
    struct record_head record = { .kind = RECORD_SEAL, .height = log->at.segment, .bytes = seal_bytes(seal.batches) };
    uint8_t *payload = body + RECORD_HEAD_BYTES;

    ASSERT(log->at.segment != 0 || log->table_count == 0);
    seal_encode(&seal, log->table, payload);
    seal_digest(payload, record.bytes, digest);
    memset(payload + record.bytes, 0, record_span(record.bytes) - RECORD_HEAD_BYTES - record.bytes);
    record.bytes_total = record.bytes;
    record.payload_sum = record_payload_sum(payload, record.bytes);
    record_head_encode(&record, body);
    return record_span(record.bytes);
}

static void opening_start(struct segment_log *log)
{
    uint8_t *data = log->opening + SEGMENT_HEAD_BLOCKS * DISK_BLOCK;
    struct segment_head head = {
        .segment = log->at.segment_next,
        .segment_bytes = log->config.segment_bytes,
        .first_batch = log->at.batch + 1,
        .salt = segment_salt(log->instance, log->at.segment_next),
        .previous = log->at.chain,
    };
    struct batch_head batch = { .lsn = log->lsn_durable, .segment = head.segment, .capsule = log->capsule_durable };

    ASSERT(log->at.next_ready);
    ASSERT(!log->writing);
    batch.body_bytes = seal_place(log, data + batch_body_offset(2), head.seal);
    batch_sum(&batch, data);
    batch_make(log, &batch, SEGMENT_HEAD_BLOCKS, data);
    memcpy(head.instance, log->instance, sizeof head.instance);
    segment_head_encode(&head, log->opening);
    memcpy(log->opening + DISK_BLOCK, log->opening, DISK_BLOCK);
    ASSERT(batch.blocks <= log_opening_blocks(log));
    log->write_is_opening = true;
    write_begin(log, head.segment, 0, log->opening, SEGMENT_HEAD_BLOCKS + batch.blocks);
}

void segment_log_kick(struct segment_log *log)
{
    if (!log->started || log->queue_count == 0 || log->failure != ERR_OK) {
        return;
    }
    if (log->writing) {
        log->kicked = true;
        return;
    }
    uint32_t blocks = batch_blocks(log_batch_at(log, 0)->body_bytes);
    if (!log->at.move && log->at.block + blocks <= log->config.segment_bytes / DISK_BLOCK) {
        log->kicked = log->queue_count > 1; /* The batches behind it were there when somebody kicked. */
        batch_start(log);
    } else if (log->at.next_ready) {
        log->kicked = true; /* The batch itself is still to go. */
        opening_start(log);
    } else {
        log->kicked = true;
        log_prepare_next(log);
    }
}

static void opening_done(struct segment_log *log)
{
    ASSERT(log->write_is_opening);
    log->at.segment = log->at.segment_next;
    log->at.segment_next++;
    log->at.next_ready = false;
    log->at.move = false;
    log->at.torn = false;
    log->table_count = 0;
    log_extent_note(log, log->at.segment, 0);
    log_table_add(log, log->at.batch, SEGMENT_HEAD_BLOCKS, log->write_blocks, log->write_chain);
    log->at.block = SEGMENT_HEAD_BLOCKS + log->write_blocks;
    log->counters.segments++;
    ASSERT(log->write.file == log->at.segment);
    ASSERT(log->write.bytes == log->at.block * DISK_BLOCK); /* the next batch goes right behind it */
}

/* queue_pop lets the oldest batch go. What was written last is in the processor's caches, so its buffer is the one that is filled next. */
static void queue_pop(struct segment_log *log)
{
    struct log_batch *freed = log_batch_at(log, 0);

    log->queue_head = (log->queue_head + 1) % log->config.queue_batches;
    log->queue_count--;
    struct log_batch *next = &log->queue[(log->queue_head + log->queue_count) % log->config.queue_batches];
    uint8_t *data = next->data;
    next->data = freed->data;
    freed->data = data;
}

/* A batch that is durable, whose records are not in the index yet. Its buffer is free, and nobody fills it before batch_tell. */
struct durable_batch {
    struct batch_head head;
    const uint8_t *data;
    uint32_t block;
    uint64_t lsn;
};

/* batch_done lets the next write begin behind this one. */
static struct durable_batch batch_done(struct segment_log *log)
{
    struct log_batch *batch = log_batch_at(log, 0);
    struct durable_batch durable = { .head = { .segment = log->at.segment, .body_bytes = batch->body_bytes, .blocks = (uint16_t)log->write_blocks },
                                     .data = batch->data, .block = log->at.block, .lsn = batch->lsn };

    ASSERT(!log->write_is_opening);
    ASSERT(batch->closed);
    ASSERT(log->write.file == log->at.segment); /* what became durable lies where the table will say */
    ASSERT(log->write.offset == (uint64_t)log->at.block * DISK_BLOCK);
    log_table_add(log, log->at.batch, log->at.block, log->write_blocks, log->write_chain);
    log->at.block += log->write_blocks;
    log->capsule_durable = batch->capsule;
    log->lsn_durable = batch->lsn;
    queue_pop(log);
    ASSERT(log->queue_count == 0 || log_batch_at(log, 0)->lsn >= log->lsn_durable);
    return durable;
}

/* batch_tell enters the records of a batch and says that it is durable, while the disk is at the next one already. */
static void batch_tell(struct segment_log *log, const struct durable_batch *durable, uint64_t duration_ns)
{
    ASSERT(durable->lsn == log->lsn_durable); /* no other write is done meanwhile */
    log_index_batch(log, &durable->head, durable->data, durable->block);
    log->config.durable(log->config.context, durable->lsn, duration_ns);
}

/* write_next goes on with what somebody waits for. A batch that is closed has another behind it and goes too; what nobody waits for stays. More waits than the
 * loop's sleep ends: votes to send, blocks to execute, batches to fill. The disk does not wait for all that. */
static void write_next(struct segment_log *log)
{
    bool wanted = log->kicked || log->queue_count > 1;

    log->kicked = false;
    if (wanted) {
        log->write_follows = true;
        segment_log_kick(log);
        log->write_follows = false;
    }
}

static void write_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct segment_log *log = (struct segment_log *)(void *)((uint8_t *)completion - offsetof(struct segment_log, write.completion));
    uint64_t now_ns = log->config.now_ns(log->config.context);
    uint64_t duration_ns = now_ns > log->write_begin_ns ? now_ns - log->write_begin_ns : 0;

    (void)flags;
    ASSERT(log->writing);
    log->writing = false;
    if (result < 0 || (uint32_t)result != log->write.bytes) {
        log_fail(log, disk_is_full(result) ? ERR_NO_SPACE : ERR_IO); /* a short write is a failure: what is on the disk is unknown */
        return;
    }
    log->at.batch++;
    log->at.chain = log->write_chain;
    log->counters.batches++;
    log->counters.bytes_written += log->write.bytes;
    log->counters.write_ns_sum += duration_ns;
    log->counters.write_ns_max = duration_ns > log->counters.write_ns_max ? duration_ns : log->counters.write_ns_max;
    bool is_batch = !log->write_is_opening;
    struct durable_batch durable = { 0 };
    if (is_batch) {
        durable = batch_done(log);
    } else {
        opening_done(log);
    }
    log_prepare_next(log);
    write_next(log);
    if (is_batch) {
        batch_tell(log, &durable, duration_ns);
    }
}

bool segment_log_is_long(const struct segment_log *log)
{
    ASSERT(log->extents_count <= DISK_SEGMENTS_MAX);
    return log->extents_count >= log->config.segments_max + log->stretched;
}

void segment_log_stretch(struct segment_log *log)
{
    ASSERT(log->started);
    log->stretched = true;
    log_prepare_next(log);
}

bool segment_log_is_starved(const struct segment_log *log) { return log->no_space && !log->at.next_ready; }

void segment_log_reserve(struct segment_log *log)
{
    if (log->started) {
        log_prepare_next(log);
    }
}
