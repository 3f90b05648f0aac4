/* key_cache.c: see key_cache.h. */
#include "crypto/ed25519/key_cache.h"

#include "base/assert.h"

#include <string.h>

static uint32_t sets_for(uint32_t keys_max)
{
    uint32_t sets = 1;

    ASSERT(keys_max <= ED25519_KEYS_MAX);
    if (keys_max == 0) {
        return 0;
    }
    while (sets * KEY_CACHE_WAYS < keys_max) { /* ends: sets doubles up to ED25519_KEYS_MAX / 4 */
        sets *= 2;
    }
    return sets;
}

void key_cache_take(struct key_cache *cache, struct arena *arena, uint32_t keys_max)
{
    uint32_t sets = sets_for(keys_max);

    *cache = (struct key_cache){ 0 };
    if (sets > 0) {
        cache->place = arena_take(arena, (size_t)sets * KEY_CACHE_WAYS, sizeof *cache->place);
        cache->sets = cache->place == NULL ? 0 : sets;
    }
}

void key_cache_reset(struct key_cache *cache, const uint64_t secret[2])
{
    memcpy(cache->secret, secret, sizeof cache->secret);
    for (uint32_t i = 0; i < cache->sets * KEY_CACHE_WAYS; i++) {
        cache->place[i].uses = 0;
        cache->place[i].losses = 0;
    }
}

/* Two multiplications fold the four words; each word meets a secret first, so that equal products cannot be prepared. */
uint64_t key_hash(const uint8_t key[ED25519_KEY_BYTES], const uint64_t secret[2])
{
    uint64_t word[4];
    unsigned __int128 product;

    memcpy(word, key, sizeof word);
    product = (unsigned __int128)(word[0] ^ secret[0]) * (word[1] ^ secret[1]);
    product += (unsigned __int128)(word[2] ^ secret[1]) * (word[3] ^ secret[0] ^ UINT64_C(0x9e3779b97f4a7c15));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static struct cached_key *set_of(struct key_cache *cache, const uint8_t key[ED25519_KEY_BYTES])
{
    ASSERT(cache->sets > 0);
    return &cache->place[(key_hash(key, cache->secret) & (cache->sets - 1)) * KEY_CACHE_WAYS];
}

struct cached_key *key_cache_find(struct key_cache *cache, const uint8_t key[ED25519_KEY_BYTES])
{
    struct cached_key *set;

    if (cache->sets == 0) {
        return NULL;
    }
    set = set_of(cache, key);
    for (uint32_t i = 0; i < KEY_CACHE_WAYS; i++) {
        if (set[i].uses > 0 && memcmp(set[i].key, key, ED25519_KEY_BYTES) == 0) {
            set[i].uses += set[i].uses < KEY_CACHE_USES_MAX ? 1 : 0;
            return &set[i];
        }
    }
    return NULL;
}

/* Finds the place of a set that was used least, a different one each time among equals, and lets all counts age now and then. */
static struct cached_key *least_used(struct cached_key *set)
{
    uint32_t turn = set[0].losses++;
    struct cached_key *least = &set[turn % KEY_CACHE_WAYS];

    for (uint32_t i = 0; i < KEY_CACHE_WAYS; i++) {
        struct cached_key *place = &set[(turn + i) % KEY_CACHE_WAYS];
        least = place->uses < least->uses ? place : least;
        place->uses -= turn % KEY_CACHE_AGE == 0 ? place->uses / 2 : 0; /* stays above zero */
    }
    return least;
}

void key_cache_add(struct key_cache *cache, const uint8_t key[ED25519_KEY_BYTES], const struct engine_entry *entry)
{
    struct cached_key *place;

    if (cache->sets == 0) {
        return;
    }
    place = least_used(set_of(cache, key));
    memcpy(place->key, key, ED25519_KEY_BYTES);
    place->low = *entry;
    place->has_high = false;
    place->uses = 1;
}
