/* segment_log.h: the log of a replica: append, group commit, durability, reading back.
 *
 * Records gather in memory; segment_log_kick sends all that waits as one batch in one durable write, and while that write is under way
 * the next batch gathers. No timer, no write when nothing was appended. Each batch carries the newest safety capsule whose records
 * are complete with it. A batch is durable when all batches up to it are.
 *
 *     append --> filling batch --kick--> in flight --completion--> durable(lsn)   --> the next by itself if it was kicked meanwhile
 *                                                 \--short or failed--> failed(err): nothing is ever retried on this log
 *
 * The log makes sure that no batch whose capsule reaches into a view above the durable view limit is written before a higher limit is
 * durable (storage.md, recovery): the caller need not care. */
#ifndef WARD_STORAGE_SEGMENT_LOG_H
#define WARD_STORAGE_SEGMENT_LOG_H

#include "base/arena.h"
#include "storage/disk.h"
#include "storage/format.h"
#include "storage/record_index.h"
#include "storage/repair_note.h"

#define LOG_GROUP_RECORDS_MAX 16u  /* records in one append */
#define LOG_RECORD_PARTS_MAX 16u   /* runs of bytes in one record */
#define LOG_QUEUE_BATCHES_MAX 16u
#define LOG_VIEW_LIMIT_STEP 64u    /* views that a raised limit is ahead */
#define LOG_SEGMENTS_MAX (DISK_SEGMENTS_MAX - 64u) /* that hold batches: beside them a start lists the one that is ready, and those that wait to be taken out of use */
#define LOG_AHEAD_BLOCKS 64u       /* read at once where records are read one after the other */

struct segment_log_config {
    uint32_t segment_bytes;   /* multiple of DISK_BLOCK, SEGMENT_BYTES_MIN to SEGMENT_BYTES_MAX; as in the superblock */
    uint32_t batch_bytes_max; /* multiple of DISK_BLOCK, at least 2; 0: the most that is allowed, which is 1 MiB unless segments are tiny */
    uint32_t queue_batches;   /* batches that can wait or be in flight, 2 to 16; one record must fit all but one. 6: 4 MiB and some */
    uint32_t index_entries;   /* newest record fragments that can be read back by name; a power of two */
    uint32_t segments_max;    /* that may hold batches; 0: LOG_SEGMENTS_MAX, which is the most */
    uint32_t scan_blocks;     /* read at once by recovery; 0: as much as its window holds, up to 2 MiB */
    uint64_t (*now_ns)(void *context); /* for the duration of writes only */
    void (*durable)(void *context, uint64_t lsn, uint64_t duration_ns); /* everything up to lsn is durable */
    void (*failed)(void *context, enum err err);                        /* once: stop voting, exit 8 */
    void *context;
};

/* One record to append. */
struct log_record {
    uint8_t kind; /* enum record_kind, not RECORD_SEAL; RECORD_REPAIR: `hash` is ignored, the payload is whole notes */
    uint8_t flags; /* 0 or RECORD_FLAG_DETACHABLE */
    uint64_t height;
    uint64_t view;
    struct hash32 hash;
    const struct bytes *parts; /* the payload is their concatenation */
    size_t parts_count;        /* 0 to LOG_RECORD_PARTS_MAX */
};

struct segment_log_counters {
    uint64_t appends;       /* groups */
    uint64_t records;
    uint64_t payload_bytes; /* as the callers gave them */
    uint64_t batches;       /* durable; equals flushes of the log but for one per new segment */
    uint64_t bytes_written; /* durable, headers and padding included */
    uint64_t segments;      /* begun */
    uint64_t limit_batches; /* batches that were closed early to raise the view limit */
    uint64_t full;          /* appends answered ERR_FULL */
    uint64_t write_ns_max;
    uint64_t write_ns_sum;
};

/* Where the log goes on; recovery fills it in. */
struct log_position {
    uint32_t segment;        /* newest segment with batches; 0: none yet */
    uint32_t block;          /* end of its last batch; the next free block unless move is set */
    uint64_t batch;          /* highest batch number in use */
    uint64_t lsn;            /* highest log position in use */
    uint64_t chain;          /* chain value of batch `batch`; 0: it is lost */
    uint32_t segment_next;   /* number of the next segment to begin, > segment */
    bool move;               /* seal and go on in the next segment */
    bool torn;               /* the segment was ended by a crash */
    bool next_ready;         /* segment_next is there and full of zeros */
    bool abstains_anew;      /* its capsule abstains from what no batch says yet: the log begins with an append of it */
    struct capsule capsule;  /* with which the log goes on */
};

