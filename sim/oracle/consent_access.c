/* consent_access.c: requests for access and filed disclosures, in the model of consent. */
#include "base/assert.h"
#include "base/bytes.h"
#include "ledger/disclose.h"
#include "sim/oracle/consent_priv.h"

#include <stdlib.h>
#include <string.h>

#define TICKETS_LIVE_MAX 16u /* of one patient and organisation */
#define TICKETS_KEPT_MAX 64u
#define TICKET_MS_MAX UINT64_C(86400000)
#define LATE_MS UINT64_C(86400000)

/* --- Tickets -------------------------------------------------------------------------------------------------------- */

static bool is_beside(const struct consent_ticket *ticket, uint32_t patient, uint16_t organisation)
{
    return ticket->left == 0 && ticket->patient == patient && ticket->organisation == organisation;
}

static bool is_live(const struct consent *consent, const struct consent_ticket *ticket)
{
    return ticket->ended == 0 && consent->time_ms < ticket->ends_ms;
}

static void touch_ticket(struct consent *consent, const struct consent_ticket *ticket)
{
    consent_touch(consent, &(struct consent_touch){ TOUCH_TICKET, 0, (uint32_t)(ticket - consent->tickets) + 1 });
}

/* make_room ends the oldest live ticket when enough of them live, and lets the oldest that is over leave when enough are kept. */
static void make_room(struct consent *consent, uint32_t patient, uint16_t organisation)
{
    struct consent_ticket *oldest_live = NULL, *oldest_over = NULL;
    uint32_t live = 0, kept = 0;

    for (uint32_t i = 0; i < consent->tickets_count; i++) { /* in order of age */
        struct consent_ticket *ticket = &consent->tickets[i];
        if (!is_beside(ticket, patient, organisation)) {
            continue;
        }
        bool lives = is_live(consent, ticket);
        oldest_live = lives && oldest_live == NULL ? ticket : oldest_live;
        oldest_over = !lives && oldest_over == NULL ? ticket : oldest_over;
        live += lives ? 1 : 0;
        kept++;
    }
    if (live >= TICKETS_LIVE_MAX) {
        oldest_live->ended = consent->height;
        oldest_live->ended_ms = consent->time_ms;
        touch_ticket(consent, oldest_live);
    }
    if (kept >= TICKETS_KEPT_MAX) {
        ASSERT(oldest_over != NULL);
        oldest_over->left = consent->height;
        touch_ticket(consent, oldest_over);
    }
}

static void add_ticket(struct consent *consent, const struct consent_ticket *ticket)
{
    if (consent->tickets_count == consent->tickets_room) {
        consent->tickets_room = 2 * consent->tickets_room + 16;
        consent->tickets = realloc(consent->tickets, consent->tickets_room * sizeof *consent->tickets);
        ASSERT(consent->tickets != NULL);
    }
    consent->tickets[consent->tickets_count++] = *ticket;
    (void)facts_keep(&consent->ids, fact_digest(ticket->id.bytes, HASH_BYTES), consent->tickets_count);
    touch_ticket(consent, &consent->tickets[consent->tickets_count - 1]);
}

/* --- 13 ------------------------------------------------------------------------------------------------------------- */

/* may_ask gives 0 when the role of whoever asks has this purpose, else the reason of the denial: practitioners treat, patients ask for what is theirs. */
static uint8_t may_ask(const struct consent_step *step, const uint8_t *subject)
{
    const struct cast *cast = step->consent->cast;
    uint8_t purpose = step->body->as.access_request.purpose;

    if (memcmp(subject, cast_patient_account(cast, step->patient), ACCT_BYTES) == 0) {
        return purpose == PURPOSE_PATRQT ? 0 : REASON_PURPOSE;
    }
    return cast_practitioner(cast, subject) != CAST_NOBODY && purpose == PURPOSE_TREAT ? 0 : REASON_PURPOSE;
}

static struct consent_scope scope_of(const struct access_request *body)
{
    struct consent_scope scope = { .base = body->base_seq, .classes = body->class_mask, .from_month = body->from_month, .to_month = body->to_month };

