/* oracle_test.c: the oracle is not blind: each rule that it watches is broken once, and it says which. */
#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 2, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 } };
static struct cast cast;
static struct oracle oracle;
static struct failure failure;
static struct message message; /* the one under construction */

static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
    failure = (struct failure){ 0 };
    oracle_init(&oracle, &cast, &failure);
    memset(&message, 0, sizeof message);
}

static void teardown(void)
{
    oracle_close(&oracle);
    cast_close(&cast);
}

TestSuite(oracle, .init = setup, .fini = teardown);

static void send_it(uint32_t from)
{
    static uint8_t head[MESSAGE_HEAD_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, head, sizeof head);
    message_encode_head(&message, &writer);
    cr_assert_not(writer.failed);
    struct port_message out = { .type = (uint8_t)message.type, .head = bytes_of(head, writer.offset), .tail = message_tail(&message) };
    oracle_sent(&oracle, from, &out, 1);
}

static struct hash32 block_name(uint8_t name)
{
    return hash_one(HASH_BLOCK, &name, 1);
}

static struct ballot ballot_of(enum vote_kind kind, uint64_t view, uint64_t height, uint8_t block)
{
    return (struct ballot){ kind, 0, { view, height }, block_name(block) };
}

static void vote(uint32_t from, struct ballot ballot)
{
    message.type = ballot.kind == VOTE_COMMIT ? MESSAGE_COMMITVOTE : MESSAGE_VOTE;
    message.vote = (struct message_vote){ .ballot = ballot };
    send_it(from);
}

static void fill_cert(struct cert *cert, struct ballot ballot, uint32_t first, uint32_t count)
{
    uint8_t signature[64] = { 0 };

    memset(cert, 0, sizeof *cert);
    cert->ballot = ballot;
    for (uint32_t i = first; i < first + count; i++) {
        signers_add(&cert->signers, i, signature);
    }
}

static void show_cert(struct ballot ballot, uint32_t first, uint32_t count)
{
    message.type = ballot.kind == VOTE_COMMIT ? MESSAGE_COMMITQC : MESSAGE_CERT;
    fill_cert(&message.cert, ballot, first, count);
    send_it(0);
}

static void time_out_on(uint32_t from, uint64_t view, const struct ballot *high)
{
    message.type = MESSAGE_TIMEOUT;
    message.timeout = (struct message_timeout){ .view = view, .cause = CAUSE_JOIN };
    cert_root(&message.timeout.high, 0, 0, &cast.chain_id);
    if (high != NULL) {
        fill_cert(&message.timeout.high, *high, 0, 3);
    }
    send_it(from);
}

static void time_out(uint32_t from, uint64_t view) { time_out_on(from, view, NULL); }

static void expect_broken(const char *rule)
{
    cr_assert_eq(failure.kind, FAILURE_SAFETY, "%s is not seen", rule);
    cr_assert_eq(strncmp(failure.text, rule, strlen(rule)), 0, "%s: %s", rule, failure.text);
}

Test(oracle, honest_votes_are_fine)
{
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    vote(1, ballot_of(VOTE_COMMIT, 0, 1, 'a'));
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 2, 'b'));
    vote(2, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    show_cert(ballot_of(VOTE_FOLLOWING, 0, 1, 'a'), 0, 3);
    struct ballot high = ballot_of(VOTE_FOLLOWING, 0, 1, 'a');
    time_out_on(1, 0, &high);
    vote(1, ballot_of(VOTE_OPENING, 1, 2, 'b'));
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    cr_assert_eq(oracle.sent[MESSAGE_VOTE], 5);
    cr_assert_eq(oracle_messages(&oracle), 8);
}

Test(oracle, sees_a_vote_that_is_said_for_ever_Q1)
{
    for (uint32_t i = 0; i < 1000; i++) {
        vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    }
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    expect_broken("Q1");
}

Test(oracle, sees_two_votes_at_one_place_I3)
{
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'b'));
    expect_broken("I3");
}

Test(oracle, sees_a_second_vote_inside_a_certificate_I3)
{
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    show_cert(ballot_of(VOTE_FOLLOWING, 0, 1, 'b'), 0, 3);
    expect_broken("I3");
}

