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
    size_t items_max;
    enum ed25519_mode mode;
    struct ed25519_counters counters;
};

_Static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == ED25519_KEY_BYTES, "libsodium's key is ours");
_Static_assert(crypto_sign_ed25519_BYTES == ED25519_SIGNATURE_BYTES, "and so is its signature");

size_t ed25519_ctx_footprint(size_t items_max)
{
    (void)items_max; /* the portable backend judges item by item, in the stack */
    return (sizeof(struct ed25519_ctx) + CTX_ALIGN - 1) / CTX_ALIGN * CTX_ALIGN;
}

struct ed25519_ctx *ed25519_ctx_init(void *memory, size_t items_max, enum ed25519_mode mode, const uint8_t seed[32])
{
    struct ed25519_ctx *ctx = memory;

    ASSERT(memory != NULL);
    ASSERT((uintptr_t)memory % CTX_ALIGN == 0);
    ASSERT(mode <= ED25519_REF);
    (void)seed; /* the portable backend draws no coefficients */
    *ctx = (struct ed25519_ctx){ .items_max = items_max, .mode = mode };
    return ctx;
}

bool ed25519_verify(const struct sig_item *item)
{
    uint8_t input[ED25519_SIGNATURE_BYTES / 2 + ED25519_KEY_BYTES + ED25519_DIGEST_BYTES]; /* R || A || digest */
    uint8_t hash[crypto_hash_sha512_BYTES];

    memcpy(input, item->signature, 32);
    memcpy(input + 32, item->key, 32);
    memcpy(input + 64, item->digest, 32);
    (void)crypto_hash_sha512(hash, input, sizeof input); /* cannot fail */
    return ref_verify_hashed(item->key, item->signature, hash);
}

static bool libsodium_accepts(const struct sig_item *item)
{
    return crypto_sign_ed25519_verify_detached(item->signature, item->digest, ED25519_DIGEST_BYTES, item->key) == 0;
}

static bool judge(struct ed25519_ctx *ctx, const struct sig_item *item)
{
    switch (ctx->mode) {
    case ED25519_AUTO:
    case ED25519_LIBSODIUM:
        if (libsodium_accepts(item)) {
            ctx->counters.fast_accepts++;
            return true;
        }
        return ed25519_verify(item);
    case ED25519_REF:
        return ed25519_verify(item);
    }
    assert_fail(__FILE__, __LINE__, "mode");
}

void ed25519_verify_batch(struct ed25519_ctx *ctx, const struct sig_item *items, size_t n, bool *verdicts)
{
    ASSERT(n <= ctx->items_max);
    for (size_t i = 0; i < n; i++) {
        verdicts[i] = judge(ctx, &items[i]);
        ctx->counters.checks++;
        ctx->counters.rejected += verdicts[i] ? 0 : 1;
    }
}

bool ed25519_key_is_strong(const uint8_t key[ED25519_KEY_BYTES])
{
    return ref_key_is_strong(key);
}

struct ed25519_counters ed25519_counters(const struct ed25519_ctx *ctx)
{
    return ctx->counters;
}
