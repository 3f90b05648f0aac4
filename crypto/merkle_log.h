/* merkle_log.h: proofs about a growing tree (merkle.h) in O(log^2), from what is kept with each leaf; the oldest leaves may be forgotten.
 *
 * With leaf e stands its *top*: the hash of the largest complete subtree that ends with it, of level = the number of trailing one bits of e.
 *
 *     top of 7                    [0 .. 7]
 *     top of 3        [0 .. 3]                  e = 3 = 011b: level 2
 *     top of 1, 5   [0 1]                 [4 5]
 *     top of even     0     2           4       6        (the leaf itself)
 *
 * Every other complete subtree that ends with e is folded from the tops below it, so nothing else needs to be kept. Pure. */
#ifndef WARD_CRYPTO_MERKLE_LOG_H
#define WARD_CRYPTO_MERKLE_LOG_H

#include "crypto/merkle.h"

/* Where leaves and tops are kept. find gives both of leaf `index`, or false when it is forgotten. Where a top is kept and its leaf is not, the leaf
 * is given as zeros: a log that keeps the newest forgotten top of each level can prove every leaf that it holds. */
struct merkle_log {
    void *context;
    bool (*find)(void *context, uint64_t index, struct hash32 *leaf, struct hash32 *top);
};

/* merkle_log_top gives the top of the next leaf, `index`, when all below it are in the log. Fails: false when one that is needed is forgotten.
 * Cost: amortised one node. */
bool merkle_log_top(const struct merkle_log *log, uint64_t index, const struct hash32 *leaf, struct hash32 *top);

/* Each of these reads the tree of the first `count` leaves. Fails: false when a leaf that is needed is forgotten. Cost: at most 64 x 64 / 2 nodes. */
bool merkle_log_peaks(const struct merkle_log *log, uint64_t count, struct merkle_peaks *peaks);
bool merkle_log_path(const struct merkle_log *log, uint64_t index, uint64_t count, struct merkle_path *path); /* Needs: index < count */

/* merkle_log_consistency gives the proof that the first old_count leaves are a prefix, as merkle_consistency_of. Needs: 0 < old_count <= count.
 * Gives: *length, at most MERKLE_CONSISTENCY_MAX. */
bool merkle_log_consistency(const struct merkle_log *log, uint64_t old_count, uint64_t count, struct hash32 nodes[MERKLE_CONSISTENCY_MAX], size_t *length);

#endif
