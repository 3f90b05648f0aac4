/* snapshots.h: makes a snapshot of state and archive every so often, in slices, while the replica goes on.
 *
 *     checkpoint block, due --pin--> its certificate --> archive --> state --> manifest, certificate, head --> all read back and checked
 *                                          \--another came first: missed                                         |
 *     anything fails: given up, counted; the next one is due at its time                superblock names it <----+
 *     missed, or due while a start replays: the next checkpoint block begins one (the rhythm of what is due for all stays)
 *
 * Due is a matter of the chain alone: so many bytes of commands since the last, or so many blocks. So all replicas with the same settings
 * make the same ones. A slice ends after slice_ns and the next begins pause_ns later; without a snapshot in the making there is no deadline (N5).
 * A member that lags and finds no f + 1 alike wishes for one: at once of the newest certified state, or else of the next checkpoint block (S3), in a twentieth of the time at most.
 * Sans-IO but for `struct disk`. */
#ifndef WARD_NODE_SNAPSHOTS_H
#define WARD_NODE_SNAPSHOTS_H

#include "node/apply.h"
#include "node/archive_pack.h"
#include "node/views.h"
#include "storage/snapshot_io.h"
#include "storage/superblock.h"
#include "wire/cert.h"

#define SNAPSHOTS_PIN VIEWS_PINS       /* of the state store; views.h has those below */
#define SNAPSHOTS_SLICE_NS 1000000u
#define SNAPSHOTS_PAUSE_NS 4000000u    /* a fifth of a core at most */
#define SNAPSHOTS_BLOCK_BYTES 512u     /* what a block counts besides its commands */
#define SNAPSHOTS_REST 19u             /* times as long as one took, until one is made for a wish (S4): with slices and pauses a hundredth of a core */

struct snapshots_config {
    uint64_t due_bytes;       /* of commands since the last one, or the size of the state if that is more; 0: never */
    uint64_t due_blocks;      /* blocks since the last one: less than are served from the log */
    uint32_t chunk_bytes_max; /* STATE_CHUNK_BYTES_MIN to STATE_CHUNK_BYTES_MAX */
    uint32_t segment_bytes;
    uint64_t (*now_ns)(void *context);
    void *context;
    struct views *views;      /* whose certified state one is made of for a wish; told of every block before us. NULL: none is made at once */
};

enum snapshots_stage {
    SNAPSHOTS_IDLE,
    SNAPSHOTS_CERTIFICATE, /* pinned; waits for the certificate */
    SNAPSHOTS_ARCHIVE,
    SNAPSHOTS_STATE,
    SNAPSHOTS_MANIFEST,
    SNAPSHOTS_CERT,
    SNAPSHOTS_HEAD,
    SNAPSHOTS_CHECK,       /* reads back */
    SNAPSHOTS_INSTALL      /* waits for the superblock */
};

/* A snapshot that lies whole in a slot. */
struct snapshots_entry {
    bool set;
    uint32_t slot;
    uint64_t height;
    struct hash32 digest;
    struct checkpoint checkpoint;
    struct snapshot_head head;
};

struct snapshots_counters {
    uint64_t made, missed, failed;
    uint64_t bytes;        /* of chunks written */
    uint64_t slices, slice_ns_max;
};

/* What a manifest says besides: its block, and what its owner goes on counting from. */
struct snapshots_note {
    struct block_header header;
    uint64_t bytes, blocks;    /* since the last one was due */
    uint64_t checkpoint_ms;    /* time of the newest checkpoint block (K1): its own, or an earlier one */
};

/* What a snapshot is made of besides the state: taken while that is the newest one. */
struct snapshots_mark {
    struct snapshots_note note; /* header.height 0: none */
    struct archive_pack pack;
};

