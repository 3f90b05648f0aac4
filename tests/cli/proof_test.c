/* proof_test.c: demonstration 5, as a file: one event, pointer or grant left out or altered, and the proof is none. */
#include "cli/proof.h"

#include "cli/proof_check.h"
#include "tests/node/desk_kit.h"
#include "tests/storage/pinned_kit.h"
#include "wire/block.h"

#include <criterion/criterion.h>
#include <string.h>

static struct desk desk;
static struct proof_draft draft;
static struct proof_checker checker;

static void start(void)
{
    desk_start(&desk);
    desk_checkpoint(&desk, true);
    cr_assert_eq(proof_checker_open(&checker, &desk.lab.genesis), ERR_OK);
    proof_begin(&draft, &desk.lab.genesis.hash);
}

/* add asks and adds question and answer to the draft. */
static void add(struct query query)
{
    static uint8_t question[QUERY_BYTES_MAX];
    struct writer writer;

    query.certified = true;
    cr_assert_eq(desk_ask(&desk, &query, &desk.patient), 0);
    writer_init(&writer, question, sizeof question);
    query_encode(&query, &writer);
    proof_add(&draft, &(struct proof_item){ PROOF_QUERY, bytes_of(question, writer.offset), bytes_of(desk.answer, desk.answer_bytes) });
}

/* verify checks a whole file as `ward verify` does. */
static enum verdict verify(struct bytes bytes)
{
    struct proof_item item;
    struct proof proof;
    enum verdict verdict = proof_decode(&proof, bytes);

    checker.items_count = 0;
    checker.next = 0;
    checker.same = true;
    if (verdict == VERDICT_OK && !hash_equal(&proof.genesis, &desk.lab.genesis.hash)) {
        return VERDICT_EPOCH;
    }
    while (verdict == VERDICT_OK && proof_next(&proof, &item)) {
        verdict = proof_check_item(&checker, &item);
        verdict = verdict == VERDICT_OK && !checker.certified ? VERDICT_QUORUM : verdict;
    }
    return verdict == VERDICT_OK && !proof_check_claim(&checker, proof.claim) ? VERDICT_SHORT : verdict;
}

static const enum query_kind kinds[] = { QUERY_CHECKPOINT, QUERY_RECEIPT, QUERY_ORG, QUERY_ACTOR, QUERY_PATIENT, QUERY_POINTER, QUERY_POINTERS, QUERY_GRANTS,
                                         QUERY_TICKET, QUERY_AUDIT, QUERY_DISCLOSURES, QUERY_EVALUATE, QUERY_LOCATOR };

Test(proof, every_certified_answer_verifies_against_the_genesis_alone, .init = start)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        add(desk_query(&desk, kinds[i]));
    }
    struct bytes bytes = proof_end(&draft, PROOF_ANSWERS);
    cr_assert_eq(verify(bytes), VERDICT_OK);
    pinned_kit_check("file with an answer of each kind", bytes.data, bytes.size, "24125 befc03c4b765389d");
}

Test(proof, no_byte_of_a_file_can_be_altered, .init = start)
{
    add(desk_query(&desk, QUERY_EVALUATE));
    struct bytes bytes = proof_end(&draft, PROOF_ANSWERS);

    for (size_t at = 0; at < bytes.size; at++) {
        draft.data[at] ^= (uint8_t)(1u << (at % 8));
        cr_assert_neq(verify(bytes), VERDICT_OK, "byte %zu of %zu", at, bytes.size);
        draft.data[at] ^= (uint8_t)(1u << (at % 8));
    }
    cr_assert_eq(verify(bytes), VERDICT_OK);
}

Test(proof, no_file_can_be_cut_or_continued, .init = start)
{
    add(desk_query(&desk, QUERY_ORG));
    add(desk_query(&desk, QUERY_GRANTS));
    struct bytes bytes = proof_end(&draft, PROOF_ANSWERS);

    for (size_t size = 0; size < bytes.size; size++) {
        cr_assert_neq(verify(bytes_of(bytes.data, size)), VERDICT_OK);
    }
    uint8_t *longer = malloc(bytes.size + 1);
    memcpy(longer, bytes.data, bytes.size);
    longer[bytes.size] = 0;
    cr_assert_eq(verify(bytes_of(longer, bytes.size + 1)), VERDICT_TRAILING);
    free(longer);
}

