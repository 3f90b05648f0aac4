/* segment_scan.c: see segment_scan.h. Invariant: the window holds blocks window_first .. window_first + window_count of the segment. */
#include "storage/segment_scan.h"

#include "base/assert.h"

#include <string.h>

enum err segment_scan_init(struct segment_scan *scan, struct disk *disk, uint32_t segment, const uint8_t instance[16], uint32_t segment_bytes,
                           uint8_t *window, uint32_t window_blocks)
{
    uint64_t bytes = 0;
    enum err err = disk->ops->size_bytes(disk, segment, &bytes);

    ASSERT(segment >= 1);
    ASSERT(window_blocks >= SEGMENT_HEAD_BLOCKS);
    if (err != ERR_OK) {
        return err;
    }
    bytes = bytes < segment_bytes ? bytes : segment_bytes;
    ASSERT(segment_bytes % DISK_BLOCK == 0);
    *scan = (struct segment_scan){ .disk = disk, .segment = segment, .window = window, .next = SEGMENT_HEAD_BLOCKS };
    scan->segment_blocks = segment_bytes / DISK_BLOCK;
    scan->file_blocks = (uint32_t)(bytes / DISK_BLOCK);
    scan->salt = segment_salt(instance, segment);
    scan->window_max = window_blocks < SCAN_WINDOW_BLOCKS_MAX ? window_blocks : SCAN_WINDOW_BLOCKS_MAX;
    scan->ahead = scan->window_max;
    ASSERT(scan->window_max >= SEGMENT_HEAD_BLOCKS);
    return ERR_OK;
}

/* Reads blocks that the file has; what cannot be read is zeros and marked. */
static void blocks_read(struct segment_scan *scan, uint32_t first, uint32_t blocks, uint8_t *to, bool *unreadable)
{
    struct disk *disk = scan->disk;

    ASSERT(first + blocks <= scan->file_blocks);
    ASSERT(blocks >= 1);
    if (disk->ops->read(disk, scan->segment, (uint64_t)first * DISK_BLOCK, to, (size_t)blocks * DISK_BLOCK) != ERR_OK) {
        for (uint32_t i = 0; i < blocks; i++) {
            uint8_t *block = to + (size_t)i * DISK_BLOCK;
            if (disk->ops->read(disk, scan->segment, (uint64_t)(first + i) * DISK_BLOCK, block, DISK_BLOCK) != ERR_OK) {
                memset(block, 0, DISK_BLOCK);
                unreadable[i] = true;
            }
        }
    }
    scan->bytes_read += (uint64_t)blocks * DISK_BLOCK;
}

/* Reads blocks into the window behind those that it has; what was cut off is zeros and marked. */
static void window_read(struct segment_scan *scan, uint32_t blocks)
{
    uint32_t first = scan->window_first + scan->window_count;
    uint8_t *to = scan->window + (size_t)scan->window_count * DISK_BLOCK;
    bool *unreadable = scan->unreadable + scan->window_count;
    uint32_t there = first >= scan->file_blocks ? 0 : scan->file_blocks - first;

    ASSERT(scan->window_count + blocks <= scan->window_max);
    ASSERT(first + blocks <= scan->segment_blocks);
    there = there < blocks ? there : blocks;
    memset(unreadable, 0, blocks * sizeof unreadable[0]);
    if (there > 0) {
        blocks_read(scan, first, there, to, unreadable);
    }
    for (uint32_t i = there; i < blocks; i++) {
        memset(to + (size_t)i * DISK_BLOCK, 0, DISK_BLOCK);
        unreadable[i] = true;
    }
    scan->window_count += blocks;
}

/* Makes the window hold `blocks` blocks from `block` on. Gives: false when the segment, or the window, has not that many. */
static bool window_need(struct segment_scan *scan, uint32_t block, uint32_t blocks)
{
    uint32_t end = scan->window_first + scan->window_count;

    ASSERT(block >= scan->window_first || scan->window_count == 0);
    if (blocks > scan->window_max || block + blocks > scan->segment_blocks) {
        return false;
    }
    if (scan->window_count > 0 && block + blocks <= end) {
        return true;
    }
    uint32_t keep = scan->window_count > 0 && block < end ? end - block : 0;
    if (keep > 0) {
        memmove(scan->window, scan->window + (size_t)(block - scan->window_first) * DISK_BLOCK, (size_t)keep * DISK_BLOCK);
        memmove(scan->unreadable, scan->unreadable + (block - scan->window_first), keep * sizeof scan->unreadable[0]);
    }
    scan->window_first = block;
    scan->window_count = keep;
    uint32_t left = scan->segment_blocks - block - keep;
    uint32_t room = scan->window_max - keep;
    uint32_t want = blocks - keep > scan->ahead ? blocks - keep : scan->ahead;
    want = want < room ? want : room;
    window_read(scan, left < want ? left : want);
    ASSERT(scan->window_first <= block);
    ASSERT(block + blocks <= scan->window_first + scan->window_count);
    return true;
}

