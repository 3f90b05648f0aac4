/* query_access.c: see query_access.h. The state alone decides, so every replica decides alike. */
#include "ledger/query_access.h"

#include "base/assert.h"
#include "ledger/sender.h"
#include "ledger/subject.h"
#include "ledger/tickets.h"

#include <string.h>

/* --- Who asks ------------------------------------------------------------------------------------------------------- */

static enum code check_standing(const struct exec *exec, const struct signer *asker, uint64_t now_ms)
{
    struct org org;

    ASSERT(asker->kind >= SIGNER_ORG);
    ASSERT(asker->kind <= SIGNER_PATIENT);
    if (asker->kind == SIGNER_PATIENT) {
        return CODE_OK;
    }
    if (asker->kind == SIGNER_ACTOR && asker->actor.status != ACTOR_ACTIVE) {
        return CODE_SENDER_SUSPENDED;
    }
    if (asker->kind == SIGNER_ACTOR && now_ms >= asker->actor.valid_until) {
        return CODE_SENDER_EXPIRED;
    }
    bool found = exec_get_org(exec, asker->org, &org);
    ASSERT(found); /* organisations never leave the state */
    return org.status == ORG_ACTIVE ? CODE_OK : CODE_ORG_SUSPENDED;
}

enum code query_identify(const struct exec *exec, const struct query *query, uint64_t now_ms, struct signer *asker)
{
    uint8_t key[KEY_BYTES];

    ASSERT(query_is_signed(query->kind));
    if (query->asked_ms + QUERY_WINDOW_MS < now_ms) {
        return CODE_EXPIRED;
    }
    if (query->asked_ms > now_ms + QUERY_WINDOW_MS) {
        return CODE_EXPIRY_FAR;
    }
    if (!sender_find(exec, query->asker, asker, key)) {
        return CODE_SENDER_UNKNOWN;
    }
    if (memcmp(key, query->key, KEY_BYTES) != 0) {
        return CODE_KEY_NOT_CURRENT;
    }
    return check_standing(exec, asker, now_ms);
}

uint16_t query_org_voice(const struct signer *asker)
{
    bool speaks = asker->kind == SIGNER_ORG || (asker->kind == SIGNER_ACTOR && asker->actor.kind == ACTOR_SYSTEM);

    ASSERT(asker->kind >= SIGNER_ORG);
    return speaks ? asker->org : 0;
}

/* --- What they may ask ---------------------------------------------------------------------------------------------- */

static enum code role_if(bool may)
{
    return may ? CODE_OK : CODE_ROLE;
}

/* has_grant tells whether a permit that is in force names the organisation. One that is over may be in the state still. */
static bool has_grant(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint64_t now_ms, uint16_t org)
{
    struct state_key prefix = key_prefix(KEY_GRANT, acct);
    struct state_cursor cursor;
    struct state_entry entry;

    ASSERT(org > 0);
    exec_cursor(&cursor, &prefix);
    for (uint32_t i = 0; i < CONSENT_GRANTS_MAX && state_cursor_next(exec->store, &cursor, &entry); i++) {
        struct grant grant;
        enum verdict verdict = grant_decode(&grant, entry.value.data, entry.value.size);
        ASSERT(verdict == VERDICT_OK);
        uint16_t named = (uint16_t)(grant.grantee[ACCT_BYTES - 2] << 8 | grant.grantee[ACCT_BYTES - 1]);
        bool in_force = grant.status == GRANT_ACTIVE && grant.not_before <= now_ms && now_ms < grant.expires;
        if (in_force && grant.effect == EFFECT_PERMIT && grant.gtype == GRANTEE_ORG && named == org) {
            return true;
        }
    }
    return false;
}

/* knows_patient tells whether the organisation has to do with the patient. */
static bool knows_patient(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint64_t now_ms, uint16_t org)
{
    struct patient patient;
    struct relation relation;

    if (org == 0 || !exec_get_patient(exec, acct, &patient)) {
        return false;
    }
    exec_get_relation(exec, acct, org, &relation);
    return patient.vouchers[0] == org || patient.vouchers[1] == org || relation.current > 0 || relation.pending > 0 || has_grant(exec, acct, now_ms, org);
}

/* is_custodian tells whether the organisation holds the pointer. */
static bool is_custodian(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t seq, uint16_t org)
{
    struct pointer pointer;

    ASSERT(seq > 0);
    return org != 0 && exec_get_pointer(exec, acct, seq, &pointer) && pointer.custodian == org;
}

