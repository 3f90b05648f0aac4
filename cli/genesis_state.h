/* genesis_state.h: whether the state of block 0 comes of a genesis, as every replica will make it. */
#ifndef WARD_CLI_GENESIS_STATE_H
#define WARD_CLI_GENESIS_STATE_H

#include "cli/genesis_build.h"

/* genesis_state_judge loads organisations and initial entities into a ledger of the genesis's own capacities. Needs: genesis_judge found nothing.
 * Gives: OK and VERDICT_OK in *verdict; or OK, what is wrong in *verdict, and the problem. Fails: ERR_NO_MEMORY: this machine cannot hold the capacities, with
 * the problem; nothing is known then. Cost: that of a first start: one pass over the entities, one over the state; memory is touched only as far as it is filled. */
enum err genesis_state_judge(const struct genesis *genesis, enum verdict *verdict, char problem[GENESIS_PROBLEM_BYTES]);

#endif