struct snapshots {
    struct snapshots_config config;
    struct apply *apply;
    struct snapshot_io io;
    struct state_chunker chunker;
    struct snapshot_manifest manifest;
    struct snapshots_entry newest, older;
    uint32_t lent;              /* slot that a snapshot of others is fetched into; SNAPSHOT_SLOTS: none. Meanwhile none of our own begins */
    struct snapshots_counters counters;
    const char *reason;         /* why the last one was not made, "" if it was */
    uint64_t checkpoint_ms;     /* time of the newest checkpoint block (K1) */
    uint64_t bytes, blocks;     /* since the last one was due */
    bool hurried;               /* the next checkpoint block begins one, due or not: room is needed, or one is made up for */
    enum snapshots_stage stage;
    struct snapshots_entry making;
    uint64_t resume_ns;
    struct snapshots_note note;   /* of the one in the making */
    struct block_header tip;      /* newest executed block, or that of the snapshot which a start began with; height 0: none yet */
    struct snapshots_mark marks[VIEWS_PINS]; /* of the views, by the number of the pin */
    bool wished;                  /* of the newest certified state: a member found no two that are alike (S3) */
    uint64_t began_ns, rest_ns;   /* the one in the making; none is made for a wish before */
    struct archive_pack pack;
    struct state_cursor cursor;
    bool cursor_ended, root_wrong;
    struct snapshot_place place; /* of what comes next; of the chunk that is checked next */
    uint32_t checked;
    uint64_t *sums;             /* of the chunks as they were written, SNAPSHOT_CHUNKS_MAX */
    struct snapshot_head head;
    uint8_t cert[CHECKPOINT_CERT_BYTES_MAX];
    uint32_t cert_bytes;
    bool save_wanted;           /* the superblock shall name it */
    bool installed;             /* news for the owner, who takes it back */
};

/* snapshots_take takes buffers of three chunks and a manifest. Owns: apply must outlive it. */
void snapshots_take(struct snapshots *snapshots, struct arena *arena, struct disk *disk, struct apply *apply, const struct snapshots_config *config);

/* snapshots_executed is told of every block, between two blocks. Cost: a pin when a snapshot is due. `live`: false while a start replays: what is due then was not made, because a start begins with the newest, and begins
 * at the next checkpoint block. */
void snapshots_executed(struct snapshots *snapshots, const struct block_header *header, size_t body_bytes, bool live);

/* snapshots_hurry lets the next checkpoint block begin a snapshot although none is due, so that the log behind it can go: the disk is nearly full. What is due for all
 * replicas stays due when it is. Nothing happens where snapshots are switched off. */
void snapshots_hurry(struct snapshots *snapshots);

/* snapshots_wish: somebody has been offered the newest one again and again and does not take it. The newest certified state begins another, if it is newer, or else the next
 * checkpoint block; not too soon behind the one before, and not where snapshots are switched off. Source: S3, S4. */
void snapshots_wish(struct snapshots *snapshots);

/* snapshots_certified is told of the newest certificate, or NULL, whenever there may be a new one. */
void snapshots_certified(struct snapshots *snapshots, const struct checkpoint_cert *cert);

/* snapshots_work does a slice when it is time. snapshots_deadline_ns gives when; UINT64_MAX: nothing is to be done, or the disk is waited for. */
void snapshots_work(struct snapshots *snapshots);
uint64_t snapshots_deadline_ns(const struct snapshots *snapshots);

/* snapshots_stop gives up what is being made, unless it only waits for the superblock: the process is to end. */
void snapshots_stop(struct snapshots *snapshots);

/* snapshots_fill writes the checkpoint fields of a superblock: of the snapshot that is to be installed, or of the newest. */
void snapshots_fill(const struct snapshots *snapshots, struct superblock *next);

/* snapshots_saved tells how it went with a superblock that snapshots_fill had a part in, when it named `digest`. */
void snapshots_saved(struct snapshots *snapshots, const struct hash32 *digest, enum err err);

/* snapshots_cert_check verifies a certificate, signatures included. Cost: q signature checks. */
enum verdict snapshots_cert_check(const struct checkpoint_cert *cert, const struct config *epoch, const struct hash32 *chain_id);

/* snapshots_base_check tells whether a manifest is of what a certificate says: height, block, state root. Gives: *header. */
bool snapshots_base_check(const struct snapshot_manifest *manifest, const struct checkpoint_cert *cert, struct block_header *header);

/* What a snapshot begins a replica with. */
struct snapshots_base {
    struct block_header header;
    struct checkpoint_cert cert;
    uint64_t checkpoint_ms; /* time of the newest checkpoint block up to it (K1) */
};

/* snapshots_load takes over the newest snapshot that is whole and certified, of those in the slots: first the one that the superblock names. The ledger and archive
 * hold its state then. Gives: OK and *base. Fails: ERR_NOT_FOUND: there is none; the ledger is undefined then, if the superblock names one.
 * ERR_VERSION: one in a slot is of a newer version, named or not: nothing is loaded. Blocks. */
enum err snapshots_load(struct snapshots *snapshots, const struct superblock *superblock, const struct config *epoch, const struct hash32 *chain_id,
                        struct snapshots_base *base);

/* snapshots_check asserts what holds between two calls: of the slots, and of the one in the making. */
void snapshots_check(const struct snapshots *snapshots);

#endif
