/* explore_priv.h: what the files of an exploration share. */
#ifndef WARD_SIM_EXPLORE_EXPLORE_PRIV_H
#define WARD_SIM_EXPLORE_EXPLORE_PRIV_H

#include "sim/explore/explore.h"

/* explore_scene gives what follows from what is said in a state. Owns: good until the next call. */
const struct explore_scene *explore_scene(struct explore *explore, const uint32_t at[EXPLORE_MEMBERS]);

/* explore_heard gives what an honest member, by its place among them, can hear in a state of that scene. */
void explore_heard(const struct explore *explore, const uint32_t at[EXPLORE_MEMBERS], uint32_t mover, const struct explore_scene *scene, struct moves_heard *heard);

/* explore_judge looks at a state. Gives: false when a rule is broken: result.failure. */
bool explore_judge(struct explore *explore, const uint32_t at[EXPLORE_MEMBERS], const struct explore_scene *scene);

/* explore_agrees looks at blocks that the mover executes. Gives: as explore_judge. */
bool explore_agrees(struct explore *explore, uint64_t executed, const struct explore_scene *scene);

/* explore_broke notes what a column broke. Gives: false. */
bool explore_broke(struct explore *explore, const struct columns *columns);

#endif
