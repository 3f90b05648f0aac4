/* choose_test.c: a backend is chosen that the machine has and that is right; one that is forced is that one or an error. */
#include "crypto/ed25519/ref/kernel.h"

#include "base/cpu.h"
#include "crypto/ed25519/lanes/point.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* The code of ref once more, with a rule that is not ZIP-215: times 4 instead of 8. */
#define point_double_blind(point, times) point_double_blind((point), (times) == 3 ? 2 : (times))
#include "crypto/ed25519/lanes/direct.h"
#undef point_double_blind

enum { AT_ONCE_MAX = 64 };

/* The engine that is bent. */
static const struct engine *whole;

static void challenge_last(struct scalar *k, const struct sig_item *items, size_t n)
{
    whole->challenge(k, items, n);
    k[n - 1].limb[0] ^= 1;
}

static void challenge_many(struct scalar *k, const struct sig_item *items, size_t n)
{
    whole->challenge(k, items, n);
    k[n - 1].limb[0] ^= n > 3 * ENGINE_LANES_MAX;
}

static void decode_lenient(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n)
{
    whole->decode(out, ok, bytes, n);
    memset(ok, true, n * sizeof *ok);
}

/* Tells whether y is p or more. */
static bool is_large(const uint8_t bytes[32])
{
    bool ones = bytes[0] >= 0xed && (bytes[31] & 0x7f) == 0x7f;

    for (unsigned i = 1; i < 31; i++) {
        ones = ones && bytes[i] == 0xff;
    }
    return ones;
}

static void decode_canonical(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n)
{
    whole->decode(out, ok, bytes, n);
    for (size_t i = 0; i < n; i++) {
        ok[i] = ok[i] && !is_large(bytes[i]);
    }
}

static void decode_signed_zero(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n)
{
    static const uint8_t one[32] = { [0] = 1, [31] = 0x80 };

    whole->decode(out, ok, bytes, n);
    for (size_t i = 0; i < n; i++) {
        ok[i] = ok[i] && memcmp(bytes[i], one, sizeof one) != 0;
    }
}

static void decode_many(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n)
{
    whole->decode(out, ok, bytes, n);
    out[n - 1] = out[n > 4 * ENGINE_LANES_MAX ? 0 : n - 1];
}

static void multiples_middle(struct engine_entry *out, const struct point *points, size_t n, size_t count)
{
    whole->multiples(out, points, n, count);
    out[n / 2 * count] = out[n / 2 * count + 1];
}

static void multiples_last(struct engine_entry *out, const struct point *points, size_t n, size_t count)
{
    whole->multiples(out, points, n, count);
    out[n * count - 1] = out[0];
}

static void multiples_last_of_many(struct engine_entry *out, const struct point *points, size_t n, size_t count)
{
    whole->multiples(out, points, n, count);
    out[n * count - 1] = out[count > 8 ? 0 : n * count - 1];
}

/* Sums by tables that are right unless `wrong`. */
static void direct_unless(bool wrong, struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base)
{
    whole->direct(sums, items, n, base);
    if (wrong) {
        struct scalar none = { { 0 } };
        struct engine_direct other = { items[0].key, &none, items[0].s };
        whole->direct(&sums[n - 1], &other, 1, base);
    }
}

static void direct_last(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base) { direct_unless(true, sums, items, n, base); }
static void direct_one(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base) { direct_unless(n == 1, sums, items, n, base); }
static void direct_three(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base) { direct_unless(n == 3, sums, items, n, base); }
static void direct_few(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base) { direct_unless(n <= 4, sums, items, n, base); }
static void direct_many(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base) { direct_unless(n > 32, sums, items, n, base); }
static void direct_base(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base) { direct_unless(base.width == 10, sums, items, n, base); }

static void direct_wide(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base)
{
    direct_unless(items[n - 1].key.width == 6 && items[n - 1].key.steps == 1, sums, items, n, base);
}

static void direct_narrow(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base)
{
    direct_unless(items[n - 1].key.width == 4, sums, items, n, base);
}

static void direct_stepped(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base)
{
    direct_unless(items[n - 1].key.steps > 1, sums, items, n, base);
}

static void pairs_swapped(struct engine_sum *sums, const struct engine_pair *items, size_t n, const struct engine_entry base[ENGINE_BASE_MULTIPLES])
{
    whole->pairs(sums, items, n, base);
    sums[0] = sums[n - 1];
}

static void match_all(bool *equal, const struct engine_sum *sums, const uint8_t *const *encoded, size_t n, struct engine_sum *scratch)
{
    whole->match(equal, sums, encoded, n, scratch);
    memset(equal, true, n * sizeof *equal);
}

