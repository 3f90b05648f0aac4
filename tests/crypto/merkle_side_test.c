/* merkle_side_test.c: what is appended and folded side by side is what one at a time gives. */
#include "crypto/merkle.h"

#include <criterion/criterion.h>
#include <string.h>

enum { COUNTS = 70 };

static struct hash32 leaf_of(uint32_t number)
{
    return merkle_leaf(&number, sizeof number);
}

/* A tree of `count` leaves, whose unused peaks are filled with what must not matter. */
static struct merkle_peaks tree_of(uint64_t count)
{
    struct merkle_peaks tree;

    memset(&tree, 0xa5, sizeof tree);
    tree.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct hash32 leaf = leaf_of(i);
        (void)merkle_peaks_append(&tree, &leaf);
    }
    return tree;
}

static void assert_same(const struct merkle_peaks *a, const struct merkle_peaks *b)
{
    cr_assert_eq(a->count, b->count);
    cr_assert_arr_eq(a->peaks, b->peaks, (size_t)__builtin_popcountll(a->count) * sizeof a->peaks[0]);
}

Test(merkle_side, a_run_appends_as_one_leaf_after_the_other_does)
{
    for (uint64_t count = 0; count < COUNTS; count++) {
        for (uint32_t n = 0; n <= MERKLE_SIDE_MAX; n++) {
            struct merkle_peaks one = tree_of(count), run = one;
            struct hash32 leaves[MERKLE_SIDE_MAX], tops[MERKLE_SIDE_MAX];
            for (uint32_t i = 0; i < n; i++) {
                leaves[i] = leaf_of(1000 + i);
            }
            merkle_peaks_append_run(&run, leaves, tops, n);
            for (uint32_t i = 0; i < n; i++) {
                struct hash32 top = merkle_peaks_append(&one, &leaves[i]);
                cr_assert(hash_equal(&top, &tops[i]), "leaf %u behind %llu", i, (unsigned long long)count);
            }
            assert_same(&one, &run);
        }
    }
}

Test(merkle_side, a_run_appends_to_the_longest_tree)
{
    struct merkle_peaks one = { .count = UINT64_MAX - MERKLE_SIDE_MAX - 1 }, run;
    struct hash32 leaves[MERKLE_SIDE_MAX], tops[MERKLE_SIDE_MAX];

    for (uint32_t i = 0; i < MERKLE_DEPTH_MAX; i++) {
        one.peaks[i] = leaf_of(i);
    }
    run = one;
    for (uint32_t i = 0; i < MERKLE_SIDE_MAX; i++) {
        leaves[i] = leaf_of(100 + i);
    }
    merkle_peaks_append_run(&run, leaves, tops, MERKLE_SIDE_MAX);
    for (uint32_t i = 0; i < MERKLE_SIDE_MAX; i++) {
        (void)merkle_peaks_append(&one, &leaves[i]);
    }
    assert_same(&one, &run);
}

Test(merkle_side, each_of_several_trees_gets_its_leaf_and_its_root)
{
    for (uint64_t base = 0; base < COUNTS; base += 3) {
        struct merkle_peaks one[MERKLE_SIDE_MAX], each[MERKLE_SIDE_MAX], *trees[MERKLE_SIDE_MAX];
        struct hash32 leaves[MERKLE_SIDE_MAX], tops[MERKLE_SIDE_MAX], roots[MERKLE_SIDE_MAX];
        for (uint32_t i = 0; i < MERKLE_SIDE_MAX; i++) {
            one[i] = each[i] = tree_of(base + i * i % 11);
            trees[i] = &each[i];
            leaves[i] = leaf_of(500 + i);
        }
        merkle_peaks_append_each(trees, leaves, tops, MERKLE_SIDE_MAX);
        merkle_peaks_roots((const struct merkle_peaks *const *)trees, roots, MERKLE_SIDE_MAX);
        for (uint32_t i = 0; i < MERKLE_SIDE_MAX; i++) {
            struct hash32 top = merkle_peaks_append(&one[i], &leaves[i]);
            struct hash32 root = merkle_peaks_root(&one[i]);
            cr_assert(hash_equal(&top, &tops[i]));
            cr_assert(hash_equal(&root, &roots[i]));
            assert_same(&one[i], &each[i]);
        }
    }
}
