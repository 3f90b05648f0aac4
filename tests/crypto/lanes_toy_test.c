/* lanes_toy_test.c: the code that is written once over lanes (combs, doublings with windows, buckets, the last question) over a toy curve, exhaustively.
 *
 * A kernel of four lanes over GF(89) stands in for a backend's. The curve -x^2 + y^2 = 1 + 19 x^2 y^2 has 104 = 8 * 13 points, which form one
 * cycle: like the real one it has eight points of small order and a complete addition law. Its points are numbered as multiples of G = (5, 22), so what
 * any sum must be is arithmetic modulo 104. Scalars keep their real length: k stands for k + 104 j with any j that leaves it below 2^253.
 *
 * The shape does not allow: decoding (its exponent belongs to the real field), comparing encodings (its one inversion is done in the portable field),
 * and the joining of windows after a sum (done with portable points; here with toy ones). These are compared with the slow model instead. */
#include "tests/crypto/judge_kit.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#define LANES 4

enum { PRIME = 89, CURVE_D = 19, ORDER = 104, COFACTOR = 8, BASE_X = 5, BASE_Y = 22 };

struct lanes {
    uint32_t value[LANES]; /* below PRIME */
};

struct lanes_entry {
    _Alignas(64) uint32_t sum;
    uint32_t difference, product;
    uint32_t zero[29];
};

struct lanes_bucket {
    _Alignas(64) uint32_t x;
    uint32_t y, z, t;
};

#include "crypto/ed25519/lanes/direct.h"
#include "crypto/ed25519/lanes/sum.h"

/* --- The toy kernel ------------------------------------------------------------------------------------------------------- */

LANES_FN void lanes_check(const struct lanes *a, unsigned units)
{
    (void)units;
    for (unsigned i = 0; i < LANES; i++) {
        ASSERT(a->value[i] < PRIME);
    }
}

/* A constant of the curve stands for the toy curve's; 0 and 1 for themselves. */
static uint32_t toy_of(const struct field *a)
{
    static const struct {
        const struct field *constant;
        uint32_t value;
    } constants[] = { { &lanes_d, CURVE_D }, { &lanes_2d, 2 * CURVE_D }, { &lanes_half, (PRIME + 1) / 2 } };

    for (unsigned i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (memcmp(a, constants[i].constant, sizeof *a) == 0) {
            return constants[i].value;
        }
    }
    ASSERT(a->limb[0] <= 1);
    return (uint32_t)a->limb[0];
}

LANES_FN void lanes_broadcast(struct lanes *out, const struct field *a)
{
    uint32_t value = toy_of(a);

    for (unsigned i = 0; i < LANES; i++) {
        out->value[i] = value;
    }
    lanes_check(out, 1);
}

LANES_FN void lanes_get(struct field *out, const struct lanes *a, unsigned lane)
{
    *out = (struct field){ { a->value[lane] } };
}

LANES_FN void lanes_put(struct lanes *out, unsigned lane, const struct field *a)
{
    out->value[lane] = (uint32_t)a->limb[0];
}

LANES_FN void lanes_add(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    for (unsigned i = 0; i < LANES; i++) {
        out->value[i] = (a->value[i] + b->value[i]) % PRIME;
    }
}

LANES_FN void lanes_subtract(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    for (unsigned i = 0; i < LANES; i++) {
        out->value[i] = (a->value[i] + PRIME - b->value[i]) % PRIME;
    }
}

LANES_FN void lanes_carry(struct lanes *out, const struct lanes *a)
{
    *out = *a;
}

LANES_FN void lanes_ease(struct lanes *out, const struct lanes *a)
{
    *out = *a;
}

LANES_FN void lanes_multiply(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    for (unsigned i = 0; i < LANES; i++) {
        out->value[i] = a->value[i] * b->value[i] % PRIME;
    }
}

