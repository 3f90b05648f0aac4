/* genesis_load.c: the state of block 0. Every record is a stranger's: nothing is asserted about it before it was judged. */
#include "ledger/genesis_load.h"

#include "base/assert.h"
#include "ledger/role.h"

#include <string.h>

enum {
    REPLICA_NONE = 255,
    GRANT_COUNT_MAX = 1 << 30 /* the highest number of a grant that a patient may begin with: as many again are more than anybody can ever make */
};

struct hash32 genesis_account(uint8_t kind, const uint8_t key[KEY_BYTES])
{
    const struct hash32 none = { { 0 } };

    return account_derive(&none, kind, key);
}

static enum verdict put(struct exec *exec, const struct state_key *key, const void *value, size_t size)
{
    return exec_put(exec, key, value, size) == CODE_OK ? VERDICT_OK : VERDICT_LENGTH;
}

/* Records whose key it is. Fails: CONFLICT when it is somebody's already. */
static enum verdict use_key(struct exec *exec, const uint8_t pk[KEY_BYTES], const uint8_t acct[ACCT_BYTES])
{
    struct state_key key = key_key_use(pk);
    uint8_t owner[ACCT_BYTES];

    if (exec_get(exec, &key, owner, sizeof owner) >= 0) {
        return VERDICT_CONFLICT;
    }
    return put(exec, &key, acct, ACCT_BYTES);
}

/* --- Organisations -------------------------------------------------------------------------------------------------- */

static struct org org_of(const struct enrolment *enrolment, uint8_t replica_index, uint64_t time_ms)
{
    struct org org = { .kind = enrolment->kind, .status = ORG_ACTIVE, .caps = enrolment->capabilities, .replica_index = replica_index,
        .name_length = (uint8_t)strnlen(enrolment->name, ORG_NAME_BYTES_MAX),
        .endpoint_length = (uint8_t)strnlen(enrolment->endpoint, ORG_ENDPOINT_BYTES_MAX), .joined = time_ms };

    ASSERT(org.name_length <= ORG_NAME_BYTES_MAX);
    ASSERT(org.endpoint_length <= ORG_ENDPOINT_BYTES_MAX);
    memcpy(org.name, enrolment->name, org.name_length);
    memcpy(org.endpoint, enrolment->endpoint, org.endpoint_length);
    memcpy(org.admin_pk, enrolment->admin_key, KEY_BYTES);
    memcpy(org.officer_pk, enrolment->officer_key, KEY_BYTES);
    memcpy(org.kx_pk, enrolment->kx_key, KEY_BYTES);
    memcpy(org.noise_commit, enrolment->noise_commitment.bytes, sizeof org.noise_commit);
    memcpy(org.replica_pk, enrolment->sign_key, KEY_BYTES);
    return org;
}

static enum verdict load_org(struct exec *exec, uint16_t id, const struct enrolment *enrolment, uint8_t replica_index)
{
    struct org org = org_of(enrolment, replica_index, exec->time_ms), judged;
    struct hash32 admin = account_of_org(ORG_KEY_ADMIN, id), officer = account_of_org(ORG_KEY_OFFICER, id);
    struct state_key key = key_org(id);
    uint8_t bytes[ORG_BYTES];

    ASSERT(id >= 1);
    if (enrolment->kind < ORG_HOSPITAL || enrolment->kind > ORG_LAB_PHARMACY || (enrolment->capabilities & ~CAPS_ALL) != 0 || org.name_length == 0) {
        return VERDICT_RANGE;
    }
    org_encode(&org, bytes);
    enum verdict verdict = org_decode(&judged, bytes, sizeof bytes);
    if (verdict == VERDICT_OK) {
        verdict = put(exec, &key, bytes, sizeof bytes);
    }
    if (verdict == VERDICT_OK) {
        verdict = use_key(exec, org.admin_pk, admin.bytes);
    }
    return verdict == VERDICT_OK ? use_key(exec, org.officer_pk, officer.bytes) : verdict;
}

static enum verdict load_orgs(struct exec *exec, const struct genesis *genesis)
{
    enum verdict verdict = genesis->enrolments_count <= ORGANISATIONS_MAX ? VERDICT_OK : VERDICT_LENGTH;
    uint32_t members = 0;