void segment_scan_ahead(struct segment_scan *scan, uint32_t blocks)
{
    ASSERT(blocks >= 1);
    scan->ahead = blocks < scan->window_max ? blocks : scan->window_max;
}

void segment_scan_until(struct segment_scan *scan, uint32_t block)
{
    ASSERT(scan->window_count == 0);
    ASSERT(block >= SEGMENT_HEAD_BLOCKS);
    scan->segment_blocks = block < scan->segment_blocks ? block : scan->segment_blocks;
}

void segment_scan_heads(struct segment_scan *scan, struct segment_head heads[SEGMENT_HEAD_BLOCKS], enum err errs[SEGMENT_HEAD_BLOCKS], bool *blank)
{
    *blank = true;
    ASSERT(scan->window_count == 0);
    for (uint32_t i = 0; i < SEGMENT_HEAD_BLOCKS; i++) {
        errs[i] = ERR_FORMAT;
        if (!window_need(scan, i, 1) || scan->unreadable[i - scan->window_first]) {
            *blank = false;
            continue;
        }
        const uint8_t *block = scan->window + (size_t)(i - scan->window_first) * DISK_BLOCK;
        errs[i] = segment_head_decode(block, &heads[i]);
        if (errs[i] == ERR_OK && heads[i].segment != scan->segment) {
            errs[i] = ERR_FORMAT; /* a whole header of another segment: misdirected */
        }
        *blank = *blank && bytes_are_zero(block, DISK_BLOCK);
    }
}

/* Fills in the place whose header is whole. */
static void place_is_batch(struct segment_scan *scan, struct scan_place *place)
{
    ASSERT(place->head.blocks >= 1);
    ASSERT(place->head.segment == scan->segment);
    place->head_found = HEAD_WHOLE;
    place->blocks = place->head.blocks;
    if (!window_need(scan, place->block, place->blocks)) { /* longer than a segment: no batch of ours */
        place->body_found = BODY_BAD;
        place->blocks = 1;
        place->data = NULL;
    } else {
        uint32_t at = place->block - scan->window_first;
        place->data = scan->window + (size_t)at * DISK_BLOCK;
        place->body_found = batch_body_check(&place->head, place->data, scan->unreadable + at);
    }
    place->chain = batch_chain(scan->window + (size_t)(place->block - scan->window_first) * DISK_BLOCK);
}

enum err segment_scan_next(struct segment_scan *scan, struct scan_place *place)
{
    uint32_t block = scan->next;

    if (block >= scan->segment_blocks || !window_need(scan, block, 1)) {
        return ERR_NOT_FOUND;
    }
    *place = (struct scan_place){ .block = block, .blocks = 1, .head_found = HEAD_OTHER, .body_found = BODY_BAD };
    if (block >= scan->file_blocks) {
        place->blocks = scan->segment_blocks - block;
        scan->next = scan->segment_blocks;
        return ERR_OK;
    }
    uint32_t at = block - scan->window_first;
    const uint8_t *data = scan->window + (size_t)at * DISK_BLOCK;
    if (!scan->unreadable[at] && bytes_are_zero(data, DISK_BLOCK)) { /* most of what is scanned */
        place->head_found = HEAD_ZERO;
        place->blank = true;
    } else if (!scan->unreadable[at]) {
        enum err err = batch_head_decode(data, batch_seed(scan->salt, block), &place->head);
        if (err == ERR_VERSION) {
            return err;
        }
        if (err == ERR_OK && place->head.segment == scan->segment) {
            place_is_batch(scan, place);
        } else if (bytes_are_zero(data, DISK_SECTOR)) {
            place->head_found = HEAD_ZERO;
        }
    }
    scan->next = block + place->blocks;
    ASSERT(scan->next > block);
    ASSERT(!place->blank || place->head_found == HEAD_ZERO);
    return ERR_OK;
}
