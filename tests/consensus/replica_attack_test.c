/* replica_attack_test.c: what a member that lies can send, and that it changes nothing but its own standing. */
#include "consensus/replica.h"

#include "base/rng.h"
#include "consensus/jobs.h"
#include "crypto/merkle.h"
#include "tests/consensus/cluster_kit.h"
#include "tests/wire/message_kit.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static struct cluster_kit kit;
static struct message message;
static struct rng rng;
static uint64_t tampered;

static const struct replica_counters *counters_of(uint32_t node)
{
    return replica_counters(kit.nodes[node].replica);
}

static void start_with_one_block(void)
{
    cluster_kit_start(&kit, 4, 0);
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 20000000);
    cr_assert_eq(cluster_kit_agree(&kit), 1);
}

/* signed_cert makes a certificate that the fake verifier accepts, by these members. */
static void signed_cert(struct cert *cert, enum vote_kind kind, struct rank rank, const struct hash32 *block, uint32_t bad)
{
    cert->ballot = (struct ballot){ kind, 0, rank, *block };
    struct hash32 chain = block_hash(&kit.genesis), digest = ballot_digest(&chain, &cert->ballot);
    cert->signers.members = (struct member_set){ { 0 } };
    for (uint32_t member = 0; member < config_quorum(kit.n); member++) {
        member_set_add(&cert->signers.members, member);
        cluster_kit_sign(&kit, member, &digest, cert->signers.signatures[member]);
    }
    if (bad < kit.n) {
        cert->signers.signatures[bad][0] ^= 1;
    }
}

Test(replica_attack, one_bad_signature_spoils_a_certificate)
{
    struct hash32 block = kit_hash(4);

    for (uint32_t bad = 0; bad <= 3; bad++) {
        cluster_kit_start(&kit, 4, 0);
        message.type = MESSAGE_COMMITQC;
        signed_cert(&message.cert, VOTE_COMMIT, (struct rank){ 0, 1 }, &block, bad);
        cluster_kit_inject(&kit, 1, 2, &message);
        cluster_kit_run(&kit, 1000000);
        struct replica_status status;
        replica_status(kit.nodes[2].replica, &status);
        cr_assert_eq(status.catching_up, bad == 3, "I11: only whole certificates are believed (%u)", bad);
        cluster_kit_close(&kit);
    }
}

Test(replica_attack, certificate_asks_only_from_the_leader_of_its_view)
{
    struct hash32 block = kit_hash(4);

    cluster_kit_start(&kit, 4, 0);
    message.type = MESSAGE_CERT;
    signed_cert(&message.cert, VOTE_FOLLOWING, (struct rank){ 0, 1 }, &block, 9);
    cluster_kit_inject(&kit, 1, 2, &message);
    cluster_kit_run(&kit, 1000000);
    cr_assert_eq(counters_of(2)->marks[MARK_COMMITVOTED], 0);
    cr_assert_eq(counters_of(2)->refused[VERDICT_MEMBER], 1);
    cluster_kit_close(&kit);
}

static void following(uint64_t view, const struct cert *justify, struct bytes body, uint32_t salt)
{
    struct hash32 leaf = merkle_leaf(body.data, body.size);

    message.type = MESSAGE_PROPOSE;
    message.propose.view = view;
    message.propose.opening = false;
    message.propose.header = (struct block_header){ .proposer = 0,
                                                    .commands_count = 1,
                                                    .height = justify->ballot.rank.height + 1,
                                                    .time_ms = kit.wall_ms + kit.now_ns / 1000000 + salt,
                                                    .parent = justify->ballot.block,
                                                    .payload_root = merkle_root(&leaf, 1) };
    message.propose.body = body;
    message.propose.justify = *justify;
}

static struct bytes command(uint32_t account, uint64_t nonce, uint32_t bad)
{
    static uint8_t bytes[APP_KIT_COMMAND_BYTES_MAX];
    uint64_t until = kit.wall_ms + kit.now_ns / 1000000 + 300000;
    size_t size = app_kit_make(&(struct app_kit_command){ .account = account, .nonce = nonce, .valid_until_ms = until, .bad = bad }, bytes);

    return bytes_of(bytes, size);
}

static struct cert root(void)
{
    static struct cert cert;
    struct hash32 chain = block_hash(&kit.genesis);

