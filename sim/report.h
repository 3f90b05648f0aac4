/* report.h: results as JSON objects and as lines for a reader. */
#ifndef WARD_SIM_REPORT_H
#define WARD_SIM_REPORT_H

#include "sim/campaign/attacks.h"
#include "sim/median.h"
#include "sim/explore/explore.h"
#include "sim/explore/twins.h"
#include "sim/campaign/shrink.h"

#include <stdio.h>

#define CAMPAIGN_ROWS_MAX 112u

/* What a campaign over many seeds adds up. */
struct campaign {
    uint64_t seed_first, seed_last;
    uint64_t seeds, failed;
    uint64_t simulated_ns, wall_ns;
    uint64_t cpu_ns;           /* that all runs took, second ones included */
    struct median seconds, commits, kinds; /* of a seed: simulated, blocks, kinds of fault that befell it */
    uint64_t blocks, commands, crashes, restarts, partitions;
    uint64_t determinism_checked, determinism_broken;
    uint64_t hash; /* over the hashes of all seeds in order */
    uint64_t hash_fast, hash_real; /* over those with the one crypto, and with the other */
    uint64_t seeds_real;
    uint64_t marks[MARK_COUNT];
    uint64_t snapshots;        /* with which a life began */
    uint64_t lying_seeds;      /* in which somebody lied */
    uint64_t clock_steps;
    uint64_t clogs, oneways, overflows, breaks, losses, rots, fills; /* as in struct swarm_result */
    uint64_t spoils[SPOIL_COUNT], abstentions; /* likewise */
    uint64_t reads, inquiries, measured;
    uint64_t pairs[PAIR_COUNT];
    uint64_t twin_seeds, conflicts; /* with a twin; its votes and proposals that contradict each other */
    uint64_t lies[LIE_COUNT];
    uint64_t consent[CONSENT_MARKS];
    uint64_t reached[CAMPAIGN_ROWS_MAX]; /* seeds that took each rare path of sim/campaign/sometimes.c */
    uint64_t first_failed; /* seed */
    struct failure failure; /* of it */
};

/* campaign_add adds the result of the next seed. */
void campaign_add(struct campaign *campaign, const struct swarm_result *result);

/* report_run prints one run ("ward.sim.run/1"), report_campaign a campaign ("ward.sim.swarm/1"). Gives: false when the stream cannot be written. */
bool report_run(FILE *stream, const struct swarm_result *result, bool json);
bool report_campaign(FILE *stream, const struct campaign *campaign, bool json);

/* report_trace prints a story as one object ("ward.sim.trace/1"): its lines, how it ended, and the file that was drawn or NULL. */
bool report_trace(FILE *stream, uint64_t seed, const struct failure *failure, const char *text, const char *file);

/* What became of a record that was played again. */
struct replay_report {
    bool parted;           /* an event was another one: */
    uint64_t event;        /* its number */
    char expected[192], found[192];
    uint64_t events, decisions;
    uint64_t fresh;        /* decisions that the record does not know */
};

/* report_replay prints it ("ward.sim.replay/1"). */
bool report_replay(FILE *stream, const struct replay_report *report, const struct failure *failure, bool json);

/* report_shrink prints what the shrinker did ("ward.sim.shrink/1"). */
bool report_shrink(FILE *stream, const struct shrink_report *report, const char *path);

/* What `ward-sim attacks` tells: rows of the library, what came of each where they were played, and the control with a liar or twin too many. */
#define ATTACKS_MAX 64u
#define ATTACK_CONTROLS_MAX 8u

struct attacks_row {
    const struct attack *attack;
    struct attack_result result;
};

struct attacks_control {
    uint32_t replicas, count; /* of whom so many lie, or are twins */
    bool twins, seen;
    struct failure failure;   /* what was seen */
};

struct attacks_report {
    uint64_t seed;
    bool played;
    uint32_t rows_count, controls_count;
    struct attacks_row rows[ATTACKS_MAX];
    struct attacks_control controls[ATTACK_CONTROLS_MAX];
};

/* attack_is_well tells whether all held that must hold. */
bool attack_is_well(const struct attack_result *result);

/* report_attack prints a row of the library, and what came of it unless result is NULL; report_control a control. Gives: as report_run. */
bool report_attack(FILE *stream, const struct attack *attack, const struct attack_result *result);
bool report_control(FILE *stream, const struct attacks_control *control);

/* report_attacks prints all of it as one object ("ward.sim.attacks/1"). Gives: as report_run. */
bool report_attacks(FILE *stream, const struct attacks_report *report);

/* One exploration, how long it took, and its decisions unless it found nothing. */
struct explored {
    struct explore_plan plan;
    struct explore_result result;
    uint64_t wall_ns;
};

/* report_explore prints explorations ("ward.sim.explore/1"), report_explored one of them as a line for a reader. Gives: as report_run. */
bool report_explore(FILE *stream, const struct explored *all, size_t count, const char *file);
bool report_explored(FILE *stream, const struct explored *one);

/* What `ward-sim twins` adds up. */
struct twins_campaign {
    uint64_t seed_first, seed_last, seeds, failed;
    uint64_t rounds, heard, views, blocks; /* of all runs */
    uint64_t arrived;      /* runs that came to the last view */
    uint64_t conflicting;  /* runs in which a member that is twice votes for two blocks at one rank */
    uint64_t cpu_ns;       /* of the runs; making the replicas, once, is left out */
    bool over;             /* two members are twice */
    uint64_t first_failed; /* seed */
    struct failure failure; /* of it */
};

/* report_twins prints it ("ward.sim.twins/1"). Gives: as report_run. */
bool report_twins(FILE *stream, const struct twins_campaign *campaign, bool json);

/* report_about prints one object about the program: "ward.sim.<what>/1" with version, build and, when there is one, a text. */
bool report_about(FILE *stream, const char *what, const char *text);

/* report_error prints why a verb did not run, as one object ("ward.error/1"). `verb` may be NULL. Gives: as report_run. */
bool report_error(FILE *stream, const char *verb, int exit_code, const char *message);

/* failure_exit gives the exit code that fits: 0, 20, 21, or 1 for an expectation. */
int failure_exit(const struct failure *failure);

/* failure_word gives "safety", "liveness", "expectation" or "none". Owns: a constant. */
const char *failure_word(enum failure_kind kind);

#endif