/* audit_file writes a whole audit in pages of five events, without page `omit`. */
static struct bytes audit_file(uint64_t omit)
{
    struct patient patient;

    proof_close(&draft);
    proof_begin(&draft, &desk.lab.genesis.hash);
    cr_assert(exec_get_patient(ledger_exec(desk.lab.ledger), desk.patient.acct, &patient));
    cr_assert_gt(patient.audit_count, 5);
    for (uint64_t from = 0; from < patient.audit_count; from += 5) {
        struct query query = desk_query(&desk, QUERY_AUDIT);
        query.from = from;
        query.count = 5;
        if (from / 5 != omit) {
            add(query);
        }
    }
    return proof_end(&draft, PROOF_WHOLE_AUDIT);
}

Test(proof, a_whole_audit_has_every_page, .init = start)
{
    cr_assert_eq(verify(audit_file(99)), VERDICT_OK);
    cr_assert_eq(verify(audit_file(0)), VERDICT_SHORT, "without the first page");
    cr_assert_eq(verify(audit_file(1)), VERDICT_SHORT, "without the last one");
}

Test(proof, pages_of_two_states_are_not_one_trail, .init = start)
{
    struct query query = desk_query(&desk, QUERY_AUDIT);

    query.count = 5;
    add(query);
    (void)desk_request(&desk, &desk.doctor);
    desk_checkpoint(&desk, true);
    query.from = 5;
    query.count = QUERY_EVENTS_MAX;
    add(query);
    cr_assert_eq(verify(proof_end(&draft, PROOF_WHOLE_AUDIT)), VERDICT_SHORT);
    cr_assert_eq(verify(proof_end(&draft, PROOF_ANSWERS)), VERDICT_OK, "each of them is true");
}

Test(proof, all_pointers_means_all_pages, .init = start)
{
    struct query query = desk_query(&desk, QUERY_POINTERS);

    add(query);
    cr_assert_eq(verify(proof_end(&draft, PROOF_ALL_POINTERS)), VERDICT_OK);
    query.seq = TICKET_PAGE;
    add(query);
    cr_assert_eq(verify(proof_end(&draft, PROOF_ALL_POINTERS)), VERDICT_OK, "a page beyond the last one is empty, which is true");
    proof_close(&draft);
    proof_begin(&draft, &desk.lab.genesis.hash);
    add(query);
    cr_assert_eq(verify(proof_end(&draft, PROOF_ALL_POINTERS)), VERDICT_SHORT, "without the first page");
    proof_close(&draft);
    proof_begin(&draft, &desk.lab.genesis.hash);
    add(desk_query(&desk, QUERY_GRANTS));
    cr_assert_eq(verify(proof_end(&draft, PROOF_ALL_POINTERS)), VERDICT_SHORT, "grants are no pointers");
}

/* --- Signatures ------------------------------------------------------------------------------------------------------- */

Test(proof, a_certificate_needs_a_quorum_of_the_members_of_this_chain, .init = start)
{
    struct genesis other = desk.lab.genesis;
    struct proof_checker elsewhere;
    struct proof_item item;
    struct proof proof;

    add(desk_query(&desk, QUERY_ORG));
    cr_assert_eq(proof_decode(&proof, proof_end(&draft, PROOF_ANSWERS)), VERDICT_OK);
    cr_assert(proof_next(&proof, &item));
    cr_assert_eq(proof_check_item(&checker, &item), VERDICT_OK);
    other.time_ms++; /* another block 0, so another chain id */
    cr_assert_eq(proof_checker_open(&elsewhere, &other), ERR_OK);
    cr_assert_eq(proof_check_item(&elsewhere, &item), VERDICT_SIGNATURE);
    proof_checker_close(&elsewhere);
    other = desk.lab.genesis;
    other.limits.batch_us++;
    cr_assert_eq(proof_checker_open(&elsewhere, &other), ERR_OK);
    cr_assert_eq(proof_check_item(&elsewhere, &item), VERDICT_EPOCH, "another configuration");
    proof_checker_close(&elsewhere);
    cr_assert_eq(proof_checker_open(&elsewhere, NULL), ERR_OK);
    cr_assert_eq(proof_check_item(&elsewhere, &item), VERDICT_OK);
    cr_assert_not(elsewhere.certified, "without a genesis nothing is certified");
    proof_checker_close(&elsewhere);
}