    cert_root(&cert, 0, 0, &chain);
    return cert;
}

Test(replica_attack, equivocating_leader_gets_one_vote)
{
    struct cert justify;

    cluster_kit_start(&kit, 4, 0);
    justify = root();
    for (uint32_t salt = 0; salt < 3; salt++) {
        following(0, &justify, command(7, 1, 0), salt);
        cluster_kit_inject(&kit, 0, 2, &message);
    }
    cluster_kit_run(&kit, 1000000);
    cr_assert_eq(counters_of(2)->marks[MARK_VOTED], 1, "I3, V2");
    cluster_kit_close(&kit);
}

Test(replica_attack, only_the_leader_proposes)
{
    struct cert justify;

    cluster_kit_start(&kit, 4, 0);
    justify = root();
    following(0, &justify, command(7, 1, 0), 0);
    cluster_kit_inject(&kit, 1, 2, &message);
    cluster_kit_run(&kit, 1000000);
    cr_assert_eq(counters_of(2)->marks[MARK_VOTED], 0);
    cr_assert_eq(counters_of(2)->refused[VERDICT_MEMBER], 1);
    cluster_kit_close(&kit);
}

/* What a leader may not put into a block. */
static void edit_none(void) {}
static void edit_time_past(void) { message.propose.header.time_ms = kit.genesis.time_ms; }
static void edit_time_old(void) { message.propose.header.time_ms -= 40000; }
static void edit_root(void) { message.propose.header.payload_root.bytes[3] ^= 1; }
static void edit_count(void) { message.propose.header.commands_count = 2; }
static void edit_empty(void) { message.propose.header.commands_count = 0, message.propose.body.size = 0; }
static void edit_trailing(void) { message.propose.body.size -= 1; }
static void edit_end(void) { message.propose.header.flags = BLOCK_FLAG_END; }
static void edit_parent(void) { message.propose.header.parent.bytes[0] ^= 1; }
static void edit_height(void) { message.propose.header.height++; }
static void edit_proposer(void) { message.propose.header.proposer = 1; }

Test(replica_attack, block_that_breaks_a_rule_gets_no_vote)
{
    const struct {
        const char *what;
        void (*edit)(void);
        uint64_t nonce;
        uint32_t bad, votes;
    } rows[] = {
        { "a good one", edit_none, 1, 0, 1 },
        { "V4: time not after its parent's", edit_time_past, 1, 0, 0 },
        { "V4: time long ago", edit_time_old, 1, 0, 0 },
        { "V4: payload root", edit_root, 1, 0, 0 },
        { "V4: number of commands", edit_count, 1, 0, 0 },
        { "I16: empty", edit_empty, 1, 0, 0 },
        { "V4: half a command", edit_trailing, 1, 0, 0 },
        { "E1: END without a change", edit_end, 1, 0, 0 },
        { "V6: parent", edit_parent, 1, 0, 0 },
        { "V6: height", edit_height, 1, 0, 0 },
        { "proposer", edit_proposer, 1, 0, 0 },
        { "V5: a used nonce", edit_none, 0, 0, 0 },
        { "V5, L5: a client signature", edit_none, 1, 1, 0 },
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cluster_kit_start(&kit, 4, 0);
        struct cert justify = root();
        following(0, &justify, command(7, rows[i].nonce, rows[i].bad), 0);
        rows[i].edit();
        cluster_kit_inject(&kit, 0, 2, &message);
        cluster_kit_run(&kit, 1000000);
        cr_assert_eq(counters_of(2)->marks[MARK_VOTED], rows[i].votes, "%s", rows[i].what);
        cluster_kit_close(&kit);
    }
}

Test(replica_attack, opening_below_the_highest_timeout_is_refused)
{
    struct hash32 chain, block = kit_hash(4);

    start_with_one_block();
    chain = block_hash(&kit.genesis);
    message.type = MESSAGE_PROPOSE;
    message.propose.opening = true;
    message.propose.view = 1;
    struct timeout_cert *tc = &message.propose.tc;
    tc->epoch = 0;
    tc->view = 0;
    tc->signers.members = member_set_all(3);
    signed_cert(&tc->high, VOTE_FOLLOWING, (struct rank){ 0, 1 }, &block, 9);
    for (uint32_t member = 0; member < 3; member++) {
        tc->ranks[member] = (struct rank){ 0, 1 };
        struct hash32 digest = timeout_digest(&chain, 0, 0, tc->ranks[member]);
        cluster_kit_sign(&kit, member, &digest, tc->signers.signatures[member]);
    }
    message.propose.justify = root();
    cluster_kit_inject(&kit, 1, 2, &message);
    cluster_kit_run(&kit, 1000000);
    cr_assert_eq(counters_of(2)->refused[VERDICT_RANGE], 1, "V7, I9");
    struct replica_status status;
    replica_status(kit.nodes[2].replica, &status);
    cr_assert_eq(status.view, 0);
    cluster_kit_close(&kit);
}