Test(oracle, sees_two_commit_votes_at_one_place_I3)
{
    vote(1, ballot_of(VOTE_COMMIT, 0, 1, 'a'));
    vote(1, ballot_of(VOTE_COMMIT, 0, 1, 'b'));
    expect_broken("I3");
}

Test(oracle, sees_a_vote_of_a_lower_rank_I3)
{
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 2, 'b'));
    vote(1, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'));
    expect_broken("I3");
}

Test(oracle, sees_two_certified_blocks_at_one_place_I4)
{
    show_cert(ballot_of(VOTE_FOLLOWING, 0, 1, 'a'), 0, 3);
    message.type = MESSAGE_CERT;
    fill_cert(&message.cert, ballot_of(VOTE_FOLLOWING, 0, 1, 'b'), 1, 3);
    send_it(0);
    expect_broken("I4");
}

Test(oracle, sees_a_vote_after_a_timeout_I7)
{
    time_out(2, 5);
    vote(2, ballot_of(VOTE_FOLLOWING, 5, 1, 'a'));
    expect_broken("I7");
}

Test(oracle, sees_a_commit_vote_after_a_timeout_I7)
{
    time_out(2, 5);
    vote(2, ballot_of(VOTE_COMMIT, 4, 1, 'a'));
    expect_broken("I7");
}

Test(oracle, sees_a_small_certificate_I11)
{
    show_cert(ballot_of(VOTE_FOLLOWING, 0, 1, 'a'), 0, 2);
    expect_broken("I11");
}

static void propose(uint32_t from, uint64_t view, uint64_t justified_height, uint64_t ranked_height)
{
    uint8_t signature[64] = { 0 };

    message.type = MESSAGE_PROPOSE;
    memset(&message.propose, 0, sizeof message.propose);
    message.propose.view = view;
    message.propose.opening = true;
    fill_cert(&message.propose.justify, ballot_of(VOTE_FOLLOWING, 0, justified_height, (uint8_t)justified_height), 0, 3);
    message.propose.tc.view = view - 1;
    for (uint32_t i = 0; i < 3; i++) {
        signers_add(&message.propose.tc.signers, i, signature);
        message.propose.tc.ranks[i] = (struct rank){ 0, ranked_height };
    }
    fill_cert(&message.propose.tc.high, ballot_of(VOTE_FOLLOWING, 0, ranked_height, (uint8_t)ranked_height), 0, 3);
    send_it(from);
}

Test(oracle, sees_an_opening_on_less_than_the_highest_QC_I9)
{
    propose(1, 1, 2, 2);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    propose(2, 2, 2, 3);
    expect_broken("I9");
}

static void query(uint32_t from, uint64_t height)
{
    memset(&message, 0, sizeof message);
    message.type = MESSAGE_QUERY;
    message.query = (struct message_query){ .view = 1, .high = { 0, height } };
    send_it(from);
}

Test(oracle, sees_the_QC_of_a_TC_forgotten_T2)
{
    propose(1, 1, 3, 3);
    query(1, 3);
    query(2, 2); /* Another has shown none. */
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    query(1, 2);
    expect_broken("T2");
}

