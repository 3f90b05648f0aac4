/* choose.c: which backend this process works with: what the processor has, and what agrees with the portable code when it is tried. */
#include "crypto/ed25519.h"

#include "base/assert.h"
#include "base/cpu.h"
#include "crypto/ed25519/engine.h"
#include "crypto/ed25519/ref/verify.h"

#include <sodium/crypto_sign_ed25519.h>
#include <string.h>

enum {
    TRIAL_ITEMS = 3 * ENGINE_LANES_MAX - 1, /* groups with and without a rest */
    TRIAL_KEYS = 3,
    TRIAL_WIDTH = 4,
    TRIAL_STEPS = 3,
    TRIAL_BUCKETS = ((1 << (TRIAL_WIDTH - 1)) + 1) * ENGINE_LANES_MAX
};

/* Signatures, a third of them spoilt, and what the portable code says of them. */
struct trial {
    uint8_t key[TRIAL_ITEMS][ED25519_KEY_BYTES];
    uint8_t digest[TRIAL_ITEMS][ED25519_DIGEST_BYTES];
    uint8_t signature[TRIAL_ITEMS][ED25519_SIGNATURE_BYTES];
    struct sig_item item[TRIAL_ITEMS];
    struct scalar k[TRIAL_ITEMS], s[TRIAL_ITEMS];
    struct engine_entry a[TRIAL_ITEMS], r[TRIAL_ITEMS];
    bool a_ok[TRIAL_ITEMS], r_ok[TRIAL_ITEMS];
    bool expected[TRIAL_ITEMS];
    struct engine_entry base[ENGINE_BASE_MULTIPLES + 1];
    struct engine_entry comb[2][COMB_ENTRIES(TRIAL_WIDTH, 1)]; /* of B and of the first key */
};

static void trial_sign(struct trial *trial)
{
    for (size_t i = 0; i < TRIAL_ITEMS; i++) {
        uint8_t seed[crypto_sign_ed25519_SEEDBYTES] = { (uint8_t)(i % TRIAL_KEYS) };
        uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];

        (void)crypto_sign_ed25519_seed_keypair(trial->key[i], secret, seed); /* neither can fail */
        memset(trial->digest[i], (int)i, sizeof trial->digest[i]);
        (void)crypto_sign_ed25519_detached(trial->signature[i], NULL, trial->digest[i], sizeof trial->digest[i], secret);
        if (i % 3 == 2) {
            trial->signature[i][i % 9 == 2 ? 40 : i % 32] ^= (uint8_t)(1 << i % 8);
        }
        if (i % 7 == 4) {
            trial->key[i][i] ^= 4;
        }
        trial->item[i] = (struct sig_item){ trial->key[i], trial->digest[i], trial->signature[i] };
    }
}

/* Gives: whether k, the decoding of A and R, and S agree. */
static bool trial_read(struct trial *trial, const struct engine *engine)
{
    const uint8_t *key[TRIAL_ITEMS], *r[TRIAL_ITEMS];
    struct scalar k[TRIAL_ITEMS];
    bool agree = true;

    engine_ref.challenge(k, trial->item, TRIAL_ITEMS);
    engine->challenge(trial->k, trial->item, TRIAL_ITEMS);
    for (size_t i = 0; i < TRIAL_ITEMS; i++) {
        key[i] = trial->key[i];
        r[i] = trial->signature[i];
        agree = agree && memcmp(&k[i], &trial->k[i], sizeof k[i]) == 0 && scalar_from_bytes(&trial->s[i], trial->signature[i] + 32);
        trial->expected[i] = ref_verify_reduced(trial->key[i], trial->signature[i], &k[i]);
    }
    engine->decode(trial->a, trial->a_ok, key, TRIAL_ITEMS);
    engine->decode(trial->r, trial->r_ok, r, TRIAL_ITEMS);
    for (size_t i = 0; i < TRIAL_ITEMS; i++) {
        struct point point;
        agree = agree && point_decode(&point, key[i]) == trial->a_ok[i] && point_decode(&point, r[i]) == trial->r_ok[i];
    }
    return agree;
}

/* Gives: whether the verdicts by these sums are the expected ones, by comparison and by the rule. Items of `keys` keys only. */
static bool sums_agree(const struct trial *trial, const struct engine *engine, const struct engine_sum sums[TRIAL_ITEMS], size_t keys)
{
    struct engine_sum scratch[TRIAL_ITEMS + ENGINE_LANES_MAX];
    const struct engine_sum *sum_at[TRIAL_ITEMS];
    const struct engine_entry *r_at[TRIAL_ITEMS];
    const uint8_t *r[TRIAL_ITEMS];
    bool equal[TRIAL_ITEMS], small[TRIAL_ITEMS];
    bool agree = true;

    for (size_t i = 0; i < TRIAL_ITEMS; i++) {
        sum_at[i] = &sums[i];
        r_at[i] = &trial->r[i];
        r[i] = trial->signature[i];
    }
    engine->match(equal, sums, r, TRIAL_ITEMS, scratch);
    engine->settle(small, sum_at, r_at, TRIAL_ITEMS);
    for (size_t i = 0; i < TRIAL_ITEMS; i++) {
        bool judged = i % TRIAL_KEYS < keys && trial->a_ok[i] && memcmp(trial->key[i], trial->key[i % TRIAL_KEYS], ED25519_KEY_BYTES) == 0;
        agree = agree && (!judged || equal[i] == trial->expected[i]) && (!judged || (trial->r_ok[i] && small[i]) == trial->expected[i]);
    }
    return agree;
}

