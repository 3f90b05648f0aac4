/* query_archive.c: the parts of answers that come out of the archive: receipts, events, locators, each with its path to what the state says. */
#include "node/query_priv.h"

#include "base/assert.h"
#include "ledger/query_access.h"
#include "ledger/query_state.h"

#include <string.h>

static void write_nodes(struct writer *writer, const struct hash32 *nodes, size_t length)
{
    ASSERT(length <= UINT8_MAX);
    write_u8(writer, (uint8_t)length);
    for (size_t i = 0; i < length; i++) {
        write_run(writer, nodes[i].bytes, HASH_BYTES);
    }
}

/* --- Receipts ------------------------------------------------------------------------------------------------------ */

/* receipts_count gives the length of the receipts log at the question's view. */
static uint64_t receipts_count(const struct question *question)
{
    struct state_key key = key_chain();
    uint8_t value[CHAIN_BYTES_MAX];
    struct chain chain;
    size_t size = 0;

    if (!query_state_get(question->store, question->view, &key, value, sizeof value, &size)) {
        return 0;
    }
    enum verdict verdict = chain_decode(&chain, value, size);
    ASSERT(verdict == VERDICT_OK);
    return chain.receipts.count;
}

uint16_t query_write_receipt(struct question *question, struct writer *writer, uint32_t *parts)
{
    const struct archive *archive = &question->queries->apply->archive;
    struct merkle_log log = archive_receipts_log(archive);
    uint64_t position, count = receipts_count(question);
    const struct receipt *receipt = archive_find_receipt(archive, &question->query->id, &position);
    uint8_t bytes[RECEIPT_BYTES];
    struct merkle_path path;

    if (receipt == NULL) {
        return QUERY_NOT_FOUND;
    }
    if (position >= count) {
        return QUERY_UNCERTIFIED;
    }
    if (!merkle_log_path(&log, position, count, &path)) {
        return QUERY_FORGOTTEN;
    }
    size_t at = answer_part_begin(PART_RECEIPT, writer);
    receipt_encode(receipt, bytes);
    write_u64_le(writer, position);
    write_run(writer, bytes, sizeof bytes);
    write_nodes(writer, path.nodes, path.length);
    answer_part_end(at, writer);
    *parts = 1;
    return 0;
}

/* --- Events -------------------------------------------------------------------------------------------------------- */

/* A run of events of one patient at the question's view. */
struct run {
    uint64_t total; /* events in the trail */
    uint64_t from;
    uint32_t count;
    struct archive_trail trail;
};

/* run_of gives the run that is asked for. Gives: false when the patient does not exist at that view. */
static bool run_of(const struct question *question, struct run *run)
{
    const struct query *query = question->query;
    struct state_key key = key_patient(query->acct);
    uint8_t value[PATIENT_BYTES];
    struct patient patient;
    size_t size = 0;

    if (!query_state_get(question->store, question->view, &key, value, sizeof value, &size)) {
        return false;
    }
    enum verdict verdict = patient_decode(&patient, value, size);
    ASSERT(verdict == VERDICT_OK);
    *run = (struct run){ .total = patient.audit_count, .from = query->from < patient.audit_count ? query->from : patient.audit_count };
    uint64_t left = run->total - run->from;
    run->count = left < query->count ? (uint32_t)left : query->count;
    run->trail.archive = &question->queries->apply->archive;
    memcpy(run->trail.patient, query->acct, ACCT_BYTES);
    return true;
}

/* write_run_of_events writes the events. Gives: false when one is forgotten. */
static bool write_run_of_events(const struct run *run, struct writer *writer)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const uint8_t *event = archive_find_event(run->trail.archive, run->trail.patient, run->from + i);
        if (event == NULL) {
            return false;
        }
        write_run(writer, event, AUDIT_EVENT_BYTES);
    }
    return true;
}

