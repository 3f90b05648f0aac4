/* merkle.c: the tree of RFC 6962, level by level instead of by recursion.
 *
 * Pairing neighbours and promoting a last odd node unchanged gives the shape of RFC 6962 section 2.1, because the largest power of
 * two below the count is always a whole subtree on the left:
 *
 *     count 6      level 0   a b c d e f
 *                  level 1   ab  cd  ef
 *                  level 2   abcd    ef (promoted)
 *                  level 3   root
 *
 * Verifiers walk the same levels with two indexes: `at`, the node that the proof is about, and `last`, the last node of the level.
 * A level in which `at` is even and last has no sibling; it is skipped. */
#include "crypto/merkle.h"

#include "base/assert.h"

#include <string.h>

_Static_assert(sizeof(struct hash32) == HASH_BYTES, "an array of hashes has no padding");

enum { LEAF_PREFIX = 0x00, NODE_PREFIX = 0x01, GROUP = 16 }; /* nodes of a level that are hashed at once */

struct hash32 merkle_leaf(const void *data, size_t size)
{
    struct hasher hasher;

    hash_plain_init(&hasher);
    hash_update_u8(&hasher, LEAF_PREFIX);
    hash_update(&hasher, data, size);
    return hash_final(&hasher);
}

void merkle_leaves(struct hash32 *out, const struct bytes *inputs, size_t n)
{
    hash_plain_many(out, LEAF_PREFIX, inputs, n);
}

struct hash32 merkle_node(const struct hash32 *left, const struct hash32 *right)
{
    uint8_t input[1 + 2 * HASH_BYTES];

    input[0] = NODE_PREFIX;
    memcpy(input + 1, left->bytes, HASH_BYTES);
    memcpy(input + 1 + HASH_BYTES, right->bytes, HASH_BYTES);
    return hash_plain(input, sizeof input);
}

/* Replaces a level by the next one. Gives: the number of its nodes. */
static size_t level_up(struct hash32 *nodes, size_t count)
{
    for (size_t i = 0; i < count / 2; i += GROUP) {
        size_t group = count / 2 - i < GROUP ? count / 2 - i : GROUP;
        struct bytes pairs[GROUP];
        struct hash32 hashes[GROUP];

        for (size_t j = 0; j < group; j++) {
            pairs[j] = bytes_of(&nodes[2 * (i + j)], 2 * sizeof *nodes);
        }
        hash_plain_many(hashes, NODE_PREFIX, pairs, group);
        memcpy(nodes + i, hashes, group * sizeof *nodes);
    }
    if (count % 2 == 1) {
        nodes[count / 2] = nodes[count - 1];
    }
    return count / 2 + count % 2;
}

struct hash32 merkle_root(struct hash32 *leaves, size_t count)
{
    if (count == 0) {
        return hash_plain(NULL, 0);
    }
    while (count > 1) { /* halves in every round */
        count = level_up(leaves, count);
    }
    return leaves[0];
}

void merkle_path_of(struct hash32 *leaves, size_t count, size_t index, struct merkle_path *path)
{
    ASSERT(index < count);
    path->length = 0;
    while (count > 1) {
        size_t sibling = index ^ 1;

        if (sibling < count) {
            ASSERT(path->length < MERKLE_DEPTH_MAX);
            path->nodes[path->length++] = leaves[sibling];
        }
        count = level_up(leaves, count);
        index /= 2;
    }
}

/* Where a verifier stands: which node of a level, and which is the last of that level. */
struct walk {
    uint64_t at;   /* <= last */
    uint64_t last;
};

static void walk_up(struct walk *walk)
{
    walk->at /= 2;
    walk->last /= 2;
}

/* Brings the walk to the next level in which the node has a sibling. Needs: last > 0. Gives: true when that sibling is on the left. */
static bool walk_to_sibling(struct walk *walk)
{
    ASSERT(walk->last > 0);
    while (walk->at % 2 == 0 && walk->at == walk->last) { /* ends: last > 0 has a bit set, and halving brings it to the front */
        walk_up(walk);
    }
    return walk->at % 2 == 1;
}

bool merkle_verify_inclusion(const struct hash32 *leaf, uint64_t index, uint64_t count, const struct hash32 *root, const struct hash32 *nodes, size_t length)
{
    struct walk walk = { .at = index, .last = count - 1 };
    struct hash32 hash = *leaf;

    if (index >= count || length > MERKLE_DEPTH_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (walk.last == 0) {
            return false;
        }
        hash = walk_to_sibling(&walk) ? merkle_node(&nodes[i], &hash) : merkle_node(&hash, &nodes[i]);
        walk_up(&walk);
    }
    return walk.last == 0 && hash_equal(&hash, root);
}

