/* consent_records.c: what custodians and patients make of pointers, in the model of consent. A pointer's number is its place + 1. */
#include "base/assert.h"
#include "sim/oracle/consent_priv.h"

#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 64u              /* of one patient */
#define PENDING_OF_CUSTODIAN_MAX 8u  /* and of one organisation */
#define MONTH_NOW 287u               /* of CAST_GENESIS_MS, from January 2000 = 1: no story outlasts it */

static void set_status(struct consent *consent, uint32_t patient, uint32_t number, uint8_t status)
{
    ASSERT(number > 0);
    consent_value_set(consent, &consent->patients[patient].pointers[number - 1].status, consent->height, status);
    consent_touch(consent, &(struct consent_touch){ TOUCH_POINTER, patient, number });
}

static void emit(struct consent *consent, uint32_t patient, uint8_t type, uint8_t result, uint32_t number, uint32_t grant)
{
    consent_emit(consent, &(struct consent_event){ patient, 0, type, result, PURPOSE_NONE, number, grant });
}

static const struct consent_pointer *find(const struct consent *consent, uint32_t patient, uint32_t number, uint8_t *status)
{
    return consent_pointer_at(consent, patient, number, CONSENT_NOW, status);
}

/* supersede takes a pointer out of sight, if it is still current. One that is hidden is out of sight, and comes back as an old version. */
static void supersede(struct consent *consent, uint32_t patient, uint32_t number)
{
    uint8_t status = 0;

    if (find(consent, patient, number, &status) == NULL) {
        return;
    }
    if (status == POINTER_CURRENT) {
        set_status(consent, patient, number, POINTER_SUPERSEDED);
        emit(consent, patient, EVENT_POINTER_SUPERSEDED, 0, number, 0);
    } else if (status == POINTER_HIDDEN) {
        consent->patients[patient].pointers[number - 1].replaced = true;
        consent_touch(consent, &(struct consent_touch){ TOUCH_POINTER, patient, number });
    }
}

/* --- 08 ------------------------------------------------------------------------------------------------------------- */

/* settle decides on what a new pointer stands: the patient's own signature, a grant, or what the one that it supersedes stands on. */
static void settle(const struct consent_step *step, const uint8_t *author, struct consent_pointer *pointer)
{
    const struct consent *consent = step->consent;
    struct consent_question question = { .patient = step->patient, .subject = author, .subject_signed = consent_is_signed(step, author),
        .organisation = step->organisation, .time_ms = consent->time_ms, .height = CONSENT_NOW };
    uint8_t status = 0;
    const struct consent_pointer *before = find(consent, step->patient, pointer->supersedes, &status);

    pointer->grant = consent_may_write(consent, &question, pointer);
    pointer->basis = pointer->grant > 0 ? BASIS_STANDING : BASIS_NONE;
    if (consent_is_signed(step, cast_patient_account(consent->cast, step->patient))) {
        pointer->basis = BASIS_COSIGNED;
        pointer->grant = 0;
    } else if (pointer->grant == 0 && before != NULL && before->record_class == pointer->record_class && before->conf == pointer->conf) {
        pointer->basis = before->basis;
        pointer->grant = before->grant;
    }
}

/* check_item looks at what an item says, and at what it supersedes. */
static enum code check_item(const struct consent_step *step, const struct pointer_add_item *item)
{
    uint8_t status = 0;
    const struct consent_pointer *before = find(step->consent, step->patient, item->supersedes, &status);

    if (item->record_class > CLASS_OTHER || (CLASS_MASK_KNOWN >> item->record_class & 1) == 0) {
        return CODE_CLASS;
    }
    if (item->conf > CONF_VERY_RESTRICTED) {
        return CODE_CONF;
    }
    if (item->service_month > MONTH_NOW) {
        return CODE_MONTH;
    }
    if (item->supersedes > 0 && (before == NULL || before->custodian != step->organisation)) {
        return CODE_SUPERSEDE_CUSTODIAN;
    }
    return item->supersedes > 0 && status != POINTER_CURRENT ? CODE_SUPERSEDE_TARGET : CODE_OK;
}

/* has_room_to_wait tells whether one more pointer may wait for its patient. */
static bool has_room_to_wait(const struct consent_step *step)
{
    uint32_t all = 0, of_custodian = 0;

    for (uint32_t number = 1; number <= step->consent->patients[step->patient].pointers_count; number++) {
        uint8_t status = 0;
        const struct consent_pointer *pointer = find(step->consent, step->patient, number, &status);
        bool waits = pointer != NULL && status == POINTER_PENDING;
        all += waits ? 1 : 0;
        of_custodian += waits && pointer->custodian == step->organisation ? 1 : 0;
    }
    return all < PENDING_MAX && of_custodian < PENDING_OF_CUSTODIAN_MAX;
}

