/* archive.h: what execution adds beside the state: audit events, receipts and sealed locators, found by patient, transaction and hash.
 *
 * Outside the state root; each item can be checked from state (the patient's audit root and count, the receipts root, the pointer's locator
 * hash). It is derived from the log: a start that replays the log fills it again. Rings of fixed size: the oldest items are forgotten first,
 * and an answer that would need them says so instead of being short. Beside events and receipts stand the tops of crypto/merkle_log.h, so that
 * each one that is held can be proved in O(log^2). */
#ifndef WARD_NODE_ARCHIVE_H
#define WARD_NODE_ARCHIVE_H

#include "base/arena.h"
#include "crypto/locator.h"
#include "crypto/merkle_log.h"
#include "ledger/entity.h"
#include "ledger/receipt.h"

#include <stdbool.h>

struct archive_event {
    uint8_t patient[ACCT_BYTES];
    uint64_t seq;      /* place in the patient's audit tree */
    uint64_t previous; /* number of the next older entry of the bucket; 0: none */
    struct hash32 top; /* in the patient's audit tree; zeros: it was not to be had any more */
    uint8_t bytes[AUDIT_EVENT_BYTES];
};

struct archive_receipt {
    struct receipt receipt;
    uint64_t position; /* leaf in the receipts log */
    uint64_t previous;
    struct hash32 top; /* in the receipts log */
};

struct archive_locator {
    struct hash32 hash; /* as the command claims it */
    uint64_t previous;
    uint8_t bytes[LOCATOR_SEALED_BYTES];
};

/* The newest forgotten top of one level. */
struct archive_top {
    uint64_t position;
    struct hash32 top;
    bool set;
};

#define ARCHIVE_WAYS 4u /* places for one (patient, level) */

/* The newest forgotten top of one patient and level. */
struct archive_trail_top {
    uint8_t patient[ACCT_BYTES];
    uint32_t level;
    struct archive_top top;
    uint64_t number; /* of the event when it was held */
};

struct archive_sizes {
    uint32_t events_max;   /* powers of two */
    uint32_t receipts_max;
    uint32_t locators_max; /* a power of two; 0: none are kept */
};

struct archive {
    struct archive_sizes sizes;
    struct archive_event *events;     /* events_max */
    struct archive_receipt *receipts; /* receipts_max */
    struct archive_locator *locators; /* locators_max */
    uint64_t *event_buckets, *receipt_buckets, *locator_buckets;
    uint64_t events_last, receipts_last, locators_last; /* number of the newest entry, from 1 */
    struct archive_top forgotten[MERKLE_DEPTH_MAX]; /* of the receipts log, by level */
    struct archive_trail_top *forgotten_events;     /* events_max / 2 places, in sets of ARCHIVE_WAYS */
};

/* archive_init takes the rings. Needs: at least 2 x ARCHIVE_WAYS events. Cost: about 300 bytes per event, 180 per receipt, 560 per locator; untouched ones cost nothing. */
void archive_init(struct archive *archive, struct arena *arena, const struct archive_sizes *sizes);

/* Adding: events of a patient and receipts in the order of their numbers. top: of its leaf, if the caller has it; NULL: it is computed.
 * Cost: with a top, no hash; else one leaf and amortised one node. */
void archive_add_event(struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES],
                       const struct hash32 *top);
void archive_add_receipt(struct archive *archive, uint64_t position, const struct receipt *receipt, const struct hash32 *top);
void archive_add_locator(struct archive *archive, const struct hash32 *hash, const uint8_t bytes[LOCATOR_SEALED_BYTES]);

/* archive_expect_event, archive_expect_receipt and archive_expect_locator fetch what adding one will touch besides its entry: the rings and their buckets are larger than any cache. Nothing but time
 * depends on them. Cost: a prefetch. */
void archive_expect_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq);
void archive_expect_receipt(const struct archive *archive, const struct hash32 *tx_id);
void archive_expect_locator(const struct archive *archive, const struct hash32 *hash);

/* archive_fits_receipt tells whether a receipt of that position may be added next: positions are consecutive. */
bool archive_fits_receipt(const struct archive *archive, uint64_t position);

/* archive_add_top keeps the top of a receipt from before the first one that is added. Needs: position < UINT64_MAX. */
void archive_add_top(struct archive *archive, uint64_t position, const struct hash32 *top);

/* archive_clear forgets everything. */
void archive_clear(struct archive *archive);

/* archive_find_event gives the bytes of one event, or NULL when it is unknown or forgotten. Cost: one walk of a bucket. */
const uint8_t *archive_find_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq);

/* archive_find_receipt gives the receipt of a transaction, or NULL. Gives: *position, its leaf in the receipts log. */
const struct receipt *archive_find_receipt(const struct archive *archive, const struct hash32 *tx_id, uint64_t *position);

/* archive_receipt_at gives the receipt of a leaf, or NULL when it is forgotten. Cost: O(1), leaves are consecutive. */
const struct receipt *archive_receipt_at(const struct archive *archive, uint64_t position);

/* archive_find_locator gives the sealed locator with this hash, or NULL. Whoever claimed the hash of another's bytes is passed over.
 * Cost: one walk of a bucket, and one hash for each entry that claims it. */
const uint8_t *archive_find_locator(const struct archive *archive, const struct hash32 *hash);

/* archive_receipts_log gives the receipts log, archive_trail_log the audit tree of one patient, for proofs. Owns: the archive, the trail. */
struct archive_trail {
    const struct archive *archive;
    uint8_t patient[ACCT_BYTES];
};
struct merkle_log archive_receipts_log(const struct archive *archive);
struct merkle_log archive_trail_log(const struct archive_trail *trail);

#endif
