/* ed25519_same_test.c: the verdict of an item depends on its bytes alone: not on order, size, seed, what the context knows of its key, method,
 * backend or thread. All runs judge the same items, whose verdicts the portable single check gave once; ed25519_grid_test.c compares that with
 * the model. */
#include "crypto/ed25519.h"

#include "base/rng.h"
#include "crypto/keys.h"
#include "tests/crypto/judge_kit.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MIXED = 256, LARGEST = 4096, THREADS = 4 };

TestSuite(ed25519_same, .init = crypto_start);

#ifdef WARD_DEBUG
#define SEEDS 3u /* the sanitizers watch the same lines with each */
#else
#define SEEDS 8u
#endif

static const enum ed25519_method methods[] = { ED25519_FASTEST, ED25519_SINGLE, ED25519_DIRECT, ED25519_BATCH };

enum { METHODS = sizeof methods / sizeof methods[0] };

struct mixture {
    struct sig_item items[LARGEST];
    bool expected[LARGEST];
    size_t count;
};

static void add(struct mixture *mixture, const struct judge_case *one)
{
    struct sig_item item = { .key = one->key, .digest = one->digest, .signature = one->signature };

    mixture->expected[mixture->count] = ed25519_verify(&item);
    cr_assert_eq(mixture->expected[mixture->count], one->valid, "%s", one->name);
    mixture->items[mixture->count++] = item;
}

/* Our vectors, valid or not, with honest signatures between them. Every third item is a vector; `valid_only` leaves out those that are not valid. */
static struct mixture *mixture_of(size_t count, bool valid_only)
{
    static struct mixture mixture;
    const struct judge_cases *ours = cases_ours();
    const struct judge_case *honest = honest_pool(130, 65);
    size_t next = 0;

    cr_assert_leq(count, LARGEST);
    mixture.count = 0;
    while (mixture.count < count) {
        const struct judge_case *one = &ours->at[next++ % ours->count];
        if (mixture.count % 3 != 1) {
            add(&mixture, &honest[mixture.count % 130]);
        } else if (one->valid || !valid_only) {
            add(&mixture, one);
        }
    }
    return &mixture;
}

/* The slow model of ifma is asked only when the run is long. */
static bool can_run(int backend)
{
    return (backend != ED25519_BACKEND_MODEL || is_long()) && ed25519_self_test((enum ed25519_backend)backend) != ERR_UNSUPPORTED; /* one that fails must show it in the test */
}

/* Judges the first n items and compares. */
static void assert_same(struct judge *judge, enum ed25519_method method, const struct mixture *mixture, size_t n, const char *what)
{
    static _Thread_local bool verdicts[LARGEST + 1];

    for (size_t i = 0; i < n; i++) {
        verdicts[i] = !mixture->expected[i];
    }
    verdicts[n] = true;
    ed25519_verify_by(judge->ctx, method, mixture->items, n, verdicts);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(verdicts[i], mixture->expected[i], "%s: item %zu of %zu, method %d", what, i, n, (int)method);
    }
    cr_assert(verdicts[n], "%s: nothing is written behind the batch of %zu", what, n);
}

/* --- Size and order ---------------------------------------------------------------------------------------------------------- */

/* Sizes around powers of two, where groups of lanes, windows and slices of the scratch memory end. */
static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 66, 67, 95, 96, 97, 100, 127, 128, 129, 191, 192, 193, 255, 256, 257, 511, 512, 513,
    1023, 1024, 1025, 2047, 2048, 4095, 4096 };

/* The large ones once: by what is fastest for them, which is a batch. */
static void assert_sizes(enum ed25519_backend backend, const struct mixture *mixture)
{
    struct judge judge;

    judge_open(&judge, &(struct judge_setup){ .backend = backend, .batch_max = LARGEST, .keys_max = 512, .seed = 3 });
    for (size_t s = is_brief() ? 1 : 0; s < sizeof sizes / sizeof sizes[0] && sizes[s] <= mixture->count; s += is_brief() ? 2 : 1) {
        assert_same(&judge, ED25519_FASTEST, mixture, sizes[s], "size");
        if (sizes[s] <= MIXED) {
            assert_same(&judge, ED25519_BATCH, mixture, sizes[s], "size");
        }
    }
    judge_close(&judge);
}

Test(ed25519_same, whatever_the_size_with_refused_ones_among_them)
{
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (can_run(backend)) {
            assert_sizes((enum ed25519_backend)backend, mixture_of(case_stride() == 1 ? LARGEST : MIXED + 1, false));
        }
    }
}

