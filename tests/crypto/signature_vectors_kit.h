/* signature_vectors_kit.h: signature vectors out of JSON files, and pseudo-random bytes by number. */
#ifndef WARD_TESTS_CRYPTO_SIGNATURE_VECTORS_KIT_H
#define WARD_TESTS_CRYPTO_SIGNATURE_VECTORS_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_MESSAGE_MAX 2048
#define VECTORS_MAX 400

struct signature_vector {
    char name[96];
    uint8_t key[32];
    uint8_t message[VECTOR_MESSAGE_MAX];
    size_t message_size;
    uint8_t signature[64];
    bool is_signature_whole; /* the file gives exactly 64 bytes */
    bool valid;              /* as the file says */
};

struct signature_vectors {
    struct signature_vector vector[VECTORS_MAX];
    size_t count;
};

/* Each reader gives the file's vectors in static memory. Public ones are looked for in WARD_VECTORS (tests/base/beside_kit.h), and skip the running test when they are not there. */
const struct signature_vectors *vectors_ours(void);       /* tests/vectors/ed25519.json */
const struct signature_vectors *vectors_rfc8032(void);    /* public */
const struct signature_vectors *vectors_wycheproof(void); /* public */
const struct signature_vectors *vectors_zip215(void);     /* ../shared */

/* vector_hash gives SHA-512(R || A || message). */
void vector_hash(const struct signature_vector *vector, uint8_t hash[64]);

/* bytes_by_number gives the same pseudo-random bytes for the same number on every machine. */
void bytes_by_number(uint64_t number, void *out, size_t size);

#endif