/* A member that times out alone leaves the others without a margin, so each leader in turn gives up once, at a quiet moment (T8). */
Test(replica_attack, one_liar_deposes_each_leader_at_most_once_in_ten_minutes)
{
    struct hash32 chain;
    struct replica_status status;

    start_with_one_block();
    chain = block_hash(&kit.genesis);
    for (uint64_t view = 0; view < 40; view++) {
        message.type = MESSAGE_TIMEOUT;
        message.timeout = (struct message_timeout){ .view = view, .cause = CAUSE_REQUEST };
        message.timeout.high = root();
        struct hash32 digest = timeout_digest(&chain, 0, view, message.timeout.high.ballot.rank);
        cluster_kit_sign(&kit, 3, &digest, message.timeout.signature);
        for (uint32_t to = 0; to < 3; to++) {
            cluster_kit_inject(&kit, 3, to, &message);
        }
        cluster_kit_run(&kit, SECOND);
    }
    for (uint32_t i = 0; i < 3; i++) {
        replica_status(kit.nodes[i].replica, &status);
        cr_assert_leq(status.view, 4, "J3, T3, T8: view %llu", (unsigned long long)status.view);
    }
    cluster_kit_request(&kit, 1, 2, 1);
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(kit.nodes[1].executed, 2);
    cluster_kit_close(&kit);
}

static bool drop_votes_of_two(const struct cluster_message *dropped)
{
    return dropped->type == MESSAGE_VOTE && (dropped->from == 1 || dropped->from == 2);
}

Test(replica_attack, two_votes_of_one_member_for_one_height_are_kept_as_evidence)
{
    struct hash32 chain;

    cluster_kit_start(&kit, 4, 0);
    kit.drop = drop_votes_of_two;
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 10000000);
    chain = block_hash(&kit.genesis);
    message.type = MESSAGE_VOTE;
    message.vote.ballot = (struct ballot){ VOTE_FOLLOWING, 0, { 0, 1 }, kit_hash(8) };
    struct hash32 digest = ballot_digest(&chain, &message.vote.ballot);
    cluster_kit_sign(&kit, 3, &digest, message.vote.signature);
    for (uint32_t i = 0; i < 2; i++) {
        cluster_kit_inject(&kit, 3, 0, &message);
        cluster_kit_run(&kit, 1000000);
    }
    cr_assert_eq(counters_of(0)->marks[MARK_EQUIVOCATION], 1);
    cr_assert_eq(kit.nodes[0].log[kit.nodes[0].log_count - 1].kind, REPLICA_RECORD_EVIDENCE);
    cluster_kit_close(&kit);
}

