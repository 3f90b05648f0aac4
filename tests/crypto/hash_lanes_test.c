/* hash_lanes_test.c: hashes made side by side are those made one after the other, whatever the lanes, the lengths and the count. */
#include "crypto/hash.h"

#include "base/cpu.h"
#include "base/rng.h"
#include "crypto/keys.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LENGTH_MAX = 700, INPUTS_MAX = 21 };

static uint8_t data[LENGTH_MAX + INPUTS_MAX];

static void noise(void)
{
    struct rng rng;

    crypto_start();
    rng_init(&rng, 91);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)rng_next(&rng);
    }
}

TestSuite(hash_lanes, .init = noise);

static bool runs(enum hash_lanes lanes)
{
    struct cpu_features cpu = cpu_features();

    switch (lanes) {
    case HASH_LANES_NONE:
    case HASH_LANES_MODEL: return true;
    case HASH_LANES_AVX2: return cpu.avx2;
    case HASH_LANES_AVX512: return cpu.avx512_ifma;
    }
    return false;
}

/* Hashes n inputs, of which number i has lengths[i] bytes from data + i on, both ways. */
static void compare(enum hash_lanes lanes, const size_t *lengths, size_t n)
{
    struct bytes inputs[INPUTS_MAX] = { { NULL, 0 } };
    struct hash32 tagged[INPUTS_MAX + 1], plain[INPUTS_MAX + 1];
    struct hash32 untouched;

    memset(&untouched, 0xee, sizeof untouched);
    tagged[n] = plain[n] = untouched;
    for (size_t i = 0; i < n; i++) {
        inputs[i] = bytes_of(data + i, lengths[i]);
    }
    hash_many(tagged, HASH_STATE_LEAF, inputs, n);
    hash_plain_many(plain, 1, inputs, n);
    for (size_t i = 0; i < n; i++) {
        uint8_t prefixed[1 + LENGTH_MAX] = { 1 };
        struct hash32 with_tag = hash_one(HASH_STATE_LEAF, data + i, lengths[i]), with_prefix;

        memcpy(prefixed + 1, data + i, lengths[i]);
        with_prefix = hash_plain(prefixed, 1 + lengths[i]);
        cr_assert(hash_equal(&tagged[i], &with_tag), "lanes %d: input %zu of %zu, %zu bytes", lanes, i, n, lengths[i]);
        cr_assert(hash_equal(&plain[i], &with_prefix), "lanes %d: input %zu of %zu, %zu bytes", lanes, i, n, lengths[i]);
    }
    cr_assert(hash_equal(&tagged[n], &untouched) && hash_equal(&plain[n], &untouched), "lanes %d wrote beyond %zu inputs", lanes, n);
}

Test(hash_lanes, each_length_gives_the_hash_in_each_lane)
{
    for (enum hash_lanes lanes = HASH_LANES_NONE; lanes <= HASH_LANES_MODEL; lanes++) {
        if (!runs(lanes)) {
            continue;
        }
        cr_assert(hash_lanes_use(lanes));
        for (size_t length = 0; length <= LENGTH_MAX; length++) {
            size_t lengths[8];

            for (size_t i = 0; i < 8; i++) {
                lengths[i] = length;
            }
            compare(lanes, lengths, 8);
        }
    }
}

Test(hash_lanes, any_number_of_mixed_lengths_gives_the_same_hashes)
{
    struct rng rng;

    rng_init(&rng, 90);
    for (enum hash_lanes lanes = HASH_LANES_NONE; lanes <= HASH_LANES_MODEL; lanes++) {
        if (!runs(lanes)) {
            continue;
        }
        cr_assert(hash_lanes_use(lanes));
        for (size_t n = 0; n <= INPUTS_MAX; n++) {
            size_t lengths[INPUTS_MAX];

            for (size_t i = 0; i < n; i++) {
                lengths[i] = rng_below(&rng, LENGTH_MAX + 1);
            }
            compare(lanes, lengths, n);
        }
    }
}

Test(hash_lanes, tag_and_hash_fit_in_front)
{
    const struct hash32 first = { { 1, 2, 3, [31] = 4 } };

    for (enum hash_lanes lanes = HASH_LANES_NONE; lanes <= HASH_LANES_MODEL; lanes++) {
        if (!runs(lanes)) {
            continue;
        }
        cr_assert(hash_lanes_use(lanes));
        for (int tag = 0; tag < HASH_TAG_COUNT; tag++) {
            struct bytes inputs[3] = { bytes_of(data, 0), bytes_of(data + 1, 80), bytes_of(data, 300) };
            struct hash32 hashes[3];

            hash_many_after(hashes, (enum hash_tag)tag, &first, inputs, 3);
            for (size_t i = 0; i < 3; i++) {
                struct hasher hasher;
                hash_init(&hasher, (enum hash_tag)tag);
                hash_update(&hasher, first.bytes, sizeof first.bytes);
                hash_update(&hasher, inputs[i].data, inputs[i].size);
                struct hash32 expected = hash_final(&hasher);
                cr_assert(hash_equal(&hashes[i], &expected), "lanes %d: %s", lanes, hash_tag_text((enum hash_tag)tag));
            }
        }
    }
}

Test(hash_lanes, every_tag_fits_in_front)
{
    cr_assert(hash_lanes_use(HASH_LANES_MODEL));
    for (int tag = 0; tag < HASH_TAG_COUNT; tag++) {
        struct bytes inputs[2] = { bytes_of(data, 66), bytes_of(data + 1, 66) };
        struct hash32 hashes[2];

        hash_many(hashes, (enum hash_tag)tag, inputs, 2);
        for (size_t i = 0; i < 2; i++) {
            struct hash32 expected = hash_one((enum hash_tag)tag, inputs[i].data, inputs[i].size);
            cr_assert(hash_equal(&hashes[i], &expected), "%s", hash_tag_text((enum hash_tag)tag));
        }
    }
}
