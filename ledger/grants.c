/* grants.c: 11 GRANT, 12 REVOKE, and grants that run out.
 *
 * Invariants: the state holds active grants only: one that ends leaves at once, its events stay. patient.active_grants counts them and is
 * at most grants_live_max; each has one due entry at its end. */
#include "ledger/grants.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "ledger/subject.h"

#include <string.h>

enum {
    EXPIRED_PER_GRANT = 8, /* expired grants that one GRANT removes before it counts */
    GONE_FEW = 2           /* ended grants for which looking at their numbers is still quicker than a walk */
};

/* Looks for every number that was ever given: most patients have a few grants, and most of these still stand. */
static void load_by_number(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t numbers, struct consent_inputs *inputs)
{
    ASSERT(numbers <= CONSENT_GRANTS_MAX + GONE_FEW);
    ASSERT(inputs->grants_count == 0);
    for (uint32_t seq = 1; seq <= numbers && inputs->grants_count < CONSENT_GRANTS_MAX; seq++) {
        struct numbered_grant *numbered = &inputs->grants[inputs->grants_count];
        if (exec_get_grant(exec, acct, seq, &numbered->grant)) {
            numbered->seq = seq;
            inputs->grants_count++;
        }
    }
}

static void load_by_walk(const struct exec *exec, const uint8_t acct[ACCT_BYTES], uint32_t count, struct consent_inputs *inputs)
{
    struct state_key prefix = key_prefix(KEY_GRANT, acct);
    struct state_cursor cursor;
    struct state_entry entry;

    ASSERT(count <= CONSENT_GRANTS_MAX);
    ASSERT(inputs->grants_count == 0);
    exec_cursor(&cursor, &prefix);
    while (inputs->grants_count < count && state_cursor_next(exec->store, &cursor, &entry)) {
        struct numbered_grant *numbered = &inputs->grants[inputs->grants_count++];
        numbered->seq = key_seq(entry.key.data, entry.key.size);
        enum verdict verdict = grant_decode(&numbered->grant, entry.value.data, entry.value.size);
        ASSERT(verdict == VERDICT_OK);
    }
}

void grants_load(const struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct patient *patient, struct consent_inputs *inputs)
{
    ASSERT(patient->active_grants <= patient->grant_count);
    inputs->grants_count = 0;
    if (patient->grant_count - patient->active_grants <= GONE_FEW) {
        load_by_number(exec, acct, patient->grant_count, inputs);
    } else {
        load_by_walk(exec, acct, patient->active_grants, inputs);
    }
    ASSERT(inputs->grants_count == patient->active_grants);
}

enum code grant_end(struct exec *exec, struct audit_trail *trail, uint32_t seq, const struct grant *grant)
{
    struct state_key due = key_due_grant(grant->expires, trail->acct, seq);
    struct state_key key = key_grant(trail->acct, seq);
    enum code code = exec_remove(exec, &due);

    if (code == CODE_OK) {
        code = exec_remove(exec, &key);
    }
    ASSERT(grant->status == GRANT_ACTIVE); /* one that ended has left the state */
    ASSERT(seq <= trail->patient.grant_count);
    ASSERT(trail->patient.active_grants > 0);
    ASSERT(exec->chain->grants >= trail->patient.active_grants);
    trail->patient.active_grants--;
    exec->chain->grants--;
    return code;
}

/* --- 11 ------------------------------------------------------------------------------------------------------------ */

/* Whom a grant names, as far as the state knows it. */
struct grantee {
    bool known;
    bool publishes; /* its organisation has caps.PUBLISH */
};

static struct grantee grantee_of_org(const struct exec *exec, uint16_t id)
{
    struct org org;
    bool known = id > 0 && exec_get_org(exec, id, &org);

    return (struct grantee){ .known = known, .publishes = known && (org.caps & CAP_PUBLISH) != 0 };
}

static struct grantee grantee_find(const struct exec *exec, const struct grant_body *body)
{
    struct grantee grantee = { 0 };
    struct actor actor;
    bool number = bytes_are_zero(body->grantee, ACCT_BYTES - 2);
    uint16_t id = (uint16_t)(body->grantee[ACCT_BYTES - 2] << 8 | body->grantee[ACCT_BYTES - 1]);

