/* vote_test.c: ranks order by view first, and no signature can serve as another (I11). */
#include "wire/vote.h"

#include "tests/storage/pinned_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>

Test(rank, orders_by_view_then_height)
{
    static const struct { struct rank a, b; int order; } rows[] = {
        { { 0, 0 }, { 0, 0 }, 0 }, { { 0, 9 }, { 1, 0 }, -1 }, { { 2, 1 }, { 1, 9 }, 1 }, { { 3, 4 }, { 3, 5 }, -1 }, { { 3, 5 }, { 3, 4 }, 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(rank_compare(rows[i].a, rows[i].b), rows[i].order);
        cr_assert_eq(rank_compare(rank_max(rows[i].a, rows[i].b), rows[i].order >= 0 ? rows[i].a : rows[i].b), 0);
    }
}

Test(vote, digests_differ_by_tag_chain_epoch_and_field_I11)
{
    struct hash32 chain = kit_hash(1), other = kit_hash(2);
    struct ballot ballot = { .kind = VOTE_OPENING, .epoch = 1, .rank = { 2, 3 }, .block = other };
    struct hash32 all[16];
    size_t count = 0;

    all[count++] = ballot_digest(&chain, &ballot);
    all[count++] = ballot_digest(&other, &ballot);
    ballot.kind = VOTE_FOLLOWING;
    all[count++] = ballot_digest(&chain, &ballot);
    ballot.kind = VOTE_COMMIT;
    all[count++] = ballot_digest(&chain, &ballot);
    ballot.epoch = 2;
    all[count++] = ballot_digest(&chain, &ballot);
    ballot.rank.view = 9;
    all[count++] = ballot_digest(&chain, &ballot);
    ballot.rank.height = 9;
    all[count++] = ballot_digest(&chain, &ballot);
    ballot.block = chain;
    all[count++] = ballot_digest(&chain, &ballot);
    all[count++] = timeout_digest(&chain, 1, 2, (struct rank){ 3, 4 });
    all[count++] = timeout_digest(&chain, 2, 2, (struct rank){ 3, 4 });
    all[count++] = timeout_digest(&chain, 1, 3, (struct rank){ 3, 4 });
    all[count++] = timeout_digest(&chain, 1, 2, (struct rank){ 3, 5 });
    all[count++] = abdicate_digest(&chain, 1, 2);
    all[count++] = abdicate_digest(&chain, 1, 3);
    all[count++] = checkpoint_digest(&chain, &(struct checkpoint){ .epoch = 1, .height = 2 });
    all[count++] = checkpoint_digest(&chain, &(struct checkpoint){ .epoch = 1, .height = 2, .config_hash = chain });
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert(!hash_equal(&all[i], &all[j]), "%zu and %zu", i, j);
        }
    }
}

Test(vote, what_members_sign_keeps_its_bytes)
{
    struct hash32 chain = kit_hash(1);
    struct ballot ballot = { .kind = VOTE_FOLLOWING, .epoch = 1, .rank = { 3, 4 }, .block = kit_hash(2) };
    struct checkpoint checkpoint = { .epoch = 1, .height = 2, .block = kit_hash(3), .state_root = kit_hash(4), .receipts_root = kit_hash(5), .config_hash = kit_hash(6) };
    const struct { const char *name; struct hash32 digest; const char *pinned; } rows[] = {
        { "ballot", ballot_digest(&chain, &ballot), "32 e13f3ca1185fd676" },
        { "timeout", timeout_digest(&chain, 1, 2, (struct rank){ 3, 4 }), "32 5ccbaca55dee58f6" },
        { "abdication", abdicate_digest(&chain, 1, 2), "32 3e761a5471467270" },
        { "checkpoint", checkpoint_digest(&chain, &checkpoint), "32 101eb6288dd4a577" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pinned_kit_check(rows[i].name, rows[i].digest.bytes, HASH_BYTES, rows[i].pinned);
    }
}

Test(vote, ballots_and_checkpoints_compare_field_by_field)
{
    struct ballot a = { .kind = VOTE_OPENING, .epoch = 1, .rank = { 2, 3 }, .block = kit_hash(1) }, b = a;
    struct checkpoint c = { .epoch = 1, .height = 2 }, d = c;

    cr_assert(ballot_equal(&a, &b));
    b.kind = VOTE_FOLLOWING;
    cr_assert(!ballot_equal(&a, &b));
    cr_assert(checkpoint_equal(&c, &d));
    d.receipts_root = kit_hash(4);
    cr_assert(!checkpoint_equal(&c, &d));
}
