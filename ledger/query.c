/* query.c: see query.h. One row per kind says which fields a question has; encoder and decoder walk the same row. */
#include "ledger/query.h"

#include "base/assert.h"
#include "wire/block.h"
#include "wire/code.h"

#include <string.h>

enum { HAS_ACCT = 1, HAS_SEQ = 2, HAS_ORG = 4, HAS_ID = 8, HAS_RANGE = 16, HAS_EVALUATION = 32, IS_SIGNED = 64, IS_NEWEST = 128 };

static const uint8_t fields_of[QUERY_KIND_END] = {
    [QUERY_CHECKPOINT] = 0,
    [QUERY_RECEIPT] = HAS_ID,
    [QUERY_ORG] = HAS_ORG,
    [QUERY_ACTOR] = HAS_ACCT,
    [QUERY_PATIENT] = HAS_ACCT | IS_SIGNED,
    [QUERY_POINTER] = HAS_ACCT | HAS_SEQ | IS_SIGNED,
    [QUERY_POINTERS] = HAS_ACCT | HAS_SEQ | IS_SIGNED,
    [QUERY_GRANTS] = HAS_ACCT | IS_SIGNED,
    [QUERY_TICKET] = HAS_ID | IS_SIGNED,
    [QUERY_AUDIT] = HAS_ACCT | HAS_RANGE | IS_SIGNED,
    [QUERY_DISCLOSURES] = HAS_ACCT | HAS_RANGE | IS_SIGNED,
    [QUERY_EVALUATE] = HAS_ACCT | HAS_SEQ | HAS_EVALUATION | IS_SIGNED,
    [QUERY_RELEASE] = HAS_SEQ | HAS_ID | IS_SIGNED | IS_NEWEST,
    [QUERY_LOCATOR] = HAS_ACCT | HAS_SEQ | HAS_ID | IS_SIGNED,
};

const char *query_refusal_text(unsigned number)
{
    switch (number) {
    case QUERY_NOT_FOUND:
        return "not there: it never was, or this replica has forgotten it";
    case QUERY_FORGOTTEN:
        return "the archive of this replica does not go back that far";
    case QUERY_UNCERTIFIED:
        return "no certified checkpoint can be answered from yet";
    case QUERY_TOO_LARGE:
        return "the answer does not fit a frame; ask for less";
    case QUERY_NOT_GATED:
        return "a release is decided behind a read of a quorum only";
    default:
        return NULL;
    }
}

bool query_is_signed(enum query_kind kind)
{
    ASSERT(kind < QUERY_KIND_END);
    return (fields_of[kind] & IS_SIGNED) != 0;
}

/* --- Questions ----------------------------------------------------------------------------------------------------- */

static void encode_fields(const struct query *query, uint32_t fields, struct writer *writer)
{
    if ((fields & HAS_ACCT) != 0) {
        write_run(writer, query->acct, ACCT_BYTES);
    }
    if ((fields & HAS_SEQ) != 0) {
        write_u32_le(writer, query->seq);
    }
    if ((fields & HAS_ORG) != 0) {
        write_u16_le(writer, query->org);
    }
    if ((fields & HAS_ID) != 0) {
        write_run(writer, query->id.bytes, HASH_BYTES);
    }
    if ((fields & HAS_RANGE) != 0) {
        write_u64_le(writer, query->from);
        write_u16_le(writer, query->count);
    }
    if ((fields & HAS_EVALUATION) != 0) {
        write_run(writer, query->subject, ACCT_BYTES);
        write_u8(writer, query->purpose);
        write_u8(writer, query->subject_signs);
        write_u32_le(writer, query->class_mask);
        write_u16_le(writer, query->from_month);
        write_u16_le(writer, query->to_month);
    }
}

/* encode_signed writes everything that the signature covers. */
static void encode_signed(const struct query *query, struct writer *writer)
{
    ASSERT(query->kind >= QUERY_CHECKPOINT);
    ASSERT(query->kind < QUERY_KIND_END);
    write_u8(writer, QUERY_VERSION);
    write_u8(writer, (uint8_t)query->kind);
    write_u8(writer, query->certified);
    write_u8(writer, 0);
    encode_fields(query, fields_of[query->kind], writer);
    if (query_is_signed(query->kind)) {
        write_run(writer, query->asker, ACCT_BYTES);
        write_u64_le(writer, query->asked_ms);
        write_run(writer, query->key, KEY_BYTES);
    }
}

