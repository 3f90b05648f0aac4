/* cell_priv.h: what the files of a cell share. */
#ifndef WARD_SIM_EXPLORE_CELL_PRIV_H
#define WARD_SIM_EXPLORE_CELL_PRIV_H

#include "sim/explore/cell.h"

/* cell_pages_take takes guarded pages of zeros; cell_pages_base notes how they are now as where all images begin; cell_pages_give gives them back. */
void cell_pages_take(struct cell *cell, size_t bytes);
void cell_pages_base(struct cell *cell);
void cell_pages_give(struct cell *cell);

/* cell_app gives the state machine: one account, whose nonces count up. */
struct app cell_app(struct cell_inside *inside);

/* cell_assay looks at a message that leaves the member, and notes it. Gives: false, with step->broken, when it breaks a rule that needs nobody else to see:
 * I3, I6, I7, I8, I9, I11, T2. `after_lsn`: what it waited for. */
bool cell_assay(struct cell *cell, const struct message *message, uint64_t after_lsn, struct cell_step *step);

__attribute__((format(printf, 2, 3))) bool cell_broken(struct cell_step *step, const char *format, ...);

#endif
