/* query_test.c: one encoding for each question, answer and decision; nothing else decodes. */
#include "ledger/query.h"

#include "base/arena.h"
#include "crypto/keys.h"
#include "tests/storage/pinned_kit.h"
#include "wire/block.h"
#include "wire/code.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* example gives a question of the kind with every field of it set. */
static struct query example(enum query_kind kind)
{
    static const char *fields[QUERY_KIND_END] = { [QUERY_CHECKPOINT] = "", [QUERY_RECEIPT] = "i", [QUERY_ORG] = "o", [QUERY_ACTOR] = "a", [QUERY_PATIENT] = "as",
                                                  [QUERY_POINTER] = "aqs", [QUERY_POINTERS] = "aqs", [QUERY_GRANTS] = "as", [QUERY_TICKET] = "is",
                                                  [QUERY_AUDIT] = "ars", [QUERY_DISCLOSURES] = "ars", [QUERY_EVALUATE] = "aqes", [QUERY_RELEASE] = "qis",
                                                  [QUERY_LOCATOR] = "aqis" };
    struct query query = { .kind = kind, .certified = kind != QUERY_RELEASE };

    for (const char *field = fields[kind]; *field != '\0'; field++) {
        switch (*field) {
        case 'i':
            memset(query.id.bytes, 0x11, HASH_BYTES);
            break;
        case 'o':
            query.org = 0x1234;
            break;
        case 'a':
            memset(query.acct, 0x22, ACCT_BYTES);
            break;
        case 'q':
            query.seq = 0x01020304;
            break;
        case 'r':
            query.from = 0x0102030405;
            query.count = QUERY_EVENTS_MAX;
            break;
        case 'e':
            memset(query.subject, 0x33, ACCT_BYTES);
            query.purpose = 255;
            query.subject_signs = true;
            query.class_mask = 0x8003fffe;
            query.from_month = 300;
            query.to_month = 301;
            break;
        default:
            memset(query.asker, 0x44, ACCT_BYTES);
            query.asked_ms = UINT64_C(1780000000000);
            memset(query.key, 0x55, KEY_BYTES);
            memset(query.signature, 0x66, 64);
            break;
        }
    }
    return query;
}

static size_t encoded(const struct query *query, uint8_t out[QUERY_BYTES_MAX])
{
    struct writer writer;

    writer_init(&writer, out, QUERY_BYTES_MAX);
    query_encode(query, &writer);
    cr_assert_not(writer.failed);
    return writer.offset;
}

static bool same(const struct query *a, const struct query *b)
{
    uint8_t one[QUERY_BYTES_MAX], two[QUERY_BYTES_MAX];
    size_t size = encoded(a, one);

    return size == encoded(b, two) && memcmp(one, two, size) == 0;
}

Test(query_codec, every_kind_comes_back_as_it_was)
{
    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        struct query query = example((enum query_kind)kind), back;
        uint8_t bytes[QUERY_BYTES_MAX];
        size_t size = encoded(&query, bytes);
        cr_assert_eq(query_decode(&back, bytes_of(bytes, size)), VERDICT_OK, "kind %d", kind);
        cr_assert_eq(back.kind, query.kind);
        cr_assert_eq(back.certified, query.certified);
        cr_assert(same(&query, &back));
        cr_assert_eq(memcmp(&back.class_mask, &query.class_mask, sizeof query.class_mask), 0);
        cr_assert_eq(query_is_signed(query.kind), query.asked_ms != 0);
    }
}

