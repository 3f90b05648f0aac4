/* receipts.h: whether the log of receipts says what was executed: for each command of each block one receipt, in its place, with its name, code and time; and whether the root of
 * the log is that of these very receipts. Digests of events and evaluations are taken as they are: the model of consent looks at what stands behind them (consent_look.c). */
#ifndef WARD_SIM_ORACLE_RECEIPTS_H
#define WARD_SIM_ORACLE_RECEIPTS_H

#include "crypto/merkle.h"
#include "node/apply.h"

struct failure;

struct receipts {
    const struct hash32 *genesis; /* its hash */
    struct failure *failure;
    struct merkle_peaks log;      /* of all receipts so far */
};

/* receipts_init begins with an empty log. Owns: genesis and failure outlive it. */
void receipts_init(struct receipts *receipts, const struct hash32 *genesis, struct failure *failure);

/* receipts_executed looks at a block that nobody had executed before, at a server that just has. Needs: blocks come in order, none is left out. */
void receipts_executed(struct receipts *receipts, const struct apply_block *block, const struct apply *apply);

#endif
