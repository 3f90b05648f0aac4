/* verbs.h: what `ward-sim` can do. Each verb gives an exit code. */
#ifndef WARD_SIM_VERBS_H
#define WARD_SIM_VERBS_H

#include "sim/order.h"

int verb_run(const struct order *order);
int verb_swarm(const struct order *order);
int verb_replay(const struct order *order);
int verb_shrink(const struct order *order);
int verb_trace(const struct order *order);
int verb_attacks(const struct order *order);
int verb_explore(const struct order *order);
int verb_twins(const struct order *order);

#endif