static void add(struct consent_step *step, const struct consent_pointer *pointer)
{
    struct consent_patient *patient = &step->consent->patients[step->patient];
    bool waits = pointer->basis == BASIS_NONE;

    if (patient->pointers_count == patient->pointers_room) {
        patient->pointers_room = 2 * patient->pointers_room + 16;
        patient->pointers = realloc(patient->pointers, patient->pointers_room * sizeof *patient->pointers);
        ASSERT(patient->pointers != NULL);
    }
    patient->pointers[patient->pointers_count++] = *pointer;
    uint32_t number = patient->pointers_count;
    set_status(step->consent, step->patient, number, waits ? POINTER_PENDING : POINTER_CURRENT);
    emit(step->consent, step->patient, waits ? EVENT_POINTER_PROPOSED : EVENT_POINTER_APPROVED, pointer->basis, number, pointer->grant);
    if (!waits && pointer->supersedes > 0) {
        supersede(step->consent, step->patient, pointer->supersedes);
    }
    step->creations++;
}

enum code consent_step_add(struct consent_step *step)
{
    const struct pointer_add *body = &step->body->as.pointer_add;
    const struct pointer_add_item *item = &body->items[0];
    const uint8_t *author = step->on_behalf != NULL ? step->on_behalf : step->account;

    ASSERT(body->count == 1); /* as the cast sends them; more would have to be undone together */
    if (body->kx_epoch != 1) {
        return CODE_EPOCH_STALE;
    }
    enum code code = check_item(step, item);
    if (code != CODE_OK) {
        return code;
    }
    struct consent_pointer pointer = { .custodian = step->organisation, .record_class = item->record_class, .conf = item->conf, .month = item->service_month,
        .supersedes = item->supersedes, .made = step->consent->height };
    settle(step, author, &pointer);
    if (pointer.basis == BASIS_NONE && !has_room_to_wait(step)) {
        return CODE_LIMIT_PENDING;
    }
    add(step, &pointer);
    return CODE_OK;
}

/* --- 09 and 10 ------------------------------------------------------------------------------------------------------ */

enum code consent_step_decide(struct consent_step *step)
{
    const struct pointer_decide *body = &step->body->as.pointer_decide;
    struct consent *consent = step->consent;

    for (uint32_t i = 0; i < body->count; i++) {
        uint8_t status = 0;
        if (find(consent, step->patient, body->seqs[i], &status) == NULL) {
            return CODE_PTR_UNKNOWN;
        }
        if (status != POINTER_PENDING) {
            return CODE_PTR_STATE;
        }
    }
    for (uint32_t i = 0; i < body->count; i++) {
        struct consent_pointer *pointer = &consent->patients[step->patient].pointers[body->seqs[i] - 1];
        bool approves = body->approve == 1;
        pointer->basis = approves ? BASIS_APPROVED : BASIS_NONE;
        set_status(consent, step->patient, body->seqs[i], approves ? POINTER_CURRENT : POINTER_REFUSED);
        consent->marks[CONSENT_APPROVED] += approves ? 1 : 0;
        emit(consent, step->patient, approves ? EVENT_POINTER_APPROVED : EVENT_POINTER_REFUSED, approves ? BASIS_APPROVED : POINTER_REFUSED, body->seqs[i], 0);
        if (approves && pointer->supersedes > 0) {
            supersede(consent, step->patient, pointer->supersedes);
        }
    }
    return CODE_OK;
}

/* becomes gives the status that an operation makes of another, 0 when it may not. */
static uint8_t becomes(uint8_t op, uint8_t status, bool replaced)
{
    bool is_seen = status == POINTER_PENDING || status == POINTER_CURRENT || status == POINTER_SUPERSEDED || status == POINTER_HIDDEN;

    switch (op) {
    case POINTER_SET_ERROR: return is_seen ? POINTER_ERROR : 0;
    case POINTER_SET_WITHDRAWN: return is_seen ? POINTER_WITHDRAWN : 0;
    case POINTER_HIDE: return status == POINTER_CURRENT ? POINTER_HIDDEN : 0;
    default: return status != POINTER_HIDDEN ? 0 : replaced ? POINTER_SUPERSEDED : POINTER_CURRENT;
    }
}

enum code consent_step_status(struct consent_step *step)
{
    const struct pointer_set_status *body = &step->body->as.pointer_set_status;
    bool by_custodian = body->op == POINTER_SET_ERROR || body->op == POINTER_SET_WITHDRAWN;

    for (uint32_t i = 0; i < body->count; i++) {
        uint8_t status = 0;
        const struct consent_pointer *pointer = find(step->consent, step->patient, body->seqs[i], &status);
        if (by_custodian && (pointer == NULL || pointer->custodian != step->organisation)) {
            return CODE_NOT_CUSTODIAN;
        }
        if (pointer == NULL) {
            return CODE_PTR_UNKNOWN;
        }
        if (becomes(body->op, status, pointer->replaced) == 0) {
            return CODE_PTR_STATE;
        }
    }
    for (uint32_t i = 0; i < body->count; i++) {
        uint8_t status = 0;
        const struct consent_pointer *pointer = find(step->consent, step->patient, body->seqs[i], &status);
        set_status(step->consent, step->patient, body->seqs[i], becomes(body->op, status, pointer->replaced));
        emit(step->consent, step->patient, by_custodian ? EVENT_POINTER_RETRACTED : EVENT_POINTER_HIDDEN, body->op, body->seqs[i], 0);
    }
    return CODE_OK;
}