Test(oracle, what_a_TC_said_in_an_earlier_life_may_be_forgotten)
{
    propose(1, 1, 3, 3);
    oracle_crashed(&oracle, 1);
    query(1, 2);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

static void answer(uint32_t from, uint64_t high, uint64_t ranked)
{
    struct message_propose opening = message.propose;

    memset(&message, 0, sizeof message);
    message.type = MESSAGE_ANSWER;
    message.answer.has_high = message.answer.has_tc = true;
    fill_cert(&message.answer.high, ballot_of(VOTE_FOLLOWING, 0, high, (uint8_t)high), 0, 3);
    message.answer.tc = opening.tc;
    fill_cert(&message.answer.tc.high, ballot_of(VOTE_FOLLOWING, 0, ranked, (uint8_t)ranked), 0, 3);
    send_it(from);
}

Test(oracle, sees_an_answer_whose_TC_says_more_than_its_high_QC_T2)
{
    propose(1, 1, 3, 3);
    answer(2, 3, 3);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    propose(1, 1, 3, 3);
    answer(2, 2, 3);
    expect_broken("T2");
}

Test(oracle, sees_a_view_led_again_after_a_restart_I17)
{
    propose(1, 1, 2, 2);
    propose(1, 1, 2, 2);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    oracle_crashed(&oracle, 1);
    propose(1, 1, 2, 2);
    expect_broken("I17");
}

/* --- Blocks --------------------------------------------------------------------------------------------------------- */

struct made_block {
    struct block_header header;
    struct block_command commands[4];
    uint16_t codes[4];
    uint8_t body[4 * CAST_COMMAND_BYTES_MAX];
    size_t body_bytes;
    struct apply_block block;
};

static void make_block(struct made_block *made, uint64_t height, const struct hash32 *parent)
{
    memset(made, 0, sizeof *made);
    made->header = (struct block_header){ .height = height, .time_ms = CAST_GENESIS_MS + height, .parent = *parent };
}

static void put_command(struct made_block *made, uint32_t actor, uint64_t nonce)
{
    struct cast_command command = { .nonce = nonce, .valid_until_ms = CAST_GENESIS_MS + 60000 };
    uint32_t at = made->header.commands_count++;

    cast_sign(&cast, actor, &command);
    memcpy(made->body + made->body_bytes, command.bytes, command.size);
    made->commands[at] = (struct block_command){ (uint32_t)made->body_bytes, command.size - 509, 509, command.id, 1 };
    made->body_bytes += command.size;
}

static struct hash32 execute(struct made_block *made, uint32_t member, uint8_t root)
{
    struct hash32 state = block_name(root);

    made->block = (struct apply_block){ .header = &made->header, .hash = block_hash(&made->header), .body = bytes_of(made->body, made->body_bytes),
        .commands = made->commands, .codes = made->codes };
    oracle_executed(&oracle, member, &made->block, &state);
    return made->block.hash;
}

static struct made_block one, two;

Test(oracle, equal_blocks_and_states_are_fine)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    struct hash32 hash = execute(&one, 0, 'r');
    execute(&one, 1, 'r');
    make_block(&two, 2, &hash);
    put_command(&two, 0, 2);
    put_command(&two, 1, 1);
    execute(&two, 0, 's');
    oracle_crashed(&oracle, 0);
    execute(&one, 0, 'r');
    execute(&two, 0, 's');
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    cr_assert_eq(oracle.commands.count, 3);
    cr_assert(oracle_has_executed(&oracle, cast.actors[0].account, 2));
    cr_assert_not(oracle_has_executed(&oracle, cast.actors[0].account, 3));
}

Test(oracle, sees_two_blocks_at_one_height_I1)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    execute(&one, 0, 'r');
    make_block(&two, 1, &cast.chain_id);
    put_command(&two, 1, 1);
    two.header.payload_root = block_name('x');
    execute(&two, 1, 'r');
    expect_broken("I1:");
}

Test(oracle, sees_a_chain_that_was_cut_I2)
{
    struct hash32 stranger = block_name('z');

    make_block(&one, 1, &stranger);
    put_command(&one, 0, 1);
    execute(&one, 0, 'r');
    expect_broken("I2");
}

Test(oracle, sees_different_states_I13)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    execute(&one, 0, 'r');
    execute(&one, 1, 's');
    expect_broken("I13");
}

Test(oracle, sees_a_command_executed_twice_I14)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    struct hash32 hash = execute(&one, 0, 'r');
    make_block(&two, 2, &hash);
    put_command(&two, 0, 1);
    execute(&two, 0, 's');
    expect_broken("I14");
}

Test(oracle, sees_an_empty_block_I16)
{
    make_block(&one, 1, &cast.chain_id);
    execute(&one, 0, 'r');
    expect_broken("I16");
}

Test(oracle, sees_an_epoch_that_begins_without_an_END_block_I12)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    one.header.epoch = 1;
    execute(&one, 0, 1);
    expect_broken("I12");
}

