/* batch.c: many signatures by one sum: sum of z_i (S_i B - k_i A_i - R_i), times 8, is the identity if every single one is; if one is not, it
 * is with a chance of 2^-127 over the random z_i. Torsion does not disturb this: the sum is multiplied by 8 last, and z_i k_i is taken modulo L,
 * which changes [z_i k_i] A_i by a multiple of [L] A_i, a point of small order.
 *
 * Terms of one key are merged. Scalars of keys and of B are twice as long as coefficients; where every key of a slice is known as A and as
 * 2^127 A, they are halved, and all windows of the sum are short. */
#include "crypto/ed25519/context_priv.h"

#include "base/assert.h"

#include <string.h>

#define HIGH_ITEMS 4     /* items for each key from which halving its scalars pays */
#define WIDTH_MIN 4u
#define FILL_COST 2u     /* of adding a term to a bucket, to be compared with */
#define TOTAL_COST 5u    /* of adding a bucket to the total */

/* Where the parts of a sum lie. */
struct parts {
    size_t long_count; /* B and the keys, or none */
    size_t r_at;       /* of the first R */
    bool halved;
};

/* Brings 2^127 A to the keys that have it not yet. Gives: whether all keys have it, so that scalars may be halved. */
static bool keys_halve(struct ed25519_ctx *ctx, size_t n)
{
    if (ctx->keys_count * HIGH_ITEMS > n) {
        return false;
    }
    for (size_t i = 0; i < ctx->keys_count; i++) {
        if (ctx->key[i].cached == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < ctx->keys_count; i++) {
        struct cached_key *cached = ctx->key[i].cached;
        if (!cached->has_high) {
            engine_high(&cached->high, ctx->engine, cached->key);
            cached->has_high = true;
        }
        ctx->point[2 + ctx->keys_count + i] = cached->high;
    }
    return true;
}

/* Writes the term of a fixed point, in two halves where they are short. */
static void put_scalar(struct ed25519_ctx *ctx, const struct parts *parts, size_t at, const struct scalar *scalar, bool minus)
{
    const uint64_t *word = scalar->limb;
    struct engine_term *low = &ctx->term[at];

    *low = (struct engine_term){ .limb = { word[0], word[1], word[2], word[3] }, .minus = minus };
    if (parts->halved) {
        struct engine_term *high = &ctx->term[at + 1 + ctx->keys_count];
        *high = (struct engine_term){ .limb = { word[1] >> 63 | word[2] << 1, word[2] >> 63 | word[3] << 1 }, .minus = minus };
        *low = (struct engine_term){ .limb = { word[0], word[1] << 1 >> 1 }, .minus = minus };
    }
}

/* Decodes R. Items whose R is no point are refused. Gives: the others. Flags tell which terms count. */
static struct slice_list decode_r(struct ed25519_ctx *ctx, struct slice_list list, size_t r_at)
{
    struct slice_list left = { .at = ctx->list[3] };

    for (size_t i = 0; i < list.count; i++) {
        ctx->bytes_at[i] = ctx->item[list.at[i]].signature;
    }
    ctx->engine->decode(&ctx->point[r_at], ctx->flag, ctx->bytes_at, list.count);
    for (size_t i = 0; i < list.count; i++) {
        ctx->verdict[list.at[i]] = false;
        if (ctx->flag[i]) {
            left.at[left.count++] = list.at[i];
        }
    }
    return left;
}

static void draw_coefficients(struct ed25519_ctx *ctx, struct slice_list list)
{
    uint8_t key[COEFFICIENT_KEY_BYTES];

    for (size_t i = 0; i < list.count; i++) {
        const struct slice_item *item = &ctx->item[list.at[i]];
        ctx->bound[i] = (struct coefficient_item){ item->key, item->signature, &item->k };
    }
    coefficients_key(key, ctx->config.seed, ctx->batch_counter++, ctx->bound, list.count);
    coefficients_draw(ctx->coefficient, list.count, key);
}

/* Writes all terms. What does not count, because its R is no point, gets a magnitude of zero. */
static void put_terms(struct ed25519_ctx *ctx, struct slice_list list, const struct parts *parts)
{
    struct scalar_sum base = { { 0 } };
    struct scalar reduced;

    for (size_t i = 0; i < list.count; i++) {
        const struct slice_item *item = &ctx->item[list.at[i]];
        const struct coefficient *z = &ctx->coefficient[i];
        struct engine_term *term = &ctx->term[parts->r_at + i];

        *term = (struct engine_term){ .minus = 0 };
        if (ctx->flag[i]) {
            scalar_sum_add(&ctx->key[item->key_at].sum, z->magnitude, z->minus, &item->k);
            scalar_sum_add(&base, z->magnitude, z->minus, &item->s);
            *term = (struct engine_term){ .limb = { z->magnitude[0], z->magnitude[1] }, .minus = !z->minus };
        }
    }
    scalar_sum_reduce(&reduced, &base);
    put_scalar(ctx, parts, 0, &reduced, false);
    for (size_t i = 0; i < ctx->keys_count; i++) {
        scalar_sum_reduce(&reduced, &ctx->key[i].sum);
        put_scalar(ctx, parts, 1 + i, &reduced, true);
    }
}

/* The width of windows for which buckets and additions to them cost least. */
static unsigned width_for(const struct engine *engine, size_t long_count, size_t short_count)
{
    unsigned best = WIDTH_MIN;
    size_t least = SIZE_MAX;

    for (unsigned width = WIDTH_MIN; width <= ENGINE_WIDTH_MAX; width++) {
        size_t long_groups = ((ENGINE_LONG_BITS + width) / width + engine->lanes - 1) / engine->lanes;
        size_t short_groups = ((ENGINE_SHORT_BITS + width) / width + engine->lanes - 1) / engine->lanes;
        size_t groups = long_count > 0 ? long_groups : short_groups;
        size_t cost = FILL_COST * (long_groups * long_count + short_groups * short_count) + TOTAL_COST * (groups << (width - 1));

        if (cost < least) {
            least = cost;
            best = width;
        }
    }
    return best;
}

/* Computes the sum for the listed items. Gives: whether it vanishes. */
static bool sum_is_small(struct ed25519_ctx *ctx, struct slice_list list, const struct parts *parts)
{
    size_t count = parts->r_at + list.count;
    struct engine_terms terms = {
        .term = ctx->term,
        .point = ctx->point,
        .long_count = parts->long_count,
        .count = count,
        .width = width_for(ctx->engine, parts->long_count, count - parts->long_count),
        .buckets = ctx->buckets,
    };
    struct point sum;

    ctx->engine->sum(&sum, &terms);
    ctx->counters.batches++;
    return point_is_small(&sum);
}

/* Judges what a sum that does not vanish has left open, each by what costs least for it: by its key's table where there is one, whatever was cheaper for all together.
 * Needs: the list is ctx->list[3]; spare is ctx->list[0] or ctx->list[1]. */
static void judge_failed(struct ed25519_ctx *ctx, struct slice_list left, uint32_t *spare)
{
    struct slice_list tabled = { .at = spare }, others = { .at = left.at };
    uint64_t fallbacks = ctx->counters.fallbacks + left.count; /* each counts once, whether or not it is settled besides */

    ASSERT(left.at == ctx->list[3]);
    for (size_t i = 0; i < left.count; i++) {
        struct slice_list *to = ctx->item[left.at[i]].comb.entry != NULL ? &tabled : &others;
        to->at[to->count++] = left.at[i];
    }
    if (ctx->engine->lanes == 1) { /* there is nothing to share: the portable rule is faster */
        ctx->counters.batch -= others.count;
        judge_single(ctx, others);
    } else {
        judge_each(ctx, others);
    }
    if (tabled.count > 0) { /* last, for it writes over the list */
        ctx->counters.batch -= tabled.count;
        judge_direct(ctx, tabled);
    }
    ctx->counters.fallbacks = fallbacks;
}

void judge_batch(struct ed25519_ctx *ctx, struct slice_list list)
{
    struct slice_list left, all = keys_resolve(ctx, list);
    struct parts parts = { .halved = keys_halve(ctx, all.count) };

    ctx->counters.batch += list.count;
    if (all.count == 0) {
        return;
    }
    parts.long_count = parts.halved ? 0 : 1 + ctx->keys_count;
    parts.r_at = (1 + ctx->keys_count) * (parts.halved ? 2 : 1);
    ASSERT(parts.r_at + all.count <= 2 * (size_t)ctx->config.batch_max + 2);
    ctx->point[0] = ctx->base[0];
    if (parts.halved) {
        ctx->point[1 + ctx->keys_count] = ctx->base[ENGINE_BASE_MULTIPLES];
    }
    left = decode_r(ctx, all, parts.r_at);
    draw_coefficients(ctx, all);
    put_terms(ctx, all, &parts);
    if (sum_is_small(ctx, all, &parts)) {
        for (size_t i = 0; i < left.count; i++) {
            ctx->verdict[left.at[i]] = true;
        }
    } else {
        ctx->counters.batches_failed++;
        judge_failed(ctx, left, list.at == ctx->list[0] ? ctx->list[1] : ctx->list[0]);
    }
    keys_keep(ctx, all);
}
