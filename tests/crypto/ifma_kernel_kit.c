/* ifma_kernel_kit.c: limbs are drawn at the bounds of what each kernel takes as often as at random, because the 52-bit multiplication drops what is above
 * without a word. */
#include "tests/crypto/ifma_kernel_kit.h"

#include "base/rng.h"
#include "crypto/ed25519/ifma/kernel.h"

#include <string.h>

enum { ROUNDS = 400 };

/* One element for each lane, as the portable field knows it. */
struct eight {
    struct field f[LANES];
};

static uint64_t draw_limb(struct rng *rng, uint64_t limit)
{
    switch (rng_below(rng, 8)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return limit - 1;
    case 3: return IFMA_MASK;
    case 4: return IFMA_MASK + 1;
    case 5: return limit - 1 - rng_below(rng, 1 << 15);
    default: return rng_below(rng, limit);
    }
}

static void draw(struct rng *rng, struct eight *out, struct lanes *vector, uint64_t limit)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        int all = rng_below(rng, 8) == 0; /* every limb as large as can be */
        for (int i = 0; i < FIELD_LIMBS; i++) {
            uint64_t limb = all ? limit - 1 : draw_limb(rng, limit);
            out->f[lane].limb[i] = limb;
            vector->limb[i][lane] = limb;
        }
    }
}

static int is_tight(const struct lanes *a)
{
    for (int i = 0; i < IFMA_LIMBS; i++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            if (a->limb[i][lane] >= IFMA_TIGHT_LIMIT) {
                return 0;
            }
        }
    }
    return 1;
}

static int same(const struct lanes *a, const struct eight *expected)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct field value;
        uint8_t ours[FIELD_BYTES], theirs[FIELD_BYTES];

        lanes_get(&value, a, lane);
        field_to_bytes(ours, &value);
        field_to_bytes(theirs, &expected->f[lane]);
        if (memcmp(ours, theirs, FIELD_BYTES) != 0) {
            return 0;
        }
    }
    return is_tight(a);
}

static int products(uint64_t seed)
{
    struct rng rng;
    struct eight a, b, expected;
    struct lanes x, y, out;

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        draw(&rng, &a, &x, IFMA_FACTOR_LIMIT);
        draw(&rng, &b, &y, IFMA_FACTOR_LIMIT);
        for (unsigned lane = 0; lane < LANES; lane++) {
            field_multiply(&expected.f[lane], &a.f[lane], &b.f[lane]);
        }
        lanes_multiply(&out, &x, &y);
        if (!same(&out, &expected)) {
            return 0;
        }
        lanes_multiply(&x, &x, &y); /* onto itself */
        if (memcmp(&x, &out, sizeof x) != 0) {
            return 0;
        }
    }
    return 1;
}

static int squares(uint64_t seed)
{
    struct rng rng;
    struct eight a, expected;
    struct lanes x, out;

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        draw(&rng, &a, &x, IFMA_FACTOR_LIMIT);
        for (unsigned lane = 0; lane < LANES; lane++) {
            field_square(&expected.f[lane], &a.f[lane]);
        }
        lanes_square(&out, &x);
        if (!same(&out, &expected)) {
            return 0;
        }
    }
    return 1;
}

static int repeated_squares(uint64_t seed)
{
    struct rng rng;
    struct eight a, b;
    struct lanes x, y, single;

    rng_init(&rng, seed);
    for (unsigned times = 1; times < 40; times++) {
        draw(&rng, &a, &x, IFMA_TIGHT_LIMIT);
        draw(&rng, &b, &y, IFMA_TIGHT_LIMIT);
        single = x;
        for (unsigned lane = 0; lane < LANES; lane++) {
            for (unsigned i = 0; i < times; i++) {
                field_square(&a.f[lane], &a.f[lane]);
                field_square(&b.f[lane], &b.f[lane]);
            }
        }
        lanes_square_times(&single, times);
        lanes_square_times_pair(&x, &y, times);
        if (!same(&single, &a) || !same(&x, &a) || !same(&y, &b)) {
            return 0;
        }
    }
    return 1;
}

static int sums_and_differences(uint64_t seed)
{
    struct rng rng;
    struct eight a, b, sum, difference;
    struct lanes x, y, out;

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        draw(&rng, &a, &x, IFMA_TIGHT_LIMIT);
        draw(&rng, &b, &y, IFMA_TIGHT_LIMIT);
        for (unsigned lane = 0; lane < LANES; lane++) {
            field_add(&sum.f[lane], &a.f[lane], &b.f[lane]);
            field_subtract(&difference.f[lane], &a.f[lane], &b.f[lane]);
        }
        lanes_add(&out, &x, &y);
        if (!same(&out, &sum)) {
            return 0;
        }
        lanes_subtract(&out, &x, &y);
        if (!same(&out, &difference)) {
            return 0;
        }
    }
    return 1;
}

