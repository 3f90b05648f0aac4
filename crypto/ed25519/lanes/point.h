/* lanes/point.h: the addition law on vectors of points, over the contract of lanes/field.h.
 *
 * The law is complete: it holds for every pair of points, those of small order included, so that no lane ever needs a case of its own. The numbers
 * beside the lines are units. Source: Hisil, Wong, Carter, Dawson, "Twisted Edwards curves revisited", 2008, sections 3.1 and 3.3. */
#ifndef WARD_CRYPTO_ED25519_LANES_POINT_H
#define WARD_CRYPTO_ED25519_LANES_POINT_H

#include "crypto/ed25519/lanes/field.h"

/* A point that is added more than once: Y + X, Y - X, 2 Z, 2 d T. */
struct lanes_cached {
    struct lanes sum, difference, z2, t2d; /* the first two eased, z2 two units, t2d one */
};

static const struct field lanes_d = { { UINT64_C(0x34dca135978a3), UINT64_C(0x1a8283b156ebd), UINT64_C(0x5e7a26001c029), UINT64_C(0x739c663a03cbb), UINT64_C(0x52036cee2b6ff) } };
static const struct field lanes_2d = { { UINT64_C(0x69b9426b2f159), UINT64_C(0x35050762add7a), UINT64_C(0x3cf44c0038052), UINT64_C(0x6738cc7407977), UINT64_C(0x2406d9dc56dff) } };

static const struct field lanes_half = { { UINT64_C(0x7fffffffffff7), UINT64_C(0x7ffffffffffff), UINT64_C(0x7ffffffffffff), UINT64_C(0x7ffffffffffff), UINT64_C(0x3ffffffffffff) } }; /* (p + 1) / 2 = 2^254 - 9 */

LANES_FN void point_set_identity(struct lanes_point *out)
{
    lanes_broadcast(&out->x, &FIELD_ZERO);
    lanes_broadcast(&out->y, &FIELD_ONE);
    out->z = out->y;
    out->t = out->x;
}

/* Writes the entry of the neutral element. */
LANES_FN void entry_set_identity(struct lanes_entry *out)
{
    const struct point_affine identity = { lanes_half, lanes_half, FIELD_ZERO };

    lanes_entry_pack(out, &identity);
}

/* The last four products of every addition: X = E F, Y = G H, Z = F G, T = E H. Each has one of E and G, which are eased. */
static inline void point_finish(struct lanes_point *out, struct lanes *e, const struct lanes *f, struct lanes *g, const struct lanes *h)
{
    lanes_ease(e, e);
    lanes_ease(g, g);
    lanes_multiply(&out->x, f, e);
    lanes_multiply(&out->y, g, h);
    lanes_multiply(&out->z, f, g);
    lanes_multiply(&out->t, e, h);
}

#ifndef LANES_OWN_ADD_AFFINE /* a backend may bring its own */
/* a + b. The halves in b make half of everything, so that Z stands for 2 Z. Cost: seven multiplications. */
LANES_FN void point_add_affine(struct lanes_point *out, const struct lanes_point *a, const struct lanes_affine *b)
{
    struct lanes e, f, g, h, p, q;

    lanes_subtract(&p, &a->y, &a->x);           /* 2 */
    lanes_add(&q, &a->y, &a->x);                /* 2 */
    lanes_multiply(&p, &p, &b->difference);
    lanes_multiply(&q, &q, &b->sum);
    lanes_subtract(&e, &q, &p);                 /* 2 */
    lanes_add(&h, &q, &p);                      /* 2 */
    lanes_multiply(&p, &a->t, &b->product);
    lanes_subtract(&f, &a->z, &p);              /* 2 */
    lanes_add(&g, &a->z, &p);                   /* 2 */
    point_finish(out, &e, &f, &g, &h);
}
#endif

LANES_FN void point_cache(struct lanes_cached *out, const struct lanes_point *a)
{
    struct lanes d2;

    lanes_broadcast(&d2, &lanes_2d);
    lanes_add(&out->sum, &a->y, &a->x);
    lanes_subtract(&out->difference, &a->y, &a->x);
    lanes_ease(&out->sum, &out->sum);
    lanes_ease(&out->difference, &out->difference);
    lanes_add(&out->z2, &a->z, &a->z);
    lanes_multiply(&out->t2d, &a->t, &d2);
}

