/* consent_follow.h: what a block makes of the model of consent (consent.h), and whether the ledger made the same of it. Of each command: its code. Of each that succeeds: the
 * pointers, grants and tickets in the state of whoever executed it first, and what the audit trails say: permitted or denied, why, on which grant. Of each patient: its
 * counters. Equal roots (I13) say only that all replicas do the same. */
#ifndef WARD_SIM_ORACLE_CONSENT_FOLLOW_H
#define WARD_SIM_ORACLE_CONSENT_FOLLOW_H

#include "node/apply.h"
#include "sim/oracle/consent.h"

/* consent_executed takes in a block that nobody executed before, and looks at what came of it. Needs: blocks in order. */
void consent_executed(struct consent *consent, const struct apply_block *block, const struct apply *apply);

/* consent_look compares what the newest block touched with a state and its archive. */
void consent_look(struct consent *consent, const struct apply *apply);

#endif
