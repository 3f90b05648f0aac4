/* genesis_test.c: enrolments and genesis have exactly one encoding, and nothing else decodes. */
#include "wire/genesis.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct enrolment enrolment_of(const char *name, uint8_t fill, bool has_replica)
{
    struct enrolment enrolment = { .kind = 1, .has_replica = has_replica, .capabilities = 3 };

    strcpy(enrolment.name, name);
    strcpy(enrolment.endpoint, "127.0.0.1:7000");
    memset(enrolment.admin_key, fill, 32);
    memset(enrolment.officer_key, fill + 1, 32);
    memset(enrolment.kx_key, fill + 2, 32);
    if (has_replica) {
        memset(enrolment.sign_key, fill + 3, 32);
        memset(enrolment.transport_key, fill + 4, 32);
        memset(enrolment.replica_signature, fill + 5, 64);
    }
    return enrolment;
}

/* A genesis of four hospitals, one payer, two entities. Gives its size. */
static size_t write_genesis(uint8_t *buffer, size_t size, const char *const names[5], const char *const keys[2])
{
    struct genesis genesis = { .chain_name = "city", .time_ms = 1700000000000, .limits = config_limits_default(), .enrolments_count = 5 };
    struct writer writer;

    pinned_kit_fill(genesis.params, sizeof genesis.params);
    writer_init(&writer, buffer, size);
    genesis_begin(&genesis, &writer);
    for (uint8_t i = 0; i < 5; i++) {
        struct enrolment enrolment = enrolment_of(names[i], (uint8_t)(10 * i + 1), i != 2);
        genesis_write_enrolment(&enrolment, &writer);
    }
    genesis_write_entities_count(2, &writer);
    for (size_t i = 0; i < 2; i++) {
        struct genesis_entity entity = { bytes_of(keys[i], strlen(keys[i])), bytes_of("value", 5) };
        genesis_write_entity(&entity, &writer);
    }
    cr_assert(!writer.failed);
    cr_assert_leq(writer.offset, genesis_bytes_max(5, 2, 64));
    return writer.offset;
}

static const char *const good_names[5] = { "Mercy", "North", "Payer", "Saint Ann", "South" };
static const char *const good_keys[2] = { "a", "ab" };

Test(genesis, gives_back_what_was_written)
{
    uint8_t buffer[4096];
    size_t size = write_genesis(buffer, sizeof buffer, good_names, good_keys);
    struct genesis genesis;
    struct config config;
    struct enrolment enrolment;

    cr_assert_eq(genesis_decode(&genesis, buffer, size), VERDICT_OK);
    cr_assert_str_eq(genesis.chain_name, "city");
    cr_assert_eq(genesis_config(&genesis, &config), VERDICT_OK);
    struct hash32 hash = config_hash(&config);
    pinned_kit_check("genesis", buffer, size, "3064 e36254f2ca4843df");
    pinned_kit_check("its hash", genesis.hash.bytes, HASH_BYTES, "32 049431b0ab753ee1");
    pinned_kit_check("hash of its configuration", hash.bytes, HASH_BYTES, "32 f3ec2bab3f712c66");
    cr_assert_eq(config.members_count, 4, "the payer has no replica");
    cr_assert_eq(config.members[2].organisation, 4);
    genesis_enrolment(&genesis, 3, &enrolment);
    cr_assert_str_eq(enrolment.name, "Payer");
    struct reader cursor = genesis_entities(&genesis);
    struct genesis_entity entity;
    cr_assert(genesis_entity_next(&cursor, &entity));
    cr_assert(genesis_entity_next(&cursor, &entity));
    cr_assert_eq(entity.key.size, 2);
    cr_assert(!genesis_entity_next(&cursor, &entity));
}

Test(genesis, order_of_names_and_keys_is_demanded)
{
    static const char *const swapped_names[5] = { "North", "Mercy", "Payer", "Saint Ann", "South" };
    static const char *const swapped_keys[2] = { "ab", "a" };
    static const char *const equal_keys[2] = { "a", "a" };
    uint8_t buffer[4096];
    struct genesis genesis;

    size_t size = write_genesis(buffer, sizeof buffer, swapped_names, good_keys);
    cr_assert_eq(genesis_decode(&genesis, buffer, size), VERDICT_ORDER);
    size = write_genesis(buffer, sizeof buffer, good_names, swapped_keys);
    cr_assert_eq(genesis_decode(&genesis, buffer, size), VERDICT_ORDER);
    size = write_genesis(buffer, sizeof buffer, good_names, equal_keys);
    cr_assert_eq(genesis_decode(&genesis, buffer, size), VERDICT_ORDER);
}

Test(genesis, every_truncation_and_extension_is_refused)
{
    uint8_t buffer[4096];
    size_t size = write_genesis(buffer, sizeof buffer, good_names, good_keys);
    struct genesis genesis;

    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, buffer, cut);
        cr_assert_neq(genesis_decode(&genesis, exact, cut), VERDICT_OK, "%zu bytes", cut);
        free(exact);
    }
    buffer[size] = 0;
    cr_assert_neq(genesis_decode(&genesis, buffer, size + 1), VERDICT_OK);
}

/* Re-encodes a decoded genesis, to compare with the bytes that it came from. */
static size_t encode_again(const struct genesis *genesis, uint8_t *buffer, size_t size)
{
    struct writer writer;
    struct genesis_entity entity;
    struct reader cursor = genesis_entities(genesis);

    writer_init(&writer, buffer, size);
    genesis_begin(genesis, &writer);
    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        struct enrolment enrolment;
        genesis_enrolment(genesis, id, &enrolment);
        genesis_write_enrolment(&enrolment, &writer);
    }
    genesis_write_entities_count(genesis->entities_count, &writer);
    while (genesis_entity_next(&cursor, &entity)) {
        genesis_write_entity(&entity, &writer);
    }
    return writer.offset;
}

Test(genesis, every_flipped_byte_is_refused_or_encodes_to_itself)
{
    uint8_t buffer[4096], again[4096];
    size_t size = write_genesis(buffer, sizeof buffer, good_names, good_keys);
    struct genesis genesis;

    for (size_t i = 0; i < size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            buffer[i] ^= (uint8_t)(1u << bit);
            if (genesis_decode(&genesis, buffer, size) == VERDICT_OK) {
                cr_assert_eq(encode_again(&genesis, again, sizeof again), size);
                cr_assert_eq(memcmp(buffer, again, size), 0, "byte %zu bit %u", i, bit);
            }
            buffer[i] ^= (uint8_t)(1u << bit);
        }
    }
}
