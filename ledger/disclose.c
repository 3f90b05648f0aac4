/* disclose.c: see disclose.h.
 *
 * A disclosure that happened is never refused for being wrong: it is judged and the patient sees it. Items are judged one by one, in
 * order. Skipped, and nowhere recorded, are only items that name an unknown patient or a pointer that is not the sender's; when all are
 * skipped the command fails with 310; which ones they were follows from the events, since each judged item has its own. The digest over the
 * evaluations is H("WARD/digest/eval" || the digest of each evaluation that an item led to), zeros when none did. */
#include "ledger/disclose.h"

#include "base/assert.h"
#include "ledger/audit.h"
#include "ledger/consent.h"
#include "ledger/exec.h"
#include "ledger/release.h"
#include "ledger/tickets.h"

#include <string.h>

/* The evaluations that the command's items led to. */
struct evals {
    struct hasher hasher;
    uint32_t count;
};

/* One item and what is known about it. */
struct item {
    const struct disclose_item *filed;
    struct patient patient;
    struct ticket ticket;
    bool has_ticket; /* the state holds the ticket that it names */
    enum disclose_outcome outcome;
    bool late;
};

/* Whether every pointer of the item exists and is the sender's. */
static bool item_is_ours(const struct exec *exec, const struct disclose_item *filed)
{
    struct pointer pointer;

    ASSERT(exec->sender.org > 0);
    ASSERT(filed->base_seq >= 1);
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        if (!bitmap_has(filed->bitmap, bit)) {
            continue;
        }
        if (filed->base_seq > UINT32_MAX - bit || !exec_get_pointer(exec, filed->patient, filed->base_seq + bit, &pointer)) {
            return false;
        }
        if (pointer.custodian != exec->sender.org) {
            return false;
        }
    }
    return true;
}

/* Whether the ticket is for this patient and recipient and names every pointer of the item. */
static bool ticket_fits(const struct ticket *ticket, const struct disclose_item *filed)
{
    bool patient = memcmp(ticket->patient, filed->patient, ACCT_BYTES) == 0;
    bool subject = memcmp(ticket_subject(ticket), filed->recipient, ACCT_BYTES) == 0;
    bool requester = memcmp(ticket->requester, filed->recipient, ACCT_BYTES) == 0;

    ASSERT(filed->base_seq >= 1);
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        if (bitmap_has(filed->bitmap, bit) && !ticket_covers(ticket, filed->base_seq + bit)) {
            return false;
        }
    }
    return patient && (subject || requester);
}

/* Finds the ticket that the item names. One of another patient is as good as none: its purpose is no business of this one. */
static void item_find_ticket(const struct exec *exec, struct item *item)
{
    bool found = exec_get_ticket(exec, &item->filed->ticket, &item->ticket);

    ASSERT(!hash_is_zero(&item->filed->ticket));
    item->has_ticket = found && memcmp(item->ticket.patient, item->filed->patient, ACCT_BYTES) == 0;
    item->late = item->has_ticket && exec->time_ms > item->ticket.expires + exec->params->disclose_late_ms;
    ASSERT(!item->late || item->has_ticket);
}

static void item_judge(struct exec *exec, struct item *item, struct evals *evals)
{
    const struct disclose_item *filed = item->filed;
    struct decision decision;
    struct hash32 digest;
    bool offline = filed->mode == DISCLOSE_OFFLINE;

    ASSERT(filed->mode >= DISCLOSE_READ);
    item->outcome = DISCLOSURE_VIOLATION;
    if (hash_is_zero(&filed->ticket)) {
        item->outcome = offline ? DISCLOSURE_OFFLINE : DISCLOSURE_VIOLATION;
        return;
    }
    item_find_ticket(exec, item);
    if (!item->has_ticket || offline || !ticket_fits(&item->ticket, filed)) {
        return;
    }
    struct release_set set = { .ticket = &item->ticket, .base_seq = filed->base_seq, .bitmap = filed->bitmap, .time_ms = exec->time_ms };
    bool permitted = release_evaluate(exec->store, &set, &exec->inputs, &decision, &digest);
    hash_update(&evals->hasher, digest.bytes, HASH_BYTES);
    evals->count++;
    ASSERT(evals->count <= DISCLOSE_ITEMS_MAX);
    item->outcome = permitted ? DISCLOSURE_OK : DISCLOSURE_RACED;
}

static struct audit_event item_event(const struct exec *exec, const struct item *item)
{
    bool offline = hash_is_zero(&item->filed->ticket);
    struct audit_event event = audit_event_of(exec, offline ? EVENT_DISCLOSED_OFFLINE : EVENT_DISCLOSED);
    unsigned mode = (unsigned)item->filed->mode - DISCLOSE_READ;

    ASSERT(item->filed->mode <= DISCLOSE_OFFLINE);
    ASSERT(!offline || !item->has_ticket);
    event.result = (uint8_t)((unsigned)item->outcome | mode << DISCLOSURE_MODE_SHIFT | (item->late ? DISCLOSURE_LATE : 0u));
    memcpy(event.on_behalf, item->filed->recipient, ACCT_BYTES);
    if (!offline) {
        event.ref = item->filed->ticket;
    }
    if (item->has_ticket) {
        event.purpose = item->ticket.purpose;
        event.grant = item->ticket.grant;
    }
    return event;
}

static enum code item_record(struct exec *exec, struct item *item)
{
    struct audit_event event = item_event(exec, item);
    struct audit_trail trail;
    enum code code = CODE_OK;

    ASSERT(!item->late || item->has_ticket);
    audit_begin(&trail, exec, item->filed->patient, &item->patient);
    audit_emit_pointers(&trail, exec, &event, item->filed->base_seq, item->filed->bitmap);
    if (item->has_ticket && item->ticket.disclosed < UINT32_MAX) {
        item->ticket.disclosed++;
        code = exec_put_ticket(exec, &item->filed->ticket, &item->ticket);
    }
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}

enum code exec_disclose(struct exec *exec)
{
    const struct disclose *body = &exec->command.as.disclose;
    enum code code = CODE_OK;
    uint32_t recorded = 0;
    struct evals evals = { .count = 0 };

    ASSERT(exec->sender.kind == SIGNER_ACTOR);
    ASSERT(exec->sender.actor.kind == ACTOR_SYSTEM);
    hash_init(&evals.hasher, HASH_EVAL);
    for (size_t i = 0; code == CODE_OK && i < body->count; i++) {
        struct item item = { .filed = &body->items[i] };

        if (!exec_get_patient(exec, item.filed->patient, &item.patient) || !item_is_ours(exec, item.filed)) {
            continue;
        }
        item_judge(exec, &item, &evals);
        code = item_record(exec, &item);
        recorded++;
    }
    ASSERT(evals.count <= recorded);
    ASSERT(code != CODE_OK || exec->events_count >= recorded); /* each item is in its patient's trail */
    if (code != CODE_OK) {
        return code;
    }
    if (evals.count > 0) {
        exec->eval_digest = hash_final(&evals.hasher);
    }
    return recorded > 0 ? CODE_OK : CODE_NOT_CUSTODIAN;
}