static void give(uint32_t from, uint32_t to)
{
    static uint8_t bytes[MESSAGE_HEAD_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    message_encode(&message, &writer);
    cr_assert_not(writer.failed);
    struct event event = { .kind = EVENT_MESSAGE, .message = { from, message.type, bytes_of(bytes, writer.offset) } };
    cluster_kit_step(&kit, to, &event);
}

static bool drop_commit_rounds(const struct cluster_message *lost)
{
    return lost->type == MESSAGE_COMMITVOTE || lost->type == MESSAGE_CERT;
}

Test(replica_attack, leader_that_asks_again_and_again_gets_few_signatures)
{
    cluster_kit_start(&kit, 4, 0);
    kit.drop = drop_commit_rounds;
    cluster_kit_request(&kit, 0, 1, 1);
    cluster_kit_run(&kit, 2000000);
    message.type = MESSAGE_CERT;
    signed_cert(&message.cert, VOTE_FOLLOWING, (struct rank){ 0, 1 }, &kit.nodes[1].state.vote_block, 9);
    uint64_t commitvotes = counters_of(1)->sent[MESSAGE_COMMITVOTE];
    for (uint32_t i = 0; i < 1000; i++) { /* The same certificate: the first is verified, the others known. */
        cluster_kit_inject(&kit, 0, 1, &message);
    }
    kit.drop = NULL;
    cluster_kit_run(&kit, 2000000);
    cr_assert_gt(counters_of(1)->sent[MESSAGE_COMMITVOTE] - commitvotes, 0);
    cr_assert_leq(counters_of(1)->sent[MESSAGE_COMMITVOTE] - commitvotes, 12, "J7: %llu", (unsigned long long)counters_of(1)->sent[MESSAGE_COMMITVOTE]);
    cr_assert(cluster_kit_quiet(&kit, 20 * SECOND));
    cr_assert_eq(cluster_kit_agree(&kit), 1);
    struct replica_status status;
    replica_status(kit.nodes[1].replica, &status);
    uint64_t ckpts = counters_of(1)->sent[MESSAGE_CKPT];
    message.type = MESSAGE_CKPT_ASK;
    message.ckpt_ask = (struct message_ckpt_ask){ status.committed_height, status.committed_block };
    for (uint32_t i = 0; i < 1000; i++) {
        give(0, 1);
    }
    cr_assert_gt(counters_of(1)->sent[MESSAGE_CKPT] - ckpts, 0);
    cr_assert_leq(counters_of(1)->sent[MESSAGE_CKPT] - ckpts, 8, "J7");
    cluster_kit_close(&kit);
}

Test(replica_attack, reads_of_one_member_are_rationed)
{
    start_with_one_block();
    uint64_t before = kit.sent[MESSAGE_READ_ANSWER];
    for (uint32_t i = 0; i < 1000; i++) {
        message.type = MESSAGE_READ;
        message.read.id = i;
        struct event event = { .kind = EVENT_MESSAGE, .message = { 3, MESSAGE_READ, { 0 } } };
        uint8_t bytes[64];
        struct writer writer;
        writer_init(&writer, bytes, sizeof bytes);
        message_encode(&message, &writer);
        event.message.body = bytes_of(bytes, writer.offset);
        cluster_kit_step(&kit, 0, &event);
    }
    cr_assert_leq(kit.sent[MESSAGE_READ_ANSWER] - before, 130, "J7");
    cluster_kit_close(&kit);
}

Test(replica_attack, bundle_that_nobody_asked_for_is_ignored)
{
    start_with_one_block();
    kit_message(&message, MESSAGE_BUNDLE, 0);
    cluster_kit_inject(&kit, 1, 2, &message);
    kit_message(&message, MESSAGE_BUNDLE, 1);
    cluster_kit_inject(&kit, 1, 2, &message);
    cluster_kit_run(&kit, 1000000);
    cr_assert_eq(counters_of(2)->refused[VERDICT_STALE], 2);
    cr_assert_eq(kit.nodes[2].executed, 1);
    cluster_kit_close(&kit);
}

/* tamper flips a byte in every third message of member 3, sometimes cuts it short. */
static void tamper(struct cluster_message *changed)
{
    if (changed->from != 3 || rng_below(&rng, 3) != 0 || changed->size == 0) {
        return;
    }
    tampered++;
    changed->body[rng_below(&rng, changed->size)] ^= (uint8_t)(1u << rng_below(&rng, 8));
    if (rng_below(&rng, 8) == 0) {
        changed->size = (uint32_t)rng_below(&rng, changed->size);
    }
}

Test(replica_attack, member_that_garbles_its_messages_harms_itself_alone)
{
    for (uint64_t seed = 1; seed <= (is_brief() ? 6 : 20); seed++) {
        rng_init(&rng, seed);
        tampered = 0;
        cluster_kit_start(&kit, 4, 0);
        kit.tamper = tamper;
        for (uint32_t i = 1; i <= 60; i++) {
            cluster_kit_request(&kit, i % 3, i, 1);
            cluster_kit_run(&kit, 3000000);
            if (i % 20 == 0) {
                cluster_kit_crash(&kit, i / 20 % 3);
                cluster_kit_run(&kit, SECOND);
                cluster_kit_restart(&kit, i / 20 % 3);
            }
        }
        cluster_kit_run(&kit, 20 * SECOND);
        cluster_kit_agree(&kit);
        uint32_t sum = 0;
        for (uint64_t height = 1; height <= kit.nodes[0].executed; height++) {
            sum += kit.nodes[0].commands[height];
        }
        cr_assert_geq(sum, 57, "seed %llu: I1, J2: %u of 60 (a request at a replica that crashes is lost with it)", (unsigned long long)seed, sum);
        cr_assert_gt(tampered, 20);
        cluster_kit_close(&kit);
    }
}

Test(replica_attack, arbitrary_bytes_are_refused)
{
    static uint8_t bytes[4096];

    start_with_one_block();
    rng_init(&rng, 7);
    for (uint32_t i = 0; i < 20000; i++) {
        size_t size = rng_below(&rng, sizeof bytes);
        for (size_t at = 0; at < size; at++) {
            bytes[at] = (uint8_t)(rng_below(&rng, 4) == 0 ? rng_next(&rng) : 0);
        }
        struct event event = { .kind = EVENT_MESSAGE, .message = { 1 + (uint32_t)rng_below(&rng, 3), (uint8_t)rng_below(&rng, 24), bytes_of(bytes, size) } };
        cluster_kit_step(&kit, 0, &event);
    }
    kit.now_ns += SECOND;
    cluster_kit_request(&kit, 0, 2, 1);
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(kit.nodes[0].executed, 2);
    cluster_kit_close(&kit);
}

/* spoil changes the last byte of every block on its way to replica 3: the header is right, the body is not what it names. */
static void spoil(struct cluster_message *changed)
{
    if (changed->to == 3 && changed->type == MESSAGE_PROPOSE) {
        changed->body[changed->size - 1] ^= 1;
    }
}

Test(replica_attack, wrong_body_under_a_right_header_does_not_wedge_a_replica)
{
    cluster_kit_start(&kit, 4, 0);
    kit.tamper = spoil;
    for (uint32_t i = 1; i <= 8; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 20000000);
    }
    kit.tamper = NULL;
    cluster_kit_request(&kit, 0, 9, 1);
    cluster_kit_run(&kit, 20 * SECOND);
    cr_assert_eq(kit.nodes[0].executed, 9);
    cr_assert_eq(kit.nodes[3].executed, 9, "V3, S1: a body is asked for by its hash until it is the right one: %llu", (unsigned long long)kit.nodes[3].executed);
    cluster_kit_agree(&kit);
    cluster_kit_close(&kit);
}

