/* evaluation.c: see evaluation.h. The inputs are read in the order of their keys: Org, Actor, Patient, Pointers, Grants, Relation; the
 * digest takes the same order, so it can be recomputed from a proof of the same keys. */
#include "ledger/evaluation.h"

#include "base/assert.h"
#include "ledger/key.h"
#include "ledger/subject.h"

#include <string.h>

/* A gathering under way. */
struct gathering {
    const struct state_store *store;
    uint32_t view;
    const struct evaluation *evaluation;
    struct consent_inputs *inputs;
    struct evaluation_found found;
    struct hasher digest;
};

/* The leaf of the state tree, as storage/state_store.h defines it. */
static void digest_add(struct gathering *gathering, struct bytes key, struct bytes value)
{
    struct hasher leaf;

    ASSERT(key.size >= 1);
    if (gathering->evaluation->undigested) {
        return;
    }
    hash_init(&leaf, HASH_STATE_LEAF);
    hash_update_u16(&leaf, (uint16_t)key.size);
    hash_update(&leaf, key.data, key.size);
    hash_update(&leaf, value.data, value.size);
    struct hash32 hash = hash_final(&leaf);
    hash_update(&gathering->digest, hash.bytes, HASH_BYTES);
}

/* Reads a value from a pinned view: no key is a prefix of another, so a walk with the whole key finds it or nothing. */
static bool read_pinned(const struct gathering *gathering, const struct state_key *key, uint8_t *value, size_t *size)
{
    struct state_cursor cursor;
    struct state_entry entry;

    ASSERT(gathering->view < STATE_PINS_MAX);
    state_cursor_init(&cursor, bytes_of(key->bytes, key->size), gathering->view);
    if (!state_cursor_next(gathering->store, &cursor, &entry)) {
        return false;
    }
    ASSERT(entry.key.size == key->size);
    memcpy(value, entry.value.data, entry.value.size);
    *size = entry.value.size;
    return true;
}

/* Reads a value of fixed size. Gives: false when there is none. */
static bool read_value(const struct gathering *gathering, const struct state_key *key, uint8_t *value, size_t room)
{
    ASSERT(gathering->view == STATE_PIN_NONE || gathering->view < STATE_PINS_MAX);
    size_t size = 0;
    bool found = gathering->view == STATE_PIN_NONE ? state_store_get(gathering->store, bytes_of(key->bytes, key->size), value, room, &size)
                                                   : read_pinned(gathering, key, value, &size);

    ASSERT(!found || size == room);
    return found;
}

static bool read_and_digest(struct gathering *gathering, const struct state_key *key, uint8_t *value, size_t room)
{
    bool found = read_value(gathering, key, value, room);

    ASSERT(key->size > 0);
    if (found) {
        digest_add(gathering, bytes_of(key->bytes, key->size), bytes_of(value, room));
    }
    return found;
}

static bool gather_org(struct gathering *gathering)
{
    struct consent_subject *subject = &gathering->inputs->subject;
    uint8_t value[ORG_BYTES];
    struct org org;

    if (gathering->evaluation->org == 0) {
        return subject->is_patient;
    }
    struct state_key key = key_org(gathering->evaluation->org);
    if (!read_and_digest(gathering, &key, value, sizeof value)) {
        return false;
    }
    enum verdict verdict = org_decode(&org, value, sizeof value);
    ASSERT(verdict == VERDICT_OK);
    subject->org = gathering->evaluation->org;
    subject->org_kind = (enum org_kind)org.kind;
    ASSERT(org.kind >= ORG_HOSPITAL);
    return org.status == ORG_ACTIVE;
}

