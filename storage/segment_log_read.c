/* segment_log_read.c: reading a durable record back, fragment by fragment, for peers that ask.
 *
 *     place of the fragment --in the window of a reading before--> taken from there --wrong--+
 *                    \--> read, and further if it follows on the window --fails---> read alone <--+
 *
 * A member that lags asks for one block after the other, and in the log they stand one behind the other: read each alone, they cost as many turns of the loop. What
 * is durable never changes, so a window cannot be wrong about it; what was not yet written when it was read fails its sums there, and is read again. */
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

static bool is_in_window(const struct segment_log *log, const struct record_place *place)
{
    uint32_t first = place_block(place);

    return log->window.segment == place->segment && first >= log->window.block && first + place_blocks(place) <= log->window.block + log->window.blocks;
}

/* ahead_blocks gives how much to read for a place: more than it has where it follows on the window in a segment that nothing is written to any more. */
static uint32_t ahead_blocks(const struct segment_log *log, const struct record_place *place)
{
    uint32_t first = place_block(place), end = log->window.block + log->window.blocks, least = place_blocks(place);
    uint32_t room = log->config.segment_bytes / DISK_BLOCK - first, most = LOG_AHEAD_BLOCKS < room ? LOG_AHEAD_BLOCKS : room;
    bool follows = log->window.blocks > 0 && log->window.segment == place->segment && first >= log->window.block && first < end + LOG_AHEAD_BLOCKS;

    ASSERT(least >= 1);
    ASSERT(first < log->config.segment_bytes / DISK_BLOCK);
    most = most < log_scratch_blocks(log) ? most : log_scratch_blocks(log);
    return follows && place->segment != log->at.segment && most > least ? most : least;
}

static enum err place_start(struct segment_log *log, struct log_read *read, uint32_t blocks)
{
    ASSERT(blocks >= place_blocks(&read->place));
    ASSERT(blocks <= log_scratch_blocks(log));
    log->window.segment = read->place.segment;
    log->window.block = place_block(&read->place);
    log->window.blocks = blocks;
    read->taken = false;
    read->request = (struct disk_request){
        .completion = { .done = read_done },
        .file = read->place.segment,
        .bytes = blocks * DISK_BLOCK,
        .offset = (uint64_t)place_block(&read->place) * DISK_BLOCK,
        .data = log->scratch,
    };
    return log->disk->ops->read_start(log->disk, &read->request);
}

/* Begins to read the next fragment; read->taken: the window has it, and nothing was begun. Fails: ERR_NOT_FOUND: forgotten by the index. */
static enum err fragment_start(struct segment_log *log, struct log_read *read)
{
    ASSERT(log->reading == NULL || log->reading == read);
    if (!record_index_find(&log->index, read->kind, &read->hash, read->bytes_read, &read->place)) {
        return ERR_NOT_FOUND;
    }
    read->taken = read->ahead && is_in_window(log, &read->place);
    if (read->taken) {
        return ERR_OK;
    }
    return place_start(log, read, read->ahead ? ahead_blocks(log, &read->place) : place_blocks(&read->place));
}

/* Checks the fragment that is in the window and copies it out. */
static enum err fragment_take(struct segment_log *log, struct log_read *read)
{
    ASSERT(is_in_window(log, &read->place));
    const uint8_t *at = log->scratch + (size_t)(place_block(&read->place) - log->window.block) * DISK_BLOCK + read->place.offset % DISK_BLOCK;
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
    ASSERT(read->bytes_read <= read->bytes_total);
    return ERR_OK;
}

/* fragments_take takes fragments while the window has them. Gives: true when a reading was begun, whose end is awaited. */
static bool fragments_take(struct segment_log *log, struct log_read *read, enum err *err)
{
    bool more = true;

    ASSERT(log->reading == read);
    while (more && *err == ERR_OK) { /* Each brings a byte at least, but that of an empty record, which has no other. */
        *err = fragment_take(log, read);
        if (*err == ERR_FORMAT && read->taken) {
            *err = place_start(log, read, place_blocks(&read->place)); /* Not yet written when the window was read, or rotten. */
            return *err == ERR_OK;
        }
        more = *err == ERR_OK && read->bytes_read < read->bytes_total;
        if (more) {
            *err = fragment_start(log, read);
            if (*err == ERR_OK && !read->taken) {
                return true;
            }
        }
    }
    return false;
}

static void finish(struct segment_log *log, struct log_read *read, enum err err)
{
    ASSERT(log->reading == read);
    ASSERT(err != ERR_OK || read->bytes_read == read->bytes_total);
    log->reading = NULL;
    read->done(read, err, err == ERR_OK ? read->bytes_read : 0);
}

static void read_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct log_read *read = (struct log_read *)(void *)((uint8_t *)completion - offsetof(struct log_read, request.completion));
    struct segment_log *log = read->log;
    bool whole = result >= 0 && (uint32_t)result == read->request.bytes, further = read->request.bytes > place_blocks(&read->place) * DISK_BLOCK;
    enum err err = whole ? ERR_OK : ERR_IO;

    (void)flags;
    ASSERT(log->reading == read);
    log->window.blocks = whole ? log->window.blocks : 0;
    if (!whole && further) { /* What lies behind it is none of its business. */
        err = place_start(log, read, place_blocks(&read->place));
        if (err == ERR_OK) {
            return;
        }
    }
    if (!fragments_take(log, read, &err)) {
        finish(log, read, err);
    }
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
    if (err != ERR_OK) {
        return err;
    }
    log->reading = read;
    if (read->taken && !fragments_take(log, read, &err)) {
        finish(log, read, err);
    }
    return ERR_OK;
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
        log->window.segment = read->place.segment;
        log->window.block = place_block(&read->place);
        log->window.blocks = place_blocks(&read->place);
        err = log->disk->ops->read(log->disk, read->place.segment, (uint64_t)place_block(&read->place) * DISK_BLOCK, log->scratch, place_blocks(&read->place) * DISK_BLOCK);
        err = err == ERR_OK ? fragment_take(log, read) : err;
    } while (err == ERR_OK && read->bytes_read < read->bytes_total);
    ASSERT(err != ERR_OK || read->bytes_read == read->bytes_total);
    return err;
}
