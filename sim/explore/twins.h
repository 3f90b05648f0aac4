/* twins.h: short runs of the production core in which one member is in two places at once with one key, each under a plan that is drawn: who hears whom in a round, in
 * which order, and whose time is up at its end.
 *
 *     seats    r0 r1 r2 r3, and the second one of a drawn member, r2' say, whose clock is some milliseconds ahead: the blocks that it makes are others
 *     round    a command comes where fewer than two wait; seats are on sides; what was said is heard on one's own side, in a drawn order, or not yet, or never; then some give their view up
 *     run      rounds until an honest member is in view TWINS_VIEWS, or TWINS_ROUNDS_MAX of them
 *
 * Nothing of storage, network or node is in it (sim/world has those): it is for many plans. In each step of a seat hold I3, I6 to I9, I11, I16, T2, C4 and the assertions of production;
 * what seats execute must be one chain (I1); at the end the census of what honest members said must break no rule (I1, I4, I5, I10, I11, C1, C2, T2), with the member that is
 * twice counted as having signed everything. */
#ifndef WARD_SIM_EXPLORE_TWINS_H
#define WARD_SIM_EXPLORE_TWINS_H

#include "sim/explore/cell.h"
#include "sim/oracle/oracle.h"

#include <stdio.h>

#define TWINS_MEMBERS 4u
#define TWINS_CELLS (2 * TWINS_MEMBERS)
#define TWINS_SEATS_MAX 6u
#define TWINS_VIEWS 7u
#define TWINS_ROUNDS_MAX 40u
#define TWINS_COMMANDS 12u     /* one for each block; the first two wait from the beginning */
#define TWINS_WAITS_MAX 8192u  /* lines that somebody has still to hear */
#define TWINS_SAID_MAX 1024u   /* by one seat in one run */

struct twins_result {
    struct failure failure;
    uint32_t rounds, heard; /* lines that were heard */
    uint32_t given_up;      /* views, by seats */
    uint64_t view;          /* highest that an honest member entered */
    uint64_t height;        /* of the highest block that an honest member executed */
    uint32_t conflicts;     /* pairs of votes of a member that is twice, for two blocks at one rank */
};

/* A line that a seat has still to hear, from another. */
struct twins_wait {
    uint64_t order; /* drawn: the lowest is heard first */
    uint16_t line;
    uint8_t from, to;
};

struct twins {
    struct cast cast;
    struct script script;
    struct script_mark mark;            /* what they say before anybody speaks to them */
    struct cell cells[TWINS_CELLS];     /* of members, then their second ones */
    struct cell_image *images[TWINS_CELLS];
    bool over;
    uint64_t seed;                      /* of the run: */
    uint32_t twice;                     /* a bit for each member that has a second seat */
    uint32_t seats;
    struct cell *at[TWINS_SEATS_MAX];   /* cells by seats: members, then second seats */
    FILE *story;                        /* NULL: nobody wants to read it */
    uint32_t round;
    uint32_t commands;                  /* that came so far */
    uint8_t sides[TWINS_SEATS_MAX];
    struct twins_wait waits[TWINS_WAITS_MAX], later[TWINS_WAITS_MAX]; /* on one side in this round; on two */
    uint32_t waits_count, later_count;
    uint16_t said[TWINS_SEATS_MAX][TWINS_SAID_MAX];
    uint32_t said_count[TWINS_SEATS_MAX];
    uint32_t mover;                     /* the seat at work */
    struct twins_result *result;
};

/* twins_open makes the seats. over: two members are twice, one more than is allowed: some run must break I1. Owns: twins must not move until twins_close. One for the process: it
 * uses stamps. */
void twins_open(struct twins *twins, bool over);
void twins_close(struct twins *twins);

/* twins_play plays the run of a seed. story: gets a line for each decision, unless NULL. Gives: result. Cost: some hundred steps of production code. */
void twins_play(struct twins *twins, uint64_t seed, FILE *story, struct twins_result *result);

#endif
