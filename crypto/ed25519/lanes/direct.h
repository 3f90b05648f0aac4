/* lanes/direct.h: S B - k A for LANES signatures at once, from tables or by doublings, and what is asked of the result.
 *
 * Sums are kept one by one in buckets, so that the lanes of a later step can be filled with any of them. */
#ifndef WARD_CRYPTO_ED25519_LANES_DIRECT_H
#define WARD_CRYPTO_ED25519_LANES_DIRECT_H

#include "crypto/ed25519/engine.h"
#include "crypto/ed25519/lanes/digits.h"
#include "crypto/ed25519/lanes/point.h"

#include <string.h>

#define PAIRS_WIDTH 5 /* of the windows of both scalars where there are no tables */
#define PAIRS_TOP ENGINE_BASE_MULTIPLES
#define PAIRS_WINDOWS DIGITS_WINDOWS(PAIRS_WIDTH, ENGINE_LONG_BITS)

_Static_assert(PAIRS_TOP == 1 << (PAIRS_WIDTH - 1), "the base multiples are those of a window");

static inline struct lanes_bucket *bucket_of(struct engine_sum *sum)
{
    return (struct lanes_bucket *)(void *)sum;
}

static inline const struct lanes_entry *entry_of(const struct engine_entry *entry)
{
    return (const struct lanes_entry *)(const void *)entry;
}

/* Writes the first n lanes to sums[0] .. sums[n - 1]. */
static void sums_scatter(struct engine_sum *sums, const struct lanes_point *a, size_t n)
{
    struct engine_sum waste[LANES];
    struct lanes_bucket *bucket[LANES];

    for (size_t i = 0; i < LANES; i++) {
        bucket[i] = bucket_of(i < n ? &sums[i] : &waste[i]);
    }
    lanes_bucket_scatter(bucket, a);
}

/* Reads sums[0] .. sums[n - 1]; lanes behind the n-th get a copy of the last. */
static void sums_gather(struct lanes_point *out, const struct engine_sum *const *sums, size_t n)
{
    const struct lanes_bucket *bucket[LANES];

    for (size_t i = 0; i < LANES; i++) {
        bucket[i] = (const struct lanes_bucket *)(const void *)sums[i < n ? i : n - 1];
    }
    lanes_bucket_gather(out, bucket);
}

/* The scalars of LANES items, with digits of one width each. */
struct direct_scalars {
    uint64_t limb[LANES][DIGITS_LIMBS];
};

static void scalars_prepare(struct direct_scalars *out, const struct scalar *const scalar[LANES], const unsigned width[LANES])
{
    uint64_t offset[DIGITS_LIMBS];

    for (unsigned i = 0; i < LANES; i++) {
        if (i == 0 || width[i] != width[i - 1]) {
            digits_offset(offset, width[i], DIGITS_WINDOWS(width[i], ENGINE_LONG_BITS));
        }
        for (unsigned j = 0; j < 4; j++) {
            out->limb[i][j] = scalar[i]->limb[j];
        }
        out->limb[i][4] = 0;
        digits_prepare(out->limb[i], offset);
    }
}

/* --- By tables ----------------------------------------------------------------------------------------------------------------- *
 *
 * A few items would leave lanes idle, so each has `parts` neighbouring lanes, of which each adds a share of the rows of its combs:
 *
 *     3 items, 8 lanes, 2 parts    | 0: rows 0-21 | 0: 22-42 | 1: 0-21 | 1: 22-42 | 2: 0-21 | 2: 22-42 | idle | idle |
 *
 * The sum of an item is that of its lanes. */

#define COMB_AHEAD 4 /* entries looked up before one is used */

/* A multiplication in each lane: a share of the rows of a comb. Lane i has part i % parts. */
struct comb_lanes {
    struct engine_comb comb[LANES];
    const struct scalar *scalar[LANES];
    uint32_t minus; /* bits of the lanes whose product is subtracted */
    unsigned parts; /* a power of two, up to LANES */
};

