/* point.h: points of the curve -x^2 + y^2 = 1 + d x^2 y^2 over GF(2^255 - 19), d = -121665/121666.
 *
 * The addition law used here is complete: it holds for every pair of points, those of small order included. Variable time: public
 * data only. Source: Hisil, Wong, Carter, Dawson, "Twisted Edwards curves revisited", 2008, sections 3.1 and 3.3. */
#ifndef WARD_CRYPTO_ED25519_REF_POINT_H
#define WARD_CRYPTO_ED25519_REF_POINT_H

#include "crypto/ed25519/ref/field.h"
#include "crypto/ed25519/ref/scalar.h"

#include <stddef.h>

#define POINT_BYTES 32
#define POINT_NORMALIZE_MAX 128
#define POINT_BASE_WIDTH 8    /* signed window of the base point */
#define POINT_BASE_ENTRIES 64 /* 1 B, 3 B, ... 127 B */

/* Extended coordinates: x = X/Z, y = Y/Z, x y = T/Z. All tight. */
struct point {
    struct field x, y, z, t;
};

/* A fixed point in the form in which it is added to others: y + x, y - x, 2 d x y, with Z = 1. All tight. */
struct point_affine {
    struct field sum, difference, product;
};

/* The odd multiples of the base point, entry i holding (2 i + 1) B. Made by tools/ed25519.py; a test derives it anew. */
extern const struct point_affine point_base_table[POINT_BASE_ENTRIES];

/* point_decode reads a point as ZIP-215 does: y may be p or more, and x = 0 may carry a set sign bit.
 * Gives: false, and an undefined point, when no x belongs to y. Cost: one square root. */
bool point_decode(struct point *out, const uint8_t bytes[POINT_BYTES]);

/* point_negate gives -a. */
void point_negate(struct point *out, const struct point *a);

/* point_multiply_add gives k a + s B, where B is the base point. Cost: 253 doublings, about 70 additions. */
void point_multiply_add(struct point *out, const struct scalar *k, const struct point *a, const struct scalar *s);

/* point_add gives a + b, point_double_times 2^times a. */
void point_add(struct point *out, const struct point *a, const struct point *b);
void point_double_times(struct point *out, const struct point *a, unsigned times);

/* point_normalize gives n points in affine form. Needs: n <= POINT_NORMALIZE_MAX. Cost: one inversion, and six multiplications for each. */
void point_normalize(struct point_affine *out, const struct point *a, size_t n);

/* point_base gives B. */
void point_base(struct point *out);

/* point_subtract gives a - b. */
void point_subtract(struct point *out, const struct point *a, const struct point *b);

/* point_is_identity tells whether a is the neutral element. */
bool point_is_identity(const struct point *a);

/* point_is_small tells whether [8] a is the neutral element. Cost: three doublings. */
bool point_is_small(const struct point *a);

#endif
