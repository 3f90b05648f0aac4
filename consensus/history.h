/* history.h: headers and hashes of the newest committed blocks, by height, in a ring: what serving, proofs and parent checks need after a
 * block's body is gone. */
#ifndef WARD_CONSENSUS_HISTORY_H
#define WARD_CONSENSUS_HISTORY_H

#include "base/arena.h"
#include "wire/block.h"

#include <stdbool.h>
#include <stdint.h>

struct history_entry {
    struct block_header header;
    struct hash32 hash;
};

struct history {
    struct history_entry *entries;
    uint32_t capacity; /* a power of two */
    uint64_t low;      /* lowest height that is here */
    uint64_t high;     /* highest: the newest committed block */
};

/* history_take takes `capacity` entries. Needs: a power of two. */
void history_take(struct history *history, struct arena *arena, uint32_t capacity);

/* history_begin starts at a committed root. */
void history_begin(struct history *history, const struct block_header *header, const struct hash32 *hash);

/* history_add appends the next committed block. Needs: height and parent continue the chain (I2). */
void history_add(struct history *history, const struct block_header *header, const struct hash32 *hash);

/* history_note keeps a block of one's own log that lies below `low`: it is no part of the history until history_reach finds that the chain leads to it. The last one noted at a
 * height counts. */
void history_note(struct history *history, const struct block_header *header, const struct hash32 *hash);

/* history_reach goes down from `low` along the hashes of parents through what was noted, as far as it goes. */
void history_reach(struct history *history);

/* history_find gives the committed block at a height, NULL when it is above or no longer here. */
const struct history_entry *history_find(const struct history *history, uint64_t height);

/* history_has tells whether the committed block at this height is known and has this hash. */
bool history_has(const struct history *history, uint64_t height, const struct hash32 *hash);

/* history_check asserts the invariant at both ends. */
void history_check(const struct history *history);

#endif
