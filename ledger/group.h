/* group.h: what up to sixteen commands of a block add to the logs, hashed side by side.
 *
 * A command that emits one event puts off its hashes: the event's leaf, the patient's audit tree and its root, the digest of the events, the receipt's leaf; one with a few
 * events, whose leaves lanes have made already, puts off their digest. What
 * follows is the same for every command and independent between them, so lanes do it four or eight at a time.
 *
 *     audit_end --group_put_event--> (record with a root of zeros, peaks without the newest) --group_resolve--> true root and peaks in the state
 *     receipt ----group_put_receipt------------------------------------------------------------ group_settle --> receipts log, sink
 *
 * Nobody sees the zeros: exec_get and exec_put resolve the group when they meet a patient that waits in it, everything but a POINTER_ADD begins resolved, and no
 * group outlives the call that executes. Bytes, order and verdicts are those of one command at a time. */
#ifndef WARD_LEDGER_GROUP_H
#define WARD_LEDGER_GROUP_H

#include "crypto/merkle.h"
#include "ledger/entity.h"
#include "ledger/receipt.h"
#include "storage/state_store.h"

#include <stdbool.h>
#include <stdint.h>

#define GROUP_COMMANDS MERKLE_SIDE_MAX
#define GROUP_NONE UINT32_MAX

/* One event whose hashes wait, with the tree of its patient as it was before. */
struct group_event {
    uint8_t patient[ACCT_BYTES];
    struct hash32 leaf; /* behind the patient: so the digest of the events takes them */
    struct hash32 top;
    uint64_t seq;
    uint8_t bytes[AUDIT_EVENT_BYTES];
    struct merkle_peaks peaks;
};

#define GROUP_LISTED_MAX 18u /* events of one command whose digest is put off: sixteen items, and what they replace now and then */
#define GROUP_LISTED_BYTES (ACCT_BYTES + HASH_BYTES) /* what the digest takes of each */

struct group_receipt {
    struct receipt receipt;
    uint32_t event;  /* of which the digest is made; GROUP_NONE: it is there, or made of a list */
    uint32_t listed; /* events in the list; 0: none */
    uint8_t list[GROUP_LISTED_MAX * GROUP_LISTED_BYTES];
};

struct exec_event;

struct group {
    uint32_t events_count, receipts_count;
    uint32_t resolved; /* the first of the events, whose hashes are made and in the state */
    struct group_event events[GROUP_COMMANDS];
    struct group_receipt receipts[GROUP_COMMANDS];
};

/* group_put_event adds an event of a patient whose tree is `peaks` and does not hold it yet. Gives: its number, GROUP_NONE when the group is full. */
uint32_t group_put_event(struct group *group, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES], const struct merkle_peaks *peaks);

/* group_drop_events takes back the events from number `count` on: their command was undone, and so was what it wrote. */
void group_drop_events(struct group *group, uint32_t count);

/* group_waits tells whether the patient has an event that is not resolved. */
bool group_waits(const struct group *group, const uint8_t patient[ACCT_BYTES]);

/* group_resolve makes the hashes of all events and completes what their commands wrote: the patient's root and peaks. */
void group_resolve(struct group *group, struct state_store *store);

/* group_put_receipt adds a receipt. Needs: fewer than GROUP_COMMANDS. */
void group_put_receipt(struct group *group, const struct receipt *receipt, uint32_t event);

/* group_list leaves the digest of several events to the group, those of the newest receipt, which are hashed already. Needs: 2 <= count <= GROUP_LISTED_MAX; that receipt waits for no event. */
void group_list(struct group *group, const struct exec_event *events, uint32_t count);

/* group_receipts completes the digests of all receipts and appends them to the receipts log. Gives: their tops.
 * Needs: all events are resolved. */
void group_receipts(struct group *group, struct merkle_peaks *log, struct hash32 tops[GROUP_COMMANDS]);

/* group_check asserts what holds between two commands. */
void group_check(const struct group *group);

#endif
