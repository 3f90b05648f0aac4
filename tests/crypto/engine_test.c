/* engine_test.c: what each backend computes with points is what the portable double-and-add computes. */
#include "crypto/ed25519/engine.h"

#include "crypto/ed25519/ref/verify.h"
#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 21, SUM_TERMS = 60, COMBS = 4 };

static const struct scalar zero;

/* Each backend that this machine can run. Gives: NULL for the others. */
static const struct engine *engine_by_number(unsigned i)
{
    return ed25519_self_test((enum ed25519_backend)i) == ERR_OK ? engine_of((enum ed25519_backend)i) : NULL;
}

static struct scalar scalar_by_number(uint64_t number)
{
    uint8_t wide[SCALAR_WIDE_BYTES];
    struct scalar out;

    bytes_by_number(number, wide, sizeof wide);
    memset(wide, number % 5 == 4 ? 0 : wide[0], number % 5 == 4 ? 62 : 1); /* small ones, too */
    scalar_from_wide(&out, wide);
    if (number % 11 == 10) {
        out = scalar_order;
        out.limb[0]--; /* the greatest */
    }
    return out;
}

static bool points_equal(const struct point *a, const struct point *b)
{
    struct point difference;

    point_subtract(&difference, a, b);
    return point_is_identity(&difference);
}

/* Encodings of which some are no points, some of small order, some not canonical: the keys of our own vectors. */
static size_t encodings(const uint8_t *out[], size_t max)
{
    const struct signature_vectors *vectors = vectors_ours();
    size_t n = 0;

    for (size_t i = 0; i < vectors->count && n + 2 <= max; i++) {
        out[n++] = vectors->vector[i].key;
        out[n++] = vectors->vector[i].signature;
    }
    return n;
}

/* aligned_alloc takes whole multiples of its alignment only. */
static void *aligned(size_t bytes) { return aligned_alloc(64, (bytes + 63) / 64 * 64); }

/* Gives the portable sum that stands for an engine's sum: found again by adding it to a short term of nothing. */
static void assert_entry(const struct engine *engine, const struct engine_entry *entry, const struct point *expected)
{
    void *buckets = aligned(engine->buckets_bytes);
    struct engine_term term = { .limb = { 1 } };
    struct point sum;

    engine->sum(&sum, &(struct engine_terms){ &term, entry, 0, 1, 4, buckets });
    cr_assert(points_equal(&sum, expected));
    free(buckets);
}

Test(engine, encodings_are_read_as_the_portable_code_reads_them)
{
    const uint8_t *bytes[2 * VECTORS_MAX];
    size_t n = encodings(bytes, 2 * VECTORS_MAX);

    cr_assert_geq(n, 400);
    for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
        const struct engine *engine = engine_by_number(i);
        struct engine_entry *entry = aligned(n * sizeof *entry);
        bool *ok = calloc(n, sizeof *ok);

        if (engine != NULL) {
            engine->decode(entry, ok, bytes, n);
        }
        for (size_t at = 0; at < n && engine != NULL; at++) {
            struct point point;
            cr_assert_eq(ok[at], point_decode(&point, bytes[at]), "backend %u, encoding %zu", i, at);
            if (ok[at] && at % 3 == 0) {
                assert_entry(engine, &entry[at], &point);
            }
        }
        free(entry);
        free(ok);
    }
}

/* What a test of sums S B - k A needs for one engine. */
struct bench {
    const struct engine *engine;
    struct point a[POINTS];
    uint8_t encoded[POINTS][32]; /* of the expected sums */
    struct scalar k[POINTS], s[POINTS];
    struct engine_entry entry[POINTS], expected[POINTS];
    struct engine_entry *comb[COMBS]; /* of the shapes below */
    struct engine_sum sums[POINTS], scratch[POINTS + ENGINE_LANES_MAX];
};

static void encode(uint8_t out[32], const struct point *point)
{
    struct point_affine affine;
    struct field x, y, half, two = { { 2, 0, 0, 0, 0 } };

    point_normalize(&affine, point, 1);
    field_invert(&half, &two);
    field_add(&y, &affine.sum, &affine.difference);
    field_multiply(&y, &y, &half);
    field_subtract(&x, &affine.sum, &affine.difference);
    field_multiply(&x, &x, &half);
    field_to_bytes(out, &y);
    out[31] |= (uint8_t)(field_is_odd(&x) ? 0x80 : 0);
}

/* The first of the base point. */
static const struct engine_comb shapes[COMBS] = { { NULL, 8, 1 }, { NULL, 4, 1 }, { NULL, 6, 1 }, { NULL, 6, 4 } };

static struct bench *bench_open(const struct engine *engine, bool same_key)
{
    struct bench *bench = aligned(sizeof *bench);
    const uint8_t *at[POINTS];
    bool ok[POINTS];
    struct point base, minus, sum;

    bench->engine = engine;
    for (size_t i = 0; i < POINTS; i++) {
        struct scalar secret = scalar_by_number(same_key ? 1 : i + 1);
        point_base(&base);
        point_multiply_add(&bench->a[i], &zero, &base, &secret);
        bench->k[i] = scalar_by_number(100 + i);
        bench->s[i] = scalar_by_number(200 + i);
        point_negate(&minus, &bench->a[i]);
        point_multiply_add(&sum, &bench->k[i], &minus, &bench->s[i]);
        encode(bench->encoded[i], &sum);
        at[i] = bench->encoded[i];
        struct point_affine affine;
        point_normalize(&affine, &bench->a[i], 1);
        engine->pack(&bench->entry[i], &affine);
    }
    engine->decode(bench->expected, ok, at, POINTS);
    for (unsigned i = 0; i < COMBS; i++) {
        bench->comb[i] = aligned(COMB_ENTRIES(shapes[i].width, shapes[i].steps) * sizeof(struct engine_entry));
        engine_comb_build(bench->comb[i], engine, i == 0 ? &base : &bench->a[0], shapes[i].width, shapes[i].steps);
    }
    return bench;
}

