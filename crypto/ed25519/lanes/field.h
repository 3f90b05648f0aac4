/* lanes/field.h: the contract of a vector of field elements, one of GF(2^255 - 19) in each lane. Each backend keeps it in its kernel.h.
 *
 * A backend's kernel.h first defines LANES and the structures below that are marked "of the backend", includes this header, and then defines
 * every function declared here as LANES_FN. The code for points, decoding, tables and sums (the other headers of this folder) is written
 * once against this contract and compiled into each backend's own translation unit, whose compiler flags name its instruction set.
 *
 * Bounds. A value is counted in *units*. One unit is what a multiplication gives ("tight"): limbs below the backend's LANES_TIGHT bounds. A value
 * of u units has limbs below u times those. Each function states how many units it takes and gives; these are bounds for the caller, so a backend
 * that cannot hold loose limbs may reduce within lanes_add and lanes_subtract and give less. Limbs may have signs; a backend without signs adds
 * multiples of p, for which its limbs have one unit more of room for each subtraction. Debug builds assert the limbs of every operand
 * with lanes_check; a release build pays nothing.
 *
 * Aliasing: an output may be any input, unless stated. Bits: bit i of a `uint32_t bits` belongs to lane i; higher ones are ignored on input and zero
 * on output. Timing: public data only ever comes here; nothing promises constant time, and no function's time depends on limbs. Pure.
 *
 * Memory. `struct lanes` is for computing. Between computations a point lies in one of two forms, one point each, in as few cache lines as
 * possible: an entry (affine: (y + x)/2, (y - x)/2, d x y; 128 bytes) is added to others, a bucket (extended X, Y, Z, T) gathers a sum.
 * Reading them for LANES different points is a transposition, which belongs to the backend. */
#ifndef WARD_CRYPTO_ED25519_LANES_FIELD_H
#define WARD_CRYPTO_ED25519_LANES_FIELD_H

#include "crypto/ed25519/ref/point.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANES_ENTRY_BYTES 128
#define LANES_FN static __attribute__((unused)) /* a test of one part need not use the others */
#define LANES_ALL ((uint32_t)((UINT64_C(1) << LANES) - 1)) /* every lane's bit */

/* Of the backend, before this header:
 *     LANES                  lanes of a vector: 1, 4 or 8
 *     struct lanes           LANES field elements
 *     struct lanes_entry     an affine point in memory, LANES_ENTRY_BYTES long, aligned to 64
 *     struct lanes_bucket    an extended point in memory, aligned to 32 or 64
 * All plain data: they may be copied, and zeroed bytes are legal limbs. */

/* Points in computation. */
struct lanes_point {
    struct lanes x, y, z, t; /* extended: x = X/Z, y = Y/Z, x y = T/Z; one unit each */
};

struct lanes_affine {
    struct lanes sum, difference, product; /* (y + x)/2, (y - x)/2, d x y; one unit, or eased */
};

_Static_assert(sizeof(struct lanes_entry) == LANES_ENTRY_BYTES, "an entry is two cache lines");

/* lanes_check stops a debug build when a limb is not below `units` times its tight bound. */
LANES_FN void lanes_check(const struct lanes *a, unsigned units);

/* lanes_broadcast puts one element into every lane; lanes_get reads one lane, lanes_put replaces it. Needs: tight (the field's), one unit
 * (get: up to four). Gives: tight, one unit. Not for inner loops. */
LANES_FN void lanes_broadcast(struct lanes *out, const struct field *a);
LANES_FN void lanes_get(struct field *out, const struct lanes *a, unsigned lane);
LANES_FN void lanes_put(struct lanes *out, unsigned lane, const struct field *a);

/* lanes_add gives a + b. Needs: six units together. Gives: the sum of the units. */
LANES_FN void lanes_add(struct lanes *out, const struct lanes *a, const struct lanes *b);

/* lanes_subtract gives a - b. Needs: a up to two units, b one. Gives: one unit more than a. */
LANES_FN void lanes_subtract(struct lanes *out, const struct lanes *a, const struct lanes *b);

/* lanes_carry gives the same values in one unit. Needs: up to six units. */
LANES_FN void lanes_carry(struct lanes *out, const struct lanes *a);

/* lanes_ease gives the same value as a good factor: of a product by a value of up to three units, or of a square. A backend whose products have room
 * copies, the others carry. Needs: up to three units. Gives: no more units than a, and what lanes_multiply calls eased. */
LANES_FN void lanes_ease(struct lanes *out, const struct lanes *a);

/* lanes_multiply. Needs: up to three units, one of the two factors eased or of one unit. Gives: one. */
LANES_FN void lanes_multiply(struct lanes *out, const struct lanes *a, const struct lanes *b);

/* lanes_square. Needs: eased, or one unit. Gives: one. */
LANES_FN void lanes_square(struct lanes *out, const struct lanes *a);

/* lanes_square_times gives a^(2^times) in place; the pair form does it for two independent vectors, interleaved as it suits the processor.
 * Needs: one unit, times > 0. Gives: one. */
LANES_FN void lanes_square_times(struct lanes *a, unsigned times);
LANES_FN void lanes_square_times_pair(struct lanes *a, struct lanes *b, unsigned times);

/* lanes_select takes each lane from a where its bit is set, from b where not. Gives: the greater units. */
LANES_FN void lanes_select(struct lanes *out, uint32_t bits, const struct lanes *a, const struct lanes *b);

/* lanes_zero_bits and lanes_odd_bits ask about the one representation below p. Needs: up to four units. */
LANES_FN uint32_t lanes_zero_bits(const struct lanes *a);
LANES_FN uint32_t lanes_odd_bits(const struct lanes *a);

/* lanes_from_bytes reads LANES encodings of 255 bits, little-endian; bit 255 is ignored, a value from p on is taken modulo p. Gives: one unit.
 * lanes_to_bytes writes the one representation below p, 32 bytes each. Needs: up to four units. */
LANES_FN void lanes_from_bytes(struct lanes *out, const uint8_t *const bytes[LANES]);
LANES_FN void lanes_to_bytes(uint8_t bytes[LANES][FIELD_BYTES], const struct lanes *a);

/* lanes_entry_pack writes one entry from the three elements of an affine point, halved already. */
LANES_FN void lanes_entry_pack(struct lanes_entry *out, const struct point_affine *a);

/* lanes_entry_scatter writes LANES entries. Needs: one unit each; the pointers differ. */
LANES_FN void lanes_entry_scatter(struct lanes_entry *const out[LANES], const struct lanes_affine *a);

/* lanes_entry_gather reads LANES entries, which need not differ, and negates the points of the lanes in `minus`: sum and difference swapped, product
 * negated. lanes_entry_broadcast reads one entry into all lanes. Gives: one unit, or eased. */
LANES_FN void lanes_entry_gather(struct lanes_affine *out, const struct lanes_entry *const entry[LANES], uint32_t minus);
LANES_FN void lanes_entry_broadcast(struct lanes_affine *out, const struct lanes_entry *entry, uint32_t minus);

/* lanes_bucket_gather reads LANES buckets, lanes_bucket_scatter writes them. Needs: one unit; scatter: the pointers differ. Gives: one unit. */
LANES_FN void lanes_bucket_gather(struct lanes_point *out, const struct lanes_bucket *const bucket[LANES]);
LANES_FN void lanes_bucket_scatter(struct lanes_bucket *const bucket[LANES], const struct lanes_point *a);

#endif