Test(oracle, sees_an_epoch_that_goes_on_behind_its_END_block_I12)
{
    make_block(&one, 1, &cast.chain_id);
    one.header.flags = BLOCK_FLAG_END;
    struct hash32 hash = execute(&one, 0, 1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    make_block(&two, 2, &hash);
    put_command(&two, 0, 1);
    two.header.epoch = 1;
    execute(&two, 0, 1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    make_block(&two, 2, &hash);
    put_command(&two, 0, 1);
    oracle_close(&oracle);
    oracle_init(&oracle, &cast, &failure);
    execute(&one, 0, 1);
    execute(&two, 0, 1);
    expect_broken("I12");
}

Test(oracle, sees_a_certified_block_beside_its_view_I5)
{
    struct hash32 other = block_name('x');

    message.type = MESSAGE_PROPOSE;
    memset(&message.propose, 0, sizeof message.propose);
    message.propose.header = (struct block_header){ .height = 2, .parent = other, .commands_count = 1 };
    fill_cert(&message.propose.justify, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'), 0, 3);
    send_it(0);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    struct ballot ballot = { VOTE_FOLLOWING, 0, { 0, 2 }, block_hash(&message.propose.header) };
    show_cert(ballot, 0, 3);
    expect_broken("I5");
}

Test(oracle, sees_a_certificate_beside_what_is_committed_I10)
{
    show_cert(ballot_of(VOTE_FOLLOWING, 0, 1, 'a'), 0, 3);
    show_cert(ballot_of(VOTE_COMMIT, 0, 1, 'a'), 0, 3);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    show_cert(ballot_of(VOTE_OPENING, 1, 1, 'b'), 0, 3);
    expect_broken("I10");
}

Test(oracle, sees_a_command_that_fails_V5)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    one.codes[0] = CODE_NONCE_LOW;
    execute(&one, 0, 'r');
    expect_broken("V5");
}

Test(oracle, sees_a_height_left_out_C4)
{
    make_block(&one, 2, &cast.chain_id);
    put_command(&one, 0, 1);
    execute(&one, 0, 'r');
    expect_broken("C4");
}

Test(oracle, sees_another_command_in_a_block_that_is_executed_again_C4)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    execute(&one, 0, 'r');
    one.body[one.body_bytes - 1] ^= 1; /* its payload, which may be erased */
    execute(&one, 1, 'r');
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    one.body[100] ^= 1;
    execute(&one, 2, 'r');
    expect_broken("C4: r2 executes other commands");
}

/* --- Times and choices ---------------------------------------------------------------------------------------------- */

Test(oracle, sees_a_time_that_does_not_go_on_V4)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    one.header.time_ms = CAST_GENESIS_MS;
    execute(&one, 0, 'r');
    expect_broken("V4: block 1 is not later");
}

Test(oracle, sees_a_time_that_no_clock_has_seen_V4)
{
    oracle_clock(&oracle, CAST_GENESIS_MS + 1000, CAST_GENESIS_MS + 1000);
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    one.header.time_ms = CAST_GENESIS_MS + 3000;
    struct hash32 hash = execute(&one, 0, 'r');
    make_block(&two, 2, &hash);
    put_command(&two, 0, 2);
    two.header.time_ms = CAST_GENESIS_MS + 3001; /* one after its parent: that is always allowed */
    hash = execute(&two, 0, 's');
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    make_block(&one, 3, &hash);
    put_command(&one, 0, 3);
    one.header.time_ms = CAST_GENESIS_MS + 3003;
    execute(&one, 0, 't');
    expect_broken("V4: block 3 is of a time");
}

/* vote_for shows a header and lets r1 vote for it. */
static void vote_for(const struct block_header *header)
{
    oracle_header(&oracle, header);
    vote(1, (struct ballot){ VOTE_FOLLOWING, 0, { 0, header->height }, block_hash(header) });
}

Test(oracle, sees_a_vote_for_a_time_that_no_clock_has_seen_V4)
{
    struct block_header header = { .height = 1, .commands_count = 1, .time_ms = CAST_GENESIS_MS + 3000, .parent = cast.chain_id };

    oracle_clock(&oracle, CAST_GENESIS_MS + 1000, CAST_GENESIS_MS + 1000);
    vote_for(&header);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    header.height = 2;
    header.parent = block_hash(&header);
    header.time_ms = CAST_GENESIS_MS + 3600000;
    vote_for(&header);
    expect_broken("V4: r1 votes");
}

