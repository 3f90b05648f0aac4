/* proof_text.c: what a checked item says, as JSON. */
#include "cli/proof_check.h"

#include "base/assert.h"
#include "cli/describe.h"
#include "cli/output.h"

static const char *const names[QUERY_KIND_END] = {
    [QUERY_CHECKPOINT] = "checkpoint", [QUERY_RECEIPT] = "receipt",   [QUERY_ORG] = "org",       [QUERY_ACTOR] = "actor",
    [QUERY_PATIENT] = "patient",       [QUERY_POINTER] = "pointer",   [QUERY_POINTERS] = "pointers", [QUERY_GRANTS] = "grants",
    [QUERY_TICKET] = "ticket",         [QUERY_AUDIT] = "audit",       [QUERY_DISCLOSURES] = "disclosures", [QUERY_EVALUATE] = "evaluate",
    [QUERY_RELEASE] = "release",       [QUERY_LOCATOR] = "locator",
};

/* pairs_of lists the pointers or grants of a prefix proof. */
static json_t *pairs_of(struct state_proof proof)
{
    json_t *list = json_array();
    struct state_entry entry;
    struct pointer pointer;
    struct grant grant;

    while (state_proof_next(&proof, &entry)) {
        uint32_t seq = key_seq(entry.key.data, entry.key.size);
        bool is_pointer = entry.key.data[0] == KEY_POINTER;
        enum verdict verdict = is_pointer ? pointer_decode(&pointer, entry.value.data, entry.value.size) : grant_decode(&grant, entry.value.data, entry.value.size);
        ASSERT(verdict == VERDICT_OK); /* query_check has seen it */
        json_array_append_new(list, is_pointer ? describe_pointer(seq, &pointer) : describe_grant(seq, &grant));
    }
    return list;
}

static json_t *events_of(struct query_facts facts)
{
    json_t *list = json_array();
    struct audit_event event;

    while (query_event_next(&facts, &event)) {
        json_array_append_new(list, describe_event(&event));
    }
    return list;
}

static json_t *trail_of(const struct query_facts *facts)
{
    return json_pack("{s:I, s:o, s:I, s:o, s:o}", "audit_count", (json_int_t)facts->patient.audit_count, "audit_root",
                     output_hex(facts->patient.audit_root.bytes, HASH_BYTES), "from", (json_int_t)facts->from, "root_before",
                     output_hex(facts->root_before.bytes, HASH_BYTES), "events", events_of(*facts));
}

/* value_of gives what was asked for. NULL: it does not exist. */
static json_t *value_of(const struct proof_checker *checker)
{
    const struct query_facts *facts = &checker->facts;
    const struct query *query = &checker->query;

    switch (query->kind) {
    case QUERY_CHECKPOINT:
        return json_pack("{s:I, s:i, s:i, s:i}", "receipts", (json_int_t)facts->chain.receipts.count, "organisations", (int)facts->chain.orgs, "actors",
                         (int)facts->chain.actors, "patients", (int)facts->chain.patients);
    case QUERY_RECEIPT:
        return describe_receipt(facts->position, &facts->receipt);
    case QUERY_ORG:
        return facts->found ? describe_org(&facts->org) : NULL;
    case QUERY_ACTOR:
        return facts->found ? describe_actor(&facts->actor) : NULL;
    case QUERY_PATIENT:
        return facts->found ? describe_patient(&facts->patient) : NULL;
    case QUERY_POINTER:
        return facts->found ? describe_pointer(query->seq, &facts->pointer) : NULL;
    case QUERY_POINTERS:
    case QUERY_GRANTS:
        return facts->found ? pairs_of(facts->pairs) : NULL;
    case QUERY_TICKET:
        return facts->found ? describe_ticket(&facts->ticket) : NULL;
    case QUERY_AUDIT:
    case QUERY_DISCLOSURES:
        return facts->found ? trail_of(facts) : NULL;
    case QUERY_EVALUATE:
        return facts->found ? describe_decision(&facts->decision, query->seq) : NULL;
    case QUERY_RELEASE:
        return describe_decision(&facts->decision, query->seq);
    case QUERY_LOCATOR:
        return facts->locator.size > 0 ? output_hex(facts->locator.data, facts->locator.size) : NULL;
    case QUERY_KIND_END:
        break;
    }
    return NULL;
}

json_t *proof_describe(struct proof_checker *checker)
{
    const struct answer *answer = &checker->facts.answer;

    if (checker->type == PROOF_HEADER) {
        return json_pack("{s:s, s:b, s:o}", "what", "header", "certified", checker->certified, "header", describe_header(&checker->header));
    }
    json_t *object = json_pack("{s:s, s:b, s:I, s:I, s:o}", "what", names[checker->query.kind], "certified", checker->certified, "height",
                               (json_int_t)answer->height, "time_ms", (json_int_t)answer->time_ms, "state_root", output_hex(answer->state_root.bytes, HASH_BYTES));
    json_t *value = value_of(checker);
    json_object_set_new(object, names[checker->query.kind], value == NULL ? json_null() : value);
    return object;
}
