/* coefficients.c: see coefficients.h. */
#include "crypto/ed25519/coefficients.h"

#include "base/assert.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_stream_chacha20.h>
#include <string.h>

#define ITEM_BYTES 128 /* key, signature, k: one block of BLAKE2b */
#define DRAW_AT_ONCE 64
#define DRAW_BYTES 16

_Static_assert(crypto_stream_chacha20_KEYBYTES == COEFFICIENT_KEY_BYTES, "key");

static void store_words(uint8_t *bytes, const uint64_t *words, int count)
{
    for (int i = 0; i < 8 * count; i++) {
        bytes[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
    }
}

static uint64_t load_word(const uint8_t bytes[8])
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--) {
        value = value << 8 | bytes[i];
    }
    return value;
}

void coefficients_key(uint8_t key[COEFFICIENT_KEY_BYTES], const uint8_t seed[32], uint64_t counter, const struct coefficient_item *items, size_t n)
{
    crypto_generichash_blake2b_state state;
    uint8_t bytes[ITEM_BYTES];
    int code = crypto_generichash_blake2b_init(&state, seed, 32, COEFFICIENT_KEY_BYTES);

    ASSERT(code == 0);
    store_words(bytes, (const uint64_t[2]){ counter, n }, 2);
    (void)crypto_generichash_blake2b_update(&state, bytes, 16); /* none of these can fail */
    for (size_t i = 0; i < n; i++) {
        memcpy(bytes, items[i].key, 32);
        memcpy(bytes + 32, items[i].signature, 64);
        store_words(bytes + 96, items[i].k->limb, 4);
        (void)crypto_generichash_blake2b_update(&state, bytes, sizeof bytes);
    }
    (void)crypto_generichash_blake2b_final(&state, key, COEFFICIENT_KEY_BYTES);
}

void coefficients_draw(struct coefficient *out, size_t n, const uint8_t key[COEFFICIENT_KEY_BYTES])
{
    uint8_t stream[DRAW_AT_ONCE * DRAW_BYTES];

    for (size_t first = 0; first < n; first += DRAW_AT_ONCE) {
        size_t count = n - first < DRAW_AT_ONCE ? n - first : DRAW_AT_ONCE;
        uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

        store_words(nonce, (const uint64_t[1]){ first }, 1);
        (void)crypto_stream_chacha20(stream, count * DRAW_BYTES, nonce, key); /* cannot fail */
        for (size_t i = 0; i < count; i++) {
            uint64_t high = load_word(stream + DRAW_BYTES * i + 8);
            out[first + i] = (struct coefficient){ { load_word(stream + DRAW_BYTES * i), high << 1 >> 1 }, high >> 63 == 1 };
        }
    }
}
