/* each.c: verdicts one by one: by tables, by lanes, or by the portable full rule. */
#include "crypto/ed25519/context_priv.h"

#include "base/assert.h"
#include "crypto/ed25519/ref/verify.h"

/* Judges by the rule: R is decoded, and [8](S B - k A - R) must be the identity. count sums are at sum_at, their items in list[2]. */
static void settle(struct ed25519_ctx *ctx, size_t count)
{
    struct engine_entry *decoded = (struct engine_entry *)(void *)ctx->scratch;

    for (size_t i = 0; i < count; i++) {
        ctx->bytes_at[i] = ctx->item[ctx->list[2][i]].signature;
        ctx->point_at[i] = &decoded[i];
    }
    ctx->engine->decode(decoded, ctx->flag, ctx->bytes_at, count);
    for (size_t i = 0; i < count; i++) {
        ctx->verdict[ctx->list[2][i]] = ctx->flag[i];
    }
    ctx->engine->settle(ctx->flag, ctx->sum_at, ctx->point_at, count);
    for (size_t i = 0; i < count; i++) {
        ctx->verdict[ctx->list[2][i]] &= ctx->flag[i];
    }
    ctx->counters.fallbacks += count;
}

/* Judges the listed items whose sums lie in ctx->sum in the order of the list: those that compare equal with R are valid, the others are settled. */
static void compare(struct ed25519_ctx *ctx, struct slice_list list)
{
    size_t differ = 0;

    if (list.count == 0) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        ctx->bytes_at[i] = ctx->item[list.at[i]].signature;
    }
    ctx->engine->match(ctx->flag, ctx->sum, ctx->bytes_at, list.count, ctx->scratch);
    for (size_t i = 0; i < list.count; i++) {
        if (ctx->flag[i]) {
            ctx->verdict[list.at[i]] = true;
            ctx->counters.fast_accepts++;
        } else {
            ctx->sum_at[differ] = &ctx->sum[i];
            ctx->list[2][differ++] = list.at[i];
        }
    }
    if (differ > 0) {
        settle(ctx, differ);
    }
}

#define SHAPES 3u

/* Tables of members are narrow or wide, those of hot keys have several steps. */
static unsigned shape_of(const struct engine_comb *comb)
{
    return comb->steps > 1 ? 2 : comb->width == 4 ? 0 : 1;
}

void judge_direct(struct ed25519_ctx *ctx, struct slice_list list)
{
    struct slice_list ordered = { .at = ctx->list[3] };

    for (unsigned shape = 0; shape < SHAPES; shape++) { /* tables of one shape lie together */
        for (size_t i = 0; i < list.count; i++) {
            const struct slice_item *item = &ctx->item[list.at[i]];
            if (shape_of(&item->comb) == shape) {
                ctx->direct[ordered.count] = (struct engine_direct){ item->comb, &item->k, &item->s };
                ordered.at[ordered.count++] = list.at[i];
            }
        }
    }
    ASSERT(ordered.count == list.count);
    ctx->engine->direct(ctx->sum, ctx->direct, ordered.count, keyset_base(ctx->config.keyset));
    compare(ctx, ordered);
    ctx->counters.direct += list.count;
}

void judge_each(struct ed25519_ctx *ctx, struct slice_list list)
{
    for (size_t i = 0; i < list.count; i++) {
        const struct slice_item *item = &ctx->item[list.at[i]];
        ctx->pair[i] = (struct engine_pair){ &ctx->point[1 + item->key_at], &item->k, &item->s };
    }
    ctx->engine->pairs(ctx->sum, ctx->pair, list.count, ctx->base);
    compare(ctx, list);
}

void judge_single(struct ed25519_ctx *ctx, struct slice_list list)
{
    for (size_t i = 0; i < list.count; i++) {
        const struct slice_item *item = &ctx->item[list.at[i]];
        ctx->verdict[list.at[i]] = ref_verify_reduced(item->key, item->signature, &item->k);
    }
    ctx->counters.single += list.count;
}
