/* invert.c: 1/a by division steps, in a third of the time of the power p - 2. How long it takes depends on a: public values only.
 *
 * A step takes (zeta, f, g), f odd, towards gcd(f, g): where g is odd and zeta < 0, first f and g change places, g with its sign changed, and zeta becomes
 * -zeta - 1; then an odd g gets f added, g is halved, and zeta falls by one. 62 steps look at the lowest 62 bits alone, so they are made on words; their
 * product, a matrix over 2^62, is then applied to the long numbers. Source: Bernstein, Yang, "Fast constant-time gcd computation and modular
 * inversion", 2019; with zeta = -(delta + 1/2) in the variant of Wuille that begins at delta = 1/2, 590 steps suffice below 2^256.
 *
 * Invariants, modulo p, for the input a:
 *   1. f = d a and g = e a. When g = 0, f is 1 or -1 (p for a = 0, where d is 0), so d is the inverse but for the sign.
 *   2. f and g are of at most p; each round adds at most p/2 to the larger of d and e, which begin at 1: below 8 p after ROUNDS_MAX. */
#include "crypto/ed25519/ref/field.h"

enum { LONG_LIMBS = 5, LIMB_BITS = 62, STEPS = LIMB_BITS, ROUNDS_MAX = 12, AT_ONCE = 6 };

#define LIMB_MASK ((UINT64_C(1) << LIMB_BITS) - 1)
#define INVERSE_OF_19 UINT64_C(0x86bca1af286bca1b) /* 1/19 modulo 2^64 */

_Static_assert(19 * INVERSE_OF_19 == 1, "an inverse");
_Static_assert(STEPS * ROUNDS_MAX >= 590, "the steps suffice");

typedef __int128 int128;

/* A number with sign: all limbs but the last are from 0 to 2^62 - 1. */
struct long_number {
    int64_t limb[LONG_LIMBS];
};

/* What 62 steps do: f becomes (u f + v g)/2^62, g becomes (q f + r g)/2^62. |u| + |v| and |q| + |r| are at most 2^62. */
struct steps {
    int64_t u, v, q, r;
};

/* Makes 62 steps on the low words. Gives: zeta behind them. */
static int64_t steps_make(struct steps *out, int64_t zeta, uint64_t f, uint64_t g)
{
    uint64_t u = 1, v = 0, q = 0, r = 1;

    for (unsigned left = STEPS;;) {
        unsigned zeros = (unsigned)__builtin_ctzll(g | UINT64_MAX << left); /* an even g is halved as often as it can be */

        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        zeta -= zeros;
        left -= zeros;
        if (left == 0) {
            break;
        }
        if (zeta < 0) {
            uint64_t old_f = f, old_u = u, old_v = v;
            zeta = -zeta - 1;
            f = g, g = -old_f;
            u = q, q = -old_u;
            v = r, r = -old_v;
        }
        /* The steps until zeta falls below zero make one addition: the multiple of f that clears so many bits of g. 1/f = f (2 - f^2) modulo 64. */
        unsigned clear = zeta + 1 < left ? (unsigned)zeta + 1 : left;
        uint64_t times = f * g * (f * f - 2) & ((UINT64_C(1) << (clear < AT_ONCE ? clear : AT_ONCE)) - 1);
        g += f * times;
        q += u * times;
        r += v * times;
    }
    *out = (struct steps){ (int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r };
    return zeta;
}

/* (u a + v b)/2^62, which is whole. */
static struct long_number combine(int64_t u, const struct long_number *a, int64_t v, const struct long_number *b)
{
    struct long_number out;
    int128 sum = (int128)u * a->limb[0] + (int128)v * b->limb[0];

    ASSERT(((uint64_t)sum & LIMB_MASK) == 0);
    for (int i = 1; i < LONG_LIMBS; i++) {
        sum = (sum >> LIMB_BITS) + (int128)u * a->limb[i] + (int128)v * b->limb[i];
        out.limb[i - 1] = (int64_t)((uint64_t)sum & LIMB_MASK);
    }
    out.limb[LONG_LIMBS - 1] = (int64_t)(sum >> LIMB_BITS);
    return out;
}

/* (u a + v b)/2^62 modulo p: with a multiple of p = 2^255 - 19 added, from -2^61 to 2^61 - 1 times, that clears the low bits. */
static struct long_number combine_modulo(int64_t u, const struct long_number *a, int64_t v, const struct long_number *b)
{
    struct long_number out;
    int128 sum = (int128)u * a->limb[0] + (int128)v * b->limb[0];
    int64_t times = (int64_t)((uint64_t)sum * INVERSE_OF_19 << (64 - LIMB_BITS)) >> (64 - LIMB_BITS);

    sum -= (int128)times * 19;
    ASSERT(((uint64_t)sum & LIMB_MASK) == 0);
    for (int i = 1; i < LONG_LIMBS; i++) {
        sum = (sum >> LIMB_BITS) + (int128)u * a->limb[i] + (int128)v * b->limb[i];
        if (i == LONG_LIMBS - 1) {
            sum += (int128)times * (1 << (255 - LIMB_BITS * (LONG_LIMBS - 1)));
        }
        out.limb[i - 1] = (int64_t)((uint64_t)sum & LIMB_MASK);
    }
    out.limb[LONG_LIMBS - 1] = (int64_t)(sum >> LIMB_BITS);
    return out;
}

static bool is_zero(const struct long_number *a)
{
    return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3] | a->limb[4]) == 0;
}

