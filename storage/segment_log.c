/* segment_log.c: appending and the queue; segment_log_write.c sends it, segment_log_read.c reads back.
 *
 * Invariants (segment_log_check):
 * 1. all batches of the queue but the last are closed; the first is closed while it is in flight;
 * 2. lsn_durable <= lsn of each queued batch <= at.lsn, ascending;
 * 3. a batch carries only the capsule of groups that are complete with it: the fragments of a large group that come first carry the
 *    capsule before, so that no batch claims a vote for a block that is not in the log yet;
 * 4. the views of a batch's capsule are within the limit of an earlier closed batch. */
#include "storage/segment_log.h"

#include "base/assert.h"
#include "storage/segment_log_priv.h"

#include <string.h>

#define NO_FRAGMENT UINT32_MAX
#define LARGE_PAGE_BYTES (2u << 20)

static uint32_t segment_blocks(const struct segment_log *log) { return log->config.segment_bytes / DISK_BLOCK; }

static uint32_t body_max(const struct segment_log *log) { return batch_body_max(log->config.batch_bytes_max / DISK_BLOCK); }

static uint32_t opening_blocks(uint32_t segment_bytes) { return batch_blocks(record_span(seal_bytes(segment_bytes / DISK_BLOCK))); }

uint32_t log_opening_blocks(const struct segment_log *log) { return opening_blocks(log->config.segment_bytes); }

/* The largest batch of a segment that has nothing else in it. */
static uint32_t batch_bytes_most(uint32_t segment_bytes)
{
    uint32_t most = segment_bytes - (SEGMENT_HEAD_BLOCKS + opening_blocks(segment_bytes)) * DISK_BLOCK;

    ASSERT(segment_bytes >= SEGMENT_BYTES_MIN);
    return most < BATCH_BLOCKS_MAX * DISK_BLOCK ? most : BATCH_BLOCKS_MAX * DISK_BLOCK;
}

uint32_t log_scratch_blocks(const struct segment_log *log)
{
    return segment_blocks(log) < SCAN_WINDOW_BLOCKS_MAX ? segment_blocks(log) : SCAN_WINDOW_BLOCKS_MAX;
}

struct log_batch *log_batch_at(const struct segment_log *log, uint32_t i)
{
    ASSERT(i < log->queue_count);
    return &log->queue[(log->queue_head + i) % log->config.queue_batches];
}

/* --- Setting up ------------------------------------------------------------------------------------------------------ */

static void config_check(const struct segment_log *log)
{
    const struct segment_log_config *config = &log->config;

    ASSERT(config->segment_bytes % DISK_BLOCK == 0);
    ASSERT(config->segment_bytes >= SEGMENT_BYTES_MIN);
    ASSERT(config->segment_bytes <= SEGMENT_BYTES_MAX);
    ASSERT(config->batch_bytes_max % DISK_BLOCK == 0);
    ASSERT(config->batch_bytes_max >= 2 * DISK_BLOCK);
    ASSERT(config->batch_bytes_max <= BATCH_BLOCKS_MAX * DISK_BLOCK);
    ASSERT(config->batch_bytes_max <= config->segment_bytes - (SEGMENT_HEAD_BLOCKS + log_opening_blocks(log)) * DISK_BLOCK);
    ASSERT(config->queue_batches >= 2);
    ASSERT(config->queue_batches <= LOG_QUEUE_BATCHES_MAX);
    ASSERT(config->segments_max >= 2);
    ASSERT(config->segments_max <= LOG_SEGMENTS_MAX);
    ASSERT(config->durable != NULL);
    ASSERT(config->failed != NULL);
    ASSERT(config->now_ns != NULL);
}

/* buffers_take takes the memory of the queue. It begins where a large page does if it fills one, for whoever asks for those. */
static uint8_t *buffers_take(struct arena *arena, size_t blocks)
{
    size_t align = blocks * DISK_BLOCK < LARGE_PAGE_BYTES ? DISK_BLOCK : LARGE_PAGE_BYTES;
    uint8_t *raw = disk_buffer_take(arena, blocks + (align - DISK_BLOCK) / DISK_BLOCK);
    size_t past = (uintptr_t)raw % align;

    return raw == NULL || past == 0 ? raw : raw + (align - past);
}

struct bytes segment_log_buffers(const struct segment_log *log)
{
    return bytes_of(log->queue_data, (size_t)log->config.queue_batches * log->config.batch_bytes_max);
}

