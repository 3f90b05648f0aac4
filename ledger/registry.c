/* registry.c: who takes part: actors of organisations (03), patients' compartments (04) and their policies (19).
 *
 * G1 Every key that an account was registered with has a KeyUse entry, and no key serves twice.
 * G2 An account is what its first key gives: nobody can register one whose key they do not hold. */
#include "ledger/registry.h"

#include "base/assert.h"
#include "ledger/audit.h"
#include "ledger/role.h"
#include "ledger/sender.h"

#include <string.h>

static bool key_was_used(const struct exec *exec, const uint8_t pk[KEY_BYTES])
{
    struct state_key key = key_key_use(pk);
    uint8_t acct[ACCT_BYTES];

    return exec_get(exec, &key, acct, sizeof acct) >= 0;
}

static enum code key_use(struct exec *exec, const uint8_t pk[KEY_BYTES], const uint8_t acct[ACCT_BYTES])
{
    struct state_key key = key_key_use(pk);

    return exec_put(exec, &key, acct, ACCT_BYTES);
}

/* --- 03 ------------------------------------------------------------------------------------------------------------ */

/* 203, 204, 118, 207, 210, in this order: what the sender may do comes before what there is room for. */
static enum code check_register(const struct exec *exec, const struct actor_set *body)
{
    struct hash32 officer = account_of_org(ORG_KEY_OFFICER, exec->sender.org);
    const struct org *org = &exec->sender_org;
    struct actor actor;

    ASSERT(body->kind >= ACTOR_PRACTITIONER);
    ASSERT(body->role <= ROLE_EMERGENCY);
    if (!role_fits((enum org_kind)org->kind, (enum actor_kind)body->kind, (enum actor_role)body->role)) {
        return CODE_ROLE;
    }
    if ((body->caps & ~org->caps) != 0) {
        return CODE_CAP;
    }
    if ((body->caps & CAP_BTG) != 0 && exec_cosigner(exec, officer.bytes) == NULL) {
        return CODE_CAP;
    }
    if (exec->chain->actors >= exec->params->actors_max) {
        return CODE_CAPACITY;
    }
    if (exec_get_actor(exec, body->acct, &actor)) {
        return CODE_EXISTS;
    }
    return key_was_used(exec, body->pk) ? CODE_KEY_REUSE : CODE_OK;
}

static enum code actor_register(struct exec *exec, const struct actor_set *body)
{
    enum code code = check_register(exec, body);

    if (code != CODE_OK) {
        return code;
    }
    struct actor actor = { .kind = body->kind, .role = body->role, .org = exec->sender.org, .status = ACTOR_ACTIVE, .caps = body->caps,
        .valid_until = body->valid_until, .registered = exec->time_ms };
    memcpy(actor.pk, body->pk, KEY_BYTES);
    memcpy(actor.kx_pk, body->kx_pk, KEY_BYTES);
    memcpy(actor.attest_commit, body->attest_commit, sizeof actor.attest_commit);
    ASSERT(exec->chain->actors < exec->params->actors_max);
    exec->chain->actors++;
    exec->creations++;
    code = exec_put_actor(exec, body->acct, &actor);
    code = code == CODE_OK ? key_use(exec, body->pk, body->acct) : code;
    ASSERT(code != CODE_OK || key_was_used(exec, body->pk)); /* so nobody else registers it */
    return code;
}

/* Suspended or retired stays retired; saying so again changes nothing. */
static enum code actor_end(struct exec *exec, const struct actor_set *body, enum actor_status status)
{
    struct actor actor;

    ASSERT(status > ACTOR_ACTIVE);
    if (!exec_get_actor(exec, body->acct, &actor) || actor.org != exec->sender.org) {
        return CODE_NOT_OWNER;
    }
    actor.status = actor.status < status ? (uint8_t)status : actor.status;
    ASSERT(actor.status >= status); /* nothing makes it active again */
    return exec_put_actor(exec, body->acct, &actor);
}

enum code exec_actor_set(struct exec *exec)
{
    const struct actor_set *body = &exec->command.as.actor_set;

    ASSERT(exec->sender.kind == SIGNER_ORG);
    ASSERT(exec->sender.org_key == ORG_KEY_ADMIN);
    switch ((enum actor_set_op)body->op) {
    case ACTOR_REGISTER:
        return actor_register(exec, body);
    case ACTOR_SUSPEND:
        return actor_end(exec, body, ACTOR_SUSPENDED);
    case ACTOR_RETIRE:
        return actor_end(exec, body, ACTOR_RETIRED);
    case ACTOR_UPDATE:
        break; /* refused before a block until it is built */
    }
    return CODE_ROLE;
}

