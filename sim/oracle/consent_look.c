/* consent_look.c: whether a state and its archive say what the model of consent says, for all that the newest block touched. */
#include "base/assert.h"
#include "ledger/key.h"
#include "ledger/ledger.h"
#include "sim/oracle/consent_follow.h"
#include "sim/oracle/consent_priv.h"
#include "sim/oracle/oracle.h"
#include "storage/state_store.h"

#include <string.h>

#define UNSAFE(consent, ...) oracle_fail((consent)->failure, FAILURE_SAFETY, __VA_ARGS__)

static size_t read_value(const struct apply *apply, const struct state_key *key, uint8_t *value, size_t room)
{
    size_t size = 0;

    return state_store_get(ledger_store(apply->ledger), bytes_of(key->bytes, key->size), value, room, &size) ? size : 0;
}

static void look_at_pointer(struct consent *consent, const struct apply *apply, uint32_t patient, uint32_t number)
{
    struct state_key key = key_pointer(cast_patient_account(consent->cast, patient), number);
    uint8_t value[POINTER_BYTES], status = 0;
    struct pointer found;
    const struct consent_pointer *known = consent_pointer_at(consent, patient, number, CONSENT_NOW, &status);
    bool there = pointer_decode(&found, value, read_value(apply, &key, value, sizeof value)) == VERDICT_OK;

    ASSERT(known != NULL);
    if (!there || found.status != status || found.custodian != known->custodian || found.record_class != known->record_class || found.conf != known->conf ||
        found.service_month != known->month || found.basis != known->basis) {
        UNSAFE(consent, "consent: after block %llu pointer %u of patient %u is not as its commands made it: status %u, basis %u, but status %u, basis %u",
               (unsigned long long)consent->height, number, patient, there ? found.status : 0, there ? found.basis : 0, status, known->basis);
    }
}

static void look_at_grant(struct consent *consent, const struct apply *apply, uint32_t patient, uint32_t number)
{
    const struct consent_grant *known = &consent->patients[patient].grants[number - 1];
    struct state_key key = key_grant(cast_patient_account(consent->cast, patient), number);
    uint8_t value[GRANT_BYTES];
    struct grant found;
    bool there = grant_decode(&found, value, read_value(apply, &key, value, sizeof value)) == VERDICT_OK;

    if (there != (known->ended == 0)) {
        UNSAFE(consent, "consent: after block %llu grant %u of patient %u %s", (unsigned long long)consent->height, number, patient, there ? "stands, and has ended" : "is gone, and stands");
    } else if (there && (found.uses != known->uses || found.expires != known->ends_ms || found.class_mask != known->classes || found.effect != (known->permits ? EFFECT_PERMIT : EFFECT_DENY))) {
        UNSAFE(consent, "consent: after block %llu grant %u of patient %u is not as its commands made it: %u uses, but %u", (unsigned long long)consent->height, number,
               patient, found.uses, known->uses);
    }
}

static void look_at_practitioner(struct consent *consent, const struct apply *apply, uint32_t practitioner)
{
    struct state_key key = key_actor(cast_practitioner_account(consent->cast, practitioner));
    uint8_t value[ACTOR_BYTES], status = consent_status(consent, practitioner, CONSENT_NOW);
    struct actor found;
    bool there = actor_decode(&found, value, read_value(apply, &key, value, sizeof value)) == VERDICT_OK;

    if (!there || found.status != status || found.kind != ACTOR_PRACTITIONER || found.valid_until != consent->practitioners[practitioner].ends_ms || found.org != consent->cast->actors[practitioner % consent->cast->plan.actors_count].organisation) {
        UNSAFE(consent, "consent: after block %llu practitioner %u is not as the commands made it: status %u, but %u", (unsigned long long)consent->height, practitioner,
               there ? found.status : 0, status);
    }
}

static bool is_same_ticket(const struct consent *consent, const struct ticket *found, const struct consent_ticket *known)
{
    uint64_t ends_ms = known->ended != 0 ? known->ended_ms : known->ends_ms;
    const uint8_t *subject = memcmp(known->subject, known->requester, ACCT_BYTES) == 0 ? found->requester : found->on_behalf;

    if (found->expires != ends_ms || found->time != known->since_ms || ((found->flags & TICKET_ENDED) != 0) != (known->ended != 0) || found->grant != known->counted) {
        return false;
    }
    if (found->reason != known->reason || found->purpose != known->purpose || found->org != known->organisation || found->base_seq != known->base) {
        return false;
    }
    if (((found->flags & TICKET_SUBJECT_SIGNED) != 0) != known->subject_signed || found->disclosed != known->disclosed) {
        return false;
    }
    return memcmp(found->bitmap, known->bits, BITMAP_BYTES) == 0 && memcmp(found->patient, cast_patient_account(consent->cast, known->patient), ACCT_BYTES) == 0 &&
           memcmp(found->requester, known->requester, ACCT_BYTES) == 0 && memcmp(subject, known->subject, ACCT_BYTES) == 0;
}