    ASSERT(body->gtype >= GRANTEE_ACTOR);
    ASSERT(body->gtype <= GRANTEE_ANY_CUSTODIAN);
    switch ((enum grant_type)body->gtype) {
    case GRANTEE_ACTOR:
        if (exec_get_actor(exec, body->grantee, &actor) && actor.status != ACTOR_RETIRED) {
            grantee = grantee_of_org(exec, actor.org);
        }
        break;
    case GRANTEE_ORG:
        if (number) {
            grantee = grantee_of_org(exec, id);
        }
        break;
    case GRANTEE_ANY_CUSTODIAN: /* whoever is one when it counts; custodians publish */
        grantee.known = bytes_are_zero(body->grantee, ACCT_BYTES);
        grantee.publishes = true;
        break;
    case GRANTEE_ORG_KIND:
        break; /* refused before a block until it is built */
    }
    return grantee;
}

/* 400: does the scope name anything that can exist? */
static bool scope_is_empty(const struct exec *exec, const struct grant_body *body, const struct patient *patient)
{
    struct org org;
    bool sealed = body->ptr_seq > 0 || (body->flags & GRANT_SEALED) != 0 || body->effect == EFFECT_DENY;

    ASSERT(body->kind == GRANT_READ || body->kind == GRANT_WRITE);
    if (body->class_mask == 0 || (body->class_mask & ~CLASS_MASK_KNOWN) != 0) {
        return true;
    }
    if (body->class_mask == 1u << CLASS_SEALED && !sealed) {
        return true;
    }
    if (body->custodian > 0 && !exec_get_org(exec, body->custodian, &org)) {
        return true;
    }
    return body->ptr_seq > patient->ptr_count || (body->kind == GRANT_WRITE && body->ptr_seq > 0);
}

/* 401: a read needs purposes, none of them unknown or research; a write has none. */
static bool purposes_are_wrong(const struct grant_body *body)
{
    const uint32_t known = (1u << PURPOSE_COUNT) - 1;

    ASSERT(body->kind == GRANT_READ || body->kind == GRANT_WRITE);
    if (body->kind == GRANT_WRITE) {
        return body->purposes != 0;
    }
    return body->purposes == 0 || (body->purposes & ~known) != 0 || (body->purposes >> PURPOSE_HRESCH & 1) != 0;
}

/* 402 */
static bool period_is_wrong(const struct exec *exec, const struct grant_body *body)
{
    bool months = body->from_month > 0 && body->to_month > 0 && body->from_month > body->to_month;

    return months || body->expires <= body->not_before || body->expires <= exec->time_ms;
}

/* 409: record wraps come in the payload and open a read permit; epoch wraps are not built; without wraps there is no payload. */
static bool wraps_are_wrong(const struct exec *exec, const struct grant_body *body)
{
    bool payload = exec->envelope->payload_bytes > 0;

    ASSERT(body->wrap_kind <= WRAP_RECORD);
    switch ((enum wrap_kind)body->wrap_kind) {
    case WRAP_NONE:
        return payload;
    case WRAP_RECORD:
        return !payload || body->kind != GRANT_READ || body->effect != EFFECT_PERMIT;
    case WRAP_EPOCH:
        return true;
    }
    return true;
}

/* 118, 204, 400 to 410, ascending. */
static enum code grant_check(const struct exec *exec, const struct grant_body *body, const struct patient *patient)
{
    struct grantee grantee = grantee_find(exec, body);
    bool writes = body->kind == GRANT_WRITE && body->effect == EFFECT_PERMIT;

    ASSERT(exec->chain->grants <= exec->params->grants_max);
    ASSERT(patient->active_grants <= exec->params->grants_live_max);
    if (exec->chain->grants >= exec->params->grants_max) {
        return CODE_CAPACITY;
    }
    if (writes && grantee.known && !grantee.publishes) {
        return CODE_CAP;
    }
    if (scope_is_empty(exec, body, patient)) {
        return CODE_SCOPE_EMPTY;
    }
    if (purposes_are_wrong(body)) {
        return CODE_PURPOSE;
    }
    if (period_is_wrong(exec, body)) {
        return CODE_PERIOD;
    }
    if (body->expires > exec->time_ms + exec->params->grant_ms_max) {
        return CODE_PERIOD_LONG;
    }
    if (!grantee.known) {
        return CODE_GRANTEE;
    }
    if (patient->active_grants >= exec->params->grants_live_max) {
        return CODE_LIMIT_GRANTS;
    }
    if (wraps_are_wrong(exec, body)) {
        return CODE_WRAPS;
    }
    return body->kx_epoch == patient->kx_epoch ? CODE_OK : CODE_EPOCH_STALE;
}

