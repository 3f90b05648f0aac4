/* lanes/engine.h: the functions of engine.h for the backend whose kernel.h was included before. */
#ifndef WARD_CRYPTO_ED25519_LANES_ENGINE_H
#define WARD_CRYPTO_ED25519_LANES_ENGINE_H

#include "crypto/ed25519/lanes/decode.h"
#include "crypto/ed25519/lanes/direct.h"
#include "crypto/ed25519/lanes/multiples.h"
#include "crypto/ed25519/lanes/sum.h"

_Static_assert(LANES <= ENGINE_LANES_MAX, "lanes");
_Static_assert(sizeof(struct lanes_bucket) <= sizeof(struct engine_sum), "a sum holds a bucket");
_Static_assert(sizeof(struct lanes_entry) == sizeof(struct engine_entry), "an entry is an entry");

static void engine_pack(struct engine_entry *out, const struct point_affine *a)
{
    struct point_affine half;

    field_multiply(&half.sum, &a->sum, &lanes_half);
    field_multiply(&half.difference, &a->difference, &lanes_half);
    field_multiply(&half.product, &a->product, &lanes_half);
    lanes_entry_pack((struct lanes_entry *)(void *)out, &half);
}

#define LANES_ENGINE(number, hash)                                                               \
    {                                                                                            \
        .backend = (number), .lanes = LANES, .buckets_bytes = SUM_BUCKETS_MAX * sizeof(struct lanes_bucket), \
        .challenge = (hash), .pack = engine_pack, .decode = engine_decode, .multiples = engine_multiples, .direct = engine_direct, .pairs = engine_pairs, \
        .match = engine_match, .settle = engine_settle, .sum = engine_sum,                       \
    }

#endif
