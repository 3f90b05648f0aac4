/* merkle.h: one Merkle tree in the shape of RFC 6962 (section 2.1) over H, for commands of a block, receipts, audit logs and lists.
 *
 * leaf = BLAKE2b-256(0x00 || data), node = BLAKE2b-256(0x01 || left || right), the tree of zero leaves has the root BLAKE2b-256("").
 * Pure: the caller brings all memory. */
#ifndef WARD_CRYPTO_MERKLE_H
#define WARD_CRYPTO_MERKLE_H

#include "crypto/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERKLE_DEPTH_MAX 64
#define MERKLE_CONSISTENCY_MAX (MERKLE_DEPTH_MAX + 1)

/* The right edge of a tree: enough to append and to know the root. peaks[i] for the i-th set bit of count, highest first. */
struct merkle_peaks {
    uint64_t count; /* leaves */
    struct hash32 peaks[MERKLE_DEPTH_MAX];
};

/* An inclusion path, leaf side first. */
struct merkle_path {
    uint32_t length;
    struct hash32 nodes[MERKLE_DEPTH_MAX];
};

struct hash32 merkle_leaf(const void *data, size_t size);

/* merkle_leaves gives the leaf hashes of n inputs, side by side. Needs: `out` is none of them. */
void merkle_leaves(struct hash32 *out, const struct bytes *inputs, size_t n);
struct hash32 merkle_node(const struct hash32 *left, const struct hash32 *right);

/* merkle_root gives the root over leaf hashes; with none, leaves may be NULL. It overwrites the array. Cost: count - 1 nodes. */
struct hash32 merkle_root(struct hash32 *leaves, size_t count);

/* merkle_path_of gives the inclusion path of leaf `index` among `count` leaf hashes. It overwrites the array. Needs: index < count. */
void merkle_path_of(struct hash32 *leaves, size_t count, size_t index, struct merkle_path *path);

/* merkle_verify_inclusion tells whether `leaf` at `index` of `count` leaves under `root` follows from the path. Any input is safe.
 * The path proves the index within this count, not the count: take count and root from the same signed place. */
bool merkle_verify_inclusion(const struct hash32 *leaf, uint64_t index, uint64_t count, const struct hash32 *root, const struct hash32 *nodes, size_t length);

/* merkle_peaks_append adds one leaf hash. Gives: its top, the largest complete subtree that ends with it (merkle_log.h). Cost: amortised one node. */
struct hash32 merkle_peaks_append(struct merkle_peaks *tree, const struct hash32 *leaf);

/* Several appended side by side, n <= MERKLE_SIDE_MAX. merkle_peaks_append_run appends n leaves to one tree; merkle_peaks_append_each one leaf to each of n
 * trees, no two of which are the same. Gives: tops[i], as merkle_peaks_append does for leaf i. Cost: the same nodes, hashed together where they are of one level. */
#define MERKLE_SIDE_MAX 16u
void merkle_peaks_append_run(struct merkle_peaks *tree, const struct hash32 *leaves, struct hash32 *tops, size_t n);
void merkle_peaks_append_each(struct merkle_peaks *const *trees, const struct hash32 *leaves, struct hash32 *tops, size_t n);

/* merkle_peaks_roots gives the roots of n <= MERKLE_SIDE_MAX trees, side by side. Needs: each has a leaf. */
void merkle_peaks_roots(const struct merkle_peaks *const *trees, struct hash32 *roots, size_t n);

/* merkle_peaks_root folds the peaks, right to left. Cost: popcount(count) - 1 nodes. */
struct hash32 merkle_peaks_root(const struct merkle_peaks *tree);

/* merkle_consistency_of gives the proof that the first `old_count` of `count` leaf hashes are a prefix (RFC 6962 section 2.1.2).
 * It overwrites the array. Needs: 0 < old_count <= count. Gives: the length, at most MERKLE_CONSISTENCY_MAX. */
size_t merkle_consistency_of(struct hash32 *leaves, size_t count, size_t old_count, struct hash32 nodes[MERKLE_CONSISTENCY_MAX]);

/* merkle_verify_consistency tells whether the tree (count, root) extends (old_count, old_root). Any input is safe.
 * Every tree extends the empty one, with the empty proof; the root of the new tree is then not looked at. */
bool merkle_verify_consistency(uint64_t old_count, const struct hash32 *old_root, uint64_t count, const struct hash32 *root, const struct hash32 *nodes, size_t length);

#endif
