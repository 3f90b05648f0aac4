/* cast.c: see cast.h. */
#include "sim/cast.h"

#include "base/assert.h"
#include "ledger/command.h"
#include "ledger/entity.h"
#include "ledger/genesis_load.h"
#include "ledger/key.h"
#include "ledger/params.h"
#include "ledger/pointers.h"
#include "sim/choice.h"

#include <stdio.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum key_owner { OWNER_ADMIN = 1, OWNER_OFFICER, OWNER_KX, OWNER_SIGN, OWNER_TRANSPORT, OWNER_ACTOR, OWNER_PATIENT, OWNER_CONTENT };

#define ENTITY_BYTES 512 /* key and value of one initial entity, as they lie in the pool */
#define GRANT_YEARS_MS (UINT64_C(4) * 365 * 86400000)

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

static void add_actor(struct pool *pool, const struct cast_actor *from)
{
    struct state_key key = key_actor(from->account);
    struct actor actor = { .kind = ACTOR_SYSTEM, .org = from->organisation, .status = ACTOR_ACTIVE, .caps = CAP_PUBLISH,
        .valid_until = CAST_GENESIS_MS + 10 * GRANT_YEARS_MS, .registered = CAST_GENESIS_MS };
    uint8_t value[ACTOR_BYTES];

    memcpy(actor.pk, from->key.public_key, KEY_BYTES);
    actor_encode(&actor, value);
    pool_add(pool, &key, value, sizeof value);
}

/* add_patient adds the patient with the standing grant that lets the record system's hospital write. */
static void add_patient(struct pool *pool, const struct cast_actor *from, const uint8_t public_key[32])
{
    struct state_key patient_key = key_patient(from->patient), grant_key = key_grant(from->patient, 1);
    struct patient patient = { .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { from->organisation, 0 }, .grant_count = 1,
        .active_grants = 1, .created = CAST_GENESIS_MS };
    struct grant grant = { .effect = EFFECT_PERMIT, .kind = GRANT_WRITE, .gtype = GRANTEE_ORG, .conf_max = CONF_VERY_RESTRICTED,
        .class_mask = CLASS_MASK_ALL, .expires = CAST_GENESIS_MS + GRANT_YEARS_MS, .status = GRANT_ACTIVE, .created = CAST_GENESIS_MS };
    uint8_t patient_value[PATIENT_BYTES], grant_value[GRANT_BYTES];

    memcpy(patient.pk, public_key, KEY_BYTES);
    grant.grantee[ACCT_BYTES - 2] = (uint8_t)(from->organisation >> 8);
    grant.grantee[ACCT_BYTES - 1] = (uint8_t)from->organisation;
    memcpy(grant.granted_by, from->patient, ACCT_BYTES);
    patient_encode(&patient, patient_value);
    grant_encode(&grant, grant_value);
    pool_add(pool, &patient_key, patient_value, sizeof patient_value);
    pool_add(pool, &grant_key, grant_value, sizeof grant_value);
}

static int entity_order(const void *a, const void *b)
{
    const struct genesis_entity *left = a, *right = b;
    size_t common = left->key.size < right->key.size ? left->key.size : right->key.size;

    return memcmp(left->key.data, right->key.data, common); /* no key of the state is a prefix of another */
}

static struct pool make_entities(struct cast *cast)
{
    uint32_t most = 3 * cast->plan.actors_count;
    struct pool pool = { calloc(most, sizeof *pool.entities), calloc(most, ENTITY_BYTES), 0 };

