/* config_test.c: quorums for every size, and what makes a configuration illegal. */
#include "wire/config.h"

#include <criterion/criterion.h>
#include <string.h>

static struct config config_of(uint32_t members_count)
{
    struct config config = { .members_count = members_count, .limits = config_limits_default() };

    for (uint32_t i = 0; i < members_count; i++) {
        config.members[i].organisation = (uint16_t)(i + 1);
        config.members[i].sign_key[0] = (uint8_t)i;
        config.members[i].transport_key[1] = (uint8_t)i;
        config.schedule[i] = (uint16_t)(members_count - 1 - i);
    }
    return config;
}

Test(config, quorums_are_those_of_the_protocol)
{
    static const struct { uint32_t n, f, q; } table[] = {
        { 4, 1, 3 }, { 5, 1, 4 }, { 6, 1, 4 }, { 7, 2, 5 }, { 31, 10, 21 }, { 100, 33, 67 },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_assert_eq(config_faults_max(table[i].n), table[i].f);
        cr_assert_eq(config_quorum(table[i].n), table[i].q);
    }
}

Test(config, two_quorums_share_an_honest_member_and_the_honest_alone_are_one)
{
    for (uint32_t n = MEMBERS_MIN; n <= MEMBERS_MAX; n++) {
        uint32_t f = config_faults_max(n), q = config_quorum(n);
        cr_assert_geq(2 * q, n + f + 1, "n = %u", n);
        cr_assert_leq(q, n - f, "n = %u", n);
    }
}

Test(config, leader_follows_the_schedule)
{
    struct config config = config_of(5);

    cr_assert_eq(config_check(&config), VERDICT_OK);
    for (uint64_t view = 0; view < 12; view++) {
        cr_assert_eq(config_leader(&config, view), 4 - view % 5);
    }
}

Test(config, check_finds_each_illegal_field)
{
    struct config config = config_of(4);
    config.schedule[0] = config.schedule[1];
    cr_assert_eq(config_check(&config), VERDICT_ORDER);
    config = config_of(4);
    config.schedule[0] = 4;
    cr_assert_eq(config_check(&config), VERDICT_ORDER);
    config = config_of(4);
    memcpy(config.members[3].sign_key, config.members[0].sign_key, 32);
    cr_assert_eq(config_check(&config), VERDICT_MEMBER);
    config = config_of(4);
    config.members_count = 3;
    cr_assert_eq(config_check(&config), VERDICT_RANGE);
    config = config_of(4);
    config.limits.block_bytes_max = BLOCK_BYTES_MAX + 1;
    cr_assert_eq(config_check(&config), VERDICT_RANGE);
}

Test(config, hash_changes_with_every_field)
{
    struct config base = config_of(4);
    struct hash32 hash = config_hash(&base);
    struct config other[6] = { base, base, base, base, base, base };

    other[0].epoch++;
    other[1].members[2].organisation++;
    other[2].members[3].sign_key[31] ^= 1;
    other[3].members[0].transport_key[31] ^= 1;
    other[4].schedule[0] = 0;
    other[5].limits.checkpoint_ms++;
    for (size_t i = 0; i < 6; i++) {
        struct hash32 changed = config_hash(&other[i]);
        cr_assert(!hash_equal(&hash, &changed), "field %zu", i);
    }
}

Test(config, limits_round_trip)
{
    uint8_t buffer[CONFIG_LIMITS_BYTES];
    struct writer writer;
    struct reader reader;
    struct config_limits in = config_limits_default(), out;

    writer_init(&writer, buffer, sizeof buffer);
    config_limits_encode(&in, &writer);
    cr_assert_eq(writer.offset, sizeof buffer);
    reader_init(&reader, buffer, sizeof buffer);
    config_limits_decode(&out, &reader);
    cr_assert_eq(reader_end(&reader), VERDICT_OK);
    cr_assert_eq(memcmp(&in, &out, sizeof in), 0);
}

static enum verdict decode(struct config_limits *limits, const uint8_t *bytes, size_t size)
{
    struct reader reader;

    reader_init(&reader, bytes, size);
    config_limits_decode(limits, &reader);
    return reader_end(&reader);
}

static void encode_default(uint8_t bytes[CONFIG_LIMITS_BYTES])
{
    struct config_limits limits = config_limits_default();
    struct writer writer;

    writer_init(&writer, bytes, CONFIG_LIMITS_BYTES);
    config_limits_encode(&limits, &writer);
    cr_assert_not(writer.failed);
}

Test(config, limits_refuse_every_truncation_and_anything_behind)
{
    uint8_t bytes[CONFIG_LIMITS_BYTES + 1] = { 0 };
    struct config_limits out;

    encode_default(bytes);
    for (size_t cut = 0; cut < CONFIG_LIMITS_BYTES; cut++) {
        cr_assert_eq(decode(&out, bytes, cut), VERDICT_SHORT, "at %zu", cut);
    }
    cr_assert_eq(decode(&out, bytes, CONFIG_LIMITS_BYTES), VERDICT_OK);
    cr_assert_neq(decode(&out, bytes, CONFIG_LIMITS_BYTES + 1), VERDICT_OK);
}

/* Each bit is part of the meaning: whatever was flipped, the bytes come back, the configuration has another hash, and one that is out of range is found. */
Test(config, limits_mean_exactly_their_bytes_after_any_flip)
{
    uint8_t bytes[CONFIG_LIMITS_BYTES], again[CONFIG_LIMITS_BYTES];
    struct config base = config_of(4), changed = base;
    struct hash32 hash = config_hash(&base);
    unsigned legal = 0;

    encode_default(bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        struct writer writer;
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        cr_assert_eq(decode(&changed.limits, bytes, sizeof bytes), VERDICT_OK);
        writer_init(&writer, again, sizeof again);
        config_limits_encode(&changed.limits, &writer);
        cr_assert_arr_eq(again, bytes, sizeof bytes, "bit %zu", bit);
        struct hash32 other = config_hash(&changed);
        cr_assert(!hash_equal(&hash, &other), "bit %zu", bit);
        legal += config_check(&changed) == VERDICT_OK;
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    cr_assert_gt(legal, 0);
    cr_assert_lt(legal, 8 * sizeof bytes, "the highest bit of a block's bytes is not legal");
}