static bool trial_each(struct trial *trial, const struct engine *engine)
{
    struct engine_sum sums[TRIAL_ITEMS];
    struct engine_direct direct[TRIAL_ITEMS];
    struct engine_pair pair[TRIAL_ITEMS];
    struct engine_comb base = { trial->comb[0], TRIAL_WIDTH, 1 };
    struct point point;

    point_base(&point);
    engine_comb_build(trial->comb[0], engine, &point, TRIAL_WIDTH, 1);
    if (!point_decode(&point, trial->key[0])) {
        return false;
    }
    engine_comb_build(trial->comb[1], engine, &point, TRIAL_WIDTH, TRIAL_STEPS);
    engine_base(trial->base, engine);
    for (size_t i = 0; i < TRIAL_ITEMS; i++) {
        direct[i] = (struct engine_direct){ { trial->comb[1], TRIAL_WIDTH, TRIAL_STEPS }, &trial->k[i], &trial->s[i] };
        pair[i] = (struct engine_pair){ &trial->a[i], &trial->k[i], &trial->s[i] };
    }
    engine->direct(sums, direct, TRIAL_ITEMS, base);
    if (!sums_agree(trial, engine, sums, 1)) {
        return false;
    }
    engine->pairs(sums, pair, TRIAL_ITEMS, trial->base);
    return sums_agree(trial, engine, sums, TRIAL_KEYS);
}

/* Gives: whether a sum of long and short terms comes out as the portable double-and-add has it. */
static bool trial_sum(const struct trial *trial, const struct engine *engine)
{
    _Alignas(64) uint8_t buckets[TRIAL_BUCKETS * ENGINE_SUM_BYTES];
    const struct scalar zero = { { 0 } };
    struct engine_term term[TRIAL_ITEMS];
    struct engine_terms terms = { term, trial->a, TRIAL_ITEMS / 2, TRIAL_ITEMS, TRIAL_WIDTH, buckets };
    struct point expected, a, sum;

    point_base(&a);
    point_multiply_add(&expected, &zero, &a, &zero);
    for (size_t i = 0; i < TRIAL_ITEMS; i++) {
        struct scalar k = trial->k[i];

        if (i >= terms.long_count) {
            k = (struct scalar){ { k.limb[0], k.limb[1] << 1 >> 1 } };
        }
        if (!trial->a_ok[i] || !point_decode(&a, trial->key[i])) {
            k = zero;
        }
        term[i] = (struct engine_term){ { k.limb[0], k.limb[1], k.limb[2], k.limb[3] }, i % 2 };
        point_multiply_add(&sum, &k, &a, &zero);
        (i % 2 == 1 ? point_subtract : point_add)(&expected, &expected, &sum);
    }
    engine->sum(&sum, &terms);
    point_subtract(&sum, &sum, &expected);
    return point_is_identity(&sum);
}

static bool can_run(enum ed25519_backend backend)
{
    struct cpu_features features = cpu_features();

    switch (backend) {
    case ED25519_BACKEND_REF:
    case ED25519_BACKEND_MODEL:
        return true;
    case ED25519_BACKEND_AVX2:
        return features.avx2;
    case ED25519_BACKEND_IFMA:
        return features.avx512_ifma;
    case ED25519_BACKEND_COUNT:
        return false;
    }
    return false;
}

enum err engine_trial(const struct engine *engine)
{
    struct trial trial;

    trial_sign(&trial);
    return trial_read(&trial, engine) && trial_each(&trial, engine) && trial_sum(&trial, engine) ? ERR_OK : ERR_CONFLICT;
}

enum err ed25519_self_test(enum ed25519_backend backend)
{
    const struct engine *engine = engine_of(backend);

    return engine == NULL || !can_run(backend) ? ERR_UNSUPPORTED : engine_trial(engine);
}

const char *ed25519_backend_name(enum ed25519_backend backend)
{
    static const char *const names[ED25519_BACKEND_COUNT] = { "ref", "avx2", "ifma", "model" };

    ASSERT(backend < ED25519_BACKEND_COUNT);
    return names[backend];
}

enum err ed25519_choose(const char *name, enum ed25519_backend *backend)
{
    bool any = name == NULL || name[0] == '\0';
    enum err err = ERR_INVALID;

    for (unsigned i = ED25519_BACKEND_COUNT; i-- > 0;) { /* the fastest is the last */
        *backend = (enum ed25519_backend)i;
        if (any ? i != ED25519_BACKEND_MODEL : strcmp(name, ed25519_backend_name(*backend)) == 0) {
            err = ed25519_self_test(*backend);
            if (err == ERR_OK || !any) {
                return err;
            }
        }
    }
    return err;
}