Test(oracle, sees_a_vote_for_a_time_that_is_long_past_V4)
{
    struct block_header header = { .height = 1, .commands_count = 1, .time_ms = CAST_GENESIS_MS + 1, .parent = cast.chain_id };

    oracle_clock(&oracle, CAST_GENESIS_MS + 60001, CAST_GENESIS_MS + 60001);
    vote_for(&header);
    oracle_clock(&oracle, CAST_GENESIS_MS + 3600000, CAST_GENESIS_MS + 3600000);
    vote_for(&header); /* the same again: its time was right when it was said first */
    header = (struct block_header){ .height = 2, .commands_count = 1, .time_ms = CAST_GENESIS_MS + 2, .parent = block_hash(&header) };
    oracle_clock(&oracle, CAST_GENESIS_MS + 3600000, CAST_GENESIS_MS + 50000);
    vote_for(&header); /* by the time that is true it is not */
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    header = (struct block_header){ .height = 3, .commands_count = 1, .time_ms = CAST_GENESIS_MS + 3, .parent = block_hash(&header) };
    oracle_clock(&oracle, CAST_GENESIS_MS + 3600000, CAST_GENESIS_MS + 3600000);
    vote_for(&header);
    expect_broken("V4: r1 votes at view 0, height 3 for a time that is long past");
}

Test(oracle, sees_a_vote_for_spoiled_commands_V5)
{
    struct block_header header = { .height = 1, .commands_count = 1, .time_ms = CAST_GENESIS_MS + 1, .parent = cast.chain_id };
    struct hash32 hash = block_hash(&header);

    vote_for(&header);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    oracle_spoiled(&oracle, &(struct ballot){ .kind = VOTE_FOLLOWING, .block = hash });
    vote(2, (struct ballot){ VOTE_COMMIT, 0, { 0, 1 }, hash });
    vote_for(&header);
    expect_broken("V5: r1 votes");
}

Test(oracle, sees_a_vote_for_an_opening_on_too_little_I9)
{
    struct ballot low = ballot_of(VOTE_OPENING, 4, 7, 'a');

    oracle_spoiled(&oracle, &low);
    low.rank.view = 3;
    vote(1, low);
    low.kind = VOTE_FOLLOWING;
    low.rank.view = 4;
    vote(2, low);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    low.kind = VOTE_OPENING;
    vote(3, low);
    expect_broken("I9: r3 votes");
}

/* --- Checkpoints ---------------------------------------------------------------------------------------------------- */

static void show_checkpoint(const struct hash32 *block, uint8_t root, uint32_t signers_count)
{
    uint8_t signature[64] = { 0 };

    message.type = MESSAGE_CKPT_CERT;
    memset(&message.ckpt_cert, 0, sizeof message.ckpt_cert);
    message.ckpt_cert.checkpoint = (struct checkpoint){ .height = 1, .block = *block, .state_root = block_name(root) };
    for (uint32_t i = 0; i < signers_count; i++) {
        signers_add(&message.ckpt_cert.signers, i, signature);
    }
    send_it(0);
}

Test(oracle, sees_a_certificate_of_another_state_I13)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    struct hash32 hash = execute(&one, 0, 'r');
    show_checkpoint(&hash, 'r', 3);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    show_checkpoint(&hash, 's', 3);
    expect_broken("I13: r0 shows a checkpoint");
}

Test(oracle, sees_a_checkpoint_that_nobody_executed_K1)
{
    show_checkpoint(&cast.chain_id, 'r', 3);
    expect_broken("K1");
}

Test(oracle, sees_a_small_checkpoint_certificate_I11)
{
    make_block(&one, 1, &cast.chain_id);
    put_command(&one, 0, 1);
    struct hash32 hash = execute(&one, 0, 'r');
    show_checkpoint(&hash, 'r', 2);
    expect_broken("I11");
}