static void match_unsigned(bool *equal, const struct engine_sum *sums, const uint8_t *const *encoded, size_t n, struct engine_sum *scratch)
{
    uint8_t other[AT_ONCE_MAX][32];
    const uint8_t *at[AT_ONCE_MAX];
    bool also[AT_ONCE_MAX];

    cr_assert_leq(n, AT_ONCE_MAX);
    for (size_t i = 0; i < n; i++) {
        memcpy(other[i], encoded[i], sizeof other[i]);
        other[i][31] ^= 0x80;
        at[i] = other[i];
    }
    whole->match(equal, sums, encoded, n, scratch);
    whole->match(also, sums, at, n, scratch);
    for (size_t i = 0; i < n; i++) {
        equal[i] = equal[i] || also[i];
    }
}

static void settle_all(bool *small, const struct engine_sum *const *sums, const struct engine_entry *const *points, size_t n)
{
    whole->settle(small, sums, points, n);
    memset(small, true, n * sizeof *small);
}

static void sum_fewer(struct point *out, const struct engine_terms *terms)
{
    struct engine_terms fewer = *terms;

    fewer.count--;
    whole->sum(out, &fewer);
}

static void sum_unless(bool wrong, struct point *out, const struct engine_terms *terms)
{
    whole->sum(out, terms);
    if (wrong) {
        point_double_times(out, out, 1);
    }
}

static void sum_nothing(struct point *out, const struct engine_terms *terms)
{
    whole->sum(out, terms);
    point_subtract(out, out, out);
}

static void sum_short(struct point *out, const struct engine_terms *terms) { sum_unless(terms->long_count == 0, out, terms); }
static void sum_long(struct point *out, const struct engine_terms *terms) { sum_unless(terms->long_count > 0, out, terms); }
static void sum_4(struct point *out, const struct engine_terms *terms) { sum_unless(terms->width == 4, out, terms); }
static void sum_5(struct point *out, const struct engine_terms *terms) { sum_unless(terms->width == 5, out, terms); }
static void sum_6(struct point *out, const struct engine_terms *terms) { sum_unless(terms->width == 6, out, terms); }
static void sum_7(struct point *out, const struct engine_terms *terms) { sum_unless(terms->width == 7, out, terms); }
static void sum_8(struct point *out, const struct engine_terms *terms) { sum_unless(terms->width == 8, out, terms); }
static void sum_9(struct point *out, const struct engine_terms *terms) { sum_unless(terms->width == 9, out, terms); }

/* One function of an engine each. */
static const struct bent_engine {
    const char *what;
    struct engine with;
} bent[] = {
    { "challenge: the last is wrong", { .challenge = challenge_last } },
    { "challenge: wrong for more than 24", { .challenge = challenge_many } },
    { "decode: takes everything for a point", { .decode = decode_lenient } },
    { "decode: refuses y >= p", { .decode = decode_canonical } },
    { "decode: refuses x = 0 with the sign", { .decode = decode_signed_zero } },
    { "decode: wrong for more than 32", { .decode = decode_many } },
    { "multiples: one of a point in the middle is wrong", { .multiples = multiples_middle } },
    { "multiples: the last is wrong", { .multiples = multiples_last } },
    { "multiples: the last is wrong where they are more than 8", { .multiples = multiples_last_of_many } },
    { "direct: the last is wrong", { .direct = direct_last } },
    { "direct: wrong for one", { .direct = direct_one } },
    { "direct: wrong for three", { .direct = direct_three } },
    { "direct: wrong for up to four", { .direct = direct_few } },
    { "direct: wrong for more than 32", { .direct = direct_many } },
    { "direct: wrong for B's table", { .direct = direct_base } },
    { "direct: wrong for wide tables of members", { .direct = direct_wide } },
    { "direct: wrong for narrow tables of members", { .direct = direct_narrow } },
    { "direct: wrong for tables of hot keys", { .direct = direct_stepped } },
    { "pairs: the first is the last", { .pairs = pairs_swapped } },
    { "match: all are equal", { .match = match_all } },
    { "match: blind to the sign of x", { .match = match_unsigned } },
    { "settle: all are small", { .settle = settle_all } },
    { "sum: the last term is left out", { .sum = sum_fewer } },
    { "sum: always the identity", { .sum = sum_nothing } },
    { "sum: wrong where all terms are short", { .sum = sum_short } },
    { "sum: wrong where some terms are long", { .sum = sum_long } },
    { "sum: wrong at width 4", { .sum = sum_4 } },
    { "sum: wrong at width 5", { .sum = sum_5 } },
    { "sum: wrong at width 6", { .sum = sum_6 } },
    { "sum: wrong at width 7", { .sum = sum_7 } },
    { "sum: wrong at width 8", { .sum = sum_8 } },
    { "sum: wrong at width 9", { .sum = sum_9 } },
};

/* Gives the whole engine with the functions that the other has. */
static struct engine engine_with(const struct engine *other)
{
    struct engine out = *whole;

