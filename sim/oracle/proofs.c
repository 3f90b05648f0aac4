/* proofs.c: see proofs.h. */
#include "sim/oracle/proofs.h"

#include <stddef.h>
#include <string.h>

/* by_child: the block and its child were certified in one view, and whoever voted for the child held the certificate of the block (C1). */
static const char *by_child(const struct ballot *block, const struct ballot *child, const struct block_header *header)
{
    struct hash32 hash = block_hash(header);

    if (child->kind != VOTE_FOLLOWING) {
        return "C1: the child's certificate is not of following votes";
    }
    if (child->epoch != block->epoch || child->rank.view != block->rank.view) {
        return "C1: block and child are certified in different views";
    }
    if (child->rank.height != block->rank.height + 1 || header->height != child->rank.height) {
        return "C1: the child is not one height above";
    }
    if (memcmp(header->parent.bytes, block->block.bytes, HASH_BYTES) != 0 || memcmp(hash.bytes, child->block.bytes, HASH_BYTES) != 0) {
        return "C1: the child does not stand on the block";
    }
    return NULL;
}

const char *proofs_commit(const struct commit_proof *proof)
{
    const struct ballot *block = &proof->first.ballot;

    switch (block->kind) {
    case VOTE_COMMIT: return NULL; /* C2 */
    case VOTE_OPENING:
    case VOTE_FOLLOWING: return by_child(block, &proof->second.ballot, &proof->child);
    case VOTE_ROOT:
    case VOTE_KIND_END: break;
    }
    return "a root proves no commit";
}
