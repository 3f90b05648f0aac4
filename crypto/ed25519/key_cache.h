/* key_cache.h: decoded keys, by their 32 bytes, so that a key that comes again costs no square root.
 *
 * Sets of four places. A key that finds its set full takes the place of the one that was used least. After every KEY_CACHE_AGE such losses the counts of
 * a set are halved, so that what was busy long ago goes, too. Only keys of accepted signatures may be put in: whoever cannot sign cannot displace anybody. Which keys are in it never changes a verdict. */
#ifndef WARD_CRYPTO_ED25519_KEY_CACHE_H
#define WARD_CRYPTO_ED25519_KEY_CACHE_H

#include "base/arena.h"
#include "crypto/ed25519/engine.h"

#define KEY_CACHE_WAYS 4u
#define KEY_CACHE_USES_MAX 64u
#define KEY_CACHE_AGE 32u

struct cached_key {
    struct engine_entry low;  /* A */
    struct engine_entry high; /* 2^ENGINE_SHORT_BITS A, when has_high: halves of its scalars are as short as coefficients */
    uint8_t key[ED25519_KEY_BYTES];
    uint32_t uses;            /* 0: the place is free; at most KEY_CACHE_USES_MAX */
    uint32_t losses;          /* in a set's first place: keys put into the set */
    bool has_high;
};

struct key_cache {
    struct cached_key *place; /* sets x KEY_CACHE_WAYS */
    uint32_t sets;            /* a power of two, or 0 */
    uint64_t secret[2];       /* so that nobody can aim at a set */
};

/* key_cache_take takes memory for at least keys_max keys. A measuring arena leaves it without places. */
void key_cache_take(struct key_cache *cache, struct arena *arena, uint32_t keys_max);

/* key_cache_reset empties it. */
void key_cache_reset(struct key_cache *cache, const uint64_t secret[2]);

/* key_cache_find counts a use. Gives: NULL when the key is not there. Owns: the cache, until the next add. */
struct cached_key *key_cache_find(struct key_cache *cache, const uint8_t key[ED25519_KEY_BYTES]);

/* key_cache_add puts a key in. Needs: it is not there. */
void key_cache_add(struct key_cache *cache, const uint8_t key[ED25519_KEY_BYTES], const struct engine_entry *entry);

/* key_hash spreads a key over 64 bits, differently for each secret. */
uint64_t key_hash(const uint8_t key[ED25519_KEY_BYTES], const uint64_t secret[2]);

#endif
