/* lanes/sum.h: the sum of many multiples of points, by the method of Pippenger with signed windows.
 *
 * Each lane takes a window of its own: LANES windows go through all terms together, so every lane adds the same point, to a bucket that its
 * digit names, in a set of buckets that is the lane's alone. Then sum over digits d of d times bucket d, and the windows are joined by doublings.
 *
 *     buckets:  digit 0: lane 0, lane 1, ...   digit 1: lane 0, lane 1, ...   digit 2: ...      digit 0 takes what is not needed */
#ifndef WARD_CRYPTO_ED25519_LANES_SUM_H
#define WARD_CRYPTO_ED25519_LANES_SUM_H

#include "crypto/ed25519/engine.h"
#include "crypto/ed25519/lanes/digits.h"
#include "crypto/ed25519/lanes/point.h"

#define SUM_BUCKETS_MAX (((1u << (ENGINE_WIDTH_MAX - 1)) + 1) * LANES)
#define SUM_WINDOWS_MAX ((DIGITS_WINDOWS(4, ENGINE_LONG_BITS) + LANES - 1) / LANES * LANES)

static void buckets_clear(struct lanes_bucket *bucket, unsigned top)
{
    struct lanes_bucket *lane[LANES];
    struct lanes_point identity;

    point_set_identity(&identity);
    for (unsigned i = 0; i < LANES; i++) {
        lane[i] = &bucket[i];
    }
    lanes_bucket_scatter(lane, &identity);
    for (unsigned i = LANES; i < (top + 1) * LANES; i++) {
        bucket[i] = bucket[0];
    }
}

/* Adds the terms from `from` to `to` to the buckets of LANES windows. */
static void buckets_fill(struct lanes_bucket *bucket, const struct engine_terms *terms, size_t from, size_t to, const struct digit_place place[LANES])
{
    for (size_t t = from; t < to; t++) {
        const struct engine_term *term = &terms->term[t];
        struct lanes_bucket *mine[LANES];
        const struct lanes_bucket *mine_read[LANES];
        struct lanes_affine addend;
        struct lanes_point sum;
        uint32_t minus = term->minus != 0 ? LANES_ALL : 0;

        for (unsigned i = 0; i < LANES; i++) {
            int64_t digit = digit_at(term->limb, place[i]);
            int64_t sign = digit >> 63;
            mine_read[i] = mine[i] = &bucket[(uint64_t)((digit ^ sign) - sign) * LANES + i];
            minus ^= (uint32_t)(sign & 1) << i;
        }
        lanes_bucket_gather(&sum, mine_read);
        lanes_entry_broadcast(&addend, (const struct lanes_entry *)(const void *)&terms->point[t], minus);
        point_add_affine(&sum, &sum, &addend);
        lanes_bucket_scatter(mine, &sum);
    }
}

static void bucket_read(struct lanes_point *out, const struct lanes_bucket *bucket, unsigned digit)
{
    const struct lanes_bucket *lane[LANES];

    for (unsigned i = 0; i < LANES; i++) {
        lane[i] = &bucket[digit * LANES + i];
    }
    lanes_bucket_gather(out, lane);
}

/* Gives the sum of d times bucket d: from the top down, `running` holds the sum of the buckets so far, `total` the sum of all states of `running`. */
static void buckets_total(struct lanes_point *total, const struct lanes_bucket *bucket, unsigned top)
{
    struct lanes_point running, next;
    struct lanes_cached cached;

    bucket_read(&running, bucket, top);
    point_cache(&cached, &running);
    *total = running;
    for (unsigned d = top - 1; d > 0; d--) {
        bucket_read(&next, bucket, d);
        point_add_cached(&running, &next, &cached, 0);
        point_cache(&cached, &running);
        point_add_cached(total, total, &cached, 0);
    }
}

static void point_of_lane(struct point *out, const struct lanes_point *a, unsigned lane)
{
    lanes_get(&out->x, &a->x, lane);
    lanes_get(&out->y, &a->y, lane);
    lanes_get(&out->z, &a->z, lane);
    lanes_get(&out->t, &a->t, lane);
}

static void terms_prepare(const struct engine_terms *terms, unsigned long_windows, unsigned short_windows)
{
    uint64_t offset[DIGITS_LIMBS];

    digits_offset(offset, terms->width, long_windows);
    for (size_t i = 0; i < terms->long_count; i++) {
        digits_prepare(terms->term[i].limb, offset);
    }
    digits_offset(offset, terms->width, short_windows);
    for (size_t i = terms->long_count; i < terms->count; i++) {
        digits_prepare(terms->term[i].limb, offset);
    }
}

static void engine_sum(struct point *out, const struct engine_terms *terms)
{
    unsigned width = terms->width;
    unsigned long_windows = DIGITS_WINDOWS(width, ENGINE_LONG_BITS);
    unsigned short_windows = DIGITS_WINDOWS(width, ENGINE_SHORT_BITS);
    unsigned windows = terms->long_count > 0 ? long_windows : short_windows;
    unsigned top = 1u << (width - 1);
    struct digit_place long_place[LANES], short_place[LANES];
    struct point window[SUM_WINDOWS_MAX];
    struct lanes_point total;

    ASSERT(width >= 4);
    ASSERT(width <= ENGINE_WIDTH_MAX);
    terms_prepare(terms, long_windows, short_windows);
    for (unsigned first = 0; first < windows; first += LANES) {
        for (unsigned i = 0; i < LANES; i++) {
            long_place[i] = digit_place_of(first + i, width, long_windows);
            short_place[i] = digit_place_of(first + i, width, short_windows);
        }
        buckets_clear(terms->buckets, top);
        buckets_fill(terms->buckets, terms, 0, terms->long_count, long_place);
        if (first < short_windows) {
            buckets_fill(terms->buckets, terms, terms->long_count, terms->count, short_place);
        }
        buckets_total(&total, terms->buckets, top);
        for (unsigned i = 0; i < LANES; i++) {
            point_of_lane(&window[first + i], &total, i);
        }
    }
    *out = window[windows - 1];
    for (unsigned i = windows - 1; i-- > 0;) {
        point_double_times(out, out, width);
        point_add(out, out, &window[i]);
    }
}

#endif
