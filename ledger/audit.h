/* audit.h: the patient's audit trail: an RFC 6962 tree of 152-byte events, whose count and root stand in the Patient and whose right edge
 * is the AuditPeaks entity.
 *
 * A handler opens the trail of a patient, changes the patient's record in it, emits events, and ends it; count, root and peaks are
 * written together, so they always agree. A server that leaves out or alters one event cannot produce the root that the state holds. */
#ifndef WARD_LEDGER_AUDIT_H
#define WARD_LEDGER_AUDIT_H

#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "ledger/entity.h"
#include "ledger/exec.h"
#include "wire/code.h"

#include <stdint.h>

/* A patient's record opened for change. Between begin and end nobody else may write this patient. */
struct audit_trail {
    uint8_t acct[ACCT_BYTES];
    struct patient patient; /* the working copy; audit_count and audit_root belong to the trail */
    struct merkle_peaks peaks;             /* without the events of the next line */
    uint32_t open_first, open_count; /* events of the command that are emitted, not hashed yet */
};

/* audit_begin opens the trail of a patient whose record is `patient`: what exec_get_patient gave, or a new one with audit_count 0. */
void audit_begin(struct audit_trail *trail, const struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct patient *patient);

/* audit_event_of gives an event of this command: type, time, height, the sender as actor with its organisation, on_behalf where the body has
 * one, the transaction id as ref; no purpose, no confidentiality, everything else 0. Of a due entry: no actor, no ref. */
struct audit_event audit_event_of(const struct exec *exec, enum event_type type);

/* audit_emit appends the event to the trail and to the command's events. It sets the sequence number.
 * Needs: fewer than EXEC_EVENTS_MAX events so far. Cost: its hashes are made when the trail ends, a leaf and amortised one node. */
void audit_emit(struct audit_trail *trail, struct exec *exec, const struct audit_event *event);

/* audit_emit_pointers appends an event about a set of pointers of one page: `ptr` is the lowest of them, `extra` has a bit for each of the
 * 128 pointers from there on (lowest first); pointers beyond them are named by a second event like the first.
 * Needs: at least one bit is set. */
void audit_emit_pointers(struct audit_trail *trail, struct exec *exec, const struct audit_event *event, uint32_t base_seq,
                         const uint8_t bitmap[BITMAP_BYTES]);

/* audit_end hashes what was emitted, or puts that off where it is the one event of a command and the executor has a group; it folds the root and writes the patient's record and peaks. Fails: CODE_CAPACITY; the handler returns it.
 * Cost: popcount(count) - 1 nodes. */
enum code audit_end(struct audit_trail *trail, struct exec *exec);

/* audit_digest gives the digest of a command's events for its receipt: H("WARD/digest/events" || for each: acct || its leaf).
 * Zeros when there is none. */
struct hash32 audit_digest(const struct exec_event *events, uint32_t count);

/* audit_leaf gives the leaf hash of an event in its patient's tree. */
struct hash32 audit_leaf(const uint8_t event[AUDIT_EVENT_BYTES]);

#endif