    for (uint32_t id = 1; verdict == VERDICT_OK && id <= genesis->enrolments_count; id++) {
        struct enrolment enrolment;
        genesis_enrolment(genesis, id, &enrolment);
        if (enrolment.has_replica && members >= REPLICA_NONE) {
            return VERDICT_LENGTH;
        }
        verdict = load_org(exec, (uint16_t)id, &enrolment, enrolment.has_replica ? (uint8_t)members++ : REPLICA_NONE);
    }
    exec->chain->orgs = (uint16_t)genesis->enrolments_count;
    ASSERT(members <= REPLICA_NONE);
    ASSERT(verdict != VERDICT_OK || state_store_keys(exec->store) == 2 + 3u * exec->chain->orgs); /* parameters, chain; of each its record and two keys */
    return verdict;
}

/* --- Initial entities ----------------------------------------------------------------------------------------------- */

static bool org_exists(const struct exec *exec, uint16_t id)
{
    return id >= 1 && id <= exec->chain->orgs;
}

/* What a registration would ask: the organisation exists, may have such an actor, and gives no capability that it has not. */
static enum verdict judge_actor(const struct exec *exec, const struct actor *actor)
{
    struct org org;

    ASSERT(actor->org >= 1); /* the codec read it */
    if (!org_exists(exec, actor->org) || !exec_get_org(exec, actor->org, &org)) {
        return VERDICT_MEMBER;
    }
    if (!role_fits((enum org_kind)org.kind, (enum actor_kind)actor->kind, (enum actor_role)actor->role) || (actor->caps & ~org.caps) != 0) {
        return VERDICT_MEMBER;
    }
    bool untouched = actor->nonce == 0 && actor->bucket == 0 && actor->sponsor_org == 0 && actor->status == ACTOR_ACTIVE;
    return untouched ? VERDICT_OK : VERDICT_CONFLICT;
}

/* A patient is vouched for by organisations that could have done it with a command: hospitals and clinics with VOUCH. */
static bool may_vouch(const struct exec *exec, uint16_t id)
{
    struct org org;

    if (!org_exists(exec, id) || !exec_get_org(exec, id, &org)) {
        return false;
    }
    return (org.kind == ORG_HOSPITAL || org.kind == ORG_CLINIC) && (org.caps & CAP_VOUCH) != 0;
}

static enum verdict load_actor(struct exec *exec, const struct genesis_entity *entity)
{
    struct actor actor;
    enum verdict verdict = actor_decode(&actor, entity->value.data, entity->value.size);

    ASSERT(exec->chain->actors <= exec->params->actors_max);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    struct hash32 acct = genesis_account(actor.kind, actor.pk);
    if (entity->key.size != 1 + ACCT_BYTES || memcmp(acct.bytes, entity->key.data + 1, ACCT_BYTES) != 0) {
        return VERDICT_MEMBER;
    }
    verdict = judge_actor(exec, &actor);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (exec->chain->actors >= exec->params->actors_max || exec_put_actor(exec, acct.bytes, &actor) != CODE_OK) {
        return VERDICT_LENGTH;
    }
    exec->chain->actors++;
    ASSERT(exec->chain->actors <= exec->params->actors_max);
    return use_key(exec, actor.pk, acct.bytes);
}

static enum verdict load_patient(struct exec *exec, const struct genesis_entity *entity)
{
    struct patient patient;
    enum verdict verdict = patient_decode(&patient, entity->value.data, entity->value.size);

    ASSERT(exec->chain->patients <= exec->params->patients_max);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    struct hash32 acct = genesis_account(ACCOUNT_PATIENT, patient.pk);
    if (entity->key.size != 1 + ACCT_BYTES || memcmp(acct.bytes, entity->key.data + 1, ACCT_BYTES) != 0) {
        return VERDICT_MEMBER;
    }
    if (!may_vouch(exec, patient.vouchers[0]) || (patient.vouchers[1] != 0 && !may_vouch(exec, patient.vouchers[1]))) {
        return VERDICT_MEMBER;
    }
    bool untouched = patient.nonce == 0 && patient.bucket == 0 && patient.ptr_count == 0 && patient.current == 0 && patient.pending == 0 &&
                     patient.audit_count == 0 && hash_is_zero(&patient.audit_root) && patient.delegates == 0;
    if (!untouched || patient.status != PATIENT_ACTIVE || patient.grant_count > GRANT_COUNT_MAX) {
        return VERDICT_CONFLICT;
    }
    if (patient.active_grants > exec->params->grants_live_max || exec->chain->patients >= exec->params->patients_max ||
        exec_put_patient(exec, acct.bytes, &patient) != CODE_OK) {
        return VERDICT_LENGTH;
    }
    exec->chain->patients++;
    ASSERT(exec->chain->patients <= exec->params->patients_max);
    return use_key(exec, patient.pk, acct.bytes);
}