Test(oracle, sees_a_proof_that_proves_nothing_C1)
{
    static struct message_answer answer;

    answer.has_proof = true;
    fill_cert(&answer.proof.first, ballot_of(VOTE_FOLLOWING, 0, 1, 'a'), 0, 3);
    fill_cert(&answer.proof.second, ballot_of(VOTE_OPENING, 1, 2, 'b'), 0, 3);
    message.type = MESSAGE_ANSWER;
    message.answer = answer;
    send_it(1);
    expect_broken("r1 shows a proof that proves nothing: C1");
}

/* --- Lives ---------------------------------------------------------------------------------------------------------- */

Test(oracle, sees_a_vote_that_the_log_forgot_I8)
{
    struct capsule promised = { .timeout_view = -1, .led_view = -1 }, found = { .timeout_view = -1, .led_view = -1, .vote_height = 2 };

    vote(1, ballot_of(VOTE_FOLLOWING, 0, 2, 'a'));
    found.vote_hash = block_name('a');
    found.high_height = 1;
    oracle_started(&oracle, 1, &found, &promised);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    found.vote_height = 1;
    oracle_started(&oracle, 1, &found, &promised);
    expect_broken("I8");
}

Test(oracle, sees_a_certificate_that_the_log_forgot_I8)
{
    struct capsule promised = { .timeout_view = -1, .led_view = -1 }, found = { .timeout_view = -1, .led_view = -1, .vote_height = 2 };

    vote(1, ballot_of(VOTE_FOLLOWING, 0, 2, 'a'));
    vote(1, ballot_of(VOTE_COMMIT, 0, 1, 'p'));
    found.vote_hash = block_name('a');
    found.high_height = 1;
    oracle_started(&oracle, 1, &found, &promised);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    found.high_height = 0;
    oracle_started(&oracle, 1, &found, &promised);
    expect_broken("I8: r1 said what rests on a QC");
}

Test(oracle, sees_a_timeout_below_what_a_vote_rests_on_I6)
{
    struct ballot high = ballot_of(VOTE_FOLLOWING, 0, 1, 'a');

    vote(1, ballot_of(VOTE_FOLLOWING, 0, 2, 'b'));
    time_out_on(1, 0, &high);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    time_out(1, 1);
    expect_broken("I6");
}

Test(oracle, sees_a_timeout_that_the_log_forgot_I8)
{
    struct capsule promised = { .timeout_view = -1, .led_view = -1 }, found = { .timeout_view = 3, .led_view = -1 };

    time_out(1, 3);
    oracle_started(&oracle, 1, &found, &promised);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    found.timeout_view = 2;
    oracle_started(&oracle, 1, &found, &promised);
    expect_broken("I8");
}

Test(oracle, sees_a_promise_that_went_back_I6)
{
    struct capsule promised = { .timeout_view = -1, .led_view = 2 }, found = { .timeout_view = -1, .led_view = 1 };

    oracle_started(&oracle, 1, &found, &promised);
    expect_broken("I6");
}

Test(oracle, keeps_the_first_failure)
{
    oracle_fail(&failure, FAILURE_LIVENESS, "first");
    oracle_fail(&failure, FAILURE_SAFETY, "second");
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
    cr_assert_str_eq(failure.text, "first");
}

/* lead lets r0 propose a block of a height in view 0. */
static void lead(uint64_t height)
{
    memset(&message.propose, 0, sizeof message.propose);
    message.type = MESSAGE_PROPOSE;
    message.propose.body = bytes_of("c", 1);
    message.propose.header = (struct block_header){ .height = height, .commands_count = 1, .time_ms = CAST_GENESIS_MS + height, .parent = block_name((uint8_t)(height - 1)) };
    cert_root(&message.propose.justify, 0, 0, &cast.chain_id);
    send_it(0);
}

Test(oracle, sees_a_term_that_does_not_end_L6)
{
    for (uint64_t height = 1; height <= plan.limits.term_blocks_max; height++) {
        lead(height);
        lead(height); /* to somebody who missed it */
    }
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    lead(plan.limits.term_blocks_max + 1);
    expect_broken("L6");
}