/* An entry for each lane, and the lanes whose entry counts negatively. */
struct comb_entries {
    const struct lanes_entry *entry[LANES];
    uint32_t minus;
};

/* The way of LANES combs through their windows: step by step from the highest down, each through its rows. */
struct comb_way {
    const struct comb_lanes *lanes;
    struct direct_scalars scalars;
    struct lanes_entry identity;
    unsigned steps, width;               /* the most of all lanes; of the doublings between steps */
    unsigned rows[ENGINE_COMB_STEPS_MAX]; /* of each step: the most of the lanes that have it */
    unsigned windows[LANES];             /* of each comb: a division, so made once */
    unsigned share[LANES], first[LANES]; /* rows of each lane, which the last part may not have in full, and the first of them */
    bool is_even;                        /* all lanes go through the same windows */
    unsigned step, row;                  /* looked up next; row == rows[0] in step 0: none is left */
};

static void way_begin(struct comb_way *way, const struct comb_lanes *lanes)
{
    const struct engine_comb *comb = lanes->comb;
    unsigned width[LANES];

    way->lanes = lanes;
    way->steps = way->width = 0;
    way->is_even = lanes->parts == 1;
    for (unsigned step = 0; step < ENGINE_COMB_STEPS_MAX; step++) {
        way->rows[step] = 0;
    }
    for (unsigned i = 0; i < LANES; i++) {
        unsigned rows = (COMB_ROWS(comb[i].width, comb[i].steps) + lanes->parts - 1) / lanes->parts;

        ASSERT(comb[i].steps >= 1);
        ASSERT(comb[i].steps <= ENGINE_COMB_STEPS_MAX);
        ASSERT(comb[i].steps == 1 || way->width == 0 || way->width == comb[i].width);
        width[i] = comb[i].width;
        way->is_even &= comb[i].width == comb[0].width && comb[i].steps == comb[0].steps;
        way->windows[i] = COMB_WINDOWS(comb[i].width);
        way->share[i] = rows;
        way->first[i] = i % lanes->parts * rows;
        way->width = comb[i].steps > 1 ? comb[i].width : way->width;
        way->steps = comb[i].steps > way->steps ? comb[i].steps : way->steps;
        for (unsigned step = 0; step < comb[i].steps; step++) {
            way->rows[step] = rows > way->rows[step] ? rows : way->rows[step];
        }
    }
    way->step = way->steps - 1;
    way->row = 0;
    entry_set_identity(&way->identity);
    scalars_prepare(&way->scalars, lanes->scalar, width);
}

/* Finds the entries of the next row, has them brought near, and goes on. At the end of the way it leaves `out` as it is. */
static void way_look_up(struct comb_way *way, struct comb_entries *out)
{
    struct digit_place place = { 0, 0, 0, 0 };

    if (way->row == way->rows[way->step]) {
        if (way->step == 0) {
            return;
        }
        way->step--;
        way->row = 0;
    }
    out->minus = 0;
    for (unsigned i = 0; i < LANES; i++) {
        const struct engine_comb *comb = &way->lanes->comb[i];
        unsigned row = way->first[i] + way->row;
        if (i == 0 || !way->is_even) {
            unsigned window = way->step < comb->steps && way->row < way->share[i] ? row * comb->steps + way->step : way->windows[i];
            place = digit_place_of(window, comb->width, way->windows[i]);
        }
        int64_t digit = digit_at(way->scalars.limb[i], place);
        size_t magnitude = (size_t)(digit < 0 ? -digit : digit);

        out->entry[i] = digit == 0 ? &way->identity : entry_of(&comb->entry[((size_t)row << (comb->width - 1)) + magnitude - 1]);
        out->minus |= (uint32_t)(digit < 0) << i;
        __builtin_prefetch(out->entry[i]);
        __builtin_prefetch((const char *)out->entry[i] + 64);
    }
    way->row++;
}

