/* ed25519_points_test.c: points and errors of our own making. Torsion anywhere is accepted, by the batch's own equation and not only by what
 * comes after it; errors that would cancel if two coefficients were equal are refused, each by itself. */
#include "crypto/ed25519.h"

#include "crypto/keys.h"
#include "tests/crypto/bent_kit.h"
#include "tests/crypto/judge_kit.h"
#include "tests/crypto/zip215_model_kit.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { TORSION = 8, GRID = TORSION * TORSION, SEEDS = 3, MIXED_MAX = 64 };

TestSuite(ed25519_points, .init = crypto_start);

static bool model_verdict(const struct bent *bent)
{
    uint8_t hash[64];

    bent_hash(bent, hash);
    return model_verify_hashed(bent->key, bent->signature, hash);
}

static void make(struct bent *out, const struct bend *bend)
{
    bent_sign(out, bend);
    cr_assert_eq(model_verdict(out), bend->error == bend->point, "signer %lu, torsion %d and %d, error %ld, point %ld", (unsigned long)bend->signer, bend->torsion_key,
        bend->torsion_nonce, (long)bend->error, (long)bend->point);
}

/* Runs a check on each backend that can run here (on the slow model of ifma only when the run is long), with a context of its own for each seed:
 * with a cache of keys and without, and with other coefficients. */
static void on_each_backend(void (*check)(struct judge *judge, const void *argument), const void *argument)
{
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        if (ed25519_self_test((enum ed25519_backend)backend) == ERR_UNSUPPORTED || (backend == ED25519_BACKEND_MODEL && !is_long())) {
            continue;
        }
        for (uint64_t seed = 0; seed < (is_brief() ? 2 : SEEDS); seed++) {
            struct judge judge;
            judge_open(&judge, &(struct judge_setup){ .backend = (enum ed25519_backend)backend, .batch_max = 128, .keys_max = seed % 2 == 0 ? 0 : 64, .members_max = 70,
                                   .seed = seed });
            check(&judge, argument);
            judge_close(&judge);
        }
    }
}

/* --- Torsion -------------------------------------------------------------------------------------------------------------- */

struct torsion_grid {
    struct bent good[GRID], bad[GRID];
};

/* Makes the keys of the grid, torsion and all, the members, whose tables the direct method then has. */
static void know_grid(struct judge *judge, const struct torsion_grid *grid)
{
    static uint8_t keys[GRID][32];

    for (size_t i = 0; i < GRID; i++) {
        memcpy(keys[i], grid->good[i].key, 32);
    }
    judge_know(judge, keys[0], GRID);
    cr_assert_eq(ed25519_keyset_counters(judge->keyset).members_ready, GRID);
}

static void check_torsion(struct judge *judge, const void *argument)
{
    const struct torsion_grid *grid = argument;
    static const enum ed25519_method methods[] = { ED25519_BATCH, ED25519_SINGLE, ED25519_FASTEST, ED25519_DIRECT };
    struct sig_item items[GRID] = { 0 };
    bool verdicts[GRID];

    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        if (methods[m] == ED25519_DIRECT) { /* the last, so that all others go without tables */
            know_grid(judge, grid);
        }
        for (size_t i = 0; i < GRID; i++) {
            items[i] = bent_item(&grid->good[i]);
        }
        memset(verdicts, 0, sizeof verdicts);
        ed25519_verify_by(judge->ctx, methods[m], items, GRID, verdicts);
        for (size_t i = 0; i < GRID; i++) {
            cr_assert(verdicts[i], "torsion %zu on A, %zu on R, method %zu", i / TORSION, i % TORSION, m);
            items[i] = bent_item(&grid->bad[i]);
        }
        cr_assert(methods[m] != ED25519_BATCH || ed25519_counters(judge->ctx).batches_failed == 0, "the batch itself multiplies by eight");
        memset(verdicts, 1, sizeof verdicts);
        for (size_t i = 0; i < GRID; i++) { /* each bad one alone among good ones, then all of them */
            struct sig_item pair[2] = { items[i], bent_item(&grid->good[(i + 9) % GRID]) };
            bool two[2] = { true, false };
            if (methods[m] != ED25519_BATCH) {
                ed25519_verify_by(judge->ctx, methods[m], pair, 2, two);
                cr_assert(!two[0] && two[1], "torsion %zu on A, %zu on R, a bad one, method %zu", i / TORSION, i % TORSION, m);
            }
        }
    }
    cr_assert_eq(ed25519_counters(judge->ctx).direct, GRID + 2 * GRID, "by tables, every one");
    ed25519_verify_by(judge->ctx, ED25519_BATCH, items, GRID, verdicts);
    for (size_t i = 0; i < GRID; i++) {
        cr_assert(!verdicts[i], "torsion %zu on A, %zu on R, all bad", i / TORSION, i % TORSION);
    }
}

Test(ed25519_points, torsion_on_key_nonce_or_both_changes_no_verdict)
{
    static struct torsion_grid grid;

    for (int i = 0; i < GRID; i++) {
        struct bend bend = { .signer = (uint64_t)i, .nonce = (uint64_t)i, .torsion_key = i / TORSION, .torsion_nonce = i % TORSION };
        make(&grid.good[i], &bend);
        bend.error = 1 + i;
        make(&grid.bad[i], &bend);
    }
    on_each_backend(check_torsion, &grid);
}

/* --- Errors that cancel ---------------------------------------------------------------------------------------------------- */

