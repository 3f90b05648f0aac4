/* receipt.h: what became of a command, as a leaf of the chain's cumulative receipts log.
 *
 *   off  size                          off  size
 *     0    8  height                    44   32  digest of the events, zeros without any
 *     8    2  index in the block        76   32  digest of the evaluation's inputs, zeros without one
 *    10   32  tx_id                    108    8  T, ms
 *    42    2  code
 *
 * 116 bytes, big-endian. The log is one RFC 6962 tree over all blocks; its right edge is in the state, its root in every checkpoint. */
#ifndef WARD_LEDGER_RECEIPT_H
#define WARD_LEDGER_RECEIPT_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "wire/code.h"

#include <stdint.h>

#define RECEIPT_BYTES 116

struct receipt {
    uint64_t height;
    uint16_t index;
    struct hash32 tx_id; /* zeros when the bytes were no envelope */
    enum code code;
    struct hash32 events_digest;
    struct hash32 eval_digest;
    uint64_t time_ms;
};

void receipt_encode(const struct receipt *receipt, uint8_t out[RECEIPT_BYTES]);

/* receipt_decode reads exactly one receipt. Gives: OK, SHORT, TRAILING, or RANGE for a code that is not in the table. */
enum verdict receipt_decode(struct receipt *receipt, const uint8_t *data, size_t size);

/* receipt_leaf gives the leaf hash in the receipts log. Cost: one hash. */
struct hash32 receipt_leaf(const struct receipt *receipt);

#endif
