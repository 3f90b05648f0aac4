/* trail.h: which blocks the own log proves committed, by height, whatever order they stand in: for a start whose log has repaired blocks far behind those
 * that follow them.
 *
 *     every BLOCK record of a reading --> trail_add --> trail_settle: C1 and the proofs of the log name a tip --parents, downwards--> chain
 *
 * Blocks are linked by the hashes in their headers, so a chain that ends in a committed block is committed whole, also where a block that was appended again
 * carries no certificate. The records are one's own: certificates were verified before they were written. Fixed memory; the oldest records are forgotten. */
#ifndef WARD_CONSENSUS_TRAIL_H
#define WARD_CONSENSUS_TRAIL_H

#include "base/arena.h"
#include "wire/block.h"
#include "wire/cert.h"

#include <stdbool.h>
#include <stdint.h>

struct trail_block {
    struct hash32 hash, parent;
    uint64_t height;
    struct ballot justify; /* of the certificate that stood with it; kind ROOT: none, or the epoch's root */
    uint64_t previous;     /* number of the next older block of the bucket; 0: none */
};

struct trail {
    struct trail_block *blocks; /* a ring of `capacity` */
    uint64_t *buckets;          /* `capacity`: number of the newest block, 0: none */
    struct hash32 *chain;       /* `capacity`: by height modulo capacity, good for low .. high */
    uint32_t capacity;          /* a power of two */
    uint64_t last;              /* number of the newest block, from 1 */
    uint64_t low, high;         /* the settled chain; low > high: none */
};

/* trail_take takes memory for `capacity` blocks. Needs: a power of two. */
void trail_take(struct trail *trail, struct arena *arena, uint32_t capacity);

/* trail_add remembers a block. A second record of the same block adds its certificate if the first had none. justify: NULL when it carried none. */
void trail_add(struct trail *trail, const struct block_header *header, const struct hash32 *hash, const struct ballot *justify);

/* trail_settle finds the chain that is proved committed: below what two certificates of one view commit (`high`, a verified certificate, among them), or below
 * `proved`, a block that a verified CommitProof names; NULL: there is none. The highest block itself is left to its certificate. Gives: how many blocks the chain has. Source: C1.
 * Cost: a walk over all blocks. */
uint64_t trail_settle(struct trail *trail, const struct ballot *high, const struct ballot *proved);

/* trail_at gives the hash of the committed block at a height, NULL when the trail does not know it. */
const struct hash32 *trail_at(const struct trail *trail, uint64_t height);

/* trail_check asserts the invariants. */
void trail_check(const struct trail *trail);

#endif
