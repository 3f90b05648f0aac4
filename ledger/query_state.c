/* query_state.c: see query_state.h. */
#include "ledger/query_state.h"

#include "base/assert.h"
#include "ledger/evaluation.h"

#include <string.h>

bool query_state_get(const struct state_store *store, uint32_t view, const struct state_key *key, void *value, size_t room, size_t *size)
{
    struct state_cursor cursor;
    struct state_entry entry;

    if (view == STATE_PIN_NONE) {
        return state_store_get(store, bytes_of(key->bytes, key->size), value, room, size);
    }
    state_cursor_init(&cursor, bytes_of(key->bytes, key->size), view);
    if (!state_cursor_next(store, &cursor, &entry)) {
        return false;
    }
    ASSERT(entry.key.size == key->size); /* no key is a prefix of another */
    ASSERT(entry.value.size <= room);
    memcpy(value, entry.value.data, entry.value.size);
    *size = entry.value.size;
    return true;
}

uint16_t query_state_org(const struct state_store *store, uint32_t view, const struct query *query)
{
    struct state_key key = key_actor(query->subject);
    uint8_t value[ACTOR_BYTES];
    struct actor actor;
    size_t size = 0;

    if (query->kind != QUERY_EVALUATE || memcmp(query->subject, query->acct, ACCT_BYTES) == 0 ||
        !query_state_get(store, view, &key, value, sizeof value, &size)) {
        return 0;
    }
    enum verdict verdict = actor_decode(&actor, value, size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(actor.org > 0);
    return actor.org;
}

enum err query_state_prove(struct state_store *store, uint32_t view, const struct query *query, struct writer *writer, uint32_t *parts_count)
{
    uint16_t org = query_state_org(store, view, query);
    struct query_proof proof;
    enum err err = ERR_OK;
    uint32_t count = 0;

    ASSERT(view == STATE_PIN_NONE || view < STATE_PINS_MAX);
    for (; err == ERR_OK && query_proof_at(query, org, count, &proof); count++) {
        struct bytes key = bytes_of(proof.key.bytes, proof.key.size);
        size_t at = answer_part_begin(proof.prefix ? PART_PREFIX : PART_KEY, writer);
        err = proof.prefix ? state_store_prove_prefix(store, view, key, writer) : state_store_prove_key(store, view, key, writer);
        answer_part_end(at, writer);
    }
    *parts_count = count;
    ASSERT(count <= ANSWER_PARTS_MAX);
    return err;
}

static struct evaluation evaluation_of(const struct query *query, uint16_t org, uint64_t time_ms)
{
    struct evaluation evaluation = {
        .has_signed = query->subject_signs,
        .org = org,
        .purpose = query->purpose,
        .base_seq = query->seq,
        .class_mask = query->class_mask,
        .from_month = query->from_month,
        .to_month = query->to_month,
        .time_ms = time_ms,
    };

    ASSERT(query->kind == QUERY_EVALUATE);
    ASSERT(query->seq > 0);
    memcpy(evaluation.patient, query->acct, ACCT_BYTES);
    memcpy(evaluation.subject, query->subject, ACCT_BYTES);
    evaluation_select_all(&evaluation);
    return evaluation;
}

bool query_state_evaluate(const struct state_store *store, uint32_t view, const struct query *query, uint64_t time_ms, struct consent_inputs *inputs,
                          struct answer_decision *decision)
{
    uint16_t org = query_state_org(store, view, query);
    struct evaluation evaluation = evaluation_of(query, org, time_ms);
    struct page_decision page = { .reason = REASON_DEFAULT };

    ASSERT(query->kind == QUERY_EVALUATE);
    struct evaluation_found found = evaluation_gather_view(store, view, &evaluation, inputs);
    if (!found.patient) {
        return false;
    }
    bool patient = memcmp(query->subject, query->acct, ACCT_BYTES) == 0;
    if (found.stands || (org == 0 && !patient)) { /* without an organisation: nobody that the registry knows, and no role has a purpose for them */
        evaluation_decide(&evaluation, &found, patient ? SUBJECT_PATIENT : org != 0 ? SUBJECT_ACTOR : SUBJECT_STRANGER, inputs, &page);
    }
    *decision = (struct answer_decision){ .permit = page.permit, .reason = (uint8_t)page.reason, .grant = page.grant, .first = page.first, .time_ms = time_ms,
                                          .digest = found.digest };
    memcpy(decision->bitmap, page.bitmap, BITMAP_BYTES);
    ASSERT(page.permit == (page.permitted > 0));
    return true;
}
