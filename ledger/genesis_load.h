/* genesis_load.h: from the canonical genesis to the state of block 0.
 *
 * Organisations come from the enrolments, in their order. Initial entities may be actors, patients and grants, in key order. They are
 * judged as a command would be: their accounts are those that their first keys give (with 32 zeros for the genesis hash, which is not
 * known while a genesis is written), actors are such as their organisation may have, with no capability that it has not, patients are vouched
 * for by hospitals or clinics that may, no key serves twice, counters agree, capacities hold. KeyUse and due entries are derived here.
 * Signatures are not asked for: proofs of possession, a cosigning officer and a voucher's system are replaced by the genesis hash, which
 * every member pins. */
#ifndef WARD_LEDGER_GENESIS_LOAD_H
#define WARD_LEDGER_GENESIS_LOAD_H

#include "base/err.h"
#include "ledger/exec.h"
#include "wire/genesis.h"

/* genesis_load fills an empty state. Needs: exec with an empty store, parameters, chain; no envelope.
 * Gives: OK; TYPE (a kind of entity that a genesis cannot have), RANGE or the codec's verdict (an illegal record), MEMBER (an account that
 * its key does not give, an unknown organisation or patient, an organisation that may not have this actor or vouch for this patient),
 * CONFLICT (a key, status or counter used twice or wrongly), LENGTH (a capacity).
 * Cost: one pass over the entities, one over the state. */
enum verdict genesis_load(struct exec *exec, const struct genesis *genesis);

/* genesis_account gives the account that an initial entity must have. */
struct hash32 genesis_account(uint8_t kind, const uint8_t key[KEY_BYTES]);

#endif
