/* census.h: what all honest members together have said, and what follows: which certificates can exist, what is committed, which rules are broken. f, q and the rules
 * of commit are those of sim/oracle/quorums.h; no replica is asked for its opinion.
 *
 * The member that lies counts as having signed everything: a certificate exists as soon as the others are q - 1. */
#ifndef WARD_SIM_EXPLORE_CENSUS_H
#define WARD_SIM_EXPLORE_CENSUS_H

#include "sim/explore/script.h"

#define CENSUS_BALLOTS_MAX 96u
#define CENSUS_VIEWS_MAX 12u
#define CENSUS_TEXT_BYTES 200u

struct census {
    /* From here to `name`: what the name is of. Ballots ascend by their places. */
    uint16_t certified[CENSUS_BALLOTS_MAX]; /* that can have a QC; [0]: of the root */
    uint16_t commits[CENSUS_BALLOTS_MAX];   /* that can have a COMMITQC */
    uint16_t led[CENSUS_BALLOTS_MAX];       /* that honest leaders collect votes for */
    uint32_t certified_count, commits_count, led_count;
    bool ended[CENSUS_VIEWS_MAX];           /* the view can have a TC: */
    struct rank ended_rank[CENSUS_VIEWS_MAX]; /* and this is the lowest of its high QC */
    uint64_t name;
    uint64_t committed;            /* blocks, by their places, ancestors included */
    char broken[CENSUS_TEXT_BYTES]; /* empty: none */
};

/* What the members say. */
struct census_voices {
    const uint16_t *said[8];
    uint32_t said_count[8];
    uint32_t count;     /* honest members */
    uint32_t liars;     /* the others */
    uint32_t views;
};

/* census_take counts. census_conclude fills in what is committed and broken. */
void census_take(struct census *census, const struct script *script, const struct census_voices *voices);
void census_conclude(struct census *census, const struct script *script);

/* census_stands tells whether the certificates that a line shows can exist. */
bool census_stands(const struct census *census, const struct script *script, const struct script_line *line);

#endif
