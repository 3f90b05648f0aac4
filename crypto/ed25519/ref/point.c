/* point.c: decoding, doubling, adding, and the double-scalar multiplication of verification.
 *
 * Three inner forms besides struct point:
 *     projective  x = X/Z, y = Y/Z                  enough to be doubled
 *     completed   x = X/Z, y = Y/T                  what doubling and adding give; two to four multiplications make the others
 *     addend      Y + X, Y - X, 2 Z, 2 d T          what is added often
 * Field operands stay within the bounds of field.h: the letters t, m, l beside a line give the class of its result. */
#include "crypto/ed25519/ref/point.h"

#include "base/assert.h"

struct point_projective {
    struct field x, y, z; /* tight */
};

struct point_completed {
    struct field x, y, z, t; /* loose */
};

struct point_addend {
    struct field sum, difference, z2, t2d; /* loose */
};

#define WINDOW_WIDTH 5 /* of the point that is not the base */
#define WINDOW_ENTRIES 8

static const struct field curve_d = { { UINT64_C(0x34dca135978a3), UINT64_C(0x1a8283b156ebd), UINT64_C(0x5e7a26001c029), UINT64_C(0x739c663a03cbb), UINT64_C(0x52036cee2b6ff) } };
static const struct field curve_2d = { { UINT64_C(0x69b9426b2f159), UINT64_C(0x35050762add7a), UINT64_C(0x3cf44c0038052), UINT64_C(0x6738cc7407977), UINT64_C(0x2406d9dc56dff) } };
static const struct field root_of_minus_one = { { UINT64_C(0x61b274a0ea0b0), UINT64_C(0x0d5a5fc8f189d), UINT64_C(0x7ef5e9cbd0c60), UINT64_C(0x78595a6804c9e), UINT64_C(0x2b8324804fc1d) } };

static void completed_to_projective(struct point_projective *out, const struct point_completed *a)
{
    field_multiply(&out->x, &a->x, &a->t);
    field_multiply(&out->y, &a->y, &a->z);
    field_multiply(&out->z, &a->z, &a->t);
}

static void completed_to_point(struct point *out, const struct point_completed *a)
{
    field_multiply(&out->x, &a->x, &a->t);
    field_multiply(&out->y, &a->y, &a->z);
    field_multiply(&out->z, &a->z, &a->t);
    field_multiply(&out->t, &a->x, &a->y);
}

static void projective_of_point(struct point_projective *out, const struct point *a)
{
    out->x = a->x;
    out->y = a->y;
    out->z = a->z;
}

static void addend_of_point(struct point_addend *out, const struct point *a)
{
    field_add(&out->sum, &a->y, &a->x);
    field_subtract(&out->difference, &a->y, &a->x);
    field_add(&out->z2, &a->z, &a->z);
    field_multiply(&out->t2d, &a->t, &curve_2d);
}

/* x' = 2 X Y / (Y^2 - X^2), y' = (Y^2 + X^2) / (2 Z^2 - Y^2 + X^2). */
static void projective_double(struct point_completed *out, const struct point_projective *a)
{
    struct field xx, yy, zz, root;

    field_square(&xx, &a->x);               /* t */
    field_square(&yy, &a->y);               /* t */
    field_square(&zz, &a->z);               /* t */
    field_add(&root, &a->x, &a->y);         /* m */
    field_square(&root, &root);             /* t */
    field_add(&out->y, &yy, &xx);           /* m */
    field_subtract(&out->z, &yy, &xx);      /* l */
    field_subtract(&out->x, &root, &out->y); /* l: (X + Y)^2 - X^2 - Y^2 = 2 X Y */
    field_add(&zz, &zz, &zz);               /* m */
    field_add(&zz, &zz, &xx);               /* m: three tight ones */
    field_subtract(&out->t, &zz, &yy);      /* l */
}

/* The last step of an addition, from the four products A = (Y1 - X1)(Y2 - X2), B = (Y1 + X1)(Y2 + X2), C = 2 d T1 T2, D = 2 Z1 Z2.
 * With `minus` the second point is negated: the caller has swapped its sum and difference, and C changes its sign here. */
static void addition_finish(struct point_completed *out, const struct field product[4], bool minus)
{
    const struct field *a = &product[0], *b = &product[1], *c = &product[2], *d = &product[3];

    field_subtract(&out->x, b, a); /* l */
    field_add(&out->y, b, a);      /* m */
    if (minus) {
        field_subtract(&out->z, d, c); /* l */
        field_add(&out->t, d, c);
    } else {
        field_add(&out->z, d, c);
        field_subtract(&out->t, d, c); /* l */
    }
}

