/* query_check_test.c: demonstration 5: an answer from which one event, pointer or grant was left out or altered does not check. */
#include "ledger/query_check.h"
#include "ledger/query_state.h"

#include "tests/node/desk_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct desk desk;

static void start(void)
{
    desk_start(&desk);
    desk_checkpoint(&desk, true);
}

static const enum query_kind kinds[] = { QUERY_CHECKPOINT, QUERY_RECEIPT, QUERY_ORG, QUERY_ACTOR, QUERY_PATIENT, QUERY_POINTER, QUERY_POINTERS, QUERY_GRANTS,
                                         QUERY_TICKET, QUERY_AUDIT, QUERY_DISCLOSURES, QUERY_EVALUATE, QUERY_LOCATOR };
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ask gets the honest answer of a kind into desk.answer. */
static struct query ask(enum query_kind kind, bool certified)
{
    struct query query = desk_query(&desk, kind);

    query.certified = certified;
    cr_assert_eq(desk_ask(&desk, &query, &desk.patient), 0);
    cr_assert_eq(desk_check(&desk, &query), VERDICT_OK);
    return query;
}

Test(query_check, no_byte_of_an_answer_can_be_altered, .init = start)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct query query = ask(kinds[i], false);
        for (size_t at = 0; at < desk.answer_bytes; at++) {
            desk.answer[at] ^= (uint8_t)(1u << (at % 8));
            cr_assert_neq(desk_check(&desk, &query), VERDICT_OK, "kind %d, byte %zu of %zu", kinds[i], at, desk.answer_bytes);
            desk.answer[at] ^= (uint8_t)(1u << (at % 8));
        }
        cr_assert_eq(desk_check(&desk, &query), VERDICT_OK);
    }
}

Test(query_check, no_answer_can_be_cut_or_continued, .init = start)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct query query = ask(kinds[i], true);
        size_t whole = desk.answer_bytes;
        for (desk.answer_bytes = 0; desk.answer_bytes < whole; desk.answer_bytes++) {
            cr_assert_neq(desk_check(&desk, &query), VERDICT_OK);
        }
        desk.answer_bytes = whole + 1;
        cr_assert_neq(desk_check(&desk, &query), VERDICT_OK);
    }
}

Test(query_check, an_answer_serves_for_its_own_question_alone, .init = start)
{
    for (size_t i = 0; i < KINDS; i++) {
        (void)ask(kinds[i], false);
        for (size_t k = 0; k < KINDS; k++) {
            struct query other = desk_query(&desk, kinds[k]);
            cr_assert_eq(desk_check(&desk, &other) == VERDICT_OK, i == k, "answer %d, question %d", kinds[i], kinds[k]);
        }
        struct query certified = desk_query(&desk, kinds[i]);
        certified.certified = true;
        cr_assert_eq(desk_check(&desk, &certified), VERDICT_CONFLICT);
    }
}

Test(query_check, an_answer_about_another_subject_is_refused, .init = start)
{
    struct query query = ask(QUERY_PATIENT, false);

    memcpy(query.acct, desk.other.acct, ACCT_BYTES);
    cr_assert_eq(desk_check(&desk, &query), VERDICT_HASH);
    query = ask(QUERY_RECEIPT, false);
    query.id = desk.denied;
    cr_assert_eq(desk_check(&desk, &query), VERDICT_CONFLICT, "another transaction's receipt");
    query = ask(QUERY_EVALUATE, false);
    query.purpose = PURPOSE_HPAYMT;
    cr_assert_eq(desk_check(&desk, &query), VERDICT_CONFLICT, "decided for another purpose");
    query = ask(QUERY_AUDIT, false);
    query.from = 1;
    cr_assert_eq(desk_check(&desk, &query), VERDICT_CONFLICT);
    query.from = 0;
    query.count = 3;
    cr_assert_eq(desk_check(&desk, &query), VERDICT_CONFLICT, "more than was asked for");
}

/* --- A lying server: it rewrites an answer and keeps every length right -------------------------------------------------- */