void segment_log_init(struct segment_log *log, struct arena *arena, struct disk *disk, const struct segment_log_config *config)
{
    *log = (struct segment_log){ .disk = disk, .config = *config };
    if (log->config.batch_bytes_max == 0) {
        log->config.batch_bytes_max = batch_bytes_most(log->config.segment_bytes);
    }
    log->config.segments_max = log->config.segments_max == 0 ? LOG_SEGMENTS_MAX : log->config.segments_max;
    config_check(log);
    uint32_t blocks = log->config.batch_bytes_max / DISK_BLOCK;
    log->queue = arena_take(arena, log->config.queue_batches, sizeof *log->queue);
    log->queue_data = buffers_take(arena, (size_t)blocks * log->config.queue_batches);
    log->opening = disk_buffer_take(arena, SEGMENT_HEAD_BLOCKS + log_opening_blocks(log));
    log->scratch = disk_buffer_take(arena, log_scratch_blocks(log));
    log->segments = arena_take(arena, DISK_SEGMENTS_MAX, sizeof *log->segments);
    log->table = arena_take(arena, segment_blocks(log), sizeof *log->table);
    log->extents = arena_take(arena, DISK_SEGMENTS_MAX, sizeof *log->extents);
    record_index_init(&log->index, arena, log->config.index_entries);
    for (uint32_t i = 0; log->queue != NULL && i < log->config.queue_batches; i++) {
        log->queue[i].data = log->queue_data + (size_t)i * log->config.batch_bytes_max;
    }
}

/* abstention_keep appends what recovery concluded. A lost batch shows only until the one before it is lost too, whose limit is the bound: then the next start would find a lower one. */
static void abstention_keep(struct segment_log *log)
{
    const struct capsule capsule = log->at.capsule;
    uint64_t lsn = 0;

    ASSERT(log->queue_count == 0);
    ASSERT(capsule.abstain_view >= 0);
    enum err err = segment_log_append(log, &capsule, NULL, 0, &lsn);
    ASSERT(err == ERR_OK); /* an empty queue has room, and nothing was written that could have failed */
    log->at.abstains_anew = false;
}

void segment_log_start(struct segment_log *log, const uint8_t instance[16], const struct log_position *position)
{
    ASSERT(!log->started);
    ASSERT(position->segment_next > position->segment);
    ASSERT(position->segment != 0 || position->move);
    memcpy(log->instance, instance, sizeof log->instance);
    log->at = *position;
    log->capsule_durable = position->capsule;
    log->limit_epoch = position->capsule.limit_epoch;
    log->limit_view = position->capsule.limit_view;
    log->lsn_durable = position->lsn;
    log->window.blocks = 0; /* recovery has used the buffer for its own */
    log->started = true;
    log_prepare_next(log);
    if (log->at.abstains_anew) {
        abstention_keep(log);
    }
    segment_log_check(log);
}

/* --- The queue ------------------------------------------------------------------------------------------------------ */

/* The batch that takes records, or NULL. */
static struct log_batch *filling_batch(const struct segment_log *log)
{
    struct log_batch *last = log->queue_count == 0 ? NULL : log_batch_at(log, log->queue_count - 1);

    return last == NULL || last->closed ? NULL : last;
}

static struct log_batch *queue_push(struct segment_log *log)
{
    ASSERT(log->queue_count < log->config.queue_batches);
    log->queue_count++;
    struct log_batch *batch = log_batch_at(log, log->queue_count - 1);
    batch->body_bytes = 0;
    batch->lsn = log->at.lsn;
    batch->capsule = log->at.capsule;
    batch->closed = false;
    return batch;
}

static bool limit_is_below(const struct segment_log *log, uint64_t epoch, uint64_t view)
{
    return log->limit_epoch < epoch || (log->limit_epoch == epoch && log->limit_view < view);
}

void log_batch_close(struct segment_log *log, struct log_batch *batch, uint64_t epoch, uint64_t view)
{
    uint64_t own = capsule_view_max(&batch->capsule);

    ASSERT(!batch->closed);
    ASSERT(!limit_is_below(log, batch->capsule.epoch, own));
    if (limit_is_below(log, batch->capsule.epoch, own + LOG_VIEW_LIMIT_STEP / 2)) {
        log->limit_epoch = batch->capsule.epoch;
        log->limit_view = own + LOG_VIEW_LIMIT_STEP;
    }
    if (limit_is_below(log, epoch, view)) {
        log->limit_epoch = epoch;
        log->limit_view = view;
    }
    batch->capsule.limit_epoch = log->limit_epoch;
    batch->capsule.limit_view = log->limit_view;
    batch->sums = (struct batch_head){ .body_bytes = batch->body_bytes };
    batch_sum(&batch->sums, batch->data); /* now, while the one before may be in flight, not when the disk waits for it */
    batch->closed = true;
}

