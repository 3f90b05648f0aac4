/* context.c: the memory of a context. */
#include "crypto/ed25519/context_priv.h"

#include "base/assert.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <string.h>

#define CTX_ALIGN 64

/* Takes all scratch. The same steps measure and take, so that the two cannot differ. */
static void take_scratch(struct ed25519_ctx *ctx, struct arena *arena, const struct ed25519_config *config, const struct engine *engine)
{
    size_t n = config->batch_max;

    ctx->key_slots = 2;
    while (ctx->key_slots < 2 * n) {
        ctx->key_slots *= 2;
    }
    key_cache_take(&ctx->cache, arena, config->keys_max);
    ctx->item = arena_take(arena, n, sizeof *ctx->item);
    ctx->verdict = arena_take(arena, n, sizeof *ctx->verdict);
    ctx->key = arena_take(arena, n, sizeof *ctx->key);
    ctx->key_index = arena_take(arena, ctx->key_slots, sizeof *ctx->key_index);
    ctx->point = arena_take(arena, 2 * n + 2, sizeof *ctx->point);
    ctx->term = arena_take(arena, 2 * n + 2, sizeof *ctx->term);
    ctx->coefficient = arena_take(arena, n, sizeof *ctx->coefficient);
    ctx->bound = arena_take(arena, n, sizeof *ctx->bound);
    ctx->sum = arena_take(arena, n, sizeof *ctx->sum);
    ctx->scratch = arena_take(arena, n + ENGINE_LANES_MAX, sizeof *ctx->scratch);
    ctx->direct = arena_take(arena, n, sizeof *ctx->direct);
    ctx->pair = arena_take(arena, n, sizeof *ctx->pair);
    ctx->sum_at = arena_take(arena, n, sizeof *ctx->sum_at);
    ctx->point_at = arena_take(arena, n, sizeof *ctx->point_at);
    ctx->bytes_at = arena_take(arena, n, sizeof *ctx->bytes_at);
    ctx->flag = arena_take(arena, n, sizeof *ctx->flag);
    for (unsigned i = 0; i < sizeof ctx->list / sizeof ctx->list[0]; i++) {
        ctx->list[i] = arena_take(arena, n, sizeof *ctx->list[i]);
    }
    ctx->buckets = arena_take(arena, 1, engine->buckets_bytes);
}

static const struct engine *engine_for(const struct ed25519_config *config)
{
    ASSERT(config->mode <= ED25519_REF);
    ASSERT(config->batch_max >= 1);
    ASSERT(config->batch_max <= ED25519_BATCH_MAX);
    ASSERT(config->keys_max <= ED25519_KEYS_MAX);
    return config->mode == ED25519_AUTO ? engine_of(config->backend) : NULL;
}

size_t ed25519_ctx_footprint(const struct ed25519_config *config)
{
    const struct engine *engine = engine_for(config);
    struct ed25519_ctx measured = { 0 };
    struct arena arena;

    arena_init_measure(&arena);
    (void)arena_take(&arena, 1, sizeof measured);
    if (engine != NULL) {
        take_scratch(&measured, &arena, config, engine);
    }
    return arena.used;
}

/* Two secrets for the tables of keys, out of the seed; the seed itself is for the coefficients. */
static void draw_secrets(struct ed25519_ctx *ctx)
{
    static const uint8_t purpose[] = "tables of keys";
    uint64_t secret[4];
    int code = crypto_generichash_blake2b((uint8_t *)secret, sizeof secret, purpose, sizeof purpose, ctx->config.seed, sizeof ctx->config.seed);

    ASSERT(code == 0);
    memcpy(ctx->key_secret, secret, sizeof ctx->key_secret);
    key_cache_reset(&ctx->cache, secret + 2);
}

struct ed25519_ctx *ed25519_ctx_init(void *memory, const struct ed25519_config *config)
{
    const struct engine *engine = engine_for(config);
    struct ed25519_ctx *ctx;
    struct arena arena;

    ASSERT(memory != NULL);
    ASSERT((uintptr_t)memory % CTX_ALIGN == 0);
    arena_init(&arena, memory, ed25519_ctx_footprint(config));
    ctx = arena_take(&arena, 1, sizeof *ctx);
    *ctx = (struct ed25519_ctx){ .config = *config, .engine = engine };
    if (config->mode == ED25519_AUTO) {
        ASSERT(engine != NULL);
        take_scratch(ctx, &arena, config, engine);
        draw_secrets(ctx);
        engine_base(ctx->base, engine);
    }
    arena_seal(&arena);
    return ctx;
}

void ed25519_forget_keys(struct ed25519_ctx *ctx)
{
    if (ctx->engine != NULL) {
        uint64_t secret[2];
        memcpy(secret, ctx->cache.secret, sizeof secret);
        key_cache_reset(&ctx->cache, secret);
    }
}

struct ed25519_counters ed25519_counters(const struct ed25519_ctx *ctx)
{
    return ctx->counters;
}
