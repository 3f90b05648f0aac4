/* genesis_build.c: see genesis_build.h. */
#include "cli/genesis_build.h"

#include "base/assert.h"
#include "crypto/ed25519.h"
#include "node/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int enrolment_order(const void *a, const void *b)
{
    return strcmp(((const struct enrolment *)a)->name, ((const struct enrolment *)b)->name);
}

static int entity_order(const void *a, const void *b)
{
    const struct genesis_entity *left = a, *right = b;
    size_t common = left->key.size < right->key.size ? left->key.size : right->key.size;
    int order = memcmp(left->key.data, right->key.data, common);

    return order != 0 ? order : left->key.size < right->key.size ? -1 : left->key.size > right->key.size;
}

/* sort_inputs puts both lists into canonical order. Fails: ERR_EXISTS. */
static enum err sort_inputs(struct genesis_plan *plan, char problem[GENESIS_PROBLEM_BYTES])
{
    if (plan->enrolments_count > 1) {
        qsort(plan->enrolments, plan->enrolments_count, sizeof plan->enrolments[0], enrolment_order);
    }
    if (plan->entities_count > 1) {
        qsort(plan->entities, plan->entities_count, sizeof plan->entities[0], entity_order);
    }
    for (uint32_t i = 1; i < plan->enrolments_count; i++) {
        if (enrolment_order(&plan->enrolments[i - 1], &plan->enrolments[i]) == 0) {
            snprintf(problem, GENESIS_PROBLEM_BYTES, "two enrolments are named %s", plan->enrolments[i].name);
            return ERR_EXISTS;
        }
    }
    for (uint32_t i = 1; i < plan->entities_count; i++) {
        if (entity_order(&plan->entities[i - 1], &plan->entities[i]) == 0) {
            snprintf(problem, GENESIS_PROBLEM_BYTES, "two initial entities have the same key");
            return ERR_EXISTS;
        }
    }
    return ERR_OK;
}

static void write_plan(const struct genesis_plan *plan, struct writer *writer)
{
    struct genesis genesis = { .time_ms = plan->time_ms, .limits = plan->limits, .enrolments_count = plan->enrolments_count };

    snprintf(genesis.chain_name, sizeof genesis.chain_name, "%s", plan->chain_name);
    params_encode(&plan->params, genesis.params);
    genesis_begin(&genesis, writer);
    for (uint32_t i = 0; i < plan->enrolments_count; i++) {
        genesis_write_enrolment(&plan->enrolments[i], writer);
    }
    genesis_write_entities_count(plan->entities_count, writer);
    for (uint32_t i = 0; i < plan->entities_count; i++) {
        genesis_write_entity(&plan->entities[i], writer);
    }
}

/* check_written reads the bytes as every replica will. */
static enum err check_written(const struct file *file, char problem[GENESIS_PROBLEM_BYTES])
{
    struct genesis genesis;
    struct config *config = calloc(1, sizeof *config);

    if (config == NULL) {
        return ERR_NO_MEMORY;
    }
    enum verdict verdict = genesis_decode(&genesis, file->data, file->size);
    if (verdict == VERDICT_OK) {
        verdict = genesis_config(&genesis, config);
        if (verdict != VERDICT_OK) {
            snprintf(problem, GENESIS_PROBLEM_BYTES, "no legal configuration: %u of the organisations run a replica, %d to %d must; all keys must differ; limits in range (%s)",
                     (unsigned)config->members_count, MEMBERS_MIN, MEMBERS_MAX, verdict_name(verdict));
        }
    } else {
        snprintf(problem, GENESIS_PROBLEM_BYTES, "the chain's name must be 1 to %d printable characters without spaces, keys and values within bounds (%s)",
                 CHAIN_NAME_BYTES_MAX, verdict_name(verdict));
    }
    free(config);
    return verdict == VERDICT_OK ? ERR_OK : ERR_INVALID;
}

enum err genesis_build(struct file *out, struct genesis_plan *plan, char problem[GENESIS_PROBLEM_BYTES])
{
    size_t content_bytes = 0, length = strlen(plan->chain_name);
    struct writer writer;

