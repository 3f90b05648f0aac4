/* cast.c: see cast.h. */
#include "sim/world/cast.h"

#include "base/assert.h"
#include "ledger/entity.h"
#include "ledger/genesis_load.h"
#include "ledger/key.h"
#include "ledger/params.h"
#include "ledger/pointers.h"
#include "sim/world/choice.h"
#include "sim/world/petition.h"
#include "wire/account.h"

#include <stdio.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum key_owner { OWNER_ADMIN = 1, OWNER_OFFICER, OWNER_KX, OWNER_SIGN, OWNER_TRANSPORT, OWNER_ACTOR, OWNER_PATIENT, OWNER_CONTENT, OWNER_PRACTITIONER, OWNER_NEWCOMER, OWNER_RECRUIT };

#define TENURE_MS (10 * CAST_GRANT_MS) /* of whom no plan says otherwise */
#define ENTITY_BYTES 512 /* key and value of one initial entity, as they lie in the pool */

/* fill draws 32 bytes that belong to a name: the seed of a key, or what stands for a document. */
static void fill(uint64_t seed, enum key_owner owner, uint64_t number, uint64_t part, uint8_t out[32])
{
    struct writer writer;

    writer_init(&writer, out, 32);
    for (uint64_t i = 0; i < 4; i++) {
        write_u64_le(&writer, choice_draw(seed, &(struct choice){ CHOICE_KEY, { owner, number, part, i } }));
    }
}

static struct sign_keypair pair_of(uint64_t seed, enum key_owner owner, uint64_t number)
{
    struct sign_keypair pair;
    uint8_t bytes[32];

    fill(seed, owner, number, 0, bytes);
    sign_keypair_from_seed(&pair, bytes);
    return pair;
}

static struct params params_of(const struct cast_plan *plan)
{
    struct params params = params_default();

    params.actors_max = CAST_ACTORS_MAX;
    params.patients_max = CAST_ACTORS_MAX;
    params.grants_max = CAST_ACTORS_MAX;
    params.pointers_max = 65536;
    params.tickets_max = 64;
    params.state_keys_max = 131072;
    params.state_cells_max = 262144;
    if (plan->consents) { /* as many tickets and grants as a story asks for, as fast as it does */
        params.actors_max = 2 * CAST_ACTORS_MAX;
        params.grants_max = params.tickets_max = 16384;
        params.rate_patient = params.rate_practitioner = params.rate_system;
    }
    if (plan->rate.interval_ms > 0) {
        params.rate_patient = params.rate_practitioner = params.rate_system = plan->rate;
    }
    ASSERT(plan->actors_count <= params.actors_max);
    return params;
}

/* --- Hospitals ------------------------------------------------------------------------------------------------------ */

static void enrol(struct cast *cast, uint32_t member, struct writer *writer)
{
    uint64_t seed = cast->plan.seed;
    struct enrolment enrolment = { .kind = ORG_HOSPITAL, .has_replica = true, .capabilities = CAP_PUBLISH | CAP_VOUCH };
    struct sign_keypair admin = pair_of(seed, OWNER_ADMIN, member), officer = pair_of(seed, OWNER_OFFICER, member);

    snprintf(enrolment.name, sizeof enrolment.name, "hospital-%03u", (unsigned)member);
    snprintf(enrolment.endpoint, sizeof enrolment.endpoint, "r%u.invalid:7100", (unsigned)member);
    struct hash32 account = account_of_org(ORG_KEY_ADMIN, (uint16_t)(member + 1));
    cast->admins[member] = admin;
    memcpy(cast->admin_accounts[member], account.bytes, 32);
    memcpy(enrolment.admin_key, admin.public_key, 32);
    memcpy(enrolment.officer_key, officer.public_key, 32);
    memcpy(enrolment.sign_key, cast->members[member].public_key, 32);
    fill(seed, OWNER_KX, member, 0, enrolment.kx_key);
    fill(seed, OWNER_TRANSPORT, member, 0, enrolment.transport_key);
    struct hash32 digest = enrolment_digest(&enrolment);
    sign_digest(&admin, &digest, enrolment.admin_signature);
    sign_digest(&officer, &digest, enrolment.officer_signature);
    sign_digest(&cast->members[member], &digest, enrolment.replica_signature);
    genesis_write_enrolment(&enrolment, writer);
}