/* rebuild writes the answer again with the bytes of one part replaced. */
static void rebuild(uint32_t index, struct bytes part)
{
    static uint8_t out[CLIENT_FRAME_BYTES_MAX];
    struct answer answer;
    struct writer writer;

    cr_assert_eq(answer_decode(&answer, bytes_of(desk.answer, desk.answer_bytes)), VERDICT_OK);
    writer_init(&writer, out, sizeof out);
    size_t at = answer_begin(&answer, &writer);
    for (uint32_t i = 0; i < answer.parts_count; i++) {
        size_t begin = answer_part_begin((enum answer_part)answer.parts[i].type, &writer);
        write_run(&writer, i == index ? part.data : answer.parts[i].bytes.data, i == index ? part.size : answer.parts[i].bytes.size);
        answer_part_end(begin, &writer);
    }
    answer_end(at, answer.parts_count, &writer);
    cr_assert_not(writer.failed);
    memcpy(desk.answer, out, writer.offset);
    desk.answer_bytes = writer.offset;
}

/* A replica may make up a whole state: as long as nobody has looked at its certificate, no number of it is to be relied on. */
Test(query_check, a_grant_with_the_number_zero_is_refused_before_anything_is_evaluated, .init = start)
{
    static uint8_t out[CLIENT_FRAME_BYTES_MAX];
    struct query query = ask(QUERY_EVALUATE, false);
    struct state_store *store = ledger_store(desk.lab.ledger);
    struct state_key key = key_grant(desk.patient.acct, 1);
    uint8_t value[GRANT_BYTES];
    struct answer answer;
    struct writer writer;
    size_t size = 0;
    uint32_t proofs = 0;

    cr_assert(state_store_get(store, bytes_of(key.bytes, key.size), value, sizeof value, &size));
    key.bytes[key.size - 1] = 0;
    cr_assert_eq(state_store_put(store, bytes_of(key.bytes, key.size), bytes_of(value, size)), ERR_OK);
    cr_assert_eq(answer_decode(&answer, bytes_of(desk.answer, desk.answer_bytes)), VERDICT_OK);
    struct answer_part_view decision = answer.parts[answer.parts_count - 1];
    answer.state_root = state_store_root(store);
    writer_init(&writer, out, sizeof out);
    size_t at = answer_begin(&answer, &writer);
    cr_assert_eq(query_state_prove(store, STATE_PIN_NONE, &query, &writer, &proofs), ERR_OK);
    size_t begin = answer_part_begin((enum answer_part)decision.type, &writer);
    write_run(&writer, decision.bytes.data, decision.bytes.size);
    answer_part_end(begin, &writer);
    answer_end(at, proofs + 1, &writer);
    cr_assert_not(writer.failed);
    memcpy(desk.answer, out, writer.offset);
    desk.answer_bytes = writer.offset;
    cr_assert_eq(desk_check(&desk, &query), VERDICT_RANGE);
}

static struct bytes part_at(uint32_t index)
{
    struct answer answer;

    cr_assert_eq(answer_decode(&answer, bytes_of(desk.answer, desk.answer_bytes)), VERDICT_OK);
    cr_assert_lt(index, answer.parts_count);
    return answer.parts[index].bytes;
}

/* without_pair writes a prefix proof again with pair `omit` left out. */
static size_t without_pair(struct bytes proof, uint32_t omit, uint8_t *out)
{
    struct reader reader;
    struct writer writer;

    reader_init(&reader, proof.data, proof.size);
    writer_init(&writer, out, proof.size);
    write_u8(&writer, read_u8(&reader));
    uint16_t steps = read_u16_le(&reader);
    write_u16_le(&writer, steps);
    write_run(&writer, read_run(&reader, (size_t)steps * 34), (size_t)steps * 34);
    uint32_t pairs = read_u32_le(&reader);
    write_u32_le(&writer, pairs - 1);
    for (uint32_t i = 0; i < pairs; i++) {
        uint8_t key = read_u8(&reader);
        uint16_t value = read_u16_le(&reader);
        const uint8_t *bytes = read_run(&reader, (size_t)key + value);
        if (i != omit) {
            write_u8(&writer, key);
            write_u16_le(&writer, value);
            write_run(&writer, bytes, (size_t)key + value);
        }
    }
    cr_assert_not(writer.failed);
    cr_assert_eq(reader_end(&reader), VERDICT_OK);
    return writer.offset;
}

