/* query_check_parts.c: the parts of an answer that are not in the state, each checked against what the state says of it. */
#include "ledger/query_check_priv.h"

#include "base/assert.h"
#include "ledger/audit.h"
#include "ledger/query_state.h"
#include "wire/code.h"

#include <string.h>

/* read_nodes reads a length and that many hashes. Gives: false when it is longer than max. */
static bool read_nodes(struct reader *reader, size_t max, struct hash32 *nodes, size_t *length)
{
    ASSERT(max >= 1);
    *length = read_u8(reader);
    if (*length > max) {
        return false;
    }
    read_copy(reader, nodes, *length * HASH_BYTES);
    return true;
}

/* --- Receipt ------------------------------------------------------------------------------------------------------- */

static enum verdict check_receipt(const struct query *query, struct query_facts *facts, struct bytes bytes)
{
    struct hash32 nodes[MERKLE_DEPTH_MAX], root = merkle_peaks_root(&facts->chain.receipts);
    struct reader reader;
    size_t length;

    ASSERT(query->kind == QUERY_RECEIPT);
    reader_init(&reader, bytes.data, bytes.size);
    facts->position = read_u64_le(&reader);
    const uint8_t *receipt = read_run(&reader, RECEIPT_BYTES);
    if (!read_nodes(&reader, MERKLE_DEPTH_MAX, nodes, &length)) {
        return VERDICT_LENGTH;
    }
    if (reader_end(&reader) != VERDICT_OK) {
        return reader_end(&reader);
    }
    enum verdict verdict = receipt_decode(&facts->receipt, receipt, RECEIPT_BYTES);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (!hash_equal(&facts->receipt.tx_id, &query->id)) {
        return VERDICT_CONFLICT;
    }
    struct hash32 leaf = receipt_leaf(&facts->receipt);
    facts->found = true;
    return merkle_verify_inclusion(&leaf, facts->position, facts->chain.receipts.count, &root, nodes, length) ? VERDICT_OK : VERDICT_HASH;
}

/* --- Events -------------------------------------------------------------------------------------------------------- */

/* The run that an honest answer has: from where the question says, or the end of the trail, as many as it wants or there are. */
static void expected_run(const struct query *query, const struct patient *patient, uint64_t *from, uint32_t *count)
{
    *from = query->from < patient->audit_count ? query->from : patient->audit_count;
    uint64_t left = patient->audit_count - *from;
    *count = left < query->count ? (uint32_t)left : query->count;
    ASSERT(*from + *count <= patient->audit_count);
    ASSERT(*count <= query->count);
}

static bool event_is(const uint8_t *bytes, uint64_t seq)
{
    struct audit_event event;

    return audit_event_decode(&event, bytes, AUDIT_EVENT_BYTES) == VERDICT_OK && event.seq == seq;
}

/* append_events adds the run to the peaks of what is before it. */
static enum verdict append_events(struct query_facts *facts, struct reader *reader, struct merkle_peaks *peaks)
{
    const uint8_t *data = read_run(reader, (size_t)facts->events_count * AUDIT_EVENT_BYTES);

    if (data == NULL) {
        return VERDICT_SHORT;
    }
    reader_init(&facts->events, data, (size_t)facts->events_count * AUDIT_EVENT_BYTES);
    for (uint32_t i = 0; i < facts->events_count; i++) {
        const uint8_t *event = data + (size_t)i * AUDIT_EVENT_BYTES;
        if (!event_is(event, facts->from + i)) {
            return VERDICT_CONFLICT;
        }
        struct hash32 leaf = audit_leaf(event);
        merkle_peaks_append(peaks, &leaf);
    }
    return VERDICT_OK;
}

static enum verdict check_events(const struct query *query, struct query_facts *facts, struct bytes bytes)
{
    struct hash32 nodes[MERKLE_CONSISTENCY_MAX];
    struct merkle_peaks peaks;
    struct reader reader;
    uint32_t count;
    uint64_t from;
    size_t length;

