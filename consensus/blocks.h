/* blocks.h: the bodies that a replica holds at once: proposed, certified, committed but not yet executed. A fixed number of slots, each
 * large enough for the largest block of the epoch; what is committed and executed is served from the log and leaves its slot.
 *
 *     new -> (body checked) -> appended -> committed -> executed: free again
 *
 * Blocks of different branches can stand side by side; a slot is named by the hash of its block. */
#ifndef WARD_CONSENSUS_BLOCKS_H
#define WARD_CONSENSUS_BLOCKS_H

#include "base/arena.h"
#include "consensus/body.h"
#include "wire/block.h"
#include "wire/cert.h"
#include "wire/config.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the body is the one that the header names. A certificate vouches for the header alone. */
enum body_state { BODY_UNREAD, BODY_GOOD, BODY_BAD };

struct block {
    bool used;
    bool checked;     /* every client signature in it was verified here (V5), or a quorum vouches for it */
    bool refused;     /* no correct leader proposes it: never voted for as a following block */
    bool has_justify;
    bool committed;   /* its COMMIT effect left; the slot is busy until EXECUTED */
    bool verifying;   /* a job reads its body */
    bool is_bundle;   /* of a bundle whose proof is not verified yet */
    bool by_quorum;   /* certified or proved committed: its content is beyond question here */
    bool hedged;      /* a reserve waited for its certificate long enough (P1) */
    enum body_state body_state;
    struct block_header header;
    struct hash32 hash;
    uint64_t view;    /* newest view in which it was proposed */
    uint64_t hold_until_ns; /* a reserve waits for its certificate until then; 0: it does not wait (P1) */
    uint64_t lsn;     /* of its append, or the place of its record among those that an earlier run left; 0: not in the log */
    struct cert justify; /* QC of its parent, of the view in which it was proposed */
    uint32_t body_bytes;
    uint8_t *body;
    struct block_command *commands; /* header.commands_count */
};

struct blocks {
    struct block *slots;
    uint32_t count;
    uint64_t epoch;
    struct config_limits limits;
    struct hash32 *leaves; /* scratch, block_commands_max */
};

/* blocks_take takes `count` slots for blocks of this epoch, within its limits. */
void blocks_take(struct blocks *blocks, struct arena *arena, uint32_t count, const struct config *epoch);

/* blocks_are_of tells whether a block is one of the epoch that has a successor in it: an END block is refused, whoever stands behind it, since nothing
 * follows it yet. Source: I12, section 11. */
bool blocks_are_of(const struct blocks *blocks, const struct block_header *header);

/* blocks_find gives the block of that hash, NULL when it is not held. Cost: one pass over the slots. */
struct block *blocks_find(struct blocks *blocks, const struct hash32 *hash);

/* blocks_new takes a free slot for a header; its body is copied by the caller, at most limits.block_bytes_max bytes. Gives: NULL when none
 * is free. Needs: no slot has this hash. */
struct block *blocks_new(struct blocks *blocks, const struct block_header *header, const struct hash32 *hash);

/* blocks_release frees a slot. Needs: no job reads it. */
void blocks_release(struct block *block);

/* blocks_free counts free slots. */
uint32_t blocks_free(const struct blocks *blocks);

/* blocks_check asserts what holds of the slots between steps. Cost: quadratic in the slots. */
void blocks_check(const struct blocks *blocks);

/* blocks_root gives the payload root of commands that were put into a slot and its index. Cost: one Merkle leaf per command, side by side. */
struct hash32 blocks_root(struct blocks *blocks, const struct block *block, uint32_t commands);

/* blocks_fill copies a body, at most limits.block_bytes_max bytes, into a slot; it is unread. Needs: no job reads the one before. */
void blocks_fill(const struct blocks *blocks, struct block *block, struct bytes body);

/* blocks_adopt lets a slot have a body that was read ahead, with its index and verdict, in exchange for its own memory. Gives: false, and nothing is changed, when
 * it was judged by another header than the slot's, or under other limits. Needs: body_ahead_read is over; as blocks_fill. Cost: nothing is copied or hashed. */
bool blocks_adopt(const struct blocks *blocks, struct block *block, struct body_ahead *ahead);

/* block_read checks a body against its header and indexes its commands: epoch, form, number, payload root, static cost, time of validity against
 * the block's time, bounds. Gives: OK, else why no correct replica proposes it. Any bytes are safe.
 * The verdict depends on header and body alone, and stays with the block as body_state.
 * Cost: the hashes of app.scan and app.name, and one Merkle leaf per command, side by side; a body that is good already is only gone
 * through, for the sink's sake, with app.recall. Source: V4, V5. */
enum verdict block_read(struct blocks *blocks, struct block *block, const struct app *app, const struct block_sink *sink);

#endif
