/* judge_kit.c: see judge_kit.h. */
#include "tests/crypto/judge_kit.h"

#include "crypto/keys.h"
#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, DEBUG_STRIDE = 16, SHARES_MAX = 1000 };

static void *take(size_t size)
{
    void *memory = aligned_alloc(ALIGN, (size + ALIGN - 1) / ALIGN * ALIGN);

    cr_assert(memory != NULL);
    return memory;
}

void judge_open(struct judge *judge, const struct judge_setup *setup)
{
    struct ed25519_config config = {
        .backend = setup->backend,
        .mode = ED25519_AUTO,
        .batch_max = setup->batch_max == 0 ? 1 : setup->batch_max,
        .keys_max = setup->keys_max,
    };

    *judge = (struct judge){ .memory = NULL };
    if (setup->members_max + setup->hot_max > 0) {
        struct ed25519_keyset_config tables = { .backend = setup->backend, .members_max = setup->members_max, .hot_max = setup->hot_max };
        judge->tables = take(ed25519_keyset_footprint(&tables));
        judge->keyset = ed25519_keyset_init(judge->tables, &tables);
        config.keyset = judge->keyset;
    }
    bytes_by_number(setup->seed, config.seed, sizeof config.seed);
    judge->memory = take(ed25519_ctx_footprint(&config));
    judge->ctx = ed25519_ctx_init(judge->memory, &config);
}

void judge_close(struct judge *judge)
{
    free(judge->memory);
    free(judge->tables);
    *judge = (struct judge){ .memory = NULL };
}

void judge_needs(enum ed25519_backend backend)
{
    enum err err = ed25519_self_test(backend);

    if (err == ERR_UNSUPPORTED) {
        cr_skip_test("this machine cannot run the backend %s", ed25519_backend_name(backend));
    }
    cr_assert_eq(err, ERR_OK, "the self-test of %s ends with %d", ed25519_backend_name(backend), (int)err);
}

void judge_know(struct judge *judge, const uint8_t *keys, uint32_t n)
{
    uint32_t calls = 0;

    ed25519_keyset_set_members(judge->keyset, keys, n);
    while (ed25519_keyset_build(judge->keyset)) {
        calls++;
        cr_assert_leq(calls, 2 * ED25519_MEMBERS_MAX + ED25519_HOT_MAX, "building ends");
    }
}

/* --- Cases ------------------------------------------------------------------------------------------------------------ */

static void add(struct judge_cases *cases, const struct signature_vector *vector, bool valid)
{
    struct judge_case *out = &cases->at[cases->count++];

    cr_assert_leq(cases->count, CASES_MAX);
    memcpy(out->name, vector->name, CASE_NAME_BYTES);
    memcpy(out->key, vector->key, 32);
    memcpy(out->signature, vector->signature, 64);
    vector_hash(vector, out->hash);
    out->is_digest = vector->message_size == 32;
    memcpy(out->digest, vector->message, 32);
    out->valid = valid;
}

/* Wycheproof's test 151 has a non-canonical R and is valid under ZIP-215 alone. */
static void add_all(struct judge_cases *cases, const struct signature_vectors *vectors)
{
    for (size_t i = 0; i < vectors->count; i++) {
        const struct signature_vector *vector = &vectors->vector[i];
        if (vector->is_signature_whole) {
            add(cases, vector, vector->valid || strcmp(vector->name, "wycheproof 151") == 0);
        }
    }
}

const struct judge_cases *cases_ours(void)
{
    static struct judge_cases cases;

    if (cases.count == 0) {
        add_all(&cases, vectors_ours());
    }
    return &cases;
}

const struct judge_cases *cases_public(void)
{
    static struct judge_cases cases;

    if (cases.count == 0) {
        add_all(&cases, vectors_rfc8032());
        add_all(&cases, vectors_wycheproof());
        add_all(&cases, vectors_zip215());
    }
    return &cases;
}

struct sig_hashed case_hashed(const struct judge_case *one)
{
    return (struct sig_hashed){ .key = one->key, .signature = one->signature, .hash = one->hash };
}

void honest_by_number(struct judge_case *out, uint64_t number, uint64_t keys)
{
    struct signature_vector vector = { .message_size = 32 };
    struct sign_keypair pair;
    struct hash32 digest;
    uint8_t seed[32];

    memset(out, 0, sizeof *out);
    bytes_by_number(2 * (number % keys) + 1000000, seed, sizeof seed);
    bytes_by_number(2 * number + 1000001, digest.bytes, sizeof digest.bytes);
    sign_keypair_from_seed(&pair, seed);
    memcpy(out->key, pair.public_key, 32);
    memcpy(out->digest, digest.bytes, 32);
    sign_digest(&pair, &digest, out->signature);
    memcpy(vector.key, out->key, 32);
    memcpy(vector.message, out->digest, 32);
    memcpy(vector.signature, out->signature, 64);
    vector_hash(&vector, out->hash);
    out->is_digest = true;
    out->valid = true;
}

const struct judge_case *honest_pool(size_t count, uint64_t keys)
{
    static struct judge_case pools[2][CASES_MAX];
    static size_t made[2];
    size_t which = keys == 4 ? 0 : 1;

    cr_assert(keys == 4 || keys == 65);
    cr_assert_leq(count, CASES_MAX);
    for (; made[which] < count; made[which]++) {
        honest_by_number(&pools[which][made[which]], made[which], keys);
    }
    return pools[which];
}

struct grid_share grid_share(void)
{
    const char *text = getenv("GRID_SHARD");
    struct grid_share share = { 0, 0 };
    char end;

    if (text != NULL) {
        cr_assert(sscanf(text, "%5zu/%5zu%c", &share.index, &share.count, &end) == 2, "GRID_SHARD=%s is not i/n", text);
        cr_assert(share.index >= 1 && share.index <= share.count && share.count <= SHARES_MAX, "GRID_SHARD=%s is not a share", text);
        share.index--;
    }
    return share;
}

size_t case_stride(void)
{
#ifdef WARD_DEBUG
    return is_long() ? 1 : DEBUG_STRIDE;
#else
    return 1;
#endif
}
