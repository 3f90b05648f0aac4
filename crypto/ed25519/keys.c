/* keys.c: the keys of a slice, each once, as points. */
#include "crypto/ed25519/context_priv.h"

#include "base/assert.h"

#include <string.h>

/* Gives the number of the item's key, which is new when it equals the count before. */
static uint32_t key_number(struct ed25519_ctx *ctx, const uint8_t *key, uint32_t mask)
{
    uint32_t place = (uint32_t)key_hash(key, ctx->key_secret) & mask;

    while (ctx->key_index[place] != 0) { /* ends: twice as many places as keys */
        uint32_t number = ctx->key_index[place] - 1;
        if (memcmp(ctx->key[number].key, key, ED25519_KEY_BYTES) == 0) {
            return number;
        }
        place = (place + 1) & mask;
    }
    ctx->key_index[place] = (uint32_t)ctx->keys_count + 1;
    return (uint32_t)ctx->keys_count++;
}

/* Numbers the keys of the listed items, and finds those that the cache has. Gives: how many it has not; their numbers in list[3]. */
static size_t keys_number(struct ed25519_ctx *ctx, struct slice_list list)
{
    uint32_t places = 2;
    size_t missing = 0;

    while (places < 2 * list.count) {
        places *= 2;
    }
    ASSERT(places <= ctx->key_slots);
    memset(ctx->key_index, 0, places * sizeof *ctx->key_index);
    ctx->keys_count = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct slice_item *item = &ctx->item[list.at[i]];
        size_t known = ctx->keys_count;

        item->key_at = key_number(ctx, item->key, places - 1);
        if (item->key_at == known) {
            struct slice_key *key = &ctx->key[known];
            *key = (struct slice_key){ .key = item->key, .cached = key_cache_find(&ctx->cache, item->key) };
            key->ok = key->cached != NULL;
            if (!key->ok) {
                ctx->list[3][missing++] = (uint32_t)known;
            }
        }
    }
    return missing;
}

/* Fills in the points of all keys. */
static void keys_read(struct ed25519_ctx *ctx, size_t missing)
{
    struct engine_entry *decoded = (struct engine_entry *)(void *)ctx->scratch;

    for (size_t i = 0; i < ctx->keys_count; i++) {
        if (ctx->key[i].cached != NULL) {
            ctx->point[1 + i] = ctx->key[i].cached->low;
        }
    }
    for (size_t i = 0; i < missing; i++) {
        ctx->bytes_at[i] = ctx->key[ctx->list[3][i]].key;
    }
    ctx->engine->decode(decoded, ctx->flag, ctx->bytes_at, missing);
    for (size_t i = 0; i < missing; i++) {
        ctx->point[1 + ctx->list[3][i]] = decoded[i];
        ctx->key[ctx->list[3][i]].ok = ctx->flag[i];
    }
    ctx->counters.key_hits += ctx->keys_count - missing;
    ctx->counters.key_misses += missing;
}

struct slice_list keys_resolve(struct ed25519_ctx *ctx, struct slice_list list)
{
    size_t kept = 0;

    keys_read(ctx, keys_number(ctx, list));
    for (size_t i = 0; i < list.count; i++) {
        uint32_t at = list.at[i];

        if (ctx->key[ctx->item[at].key_at].ok) {
            list.at[kept++] = at;
        } else {
            ctx->verdict[at] = false;
        }
    }
    list.count = kept;
    return list;
}

void keys_keep(struct ed25519_ctx *ctx, struct slice_list list)
{
    for (size_t i = 0; i < list.count; i++) {
        struct slice_key *key = &ctx->key[ctx->item[list.at[i]].key_at];
        key->accepted = key->accepted || ctx->verdict[list.at[i]];
    }
    for (size_t i = 0; i < ctx->keys_count; i++) {
        if (ctx->key[i].cached == NULL && ctx->key[i].accepted) {
            key_cache_add(&ctx->cache, ctx->key[i].key, &ctx->point[1 + i]);
        }
        ctx->key[i].cached = NULL; /* its place may be another key's now */
    }
}
