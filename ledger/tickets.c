/* tickets.c: see tickets.h.
 *
 * Invariant: every ticket has exactly one index entry (its place) and every index entry a ticket; chain.tickets counts them. */
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
    return seq >= ticket->base_seq && seq - ticket->base_seq < TICKET_PAGE && bitmap_has(ticket->bitmap, seq - ticket->base_seq);
}

/* What the index of one (patient, organisation) holds. */
struct survey {
    uint32_t kept;
    uint32_t live;
    struct hash32 oldest_live;
    struct state_key oldest_over_index; /* size 0: none is over */
    struct hash32 oldest_over;
};

static void survey_add(struct survey *survey, const struct exec *exec, const struct state_entry *entry)
{
    struct hash32 id;
    struct ticket ticket;

    ASSERT(entry->value.size == HASH_BYTES);
    memcpy(id.bytes, entry->value.data, HASH_BYTES);
    bool found = exec_get_ticket(exec, &id, &ticket);
    ASSERT(found);
    survey->kept++;
    if (ticket_is_live(&ticket, exec->time_ms)) {
        if (survey->live++ == 0) {
            survey->oldest_live = id;
        }
    } else if (survey->oldest_over_index.size == 0) {
        ASSERT(entry->key.size <= STATE_KEY_MAX);
        survey->oldest_over_index.size = (uint8_t)entry->key.size;
        memcpy(survey->oldest_over_index.bytes, entry->key.data, entry->key.size);
        survey->oldest_over = id;
    }
}

/* Walks at most tickets_kept_max entries, which ticket_issue sees to. */
static void survey_take(struct survey *survey, const struct exec *exec, const uint8_t *patient, uint16_t org)
{
    struct state_key prefix = key_prefix_org(KEY_TICKET_INDEX, patient, org);
    struct state_cursor cursor;
    struct state_entry entry;

    memset(survey, 0, sizeof *survey);
    exec_cursor(&cursor, &prefix);
    while (state_cursor_next(exec->store, &cursor, &entry)) {
        survey_add(survey, exec, &entry);
    }
    ASSERT(survey->live <= survey->kept);
}

static enum code ticket_remove(struct exec *exec, const struct state_key *index, const struct hash32 *id)
{
    struct state_key key = key_ticket(id);
    enum code code = exec_remove(exec, &key);

    if (code == CODE_OK) {
        code = exec_remove(exec, index);
    }
    ASSERT(exec->chain->tickets > 0);
    exec->chain->tickets--;
    return code;
}

static enum code ticket_end(struct exec *exec, const struct hash32 *id)
{
    struct ticket ticket;
    bool found = exec_get_ticket(exec, id, &ticket);

    ASSERT(found);
    ticket.flags |= TICKET_ENDED;
    ticket.expires = exec->time_ms;
    return exec_put_ticket(exec, id, &ticket);
}

/* Makes room for one more live ticket of this patient and organisation. */
static enum code make_room(struct exec *exec, const struct ticket *ticket)
{
    struct survey survey;
    enum code code = CODE_OK;

    survey_take(&survey, exec, ticket->patient, ticket->org);
    if (survey.kept >= exec->params->tickets_kept_max && survey.oldest_over_index.size > 0) {
        code = ticket_remove(exec, &survey.oldest_over_index, &survey.oldest_over);
    }
    if (code == CODE_OK && survey.live >= exec->params->tickets_live_max) {
        code = ticket_end(exec, &survey.oldest_live);
    }
    return code;
}

enum code ticket_issue(struct exec *exec, const struct ticket *ticket)
{
    struct ticket_place place = { .org = ticket->org, .height = exec->height, .index = (uint16_t)exec->index };

    ASSERT(exec->index <= UINT16_MAX);
    ASSERT(ticket->expires > exec->time_ms);
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
    exec->chain->tickets++;
    code = exec_put_ticket(exec, &exec->tx_id, ticket);
    if (code == CODE_OK) {
        code = exec_put(exec, &index, exec->tx_id.bytes, HASH_BYTES);
    }
    return code == CODE_OK ? exec_put(exec, &due, NULL, 0) : code;
}

enum code exec_due_ticket(struct exec *exec, struct bytes key)
{
    struct due_entry entry = key_due_parse(key.data, key.size);
    struct hash32 id;

    ASSERT(entry.kind == DUE_TICKET_LEAVES);
    struct state_key index = key_ticket_index(&entry.place);
    if (exec_get(exec, &index, id.bytes, sizeof id.bytes) < 0) {
        return CODE_OK; /* it had to leave before, to make room */
    }
    return ticket_remove(exec, &index, &id);
}