LANES_FN void lanes_square(struct lanes *out, const struct lanes *a)
{
    lanes_multiply(out, a, a);
}

LANES_FN void lanes_square_times(struct lanes *a, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        lanes_square(a, a);
    }
}

LANES_FN void lanes_square_times_pair(struct lanes *a, struct lanes *b, unsigned times)
{
    lanes_square_times(a, times);
    lanes_square_times(b, times);
}

LANES_FN void lanes_select(struct lanes *out, uint32_t bits, const struct lanes *a, const struct lanes *b)
{
    for (unsigned i = 0; i < LANES; i++) {
        out->value[i] = (bits >> i & 1) != 0 ? a->value[i] : b->value[i];
    }
}

LANES_FN uint32_t lanes_zero_bits(const struct lanes *a)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < LANES; i++) {
        bits |= (uint32_t)(a->value[i] == 0) << i;
    }
    return bits;
}

LANES_FN uint32_t lanes_odd_bits(const struct lanes *a)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < LANES; i++) {
        bits |= (a->value[i] & 1) << i;
    }
    return bits;
}

LANES_FN void lanes_from_bytes(struct lanes *out, const uint8_t *const bytes[LANES])
{
    for (unsigned i = 0; i < LANES; i++) {
        out->value[i] = bytes[i][0] % PRIME;
    }
}

LANES_FN void lanes_to_bytes(uint8_t bytes[LANES][FIELD_BYTES], const struct lanes *a)
{
    memset(bytes, 0, (size_t)LANES * FIELD_BYTES);
    for (unsigned i = 0; i < LANES; i++) {
        bytes[i][0] = (uint8_t)a->value[i];
    }
}

LANES_FN void lanes_entry_pack(struct lanes_entry *out, const struct point_affine *a)
{
    *out = (struct lanes_entry){ .sum = toy_of(&a->sum), .difference = toy_of(&a->difference), .product = toy_of(&a->product) };
}

LANES_FN void lanes_entry_scatter(struct lanes_entry *const out[LANES], const struct lanes_affine *a)
{
    for (unsigned i = 0; i < LANES; i++) {
        *out[i] = (struct lanes_entry){ .sum = a->sum.value[i], .difference = a->difference.value[i], .product = a->product.value[i] };
    }
}

LANES_FN void lanes_entry_gather(struct lanes_affine *out, const struct lanes_entry *const entry[LANES], uint32_t minus)
{
    for (unsigned i = 0; i < LANES; i++) {
        bool swap = (minus >> i & 1) != 0;
        out->sum.value[i] = swap ? entry[i]->difference : entry[i]->sum;
        out->difference.value[i] = swap ? entry[i]->sum : entry[i]->difference;
        out->product.value[i] = swap ? (PRIME - entry[i]->product) % PRIME : entry[i]->product;
    }
}

LANES_FN void lanes_entry_broadcast(struct lanes_affine *out, const struct lanes_entry *entry, uint32_t minus)
{
    const struct lanes_entry *const all[LANES] = { entry, entry, entry, entry };

    lanes_entry_gather(out, all, minus);
}

LANES_FN void lanes_bucket_gather(struct lanes_point *out, const struct lanes_bucket *const bucket[LANES])
{
    for (unsigned i = 0; i < LANES; i++) {
        out->x.value[i] = bucket[i]->x;
        out->y.value[i] = bucket[i]->y;
        out->z.value[i] = bucket[i]->z;
        out->t.value[i] = bucket[i]->t;
    }
}

LANES_FN void lanes_bucket_scatter(struct lanes_bucket *const bucket[LANES], const struct lanes_point *a)
{
    for (unsigned i = 0; i < LANES; i++) {
        *bucket[i] = (struct lanes_bucket){ .x = a->x.value[i], .y = a->y.value[i], .z = a->z.value[i], .t = a->t.value[i] };
    }
}

/* --- The toy group -------------------------------------------------------------------------------------------------------- */

