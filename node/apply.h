/* apply.h: from committed blocks to executed state: the ledger behind consensus.
 *
 * Blocks are executed in height order, each once, in slices, so that the loop never stands still for a whole block (C4). It also
 * answers what consensus asks of the state, as `struct app`. Neither knows of the other. */
#ifndef WARD_NODE_APPLY_H
#define WARD_NODE_APPLY_H

#include "base/arena.h"
#include "consensus/app.h"
#include "consensus/effect.h"
#include "node/archive.h"
#include "wire/envelope.h"
#include "wire/genesis.h"

struct ledger;

/* A block on its way through execution; codes and roots hold once it is done. Views: good until the next apply_begin. */
struct apply_block {
    const struct block_header *header;
    struct hash32 hash;
    struct bytes body;
    const struct block_command *commands; /* header->commands_count */
    const uint16_t *codes;                /* one enum code per command */
    bool roots;                           /* asked for both roots */
    struct hash32 state_root;             /* as of after this block; zeros unless `roots` */
    struct hash32 receipts_root;
};

struct apply_config {
    uint32_t archive_events;   /* a power of two */
    uint32_t archive_receipts; /* a power of two */
    uint32_t archive_locators; /* a power of two; 0: none are kept */
};

struct apply {
    struct ledger *ledger;
    const struct genesis *genesis;
    struct apply_block block;
    uint16_t *codes;          /* BLOCK_COMMANDS_MAX */
    struct archive archive;
    uint32_t next;            /* command to execute */
    bool busy;
    bool folding;             /* all commands are executed, the root is not ready */
    uint64_t height;          /* of the last block that is done */
    uint64_t time_ms;
    uint64_t executed;        /* commands, since start */
    struct bytes memory;      /* of state and archive; filled from the front, read all over: worth large pages */
};

/* apply_take takes the ledger's memory for the capacities of this genesis. Fails: ERR_INVALID when the genesis's parameters are out of range.
 * Owns: genesis, and the bytes it views, must outlive apply. */
enum err apply_take(struct apply *apply, struct arena *arena, const struct genesis *genesis, const struct apply_config *config);

/* apply_load_genesis builds the state of block 0. Fails: ERR_INVALID when an initial entity is not one, or exceeds a capacity. Cost: one pass. */
enum err apply_load_genesis(struct apply *apply);

/* apply_app gives the questions that consensus may ask. Owns: apply must outlive it. */
struct app apply_app(struct apply *apply);

/* apply_envelope_bytes gives the length of the envelope at the front of `bytes`, from its own fields; 0 when they are not there. Any input is safe. */
size_t apply_envelope_bytes(struct bytes bytes);

/* apply_begin starts a block. Needs: not busy; its height is one above the last. Owns: everything the effect views, until done. */
void apply_begin(struct apply *apply, const struct effect *commit);

/* apply_step executes up to commands_max further commands; the last step ends the block. Gives: the block when it is done, else NULL.
 * Needs: busy. Cost: bounded by the static costs of the commands. */
const struct apply_block *apply_step(struct apply *apply, uint32_t commands_max);

/* apply_check asserts what holds between two slices, of the ledger too. */
void apply_check(const struct apply *apply);

#endif
