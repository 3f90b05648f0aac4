/* choices.h: what an honest member may not vote for, whatever its leader says: spoiled commands (V5), a time that no clock has seen or that is long past (V4), an opening on less than its TC
 * states (I9), a block whose parent nobody can have certified (V6), an opening behind a view that nobody ended so (V7). Which blocks were spoiled the adversary says (oracle_spoiled). */
#ifndef WARD_SIM_ORACLE_CHOICES_H
#define WARD_SIM_ORACLE_CHOICES_H

#include "wire/vote.h"

#define CHOICES_AHEAD_MS 2000u /* V4: of a block, before any clock */

struct oracle;

/* choices_vote looks at a vote of the server at a seat. */
void choices_vote(struct oracle *oracle, uint32_t from, const struct ballot *ballot);

#endif