/* multiple[i] is i G, by the affine law, in integers modulo PRIME; number_at[x][y] is that i, plus one. */
static struct toy_point {
    uint32_t x, y;
} multiple[ORDER];
static uint8_t number_at[PRIME][PRIME];
static uint32_t inverse_of[PRIME];

static uint32_t invert(uint32_t a)
{
    uint32_t out = 1;

    for (int i = 0; i < PRIME - 2; i++) {
        out = out * a % PRIME;
    }
    return out;
}

static struct toy_point toy_add(struct toy_point a, struct toy_point b)
{
    uint32_t w = a.x * b.x % PRIME * (a.y * b.y % PRIME) % PRIME * CURVE_D % PRIME;

    return (struct toy_point){ (a.x * b.y + a.y * b.x) % PRIME * invert((1 + w) % PRIME) % PRIME, (a.x * b.x + a.y * b.y) % PRIME * invert((1 + PRIME - w) % PRIME) % PRIME };
}

static void group_fill(void)
{
    const struct toy_point base = { BASE_X, BASE_Y };

    for (uint32_t i = 1; i < PRIME; i++) {
        inverse_of[i] = invert(i);
    }
    number_at[0][1] = 1;
    multiple[0] = (struct toy_point){ 0, 1 };
    for (unsigned i = 1; i < ORDER; i++) {
        multiple[i] = toy_add(multiple[i - 1], base);
        cr_assert_eq(number_at[multiple[i].x][multiple[i].y], 0, "the order of G is more than %u", i);
        number_at[multiple[i].x][multiple[i].y] = (uint8_t)(i + 1);
    }
    struct toy_point end = toy_add(multiple[ORDER - 1], base);
    cr_assert(end.x == 0 && end.y == 1, "the order of G is %d", ORDER);
}

TestSuite(lanes_toy, .init = group_fill);

static struct engine_entry entry_of_multiple(uint64_t i)
{
    const uint32_t half = (PRIME + 1) / 2;
    struct toy_point point = multiple[i % ORDER];
    struct engine_entry out;
    struct lanes_entry entry = {
        .sum = (point.y + point.x) * half % PRIME,
        .difference = (point.y + PRIME - point.x) * half % PRIME,
        .product = CURVE_D * (point.x * point.y % PRIME) % PRIME,
    };

    memcpy(&out, &entry, sizeof out);
    return out;
}

/* The number of a sum in projective coordinates, which must have a T that fits. */
static unsigned number_of(const struct lanes_point *a, unsigned lane)
{
    uint32_t x = a->x.value[lane], y = a->y.value[lane], z = a->z.value[lane];

    cr_assert_neq(z, 0);
    cr_assert_eq(a->t.value[lane] * z % PRIME, x * y % PRIME, "T fits");
    x = x * inverse_of[z] % PRIME;
    y = y * inverse_of[z] % PRIME;
    cr_assert_neq(number_at[x][y], 0, "a point of the curve");
    return number_at[x][y] - 1u;
}

static unsigned number_of_sum(const struct engine_sum *sum)
{
    const struct lanes_bucket *all[LANES];
    struct lanes_point point;

    for (unsigned i = 0; i < LANES; i++) {
        all[i] = (const struct lanes_bucket *)(const void *)sum;
    }
    lanes_bucket_gather(&point, all);
    return number_of(&point, 0);
}

/* i with a z of its own. */
static struct engine_sum sum_of_multiple(unsigned i)
{
    uint32_t z = 1 + i * 7 % (PRIME - 1);
    struct toy_point point = multiple[i % ORDER];
    struct lanes_bucket bucket = { .x = point.x * z % PRIME, .y = point.y * z % PRIME, .z = z, .t = point.x * point.y % PRIME * z % PRIME };
    struct engine_sum out;

    memset(&out, 0, sizeof out);
    memcpy(&out, &bucket, sizeof bucket);
    return out;
}

