/* bent_kit.c: see bent_kit.h. Points are the model's, scalars libsodium's. */
#include "tests/crypto/bent_kit.h"

#include "tests/crypto/zip215_model_kit.h"

#include <sodium.h>
#include <string.h>

static void bytes_of_number(uint64_t number, void *out, size_t size)
{
    uint8_t seed[32] = { 0xbe };

    for (int i = 0; i < 8; i++) {
        seed[1 + i] = (uint8_t)(number >> (8 * i));
    }
    randombytes_buf_deterministic(out, size, seed);
}

static void scalar_by_number(uint64_t number, uint8_t scalar[32])
{
    uint8_t wide[64];

    bytes_of_number(number, wide, sizeof wide);
    crypto_core_ed25519_scalar_reduce(scalar, wide);
}

static void scalar_of(int64_t value, uint8_t scalar[32])
{
    uint64_t size = value < 0 ? (uint64_t)-value : (uint64_t)value;

    memset(scalar, 0, 32);
    for (int i = 0; i < 8; i++) {
        scalar[i] = (uint8_t)(size >> (8 * i));
    }
    if (value < 0) {
        crypto_core_ed25519_scalar_negate(scalar, scalar);
    }
}

/* A point of order eight: L times the first point of the curve, by y, that is not of smaller order after that. */
static struct model_point torsion_point(int multiple)
{
    static struct model_point eighth;
    static bool is_known;
    uint8_t bytes[32] = { 0 };

    while (!is_known) {
        struct model_point point;
        bytes[0]++;
        if (model_point_decode(&point, bytes)) {
            eighth = model_point_multiply(model_order(), point);
            is_known = !model_point_is_identity(model_point_multiply(model_number_of(4), eighth));
        }
    }
    return model_point_multiply(model_number_of((uint32_t)(multiple & 7)), eighth);
}

/* scalar B + torsion, encoded. */
static void encode(uint8_t out[32], const uint8_t scalar[32], int torsion)
{
    struct model_point point = model_point_multiply(model_number_read(scalar), model_base());

    model_point_encode(out, model_point_add(point, torsion_point(torsion)));
}

void bent_hash(const struct bent *bent, uint8_t hash[64])
{
    crypto_hash_sha512_state state;

    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, bent->signature, 32);
    crypto_hash_sha512_update(&state, bent->key, 32);
    crypto_hash_sha512_update(&state, bent->digest, 32);
    crypto_hash_sha512_final(&state, hash);
}

void bent_sign(struct bent *out, const struct bend *bend)
{
    uint8_t secret[32], nonce[32], k[32], hash[64], shift[32];

    scalar_by_number(3 * bend->signer + 1, secret);
    scalar_by_number(3 * bend->nonce + 2, nonce);
    bytes_of_number(3 * bend->nonce, out->digest, sizeof out->digest);
    scalar_of(bend->point, shift);
    crypto_core_ed25519_scalar_add(shift, shift, nonce);
    encode(out->key, secret, bend->torsion_key);
    encode(out->signature, shift, bend->torsion_nonce);
    bent_hash(out, hash);
    crypto_core_ed25519_scalar_reduce(k, hash);
    crypto_core_ed25519_scalar_mul(k, k, secret);
    crypto_core_ed25519_scalar_add(k, k, nonce);
    scalar_of(bend->error, shift);
    crypto_core_ed25519_scalar_add(out->signature + 32, k, shift);
}

struct sig_item bent_item(const struct bent *bent)
{
    return (struct sig_item){ .key = bent->key, .digest = bent->digest, .signature = bent->signature };
}
