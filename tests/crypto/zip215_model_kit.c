/* zip215_model_kit.c: see the header. Clarity is all that counts here. */
#include "tests/crypto/zip215_model_kit.h"

#include <string.h>

static const struct model_number prime = { { 0xffffffed, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x7fffffff } };
static const struct model_number order = { { 0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0, 0, 0, 0x10000000 } };

struct model_number model_number_of(uint32_t value)
{
    return (struct model_number){ { value } };
}

struct model_number model_number_read(const uint8_t bytes[32])
{
    struct model_number out = { { 0 } };

    for (int i = 0; i < 32; i++) {
        out.word[i / 4] |= (uint32_t)bytes[i] << (8 * (i % 4));
    }
    return out;
}

void model_number_write(uint8_t bytes[32], const struct model_number *a)
{
    for (int i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)(a->word[i / 4] >> (8 * (i % 4)));
    }
}

bool model_number_equal(const struct model_number *a, const struct model_number *b)
{
    return memcmp(a->word, b->word, sizeof a->word) == 0;
}

static bool bit_of(const struct model_number *a, int bit)
{
    return (a->word[bit / 32] >> (bit % 32) & 1) == 1;
}

static bool is_below(const struct model_number *a, const struct model_number *b)
{
    for (int i = 7; i >= 0; i--) {
        if (a->word[i] != b->word[i]) {
            return a->word[i] < b->word[i];
        }
    }
    return false;
}

/* a - b modulo 2^256. */
static struct model_number minus(struct model_number a, const struct model_number *b)
{
    int64_t borrow = 0;

    for (int i = 0; i < 8; i++) {
        int64_t difference = (int64_t)a.word[i] - b->word[i] + borrow;
        a.word[i] = (uint32_t)difference;
        borrow = difference < 0 ? -1 : 0;
    }
    return a;
}

/* low + 38 high, twice, because 2^256 is 38 modulo p; then p as often as it goes. */
static struct model_number fold(const uint32_t wide[16])
{
    struct model_number out;
    uint64_t carry = 0;