    memset(scope.wanted, body->count == 0 ? 0xff : 0, sizeof scope.wanted);
    for (uint32_t i = 0; i < body->count; i++) {
        uint32_t bit = body->seqs[i] - body->base_seq;
        ASSERT(bit < TICKET_PAGE);
        scope.wanted[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
    return scope;
}

static void promise(const struct consent_step *step, const struct consent_question *question, const struct consent_page *page)
{
    const struct access_request *body = &step->body->as.access_request;
    struct consent *consent = step->consent;
    uint64_t wanted_ms = (uint64_t)body->want_ttl * 1000, last_ms = consent->time_ms + (wanted_ms < TICKET_MS_MAX ? wanted_ms : TICKET_MS_MAX);
    struct consent_ticket ticket = { .id = *step->id, .patient = step->patient, .subject_signed = question->subject_signed, .organisation = step->organisation,
        .purpose = body->purpose, .reason = page->answer.reason, .counted = page->counted, .base = body->base_seq, .since_ms = consent->time_ms,
        .ends_ms = last_ms < page->ends_ms ? last_ms : page->ends_ms, .made = consent->height };

    memcpy(ticket.requester, step->account, ACCT_BYTES);
    memcpy(ticket.subject, question->subject, ACCT_BYTES);
    memcpy(ticket.bits, page->bits, BITMAP_BYTES);
    if (page->counted > 0) {
        consent->patients[step->patient].grants[page->counted - 1].uses++;
        consent->marks[CONSENT_COUNTED]++;
        consent_touch(consent, &(struct consent_touch){ TOUCH_GRANT, step->patient, page->counted });
    }
    make_room(consent, step->patient, step->organisation);
    add_ticket(consent, &ticket);
}

enum code consent_step_request(struct consent_step *step)
{
    const struct access_request *body = &step->body->as.access_request;
    const uint8_t *subject = step->on_behalf != NULL ? step->on_behalf : step->account;
    struct consent *consent = step->consent;
    struct consent_question question = { .patient = step->patient, .subject = subject, .subject_signed = consent_is_signed(step, subject),
        .organisation = step->organisation, .purpose = body->purpose, .time_ms = consent->time_ms, .height = CONSENT_NOW };
    struct consent_scope scope = scope_of(body);
    struct consent_page page = { .answer = { false, may_ask(step, subject), 0 } };

    if (body->class_mask == 0 || (body->class_mask & ~CLASS_MASK_KNOWN) != 0) {
        return CODE_CLASS;
    }
    if (page.answer.reason == 0) {
        consent_ask_page(consent, &question, &scope, &page);
    }
    struct consent_event event = { step->patient, 0, page.answer.permits ? EVENT_ACCESS_PERMITTED : EVENT_ACCESS_DENIED, page.answer.reason, body->purpose,
        page.first, page.answer.grant };
    consent->marks[consent_mark_of(page.answer.reason)]++;
    if (page.answer.permits) {
        promise(step, &question, &page);
        consent_emit_page(consent, &event, body->base_seq, page.bits);
        step->creations = 1;
    } else {
        consent_emit(consent, &event);
    }
    return CODE_OK;
}

/* --- 14 ------------------------------------------------------------------------------------------------------------- */

static bool has_bit(const uint8_t bits[BITMAP_BYTES], uint32_t bit) { return bit < TICKET_PAGE && (bits[bit / 8] >> bit % 8 & 1) != 0; }

/* is_of_custodian: all that the item names exists, and is the sender's. */
static bool is_of_custodian(const struct consent_step *step, const struct disclose_item *item, uint32_t patient)
{
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        uint8_t status = 0;
        const struct consent_pointer *pointer = has_bit(item->bitmap, bit) ? consent_pointer_at(step->consent, patient, item->base_seq + bit, CONSENT_NOW, &status) : NULL;
        if (has_bit(item->bitmap, bit) && (pointer == NULL || pointer->custodian != step->organisation)) {
            return false;
        }
    }
    return true;
}

static bool fits(const struct consent_ticket *ticket, const struct disclose_item *item)
{
    bool all = true;

    for (uint32_t bit = 0; bit < TICKET_PAGE && all; bit++) {
        uint32_t number = item->base_seq + bit;
        all = !has_bit(item->bitmap, bit) || (number >= ticket->base && has_bit(ticket->bits, number - ticket->base));
    }
    return all && (memcmp(ticket->subject, item->recipient, ACCT_BYTES) == 0 || memcmp(ticket->requester, item->recipient, ACCT_BYTES) == 0);
}

/* is_permitted asks again for all that the item names, as at a release; that the ticket may be over is not looked at. */
static bool is_permitted(const struct consent *consent, const struct consent_ticket *ticket, const struct disclose_item *item)
{
    struct consent_question question = { .patient = ticket->patient, .subject = ticket->subject, .subject_signed = ticket->subject_signed,
        .organisation = ticket->organisation, .purpose = ticket->purpose, .time_ms = consent->time_ms, .height = CONSENT_NOW, .settled = true,
        .counted = ticket->counted };
    bool all = !consent_has_left(consent, ticket, consent->time_ms, CONSENT_NOW);

    for (uint32_t bit = 0; bit < TICKET_PAGE && all; bit++) {
        all = !has_bit(item->bitmap, bit) || consent_ask(consent, &question, item->base_seq + bit).permits;
    }
    return all;
}

/* judge gives the outcome of an item; ticket: the one that it names, if it is of this patient, else NULL. */
static enum disclose_outcome judge(const struct consent *consent, const struct disclose_item *item, const struct consent_ticket *ticket)
{
    bool offline = item->mode == DISCLOSE_OFFLINE;

