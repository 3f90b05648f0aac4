/* ed25519_grid_test.c: one verdict for each vector, that of ZIP-215, by every backend and method, whatever stands beside it in a batch.
 *
 * The batch grid: a vector among honest signatures, in batches of a size, at a position, with a seed for the coefficients.
 *     short   13 sizes, 2 seeds; with one seed the vector stands first and last, with the other in one or two lanes, which move on from size to size
 *             so that every vector meets every lane; beyond 17 one place for each seed. Our own vectors take turns: half of them at each size.
 *             With the sanitizers, every 16th vector; of the model of ifma, which is slow, every 16th too. At night each vector stands first, last and in each
 *             lane with both seeds, at each size.
 *     whole   GRID_SHARD=i/n asks for a share of it in place of the short one: all 65 sizes, all positions, 20 seeds; n shares have every combination once.
 *             With the sanitizers, and of the model of ifma, every 16th vector of the share.
 * GRID_BACKEND=name asks one backend alone.
 * Honest signatures are of 65 keys in even seeds and of 4 in odd ones, with and without a cache of decoded keys. */
#include "crypto/ed25519.h"

#include "crypto/ed25519/ref/verify.h"
#include "crypto/keys.h"
#include "tests/crypto/judge_kit.h"
#include "tests/crypto/zip215_model_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_GRID = 65, PARTS = 13, LANES_MAX = 8, PLACES_MAX = LANES_MAX + 2, BOTH_MAX = 17, SEEDS = 2, SEEDS_WHOLE = 20, CACHED = 128, MODEL_STRIDE = 16, LONG_STRIDE = 16 };

static const size_t short_sizes[PARTS] = { 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 64, 65 };

TestSuite(ed25519_grid, .init = crypto_start);

/* --- The model ---------------------------------------------------------------------------------------------------------- */

/* The verdict that all others are compared with is not only the file's but the model's. */
static void assert_model(const struct judge_cases *cases)
{
    size_t valid = 0;

    for (size_t i = 0; i < cases->count; i += case_stride()) {
        const struct judge_case *one = &cases->at[i];
        cr_assert_eq(model_verify_hashed(one->key, one->signature, one->hash), one->valid, "%s", one->name);
        cr_assert_eq(ref_verify_hashed(one->key, one->signature, one->hash), one->valid, "%s", one->name);
        valid += one->valid ? 1 : 0;
    }
    cr_assert_gt(valid, 0);
}

Test(ed25519_grid, verdicts_of_the_public_vectors_are_those_of_the_model)
{
    cr_assert_eq(cases_public()->count, 3 + 139 + 196);
    assert_model(cases_public());
}

Test(ed25519_grid, verdicts_of_our_vectors_are_those_of_the_model)
{
    cr_assert_eq(cases_ours()->count, 231);
    assert_model(cases_ours());
}

/* --- One at a time, and by tables ---------------------------------------------------------------------------------------- */

static void assert_single(enum ed25519_backend backend, const struct judge_cases *cases)
{
    struct judge judge;

    judge_open(&judge, &(struct judge_setup){ .backend = backend, .keys_max = 4 });
    for (size_t i = 0; i < cases->count; i++) {
        struct sig_hashed item = case_hashed(&cases->at[i]);
        bool verdict = !cases->at[i].valid;
        ed25519_verify_hashed(judge.ctx, ED25519_SINGLE, &item, 1, &verdict);
        cr_assert_eq(verdict, cases->at[i].valid, "%s, %s", ed25519_backend_name(backend), cases->at[i].name);
    }
    judge_close(&judge);
}

/* The vector at a place among honest ones. */
static void assert_direct_at(struct judge *judge, const struct judge_case *one, const struct judge_case *honest, size_t n, size_t place)
{
    struct sig_hashed items[LANES_MAX] = { 0 };
    bool verdicts[LANES_MAX] = { false };

    for (size_t i = 0; i < n; i++) {
        items[i] = case_hashed(i == place ? one : &honest[i]);
    }
    verdicts[place] = !one->valid;
    ed25519_verify_hashed(judge->ctx, ED25519_DIRECT, items, n, verdicts);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(verdicts[i], i == place ? one->valid : true, "%s, place %zu of %zu, item %zu", one->name, place, n, i);
    }
}

/* At each place of a full row, and of fewer items, which share its lanes; all keys with tables where a table exists for them. */
static void assert_direct_one(struct judge *judge, const struct judge_case *one, const struct judge_case *honest)
{
    static const size_t sizes[] = { 1, 2, 3, 4, LANES_MAX };
    uint8_t keys[5][32];

    memcpy(keys[0], one->key, 32);
    for (size_t i = 0; i < 4; i++) {
        memcpy(keys[i + 1], honest[i].key, 32);
    }
    judge_know(judge, keys[0], 5);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t place = 0; place < sizes[s]; place++) {
            assert_direct_at(judge, one, honest, sizes[s], place);
        }
    }
}

