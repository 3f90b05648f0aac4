/* recovery.h: from the bytes of a data directory to the state in which the replica goes on, and to what it must not do.
 *
 * The truth table is in recovery_table.c: what is found at the place of a batch, and whether the batch was provably durable, decide
 * its fate. Nothing that may have been acknowledged is ever cut: it is reported. */
#ifndef WARD_STORAGE_RECOVERY_H
#define WARD_STORAGE_RECOVERY_H

#include "storage/recovery_table.h"
#include "storage/segment_log.h"
#include "storage/superblock.h"

#define RECOVERY_DAMAGE_MAX 256u /* reported one by one; more are counted */
#define RECOVERY_SURVEYS_MAX 64u /* the newest segment with a batch, those behind it, and the oldest; others are read as if for the first time */

/* May the replica sign? The worst of all findings. */
enum recovery_sign {
    SIGN_FREELY,       /* the newest capsule is whole, and so is its batch */
    SIGN_AFTER_FETCH,  /* the capsule is whole; fetch block and certificates that it names before signing (the `missing` fields) */
    SIGN_ABOVE_LIMIT,  /* one batch is lost: nothing at or below (capsule.abstain_epoch, capsule.abstain_view), and say so in QUERY */
    SIGN_NEVER         /* no superblock, or more than one acknowledged batch at the end is lost: this key has lost its vote */
};

/* One piece of what is not as it was written. */
struct recovery_damage {
    enum batch_fate fate; /* ROT, TORN, ADOPT or AMBIGUOUS */
    uint32_t segment;
    uint32_t block;       /* where it begins; 0: the header of the segment, or no trace is left */
    uint32_t block_end;   /* a run that is lost without a trace ends before this block; 0: it is the batch at `block` alone, or nobody knows */
    uint64_t batch;       /* number; 0: a header of a segment */
    uint64_t batches;     /* how many from there on: 1 but for a run that is lost without a trace */
    uint8_t kind;         /* of a record whose header is whole but whose payload is not; 0: none such */
    uint64_t height;      /* of that record: what to ask peers for, with `hash` */
    uint64_t height_last; /* kind 0: what is lost may be of heights from `height` to this one; UINT64_MAX: to the tip */
    struct hash32 hash;
};

/* A record that survived, in the order of appending; `payload` is whole and lives until the call returns. */
struct recovered_record {
    uint8_t kind;
    uint8_t flags; /* RECORD_FLAG_ERASED: payload is zeros */
    uint64_t height;
    uint64_t view;
    uint64_t batch; /* number of the batch that completes it */
    struct hash32 hash;
    struct bytes payload;
};

struct recovery_sink {
    void (*record)(void *context, const struct recovered_record *record); /* seals and states are not delivered */
    void *context;
};

/* What one scan without deciding anything says about a segment. */
struct segment_survey {
    uint32_t segment;
    bool has_batch;       /* a whole header is in it */
    bool blank;           /* nothing but zeros, to the full size of a segment */
    enum head_found first_place;
    uint32_t blank_from;  /* from this block on there is nothing but zeros; behind the last one: there is no such block */
    uint64_t first_batch; /* from its header or its first batch; 0: unknown */
    uint64_t proved;      /* the highest batch that something valid in it proves durable */
};

struct recovery_outcome {
    enum recovery_sign sign;
    struct log_position position; /* for segment_log_start; its capsule is the one to resume from */
    bool missing_vote_block;      /* the block of the last vote is not among the records */
    bool missing_high_qc;         /* ... the certificate high_digest */
    bool missing_tc;              /* ... the certificate tc_digest */
    uint64_t proved;              /* D: the highest batch that something valid proves durable */
    uint64_t batches;             /* kept */
    uint64_t records;             /* delivered */
    uint64_t bytes_scanned;
    uint32_t foreign;             /* the segment of another store that ERR_CONFLICT is about; 0: there is none */
    uint32_t torn;                /* batches dropped because they were never durable */
    uint32_t repaired;            /* pieces of damage that were made good since: a note says so, they are not in the list */
    uint32_t damage_count;        /* entries in damage */
    uint32_t damage_unlisted;     /* further ones */
    struct recovery_damage damage[RECOVERY_DAMAGE_MAX];
    uint32_t surveys_count;
    struct segment_survey surveys[RECOVERY_SURVEYS_MAX];
};

/* recovery_note gives the note that would settle a piece of damage. Needs: damage->segment is not 0. */
struct repair_note recovery_note(const struct recovery_damage *damage);

/* recovery_run reads every live segment once (of the newest, what is written, twice), delivers the surviving records, fills the log's index and decides. sink: NULL: nobody is told. The log must be
 * initialised and not started; its buffers are used as scratch. Damage that a note of the log settles is
 * counted as repaired and not listed; what was appended again for it is delivered where it lies now, behind what it belonged before. Needs: superblock as superblock_store_open gave it.
 * Gives: *outcome; nothing was written but a segment that provably never held anything durable may be discarded.
 * Fails: ERR_IO (a segment cannot be opened), ERR_CONFLICT (a segment of another store, named in
 * outcome->foreign; with 0 there: a segment that another process still writes to), ERR_VERSION (a newer format or a record
 * kind that must not be skipped), ERR_FULL (more segments than DISK_SEGMENTS_MAX). Blocks: this is start-up. */
enum err recovery_run(struct segment_log *log, const struct superblock *superblock, const struct recovery_sink *sink, struct recovery_outcome *outcome);

/* recovery_peek reads the newest segment with a batch, the one before it and the headers of the others: as a rule that tells what was promised. Delivers nothing, changes nothing on the disk.
 * Gives: *enough: position.batch, its capsule and `sign` are what recovery_run would find, but for which of SIGN_FREELY and SIGN_AFTER_FETCH. Without *enough, and for all else in *outcome,
 * recovery_run_again comes next, which this makes ready for, and which may still be refused. Needs: as recovery_run. Fails: as recovery_run, for what it reads. */
enum err recovery_peek(struct segment_log *log, const struct superblock *superblock, struct recovery_outcome *outcome, bool *enough);

/* recovery_run_again is recovery_run for another reading of the same log: where that one found nothing but zeros to the end of a segment it looks no more.
 * Where notes settle so much that other damage finds no place in the list, it reads once more, delivering nothing. Needs: outcome as that reading left it; nothing else touched the store since. */
enum err recovery_run_again(struct segment_log *log, const struct superblock *superblock, const struct recovery_sink *sink, struct recovery_outcome *outcome);

#endif
