/* release.c: see release.h. A release repeats the evaluation of the ticket's request with the state and the time of now, so a revoked grant,
 * a suspended organisation or a hidden pointer stops it although the ticket lives. */
#include "ledger/release.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "ledger/evaluation.h"
#include "ledger/key.h"
#include "ledger/subject.h"
#include "ledger/tickets.h"

#include <string.h>

struct hash32 pointer_id(const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    struct hasher hasher;

    ASSERT(seq > 0);
    hash_init(&hasher, HASH_PTR);
    hash_update(&hasher, acct, ACCT_BYTES);
    hash_update_u32(&hasher, seq);
    return hash_final(&hasher);
}

struct hash32 release_digest(const struct hash32 *genesis, const struct release_request *request, const struct ticket *ticket)
{
    struct hash32 pointer = pointer_id(ticket->patient, request->seq);
    struct hasher hasher;

    hash_init(&hasher, HASH_RELEASE);
    hash_update(&hasher, genesis->bytes, HASH_BYTES);
    hash_update(&hasher, request->ticket.bytes, HASH_BYTES);
    hash_update(&hasher, pointer.bytes, HASH_BYTES);
    hash_update_u64(&hasher, request->asked_ms);
    hash_update(&hasher, request->asker, ACCT_BYTES);
    return hash_final(&hasher);
}

bool release_evaluate(const struct state_store *store, const struct release_set *set, struct consent_inputs *inputs, struct decision *decision,
                      struct hash32 *digest)
{
    const struct ticket *ticket = set->ticket;
    struct evaluation evaluation = {
        .has_signed = (ticket->flags & TICKET_SUBJECT_SIGNED) != 0,
        .org = ticket->org,
        .purpose = ticket->purpose,
        .base_seq = set->base_seq,
        .class_mask = UINT32_MAX,
        .time_ms = set->time_ms,
        .undigested = digest == NULL,
    };
    uint32_t wanted = 0;

    ASSERT(set->base_seq > 0);
    memcpy(evaluation.patient, ticket->patient, ACCT_BYTES);
    memcpy(evaluation.subject, ticket_subject(ticket), ACCT_BYTES);
    memcpy(evaluation.selected, set->bitmap, BITMAP_BYTES);
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        wanted += bitmap_has(set->bitmap, bit);
    }
    ASSERT(wanted > 0);
    struct evaluation_found found = evaluation_gather(store, &evaluation, inputs);
    *decision = (struct decision){ .reason = REASON_DEFAULT };
    if (digest != NULL) {
        *digest = found.digest;
    }
    if (!found.patient || !found.stands || inputs->pointers_count < wanted) {
        return false;
    }
    inputs->uses = USES_COUNTED;
    inputs->counted = ticket->grant;
    bool all = true;
    struct consent_narrowed narrowed;
    consent_narrow(inputs, &narrowed);
    for (uint32_t i = 0; all && i < inputs->pointers_count; i++) {
        struct decision one = consent_evaluate(inputs, &narrowed, &inputs->pointers[i]);
        all = one.permit;
        *decision = i == 0 || !one.permit ? one : *decision;
    }
    ASSERT(decision->permit == all);
    return all;
}

static bool load_ticket(const struct state_store *store, const struct hash32 *id, struct ticket *ticket)
{
    struct state_key key = key_ticket(id);
    uint8_t value[TICKET_BYTES];
    size_t size = 0;

    if (!state_store_get(store, bytes_of(key.bytes, key.size), value, sizeof value, &size)) {
        return false;
    }
    enum verdict verdict = ticket_decode(ticket, value, size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(ticket->base_seq > 0);
    return true;
}

/* The subject, or an active system of its organisation. */
static bool asker_may(const struct state_store *store, const struct ticket *ticket, const struct release_request *request, uint64_t time_ms)
{
    struct state_key key = key_actor(request->asker);
    uint8_t value[ACTOR_BYTES];
    struct actor actor;
    size_t size = 0;

    if (memcmp(request->asker, ticket_subject(ticket), ACCT_BYTES) == 0) {
        return true;
    }
    if (!state_store_get(store, bytes_of(key.bytes, key.size), value, sizeof value, &size)) {
        return false;
    }
    enum verdict verdict = actor_decode(&actor, value, size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(actor.org > 0);
    return actor.kind == ACTOR_SYSTEM && actor.org == ticket->org && actor_is_active(&actor, time_ms);
}

enum code release_check(const struct state_store *store, const struct release_request *request, uint64_t time_ms, struct consent_inputs *inputs,
                        struct decision *decision)
{
    struct ticket ticket;
    uint8_t bitmap[BITMAP_BYTES] = { 0 };

    *decision = (struct decision){ .reason = REASON_NONE };
    if (!load_ticket(store, &request->ticket, &ticket)) {
        return CODE_TICKET_UNKNOWN;
    }
    if (!ticket_is_live(&ticket, time_ms)) {
        return CODE_TICKET_EXPIRED;
    }
    if (!ticket_covers(&ticket, request->seq) || !asker_may(store, &ticket, request, time_ms)) {
        return CODE_TICKET_SCOPE;
    }
    ASSERT(request->seq >= ticket.base_seq); /* the ticket covers it */
    ASSERT(request->seq - ticket.base_seq < TICKET_PAGE);
    bitmap_set(bitmap, request->seq - ticket.base_seq);
    struct release_set set = { .ticket = &ticket, .base_seq = ticket.base_seq, .bitmap = bitmap, .time_ms = time_ms };
    return release_evaluate(store, &set, inputs, decision, NULL) ? CODE_OK : CODE_NOT_PERMITTED;
}