/* The peaks of a tree are as many as its count has bits set. */
static size_t peaks_number(uint64_t count)
{
    return (size_t)__builtin_popcountll(count);
}

struct hash32 merkle_peaks_append(struct merkle_peaks *tree, const struct hash32 *leaf)
{
    size_t number = peaks_number(tree->count);
    struct hash32 hash = *leaf;

    ASSERT(tree->count < UINT64_MAX);
    for (uint64_t rest = tree->count; rest % 2 == 1; rest /= 2) { /* one merge for each trailing bit */
        hash = merkle_node(&tree->peaks[--number], &hash);
    }
    tree->peaks[number] = hash;
    tree->count++;
    ASSERT(peaks_number(tree->count) == number + 1);
    return hash;
}

/* Nodes of several trees, or of several places in one, that are made together. */
struct side {
    struct hash32 pair[MERKLE_SIDE_MAX][2];
    size_t of[MERKLE_SIDE_MAX]; /* whose each is */
    size_t count;
};

static void side_add(struct side *side, size_t of, const struct hash32 *left, const struct hash32 *right)
{
    ASSERT(side->count < MERKLE_SIDE_MAX);
    side->pair[side->count][0] = *left;
    side->pair[side->count][1] = *right;
    side->of[side->count++] = of;
}

/* side_make hashes what was added and empties the list. Gives: how many there were; hashes[of] of each. */
static size_t side_make(struct side *side, struct hash32 *hashes)
{
    struct bytes inputs[MERKLE_SIDE_MAX];
    struct hash32 made[MERKLE_SIDE_MAX];
    size_t count = side->count;

    if (count == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        inputs[i] = bytes_of(side->pair[i], sizeof side->pair[i]);
    }
    hash_plain_many(made, NODE_PREFIX, inputs, count);
    for (size_t i = 0; i < count; i++) {
        hashes[side->of[i]] = made[i];
    }
    side->count = 0;
    return count;
}

/* The peak of a level stands behind those of the levels above it. */
static size_t peak_at(uint64_t count, unsigned level)
{
    return level + 1 < 64 ? peaks_number(count >> (level + 1)) : 0;
}

void merkle_peaks_append_run(struct merkle_peaks *tree, const struct hash32 *leaves, struct hash32 *tops, size_t n)
{
    struct side side = { .count = 0 };
    uint64_t before = tree->count;
    unsigned level = 0;

    ASSERT(n <= MERKLE_SIDE_MAX);
    ASSERT(before <= UINT64_MAX - n);
    memcpy(tops, leaves, n * sizeof *tops);
    do { /* a leaf whose number ends in `level` + 1 ones ends a subtree of two of this level; its left half is older than the run, or ended in it */
        uint64_t ones = (UINT64_C(2) << level) - 1;
        for (size_t i = 0; i < n; i++) {
            if (((before + i) & ones) == ones) {
                bool older = i >> level == 0;
                side_add(&side, i, older ? &tree->peaks[peak_at(before, level)] : &tops[i - ((size_t)1 << level)], &tops[i]);
            }
        }
        level++;
    } while (side_make(&side, tops) > 0 && level < 63);
    tree->count = before + n;
    for (level = 0; level < 64; level++) {
        uint64_t end = tree->count >> level << level; /* leaves up to and with this peak's */
        if ((tree->count >> level & 1) != 0 && end > before) {
            tree->peaks[peak_at(tree->count, level)] = tops[end - before - 1];
        }
    }
}

void merkle_peaks_append_each(struct merkle_peaks *const *trees, const struct hash32 *leaves, struct hash32 *tops, size_t n)
{
    struct side side = { .count = 0 };
    unsigned level = 0;

    ASSERT(n <= MERKLE_SIDE_MAX);
    memcpy(tops, leaves, n * sizeof *tops);
    do { /* one merge for each trailing bit of a count */
        uint64_t ones = (UINT64_C(2) << level) - 1;
        for (size_t i = 0; i < n; i++) {
            if ((trees[i]->count & ones) == ones) {
                side_add(&side, i, &trees[i]->peaks[peak_at(trees[i]->count, level)], &tops[i]);
            }
        }
        level++;
    } while (side_make(&side, tops) > 0 && level < 63);
    for (size_t i = 0; i < n; i++) {
        ASSERT(trees[i]->count < UINT64_MAX);
        trees[i]->count++;
        trees[i]->peaks[peaks_number(trees[i]->count) - 1] = tops[i];
    }
}

