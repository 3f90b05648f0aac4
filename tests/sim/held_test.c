/* held_test.c: a proof that a server keeps to itself is looked at like one that it shows, and a log that lost a block shows before anybody asks for it. */
#include "sim/oracle/held.h"

#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define HEIGHTS 6u

static const struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 2, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 } };
static struct cast cast;
static struct oracle oracle;
static struct failure failure;
static struct held held;
static struct commit_proof proof;
static struct block_header headers[HEIGHTS + 1];
static struct hash32 hashes[HEIGHTS + 1];
static struct driver driver;
static struct superblock saved;
static void *memory;

/* make_chain: blocks 1 .. HEIGHTS are executed. */
static void make_chain(void)
{
    hashes[0] = cast.chain_id;
    for (uint32_t i = 1; i <= HEIGHTS; i++) {
        headers[i] = (struct block_header){ .height = i, .commands_count = 1, .time_ms = CAST_GENESIS_MS + i, .parent = hashes[i - 1] };
        hashes[i] = block_hash(&headers[i]);
        oracle.blocks[i].hash = hashes[i];
    }
    oracle.height = HEIGHTS;
}

/* make_proof proves block 4 by C1 in view 7. */
static void make_proof(void)
{
    memset(&proof, 0, sizeof proof);
    proof.first.ballot = (struct ballot){ VOTE_FOLLOWING, 0, { 7, 4 }, hashes[4] };
    proof.second.ballot = (struct ballot){ VOTE_FOLLOWING, 0, { 7, 5 }, hashes[5] };
    proof.child = headers[5];
}

/* make_log: the log has every block, two in a segment. */
static void make_log(void)
{
    struct arena arena;

    arena_init_measure(&arena);
    record_index_init(&driver.log.index, &arena, 16);
    memory = calloc(1, arena.used);
    cr_assert_not_null(memory);
    arena_init(&arena, memory, arena.used);
    record_index_init(&driver.log.index, &arena, 16);
    for (uint32_t i = 1; i <= HEIGHTS; i++) {
        struct record_head head = { .kind = RECORD_BLOCK, .bytes = 8, .bytes_total = 8, .height = i, .hash = hashes[i] };
        struct record_place place = { .segment = (i + 1) / 2, .block = 2 * i, .bytes = 8 };
        record_index_add(&driver.log.index, &head, &place);
    }
    driver.log.capsule_durable.committed_height = HEIGHTS;
    driver.first_segment = 1;
    saved = (struct superblock){ .sequence = 1, .first_segment = 1 };
}

static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
    failure = (struct failure){ 0 };
    oracle_init(&oracle, &cast, &failure);
    memset(&held, 0, sizeof held);
    memset(&driver, 0, sizeof driver);
    make_chain();
    make_proof();
    make_log();
}

static void teardown(void)
{
    oracle_close(&oracle);
    cast_close(&cast);
    free(memory);
}

TestSuite(held, .init = setup, .fini = teardown);

static void expect_broken(const char *rule)
{
    cr_assert_eq(failure.kind, FAILURE_SAFETY, "%s is not seen", rule);
    cr_assert_not_null(strstr(failure.text, rule), "%s: %s", rule, failure.text);
}

/* --- Proofs --------------------------------------------------------------------------------------------------------- */

