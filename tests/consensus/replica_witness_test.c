/* replica_witness_test.c: a replica whose disk was put back learns from others what its key signed since, and never signs again (E4). */
#include "tests/consensus/cluster_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static struct cluster_kit kit;
static uint32_t old_log;
static struct voting_state old_state;
static uint32_t hellos, hellos_lost;

static void load(uint64_t first, uint64_t count)
{
    for (uint64_t nonce = first; nonce < first + count; nonce++) {
        cluster_kit_request(&kit, 0, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
}

/* keep_disk and put_back: what an operator does with a backup. */
static void keep_disk(uint32_t node)
{
    old_log = kit.nodes[node].log_count;
    old_state = kit.nodes[node].state;
}

static void put_back(uint32_t node)
{
    kit.nodes[node].log_count = old_log;
    kit.nodes[node].state = old_state;
}

static void restart(uint32_t node)
{
    kit.nodes[node].asks = true;
    cluster_kit_restart(&kit, node);
}

static bool lose_some_hellos(const struct cluster_message *message)
{
    bool hello = message->type == MESSAGE_HELLO;

    hellos += hello;
    return hello && hellos <= hellos_lost;
}

/* Certificates here hold r0, r1 and r2: what r3 signed is known to the leader alone. */
Test(replica_witness, a_disk_that_was_put_back_is_found_out_by_the_leader_and_by_whoever_has_a_certificate)
{
    for (uint32_t teller = 1; teller < 4; teller++) {
        for (uint32_t victim = 0; victim < 4; victim++) {
            cluster_kit_start(&kit, 4, 0);
            load(1, 2);
            keep_disk(victim);
            load(3, 3);
            cluster_kit_crash(&kit, victim);
            put_back(victim);
            for (uint32_t other = 1; other < 4; other++) {
                if (other != teller) {
                    cluster_kit_crash(&kit, (victim + other) % 4);
                }
            }
            restart(victim);
            cluster_kit_run(&kit, SECOND);
            uint32_t from = (victim + teller) % 4;
            bool known = victim != 3 || from == 0;
            cr_assert_eq(kit.nodes[victim].halted, known ? 1u : 0u, "r%u is told by r%u (E4)", victim, from);
            cr_assert_not(replica_may_sign(kit.nodes[victim].replica));
            cluster_kit_close(&kit);
        }
    }
}

Test(replica_witness, an_honest_restart_signs_once_enough_others_were_heard_and_not_before)
{
    cluster_kit_start(&kit, 4, 0);
    load(1, 5);
    cluster_kit_crash(&kit, 2);
    cluster_kit_crash(&kit, 3);
    restart(2);
    cluster_kit_run(&kit, SECOND);
    cr_assert(replica_may_sign(kit.nodes[2].replica), "E4: q - 1 = 2 others");
    cluster_kit_crash(&kit, 2);
    cluster_kit_crash(&kit, 1);
    restart(2);
    cluster_kit_run(&kit, SECOND);
    cr_assert_not(replica_may_sign(kit.nodes[2].replica), "E4: one is not enough");
    restart(1);
    cluster_kit_run(&kit, SECOND);
    cr_assert(replica_may_sign(kit.nodes[2].replica));
    cr_assert_eq(kit.nodes[2].halted, 0);
    load(6, 2);
    cr_assert_eq(kit.nodes[2].executed, 7);
    cluster_kit_close(&kit);
}

Test(replica_witness, all_may_restart_at_once)
{
    cluster_kit_start(&kit, 4, 0);
    load(1, 5);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_kit_crash(&kit, i);
    }
    for (uint32_t i = 0; i < 4; i++) {
        restart(i);
    }
    cluster_kit_run(&kit, SECOND);
    load(6, 2);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(kit.nodes[i].halted, 0, "J5: r%u", i);
        cr_assert(replica_may_sign(kit.nodes[i].replica), "J5: r%u", i);
        cr_assert_eq(kit.nodes[i].executed, 7);
    }
    cluster_kit_close(&kit);
}

Test(replica_witness, lost_hellos_are_asked_for_again_and_silence_ends)
{
    cluster_kit_start(&kit, 4, 0);
    load(1, 2);
    cluster_kit_crash(&kit, 2);
    hellos = 0;
    hellos_lost = 9;
    kit.drop = lose_some_hellos;
    restart(2);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    cr_assert(replica_may_sign(kit.nodes[2].replica));
    cluster_kit_crash(&kit, 2);
    hellos = 0;
    hellos_lost = UINT32_MAX;
    restart(2);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND), "Q1");
    cr_assert_not(replica_may_sign(kit.nodes[2].replica));
    cr_assert_leq(hellos, 6 + 5 * 3);
    cluster_kit_close(&kit);
}