/* Adds each lane's share of scalar times point. Needs: the sum so far is the identity where a comb has more than one step. */
static void comb_add(struct lanes_point *sum, const struct comb_lanes *lanes)
{
    struct comb_entries ahead[COMB_AHEAD];
    struct comb_way way;
    unsigned at = 0;

    way_begin(&way, lanes);
    for (unsigned i = 0; i < COMB_AHEAD; i++) { /* the ones behind the end of the way are never used */
        way_look_up(&way, &ahead[i]);
    }
    for (unsigned step = way.steps; step-- > 0;) {
        for (unsigned row = 0; row < way.rows[step]; row++) {
            struct comb_entries *now = &ahead[at++ % COMB_AHEAD];
            struct lanes_affine addend;

            lanes_entry_gather(&addend, now->entry, now->minus ^ lanes->minus);
            way_look_up(&way, now);
            point_add_affine(sum, sum, &addend);
        }
        if (step > 0) {
            point_double_blind(sum, way.width - 1);
            point_double(sum, sum);
        }
    }
}

/* Adds neighbouring lanes until the sums of items, one in each `parts` lanes, lie side by side from the first lane on. */
static void parts_join(struct lanes_point *sum, unsigned parts)
{
    for (; parts > 1; parts /= 2) {
        struct engine_sum each[LANES];
        const struct engine_sum *even[LANES], *odd[LANES];
        struct lanes_point right;
        struct lanes_cached cached;

        sums_scatter(each, sum, LANES);
        for (size_t i = 0; i < LANES; i++) {
            even[i] = &each[2 * i % LANES];
            odd[i] = &each[(2 * i + 1) % LANES];
        }
        sums_gather(sum, even, LANES);
        sums_gather(&right, odd, LANES);
        point_cache(&cached, &right);
        point_add_cached(sum, sum, &cached, 0);
    }
}

/* Gives: the lanes that each of `count` items gets. */
static unsigned parts_of(size_t count)
{
    unsigned parts = 1;

    while (2 * parts * count <= LANES) {
        parts *= 2;
    }
    return parts;
}

static void direct_group(struct engine_sum *sums, const struct engine_direct *items, size_t count, struct engine_comb base)
{
    unsigned parts = parts_of(count);
    struct comb_lanes key = { .minus = LANES_ALL, .parts = parts }, bases = { .minus = 0, .parts = parts };
    struct lanes_point sum;

    for (size_t i = 0; i < LANES; i++) {
        const struct engine_direct *item = &items[i / parts < count ? i / parts : count - 1];
        key.comb[i] = item->key;
        bases.comb[i] = base;
        key.scalar[i] = item->k;
        bases.scalar[i] = item->s;
    }
    point_set_identity(&sum);
    comb_add(&sum, &key); /* first, because of its doublings */
    comb_add(&sum, &bases);
    parts_join(&sum, parts);
    sums_scatter(sums, &sum, count);
}

static void engine_direct(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base)
{
    ASSERT(base.steps == 1);
    for (size_t i = 0; i < n; i += LANES) {
        direct_group(sums + i, items + i, n - i < LANES ? n - i : LANES, base);
    }
}

/* --- By doublings -------------------------------------------------------------------------------------------------------------- */

/* The multiples 0 A .. 16 A of the keys of LANES items, as cached points. */
struct pairs_table {
    struct lanes_bucket multiple[PAIRS_TOP + 1][LANES];
};

static void pairs_store(struct lanes_bucket row[LANES], const struct lanes_cached *cached)
{
    struct lanes_bucket *lane[LANES];
    struct lanes_point raw;

    for (unsigned i = 0; i < LANES; i++) {
        lane[i] = &row[i];
    }
    lanes_carry(&raw.x, &cached->sum);
    lanes_carry(&raw.y, &cached->difference);
    lanes_carry(&raw.z, &cached->z2);
    raw.t = cached->t2d;
    lanes_bucket_scatter(lane, &raw);
}

static void pairs_load(struct lanes_cached *out, const struct pairs_table *table, const size_t row[LANES])
{
    const struct lanes_bucket *lane[LANES];
    struct lanes_point raw;

    for (unsigned i = 0; i < LANES; i++) {
        lane[i] = &table->multiple[row[i]][i];
    }
    lanes_bucket_gather(&raw, lane);
    out->sum = raw.x;
    out->difference = raw.y;
    out->z2 = raw.z;
    out->t2d = raw.t;
}