    ASSERT(query->kind == QUERY_AUDIT);
    ASSERT(facts->found);
    reader_init(&reader, bytes.data, bytes.size);
    facts->from = read_u64_le(&reader);
    facts->events_count = read_u16_le(&reader);
    expected_run(query, &facts->patient, &from, &count);
    if (facts->from != from || facts->events_count != count) {
        return VERDICT_CONFLICT;
    }
    peaks.count = from;
    read_copy(&reader, peaks.peaks, (size_t)__builtin_popcountll(from) * HASH_BYTES);
    facts->root_before = merkle_peaks_root(&peaks);
    enum verdict verdict = append_events(facts, &reader, &peaks);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (!read_nodes(&reader, MERKLE_CONSISTENCY_MAX, nodes, &length)) {
        return VERDICT_LENGTH;
    }
    if (reader_end(&reader) != VERDICT_OK) {
        return reader_end(&reader);
    }
    struct hash32 root = merkle_peaks_root(&peaks);
    bool good = merkle_verify_consistency(peaks.count, &root, facts->patient.audit_count, &facts->patient.audit_root, nodes, length);
    return good ? VERDICT_OK : VERDICT_HASH;
}

/* check_selected_one checks one event on its own: its place in the trail follows from its path. Gives: *seq. */
static enum verdict check_selected_one(const struct query *query, const struct query_facts *facts, struct reader *reader, uint64_t *seq)
{
    struct hash32 nodes[MERKLE_DEPTH_MAX];
    struct audit_event event;
    size_t length;
    const uint8_t *bytes = read_run(reader, AUDIT_EVENT_BYTES);

    ASSERT(query->kind == QUERY_DISCLOSURES);
    if (!read_nodes(reader, MERKLE_DEPTH_MAX, nodes, &length)) {
        return VERDICT_LENGTH;
    }
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    enum verdict verdict = audit_event_decode(&event, bytes, AUDIT_EVENT_BYTES);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    bool disclosure = event.type == EVENT_DISCLOSED || event.type == EVENT_DISCLOSED_OFFLINE;
    if (!disclosure || event.seq < query->from || event.seq - query->from >= query->count) {
        return VERDICT_CONFLICT;
    }
    struct hash32 leaf = audit_leaf(bytes);
    *seq = event.seq;
    return merkle_verify_inclusion(&leaf, event.seq, facts->patient.audit_count, &facts->patient.audit_root, nodes, length) ? VERDICT_OK : VERDICT_HASH;
}

static enum verdict check_selected(const struct query *query, struct query_facts *facts, struct bytes bytes)
{
    struct reader reader;
    uint64_t last = 0;

    ASSERT(facts->found);
    reader_init(&reader, bytes.data, bytes.size);
    facts->events_count = read_u16_le(&reader);
    facts->events = reader;
    for (uint32_t i = 0; i < facts->events_count; i++) {
        uint64_t seq = 0;
        enum verdict verdict = check_selected_one(query, facts, &reader, &seq);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
        if (i > 0 && seq <= last) {
            return VERDICT_ORDER;
        }
        last = seq;
    }
    return reader_end(&reader);
}

bool query_event_next(struct query_facts *facts, struct audit_event *event)
{
    if (reader_left(&facts->events) < AUDIT_EVENT_BYTES) {
        return false;
    }
    enum verdict verdict = audit_event_decode(event, read_run(&facts->events, AUDIT_EVENT_BYTES), AUDIT_EVENT_BYTES);
    ASSERT(verdict == VERDICT_OK); /* query_check has seen it */
    if (facts->answer.kind == QUERY_DISCLOSURES) {
        size_t length = read_u8(&facts->events);
        (void)read_run(&facts->events, length * HASH_BYTES);
    }
    return true;
}

/* --- Decision and locator ------------------------------------------------------------------------------------------- */