static int carries(uint64_t seed)
{
    struct rng rng;
    struct eight a;
    struct lanes x;

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        draw(&rng, &a, &x, IFMA_FACTOR_LIMIT);
        lanes_carry(&x, &x);
        if (!same(&x, &a)) {
            return 0;
        }
    }
    return 1;
}

/* Elements around 0, p and 2p, with limbs that are not the least. */
static void draw_near_p(struct rng *rng, struct eight *out, struct lanes *vector)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct field *f = &out->f[lane];
        uint64_t low = rng_below(rng, 40);

        for (int i = 0; i < FIELD_LIMBS; i++) {
            f->limb[i] = rng_below(rng, 2) == 0 ? IFMA_MASK : draw_limb(rng, IFMA_TIGHT_LIMIT);
        }
        switch (rng_below(rng, 4)) {
        case 0: *f = (struct field){ { low, 0, 0, 0, 0 } }; break;
        case 1: *f = (struct field){ { IFMA_MASK - low, IFMA_MASK, IFMA_MASK, IFMA_MASK, IFMA_MASK } }; break;
        case 2: *f = (struct field){ { IFMA_MASK + 1 + low, IFMA_MASK, IFMA_MASK, IFMA_MASK, IFMA_MASK } }; break;
        default: break;
        }
        for (int i = 0; i < FIELD_LIMBS; i++) {
            vector->limb[i][lane] = f->limb[i];
        }
    }
}

static int questions_and_bytes(uint64_t seed)
{
    struct rng rng;
    struct eight a;
    struct lanes x, back;
    uint8_t bytes[LANES][FIELD_BYTES], expected[FIELD_BYTES];

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        const uint8_t *at[LANES];
        uint32_t zero = 0, odd = 0;

        draw_near_p(&rng, &a, &x);
        lanes_to_bytes(bytes, &x);
        for (unsigned lane = 0; lane < LANES; lane++) {
            zero |= (uint32_t)field_is_zero(&a.f[lane]) << lane;
            odd |= (uint32_t)field_is_odd(&a.f[lane]) << lane;
            field_to_bytes(expected, &a.f[lane]);
            if (memcmp(bytes[lane], expected, FIELD_BYTES) != 0) {
                return 0;
            }
            bytes[lane][31] |= (uint8_t)(rng_below(&rng, 2) << 7); /* bit 255 is ignored */
            at[lane] = bytes[lane];
        }
        lanes_from_bytes(&back, at);
        if (zero != lanes_zero_bits(&x) || odd != lanes_odd_bits(&x) || !same(&back, &a)) {
            return 0;
        }
    }
    return 1;
}

/* Encodings from p on, at any alignment. */
static int readings(uint64_t seed)
{
    struct rng rng;
    struct eight expected;
    struct lanes x;
    uint8_t bytes[LANES * (FIELD_BYTES + 1)];

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        const uint8_t *at[LANES];

        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = round % 2 == 0 ? 0xff : (uint8_t)rng_next(&rng);
        }
        for (unsigned lane = 0; lane < LANES; lane++) {
            bytes[lane * (FIELD_BYTES + 1)] = (uint8_t)rng_next(&rng);
            at[lane] = bytes + lane * (FIELD_BYTES + 1);
            field_from_bytes(&expected.f[lane], at[lane]);
        }
        lanes_from_bytes(&x, at);
        if (!same(&x, &expected)) {
            return 0;
        }
    }
    return 1;
}

static int selections(uint64_t seed)
{
    struct rng rng;
    struct eight a, b;
    struct lanes x, y, out;

    rng_init(&rng, seed);
    for (uint32_t bits = 0; bits <= LANES_ALL; bits++) {
        draw(&rng, &a, &x, IFMA_TIGHT_LIMIT);
        draw(&rng, &b, &y, IFMA_TIGHT_LIMIT);
        lanes_select(&out, bits, &x, &y);
        for (unsigned lane = 0; lane < LANES; lane++) {
            b.f[lane] = (bits >> lane & 1) != 0 ? a.f[lane] : b.f[lane];
            for (int i = 0; i < FIELD_LIMBS; i++) {
                if (out.limb[i][lane] != b.f[lane].limb[i]) {
                    return 0;
                }
            }
        }
    }
    return 1;
}

static int lanes_one_by_one(uint64_t seed)
{
    struct rng rng;
    struct eight a;
    struct lanes x, y;

    rng_init(&rng, seed);
    draw(&rng, &a, &x, IFMA_TIGHT_LIMIT);
    lanes_broadcast(&y, &a.f[0]);
    for (unsigned lane = 1; lane < LANES; lane++) {
        lanes_put(&y, lane, &a.f[lane]);
    }
    return memcmp(&x, &y, sizeof x) == 0 && same(&y, &a);
}

