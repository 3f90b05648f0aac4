/* expect.h: what a command will read of the state, fetched into the cache while the commands before it execute.
 *
 * The accounts that a block's commands name are spread over the whole state, so each command would wait for memory several times. Its sender and its
 * patient stand at fixed places of its bytes. */
#ifndef WARD_LEDGER_EXPECT_H
#define WARD_LEDGER_EXPECT_H

#include "base/bytes.h"
#include "ledger/entity.h"
#include "storage/state_store.h"

/* expect_sender takes a step for the actor that an account names. */
void expect_sender(const struct state_store *store, const uint8_t account[ACCT_BYTES], enum state_expect step);

/* expect_commands fetches what commands that are executed next will read and write: their senders, their patients' records, and the way to what is new. Changes
 * nothing; any bytes are safe. Needs: count <= EXPECT_COMMANDS. Cost: at most six walks down the tree for each, whose misses overlap. */
#define EXPECT_COMMANDS 16u
void expect_commands(const struct state_store *store, const struct bytes *envelopes, uint32_t count);

#endif
