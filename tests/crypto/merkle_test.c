/* merkle_test.c: roots, paths and proofs are those of RFC 6962, and nothing else is accepted.
 *
 * The model writes the RFC's recursive definitions down as they stand, but over a table of all intervals of leaves, filled by
 * growing length. It shares nothing with crypto/merkle.c but the two prefixes' meaning. */
#include "crypto/merkle.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LEAVES_MAX = 70, CONSISTENCY_MAX = 40 };

static struct hash32 leaf_hashes[LEAVES_MAX];
static struct hash32 interval[LEAVES_MAX][LEAVES_MAX + 1]; /* [first][length >= 1] */

static struct hash32 model_node(struct hash32 left, struct hash32 right)
{
    uint8_t input[65] = { 1 };

    memcpy(input + 1, left.bytes, 32);
    memcpy(input + 33, right.bytes, 32);
    return hash_plain(input, sizeof input);
}

/* The largest power of two below n. Needs: n > 1. */
static size_t model_split(size_t n)
{
    size_t k = 1;

    while (2 * k < n) {
        k *= 2;
    }
    return k;
}

static void model_fill(void)
{
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        const uint8_t input[3] = { 0, (uint8_t)i, 0x5a };
        leaf_hashes[i] = hash_plain(input, sizeof input);
        interval[i][1] = leaf_hashes[i];
    }
    for (size_t length = 2; length <= LEAVES_MAX; length++) {
        size_t k = model_split(length);
        for (size_t first = 0; first + length <= LEAVES_MAX; first++) {
            interval[first][length] = model_node(interval[first][k], interval[first + k][length - k]);
        }
    }
}

static struct hash32 model_root(size_t count)
{
    return count == 0 ? hash_plain("", 0) : interval[0][count];
}

static void reverse(struct hash32 *nodes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct hash32 other = nodes[i];
        nodes[i] = nodes[count - 1 - i];
        nodes[count - 1 - i] = other;
    }
}

/* PATH(m, D[n]) of section 2.1.1, from the root downwards and then turned round. */
static size_t model_path(size_t m, size_t n, struct hash32 *nodes)
{
    size_t first = 0;
    size_t length = 0;

    while (n > 1) {
        size_t k = model_split(n);
        if (m < k) {
            nodes[length++] = interval[first + k][n - k];
            n = k;
        } else {
            nodes[length++] = interval[first][k];
            first += k;
            m -= k;
            n -= k;
        }
    }
    reverse(nodes, length);
    return length;
}

/* PROOF(m, D[n]) of section 2.1.2, likewise. */
static size_t model_proof(size_t m, size_t n, struct hash32 *nodes)
{
    size_t first = 0;
    size_t length = 0;
    bool known = true; /* the subtree so far is the old root itself */

    while (m != n) {
        size_t k = model_split(n);
        if (m <= k) {
            nodes[length++] = interval[first + k][n - k];
            n = k;
        } else {
            nodes[length++] = interval[first][k];
            first += k;
            m -= k;
            n -= k;
            known = false;
        }
    }
    if (!known) {
        nodes[length++] = interval[first][m];
    }
    reverse(nodes, length);
    return length;
}

static void take_leaves(struct hash32 *out, size_t count)
{
    memcpy(out, leaf_hashes, count * sizeof *out);
}

static bool all_equal(const struct hash32 *a, const struct hash32 *b, size_t count)
{
    return memcmp(a, b, count * sizeof *a) == 0;
}

TestSuite(merkle, .init = model_fill);

Test(merkle, leaf_and_node_carry_their_prefixes)
{
    struct hash32 leaf = merkle_leaf("\x03\x5a", 2);
    struct hash32 node = merkle_node(&leaf_hashes[0], &leaf_hashes[1]);

    cr_assert(hash_equal(&leaf, &leaf_hashes[3]));
    cr_assert(hash_equal(&node, &interval[0][2]));
    leaf = merkle_leaf(NULL, 0);
    node = hash_plain("\0", 1);
    cr_assert(hash_equal(&leaf, &node), "an empty leaf is not the empty tree");
}

