/* hash_lanes_priv.h: BLAKE2b-256 of several inputs side by side: what hash_lanes.c calls, one function for each instruction set.
 *
 * Functions with the prefix avx2_ or avx512_ exist on x86-64 alone; model_ is the source of avx512_ in plain C. Pure. Threads: any.
 * Source: RFC 7693. */
#ifndef WARD_CRYPTO_HASH_LANES_PRIV_H
#define WARD_CRYPTO_HASH_LANES_PRIV_H

#include "crypto/hash.h"

#define HASH_LANES_MAX 8
#define HASH_PREFIX_MAX 64

/* What stands in front of every input: a tag, a tag and a hash, or one byte. Behind it are zeros. */
struct hash_prefix {
    size_t size; /* <= HASH_PREFIX_MAX */
    uint8_t bytes[HASH_PREFIX_MAX];
};

/* The state before the first block, without parameters. */
extern const uint64_t blake2b_start[8];

/* <set>_hash_lanes gives out[i] = BLAKE2b-256(prefix || inputs[i]) for as many inputs as the set has lanes: four, eight.
 * Cost: as many compressions, of all lanes at once, as the longest input needs blocks. */
void avx2_hash_lanes(struct hash32 *out, const struct hash_prefix *prefix, const struct bytes *inputs);
void avx512_hash_lanes(struct hash32 *out, const struct hash_prefix *prefix, const struct bytes *inputs);
void model_hash_lanes(struct hash32 *out, const struct hash_prefix *prefix, const struct bytes *inputs);

#endif
