/* merkle_log_test.c: what is read from leaves and tops is what the whole tree gives, for every size and place up to 130 leaves. */
#include "crypto/merkle_log.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LEAVES = 130 };

static struct hash32 leaves[LEAVES], tops[LEAVES];
static uint64_t forgotten; /* leaves below it are gone */

static bool find(void *context, uint64_t index, struct hash32 *leaf, struct hash32 *top)
{
    (void)context;
    cr_assert_lt(index, LEAVES);
    if (index < forgotten) {
        return false;
    }
    *leaf = leaves[index];
    *top = tops[index];
    return true;
}

static const struct merkle_log tree = { NULL, find };

static void fill(void)
{
    for (uint32_t i = 0; i < LEAVES; i++) {
        leaves[i] = merkle_leaf(&i, sizeof i);
        cr_assert(merkle_log_top(&tree, i, &leaves[i], &tops[i]));
    }
}

Test(merkle_log, gives_the_peaks_that_appending_gives)
{
    struct merkle_peaks peaks, expected = { 0 };

    fill();
    for (uint64_t count = 0; count <= LEAVES; count++) {
        cr_assert(merkle_log_peaks(&tree, count, &peaks));
        cr_assert_eq(peaks.count, expected.count);
        cr_assert_arr_eq(peaks.peaks, expected.peaks, (size_t)__builtin_popcountll(count) * sizeof(struct hash32));
        if (count < LEAVES) {
            struct hash32 top = merkle_peaks_append(&expected, &leaves[count]);
            cr_assert(hash_equal(&top, &tops[count]), "appending gives the top of leaf %zu", (size_t)count);
        }
    }
}

Test(merkle_log, gives_the_path_of_every_leaf_in_every_tree)
{
    struct hash32 scratch[LEAVES];
    struct merkle_path path, expected;

    fill();
    for (uint64_t count = 1; count <= LEAVES; count++) {
        for (uint64_t index = 0; index < count; index++) {
            memcpy(scratch, leaves, sizeof scratch);
            merkle_path_of(scratch, count, index, &expected);
            cr_assert(merkle_log_path(&tree, index, count, &path));
            cr_assert_eq(path.length, expected.length);
            cr_assert_arr_eq(path.nodes, expected.nodes, path.length * sizeof(struct hash32));
        }
    }
}

Test(merkle_log, gives_the_consistency_of_every_pair_of_trees)
{
    struct hash32 scratch[LEAVES], nodes[MERKLE_CONSISTENCY_MAX], expected[MERKLE_CONSISTENCY_MAX];

    fill();
    for (uint64_t count = 1; count <= LEAVES; count++) {
        for (uint64_t old = 1; old <= count; old++) {
            size_t length = 0;
            memcpy(scratch, leaves, sizeof scratch);
            size_t wanted = merkle_consistency_of(scratch, count, old, expected);
            cr_assert(merkle_log_consistency(&tree, old, count, nodes, &length));
            cr_assert_eq(length, wanted, "%zu of %zu", (size_t)old, (size_t)count);
            cr_assert_arr_eq(nodes, expected, length * sizeof(struct hash32));
        }
    }
}

/* What is forgotten is said to be so, and what does not need it is still proved. */
Test(merkle_log, fails_only_where_a_forgotten_leaf_is_needed)
{
    struct merkle_path path;
    struct merkle_peaks peaks;
    uint32_t proved = 0;

    fill();
    forgotten = 63;
    for (uint64_t index = 0; index < LEAVES; index++) {
        bool good = merkle_log_path(&tree, index, LEAVES, &path);
        cr_assert(!good || index >= forgotten);
        proved += good;
        if (good) {
            memset(&peaks, 0, sizeof peaks);
            for (uint32_t i = 0; i < LEAVES; i++) {
                merkle_peaks_append(&peaks, &leaves[i]);
            }
            struct hash32 root = merkle_peaks_root(&peaks);
            cr_assert(merkle_verify_inclusion(&leaves[index], index, LEAVES, &root, path.nodes, path.length));
        }
    }
    cr_assert_eq(proved, LEAVES - 64, "leaf 63 is held, but not its neighbour 62; all from 64 on need only the top of 63");
    cr_assert_not(merkle_log_peaks(&tree, 63, &peaks));
    cr_assert(merkle_log_peaks(&tree, 64, &peaks));
}