Test(ed25519_same, whatever_the_size_when_all_are_valid)
{
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (can_run(backend)) {
            assert_sizes((enum ed25519_backend)backend, mixture_of(case_stride() == 1 ? LARGEST : MIXED + 1, true));
        }
    }
}

static void assert_scratch(enum ed25519_backend backend, const struct mixture *mixture, uint32_t batch_max)
{
    static const size_t counts[] = { 1, 7, 8, 9, 64, 65, 129 };
    struct judge judge;

    judge_open(&judge, &(struct judge_setup){ .backend = backend, .batch_max = batch_max, .keys_max = 32, .seed = batch_max });
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        assert_same(&judge, ED25519_BATCH, mixture, counts[i], "scratch");
        assert_same(&judge, ED25519_FASTEST, mixture, counts[i], "scratch");
    }
    judge_close(&judge);
}

Test(ed25519_same, whatever_the_scratch_memory_holds)
{
    static const uint32_t room[] = { 1, 2, 7, 8, 63, 64, 100 };

    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        for (size_t i = 0; i < sizeof room / sizeof room[0] && can_run(backend); i += is_brief() ? 3 : 1) {
            assert_scratch((enum ed25519_backend)backend, mixture_of(129, i % 2 == 0), room[i]);
        }
    }
}

static void shuffle(struct mixture *mixture, struct rng *rng)
{
    for (size_t i = mixture->count - 1; i > 0; i--) {
        size_t j = (size_t)(rng_next(rng) % (i + 1));
        struct sig_item item = mixture->items[i];
        bool expected = mixture->expected[i];
        mixture->items[i] = mixture->items[j];
        mixture->expected[i] = mixture->expected[j];
        mixture->items[j] = item;
        mixture->expected[j] = expected;
    }
}

Test(ed25519_same, whatever_the_order_and_the_seed)
{
    struct mixture *mixture = mixture_of(MIXED, false);
    struct rng rng;

    rng_init(&rng, 2026);
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        for (uint64_t seed = 0; seed < SEEDS && can_run(backend); seed++) {
            struct judge judge;
            shuffle(mixture, &rng);
            judge_open(&judge, &(struct judge_setup){ .backend = (enum ed25519_backend)backend, .batch_max = MIXED, .keys_max = 64, .seed = seed });
            for (size_t m = 0; m < METHODS; m++) {
                assert_same(&judge, methods[m], mixture, 16 + 30 * seed, "order and seed");
            }
            judge_close(&judge);
        }
    }
}

/* --- What the context knows of a key ----------------------------------------------------------------------------------------- */

static void assert_each_method(struct judge *judge, const struct mixture *mixture, size_t n, const char *what)
{
    for (size_t m = 0; m < METHODS; m++) {
        assert_same(judge, methods[m], mixture, n, what);
    }
}

/* A cache of no key, of few (all are evicted again and again), and of all: cold, warm, emptied, warm again. */
static void assert_cached(enum ed25519_backend backend, const struct mixture *mixture, size_t n)
{
    static const uint32_t room[] = { 0, 1, 3, 16, 1024 };

    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        struct judge judge;
        judge_open(&judge, &(struct judge_setup){ .backend = backend, .batch_max = MIXED, .keys_max = room[i], .seed = i });
        assert_same(&judge, ED25519_BATCH, mixture, n, "cold");
        assert_each_method(&judge, mixture, n, "warm");
        ed25519_forget_keys(judge.ctx);
        assert_each_method(&judge, mixture, n, "emptied");
        judge_close(&judge);
    }
}

Test(ed25519_same, whatever_the_cache_of_keys_holds)
{
    const struct mixture *mixture = mixture_of(MIXED, false);

    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (can_run(backend)) {
            assert_cached((enum ed25519_backend)backend, mixture, case_stride() == 1 ? MIXED : 48);
        }
    }
}

/* Keys of the mixture as members: among them keys that do not decode, small ones, and several encodings of one point. */
static void members_of(const struct mixture *mixture, size_t from, uint8_t (*keys)[32], uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        memcpy(keys[i], mixture->items[(from + i) % mixture->count].key, 32);
    }
}

