/* coefficients_test.c: coefficients depend on everything that binds a batch, and have both signs and 127 bits. */
#include "crypto/ed25519/coefficients.h"

#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ITEMS = 3, DRAWN = 1000 };

struct batch {
    uint8_t seed[32];
    uint64_t counter;
    size_t n;
    uint8_t key[ITEMS][32], signature[ITEMS][64];
    struct scalar k[ITEMS];
};

static void batch_key(const struct batch *batch, uint8_t key[COEFFICIENT_KEY_BYTES])
{
    struct coefficient_item items[ITEMS];

    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = (struct coefficient_item){ batch->key[i], batch->signature[i], &batch->k[i] };
    }
    coefficients_key(key, batch->seed, batch->counter, items, batch->n);
}

static void assert_differs(const struct batch *batch, const uint8_t before[COEFFICIENT_KEY_BYTES], const char *what)
{
    uint8_t key[COEFFICIENT_KEY_BYTES];

    batch_key(batch, key);
    cr_assert_arr_neq(key, before, sizeof key, "%s", what);
}

Test(coefficients, key_depends_on_seed_counter_number_and_every_byte)
{
    struct batch batch = { .counter = 7, .n = ITEMS };
    uint8_t before[COEFFICIENT_KEY_BYTES], again[COEFFICIENT_KEY_BYTES];

    batch_key(&batch, before);
    batch_key(&batch, again);
    cr_assert_arr_eq(before, again, sizeof before);
    batch.counter++;
    assert_differs(&batch, before, "counter");
    batch.counter--;
    batch.n--;
    assert_differs(&batch, before, "number");
    batch.n++;
    for (size_t i = 0; i < 32; i++) {
        batch.seed[i] ^= 1;
        assert_differs(&batch, before, "seed");
        batch.seed[i] ^= 1;
        batch.key[i % ITEMS][i] ^= 1;
        assert_differs(&batch, before, "key");
        batch.key[i % ITEMS][i] ^= 1;
        batch.signature[i % ITEMS][i] ^= 1;
        assert_differs(&batch, before, "R");
        batch.signature[i % ITEMS][i] ^= 1;
        batch.signature[i % ITEMS][32 + i] ^= 1;
        assert_differs(&batch, before, "S");
        batch.signature[i % ITEMS][32 + i] ^= 1;
        batch.k[i % ITEMS].limb[i / 8] ^= UINT64_C(1) << (8 * (i % 8));
        assert_differs(&batch, before, "k");
        batch.k[i % ITEMS].limb[i / 8] ^= UINT64_C(1) << (8 * (i % 8));
    }
    batch_key(&batch, again);
    cr_assert_arr_eq(before, again, sizeof before);
}

Test(coefficients, every_bit_and_both_signs_come_about_half_the_time)
{
    static struct coefficient drawn[DRAWN], fewer[DRAWN];
    const uint8_t key[COEFFICIENT_KEY_BYTES] = { 9 };
    size_t count[128] = { 0 };

    coefficients_draw(drawn, DRAWN, key);
    for (size_t i = 0; i < DRAWN; i++) {
        cr_assert_eq(drawn[i].magnitude[1] >> 63, 0);
        for (unsigned bit = 0; bit < 127; bit++) {
            count[bit] += drawn[i].magnitude[bit / 64] >> bit % 64 & 1;
        }
        count[127] += drawn[i].minus ? 1 : 0;
    }
    for (unsigned bit = 0; bit < 128; bit++) {
        cr_assert_gt(count[bit], DRAWN / 2 - 100, "bit %u", bit); /* six standard deviations */
        cr_assert_lt(count[bit], DRAWN / 2 + 100, "bit %u", bit);
    }
    coefficients_draw(fewer, DRAWN / 3, key);
    for (size_t i = 0; i < DRAWN / 3; i++) {
        cr_assert_eq(fewer[i].magnitude[0], drawn[i].magnitude[0], "the first ones do not depend on how many are drawn");
    }
}
