/* query_check.h: does this answer follow from its state root, and answer this very question? For whoever asked, offline and without trust.
 *
 *     certificate --q signatures--> state root --proofs--> Chain, Patient, Pointers ... --> receipt, events, decision
 *
 * Everything left of the signatures is checked here; these, and which members may give them, are the caller's (checkpoint_cert_check,
 * checkpoint_cert_items). What a replica left out, altered or invented fails: a prefix proof holds all keys, an audit run all events up to
 * its end, and an evaluation is decided again from the proved inputs. Pure; any input is safe. */
#ifndef WARD_LEDGER_QUERY_CHECK_H
#define WARD_LEDGER_QUERY_CHECK_H

#include "ledger/consent.h"
#include "ledger/query.h"
#include "ledger/receipt.h"
#include "storage/state_store.h"
#include "wire/cert.h"

/* What an answer proves. Views into its bytes. */
struct query_facts {
    struct answer answer;
    bool certified;
    struct checkpoint_cert certificate; /* when certified: of this height and this root; its signatures are still to be verified */
    struct chain chain;
    bool found;             /* ORG, ACTOR, PATIENT, POINTER, TICKET, LOCATOR: it exists; kinds with a patient: the patient does */
    struct org org;
    struct actor actor;
    struct patient patient;
    struct pointer pointer;
    struct ticket ticket;
    struct state_proof pairs; /* POINTERS, GRANTS: read by state_proof_next; each value decodes, each key is of its kind */
    uint64_t position;      /* RECEIPT: in the receipts log */
    struct receipt receipt;
    uint64_t from;          /* AUDIT: number of the first event */
    uint32_t events_count;  /* AUDIT, DISCLOSURES */
    struct hash32 root_before; /* AUDIT: root of the events before `from`: what an earlier answer ended with */
    struct reader events;   /* AUDIT, DISCLOSURES: read by query_event_next */
    struct answer_decision decision; /* EVALUATE, RELEASE (the latter is the replica's word alone) */
    struct bytes locator;
};

/* Memory for checking; the bytes of query_check_footprint, from an arena. */
struct query_check;
struct query_check *query_check_take(struct arena *arena);

/* query_check tells whether the bytes answer the question. Gives: OK and *facts; else why not: SHORT, TRAILING, VERSION, TYPE, RESERVED, RANGE, LENGTH,
 * ORDER of the encoding; HASH: a proof does not lead to the root; CONFLICT: it answers another question, or its parts contradict each other.
 * Cost: a hash per proved pair and step. */
enum verdict query_check(struct query_check *check, const struct query *query, struct bytes answer, struct query_facts *facts);

/* query_event_next gives the next checked event; false at the end. */
bool query_event_next(struct query_facts *facts, struct audit_event *event);

#endif
