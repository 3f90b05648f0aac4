/* checkpoints.h: which blocks are checkpoint blocks, by the data of the chain alone (K1), a second time; and what each server goes by. Whoever takes another block for the newest one
 * states nothing where the others do, and makes snapshots where nobody else does; no message says so. */
#ifndef WARD_SIM_ORACLE_CHECKPOINTS_H
#define WARD_SIM_ORACLE_CHECKPOINTS_H

#include "wire/config.h"

#include <stdint.h>

struct failure;

/* Who in a server counts from the newest checkpoint block. */
enum checkpoints_part { CHECKPOINTS_REPLICA, CHECKPOINTS_SNAPSHOTS, CHECKPOINTS_ANSWERS };

struct checkpoints_book {
    struct failure *failure;
    uint64_t blocks, span_ms;   /* K1: a multiple of that height, or so much later than the one before */
    uint64_t *times_ms;         /* by height: of the newest checkpoint block up to it; [0] is that of the genesis */
    uint64_t height, capacity;  /* highest that is known */
};

/* checkpoints_init. Owns: checkpoints_close gives memory back; failure must outlive it. */
void checkpoints_init(struct checkpoints_book *book, const struct config_limits *limits, uint64_t genesis_ms, struct failure *failure);
void checkpoints_close(struct checkpoints_book *book);

/* checkpoints_executed takes in the next block of the chain: whoever executed it first. */
void checkpoints_executed(struct checkpoints_book *book, uint64_t height, uint64_t time_ms);

/* checkpoints_look compares what a part of a server takes for the time of the newest checkpoint block, as of a height. Nothing is said of a height that nobody executed yet. */
void checkpoints_look(const struct checkpoints_book *book, uint32_t seat, enum checkpoints_part part, uint64_t height, uint64_t time_ms);

#endif