    if (hash_is_zero(&item->ticket)) {
        return offline ? DISCLOSURE_OFFLINE : DISCLOSURE_VIOLATION;
    }
    if (ticket == NULL || offline || !fits(ticket, item)) {
        return DISCLOSURE_VIOLATION;
    }
    return is_permitted(consent, ticket, item) ? DISCLOSURE_OK : DISCLOSURE_RACED;
}

static void file(struct consent_step *step, const struct disclose_item *item, uint32_t patient)
{
    struct consent *consent = step->consent;
    struct consent_ticket *ticket = consent_find(consent, &item->ticket);
    bool none = hash_is_zero(&item->ticket);

    ticket = ticket != NULL && ticket->left == 0 && ticket->patient == patient ? ticket : NULL;
    enum disclose_outcome outcome = judge(consent, item, ticket);
    uint64_t over_ms = ticket == NULL ? UINT64_MAX - LATE_MS : ticket->ended != 0 ? ticket->ended_ms : ticket->ends_ms;
    unsigned late = consent->time_ms > over_ms + LATE_MS ? DISCLOSURE_LATE : 0u, mode = (unsigned)item->mode - DISCLOSE_READ;
    struct consent_event event = { patient, 0, none ? EVENT_DISCLOSED_OFFLINE : EVENT_DISCLOSED, (uint8_t)((unsigned)outcome | mode << DISCLOSURE_MODE_SHIFT | late),
        ticket == NULL ? PURPOSE_NONE : ticket->purpose, 0, ticket == NULL ? 0 : ticket->counted };
    consent->marks[CONSENT_FILED] += outcome == DISCLOSURE_OK ? 1 : 0;
    consent->marks[CONSENT_UNTICKETED] += outcome == DISCLOSURE_VIOLATION ? 1 : 0;
    consent->marks[CONSENT_RACED] += outcome == DISCLOSURE_RACED ? 1 : 0;
    consent_emit_page(consent, &event, item->base_seq, item->bitmap);
    if (ticket != NULL) {
        ticket->disclosed++;
        touch_ticket(consent, ticket);
    }
}

enum code consent_step_disclose(struct consent_step *step)
{
    const struct disclose *body = &step->body->as.disclose;
    uint32_t filed = 0;

    for (uint32_t i = 0; i < body->count; i++) {
        uint32_t patient = consent_patient_of(step->consent, body->items[i].patient);
        if (patient != CONSENT_NOBODY && is_of_custodian(step, &body->items[i], patient)) {
            file(step, &body->items[i], patient);
            filed++;
        }
    }
    return filed > 0 ? CODE_OK : CODE_NOT_CUSTODIAN;
}
