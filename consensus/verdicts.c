/* verdicts.c: see verdicts.h. Invariant: the two entries of a place differ, or one is unused. */
#include "consensus/verdicts.h"

#include "base/assert.h"

#include <string.h>

_Static_assert(sizeof(struct verdict_entry) == 128, "a triple is compared and copied as one run of bytes");

void verdicts_take(struct verdicts *verdicts, struct arena *arena, uint32_t count, uint64_t seed)
{
    uint32_t wanted = count < VERDICTS_MIN ? VERDICTS_MIN : count;

    *verdicts = (struct verdicts){ .places = VERDICTS_MIN / 2, .seed = seed | 1 };
    while (2 * verdicts->places < wanted && 2 * verdicts->places < VERDICTS_MAX) {
        verdicts->places *= 2;
    }
    verdicts->entries = arena_take(arena, 2 * verdicts->places, sizeof *verdicts->entries);
    verdicts->used = arena_take(arena, 2 * verdicts->places, sizeof *verdicts->used);
}

static uint64_t word(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint32_t place_of(const struct verdicts *verdicts, const struct sig_item *item)
{
    uint64_t mix = (word(item->digest) ^ word(item->signature)) * verdicts->seed;

    ASSERT((verdicts->places & (verdicts->places - 1)) == 0);
    mix = (mix ^ mix >> 32) * verdicts->seed;
    return 2 * (uint32_t)(mix >> 40 & (verdicts->places - 1));
}

static bool is_at(const struct verdicts *verdicts, uint32_t at, const struct sig_item *item)
{
    const struct verdict_entry *entry = &verdicts->entries[at];

    ASSERT(at < 2 * verdicts->places);
    return verdicts->used[at] && memcmp(entry->signature, item->signature, sizeof entry->signature) == 0 &&
           memcmp(entry->digest, item->digest, sizeof entry->digest) == 0 && memcmp(entry->key, item->key, sizeof entry->key) == 0;
}

void verdicts_add(struct verdicts *verdicts, const struct sig_item *item)
{
    uint32_t at = place_of(verdicts, item);
    struct verdict_entry *entry = &verdicts->entries[at];

    ASSERT(at + 1 < 2 * verdicts->places);
    if (is_at(verdicts, at, item)) {
        return;
    }
    entry[1] = entry[0]; /* Where it is the other of the pair already, that one goes. */
    verdicts->used[at + 1] = verdicts->used[at];
    memcpy(entry->key, item->key, sizeof entry->key);
    memcpy(entry->digest, item->digest, sizeof entry->digest);
    memcpy(entry->signature, item->signature, sizeof entry->signature);
    verdicts->used[at] = true;
    ASSERT(!is_at(verdicts, at + 1, item) || !verdicts->used[at + 1] || is_at(verdicts, at, item));
}

void verdicts_expect(const struct verdicts *verdicts, const struct sig_item *item)
{
    uint32_t at = place_of(verdicts, item);

    ASSERT(at + 1 < 2 * verdicts->places);
    __builtin_prefetch(&verdicts->used[at]);
    __builtin_prefetch(verdicts->entries[at].signature);
    __builtin_prefetch(verdicts->entries[at + 1].signature);
}

bool verdicts_has(struct verdicts *verdicts, const struct sig_item *item)
{
    uint32_t at = place_of(verdicts, item);
    bool found = is_at(verdicts, at, item) || is_at(verdicts, at + 1, item);

    ASSERT(at + 1 < 2 * verdicts->places);
    verdicts->hits += found;
    verdicts->misses += !found;
    return found;
}

bool verdicts_agree(const struct verdicts *verdicts, const struct sig_item *item, bool verdict)
{
    uint32_t at = place_of(verdicts, item);

    ASSERT(at + 1 < 2 * verdicts->places);
    return verdict || !(is_at(verdicts, at, item) || is_at(verdicts, at + 1, item)); /* I15: only what is valid is kept */
}
