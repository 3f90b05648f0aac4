/* liar.h: the one member of an exploration that lies: all lines it can say, given what the others have said.
 *
 *     it leads the view      PROPOSE of each of `variants` blocks on each block with a QC, of that view or another; an opening for each TC and each QC;
 *                            ABDICATE
 *     an honest member does  VOTE and COMMITVOTE for whatever that one collects votes for
 *     always                 TIMEOUT of each view but the last with each QC up to it; the TC of each; CERT of each QC, of whatever view; each COMMITQC; with `learns`
 *                            each QC alone, as an ANSWER
 *
 * Each is there for every honest member by itself, from when it can exist, for ever: so to say different things to different members, to say nothing, and to say
 * things late are choices among the same lines. Left out are lines that no honest member would read: of bad form, or with bad signatures. */
#ifndef WARD_SIM_EXPLORE_LIAR_H
#define WARD_SIM_EXPLORE_LIAR_H

#include "sim/explore/census.h"

#define LIAR_LINES_MAX 384u

struct liar {
    struct script *script;
    uint32_t member, members_count;
    uint32_t views, heights, variants;
    bool learns;
};

/* liar_lines writes the places of all its lines. Gives: how many. */
uint32_t liar_lines(const struct liar *liar, const struct census *census, uint16_t lines[LIAR_LINES_MAX]);

#endif
