/* zip215_model_kit.h: a slow model of ZIP-215, written from the curve's definition to judge the fast code.
 *
 * Numbers are eight 32-bit words, multiplied by the schoolbook. Points are homogeneous (X : Y : Z) and added by the affine law with
 * denominators multiplied out. The model computes every constant but p and L itself and shares no line with crypto/ed25519/. */
#ifndef WARD_TESTS_CRYPTO_ZIP215_MODEL_KIT_H
#define WARD_TESTS_CRYPTO_ZIP215_MODEL_KIT_H

#include <stdbool.h>
#include <stdint.h>

struct model_number {
    uint32_t word[8]; /* little-endian */
};

struct model_point {
    struct model_number x, y, z; /* below p; z not zero */
};

struct model_number model_number_of(uint32_t value);
struct model_number model_number_read(const uint8_t bytes[32]);
void model_number_write(uint8_t bytes[32], const struct model_number *a);
bool model_number_equal(const struct model_number *a, const struct model_number *b);

/* Arithmetic modulo p; operands may be any 256-bit numbers, results are below p. */
struct model_number model_add(struct model_number a, struct model_number b);
struct model_number model_subtract(struct model_number a, struct model_number b);
struct model_number model_multiply(struct model_number a, struct model_number b);
struct model_number model_power(struct model_number a, struct model_number exponent);
struct model_number model_invert(struct model_number a);

/* (p - 5) / 8 and L. */
struct model_number model_exponent_p58(void);
struct model_number model_order(void);

/* model_reduce_order gives a 512-bit number modulo L, by long division bit by bit. */
struct model_number model_reduce_order(const uint8_t bytes[64]);

struct model_number model_curve_d(void);
struct model_point model_base(void);
struct model_point model_point_add(struct model_point a, struct model_point b);
struct model_point model_point_negate(struct model_point a);
struct model_point model_point_multiply(struct model_number k, struct model_point a);
bool model_point_is_identity(struct model_point a);

/* model_point_decode reads as ZIP-215 does; false when no x belongs to y. */
bool model_point_decode(struct model_point *out, const uint8_t bytes[32]);
void model_point_encode(uint8_t bytes[32], struct model_point a);

/* model_verify_hashed is ZIP-215 word by word. */
bool model_verify_hashed(const uint8_t key[32], const uint8_t signature[64], const uint8_t hash[64]);

#endif
