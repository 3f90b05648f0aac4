#include "sim/oracle/lineage.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lineage lineage;
static struct hash32 root;
static struct block_header headers[16];
static struct hash32 hashes[16];

static void setup(void)
{
    root = hash_one(HASH_BLOCK, (const uint8_t *)"root", 4);
    lineage_init(&lineage, &root);
}

static void teardown(void)
{
    lineage_close(&lineage);
}

TestSuite(lineage, .init = setup, .fini = teardown);

/* block makes block number `number` on `parent` (-1: the root) and shows its header. */
static void block(int number, int parent)
{
    headers[number] = (struct block_header){ .height = parent < 0 ? 1 : headers[parent].height + 1, .time_ms = (uint64_t)number, .parent = parent < 0 ? root : hashes[parent] };
    hashes[number] = block_hash(&headers[number]);
    lineage_header(&lineage, &headers[number]);
}

static bool certify(enum vote_kind kind, uint64_t view, int number)
{
    return lineage_certified(&lineage, &(struct ballot){ kind, 0, { view, headers[number].height }, hashes[number] });
}

static void expect_broken(const char *rule)
{
    cr_assert_not_null(lineage.broken, "%s is not seen", rule);
    cr_assert_eq(strncmp(lineage.broken, rule, strlen(rule)), 0, "%s", lineage.broken);
}

Test(lineage, chains_and_openings_of_honest_members_are_fine)
{
    block(1, -1);
    block(2, 1);
    block(3, 2);
    block(4, 2); /* lost with its view */
    block(5, 3);
    cr_assert(certify(VOTE_FOLLOWING, 0, 1));
    cr_assert(certify(VOTE_FOLLOWING, 0, 2));
    cr_assert(certify(VOTE_OPENING, 1, 2));
    cr_assert(certify(VOTE_FOLLOWING, 1, 3));
    cr_assert(certify(VOTE_COMMIT, 1, 3));
    cr_assert(certify(VOTE_OPENING, 2, 3), "a committed block may open a view again");
    cr_assert(certify(VOTE_FOLLOWING, 2, 5));
    cr_assert(certify(VOTE_FOLLOWING, 2, 5), "shown again");
    cr_assert_eq(lineage.committed.rank.view, 2);
    cr_assert_eq(lineage.committed.rank.height, 3);
}

Test(lineage, sees_a_chain_of_a_view_that_is_broken_I5)
{
    block(1, -1);
    block(2, -1);
    block(3, 2);
    cr_assert(certify(VOTE_FOLLOWING, 0, 1));
    cr_assert_not(certify(VOTE_FOLLOWING, 0, 3));
    expect_broken("I5");
}

Test(lineage, sees_a_block_that_stands_on_nothing_in_its_view_I5)
{
    block(1, -1);
    block(2, 1);
    cr_assert(certify(VOTE_FOLLOWING, 0, 1));
    cr_assert_not(certify(VOTE_FOLLOWING, 1, 2), "view 1 has no opening");
    expect_broken("I5");
}

Test(lineage, sees_two_openings_of_a_view_I5)
{
    block(1, -1);
    block(2, 1);
    cr_assert(certify(VOTE_FOLLOWING, 0, 1));
    cr_assert(certify(VOTE_OPENING, 1, 1));
    cr_assert(certify(VOTE_OPENING, 1, 1));
    cr_assert_not(certify(VOTE_OPENING, 1, 2));
    expect_broken("I5");
}

Test(lineage, sees_a_certificate_beside_what_is_committed_I10)
{
    block(1, -1);
    block(2, -1);
    cr_assert(certify(VOTE_FOLLOWING, 0, 1));
    cr_assert(certify(VOTE_COMMIT, 0, 1));
    cr_assert_not(certify(VOTE_OPENING, 1, 2));
    expect_broken("I10");
}

Test(lineage, sees_a_certificate_below_what_is_committed_I10)
{
    block(1, -1);
    block(2, 1);
    cr_assert(certify(VOTE_FOLLOWING, 0, 1));
    cr_assert(certify(VOTE_FOLLOWING, 0, 2)); /* commits block 1 */
    cr_assert(certify(VOTE_COMMIT, 0, 2));
    cr_assert_not(certify(VOTE_OPENING, 1, 1));
    expect_broken("I10");
}

Test(lineage, sees_a_commit_under_a_certificate_that_was_there_before_I10)
{
    block(1, -1);
    block(2, -1);
    cr_assert(certify(VOTE_OPENING, 2, 2)); /* nobody has shown on what */
    cr_assert_not(certify(VOTE_COMMIT, 1, 1));
    expect_broken("I10");
    cr_assert_not(certify(VOTE_OPENING, 3, 2), "it stays broken");
}

Test(lineage, proves_nothing_from_headers_that_it_does_not_know)
{
    block(1, -1);
    headers[2] = (struct block_header){ .height = 5, .parent = hashes[1] };
    hashes[2] = block_hash(&headers[2]); /* not shown */
    cr_assert(certify(VOTE_FOLLOWING, 0, 1));
    cr_assert(certify(VOTE_COMMIT, 0, 1));
    cr_assert(certify(VOTE_OPENING, 1, 2));
    cr_assert(certify(VOTE_FOLLOWING, 2, 2));
}