/* --- Initial entities ----------------------------------------------------------------------------------------------- */

/* Entities under way: their bytes lie in a pool. */
struct pool {
    struct genesis_entity *entities;
    uint8_t *bytes;
    uint32_t count;
};

static void pool_add(struct pool *pool, const struct state_key *key, const uint8_t *value, size_t size)
{
    uint8_t *at = pool->bytes + (size_t)pool->count * ENTITY_BYTES;

    ASSERT(key->size + size <= ENTITY_BYTES);
    memcpy(at, key->bytes, key->size);
    memcpy(at + key->size, value, size);
    pool->entities[pool->count++] = (struct genesis_entity){ bytes_of(at, key->size), bytes_of(at + key->size, size) };
}

static void add_actor(struct pool *pool, const struct cast_plan *plan, const struct cast_actor *from, bool is_system)
{
    struct state_key key = key_actor(is_system ? from->account : from->practitioner);
    struct actor actor = { .kind = is_system ? ACTOR_SYSTEM : ACTOR_PRACTITIONER, .role = is_system ? ROLE_NONE : ROLE_PHYSICIAN, .org = from->organisation,
        .status = ACTOR_ACTIVE, .caps = is_system ? CAP_PUBLISH | (plan->joins ? CAP_VOUCH : 0) : 0, .valid_until = is_system ? CAST_GENESIS_MS + TENURE_MS : cast_tenure_ends_ms(plan), .registered = CAST_GENESIS_MS };
    uint8_t value[ACTOR_BYTES];

    memcpy(actor.pk, is_system ? from->key.public_key : from->practitioner_key.public_key, KEY_BYTES);
    actor_encode(&actor, value);
    pool_add(pool, &key, value, sizeof value);
}

static void add_grant(struct pool *pool, const struct cast_actor *from, uint32_t number, struct grant *grant, uint16_t organisation)
{
    struct state_key key = key_grant(from->patient, number);
    uint8_t value[GRANT_BYTES];

    grant->grantee[ACCT_BYTES - 2] = (uint8_t)(organisation >> 8);
    grant->grantee[ACCT_BYTES - 1] = (uint8_t)organisation;
    memcpy(grant->granted_by, from->patient, ACCT_BYTES);
    grant_encode(grant, value);
    pool_add(pool, &key, value, sizeof value);
}

/* add_patient adds the patient with the standing grant that lets the record system's hospital write, and with consents one that lets the next hospital read. */
static void add_patient(struct pool *pool, const struct cast *cast, const struct cast_actor *from)
{
    struct state_key key = key_patient(from->patient);
    uint16_t grants = cast->plan.consents ? 2 : 1;
    struct patient patient = { .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { from->organisation, 0 }, .grant_count = grants,
        .active_grants = grants, .created = CAST_GENESIS_MS };
    struct grant writes = { .effect = EFFECT_PERMIT, .kind = GRANT_WRITE, .gtype = GRANTEE_ORG, .conf_max = CONF_VERY_RESTRICTED,
        .class_mask = CLASS_MASK_ALL, .expires = CAST_GENESIS_MS + CAST_GRANT_MS, .status = GRANT_ACTIVE, .created = CAST_GENESIS_MS };
    struct grant reads = writes;
    uint8_t value[PATIENT_BYTES];

    memcpy(patient.pk, from->patient_key.public_key, KEY_BYTES);
    patient_encode(&patient, value);
    pool_add(pool, &key, value, sizeof value);
    add_grant(pool, from, 1, &writes, from->organisation);
    if (cast->plan.consents) {
        reads.kind = GRANT_READ;
        reads.conf_max = CONF_RESTRICTED;
        reads.purposes = 1u << PURPOSE_TREAT;
        add_grant(pool, from, 2, &reads, (uint16_t)(from->organisation % cast->plan.members_count + 1));
    }
}

static int entity_order(const void *a, const void *b)
{
    const struct genesis_entity *left = a, *right = b;
    size_t common = left->key.size < right->key.size ? left->key.size : right->key.size;

    return memcmp(left->key.data, right->key.data, common); /* no key of the state is a prefix of another */
}