static void look_at_ticket(struct consent *consent, const struct apply *apply, uint32_t place)
{
    const struct consent_ticket *known = &consent->tickets[place];
    struct state_key key = key_ticket(&known->id);
    uint8_t value[TICKET_BYTES];
    struct ticket found;
    bool there = ticket_decode(&found, value, read_value(apply, &key, value, sizeof value)) == VERDICT_OK;

    if (there != (known->left == 0)) {
        UNSAFE(consent, "consent: after block %llu %s", (unsigned long long)consent->height, there ? "there is a ticket that had to leave" : "a ticket is missing that a request was to get");
    } else if (there && !is_same_ticket(consent, &found, known)) {
        UNSAFE(consent, "consent: after block %llu a ticket of patient %u is not what its request was to get", (unsigned long long)consent->height, known->patient);
    }
}

static void look_at_event(struct consent *consent, const struct apply *apply, const struct consent_event *known)
{
    const uint8_t *bytes = archive_find_event(&apply->archive, cast_patient_account(consent->cast, known->patient), known->place);
    struct audit_event found;

    if (bytes == NULL) {
        return; /* the archive holds the newest ones */
    }
    consent->marks[CONSENT_AUDITED]++;
    bool reads = audit_event_decode(&found, bytes, AUDIT_EVENT_BYTES) == VERDICT_OK;
    if (!reads || found.type != known->type || found.result != known->result || found.purpose != known->purpose || found.ptr != known->pointer || found.grant != known->grant) {
        UNSAFE(consent, "consent: event %llu of patient %u, in block %llu, says type %u, result %u, pointer %u, grant %u, but it is type %u, result %u, pointer %u, grant %u",
               (unsigned long long)known->place, known->patient, (unsigned long long)consent->height, reads ? found.type : 0, reads ? found.result : 0,
               reads ? found.ptr : 0, reads ? found.grant : 0, known->type, known->result, known->pointer, known->grant);
    }
}

/* look_at_patient compares the counters of a patient. */
static void look_at_patient(struct consent *consent, const struct apply *apply, uint32_t patient)
{
    const struct consent_patient *known = &consent->patients[patient];
    struct state_key key = key_patient(cast_patient_account(consent->cast, patient));
    uint8_t value[PATIENT_BYTES], policy = 0;
    struct patient found;
    uint32_t of_status[POINTER_ERASED + 1] = { 0 }, stand = 0;

    for (uint32_t number = 1; number <= known->pointers_count; number++) {
        uint8_t status = 0;
        (void)consent_pointer_at(consent, patient, number, CONSENT_NOW, &status);
        of_status[status]++;
    }
    for (uint32_t i = 0; i < known->grants_count; i++) {
        stand += known->grants[i].ended == 0 ? 1 : 0;
    }
    (void)consent_value_at(&known->policy, CONSENT_NOW, &policy);
    bool there = patient_decode(&found, value, read_value(apply, &key, value, sizeof value)) == VERDICT_OK;
    if (!known->there) {
        if (there) {
            UNSAFE(consent, "consent: after block %llu there is a patient %u whom nobody registered", (unsigned long long)consent->height, patient);
        }
        return;
    }
    if (!there || found.ptr_count != known->pointers_count || found.current != of_status[POINTER_CURRENT] || found.pending != of_status[POINTER_PENDING] ||
        found.grant_count != known->grants_count || found.active_grants != stand || found.default_policy != policy || found.audit_count != known->events) {
        UNSAFE(consent, "consent: after block %llu the counters of patient %u are not as its commands made them", (unsigned long long)consent->height, patient);
    }
}

void consent_look(struct consent *consent, const struct apply *apply)
{
    for (uint32_t i = 0; i < consent->events_count; i++) {
        look_at_event(consent, apply, &consent->events[i]);
    }
    for (uint32_t i = 0; i < consent->touches_count; i++) {
        const struct consent_touch *touch = &consent->touches[i];
        switch (touch->kind) {
        case TOUCH_POINTER: look_at_pointer(consent, apply, touch->patient, touch->number); break;
        case TOUCH_GRANT: look_at_grant(consent, apply, touch->patient, touch->number); break;
        case TOUCH_TICKET: look_at_ticket(consent, apply, touch->number - 1); break;
        case TOUCH_PRACTITIONER: look_at_practitioner(consent, apply, touch->number); break;
        }
    }
    for (uint32_t i = 0; i < cast_patients(&consent->cast->plan); i++) {
        look_at_patient(consent, apply, i);
    }
}