void query_encode(const struct query *query, struct writer *writer)
{
    ASSERT(query->kind >= QUERY_CHECKPOINT);
    encode_signed(query, writer);
    if (query_is_signed(query->kind)) {
        write_run(writer, query->signature, sizeof query->signature);
    }
}

struct hash32 query_digest(const struct query *query, const struct hash32 *genesis)
{
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;
    struct hasher hasher;

    writer_init(&writer, bytes, sizeof bytes);
    encode_signed(query, &writer);
    ASSERT(!writer.failed);
    hash_init(&hasher, HASH_QUERY);
    hash_update(&hasher, genesis->bytes, HASH_BYTES);
    hash_update(&hasher, bytes, writer.offset);
    return hash_final(&hasher);
}

/* read_bool reads 0 or 1; anything else fails the flag. */
static bool read_bool(struct reader *reader, bool *legal)
{
    uint8_t value = read_u8(reader);

    *legal = *legal && value <= 1;
    return value == 1;
}

static bool decode_fields(struct query *query, uint32_t fields, struct reader *reader)
{
    bool legal = true;

    if ((fields & HAS_ACCT) != 0) {
        read_copy(reader, query->acct, ACCT_BYTES);
    }
    if ((fields & HAS_SEQ) != 0) {
        query->seq = read_u32_le(reader);
        legal = query->seq >= 1;
    }
    if ((fields & HAS_ORG) != 0) {
        query->org = read_u16_le(reader);
        legal = legal && query->org >= 1;
    }
    if ((fields & HAS_ID) != 0) {
        read_copy(reader, query->id.bytes, HASH_BYTES);
    }
    if ((fields & HAS_RANGE) != 0) {
        query->from = read_u64_le(reader);
        query->count = read_u16_le(reader);
        legal = legal && query->from <= WIRE_NUMBER_MAX && query->count >= 1 && query->count <= QUERY_EVENTS_MAX;
    }
    if ((fields & HAS_EVALUATION) != 0) {
        read_copy(reader, query->subject, ACCT_BYTES);
        query->purpose = read_u8(reader);
        query->subject_signs = read_bool(reader, &legal);
        query->class_mask = read_u32_le(reader);
        query->from_month = read_u16_le(reader);
        query->to_month = read_u16_le(reader);
    }
    return legal;
}

static bool decode_signature(struct query *query, struct reader *reader)
{
    read_copy(reader, query->asker, ACCT_BYTES);
    query->asked_ms = read_u64_le(reader);
    read_copy(reader, query->key, KEY_BYTES);
    read_copy(reader, query->signature, sizeof query->signature);
    return query->asked_ms <= WIRE_NUMBER_MAX;
}

/* decode_head reads the four bytes that questions and answers begin with. */
static enum verdict decode_head(struct reader *reader, enum query_kind *kind, bool *certified)
{
    uint8_t version = read_u8(reader), number = read_u8(reader), flags = read_u8(reader), reserved = read_u8(reader);

    if (reader->failed) {
        return VERDICT_SHORT;
    }
    if (version != QUERY_VERSION) {
        return VERDICT_VERSION;
    }
    if (number < QUERY_CHECKPOINT || number >= QUERY_KIND_END) {
        return VERDICT_TYPE;
    }
    bool newest = (fields_of[number] & IS_NEWEST) != 0;
    if (flags > 1 || reserved != 0 || (flags == 1 && newest)) {
        return VERDICT_RESERVED;
    }
    *kind = (enum query_kind)number;
    *certified = flags == 1;
    return VERDICT_OK;
}

enum verdict query_decode(struct query *query, struct bytes bytes)
{
    struct reader reader;

    *query = (struct query){ 0 };
    reader_init(&reader, bytes.data, bytes.size);
    enum verdict verdict = decode_head(&reader, &query->kind, &query->certified);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    bool legal = decode_fields(query, fields_of[query->kind], &reader);
    if (query_is_signed(query->kind)) {
        legal = decode_signature(query, &reader) && legal;
    }
    verdict = reader_end(&reader);
    return verdict == VERDICT_OK && !legal ? VERDICT_RANGE : verdict;
}

/* --- Answers ------------------------------------------------------------------------------------------------------- */

size_t answer_begin(const struct answer *head, struct writer *writer)
{
    ASSERT(head->certificate.size <= UINT16_MAX);
    ASSERT(head->certified == (head->certificate.size > 0));
    write_u8(writer, QUERY_VERSION);
    write_u8(writer, (uint8_t)head->kind);
    write_u8(writer, head->certified);
    write_u8(writer, 0);
    write_u64_le(writer, head->height);
    write_u64_le(writer, head->time_ms);
    write_run(writer, head->state_root.bytes, HASH_BYTES);
    write_u16_le(writer, (uint16_t)head->certificate.size);
    write_run(writer, head->certificate.data, head->certificate.size);
    size_t at = writer->offset;
    write_u8(writer, 0);
    return at;
}

