/* proofs_test.c: a proof of a commit counts by C1 or C2, and each thing that C1 asks for is missed when it is gone. */
#include "sim/oracle/proofs.h"

#include <criterion/criterion.h>
#include <string.h>

static struct commit_proof proof;

/* setup makes a proof by C1 of height 4 in view 7. */
static void setup(void)
{
    struct hash32 block = { { 1, 2, 3 } };

    memset(&proof, 0, sizeof proof);
    proof.first.ballot = (struct ballot){ VOTE_FOLLOWING, 2, { 7, 4 }, block };
    proof.child = (struct block_header){ .epoch = 2, .height = 5, .commands_count = 1, .time_ms = 9, .parent = block };
    proof.second.ballot = (struct ballot){ VOTE_FOLLOWING, 2, { 7, 5 }, block_hash(&proof.child) };
}

TestSuite(proofs, .init = setup);

Test(proofs, block_and_child_of_one_view_prove_it_C1)
{
    cr_assert_null(proofs_commit(&proof));
    proof.first.ballot.kind = VOTE_OPENING;
    cr_assert_null(proofs_commit(&proof));
}

Test(proofs, commit_votes_prove_it_alone_C2)
{
    proof.first.ballot.kind = VOTE_COMMIT;
    memset(&proof.second, 0, sizeof proof.second);
    cr_assert_null(proofs_commit(&proof));
}

Test(proofs, a_root_proves_nothing)
{
    proof.first.ballot.kind = VOTE_ROOT;
    cr_assert_not_null(proofs_commit(&proof));
}

Test(proofs, nothing_else_proves_it_C1)
{
    const struct commit_proof right = proof;

    proof.second.ballot.kind = VOTE_OPENING;
    cr_expect_not_null(proofs_commit(&proof), "an opening of the child");
    proof = right;
    proof.second.ballot.rank.view++;
    cr_expect_not_null(proofs_commit(&proof), "another view");
    proof = right;
    proof.second.ballot.epoch++;
    cr_expect_not_null(proofs_commit(&proof), "another epoch");
    proof = right;
    proof.second.ballot.rank.height++;
    cr_expect_not_null(proofs_commit(&proof), "a grandchild");
    proof = right;
    proof.child.parent.bytes[0] ^= 1;
    proof.second.ballot.block = block_hash(&proof.child);
    cr_expect_not_null(proofs_commit(&proof), "a child of another block");
    proof = right;
    proof.second.ballot.block.bytes[0] ^= 1;
    cr_expect_not_null(proofs_commit(&proof), "a certificate of another child");
}
