/* column.h: all states of one honest member that an exploration comes to, each once, and what leads from one to the next.
 *
 * A column is what its replica does next (replica_digest) and what it has said so far. Production code runs once for each column and line; after that the answer is looked up.
 * That columns of equal digests are the same is not taken on trust: of other ways to a column some are kept, and made to go every step that the first one went (columns_audit). */
#ifndef WARD_SIM_EXPLORE_COLUMN_H
#define WARD_SIM_EXPLORE_COLUMN_H

#include "sim/explore/cell.h"

#define COLUMN_SAID_MAX 48u
#define COLUMN_EXPIRE ((uint32_t)SCRIPT_LINES_MAX) /* in place of a line: its time is up */
#define COLUMN_NONE UINT32_MAX

struct column {
    struct hash32 digest;
    uint16_t said[COLUMN_SAID_MAX]; /* ascending */
    uint32_t said_count;
    uint32_t view;
    bool gave_up;      /* the view */
    uint64_t executed; /* blocks */
    struct cell_image *image;
};

/* A step that was taken: of the column `from`, by a line. */
struct column_edge {
    uint32_t from, line, to; /* line: one more than it is; 0: free */
};

struct columns {
    struct cell cell;
    struct column *all;
    uint32_t count, capacity;
    uint32_t *places;            /* of columns, by digest; a power of two */
    uint32_t places_count;
    struct column_edge *edges;   /* likewise, by column and line */
    uint32_t edges_count, edges_size;
    uint32_t loaded, stale;      /* the column that the cell is in, COLUMN_NONE: in none; and the steps since that led nowhere */
    uint64_t merges;             /* ways that came to a column that was there */
    struct column_twin { uint32_t column; struct cell_image *image; } *twins; /* kept of these */
    uint32_t twins_count, twins_max;
    uint32_t failed_column, failed_line; /* of the step that broke a rule */
    char broken[CELL_TEXT_BYTES];        /* and the rule; empty: none */
};

/* columns_open begins with the column of a member that nobody has spoken to: number 0. twins_max: how many other ways are kept for the audit. */
void columns_open(struct columns *columns, struct script *script, uint32_t member, uint32_t commands, uint32_t twins_max);
void columns_close(struct columns *columns);

/* columns_next gives the column after a line, or COLUMN_EXPIRE. Cost: the first time a step of production code. */
uint32_t columns_next(struct columns *columns, uint32_t from, uint32_t line);

/* columns_audit takes every step that was taken from a column again from its twins. Gives: how many steps were compared; columns->broken when one went elsewhere. */
uint64_t columns_audit(struct columns *columns);

#endif
