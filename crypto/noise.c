/* noise.c: see the specification's sections 4 and 5; each function is one of its paragraphs. */
#include "crypto/noise.h"

#include "base/assert.h"
#include "crypto/keys.h"

#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_auth_hmacsha512.h>
#include <sodium/crypto_hash_sha512.h>
#include <string.h>

enum { HKDF_OUTPUTS_MAX = 3 };

_Static_assert(crypto_hash_sha512_BYTES == NOISE_HASH_BYTES, "HASHLEN");
_Static_assert(crypto_auth_hmacsha512_BYTES == NOISE_HASH_BYTES, "HASHLEN");
_Static_assert(crypto_aead_chacha20poly1305_ietf_KEYBYTES == NOISE_KEY_BYTES, "cipher key");
_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == NOISE_TAG_BYTES, "cipher tag");

/* 32 bits of zeros, then the counter, little-endian. */
static void nonce_encode(uint8_t out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t nonce)
{
    struct writer writer;

    writer_init(&writer, out, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
    write_u32_le(&writer, 0);
    write_u64_le(&writer, nonce);
    ASSERT(!writer.failed);
}

static void seal_at(const struct noise_cipher *cipher, uint64_t nonce, struct bytes extra, struct bytes plaintext, uint8_t *out)
{
    uint8_t encoded[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

    nonce_encode(encoded, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plaintext.data, plaintext.size, extra.data, extra.size, NULL, encoded, cipher->key);
}

bool noise_cipher_seal(struct noise_cipher *cipher, struct bytes extra, struct bytes plaintext, uint8_t *out)
{
    if (cipher->nonce == UINT64_MAX) {
        return false;
    }
    seal_at(cipher, cipher->nonce, extra, plaintext, out);
    cipher->nonce++;
    return true;
}

bool noise_cipher_open(struct noise_cipher *cipher, struct bytes extra, struct bytes ciphertext, uint8_t *out)
{
    uint8_t encoded[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    int code;

    ASSERT(ciphertext.size >= NOISE_TAG_BYTES);
    if (cipher->nonce == UINT64_MAX) {
        return false;
    }
    nonce_encode(encoded, cipher->nonce);
    code = crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, ciphertext.data, ciphertext.size, extra.data, extra.size, encoded, cipher->key);
    if (code != 0) {
        return false;
    }
    cipher->nonce++;
    return true;
}

void noise_cipher_rekey(struct noise_cipher *cipher)
{
    const uint8_t zeros[NOISE_KEY_BYTES] = { 0 };
    uint8_t sealed[NOISE_KEY_BYTES + NOISE_TAG_BYTES];

    seal_at(cipher, UINT64_MAX, bytes_of(NULL, 0), bytes_of(zeros, sizeof zeros), sealed);
    memcpy(cipher->key, sealed, sizeof cipher->key);
    secret_wipe(sealed, sizeof sealed);
}

/* HMAC-SHA512 over the data and, when `suffix` is not zero, one byte more. */
static void hmac(const uint8_t key[NOISE_HASH_BYTES], struct bytes data, uint8_t suffix, uint8_t out[NOISE_HASH_BYTES])
{
    crypto_auth_hmacsha512_state state;

    crypto_auth_hmacsha512_init(&state, key, NOISE_HASH_BYTES);
    crypto_auth_hmacsha512_update(&state, data.data, data.size);
    if (suffix != 0) {
        crypto_auth_hmacsha512_update(&state, &suffix, 1);
    }
    crypto_auth_hmacsha512_final(&state, out);
    secret_wipe(&state, sizeof state);
}

/* HKDF of the specification's section 4.3: output i is HMAC(temporary key, output i - 1 || i). */
static void hkdf(const uint8_t chaining_key[NOISE_HASH_BYTES], struct bytes input, uint8_t outputs[][NOISE_HASH_BYTES], int count)
{
    uint8_t temporary[NOISE_HASH_BYTES];
    struct bytes previous = bytes_of(NULL, 0);

    ASSERT(count <= HKDF_OUTPUTS_MAX);
    hmac(chaining_key, input, 0, temporary);
    for (int i = 0; i < count; i++) {
        hmac(temporary, previous, (uint8_t)(i + 1), outputs[i]);
        previous = bytes_of(outputs[i], NOISE_HASH_BYTES);
    }
    secret_wipe(temporary, sizeof temporary);
}

static void initialize_key(struct noise_cipher *cipher, const uint8_t key[NOISE_KEY_BYTES])
{
    memcpy(cipher->key, key, sizeof cipher->key);
    cipher->nonce = 0;
}

/* A name shorter than a hash is padded with zeros instead of being hashed. */
void noise_state_init(struct noise_state *state, const char *protocol)
{
    size_t size = strlen(protocol);

    ASSERT(size <= NOISE_HASH_BYTES);
    memset(state, 0, sizeof *state);
    memcpy(state->hash, protocol, size);
    memcpy(state->chaining_key, state->hash, sizeof state->chaining_key);
}

void noise_mix_hash(struct noise_state *state, struct bytes data)
{
    crypto_hash_sha512_state hash;

    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, state->hash, sizeof state->hash);
    crypto_hash_sha512_update(&hash, data.data, data.size);
    crypto_hash_sha512_final(&hash, state->hash);
}

void noise_mix_key(struct noise_state *state, const uint8_t input[32])
{
    uint8_t outputs[2][NOISE_HASH_BYTES];

    hkdf(state->chaining_key, bytes_of(input, 32), outputs, 2);
    memcpy(state->chaining_key, outputs[0], NOISE_HASH_BYTES);
    initialize_key(&state->cipher, outputs[1]);
    secret_wipe(outputs, sizeof outputs);
}

void noise_mix_key_and_hash(struct noise_state *state, const uint8_t psk[32])
{
    uint8_t outputs[3][NOISE_HASH_BYTES];

    hkdf(state->chaining_key, bytes_of(psk, 32), outputs, 3);
    memcpy(state->chaining_key, outputs[0], NOISE_HASH_BYTES);
    noise_mix_hash(state, bytes_of(outputs[1], NOISE_HASH_BYTES));
    initialize_key(&state->cipher, outputs[2]);
    secret_wipe(outputs, sizeof outputs);
}

bool noise_seal_and_hash(struct noise_state *state, struct bytes plaintext, uint8_t *out)
{
    size_t size = plaintext.size + NOISE_TAG_BYTES;

    if (!noise_cipher_seal(&state->cipher, bytes_of(state->hash, sizeof state->hash), plaintext, out)) {
        return false;
    }
    noise_mix_hash(state, bytes_of(out, size));
    return true;
}

/* The hash of the ciphertext is taken before it is opened, because it may be opened in place. */
bool noise_open_and_hash(struct noise_state *state, struct bytes ciphertext, uint8_t *out)
{
    uint8_t extra[NOISE_HASH_BYTES];

    memcpy(extra, state->hash, sizeof extra);
    noise_mix_hash(state, ciphertext);
    return noise_cipher_open(&state->cipher, bytes_of(extra, sizeof extra), ciphertext, out);
}

void noise_split(const struct noise_state *state, uint8_t first[NOISE_KEY_BYTES], uint8_t second[NOISE_KEY_BYTES])
{
    uint8_t outputs[2][NOISE_HASH_BYTES];

    hkdf(state->chaining_key, bytes_of(NULL, 0), outputs, 2);
    memcpy(first, outputs[0], NOISE_KEY_BYTES);
    memcpy(second, outputs[1], NOISE_KEY_BYTES);
    secret_wipe(outputs, sizeof outputs);
}
