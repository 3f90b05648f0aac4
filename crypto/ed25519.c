/* ed25519.c: which path judges a signature, and counting. The rule is in crypto/ed25519/ref/verify.c.
 *
 * libsodium's check refuses more than ZIP-215 does: it demands canonical encodings, no small order, and S B - k A = R without the
 * multiplication by 8. Each of these conditions implies its counterpart of ZIP-215, so what libsodium accepts is right to accept;
 * what it refuses has to be judged anew. */
#include "crypto/ed25519.h"

#include "base/assert.h"
#include "crypto/ed25519/ref/verify.h"

#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_sign_ed25519.h>
#include <string.h>

#define CTX_ALIGN 64

struct ed25519_ctx {
    struct ed25519_config config;
    struct ed25519_counters counters;
};

_Static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == ED25519_KEY_BYTES, "libsodium's key is ours");
_Static_assert(crypto_sign_ed25519_BYTES == ED25519_SIGNATURE_BYTES, "and so is its signature");

static const char *const backend_names[ED25519_BACKEND_COUNT] = { "ref", "avx2", "ifma" };

const char *ed25519_backend_name(enum ed25519_backend backend)
{
    ASSERT(backend < ED25519_BACKEND_COUNT);
    return backend_names[backend];
}

enum err ed25519_self_test(enum ed25519_backend backend)
{
    return backend == ED25519_BACKEND_REF ? ERR_OK : ERR_UNSUPPORTED;
}

enum err ed25519_choose(const char *name, enum ed25519_backend *backend)
{
    *backend = ED25519_BACKEND_REF;
    if (name == NULL || name[0] == '\0') {
        return ERR_OK;
    }
    for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
        if (strcmp(name, backend_names[i]) == 0) {
            *backend = (enum ed25519_backend)i;
            return ed25519_self_test(*backend);
        }
    }
    return ERR_INVALID;
}

size_t ed25519_ctx_footprint(const struct ed25519_config *config)
{
    (void)config; /* the portable backend judges item by item, in the stack */
    return (sizeof(struct ed25519_ctx) + CTX_ALIGN - 1) / CTX_ALIGN * CTX_ALIGN;
}

struct ed25519_ctx *ed25519_ctx_init(void *memory, const struct ed25519_config *config)
{
    struct ed25519_ctx *ctx = memory;

    ASSERT(memory != NULL);
    ASSERT((uintptr_t)memory % CTX_ALIGN == 0);
    ASSERT(config->mode <= ED25519_REF);
    ASSERT(config->backend == ED25519_BACKEND_REF);
    ASSERT(config->batch_max >= 1);
    ASSERT(config->batch_max <= ED25519_BATCH_MAX);
    ASSERT(config->keys_max <= ED25519_KEYS_MAX);
    *ctx = (struct ed25519_ctx){ .config = *config };
    return ctx;
}

static void hash_of(const struct sig_item *item, uint8_t hash[ED25519_HASH_BYTES])
{
    uint8_t input[ED25519_SIGNATURE_BYTES / 2 + ED25519_KEY_BYTES + ED25519_DIGEST_BYTES]; /* R || A || digest */

    memcpy(input, item->signature, 32);
    memcpy(input + 32, item->key, 32);
    memcpy(input + 64, item->digest, 32);
    (void)crypto_hash_sha512(hash, input, sizeof input); /* cannot fail */
}

bool ed25519_verify(const struct sig_item *item)
{
    uint8_t hash[ED25519_HASH_BYTES];

    hash_of(item, hash);
    return ref_verify_hashed(item->key, item->signature, hash);
}

static bool libsodium_accepts(const struct sig_item *item)
{
    return crypto_sign_ed25519_verify_detached(item->signature, item->digest, ED25519_DIGEST_BYTES, item->key) == 0;
}

static void count(struct ed25519_ctx *ctx, bool verdict)
{
    ctx->counters.checks++;
    ctx->counters.single++;
    ctx->counters.rejected += verdict ? 0 : 1;
}

void ed25519_verify_by(struct ed25519_ctx *ctx, enum ed25519_method method, const struct sig_item *items, size_t n, bool *verdicts)
{
    ASSERT(method <= ED25519_BATCH);
    for (size_t i = 0; i < n; i++) {
        bool fast = ctx->config.mode == ED25519_LIBSODIUM && libsodium_accepts(&items[i]);

        verdicts[i] = fast || ed25519_verify(&items[i]);
        ctx->counters.fast_accepts += fast ? 1 : 0;
        count(ctx, verdicts[i]);
    }
}

void ed25519_verify_hashed(struct ed25519_ctx *ctx, enum ed25519_method method, const struct sig_hashed *items, size_t n, bool *verdicts)
{
    ASSERT(method <= ED25519_BATCH);
    for (size_t i = 0; i < n; i++) {
        verdicts[i] = ref_verify_hashed(items[i].key, items[i].signature, items[i].hash);
        count(ctx, verdicts[i]);
    }
}

void ed25519_verify_batch(struct ed25519_ctx *ctx, const struct sig_item *items, size_t n, bool *verdicts)
{
    ed25519_verify_by(ctx, ED25519_FASTEST, items, n, verdicts);
}

void ed25519_forget_keys(struct ed25519_ctx *ctx)
{
    ASSERT(ctx != NULL);
}

bool ed25519_key_is_strong(const uint8_t key[ED25519_KEY_BYTES])
{
    return ref_key_is_strong(key);
}

struct ed25519_counters ed25519_counters(const struct ed25519_ctx *ctx)
{
    return ctx->counters;
}