    out.challenge = other->challenge != NULL ? other->challenge : out.challenge;
    out.decode = other->decode != NULL ? other->decode : out.decode;
    out.multiples = other->multiples != NULL ? other->multiples : out.multiples;
    out.direct = other->direct != NULL ? other->direct : out.direct;
    out.pairs = other->pairs != NULL ? other->pairs : out.pairs;
    out.match = other->match != NULL ? other->match : out.match;
    out.settle = other->settle != NULL ? other->settle : out.settle;
    out.sum = other->sum != NULL ? other->sum : out.sum;
    return out;
}

Test(choose, trial_finds_each_function_that_is_wrong)
{
    for (unsigned i = 0; i < ED25519_BACKEND_MODEL; i++) {
        enum err err = ed25519_self_test((enum ed25519_backend)i);

        if (err == ERR_UNSUPPORTED) {
            continue;
        }
        cr_assert_eq(err, ERR_OK);
        whole = engine_of((enum ed25519_backend)i);
        for (unsigned j = 0; j < sizeof bent / sizeof bent[0]; j++) {
            struct engine engine = engine_with(&bent[j].with);
            cr_assert_eq(engine_trial(&engine), ERR_CONFLICT, "%s, %s", ed25519_backend_name((enum ed25519_backend)i), bent[j].what);
        }
    }
}

/* What only differs by torsion of order eight tells the rules apart. */
Test(choose, trial_finds_a_rule_that_multiplies_by_four)
{
    struct engine engine = engine_ref;

    engine.settle = engine_settle;
    cr_assert_eq(engine_trial(&engine), ERR_CONFLICT);
    engine.settle = engine_ref.settle;
    engine.direct = engine_direct;
    engine.pairs = engine_pairs;
    engine.match = engine_match;
    cr_assert_eq(engine_trial(&engine), ERR_OK, "the rest of that code is whole");
}

Test(choose, without_a_name_the_last_backend_that_can_run_is_taken)
{
    enum ed25519_backend chosen, empty;

    cr_assert_eq(ed25519_choose(NULL, &chosen), ERR_OK);
    cr_assert_eq(ed25519_choose("", &empty), ERR_OK);
    cr_assert_eq(chosen, empty);
    cr_assert_eq(ed25519_self_test(chosen), ERR_OK);
    cr_assert_lt(chosen, ED25519_BACKEND_MODEL, "the model is for tests alone");
    for (unsigned i = chosen + 1u; i < ED25519_BACKEND_MODEL; i++) {
        cr_assert_eq(ed25519_self_test((enum ed25519_backend)i), ERR_UNSUPPORTED);
    }
}

/* What the contract says, and what a thread needs of its own; the sanitizers spread variables. */
static size_t small_stack(void)
{
    return (size_t)(is_sanitized() ? 1024 : 192) * 1024;
}

static void *try_each(void *argument)
{
    enum err *errs = argument;

    for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
        errs[i] = ed25519_self_test((enum ed25519_backend)i);
    }
    return NULL;
}

/* Beside each other too, where each must find the memory as if it were the first. */
Test(choose, trial_is_at_ease_on_a_small_stack)
{
    enum { THREADS = 2 };
    static enum err errs[THREADS][ED25519_BACKEND_COUNT];
    pthread_attr_t attributes;
    pthread_t thread[THREADS];

    cr_assert_eq(pthread_attr_init(&attributes), 0);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, small_stack()), 0);
    for (unsigned t = 0; t < THREADS; t++) {
        cr_assert_eq(pthread_create(&thread[t], &attributes, try_each, errs[t]), 0);
    }
    for (unsigned t = 0; t < THREADS; t++) {
        cr_assert_eq(pthread_join(thread[t], NULL), 0);
        for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
            cr_assert_eq(errs[t][i], ed25519_self_test((enum ed25519_backend)i));
            cr_assert_neq(errs[t][i], ERR_CONFLICT);
        }
    }
}

Test(choose, a_name_gives_that_backend_or_an_error)
{
    const struct cpu_features features = cpu_features();
    enum ed25519_backend chosen;

    for (unsigned i = 0; i < ED25519_BACKEND_COUNT; i++) {
        enum ed25519_backend backend = (enum ed25519_backend)i;
        bool can = engine_of(backend) != NULL && (backend == ED25519_BACKEND_REF || backend == ED25519_BACKEND_MODEL || (backend == ED25519_BACKEND_AVX2 && features.avx2)
                   || (backend == ED25519_BACKEND_IFMA && features.avx512_ifma));
        cr_assert_eq(ed25519_choose(ed25519_backend_name(backend), &chosen), can ? ERR_OK : ERR_UNSUPPORTED);
        cr_assert_eq(chosen, backend);
    }
    cr_assert_eq(ed25519_choose("sse2", &chosen), ERR_INVALID);
    cr_assert_eq(ed25519_choose("AVX2", &chosen), ERR_INVALID);
    cr_assert_eq(ed25519_choose("ref ", &chosen), ERR_INVALID);
}
