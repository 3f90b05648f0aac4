/* archive.h: what execution adds beside the state: audit events and receipts, found by patient and by transaction.
 *
 * Outside the state root; each item can be checked from state (the patient's audit root and count, the receipts root). It is derived from
 * the log: a start that replays the log fills it again. Two rings of fixed size: the oldest items are forgotten first, and an answer that
 * would need them says so instead of being short. */
#ifndef WARD_NODE_ARCHIVE_H
#define WARD_NODE_ARCHIVE_H

#include "base/arena.h"
#include "ledger/entity.h"
#include "ledger/receipt.h"

#include <stdbool.h>

struct archive_event {
    uint8_t patient[ACCT_BYTES];
    uint64_t seq;      /* place in the patient's audit tree */
    uint64_t previous; /* number of the next older entry of the bucket; 0: none */
    uint8_t bytes[AUDIT_EVENT_BYTES];
};

struct archive_receipt {
    struct receipt receipt;
    uint64_t position; /* leaf in the receipts log */
    uint64_t previous;
};

struct archive {
    struct archive_event *events;     /* events_max */
    struct archive_receipt *receipts; /* receipts_max */
    uint64_t *event_buckets, *receipt_buckets;
    uint32_t events_max, receipts_max; /* powers of two */
    uint64_t events_last, receipts_last; /* number of the newest entry, from 1 */
};

/* archive_init takes both rings. Needs: powers of two. Cost: about 210 bytes per event, 150 per receipt; untouched ones cost nothing. */
void archive_init(struct archive *archive, struct arena *arena, uint32_t events_max, uint32_t receipts_max);

void archive_add_event(struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES]);
void archive_add_receipt(struct archive *archive, uint64_t position, const struct receipt *receipt);

/* archive_find_event gives the bytes of one event, or NULL when it is unknown or forgotten. Cost: one walk of a bucket. */
const uint8_t *archive_find_event(const struct archive *archive, const uint8_t patient[ACCT_BYTES], uint64_t seq);

/* archive_find_receipt gives the receipt of a transaction, or NULL. Gives: *position, its leaf in the receipts log. */
const struct receipt *archive_find_receipt(const struct archive *archive, const struct hash32 *tx_id, uint64_t *position);

/* archive_receipt_at gives the receipt of a leaf, or NULL when it is forgotten. Cost: O(1), leaves are consecutive. */
const struct receipt *archive_receipt_at(const struct archive *archive, uint64_t position);

#endif
