/* ed25519_test.c: verdicts are those of ZIP-215, whatever the path, and those of the public vectors. */
#include "crypto/ed25519.h"

#include "crypto/ed25519/ref/verify.h"
#include "crypto/keys.h"
#include "tests/crypto/signature_vectors_kit.h"
#include "tests/crypto/zip215_model_kit.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

enum { BATCH_MAX = 65, MODES = 3, CTX_BYTES = 1 << 20 };

static const enum ed25519_mode modes[MODES] = { ED25519_AUTO, ED25519_LIBSODIUM, ED25519_REF };

TestSuite(ed25519, .init = crypto_start);

static bool verify_vector(const struct signature_vector *vector)
{
    uint8_t hash[64];

    vector_hash(vector, hash);
    return vector->is_signature_whole && ref_verify_hashed(vector->key, vector->signature, hash);
}

static bool libsodium_accepts(const struct signature_vector *vector)
{
    return vector->is_signature_whole
        && crypto_sign_verify_detached(vector->signature, vector->message, vector->message_size, vector->key) == 0;
}

static struct ed25519_ctx *ctx_init(enum ed25519_mode mode)
{
    static _Alignas(64) uint8_t memory[MODES][CTX_BYTES];
    const struct ed25519_config config = { .backend = ED25519_BACKEND_REF, .mode = mode, .batch_max = BATCH_MAX, .keys_max = 32, .seed = { 1 } };

    cr_assert_leq(ed25519_ctx_footprint(&config), sizeof memory[0]);
    return ed25519_ctx_init(memory[mode], &config);
}

Test(ed25519, signatures_of_rfc_8032_are_accepted)
{
    const struct signature_vectors *vectors = vectors_rfc8032();

    cr_assert_eq(vectors->count, 3);
    for (size_t i = 0; i < vectors->count; i++) {
        cr_assert(verify_vector(&vectors->vector[i]), "%s", vectors->vector[i].name);
    }
}

Test(ed25519, wycheproof_verdicts_differ_in_test_151_alone)
{
    const struct signature_vectors *vectors = vectors_wycheproof();

    cr_assert_eq(vectors->count, 151);
    for (size_t i = 0; i < vectors->count; i++) {
        const struct signature_vector *vector = &vectors->vector[i];
        bool differs = strcmp(vector->name, "wycheproof 151") == 0;
        cr_assert_eq(verify_vector(vector), differs ? !vector->valid : vector->valid, "%s", vector->name);
        cr_assert(!libsodium_accepts(vector) || verify_vector(vector), "%s", vector->name);
    }
}

Test(ed25519, small_order_grid_of_zip_215_is_accepted)
{
    const struct signature_vectors *vectors = vectors_zip215();
    uint8_t hash[64];

    cr_assert_eq(vectors->count, 196);
    for (size_t i = 0; i < vectors->count; i++) {
        const struct signature_vector *vector = &vectors->vector[i];
        cr_assert(verify_vector(vector), "%s", vector->name);
        vector_hash(vector, hash);
        cr_assert(i % 7 != 0 || model_verify_hashed(vector->key, vector->signature, hash), "model: %s", vector->name);
    }
}

/* Each vector by: the table, the model, the single check, a batch of one in each mode; and libsodium, whose accept must imply ours. */
static void assert_vector(const struct signature_vector *vector)
{
    struct sig_item item = { .key = vector->key, .digest = vector->message, .signature = vector->signature };
    uint8_t hash[64];

    vector_hash(vector, hash);
    cr_assert_eq(vector->message_size, ED25519_DIGEST_BYTES);
    cr_assert_eq(ed25519_verify(&item), vector->valid, "%s", vector->name);
    cr_assert_eq(model_verify_hashed(vector->key, vector->signature, hash), vector->valid, "model: %s", vector->name);
    cr_assert(!libsodium_accepts(vector) || vector->valid, "libsodium: %s", vector->name);
    for (int mode = 0; mode < MODES; mode++) {
        bool verdict = !vector->valid;
        ed25519_verify_batch(ctx_init(modes[mode]), &item, 1, &verdict);
        cr_assert_eq(verdict, vector->valid, "mode %d: %s", mode, vector->name);
    }
}

