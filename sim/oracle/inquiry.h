/* inquiry.h: clients that ask a server for state with proofs, and verify the answers by statements.h alone: what it says must follow from the root of a block that was executed, of the newest
 * checkpoint with its certificate where that was asked for, and answer this very question; and an actor's nonce must be the number of its commands up to that block. */
#ifndef WARD_SIM_ORACLE_INQUIRY_H
#define WARD_SIM_ORACLE_INQUIRY_H

#include "ledger/query.h"
#include "sim/oracle/oracle.h"
#include "sim/world/host.h"

/* inquiry_ask lets a client ask a server; number: of the read behind which it does, which names what is asked. Needs: the server is up. Gives: whether a certified answer was verified. */
bool inquiry_ask(struct oracle *oracle, struct host *host, uint64_t number);

/* inquiry_judge verifies an answer to a question. */
void inquiry_judge(struct oracle *oracle, uint32_t member, const struct query *query, struct bytes answer);

#endif
