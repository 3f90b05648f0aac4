/* handshake_kit.h: a pair that shakes hands, for the tests of handshake and channel. */
#ifndef WARD_TESTS_CRYPTO_HANDSHAKE_KIT_H
#define WARD_TESTS_CRYPTO_HANDSHAKE_KIT_H

#include "crypto/handshake.h"

/* Everything that the two sides must agree on, given per side so that a test can make them differ. */
struct handshake_pair {
    enum handshake_pattern pattern;
    struct kx_keypair initiator_key;
    struct kx_keypair responder_key;
    uint8_t pinned_key[32]; /* what the initiator believes the responder's key to be */
    uint8_t ephemeral_seed[2][32];
    uint8_t psk[2][32];
    uint8_t prologue[2][16];
    struct handshake initiator;
    struct handshake responder;
    uint8_t first[HANDSHAKE_FIRST_BYTES];
    uint8_t second[HANDSHAKE_SECOND_BYTES];
};

/* pair_init fills in agreement. */
void pair_init(struct handshake_pair *pair, enum handshake_pattern pattern);

/* pair_start builds both handshakes from the fields; pair_exchange runs them without payloads.
 * Gives: the verdict of the first read that refuses, else OK. */
void pair_start(struct handshake_pair *pair);
enum verdict pair_read_first(struct handshake_pair *pair);
enum verdict pair_read_second(struct handshake_pair *pair);
enum verdict pair_exchange(struct handshake_pair *pair);

#endif