static enum verdict load_grant(struct exec *exec, const struct genesis_entity *entity)
{
    struct grant grant;
    struct patient patient;
    enum verdict verdict = grant_decode(&grant, entity->value.data, entity->value.size);

    ASSERT(exec->chain->grants <= exec->params->grants_max);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (entity->key.size != 1 + ACCT_BYTES + 4 || !exec_get_patient(exec, entity->key.data + 1, &patient)) {
        return VERDICT_MEMBER;
    }
    const uint8_t *acct = entity->key.data + 1;
    uint32_t seq = key_seq(entity->key.data, entity->key.size);
    if (seq < 1 || seq > patient.grant_count || grant.status != GRANT_ACTIVE || grant.uses != 0 || grant.expires <= exec->time_ms) {
        return VERDICT_CONFLICT;
    }
    struct state_key due = key_due_grant(grant.expires, acct, seq);
    if (exec->chain->grants >= exec->params->grants_max || exec_put_grant(exec, acct, seq, &grant) != CODE_OK) {
        return VERDICT_LENGTH;
    }
    exec->chain->grants++;
    ASSERT(exec->chain->grants <= exec->params->grants_max);
    return put(exec, &due, "", 0);
}

static enum verdict load_entity(struct exec *exec, const struct genesis_entity *entity)
{
    switch (entity->key.size > 0 ? entity->key.data[0] : KEY_CHAIN) {
    case KEY_ACTOR:
        return load_actor(exec, entity);
    case KEY_PATIENT:
        return load_patient(exec, entity);
    case KEY_GRANT:
        return load_grant(exec, entity);
    default:
        return VERDICT_TYPE;
    }
}

/* Every patient has as many grants as it says. */
static enum verdict check_grant_counts(const struct exec *exec)
{
    const uint8_t patients_prefix = KEY_PATIENT;
    struct state_cursor patients, grants;
    struct state_entry entry, grant;
    struct patient patient;

    ASSERT(exec->chain->grants <= exec->params->grants_max);
    state_cursor_init(&patients, bytes_of(&patients_prefix, 1), STATE_PIN_NONE);
    while (state_cursor_next(exec->store, &patients, &entry)) {
        enum verdict verdict = patient_decode(&patient, entry.value.data, entry.value.size);
        ASSERT(verdict == VERDICT_OK);
        ASSERT(entry.key.size == 1 + ACCT_BYTES);
        struct state_key prefix = key_prefix(KEY_GRANT, entry.key.data + 1);
        uint32_t count = 0;
        exec_cursor(&grants, &prefix);
        while (state_cursor_next(exec->store, &grants, &grant)) {
            count++;
        }
        if (count != patient.active_grants) {
            return VERDICT_CONFLICT;
        }
    }
    return VERDICT_OK;
}

enum verdict genesis_load(struct exec *exec, const struct genesis *genesis)
{
    struct state_key params_key = key_params();
    struct state_key chain_key = key_chain();
    struct reader cursor = genesis_entities(genesis);
    struct genesis_entity entity;

    ASSERT(exec->envelope == NULL);
    ASSERT(state_store_keys(exec->store) == 0);
    ASSERT(exec->height == 0);
    enum verdict verdict = put(exec, &params_key, genesis->params, GENESIS_PARAMS_BYTES);
    if (verdict == VERDICT_OK) {
        verdict = put(exec, &chain_key, "", 0); /* its place; the ledger writes it when all counters are known */
    }
    if (verdict == VERDICT_OK) {
        verdict = load_orgs(exec, genesis);
    }
    for (uint32_t i = 0; verdict == VERDICT_OK && i < genesis->entities_count; i++) {
        verdict = genesis_entity_next(&cursor, &entity) ? load_entity(exec, &entity) : VERDICT_SHORT;
    }
    const struct chain *chain = exec->chain;
    ASSERT(verdict != VERDICT_OK || chain->actors + chain->patients + chain->grants == genesis->entities_count);
    return verdict == VERDICT_OK ? check_grant_counts(exec) : verdict;
}
