/* context_test.c: what no verdict shows: coefficients come of the context's own seed and are new for each batch, the sum of good signatures vanishes, keys of refused ones leave
 * no trace, and judging makes no table. */
#include "crypto/ed25519/context_priv.h"

#include "crypto/keys.h"
#include "tests/crypto/judge_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { SPOILT = 192, SPOILT_KEYS = 4, ITEMS = 16, USES = 70, SUMMED = 64, SEEDS = 4, ROUNDS = 3 };

TestSuite(context, .init = crypto_start);

/* Signatures of as many keys, each refused if `spoilt`: its S is another one. */
static void make_items(struct sig_item items[ITEMS], bool spoilt)
{
    static struct judge_case cases[2][ITEMS];

    for (size_t i = 0; i < ITEMS; i++) {
        struct judge_case *one = &cases[spoilt][i];
        honest_by_number(one, i, ITEMS);
        one->signature[32] ^= spoilt ? 1 : 0;
        items[i] = (struct sig_item){ .key = one->key, .digest = one->digest, .signature = one->signature };
    }
}

static void judge_items(struct judge *judge, enum ed25519_method method, bool spoilt)
{
    struct sig_item items[ITEMS];
    bool verdicts[ITEMS];

    make_items(items, spoilt);
    ed25519_verify_by(judge->ctx, method, items, ITEMS, verdicts);
    for (size_t i = 0; i < ITEMS; i++) {
        cr_assert_eq(verdicts[i], !spoilt, "item %zu", i);
    }
}

static void draw(struct judge *judge, struct coefficient out[ITEMS])
{
    judge_items(judge, ED25519_BATCH, false);
    cr_assert_eq(ed25519_counters(judge->ctx).batches_failed, 0);
    memcpy(out, judge->ctx->coefficient, ITEMS * sizeof out[0]);
}

static void assert_other(const struct coefficient a[ITEMS], const struct coefficient b[ITEMS], const char *what)
{
    for (size_t i = 0; i < ITEMS; i++) {
        cr_assert_arr_neq(a[i].magnitude, b[i].magnitude, sizeof a[i].magnitude, "%s: coefficient %zu", what, i);
    }
}

Test(context, coefficients_come_of_its_seed_and_are_new_for_each_batch)
{
    const struct judge_setup setup = { .batch_max = ITEMS, .seed = 1 }, other_setup = { .batch_max = ITEMS, .seed = 2 };
    struct coefficient first[ITEMS], second[ITEMS], again[ITEMS], other[ITEMS];
    struct judge judge;

    judge_open(&judge, &setup);
    draw(&judge, first);
    draw(&judge, second);
    judge_close(&judge);
    judge_open(&judge, &setup);
    draw(&judge, again);
    judge_close(&judge);
    judge_open(&judge, &other_setup);
    draw(&judge, other);
    judge_close(&judge);
    assert_other(first, second, "the same batch once more");
    assert_other(first, other, "another seed");
    for (size_t i = 0; i < ITEMS; i++) {
        cr_assert_arr_eq(first[i].magnitude, again[i].magnitude, sizeof first[i].magnitude, "the same seed: coefficient %zu", i);
    }
}

Test(context, keys_of_refused_signatures_are_not_kept)
{
    struct judge judge;

    judge_open(&judge, &(struct judge_setup){ .batch_max = ITEMS, .keys_max = 4 * ITEMS });
    judge_items(&judge, ED25519_BATCH, true);
    judge_items(&judge, ED25519_BATCH, true);
    cr_assert_eq(ed25519_counters(judge.ctx).key_hits, 0, "whoever cannot sign displaces nobody");
    cr_assert_eq(ed25519_counters(judge.ctx).key_misses, 2 * ITEMS);
    judge_items(&judge, ED25519_BATCH, false);
    judge_items(&judge, ED25519_BATCH, false);
    cr_assert_gt(ed25519_counters(judge.ctx).key_hits, ITEMS / 2, "those of accepted ones are, where their sets have room");
    judge_close(&judge);
}

Test(context, keys_of_refused_signatures_get_no_tables_and_judging_makes_none)
{
    static const enum ed25519_method methods[] = { ED25519_FASTEST, ED25519_DIRECT };
    struct judge judge;

    judge_open(&judge, &(struct judge_setup){ .batch_max = ITEMS, .members_max = 2, .hot_max = ITEMS });
    for (size_t round = 0; round < USES; round++) {
        judge_items(&judge, methods[round % 2], true);
    }
    cr_assert(!ed25519_keyset_build(judge.keyset), "nothing was used by an accepted signature");
    for (size_t round = 0; round < USES; round++) {
        judge_items(&judge, methods[round % 2], false);
    }
    cr_assert_eq(ed25519_keyset_counters(judge.keyset).tables_built, 0, "a table is made by build alone, however often its key is used");
    cr_assert(ed25519_keyset_build(judge.keyset));
    cr_assert_eq(ed25519_keyset_counters(judge.keyset).tables_built, 1);
    judge_close(&judge);
}