Test(query_codec, every_question_keeps_its_bytes)
{
    static const char *const pinned[QUERY_KIND_END] = {
        [QUERY_CHECKPOINT] = "4 d9ef6cd520645e8f",
        [QUERY_RECEIPT] = "36 fe80a3513f07168a",
        [QUERY_ORG] = "6 463eb7ff9baca5b9",
        [QUERY_ACTOR] = "36 b5a1616450379ff3",
        [QUERY_PATIENT] = "172 3b16c6c7468f76e7",
        [QUERY_POINTER] = "176 1e983cde5dfc5cc7",
        [QUERY_POINTERS] = "176 e82b8e2cb6a8b641",
        [QUERY_GRANTS] = "172 7087f302aef6fb40",
        [QUERY_TICKET] = "172 7fb8a2b4580076c7",
        [QUERY_AUDIT] = "182 305f7148b6b256f8",
        [QUERY_DISCLOSURES] = "182 2a9384924905958a",
        [QUERY_EVALUATE] = "218 91f6ef9305e04e33",
        [QUERY_RELEASE] = "176 ddc96bd1c190e6f7",
        [QUERY_LOCATOR] = "208 a4e26792091db077",
    };
    struct hash32 genesis = { { 1 } };

    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        struct query query = example((enum query_kind)kind);
        uint8_t bytes[QUERY_BYTES_MAX];
        char name[24];
        (void)snprintf(name, sizeof name, "question %d", kind);
        pinned_kit_check(name, bytes, encoded(&query, bytes), pinned[kind]);
    }
    struct query query = example(QUERY_EVALUATE);
    struct hash32 digest = query_digest(&query, &genesis);
    pinned_kit_check("what is signed", digest.bytes, HASH_BYTES, "32 1472a3c5a62a6c40");
}

Test(query_codec, no_truncation_decodes_and_nothing_may_follow)
{
    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        struct query query = example((enum query_kind)kind), back;
        uint8_t bytes[QUERY_BYTES_MAX + 1] = { 0 };
        size_t size = encoded(&query, bytes);
        for (size_t cut = 0; cut < size; cut++) {
            cr_assert_neq(query_decode(&back, bytes_of(bytes, cut)), VERDICT_OK, "kind %d cut at %zu", kind, cut);
        }
        cr_assert_eq(query_decode(&back, bytes_of(bytes, size + 1)), VERDICT_TRAILING);
    }
}

Test(query_codec, each_flipped_byte_is_refused_or_is_another_question)
{
    for (int kind = QUERY_CHECKPOINT; kind < QUERY_KIND_END; kind++) {
        struct query query = example((enum query_kind)kind), back;
        uint8_t bytes[QUERY_BYTES_MAX], again[QUERY_BYTES_MAX];
        size_t size = encoded(&query, bytes);
        for (size_t at = 0; at < size; at++) {
            bytes[at] ^= 0x81;
            if (query_decode(&back, bytes_of(bytes, size)) == VERDICT_OK) {
                cr_assert_eq(encoded(&back, again), size);
                cr_assert_arr_eq(again, bytes, size, "kind %d, byte %zu", kind, at);
                cr_assert_not(same(&query, &back));
            }
            bytes[at] ^= 0x81;
        }
    }
}

struct wrong {
    enum query_kind kind;
    size_t at;
    uint8_t value[4];
    size_t size;
    enum verdict verdict;
};

Test(query_codec, what_is_out_of_range_is_refused)
{
    static const struct wrong rows[] = {
        { QUERY_ORG, 0, { 2 }, 1, VERDICT_VERSION },
        { QUERY_ORG, 1, { 0 }, 1, VERDICT_TYPE },
        { QUERY_ORG, 1, { QUERY_KIND_END }, 1, VERDICT_TYPE },
        { QUERY_ORG, 2, { 2 }, 1, VERDICT_RESERVED },
        { QUERY_ORG, 3, { 1 }, 1, VERDICT_RESERVED },
        { QUERY_RELEASE, 2, { 1 }, 1, VERDICT_RESERVED },              /* a release is never answered from the past */
        { QUERY_ORG, 4, { 0, 0 }, 2, VERDICT_RANGE },
        { QUERY_POINTER, 36, { 0, 0, 0, 0 }, 4, VERDICT_RANGE },       /* seq */
        { QUERY_AUDIT, 44, { 0, 0 }, 2, VERDICT_RANGE },               /* count */
        { QUERY_AUDIT, 44, { 1, 2 }, 2, VERDICT_RANGE },               /* 513 */
        { QUERY_AUDIT, 43, { 2 }, 1, VERDICT_RANGE },                  /* from over 2^56 */
        { QUERY_EVALUATE, 73, { 2 }, 1, VERDICT_RANGE },               /* subject_signs */
        { QUERY_GRANTS, 36 + 32 + 7, { 2 }, 1, VERDICT_RANGE },        /* asked_ms over 2^56 */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query query = example(rows[i].kind), back;
        uint8_t bytes[QUERY_BYTES_MAX];
        size_t size = encoded(&query, bytes);
        memcpy(bytes + rows[i].at, rows[i].value, rows[i].size);
        enum verdict verdict = query_decode(&back, bytes_of(bytes, size));
        cr_assert_eq(verdict, rows[i].verdict, "row %zu: %s", i, verdict_name(verdict));
    }
}

