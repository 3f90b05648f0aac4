/* lanes/multiples.h: tables of multiples, LANES points side by side.
 *
 * The multiples of a lane's point are a chain of additions; runs of RUN of them are brought to affine form by one inversion. */
#ifndef WARD_CRYPTO_ED25519_LANES_MULTIPLES_H
#define WARD_CRYPTO_ED25519_LANES_MULTIPLES_H

#include "crypto/ed25519/engine.h"
#include "crypto/ed25519/lanes/direct.h"

#define RUN 32u

/* Reads the next n of LANES points; lanes behind the n-th get a copy of the last. */
static void points_put(struct lanes_point *out, const struct point *points, size_t n)
{
    point_set_identity(out);
    for (unsigned i = 0; i < LANES; i++) {
        const struct point *point = &points[i < n ? i : n - 1];
        lanes_put(&out->x, i, &point->x);
        lanes_put(&out->y, i, &point->y);
        lanes_put(&out->z, i, &point->z);
        lanes_put(&out->t, i, &point->t);
    }
}

/* Gives an affine point from an extended one and the inverse of its Z. */
static void affine_of(struct lanes_affine *out, const struct lanes_point *a, const struct lanes *inverse)
{
    struct lanes half, d2, x, y;

    lanes_broadcast(&half, &lanes_half);
    lanes_broadcast(&d2, &lanes_2d);
    lanes_multiply(&half, &half, inverse);
    lanes_multiply(&x, &a->x, &half);
    lanes_multiply(&y, &a->y, &half);
    lanes_multiply(&d2, &d2, &half);
    lanes_multiply(&out->product, &a->t, &d2);
    lanes_add(&out->sum, &y, &x);
    lanes_carry(&out->sum, &out->sum);
    lanes_subtract(&out->difference, &y, &x);
    lanes_carry(&out->difference, &out->difference);
}

/* Writes a run of `size` multiples of each lane: multiple i of lane j to out[j count + i], of the first n lanes alone. */
static void run_write(struct engine_entry *out, size_t count, const struct lanes_point *run, size_t size, size_t n)
{
    struct lanes before[RUN], product, inverse;
    struct lanes_affine affine;
    struct engine_entry waste[LANES];
    struct lanes_entry *entry[LANES];

    ASSERT(size <= RUN);
    lanes_broadcast(&product, &FIELD_ONE);
    for (size_t i = 0; i < size; i++) {
        before[i] = product;
        lanes_multiply(&product, &product, &run[i].z);
    }
    lanes_invert(&product, n);
    for (size_t i = size; i-- > 0;) {
        lanes_multiply(&inverse, &product, &before[i]);
        lanes_multiply(&product, &product, &run[i].z);
        affine_of(&affine, &run[i], &inverse);
        for (size_t j = 0; j < LANES; j++) {
            entry[j] = (struct lanes_entry *)(void *)(j < n ? &out[j * count + i] : &waste[j]);
        }
        lanes_entry_scatter(entry, &affine);
    }
}

static void engine_multiples(struct engine_entry *out, const struct point *points, size_t n, size_t count)
{
    struct lanes_point run[RUN], multiple;
    struct lanes_cached cached;

    for (size_t first = 0; first < n; first += LANES) {
        size_t lanes = n - first < LANES ? n - first : LANES;

        points_put(&multiple, points + first, lanes);
        point_cache(&cached, &multiple);
        for (size_t at = 0; at < count; at += RUN) {
            size_t size = count - at < RUN ? count - at : RUN;

            for (size_t i = 0; i < size; i++) {
                run[i] = multiple;
                point_add_cached(&multiple, &multiple, &cached, 0);
            }
            run_write(out + first * count + at, count, run, size, lanes);
        }
    }
}

#endif