static void pairs_table_fill(struct pairs_table *table, const struct lanes_entry *const key[LANES])
{
    struct lanes_affine affine;
    struct lanes_cached cached;
    struct lanes_point multiple;

    point_set_identity(&multiple);
    lanes_entry_gather(&affine, key, 0);
    for (unsigned i = 0; i <= PAIRS_TOP; i++) {
        point_cache(&cached, &multiple);
        pairs_store(table->multiple[i], &cached);
        point_add_affine(&multiple, &multiple, &affine);
    }
}

/* Adds digit times A, negated, and digit times B of window `at`. */
static void pairs_step(struct lanes_point *sum, const struct pairs_table *table, const struct direct_scalars scalars[2], unsigned at, const struct lanes_entry base[PAIRS_TOP + 1])
{
    struct digit_place place = digit_place_of(at, PAIRS_WIDTH, PAIRS_WINDOWS);
    const struct lanes_entry *entry[LANES];
    struct lanes_affine affine;
    struct lanes_cached cached;
    size_t row[LANES];
    uint32_t minus[2] = { 0, 0 };

    for (unsigned i = 0; i < LANES; i++) {
        int64_t k = digit_at(scalars[0].limb[i], place);
        int64_t s = digit_at(scalars[1].limb[i], place);

        row[i] = (size_t)(k < 0 ? -k : k);
        entry[i] = &base[s < 0 ? -s : s];
        minus[0] |= (uint32_t)(k >= 0) << i;
        minus[1] |= (uint32_t)(s < 0) << i;
    }
    pairs_load(&cached, table, row);
    point_add_cached(sum, sum, &cached, minus[0]);
    lanes_entry_gather(&affine, entry, minus[1]);
    point_add_affine(sum, sum, &affine);
}

static void pairs_group(struct engine_sum *sums, const struct engine_pair *items, size_t count, const struct lanes_entry base[PAIRS_TOP + 1])
{
    struct pairs_table table;
    struct direct_scalars scalars[2];
    const struct lanes_entry *key[LANES];
    const struct scalar *scalar[2][LANES];
    unsigned width[LANES];
    struct lanes_point sum;

    for (size_t i = 0; i < LANES; i++) {
        const struct engine_pair *item = &items[i < count ? i : count - 1];
        key[i] = entry_of(item->key);
        scalar[0][i] = item->k;
        scalar[1][i] = item->s;
        width[i] = PAIRS_WIDTH;
    }
    pairs_table_fill(&table, key);
    scalars_prepare(&scalars[0], scalar[0], width);
    scalars_prepare(&scalars[1], scalar[1], width);
    point_set_identity(&sum);
    for (unsigned at = PAIRS_WINDOWS; at-- > 0;) {
        point_double_blind(&sum, PAIRS_WIDTH - 1);
        point_double(&sum, &sum);
        pairs_step(&sum, &table, scalars, at, base);
    }
    sums_scatter(sums, &sum, count);
}

static void engine_pairs(struct engine_sum *sums, const struct engine_pair *items, size_t n, const struct engine_entry base[ENGINE_BASE_MULTIPLES])
{
    struct lanes_entry multiples[PAIRS_TOP + 1];

    entry_set_identity(&multiples[0]);
    for (unsigned i = 0; i < PAIRS_TOP; i++) {
        multiples[i + 1] = *entry_of(&base[i]);
    }
    for (size_t i = 0; i < n; i += LANES) {
        pairs_group(sums + i, items + i, n - i < LANES ? n - i : LANES, multiples);
    }
}

/* --- What is asked of the sums -------------------------------------------------------------------------------------------------- */

