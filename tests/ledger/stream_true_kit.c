/* stream_true_kit.c: counts everything that the state says about itself (stream_kit.h). */
#include "tests/ledger/stream_kit.h"

#include <string.h>


static uint32_t count_prefix(struct ledger *ledger, const struct state_key *prefix)
{
    struct state_cursor cursor;
    struct state_entry entry;
    uint32_t count = 0;

    state_cursor_init(&cursor, bytes_of(prefix->bytes, prefix->size), STATE_PIN_NONE);
    while (state_cursor_next(ledger_store(ledger), &cursor, &entry)) {
        count++;
    }
    return count;
}

static bool has(struct ledger *ledger, const struct state_key *key)
{
    uint8_t value[STATE_VALUE_BYTES_MAX];

    return exec_get(ledger_exec(ledger), key, value, sizeof value) >= 0;
}

/* Pointers of one patient against its counters and its relations; each pending one has its due entry. */
static const char *pointers_true(struct ledger *ledger, const uint8_t *acct, const struct patient *patient)
{
    struct state_key prefix = key_prefix(KEY_POINTER, acct);
    struct state_cursor cursor;
    struct state_entry entry;
    struct pointer pointer;
    uint32_t current[8] = { 0 }, pending[8] = { 0 }, all_current = 0, all_pending = 0;

    state_cursor_init(&cursor, bytes_of(prefix.bytes, prefix.size), STATE_PIN_NONE);
    while (state_cursor_next(ledger_store(ledger), &cursor, &entry)) {
        if (pointer_decode(&pointer, entry.value.data, entry.value.size) != VERDICT_OK || pointer.custodian > 7) {
            return "a pointer that is none";
        }
        current[pointer.custodian] += pointer.status == POINTER_CURRENT;
        pending[pointer.custodian] += pointer.status == POINTER_PENDING;
        struct state_key due = key_due_pointer(DUE_POINTER_EXPIRES, pointer.added_time + ledger_exec(ledger)->params->pending_ms, acct,
                                               key_seq(entry.key.data, entry.key.size));
        if ((pointer.status == POINTER_PENDING) != has(ledger, &due)) {
            return "a pending pointer without its due entry, or the other way round";
        }
    }
    for (uint16_t org = 1; org < 8; org++) {
        struct relation relation;
        exec_get_relation(ledger_exec(ledger), acct, org, &relation);
        if (relation.current != current[org] || relation.pending != pending[org]) {
            return "a relation counts wrongly";
        }
        all_current += current[org];
        all_pending += pending[org];
    }
    return all_current == patient->current && all_pending == patient->pending ? NULL : "a patient counts its pointers wrongly";
}

static const char *grants_true(struct ledger *ledger, const uint8_t *acct, const struct patient *patient)
{
    struct state_key prefix = key_prefix(KEY_GRANT, acct);
    struct state_cursor cursor;
    struct state_entry entry;
    struct grant grant;
    uint32_t count = 0;

    state_cursor_init(&cursor, bytes_of(prefix.bytes, prefix.size), STATE_PIN_NONE);
    while (state_cursor_next(ledger_store(ledger), &cursor, &entry)) {
        if (grant_decode(&grant, entry.value.data, entry.value.size) != VERDICT_OK || (grant.max_uses > 0 && grant.uses > grant.max_uses)) {
            return "a grant used more often than it may";
        }
        struct state_key due = key_due_grant(grant.expires, acct, key_seq(entry.key.data, entry.key.size));
        if (!has(ledger, &due) && grant.expires > ledger_time(ledger)) {
            return "a grant without its due entry";
        }
        count++;
    }
    return count == patient->active_grants ? NULL : "a patient counts its grants wrongly";
}

static const char *audit_true(struct ledger *ledger, const uint8_t *acct, const struct patient *patient)
{
    struct state_key key;
    uint8_t value[STATE_VALUE_BYTES_MAX];
    struct merkle_peaks peaks;

    key_write_run(&key, KEY_AUDIT_PEAKS, acct);
    int size = exec_get(ledger_exec(ledger), &key, value, sizeof value);
    if (patient->audit_count == 0) {
        return size < 0 ? NULL : "peaks of an empty trail";
    }
    if (size < 0 || peaks_decode(&peaks, patient->audit_count, value, (size_t)size) != VERDICT_OK) {
        return "no peaks";
    }
    struct hash32 root = merkle_peaks_root(&peaks);
    return hash_equal(&root, &patient->audit_root) ? NULL : "the audit's root is not that of its peaks";
}

static const char *patients_true(struct ledger *ledger)
{
    const struct state_key prefix = { .size = 1, .bytes = { KEY_PATIENT } };
    struct state_cursor cursor;
    struct state_entry entry;
    const char *wrong = NULL;

    state_cursor_init(&cursor, bytes_of(prefix.bytes, prefix.size), STATE_PIN_NONE);
    while (wrong == NULL && state_cursor_next(ledger_store(ledger), &cursor, &entry)) {
        struct patient patient;
        uint8_t acct[ACCT_BYTES];
        memcpy(acct, entry.key.data + 1, ACCT_BYTES);
        if (patient_decode(&patient, entry.value.data, entry.value.size) != VERDICT_OK) {
            return "a patient that is none";
        }
        wrong = pointers_true(ledger, acct, &patient);
        wrong = wrong != NULL ? wrong : grants_true(ledger, acct, &patient);
        wrong = wrong != NULL ? wrong : audit_true(ledger, acct, &patient);
    }
    return wrong;
}

/* Every ticket has one place in the index, and one due entry unless the queue put it off. */
static const char *tickets_true(struct ledger *ledger)
{
    const struct state_key prefix = { .size = 1, .bytes = { KEY_TICKET_INDEX } };
    struct state_cursor cursor;
    struct state_entry entry;
    struct ticket ticket;
    struct hash32 id;

    state_cursor_init(&cursor, bytes_of(prefix.bytes, prefix.size), STATE_PIN_NONE);
    while (state_cursor_next(ledger_store(ledger), &cursor, &entry)) {
        struct ticket_place place = key_ticket_place(entry.key.data, entry.key.size);
        memcpy(id.bytes, entry.value.data, HASH_BYTES);
        if (!exec_get_ticket(ledger_exec(ledger), &id, &ticket) || ticket.org != place.org) {
            return "an index entry without its ticket";
        }
        struct state_key due = key_due_ticket(ticket.expires + ledger_exec(ledger)->params->ticket_kept_ms, &place);
        if (!has(ledger, &due) && ticket.expires + ledger_exec(ledger)->params->ticket_kept_ms > ledger_time(ledger)) {
            return "a ticket without its due entry";
        }
    }
    return NULL;
}

const char *stream_true(struct ledger *ledger)
{
    static const uint8_t kinds[6] = { KEY_ACTOR, KEY_PATIENT, KEY_POINTER, KEY_GRANT, KEY_TICKET, KEY_TICKET_INDEX };
    const struct chain *chain = ledger_exec(ledger)->chain;
    uint32_t found[6];

    for (size_t i = 0; i < 6; i++) {
        struct state_key prefix = { .size = 1, .bytes = { kinds[i] } };
        found[i] = count_prefix(ledger, &prefix);
    }
    if (chain->actors != found[0] || chain->patients != found[1] || chain->pointers != found[2] || chain->grants != found[3] || chain->tickets != found[4]) {
        return "the chain's record counts wrongly";
    }
    if (found[4] != found[5]) {
        return "tickets and index differ";
    }
    const char *wrong = patients_true(ledger);
    return wrong != NULL ? wrong : tickets_true(ledger);
}
