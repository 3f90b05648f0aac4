/* choose_test.c: a backend is chosen that the machine has and that is right; one that is forced is that one or an error. */
#include "crypto/ed25519/engine.h"

#include "base/cpu.h"

#include <criterion/criterion.h>
#include <sodium.h>

enum { BROKEN = 8 };

static void challenge_wrong(struct scalar *k, const struct sig_item *items, size_t n)
{
    engine_ref.challenge(k, items, n);
    k[n - 1].limb[0] ^= 1;
}

static void decode_lenient(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n)
{
    engine_ref.decode(out, ok, bytes, n);
    for (size_t i = 0; i < n; i++) {
        ok[i] = true;
    }
}

static void direct_swapped(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base)
{
    engine_ref.direct(sums, items, n, base);
    sums[n - 2] = sums[0];
}

static void pairs_swapped(struct engine_sum *sums, const struct engine_pair *items, size_t n, const struct engine_entry base[ENGINE_BASE_MULTIPLES])
{
    engine_ref.pairs(sums, items, n, base);
    sums[0] = sums[3];
}

static void match_all(bool *equal, const struct engine_sum *sums, const uint8_t *const *encoded, size_t n, struct engine_sum *scratch)
{
    engine_ref.match(equal, sums, encoded, n, scratch);
    for (size_t i = 0; i < n; i++) {
        equal[i] = true;
    }
}

static void settle_all(bool *small, const struct engine_sum *const *sums, const struct engine_entry *const *points, size_t n)
{
    engine_ref.settle(small, sums, points, n);
    for (size_t i = 0; i < n; i++) {
        small[i] = true;
    }
}

static void sum_short(struct point *out, const struct engine_terms *terms)
{
    struct engine_terms fewer = *terms;

    fewer.count--;
    engine_ref.sum(out, &fewer);
}

static void multiples_short(struct engine_entry *out, const struct point *points, size_t n, size_t count)
{
    engine_ref.multiples(out, points, n, count);
    out[n / 2 * count] = out[0];
}

Test(choose, trial_finds_each_function_that_is_wrong)
{
    struct engine broken[BROKEN];

    for (unsigned i = 0; i < BROKEN; i++) {
        broken[i] = engine_ref;
        cr_assert_eq(engine_trial(&broken[i]), ERR_OK);
    }
    broken[0].challenge = challenge_wrong;
    broken[1].decode = decode_lenient;
    broken[2].direct = direct_swapped;
    broken[3].pairs = pairs_swapped;
    broken[4].match = match_all;
    broken[5].settle = settle_all;
    broken[6].sum = sum_short;
    broken[7].multiples = multiples_short;
    for (unsigned i = 0; i < BROKEN; i++) {
        cr_assert_eq(engine_trial(&broken[i]), ERR_CONFLICT, "function %u", i);
    }
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
