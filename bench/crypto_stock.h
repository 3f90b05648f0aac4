/* crypto_stock.h: good signatures for `ward-bench crypto`, by keys of three kinds. */
#ifndef WARD_BENCH_CRYPTO_STOCK_H
#define WARD_BENCH_CRYPTO_STOCK_H

#include "crypto/ed25519.h"

#include <stddef.h>
#include <stdint.h>

#define STOCK_ITEMS 1024
#define STOCK_HOT_KEYS 16

/* Whose signatures. The kind says how many keys there are; what a verifier knows of them beforehand is the caller's to arrange. */
enum stock_keys {
    STOCK_DISTINCT, /* a key of its own for each */
    STOCK_HOT,      /* 16 keys in turn */
    STOCK_MEMBER    /* the members of a configuration in turn */
};

struct stock_items {
    uint8_t keys[STOCK_ITEMS][ED25519_KEY_BYTES]; /* the first keys_count are used, in order */
    uint8_t digests[STOCK_ITEMS][ED25519_DIGEST_BYTES];
    uint8_t signatures[STOCK_ITEMS][ED25519_SIGNATURE_BYTES];
    struct sig_item items[STOCK_ITEMS];
    size_t keys_count, items_count;
};

/* stock_items_fill signs items_count digests; item i is by key i modulo keys_count. The same number gives the same bytes.
 * Needs: 1 <= keys_count <= STOCK_ITEMS, items_count <= STOCK_ITEMS. Cost: a key pair for each key, a signature for each item, by libsodium. */
void stock_items_fill(struct stock_items *stock, size_t keys_count, size_t items_count, uint64_t number);

#endif
