/* ref/kernel.h: the contract of lanes/field.h with one lane: the portable field of ref/field.h. A unit is its class "tight"; "loose" is nearly
 * eight units. */
#ifndef WARD_CRYPTO_ED25519_REF_KERNEL_H
#define WARD_CRYPTO_ED25519_REF_KERNEL_H

#include "crypto/ed25519/ref/field.h"

#define LANES 1

struct lanes {
    struct field f;
};

struct lanes_entry {
    _Alignas(64) struct field sum;
    struct field difference, product;
};

struct lanes_bucket {
    _Alignas(32) struct field x;
    struct field y, z, t;
};

#include "crypto/ed25519/lanes/field.h"

LANES_FN inline void lanes_check(const struct lanes *a, unsigned units)
{
    field_check(&a->f, units * FIELD_TIGHT_LIMIT);
}

LANES_FN inline void lanes_broadcast(struct lanes *out, const struct field *a)
{
    out->f = *a;
}

LANES_FN inline void lanes_get(struct field *out, const struct lanes *a, unsigned lane)
{
    (void)lane;
    field_carry(out, &a->f);
}

LANES_FN inline void lanes_put(struct lanes *out, unsigned lane, const struct field *a)
{
    (void)lane;
    out->f = *a;
}

LANES_FN inline void lanes_add(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    for (int i = 0; i < FIELD_LIMBS; i++) {
        out->f.limb[i] = a->f.limb[i] + b->f.limb[i];
    }
    lanes_check(out, 6);
}

/* Adds 2p, whose limbs are at least as great as tight ones. */
LANES_FN inline void lanes_subtract(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    const uint64_t low = (UINT64_C(1) << 52) - 38;
    const uint64_t high = (UINT64_C(1) << 52) - 2;

    lanes_check(a, 2);
    lanes_check(b, 1);
    out->f.limb[0] = a->f.limb[0] + low - b->f.limb[0];
    for (int i = 1; i < FIELD_LIMBS; i++) {
        out->f.limb[i] = a->f.limb[i] + high - b->f.limb[i];
    }
}

LANES_FN inline void lanes_carry(struct lanes *out, const struct lanes *a)
{
    lanes_check(a, 6);
    field_carry(&out->f, &a->f);
}

LANES_FN inline void lanes_ease(struct lanes *out, const struct lanes *a)
{
    *out = *a;
}

LANES_FN inline void lanes_multiply(struct lanes *out, const struct lanes *a, const struct lanes *b)
{
    lanes_check(a, 4);
    lanes_check(b, 4);
    field_multiply(&out->f, &a->f, &b->f);
}

LANES_FN inline void lanes_square(struct lanes *out, const struct lanes *a)
{
    lanes_check(a, 4);
    field_square(&out->f, &a->f);
}

LANES_FN inline void lanes_square_times(struct lanes *a, unsigned times)
{
    field_square_times(&a->f, &a->f, times);
}

LANES_FN inline void lanes_square_times_pair(struct lanes *a, struct lanes *b, unsigned times)
{
    for (unsigned i = 0; i < times; i++) { /* in turns, so that the processor works on one while the other's carries are on their way */
        field_square(&a->f, &a->f);
        field_square(&b->f, &b->f);
    }
}

LANES_FN inline void lanes_select(struct lanes *out, uint32_t bits, const struct lanes *a, const struct lanes *b)
{
    *out = (bits & 1) != 0 ? *a : *b;
}

LANES_FN inline uint32_t lanes_zero_bits(const struct lanes *a)
{
    return field_is_zero(&a->f) ? 1 : 0;
}

LANES_FN inline uint32_t lanes_odd_bits(const struct lanes *a)
{
    return field_is_odd(&a->f) ? 1 : 0;
}

LANES_FN inline void lanes_from_bytes(struct lanes *out, const uint8_t *const bytes[LANES])
{
    field_from_bytes(&out->f, bytes[0]);
}

LANES_FN inline void lanes_to_bytes(uint8_t bytes[LANES][FIELD_BYTES], const struct lanes *a)
{
    field_to_bytes(bytes[0], &a->f);
}

LANES_FN inline void lanes_entry_pack(struct lanes_entry *out, const struct point_affine *a)
{
    out->sum = a->sum;
    out->difference = a->difference;
    out->product = a->product;
}

LANES_FN inline void lanes_entry_scatter(struct lanes_entry *const out[LANES], const struct lanes_affine *a)
{
    out[0]->sum = a->sum.f;
    out[0]->difference = a->difference.f;
    out[0]->product = a->product.f;
}

LANES_FN inline void lanes_entry_broadcast(struct lanes_affine *out, const struct lanes_entry *entry, uint32_t minus)
{
    bool swap = (minus & 1) != 0;
    const struct lanes zero = { FIELD_ZERO };

    out->sum.f = swap ? entry->difference : entry->sum;
    out->difference.f = swap ? entry->sum : entry->difference;
    out->product.f = entry->product;
    if (swap) {
        lanes_subtract(&out->product, &zero, &out->product);
    }
}

LANES_FN inline void lanes_entry_gather(struct lanes_affine *out, const struct lanes_entry *const entry[LANES], uint32_t minus)
{
    lanes_entry_broadcast(out, entry[0], minus);
}

LANES_FN inline void lanes_bucket_gather(struct lanes_point *out, const struct lanes_bucket *const bucket[LANES])
{
    out->x.f = bucket[0]->x;
    out->y.f = bucket[0]->y;
    out->z.f = bucket[0]->z;
    out->t.f = bucket[0]->t;
}

LANES_FN inline void lanes_bucket_scatter(struct lanes_bucket *const bucket[LANES], const struct lanes_point *a)
{
    bucket[0]->x = a->x.f;
    bucket[0]->y = a->y.f;
    bucket[0]->z = a->z.f;
    bucket[0]->t = a->t.f;
}

#endif
