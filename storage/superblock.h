/* superblock.h: the few facts of a store that must outlive any segment, in four copies of one block each.
 *
 * A new version goes first to copies 0 and 1, then to copies 2 and 3, each pair in one durable write; it is opened by the highest
 * sequence found in at least two equal copies. So at every moment two equal copies are whole, and two bad ones do no harm.
 * Written at checkpoints, epoch changes and clean stops, and when the log's view limit was raised, never per vote. */
#ifndef WARD_STORAGE_SUPERBLOCK_H
#define WARD_STORAGE_SUPERBLOCK_H

#include "base/arena.h"
#include "storage/disk.h"
#include "storage/format.h"

/* Features that must be known. */
#define SUPERBLOCK_REJOINS UINT64_C(1) /* made for a key whose store was lost: the log does not know what the key signed before */
#define SUPERBLOCK_FEATURES_KNOWN SUPERBLOCK_REJOINS

struct superblock {
    uint32_t version;             /* FORMAT_VERSION */
    uint64_t features_compatible; /* bits that an older build may ignore, */
    uint64_t features_read_only;  /* ... may ignore when it only reads, */
    uint64_t features_required;   /* ... must know: SUPERBLOCK_* */
    uint64_t sequence;            /* from 1, counts versions */
    uint64_t previous_sum;        /* checksum of the version before; 0 for the first */
    struct hash32 cluster;        /* hash of the genesis */
    uint32_t replica;             /* index at genesis; UINT32_MAX: joined later */
    uint8_t instance[16];         /* random, made when the store was; the key file carries the same */
    uint32_t segment_bytes;
    uint32_t first_segment;       /* oldest segment that counts */
    uint64_t durable_floor;       /* highest batch known durable when this was written */
    uint64_t checkpoint_height;   /* newest checkpoint */
    struct hash32 checkpoint_block;
    struct hash32 checkpoint_state;
    struct hash32 checkpoint_snapshot; /* digest of the snapshot file; zero: none */
    uint64_t epoch;
    struct hash32 config; /* digest of the configuration of the epoch */
    uint64_t limit_epoch; /* as in the newest capsule when this was written */
    uint64_t limit_view;
    bool clean; /* the last act of an orderly stop: batch durable_floor was the last */
};

/* superblock_first gives the version of a new store, but for its instance: nothing is durable, segment 1 is to be the first, and what its first batches may sign is bounded
 * though all of them be lost (T11). */
struct superblock superblock_first(const struct hash32 *cluster, uint32_t replica, uint32_t segment_bytes, const struct hash32 *config);

/* superblock_encode writes one block: the version as copy number `copy`. Needs: out has DISK_BLOCK bytes; copy < SUPERBLOCK_COPIES. */
void superblock_encode(const struct superblock *superblock, uint32_t copy, uint8_t *out);

/* superblock_decode reads one block that claims to be copy `copy`. Fails: ERR_FORMAT (any wrong byte), ERR_VERSION (a newer version
 * or an unknown required feature); *out is then undefined. */
enum err superblock_decode(const uint8_t *block, uint32_t copy, struct superblock *out);

/* superblock_choose gives the version that at least two of the four blocks agree on, with the highest sequence.
 * Gives: *bad_map, one bit per copy that differs from it. Fails: ERR_NOT_FOUND when no two agree; ERR_VERSION when the pair is too new. */
enum err superblock_choose(const uint8_t *blocks, struct superblock *out, uint32_t *bad_map);

enum superblock_stage {
    SUPERBLOCK_IDLE,
    SUPERBLOCK_REPAIR,     /* a copy that was bad is being rewritten with the current version */
    SUPERBLOCK_FIRST_PAIR, /* copies 0 and 1 get the next version */
    SUPERBLOCK_LAST_PAIR   /* copies 2 and 3 */
};

/* The writer of versions. One at a time. */
struct superblock_store {
    struct disk *disk;
    struct superblock current; /* what two copies at least hold */
    struct superblock next;    /* under way */
    uint8_t *blocks;           /* SUPERBLOCK_COPIES blocks */
    struct disk_request request;
    enum superblock_stage stage;
    uint32_t bad_map;      /* copies that do not hold the current version, one bit each */
    uint64_t sequence_max; /* highest sequence seen in any copy */
    void (*done)(void *context, enum err err);
    void *context;
};

/* superblock_store_init takes its buffer. */
void superblock_store_init(struct superblock_store *store, struct arena *arena, struct disk *disk);

/* superblock_store_open reads the four copies and chooses. Gives: store->current. Fails: as superblock_choose; ERR_IO. Blocks. */
enum err superblock_store_open(struct superblock_store *store);

/* superblock_store_write writes a new version, two copies at a time; sequence, previous_sum and version are set by the store. Bad
 * copies are first rewritten with the current version, one by one. After the first pair is durable the version holds.
 * Needs: nothing under way. Gives: done(context, err), unless it is NULL, when all four copies are written. Fails: through `done` or at once, then `done`
 * is not called. Cost: two durable writes of 8 KiB, one of 4 KiB per bad copy. */
enum err superblock_store_write(struct superblock_store *store, const struct superblock *next, void (*done)(void *context, enum err err), void *context);

bool superblock_store_is_busy(const struct superblock_store *store);

#endif