Test(merkle, root_and_peaks_give_the_rfc_root_for_every_size)
{
    static struct hash32 work[LEAVES_MAX];
    struct merkle_peaks peaks = { 0 };

    for (size_t count = 0; count <= LEAVES_MAX; count++) {
        struct hash32 expected = model_root(count);
        struct hash32 root;

        take_leaves(work, count);
        root = merkle_root(work, count);
        cr_assert(hash_equal(&root, &expected), "%zu leaves", count);
        root = merkle_peaks_root(&peaks);
        cr_assert(hash_equal(&root, &expected), "%zu leaves appended", count);
        cr_assert_eq(peaks.count, count);
        if (count < LEAVES_MAX) {
            merkle_peaks_append(&peaks, &leaf_hashes[count]);
        }
    }
}

Test(merkle, every_inclusion_path_is_the_rfc_path_and_verifies_at_its_place_alone)
{
    static struct hash32 work[LEAVES_MAX];
    static struct merkle_path path;
    struct hash32 expected[MERKLE_DEPTH_MAX];

    for (size_t count = 1; count <= LEAVES_MAX; count++) {
        struct hash32 root = model_root(count);

        for (size_t index = 0; index < count; index++) {
            take_leaves(work, count);
            merkle_path_of(work, count, index, &path);
            cr_assert_eq(path.length, model_path(index, count, expected));
            cr_assert(all_equal(path.nodes, expected, path.length), "path %zu of %zu", index, count);
            for (size_t other = 0; other <= count; other++) {
                bool accepted = merkle_verify_inclusion(&leaf_hashes[index], other, count, &root, path.nodes, path.length);
                cr_assert_eq(accepted, other == index, "leaf %zu of %zu claimed at %zu", index, count, other);
            }
        }
    }
}

Test(merkle, inclusion_path_with_a_flipped_bit_or_another_length_is_refused)
{
    static const size_t counts[] = { 2, 3, 8, 13, 33 };
    struct hash32 nodes[MERKLE_DEPTH_MAX + 2] = { 0 };

    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        struct hash32 root = model_root(counts[c]);
        for (size_t index = 0; index < counts[c]; index++) {
            size_t length = model_path(index, counts[c], nodes);
            for (size_t bit = 0; bit < 256 * length; bit++) {
                nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
                cr_assert(!merkle_verify_inclusion(&leaf_hashes[index], index, counts[c], &root, nodes, length));
                nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
            }
            for (size_t other = 0; other <= MERKLE_DEPTH_MAX + 1; other++) {
                bool accepted = merkle_verify_inclusion(&leaf_hashes[index], index, counts[c], &root, nodes, other);
                cr_assert_eq(accepted, other == length);
            }
        }
    }
}

Test(merkle, inclusion_in_the_empty_tree_and_at_the_ends_of_the_range_is_safe)
{
    struct hash32 root = model_root(0);
    static struct hash32 nodes[MERKLE_DEPTH_MAX];

    cr_assert(!merkle_verify_inclusion(&leaf_hashes[0], 0, 0, &root, nodes, 0));
    cr_assert(!merkle_verify_inclusion(&leaf_hashes[0], UINT64_MAX, UINT64_MAX, &root, nodes, MERKLE_DEPTH_MAX));
    cr_assert(!merkle_verify_inclusion(&leaf_hashes[0], UINT64_MAX - 1, UINT64_MAX, &root, nodes, MERKLE_DEPTH_MAX));
    cr_assert(!merkle_verify_inclusion(&leaf_hashes[0], 0, UINT64_MAX, &root, nodes, MERKLE_DEPTH_MAX));
    cr_assert(merkle_verify_inclusion(&leaf_hashes[0], 0, 1, &leaf_hashes[0], nodes, 0), "a tree of one leaf is the leaf");
}

