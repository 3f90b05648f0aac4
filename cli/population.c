/* population.c: see population.h. */
#include "cli/population.h"

#include "base/assert.h"
#include "cli/cluster.h"
#include "crypto/locator.h"
#include "ledger/entity.h"
#include "ledger/genesis_load.h"
#include "ledger/key.h"

#include <stdlib.h>
#include <string.h>

#define GRANT_YEAR_MS (UINT64_C(365) * 86400000)

enum {
    ENTITY_BYTES_ROOM = STATE_KEY_MAX + PATIENT_BYTES, /* the longest key and the longest value */
    KEYS_PER_POINTER = 1,
    KEYS_PER_PATIENT = 6, /* patient, its key's use, grant, due entry, relation, audit peaks */
    CELLS_PER_KEY = 4,    /* cells of 128 bytes for a value and its place in the tree */
};

_Static_assert(GRANT_BYTES <= PATIENT_BYTES, "a grant fits the room of a patient");
_Static_assert(ACTOR_BYTES <= PATIENT_BYTES, "so does an actor");

static void entity_add(struct population *population, const struct state_key *key, const uint8_t *value, size_t size)
{
    uint8_t *room = population->bytes + (size_t)population->entities_count * ENTITY_BYTES_ROOM;

    memcpy(room, key->bytes, key->size);
    memcpy(room + key->size, value, size);
    population->entities[population->entities_count++] = (struct genesis_entity){ bytes_of(room, key->size), bytes_of(room + key->size, size) };
}

static void make_actor(struct population *population, uint32_t i)
{
    const struct population_plan *plan = &population->plan;
    struct population_actor *actor = &population->actors[i];
    uint8_t seed[32], value[ACTOR_BYTES];

    cluster_key_seed(plan->seed, "system", i, seed);
    sign_keypair_from_seed(&actor->key, seed);
    struct hash32 account = genesis_account(ACTOR_SYSTEM, actor->key.public_key);
    memcpy(actor->account, account.bytes, ACCOUNT_BYTES);
    struct actor record = { .kind = ACTOR_SYSTEM, .role = ROLE_NONE, .org = (uint16_t)(1 + i % plan->orgs), .status = ACTOR_ACTIVE, .caps = CAP_PUBLISH,
        .valid_until = plan->time_ms + GRANT_YEAR_MS, .registered = plan->time_ms };
    memcpy(record.pk, actor->key.public_key, KEY_BYTES);
    actor_encode(&record, value);
    struct state_key key = key_actor(actor->account);
    entity_add(population, &key, value, sizeof value);
}

/* The standing write grant: everything but the sealed class, up to restricted, for a year. */
static void make_grant(struct population *population, uint32_t i)
{
    const struct population_plan *plan = &population->plan;
    uint8_t value[GRANT_BYTES];
    struct grant grant = { .effect = EFFECT_PERMIT, .kind = GRANT_WRITE, .gtype = GRANTEE_ORG, .conf_max = CONF_RESTRICTED, .class_mask = CLASS_MASK_ALL,
        .not_before = plan->time_ms - 1000, .expires = plan->time_ms + GRANT_YEAR_MS, .status = GRANT_ACTIVE, .kx_epoch = 1, .created = plan->time_ms };

    grant.grantee[ACCOUNT_BYTES - 2] = (uint8_t)((1 + i % plan->orgs) >> 8);
    grant.grantee[ACCOUNT_BYTES - 1] = (uint8_t)(1 + i % plan->orgs);
    memcpy(grant.granted_by, population->patients[i], ACCOUNT_BYTES);
    grant_encode(&grant, value);
    struct state_key key = key_grant(population->patients[i], 1);
    entity_add(population, &key, value, sizeof value);
}

static void make_patient(struct population *population, uint32_t i)
{
    const struct population_plan *plan = &population->plan;
    struct sign_keypair pair;
    struct kx_keypair kx;
    uint8_t seed[32], value[PATIENT_BYTES];
    struct patient patient = { .status = PATIENT_ACTIVE, .default_policy = POLICY_DENY, .kx_epoch = 1, .grant_count = 1, .active_grants = 1, .created = plan->time_ms };

    cluster_key_seed(plan->seed, "patient", i, seed);
    sign_keypair_from_seed(&pair, seed);
    cluster_key_seed(plan->seed, "patient-kx", i, seed);
    kx_keypair_from_seed(&kx, seed);
    struct hash32 account = genesis_account(ACCOUNT_PATIENT, pair.public_key);
    memcpy(population->patients[i], account.bytes, ACCOUNT_BYTES);
    memcpy(patient.pk, pair.public_key, KEY_BYTES);
    memcpy(patient.kx_pk, kx.public_key, KEY_BYTES);
    memcpy(patient.sealed_kx_pk, kx.public_key, KEY_BYTES);
    patient.vouchers[0] = (uint16_t)(1 + i % plan->orgs);
    patient_encode(&patient, value);
    struct state_key key = key_patient(account.bytes);
    entity_add(population, &key, value, sizeof value);
    make_grant(population, i);
}