/* Removes the first few grants that are over, so that a patient is not held up by grants that the due queue has not reached yet. */
static enum code grants_sweep(struct exec *exec, struct audit_trail *trail)
{
    struct consent_inputs *inputs = &exec->inputs;
    enum code code = CODE_OK;
    uint32_t removed = 0;

    grants_load(exec, trail->acct, &trail->patient, inputs);
    for (uint32_t i = 0; code == CODE_OK && removed < EXPIRED_PER_GRANT && i < inputs->grants_count; i++) {
        if (inputs->grants[i].grant.expires <= exec->time_ms) {
            code = grant_end(exec, trail, inputs->grants[i].seq, &inputs->grants[i].grant);
            removed++;
        }
    }
    ASSERT(inputs->grants_count == trail->patient.active_grants + removed);
    return code;
}

static struct grant grant_of_body(const struct exec *exec, const struct grant_body *body)
{
    struct grant grant = {
        .effect = body->effect,
        .kind = body->kind,
        .gtype = body->gtype,
        .conf_max = body->conf_max,
        .class_mask = body->class_mask,
        .purposes = body->purposes,
        .custodian = body->custodian,
        .flags = body->flags,
        .ptr_seq = body->ptr_seq,
        .from_month = body->from_month,
        .to_month = body->to_month,
        .not_before = body->not_before,
        .expires = body->expires,
        .max_uses = body->max_uses,
        .status = GRANT_ACTIVE,
        .wrap_kind = body->wrap_kind,
        .kx_epoch = body->kx_epoch,
        .form_commit = body->form_commit,
        .created = exec->time_ms,
    };

    ASSERT(body->expires > exec->time_ms); /* 402 was checked */
    ASSERT(exec->sender.kind == SIGNER_PATIENT);
    memcpy(grant.grantee, body->grantee, ACCT_BYTES);
    memcpy(grant.granted_by, exec->sender.acct, ACCT_BYTES);
    memcpy(grant.wraps_hash.bytes, exec->envelope->payload_hash, HASH_BYTES);
    return grant;
}

static void grant_event(struct exec *exec, struct audit_trail *trail, uint32_t seq, const struct grant *grant)
{
    struct audit_event event = audit_event_of(exec, EVENT_GRANT);
    struct writer writer;

    ASSERT(seq >= 1);
    event.result = grant->effect;
    event.conf = grant->conf_max;
    event.ptr = grant->ptr_seq;
    event.grant = seq;
    writer_init(&writer, event.extra, sizeof event.extra);
    write_u32_be(&writer, grant->class_mask);
    write_u32_be(&writer, grant->purposes);
    write_u64_be(&writer, grant->expires);
    ASSERT(!writer.failed);
    audit_emit(trail, exec, &event);
}

static enum code grant_store(struct exec *exec, struct audit_trail *trail, const struct grant *grant)
{
    uint32_t seq = ++trail->patient.grant_count;
    struct state_key due = key_due_grant(grant->expires, trail->acct, seq);

    ASSERT(trail->patient.active_grants < exec->params->grants_live_max);
    ASSERT(exec->chain->grants < exec->params->grants_max);
    trail->patient.active_grants++;
    ASSERT(trail->patient.active_grants <= trail->patient.grant_count);
    exec->chain->grants++;
    exec->creations++;
    grant_event(exec, trail, seq, grant);
    enum code code = exec_put_grant(exec, trail->acct, seq, grant);
    if (code == CODE_OK) {
        code = exec_put(exec, &due, NULL, 0);
    }
    return code == CODE_OK ? audit_end(trail, exec) : code;
}

enum code exec_grant(struct exec *exec)
{
    const struct grant_body *body = &exec->command.as.grant;
    struct patient patient;
    struct audit_trail trail;

    ASSERT(subject_is_sender(exec));
    enum code code = subject_patient(exec, SUBJECT_OPEN, &patient);
    if (code != CODE_OK) {
        return code;
    }
    audit_begin(&trail, exec, body->patient, &patient);
    code = grants_sweep(exec, &trail);
    if (code == CODE_OK) {
        code = grant_check(exec, body, &trail.patient);
    }
    if (code != CODE_OK) {
        return code;
    }
    struct grant grant = grant_of_body(exec, body);
    code = grant_store(exec, &trail, &grant);
    ASSERT(code != CODE_OK || trail.patient.grant_count == patient.grant_count + 1);
    ASSERT(code != CODE_OK || trail.patient.audit_count == patient.audit_count + 1); /* what is swept makes no event */
    return code;
}