Test(ed25519, edge_vectors_get_the_same_verdict_from_every_path_and_the_model)
{
    const struct signature_vectors *vectors = vectors_ours();
    size_t accepted_by_libsodium = 0;
    size_t valid = 0;

    cr_assert_geq(vectors->count, 200);
    for (size_t i = 0; i < vectors->count; i++) {
        assert_vector(&vectors->vector[i]);
        accepted_by_libsodium += libsodium_accepts(&vectors->vector[i]) ? 1 : 0;
        valid += vectors->vector[i].valid ? 1 : 0;
    }
    cr_assert_gt(valid, 100);
    cr_assert_lt(accepted_by_libsodium, valid / 2, "the table is about what libsodium refuses");
}

struct signed_digest {
    struct sign_keypair pair;
    struct hash32 digest;
    uint8_t signature[64];
};

static void sign_by_number(uint64_t number, struct signed_digest *out)
{
    uint8_t seed[32];

    bytes_by_number(2 * number, seed, sizeof seed);
    bytes_by_number(2 * number + 1, out->digest.bytes, sizeof out->digest.bytes);
    sign_keypair_from_seed(&out->pair, seed);
    sign_digest(&out->pair, &out->digest, out->signature);
}

static struct sig_item item_of(const struct signed_digest *signed_digest)
{
    return (struct sig_item){
        .key = signed_digest->pair.public_key, .digest = signed_digest->digest.bytes, .signature = signed_digest->signature,
    };
}

Test(ed25519, signatures_made_by_libsodium_are_accepted)
{
    for (uint64_t number = 0; number < 300; number++) {
        struct signed_digest good;
        struct sig_item item;

        sign_by_number(number, &good);
        item = item_of(&good);
        cr_assert(ed25519_verify(&item), "number %lu", (unsigned long)number);
        cr_assert(ed25519_key_is_strong(good.pair.public_key));
    }
}

Test(ed25519, model_accepts_a_good_signature_and_refuses_a_bad_one)
{
    for (uint64_t number = 0; number < 20; number++) {
        struct signature_vector vector = { .message_size = 32, .is_signature_whole = true };
        struct signed_digest good;
        uint8_t hash[64];

        sign_by_number(number, &good);
        memcpy(vector.key, good.pair.public_key, 32);
        memcpy(vector.message, good.digest.bytes, 32);
        memcpy(vector.signature, good.signature, 64);
        vector_hash(&vector, hash);
        cr_assert(model_verify_hashed(vector.key, vector.signature, hash));
        hash[number] ^= 1;
        cr_assert(!model_verify_hashed(vector.key, vector.signature, hash));
        cr_assert(!ref_verify_hashed(vector.key, vector.signature, hash));
    }
}

Test(ed25519, every_flipped_bit_is_refused)
{
    struct signed_digest good;
    struct sig_item item;
    static const size_t sizes[3] = { 32, 32, 64 };

    sign_by_number(77, &good);
    item = item_of(&good);
    cr_assert(ed25519_verify(&item));
    for (int part = 0; part < 3; part++) {
        uint8_t *bytes = part == 0 ? good.pair.public_key : part == 1 ? good.digest.bytes : good.signature;
        for (size_t bit = 0; bit < 8 * sizes[part]; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            cr_assert(!ed25519_verify(&item), "part %d, bit %zu", part, bit);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* 65 good items whose digests a test may spoil. */
static struct signed_digest signers[BATCH_MAX];
static struct sig_item items[BATCH_MAX];

static void make_batch(void)
{
    for (size_t i = 0; i < BATCH_MAX; i++) {
        sign_by_number(1000 + i, &signers[i]);
        items[i] = item_of(&signers[i]);
    }
}

static void spoil(size_t i)
{
    signers[i].signature[i % 64] ^= 0x10;
}

static void assert_batch(enum ed25519_mode mode, size_t n, const bool *expected)
{
    bool verdicts[BATCH_MAX + 1];

    memset(verdicts, 0x01, sizeof verdicts);
    ed25519_verify_batch(ctx_init(mode), items, n, verdicts);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(verdicts[i], expected[i], "item %zu of %zu, mode %d", i, n, (int)mode);
    }
    cr_assert_eq(verdicts[n], true, "nothing is written behind the batch");
}

Test(ed25519, batch_of_any_size_gives_the_verdict_of_each_item)
{
    bool expected[BATCH_MAX];

    make_batch();
    for (size_t i = 0; i < BATCH_MAX; i++) {
        expected[i] = i * i % 7 != 2;
        if (!expected[i]) {
            spoil(i);
        }
        cr_assert_eq(ed25519_verify(&items[i]), expected[i]);
    }
    for (size_t n = 0; n <= BATCH_MAX; n++) {
        assert_batch(modes[n % MODES], n, expected);
    }
}

Test(ed25519, one_bad_item_at_any_place_is_named_alone)
{
    static const size_t sizes[] = { 1, 2, 3, 5, 8, 21, 65 };
    bool expected[BATCH_MAX];

    make_batch();
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t bad = 0; bad < sizes[s]; bad++) {
            memset(expected, true, sizeof expected);
            expected[bad] = false;
            spoil(bad);
            assert_batch(modes[bad % MODES], sizes[s], expected);
            spoil(bad); /* back again */
        }
    }
}