/* A scalar below 2^253 that is `small` modulo ORDER: itself in even rounds, one of full length in odd ones. */
static struct scalar scalar_of(unsigned small, uint64_t round)
{
    struct scalar out = { { small } };
    uint64_t factor[4] = { round * UINT64_C(0x9e3779b97f4a7c15), ~round, round * round + 1, round % 3 == 0 ? UINT64_MAX : round << 50 };
    unsigned __int128 carry = small;

    if (round % 2 == 0) {
        return out;
    }
    factor[3] %= UINT64_C(0x1fffffffffffffff) / ORDER;
    for (int i = 0; i < 4; i++) {
        carry += (unsigned __int128)factor[i] * ORDER;
        out.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return out;
}

/* Rounds to step over: none in release. ORDER and the step have no common divisor. */
static unsigned step(void)
{
    return case_stride() == 1 ? 1 : 45;
}

static unsigned modulo(int64_t value)
{
    return (unsigned)((value % ORDER + ORDER) % ORDER);
}

/* --- S B - k A ------------------------------------------------------------------------------------------------------------- */

static void comb_fill(struct engine_entry *entry, unsigned width, unsigned steps, unsigned point)
{
    uint64_t power = 1; /* 2^(width steps row) modulo ORDER */

    for (size_t row = 0; row < COMB_ROWS(width, steps); row++) {
        for (uint64_t d = 1; d <= UINT64_C(1) << (width - 1); d++) {
            entry[(row << (width - 1)) + d - 1] = entry_of_multiple(d * power % ORDER * point);
        }
        power = (power << width * steps) % ORDER;
    }
}

enum { GROUP = 6 }; /* items of a call: one group of lanes, and two that share another */

/* All k and s for one key. */
static void assert_direct(struct engine_comb key, unsigned a, struct engine_comb base, unsigned b)
{
    struct scalar k[GROUP], s[GROUP];
    struct engine_direct items[GROUP];
    struct engine_sum sums[GROUP];

    for (unsigned first = 0; first < ORDER * ORDER; first += GROUP * step()) {
        for (unsigned i = 0; i < GROUP; i++) {
            k[i] = scalar_of((first + i) % ORDER, first + i);
            s[i] = scalar_of((first + i) / ORDER % ORDER, first / 2 + i);
            items[i] = (struct engine_direct){ .key = key, .k = &k[i], .s = &s[i] };
        }
        engine_direct(sums, items, GROUP, base);
        for (unsigned i = 0; i < GROUP; i++) {
            int64_t expected = (int64_t)((first + i) / ORDER % ORDER) * b - (int64_t)((first + i) % ORDER) * a;
            cr_assert_eq(number_of_sum(&sums[i]), modulo(expected), "%u A and %u B, A = %u, B = %u, widths %u and %u", (first + i) % ORDER, (first + i) / ORDER, a, b, key.width, base.width);
        }
    }
}

Test(lanes_toy, combs_of_every_width_give_every_sum)
{
    static struct engine_entry entry[2][COMB_ENTRIES(10, 1)];
    static const unsigned keys[] = { 1, 13, 26, 52, 0, 8, 103 }; /* a generator, points of order 8, 4, 2 and 1, one of order 13, and -1 */

    for (unsigned width = 4; width <= ENGINE_COMB_WIDTH_MAX; width++) {
        for (size_t i = width % 2; i < sizeof keys / sizeof keys[0]; i += 2) {
            unsigned base_width = 4 + (width + (unsigned)i) % 7, b = i % 2 == 0 ? 1 : 8, steps = 1 + (width / 2 + (unsigned)i / 2) % ENGINE_COMB_STEPS_MAX;
            comb_fill(entry[0], width, steps, keys[i]);
            comb_fill(entry[1], base_width, 1, b);
            assert_direct((struct engine_comb){ entry[0], width, steps }, keys[i], (struct engine_comb){ entry[1], base_width, 1 }, b);
        }
    }
}

/* Four lanes with combs of different widths, or of different steps; those behind them take two lanes each, or one takes all four. */
enum { SHAPES = 6 };

Test(lanes_toy, combs_of_different_shapes_go_together)
{
    static struct engine_entry entry[SHAPES][COMB_ENTRIES(8, 1)];
    static const unsigned shapes[2][SHAPES][2] = { { { 4, 1 }, { 5, 1 }, { 6, 1 }, { 7, 1 }, { 8, 1 }, { 5, 1 } }, { { 6, 4 }, { 6, 1 }, { 8, 1 }, { 6, 2 }, { 6, 3 }, { 6, 4 } } };
    struct scalar k[SHAPES], s[SHAPES];
    struct engine_direct items[SHAPES];
    struct engine_sum sums[SHAPES];

    for (unsigned way = 0; way < 2; way++) {
        const unsigned(*shape)[2] = shapes[way];
        for (unsigned i = 0; i < SHAPES; i++) {
            comb_fill(entry[i], shape[i][0], shape[i][1], 4 + i);
        }
        for (unsigned round = 0; round < ORDER * ORDER; round += step()) {
            unsigned n = SHAPES - round % 2;

            for (unsigned i = 0; i < n; i++) {
                k[i] = scalar_of((round + i) % ORDER, round + i);
                s[i] = scalar_of(round / ORDER, round + i + 1);
                items[i] = (struct engine_direct){ .key = { entry[i], shape[i][0], shape[i][1] }, .k = &k[i], .s = &s[i] };
            }
            engine_direct(sums, items, n, (struct engine_comb){ entry[1], shape[1][0], 1 }); /* the base is 5 G */
            for (unsigned i = 0; i < n; i++) {
                cr_assert_eq(number_of_sum(&sums[i]), modulo((int64_t)(round / ORDER) * 5 - (int64_t)((round + i) % ORDER) * (4 + i)), "round %u, item %u", round, i);
            }
        }
    }
}

Test(lanes_toy, doublings_with_windows_give_every_sum)
{
    struct engine_entry base[ENGINE_BASE_MULTIPLES], key[GROUP];
    struct scalar k[GROUP], s[GROUP];
    struct engine_pair items[GROUP];
    struct engine_sum sums[GROUP];

    for (unsigned i = 0; i < ENGINE_BASE_MULTIPLES; i++) {
        base[i] = entry_of_multiple(i + 1);
    }
    for (unsigned first = 0; first < ORDER * ORDER; first += GROUP * step()) {
        for (unsigned i = 0; i < GROUP; i++) {
            key[i] = entry_of_multiple(first / ORDER + 3 * i);
            k[i] = scalar_of((first + i) % ORDER, first + i);
            s[i] = scalar_of((first + i) / ORDER % ORDER, first / 2 + i);
            items[i] = (struct engine_pair){ .key = &key[i], .k = &k[i], .s = &s[i] };
        }
        engine_pairs(sums, items, GROUP, base);
        for (unsigned i = 0; i < GROUP; i++) {
            int64_t a = (first / ORDER + 3 * i) % ORDER;
            cr_assert_eq(number_of_sum(&sums[i]), modulo((int64_t)((first + i) / ORDER % ORDER) - (int64_t)((first + i) % ORDER) * a), "item %u", first + i);
        }
    }
}

/* The last question: [8](sum - point) = 0, for all pairs. */
Test(lanes_toy, difference_is_settled_for_every_pair)
{
    struct engine_sum sums[ORDER];
    struct engine_entry points[ORDER];
    const struct engine_sum *sum[ORDER];
    const struct engine_entry *point[ORDER];
    bool small[ORDER];

    for (unsigned i = 0; i < ORDER; i++) {
        sums[i] = sum_of_multiple(i);
        points[i] = entry_of_multiple(i);
    }
    for (unsigned shift = 0; shift < ORDER; shift++) {
        for (unsigned i = 0; i < ORDER; i++) {
            sum[i] = &sums[i];
            point[i] = &points[(i + shift) % ORDER];
        }
        engine_settle(small, sum, point, ORDER - shift % LANES);
        for (unsigned i = 0; i < ORDER - shift % LANES; i++) {
            cr_assert_eq(small[i], shift * COFACTOR % ORDER == 0, "%u and %u", i, (i + shift) % ORDER);
        }
    }
}

/* --- Sums of many terms ------------------------------------------------------------------------------------------------------ */

/* Joins the windows of one group of lanes to those below, with toy points: out = out 2^width + window, from the top window down. */
static int64_t join(const unsigned *window, unsigned windows, unsigned width)
{
    int64_t out = 0;

    for (unsigned i = windows; i-- > 0;) {
        out = (out * (1 << width) + window[i]) % ORDER;
    }
    return out;
}

/* engine_sum but for its last step. */
static unsigned toy_sum(const struct engine_terms *terms)
{
    unsigned width = terms->width, long_windows = DIGITS_WINDOWS(width, ENGINE_LONG_BITS), short_windows = DIGITS_WINDOWS(width, ENGINE_SHORT_BITS);
    unsigned windows = terms->long_count > 0 ? long_windows : short_windows;
    unsigned window[SUM_WINDOWS_MAX];
    struct digit_place long_place[LANES], short_place[LANES];
    struct lanes_point total;

    terms_prepare(terms, long_windows, short_windows);
    for (unsigned first = 0; first < windows; first += LANES) {
        for (unsigned i = 0; i < LANES; i++) {
            long_place[i] = digit_place_of(first + i, width, long_windows);
            short_place[i] = digit_place_of(first + i, width, short_windows);
        }
        buckets_clear(terms->buckets, 1u << (width - 1));
        buckets_fill(terms->buckets, terms, 0, terms->long_count, long_place);
        if (first < short_windows) {
            buckets_fill(terms->buckets, terms, terms->long_count, terms->count, short_place);
        }
        buckets_total(&total, terms->buckets, 1u << (width - 1));
        for (unsigned i = 0; i < LANES; i++) {
            window[first + i] = number_of(&total, i);
        }
    }
    return modulo(join(window, windows, width));
}

enum { TERMS = 5, LONG_TERMS = 2 };

/* A magnitude that is `small` modulo ORDER and as long as the place among the terms allows, in most rounds. */
static struct engine_term term_of(unsigned small, unsigned place, unsigned round)
{
    struct scalar scalar = scalar_of(small, place < LONG_TERMS ? round + place : 0);
    struct engine_term out = { .limb = { scalar.limb[0], scalar.limb[1], scalar.limb[2], scalar.limb[3], 0 }, .minus = (round + place) % 2 };

