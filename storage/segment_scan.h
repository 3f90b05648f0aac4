/* segment_scan.h: a walk over the places of one segment: every block is tested for a batch header, and none but the blocks of a batch
 * with a whole header is skipped. Reads ahead in large pieces; an unreadable block costs that block only.
 *
 * A segment has its full size, durably, before it has its name. So where a file is shorter than that, it was cut: the blocks that it lacks are there to be scanned and cannot be read. */
#ifndef WARD_STORAGE_SEGMENT_SCAN_H
#define WARD_STORAGE_SEGMENT_SCAN_H

#include "storage/batch.h"
#include "storage/disk.h"
#include "storage/segment.h"

#define SCAN_WINDOW_BLOCKS_MAX (2u * BATCH_BLOCKS_MAX)

/* One place: a batch with a whole header, a single block that begins none, or all that was cut off. */
struct scan_place {
    uint32_t block;
    uint32_t blocks; /* of the batch, or cut off; 1 for a single block */
    enum head_found head_found;
    enum body_found body_found; /* when the header is whole */
    bool blank;                 /* a single block of zeros */
    uint64_t chain;             /* of the batch */
    struct batch_head head;
    const uint8_t *data; /* the blocks, until the next call; unreadable ones are zeros */
};

struct segment_scan {
    struct disk *disk;
    uint32_t segment;
    uint32_t segment_blocks; /* to be scanned */
    uint32_t file_blocks;    /* of these, that the file has: the rest was cut off */
    uint64_t salt;
    uint8_t *window;
    uint32_t window_max;   /* capacity in blocks, at least BATCH_BLOCKS_MAX or a whole segment */
    uint32_t ahead;        /* blocks that are read at once where fewer would do */
    uint32_t window_first; /* block at its start */
    uint32_t window_count; /* blocks in it */
    uint32_t next;         /* block of the next place */
    uint64_t bytes_read;
    bool unreadable[SCAN_WINDOW_BLOCKS_MAX]; /* by block of the window */
};

/* segment_scan_init starts behind the header blocks. Needs: window holds window_blocks blocks, aligned; no batch is larger.
 * Fails: ERR_NOT_FOUND, ERR_IO. */
enum err segment_scan_init(struct segment_scan *scan, struct disk *disk, uint32_t segment, const uint8_t instance[16], uint32_t segment_bytes,
                           uint8_t *window, uint32_t window_blocks);

/* segment_scan_ahead says how many blocks are read at once, where the window would hold more: little memory is touched. Needs: blocks >= 1. */
void segment_scan_ahead(struct segment_scan *scan, uint32_t blocks);

/* segment_scan_until lets the scan end before `block`, as if the file did. Needs: nothing was read yet; block >= SEGMENT_HEAD_BLOCKS. */
void segment_scan_until(struct segment_scan *scan, uint32_t block);

/* segment_scan_heads decodes both header blocks. Gives: *blank when both are zeros. Fails: per copy, errs[i]. Uses the window. */
void segment_scan_heads(struct segment_scan *scan, struct segment_head heads[SEGMENT_HEAD_BLOCKS], enum err errs[SEGMENT_HEAD_BLOCKS], bool *blank);

/* segment_scan_next gives the next place. Fails: ERR_NOT_FOUND at the end, ERR_VERSION when a whole header is of a newer format. */
enum err segment_scan_next(struct segment_scan *scan, struct scan_place *place);

#endif