/* --- 04 ------------------------------------------------------------------------------------------------------------ */

/* One grant that lets the vouching organisation add pointers without a signature of the patient each time: what a GRANT could have said too. */
static enum code standing_write(struct exec *exec, struct audit_trail *trail)
{
    uint32_t seq = ++trail->patient.grant_count;
    struct grant grant = { .effect = EFFECT_PERMIT, .kind = GRANT_WRITE, .gtype = GRANTEE_ORG, .conf_max = CONF_RESTRICTED,
        .class_mask = CLASS_MASK_ALL, .not_before = exec->time_ms, .expires = exec->time_ms + exec->params->grant_ms_max,
        .status = GRANT_ACTIVE, .kx_epoch = trail->patient.kx_epoch, .created = exec->time_ms };
    struct state_key due = key_due_grant(grant.expires, trail->acct, seq);
    struct audit_event event = audit_event_of(exec, EVENT_GRANT);
    struct writer writer;

    ASSERT(seq == 1); /* of a patient who was registered a moment ago */
    ASSERT(trail->patient.vouchers[0] > 0);
    ASSERT(exec->chain->grants < exec->params->grants_max); /* 118 was checked */
    grant.grantee[ACCT_BYTES - 2] = (uint8_t)(trail->patient.vouchers[0] >> 8);
    grant.grantee[ACCT_BYTES - 1] = (uint8_t)trail->patient.vouchers[0];
    memcpy(grant.granted_by, trail->acct, ACCT_BYTES);
    trail->patient.active_grants++;
    exec->chain->grants++;
    exec->creations++;
    event.result = grant.effect;
    event.conf = grant.conf_max;
    event.grant = seq;
    writer_init(&writer, event.extra, sizeof event.extra);
    write_u32_be(&writer, grant.class_mask);
    write_u32_be(&writer, grant.purposes);
    write_u64_be(&writer, grant.expires);
    ASSERT(!writer.failed);
    audit_emit(trail, exec, &event);
    enum code code = exec_put_grant(exec, trail->acct, seq, &grant);
    return code == CODE_OK ? exec_put(exec, &due, NULL, 0) : code;
}

static struct patient patient_new(const struct exec *exec)
{
    const struct patient_register *body = &exec->command.as.patient_register;
    struct patient patient = { .status = PATIENT_ACTIVE, .default_policy = body->default_policy, .btg_policy = body->btg_policy,
        .flags = body->flags & REGISTER_COMPARTMENT ? PATIENT_COMPARTMENT : 0, .kx_epoch = 1, .nonce = 1, .created = exec->time_ms };

    ASSERT(exec->cosigners_count > 0); /* 208 */
    ASSERT(exec->cosigners[0].org > 0);
    memcpy(patient.pk, exec->envelope->key, KEY_BYTES);
    memcpy(patient.kx_pk, body->kx_pk, KEY_BYTES);
    memcpy(patient.sealed_kx_pk, body->sealed_kx_pk, KEY_BYTES);
    patient.vouchers[0] = exec->cosigners[0].org;
    patient.vouchers[1] = exec->cosigners_count > 1 ? exec->cosigners[1].org : 0;
    return patient;
}

/* Whether the state takes what a registration puts there: the compartment, the right edge of its trail and its key; with a grant that and its end. */
static bool has_room(const struct exec *exec, bool grants)
{
    uint32_t keys = 3, cells = state_cells(1 + ACCT_BYTES, PATIENT_BYTES) + state_cells(1 + ACCT_BYTES, HASH_BYTES) + state_cells(1 + KEY_BYTES, ACCT_BYTES);

    if (grants) {
        struct state_key due = key_due_grant(exec->time_ms, exec->genesis->bytes, 1); /* any account: all have one length */
        keys += 2;
        cells += state_cells(1 + ACCT_BYTES + sizeof(uint32_t), GRANT_BYTES) + state_cells(due.size, 0);
    }
    ASSERT(state_store_keys(exec->store) <= exec->params->state_keys_max);
    return state_store_keys(exec->store) + keys <= exec->params->state_keys_max && state_store_cells(exec->store) + cells <= exec->params->state_cells_max;
}

