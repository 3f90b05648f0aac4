/* proofs.h: whether what is shown as a proof proves anything. The rules of commit are written here a second time; signatures and quorums are not looked at
 * (sim/oracle/quorums.h knows which certificates can exist). */
#ifndef WARD_SIM_ORACLE_PROOFS_H
#define WARD_SIM_ORACLE_PROOFS_H

#include "wire/commit_proof.h"

/* proofs_commit tells what is wrong with a proof that a block is committed. Gives: NULL when it is one, by C1 or by C2; else words. */
const char *proofs_commit(const struct commit_proof *proof);

#endif
