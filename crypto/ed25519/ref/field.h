/* field.h: arithmetic in GF(2^255 - 19), portable, five limbs of 51 bits.
 *
 * An element is limb[0] + 2^51 limb[1] + ... + 2^204 limb[4], modulo p = 2^255 - 19; it has many representations. What a limb may
 * hold is part of every contract below and is asserted in debug builds:
 *
 *     tight   < 2^51 + 2^13    what multiplication gives
 *     medium  < 2^53 - 76      sums of up to three tight ones
 *     loose   < 2^54           what multiplication takes
 *
 * Aliasing: every output may be any of the inputs. Timing: constant, though only public data ever comes here. Pure. */
#ifndef WARD_CRYPTO_ED25519_REF_FIELD_H
#define WARD_CRYPTO_ED25519_REF_FIELD_H

#include "base/assert.h"

#include <stdbool.h>
#include <stdint.h>

#define FIELD_LIMBS 5
#define FIELD_BYTES 32
#define FIELD_LIMB_BITS 51
#define FIELD_TIGHT_LIMIT ((UINT64_C(1) << 51) + (UINT64_C(1) << 13))
#define FIELD_MEDIUM_LIMIT ((UINT64_C(1) << 53) - 76)
#define FIELD_LOOSE_LIMIT (UINT64_C(1) << 54)

struct field {
    uint64_t limb[FIELD_LIMBS];
};

#define FIELD_ZERO ((struct field){ { 0, 0, 0, 0, 0 } })
#define FIELD_ONE ((struct field){ { 1, 0, 0, 0, 0 } })

/* field_check stops a debug build when a limb reaches the limit. In release it is nothing. */
static inline void field_check(const struct field *a, uint64_t limit)
{
#ifdef WARD_DEBUG
    for (int i = 0; i < FIELD_LIMBS; i++) {
        ASSERT(a->limb[i] < limit);
    }
#else
    (void)a;
    (void)limit;
#endif
}

/* field_add adds without carrying. Needs: medium, medium. Gives: loose; medium when the inputs are tight. */
static inline void field_add(struct field *out, const struct field *a, const struct field *b)
{
    field_check(a, FIELD_MEDIUM_LIMIT);
    field_check(b, FIELD_MEDIUM_LIMIT);
    for (int i = 0; i < FIELD_LIMBS; i++) {
        out->limb[i] = a->limb[i] + b->limb[i];
    }
}

/* field_subtract subtracts without carrying; 4p is added so that no limb goes below zero. Needs: medium, medium. Gives: loose. */
static inline void field_subtract(struct field *out, const struct field *a, const struct field *b)
{
    const uint64_t low = (UINT64_C(1) << 53) - 76; /* the limbs of 4p */
    const uint64_t high = (UINT64_C(1) << 53) - 4;

    field_check(a, FIELD_MEDIUM_LIMIT);
    field_check(b, FIELD_MEDIUM_LIMIT);
    out->limb[0] = a->limb[0] + low - b->limb[0];
    for (int i = 1; i < FIELD_LIMBS; i++) {
        out->limb[i] = a->limb[i] + high - b->limb[i];
    }
}

/* field_negate gives -a. Needs: loose. Gives: tight. */
void field_negate(struct field *out, const struct field *a);

/* field_multiply and field_square. Needs: loose. Gives: tight. Cost: 25 and 15 word multiplications. */
void field_multiply(struct field *out, const struct field *a, const struct field *b);
void field_square(struct field *out, const struct field *a);

/* field_square_times gives a^(2^times). Needs: loose, times > 0. Gives: tight. */
void field_square_times(struct field *out, const struct field *a, unsigned times);

/* field_power_p58 gives a^((p - 5) / 8), the heart of a square root. Needs: loose. Gives: tight. Cost: 251 squarings, 11 multiplications. */
void field_power_p58(struct field *out, const struct field *a);

/* field_invert gives 1/a, and 0 for 0. Needs: loose. Gives: tight. Cost: that of field_power_p58 and a little. */
void field_invert(struct field *out, const struct field *a);

/* field_invert_quick gives the same. Its time depends on a: public values only. Cost: a third of that. */
void field_invert_quick(struct field *out, const struct field *a);

/* field_carry gives the same value. Needs: loose. Gives: tight. */
void field_carry(struct field *out, const struct field *a);

/* field_from_bytes reads 255 bits, little-endian, and ignores bit 255. A value from p to 2^255 - 1 is taken modulo p. Gives: tight. */
void field_from_bytes(struct field *out, const uint8_t bytes[FIELD_BYTES]);

/* field_to_bytes writes the one representation below p. Needs: loose. */
void field_to_bytes(uint8_t bytes[FIELD_BYTES], const struct field *a);

/* field_is_zero and field_is_odd ask about the one representation below p. Needs: loose. */
bool field_is_zero(const struct field *a);
bool field_is_odd(const struct field *a);

/* field_equal compares values, not representations. Needs: medium, medium. */
bool field_equal(const struct field *a, const struct field *b);

#endif
