/* moves.h: what one member can do next, when certain lines are there to be heard: as few moves as lead to everything that it can ever say.
 *
 *     column --hears, silent--> . --hears, silent--> . --hears, speaks--> column          one move
 *
 * A step in which a member says nothing concerns nobody else, and lines do not go away; so it can wait until the member's next word, and silent columns are no
 * states of the whole. Of two moves with the same words, one of which leads to where the other leads by more silence, the longer one is left out: that silence can
 * wait as well. Blocks that are committed silently are told apart. */
#ifndef WARD_SIM_EXPLORE_MOVES_H
#define WARD_SIM_EXPLORE_MOVES_H

#include "sim/explore/column.h"

#define MOVES_LINES_MAX 512u  /* that are there to be heard */

/* What can be heard. */
struct moves_heard {
    uint16_t lines[MOVES_LINES_MAX];
    uint32_t count;
    uint32_t last_view; /* views below it may be given up, once */
};

struct moves {
    const uint32_t *to; /* columns. View */
    uint32_t count;
    uint64_t executed;  /* blocks that it can have executed before its next word */
};

/* The moves that were found, by column and by what was heard. */
struct moves_table {
    struct moves_row { uint64_t name[2]; uint32_t begin, count; uint64_t executed; bool used; } *rows;
    uint32_t rows_count, rows_size;
    uint32_t *columns; /* the lists of all rows */
    uint32_t columns_count, columns_size;
    uint32_t *silent, *seen, *found, *other; /* scratch */
    uint32_t scratch_size, round;
    uint32_t silent_max; /* most silent columns from one */
    bool plain;
};

/* moves_open. plain: every single step is a move, silent or not, and none is left out: what the rest of this file saves can be compared with that. */
void moves_open(struct moves_table *table, bool plain);
void moves_close(struct moves_table *table);

/* moves_of gives the moves of a column. Needs: columns->broken is looked at after it. Owns: good until the next call. Cost: the first time, a look at each line in each column
 * that silence leads to. */
struct moves moves_of(struct moves_table *table, struct columns *columns, uint32_t from, const struct moves_heard *heard);

/* moves_path writes lines that lead through silence to another column; the last may speak. Gives: how many, 0 when there is no such way. */
uint32_t moves_path(struct moves_table *table, struct columns *columns, uint32_t from, uint32_t to, const struct moves_heard *heard, uint32_t *lines, uint32_t most);

/* moves_find gives a column that silence leads to in which one of these blocks is executed, COLUMN_NONE when there is none. */
uint32_t moves_find(struct moves_table *table, struct columns *columns, uint32_t from, const struct moves_heard *heard, uint64_t blocks);

#endif
