/* ed25519.c: which path judges a signature, and counting. The rule is in crypto/ed25519/ref/verify.c; why the paths agree with it, in
 * docs/crypto.md.
 *
 * libsodium's check refuses more than ZIP-215 does: it demands canonical encodings, no small order, and S B - k A = R without the
 * multiplication by 8. Each of these conditions implies its counterpart of ZIP-215, so what libsodium accepts is right to accept;
 * what it refuses has to be judged anew. */
#include "crypto/ed25519.h"

#include "base/assert.h"
#include "crypto/ed25519/context_priv.h"
#include "crypto/ed25519/ref/verify.h"

#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_sign_ed25519.h>
#include <string.h>

_Static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == ED25519_KEY_BYTES, "libsodium's key is ours");
_Static_assert(crypto_sign_ed25519_BYTES == ED25519_SIGNATURE_BYTES, "and so is its signature");

/* From how many signatures on a method pays, measured with `ward-bench crypto`. */
struct crossing {
    size_t lanes_min;  /* checks in lanes, instead of single ones */
    size_t batch_min;  /* one sum, instead of checks in lanes */
    size_t direct_max; /* tables, whatever the keys */
    size_t merged_min; /* beyond that: one sum instead of tables, with so many items for each key */
};

static const struct crossing crossings[ED25519_BACKEND_COUNT] = {
    [ED25519_BACKEND_REF] = { SIZE_MAX, 9, 64, 8 },
    [ED25519_BACKEND_AVX2] = { 2, 12, 64, 8 },
    [ED25519_BACKEND_IFMA] = { 2, 9, 96, 8 },
    [ED25519_BACKEND_MODEL] = { 2, 9, 96, 8 }, /* as ifma, so that tests take its ways */
};

/* --- One item at a time --------------------------------------------------------------------------------------------------------- */

bool ed25519_verify(const struct sig_item *item)
{
    uint8_t input[ED25519_SIGNATURE_BYTES / 2 + ED25519_KEY_BYTES + ED25519_DIGEST_BYTES]; /* R || A || digest */
    uint8_t hash[ED25519_HASH_BYTES];

    memcpy(input, item->signature, 32);
    memcpy(input + 32, item->key, 32);
    memcpy(input + 64, item->digest, 32);
    (void)crypto_hash_sha512(hash, input, sizeof input); /* cannot fail */
    return ref_verify_hashed(item->key, item->signature, hash);
}

bool ed25519_key_is_strong(const uint8_t key[ED25519_KEY_BYTES])
{
    return ref_key_is_strong(key);
}

static bool libsodium_accepts(const struct sig_item *item)
{
    return crypto_sign_ed25519_verify_detached(item->signature, item->digest, ED25519_DIGEST_BYTES, item->key) == 0;
}

static void count_all(struct ed25519_ctx *ctx, const bool *verdicts, size_t n)
{
    ctx->counters.checks += n;
    for (size_t i = 0; i < n; i++) {
        ctx->counters.rejected += verdicts[i] ? 0 : 1;
    }
}

static void verify_singly(struct ed25519_ctx *ctx, const struct sig_item *items, size_t n, bool *verdicts)
{
    for (size_t i = 0; i < n; i++) {
        bool fast = ctx->config.mode == ED25519_LIBSODIUM && libsodium_accepts(&items[i]);

        verdicts[i] = fast || ed25519_verify(&items[i]);
        ctx->counters.fast_accepts += fast ? 1 : 0;
    }
    ctx->counters.single += n;
    count_all(ctx, verdicts, n);
}

/* --- Slices ---------------------------------------------------------------------------------------------------------------------- */

/* Judges in lanes, keys and all. */
static void judge_lanes(struct ed25519_ctx *ctx, struct slice_list list)
{
    ctx->counters.single += list.count;
    list = keys_resolve(ctx, list);
    judge_each(ctx, list);
    keys_keep(ctx, list);
}

/* Judges items without tables by what costs least. */
static void judge_unknown(struct ed25519_ctx *ctx, struct slice_list list)
{
    const struct crossing *crossing = &crossings[ctx->config.backend];

    if (list.count == 0) {
        return;
    }
    if (list.count >= crossing->batch_min) {
        judge_batch(ctx, list);
    } else if (list.count >= crossing->lanes_min) {
        judge_lanes(ctx, list);
    } else {
        judge_single(ctx, list);
    }
}

/* Tells whether tables serve the open items better than one sum, in which the terms of a key are merged: where they are few, or of many keys. */
static bool tables_pay(struct ed25519_ctx *ctx, struct slice_list open)
{
    const struct crossing *crossing = &crossings[ctx->config.backend];
    size_t items = 0, keys = 0;

    if (open.count <= crossing->direct_max) {
        return true;
    }
    ctx->slices++;
    for (size_t i = 0; i < open.count; i++) {
        uint16_t slot = ctx->item[open.at[i]].slot;
        if (slot != KEYSET_NO_SLOT) {
            items++;
            keys += ctx->slot_slice[slot] != ctx->slices;
            ctx->slot_slice[slot] = ctx->slices;
        }
    }
    return items < crossing->merged_min * keys;
}

/* Parts the open items into those with tables, list[0], and the others, list[1]. Where one sum is cheaper than tables, and no need to use these, all are
 * others. */
