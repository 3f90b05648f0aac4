/* context_priv.h: what a context holds, and the steps of a verification on it. For the folder's own sources.
 *
 * A call is cut into slices of batch_max items. Within a slice the steps work on lists of item numbers:
 *
 *     S < L and k of each item, then, for what is left:
 *     judge_direct    keys with tables
 *     judge_batch     one sum for all; when it does not vanish, judge_direct where there are tables, and one of the next two
 *     judge_each      one by one, in lanes
 *     judge_single    one by one, by the portable full rule */
#ifndef WARD_CRYPTO_ED25519_CONTEXT_PRIV_H
#define WARD_CRYPTO_ED25519_CONTEXT_PRIV_H

#include "crypto/ed25519/coefficients.h"
#include "crypto/ed25519/engine.h"
#include "crypto/ed25519/key_cache.h"
#include "crypto/ed25519/keyset_priv.h"

/* An item of the slice. */
struct slice_item {
    const uint8_t *key, *signature;
    struct scalar k, s;
    struct engine_comb comb; /* of the key; entry NULL: none */
    uint16_t slot;           /* of the comb, or KEYSET_NO_SLOT */
    uint32_t key_at;         /* its place among the slice's keys */
};

/* A key of the slice, once for all its items. Its point is the context's point[1 + place]. */
struct slice_key {
    const uint8_t *key;
    struct cached_key *cached; /* NULL: not in the cache */
    struct scalar_sum sum;     /* of coefficient times k */
    bool ok;                   /* decodes */
    bool accepted;             /* an item of it was accepted */
};

/* A list of item numbers. */
struct slice_list {
    uint32_t *at;
    size_t count;
};

struct ed25519_ctx {
    struct ed25519_config config;
    struct ed25519_counters counters;
    const struct engine *engine; /* the rest is NULL and zero unless the mode is AUTO */
    uint64_t batch_counter;
    struct key_cache cache;
    struct engine_entry base[ENGINE_BASE_MULTIPLES + 1];

    uint32_t slices;                         /* of those whose tables were counted */
    uint32_t slot_slice[KEYSET_SLOTS_MAX];   /* in which of them a slot was seen last */

    /* Scratch, for batch_max items. */
    struct slice_item *item;
    bool *verdict;               /* of the slice */
    struct slice_key *key;
    size_t keys_count;
    uint32_t *key_index;         /* open addressing, key_slots places: number of a key plus one, or 0 */
    uint32_t key_slots;
    uint64_t key_secret[2];
    struct engine_entry *point;  /* of a sum: B, keys, R; or B twice, keys twice, R */
    struct engine_term *term;
    struct coefficient *coefficient;
    struct coefficient_item *bound; /* to be hashed for the coefficients */
    struct engine_sum *sum, *scratch;
    struct engine_direct *direct;
    struct engine_pair *pair;
    const struct engine_sum **sum_at;
    const struct engine_entry **point_at;
    const uint8_t **bytes_at;
    bool *flag;
    uint32_t *list[4];
    void *buckets;
};

/* judge_single judges by the portable full rule, judge_direct items with tables, judge_batch by one sum and, when that does not vanish, by one of the others.
 * judge_each judges in lanes; its items' keys are resolved. Needs: S < L for each of the listed items. Gives: ctx->verdict of each. The list is
 * not one of ctx->list[2] and ctx->list[3]; judge_each and judge_single may be given the latter, judge_batch is given ctx->list[0] or ctx->list[1] and uses both. */
void judge_single(struct ed25519_ctx *ctx, struct slice_list list);
void judge_direct(struct ed25519_ctx *ctx, struct slice_list list);
void judge_each(struct ed25519_ctx *ctx, struct slice_list list);
void judge_batch(struct ed25519_ctx *ctx, struct slice_list list);

/* keys_resolve finds or decodes the keys of the listed items; items whose key is no point are taken out of the list and refused.
 * Gives: the shortened list. */
struct slice_list keys_resolve(struct ed25519_ctx *ctx, struct slice_list list);

/* keys_keep puts the keys of accepted items into the cache. */
void keys_keep(struct ed25519_ctx *ctx, struct slice_list list);

#endif
