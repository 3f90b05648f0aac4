/* lanes/digits.h: signed digits of scalars, all windows at once by one addition.
 *
 * With an offset of 2^(width - 1) added at every window but the top one, the plain digits of the result, each less 2^(width - 1) except for the top
 * one, are signed digits of the number itself, from -2^(width - 1) to 2^(width - 1) - 1. The top digit takes the carry; with width windows >= bits + 1
 * it is at most 2^(width - 1). */
#ifndef WARD_CRYPTO_ED25519_LANES_DIGITS_H
#define WARD_CRYPTO_ED25519_LANES_DIGITS_H

#include "base/assert.h"

#include <stdbool.h>
#include <stdint.h>

/* Windows of `width` bits that hold a number below 2^bits. */
#define DIGITS_WINDOWS(width, bits) (((bits) + 1 + (width) - 1) / (width))

#define DIGITS_LIMBS 5 /* of a number whose digits are taken; the last is zero before and after */

/* digits_offset writes 2^(width - 1) at every window of `windows` but the top one. Needs: width windows <= 260. */
static inline void digits_offset(uint64_t offset[DIGITS_LIMBS], unsigned width, unsigned windows)
{
    for (unsigned i = 0; i < DIGITS_LIMBS; i++) {
        offset[i] = 0;
    }
    for (unsigned i = 0; i + 1 < windows; i++) {
        unsigned bit = width * i + width - 1;
        offset[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

/* digits_prepare adds the offset. Needs: the sum is below 2^256. */
static inline void digits_prepare(uint64_t limb[DIGITS_LIMBS], const uint64_t offset[DIGITS_LIMBS])
{
    uint64_t carry = 0;

    for (unsigned i = 0; i < DIGITS_LIMBS - 1; i++) {
        unsigned __int128 sum = (unsigned __int128)limb[i] + offset[i] + carry;
        limb[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    ASSERT(carry == 0);
}

/* Where a window lies, and what to subtract from it. */
struct digit_place {
    unsigned word, shift;
    int64_t mask, half;
};

/* digit_place_of gives the place of window `at`; beyond the last window, one whose digit is zero. */
static inline struct digit_place digit_place_of(unsigned at, unsigned width, unsigned windows)
{
    unsigned bit = width * at;

    if (at >= windows) {
        return (struct digit_place){ 0, 0, 0, 0 };
    }
    return (struct digit_place){
        bit / 64, bit % 64, (INT64_C(1) << width) - 1, at + 1 == windows ? 0 : INT64_C(1) << (width - 1),
    };
}

/* digit_at gives the digit of a prepared number. */
static inline int64_t digit_at(const uint64_t limb[DIGITS_LIMBS], struct digit_place place)
{
    uint64_t bits = limb[place.word] >> place.shift | limb[place.word + 1] << 1 << (63 - place.shift);

    return (int64_t)(bits & (uint64_t)place.mask) - place.half;
}

#endif