static void part_by_tables(struct ed25519_ctx *ctx, enum ed25519_method method, struct slice_list open, struct slice_list list[2])
{
    bool always = method == ED25519_DIRECT || tables_pay(ctx, open);

    list[0] = (struct slice_list){ .at = ctx->list[0] };
    list[1] = (struct slice_list){ .at = ctx->list[1] };
    for (size_t i = 0; i < open.count; i++) { /* list[0] is filled no faster than `open`, which lies in the same place, is read */
        struct slice_list *to = &list[always && ctx->item[open.at[i]].comb.entry != NULL ? 0 : 1];
        to->at[to->count++] = open.at[i];
    }
}

static void judge_slice(struct ed25519_ctx *ctx, enum ed25519_method method, struct slice_list open)
{
    struct slice_list part[2];

    switch (method) {
    case ED25519_SINGLE:
        judge_single(ctx, open);
        return;
    case ED25519_BATCH:
        if (open.count > 0) {
            judge_batch(ctx, open);
        }
        return;
    case ED25519_FASTEST:
    case ED25519_DIRECT:
        part_by_tables(ctx, method, open, part);
        if (part[0].count > 0) {
            judge_direct(ctx, part[0]);
        }
        judge_unknown(ctx, part[1]);
        return;
    }
    assert_fail(__FILE__, __LINE__, "method");
}

/* Counts the uses of keys by the items that were accepted. */
static void note_uses(struct ed25519_ctx *ctx, struct ed25519_keyset *keyset, size_t n)
{
    if (keyset_note_begin(keyset)) {
        for (size_t i = 0; i < n; i++) {
            if (ctx->verdict[i]) {
                keyset_note(keyset, ctx->item[i].slot, ctx->item[i].key);
            }
        }
        keyset_note_end(keyset);
    }
}

/* Judges the items of a slice, whose k and bytes are filled in. */
static void slice_run(struct ed25519_ctx *ctx, enum ed25519_method method, size_t n, bool *verdicts)
{
    struct ed25519_keyset *keyset = method == ED25519_SINGLE || method == ED25519_BATCH ? NULL : ctx->config.keyset;
    unsigned mark = keyset == NULL ? 0 : keyset_enter(keyset);
    struct slice_list open = { .at = ctx->list[0] };

    for (size_t i = 0; i < n; i++) {
        struct slice_item *item = &ctx->item[i];

        item->comb = (struct engine_comb){ NULL, 0, 0 };
        item->slot = keyset == NULL ? KEYSET_NO_SLOT : keyset_find(keyset, mark, item->key, &item->comb);
        ctx->verdict[i] = false;
        if (scalar_from_bytes(&item->s, item->signature + 32)) {
            open.at[open.count++] = (uint32_t)i;
        }
    }
    ctx->counters.single += n - open.count; /* refused by one comparison */
    judge_slice(ctx, method, open);
    memcpy(verdicts, ctx->verdict, n * sizeof *verdicts);
    if (keyset != NULL) {
        note_uses(ctx, keyset, n);
        keyset_leave(keyset, mark);
    }
    count_all(ctx, verdicts, n);
}

static void slice_challenge(struct ed25519_ctx *ctx, const struct sig_item *items, size_t n)
{
    struct scalar k[ENGINE_LANES_MAX * 4];
    const size_t at_once = sizeof k / sizeof k[0];

    for (size_t first = 0; first < n; first += at_once) {
        size_t count = n - first < at_once ? n - first : at_once;

        ctx->engine->challenge(k, items + first, count);
        for (size_t i = 0; i < count; i++) {
            struct slice_item *item = &ctx->item[first + i];
            item->key = items[first + i].key;
            item->signature = items[first + i].signature;
            item->k = k[i];
        }
    }
}

void ed25519_verify_by(struct ed25519_ctx *ctx, enum ed25519_method method, const struct sig_item *items, size_t n, bool *verdicts)
{
    size_t slice = ctx->config.batch_max;

    if (ctx->config.mode != ED25519_AUTO) {
        verify_singly(ctx, items, n, verdicts);
        return;
    }
    for (size_t first = 0; first < n; first += slice) {
        size_t count = n - first < slice ? n - first : slice;

        slice_challenge(ctx, items + first, count);
        slice_run(ctx, method, count, verdicts + first);
    }
}

void ed25519_verify_hashed(struct ed25519_ctx *ctx, enum ed25519_method method, const struct sig_hashed *items, size_t n, bool *verdicts)
{
    size_t slice = ctx->config.batch_max;

    if (ctx->config.mode != ED25519_AUTO) {
        for (size_t i = 0; i < n; i++) {
            verdicts[i] = ref_verify_hashed(items[i].key, items[i].signature, items[i].hash);
        }
        ctx->counters.single += n;
        count_all(ctx, verdicts, n);
        return;
    }
    for (size_t first = 0; first < n; first += slice) {
        size_t count = n - first < slice ? n - first : slice;

        for (size_t i = 0; i < count; i++) {
            const struct sig_hashed *item = &items[first + i];
            ctx->item[i].key = item->key;
            ctx->item[i].signature = item->signature;
            scalar_from_wide(&ctx->item[i].k, item->hash);
        }
        slice_run(ctx, method, count, verdicts + first);
    }
}

void ed25519_verify_batch(struct ed25519_ctx *ctx, const struct sig_item *items, size_t n, bool *verdicts)
{
    ed25519_verify_by(ctx, ED25519_FASTEST, items, n, verdicts);
}