static void bench_close(struct bench *bench)
{
    for (unsigned i = 0; i < COMBS; i++) {
        free(bench->comb[i]);
    }
    free(bench);
}

/* The first n sums compare equal with the expected encodings, and not with one another's; their differences are small, and not one another's. */
static void assert_sums(struct bench *bench, size_t n, const char *what)
{
    const struct engine_entry *point[POINTS];
    const struct engine_sum *sum[POINTS];
    const uint8_t *encoded[POINTS];
    bool equal[POINTS], small[POINTS];

    for (size_t turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < n; i++) {
            size_t other = turn == 0 ? i : (i + 1) % POINTS;
            encoded[i] = bench->encoded[other];
            point[i] = &bench->expected[other];
            sum[i] = &bench->sums[i];
        }
        bench->engine->match(equal, bench->sums, encoded, n, bench->scratch);
        bench->engine->settle(small, sum, point, n);
        for (size_t i = 0; i < n; i++) {
            cr_assert_eq(equal[i], turn == 0, "%s, %zu of %zu", what, i, n);
            cr_assert_eq(small[i], turn == 0, "%s, %zu of %zu", what, i, n);
        }
    }
}

Test(engine, tables_and_doublings_give_what_double_and_add_gives)
{
    for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
        const struct engine *engine = engine_by_number(i);
        struct engine_entry base[ENGINE_BASE_MULTIPLES + 1];

        if (engine == NULL) {
            continue;
        }
        engine_base(base, engine);
        for (unsigned same = 0; same < 2; same++) {
            struct bench *bench = bench_open(engine, same == 1);
            for (size_t n = 1; n <= POINTS; n += n < 9 ? 1 : 4) {
                struct engine_direct direct[POINTS];
                struct engine_pair pair[POINTS];
                for (size_t j = 0; j < n; j++) {
                    const struct engine_comb *shape = &shapes[1 + j % (COMBS - 1)];
                    struct engine_comb comb = { bench->comb[1 + j % (COMBS - 1)], shape->width, shape->steps };
                    direct[j] = (struct engine_direct){ comb, &bench->k[j], &bench->s[j] };
                    pair[j] = (struct engine_pair){ &bench->entry[j], &bench->k[j], &bench->s[j] };
                }
                engine->pairs(bench->sums, pair, n, base);
                assert_sums(bench, n, "pairs");
                if (same == 1) {
                    engine->direct(bench->sums, direct, n, (struct engine_comb){ bench->comb[0], 8, 1 });
                    assert_sums(bench, n, "tables");
                }
            }
            bench_close(bench);
        }
    }
}

/* Terms of all kinds: long and short, of either sign, zero, the greatest; points that come twice and ones that cancel. */
static void assert_sum(const struct engine *engine, unsigned width, size_t long_count, const struct engine_entry *entry, const struct point *point, void *buckets)
{
    struct engine_term term[SUM_TERMS];
    struct engine_entry entries[SUM_TERMS];
    struct point expected, one, sum;

    point_base(&one);
    point_multiply_add(&expected, &zero, &one, &zero);
    for (size_t i = 0; i < SUM_TERMS; i++) {
        struct scalar k = scalar_by_number(1000 * width + i / 2);

        if (i >= long_count) {
            k = (struct scalar){ { i % 7 == 3 ? UINT64_MAX : k.limb[0], i % 7 == 3 ? INT64_MAX : k.limb[1] & INT64_MAX } };
        }
        entries[i] = entry[i % POINTS];
        term[i] = (struct engine_term){ { k.limb[0], k.limb[1], k.limb[2], k.limb[3] }, i % 3 == 1 };
        point_multiply_add(&one, &k, &point[i % POINTS], &zero);
        (i % 3 == 1 ? point_subtract : point_add)(&expected, &expected, &one);
    }
    engine->sum(&sum, &(struct engine_terms){ term, entries, long_count, SUM_TERMS, width, buckets });
    cr_assert(points_equal(&sum, &expected), "width %u, %zu long terms", width, long_count);
}

Test(engine, sums_of_many_terms_are_those_of_double_and_add)
{
    for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
        const struct engine *engine = engine_by_number(i);

        if (engine != NULL) {
            struct bench *bench = bench_open(engine, false);
            void *buckets = aligned(engine->buckets_bytes);
            for (unsigned width = 4; width <= ENGINE_WIDTH_MAX; width++) {
                for (size_t long_count = 0; long_count <= SUM_TERMS; long_count += SUM_TERMS / 2) {
                    assert_sum(engine, width, long_count, bench->entry, bench->a, buckets);
                }
            }
            free(buckets);
            bench_close(bench);
        }
    }
}

Test(engine, halves_of_a_scalar_go_with_the_point_and_its_high_multiple)
{
    for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
        const struct engine *engine = engine_by_number(i);
        struct engine_entry base[ENGINE_BASE_MULTIPLES + 1], high;
        struct point point;
        uint8_t encoded[32];

        if (engine == NULL) {
            continue;
        }
        point_base(&point);
        encode(encoded, &point);
        point_double_times(&point, &point, ENGINE_SHORT_BITS);
        engine_base(base, engine);
        assert_entry(engine, &base[ENGINE_BASE_MULTIPLES], &point);
        engine_high(&high, engine, encoded);
        assert_entry(engine, &high, &point);
    }
}