size_t answer_part_begin(enum answer_part type, struct writer *writer)
{
    ASSERT(type >= PART_KEY);
    ASSERT(type <= PART_LOCATOR);
    write_u8(writer, (uint8_t)type);
    size_t at = writer->offset;
    write_u32_le(writer, 0);
    return at;
}

void answer_part_end(size_t at, struct writer *writer)
{
    struct writer length;

    if (!writer->failed) {
        ASSERT(writer->offset >= at + 4);
        writer_init(&length, writer->data + at, 4);
        write_u32_le(&length, (uint32_t)(writer->offset - at - 4));
    }
}

void answer_end(size_t at, uint32_t parts_count, struct writer *writer)
{
    ASSERT(parts_count <= ANSWER_PARTS_MAX);
    if (!writer->failed) {
        ASSERT(at < writer->offset);
        writer->data[at] = (uint8_t)parts_count;
    }
}

static enum verdict decode_parts(struct answer *answer, struct reader *reader)
{
    ASSERT(!reader->failed); /* the head was read */
    answer->parts_count = read_u8(reader);
    if (answer->parts_count > ANSWER_PARTS_MAX) {
        return VERDICT_LENGTH;
    }
    for (uint32_t i = 0; i < answer->parts_count; i++) {
        struct answer_part_view *part = &answer->parts[i];
        part->type = read_u8(reader);
        uint32_t size = read_u32_le(reader);
        part->bytes = bytes_of(read_run(reader, size), size);
        if (!reader->failed && (part->type < PART_KEY || part->type > PART_LOCATOR)) {
            return VERDICT_TYPE;
        }
    }
    return reader_end(reader);
}

enum verdict answer_decode(struct answer *answer, struct bytes bytes)
{
    struct reader reader;

    *answer = (struct answer){ 0 };
    reader_init(&reader, bytes.data, bytes.size);
    enum verdict verdict = decode_head(&reader, &answer->kind, &answer->certified);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    answer->height = read_u64_le(&reader);
    answer->time_ms = read_u64_le(&reader);
    read_copy(&reader, answer->state_root.bytes, HASH_BYTES);
    size_t size = read_u16_le(&reader);
    answer->certificate = bytes_of(read_run(&reader, size), size);
    if (reader.failed) {
        return VERDICT_SHORT;
    }
    if (answer->height > WIRE_NUMBER_MAX || answer->time_ms > WIRE_NUMBER_MAX || answer->certified != (size > 0)) {
        return VERDICT_RANGE;
    }
    return decode_parts(answer, &reader);
}

void answer_decision_encode(const struct answer_decision *decision, struct writer *writer)
{
    ASSERT(code_is_known(decision->code));
    write_u16_le(writer, decision->code);
    write_u8(writer, decision->permit);
    write_u8(writer, decision->reason);
    write_u32_le(writer, decision->grant);
    write_u32_le(writer, decision->first);
    write_u16_le(writer, 0);
    write_u64_le(writer, decision->time_ms);
    write_run(writer, decision->bitmap, BITMAP_BYTES);
    write_run(writer, decision->digest.bytes, HASH_BYTES);
}

enum verdict answer_decision_decode(struct answer_decision *decision, struct bytes bytes)
{
    struct reader reader;
    bool legal = true;

    *decision = (struct answer_decision){ 0 };
    reader_init(&reader, bytes.data, bytes.size);
    decision->code = read_u16_le(&reader);
    decision->permit = read_bool(&reader, &legal);
    decision->reason = read_u8(&reader);
    decision->grant = read_u32_le(&reader);
    decision->first = read_u32_le(&reader);
    uint16_t reserved = read_u16_le(&reader);
    decision->time_ms = read_u64_le(&reader);
    read_copy(&reader, decision->bitmap, BITMAP_BYTES);
    read_copy(&reader, decision->digest.bytes, HASH_BYTES);
    if (reader_end(&reader) != VERDICT_OK) {
        return reader_end(&reader);
    }
    if (reserved != 0) {
        return VERDICT_RESERVED;
    }
    legal = legal && code_is_known(decision->code) && decision->time_ms <= WIRE_NUMBER_MAX;
    return legal ? VERDICT_OK : VERDICT_RANGE;
}