/* The affine point of lane i must be the one of entry i, with sum and difference swapped and the product negated in the lanes of `minus`. */
static int is_entry(const struct lanes_affine *got, const struct eight part[3], uint32_t minus)
{
    struct lanes product = got->product;
    struct eight expected[3];

    for (unsigned lane = 0; lane < LANES; lane++) {
        int swap = (minus >> lane & 1) != 0;

        expected[0].f[lane] = part[swap ? 1 : 0].f[lane];
        expected[1].f[lane] = part[swap ? 0 : 1].f[lane];
        expected[2].f[lane] = part[2].f[lane];
        if (swap) {
            field_negate(&expected[2].f[lane], &part[2].f[lane]);
        }
    }
    lanes_carry(&product, &product);
    return same(&got->sum, &expected[0]) && same(&got->difference, &expected[1]) && same(&product, &expected[2]);
}

static int entries(uint64_t seed)
{
    struct rng rng;
    struct eight part[3], first[3];
    struct lanes_affine affine;

    rng_init(&rng, seed);
    for (uint32_t minus = 0; minus <= LANES_ALL; minus++) {
        struct lanes_entry packed[LANES], scattered[LANES];
        const struct lanes_entry *from[LANES];
        struct lanes_entry *to[LANES];

        draw(&rng, &part[0], &affine.sum, IFMA_TIGHT_LIMIT);
        draw(&rng, &part[1], &affine.difference, IFMA_TIGHT_LIMIT);
        draw(&rng, &part[2], &affine.product, IFMA_TIGHT_LIMIT);
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct point_affine one = { part[0].f[lane], part[1].f[lane], part[2].f[lane] };
            lanes_entry_pack(&packed[lane], &one);
            to[lane] = &scattered[lane];
            from[lane] = &packed[lane];
            for (int i = 0; i < 3; i++) {
                first[i].f[lane] = part[i].f[0];
            }
        }
        lanes_entry_scatter(to, &affine);
        if (memcmp(packed, scattered, sizeof packed) != 0) {
            return 0;
        }
        lanes_entry_gather(&affine, from, minus);
        if (!is_entry(&affine, part, minus)) {
            return 0;
        }
        lanes_entry_broadcast(&affine, from[0], minus);
        if (!is_entry(&affine, first, minus)) {
            return 0;
        }
    }
    return 1;
}

static int buckets(uint64_t seed)
{
    struct rng rng;
    struct eight a;

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        struct lanes_point point, back;
        struct lanes_bucket bucket[LANES];
        const struct lanes_bucket *from[LANES];
        struct lanes_bucket *to[LANES];

        draw(&rng, &a, &point.x, IFMA_TIGHT_LIMIT);
        draw(&rng, &a, &point.y, IFMA_TIGHT_LIMIT);
        draw(&rng, &a, &point.z, IFMA_TIGHT_LIMIT);
        draw(&rng, &a, &point.t, IFMA_TIGHT_LIMIT);
        for (unsigned lane = 0; lane < LANES; lane++) {
            from[lane] = to[lane] = &bucket[(lane * 5 + (unsigned)round) % LANES];
        }
        lanes_bucket_scatter(to, &point);
        lanes_bucket_gather(&back, from);
        if (memcmp(&point, &back, sizeof point) != 0 || to[3]->word[7] != point.y.limb[2][3]) {
            return 0;
        }
    }
    return 1;
}

static const struct ifma_fact facts[IFMA_FACTS] = {
    { "products of factors at their bounds are those of the portable field, and tight", products },
    { "squares likewise", squares },
    { "repeated squares likewise, alone and in pairs", repeated_squares },
    { "sums and differences of tight values are tight", sums_and_differences },
    { "a carry makes any factor tight", carries },
    { "zero, odd and bytes are those of the least representation", questions_and_bytes },
    { "bytes are read modulo p, bit 255 ignored", readings },
    { "a selection takes each lane by its bit", selections },
    { "lanes are read and written one by one", lanes_one_by_one },
    { "entries are packed, scattered, gathered and broadcast, negated by their bit", entries },
    { "buckets come back as they were written", buckets },
};

const struct ifma_fact *IFMA_NAME(kernel_facts)(void)
{
    return facts;
}

#if defined(IFMA_MODEL)
void model_multiply_beyond(void)
{
    struct lanes a, b;

    lanes_broadcast(&a, &FIELD_ONE);
    b = a;
    b.limb[3][5] = IFMA_FACTOR_LIMIT;
    lanes_multiply(&a, &a, &b);
}

void model_add_beyond(void)
{
    struct lanes a, b;

    lanes_broadcast(&a, &FIELD_ONE);
    b = a;
    b.limb[4][7] = IFMA_TIGHT_LIMIT;
    lanes_add(&a, &a, &b);
}
#endif