/* make_joining draws the keys of those who join beside a record system. Needs: the genesis, after which their accounts are called. */
static void make_joining(struct cast *cast, uint32_t i)
{
    struct cast_actor *actor = &cast->actors[i];

    actor->newcomer_key = pair_of(cast->plan.seed, OWNER_NEWCOMER, i);
    actor->recruit_key = pair_of(cast->plan.seed, OWNER_RECRUIT, i);
    struct hash32 newcomer = account_derive(&cast->genesis.hash, ACCOUNT_PATIENT, actor->newcomer_key.public_key);
    struct hash32 recruit = account_derive(&cast->genesis.hash, ACCOUNT_PRACTITIONER, actor->recruit_key.public_key);
    memcpy(actor->newcomer, newcomer.bytes, 32);
    memcpy(actor->recruit, recruit.bytes, 32);
}

/* make_actor draws the keys of one record system and those beside it. */
static void make_actor(struct cast *cast, uint32_t i)
{
    struct cast_actor *actor = &cast->actors[i];

    actor->patient_key = pair_of(cast->plan.seed, OWNER_PATIENT, i);
    actor->key = pair_of(cast->plan.seed, OWNER_ACTOR, i);
    actor->organisation = (uint16_t)(i % cast->plan.members_count + 1);
    struct hash32 account = genesis_account(ACCOUNT_SYSTEM, actor->key.public_key);
    struct hash32 compartment = genesis_account(ACCOUNT_PATIENT, actor->patient_key.public_key);
    memcpy(actor->account, account.bytes, 32);
    memcpy(actor->patient, compartment.bytes, 32);
    if (cast->plan.consents) {
        actor->practitioner_key = pair_of(cast->plan.seed, OWNER_PRACTITIONER, i);
        account = genesis_account(ACCOUNT_PRACTITIONER, actor->practitioner_key.public_key);
        memcpy(actor->practitioner, account.bytes, 32);
    }
}

static struct pool make_entities(struct cast *cast)
{
    uint32_t most = 5 * cast->plan.actors_count;
    struct pool pool = { calloc(most, sizeof *pool.entities), calloc(most, ENTITY_BYTES), 0 };

    ASSERT(pool.entities != NULL);
    ASSERT(pool.bytes != NULL);
    for (uint32_t i = 0; i < cast->plan.actors_count; i++) {
        make_actor(cast, i);
        add_actor(&pool, &cast->plan, &cast->actors[i], true);
        if (cast->plan.consents) {
            add_actor(&pool, &cast->plan, &cast->actors[i], false);
        }
        add_patient(&pool, cast, &cast->actors[i]);
    }
    qsort(pool.entities, pool.count, sizeof pool.entities[0], entity_order);
    return pool;
}

/* --- All of it ------------------------------------------------------------------------------------------------------ */

void cast_make(struct cast *cast, const struct cast_plan *plan)
{
    struct genesis genesis = { .chain_name = "simulated", .time_ms = CAST_GENESIS_MS, .limits = plan->limits, .enrolments_count = plan->members_count };
    struct params params = params_of(plan);
    struct writer writer;

    ASSERT(plan->members_count >= MEMBERS_MIN);
    ASSERT(plan->members_count <= MEMBERS_MAX);
    ASSERT(plan->actors_count >= 1);
    *cast = (struct cast){ .plan = *plan };
    cast->members = calloc(plan->members_count, sizeof *cast->members);
    cast->actors = calloc(plan->actors_count, sizeof *cast->actors);
    cast->admins = calloc(plan->members_count, sizeof *cast->admins);
    cast->admin_accounts = calloc(plan->members_count, sizeof *cast->admin_accounts);
    ASSERT(cast->admins != NULL);
    ASSERT(cast->admin_accounts != NULL);
    struct pool pool = make_entities(cast);
    size_t size = genesis_bytes_max(plan->members_count, pool.count, (size_t)pool.count * ENTITY_BYTES);
    cast->genesis_bytes = malloc(size);
    ASSERT(cast->members != NULL);
    ASSERT(cast->genesis_bytes != NULL);
    params_encode(&params, genesis.params);
    writer_init(&writer, cast->genesis_bytes, size);
    genesis_begin(&genesis, &writer);
    for (uint32_t i = 0; i < plan->members_count; i++) {
        cast->members[i] = pair_of(plan->seed, OWNER_SIGN, i);
        enrol(cast, i, &writer);
    }
    genesis_write_entities_count(pool.count, &writer);
    for (uint32_t i = 0; i < pool.count; i++) {
        genesis_write_entity(&pool.entities[i], &writer);
    }
    ASSERT(!writer.failed);
    free(pool.entities);
    free(pool.bytes);
    enum verdict verdict = genesis_decode(&cast->genesis, cast->genesis_bytes, writer.offset);
    ASSERT(verdict == VERDICT_OK);
    verdict = genesis_config(&cast->genesis, &cast->config);
    ASSERT(verdict == VERDICT_OK);
    cast->block0 = block_genesis(&cast->genesis.hash, CAST_GENESIS_MS);
    cast->chain_id = block_hash(&cast->block0);
    for (uint32_t i = 0; plan->joins && i < plan->actors_count; i++) {
        make_joining(cast, i);
    }
}