/* --- 12 ------------------------------------------------------------------------------------------------------------ */

/* A grantee may give a permit back: the actor itself, or the admin of its organisation. Nobody but the patient lifts a deny. */
static bool revoke_sender_may(const struct exec *exec, const struct grant *grant)
{
    const struct signer *sender = &exec->sender;
    struct actor actor;

    ASSERT(grant->effect == EFFECT_PERMIT || grant->effect == EFFECT_DENY);
    ASSERT(grant->gtype <= GRANTEE_ANY_CUSTODIAN);
    if (subject_is_sender(exec)) {
        return true;
    }
    if (grant->effect == EFFECT_DENY) {
        return false;
    }
    bool admin = sender->kind == SIGNER_ORG && sender->org_key == ORG_KEY_ADMIN;
    uint16_t id = (uint16_t)(grant->grantee[ACCT_BYTES - 2] << 8 | grant->grantee[ACCT_BYTES - 1]);
    switch ((enum grant_type)grant->gtype) {
    case GRANTEE_ACTOR:
        if (sender->kind == SIGNER_ACTOR) {
            return memcmp(grant->grantee, sender->acct, ACCT_BYTES) == 0;
        }
        return admin && exec_get_actor(exec, grant->grantee, &actor) && actor.org == sender->org;
    case GRANTEE_ORG:
        return admin && id == sender->org;
    case GRANTEE_ORG_KIND:
    case GRANTEE_ANY_CUSTODIAN:
        return false;
    }
    return false;
}

/* 405, 203, 406: who may do it is known only once the grant is. To anybody but the patient a grant that is not there is as one of somebody else, 203. */
static enum code revoke_one(struct exec *exec, struct audit_trail *trail, uint32_t seq)
{
    struct audit_event event = audit_event_of(exec, EVENT_REVOKE);
    struct grant grant;

    ASSERT(seq >= 1);
    if (!exec_get_grant(exec, trail->acct, seq, &grant)) {
        return subject_is_sender(exec) ? CODE_GRANT_UNKNOWN : CODE_ROLE;
    }
    if (!revoke_sender_may(exec, &grant)) {
        return CODE_ROLE;
    }
    if (grant.status != GRANT_ACTIVE || grant.expires <= exec->time_ms) {
        return CODE_GRANT_STATE;
    }
    ASSERT(seq <= trail->patient.grant_count);
    event.result = grant.effect;
    event.conf = grant.conf_max;
    event.ptr = grant.ptr_seq;
    event.grant = seq;
    audit_emit(trail, exec, &event);
    return grant_end(exec, trail, seq, &grant);
}

enum code exec_revoke(struct exec *exec)
{
    const struct revoke *body = &exec->command.as.revoke;
    struct patient patient;
    struct audit_trail trail;

    enum code code = subject_patient(exec, SUBJECT_OPEN, &patient);
    if (code != CODE_OK) {
        return code;
    }
    audit_begin(&trail, exec, body->patient, &patient);
    for (size_t i = 0; code == CODE_OK && i < body->count; i++) {
        code = revoke_one(exec, &trail, body->seqs[i]);
    }
    ASSERT(code != CODE_OK || trail.patient.active_grants + body->count == patient.active_grants);
    ASSERT(code != CODE_OK || exec->events_count == body->count);
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}

/* --- What falls due ------------------------------------------------------------------------------------------------- */

/* A grant that runs out makes no event: the event of its making named its end. */
enum code exec_due_grant(struct exec *exec, struct bytes key)
{
    struct due_entry entry = key_due_parse(key.data, key.size);
    struct audit_trail trail;
    struct patient patient;
    struct grant grant;

    ASSERT(entry.time <= exec->time_ms);
    if (!exec_get_patient(exec, entry.acct, &patient) || !exec_get_grant(exec, entry.acct, entry.seq, &grant)) {
        return CODE_OK;
    }
    ASSERT(grant.expires <= entry.time); /* it is over */
    audit_begin(&trail, exec, entry.acct, &patient);
    enum code code = grant_end(exec, &trail, entry.seq, &grant);
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}