/* a + b, or a - b with `minus`. */
static void point_add_addend(struct point_completed *out, const struct point *a, const struct point_addend *b, bool minus)
{
    struct field product[4], sum, difference;

    field_add(&sum, &a->y, &a->x);
    field_subtract(&difference, &a->y, &a->x);
    field_multiply(&product[0], &difference, minus ? &b->sum : &b->difference);
    field_multiply(&product[1], &sum, minus ? &b->difference : &b->sum);
    field_multiply(&product[2], &a->t, &b->t2d);
    field_multiply(&product[3], &a->z, &b->z2);
    addition_finish(out, product, minus);
}

/* The same for a point with Z = 1: D is 2 Z1, without a multiplication. */
static void point_add_affine(struct point_completed *out, const struct point *a, const struct point_affine *b, bool minus)
{
    struct field product[4], sum, difference;

    field_add(&sum, &a->y, &a->x);
    field_subtract(&difference, &a->y, &a->x);
    field_multiply(&product[0], &difference, minus ? &b->sum : &b->difference);
    field_multiply(&product[1], &sum, minus ? &b->difference : &b->sum);
    field_multiply(&product[2], &a->t, &b->product);
    field_add(&product[3], &a->z, &a->z); /* m */
    addition_finish(out, product, minus);
}

/* Solves x^2 = u / v. The candidate x = u v^3 (u v^7)^((p - 5) / 8) has v x^2 = u, or -u, where the root of -1 mends it, or u / v is
 * no square. Source: RFC 8032, section 5.1.3. */
static bool root_of_ratio(struct field *x, const struct field *u, const struct field *v)
{
    struct field v3, power, check, minus_u;

    field_square(&v3, v);
    field_multiply(&v3, &v3, v);
    field_square(&power, &v3);
    field_multiply(&power, &power, v);
    field_multiply(&power, &power, u);
    field_power_p58(&power, &power);
    field_multiply(x, &v3, u);
    field_multiply(x, x, &power);
    field_square(&check, x);
    field_multiply(&check, &check, v);
    if (field_equal(&check, u)) {
        return true;
    }
    field_negate(&minus_u, u);
    field_multiply(x, x, &root_of_minus_one);
    return field_equal(&check, &minus_u);
}

bool point_decode(struct point *out, const uint8_t bytes[POINT_BYTES])
{
    struct field u, v, yy;
    bool odd = bytes[POINT_BYTES - 1] >> 7 == 1;

    field_from_bytes(&out->y, bytes);
    field_square(&yy, &out->y);
    field_multiply(&v, &yy, &curve_d);
    field_add(&v, &v, &FIELD_ONE);  /* d y^2 + 1, m */
    field_negate(&u, &FIELD_ONE);
    field_add(&u, &yy, &u);         /* y^2 - 1, m */
    if (!root_of_ratio(&out->x, &u, &v)) {
        return false;
    }
    if (field_is_odd(&out->x) != odd) {
        field_negate(&out->x, &out->x); /* leaves x = 0 as it is, whatever the sign bit says */
    }
    out->z = FIELD_ONE;
    field_multiply(&out->t, &out->x, &out->y);
    return true;
}

void point_negate(struct point *out, const struct point *a)
{
    *out = *a;
    field_negate(&out->x, &a->x);
    field_negate(&out->t, &a->t);
}

/* The odd multiples a, 3 a, ... 15 a. */
static void window_table(struct point_addend table[WINDOW_ENTRIES], const struct point *a)
{
    struct point_projective projective;
    struct point_completed completed;
    struct point twice, next;

    projective_of_point(&projective, a);
    projective_double(&completed, &projective);
    completed_to_point(&twice, &completed);
    addend_of_point(&table[0], a);
    for (int i = 1; i < WINDOW_ENTRIES; i++) {
        point_add_addend(&completed, &twice, &table[i - 1], false);
        completed_to_point(&next, &completed);
        addend_of_point(&table[i], &next);
    }
}

/* The entry of an odd digit in a table of odd multiples. */
static size_t entry_of(int digit)
{
    return (size_t)((digit < 0 ? -digit : digit) / 2);
}

