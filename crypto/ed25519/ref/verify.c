/* verify.c: the rule itself: S < L, A and R on the curve, [8](S B - R - k A) = 0, with the multiplication by 8 last. */
#include "crypto/ed25519/ref/verify.h"

#include "crypto/ed25519/ref/point.h"

#include <string.h>

bool ref_verify_hashed(const uint8_t key[32], const uint8_t signature[64], const uint8_t hash[64])
{
    struct scalar k;

    scalar_from_wide(&k, hash);
    return ref_verify_reduced(key, signature, &k);
}

bool ref_verify_reduced(const uint8_t key[32], const uint8_t signature[64], const struct scalar *k)
{
    struct scalar s;
    struct point a, r, sum;

    if (!scalar_from_bytes(&s, signature + POINT_BYTES) || !point_decode(&a, key) || !point_decode(&r, signature)) {
        return false;
    }
    point_negate(&a, &a);
    point_multiply_add(&sum, k, &a, &s);
    point_subtract(&sum, &sum, &r);
    return point_is_small(&sum);
}

/* A point has one encoding that is canonical: y below p, and the sign bit of its x. The sign of x = 0 needs no care here, because
 * both points that have it are of small order. */
static bool is_canonical(const struct point *decoded, const uint8_t bytes[POINT_BYTES])
{
    uint8_t least[POINT_BYTES];

    field_to_bytes(least, &decoded->y);
    least[POINT_BYTES - 1] |= bytes[POINT_BYTES - 1] & 0x80;
    return memcmp(least, bytes, POINT_BYTES) == 0;
}

bool ref_key_is_strong(const uint8_t key[32])
{
    const struct scalar zero = { { 0 } };
    struct point a, multiple;

    if (!point_decode(&a, key) || !is_canonical(&a, key) || point_is_identity(&a)) {
        return false;
    }
    point_multiply_add(&multiple, &scalar_order, &a, &zero);
    return point_is_identity(&multiple);
}
