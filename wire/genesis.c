/* genesis.c: see genesis.h. The decoder refuses everything that the writer would not have written. */
#include "wire/genesis.h"

#include "base/assert.h"

#include <string.h>

#define GENESIS_VERSION 1
#define GENESIS_HEADER_BYTES (8 + 4 + 1 + CHAIN_NAME_BYTES_MAX + 8 + CONFIG_LIMITS_BYTES + GENESIS_PARAMS_BYTES + 4)

static const uint8_t magic[8] = { 'W', 'A', 'R', 'D', 'G', 'E', 'N', '\n' };

size_t genesis_bytes_max(uint32_t enrolments_count, uint32_t entities_count, size_t content_bytes)
{
    return GENESIS_HEADER_BYTES + (size_t)enrolments_count * ENROLMENT_BYTES + 4 + (size_t)entities_count * 3 + content_bytes;
}

void genesis_begin(const struct genesis *genesis, struct writer *writer)
{
    size_t length = strlen(genesis->chain_name);

    ASSERT(length >= 1);
    ASSERT(length <= CHAIN_NAME_BYTES_MAX);
    write_run(writer, magic, sizeof magic);
    write_u16_le(writer, GENESIS_VERSION);
    write_u16_le(writer, 0);
    write_u8(writer, (uint8_t)length);
    write_run(writer, genesis->chain_name, length);
    write_zeros(writer, CHAIN_NAME_BYTES_MAX - length);
    write_u64_le(writer, genesis->time_ms);
    config_limits_encode(&genesis->limits, writer);
    write_run(writer, genesis->params, GENESIS_PARAMS_BYTES);
    write_u32_le(writer, genesis->enrolments_count);
}

void genesis_write_enrolment(const struct enrolment *enrolment, struct writer *writer)
{
    enrolment_encode(enrolment, writer);
}

void genesis_write_entities_count(uint32_t count, struct writer *writer)
{
    ASSERT(count <= GENESIS_ENTITIES_MAX);
    write_u32_le(writer, count);
}

void genesis_write_entity(const struct genesis_entity *entity, struct writer *writer)
{
    ASSERT(entity->key.size >= 1);
    ASSERT(entity->key.size <= GENESIS_KEY_BYTES_MAX);
    ASSERT(entity->value.size <= GENESIS_VALUE_BYTES_MAX);
    write_u8(writer, (uint8_t)entity->key.size);
    write_u16_le(writer, (uint16_t)entity->value.size);
    write_run(writer, entity->key.data, entity->key.size);
    write_run(writer, entity->value.data, entity->value.size);
}

static enum verdict decode_name(struct genesis *genesis, struct reader *reader)
{
    size_t length = read_u8(reader);
    const uint8_t *run = read_run(reader, CHAIN_NAME_BYTES_MAX);

    if (run == NULL) {
        return VERDICT_SHORT;
    }
    if (length < 1 || length > CHAIN_NAME_BYTES_MAX || !bytes_are_zero(run + length, CHAIN_NAME_BYTES_MAX - length)) {
        return VERDICT_RANGE;
    }
    for (size_t i = 0; i < length; i++) {
        if (run[i] <= 0x20 || run[i] > 0x7e) {
            return VERDICT_RANGE;
        }
    }
    memcpy(genesis->chain_name, run, length);
    genesis->chain_name[length] = '\0';
    return VERDICT_OK;
}

static enum verdict decode_header(struct genesis *genesis, struct reader *reader)
{
    const uint8_t *start = read_run(reader, sizeof magic);

    if (start == NULL) {
        return VERDICT_SHORT;
    }
    if (memcmp(start, magic, sizeof magic) != 0) {
        return VERDICT_TYPE;
    }
    if (read_u16_le(reader) != GENESIS_VERSION) {
        return VERDICT_VERSION;
    }
    if (!read_zeros(reader, 2)) {
        return VERDICT_RESERVED;
    }
    enum verdict verdict = decode_name(genesis, reader);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    genesis->time_ms = read_u64_le(reader);
    config_limits_decode(&genesis->limits, reader);
    read_copy(reader, genesis->params, GENESIS_PARAMS_BYTES);
    genesis->enrolments_count = read_u32_le(reader);
    return reader->failed ? VERDICT_SHORT : VERDICT_OK;
}