void cast_close(struct cast *cast)
{
    free(cast->members);
    free(cast->actors);
    free(cast->admins);
    free(cast->admin_accounts);
    free(cast->genesis_bytes);
    *cast = (struct cast){ 0 };
}

/* --- Senders -------------------------------------------------------------------------------------------------------- */

uint32_t cast_senders(const struct cast_plan *plan)
{
    uint32_t before = plan->consents ? CAST_NEWCOMER * plan->actors_count : plan->actors_count;

    ASSERT(plan->consents || !plan->joins);
    return before + (plan->joins ? plan->actors_count + plan->members_count : 0);
}

enum cast_role cast_role(const struct cast_plan *plan, uint32_t sender)
{
    uint32_t role = sender / plan->actors_count;

    ASSERT(sender < cast_senders(plan));
    return role < CAST_ADMIN ? (enum cast_role)role : CAST_ADMIN;
}

/* admin_of gives the hospital, from 0, whose admin a sender is. */
static uint32_t admin_of(const struct cast_plan *plan, uint32_t sender)
{
    ASSERT(cast_role(plan, sender) == CAST_ADMIN);
    return sender - CAST_ADMIN * plan->actors_count;
}

uint16_t cast_organisation(const struct cast *cast, uint32_t sender)
{
    switch (cast_role(&cast->plan, sender)) {
    case CAST_PATIENT:
    case CAST_NEWCOMER: return 0;
    case CAST_ADMIN: return (uint16_t)(admin_of(&cast->plan, sender) + 1);
    case CAST_SYSTEM:
    case CAST_PRACTITIONER:
    case CAST_ROLES: break;
    }
    return cast->actors[sender % cast->plan.actors_count].organisation;
}

uint32_t cast_own_patient(const struct cast_plan *plan, uint32_t sender)
{
    enum cast_role role = cast_role(plan, sender);
    uint32_t actor = sender % plan->actors_count;

    return role == CAST_PATIENT ? actor : role == CAST_NEWCOMER ? plan->actors_count + actor : CAST_NOBODY;
}

uint64_t cast_tenure_ends_ms(const struct cast_plan *plan)
{
    return CAST_GENESIS_MS + (plan->tenure_ms > 0 ? plan->tenure_ms : TENURE_MS);
}

static const struct sign_keypair *key_of(const struct cast *cast, uint32_t sender)
{
    const struct cast_actor *actor = &cast->actors[sender % cast->plan.actors_count];

    switch (cast_role(&cast->plan, sender)) {
    case CAST_PATIENT: return &actor->patient_key;
    case CAST_PRACTITIONER: return &actor->practitioner_key;
    case CAST_NEWCOMER: return &actor->newcomer_key;
    case CAST_ADMIN: return &cast->admins[admin_of(&cast->plan, sender)];
    case CAST_SYSTEM:
    case CAST_ROLES: break;
    }
    return &actor->key;
}

const uint8_t *cast_account(const struct cast *cast, uint32_t sender)
{
    const struct cast_actor *actor = &cast->actors[sender % cast->plan.actors_count];

    switch (cast_role(&cast->plan, sender)) {
    case CAST_PATIENT: return actor->patient;
    case CAST_PRACTITIONER: return actor->practitioner;
    case CAST_NEWCOMER: return actor->newcomer;
    case CAST_ADMIN: return cast->admin_accounts[admin_of(&cast->plan, sender)];
    case CAST_SYSTEM:
    case CAST_ROLES: break;
    }
    return actor->account;
}

uint32_t cast_sender(const struct cast *cast, const uint8_t account[32])
{
    uint32_t sender = 0, count = cast_senders(&cast->plan);

    while (sender < count && memcmp(cast_account(cast, sender), account, 32) != 0) {
        sender++;
    }
    return sender;
}