Test(query_codec, the_digest_covers_all_but_the_signature)
{
    struct hash32 genesis = { { 1 } }, other = { { 2 } };
    struct query query = example(QUERY_EVALUATE), back;
    uint8_t bytes[QUERY_BYTES_MAX];
    size_t size = encoded(&query, bytes);
    struct hash32 digest = query_digest(&query, &genesis), elsewhere = query_digest(&query, &other);

    cr_assert_not(hash_equal(&digest, &elsewhere));
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 1;
        if (query_decode(&back, bytes_of(bytes, size)) == VERDICT_OK && back.kind == query.kind) {
            struct hash32 changed = query_digest(&back, &genesis);
            cr_assert_eq(hash_equal(&digest, &changed), at >= size - 64, "byte %zu", at);
        }
        bytes[at] ^= 1;
    }
}

/* --- Answers ----------------------------------------------------------------------------------------------------------- */

static size_t example_answer(uint8_t *out, size_t room)
{
    struct answer head = { .kind = QUERY_ORG, .certified = true, .height = 7, .time_ms = 9, .state_root = { { 3 } }, .certificate = { (const uint8_t *)"cert", 4 } };
    struct writer writer;

    writer_init(&writer, out, room);
    size_t at = answer_begin(&head, &writer);
    size_t part = answer_part_begin(PART_KEY, &writer);
    write_run(&writer, "proof", 5);
    answer_part_end(part, &writer);
    part = answer_part_begin(PART_LOCATOR, &writer);
    answer_part_end(part, &writer);
    answer_end(at, 2, &writer);
    cr_assert_not(writer.failed);
    return writer.offset;
}

Test(query_codec, an_answer_comes_back_with_its_parts)
{
    uint8_t bytes[256];
    size_t size = example_answer(bytes, sizeof bytes);
    struct answer answer;

    pinned_kit_check("answer", bytes, size, "74 873439ccbb32f088");
    cr_assert_eq(answer_decode(&answer, bytes_of(bytes, size)), VERDICT_OK);
    cr_assert_eq(answer.kind, QUERY_ORG);
    cr_assert(answer.certified);
    cr_assert_eq(answer.height, 7);
    cr_assert_eq(answer.time_ms, 9);
    cr_assert_eq(answer.state_root.bytes[0], 3);
    cr_assert_eq(answer.certificate.size, 4);
    cr_assert_eq(answer.parts_count, 2);
    cr_assert_eq(answer.parts[0].type, PART_KEY);
    cr_assert_eq(answer.parts[0].bytes.size, 5);
    cr_assert_arr_eq(answer.parts[0].bytes.data, "proof", 5);
    cr_assert_eq(answer.parts[1].bytes.size, 0);
}

Test(query_codec, an_answer_cut_or_altered_never_overruns)
{
    uint8_t bytes[256];
    size_t size = example_answer(bytes, sizeof bytes);
    struct answer answer;

    for (size_t cut = 0; cut < size; cut++) {
        cr_assert_neq(answer_decode(&answer, bytes_of(bytes, cut)), VERDICT_OK);
    }
    for (size_t at = 0; at < size; at++) {
        for (int value = 0; value < 256; value++) {
            uint8_t kept = bytes[at];
            bytes[at] = (uint8_t)value;
            if (answer_decode(&answer, bytes_of(bytes, size)) == VERDICT_OK) {
                for (uint32_t i = 0; i < answer.parts_count; i++) {
                    cr_assert(answer.parts[i].bytes.data >= bytes && answer.parts[i].bytes.data + answer.parts[i].bytes.size <= bytes + size);
                }
            }
            bytes[at] = kept;
        }
    }
}