    for (int i = 0; i < 8; i++) {
        carry += wide[i] + (uint64_t)38 * wide[i + 8];
        out.word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    for (int round = 0; round < 2; round++) { /* after the first round at most one more carry can come out */
        carry *= 38;
        for (int i = 0; i < 8; i++) {
            carry += out.word[i];
            out.word[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    while (!is_below(&out, &prime)) {
        out = minus(out, &prime);
    }
    return out;
}

struct model_number model_multiply(struct model_number a, struct model_number b)
{
    uint32_t wide[16] = { 0 };

    for (int i = 0; i < 8; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 8; j++) {
            carry += wide[i + j] + (uint64_t)a.word[i] * b.word[j];
            wide[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        wide[i + 8] = (uint32_t)carry;
    }
    return fold(wide);
}

struct model_number model_add(struct model_number a, struct model_number b)
{
    uint32_t wide[16] = { 0 };
    uint64_t carry = 0;

    for (int i = 0; i < 8; i++) {
        carry += (uint64_t)a.word[i] + b.word[i];
        wide[i] = (uint32_t)carry;
        carry >>= 32;
    }
    wide[8] = (uint32_t)carry;
    return fold(wide);
}

struct model_number model_subtract(struct model_number a, struct model_number b)
{
    b = model_add(b, model_number_of(0)); /* below p */
    return model_add(a, minus(prime, &b));
}

struct model_number model_power(struct model_number a, struct model_number exponent)
{
    struct model_number out = model_number_of(1);

    for (int bit = 255; bit >= 0; bit--) {
        out = model_multiply(out, out);
        if (bit_of(&exponent, bit)) {
            out = model_multiply(out, a);
        }
    }
    return out;
}

struct model_number model_invert(struct model_number a)
{
    struct model_number two = model_number_of(2);

    return model_power(a, minus(prime, &two));
}

static struct model_number shift_right(struct model_number a, int bits)
{
    for (int i = 0; i < 8; i++) {
        a.word[i] = a.word[i] >> bits | (i < 7 ? a.word[i + 1] << (32 - bits) : 0);
    }
    return a;
}

struct model_number model_exponent_p58(void)
{
    return shift_right(prime, 3); /* p is 5 modulo 8 */
}

struct model_number model_order(void)
{
    return order;
}

struct model_number model_reduce_order(const uint8_t bytes[64])
{
    struct model_number rest = { { 0 } };

    for (int bit = 511; bit >= 0; bit--) {
        uint32_t in = bytes[bit / 8] >> (bit % 8) & 1;
        for (int i = 0; i < 8; i++) {
            uint32_t out = rest.word[i] >> 31;
            rest.word[i] = rest.word[i] << 1 | in;
            in = out;
        }
        if (!is_below(&rest, &order)) {
            rest = minus(rest, &order);
        }
    }
    return rest;
}

struct model_number model_curve_d(void)
{
    static struct model_number d;

    if (d.word[0] == 0) {
        d = model_subtract(model_number_of(0), model_multiply(model_number_of(121665), model_invert(model_number_of(121666))));
    }
    return d;
}

/* The square root of -1: 2 is no square, so 2^((p - 1) / 2) = -1. */
static struct model_number root_of_minus_one(void)
{
    static struct model_number root;

    if (root.word[0] == 0) {
        root = model_power(model_number_of(2), shift_right(prime, 2));
    }
    return root;
}

struct model_point model_base(void)
{
    static struct model_point base;

    if (base.z.word[0] == 0) {
        uint8_t bytes[32];
        struct model_number y = model_multiply(model_number_of(4), model_invert(model_number_of(5)));
        model_number_write(bytes, &y);
        (void)model_point_decode(&base, bytes);
    }
    return base;
}

/* x3 = (x1 y2 + x2 y1) / (1 + w), y3 = (y1 y2 + x1 x2) / (1 - w), w = d x1 x2 y1 y2, with x = X / Z and y = Y / Z put in. */
struct model_point model_point_add(struct model_point a, struct model_point b)
{
    struct model_number z = model_multiply(a.z, b.z);
    struct model_number zz = model_multiply(z, z);
    struct model_number xx = model_multiply(a.x, b.x);
    struct model_number yy = model_multiply(a.y, b.y);
    struct model_number w = model_multiply(model_curve_d(), model_multiply(xx, yy));
    struct model_number plus = model_add(zz, w);
    struct model_number less = model_subtract(zz, w);
    struct model_number xy = model_add(model_multiply(a.x, b.y), model_multiply(b.x, a.y));

    return (struct model_point){
        .x = model_multiply(model_multiply(z, xy), less),
        .y = model_multiply(model_multiply(z, model_add(yy, xx)), plus),
        .z = model_multiply(plus, less),
    };
}

struct model_point model_point_negate(struct model_point a)
{
    a.x = model_subtract(model_number_of(0), a.x);
    return a;
}

struct model_point model_point_multiply(struct model_number k, struct model_point a)
{
    struct model_point out = { .x = model_number_of(0), .y = model_number_of(1), .z = model_number_of(1) };

    for (int bit = 255; bit >= 0; bit--) {
        out = model_point_add(out, out);
        if (bit_of(&k, bit)) {
            out = model_point_add(out, a);
        }
    }
    return out;
}

bool model_point_is_identity(struct model_point a)
{
    struct model_number zero = model_number_of(0);

    return model_number_equal(&a.x, &zero) && model_number_equal(&a.y, &a.z);
}

/* A square root of a square is a^((p + 3) / 8), or that times the root of -1. */
static bool square_root(struct model_number *out, struct model_number square)
{
    struct model_number exponent = shift_right(prime, 3);
    struct model_number check;

    exponent.word[0] += 1; /* (p - 5) / 8 + 1; no carry, as the lowest word is ...fd */
    *out = model_power(square, exponent);
    check = model_multiply(*out, *out);
    if (!model_number_equal(&check, &square)) {
        *out = model_multiply(*out, root_of_minus_one());
        check = model_multiply(*out, *out);
    }
    return model_number_equal(&check, &square);
}

bool model_point_decode(struct model_point *out, const uint8_t bytes[32])
{
    struct model_number y = model_number_read(bytes);
    struct model_number one = model_number_of(1);
    bool sign = bit_of(&y, 255);
    struct model_number yy, ratio;

    y.word[7] &= 0x7fffffff;
    y = model_add(y, model_number_of(0));
    yy = model_multiply(y, y);
    ratio = model_multiply(model_subtract(yy, one), model_invert(model_add(model_multiply(model_curve_d(), yy), one)));
    out->y = y;
    out->z = one;
    if (!square_root(&out->x, ratio)) {
        return false;
    }
    if (bit_of(&out->x, 0) != sign) {
        *out = model_point_negate(*out);
    }
    return true;
}

void model_point_encode(uint8_t bytes[32], struct model_point a)
{
    struct model_number inverse = model_invert(a.z);
    struct model_number x = model_multiply(a.x, inverse);
    struct model_number y = model_multiply(a.y, inverse);

    model_number_write(bytes, &y);
    bytes[31] |= (uint8_t)(x.word[0] << 7);
}

bool model_verify_hashed(const uint8_t key[32], const uint8_t signature[64], const uint8_t hash[64])
{
    struct model_number s = model_number_read(signature + 32);
    struct model_point a, r, sum;

    if (!is_below(&s, &order) || !model_point_decode(&a, key) || !model_point_decode(&r, signature)) {
        return false;
    }
    sum = model_point_multiply(s, model_base());
    sum = model_point_add(sum, model_point_negate(r));
    sum = model_point_add(sum, model_point_negate(model_point_multiply(model_reduce_order(hash), a)));
    return model_point_is_identity(model_point_multiply(model_number_of(8), sum));
}