/* 204: a standing write grant is what a GRANT could have said too. */
static bool may_grant(const struct exec *exec, uint16_t voucher)
{
    struct org org;

    return voucher == 0 || !exec_get_org(exec, voucher, &org) || (org.caps & CAP_PUBLISH) != 0;
}

enum code registry_check_patient(const struct exec *exec, const struct envelope *envelope, const struct patient_register *body, uint16_t voucher)
{
    bool grants = (body->flags & REGISTER_STANDING_WRITE) != 0;
    struct patient patient;

    ASSERT(exec->chain->patients <= exec->params->patients_max);
    ASSERT(exec->chain->grants <= exec->params->grants_max);
    if (exec->chain->patients >= exec->params->patients_max || (grants && exec->chain->grants >= exec->params->grants_max) || !has_room(exec, grants)) {
        return CODE_CAPACITY;
    }
    if (grants && !may_grant(exec, voucher)) {
        return CODE_CAP;
    }
    if (exec_get_patient(exec, envelope->sender, &patient)) {
        return CODE_EXISTS;
    }
    if (voucher == 0) {
        return CODE_VOUCH_MISSING;
    }
    return key_was_used(exec, envelope->key) ? CODE_KEY_REUSE : CODE_OK;
}

/* 116, then the rest: the voucher pays, and gets it back when anything fails. */
static enum code check_patient_register(struct exec *exec)
{
    bool vouched = exec->cosigners_count > 0;

    ASSERT(exec->cosigners_count <= ENVELOPE_COSIGNERS_MAX);
    if (vouched && sender_charge(exec, exec->cosigners[0].acct) != CODE_OK) {
        return CODE_RATE;
    }
    return registry_check_patient(exec, exec->envelope, &exec->command.as.patient_register, vouched ? exec->cosigners[0].org : 0);
}

enum code exec_patient_register(struct exec *exec)
{
    const struct patient_register *body = &exec->command.as.patient_register;
    struct audit_trail trail;
    enum code code = check_patient_register(exec);

    ASSERT(exec->sender.kind == SIGNER_PATIENT);
    if (code == CODE_OK) {
        code = key_use(exec, exec->envelope->key, exec->sender.acct);
    }
    if (code != CODE_OK) {
        return code;
    }
    struct patient patient = patient_new(exec);
    struct audit_event event = audit_event_of(exec, EVENT_REGISTERED);
    ASSERT(exec->chain->patients < exec->params->patients_max);
    exec->chain->patients++;
    exec->creations++;
    event.org = patient.vouchers[0];
    audit_begin(&trail, exec, exec->sender.acct, &patient);
    audit_emit(&trail, exec, &event);
    if ((body->flags & REGISTER_STANDING_WRITE) != 0) {
        code = standing_write(exec, &trail);
    }
    ASSERT(code != CODE_CAPACITY); /* so no registration fails that is not known to fail before it is proposed */
    ASSERT(code != CODE_OK || trail.patient.audit_count == exec->events_count); /* the trail begins here */
    ASSERT(code != CODE_OK || trail.patient.active_grants + 1u == exec->creations);
    return code == CODE_OK ? audit_end(&trail, exec) : code;
}

/* --- 19 ------------------------------------------------------------------------------------------------------------ */

enum code exec_patient_set(struct exec *exec)
{
    const struct patient_set *body = &exec->command.as.patient_set;
    struct patient patient;
    struct audit_trail trail;

    ASSERT(exec->sender.kind == SIGNER_PATIENT);
    ASSERT(memcmp(exec->sender.acct, body->patient, ACCT_BYTES) == 0);
    if (!exec_get_patient(exec, body->patient, &patient)) {
        return CODE_PATIENT_UNKNOWN;
    }
    if (patient.status == PATIENT_LOCKED) {
        return CODE_PATIENT_LOCKED;
    }
    if (patient.status == PATIENT_ERASED) {
        return CODE_PATIENT_ERASED;
    }
    ASSERT(body->op == PATIENT_SET_POLICY);
    struct audit_event event = audit_event_of(exec, EVENT_POLICY);
    event.result = body->op;
    event.extra[0] = body->default_policy;
    event.extra[1] = body->btg_policy;
    patient.default_policy = body->default_policy;
    patient.btg_policy = body->btg_policy;
    audit_begin(&trail, exec, body->patient, &patient);
    audit_emit(&trail, exec, &event);
    return audit_end(&trail, exec);
}
