/* crypto_stock.c: see crypto_stock.h. */
#include "bench/crypto_stock.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/keys.h"

#include <sodium/randombytes.h>
#include <string.h>

_Static_assert(sizeof(struct hash32) == ED25519_DIGEST_BYTES, "a digest is a hash");

/* Pseudo-random bytes that differ for each (number, index, part). */
static void bytes_for(uint64_t number, uint64_t index, uint8_t part, uint8_t out[32])
{
    uint8_t seed[32] = { 0 };
    struct writer writer;

    writer_init(&writer, seed, sizeof seed);
    write_u64_le(&writer, number);
    write_u64_le(&writer, index);
    write_u8(&writer, part);
    randombytes_buf_deterministic(out, 32, seed);
}

void stock_items_fill(struct stock_items *stock, size_t keys_count, size_t items_count, uint64_t number)
{
    static struct sign_keypair pairs[STOCK_ITEMS];
    struct hash32 digest;
    uint8_t seed[32];

    ASSERT(keys_count >= 1);
    ASSERT(keys_count <= STOCK_ITEMS);
    ASSERT(items_count <= STOCK_ITEMS);
    stock->keys_count = keys_count;
    stock->items_count = items_count;
    for (size_t i = 0; i < keys_count; i++) {
        bytes_for(number, i, 0, seed);
        sign_keypair_from_seed(&pairs[i], seed);
        memcpy(stock->keys[i], pairs[i].public_key, ED25519_KEY_BYTES);
    }
    for (size_t i = 0; i < items_count; i++) {
        bytes_for(number, i, 1, digest.bytes);
        memcpy(stock->digests[i], digest.bytes, ED25519_DIGEST_BYTES);
        sign_digest(&pairs[i % keys_count], &digest, stock->signatures[i]);
        stock->items[i] = (struct sig_item){ stock->keys[i % keys_count], stock->digests[i], stock->signatures[i] };
    }
}
