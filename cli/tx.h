/* tx.h: makes signed commands: body, cosigners in order, proof of possession, the sender's signature, the payload behind them. */
#ifndef WARD_CLI_TX_H
#define WARD_CLI_TX_H

#include "crypto/keys.h"
#include "ledger/command.h"
#include "wire/envelope.h"

#include <stddef.h>
#include <stdint.h>

#define TX_BYTES_MAX (ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX)

/* Who signs: an account and its current key. The secret stays where the caller has it. */
struct tx_signer {
    uint8_t account[ACCOUNT_BYTES];
    const struct sign_keypair *key;
};

struct tx_draft {
    const struct hash32 *genesis;
    struct tx_signer sender;
    struct tx_signer cosigners[ENVELOPE_COSIGNERS_MAX]; /* in any order */
    uint32_t cosigners_count;
    const struct sign_keypair *new_key; /* ACTOR_SET register: signs the proof of possession; else NULL */
    uint64_t nonce;
    uint64_t valid_until_ms;
    struct bytes payload; /* size 0: none */
    struct command_body body;
};

struct tx {
    struct hash32 id;
    uint64_t nonce;
    uint32_t size; /* envelope and payload, as SUBMIT carries them */
    uint8_t bytes[TX_BYTES_MAX];
};

/* tx_make signs a draft. Needs: distinct signers, a body that command_body_decode accepts, a payload of at most PAYLOAD_BYTES_MAX.
 * The draft's cosigners are sorted in place and the proof of possession is written into its body. Cost: one signature each. */
void tx_make(struct tx *tx, struct tx_draft *draft);

#endif
