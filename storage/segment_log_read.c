/* segment_log_read.c: reading a durable record back, fragment by fragment, for peers that ask. */
#include "base/assert.h"
#include "storage/segment_log_priv.h"

#include <string.h>

static void read_done(struct completion *completion, int32_t result, uint32_t flags);

/* The blocks that hold the fragment: first one, counted in the segment. */
static uint32_t place_block(const struct record_place *place) { return place->block + place->offset / DISK_BLOCK; }

static uint32_t place_blocks(const struct record_place *place)
{
    uint32_t end = place->offset + RECORD_HEAD_BYTES + place->bytes;

    return (end + DISK_BLOCK - 1) / DISK_BLOCK - place->offset / DISK_BLOCK;
}

/* Begins to read the next fragment. Fails: ERR_NOT_FOUND: forgotten by the index. */
static enum err fragment_start(struct segment_log *log, struct log_read *read)
{
    if (!record_index_find(&log->index, read->kind, &read->hash, read->bytes_read, &read->place)) {
        return ERR_NOT_FOUND;
    }
    ASSERT(place_blocks(&read->place) <= log_scratch_blocks(log));
    read->request = (struct disk_request){
        .completion = { .done = read_done },
        .file = read->place.segment,
        .bytes = place_blocks(&read->place) * DISK_BLOCK,
        .offset = (uint64_t)place_block(&read->place) * DISK_BLOCK,
        .data = log->scratch,
    };
    return log->disk->ops->read_start(log->disk, &read->request);
}

/* Checks the fragment that was read and copies it out. */
static enum err fragment_take(struct segment_log *log, struct log_read *read)
{
    const uint8_t *at = log->scratch + read->place.offset % DISK_BLOCK;
    struct record_head head;

    if (!record_head_decode(at, &head) || head.kind != read->kind || head.bytes != read->place.bytes || head.bytes_before != read->bytes_read) {
        return ERR_FORMAT;
    }
    if (!hash_equal(&head.hash, &read->hash) || (read->bytes_read > 0 && head.bytes_total != read->bytes_total)) {
        return ERR_FORMAT;
    }
    if ((head.flags & RECORD_FLAG_ERASED) != 0) {
        return ERR_NOT_FOUND;
    }
    if (!record_payload_is_good(&head, at + RECORD_HEAD_BYTES)) {
        return ERR_FORMAT;
    }
    read->bytes_total = head.bytes_total;
    if (read->out != NULL && head.bytes_total > read->out_bytes) {
        return ERR_FULL;
    }
    if (read->out != NULL) {
        memcpy(read->out + read->bytes_read, at + RECORD_HEAD_BYTES, head.bytes);
    }
    read->bytes_read += head.bytes;
    return ERR_OK;
}

static void read_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct log_read *read = (struct log_read *)(void *)((uint8_t *)completion - offsetof(struct log_read, request.completion));
    struct segment_log *log = read->log;
    enum err err = ERR_IO;

    (void)flags;
    ASSERT(log->reading == read);
    if (result >= 0 && (uint32_t)result == read->request.bytes) {
        err = fragment_take(log, read);
    }
    if (err == ERR_OK && read->bytes_read < read->bytes_total) {
        err = fragment_start(log, read);
        if (err == ERR_OK) {
            return;
        }
    }
    log->reading = NULL;
    read->done(read, err, err == ERR_OK ? read->bytes_read : 0);
}

enum err segment_log_read(struct segment_log *log, struct log_read *read)
{
    ASSERT(log->started);
    ASSERT(read->done != NULL);
    if (log->reading != NULL) {
        return ERR_AGAIN;
    }
    read->log = log;
    read->bytes_read = 0;
    read->bytes_total = 0;
    enum err err = fragment_start(log, read);
    log->reading = err == ERR_OK ? read : NULL;
    return err;
}

enum err segment_log_read_now(struct segment_log *log, struct log_read *read)
{
    enum err err = ERR_OK;

    ASSERT(!log->started);
    ASSERT(log->reading == NULL);
    read->log = log;
    read->bytes_read = 0;
    read->bytes_total = 0;
    do { /* Each fragment brings a byte at least, but that of an empty record. */
        if (!record_index_find(&log->index, read->kind, &read->hash, read->bytes_read, &read->place)) {
            return ERR_NOT_FOUND;
        }
        ASSERT(place_blocks(&read->place) <= log_scratch_blocks(log));
        err = log->disk->ops->read(log->disk, read->place.segment, (uint64_t)place_block(&read->place) * DISK_BLOCK, log->scratch, place_blocks(&read->place) * DISK_BLOCK);
        err = err == ERR_OK ? fragment_take(log, read) : err;
    } while (err == ERR_OK && read->bytes_read < read->bytes_total);
    return err;
}
