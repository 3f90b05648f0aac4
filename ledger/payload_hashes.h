/* payload_hashes.h: whether payloads are those that were signed: of several commands at once, because hashes of one command follow each other and those of sixteen do not.
 *
 *     envelope | payload: locator of item 0 | locator of item 1 ...
 *        |          |             |
 *        payload_hash: of all     locator_hash of each item, in the body of a POINTER_ADD
 *
 * Pure. Threads: any. */
#ifndef WARD_LEDGER_PAYLOAD_HASHES_H
#define WARD_LEDGER_PAYLOAD_HASHES_H

#include "base/bytes.h"
#include "wire/code.h"

#include <stdint.h>

/* One command. */
struct payload_of {
    struct bytes envelope;
    struct bytes payload; /* as many bytes as were signed; it may be none */
};

/* payload_hashes_check compares the payloads with the hashes that were signed, of a POINTER_ADD each locator too, as far as the lengths that its items name go; lengths that do not add up are
 * execution's to judge (306), since they depend on signed fields alone. Gives: OK or PAYLOAD_HASH, for all commands together. Needs: stateless_check and
 * envelope_check_payload_bytes gave OK for each. Cost: two hashes of each payload, side by side. */
enum code payload_hashes_check(const struct payload_of *commands, uint32_t count);

#endif