Test(merkle, longest_path_verifies)
{
    static struct hash32 nodes[MERKLE_DEPTH_MAX];
    struct hash32 root = leaf_hashes[0];

    for (size_t i = 0; i < MERKLE_DEPTH_MAX; i++) {
        nodes[i] = leaf_hashes[i + 1];
        root = model_node(root, nodes[i]);
    }
    cr_assert(merkle_verify_inclusion(&leaf_hashes[0], 0, UINT64_MAX, &root, nodes, MERKLE_DEPTH_MAX));
    cr_assert(!merkle_verify_inclusion(&leaf_hashes[0], 0, UINT64_MAX / 2, &root, nodes, MERKLE_DEPTH_MAX));
}

Test(merkle, every_consistency_proof_is_the_rfc_proof_and_verifies)
{
    static struct hash32 work[LEAVES_MAX];
    struct hash32 nodes[MERKLE_CONSISTENCY_MAX];
    struct hash32 expected[MERKLE_CONSISTENCY_MAX];

    for (size_t count = 1; count <= LEAVES_MAX; count++) {
        struct hash32 root = model_root(count);
        for (size_t old_count = 1; old_count <= count; old_count++) {
            struct hash32 old_root = model_root(old_count);
            size_t length;

            take_leaves(work, count);
            length = merkle_consistency_of(work, count, old_count, nodes);
            cr_assert_eq(length, model_proof(old_count, count, expected));
            cr_assert(all_equal(nodes, expected, length), "proof %zu of %zu", old_count, count);
            cr_assert(merkle_verify_consistency(old_count, &old_root, count, &root, nodes, length));
            cr_assert(!merkle_verify_consistency(old_count, &leaf_hashes[69], count, &root, nodes, length));
            cr_assert(!merkle_verify_consistency(old_count, &old_root, count, &leaf_hashes[69], nodes, length));
        }
    }
}

Test(merkle, consistency_proof_with_a_flipped_bit_or_another_length_is_refused)
{
    struct hash32 nodes[MERKLE_CONSISTENCY_MAX + 1] = { 0 };

    for (size_t count = 2; count <= CONSISTENCY_MAX; count++) {
        struct hash32 root = model_root(count);
        for (size_t old_count = 1; old_count < count; old_count++) {
            struct hash32 old_root = model_root(old_count);
            size_t length = model_proof(old_count, count, nodes);

            for (size_t bit = 0; bit < 256 * length; bit += count % 5 == 0 ? 1 : 7) { /* each bit of some, each byte of all */
                nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
                cr_assert(!merkle_verify_consistency(old_count, &old_root, count, &root, nodes, length));
                nodes[bit / 256].bytes[bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
            }
            for (size_t other = 0; other <= MERKLE_CONSISTENCY_MAX + 1; other++) {
                bool accepted = merkle_verify_consistency(old_count, &old_root, count, &root, nodes, other);
                cr_assert_eq(accepted, other == length, "%zu of %zu with %zu nodes", old_count, count, other);
            }
        }
    }
}

Test(merkle, empty_and_equal_trees_are_consistent_by_the_empty_proof)
{
    struct hash32 nodes[1] = { 0 };
    struct hash32 empty = model_root(0);
    struct hash32 root = model_root(7);

    cr_assert(merkle_verify_consistency(0, &empty, 7, &root, nodes, 0));
    cr_assert(!merkle_verify_consistency(0, &empty, 7, &root, nodes, 1));
    cr_assert(!merkle_verify_consistency(0, &root, 7, &root, nodes, 0), "an empty tree has the empty root");
    cr_assert(merkle_verify_consistency(0, &empty, 0, &empty, nodes, 0));
    cr_assert(merkle_verify_consistency(7, &root, 7, &root, nodes, 0));
    cr_assert(!merkle_verify_consistency(7, &empty, 7, &root, nodes, 0));
    cr_assert(!merkle_verify_consistency(8, &root, 7, &root, nodes, 0), "a tree does not shrink");
    cr_assert(!merkle_verify_consistency(UINT64_MAX - 1, &root, UINT64_MAX, &root, nodes, 1));
}
