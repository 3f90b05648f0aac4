/* vote_set_test.c: a certificate has a quorum of distinct members with valid signatures, whatever else was sent. */
#include "consensus/vote_set.h"

#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct member_set nobody;

static void signature_of(uint32_t member, uint8_t out[64])
{
    memset(out, (int)(member + 1), 64);
}

static void add(struct vote_set *set, uint32_t member)
{
    uint8_t signature[64];

    signature_of(member, signature);
    vote_set_add(set, member, signature, false);
}

Test(vote_set, waits_for_a_quorum_before_anything_is_verified)
{
    struct vote_set set;

    vote_set_open(&set, 3, &nobody);
    add(&set, 0);
    add(&set, 2);
    struct member_set wanted = vote_set_unverified(&set);
    cr_assert(member_set_is_empty(&wanted), "L3");
    add(&set, 2);
    wanted = vote_set_unverified(&set);
    cr_assert(member_set_is_empty(&wanted), "I11: a member counts once");
    add(&set, 5);
    wanted = vote_set_unverified(&set);
    cr_assert_eq(member_set_count(&wanted), 3);
}

Test(vote_set, bad_vote_costs_its_sender_alone)
{
    struct vote_set set;
    struct signers signers;
    uint8_t signature[64];

    vote_set_open(&set, 3, &nobody);
    for (uint32_t member = 0; member < 4; member++) {
        add(&set, member);
    }
    for (uint32_t member = 0; member < 4; member++) {
        signature_of(member, signature);
        vote_set_judge(&set, member, signature, member != 1);
    }
    cr_assert(vote_set_is_complete(&set), "L3: a bad vote never costs liveness");
    signature_of(1, signature);
    cr_assert_not(vote_set_add(&set, 1, signature, false), "no second try");
    vote_set_signers(&set, &signers);
    cr_assert_eq(member_set_count(&signers.members), 3);
    cr_assert_not(member_set_has(&signers.members, 1));
    cr_assert_eq(signers.signatures[1][0], 3, "signatures stand in the order of members");
}

Test(vote_set, verdict_for_another_signature_changes_nothing)
{
    struct vote_set set;
    uint8_t other[64] = { 0 };

    vote_set_open(&set, 1, &nobody);
    add(&set, 4);
    vote_set_judge(&set, 4, other, true);
    cr_assert_not(vote_set_is_complete(&set));
    vote_set_close(&set);
    uint8_t signature[64];
    signature_of(4, signature);
    vote_set_judge(&set, 4, signature, true);
    cr_assert_not(vote_set_is_complete(&set), "a closed set judges nothing");
}

Test(vote_set, doubted_vote_is_verified_by_itself_and_counts_once_it_is_good)
{
    struct member_set doubted = member_set_one(1);
    struct vote_set set;
    uint8_t signature[64];

    vote_set_open(&set, 3, &doubted);
    add(&set, 1);
    struct member_set wanted = vote_set_unverified(&set);
    cr_assert_eq(member_set_count(&wanted), 1, "L3: at once");
    cr_assert(member_set_has(&wanted, 1));
    add(&set, 0);
    add(&set, 2);
    wanted = vote_set_unverified(&set);
    cr_assert_eq(member_set_count(&wanted), 1, "L3: no quorum is tried with it");
    add(&set, 3);
    wanted = vote_set_unverified(&set);
    cr_assert_eq(member_set_count(&wanted), 3, "L3: the others are a quorum without it");
    cr_assert_not(member_set_has(&wanted, 1));
    signature_of(1, signature);
    vote_set_judge(&set, 1, signature, true);
    wanted = vote_set_unverified(&set);
    cr_assert_eq(member_set_count(&wanted), 2, "a good one counts like any other");
    for (uint32_t member = 0; member < 3; member++) {
        signature_of(member, signature);
        vote_set_judge(&set, member, signature, true);
    }
    cr_assert(vote_set_is_complete(&set));
    wanted = vote_set_unverified(&set);
    cr_assert(member_set_is_empty(&wanted));
}

/* While a doubted vote is verified more of the others come in than a quorum needs. */
Test(vote_set, verifies_no_more_votes_than_complete_a_quorum)
{
    struct member_set doubted = member_set_one(1);
    struct vote_set set;
    uint8_t signature[64];

    vote_set_open(&set, 4, &doubted);
    for (uint32_t member = 0; member < 7; member++) {
        add(&set, member);
    }
    signature_of(1, signature);
    vote_set_judge(&set, 1, signature, true);
    struct member_set wanted = vote_set_unverified(&set);
    cr_assert_eq(member_set_count(&wanted), 3, "N3: as many as are missing, not the six that are here");
    signature_of(0, signature);
    vote_set_judge(&set, 0, signature, false);
    wanted = vote_set_unverified(&set);
    cr_assert_eq(member_set_count(&wanted), 5, "L3: behind a bad one all, for there may be another");
}

static void check(const void *state) { vote_set_check(state, 7); }

Test(vote_set, stops_at_sets_that_contradict_each_other)
{
    struct vote_set good, bad;
    uint8_t signature[64];

    vote_set_open(&good, 3, &nobody);
    add(&good, 0);
    add(&good, 6);
    signature_of(6, signature);
    vote_set_judge(&good, 6, signature, false);
    cr_assert_not(kit_stops(check, &good));
    bad = good;
    member_set_add(&bad.verified, 5);
    cr_assert(kit_stops(check, &bad), "L3: verified, and no signature is here");
    bad = good;
    member_set_add(&bad.have, 6);
    cr_assert(kit_stops(check, &bad), "L3: a second try");
    bad = good;
    member_set_add(&bad.have, 7);
    cr_assert(kit_stops(check, &bad), "I11: no member");
    bad = good;
    bad.quorum = 8;
    cr_assert(kit_stops(check, &bad));
}