    ASSERT(pool.entities != NULL);
    ASSERT(pool.bytes != NULL);
    for (uint32_t i = 0; i < cast->plan.actors_count; i++) {
        struct cast_actor *actor = &cast->actors[i];
        struct sign_keypair patient = pair_of(cast->plan.seed, OWNER_PATIENT, i);
        actor->key = pair_of(cast->plan.seed, OWNER_ACTOR, i);
        actor->organisation = (uint16_t)(i % cast->plan.members_count + 1);
        struct hash32 account = genesis_account(ACCOUNT_SYSTEM, actor->key.public_key);
        struct hash32 compartment = genesis_account(ACCOUNT_PATIENT, patient.public_key);
        memcpy(actor->account, account.bytes, 32);
        memcpy(actor->patient, compartment.bytes, 32);
        add_actor(&pool, actor);
        add_patient(&pool, actor, patient.public_key);
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
}

void cast_close(struct cast *cast)
{
    free(cast->members);
    free(cast->actors);
    free(cast->genesis_bytes);
    *cast = (struct cast){ 0 };
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

/* What a command says of the pointers of its patient, whose numbers follow from its own. */
struct intent {
    enum command_type type;
    uint32_t supersedes; /* 0: nothing */
    uint32_t errs;       /* of a status: the pointer that was an error */
};

/* intent_of gives what command number `nonce` is for: in a mixed plan three commands make two pointers and end both. */
static struct intent intent_of(const struct cast *cast, uint64_t nonce)
{
    uint32_t before = (uint32_t)((nonce - 1) / 3 * 2);

    if (!cast->plan.mixed || nonce % 3 == 1) {
        return (struct intent){ .type = COMMAND_POINTER_ADD };
    }
    return nonce % 3 == 2 ? (struct intent){ .type = COMMAND_POINTER_ADD, .supersedes = before + 1 }
                          : (struct intent){ .type = COMMAND_POINTER_STATUS, .errs = before + 2 };
}

static struct bytes encode_body(const struct command_body *command, uint8_t room[ENVELOPE_BODY_BYTES_MAX])
{
    struct writer writer;

    writer_init(&writer, room, ENVELOPE_BODY_BYTES_MAX);
    command_body_encode(command, &writer);
    ASSERT(!writer.failed);
    return bytes_of(room, writer.offset);
}

static struct bytes make_status(const struct cast_actor *actor, const struct intent *intent, uint8_t room[ENVELOPE_BODY_BYTES_MAX])
{
    struct command_body command = { .type = COMMAND_POINTER_STATUS };
    struct pointer_set_status *body = &command.as.pointer_set_status;

    memcpy(body->patient, actor->patient, ACCT_BYTES);
    body->op = POINTER_SET_ERROR;
    body->count = 1;
    body->seqs[0] = intent->errs;
    return encode_body(&command, room);
}

static struct bytes make_pointer(const struct cast_actor *actor, const struct intent *intent, const uint8_t *locator, uint8_t room[ENVELOPE_BODY_BYTES_MAX])
{
    struct command_body command = { .type = COMMAND_POINTER_ADD };
    struct pointer_add *body = &command.as.pointer_add;

    memcpy(body->patient, actor->patient, ACCT_BYTES);
    body->kx_epoch = 1;
    body->count = 1;
    body->items[0] = (struct pointer_add_item){ .record_class = CLASS_LABORATORY, .conf = CONF_NORMAL, .locator_length = LOCATOR_BYTES };
    body->items[0].content_commit = hash_one(HASH_COMMITMENT, locator, LOCATOR_BYTES);
    body->items[0].locator_hash = hash_one(HASH_LOCATOR, locator, LOCATOR_BYTES);
    body->items[0].supersedes = intent->supersedes;
    return encode_body(&command, room);
}

void cast_sign(const struct cast *cast, uint32_t number, struct cast_command *command)
{
    const struct cast_actor *actor = &cast->actors[number];
    struct intent intent = intent_of(cast, command->nonce);
    bool adds = intent.type == COMMAND_POINTER_ADD;
    uint8_t locator[LOCATOR_BYTES], room[ENVELOPE_BODY_BYTES_MAX], signature[64];
    struct reader tag;
    struct writer writer;

    ASSERT(number < cast->plan.actors_count);
    ASSERT(command->nonce >= 1);
    make_locator(cast, number, command->nonce, locator);
    struct hash32 payload_hash = adds ? hash_one(HASH_PAYLOAD, locator, sizeof locator) : (struct hash32){ { 0 } };
    reader_init(&tag, cast->genesis.hash.bytes, 8);
    struct envelope envelope = {
        .type = (uint8_t)intent.type,
        .flags = adds ? ENVELOPE_FLAG_PAYLOAD : 0,
        .chain_tag = read_u64_be(&tag),
        .nonce = command->nonce,
        .valid_until_ms = command->valid_until_ms,
        .sender = actor->account,
        .key = actor->key.public_key,
        .payload_hash = payload_hash.bytes,
        .payload_bytes = adds ? sizeof locator : 0,
        .body = adds ? make_pointer(actor, &intent, locator, room) : make_status(actor, &intent, room),
        .signature = signature,
    };
    command->id = envelope_tx_id(&envelope, &cast->genesis.hash);
    sign_digest(&actor->key, &command->id, signature);
    writer_init(&writer, command->bytes, sizeof command->bytes);
    envelope_encode(&envelope, &writer);
    write_run(&writer, locator, adds ? sizeof locator : 0);
    ASSERT(!writer.failed);
    command->size = (uint32_t)writer.offset;
}