void merkle_peaks_roots(const struct merkle_peaks *const *trees, struct hash32 *roots, size_t n)
{
    struct side side = { .count = 0 };
    size_t step = 0;

    ASSERT(n <= MERKLE_SIDE_MAX);
    for (size_t i = 0; i < n; i++) {
        ASSERT(trees[i]->count > 0);
        roots[i] = trees[i]->peaks[peaks_number(trees[i]->count) - 1];
    }
    do { /* each tree has one peak less to fold in every round */
        step++;
        for (size_t i = 0; i < n; i++) {
            size_t number = peaks_number(trees[i]->count);
            if (number > step) {
                side_add(&side, i, &trees[i]->peaks[number - 1 - step], &roots[i]);
            }
        }
    } while (side_make(&side, roots) > 0 && step < 64);
}

struct hash32 merkle_peaks_root(const struct merkle_peaks *tree)
{
    size_t number = peaks_number(tree->count);
    struct hash32 hash;

    if (number == 0) {
        return hash_plain(NULL, 0);
    }
    hash = tree->peaks[number - 1];
    for (size_t i = number - 1; i > 0; i--) {
        hash = merkle_node(&tree->peaks[i - 1], &hash);
    }
    return hash;
}

/* The proof begins at the largest whole subtree that ends the old tree: the climb passes every level in which it is a right child. */
static size_t climb_to_whole_subtree(struct walk *walk)
{
    size_t levels = 0;

    for (; walk->at % 2 == 1; levels++) { /* a 64-bit index has at most 64 trailing ones */
        walk_up(walk);
    }
    return levels;
}

size_t merkle_consistency_of(struct hash32 *leaves, size_t count, size_t old_count, struct hash32 nodes[MERKLE_CONSISTENCY_MAX])
{
    struct walk walk = { .at = old_count - 1, .last = count - 1 };
    size_t length = 0;

    ASSERT(old_count > 0);
    ASSERT(old_count <= count);
    if (old_count == count) {
        return 0;
    }
    for (size_t levels = climb_to_whole_subtree(&walk); levels > 0; levels--) {
        count = level_up(leaves, count);
    }
    if (walk.at > 0) {
        nodes[length++] = leaves[walk.at]; /* at zero it is the old root itself, which the verifier has */
    }
    while (count > 1) {
        size_t sibling = walk.at ^ 1;

        if (sibling < count) {
            ASSERT(length < MERKLE_CONSISTENCY_MAX);
            nodes[length++] = leaves[sibling];
        }
        count = level_up(leaves, count);
        walk_up(&walk);
    }
    return length;
}

/* Folds the proof into both roots at once: a left sibling belongs to the old and the new tree, a right one to the new tree alone. */
static bool fold_consistency(struct walk walk, struct hash32 pair[2], const struct hash32 *nodes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (walk.last == 0) {
            return false;
        }
        if (walk_to_sibling(&walk)) {
            pair[0] = merkle_node(&nodes[i], &pair[0]);
            pair[1] = merkle_node(&nodes[i], &pair[1]);
        } else {
            pair[1] = merkle_node(&pair[1], &nodes[i]);
        }
        walk_up(&walk);
    }
    return walk.last == 0;
}

bool merkle_verify_consistency(uint64_t old_count, const struct hash32 *old_root, uint64_t count, const struct hash32 *root, const struct hash32 *nodes, size_t length)
{
    struct walk walk = { .at = old_count - 1, .last = count - 1 };
    const struct hash32 *start = old_root;
    struct hash32 pair[2];

    if (old_count > count || length > MERKLE_CONSISTENCY_MAX) {
        return false;
    }
    if (old_count == count) {
        return length == 0 && hash_equal(old_root, root);
    }
    if (old_count == 0) {
        struct hash32 empty = hash_plain(NULL, 0);
        return length == 0 && hash_equal(old_root, &empty);
    }
    (void)climb_to_whole_subtree(&walk);
    if (walk.at > 0) {
        if (length == 0) {
            return false;
        }
        start = nodes++;
        length--;
    }
    pair[0] = *start;
    pair[1] = *start;
    return fold_consistency(walk, pair, nodes, length) && hash_equal(&pair[0], old_root) && hash_equal(&pair[1], root);
}