/* Payload bytes of the next fragment of a record with `left` bytes to go, or NO_FRAGMENT when a new batch is better. */
static uint32_t fragment_bytes(uint32_t room, uint64_t left)
{
    ASSERT(room % 8 == 0);
    if (room < RECORD_HEAD_BYTES + (left > 0 ? 8u : 0u)) {
        return NO_FRAGMENT;
    }
    return left <= room - RECORD_HEAD_BYTES ? (uint32_t)left : room - RECORD_HEAD_BYTES;
}

static uint64_t record_bytes(const struct log_record *record)
{
    uint64_t total = 0;

    ASSERT(record->parts_count <= LOG_RECORD_PARTS_MAX);
    for (size_t i = 0; i < record->parts_count; i++) {
        total += record->parts[i].size;
    }
    ASSERT(total <= UINT32_MAX);
    return total;
}

/* Would the group find room? Walks the same way as group_place, without copying. */
static bool group_fits(const struct segment_log *log, const struct log_record *records, size_t count, bool raise)
{
    const struct log_batch *filling = filling_batch(log);
    uint32_t batches = log->config.queue_batches - log->queue_count; /* not yet begun */
    uint32_t room = filling == NULL ? 0 : body_max(log) - filling->body_bytes;

    if (filling == NULL || raise) { /* a raise closes the filling batch, or an empty one */
        uint32_t need = raise && filling == NULL ? 2 : 1;
        if (batches < need) {
            return false;
        }
        batches -= need;
        room = body_max(log);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t left = record_bytes(&records[i]);
        bool placed = false;
        while (!placed || left > 0) { /* at most two turns per batch of the queue */
            uint32_t bytes = fragment_bytes(room, left);
            if (bytes == NO_FRAGMENT) {
                if (batches == 0) {
                    return false;
                }
                batches--;
                room = body_max(log);
                continue;
            }
            room -= record_span(bytes);
            left -= bytes;
            placed = true;
        }
    }
    return true;
}

/* Where the copying of a record stands among its parts. */
struct part_cursor {
    const struct log_record *record;
    size_t part;
    size_t offset; /* in the part */
};

static void parts_copy(struct part_cursor *cursor, uint8_t *out, uint32_t bytes)
{
    uint32_t done = 0;

    while (done < bytes) { /* each turn ends a part or the copy */
        ASSERT(cursor->part < cursor->record->parts_count);
        const struct bytes *part = &cursor->record->parts[cursor->part];
        size_t left = part->size - cursor->offset;
        size_t take = left < bytes - done ? left : bytes - done;
        if (take > 0) {
            memcpy(out + done, part->data + cursor->offset, take);
        }
        done += (uint32_t)take;
        cursor->offset += take;
        if (cursor->offset == part->size) {
            cursor->part++;
            cursor->offset = 0;
        }
    }
}

static void fragment_place(struct log_batch *batch, struct part_cursor *cursor, struct record_head *head)
{
    uint8_t *at = batch->data + batch_body_offset(2) + batch->body_bytes;
    uint32_t span = record_span(head->bytes);

    parts_copy(cursor, at + RECORD_HEAD_BYTES, head->bytes);
    memset(at + RECORD_HEAD_BYTES + head->bytes, 0, span - RECORD_HEAD_BYTES - head->bytes);
    head->payload_sum = record_payload_sum(at + RECORD_HEAD_BYTES, head->bytes);
    record_head_encode(head, at);
    batch->body_bytes += span;
}

static void record_place(struct segment_log *log, const struct log_record *record)
{
    struct part_cursor cursor = { .record = record };
    struct record_head head = { .kind = record->kind, .flags = record->flags, .height = record->height, .view = record->view, .hash = record->hash };
    bool placed = false;

    head.bytes_total = (uint32_t)record_bytes(record);
    while (!placed || head.bytes_before < head.bytes_total) {
        struct log_batch *batch = filling_batch(log);
        batch = batch == NULL ? queue_push(log) : batch;
        head.bytes = fragment_bytes(body_max(log) - batch->body_bytes, head.bytes_total - head.bytes_before);
        if (head.bytes == NO_FRAGMENT) {
            log_batch_close(log, batch, 0, 0);
            continue;
        }
        fragment_place(batch, &cursor, &head);
        head.bytes_before += head.bytes;
        placed = true;
    }
    log->counters.records++;
    log->counters.payload_bytes += head.bytes_total;
}

