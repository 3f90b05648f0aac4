/* rates.h: how often each sender of a chain acts, against the rates of its genesis: the bucket of ledger.md written a second time.
 *
 *     tat      the time at which a sender's debt is paid off; a command that executes at T moves it to max(tat, T) + cost x interval
 *     116      no command executes while tat lies more than burst x interval ahead of T, and none gets 116 while it does not
 *     state    the sender's account says the same
 *
 * A request for access may cost more than one token, by what its patient has then: of such a block only the least is said, and the state is believed for the rest. It looks at the
 * state of whoever executes a block first, right after it. */
#ifndef WARD_SIM_ORACLE_RATES_H
#define WARD_SIM_ORACLE_RATES_H

#include "ledger/params.h"
#include "node/apply.h"
#include "sim/world/cast.h"

struct failure;

struct rates {
    const struct cast *cast;
    struct failure *failure;
    struct params params;
    struct rates_sender {
        uint64_t tat;
        bool least; /* in this block: it is at least so much */
    } *senders;     /* of the cast */
};

/* rates_init begins with the genesis of a cast: nobody owes anything. Owns: rates_close gives memory back; cast and failure must outlive it. */
void rates_init(struct rates *rates, const struct cast *cast, struct failure *failure);
void rates_close(struct rates *rates);

/* rates_executed looks at a block that nobody executed before, and at the state that came of it. Needs: blocks come in order, none is left out. */
void rates_executed(struct rates *rates, const struct apply_block *block, struct ledger *ledger);

#endif
