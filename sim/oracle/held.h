/* held.h: what a server holds, whether it ever shows it or not: proofs that blocks are committed, and the blocks of its log.
 *
 *     proof      proves a commit by C1 or C2 (proofs.h), by certificates that can exist, of the block that others executed     C1, C2, I18
 *     TC         the QC in it, or a higher one, is the high QC     T2
 *     log        every block above the last but one snapshot, or above what it fetched a snapshot for, up to what its capsule says is committed    K2, I2 */
#ifndef WARD_SIM_ORACLE_HELD_H
#define WARD_SIM_ORACLE_HELD_H

#include "node/driver.h"
#include "sim/oracle/oracle.h"

/* What was looked at before, of one server. */
struct held {
    struct ballot tip[2];   /* the two halves of the newest proof */
    uint64_t saved;         /* sequence of the superblock */
    struct hash32 named;    /* the snapshot that it named when that was looked at (medium.h) */
    bool resumes;           /* it looks at what an earlier run fetched of a snapshot */
    uint64_t executed;      /* the highest block that it executed, in this life or another: what members that lag need is counted from there */
    uint64_t from_height;   /* its log begins above: it fetched a snapshot of that block */
    uint64_t mended;        /* height of a block that it appended again, and that nobody has looked at yet (mended.h); 0: none */
    uint32_t mended_boots;  /* ... in this life */
    uint32_t going;         /* first segment of the superblock that was being written when that was looked at */
    uint64_t accused;       /* when it found somebody out, in the life accused_boots; 0: nobody, or its log was looked at since */
    uint32_t accused_boots;
};

/* held_tip looks at the proof of the newest block, when it is another one than before; NULL: it has none. */
void held_tip(struct held *held, struct oracle *oracle, uint32_t member, const struct commit_proof *proof);

/* held_tc looks at the TC by which a server entered its view, and at its high QC. */
void held_tc(const struct oracle *oracle, uint32_t member, const struct replica_status *status);

/* held_shown looks at what a client got as a proof of a block: a header and the encoded proof (R5). */
void held_shown(struct oracle *oracle, uint32_t member, const struct block_header *header, struct bytes encoded);

/* held_began looks at the log behind a start: of what its newest capsule says is committed nothing is gone. held_saved does so whenever the superblock says something new. Needs: the
 * disk tells the truth, and nothing of it rotted. */
void held_began(struct held *held, struct oracle *oracle, uint32_t member, const struct driver *driver);
void held_saved(struct held *held, struct oracle *oracle, uint32_t member, const struct driver *driver, const struct superblock *saved);

/* held_way: the TC by which a server entered its view is not in segments that may go: it was appended again behind the snapshot (K2). Needs: it is in the log, if not durable yet. */
void held_way(const struct oracle *oracle, uint32_t member, const struct driver *driver, const struct timeout_cert *tc, uint32_t first_segment);

/* held_named: nor is the high QC that its newest durable promise names (K2, I8); an index that is full says nothing of old records. high: that of its replica. held_evidence: that it found somebody out is in its log (section 2). Needs: the log is
 * whole, and what was appended then is durable. */
void held_named(const struct oracle *oracle, uint32_t member, const struct driver *driver, struct rank high, uint32_t first_segment);
void held_evidence(const struct oracle *oracle, uint32_t member, const struct driver *driver);

/* held_slots: nothing is written into the slot of one of the two snapshots that are kept: the log goes up to the older of them, for the newer one may turn out to be unreadable (K2). */
void held_slots(const struct oracle *oracle, uint32_t member, const struct snapshots *snapshots);

/* held_based: a start begins with the very snapshot that the superblock names, or with none where it names none (K2). Needs: likewise. */
void held_based(const struct oracle *oracle, uint32_t member, const struct driver *driver, const struct superblock *saved);

#endif
