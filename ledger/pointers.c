/* pointers.c: 09 POINTER_DECIDE, 10 POINTER_STATUS, what falls due of pointers, and the one place where a pointer changes its status.
 *
 *   (08) --> pending --approve--> current <--> hidden        error, withdraw: from pending, current, superseded, hidden
 *      \        |  \                |
 *       \       |   `-refuse-> refused                       refused, expired, error, withdrawn leave the state after ended_kept_ms
 *        `------|-----------> current --08 supersedes--> superseded
 *               `--pending_ms--> expired
 *
 * A hidden pointer whose new version came meanwhile is shown again as superseded: a record has one current version.
 *
 * Invariants: patient.current and patient.pending count its pointers in these statuses; Relation counts them by custodian; a pending
 * pointer has one due entry at added_time + pending_ms, one that leaves has one at decided_time + ended_kept_ms. */
#include "ledger/pointers.h"

#include "base/assert.h"
#include "ledger/subject.h"

#include <string.h>

void pointer_count_in(struct patient *patient, struct relation *relation, enum pointer_status status, int by)
{
    bool current = status == POINTER_CURRENT;
    uint16_t *of_patient = current ? &patient->current : &patient->pending;
    uint16_t *of_custodian = current ? &relation->current : &relation->pending;

    ASSERT(current || status == POINTER_PENDING);
    ASSERT(by == 1 || by == -1);
    ASSERT(by > 0 || *of_patient > 0);
    ASSERT(by > 0 || *of_custodian > 0);
    *of_patient = (uint16_t)(*of_patient + by);
    *of_custodian = (uint16_t)(*of_custodian + by);
}

enum code pointer_count(struct exec *exec, struct audit_trail *trail, uint16_t custodian, enum pointer_status status, int by)
{
    struct relation relation;

    ASSERT(custodian > 0);
    ASSERT(trail->patient.current <= trail->patient.ptr_count);
    if (status != POINTER_CURRENT && status != POINTER_PENDING) {
        return CODE_OK;
    }
    exec_get_relation(exec, trail->acct, custodian, &relation);
    pointer_count_in(&trail->patient, &relation, status, by);
    return exec_put_relation(exec, trail->acct, custodian, &relation);
}

static bool status_leaves(enum pointer_status status)
{
    ASSERT(status >= POINTER_PENDING);
    switch (status) {
    case POINTER_ERROR:
    case POINTER_WITHDRAWN:
    case POINTER_REFUSED:
    case POINTER_EXPIRED:
        return true;
    case POINTER_PENDING:
    case POINTER_CURRENT:
    case POINTER_SUPERSEDED:
    case POINTER_HIDDEN:
    case POINTER_ERASED:
        return false;
    }
    return false;
}

static enum code change_due(struct exec *exec, const struct audit_trail *trail, const struct pointer_change *change)
{
    const struct params *params = exec->params;
    enum code code = CODE_OK;

    ASSERT(change->seq > 0);
    if (change->pointer.status == POINTER_PENDING) {
        uint64_t expires = change->pointer.added_time + params->pending_ms;
        struct state_key key = key_due_pointer(DUE_POINTER_EXPIRES, expires, trail->acct, change->seq);
        code = exec_remove(exec, &key);
    }
    if (code == CODE_OK && status_leaves(change->status)) {
        uint64_t leaves = exec->time_ms + params->ended_kept_ms;
        struct state_key key = key_due_pointer(DUE_POINTER_LEAVES, leaves, trail->acct, change->seq);
        code = exec_put(exec, &key, NULL, 0);
    }
    return code;
}

enum code pointer_change_apply(struct exec *exec, struct audit_trail *trail, struct pointer_change *change)
{
    struct pointer *pointer = &change->pointer;
    enum pointer_status before = (enum pointer_status)pointer->status;

    ASSERT(change->status != before);
    ASSERT(!status_leaves(before)); /* what has ended stays as it ended */
    ASSERT(before == POINTER_SUPERSEDED || before == POINTER_HIDDEN || change->status == POINTER_SUPERSEDED || pointer->superseded_by == 0);
    ASSERT(change->status != POINTER_CURRENT || pointer->superseded_by == 0); /* a record has one current version */
    ASSERT(change->seq <= trail->patient.ptr_count);
    enum code code = change_due(exec, trail, change);
    if (code == CODE_OK) {
        code = pointer_count(exec, trail, pointer->custodian, before, -1);
    }
    if (code == CODE_OK) {
        code = pointer_count(exec, trail, pointer->custodian, change->status, 1);
    }
    if (code != CODE_OK) {
        return code;
    }
    pointer->status = (uint8_t)change->status;
    pointer->decided_time = exec->time_ms;
    struct audit_event event = audit_event_of(exec, change->event);
    event.result = change->result;
    event.conf = pointer->conf;
    event.ptr = change->seq;
    audit_emit(trail, exec, &event);
    return exec_put_pointer(exec, trail->acct, change->seq, pointer);
}