/* Inverts the first n lanes of a vector with one inversion. */
static void lanes_invert(struct lanes *a, size_t n)
{
    struct field lane[LANES], before[LANES], inverse;

    ASSERT(n >= 1);
    ASSERT(n <= LANES);
    for (unsigned i = 0; i < n; i++) {
        lanes_get(&lane[i], a, i);
        before[i] = i == 0 ? FIELD_ONE : inverse;
        field_multiply(&inverse, &before[i], &lane[i]);
    }
    field_invert_quick(&inverse, &inverse);
    for (unsigned i = (unsigned)n; i-- > 0;) {
        field_multiply(&before[i], &before[i], &inverse);
        field_multiply(&inverse, &inverse, &lane[i]);
        lanes_put(a, i, &before[i]);
    }
}

/* Compares the encodings of the sums of one vector, given the inverses of their Z. */
static void match_group(bool *equal, const struct lanes_point *sum, const struct lanes *inverse, const uint8_t *const *encoded, size_t count)
{
    uint8_t bytes[LANES][FIELD_BYTES];
    struct lanes x, y;
    uint32_t odd;

    lanes_multiply(&x, &sum->x, inverse);
    lanes_multiply(&y, &sum->y, inverse);
    odd = lanes_odd_bits(&x);
    lanes_to_bytes(bytes, &y);
    for (size_t i = 0; i < count; i++) {
        bytes[i][FIELD_BYTES - 1] |= (uint8_t)((odd >> i & 1) << 7);
        equal[i] = memcmp(bytes[i], encoded[i], FIELD_BYTES) == 0;
    }
}

/* Reads the sums of group `at` of n. Gives: how many lanes count. */
static size_t match_gather(struct lanes_point *out, const struct engine_sum *sums, size_t at, size_t n)
{
    const struct engine_sum *lane[LANES];
    size_t count = n - at * LANES < LANES ? n - at * LANES : LANES;

    for (size_t i = 0; i < count; i++) {
        lane[i] = &sums[at * LANES + i];
    }
    sums_gather(out, lane, count);
    return count;
}

/* Montgomery's trick: before[g] is the product of all Z of the vectors before g. */
static void engine_match(bool *equal, const struct engine_sum *sums, const uint8_t *const *encoded, size_t n, struct engine_sum *scratch)
{
    struct lanes *before = (struct lanes *)(void *)scratch;
    struct lanes_point sum;
    struct lanes product, inverse;
    size_t groups = (n + LANES - 1) / LANES;

    _Static_assert(sizeof(struct lanes) <= LANES * sizeof(struct engine_sum), "a vector fits the scratch of its lanes");
    lanes_broadcast(&product, &FIELD_ONE);
    for (size_t g = 0; g < groups; g++) {
        before[g] = product;
        (void)match_gather(&sum, sums, g, n);
        lanes_multiply(&product, &product, &sum.z);
    }
    lanes_invert(&product, n < LANES ? n : LANES);
    for (size_t g = groups; g-- > 0;) {
        size_t count = match_gather(&sum, sums, g, n);

        lanes_multiply(&inverse, &product, &before[g]);
        lanes_multiply(&product, &product, &sum.z);
        match_group(equal + g * LANES, &sum, &inverse, encoded + g * LANES, count);
    }
}

static void engine_settle(bool *small, const struct engine_sum *const *sums, const struct engine_entry *const *points, size_t n)
{
    for (size_t first = 0; first < n; first += LANES) {
        size_t count = n - first < LANES ? n - first : LANES;
        const struct lanes_entry *entry[LANES];
        struct lanes_affine affine;
        struct lanes_point sum;
        uint32_t bits;

        for (size_t i = 0; i < LANES; i++) {
            entry[i] = entry_of(points[first + (i < count ? i : count - 1)]);
        }
        sums_gather(&sum, sums + first, count);
        lanes_entry_gather(&affine, entry, LANES_ALL);
        point_add_affine(&sum, &sum, &affine);
        point_double_blind(&sum, 3);
        bits = point_identity_bits(&sum);
        for (size_t i = 0; i < count; i++) {
            small[first + i] = (bits >> i & 1) != 0;
        }
    }
}

#endif