uint16_t query_write_events(struct question *question, struct writer *writer, uint32_t *parts)
{
    struct hash32 nodes[MERKLE_CONSISTENCY_MAX];
    struct merkle_peaks peaks = { 0 };
    size_t length = 0;
    struct run run;

    if (!run_of(question, &run)) {
        return 0;
    }
    struct merkle_log log = archive_trail_log(&run.trail);
    uint64_t end = run.from + run.count;
    if (!merkle_log_peaks(&log, run.from, &peaks) || (end > 0 && !merkle_log_consistency(&log, end, run.total, nodes, &length))) {
        return QUERY_FORGOTTEN;
    }
    size_t at = answer_part_begin(PART_EVENTS, writer);
    write_u64_le(writer, run.from);
    write_u16_le(writer, (uint16_t)run.count);
    for (uint64_t bits = run.from, i = 0; bits != 0; bits &= bits - 1, i++) {
        write_run(writer, peaks.peaks[i].bytes, HASH_BYTES);
    }
    bool whole = write_run_of_events(&run, writer);
    write_nodes(writer, nodes, length);
    answer_part_end(at, writer);
    *parts = 1;
    return whole ? 0 : QUERY_FORGOTTEN;
}

/* is_wanted tells whether the event is a disclosure that the asker may see. */
static bool is_wanted(const struct question *question, const uint8_t *bytes)
{
    bool self = memcmp(question->asker.acct, question->query->acct, ACCT_BYTES) == 0;
    struct audit_event event;
    enum verdict verdict = audit_event_decode(&event, bytes, AUDIT_EVENT_BYTES);

    ASSERT(verdict == VERDICT_OK);
    bool disclosure = event.type == EVENT_DISCLOSED || event.type == EVENT_DISCLOSED_OFFLINE;
    return disclosure && (self || event.org == query_org_voice(&question->asker));
}

/* write_selected writes the events that are wanted. Gives: how many; false when one is forgotten. */
static bool write_selected(const struct question *question, const struct run *run, struct writer *writer, uint16_t *count)
{
    struct merkle_log log = archive_trail_log(&run->trail);
    struct merkle_path path;

    *count = 0;
    for (uint64_t seq = run->from; seq < run->from + run->count; seq++) {
        const uint8_t *event = archive_find_event(run->trail.archive, run->trail.patient, seq);
        if (event == NULL) {
            return false;
        }
        if (!is_wanted(question, event)) {
            continue;
        }
        if (!merkle_log_path(&log, seq, run->total, &path)) {
            return false;
        }
        write_run(writer, event, AUDIT_EVENT_BYTES);
        write_nodes(writer, path.nodes, path.length);
        (*count)++;
    }
    return true;
}

uint16_t query_write_disclosures(struct question *question, struct writer *writer, uint32_t *parts)
{
    struct writer number;
    uint16_t count = 0;
    struct run run;

    if (!run_of(question, &run)) {
        return 0;
    }
    size_t at = answer_part_begin(PART_SELECTED, writer), count_at = writer->offset;
    write_u16_le(writer, 0);
    bool whole = write_selected(question, &run, writer, &count);
    if (!writer->failed) {
        writer_init(&number, writer->data + count_at, 2);
        write_u16_le(&number, count);
    }
    answer_part_end(at, writer);
    *parts = 1;
    return whole ? 0 : QUERY_FORGOTTEN;
}

/* --- Locators ------------------------------------------------------------------------------------------------------ */

uint16_t query_write_locator(struct question *question, struct writer *writer, uint32_t *parts)
{
    const struct query *query = question->query;
    struct state_key key = key_pointer(query->acct, query->seq);
    uint8_t value[POINTER_BYTES];
    struct pointer pointer;
    size_t size = 0;

    if (!query_state_get(question->store, question->view, &key, value, sizeof value, &size)) {
        return 0;
    }
    enum verdict verdict = pointer_decode(&pointer, value, size);
    ASSERT(verdict == VERDICT_OK);
    if (pointer.locator_length == 0) {
        return 0;
    }
    const uint8_t *locator = archive_find_locator(&question->queries->apply->archive, &pointer.locator_hash);
    if (locator == NULL) {
        return QUERY_NOT_FOUND;
    }
    size_t at = answer_part_begin(PART_LOCATOR, writer);
    write_run(writer, locator, LOCATOR_SEALED_BYTES);
    answer_part_end(at, writer);
    *parts = 1;
    return 0;
}
