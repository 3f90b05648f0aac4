/* tickets.c: see tickets.h.
 *
 * Invariant: every ticket has exactly one index entry (its place) and every index entry a ticket; chain.tickets counts them. Every ticket has one
 * due entry, ticket_kept_ms after its end, but for one that the queue had to put off. */
#include "ledger/tickets.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "ledger/consent.h"

#include <string.h>

bool ticket_is_live(const struct ticket *ticket, uint64_t time_ms)
{
    return (ticket->flags & TICKET_ENDED) == 0 && time_ms < ticket->expires;
}

const uint8_t *ticket_subject(const struct ticket *ticket)
{
    return bytes_are_zero(ticket->on_behalf, ACCT_BYTES) ? ticket->requester : ticket->on_behalf;
}

bool ticket_covers(const struct ticket *ticket, uint32_t seq)
{
    ASSERT(ticket->base_seq > 0);
    ASSERT(seq > 0);
    return seq >= ticket->base_seq && seq - ticket->base_seq < TICKET_PAGE && bitmap_has(ticket->bitmap, seq - ticket->base_seq);
}

/* A ticket as its index entry leads to it. */
struct kept {
    struct ticket_place place;
    struct hash32 id;
    struct ticket ticket;
};

/* What the index of one (patient, organisation) holds. */
struct survey {
    uint32_t kept;
    uint32_t live;
    struct kept oldest_live; /* when live > 0 */
    struct kept oldest_over; /* when kept > live */
};

static void survey_add(struct survey *survey, const struct exec *exec, const struct state_entry *entry)
{
    struct kept one = { .place = key_ticket_place(entry->key.data, entry->key.size) };

    ASSERT(entry->value.size == HASH_BYTES);
    memcpy(one.id.bytes, entry->value.data, HASH_BYTES);
    bool found = exec_get_ticket(exec, &one.id, &one.ticket);
    ASSERT(found);
    if (ticket_is_live(&one.ticket, exec->time_ms)) {
        if (survey->live++ == 0) {
            survey->oldest_live = one;
        }
    } else if (survey->kept == survey->live) {
        survey->oldest_over = one;
    }
    survey->kept++;
    ASSERT(survey->live <= survey->kept);
}

/* Walks at most tickets_kept_max entries, which ticket_issue sees to. */
static void survey_take(struct survey *survey, const struct exec *exec, const uint8_t *patient, uint16_t org)
{
    struct state_key prefix = key_prefix_org(KEY_TICKET_INDEX, patient, org);
    struct state_cursor cursor;
    struct state_entry entry;

    survey->kept = 0;
    survey->live = 0;
    exec_cursor(&cursor, &prefix);
    while (state_cursor_next(exec->store, &cursor, &entry)) {
        survey_add(survey, exec, &entry);
    }
    ASSERT(survey->live <= survey->kept);
    ASSERT(survey->kept <= exec->params->tickets_kept_max);
}

static struct state_key due_of(const struct exec *exec, const struct kept *kept)
{
    ASSERT(kept->place.height > 0);
    return key_due_ticket(kept->ticket.expires + exec->params->ticket_kept_ms, &kept->place);
}

static enum code ticket_remove(struct exec *exec, const struct kept *kept)
{
    struct state_key index = key_ticket_index(&kept->place), key = key_ticket(&kept->id), due = due_of(exec, kept);
    enum code code = exec_remove(exec, &key);

    ASSERT(!ticket_is_live(&kept->ticket, exec->time_ms)); /* only what is over leaves */
    if (code == CODE_OK) {
        code = exec_remove(exec, &index);
    }
    if (code == CODE_OK) {
        code = exec_remove(exec, &due);
    }
    ASSERT(exec->chain->tickets > 0);
    exec->chain->tickets--;
    return code;
}

/* Ends a live ticket now; what it leaves behind goes with its new end. */
static enum code ticket_end(struct exec *exec, struct kept *kept)
{
    struct state_key before = due_of(exec, kept);
    enum code code = exec_remove(exec, &before);

    ASSERT(ticket_is_live(&kept->ticket, exec->time_ms));
    kept->ticket.flags |= TICKET_ENDED;
    kept->ticket.expires = exec->time_ms;
    ASSERT(!ticket_is_live(&kept->ticket, exec->time_ms));
    struct state_key after = due_of(exec, kept);
    if (code == CODE_OK) {
        code = exec_put(exec, &after, NULL, 0);
    }
    return code == CODE_OK ? exec_put_ticket(exec, &kept->id, &kept->ticket) : code;
}

/* Makes room for one more live ticket of this patient and organisation. */
static enum code make_room(struct exec *exec, const struct ticket *ticket)
{
    struct survey survey;
    enum code code = CODE_OK;

    survey_take(&survey, exec, ticket->patient, ticket->org);
    ASSERT(survey.live <= exec->params->tickets_live_max);
    bool all_live = survey.kept == survey.live;
    if (survey.live >= exec->params->tickets_live_max) {
        code = ticket_end(exec, &survey.oldest_live);
    }
    if (code == CODE_OK && survey.kept >= exec->params->tickets_kept_max) {
        code = ticket_remove(exec, all_live ? &survey.oldest_live : &survey.oldest_over);
    }
    return code;
}

enum code ticket_issue(struct exec *exec, const struct ticket *ticket)
{
    struct ticket_place place = { .org = ticket->org, .height = exec->height, .index = (uint16_t)exec->index };

    ASSERT(exec->index <= UINT16_MAX);
    ASSERT(ticket_is_live(ticket, exec->time_ms));
    memcpy(place.patient, ticket->patient, ACCT_BYTES);
    enum code code = make_room(exec, ticket);
    if (code == CODE_OK && exec->chain->tickets >= exec->params->tickets_max) {
        code = CODE_CAPACITY;
    }
    if (code != CODE_OK) {
        return code;
    }
    struct state_key index = key_ticket_index(&place);
    struct state_key due = key_due_ticket(ticket->expires + exec->params->ticket_kept_ms, &place);
    ASSERT(exec->chain->tickets < exec->params->tickets_max);
    exec->chain->tickets++;
    exec->creations++;
    code = exec_put_ticket(exec, &exec->tx_id, ticket);
    if (code == CODE_OK) {
        code = exec_put(exec, &index, exec->tx_id.bytes, HASH_BYTES);
    }
    return code == CODE_OK ? exec_put(exec, &due, NULL, 0) : code;
}

enum code exec_due_ticket(struct exec *exec, struct bytes key)
{
    struct due_entry entry = key_due_parse(key.data, key.size);
    struct state_key index = key_ticket_index(&entry.place);
    struct kept kept = { .place = entry.place };

    ASSERT(entry.time <= exec->time_ms);
    if (exec_get(exec, &index, kept.id.bytes, HASH_BYTES) < 0) {
        return CODE_OK; /* it had to leave before, to make room */
    }
    bool found = exec_get_ticket(exec, &kept.id, &kept.ticket);
    ASSERT(found);
    ASSERT(kept.ticket.expires + exec->params->ticket_kept_ms <= entry.time); /* it was kept for as long as it must */
    return ticket_remove(exec, &kept);
}
