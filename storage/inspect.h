/* inspect.h: a read-only walk through a store, for `ward inspect superblock` and `ward inspect log`. It repairs nothing, decides nothing
 * about signing and may run on a copy of a directory, or beside a running replica: open the directory with datadir_open_read and the disk without a queue. */
#ifndef WARD_STORAGE_INSPECT_H
#define WARD_STORAGE_INSPECT_H

#include "base/arena.h"
#include "storage/disk.h"
#include "storage/format.h"
#include "storage/recovery_table.h"
#include "storage/superblock.h"

struct inspect_superblock {
    enum err copy_err[SUPERBLOCK_COPIES]; /* ERR_OK: readable */
    struct superblock copy[SUPERBLOCK_COPIES];
    enum err chosen_err; /* ERR_OK: two copies agree */
    struct superblock chosen;
    uint32_t bad_map; /* copies that differ from the chosen one, one bit each */
};

struct inspect_segment {
    uint32_t segment;
    enum err head_err[SEGMENT_HEAD_BLOCKS]; /* of each header copy */
    struct segment_head head;               /* the first readable one */
};

struct inspect_batch {
    uint32_t segment;
    uint32_t block;
    uint32_t blocks; /* 1 when the header is not whole */
    enum head_found head_found;
    enum body_found body_found; /* of a whole header */
    struct batch_head head;
};

struct inspect_record {
    uint64_t batch;
    struct record_place place;
    struct record_head head;
    bool payload_good;
    const uint8_t *payload; /* head.bytes, until the call returns */
};

struct inspect_sink {
    void *context;
    void (*segment)(void *context, const struct inspect_segment *segment);
    void (*batch)(void *context, const struct inspect_batch *batch); /* also each block that is not zeros and begins no batch */
    void (*record)(void *context, const struct inspect_record *record); /* NULL: not wanted */
};

/* inspect_footprint gives the memory that both walks together take from an arena. */
size_t inspect_footprint(void);

/* inspect_superblock reads the four copies. Fails: ERR_IO. */
enum err inspect_superblock(struct disk *disk, struct arena *arena, struct inspect_superblock *out);

/* inspect_log walks all segments in order; instance and segment_bytes of `superblock` must be right. Fails: ERR_IO, ERR_FULL,
 * ERR_VERSION. */
enum err inspect_log(struct disk *disk, struct arena *arena, const struct superblock *superblock, const struct inspect_sink *sink);

/* inspect_snapshots looks at the heads in the slots. Fails: ERR_VERSION: one is of a newer version, and a start refuses it; whatever else is wrong with one, a start takes another. */
enum err inspect_snapshots(struct disk *disk);

#endif
