/* locator.h: where and what a document is, sealed to the patient's epoch key; all sealed locators are 509 bytes long.
 *
 *      0    1   version = 1
 *      1    4   kx_epoch, big-endian: which of the patient's epoch keys
 *      5   80   the record key, sealed to that key (crypto/seal.h)
 *     85   24   nonce
 *    109  384   ciphertext of the plaintext, XChaCha20-Poly1305 under the record key; bytes 0 to 84 are authenticated with it
 *    493   16   tag
 *
 *     plaintext   | length u16 big-endian | content <= 382 | zeros |      384 bytes in all, so that the size tells nothing
 *
 * Whoever was given the record key in a grant opens the locator without the patient's key. */
#ifndef WARD_CRYPTO_LOCATOR_H
#define WARD_CRYPTO_LOCATOR_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/seal.h"

#define LOCATOR_VERSION 1
#define LOCATOR_NONCE_BYTES 24
#define LOCATOR_PLAIN_BYTES 384
#define LOCATOR_CONTENT_MAX (LOCATOR_PLAIN_BYTES - 2)
#define LOCATOR_SEALED_BYTES 509

/* The randomness of one locator, all of it from random_fill, used once. */
struct locator_entropy {
    uint8_t record_key[SEAL_KEY_BYTES];
    uint8_t ephemeral_seed[32];
    uint8_t nonce[LOCATOR_NONCE_BYTES];
};

/* To whom it is sealed. */
struct locator_recipient {
    uint32_t kx_epoch;
    uint8_t public_key[32]; /* the patient's X25519 key of that epoch */
};

/* locator_seal seals content. Needs: content.size <= LOCATOR_CONTENT_MAX. Gives: false when the recipient's key has small order. */
bool locator_seal(uint8_t sealed[LOCATOR_SEALED_BYTES], struct bytes content, const struct locator_recipient *recipient, const struct locator_entropy *entropy);

/* locator_epoch gives the kx_epoch of a sealed locator, unauthenticated: it only tells which key to try. */
uint32_t locator_epoch(const uint8_t sealed[LOCATOR_SEALED_BYTES]);

/* locator_record_key opens the record key. Gives: OK, LENGTH (of sealed), VERSION, or SIGNATURE when it was not sealed to this pair. */
enum verdict locator_record_key(struct bytes sealed, const struct kx_keypair *pair, uint8_t record_key[SEAL_KEY_BYTES]);

/* locator_open opens the content into `plain`; `content` becomes a view of it.
 * Gives: OK, LENGTH (of sealed, or the content's), VERSION, SIGNATURE when key or bytes are wrong, RESERVED when the padding is not zero. */
enum verdict locator_open(struct bytes sealed, const uint8_t record_key[SEAL_KEY_BYTES], uint8_t plain[LOCATOR_PLAIN_BYTES], struct bytes *content);

#endif