Test(query_codec, an_answer_that_does_not_fit_fails_the_writer)
{
    uint8_t bytes[256];
    struct answer head = { .kind = QUERY_ORG };
    struct writer writer;

    writer_init(&writer, bytes, ANSWER_HEAD_BYTES); /* no room for the lengths behind the head */
    size_t at = answer_begin(&head, &writer);
    size_t part = answer_part_begin(PART_KEY, &writer);
    answer_part_end(part, &writer);
    answer_end(at, 1, &writer);
    cr_assert(writer.failed);
}

Test(query_codec, a_decision_comes_back_and_has_one_encoding)
{
    struct answer_decision decision = { .code = CODE_NOT_PERMITTED, .permit = true, .reason = 3, .grant = 4, .first = 5, .time_ms = 6, .bitmap = { 7 }, .digest = { { 8 } } }, back;
    uint8_t bytes[ANSWER_DECISION_BYTES + 1], again[ANSWER_DECISION_BYTES];
    struct writer writer;

    writer_init(&writer, bytes, ANSWER_DECISION_BYTES);
    answer_decision_encode(&decision, &writer);
    pinned_kit_check("decision", bytes, ANSWER_DECISION_BYTES, "86 264459e6c963ebb5");
    cr_assert_not(writer.failed);
    cr_assert_eq(writer.offset, ANSWER_DECISION_BYTES);
    cr_assert_eq(answer_decision_decode(&back, bytes_of(bytes, sizeof again)), VERDICT_OK);
    for (size_t cut = 0; cut < sizeof again; cut++) {
        cr_assert_eq(answer_decision_decode(&back, bytes_of(bytes, cut)), VERDICT_SHORT);
    }
    cr_assert_eq(answer_decision_decode(&back, bytes_of(bytes, sizeof bytes)), VERDICT_TRAILING);
    for (size_t at = 0; at < sizeof again; at++) {
        bytes[at] ^= 0x81;
        if (answer_decision_decode(&back, bytes_of(bytes, sizeof again)) == VERDICT_OK) {
            writer_init(&writer, again, sizeof again);
            answer_decision_encode(&back, &writer);
            cr_assert_arr_eq(again, bytes, sizeof again);
        }
        bytes[at] ^= 0x81;
    }
}

Test(query_codec, each_refusal_has_a_sentence_and_no_number_of_its_own_in_the_table_of_codes)
{
    for (unsigned number = QUERY_NOT_FOUND; number <= QUERY_NOT_GATED; number++) {
        cr_assert_not_null(query_refusal_text(number));
        cr_assert_not(code_is_known(number));
    }
    cr_assert_null(query_refusal_text(0));
    cr_assert_null(query_refusal_text(QUERY_NOT_GATED + 1));
}

/* --- What is proved ------------------------------------------------------------------------------------------------------ */

Test(query_codec, an_evaluation_proves_both_pages_that_its_pointers_lie_on)
{
    struct query query = example(QUERY_EVALUATE);
    struct query_proof proof;
    uint32_t pages, count;

    for (uint32_t base = 1; base < 600; base++) {
        pages = 0;
        query.seq = base;
        for (count = 0; query_proof_at(&query, 9, count, &proof); count++) {
            if (!proof.prefix || proof.key.bytes[0] != KEY_POINTER) {
                continue;
            }
            pages++;
            struct state_key first = key_pointer(query.acct, base), last = key_pointer(query.acct, base + TICKET_PAGE - 1);
            bool holds = memcmp(proof.key.bytes, first.bytes, proof.key.size) == 0 || memcmp(proof.key.bytes, last.bytes, proof.key.size) == 0;
            cr_assert(holds);
        }
        cr_assert_eq(pages, base % TICKET_PAGE == 0 ? 1 : 2);
        cr_assert_lt(count, ANSWER_PARTS_MAX, "there is room for the decision");
    }
    query.seq = UINT32_MAX;
    cr_assert(query_proof_at(&query, 9, 4, &proof));
}
