/* trail_test.c: which chain a log proves committed, in whatever order its blocks stand, and which it does not. */
#include "consensus/trail.h"

#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY 64u
#define HEIGHTS 40u

static struct trail trail;
static struct block_header headers[HEIGHTS + 1]; /* by height; 0 is the root */
static struct hash32 hashes[HEIGHTS + 1];
static const struct ballot nothing;

static void begin(void)
{
    struct arena arena;
    static _Alignas(64) uint8_t memory[CAPACITY * (sizeof(struct trail_block) + 8 + sizeof(struct hash32)) + 4096];

    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    trail_take(&trail, &arena, CAPACITY);
    for (uint64_t height = 0; height <= HEIGHTS; height++) {
        headers[height] = (struct block_header){ .height = height, .time_ms = height, .parent = height == 0 ? (struct hash32){ { 0 } } : hashes[height - 1] };
        hashes[height] = block_hash(&headers[height]);
    }
}

TestSuite(trail, .init = begin);

/* qc gives what certifies the block of a height in a view. */
static struct ballot qc(uint64_t height, uint64_t view, enum vote_kind kind)
{
    return (struct ballot){ .kind = kind, .rank = { view, height }, .block = hashes[height] };
}

/* add records a block of the chain with the certificate of its parent. */
static void add(uint64_t height, uint64_t view)
{
    struct ballot justify = qc(height - 1, view, VOTE_FOLLOWING);

    trail_add(&trail, &headers[height], &hashes[height], view == UINT64_MAX ? NULL : &justify);
}

Test(trail, chain_is_known_in_any_order_of_its_records_C1_S5)
{
    uint32_t order[HEIGHTS];

    for (unsigned seed = 1; seed <= 50; seed++) {
        begin();
        srand(seed);
        for (uint32_t i = 0; i < HEIGHTS; i++) {
            uint32_t at = (uint32_t)rand() % (i + 1);
            order[i] = order[at];
            order[at] = i + 1;
        }
        for (uint32_t i = 0; i < HEIGHTS; i++) {
            add(order[i], order[i] > HEIGHTS - 2 || order[i] % 3 != 0 ? 4 : UINT64_MAX); /* what was repaired carries no certificate */
        }
        /* The certificate in block 40 is of 39, whose own is of 38, in one view: 38 is committed, and its own certificate brings it. */
        cr_assert_eq(trail_settle(&trail, &nothing, NULL), HEIGHTS - 3, "seed %u", seed);
        for (uint64_t height = 1; height <= HEIGHTS - 3; height++) {
            cr_assert(hash_equal(trail_at(&trail, height), &hashes[height]), "seed %u", seed);
        }
        cr_assert_null(trail_at(&trail, HEIGHTS - 2));
        cr_assert_null(trail_at(&trail, 0));
    }
}

Test(trail, certificates_of_two_views_or_of_an_opening_commit_nothing_C1)
{
    static const struct { uint64_t first, second; enum vote_kind kind; bool commits; } rows[] = {
        { 4, 4, VOTE_FOLLOWING, true }, { 3, 4, VOTE_FOLLOWING, false }, { 4, 4, VOTE_OPENING, false }, { UINT64_MAX, 4, VOTE_FOLLOWING, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        for (uint64_t height = 1; height <= 8; height++) {
            add(height, UINT64_MAX);
        }
        add(9, rows[i].first);
        struct ballot second = qc(9, rows[i].second, rows[i].kind);
        cr_assert_eq(trail_settle(&trail, &second, NULL), rows[i].commits ? 7 : 0, "row %zu", i);
    }
}

Test(trail, a_branch_that_lost_is_not_on_it)
{
    struct block_header other = headers[7];
    struct ballot justify = qc(6, 2, VOTE_FOLLOWING);

    other.time_ms += 1000;
    struct hash32 lost = block_hash(&other);
    trail_add(&trail, &other, &lost, &justify);
    for (uint64_t height = 1; height <= 12; height++) {
        add(height, height < 8 ? 2 : 3);
    }
    trail_add(&trail, &other, &lost, &justify);
    cr_assert_eq(trail_settle(&trail, &nothing, NULL), 9);
    cr_assert(hash_equal(trail_at(&trail, 7), &hashes[7]));
}

Test(trail, a_proof_names_the_tip_and_a_gap_ends_the_chain)
{
    struct ballot proved = qc(20, 1, VOTE_COMMIT);

    for (uint64_t height = 1; height <= 20; height++) {
        if (height != 5) {
            add(height, UINT64_MAX);
        }
    }
    cr_assert_eq(trail_settle(&trail, &nothing, NULL), 0);
    cr_assert_eq(trail_settle(&trail, &nothing, &proved), 14);
    cr_assert_null(trail_at(&trail, 5));
    cr_assert_not_null(trail_at(&trail, 6));
    cr_assert_not_null(trail_at(&trail, 19));
    cr_assert_null(trail_at(&trail, 20));
}

Test(trail, the_oldest_records_are_forgotten_and_nothing_else)
{
    struct ballot proved = qc(HEIGHTS, 1, VOTE_COMMIT);

    for (uint64_t height = 1; height <= HEIGHTS; height++) {
        add(height, UINT64_MAX);
    }
    for (uint32_t i = 0; i < CAPACITY - HEIGHTS + 4; i++) { /* so many others that four of the chain are forgotten */
        struct block_header other = { .height = 1000 + i, .time_ms = i };
        struct hash32 hash = block_hash(&other);
        trail_add(&trail, &other, &hash, NULL);
        trail_add(&trail, &other, &hash, NULL);
    }
    cr_assert_eq(trail_settle(&trail, &nothing, &proved), HEIGHTS - 5);
    cr_assert_null(trail_at(&trail, 4));
    cr_assert_not_null(trail_at(&trail, 5));
    trail_check(&trail);
}