static enum verdict decode_enrolments(struct genesis *genesis, struct reader *reader)
{
    struct enrolment enrolment, previous = { 0 };

    if (genesis->enrolments_count < 1 || genesis->enrolments_count > ORGANISATIONS_MAX) {
        return VERDICT_RANGE;
    }
    genesis->enrolments = reader->data + reader->offset;
    for (uint32_t i = 0; i < genesis->enrolments_count; i++) {
        enum verdict verdict = enrolment_decode(&enrolment, reader);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
        if (i > 0 && strcmp(previous.name, enrolment.name) >= 0) {
            return VERDICT_ORDER;
        }
        previous = enrolment;
    }
    return VERDICT_OK;
}

static bool key_is_after(struct bytes key, struct bytes previous)
{
    size_t common = key.size < previous.size ? key.size : previous.size;
    int order = common == 0 ? 0 : memcmp(key.data, previous.data, common);

    return order > 0 || (order == 0 && key.size > previous.size);
}

static enum verdict decode_entities(struct genesis *genesis, struct reader *reader)
{
    struct bytes previous = { 0 };
    struct genesis_entity entity;

    genesis->entities_count = read_u32_le(reader);
    if (genesis->entities_count > GENESIS_ENTITIES_MAX) {
        return VERDICT_RANGE;
    }
    genesis->entities = bytes_of(reader->data + reader->offset, reader_left(reader));
    for (uint32_t i = 0; i < genesis->entities_count; i++) {
        if (!genesis_entity_next(reader, &entity)) {
            return VERDICT_SHORT;
        }
        if (entity.key.size < 1 || entity.key.size > GENESIS_KEY_BYTES_MAX || entity.value.size > GENESIS_VALUE_BYTES_MAX) {
            return VERDICT_LENGTH;
        }
        if (!key_is_after(entity.key, previous)) {
            return VERDICT_ORDER;
        }
        previous = entity.key;
    }
    return reader_end(reader);
}

enum verdict genesis_decode(struct genesis *genesis, const void *data, size_t size)
{
    struct reader reader;

    *genesis = (struct genesis){ 0 };
    reader_init(&reader, data, size);
    enum verdict verdict = decode_header(genesis, &reader);
    if (verdict == VERDICT_OK) {
        verdict = decode_enrolments(genesis, &reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = decode_entities(genesis, &reader);
    }
    genesis->hash = hash_one(HASH_GENESIS, data, size);
    return verdict;
}

void genesis_enrolment(const struct genesis *genesis, uint32_t id, struct enrolment *enrolment)
{
    struct reader reader;

    ASSERT(id >= 1);
    ASSERT(id <= genesis->enrolments_count);
    reader_init(&reader, genesis->enrolments + (size_t)(id - 1) * ENROLMENT_BYTES, ENROLMENT_BYTES);
    enum verdict verdict = enrolment_decode(enrolment, &reader);
    ASSERT(verdict == VERDICT_OK);
}

enum verdict genesis_config(const struct genesis *genesis, struct config *config)
{
    *config = (struct config){ .limits = genesis->limits };
    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        struct enrolment enrolment;
        genesis_enrolment(genesis, id, &enrolment);
        if (!enrolment.has_replica) {
            continue;
        }
        if (config->members_count == MEMBERS_MAX) {
            return VERDICT_RANGE;
        }
        struct member *member = &config->members[config->members_count];
        member->organisation = (uint16_t)id;
        memcpy(member->sign_key, enrolment.sign_key, 32);
        memcpy(member->transport_key, enrolment.transport_key, 32);
        config->schedule[config->members_count] = (uint16_t)config->members_count;
        config->members_count++;
    }
    return config_check(config);
}

struct reader genesis_entities(const struct genesis *genesis)
{
    struct reader reader;

    reader_init(&reader, genesis->entities.data, genesis->entities.size);
    return reader;
}

bool genesis_entity_next(struct reader *cursor, struct genesis_entity *entity)
{
    if (reader_left(cursor) == 0) {
        return false;
    }
    size_t key_size = read_u8(cursor);
    size_t value_size = read_u16_le(cursor);
    entity->key = bytes_of(read_run(cursor, key_size), key_size);
    entity->value = bytes_of(read_run(cursor, value_size), value_size);
    return !cursor->failed;
}
