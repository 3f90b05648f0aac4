/* verify_model_fuzz.c: the portable rule, which defines the verdict of every backend, against the slow model, which is written from the equation.
 *
 * Input: choice u8, S or error 32, key 32, R 32, digest 32, torsion u8. Missing bytes are zero.
 *   choice bit 0   key is the input's bytes; else a key of one of four signers, with torsion added (low three bits of `torsion`)
 *   choice bit 1   R is the input's bytes; else an honest one of that signer, with torsion added (the next three bits)
 *   choice bit 2   S is the input's bytes; else the one that solves the equation for an honest R, plus the first seven bytes as an error
 *   choice bits 3, 4   the signer; bit 5: S is cut below 2^253, so that it is near L; bit 6: L is added to S */
#include "crypto/ed25519.h"

#include "crypto/ed25519/ref/verify.h"
#include "crypto/keys.h"
#include "tests/crypto/bent_kit.h"
#include "tests/crypto/zip215_model_kit.h"
#include "tests/fuzz/fuzz.h"

enum { INPUT_BYTES = 1 + 4 * 32 + 1 };

static void add_order(uint8_t s[32])
{
    const struct model_number order = model_order();
    uint8_t bytes[32];
    unsigned carry = 0;

    model_number_write(bytes, &order);
    for (int i = 0; i < 32; i++) {
        carry += (unsigned)s[i] + bytes[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* Gives: whether every part is the signer's own, so that the verdict is known beforehand. */
static bool build(struct bent *bent, const uint8_t input[INPUT_BYTES], int64_t *error)
{
    uint8_t choice = input[0], torsion = input[INPUT_BYTES - 1];

    *error = 0;
    for (int i = 0; i < 7; i++) {
        *error |= (int64_t)input[1 + i] << (8 * i);
    }
    bent_sign(bent, &(struct bend){ .signer = choice >> 3 & 3, .nonce = choice >> 3 & 3, .torsion_key = torsion & 7, .torsion_nonce = torsion >> 3 & 7, .error = *error });
    if ((choice & 1) != 0) {
        memcpy(bent->key, input + 33, 32);
    }
    if ((choice & 2) != 0) {
        memcpy(bent->signature, input + 65, 32);
    }
    if ((choice & 4) != 0) {
        memcpy(bent->signature + 32, input + 1, 32);
        bent->signature[63] &= (choice & 0x20) != 0 ? 0x1f : 0xff;
    }
    if ((choice & 0x40) != 0) {
        add_order(bent->signature + 32);
    }
    if ((choice & 0x80) != 0) {
        memcpy(bent->digest, input + 97, 32);
    }
    return (choice & 0xc7) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t input[INPUT_BYTES] = { 0 }, hash[64];
    struct bent bent;
    int64_t error;

    crypto_start();
    memcpy(input, data, size < sizeof input ? size : sizeof input);
    bool known = build(&bent, input, &error);
    bent_hash(&bent, hash);
    bool verdict = ref_verify_hashed(bent.key, bent.signature, hash);
    struct sig_item item = bent_item(&bent);
    CHECK(ed25519_verify(&item) == verdict);
    CHECK(!known || verdict == (error == 0));
    CHECK(model_verify_hashed(bent.key, bent.signature, hash) == verdict);
    return 0;
}