Test(ed25519, verdict_does_not_depend_on_mode_seed_or_what_came_before)
{
    const struct signature_vectors *vectors = vectors_ours();
    static _Alignas(64) uint8_t memory[CTX_BYTES];

    for (int round = 0; round < 2 * MODES; round++) {
        struct ed25519_config config = { .backend = ED25519_BACKEND_REF, .mode = modes[round / 2], .batch_max = BATCH_MAX, .keys_max = 32 };
        struct ed25519_ctx *ctx;

        bytes_by_number((uint64_t)round, config.seed, sizeof config.seed);
        ctx = ed25519_ctx_init(memory, &config);
        for (size_t at = 0; at < vectors->count; at++) {
            size_t i = round % 2 == 0 ? at : vectors->count - 1 - at;
            struct sig_item item = { .key = vectors->vector[i].key, .digest = vectors->vector[i].message, .signature = vectors->vector[i].signature };
            bool verdict;
            ed25519_verify_batch(ctx, &item, 1, &verdict);
            cr_assert_eq(verdict, vectors->vector[i].valid, "round %d: %s", round, vectors->vector[i].name);
        }
    }
}

Test(ed25519, counters_tell_checks_fast_accepts_and_refusals)
{
    static const bool fast[MODES] = { false, true, false };
    bool verdicts[BATCH_MAX];

    make_batch();
    spoil(3);
    spoil(9);
    for (int mode = 0; mode < MODES; mode++) {
        struct ed25519_ctx *ctx = ctx_init(modes[mode]);
        struct ed25519_counters counters = ed25519_counters(ctx);

        cr_assert_eq(counters.checks + counters.fast_accepts + counters.rejected, 0);
        ed25519_verify_batch(ctx, items, 10, verdicts);
        ed25519_verify_batch(ctx, items, 4, verdicts);
        counters = ed25519_counters(ctx);
        cr_assert_eq(counters.checks, 14);
        cr_assert_eq(counters.rejected, 3);
        cr_assert_eq(counters.fast_accepts, fast[mode] ? 11 : 0);
    }
}

/* A strong key is canonical, of order L, and not the identity; adding torsion to one spoils it, whatever its other properties. */
Test(ed25519, strong_key_is_canonical_and_free_of_torsion)
{
    const struct signature_vectors *vectors = vectors_ours();
    size_t strong = 0;

    for (size_t i = 0; i < vectors->count; i++) {
        const struct signature_vector *vector = &vectors->vector[i];
        struct model_point point;
        uint8_t encoded[32] = { 0 };
        bool expected = model_point_decode(&point, vector->key);

        if (expected) {
            model_point_encode(encoded, point);
            expected = memcmp(encoded, vector->key, 32) == 0 && !model_point_is_identity(point)
                && model_point_is_identity(model_point_multiply(model_order(), point));
        }
        cr_assert_eq(ed25519_key_is_strong(vector->key), expected, "%s", vector->name);
        strong += expected ? 1 : 0;
    }
    cr_assert_gt(strong, 20);
    cr_assert_lt(strong, vectors->count - 100);
}