static void assert_direct(enum ed25519_backend backend, const struct judge_cases *cases)
{
    const struct judge_case *honest = honest_pool(LANES_MAX, 4);
    struct judge judge;

    judge_open(&judge, &(struct judge_setup){ .backend = backend, .batch_max = LANES_MAX, .members_max = 5 });
    for (size_t i = 0; i < cases->count; i += case_stride()) {
        assert_direct_one(&judge, &cases->at[i], honest);
    }
    cr_assert_gt(ed25519_counters(judge.ctx).direct, cases->count / case_stride());
    judge_close(&judge);
}

#define ONE_BY_ONE(name, backend)                                                                                                                    \
    Test(ed25519_grid, name##_judges_our_vectors_one_by_one_and_by_tables)                                                                           \
    {                                                                                                                                                \
        judge_needs(backend);                                                                                                                        \
        assert_single(backend, cases_ours());                                                                                                        \
        assert_direct(backend, cases_ours());                                                                                                        \
    }                                                                                                                                                \
    Test(ed25519_grid, name##_judges_public_vectors_one_by_one_and_by_tables)                                                                        \
    {                                                                                                                                                \
        judge_needs(backend);                                                                                                                        \
        assert_single(backend, cases_public());                                                                                                      \
        assert_direct(backend, cases_public());                                                                                                      \
    }

ONE_BY_ONE(ref, ED25519_BACKEND_REF)
ONE_BY_ONE(avx2, ED25519_BACKEND_AVX2)
ONE_BY_ONE(ifma, ED25519_BACKEND_IFMA)

/* --- Batches -------------------------------------------------------------------------------------------------------------- */

/* A place in that lane, in the middle one of the groups of lanes. */
static size_t place_in_lane(size_t lane, size_t n)
{
    lane %= n < LANES_MAX ? n : LANES_MAX;
    return lane + (n - 1 - lane) / LANES_MAX / 2 * LANES_MAX;
}

/* First, last and once in each lane. Gives: how many places that is. */
static size_t places_all(size_t places[PLACES_MAX], size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < PLACES_MAX; i++) {
        size_t place = i < LANES_MAX ? place_in_lane(i, n) : i == LANES_MAX ? 0 : n - 1;
        bool is_new = true;
        for (size_t j = 0; j < count; j++) {
            is_new = is_new && places[j] != place;
        }
        if (is_new) {
            places[count++] = place;
        }
    }
    return count;
}

/* Places of the short grid for one vector by day. Gives: how many, 1 or 2. */
static size_t places_of(size_t places[PLACES_MAX], size_t n, size_t turn, size_t seed)
{
    size_t two[2][2] = { { 0, n - 1 }, { place_in_lane(turn % (LANES_MAX / 2), n), place_in_lane(turn % (LANES_MAX / 2) + LANES_MAX / 2, n) } };

    places[0] = two[seed][n > BOTH_MAX ? turn % 2 : 0];
    places[1] = two[seed][1];
    return n > BOTH_MAX || places[0] == places[1] || (seed == 1 && n < LANES_MAX) ? 1 : 2;
}

struct grid {
    struct judge judge;
    const struct judge_case *honest;
    size_t n, seed;
    struct grid_share share; /* of the whole grid, or none: the short one */
};

static void assert_place(struct grid *grid, const struct judge_case *one, size_t place)
{
    struct sig_hashed items[SIZE_MAX_GRID];
    bool verdicts[SIZE_MAX_GRID];

    memset(verdicts, 0, sizeof verdicts);
    for (size_t i = 0; i < grid->n; i++) {
        items[i] = case_hashed(i == place ? one : &grid->honest[i]);
    }
    verdicts[place] = !one->valid;
    ed25519_verify_hashed(grid->judge.ctx, ED25519_BATCH, items, grid->n, verdicts);
    for (size_t i = 0; i < grid->n; i++) {
        cr_assert_eq(verdicts[i], i == place ? one->valid : true, "%s, place %zu of %zu, item %zu", one->name, place, grid->n, i);
    }
}

/* is_in_share tells whether a combination of the whole grid belongs to the share. Each is in one share; a mix of its number puts sizes, places, vectors and
 * seeds into every share in equal parts. */
static bool is_in_share(const struct grid *grid, size_t number, size_t place)
{
    uint64_t combination = ((grid->seed * (SIZE_MAX_GRID + 1) + grid->n) * SIZE_MAX_GRID + place) * CASES_MAX + number;

    return (combination * UINT64_C(0x9e3779b97f4a7c15) >> 32) % grid->share.count == grid->share.index;
}

static void assert_case_whole(struct grid *grid, const struct judge_case *one, size_t number)
{
    for (size_t place = 0; place < grid->n; place++) {
        if (is_in_share(grid, number, place)) {
            assert_place(grid, one, place);
        }
    }
}

static void assert_case_short(struct grid *grid, const struct judge_case *one, size_t turn)
{
    size_t places[PLACES_MAX];
    size_t count = is_long() ? places_all(places, grid->n) : places_of(places, grid->n, turn, grid->seed);

    for (size_t i = 0; i < count; i++) {
        assert_place(grid, one, places[i]);
    }
}

/* step_of gives how many vectors a batch grid steps over. */
static size_t step_of(const struct grid *grid, enum ed25519_backend backend, const struct judge_cases *cases)
{
    if (grid->share.count > 0 || is_long()) {
        return is_sanitized() || backend == ED25519_BACKEND_MODEL ? LONG_STRIDE : 1;
    }
    return case_stride() * (cases == cases_ours() ? 2 : 1) * (backend == ED25519_BACKEND_MODEL ? MODEL_STRIDE : 1);
}

/* `turn` counts the sizes. Neighbours in size, and at night and in the whole grid in seed, begin at other vectors, so where some are stepped over each has its turn. */
static void assert_cases(struct grid *grid, enum ed25519_backend backend, const struct judge_cases *cases, size_t turn)
{
    size_t step = step_of(grid, backend, cases), first = grid->share.count > 0 || is_long() ? grid->n + grid->seed : grid->n;

    for (size_t i = first % step; i < cases->count; i += step) {
        if (grid->share.count > 0) {
            assert_case_whole(grid, &cases->at[i], i / step);
        } else {
            assert_case_short(grid, &cases->at[i], i / step + turn);
        }
    }
}

/* Gives: the sums that were formed. */
static uint64_t assert_size(enum ed25519_backend backend, const struct judge_cases *cases, size_t n, size_t turn)
{
    struct grid_share share = grid_share();
    size_t seeds = share.count > 0 ? SEEDS_WHOLE : SEEDS;
    uint64_t batches = 0;

    for (size_t seed = 0; seed < seeds; seed++) {
        struct grid grid = { .honest = honest_pool(SIZE_MAX_GRID, seed % 2 == 0 ? 65 : 4), .n = n, .seed = seed, .share = share };
        judge_open(&grid.judge, &(struct judge_setup){ .backend = backend, .batch_max = SIZE_MAX_GRID, .keys_max = seed % 2 == 0 ? CACHED : 0, .seed = seed });
        assert_cases(&grid, backend, cases, turn);
        batches += ed25519_counters(grid.judge.ctx).batches;
        judge_close(&grid.judge);
    }
    return batches;
}

/* One size of the short grid, or five of the whole one. */
static void assert_sizes(enum ed25519_backend backend, const struct judge_cases *cases, size_t part)
{
    uint64_t batches = 0;

    if (grid_share().count == 0) {
        batches = assert_size(backend, cases, short_sizes[part], part);
    } else {
        for (size_t n = part + 1; n <= SIZE_MAX_GRID; n += PARTS) {
            batches += assert_size(backend, cases, n, n);
        }
    }
    cr_assert_gt(batches, 0, "%s judged no batch", ed25519_backend_name(backend));
}

static bool is_asked(enum ed25519_backend backend)
{
    const char *only = getenv("GRID_BACKEND");

    return only == NULL || strcmp(only, ed25519_backend_name(backend)) == 0;
}

/* Every backend that the machine has, or the one of GRID_BACKEND, whose absence is told. */
static void assert_part(const struct judge_cases *cases, size_t part)
{
    unsigned asked = 0;

    for (int i = 0; i < ED25519_BACKEND_COUNT; i++) {
        enum ed25519_backend backend = (enum ed25519_backend)i;
        if (!is_asked(backend)) {
            continue;
        }
        asked++;
        if (getenv("GRID_BACKEND") != NULL) {
            judge_needs(backend);
        }
        if (ed25519_self_test(backend) != ERR_UNSUPPORTED) { /* one that fails must show it here */
            assert_sizes(backend, cases, part);
        }
    }
    cr_assert_gt(asked, 0, "GRID_BACKEND=%s is no backend", getenv("GRID_BACKEND"));
}

#define PART(number)                                                                                                                                 \
    Test(ed25519_grid, batches_give_each_of_our_vectors_its_verdict_##number)                                                                        \
    {                                                                                                                                                \
        assert_part(cases_ours(), number);                                                                                                           \
    }                                                                                                                                                \
    Test(ed25519_grid, batches_give_each_public_vector_its_verdict_##number)                                                                         \
    {                                                                                                                                                \
        assert_part(cases_public(), number);                                                                                                         \
    }

PART(0)
PART(1)
PART(2)
PART(3)
PART(4)
PART(5)
PART(6)
PART(7)
PART(8)
PART(9)
PART(10)
PART(11)
PART(12)