/* omitting leaves out each pair of a prefix proof in turn. */
static void omitting(enum query_kind kind, uint32_t index, uint32_t pairs)
{
    static uint8_t out[CLIENT_FRAME_BYTES_MAX];

    for (uint32_t omit = 0; omit < pairs; omit++) {
        struct query query = ask(kind, true);
        size_t size = without_pair(part_at(index), omit, out);
        rebuild(index, bytes_of(out, size));
        cr_assert_eq(desk_check(&desk, &query), VERDICT_HASH, "kind %d without pair %u", kind, omit);
    }
}

Test(query_check, no_pointer_can_be_left_out, .init = start)
{
    omitting(QUERY_POINTERS, 2, 4);
    omitting(QUERY_EVALUATE, 4, 4);
}

Test(query_check, no_grant_can_be_left_out, .init = start)
{
    desk_grant(&desk, LAB_CEDAR);
    desk_grant(&desk, LAB_DUNE);
    desk_checkpoint(&desk, true);
    omitting(QUERY_GRANTS, 2, 3);
    omitting(QUERY_EVALUATE, 6, 3);
}

/* without_event writes an events part again with event `omit` left out and the count as the server likes. */
static size_t without_event(struct bytes part, uint32_t omit, uint16_t told, uint8_t *out)
{
    struct reader reader;
    struct writer writer;

    reader_init(&reader, part.data, part.size);
    writer_init(&writer, out, part.size);
    uint64_t from = read_u64_le(&reader);
    uint16_t count = read_u16_le(&reader);
    write_u64_le(&writer, from);
    write_u16_le(&writer, told);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *event = read_run(&reader, AUDIT_EVENT_BYTES);
        if (i != omit) {
            write_run(&writer, event, AUDIT_EVENT_BYTES);
        }
    }
    write_run(&writer, read_run(&reader, reader_left(&reader)), 1);
    cr_assert_not(writer.failed);
    return writer.offset;
}

Test(query_check, no_event_can_be_left_out_and_no_trail_cut, .init = start)
{
    static uint8_t out[CLIENT_FRAME_BYTES_MAX];
    struct query query = ask(QUERY_AUDIT, true);
    uint32_t count = desk.facts.events_count;

    cr_assert_geq(count, 5);
    for (uint32_t omit = 0; omit < count; omit++) {
        query = ask(QUERY_AUDIT, true);
        size_t size = without_event(part_at(2), omit, (uint16_t)(count - 1), out);
        rebuild(2, bytes_of(out, size));
        cr_assert_eq(desk_check(&desk, &query), VERDICT_CONFLICT, "without event %u", omit);
    }
    /* The run that was asked for is as long as the trail: the same lie with the number that is expected runs out of bytes. */
    query = ask(QUERY_AUDIT, true);
    size_t size = without_event(part_at(2), count - 1, (uint16_t)count, out);
    rebuild(2, bytes_of(out, size));
    cr_assert_neq(desk_check(&desk, &query), VERDICT_OK);
}

Test(query_check, a_decision_other_than_the_inputs_give_is_refused, .init = start)
{
    struct query query = ask(QUERY_EVALUATE, true);
    uint32_t last = desk.facts.answer.parts_count - 1;
    uint8_t out[ANSWER_DECISION_BYTES];
    struct writer writer;
    struct answer_decision lies[6];

    for (size_t i = 0; i < 6; i++) {
        lies[i] = desk.facts.decision;
    }
    lies[0].permit = !lies[0].permit;
    lies[1].reason = REASON_POLICY;
    lies[2].grant++;
    lies[3].bitmap[0] ^= 8;
    lies[4].digest.bytes[0] ^= 1;
    lies[5].time_ms -= 1; /* before the state that it rests on */
    for (size_t i = 0; i < 6; i++) {
        query = ask(QUERY_EVALUATE, true);
        writer_init(&writer, out, sizeof out);
        answer_decision_encode(&lies[i], &writer);
        rebuild(last, bytes_of(out, sizeof out));
        cr_assert_eq(desk_check(&desk, &query), VERDICT_CONFLICT, "lie %zu", i);
    }
}