/* The next leader gives up a view that has not begun: the present one is not its to end. */
Test(replica_attack, abdication_of_a_later_view_ends_nothing)
{
    struct replica_status status;

    start_with_one_block();
    message.type = MESSAGE_ABDICATE;
    message.abdicate = (struct message_abdicate){ .view = 1 };
    struct hash32 chain = block_hash(&kit.genesis), digest = abdicate_digest(&chain, 0, 1);
    cluster_kit_sign(&kit, 1, &digest, message.abdicate.signature);
    for (uint32_t to = 0; to < 4; to++) {
        if (to != 1) {
            cluster_kit_inject(&kit, 1, to, &message);
        }
    }
    cluster_kit_run(&kit, SECOND);
    replica_status(kit.nodes[2].replica, &status);
    cr_assert_eq(status.view, 0, "J3, T4");
    cr_assert_eq(status.timeout_view, -1);
    cluster_kit_close(&kit);
}

Test(replica_attack, member_that_claims_to_abstain_deposes_each_leader_at_most_once)
{
    struct replica_status status;

    start_with_one_block();
    for (uint32_t i = 0; i < 40; i++) {
        message.type = MESSAGE_HELLO;
        message.hello = (struct message_hello){ .abstains = true, .promised = 1000 };
        for (uint32_t to = 0; to < 3; to++) {
            cluster_kit_inject(&kit, 3, to, &message);
        }
        cluster_kit_run(&kit, SECOND);
        replica_status(kit.nodes[2].replica, &status);
        if (status.leader == 3) {
            cluster_kit_step(&kit, 3, &(struct event){ .kind = EVENT_DRAIN }); /* It hands its own view on, so that all goes round. */
            cluster_kit_run(&kit, SECOND);
        }
    }
    replica_status(kit.nodes[2].replica, &status);
    cr_assert_leq(status.view, 4, "J3, T4: view %llu", (unsigned long long)status.view);
    cluster_kit_close(&kit);
}

