/* sender.h: the checks between the envelope and the handler, in their normative order (docs/ledger.md, What a failure costs):
 *
 *   1 sender      200 unknown, 219 key not current, 117 in this block already, 109 nonce low, 110 gap, 116 rate: change nothing
 *   2 cosigners   in order, each: 219, 201, 202, 206, 203, 204
 *   3 standing    of the sender: 201, 202, 206, 203, 204; of a practitioner it acts for: 203 (14: not 201, 206)
 *
 * Between 1 and 2 the sender's nonce and tokens are consumed. A PATIENT_REGISTER has no sender yet: it demands nonce 1 and the account that
 * its key gives, and is paid for by its first cosigner when it succeeds. */
#ifndef WARD_LEDGER_SENDER_H
#define WARD_LEDGER_SENDER_H

#include "ledger/exec.h"

/* sender_find reads who an account is. Gives: false when it does not exist; *key is the 32-byte key that is current. */
bool sender_find(const struct exec *exec, const uint8_t acct[ACCT_BYTES], struct signer *signer, uint8_t key[KEY_BYTES]);

/* sender_check does step 1 and fills exec->sender. in_block: this tx_id was seen in the block already.
 * Needs: exec->envelope and the decoded body. Cost: one or two lookups. */
enum code sender_check(struct exec *exec, bool in_block);

/* sender_consume takes nonce and tokens of the sender that passed. No effect for a PATIENT_REGISTER. Needs: sender_check gave OK. */
void sender_consume(struct exec *exec);

/* sender_charge takes one token of an actor: of the cosigner that vouches. Fails: RATE when it has none left; nothing has changed. */
enum code sender_charge(struct exec *exec, const uint8_t acct[ACCT_BYTES]);

/* sender_check_cosigners does step 2 and fills exec->cosigners. */
enum code sender_check_cosigners(struct exec *exec);

/* sender_check_vouchers judges the cosigners of a registration as step 2 would at that block time, without executing anything. Needs: a PATIENT_REGISTER. */
enum code sender_check_vouchers(const struct exec *exec, const struct envelope *envelope, uint64_t time_ms);

/* sender_check_standing does step 3 and fills exec->sender_org. Handlers rely on it: who sent is who may send. */
enum code sender_check_standing(struct exec *exec);

/* sender_nonce gives the executed nonce of a signer that sender_find found. */
uint64_t sender_nonce(const struct exec *exec, const struct signer *signer);

/* sender_tokens gives what the command costs: 1, for an ACCESS_REQUEST 1 + pointers x grants / 4096, for a DISCLOSE 1 + the sum over its items of
 * (pointers + 8) x (grants + 8), / 4096; grants are 0 for an item without a ticket or of an unknown patient. */
uint32_t sender_tokens(const struct exec *exec);

/* sender_tokens_max gives the most that it can come to, whatever the state holds by then. Needs: a body that was decoded. */
uint32_t sender_tokens_max(const struct params *params, const struct command_body *body);

/* sender_tat gives the signer's bucket, sender_rate its rate. */
uint64_t sender_tat(const struct exec *exec, const struct signer *signer);
const struct rate *sender_rate(const struct params *params, const struct signer *signer);

#endif
