/* handshake_kit.c: see the header. */
#include "tests/crypto/handshake_kit.h"

#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <string.h>

void pair_init(struct handshake_pair *pair, enum handshake_pattern pattern)
{
    uint8_t seed[32];

    memset(pair, 0, sizeof *pair);
    pair->pattern = pattern;
    bytes_by_number(1, seed, sizeof seed);
    kx_keypair_from_seed(&pair->initiator_key, seed);
    bytes_by_number(2, seed, sizeof seed);
    kx_keypair_from_seed(&pair->responder_key, seed);
    memcpy(pair->pinned_key, pair->responder_key.public_key, sizeof pair->pinned_key);
    for (int side = 0; side < 2; side++) {
        bytes_by_number(3 + (uint64_t)side, pair->ephemeral_seed[side], sizeof pair->ephemeral_seed[side]);
        bytes_by_number(5, pair->psk[side], sizeof pair->psk[side]);
        bytes_by_number(6, pair->prologue[side], sizeof pair->prologue[side]);
    }
}

void pair_start(struct handshake_pair *pair)
{
    struct handshake_setup setup = {
        .pattern = pair->pattern,
        .role = HANDSHAKE_INITIATOR,
        .self = &pair->initiator_key,
        .peer_key = pair->pinned_key,
        .ephemeral_seed = pair->ephemeral_seed[0],
        .prologue = bytes_of(pair->prologue[0], sizeof pair->prologue[0]),
    };

    handshake_init(&pair->initiator, &setup);
    setup.role = HANDSHAKE_RESPONDER;
    setup.self = &pair->responder_key;
    setup.peer_key = NULL;
    setup.ephemeral_seed = pair->ephemeral_seed[1];
    setup.prologue = bytes_of(pair->prologue[1], sizeof pair->prologue[1]);
    handshake_init(&pair->responder, &setup);
    if (pair->pattern == HANDSHAKE_IKPSK2) {
        handshake_set_psk(&pair->initiator, pair->psk[0]);
    }
    cr_assert_eq(handshake_write(&pair->initiator, bytes_of(NULL, 0), pair->first), HANDSHAKE_FIRST_BYTES);
}

enum verdict pair_read_first(struct handshake_pair *pair)
{
    enum verdict verdict = handshake_read(&pair->responder, bytes_of(pair->first, sizeof pair->first), NULL);

    if (verdict == VERDICT_OK) {
        if (pair->pattern == HANDSHAKE_IKPSK2) {
            handshake_set_psk(&pair->responder, pair->psk[1]);
        }
        cr_assert_eq(handshake_write(&pair->responder, bytes_of(NULL, 0), pair->second), HANDSHAKE_SECOND_BYTES);
    }
    return verdict;
}

enum verdict pair_read_second(struct handshake_pair *pair)
{
    return handshake_read(&pair->initiator, bytes_of(pair->second, sizeof pair->second), NULL);
}

enum verdict pair_exchange(struct handshake_pair *pair)
{
    enum verdict verdict;

    pair_start(pair);
    verdict = pair_read_first(pair);
    return verdict == VERDICT_OK ? pair_read_second(pair) : verdict;
}