/* (time - wall) in nanoseconds overflows to less than a millisecond. */
static bool is_timeout_of_3(const struct cluster_message *sent)
{
    tampered += sent->from == 3 && sent->type == MESSAGE_TIMEOUT;
    return false;
}

/* Members 2 and 3 have timed view 0 out; then the disk of 3 loses a batch. However often the other says its TIMEOUT again, 3 signs nothing. */
Test(replica_attack, repeated_timeout_gets_no_signature_from_a_member_that_must_abstain)
{
    cluster_kit_start(&kit, 4, 0);
    cluster_kit_crash(&kit, 0);
    cluster_kit_crash(&kit, 1);
    cluster_kit_request(&kit, 2, 1, 1);
    cluster_kit_run(&kit, 5 * SECOND);
    cr_assert_eq(kit.nodes[3].state.timeout_view, 0);
    cluster_kit_crash(&kit, 3);
    kit.nodes[3].abstains = true;
    kit.nodes[3].abstain_view = 6;
    cluster_kit_restart(&kit, 3);
    tampered = 0;
    kit.drop = is_timeout_of_3;
    cluster_kit_run(&kit, 60 * SECOND);
    cr_assert_geq(counters_of(3)->received[MESSAGE_TIMEOUT], 4, "it was asked");
    cr_assert_eq(tampered, 0, "T4, I8");
    cluster_kit_close(&kit);
}

Test(replica_attack, block_of_the_far_future_keeps_nobody_awake)
{
    struct cert justify;

    cluster_kit_start(&kit, 4, 0);
    justify = root();
    following(0, &justify, command(7, 1, 0), 0);
    message.propose.header.time_ms += 2000 + UINT64_C(18446744073710);
    cluster_kit_inject(&kit, 0, 2, &message);
    cluster_kit_run(&kit, 100000);
    cr_assert_eq(counters_of(2)->marks[MARK_VOTED], 0, "V4");
    cr_assert_geq(replica_deadline_ns(kit.nodes[2].replica), kit.now_ns + SECOND, "J4");
    cluster_kit_close(&kit);
}

/* Of each view beyond the next one another leader could fill all slots. */
Test(replica_attack, blocks_of_views_beyond_the_next_are_not_kept_J7)
{
    cluster_kit_start(&kit, 4, 0);
    for (uint32_t i = 0; i < 40; i++) {
        struct cert justify = root();
        justify.ballot = (struct ballot){ VOTE_FOLLOWING, 0, { 4, 1 + i }, { { (uint8_t)i, 1 } } };
        justify.signers.members = (struct member_set){ { 7 } };
        following(4, &justify, command(7, 1, 0), i);
        cluster_kit_inject(&kit, 0, 2, &message);
        cluster_kit_run(&kit, 1000);
        cr_assert_eq(replica_early_bodies(kit.nodes[2].replica), 0, "J7");
    }
    cr_assert_geq(counters_of(2)->received[MESSAGE_PROPOSE], 40);
    cluster_kit_close(&kit);
}

static bool drop_votes(const struct cluster_message *dropped)
{
    return dropped->type == MESSAGE_VOTE && dropped->to == 0;
}

/* Every replica holds the block of the old leader; nobody has its certificate. */
Test(replica_attack, commands_of_a_lost_block_return_and_commit_in_the_next_view)
{
    cluster_kit_start(&kit, 4, 0);
    kit.drop = drop_votes;
    cluster_kit_request(&kit, 1, 1, 1);
    cluster_kit_run(&kit, 20000000);
    cr_assert_eq(counters_of(2)->marks[MARK_VOTED], 1);
    cluster_kit_crash(&kit, 0);
    kit.drop = NULL;
    cluster_kit_run(&kit, SECOND);
    cr_assert_eq(kit.nodes[1].executed, 1, "J2");
    struct replica_status status;
    replica_status(kit.nodes[1].replica, &status);
    cr_assert_eq(status.view, 1, "in the first view after it: %llu", (unsigned long long)status.view);
    cluster_kit_close(&kit);
}

