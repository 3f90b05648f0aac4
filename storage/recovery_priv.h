/* recovery_priv.h: what the two halves of recovery share: recovery.c walks and decides, recovery_records.c delivers and salvages. */
#ifndef WARD_STORAGE_RECOVERY_PRIV_H
#define WARD_STORAGE_RECOVERY_PRIV_H

#include "storage/recovery.h"
#include "storage/segment_log_priv.h"

/* A record larger than a batch, on its way from its fragments into one run of bytes. */
struct record_assembly {
    bool busy;
    bool hurt; /* something was lost since it began: an end that never comes is damage, not a cut */
    struct record_head head;
    uint32_t bytes; /* so far */
    uint32_t segment, block; /* where it begins: it is named by that, because where its end is missed changes with what is appended later */
    uint64_t batch;
};

struct recovery {
    struct segment_log *log;
    const struct superblock *superblock;
    const struct recovery_sink *sink; /* NULL: nobody is told */
    bool peeks;                       /* nothing on the disk is changed, and the end of the log may be all that is read */
    struct recovery_outcome *outcome;
    struct segment_scan scan;
    struct record_assembly assembly;
    size_t segments_count; /* numbers in log->segments */
    uint64_t expected;     /* number of the next batch; 0: not known yet */
    uint32_t table_segment; /* which segment log->table describes; 0: none yet */
    uint64_t source;       /* batch that the capsule comes from; 0: none */
    enum batch_fate source_fate;
    struct capsule capsule;
    uint64_t height;    /* of the newest block record met; 0: none yet */
    uint32_t open;      /* entries of the damage list from here on wait for the height of the block behind them */
    uint64_t ambiguous; /* places that may have held an acknowledged batch */
};

/* recovery_report enters a piece of damage. */
void recovery_report(struct recovery *recovery, const struct recovery_damage *damage);

/* recovery_settle drops from the list what the notes of the log settle, once all of them were read. */
void recovery_settle(struct recovery *recovery);

/* recovery_deliver hands out the records of a valid batch. Fails: ERR_VERSION, ERR_FULL. */
enum err recovery_deliver(struct recovery *recovery, const struct scan_place *place);

/* recovery_salvage hands out what is good in a batch that is not, and reports the rest by name. Fails: as recovery_deliver. */
enum err recovery_salvage(struct recovery *recovery, const struct scan_place *place, enum batch_fate fate);

/* recovery_assembly_end ends a record whose last fragment never came. */
void recovery_assembly_end(struct recovery *recovery);

#endif