/* The one representation below p. */
static struct long_number long_of_field(const struct field *a)
{
    uint8_t bytes[FIELD_BYTES];
    uint64_t word[4];

    field_to_bytes(bytes, a);
    for (int i = 0; i < 4; i++) {
        word[i] = 0;
        for (int j = 7; j >= 0; j--) {
            word[i] = word[i] << 8 | bytes[8 * i + j];
        }
    }
    return (struct long_number){ {
        (int64_t)(word[0] & LIMB_MASK),
        (int64_t)((word[0] >> 62 | word[1] << 2) & LIMB_MASK),
        (int64_t)((word[1] >> 60 | word[2] << 4) & LIMB_MASK),
        (int64_t)((word[2] >> 58 | word[3] << 6) & LIMB_MASK),
        (int64_t)(word[3] >> 56),
    } };
}

/* a, or -a, for an a between -8 p and 8 p: 8 p = 2^258 - 152 is added to it. */
static void field_of_long(struct field *out, const struct long_number *a, bool minus)
{
    uint64_t word[LONG_LIMBS];
    int64_t carry = -152;

    for (int i = 0; i < LONG_LIMBS; i++) {
        carry += minus ? -a->limb[i] : a->limb[i];
        word[i] = (uint64_t)carry & (i < LONG_LIMBS - 1 ? LIMB_MASK : UINT64_MAX);
        carry >>= i < LONG_LIMBS - 1 ? LIMB_BITS : 0;
    }
    word[LONG_LIMBS - 1] += UINT64_C(1) << (258 - LIMB_BITS * (LONG_LIMBS - 1));
    ASSERT(word[LONG_LIMBS - 1] >> 11 == 0);
    for (int i = 0; i < FIELD_LIMBS; i++) {
        int at = FIELD_LIMB_BITS * i / LIMB_BITS, shift = FIELD_LIMB_BITS * i % LIMB_BITS;
        out->limb[i] = (word[at] >> shift | word[at + 1] << (LIMB_BITS - shift)) & ((UINT64_C(1) << FIELD_LIMB_BITS) - 1);
    }
    out->limb[0] += 19 * (word[LONG_LIMBS - 1] >> (255 - LIMB_BITS * (LONG_LIMBS - 1))); /* what lies beyond bit 254 */
    field_check(out, FIELD_TIGHT_LIMIT);
}

void field_invert_quick(struct field *out, const struct field *a)
{
    struct long_number f = { { (INT64_C(1) << LIMB_BITS) - 19, LIMB_MASK, LIMB_MASK, LIMB_MASK, 127 } }; /* p */
    struct long_number g = long_of_field(a), d = { { 0 } }, e = { { 1 } };
    int64_t zeta = -1;

    for (int i = 0; i < ROUNDS_MAX && !is_zero(&g); i++) {
        struct long_number old_f = f, old_d = d;
        struct steps steps;

        zeta = steps_make(&steps, zeta, (uint64_t)f.limb[0], (uint64_t)g.limb[0]);
        f = combine(steps.u, &f, steps.v, &g);
        g = combine(steps.q, &old_f, steps.r, &g);
        d = combine_modulo(steps.u, &d, steps.v, &e);
        e = combine_modulo(steps.q, &old_d, steps.r, &e);
    }
    ASSERT(is_zero(&g));
    field_of_long(out, &d, f.limb[LONG_LIMBS - 1] < 0);
}
