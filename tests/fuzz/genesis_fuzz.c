/* genesis_fuzz.c: a genesis file and the enrolments in it. What decodes is what the writer would have written. */
#include "wire/genesis.h"

#include "tests/fuzz/fuzz.h"

static uint8_t again[FUZZ_BYTES_MAX];

static void enrolments_are_canonical(const struct genesis *genesis, struct writer *writer)
{
    for (uint32_t id = 1; id <= genesis->enrolments_count; id++) {
        struct enrolment enrolment;
        struct sig_item items[ENROLMENT_SIGNATURES_MAX];

        genesis_enrolment(genesis, id, &enrolment);
        struct hash32 digest = enrolment_digest(&enrolment);
        CHECK(enrolment_signatures(&enrolment, &digest, items) == (enrolment.has_replica ? 3u : 2u));
        genesis_write_enrolment(&enrolment, writer);
    }
}

static void config_is_legal_or_refused(const struct genesis *genesis)
{
    static struct config config;

    if (genesis_config(genesis, &config) == VERDICT_OK) {
        CHECK(config_quorum(config.members_count) > config.members_count / 2);
        CHECK(config_leader(&config, UINT64_MAX) < config.members_count);
        (void)config_hash(&config);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct genesis genesis;
    struct genesis_entity entity;
    struct writer writer;

    if (size > FUZZ_BYTES_MAX || genesis_decode(&genesis, data, size) != VERDICT_OK) {
        return 0;
    }
    writer_init(&writer, again, sizeof again);
    genesis_begin(&genesis, &writer);
    enrolments_are_canonical(&genesis, &writer);
    genesis_write_entities_count(genesis.entities_count, &writer);
    struct reader cursor = genesis_entities(&genesis);
    for (uint32_t i = 0; i < genesis.entities_count; i++) {
        CHECK(genesis_entity_next(&cursor, &entity));
        genesis_write_entity(&entity, &writer);
    }
    CHECK(!genesis_entity_next(&cursor, &entity));
    check_same_bytes(&writer, data, size);
    config_is_legal_or_refused(&genesis);
    return 0;
}