void point_multiply_add(struct point *out, const struct scalar *k, const struct point *a, const struct scalar *s)
{
    struct point_projective sum = { FIELD_ZERO, FIELD_ONE, FIELD_ONE };
    struct point_completed completed = { FIELD_ZERO, FIELD_ONE, FIELD_ONE, FIELD_ONE };
    struct point_addend table[WINDOW_ENTRIES];
    int8_t k_digits[SCALAR_DIGITS];
    int8_t s_digits[SCALAR_DIGITS];
    int top = SCALAR_DIGITS - 1;

    window_table(table, a);
    scalar_windows(k_digits, k, WINDOW_WIDTH);
    scalar_windows(s_digits, s, POINT_BASE_WIDTH);
    while (top > 0 && k_digits[top] == 0 && s_digits[top] == 0) {
        top--;
    }
    for (int i = top; i >= 0; i--) {
        struct point full;

        projective_double(&completed, &sum);
        if (k_digits[i] != 0) {
            completed_to_point(&full, &completed);
            point_add_addend(&completed, &full, &table[entry_of(k_digits[i])], k_digits[i] < 0);
        }
        if (s_digits[i] != 0) {
            completed_to_point(&full, &completed);
            point_add_affine(&completed, &full, &point_base_table[entry_of(s_digits[i])], s_digits[i] < 0);
        }
        completed_to_projective(&sum, &completed);
    }
    completed_to_point(out, &completed);
}

void point_add(struct point *out, const struct point *a, const struct point *b)
{
    struct point_addend addend;
    struct point_completed completed;

    addend_of_point(&addend, b);
    point_add_addend(&completed, a, &addend, false);
    completed_to_point(out, &completed);
}

void point_double_times(struct point *out, const struct point *a, unsigned times)
{
    struct point_projective projective;
    struct point_completed completed;

    *out = *a;
    projective_of_point(&projective, a);
    for (unsigned i = 0; i < times; i++) {
        projective_double(&completed, &projective);
        completed_to_projective(&projective, &completed);
    }
    if (times > 0) {
        completed_to_point(out, &completed);
    }
}

/* Montgomery's trick: the product of all Z is inverted, and the inverses come out one after the other from the last on. */
void point_normalize(struct point_affine *out, const struct point *a, size_t n)
{
    struct field before[POINT_NORMALIZE_MAX], inverse, x, y, z;

    ASSERT(n >= 1);
    ASSERT(n <= POINT_NORMALIZE_MAX);
    before[0] = FIELD_ONE;
    for (size_t i = 1; i < n; i++) {
        field_multiply(&before[i], &before[i - 1], &a[i - 1].z);
    }
    field_multiply(&inverse, &before[n - 1], &a[n - 1].z);
    field_invert(&inverse, &inverse);
    for (size_t i = n; i-- > 0;) {
        field_multiply(&z, &inverse, &before[i]);
        field_multiply(&inverse, &inverse, &a[i].z);
        field_multiply(&x, &a[i].x, &z);
        field_multiply(&y, &a[i].y, &z);
        field_add(&out[i].sum, &y, &x);
        field_carry(&out[i].sum, &out[i].sum);
        field_subtract(&out[i].difference, &y, &x);
        field_carry(&out[i].difference, &out[i].difference);
        field_multiply(&x, &x, &y);
        field_multiply(&out[i].product, &x, &curve_2d);
    }
}

/* From 2 y = sum + difference and 2 x = sum - difference of the table's first entry, with Z = 2. */
void point_base(struct point *out)
{
    const struct point_affine *base = &point_base_table[0];
    struct point twice; /* (2 X : 2 Y : 2), the same point */

    field_subtract(&twice.x, &base->sum, &base->difference);
    field_add(&twice.y, &base->sum, &base->difference);
    field_add(&twice.z, &FIELD_ONE, &FIELD_ONE);
    field_multiply(&out->t, &twice.x, &twice.y);
    field_multiply(&out->x, &twice.x, &twice.z);
    field_multiply(&out->y, &twice.y, &twice.z);
    field_multiply(&out->z, &twice.z, &twice.z);
}

void point_subtract(struct point *out, const struct point *a, const struct point *b)
{
    struct point_addend addend;
    struct point_completed completed;

    addend_of_point(&addend, b);
    point_add_addend(&completed, a, &addend, true);
    completed_to_point(out, &completed);
}

bool point_is_identity(const struct point *a)
{
    return field_is_zero(&a->x) && field_equal(&a->y, &a->z); /* (0, -1), of order two, has x = 0 as well */
}

bool point_is_small(const struct point *a)
{
    struct point_projective projective;
    struct point_completed completed;

    projective_of_point(&projective, a);
    for (int i = 0; i < 3; i++) {
        projective_double(&completed, &projective);
        completed_to_projective(&projective, &completed);
    }
    return field_is_zero(&projective.x) && field_equal(&projective.y, &projective.z);
}
