/* challenge_test.c: every instruction set computes the SHA-512 of libsodium, whatever the length, the lane and the neighbours. */
#include "crypto/ed25519/challenge.h"

#include "base/cpu.h"
#include "base/rng.h"
#include "crypto/keys.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

enum { LENGTH_MAX = 520, ITEMS_MAX = 35, SETS = 4 };

struct set {
    const char *name;
    bool runs; /* this machine has the instructions */
    void (*challenge)(struct scalar *k, const struct sig_item *items, size_t n);
    void (*sha512)(uint8_t (*hashes)[SHA512_BYTES], const struct bytes *messages, size_t n);
};

TestSuite(challenge, .init = crypto_start);

static const struct set *sets(void)
{
    static struct set all[SETS];
    struct cpu_features cpu = cpu_features();

    all[0] = (struct set){ "ref", true, ref_challenge, ref_sha512 };
    all[1] = (struct set){ "model", true, model_challenge, model_sha512 };
#if defined(__x86_64__)
    all[2] = (struct set){ "avx2", cpu.avx2, avx2_challenge, avx2_sha512 };
    all[3] = (struct set){ "ifma", cpu.avx512_ifma, ifma_challenge, ifma_sha512 };
#endif
    return all;
}

static void noise(uint8_t *data, size_t size, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)rng_next(&rng);
    }
}

/* Hashes n messages, of which number i has lengths[i] bytes from data + i on, and compares each with libsodium. */
static void compare(const struct set *set, const uint8_t *data, const size_t *lengths, size_t n)
{
    struct bytes messages[ITEMS_MAX] = { { NULL, 0 } };
    uint8_t hashes[ITEMS_MAX][SHA512_BYTES], expected[SHA512_BYTES];

    for (size_t i = 0; i < n; i++) {
        messages[i] = bytes_of(data + i, lengths[i]);
    }
    set->sha512(hashes, messages, n);
    for (size_t i = 0; i < n; i++) {
        crypto_hash_sha512(expected, messages[i].data, messages[i].size);
        cr_assert_arr_eq(hashes[i], expected, SHA512_BYTES, "%s: message %zu of %zu, %zu bytes", set->name, i, n, lengths[i]);
    }
}

Test(challenge, each_length_gives_libsodiums_hash_in_each_lane)
{
    static uint8_t data[LENGTH_MAX + ITEMS_MAX];

    noise(data, sizeof data, 92);
    for (const struct set *set = sets(); set < sets() + SETS; set++) {
        for (size_t length = 0; set->runs && length <= LENGTH_MAX; length++) {
            size_t lengths[8];

            for (size_t i = 0; i < 8; i++) {
                lengths[i] = length;
            }
            compare(set, data, lengths, 8);
        }
    }
}

Test(challenge, neighbours_of_other_lengths_change_no_hash)
{
    static uint8_t data[LENGTH_MAX + ITEMS_MAX];
    struct rng rng;

    rng_init(&rng, 93);
    noise(data, sizeof data, 93);
    for (const struct set *set = sets(); set < sets() + SETS; set++) {
        for (size_t n = 0; set->runs && n <= ITEMS_MAX; n++) {
            size_t lengths[ITEMS_MAX];

            for (size_t i = 0; i < n; i++) {
                lengths[i] = rng_below(&rng, LENGTH_MAX + 1);
            }
            compare(set, data, lengths, n);
        }
    }
}

/* The challenge by other means: libsodium's hash and libsodium's reduction. */
static void challenge_slow(uint8_t k[SCALAR_BYTES], const struct sig_item *item)
{
    uint8_t input[96], hash[64];

    memcpy(input, item->signature, 32);
    memcpy(input + 32, item->key, 32);
    memcpy(input + 64, item->digest, 32);
    crypto_hash_sha512(hash, input, sizeof input);
    crypto_core_ed25519_scalar_reduce(k, hash);
}

Test(challenge, is_the_hash_modulo_l_for_any_number_of_items)
{
    static uint8_t data[128 * ITEMS_MAX + 1];

    noise(data, sizeof data, 94);
    for (const struct set *set = sets(); set < sets() + SETS; set++) {
        for (size_t n = 0; set->runs && n <= ITEMS_MAX; n++) {
            struct sig_item items[ITEMS_MAX];
            struct scalar k[ITEMS_MAX + 1];

            memset(k, 0xee, sizeof k);
            for (size_t i = 0; i < n; i++) {
                const uint8_t *at = data + 128 * i + 1; /* no alignment */
                items[i] = (struct sig_item){ .key = at, .digest = at + 32, .signature = at + 64 };
            }
            set->challenge(k, items, n);
            for (size_t i = 0; i < n; i++) {
                uint8_t expected[SCALAR_BYTES];

                challenge_slow(expected, &items[i]);
                cr_assert_arr_eq(k[i].limb, expected, SCALAR_BYTES, "%s: item %zu of %zu", set->name, i, n);
            }
            cr_assert_eq(k[n].limb[0], UINT64_C(0xeeeeeeeeeeeeeeee), "%s wrote beyond its %zu items", set->name, n);
        }
    }
}
