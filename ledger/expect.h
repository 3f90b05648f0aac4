/* expect.h: what a command will read of the state, fetched into the cache while the commands before it execute.
 *
 * The accounts that a block's commands name are spread over the whole state, so each command would wait for memory several times. Its sender and its
 * patient stand at fixed places of its bytes. */
#ifndef WARD_LEDGER_EXPECT_H
#define WARD_LEDGER_EXPECT_H

#include "base/bytes.h"
#include "ledger/entity.h"
#include "storage/state_store.h"

/* How many commands ahead each step of state_store_expect is best taken. */
#define EXPECT_HINT_AHEAD 9u
#define EXPECT_HEAD_AHEAD 6u
#define EXPECT_REST_AHEAD 3u

/* expect_command takes one step for a command that is to be executed. Changes nothing; any bytes are safe. Cost: no miss of the cache is waited for when
 * the steps are taken in order and with others in between. */
void expect_command(const struct state_store *store, struct bytes envelope, enum state_expect step);

/* expect_sender takes a step for the actor that an account names. */
void expect_sender(const struct state_store *store, const uint8_t account[ACCT_BYTES], enum state_expect step);

/* expect_paths fetches the way to what commands that follow will write of their patients, and to the grant that they read. Changes nothing; any bytes are safe.
 * Needs: count <= EXPECT_PATHS_COMMANDS. Cost: at most five walks down the tree for each, whose misses overlap. */
#define EXPECT_PATHS_COMMANDS 16u
void expect_paths(const struct state_store *store, const struct bytes *envelopes, uint32_t count);

#endif