uint32_t cast_patients(const struct cast_plan *plan) { return plan->joins ? 2 * plan->actors_count : plan->actors_count; }

const uint8_t *cast_patient_account(const struct cast *cast, uint32_t patient)
{
    const struct cast_actor *actor = &cast->actors[patient % cast->plan.actors_count];

    ASSERT(patient < cast_patients(&cast->plan));
    return patient < cast->plan.actors_count ? actor->patient : actor->newcomer;
}

uint32_t cast_patient(const struct cast *cast, const uint8_t account[32])
{
    uint32_t patient = cast_patients(&cast->plan) - 1;

    while (patient > 0 && memcmp(cast_patient_account(cast, patient), account, 32) != 0) {
        patient--;
    }
    return patient;
}

uint32_t cast_practitioners(const struct cast_plan *plan) { return plan->joins ? 2 * plan->actors_count : plan->actors_count; }

const uint8_t *cast_practitioner_account(const struct cast *cast, uint32_t practitioner)
{
    const struct cast_actor *actor = &cast->actors[practitioner % cast->plan.actors_count];

    ASSERT(practitioner < cast_practitioners(&cast->plan));
    return practitioner < cast->plan.actors_count ? actor->practitioner : actor->recruit;
}

uint32_t cast_practitioner(const struct cast *cast, const uint8_t account[32])
{
    uint32_t practitioner = 0, count = cast_practitioners(&cast->plan);

    while (practitioner < count && memcmp(cast_practitioner_account(cast, practitioner), account, 32) != 0) {
        practitioner++;
    }
    return practitioner < count ? practitioner : CAST_NOBODY;
}

/* --- Commands ------------------------------------------------------------------------------------------------------- */

/* make_locator gives bytes as opaque to a replica as a sealed locator is. */
static void make_locator(const struct cast *cast, uint32_t actor, uint64_t nonce, uint8_t out[LOCATOR_BYTES])
{
    uint64_t state = choice_draw(cast->plan.seed, &(struct choice){ CHOICE_KEY, { OWNER_CONTENT, actor, nonce } });

    for (uint32_t at = 0; at < LOCATOR_BYTES; at += 8) {
        uint64_t word = htole64((state ^ state >> 29) * UINT64_C(0xbf58476d1ce4e5b9));
        memcpy(out + at, &word, LOCATOR_BYTES - at < 8 ? LOCATOR_BYTES - at : 8);
        state += UINT64_C(0x9e3779b97f4a7c15);
    }
}

/* plain_body gives command number `nonce` of a world without consents: in a mixed plan three commands make two pointers and end both. Numbers of
 * pointers follow from its own. */
static void plain_body(const struct cast *cast, const struct cast_actor *actor, uint64_t nonce, struct command_body *body)
{
    uint32_t before = (uint32_t)((nonce - 1) / 3 * 2);

    if (cast->plan.mixed && nonce % 3 == 0) {
        body->type = COMMAND_POINTER_STATUS;
        memcpy(body->as.pointer_set_status.patient, actor->patient, ACCT_BYTES);
        body->as.pointer_set_status.op = POINTER_SET_ERROR;
        body->as.pointer_set_status.count = 1;
        body->as.pointer_set_status.seqs[0] = before + 2;
        return;
    }
    body->type = COMMAND_POINTER_ADD;
    memcpy(body->as.pointer_add.patient, actor->patient, ACCT_BYTES);
    body->as.pointer_add.kx_epoch = 1;
    body->as.pointer_add.count = 1;
    body->as.pointer_add.items[0] = (struct pointer_add_item){ .record_class = CLASS_LABORATORY, .conf = CONF_NORMAL, .locator_length = LOCATOR_BYTES,
        .supersedes = cast->plan.mixed && nonce % 3 == 2 ? before + 1 : 0 };
}

/* commit fills in what the one item of a POINTER_ADD says of its bytes. */
static void commit(struct pointer_add_item *item, const uint8_t *locator)
{
    item->content_commit = hash_one(HASH_COMMITMENT, locator, LOCATOR_BYTES);
    item->locator_hash = hash_one(HASH_LOCATOR, locator, LOCATOR_BYTES);
}

