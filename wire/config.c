/* config.c: see config.h. The hash covers every field, so a field that is added later changes it: that is wanted. */
#include "wire/config.h"

#include "base/assert.h"

#include <string.h>

struct config_limits config_limits_default(void)
{
    return (struct config_limits){
        .batch_us = 5000,
        .block_bytes_max = BLOCK_BYTES_DEFAULT,
        .block_commands_max = BLOCK_COMMANDS_MAX,
        .view_ms_min = 200,
        .view_ms_max = 8000,
        .term_blocks_max = 100000,
        .checkpoint_blocks = 256,
        .checkpoint_ms = 10000,
    };
}

uint32_t config_faults_max(uint32_t members_count)
{
    ASSERT(members_count >= 1);
    return (members_count - 1) / 3;
}

uint32_t config_quorum(uint32_t members_count)
{
    return (members_count + config_faults_max(members_count)) / 2 + 1;
}

uint32_t config_leader(const struct config *config, uint64_t view)
{
    uint32_t leader = config->schedule[view % config->members_count];

    ASSERT(leader < config->members_count);
    return leader;
}

static bool limits_are_legal(const struct config_limits *limits)
{
    return limits->batch_us <= 1000000 && limits->block_bytes_max >= 65536 && limits->block_bytes_max <= BLOCK_BYTES_MAX &&
           limits->block_commands_max >= 1 && limits->block_commands_max <= BLOCK_COMMANDS_MAX && limits->view_ms_min >= 50 &&
           limits->view_ms_min <= 10000 && limits->view_ms_max >= limits->view_ms_min && limits->view_ms_max <= 60000 &&
           limits->term_blocks_max >= 1000 && limits->checkpoint_blocks >= 1 && limits->checkpoint_ms >= 1;
}

static bool schedule_is_permutation(const struct config *config)
{
    bool seen[MEMBERS_MAX] = { false };

    for (uint32_t i = 0; i < config->members_count; i++) {
        uint32_t member = config->schedule[i];
        if (member >= config->members_count || seen[member]) {
            return false;
        }
        seen[member] = true;
    }
    return true;
}

static bool keys_are_distinct(const struct config *config)
{
    for (uint32_t i = 0; i < config->members_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (memcmp(config->members[i].sign_key, config->members[j].sign_key, 32) == 0 ||
                memcmp(config->members[i].transport_key, config->members[j].transport_key, 32) == 0) {
                return false;
            }
        }
    }
    return true;
}

enum verdict config_check(const struct config *config)
{
    if (config->members_count < MEMBERS_MIN || config->members_count > MEMBERS_MAX) {
        return VERDICT_RANGE;
    }
    if (!limits_are_legal(&config->limits)) {
        return VERDICT_RANGE;
    }
    if (!schedule_is_permutation(config)) {
        return VERDICT_ORDER;
    }
    return keys_are_distinct(config) ? VERDICT_OK : VERDICT_MEMBER;
}

void config_limits_encode(const struct config_limits *limits, struct writer *writer)
{
    write_u32_le(writer, limits->batch_us);
    write_u32_le(writer, limits->block_bytes_max);
    write_u32_le(writer, limits->block_commands_max);
    write_u32_le(writer, limits->view_ms_min);
    write_u32_le(writer, limits->view_ms_max);
    write_u32_le(writer, limits->term_blocks_max);
    write_u32_le(writer, limits->checkpoint_blocks);
    write_u32_le(writer, limits->checkpoint_ms);
}

void config_limits_decode(struct config_limits *limits, struct reader *reader)
{
    limits->batch_us = read_u32_le(reader);
    limits->block_bytes_max = read_u32_le(reader);
    limits->block_commands_max = read_u32_le(reader);
    limits->view_ms_min = read_u32_le(reader);
    limits->view_ms_max = read_u32_le(reader);
    limits->term_blocks_max = read_u32_le(reader);
    limits->checkpoint_blocks = read_u32_le(reader);
    limits->checkpoint_ms = read_u32_le(reader);
}

struct hash32 config_hash(const struct config *config)
{
    struct hasher hasher;
    uint8_t limits[CONFIG_LIMITS_BYTES];
    struct writer writer;

    ASSERT(config->members_count <= MEMBERS_MAX);
    writer_init(&writer, limits, sizeof limits);
    config_limits_encode(&config->limits, &writer);
    ASSERT(!writer.failed);
    hash_init(&hasher, HASH_CONFIG);
    hash_update_u32(&hasher, config->epoch);
    hash_update_u32(&hasher, config->members_count);
    for (uint32_t i = 0; i < config->members_count; i++) {
        hash_update_u16(&hasher, config->members[i].organisation);
        hash_update(&hasher, config->members[i].sign_key, 32);
        hash_update(&hasher, config->members[i].transport_key, 32);
        hash_update_u16(&hasher, config->schedule[i]);
    }
    hash_update(&hasher, limits, sizeof limits);
    return hash_final(&hasher);
}
