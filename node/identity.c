/* identity.c: see identity.h. */
#include "node/identity.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "node/endpoint.h"
#include "storage/segment_log.h"

#include <stdio.h>
#include <string.h>

uint32_t profile_batch_us(const char *profile)
{
    static const struct {
        const char *name;
        uint32_t batch_us;
    } rows[] = { { "fast", 0 }, { "balanced", 5000 }, { "eco", 400000 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, profile) == 0) {
            return rows[i].batch_us;
        }
    }
    return UINT32_MAX;
}

#define GROUP_BESIDE_BODY_BYTES (128u << 10) /* what the replica appends with the body of a block: its header, certificates, notes of repair */

/* check_genesis compares what the configuration pins. */
static enum err check_genesis(const struct node_config *config, const struct genesis *genesis, struct config_problem *problem)
{
    char digits[2 * HASH_BYTES + 1];

    hex_encode(genesis->hash.bytes, HASH_BYTES, digits);
    if (strcmp(digits, config->cluster.fingerprint) != 0) {
        snprintf(problem->text, sizeof problem->text, "%.200s has the fingerprint %s; the configuration pins %s: not the genesis that the members agreed on",
                 config->cluster.genesis_file, digits, config->cluster.fingerprint);
        return ERR_CONFLICT;
    }
    if (strcmp(genesis->chain_name, config->cluster.name) != 0) {
        snprintf(problem->text, sizeof problem->text, "the genesis is of chain %s; cluster.name says %s", genesis->chain_name, config->cluster.name);
        return ERR_CONFLICT;
    }
    uint32_t batch_us = profile_batch_us(config->node.profile);
    if (strcmp(config->node.profile, "any") != 0 && genesis->limits.batch_us != batch_us) {
        snprintf(problem->text, sizeof problem->text, "node.profile is %s (%u us); the genesis batches for %u us", config->node.profile, (unsigned)batch_us,
                 (unsigned)genesis->limits.batch_us);
        return ERR_CONFLICT;
    }
    if (config->memory.history_blocks / HISTORY_CHECKPOINTS_MIN < genesis->limits.checkpoint_blocks) {
        snprintf(problem->text, sizeof problem->text, "memory.history_blocks is %llu; the genesis has a checkpoint every %u blocks, and %u times that is the least: members that lag need what lies above the newest snapshot",
                 (unsigned long long)config->memory.history_blocks, (unsigned)genesis->limits.checkpoint_blocks, HISTORY_CHECKPOINTS_MIN);
        return ERR_CONFLICT;
    }
    uint64_t needed = genesis->limits.block_bytes_max + GROUP_BESIDE_BODY_BYTES;
    if (segment_log_group_bytes_of((uint32_t)config->io.segment_mib << 20, (uint32_t)config->io.queue_batches) < needed) {
        snprintf(problem->text, sizeof problem->text, "io.queue_batches is %llu; the genesis has blocks of up to %u bytes, and the log takes a block at once or not at all: more batches must be able to wait",
                 (unsigned long long)config->io.queue_batches, (unsigned)genesis->limits.block_bytes_max);
        return ERR_CONFLICT;
    }
    return ERR_OK;
}

/* organisation_of gives the id of a name, 0 when the genesis does not have it. */
static uint32_t organisation_of(const struct genesis *genesis, const char *name)
{
    struct enrolment enrolment;

    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        genesis_enrolment(genesis, id, &enrolment);
        if (strcmp(enrolment.name, name) == 0) {
            return id;
        }
    }
    return 0;
}

/* member_of gives the index of an organisation's replica, MEMBERS_MAX when it has none. */
static uint32_t member_of(const struct config *epoch, uint32_t organisation)
{
    for (uint32_t i = 0; i < epoch->members_count; i++) {
        if (epoch->members[i].organisation == organisation) {
            return i;
        }
    }
    return MEMBERS_MAX;
}

/* check_addresses judges where every other member is. */
static enum err check_addresses(const struct identity *identity, const struct config *epoch, const struct node_config *config, const struct genesis *genesis,
                                struct config_problem *problem)
{
    for (uint32_t i = 0; i < epoch->members_count; i++) {
        struct enrolment enrolment;
        struct address address;
        const char *why = NULL, *text = endpoint_of(config, genesis, epoch->members[i].organisation, &enrolment);
        if (i == identity->member || endpoint_judge(&address, ENDPOINT_MEMBER, text, &why) == ERR_OK) {
            continue;
        }
        if (text[0] == '\0') {
            snprintf(problem->text, sizeof problem->text, "member \"%s\" has no address: neither in its enrolment nor among peers", enrolment.name);
        } else {
            snprintf(problem->text, sizeof problem->text, "the address \"%s\" of member \"%s\" cannot be used: %s; peers can name another one", text, enrolment.name, why);
        }
        return ERR_INVALID;
    }
    return ERR_OK;
}

enum err identity_find(struct identity *identity, struct config *epoch, const struct node_config *config, const struct genesis *genesis, struct config_problem *problem)
{
    enum err err = check_genesis(config, genesis, problem);

    if (err != ERR_OK) {
        return err;
    }
    enum verdict verdict = genesis_config(genesis, epoch);
    if (verdict != VERDICT_OK) {
        snprintf(problem->text, sizeof problem->text, "the genesis gives no legal configuration of members: %s", verdict_name(verdict));
        return ERR_FORMAT;
    }
    identity->organisation = organisation_of(genesis, config->node.member);
    identity->member = identity->organisation == 0 ? MEMBERS_MAX : member_of(epoch, identity->organisation);
    if (identity->member == MEMBERS_MAX) {
        snprintf(problem->text, sizeof problem->text, "node.member: %s %s", config->node.member,
                 identity->organisation == 0 ? "is not in the genesis" : "runs no replica");
        return ERR_NOT_FOUND;
    }
    for (uint32_t i = 0; i < config->peers_count; i++) {
        uint32_t organisation = organisation_of(genesis, config->peers[i].member);
        if (organisation == 0 || member_of(epoch, organisation) == MEMBERS_MAX) {
            snprintf(problem->text, sizeof problem->text, "peers: %s is no member of the genesis", config->peers[i].member);
            return ERR_NOT_FOUND;
        }
    }
    return check_addresses(identity, epoch, config, genesis, problem);
}

static enum err load_key(struct keyfile *key, enum keyfile_kind kind, const char *path, const uint8_t expected[32], struct config_problem *problem)
{
    char why[KEYFILE_PROBLEM_MAX];
    enum err err = keyfile_load(key, kind, path, why);

    if (err != ERR_OK) {
        snprintf(problem->text, sizeof problem->text, "%.600s", why);
        return err;
    }
    if (memcmp(keyfile_public(key), expected, 32) != 0) {
        snprintf(problem->text, sizeof problem->text, "%.300s is not the %s key that the genesis has for this member", path, keyfile_kind_name(kind));
        secret_wipe(key, sizeof *key);
        return ERR_CONFLICT;
    }
    return ERR_OK;
}

enum err identity_keys(const struct identity *identity, const struct config *epoch, const struct node_config *config, struct keyfile *sign, struct keyfile *transport,
                       struct config_problem *problem)
{
    ASSERT(identity->member < epoch->members_count);
    const struct member *member = &epoch->members[identity->member];
    enum err err = load_key(sign, KEYFILE_SIGN, config->keys.sign_file, member->sign_key, problem);

    return err != ERR_OK ? err : load_key(transport, KEYFILE_TRANSPORT, config->keys.transport_file, member->transport_key, problem);
}