static bool gather_actor(struct gathering *gathering)
{
    struct state_key key = key_actor(gathering->evaluation->subject);
    uint8_t value[ACTOR_BYTES];
    struct actor actor;

    if (gathering->inputs->subject.is_patient) {
        return true;
    }
    if (!read_and_digest(gathering, &key, value, sizeof value)) {
        return false;
    }
    enum verdict verdict = actor_decode(&actor, value, sizeof value);
    ASSERT(verdict == VERDICT_OK);
    gathering->found.actor_kind = (enum actor_kind)actor.kind;
    gathering->found.actor_role = (enum actor_role)actor.role;
    ASSERT(actor.org >= 1);
    return actor_is_active(&actor, gathering->evaluation->time_ms) && actor.org == gathering->evaluation->org;
}

static bool gather_patient(struct gathering *gathering)
{
    struct state_key key = key_patient(gathering->evaluation->patient);
    struct patient *patient = &gathering->inputs->patient;
    uint8_t value[PATIENT_BYTES];

    if (!read_value(gathering, &key, value, sizeof value)) {
        return false;
    }
    enum verdict verdict = patient_decode(patient, value, sizeof value);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(patient->kx_epoch >= 1);
    struct patient bare = *patient; /* the audit root changes with the very event of this evaluation */
    memset(&bare.audit_root, 0, sizeof bare.audit_root);
    patient_encode(&bare, value);
    digest_add(gathering, bytes_of(key.bytes, key.size), bytes_of(value, sizeof value));
    return true;
}

bool evaluation_takes(const struct evaluation *evaluation, const struct pointer *pointer)
{
    ASSERT(pointer->record_class <= CLASS_OTHER);
    ASSERT(pointer->custodian > 0);
    bool of_class = (evaluation->class_mask >> pointer->record_class & 1) != 0;

    return of_class && consent_month_matches(pointer->service_month, evaluation->from_month, evaluation->to_month);
}

static void gather_pointer(struct gathering *gathering, uint32_t seq)
{
    struct state_key key = key_pointer(gathering->evaluation->patient, seq);
    struct consent_inputs *inputs = gathering->inputs;
    uint8_t value[POINTER_BYTES];
    struct pointer pointer;

    ASSERT(seq > 0);
    if (!read_value(gathering, &key, value, sizeof value)) {
        return;
    }
    enum verdict verdict = pointer_decode(&pointer, value, sizeof value);
    ASSERT(verdict == VERDICT_OK);
    if (!evaluation_takes(gathering->evaluation, &pointer)) {
        return;
    }
    ASSERT(inputs->pointers_count < TICKET_PAGE);
    ASSERT(inputs->pointers_count == 0 || inputs->pointers[inputs->pointers_count - 1].seq < seq);
    digest_add(gathering, bytes_of(key.bytes, key.size), bytes_of(value, sizeof value));
    inputs->pointers[inputs->pointers_count++] = (struct numbered_pointer){ .seq = seq, .pointer = pointer };
}

static void gather_pointers(struct gathering *gathering)
{
    const struct evaluation *evaluation = gathering->evaluation;
    uint32_t last = gathering->inputs->patient.ptr_count;

    ASSERT(evaluation->base_seq > 0);
    gathering->inputs->pointers_count = 0;
    for (uint32_t bit = 0; bit < TICKET_PAGE && (uint64_t)evaluation->base_seq + bit <= last; bit++) {
        if (bitmap_has(evaluation->selected, bit)) {
            gather_pointer(gathering, evaluation->base_seq + bit);
        }
    }
}

static void gather_grants(struct gathering *gathering)
{
    struct state_key prefix = key_prefix(KEY_GRANT, gathering->evaluation->patient);
    struct consent_inputs *inputs = gathering->inputs;
    struct state_cursor cursor;
    struct state_entry entry;

    inputs->grants_count = 0;
    state_cursor_init(&cursor, bytes_of(prefix.bytes, prefix.size), gathering->view);
    while (state_cursor_next(gathering->store, &cursor, &entry)) {
        ASSERT(inputs->grants_count < CONSENT_GRANTS_MAX);
        struct numbered_grant *numbered = &inputs->grants[inputs->grants_count++];
        numbered->seq = key_seq(entry.key.data, entry.key.size);
        ASSERT(inputs->grants_count == 1 || numbered->seq > numbered[-1].seq); /* keys ascend, so numbers do */
        enum verdict verdict = grant_decode(&numbered->grant, entry.value.data, entry.value.size);
        ASSERT(verdict == VERDICT_OK);
        digest_add(gathering, entry.key, entry.value);
    }
}