/* The capsule as the log keeps it: the caller's fields, the log's own limit, and what must be abstained from. That ends with its epoch, or
 * with a TIMEOUT above it: from then on T1 alone forbids everything that it forbids. */
static void capsule_take(struct segment_log *log, const struct capsule *capsule)
{
    struct capsule taken = *capsule;
    const struct capsule *before = &log->at.capsule;
    bool passed = before->abstain_epoch == capsule->epoch && capsule->timeout_view > before->abstain_view;
    bool abstains = before->abstain_view >= 0 && before->abstain_epoch >= capsule->epoch && !passed;

    taken.abstain_epoch = abstains ? before->abstain_epoch : 0;
    taken.abstain_view = abstains ? before->abstain_view : -1;
    taken.limit_epoch = log->limit_epoch;
    taken.limit_view = log->limit_view;
    log->at.capsule = taken;
}

void segment_log_abstain(struct segment_log *log, uint64_t epoch, int64_t view)
{
    struct capsule *capsule = &log->at.capsule;

    ASSERT(log->started);
    ASSERT(view >= 0);
    if (capsule->abstain_view < 0 || capsule->abstain_epoch < epoch || (capsule->abstain_epoch == epoch && capsule->abstain_view < view)) {
        capsule->abstain_epoch = epoch;
        capsule->abstain_view = view;
    }
}

/* view_reached: the view limit is never below what is signed, nor below what is abstained from: whoever abstains up to it later keeps both. */
static uint64_t view_reached(const struct segment_log *log, const struct capsule *capsule)
{
    const struct capsule *before = &log->at.capsule;
    uint64_t view = capsule_view_max(capsule);
    bool abstains = before->abstain_view >= 0 && before->abstain_epoch == capsule->epoch && capsule->timeout_view <= before->abstain_view;

    return abstains && (uint64_t)before->abstain_view > view ? (uint64_t)before->abstain_view : view;
}

/* Closes the filling batch, or an empty one, so that a limit above (epoch, view) is durable before what comes. */
static void limit_raise(struct segment_log *log, uint64_t epoch, uint64_t view)
{
    struct log_batch *batch = filling_batch(log);

    batch = batch == NULL ? queue_push(log) : batch;
    log_batch_close(log, batch, epoch, view + LOG_VIEW_LIMIT_STEP);
    log->counters.limit_batches++;
}

/* One batch may be needed for a view limit; each of the others loses one header to fragmentation and 8 bytes to rounding. */
static uint64_t group_bytes(uint32_t queue_batches, uint32_t batch_bytes)
{
    ASSERT(queue_batches >= 2);
    return (uint64_t)(queue_batches - 1) * (batch_body_max(batch_bytes / DISK_BLOCK) - RECORD_HEAD_BYTES - 8);
}

uint64_t segment_log_group_bytes_max(const struct segment_log *log) { return group_bytes(log->config.queue_batches, log->config.batch_bytes_max); }

uint64_t segment_log_group_bytes_of(uint32_t segment_bytes, uint32_t queue_batches) { return group_bytes(queue_batches, batch_bytes_most(segment_bytes)); }

enum err segment_log_append(struct segment_log *log, const struct capsule *capsule, const struct log_record *records, size_t count, uint64_t *lsn)
{
    uint64_t view = view_reached(log, capsule);
    bool raise = limit_is_below(log, capsule->epoch, view);

    ASSERT(log->started);
    ASSERT(count <= LOG_GROUP_RECORDS_MAX);
    ASSERT(capsule_follows(capsule, &log->at.capsule));
    if (log->failure != ERR_OK) {
        return log->failure;
    }
    if (!group_fits(log, records, count, raise)) {
        ASSERT(log->queue_count > 0); /* an empty queue takes every legal group */
        log->counters.full++;
        return ERR_FULL;
    }
    if (raise) {
        limit_raise(log, capsule->epoch, view);
    }
    for (size_t i = 0; i < count; i++) {
        ASSERT(records[i].kind != RECORD_SEAL);
        ASSERT((records[i].flags & ~RECORD_FLAG_DETACHABLE) == 0);
        record_place(log, &records[i]);
    }
    struct log_batch *batch = filling_batch(log);
    batch = batch == NULL ? queue_push(log) : batch;
    capsule_take(log, capsule);
    log->at.lsn++;
    batch->capsule = log->at.capsule;
    batch->lsn = log->at.lsn;
    log->counters.appends++;
    ASSERT(!batch->closed);
    ASSERT(batch->lsn > log->lsn_durable); /* a group is durable with a later write, never at once */
    *lsn = log->at.lsn;
    return ERR_OK;
}

