/* key_cache_test.c: what is used stays, what is not goes, and nothing that was not put in is found. */
#include "crypto/ed25519/key_cache.h"

#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 64, MANY = 1000 };

static const uint64_t secret[2] = { 1, 2 };

static void cache_open(struct key_cache *cache, uint32_t keys_max)
{
    struct arena arena;
    size_t size;
    void *memory;

    arena_init_measure(&arena);
    key_cache_take(cache, &arena, keys_max);
    size = arena.used;
    memory = size == 0 ? NULL : aligned_alloc(ARENA_ALIGN, size);
    if (memory != NULL) {
        memset(memory, 0, size);
        arena_init(&arena, memory, size);
        key_cache_take(cache, &arena, keys_max);
    }
    key_cache_reset(cache, secret);
}

static void key_of(uint64_t number, uint8_t key[ED25519_KEY_BYTES])
{
    bytes_by_number(number, key, ED25519_KEY_BYTES);
}

static void add(struct key_cache *cache, uint64_t number)
{
    struct engine_entry entry;
    uint8_t key[ED25519_KEY_BYTES];

    key_of(number, key);
    memset(&entry, (int)number, sizeof entry);
    key_cache_add(cache, key, &entry);
}

static struct cached_key *find(struct key_cache *cache, uint64_t number)
{
    uint8_t key[ED25519_KEY_BYTES];

    key_of(number, key);
    return key_cache_find(cache, key);
}

Test(key_cache, key_is_found_with_its_own_point)
{
    struct key_cache cache;

    cache_open(&cache, KEYS_MAX);
    for (uint64_t i = 0; i < KEYS_MAX / 8; i++) {
        cr_assert_null(find(&cache, i));
        add(&cache, i);
        cr_assert_not_null(find(&cache, i));
        cr_assert_eq(find(&cache, i)->low.bytes[77], (uint8_t)i);
        cr_assert(!find(&cache, i)->has_high);
    }
    key_cache_reset(&cache, secret);
    cr_assert_null(find(&cache, 0));
    free(cache.place);
}

Test(key_cache, busy_keys_outlive_a_flood_of_others)
{
    struct key_cache cache;
    size_t left = 0;

    cache_open(&cache, KEYS_MAX);
    for (uint64_t i = 0; i < 8; i++) {
        add(&cache, i);
    }
    for (uint64_t flood = 0; flood < MANY; flood++) {
        if (find(&cache, 1000 + flood) == NULL) {
            add(&cache, 1000 + flood);
        }
        for (uint64_t i = 0; flood % 4 == 0 && i < 8; i++) {
            (void)find(&cache, i);
        }
    }
    for (uint64_t i = 0; i < 8; i++) {
        left += find(&cache, i) != NULL ? 1 : 0;
    }
    cr_assert_geq(left, 7);
    for (uint64_t flood = 0; flood < 6 * MANY; flood++) { /* nobody asks for them any more */
        if (find(&cache, 100000 + flood) == NULL) {
            add(&cache, 100000 + flood);
        }
    }
    for (uint64_t i = 0; i < 8; i++) {
        cr_assert_null(find(&cache, i), "what nobody asks for ages");
    }
    free(cache.place);
}

Test(key_cache, without_places_nothing_is_kept)
{
    struct key_cache cache;

    cache_open(&cache, 0);
    add(&cache, 1);
    cr_assert_null(find(&cache, 1));
}

Test(key_cache, hash_differs_by_secret_and_by_every_bit_of_the_key)
{
    const uint64_t other[2] = { 1, 3 };
    uint8_t key[ED25519_KEY_BYTES];
    uint64_t before;

    key_of(5, key);
    before = key_hash(key, secret);
    cr_assert_neq(before, key_hash(key, other));
    for (unsigned bit = 0; bit < 8 * ED25519_KEY_BYTES; bit++) {
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_neq(before, key_hash(key, secret), "bit %u", bit);
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