/* a + b, or a - b in the lanes of `minus`. Cost: eight multiplications. */
LANES_FN void point_add_cached(struct lanes_point *out, const struct lanes_point *a, const struct lanes_cached *b, uint32_t minus)
{
    struct lanes e, f, g, h, p, q, r, s;

    lanes_subtract(&p, &a->y, &a->x);                         /* 2 */
    lanes_add(&q, &a->y, &a->x);                              /* 2 */
    lanes_select(&r, minus, &b->sum, &b->difference);
    lanes_select(&s, minus, &b->difference, &b->sum);
    lanes_multiply(&p, &p, &r);
    lanes_multiply(&q, &q, &s);
    lanes_subtract(&e, &q, &p);                               /* 2 */
    lanes_add(&h, &q, &p);                                    /* 2 */
    lanes_multiply(&p, &a->t, &b->t2d);
    lanes_multiply(&q, &a->z, &b->z2);
    lanes_subtract(&r, &q, &p);                               /* 2 */
    lanes_add(&s, &q, &p);                                    /* 2 */
    lanes_select(&f, minus, &s, &r);
    lanes_select(&g, minus, &r, &s);
    point_finish(out, &e, &f, &g, &h);
}

/* 2 a, all four results with their signs changed, which is the same point. Does not read a->t. Cost: four squarings, four multiplications. */
LANES_FN void point_double(struct lanes_point *out, const struct lanes_point *a)
{
    struct lanes e, f, g, h, xx, yy, zz;

    lanes_square(&xx, &a->x);
    lanes_square(&yy, &a->y);
    lanes_square(&zz, &a->z);
    lanes_add(&e, &a->x, &a->y);      /* 2 */
    lanes_ease(&e, &e);
    lanes_square(&e, &e);
    lanes_add(&h, &xx, &yy);          /* 2 */
    lanes_subtract(&e, &h, &e);       /* 3: -2 X Y */
    lanes_ease(&h, &h);
    lanes_subtract(&g, &xx, &yy);     /* 2 */
    lanes_add(&zz, &zz, &zz);         /* 2 */
    lanes_add(&f, &zz, &g);           /* 4 */
    lanes_carry(&f, &f);              /* 1 */
    lanes_multiply(&out->x, &e, &f);
    lanes_multiply(&out->y, &g, &h);
    lanes_multiply(&out->z, &g, &f);
    lanes_multiply(&out->t, &e, &h);
}

/* 2^times a without T. Cost: four squarings, three multiplications for each. Needs: times > 0. */
LANES_FN void point_double_blind(struct lanes_point *a, unsigned times)
{
    struct lanes f, g, h, xx, yy, zz, e;

    for (unsigned i = 0; i < times; i++) {
        lanes_square(&xx, &a->x);
        lanes_square(&yy, &a->y);
        lanes_square(&zz, &a->z);
        lanes_add(&e, &a->x, &a->y);
        lanes_ease(&e, &e);
        lanes_square(&e, &e);
        lanes_add(&h, &xx, &yy);
        lanes_subtract(&e, &h, &e);
        lanes_ease(&h, &h);
        lanes_subtract(&g, &xx, &yy);
        lanes_add(&zz, &zz, &zz);
        lanes_add(&f, &zz, &g);
        lanes_carry(&f, &f);
        lanes_multiply(&a->x, &e, &f);
        lanes_multiply(&a->y, &g, &h);
        lanes_multiply(&a->z, &g, &f);
    }
}

/* Bits of the lanes whose point is the neutral element. (0, -1), of order two, has X = 0 as well. */
LANES_FN uint32_t point_identity_bits(const struct lanes_point *a)
{
    struct lanes difference;

    lanes_subtract(&difference, &a->y, &a->z); /* 2 */
    return lanes_zero_bits(&a->x) & lanes_zero_bits(&difference);
}

#endif