static bool is_party(const struct ticket *ticket, const struct signer *asker)
{
    bool requester = memcmp(asker->acct, ticket->requester, ACCT_BYTES) == 0, subject = memcmp(asker->acct, ticket_subject(ticket), ACCT_BYTES) == 0;
    uint16_t voice = query_org_voice(asker);

    ASSERT(ticket->base_seq > 0);
    return requester || subject || (voice != 0 && voice == ticket->org);
}

/* holds_one tells whether the organisation is the custodian of a pointer of the ticket. */
static bool holds_one(const struct exec *exec, const struct ticket *ticket, uint16_t org)
{
    ASSERT(ticket->base_seq > 0);
    for (uint32_t bit = 0; org != 0 && bit < TICKET_PAGE; bit++) {
        if (bitmap_has(ticket->bitmap, bit) && is_custodian(exec, ticket->patient, ticket->base_seq + bit, org)) {
            return true;
        }
    }
    return false;
}

static enum code may_see_ticket(const struct exec *exec, const struct query *query, const struct signer *asker)
{
    struct ticket ticket;

    ASSERT(query->kind == QUERY_TICKET);
    if (!exec_get_ticket(exec, &query->id, &ticket)) {
        return CODE_TICKET_UNKNOWN;
    }
    bool patient = memcmp(asker->acct, ticket.patient, ACCT_BYTES) == 0;
    return role_if(patient || is_party(&ticket, asker) || holds_one(exec, &ticket, query_org_voice(asker)));
}

/* may_see_locator: under a ticket. */
static enum code may_see_locator(const struct exec *exec, const struct query *query, uint64_t now_ms, const struct signer *asker)
{
    struct ticket ticket;

    ASSERT(query->kind == QUERY_LOCATOR);
    if (hash_is_zero(&query->id)) {
        return CODE_ROLE;
    }
    if (!exec_get_ticket(exec, &query->id, &ticket)) {
        return CODE_TICKET_UNKNOWN;
    }
    if (memcmp(query->acct, ticket.patient, ACCT_BYTES) != 0 || !ticket_covers(&ticket, query->seq) || !is_party(&ticket, asker)) {
        return CODE_TICKET_SCOPE;
    }
    return ticket_is_live(&ticket, now_ms) ? CODE_OK : CODE_TICKET_EXPIRED;
}

static enum code may_see_pointer(const struct exec *exec, const struct query *query, bool self, const struct signer *asker)
{
    struct pointer pointer;

    ASSERT(query->kind == QUERY_POINTER || query->kind == QUERY_LOCATOR);
    ASSERT(query->seq > 0);
    if (self) {
        return exec_get_pointer(exec, query->acct, query->seq, &pointer) ? CODE_OK : CODE_PTR_UNKNOWN;
    }
    return role_if(is_custodian(exec, query->acct, query->seq, query_org_voice(asker)));
}

enum code query_may_ask(const struct exec *exec, const struct query *query, uint64_t now_ms, const struct signer *asker)
{
    bool self = asker->kind == SIGNER_PATIENT && memcmp(asker->acct, query->acct, ACCT_BYTES) == 0;
    enum code code;

    ASSERT(query_is_signed(query->kind));
    ASSERT(query->kind < QUERY_KIND_END);
    switch (query->kind) {
    case QUERY_PATIENT:
        return role_if(self || knows_patient(exec, query->acct, now_ms, query_org_voice(asker)));
    case QUERY_POINTER:
        return may_see_pointer(exec, query, self, asker);
    case QUERY_LOCATOR:
        code = may_see_pointer(exec, query, self, asker);
        return code == CODE_ROLE ? may_see_locator(exec, query, now_ms, asker) : code;
    case QUERY_POINTERS:
    case QUERY_GRANTS:
    case QUERY_AUDIT:
    case QUERY_EVALUATE:
        return role_if(self);
    case QUERY_DISCLOSURES:
        return role_if(self || knows_patient(exec, query->acct, now_ms, query_org_voice(asker))); /* the Patient is proved beside them */
    case QUERY_TICKET:
        return may_see_ticket(exec, query, asker);
    case QUERY_RELEASE: /* release_check decides */
    case QUERY_CHECKPOINT:
    case QUERY_RECEIPT:
    case QUERY_ORG:
    case QUERY_ACTOR:
    case QUERY_KIND_END:
        break;
    }
    return CODE_OK;
}
