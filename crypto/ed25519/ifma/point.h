/* ifma/point.h: the addition of an entry, the one operation that sums of tables and of buckets are made of, in ifma's own words.
 *
 * The formula is that of lanes/point.h. Its sums and differences of products are made of uncarried columns, so that each is carried once instead
 * of three times. Bounds: a column is below 267 2^52; the multiple of p that a difference adds has limbs between 2^61 - 2^15 and 2^61. */
#ifndef WARD_CRYPTO_ED25519_IFMA_POINT_H
#define WARD_CRYPTO_ED25519_IFMA_POINT_H

#include "crypto/ed25519/ifma/kernel.h"

#define LANES_OWN_ADD_AFFINE

/* sum = a + b, difference = a - b, for columns. */
IFMA_INLINE void ifma_carry_both(struct lanes *sum, struct lanes *difference, const words a[IFMA_LIMBS], const words b[IFMA_LIMBS])
{
    words plus[IFMA_LIMBS], minus[IFMA_LIMBS];

#pragma GCC unroll 5
    for (int i = 0; i < IFMA_LIMBS; i++) {
        plus[i] = a[i] + b[i];
        minus[i] = a[i] + (words_set((IFMA_MASK - (i == 0 ? 18 : 0)) << 10) - b[i]);
    }
    ifma_carry(sum, plus);
    ifma_carry(difference, minus);
}

/* a + b, whose halves make half of everything, so that Z stands for 2 Z. Cost: seven multiplications. */
LANES_FN void point_add_affine(struct lanes_point *out, const struct lanes_point *a, const struct lanes_affine *b)
{
    struct lanes e, f, g, h, p, q;
    words c[IFMA_LIMBS], d[IFMA_LIMBS];

    ifma_subtract(&p, &a->y, &a->x);
    ifma_add(&q, &a->y, &a->x);
    ifma_columns(d, &p, &b->difference);
    ifma_columns(c, &q, &b->sum);
    ifma_carry_both(&h, &e, c, d);
    ifma_columns(d, &a->t, &b->product);
    ifma_carry_both(&g, &f, a->z.limb, d);
    ifma_multiply(&out->x, &f, &e);
    ifma_multiply(&out->y, &g, &h);
    ifma_multiply(&out->z, &f, &g);
    ifma_multiply(&out->t, &e, &h);
}

#endif