enum code pointer_supersede(struct exec *exec, struct audit_trail *trail, uint32_t target, uint32_t seq)
{
    struct pointer_change change = { .seq = target, .status = POINTER_SUPERSEDED, .event = EVENT_POINTER_SUPERSEDED };

    ASSERT(target > 0);
    ASSERT(target < seq); /* the older one */
    ASSERT(seq <= trail->patient.ptr_count);
    if (!exec_get_pointer(exec, trail->acct, target, &change.pointer)) {
        return CODE_OK; /* it left while the new one waited for the patient */
    }
    bool hidden = change.pointer.status == POINTER_HIDDEN && change.pointer.superseded_by == 0;
    if (change.pointer.status != POINTER_CURRENT && !hidden) {
        return CODE_OK; /* it moved on meanwhile */
    }
    ASSERT(change.pointer.superseded_by == 0);
    change.pointer.superseded_by = seq;
    return hidden ? exec_put_pointer(exec, trail->acct, target, &change.pointer) : pointer_change_apply(exec, trail, &change);
}

/* --- 09 ------------------------------------------------------------------------------------------------------------ */

/* 308, 309, 315, in this order. */
static enum code decide_check(const struct exec *exec, const uint8_t *acct, uint32_t seq, struct pointer *pointer)
{
    ASSERT(seq > 0);
    if (!exec_get_pointer(exec, acct, seq, pointer)) {
        return CODE_PTR_UNKNOWN;
    }
    if (pointer->status != POINTER_PENDING) {
        return CODE_PTR_STATE;
    }
    return exec->time_ms < pointer->added_time + exec->params->pending_ms ? CODE_OK : CODE_PENDING_EXPIRED;
}

static enum code decide_one(struct exec *exec, struct audit_trail *trail, uint32_t seq, bool approve)
{
    struct pointer_change change = { .seq = seq };
    enum code code = decide_check(exec, trail->acct, seq, &change.pointer);

    if (code != CODE_OK) {
        return code;
    }
    ASSERT(seq <= trail->patient.ptr_count);
    ASSERT(change.pointer.status == POINTER_PENDING);
    uint32_t target = change.pointer.supersedes;
    change.status = approve ? POINTER_CURRENT : POINTER_REFUSED;
    change.event = approve ? EVENT_POINTER_APPROVED : EVENT_POINTER_REFUSED;
    change.result = (uint8_t)(approve ? BASIS_APPROVED : POINTER_REFUSED);
    change.pointer.basis = approve ? BASIS_APPROVED : BASIS_NONE;
    code = pointer_change_apply(exec, trail, &change);
    return code == CODE_OK && approve && target > 0 ? pointer_supersede(exec, trail, target, seq) : code;
}

enum code exec_pointer_decide(struct exec *exec)
{
    const struct pointer_decide *body = &exec->command.as.pointer_decide;
    struct patient patient;
    struct audit_trail trail;

    ASSERT(subject_is_sender(exec));
    enum code code = subject_patient(exec, SUBJECT_OPEN, &patient);
    if (code != CODE_OK) {
        return code;
    }
    audit_begin(&trail, exec, body->patient, &patient);
    for (size_t i = 0; code == CODE_OK && i < body->count; i++) {
        code = decide_one(exec, &trail, body->seqs[i], body->approve == 1);
    }
    ASSERT(code != CODE_OK || trail.patient.pending + body->count == patient.pending); /* each waited, and none waits any more */
    ASSERT(code != CODE_OK || exec->events_count >= body->count);
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}

/* --- 10 ------------------------------------------------------------------------------------------------------------ */

/* What each operation makes of a pointer, and of which statuses. */
struct status_rule {
    uint32_t from; /* STATUS_BITs */
    enum pointer_status to;
    enum event_type event;
    bool by_custodian; /* else by the patient */
};

#define STATUS_BIT(status) (1u << (status))
#define STATUS_SEEN (STATUS_BIT(POINTER_PENDING) | STATUS_BIT(POINTER_CURRENT) | STATUS_BIT(POINTER_SUPERSEDED) | STATUS_BIT(POINTER_HIDDEN))

static const struct status_rule status_rules[] = {
    [POINTER_SET_ERROR] = { STATUS_SEEN, POINTER_ERROR, EVENT_POINTER_RETRACTED, true },
    [POINTER_SET_WITHDRAWN] = { STATUS_SEEN, POINTER_WITHDRAWN, EVENT_POINTER_RETRACTED, true },
    [POINTER_HIDE] = { STATUS_BIT(POINTER_CURRENT), POINTER_HIDDEN, EVENT_POINTER_HIDDEN, false },
    [POINTER_UNHIDE] = { STATUS_BIT(POINTER_HIDDEN), POINTER_CURRENT, EVENT_POINTER_HIDDEN, false },
};

