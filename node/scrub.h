/* scrub.h: re-reads what lies on the disk, slowly, so that rot is found while others still have what it took.
 *
 *     oldest sealed segment, ..., newest sealed segment, newest snapshot, and again from the oldest one that counts
 *
 * A read is at most 1 MiB, of the byte budget that has come together since the last one, and begins only when the log has written something since: a
 * replica without work reads nothing, and no timer belongs to it (N5). What is found damaged goes the way of all damage (node/repair.h); a damaged
 * snapshot is replaced by a new one.
 *
 * This pair is the look at one segment, block by block, over bytes that somebody else read; node/driver_scrub.c reads. The walk gives the same answer as
 * recovery: a batch counts by number, chain and sums; what stands behind the last number of its segment is void. */
#ifndef WARD_NODE_SCRUB_H
#define WARD_NODE_SCRUB_H

#include "storage/batch.h"
#include "storage/recovery.h"
#include "storage/snapshot_io.h"

#define SCRUB_READ_BYTES SNAPSHOT_IO_BYTES
#define SCRUB_READ_BLOCKS (SCRUB_READ_BYTES / DISK_BLOCK)

_Static_assert(SCRUB_READ_BLOCKS >= BATCH_BLOCKS_MAX, "a whole batch fits a read");

enum scrub_stage {
    SCRUB_IDLE,     /* the next read begins a segment, or the snapshot */
    SCRUB_BOUND,    /* the header of the segment behind is being read: where this one ends */
    SCRUB_BODY,
    SCRUB_SINGLE,   /* a read failed: its blocks are read one by one */
    SCRUB_MANIFEST, /* of the newest snapshot */
    SCRUB_CHUNK
};

struct scrub_counters {
    uint64_t bytes;     /* read */
    uint64_t segments;  /* looked at, all of it */
    uint64_t snapshots;
    uint64_t passes;    /* over everything */
    uint64_t found;     /* pieces of damage of the log that nobody knew */
    uint64_t snapshots_bad;
};

/* The look at one segment. */
struct scrub_walk {
    uint32_t segment;
    uint32_t segment_blocks;
    uint64_t salt;
    uint64_t expected;   /* number of the next batch; 0: not known yet */
    uint64_t superseded; /* first number of the next segment: nothing from there on counts */
    uint64_t chain;      /* of the batch before; 0: unknown */
    uint32_t gap_block;  /* first block since the last batch that begins none; 0: there is none */
    uint32_t next;       /* block that is looked at next */
    uint64_t height;     /* of the newest block record met; 0: none yet */
    uint64_t height_max; /* of the segment, for what has no block behind it */
    bool has_pending;    /* damage that waits for the height of the block behind it */
    struct recovery_damage pending;
    void (*damage)(void *context, const struct recovery_damage *damage);
    void *context;
};

/* scrub_walk_begin begins behind the header blocks of a segment. Needs: walk->damage, context and height_max are set; first: its first batch, 0 when that is
 * unknown; superseded is not 0. */
void scrub_walk_begin(struct scrub_walk *walk, const uint8_t instance[16], uint32_t segment, uint32_t segment_bytes, uint64_t first, uint64_t superseded);

/* A run of blocks that was read. */
struct scrub_run {
    uint32_t block;          /* its first, counted in the segment */
    uint32_t count;
    const uint8_t *data;
    const bool *unreadable;  /* by block; NULL: all could be read. The bytes of those are zeros */
};

/* scrub_walk_look looks at a run that begins at walk->next and moves on. Gives: true when the segment is done: its last batch or its end was met. False: more blocks
 * from walk->next on are wanted. Needs: the run has BATCH_BLOCKS_MAX blocks or reaches the end of the segment. */
bool scrub_walk_look(struct scrub_walk *walk, const struct scrub_run *run);

struct scrub {
    uint64_t bytes_per_s; /* the budget; 0: off */
    uint64_t paid_ns;     /* reads up to here are paid for */
    uint64_t batches;     /* of the log, when the last read began */
    enum scrub_stage stage;
    struct scrub_walk walk;
    struct snapshot_io io; /* its buffer serves for segments as well */
    struct disk_request request;
    bool busy;             /* a read of a segment is under way */
    bool ready;            /* it is done: */
    int32_t result;
    uint32_t single;       /* block of the run that is read next, one by one */
    uint32_t run_blocks;   /* of the run under way */
    bool unreadable[SCRUB_READ_BLOCKS];
    uint64_t first;        /* first batch of the segment `first_of`; 0: unknown */
    uint32_t first_of;     /* the segment that followed the one looked at last: others may follow by now */
    uint32_t after;        /* segment that was looked at last; 0: begin with the oldest */
    struct snapshot_manifest manifest;
    struct hash32 digest;  /* of the snapshot under way */
    uint32_t slot, chunk;
    struct snapshot_place place;
    enum err io_err;
    struct scrub_counters counters;
};

#endif