/* prove_key signs for the key that an admin registers, whose holder is asked for it first (CODE_POP). Needs: all else of the body is drawn. */
static void prove_key(const struct cast *cast, uint32_t sender, struct petition *petition)
{
    struct envelope envelope = { .type = COMMAND_ACTOR_SET, .sender = cast_account(cast, sender) };
    uint8_t room[ENVELOPE_BODY_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, room, sizeof room);
    command_body_encode(&petition->body, &writer);
    ASSERT(!writer.failed);
    envelope.body = bytes_of(room, writer.offset);
    struct hash32 digest = envelope_pop_digest(&envelope, &cast->genesis.hash);
    sign_digest(petition->joins_with, &digest, petition->body.as.actor_set.pop);
}

/* draw_body gives what a sender's command says, in `petition`, and its encoding. */
static struct bytes draw_body(const struct cast *cast, uint32_t sender, const struct cast_command *command, struct petition *petition, const uint8_t *locator, uint8_t room[ENVELOPE_BODY_BYTES_MAX])
{
    struct writer writer;

    if (cast->plan.consents) {
        petition_draw(cast, sender, command, petition);
    } else {
        memset(petition, 0, sizeof *petition);
        petition->cosigner = PETITION_NOBODY;
        plain_body(cast, &cast->actors[sender], command->nonce, &petition->body);
    }
    if (petition->body.type == COMMAND_POINTER_ADD) {
        commit(&petition->body.as.pointer_add.items[0], locator);
    }
    if (petition->joins_with != NULL) {
        prove_key(cast, sender, petition);
    }
    writer_init(&writer, room, ENVELOPE_BODY_BYTES_MAX);
    command_body_encode(&petition->body, &writer);
    ASSERT(!writer.failed);
    return bytes_of(room, writer.offset);
}

/* sign_all signs for the sender, and for whoever signs with it. */
static void sign_all(const struct cast *cast, uint32_t sender, const struct petition *petition, struct envelope *envelope, struct cast_command *command)
{
    static uint8_t signature[64], cosignature[64];

    if (petition->cosigner != PETITION_NOBODY) {
        envelope->cosigners_count = 1;
        envelope->cosigners[0] = (struct cosigner){ cast_account(cast, petition->cosigner), key_of(cast, petition->cosigner)->public_key, cosignature };
    }
    command->id = envelope_tx_id(envelope, &cast->genesis.hash);
    sign_digest(key_of(cast, sender), &command->id, signature);
    envelope->signature = signature;
    if (petition->cosigner != PETITION_NOBODY) {
        struct hash32 digest = envelope_cosign_digest(&command->id, envelope->cosigners[0].account);
        sign_digest(key_of(cast, petition->cosigner), &digest, cosignature);
    }
}

void cast_sign(const struct cast *cast, uint32_t sender, struct cast_command *command)
{
    static struct petition petition; /* as large as the largest body */
    uint8_t locator[LOCATOR_BYTES], room[ENVELOPE_BODY_BYTES_MAX];
    struct reader tag;
    struct writer writer;

    ASSERT(sender < cast_senders(&cast->plan));
    ASSERT(command->nonce >= 1);
    make_locator(cast, sender, command->nonce, locator);
    struct bytes body = draw_body(cast, sender, command, &petition, locator, room);
    bool adds = petition.body.type == COMMAND_POINTER_ADD;
    struct hash32 payload_hash = adds ? hash_one(HASH_PAYLOAD, locator, sizeof locator) : (struct hash32){ { 0 } };
    reader_init(&tag, cast->genesis.hash.bytes, 8);
    struct envelope envelope = {
        .type = (uint8_t)petition.body.type,
        .flags = adds ? ENVELOPE_FLAG_PAYLOAD : 0,
        .chain_tag = read_u64_be(&tag),
        .nonce = command->nonce,
        .valid_until_ms = command->valid_until_ms,
        .sender = cast_account(cast, sender),
        .key = key_of(cast, sender)->public_key,
        .payload_hash = payload_hash.bytes,
        .payload_bytes = adds ? sizeof locator : 0,
        .body = body,
    };
    sign_all(cast, sender, &petition, &envelope, command);
    writer_init(&writer, command->bytes, sizeof command->bytes);
    envelope_encode(&envelope, &writer);
    write_run(&writer, locator, adds ? sizeof locator : 0);
    ASSERT(!writer.failed);
    command->size = (uint32_t)writer.offset;
}