static bool decision_equal(const struct answer_decision *a, const struct answer_decision *b)
{
    return a->code == b->code && a->permit == b->permit && a->reason == b->reason && a->grant == b->grant && a->first == b->first && a->time_ms == b->time_ms &&
           memcmp(a->bitmap, b->bitmap, BITMAP_BYTES) == 0 && hash_equal(&a->digest, &b->digest);
}

static enum verdict check_decision(struct query_check *check, const struct query *query, struct query_facts *facts, struct bytes bytes)
{
    struct answer_decision again;
    enum verdict verdict = answer_decision_decode(&facts->decision, bytes);

    ASSERT(query->kind == QUERY_EVALUATE || query->kind == QUERY_RELEASE);
    if (verdict != VERDICT_OK || query->kind == QUERY_RELEASE) {
        return verdict;
    }
    if (facts->decision.time_ms < facts->answer.time_ms) {
        return VERDICT_CONFLICT;
    }
    bool patient = query_state_evaluate(check->store, STATE_PIN_NONE, query, facts->decision.time_ms, &check->inputs, &again);
    return patient && decision_equal(&facts->decision, &again) ? VERDICT_OK : VERDICT_CONFLICT;
}

static enum verdict check_locator(struct query_facts *facts, struct bytes bytes)
{
    struct hash32 hash = hash_one(HASH_LOCATOR, bytes.data, bytes.size);

    ASSERT(facts->found);
    ASSERT(facts->pointer.locator_length > 0);
    facts->locator = bytes;
    if (bytes.size != facts->pointer.locator_length) {
        return VERDICT_LENGTH;
    }
    return hash_equal(&hash, &facts->pointer.locator_hash) ? VERDICT_OK : VERDICT_HASH;
}

/* --- Dispatch ------------------------------------------------------------------------------------------------------- */

/* part_of gives the part that an answer of this kind ends with, 0 for none. */
static uint8_t part_of(const struct query *query, const struct query_facts *facts)
{
    ASSERT(query->kind < QUERY_KIND_END);
    ASSERT(query->kind == facts->answer.kind);
    switch (query->kind) {
    case QUERY_RECEIPT:
        return PART_RECEIPT;
    case QUERY_RELEASE:
        return PART_DECISION;
    case QUERY_AUDIT:
        return facts->found ? PART_EVENTS : 0;
    case QUERY_DISCLOSURES:
        return facts->found ? PART_SELECTED : 0;
    case QUERY_EVALUATE:
        return facts->found ? PART_DECISION : 0;
    case QUERY_LOCATOR:
        return facts->found && facts->pointer.locator_length > 0 ? PART_LOCATOR : 0;
    case QUERY_CHECKPOINT:
    case QUERY_ORG:
    case QUERY_ACTOR:
    case QUERY_PATIENT:
    case QUERY_POINTER:
    case QUERY_POINTERS:
    case QUERY_GRANTS:
    case QUERY_TICKET:
    case QUERY_KIND_END:
        break;
    }
    return 0;
}

enum verdict query_check_parts(struct query_check *check, const struct query *query, struct query_facts *facts, uint32_t next)
{
    uint8_t type = part_of(query, facts);
    const struct answer_part_view *part = &facts->answer.parts[next < ANSWER_PARTS_MAX ? next : 0];

    ASSERT(next < ANSWER_PARTS_MAX);
    if (facts->answer.parts_count != next + (type != 0) || (type != 0 && part->type != type)) {
        return VERDICT_CONFLICT;
    }
    switch (type) {
    case PART_RECEIPT:
        return check_receipt(query, facts, part->bytes);
    case PART_EVENTS:
        return check_events(query, facts, part->bytes);
    case PART_SELECTED:
        return check_selected(query, facts, part->bytes);
    case PART_DECISION:
        return check_decision(check, query, facts, part->bytes);
    case PART_LOCATOR:
        return check_locator(facts, part->bytes);
    default:
        return VERDICT_OK;
    }
}