Test(replica_witness, a_claim_without_our_signature_or_of_what_is_abstained_from_is_worth_nothing)
{
    static struct message message;
    struct ballot ballot = { VOTE_FOLLOWING, 0, { 5, 50 }, { { 7 } } };

    for (int valid = 0; valid < 2; valid++) {
        for (int abstains = 0; abstains < 2; abstains++) {
            cluster_kit_start(&kit, 4, 0);
            load(1, 2);
            cluster_kit_crash(&kit, 2);
            kit.nodes[2].abstains = abstains == 1;
            kit.nodes[2].abstain_view = 60;
            restart(2);
            struct hash32 chain = block_hash(&kit.genesis);
            struct hash32 digest = ballot_digest(&chain, &ballot);
            message = (struct message){ .type = MESSAGE_HELLO, .hello = { .claims_count = 1, .claims = { { .ballot = ballot, .view = 5 } } } };
            cluster_kit_sign(&kit, valid == 1 ? 2 : 1, &digest, message.hello.claims[0].signature);
            cluster_kit_inject(&kit, 1, 2, &message);
            cluster_kit_run(&kit, SECOND);
            cr_assert_eq(kit.nodes[2].halted, valid == 1 && abstains == 0 ? 1u : 0u, "valid %d, abstains %d (S4)", valid, abstains);
            cluster_kit_close(&kit);
        }
    }
}

Test(replica_witness, what_this_life_signed_is_no_claim_against_it)
{
    cluster_kit_start(&kit, 4, 0);
    load(1, 2);
    cluster_kit_crash(&kit, 2);
    restart(2);
    load(3, 3);
    for (int flap = 0; flap < 3; flap++) { /* Each link brings a HELLO with its newest signatures. */
        for (uint32_t i = 0; i < 4; i++) {
            if (i != 2) {
                cluster_kit_step(&kit, i, &(struct event){ .kind = EVENT_LINK, .link = { 2, false } });
                cluster_kit_step(&kit, i, &(struct event){ .kind = EVENT_LINK, .link = { 2, true } });
            }
        }
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    }
    cr_assert_eq(kit.nodes[2].halted, 0, "E4");
    cr_assert_eq(kit.nodes[2].executed, 5);
    cluster_kit_close(&kit);
}

/* tell_claim: node 1 tells node 2 of a signature under the key of node 2, of the view that it is in or of a later one. */
static void tell_claim(uint8_t kind, uint64_t view, uint64_t height)
{
    static struct message message;
    bool timeout = kind == VOTE_ROOT;
    struct ballot ballot = { kind, 0, { timeout ? 0 : view, timeout ? 0 : height }, { { timeout ? 0 : 7 } } };
    struct hash32 chain = block_hash(&kit.genesis);
    struct hash32 digest = timeout ? timeout_digest(&chain, 0, view, ballot.rank) : ballot_digest(&chain, &ballot);

    message = (struct message){ .type = MESSAGE_HELLO, .hello = { .claims_count = 1, .claims = { { .timeout = timeout, .ballot = ballot, .view = view } } } };
    cluster_kit_sign(&kit, 2, &digest, message.hello.claims[0].signature);
    cluster_kit_inject(&kit, 1, 2, &message);
    cluster_kit_run(&kit, SECOND);
}