    if (place >= LONG_TERMS && round % 5 != 0) {
        out.limb[1] = (INT64_MAX - (uint64_t)round * ORDER) / ORDER * ORDER;
    }
    return out;
}

/* Pairs of magnitudes of a long and a short term, all of them in the narrowest windows, with further terms of either kind. */
static void assert_sums(unsigned width, struct lanes_bucket *buckets)
{
    struct engine_term term[TERMS];
    struct engine_entry point[TERMS];

    for (unsigned round = 0; round < ORDER * ORDER; round += step() * (width == 4 ? 1 : 4 * width + 1)) {
        struct engine_terms terms = { .term = term, .point = point, .long_count = LONG_TERMS, .count = TERMS, .width = width, .buckets = buckets };
        int64_t expected = 0;
        for (unsigned i = 0; i < TERMS; i++) {
            unsigned small = i == 0 ? round % ORDER : i == LONG_TERMS ? round / ORDER : (round + i * i) % ORDER;
            term[i] = term_of(small, i, round);
            point[i] = entry_of_multiple(round + 11 * i);
            expected += (term[i].minus != 0 ? -1 : 1) * (int64_t)small * ((round + 11 * i) % ORDER);
        }
        cr_assert_eq(toy_sum(&terms), modulo(expected), "width %u, round %u", width, round);
    }
}

Test(lanes_toy, buckets_of_every_width_give_every_sum)
{
    static struct lanes_bucket buckets[SUM_BUCKETS_MAX];

    for (unsigned width = 4; width <= ENGINE_WIDTH_MAX; width++) {
        assert_sums(width, buckets);
    }
}

/* --- Digits ------------------------------------------------------------------------------------------------------------------- */

/* The digits of a number are in range and add up to it: from the top, sum = sum 2^width + digit modulo 2^256. */
static void assert_digits(const uint64_t number[4], unsigned width, unsigned bits)
{
    unsigned windows = DIGITS_WINDOWS(width, bits);
    uint64_t offset[DIGITS_LIMBS], limb[DIGITS_LIMBS] = { number[0], number[1], number[2], number[3], 0 }, sum[4] = { 0 };

    digits_offset(offset, width, windows);
    digits_prepare(limb, offset);
    for (unsigned at = windows + 2; at-- > 0;) {
        int64_t digit = digit_at(limb, digit_place_of(at, width, windows));
        __int128 carry = digit;
        cr_assert(digit >= -(INT64_C(1) << (width - 1)) && digit <= INT64_C(1) << (width - 1), "digit %u of width %u", at, width);
        cr_assert(at < windows || digit == 0, "digit %u behind the last", at);
        for (unsigned i = 0; i < 4 && at < windows; i++) {
            carry += (__int128)((unsigned __int128)sum[i] << width);
            sum[i] = (uint64_t)carry;
            carry >>= 64;
        }
    }
    cr_assert_arr_eq(sum, number, sizeof sum, "width %u, %u bits, from %lx", width, bits, (unsigned long)number[0]);
}

/* value 2^shift, or that many ones below 2^bits with the value taken off. */
static void make_number(uint64_t number[4], uint64_t value, unsigned shift, unsigned bits, bool from_ones)
{
    uint64_t borrow = 0;

    memset(number, 0, 4 * sizeof number[0]);
    number[shift / 64] = value << shift % 64;
    if (shift % 64 != 0 && shift / 64 < 3) {
        number[shift / 64 + 1] = value >> (64 - shift % 64);
    }
    for (unsigned i = 0; i < 4 && from_ones; i++) {
        uint64_t ones = bits >= 64 * (i + 1) ? UINT64_MAX : bits > 64 * i ? (UINT64_C(1) << (bits - 64 * i)) - 1 : 0;
        uint64_t low = number[i] + borrow;
        borrow = low < borrow || ones < low ? 1 : 0;
        number[i] = ones - low;
    }
}

Test(lanes_toy, digits_add_up_for_every_pattern_of_eight_bits_anywhere)
{
    for (unsigned width = 4; width <= ENGINE_WIDTH_MAX; width++) {
        for (unsigned kind = 0; kind < 4; kind++) {
            unsigned bits = kind % 2 == 0 ? ENGINE_LONG_BITS : ENGINE_SHORT_BITS;
            for (unsigned shift = 0; shift + 8 <= bits; shift += case_stride() == 1 ? 1 : 9) {
                for (uint64_t value = shift % 8 == 0 ? 0 : 128; value < 256; value++) { /* those below 128 occur one place lower */
                    uint64_t number[4];
                    make_number(number, value, shift, bits, kind >= 2);
                    assert_digits(number, width, bits);
                }
            }
        }
    }
}

/* Functions of the headers whose shape a toy field does not fit. */
Test(lanes_toy, what_is_left_out_is_known)
{
    cr_assert(engine_match != NULL);
    cr_assert(engine_sum != NULL);
}