Test(held, proof_that_proves_its_block_is_fine)
{
    held_tip(&held, &oracle, 2, NULL);
    held_tip(&held, &oracle, 2, &proof);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(held, proof_of_two_views_is_seen_C1)
{
    proof.first.ballot.rank.view = 6;
    held_tip(&held, &oracle, 2, &proof);
    expect_broken("C1");
}

Test(held, newer_proof_is_looked_at_again)
{
    held_tip(&held, &oracle, 2, &proof);
    proof.second.ballot.kind = VOTE_OPENING;
    held_tip(&held, &oracle, 2, &proof);
    expect_broken("C1");
}

Test(held, proof_of_another_block_than_was_executed_is_seen_I1)
{
    oracle.blocks[4].hash.bytes[0] ^= 1;
    held_tip(&held, &oracle, 2, &proof);
    expect_broken("I1");
}

/* show encodes the proof with the headers of blocks 3 and 4 before it, for a client who asked for block 2. */
static void show(const struct block_header *header)
{
    static uint8_t run[2 * BLOCK_HEADER_BYTES], bytes[COMMIT_PROOF_BYTES_MAX];
    struct writer writer;

    writer_init(&writer, run, sizeof run);
    block_header_encode(&headers[3], &writer);
    block_header_encode(&headers[4], &writer);
    proof.headers_count = 2;
    proof.headers = bytes_of(run, writer.offset);
    writer_init(&writer, bytes, sizeof bytes);
    commit_proof_encode(&proof, &writer);
    cr_assert_not(writer.failed);
    held_shown(&oracle, 1, header, bytes_of(bytes, writer.offset));
}

Test(held, headers_lead_a_client_from_its_block_to_the_proof_R5)
{
    show(&headers[2]);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    show(&headers[1]);
    expect_broken("R5");
}

Test(held, proof_that_cannot_be_read_is_seen_R5)
{
    static const uint8_t junk[3] = { 9, 9, 9 };

    held_shown(&oracle, 1, &headers[2], bytes_of(junk, sizeof junk));
    expect_broken("R5");
}

/* --- Logs ----------------------------------------------------------------------------------------------------------- */

Test(held, log_that_has_every_block_is_fine)
{
    held_saved(&held, &oracle, 0, &driver, &saved);
    held_began(&held, &oracle, 0, &driver);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(held, segment_that_no_snapshot_stands_for_is_missed_K2)
{
    saved.first_segment = 2;
    held_saved(&held, &oracle, 0, &driver, &saved);
    expect_broken("K2");
}

Test(held, segments_below_the_last_but_one_snapshot_may_go_K2)
{
    driver.snapshots.older = (struct snapshots_entry){ .set = true, .height = 4 };
    saved.first_segment = 3;
    held_saved(&held, &oracle, 0, &driver, &saved);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    saved.sequence++;
    saved.first_segment = 4;
    held_saved(&held, &oracle, 0, &driver, &saved);
    expect_broken("K2");
}

Test(held, what_lagging_members_need_stays_K2)
{
    driver.snapshots.older = (struct snapshots_entry){ .set = true, .height = 4 };
    driver.config.retention.keep_blocks = 3; /* 4, 5, 6 */
    saved.first_segment = 3;
    held_saved(&held, &oracle, 0, &driver, &saved);
    expect_broken("K2");
}

/* What is executed is ahead of what is durably committed, and after a power cut it was. */
Test(held, what_lagging_members_need_is_counted_from_what_was_executed_K2)
{
    driver.snapshots.older = (struct snapshots_entry){ .set = true, .height = 6 };
    driver.config.retention.keep_blocks = 3; /* 5, 6, 7 */
    driver.apply.height = HEIGHTS + 1;
    saved.first_segment = 3;
    held_saved(&held, &oracle, 0, &driver, &saved);
    driver.apply.height = HEIGHTS;
    driver.first_segment = 3;
    held_began(&held, &oracle, 0, &driver);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    saved.sequence++;
    saved.first_segment = 4;
    held_saved(&held, &oracle, 0, &driver, &saved);
    expect_broken("K2");
}

Test(held, block_that_a_start_does_not_find_is_missed_K2)
{
    (void)record_index_forget(&driver.log.index, &(struct record_blocks){ 3, 0, 1000 }, RECORD_BLOCK, &hashes[6]);
    held_began(&held, &oracle, 0, &driver);
    expect_broken("K2");
}

Test(held, log_begins_behind_a_snapshot_that_was_fetched)
{
    driver.has_base = true;
    driver.base.header = headers[4];
    for (uint32_t i = 1; i <= 4; i++) {
        (void)record_index_forget(&driver.log.index, &(struct record_blocks){ (i + 1) / 2, 0, 1000 }, RECORD_BLOCK, &hashes[i]);
    }
    held_began(&held, &oracle, 0, &driver);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    cr_assert_eq(held.from_height, 4);
}

Test(held, a_tc_comes_with_its_qc_T2)
{
    struct replica_status status = { .view = 4, .high = { 3, 7 }, .tc_high = { 3, 7 } };

    held_tc(&oracle, 1, &status);
    status.tc_high.height = 6;
    held_tc(&oracle, 1, &status);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    status.tc_high.height = 8;
    held_tc(&oracle, 1, &status);
    expect_broken("T2");
}

Test(held, start_at_another_snapshot_than_the_superblock_names_is_seen_K2)
{
    saved.checkpoint_snapshot.bytes[0] = 1;
    saved.checkpoint_height = 4;
    driver.has_base = true;
    driver.base.header = headers[4];
    held_based(&oracle, 0, &driver, &saved);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    driver.base.header = headers[3];
    held_based(&oracle, 0, &driver, &saved);
    expect_broken("K2");
}

Test(held, start_without_the_snapshot_that_the_superblock_names_is_seen_K2)
{
    held_based(&oracle, 0, &driver, &saved);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    saved.checkpoint_snapshot.bytes[0] = 1;
    saved.checkpoint_height = 4;
    held_based(&oracle, 0, &driver, &saved);
    expect_broken("K2");
}

Test(held, snapshot_that_is_written_over_one_that_is_kept_is_seen_K2)
{
    struct snapshots snapshots = { .newest = { .set = true, .slot = 1, .height = 8 }, .older = { .set = true, .slot = 0, .height = 4 }, .stage = SNAPSHOTS_STATE, .making = { .slot = 2 }, .lent = SNAPSHOT_SLOTS };

    held_slots(&oracle, 0, &snapshots);
    snapshots.stage = SNAPSHOTS_IDLE; /* what lies there is what was made */
    snapshots.making.slot = 1;
    held_slots(&oracle, 0, &snapshots);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    snapshots.stage = SNAPSHOTS_STATE;
    snapshots.making.slot = 0;
    held_slots(&oracle, 0, &snapshots);
    expect_broken("K2: r0 writes a snapshot over that of block 4");
}

Test(held, snapshot_that_is_fetched_over_one_that_is_kept_is_seen_K2)
{
    struct snapshots snapshots = { .newest = { .set = true, .slot = 1, .height = 8 }, .lent = 1 };

    held_slots(&oracle, 0, &snapshots);
    expect_broken("K2: r0 writes a snapshot over that of block 8");
}

/* add_certificate puts one into a segment of the log. */
static void add_certificate(const struct hash32 *digest, uint32_t segment)
{
    struct record_head head = { .kind = RECORD_CERTIFICATE, .hash = *digest, .bytes = 8, .bytes_total = 8 };
    struct record_place place = { .segment = segment, .block = 1, .bytes = 8 };

    record_index_add(&driver.log.index, &head, &place);
}

Test(held, TC_that_goes_with_its_segment_is_seen_until_it_is_appended_again_K2)
{
    static const struct timeout_cert tc = { .view = 3 };
    struct hash32 digest = timeout_cert_digest(&tc);

    held_way(&oracle, 0, &driver, &tc, 3); /* it is not durable yet */
    add_certificate(&digest, 2);
    held_way(&oracle, 0, &driver, &tc, 2);
    add_certificate(&digest, 3);
    held_way(&oracle, 0, &driver, &tc, 3);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    held_way(&oracle, 0, &driver, &tc, 4);
    expect_broken("K2: the log of r0 lets go of segment 3, in which the TC stands that led into its view");
}

Test(held, high_QC_that_goes_with_its_segment_is_seen_while_it_is_the_newest_K2)
{
    struct hash32 digest = { { 7 } };
    struct rank high = { 2, 9 }, higher = { 2, 10 };

    driver.log.capsule_durable = (struct capsule){ .high_view = 2, .high_height = 9, .high_digest = digest };
    held_named(&oracle, 0, &driver, high, 3); /* it stands in a block */
    add_certificate(&digest, 2);
    held_named(&oracle, 0, &driver, high, 2);
    held_named(&oracle, 0, &driver, higher, 3);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    held_named(&oracle, 0, &driver, high, 3);
    expect_broken("K2: the log of r0 lets go of segment 2, in which the high QC stands that its newest promise names");
}

Test(held, evidence_that_the_log_does_not_hold_is_seen)
{
    struct record_head head = { .kind = RECORD_EVIDENCE, .bytes = 8, .bytes_total = 8 };
    struct record_place place = { .segment = 2, .block = 1, .bytes = 8 };
    struct hash32 digest = { { 7 } };

    add_certificate(&digest, 2);
    held_evidence(&oracle, 0, &driver);
    expect_broken("evidence: r0 has found somebody out");
    failure = (struct failure){ 0 };
    record_index_add(&driver.log.index, &head, &place);
    add_certificate(&digest, 2);
    held_evidence(&oracle, 0, &driver);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}