static void gather_relation(struct gathering *gathering)
{
    struct state_key key = key_relation(gathering->evaluation->patient, gathering->evaluation->org);
    uint8_t value[RELATION_BYTES];
    struct relation relation;

    if (gathering->evaluation->org == 0 || !read_and_digest(gathering, &key, value, sizeof value)) {
        return;
    }
    enum verdict verdict = relation_decode(&relation, value, sizeof value);
    ASSERT(verdict == VERDICT_OK);
    gathering->inputs->subject.relation_current = relation.current;
}

static void gather_subject(struct gathering *gathering)
{
    const struct evaluation *evaluation = gathering->evaluation;
    struct consent_subject *subject = &gathering->inputs->subject;

    ASSERT(evaluation->base_seq > 0);
    *subject = (struct consent_subject){ .has_signed = evaluation->has_signed, .purpose = evaluation->purpose };
    memcpy(subject->acct, evaluation->subject, ACCT_BYTES);
    subject->is_patient = memcmp(evaluation->subject, evaluation->patient, ACCT_BYTES) == 0;
}

struct evaluation_found evaluation_gather(const struct state_store *store, const struct evaluation *evaluation, struct consent_inputs *inputs)
{
    return evaluation_gather_view(store, STATE_PIN_NONE, evaluation, inputs);
}

struct evaluation_found evaluation_gather_view(const struct state_store *store, uint32_t view, const struct evaluation *evaluation, struct consent_inputs *inputs)
{
    struct gathering gathering = { .store = store, .view = view, .evaluation = evaluation, .inputs = inputs };

    ASSERT(view == STATE_PIN_NONE || view < STATE_PINS_MAX);
    if (!evaluation->undigested) {
        hash_init(&gathering.digest, HASH_EVAL);
        hash_update_u64(&gathering.digest, evaluation->time_ms);
    }
    inputs->time_ms = evaluation->time_ms;
    inputs->uses = USES_OPEN;
    inputs->counted = 0;
    gather_subject(&gathering);
    bool org = gather_org(&gathering);
    bool actor = gather_actor(&gathering);
    gathering.found.patient = gather_patient(&gathering);
    if (!gathering.found.patient) {
        return gathering.found;
    }
    gathering.found.stands = org && actor;
    gather_pointers(&gathering);
    gather_grants(&gathering);
    gather_relation(&gathering);
    if (!evaluation->undigested) {
        gathering.found.digest = hash_final(&gathering.digest);
    }
    ASSERT(inputs->pointers_count <= TICKET_PAGE);
    ASSERT(inputs->grants_count <= CONSENT_GRANTS_MAX);
    return gathering.found;
}

void evaluation_select_all(struct evaluation *evaluation)
{
    memset(evaluation->selected, 0xff, sizeof evaluation->selected);
}

void evaluation_decide(const struct evaluation *evaluation, const struct evaluation_found *found, enum subject_kind subject, struct consent_inputs *inputs,
                       struct page_decision *out)
{
    struct role_question question = {
        .subject = subject,
        .actor_kind = found->actor_kind,
        .actor_role = found->actor_role,
        .org_kind = inputs->subject.org_kind,
        .purpose = evaluation->purpose,
        .class_mask = evaluation->class_mask,
        .from_month = evaluation->from_month,
        .to_month = evaluation->to_month,
    };
    enum reason reason = role_check(&question);

    ASSERT(found->patient);
    ASSERT(evaluation->base_seq > 0);
    if (reason == REASON_NONE) {
        consent_decide(inputs, evaluation->base_seq, out);
        return;
    }
    memset(out, 0, sizeof *out);
    out->reason = reason;
}