enum err population_make(struct population *population, const struct population_plan *plan)
{
    size_t entities = (size_t)plan->actors + 2 * (size_t)plan->patients;

    ASSERT(plan->orgs > 0);
    ASSERT(plan->actors > 0);
    ASSERT(plan->actors % plan->orgs == 0);
    ASSERT(plan->patients > 0);
    ASSERT(plan->patients % plan->orgs == 0);
    *population = (struct population){ .plan = *plan };
    population->actors = calloc(plan->actors, sizeof *population->actors);
    population->patients = calloc(plan->patients, sizeof *population->patients);
    population->entities = calloc(entities, sizeof *population->entities);
    population->bytes = calloc(entities, ENTITY_BYTES_ROOM);
    if (population->actors == NULL || population->patients == NULL || population->entities == NULL || population->bytes == NULL) {
        population_close(population);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < plan->actors; i++) {
        make_actor(population, i);
    }
    for (uint32_t i = 0; i < plan->patients; i++) {
        make_patient(population, i);
    }
    ASSERT(population->entities_count == entities);
    return ERR_OK;
}

void population_close(struct population *population)
{
    free(population->actors);
    free(population->patients);
    free(population->entities);
    free(population->bytes);
    *population = (struct population){ .actors = NULL };
}

void population_capacities(const struct population_plan *plan, uint64_t pointers, uint32_t spare, struct params *params)
{
    uint64_t keys = pointers * KEYS_PER_POINTER + (uint64_t)plan->patients * KEYS_PER_PATIENT + 2 * (uint64_t)plan->actors + 16 * (uint64_t)spare + 4096;

    ASSERT(pointers <= 1u << 25);
    params->actors_max = plan->actors + spare;
    params->patients_max = plan->patients + spare;
    params->pointers_max = (uint32_t)pointers + spare;
    params->grants_max = plan->patients + spare;
    params->tickets_max = spare;
    params->state_keys_max = (uint32_t)keys;
    params->state_cells_max = (uint32_t)(keys * CELLS_PER_KEY);
}

uint64_t population_commands_max(const struct population_plan *plan, uint32_t items)
{
    ASSERT(items > 0);
    return (uint64_t)plan->patients * POPULATION_POINTERS_SHARE / items;
}

uint32_t population_home(const struct population_plan *plan, uint64_t number)
{
    return (uint32_t)(number % plan->orgs); /* the actors are a multiple of the hospitals */
}

static const uint8_t *patient_of(const struct population *population, uint64_t number)
{
    const struct population_plan *plan = &population->plan;
    uint64_t turn = number / plan->orgs % (plan->patients / plan->orgs);

    return population->patients[turn * plan->orgs + population_home(plan, number)];
}

/* The locators are noise of the right length: the ledger looks at their hashes alone. */
static void fill_item(const struct population *population, uint64_t number, uint32_t i, uint8_t *locator, struct pointer_add_item *item)
{
    uint64_t name[3] = { population->plan.seed, number, i };

    *item = (struct pointer_add_item){ .record_class = CLASS_LABORATORY, .conf = CONF_NORMAL, .content_commit = hash_one(HASH_CONTENT, name, sizeof name) };
    if (locator != NULL) {
        for (size_t at = 0; at < LOCATOR_SEALED_BYTES; at++) {
            locator[at] = item->content_commit.bytes[at % 32];
        }
        item->locator_hash = hash_one(HASH_LOCATOR, locator, LOCATOR_SEALED_BYTES);
        item->locator_length = LOCATOR_SEALED_BYTES;
    }
}

void population_sign(const struct population *population, const struct population_work *work, uint64_t number, struct tx *tx)
{
    static _Thread_local uint8_t payload[PAYLOAD_BYTES_MAX];
    const struct population_actor *actor = &population->actors[number % population->plan.actors];
    struct tx_draft draft = { .genesis = work->genesis, .nonce = 1 + number / population->plan.actors, .valid_until_ms = work->valid_until_ms };
    struct pointer_add *body = &draft.body.as.pointer_add;

    ASSERT(work->items >= 1);
    ASSERT(work->items <= POINTER_ADD_ITEMS_MAX);
    memcpy(draft.sender.account, actor->account, ACCOUNT_BYTES);
    draft.sender.key = &actor->key;
    draft.body.type = COMMAND_POINTER_ADD;
    memcpy(body->patient, patient_of(population, number), ACCOUNT_BYTES);
    body->kx_epoch = 1;
    body->count = (uint8_t)work->items;
    for (uint32_t i = 0; i < work->items; i++) {
        fill_item(population, number, i, work->located ? payload + (size_t)i * LOCATOR_SEALED_BYTES : NULL, &body->items[i]);
    }
    draft.payload = bytes_of(payload, work->located ? (size_t)work->items * LOCATOR_SEALED_BYTES : 0);
    tx_make(tx, &draft);
}