/* What is known of a segment that counts: up to which height it holds blocks. */
struct log_extent {
    uint32_t segment;
    uint64_t height_max; /* 0: no block */
};

struct log_batch; /* segment_log_priv.h */
struct log_read;

struct segment_log {
    struct disk *disk;
    struct segment_log_config config;
    uint8_t instance[16];
    struct segment_log_counters counters;
    struct log_position at;          /* its capsule is the newest appended */
    struct capsule capsule_durable;  /* of the newest durable batch */
    struct log_batch *queue;         /* ring of config.queue_batches */
    uint8_t *queue_data;             /* their bytes, one run */
    uint32_t queue_head;             /* oldest batch: in flight, or next to go */
    uint32_t queue_count;            /* batches in use; the last of them is filling unless it is closed */
    uint64_t lsn_durable;
    uint64_t limit_epoch, limit_view; /* in the newest closed batch */
    struct seal_entry *table;        /* batches of segment `at.segment` */
    uint32_t table_count;
    uint64_t table_first, table_last; /* numbers of the first and last of them */
    uint8_t *opening;                /* header blocks and first batch of a new segment */
    uint8_t *scratch;                /* the window of recovery, then the buffer of reading back */
    uint32_t *segments;              /* DISK_SEGMENTS_MAX numbers, for recovery */
    struct log_extent *extents;      /* DISK_SEGMENTS_MAX, ascending; a ring */
    uint32_t extents_first, extents_count;
    struct disk_request write;
    struct disk_request prepare;
    struct record_index index;
    struct repair_notes repairs;     /* damage that was made good, of segments that count */
    struct log_read *reading;        /* at most one */
    struct { uint32_t segment, block, blocks; } window; /* what of the disk is in `scratch`; 0 blocks: nothing that is known */
    uint64_t write_begin_ns;
    uint64_t write_chain;            /* chain value of the batch under way */
    uint32_t write_blocks;           /* its blocks, without header blocks */
    bool write_is_opening;           /* the write under way begins a segment */
    bool writing;
    bool write_follows;              /* the write that begins follows on one that ended just now: it does not wait for the loop to sleep */
    bool kicked;                     /* what waits is wanted when the write or the segment under way is done */
    bool preparing;
    bool no_space;                   /* the last preparation found the disk full, or the log is long */
    bool stretched;                  /* one more segment than config.segments_max may be begun */
    bool started;                    /* segment_log_start was called */
    enum err failure;                /* ERR_OK while all is well */
};

/* segment_log_init takes all memory: (queue_batches + 2) batches, the index and some. Needs: a valid config. */
void segment_log_init(struct segment_log *log, struct arena *arena, struct disk *disk, const struct segment_log_config *config);

/* segment_log_buffers gives the memory that batches are written from, which is worth large pages: the kernel hands a run of small ones to the disk in more requests than
 * one, and pins each of them. Light work touches the first batch of it alone. Needs: init. */
struct bytes segment_log_buffers(const struct segment_log *log);

/* segment_log_start makes the log ready to append after recovery. Owns: instance and position are copied. Begins the preparation of
 * the next segment if it is missing; writes nothing else. Where the position abstains anew, its capsule is the first append, with a log position of its
 * own, and waits for a kick: what is signed later is durable no sooner than it. */
void segment_log_start(struct segment_log *log, const uint8_t instance[16], const struct log_position *position);

/* segment_log_group_bytes_max gives the largest group that an empty queue takes, record headers included. segment_log_group_bytes_of gives the same of a configuration with the largest batches. */
uint64_t segment_log_group_bytes_max(const struct segment_log *log);
uint64_t segment_log_group_bytes_of(uint32_t segment_bytes, uint32_t queue_batches);

/* segment_log_abstain makes the log remember that nothing may be signed at or below (epoch, view): in the capsule of the next append and all behind it, until a
 * TIMEOUT above it or the end of the epoch. A lower one than is remembered changes nothing. Needs: started; view of 0 or more. */
void segment_log_abstain(struct segment_log *log, uint64_t epoch, int64_t view);

