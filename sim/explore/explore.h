/* explore.h: every run of a small cluster of the production core, one member of which lies: every order in which the lines of a bounded script can be heard, or not
 * be heard, and every moment at which a member can give a view up.
 *
 *     state    a column for each honest member (sim/explore/column.h); what the liar can say follows from these (sim/explore/liar.h)
 *     step     a move of one member (sim/explore/moves.h): it hears lines until it says something
 *
 * Lines stay for ever: whatever was said can be heard at any later time, again, or never. So loss, delay, reordering and repetition are all there, and nothing in flight
 * is part of a state. In each state the census of what was said must break no rule (I1, I4, I5, I10, I11, T2, C1, C2), and what members execute must be what it finds committed; in
 * each step of a member hold I3, I6 to I9, I11, I16, T2, C4 and the assertions of production. */
#ifndef WARD_SIM_EXPLORE_EXPLORE_H
#define WARD_SIM_EXPLORE_EXPLORE_H

#include "sim/explore/liar.h"
#include "sim/explore/moves.h"
#include "sim/oracle/oracle.h"

#include <stdio.h>

#define EXPLORE_MEMBERS 4u
#define EXPLORE_NOBODY UINT32_MAX
#define EXPLORE_LAYERS 64u
#define EXPLORE_VIEWS_MAX 4u

struct explore_plan {
    uint32_t liar;     /* 0 .. 3, or EXPLORE_NOBODY */
    uint32_t views;    /* 1 .. EXPLORE_VIEWS_MAX */
    uint32_t heights;  /* 1 .. 2: so many commands wait, one for each block */
    uint32_t variants; /* blocks of the liar at each place, 1 .. 3 */
    bool learns;       /* certificates come alone as well */
    bool over;         /* the control: a second member signs everything, which is one too many */
    bool plain;        /* every single step leads to a state of its own: many times as many, for comparison */
    uint64_t states_max;
    bool (*stop)(void *context); /* asked now and then; true: it is enough. NULL: never */
    void *stop_context;
};

/* Why it ended. */
enum explore_end { EXPLORE_EXHAUSTED, EXPLORE_BROKEN, EXPLORE_CUT_STATES, EXPLORE_CUT_STOP };

struct explore_result {
    enum explore_end end;
    uint64_t states, steps; /* of the whole; steps lead to states that were there, too */
    uint64_t columns;       /* of all members */
    uint64_t core_steps;    /* of production code */
    uint64_t merges, audited; /* ways to columns that were there; steps that were taken again from such */
    uint64_t scenes;        /* different sets of what can be certified */
    uint64_t speeches;      /* different sums of what each member has said */
    uint64_t committing;    /* of these, with a block committed */
    uint32_t depth;         /* moves of the longest shortest way */
    uint64_t layers[EXPLORE_LAYERS]; /* states by their moves, the last place for all beyond */
    uint64_t seen;          /* states from which every move was taken */
    uint32_t lines, blocks, silent_max;
    struct failure failure;
};

struct explore_state {
    uint32_t at[EXPLORE_MEMBERS]; /* columns of the honest members, in order */
    uint32_t parent, depth;
};

/* What follows from one census. */
struct explore_scene {
    struct census census;
    uint16_t *lines; /* of the liar */
    uint32_t lines_count;
    bool used;
};

struct explore {
    struct explore_plan plan;
    struct cast cast;
    struct script script;
    struct liar liar;
    uint32_t honest[EXPLORE_MEMBERS], honest_count;
    struct columns columns[EXPLORE_MEMBERS];
    struct moves_table tables[EXPLORE_MEMBERS];
    struct explore_state *states;
    uint32_t states_count, states_size;
    uint32_t *places; /* of states, by what they are */
    uint32_t places_size;
    struct explore_scene *scenes; /* by the names of their censuses */
    uint32_t scenes_count, scenes_size;
    struct facts speeches;
    uint32_t state, mover; /* at work */
    uint64_t odd;          /* blocks that the mover executes though nobody can have committed them */
    struct explore_result result;
};

/* explore_accomplice gives the second member that lies, EXPLORE_NOBODY when there is none. */
uint32_t explore_accomplice(const struct explore_plan *plan);

/* explore_open makes the cluster. Owns: explore must not move until explore_close. One for the process: it uses stamps. */
void explore_open(struct explore *explore, const struct explore_plan *plan);
void explore_close(struct explore *explore);

/* explore_run goes everywhere. Gives: explore->result. */
void explore_run(struct explore *explore);

/* explore_write writes the way to what was found, one decision in a line: what explore_replay plays again. Gives: false when the stream cannot be written. */
bool explore_write(struct explore *explore, FILE *stream);

/* explore_plan_read reads the plan in front of a list of decisions. Gives: the first decision, NULL when it is no such list. */
const char *explore_plan_read(struct explore_plan *plan, const char *text);

/* explore_replay plays decisions in a cluster that nobody explored. Gives: 0, or the number of the line that does not fit this build; explore->result.failure. */
uint32_t explore_replay(struct explore *explore, const char *decisions);

#endif