/* A sum that is wrong is followed by single checks, whose verdicts are right: only the counter tells. The first batch finds no key in the cache, the second halves the
 * scalars of those that have four items each. */
static void assert_sums_vanish(enum ed25519_backend backend, uint32_t keys_max, uint64_t keys)
{
    const struct judge_case *honest = honest_pool(SUMMED, keys);
    struct sig_item items[SUMMED] = { 0 };
    bool verdicts[SUMMED];

    for (size_t i = 0; i < SUMMED; i++) {
        items[i] = (struct sig_item){ .key = honest[i].key, .digest = honest[i].digest, .signature = honest[i].signature };
    }
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct judge judge;
        judge_open(&judge, &(struct judge_setup){ .backend = backend, .batch_max = SUMMED, .keys_max = keys_max, .seed = seed });
        for (size_t round = 0; round < ROUNDS; round++) {
            ed25519_verify_by(judge.ctx, ED25519_BATCH, items, SUMMED - round, verdicts);
        }
        cr_assert_eq(ed25519_counters(judge.ctx).batches, ROUNDS);
        cr_assert_eq(ed25519_counters(judge.ctx).batches_failed, 0, "%s, %lu keys, a cache of %u, seed %lu", ed25519_backend_name(backend), (unsigned long)keys, keys_max, (unsigned long)seed);
        judge_close(&judge);
    }
}

Test(context, sums_of_good_signatures_vanish_whatever_is_known_of_their_keys)
{
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (ed25519_self_test((enum ed25519_backend)backend) == ERR_UNSUPPORTED || (backend == ED25519_BACKEND_MODEL && !is_long())) {
            continue;
        }
        for (uint32_t keys_max = 0; keys_max <= 128; keys_max += 128) {
            assert_sums_vanish((enum ed25519_backend)backend, keys_max, 4);
            assert_sums_vanish((enum ed25519_backend)backend, keys_max, 65);
        }
    }
}

/* One bad signature among many of few keys, of which some have tables: after the sum that failed a table judges whatever it can, and each item counts once. */
static void assert_methods_after_failure(enum ed25519_backend backend, size_t bad, size_t tabled_keys)
{
    const struct judge_case *honest = honest_pool(SPOILT, SPOILT_KEYS);
    struct judge_setup setup = { .backend = backend, .batch_max = SPOILT, .keys_max = 64, .members_max = SPOILT_KEYS, .seed = bad };
    struct sig_item items[SPOILT] = { 0 };
    uint8_t keys[SPOILT_KEYS][32], spoilt[64];
    bool verdicts[SPOILT];
    size_t tabled = tabled_keys * (SPOILT / SPOILT_KEYS);
    struct judge judge;

    for (size_t i = 0; i < SPOILT; i++) {
        items[i] = (struct sig_item){ .key = honest[i].key, .digest = honest[i].digest, .signature = honest[i].signature };
        memcpy(keys[i % SPOILT_KEYS], honest[i].key, sizeof keys[0]);
    }
    memcpy(spoilt, honest[bad].signature, sizeof spoilt);
    spoilt[33] ^= 1;
    items[bad].signature = spoilt;
    judge_open(&judge, &setup);
    if (tabled_keys > 0) {
        judge_know(&judge, keys[0], (uint32_t)tabled_keys);
    }
    ed25519_verify_batch(judge.ctx, items, SPOILT, verdicts);
    for (size_t i = 0; i < SPOILT; i++) {
        cr_assert_eq(verdicts[i], i != bad, "item %zu", i);
    }
    struct ed25519_counters counters = ed25519_counters(judge.ctx);
    bool lanes = backend != ED25519_BACKEND_REF;
    cr_assert_eq(counters.batches_failed, 1);
    cr_assert_eq(counters.direct, tabled, "%s: by tables %lu", ed25519_backend_name(backend), (unsigned long)counters.direct);
    cr_assert_eq(counters.batch, lanes ? SPOILT - tabled : 0, "in lanes");
    cr_assert_eq(counters.single, lanes ? 0 : SPOILT - tabled, "one by one");
    cr_assert_eq(counters.fallbacks, SPOILT, "each once");
    cr_assert_eq(counters.fast_accepts, lanes ? SPOILT - 1 : tabled - (bad % SPOILT_KEYS < tabled_keys), "by comparison");
    cr_assert_eq(counters.checks, SPOILT);
    cr_assert_eq(counters.rejected, 1);
    judge_close(&judge);
}

Test(context, after_a_sum_that_failed_tables_judge_whatever_they_can)
{
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (ed25519_self_test((enum ed25519_backend)backend) == ERR_UNSUPPORTED || (backend == ED25519_BACKEND_MODEL && !is_long())) {
            continue;
        }
        for (size_t tabled_keys = 0; tabled_keys <= SPOILT_KEYS; tabled_keys += SPOILT_KEYS / 2) {
            assert_methods_after_failure((enum ed25519_backend)backend, 0, tabled_keys);
            assert_methods_after_failure((enum ed25519_backend)backend, SPOILT - 1, tabled_keys);
        }
    }
}
