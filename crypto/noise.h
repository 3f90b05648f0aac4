/* noise.h: the cipher and the running state of the Noise protocol framework with ChaChaPoly and SHA512 (revision 34, section 5).
 *
 * Only crypto/handshake.c and crypto/channel.c use this. Function names are those of the specification, in our spelling. */
#ifndef WARD_CRYPTO_NOISE_H
#define WARD_CRYPTO_NOISE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define NOISE_HASH_BYTES 64
#define NOISE_KEY_BYTES 32
#define NOISE_TAG_BYTES 16
#define NOISE_MESSAGE_MAX 65535

/* CipherState. A key, and how many messages it has sealed or opened. */
struct noise_cipher {
    uint8_t key[NOISE_KEY_BYTES];
    uint64_t nonce; /* of the next message; UINT64_MAX is never used for one */
};

/* noise_cipher_seal encrypts and authenticates, and authenticates `extra` besides.
 * Needs: out holds plaintext.size + NOISE_TAG_BYTES and is plaintext.data itself or apart from it. Gives: false, and nothing done, when all nonces are used up. */
bool noise_cipher_seal(struct noise_cipher *cipher, struct bytes extra, struct bytes plaintext, uint8_t *out);

/* noise_cipher_open is its inverse. Needs: ciphertext.size >= NOISE_TAG_BYTES; out as above.
 * Gives: false when the tag is wrong or all nonces are used up; out then holds nothing of the message, and the nonce stays. */
bool noise_cipher_open(struct noise_cipher *cipher, struct bytes extra, struct bytes ciphertext, uint8_t *out);

/* noise_cipher_rekey replaces the key by a one-way function of it; the nonce goes on. */
void noise_cipher_rekey(struct noise_cipher *cipher);

/* SymmetricState. Everything said so far, and the secrets derived so far. */
struct noise_state {
    uint8_t hash[NOISE_HASH_BYTES];
    uint8_t chaining_key[NOISE_HASH_BYTES];
    struct noise_cipher cipher;
};

/* noise_state_init hashes the protocol's name. Needs: at most NOISE_HASH_BYTES characters. */
void noise_state_init(struct noise_state *state, const char *protocol);

void noise_mix_hash(struct noise_state *state, struct bytes data);
void noise_mix_key(struct noise_state *state, const uint8_t input[32]);
void noise_mix_key_and_hash(struct noise_state *state, const uint8_t psk[32]);

/* noise_seal_and_hash and noise_open_and_hash need that a key was mixed in before. Gives: false as the cipher does. */
bool noise_seal_and_hash(struct noise_state *state, struct bytes plaintext, uint8_t *out);
bool noise_open_and_hash(struct noise_state *state, struct bytes ciphertext, uint8_t *out);

/* noise_split derives the two transport keys: first that of the initiator's messages, then that of the responder's. */
void noise_split(const struct noise_state *state, uint8_t first[NOISE_KEY_BYTES], uint8_t second[NOISE_KEY_BYTES]);

#endif