/* big_requests fills the log with blocks near their limit of 64 KiB. */
static void big_requests(uint32_t count)
{
    static uint8_t bytes[APP_KIT_COMMAND_BYTES_MAX];

    for (uint32_t i = 1; i <= count; i++) {
        uint64_t until = kit.wall_ms + kit.now_ns / 1000000 + 300000;
        size_t size = app_kit_make(&(struct app_kit_command){ .account = i, .nonce = 1, .valid_until_ms = until, .payload = 8000 }, bytes);
        cluster_kit_step(&kit, 0, &(struct event){ .kind = EVENT_REQUEST, .request = { i, { i, i }, bytes_of(bytes, size) } });
        if (i % 8 == 0) {
            cluster_kit_run(&kit, 20000000);
        }
    }
    cluster_kit_run(&kit, SECOND);
}

Test(replica_attack, transfers_to_one_member_are_rationed_by_bytes)
{
    uint64_t from = 0;

    cluster_kit_start(&kit, 4, 1000);
    big_requests(160);
    cr_assert_geq(cluster_kit_agree(&kit), 16);
    from = kit.sent[MESSAGE_BUNDLE];
    for (uint32_t i = 0; i < 200; i++) {
        message.type = MESSAGE_FETCH;
        message.fetch = (struct message_fetch){ .chain = true, .height = 16, .from_height = 1 };
        cluster_kit_inject(&kit, 3, 1, &message);
        cluster_kit_run(&kit, 1000);
    }
    cr_assert_geq(kit.sent[MESSAGE_BUNDLE] - from, 3, "S2: whoever lags is served");
    cr_assert_leq(kit.sent[MESSAGE_BUNDLE] - from, 20, "S2, J7: %llu bundles of 16 large blocks at once", (unsigned long long)(kit.sent[MESSAGE_BUNDLE] - from));
    cluster_kit_close(&kit);
}

static void spoil_votes_of_1(struct cluster_message *sent)
{
    if (sent->from == 1 && sent->type == MESSAGE_VOTE) {
        sent->body[0] ^= 1;
        tampered++;
    }
}

/* L3: the culprit is named at once, and then verified by itself: blocks do not wait for it. */
Test(replica_attack, bad_votes_are_named_at_once_and_cost_one_check_each_from_then_on)
{
    cluster_kit_start(&kit, 4, 0);
    kit.tamper = spoil_votes_of_1;
    tampered = 0;
    for (uint32_t i = 1; i <= 30; i++) {
        cluster_kit_request(&kit, 0, i, 1);
        cluster_kit_run(&kit, 5000000);
    }
    uint64_t blocks = cluster_kit_agree(&kit);
    cr_assert_eq(blocks, 30, "L3: %llu", (unsigned long long)blocks);
    cr_assert_eq(kit.sent[MESSAGE_TIMEOUT], 0, "L3: no view is lost");
    cr_assert_geq(tampered, 30);
    const struct replica_counters *leader = counters_of(0);
    cr_assert_leq(leader->signatures_bad, tampered);
    cr_assert_geq(leader->marks[MARK_BAD_SIGNATURE], 28, "each is named: %llu", (unsigned long long)leader->marks[MARK_BAD_SIGNATURE]);
    cr_assert_leq(leader->checks_by[CHECKS_VOTES], 2 * (2 * blocks) + tampered, "L3: q - 1 votes and q - 1 commit votes for each block, and one of the liar");
    cluster_kit_close(&kit);
}

/* Section 13: certificates with a bad signature. */
Test(replica_attack, bad_certificates_of_one_member_are_rationed)
{
    start_with_one_block();
    uint64_t before = counters_of(2)->signature_checks;
    struct hash32 block = kit_hash(77);
    for (uint32_t i = 0; i < 500; i++) {
        message.type = MESSAGE_COMMITQC;
        signed_cert(&message.cert, VOTE_COMMIT, (struct rank){ 0, 50 + i }, &block, 1);
        cluster_kit_inject(&kit, 3, 2, &message);
        cluster_kit_run(&kit, 1000000);
    }
    uint64_t checks = counters_of(2)->signature_checks - before;
    cr_assert_leq(checks, 3 * (500000000u / JOBS_SUSPECT_STEP_NS + 2), "J7: %llu", (unsigned long long)checks);
    cluster_kit_request(&kit, 0, 9, 1);
    cluster_kit_run(&kit, 20000000);
    cr_assert_eq(kit.nodes[2].executed, 2, "the others are not meant");
    cluster_kit_close(&kit);
}
