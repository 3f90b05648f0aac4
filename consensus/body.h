/* body.h: reading the commands of a block: what no correct replica proposes is found here, in the slot of a block (blocks.h) or before the block has one.
 *
 *     BLOCK record -> header \
 *                             body_ahead_fill -> body_ahead_read, on any thread -> blocks_adopt: the slot has body, index and verdict
 *     PAYLOAD record -> body /
 *
 * A verdict depends on header and body alone: the app's functions that are asked (scan, name, payloads) look at the bytes and at what no command changes. */
#ifndef WARD_CONSENSUS_BODY_H
#define WARD_CONSENSUS_BODY_H

#include "base/arena.h"
#include "consensus/app.h"
#include "consensus/effect.h"
#include "wire/block.h"
#include "wire/config.h"

#include <stdbool.h>
#include <stdint.h>

#define BLOCK_COST_NS_MAX 50000000u /* V5: C_max, on the reference core */

/* Who is told of each command of a body while it is read; the command is a view that ends with the call. `expect`, unless NULL, is told
 * of it twice before, with other work in between: step 0 and step 1. */
struct block_sink {
    void *context;
    void (*expect)(void *context, const struct command *command, unsigned step);
    void (*command)(void *context, const struct command *command);
};

/* What is read, by which rules, and where what is found is put. */
struct body_reading {
    const struct block_header *header;
    struct bytes bytes;
    uint64_t epoch;                 /* whose blocks are accepted */
    uint32_t commands_max;          /* of one block */
    struct block_command *commands; /* commands_max: the index */
    struct hash32 *leaves;          /* scratch, likewise */
    bool is_known;                  /* it was read before and is good: the ids are in the index, and its root is right */
};

/* body_is_of tells whether a block is one of the epoch that has a successor in it: an END block is refused, whoever stands behind it, since nothing
 * follows it yet. Source: I12, section 11. */
static inline bool body_is_of(const struct block_header *header, uint64_t epoch)
{
    return header->epoch == epoch && (header->flags & BLOCK_FLAG_END) == 0; /* I12 */
}

/* body_read is block_read for a body wherever it stands. */
enum verdict body_read(const struct body_reading *reading, const struct app *app, const struct block_sink *sink);

/* A body that is read before its block's turn, with memory of its own. Whoever filled it owns it, but for the stretch of body_ahead_read. */
struct body_ahead {
    struct block_header header; /* that it is judged by */
    uint64_t epoch;
    struct config_limits limits;
    uint32_t body_bytes;
    uint8_t *body;                  /* limits.block_bytes_max */
    struct block_command *commands; /* limits.block_commands_max */
    struct hash32 *leaves;          /* scratch, likewise */
    enum verdict verdict;           /* VERDICT_COUNT: not read yet */
};

/* body_ahead_take takes memory for any body of the epoch. */
void body_ahead_take(struct body_ahead *ahead, struct arena *arena, const struct config *epoch);

/* body_ahead_fill copies a body, at most limits.block_bytes_max bytes, and says by which header to judge it. */
void body_ahead_fill(struct body_ahead *ahead, const struct block_header *header, struct bytes body);

/* body_ahead_read reads it. Gives: verdict and index. Threads: any, while nobody else touches it; the app may be in use meanwhile. Cost: as block_read. */
void body_ahead_read(struct body_ahead *ahead, const struct app *app);

#endif