/* One key on two machines: each signs what it sees, and whichever hears of the other's signatures ends. */
Test(replica_witness, a_signature_of_our_key_beyond_all_that_this_life_signed_ends_it_E4)
{
    static const struct { uint8_t kind; uint64_t view, height; uint32_t halts; } cases[] = {
        { VOTE_FOLLOWING, 0, 6, 0 },  { VOTE_FOLLOWING, 0, 7, 1 },  { VOTE_OPENING, 1, 6, 1 }, { VOTE_COMMIT, 0, 6, 0 },
        { VOTE_COMMIT, 0, 7, 1 },     { VOTE_COMMIT, 1, 6, 1 },     { VOTE_ROOT, 0, 0, 1 },    { VOTE_ROOT, 3, 0, 1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cluster_kit_start(&kit, 4, 0);
        load(1, 2);
        cluster_kit_crash(&kit, 2);
        restart(2);
        load(3, 4);
        cr_assert(replica_may_sign(kit.nodes[2].replica));
        cr_assert_eq(kit.nodes[2].state.vote.height, 6);
        tell_claim(cases[i].kind, cases[i].view, cases[i].height);
        cr_assert_eq(kit.nodes[2].halted, cases[i].halts, "case %zu", i);
        cluster_kit_close(&kit);
    }
}

/* --- A disk that is lost (E5) --------------------------------------------------------------------------------------- */

/* lose takes a node's disk; it comes back under the same key with an empty one. */
static void lose(uint32_t node)
{
    cluster_kit_crash(&kit, node);
    kit.nodes[node].log_count = 0;
    kit.nodes[node].has_state = false;
    kit.nodes[node].state = (struct voting_state){ .timeout_view = -1 };
    kit.nodes[node].abstains = false;
    kit.nodes[node].rejoins = true;
    restart(node);
}

static int64_t limit_of(uint32_t node)
{
    struct replica_status status;

    replica_status(kit.nodes[node].replica, &status);
    return status.forgot ? INT64_MAX : status.limit_view;
}

static uint64_t view_of(uint32_t node)
{
    struct replica_status status;

    replica_status(kit.nodes[node].replica, &status);
    return status.view;
}

/* Each member in turn, the leader too: it comes back, abstains in the view it was in, the leader ends that, and it votes from then on. */
Test(replica_witness, a_lost_disk_costs_one_view_and_the_member_votes_again_above_it_E5)
{
    for (uint32_t victim = 0; victim < 4; victim++) {
        cluster_kit_start(&kit, 4, 0);
        load(1, 3);
        uint64_t before = view_of((victim + 1) % 4);
        lose(victim);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
        cr_assert(replica_may_sign(kit.nodes[victim].replica));
        cr_assert(replica_has_rejoined(kit.nodes[victim].replica));
        cr_assert_geq(limit_of(victim), (int64_t)before, "r%u: it may have signed in view %llu", victim, (unsigned long long)before);
        uint64_t nonce = 4;
        cluster_kit_request(&kit, (victim + 1) % 4, 1, nonce);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
        cr_assert_gt(view_of(victim), (uint64_t)limit_of(victim), "r%u: its view is over", victim);
        cluster_kit_crash(&kit, (victim + 2) % 4); /* now every commit needs its vote */
        cluster_kit_request(&kit, (victim + 1) % 4, 1, nonce + 1);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
        cr_assert_eq(kit.nodes[victim].executed, 5, "r%u votes", victim);
        cr_assert_eq(kit.nodes[victim].halted, 0);
        cluster_kit_close(&kit);
    }
}

Test(replica_witness, fewer_than_a_quorum_of_others_let_no_lost_disk_sign_E5)
{
    cluster_kit_start(&kit, 4, 0);
    load(1, 3);
    cluster_kit_crash(&kit, 1);
    lose(3);
    cluster_kit_run(&kit, 60 * SECOND);
    cr_assert_not(replica_may_sign(kit.nodes[3].replica), "q - 1 others are too few: the one that is away may be the one that knows");
    cr_assert_eq(limit_of(3), INT64_MAX);
    restart(1);
    cluster_kit_run(&kit, SECOND);
    cr_assert(replica_may_sign(kit.nodes[3].replica));
    cluster_kit_close(&kit);
}

Test(replica_witness, two_lost_disks_are_no_witnesses_of_each_other_E5)
{
    cluster_kit_start(&kit, 4, 0);
    load(1, 3);
    cluster_kit_crash(&kit, 2);
    lose(3);
    lose(2);
    cluster_kit_run(&kit, 60 * SECOND);
    for (uint32_t i = 2; i < 4; i++) {
        cr_assert_not(replica_may_sign(kit.nodes[i].replica), "r%u: only two others remember anything", i);
    }
    cluster_kit_close(&kit);
}

/* What the others say again of the time before is no claim against it, neither in this life nor in later ones. */
Test(replica_witness, what_was_signed_before_the_disk_was_lost_is_no_claim_afterwards_E5)
{
    cluster_kit_start(&kit, 4, 0);
    load(1, 3);
    lose(2);
    cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
    kit.nodes[2].rejoins = false; /* the superblock says so once the append is durable */
    for (uint64_t nonce = 4; nonce < 8; nonce++) {
        load(nonce, 1);
        cluster_kit_crash(&kit, 2);
        restart(2);
        cr_assert(cluster_kit_quiet(&kit, 60 * SECOND));
        cr_assert_eq(kit.nodes[2].halted, 0, "E4, nonce %llu", (unsigned long long)nonce);
        cr_assert(replica_may_sign(kit.nodes[2].replica));
    }
    cluster_kit_close(&kit);
}

Test(replica_witness, a_member_that_says_too_much_keeps_a_lost_disk_silent_and_is_named_E5)
{
    static struct message message = { .type = MESSAGE_HELLO, .hello = { .promised = 1000 } };
    struct replica_status status;

    cluster_kit_start(&kit, 4, 0);
    load(1, 3);
    cluster_kit_crash(&kit, 1);
    lose(3);
    cluster_kit_run(&kit, SECOND);
    cluster_kit_inject(&kit, 1, 3, &message);
    cluster_kit_run(&kit, SECOND);
    replica_status(kit.nodes[3].replica, &status);
    cr_assert_eq(status.limit_view, 1000);
    cr_assert_eq(status.told_by, 1);
    restart(1);
    load(4, 3);
    cr_assert_eq(kit.nodes[0].executed, 6, "the others go on");
    cr_assert_eq(kit.nodes[3].state.vote_kind, VOTE_ROOT, "and it has signed no vote");
    cluster_kit_close(&kit);
}