/* segment_log_append queues the records as one group under one log position and, with the last of them, the capsule.
 * Needs: capsule_follows the newest one; count at most LOG_GROUP_RECORDS_MAX, 0 for a bare capsule; the group is no larger than
 * segment_log_group_bytes_max. Owns: bytes are copied.
 * Gives: *lsn, one more than the last. Fails: ERR_FULL: the queue has no room for all of it, nothing was taken, try again after the
 * next durable call; ERR_IO or ERR_NO_SPACE: the log failed. Cost: one copy and two sums of the payload; no syscall. */
enum err segment_log_append(struct segment_log *log, const struct capsule *capsule, const struct log_record *records, size_t count, uint64_t *lsn);

/* segment_log_kick starts the write of what waits; while one is under way, the next begins when that one is done. What nobody kicks waits for
 * company. The driver calls it at most once per turn, after the effects of the turn. Cost: at most one request queued on the ring. */
void segment_log_kick(struct segment_log *log);

/* segment_log_durable_lsn gives the position up to which everything is durable. */
uint64_t segment_log_durable_lsn(const struct segment_log *log);

/* segment_log_is_idle: nothing waits and nothing is in flight. */
bool segment_log_is_idle(const struct segment_log *log);

/* segment_log_room_bytes gives the bytes that can be written before a segment is needed that is not ready. */
uint64_t segment_log_room_bytes(const struct segment_log *log);

/* segment_log_flight_bytes gives the most that can wait or be in flight: with less room than this the log may come to stand. */
uint64_t segment_log_flight_bytes(const struct segment_log *log);

/* segment_log_is_long: as many segments hold batches as a start can list. No further one is asked for until segment_log_needed lets some go. */
bool segment_log_is_long(const struct segment_log *log);

/* segment_log_stretch lets a log that is long begin one more segment, in all: for what must be appended before others can be let go. */
void segment_log_stretch(struct segment_log *log);

/* segment_log_is_starved: the next segment is not there, because the disk was too full to prepare it or the log is long. Nothing has failed: it is asked for again with
 * every batch and by segment_log_reserve. */
bool segment_log_is_starved(const struct segment_log *log);

/* segment_log_reserve asks for the next segment unless it is there or on its way. Needs: segment_log_start was called, or it does nothing. */
void segment_log_reserve(struct segment_log *log);

/* segment_log_needed gives the number of the oldest segment that must stay when no block up to `height` is needed any more, 0 when the log is empty; those
 * before it are not known to the log any more. Needs: started. What else still counts in them must have been appended again. */
uint32_t segment_log_needed(struct segment_log *log, uint64_t height);

/* segment_log_capsule gives the newest capsule appended, with the log's own fields. */
const struct capsule *segment_log_capsule(const struct segment_log *log);

/* segment_log_check asserts the invariants. */
void segment_log_check(const struct segment_log *log);

/* One reading back. The caller keeps it, and `out`, until `done` was called. */
struct log_read {
    struct disk_request request;
    struct segment_log *log;
    uint8_t kind;
    struct hash32 hash;
    bool ahead;           /* may be taken from what an earlier one read, and reads further when it follows on that: not for looking at the disk */
    bool taken;           /* internal: from what an earlier one read */
    uint8_t *out;         /* NULL: the record is checked, not copied */
    uint32_t out_bytes;   /* capacity */
    uint32_t bytes_total; /* of the record, known after the first fragment */
    uint32_t bytes_read;
    struct record_place place; /* of the fragment under way */
    void (*done)(struct log_read *read, enum err err, uint32_t bytes);
    void *context; /* the caller's */
};

/* segment_log_read_now reads a record like segment_log_read, before the log is started: it blocks, and `done` is not called. Gives: read->bytes_read. Fails: likewise; ERR_IO. */
enum err segment_log_read_now(struct segment_log *log, struct log_read *read);

/* segment_log_read begins to read the payload of a durable record by kind and hash; the fields from `kind` to `out_bytes`
 * and `done` are filled in by the caller. Asynchronous, because serving a peer must never stall the loop behind a slow disk.
 * Fails at once: ERR_NOT_FOUND (not in the index), ERR_AGAIN (another read is under way). Through `done`: ERR_FULL (out too small),
 * ERR_FORMAT (rotten: try another peer's copy), ERR_IO. With `ahead`, `done` may be called before it returns. Cost: one read per fragment; of records that follow each
 * other in a closed segment, with `ahead`, one per LOG_AHEAD_BLOCKS. */
enum err segment_log_read(struct segment_log *log, struct log_read *read);

#endif