/* Errors of the signatures of one batch. They add up to zero, so a batch whose coefficients were equal would accept all of them. */
static const struct cancel {
    const char *what;
    size_t count;
    struct bend bends[4];
} cancels[] = {
    { "S + 1 and S - 1, two keys", 2, { { .signer = 1, .nonce = 1, .error = 1 }, { .signer = 2, .nonce = 2, .error = -1 } } },
    { "S + 1 and S - 1, one key", 2, { { .signer = 1, .nonce = 1, .error = 1 }, { .signer = 1, .nonce = 2, .error = -1 } } },
    { "S + 8 and S - 8", 2, { { .signer = 1, .nonce = 3, .error = 8 }, { .signer = 2, .nonce = 4, .error = -8 } } },
    { "large errors", 2, { { .signer = 3, .nonce = 5, .error = INT64_MAX }, { .signer = 4, .nonce = 6, .error = -INT64_MAX } } },
    { "R + B and R - B", 2, { { .signer = 1, .nonce = 7, .point = 1 }, { .signer = 2, .nonce = 8, .point = -1 } } },
    { "R + B and S + 1", 2, { { .signer = 1, .nonce = 9, .point = 1 }, { .signer = 1, .nonce = 10, .error = 1 } } },
    { "three", 3, { { .signer = 1, .nonce = 11, .error = 5 }, { .signer = 2, .nonce = 12, .error = 7 }, { .signer = 3, .nonce = 13, .error = -12 } } },
    { "four", 4, { { .signer = 1, .nonce = 14, .error = 1 }, { .signer = 1, .nonce = 15, .error = -1 }, { .signer = 2, .nonce = 16, .point = 1 }, { .signer = 2, .nonce = 17, .point = -1 } } },
    { "with torsion", 2,
      { { .signer = 1, .nonce = 18, .error = 1, .torsion_key = 3, .torsion_nonce = 5 }, { .signer = 2, .nonce = 19, .error = -1, .torsion_key = 6, .torsion_nonce = 1 } } },
};

struct mixed {
    const struct cancel *cancel;
    struct bent bent[4];
    const struct judge_case *honest;
};

/* The bent ones stand `step` apart among honest ones, from place `first` on. */
static void check_mixture(struct judge *judge, const struct mixed *mixed, size_t n, size_t first, size_t step)
{
    struct sig_item items[MIXED_MAX] = { 0 };
    bool verdicts[MIXED_MAX], expected[MIXED_MAX];

    for (size_t i = 0; i < n; i++) {
        items[i] = (struct sig_item){ .key = mixed->honest[i].key, .digest = mixed->honest[i].digest, .signature = mixed->honest[i].signature };
        expected[i] = true;
        verdicts[i] = false;
    }
    for (size_t i = 0; i < mixed->cancel->count; i++) {
        items[first + i * step] = bent_item(&mixed->bent[i]);
        expected[first + i * step] = false;
        verdicts[first + i * step] = true;
    }
    ed25519_verify_by(judge->ctx, ED25519_BATCH, items, n, verdicts);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(verdicts[i], expected[i], "%s: item %zu of %zu, from %zu in steps of %zu", mixed->cancel->what, i, n, first, step);
    }
}

static void check_cancel(struct judge *judge, const void *argument)
{
    const struct mixed *mixed = argument;
    static const size_t steps[] = { 1, 3, 4, 8 };

    check_mixture(judge, mixed, mixed->cancel->count, 0, 1); /* nothing else in the batch */
    for (size_t s = 0; s < (is_brief() ? 1 : sizeof steps / sizeof steps[0]); s++) {
        check_mixture(judge, mixed, 33, 0, steps[s]);
        check_mixture(judge, mixed, MIXED_MAX, MIXED_MAX - 1 - (mixed->cancel->count - 1) * steps[s], steps[s]);
    }
}

Test(ed25519_points, errors_that_cancel_are_refused_each)
{
    for (size_t i = 0; i < sizeof cancels / sizeof cancels[0]; i++) {
        struct mixed mixed = { .cancel = &cancels[i], .honest = honest_pool(MIXED_MAX, 65) };
        int64_t sum = 0;
        for (size_t j = 0; j < cancels[i].count; j++) {
            make(&mixed.bent[j], &cancels[i].bends[j]);
            sum += cancels[i].bends[j].error - cancels[i].bends[j].point;
        }
        cr_assert_eq(sum, 0, "%s: the errors add up to zero", cancels[i].what);
        on_each_backend(check_cancel, &mixed);
    }
}

/* --- The same item several times ------------------------------------------------------------------------------------------- */

static void check_repeats(struct judge *judge, const void *argument)
{
    const struct bent *bent = argument;
    struct sig_item items[MIXED_MAX] = { 0 };
    bool verdicts[MIXED_MAX];

    for (size_t n = 2; n <= MIXED_MAX; n += 31) {
        for (size_t i = 0; i < n; i++) {
            items[i] = bent_item(&bent[i % 3]); /* good, bad, its opposite */
            verdicts[i] = i % 3 != 0;
        }
        ed25519_verify_by(judge->ctx, ED25519_BATCH, items, n, verdicts);
        for (size_t i = 0; i < n; i++) {
            cr_assert_eq(verdicts[i], i % 3 == 0, "item %zu of %zu", i, n);
        }
    }
}

Test(ed25519_points, one_item_many_times_in_a_batch_keeps_its_verdict)
{
    struct bent bent[3];

    make(&bent[0], &(struct bend){ .signer = 1, .nonce = 1 });
    make(&bent[1], &(struct bend){ .signer = 1, .nonce = 2, .error = 3 });
    make(&bent[2], &(struct bend){ .signer = 1, .nonce = 2, .error = -3 });
    on_each_backend(check_repeats, bent);
}