    *out = (struct file){ NULL, 0 };
    problem[0] = '\0';
    if (length < 1 || length > CHAIN_NAME_BYTES_MAX || plan->enrolments_count < 1 || plan->enrolments_count > ORGANISATIONS_MAX ||
        plan->entities_count > GENESIS_ENTITIES_MAX || params_check(&plan->params) != VERDICT_OK) {
        snprintf(problem, GENESIS_PROBLEM_BYTES, "the chain's name, the number of organisations or entities, or a parameter is out of range");
        return ERR_INVALID;
    }
    enum err err = sort_inputs(plan, problem);
    if (err != ERR_OK) {
        return err;
    }
    for (uint32_t i = 0; i < plan->entities_count; i++) {
        content_bytes += plan->entities[i].key.size + plan->entities[i].value.size;
    }
    size_t size = genesis_bytes_max(plan->enrolments_count, plan->entities_count, content_bytes);
    out->data = malloc(size);
    if (out->data == NULL) {
        return ERR_NO_MEMORY;
    }
    writer_init(&writer, out->data, size);
    write_plan(plan, &writer);
    ASSERT(!writer.failed);
    out->size = writer.offset;
    err = check_written(out, problem);
    if (err != ERR_OK) {
        file_close(out);
    }
    return err;
}

/* --- Judging ------------------------------------------------------------------------------------------------------- */

enum verdict enrolment_judge(const struct enrolment *enrolment, char problem[GENESIS_PROBLEM_BYTES])
{
    static const char *const names[ENROLMENT_SIGNATURES_MAX] = { "admin", "officer", "sign" };
    struct sig_item items[ENROLMENT_SIGNATURES_MAX];
    struct address address;
    const char *why = NULL;
    struct hash32 digest = enrolment_digest(enrolment);
    size_t count = enrolment_signatures(enrolment, &digest, items);

    for (size_t i = 0; i < count; i++) {
        if (!ed25519_key_is_strong(items[i].key)) {
            snprintf(problem, GENESIS_PROBLEM_BYTES, "%s: the %s key is not canonical or not torsion-free", enrolment->name, names[i]);
            return VERDICT_SIGNATURE;
        }
        if (!ed25519_verify(&items[i])) {
            snprintf(problem, GENESIS_PROBLEM_BYTES, "%s: the signature by the %s key does not match the enrolment", enrolment->name, names[i]);
            return VERDICT_SIGNATURE;
        }
    }
    if (enrolment->endpoint[0] != '\0' && endpoint_judge(&address, ENDPOINT_MEMBER, enrolment->endpoint, &why) != ERR_OK) {
        snprintf(problem, GENESIS_PROBLEM_BYTES, "%s: its endpoint \"%s\" cannot be used: %s", enrolment->name, enrolment->endpoint, why);
        return VERDICT_RANGE;
    }
    return VERDICT_OK;
}

/* One key with where it stands, to find keys that stand twice. */
struct key_place {
    uint8_t key[32];
    uint32_t organisation;
};

static int key_order(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static enum verdict judge_keys(const struct genesis *genesis, char problem[GENESIS_PROBLEM_BYTES])
{
    enum { KEYS = 5 };
    static struct key_place places[ORGANISATIONS_MAX * KEYS]; /* No judgement hangs on the memory that is left. */
    uint32_t count = 0;
    enum verdict verdict = VERDICT_OK;

    ASSERT(genesis->enrolments_count <= ORGANISATIONS_MAX);
    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        struct enrolment enrolment;
        genesis_enrolment(genesis, id, &enrolment);
        const uint8_t *keys[KEYS] = { enrolment.admin_key, enrolment.officer_key, enrolment.kx_key, enrolment.sign_key, enrolment.transport_key };
        for (size_t i = 0; i < (enrolment.has_replica ? KEYS : 3); i++) {
            memcpy(places[count].key, keys[i], 32);
            places[count++].organisation = id;
        }
    }
    qsort(places, count, sizeof places[0], key_order);
    for (uint32_t i = 1; i < count && verdict == VERDICT_OK; i++) {
        if (key_order(&places[i - 1], &places[i]) == 0) {
            snprintf(problem, GENESIS_PROBLEM_BYTES, "one key stands in two places, of organisations %u and %u", (unsigned)places[i - 1].organisation,
                     (unsigned)places[i].organisation);
            verdict = VERDICT_CONFLICT;
        }
    }
    return verdict;
}

enum verdict genesis_judge(const struct genesis *genesis, char problem[GENESIS_PROBLEM_BYTES])
{
    struct params params;
    static struct config config;
    enum verdict verdict = params_decode(&params, genesis->params, sizeof genesis->params);

    problem[0] = '\0';
    if (verdict != VERDICT_OK) {
        snprintf(problem, GENESIS_PROBLEM_BYTES, "the ledger's parameters are not legal (%s)", verdict_name(verdict));
        return verdict;
    }
    verdict = genesis_config(genesis, &config);
    if (verdict != VERDICT_OK) {
        snprintf(problem, GENESIS_PROBLEM_BYTES, "no legal configuration of members (%s)", verdict_name(verdict));
        return verdict;
    }
    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        struct enrolment enrolment;
        genesis_enrolment(genesis, id, &enrolment);
        verdict = enrolment_judge(&enrolment, problem);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    return judge_keys(genesis, problem);
}