static void assert_tables(enum ed25519_backend backend, const struct mixture *mixture, size_t n, uint32_t members)
{
    static uint8_t keys[ED25519_MEMBERS_MAX][32];
    struct judge judge;

    judge_open(&judge, &(struct judge_setup){ .backend = backend, .batch_max = MIXED, .keys_max = 16, .members_max = members, .hot_max = 3 });
    assert_each_method(&judge, mixture, n, "no table");
    members_of(mixture, 0, keys, members);
    ed25519_keyset_set_members(judge.keyset, keys[0], members);
    assert_each_method(&judge, mixture, n, "members named, no table built");
    for (size_t i = 0; i < members + 8; i++) {
        (void)ed25519_keyset_build(judge.keyset);
        if (i % 8 == 0) {
            assert_same(&judge, ED25519_DIRECT, mixture, n, "some tables built");
        }
    }
    assert_each_method(&judge, mixture, n, "all tables built");
    members_of(mixture, members / 2, keys, members);
    ed25519_keyset_set_members(judge.keyset, keys[0], members);
    assert_each_method(&judge, mixture, n, "half of the members left");
    judge_know(&judge, keys[0], members);
    assert_each_method(&judge, mixture, n, "the tables of those that came instead are built");
    judge_know(&judge, keys[0], 0);
    assert_each_method(&judge, mixture, n, "no member, hot keys alone");
    judge_close(&judge);
}

Test(ed25519_same, whatever_tables_are_built_of_few_keys)
{
    const struct mixture *mixture = mixture_of(MIXED, false);

    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (can_run(backend)) {
            assert_tables((enum ed25519_backend)backend, mixture, case_stride() == 1 ? MIXED : 40, ED25519_WIDE_MEMBERS);
        }
    }
}

Test(ed25519_same, whatever_tables_are_built_of_many_keys)
{
    const struct mixture *mixture = mixture_of(MIXED, false);

    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (can_run(backend)) {
            assert_tables((enum ed25519_backend)backend, mixture, case_stride() == 1 ? MIXED : 40, ED25519_WIDE_MEMBERS + 20);
        }
    }
}

/* --- Threads ------------------------------------------------------------------------------------------------------------------ */

struct thread_work {
    struct judge judge;
    const struct mixture *mixture;
    size_t n, rounds;
    size_t differ; /* assertions belong to the main thread */
};

static void *judge_again_and_again(void *argument)
{
    struct thread_work *work = argument;
    bool verdicts[MIXED];

    for (size_t round = 0; round < work->rounds; round++) {
        ed25519_verify_by(work->judge.ctx, methods[round % METHODS], work->mixture->items, work->n, verdicts);
        work->differ += memcmp(verdicts, work->mixture->expected, work->n * sizeof verdicts[0]) != 0 ? 1 : 0;
    }
    return NULL;
}

/* One keyset for all threads; the main thread builds tables and changes the members while they judge. */
static void assert_threads(enum ed25519_backend backend, const struct mixture *mixture)
{
    static struct thread_work work[THREADS];
    static uint8_t keys[16][32];
    struct ed25519_keyset_config tables = { .backend = backend, .members_max = 16, .hot_max = 2 };
    size_t size = ed25519_keyset_footprint(&tables);
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    struct ed25519_keyset *keyset = ed25519_keyset_init(memory, &tables);
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        struct ed25519_config config = { .backend = backend, .batch_max = MIXED, .keys_max = (uint32_t)(8 * i), .keyset = keyset, .seed = { (uint8_t)i } };
        size = ed25519_ctx_footprint(&config);
        work[i] = (struct thread_work){ .mixture = mixture, .n = case_stride() == 1 ? 96 : 32, .rounds = is_brief() ? 12 : 24 };
        work[i].judge.memory = aligned_alloc(64, (size + 63) / 64 * 64);
        work[i].judge.ctx = ed25519_ctx_init(work[i].judge.memory, &config);
        cr_assert_eq(pthread_create(&threads[i], NULL, judge_again_and_again, &work[i]), 0);
    }
    for (size_t round = 0; round < 12; round++) {
        members_of(mixture, 5 * round, keys, 16);
        ed25519_keyset_set_members(keyset, keys[0], 16);
        for (size_t i = 0; i < 10; i++) {
            (void)ed25519_keyset_build(keyset);
        }
    }
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        cr_assert_eq(work[i].differ, 0, "thread %zu, backend %d", i, (int)backend);
        judge_close(&work[i].judge);
    }
    free(memory);
}

Test(ed25519_same, whatever_other_threads_do_with_the_same_tables)
{
    const struct mixture *mixture = mixture_of(MIXED, false);

    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (can_run(backend)) {
            assert_threads((enum ed25519_backend)backend, mixture);
        }
    }
}