/* --- Questions ------------------------------------------------------------------------------------------------------ */

uint64_t segment_log_durable_lsn(const struct segment_log *log) { return log->lsn_durable; }

bool segment_log_is_idle(const struct segment_log *log) { return log->queue_count == 0 && !log->writing; }

uint64_t segment_log_flight_bytes(const struct segment_log *log)
{
    return (uint64_t)log->config.queue_batches * log->config.batch_bytes_max + (uint64_t)log_opening_blocks(log) * DISK_BLOCK;
}

uint64_t segment_log_room_bytes(const struct segment_log *log)
{
    uint64_t here = log->at.move ? 0 : segment_blocks(log) - log->at.block;
    uint64_t next = log->at.next_ready ? segment_blocks(log) - SEGMENT_HEAD_BLOCKS - log_opening_blocks(log) : 0;

    return (here + next) * DISK_BLOCK;
}

void log_extent_note(struct segment_log *log, uint32_t segment, uint64_t height)
{
    struct log_extent *last = &log->extents[(log->extents_first + log->extents_count + DISK_SEGMENTS_MAX - 1) % DISK_SEGMENTS_MAX];

    if (log->extents_count == 0 || last->segment != segment) {
        ASSERT(log->extents_count == 0 || last->segment < segment);
        ASSERT(log->extents_count < DISK_SEGMENTS_MAX);
        last = &log->extents[(log->extents_first + log->extents_count++) % DISK_SEGMENTS_MAX];
        *last = (struct log_extent){ .segment = segment };
    }
    last->height_max = height > last->height_max ? height : last->height_max;
}

void log_repair_take(struct segment_log *log, const struct record_head *head, const uint8_t *payload)
{
    struct repair_note note;
    uint32_t bytes = head->bytes == head->bytes_total ? head->bytes : 0;

    ASSERT(head->kind == RECORD_REPAIR);
    for (uint32_t at = 0; at + REPAIR_NOTE_BYTES <= bytes && at < REPAIR_NOTES_MAX * REPAIR_NOTE_BYTES; at += REPAIR_NOTE_BYTES) {
        if (repair_note_decode(payload + at, &note) != ERR_OK) {
            return;
        }
        if (log->repairs.count == REPAIR_NOTES_MAX && log->extents_count > 0) {
            repair_notes_forget(&log->repairs, log->extents[log->extents_first].segment);
        }
        (void)repair_notes_add(&log->repairs, &note);
    }
}

uint32_t segment_log_needed(struct segment_log *log, uint64_t height)
{
    ASSERT(log->started);
    while (log->extents_count > 1 && log->extents[log->extents_first].height_max <= height) { /* the newest stays, whatever it holds */
        log->extents_first = (log->extents_first + 1) % DISK_SEGMENTS_MAX;
        log->extents_count--;
    }
    uint32_t needed = log->extents_count == 0 ? 0 : log->extents[log->extents_first].segment;
    ASSERT(needed <= log->at.segment); /* nobody lets go of what is being written */
    return needed;
}

const struct capsule *segment_log_capsule(const struct segment_log *log) { return &log->at.capsule; }

void segment_log_check(const struct segment_log *log)
{
    uint64_t lsn = log->lsn_durable;

    ASSERT(log->queue_count <= log->config.queue_batches);
    ASSERT(log->queue_head < log->config.queue_batches);
    ASSERT(log->table_count <= segment_blocks(log));
    ASSERT(log->at.move || log->at.block <= segment_blocks(log));
    ASSERT(log->at.segment_next > log->at.segment);
    for (uint32_t i = 0; i < log->queue_count; i++) {
        const struct log_batch *batch = log_batch_at(log, i);
        ASSERT(batch->closed || i + 1 == log->queue_count);
        ASSERT(batch->lsn >= lsn);
        ASSERT(batch->lsn <= log->at.lsn);
        ASSERT(batch->body_bytes <= body_max(log));
        lsn = batch->lsn;
    }
    ASSERT(!log->writing || log->write_is_opening || log_batch_at(log, 0)->closed);
    ASSERT(log->lsn_durable <= log->at.lsn);
    ASSERT(!limit_is_below(log, log->capsule_durable.limit_epoch, log->capsule_durable.limit_view)); /* 4 */
    ASSERT(log->extents_count <= DISK_SEGMENTS_MAX);
    ASSERT(log->extents_first < DISK_SEGMENTS_MAX);
    record_index_check(&log->index);
}