/* header_item makes a block header with a CommitProof by C2. */
static struct proof_item header_item(struct block_header *header, uint32_t signers)
{
    static uint8_t question[8], answer[4096];
    struct commit_proof proof = { .first = { .ballot = { .kind = VOTE_COMMIT, .rank = { 3, header->height }, .block = block_hash(header) } } };
    struct hash32 digest = ballot_digest(&desk.chain_id, &proof.first.ballot);
    uint8_t signature[64];
    struct writer writer;

    for (uint32_t member = 0; member < signers; member++) {
        struct sign_keypair key = lab_replica_key((uint16_t)(member + 1));
        sign_digest(&key, &digest, signature);
        signers_add(&proof.first.signers, member, signature);
    }
    writer_init(&writer, question, sizeof question);
    write_u64_le(&writer, header->height);
    writer_init(&writer, answer, sizeof answer);
    block_header_encode(header, &writer);
    commit_proof_encode(&proof, &writer);
    cr_assert_not(writer.failed);
    return (struct proof_item){ PROOF_HEADER, bytes_of(question, sizeof question), bytes_of(answer, writer.offset) };
}

Test(proof, a_header_is_proved_by_q_signatures_and_by_nothing_less, .init = start)
{
    struct block_header header = { .height = 9, .commands_count = 1, .time_ms = 77 };
    struct proof_item item = header_item(&header, 3);

    cr_assert_eq(proof_check_item(&checker, &item), VERDICT_OK);
    cr_assert(checker.certified);
    for (size_t at = 0; at < item.answer.size; at++) {
        uint8_t *byte = (uint8_t *)(uintptr_t)item.answer.data + at;
        *byte ^= 0x10;
        cr_assert_neq(proof_check_item(&checker, &item), VERDICT_OK, "byte %zu", at);
        *byte ^= 0x10;
    }
    item = header_item(&header, 2);
    cr_assert_eq(proof_check_item(&checker, &item), VERDICT_QUORUM);
    item = header_item(&header, 3);
    *(uint8_t *)(uintptr_t)item.question.data = 8;
    cr_assert_eq(proof_check_item(&checker, &item), VERDICT_CONFLICT, "another height was asked for");
}

/* --- The file ---------------------------------------------------------------------------------------------------------- */

Test(proof, each_item_of_a_file_comes_back)
{
    static const struct hash32 genesis = { { 5 } };
    struct proof_item item;
    struct proof proof;

    proof_begin(&draft, &genesis);
    proof_add(&draft, &(struct proof_item){ PROOF_QUERY, bytes_of("q", 1), bytes_of("answer", 6) });
    proof_add(&draft, &(struct proof_item){ PROOF_HEADER, bytes_of("", 0), bytes_of("", 0) });
    cr_assert_eq(proof_decode(&proof, proof_end(&draft, PROOF_WHOLE_AUDIT)), VERDICT_OK);
    cr_assert_eq(proof.claim, PROOF_WHOLE_AUDIT);
    cr_assert(hash_equal(&proof.genesis, &genesis));
    cr_assert(proof_next(&proof, &item));
    cr_assert_eq(item.type, PROOF_QUERY);
    cr_assert_eq(item.question.size, 1);
    cr_assert_arr_eq(item.answer.data, "answer", 6);
    cr_assert(proof_next(&proof, &item));
    cr_assert_eq(item.type, PROOF_HEADER);
    cr_assert_not(proof_next(&proof, &item));
    proof_close(&draft);
}

Test(proof, a_file_of_no_item_or_too_many_is_refused)
{
    static const struct hash32 genesis = { { 5 } };
    struct proof proof;

    proof_begin(&draft, &genesis);
    cr_assert_eq(proof_decode(&proof, proof_end(&draft, PROOF_ANSWERS)), VERDICT_RANGE);
    for (uint32_t i = 0; i < PROOF_ITEMS_MAX; i++) {
        proof_add(&draft, &(struct proof_item){ PROOF_HEADER, bytes_of("", 0), bytes_of("", 0) });
    }
    cr_assert_eq(proof_decode(&proof, proof_end(&draft, PROOF_ANSWERS)), VERDICT_OK);
    proof_add(&draft, &(struct proof_item){ PROOF_HEADER, bytes_of("", 0), bytes_of("", 0) });
    cr_assert_null(proof_end(&draft, PROOF_ANSWERS).data);
    proof_close(&draft);
}