/* What is shown again is what it would be had it not been hidden: superseded when a newer version came meanwhile. 313: as many as may be live are. */
static enum code unhide_one(struct exec *exec, struct audit_trail *trail, struct pointer_change *change)
{
    uint32_t live = (uint32_t)trail->patient.current + trail->patient.pending;

    ASSERT(change->pointer.status == POINTER_HIDDEN);
    ASSERT(change->pointer.superseded_by <= trail->patient.ptr_count);
    change->status = change->pointer.superseded_by > 0 ? POINTER_SUPERSEDED : POINTER_CURRENT;
    if (change->status == POINTER_CURRENT && live >= exec->params->pointers_live_max) {
        return CODE_LIMIT_POINTERS;
    }
    return pointer_change_apply(exec, trail, change);
}

/* 310 or, of the patient, 308; then 309, 313. What is not the custodian's and what is not there have one code: nobody can try out what a patient has. */
static enum code status_one(struct exec *exec, struct audit_trail *trail, uint32_t seq, uint8_t op)
{
    const struct status_rule *rule = &status_rules[op];
    struct pointer_change change = { .seq = seq, .status = rule->to, .event = rule->event, .result = op };

    ASSERT(op <= POINTER_UNHIDE);
    ASSERT(rule->from != 0); /* an operation that the table has */
    bool found = exec_get_pointer(exec, trail->acct, seq, &change.pointer);
    if (rule->by_custodian && !(found && change.pointer.custodian == exec->sender.org)) {
        return CODE_NOT_CUSTODIAN;
    }
    if (!found) {
        return CODE_PTR_UNKNOWN;
    }
    if ((rule->from & STATUS_BIT(change.pointer.status)) == 0) {
        return CODE_PTR_STATE;
    }
    return op == POINTER_UNHIDE ? unhide_one(exec, trail, &change) : pointer_change_apply(exec, trail, &change);
}

enum code exec_pointer_status(struct exec *exec)
{
    const struct pointer_set_status *body = &exec->command.as.pointer_set_status;
    struct patient patient;
    struct audit_trail trail;

    ASSERT(status_rules[body->op].by_custodian == (exec->sender.kind == SIGNER_ACTOR));
    enum code code = subject_patient(exec, SUBJECT_OPEN, &patient);
    if (code != CODE_OK) {
        return code;
    }
    audit_begin(&trail, exec, body->patient, &patient);
    for (size_t i = 0; code == CODE_OK && i < body->count; i++) {
        code = status_one(exec, &trail, body->seqs[i], body->op);
    }
    ASSERT(code != CODE_OK || exec->events_count == body->count); /* one change of each */
    ASSERT(code != CODE_OK || trail.patient.ptr_count == patient.ptr_count);
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}

/* --- What falls due ------------------------------------------------------------------------------------------------- */

static enum code due_expires(struct exec *exec, const struct due_entry *entry, const struct patient *patient, const struct pointer *pointer)
{
    ASSERT(pointer->added_time + exec->params->pending_ms <= entry->time); /* it waited for as long as it may, or longer when there was no room */
    struct pointer_change change = {
        .seq = entry->seq, .pointer = *pointer, .status = POINTER_EXPIRED, .event = EVENT_POINTER_REFUSED, .result = POINTER_EXPIRED
    };
    struct audit_trail trail;

    if (pointer->status != POINTER_PENDING) {
        return CODE_OK;
    }
    audit_begin(&trail, exec, entry->acct, patient);
    enum code code = pointer_change_apply(exec, &trail, &change);
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}

static enum code due_leaves(struct exec *exec, const struct due_entry *entry, const struct pointer *pointer)
{
    struct state_key key = key_pointer(entry->acct, entry->seq);

    if (!status_leaves((enum pointer_status)pointer->status)) {
        return CODE_OK;
    }
    ASSERT(exec->chain->pointers > 0);
    ASSERT(pointer->decided_time + exec->params->ended_kept_ms <= entry->time); /* it was kept for as long as it must */
    exec->chain->pointers--;
    return exec_remove(exec, &key);
}

enum code exec_due_pointer(struct exec *exec, struct bytes key)
{
    struct due_entry entry = key_due_parse(key.data, key.size);
    struct patient patient;
    struct pointer pointer;

    ASSERT(entry.time <= exec->time_ms);
    if (!exec_get_patient(exec, entry.acct, &patient) || !exec_get_pointer(exec, entry.acct, entry.seq, &pointer)) {
        return CODE_OK;
    }
    if (entry.kind == DUE_POINTER_EXPIRES) {
        return due_expires(exec, &entry, &patient, &pointer);
    }
    ASSERT(entry.kind == DUE_POINTER_LEAVES);
    return due_leaves(exec, &entry, &pointer);
}
