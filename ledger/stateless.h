/* stateless.h: what is wrong with a command whatever the state: the refusals but for time, signatures and the new key's strength.
 *
 * Every place that lets a command in (admission, a proposal's check) and execution itself go through stateless_check, so that none of them can
 * accept what another refuses. The payload's length is compared by envelope_check_payload_bytes, its hashes by payload_hashes_check (ledger/payload_hashes.h). A command that execution alone refused would stand in a block and cost its sender nothing. */
#ifndef WARD_LEDGER_STATELESS_H
#define WARD_LEDGER_STATELESS_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "ledger/command.h"
#include "wire/code.h"
#include "wire/envelope.h"

/* stateless_check reads one whole envelope and its body. Gives: OK, *envelope and *body; else 100-105, 108, 114 or 115 by the fields alone,
 * MALFORMED also for an ACTOR_SET that names an account which its key does not give. Any input is safe. Cost: one hash for an ACTOR_SET. */
enum code stateless_check(const struct hash32 *genesis, struct bytes bytes, struct envelope *envelope, struct command_body *body);

#endif