Test(query_check, a_certificate_of_another_root_height_or_log_is_refused, .init = start)
{
    for (int i = 0; i < 3; i++) {
        struct query query = ask(QUERY_ORG, true);
        struct checkpoint_cert cert = desk.certificate;
        struct answer answer;
        struct writer writer;
        uint8_t bytes[CHECKPOINT_CERT_BYTES_MAX];
        cert.checkpoint.height += i == 0;
        cert.checkpoint.state_root.bytes[0] ^= i == 1;
        cert.checkpoint.receipts_root.bytes[0] ^= i == 2;
        writer_init(&writer, bytes, sizeof bytes);
        checkpoint_cert_encode(&cert, &writer);
        cr_assert_eq(answer_decode(&answer, bytes_of(desk.answer, desk.answer_bytes)), VERDICT_OK);
        cr_assert_eq(answer.certificate.size, writer.offset);
        memcpy(desk.answer + (answer.certificate.data - desk.answer), bytes, writer.offset);
        cr_assert_eq(desk_check(&desk, &query), VERDICT_CONFLICT, "row %d", i);
    }
}

/* A server that invents a whole state gets as far as its own root, and no further: nothing it says may stop the verifier. */
Test(query_check, values_that_are_none_are_a_verdict_and_no_assertion, .init = start)
{
    struct state_limits limits = { .keys_max = 64, .cells_max = 512, .journal_bytes = 64 };
    struct arena measure, arena;
    struct query query = desk_query(&desk, QUERY_GRANTS);
    struct answer head = { .kind = QUERY_GRANTS, .height = desk.lab.height, .time_ms = desk.lab.time_ms };
    struct writer writer;
    uint8_t chain[CHAIN_BYTES_MAX], junk[GRANT_BYTES] = { 0xff };
    struct state_key key = key_chain(), grant = key_grant(desk.patient.acct, 1);

    arena_init_measure(&measure);
    (void)state_store_init(&measure, &limits);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    struct state_store *store = state_store_init(&arena, &limits);
    size_t size = chain_encode(&(struct chain){ .height = desk.lab.height, .time = desk.lab.time_ms }, chain);
    cr_assert_eq(state_store_put(store, bytes_of(key.bytes, key.size), bytes_of(chain, size)), ERR_OK);
    cr_assert_eq(state_store_put(store, bytes_of(grant.bytes, grant.size), bytes_of(junk, sizeof junk)), ERR_OK);
    head.state_root = state_store_root(store);
    writer_init(&writer, desk.answer, sizeof desk.answer);
    size_t at = answer_begin(&head, &writer);
    struct query_proof proof;
    uint32_t parts = 0;
    for (; query_proof_at(&query, 0, parts, &proof); parts++) {
        size_t begin = answer_part_begin(proof.prefix ? PART_PREFIX : PART_KEY, &writer);
        struct bytes wanted = bytes_of(proof.key.bytes, proof.key.size);
        cr_assert_eq(proof.prefix ? state_store_prove_prefix(store, STATE_PIN_NONE, wanted, &writer) : state_store_prove_key(store, STATE_PIN_NONE, wanted, &writer), ERR_OK);
        answer_part_end(begin, &writer);
    }
    answer_end(at, parts, &writer);
    desk.answer_bytes = writer.offset;
    enum verdict verdict = desk_check(&desk, &query);
    cr_assert(verdict == VERDICT_RANGE || verdict == VERDICT_RESERVED || verdict == VERDICT_LENGTH, "%s", verdict_name(verdict));
    free(memory);
}
