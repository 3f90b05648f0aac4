/* consent_follow.c: see consent_follow.h. A command is checked whole before anything changes: one that fails leaves nothing but its nonce. */
#include "sim/oracle/consent_follow.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "sim/oracle/consent_priv.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>
#include <string.h>

#define UNSAFE(consent, ...) oracle_fail((consent)->failure, FAILURE_SAFETY, __VA_ARGS__)

#define GRANTS_LIVE_MAX 256u
#define GRANTS_SWEPT 8u        /* by each GRANT */
#define DUE_OF_CREATION 2u
#define DUE_OF_BLOCK 64u
#define GRANT_MS_MAX (UINT64_C(5) * 365 * 86400000)
#define PURPOSES_KNOWN ((1u << PURPOSE_COUNT) - 1)

/* --- What is noted -------------------------------------------------------------------------------------------------- */

void consent_emit(struct consent *consent, const struct consent_event *event)
{
    if (consent->events_count == consent->events_room) {
        consent->events_room = 2 * consent->events_room + 64;
        consent->events = realloc(consent->events, consent->events_room * sizeof *consent->events);
        ASSERT(consent->events != NULL);
    }
    consent->events[consent->events_count] = *event;
    consent->events[consent->events_count++].place = consent->patients[event->patient].events++;
}

void consent_emit_page(struct consent *consent, const struct consent_event *event, uint32_t base, const uint8_t bits[BITMAP_BYTES])
{
    struct consent_event part = *event;
    uint32_t next = 0; /* the first bit that no event names */

    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        if ((bits[bit / 8] >> bit % 8 & 1) != 0 && bit >= next) {
            part.pointer = base + bit;
            next = bit + TICKET_PAGE / 2;
            consent_emit(consent, &part);
        }
    }
    ASSERT(next > 0);
}

void consent_touch(struct consent *consent, const struct consent_touch *touch)
{
    if (consent->touches_count == consent->touches_room) {
        consent->touches_room = 2 * consent->touches_room + 64;
        consent->touches = realloc(consent->touches, consent->touches_room * sizeof *consent->touches);
        ASSERT(consent->touches != NULL);
    }
    consent->touches[consent->touches_count++] = *touch;
}

/* --- Who ------------------------------------------------------------------------------------------------------------ */

uint32_t consent_patient_of(const struct consent *consent, const uint8_t *account)
{
    uint32_t count = cast_patients(&consent->cast->plan), patient = 0;

    while (patient < count && memcmp(cast_patient_account(consent->cast, patient), account, ACCT_BYTES) != 0) {
        patient++;
    }
    return patient < count && consent->patients[patient].there ? patient : CONSENT_NOBODY;
}

bool consent_is_signed(const struct consent_step *step, const uint8_t *account)
{
    return memcmp(step->account, account, ACCT_BYTES) == 0 || (step->cosigner != NULL && memcmp(step->cosigner, account, ACCT_BYTES) == 0);
}

/* --- Grants --------------------------------------------------------------------------------------------------------- */

static void end_grant(struct consent *consent, uint32_t patient, uint32_t number)
{
    struct consent_grant *grant = &consent->patients[patient].grants[number - 1];

    ASSERT(grant->ended == 0);
    grant->ended = consent->height;
    consent_touch(consent, &(struct consent_touch){ TOUCH_GRANT, patient, number });
}

static bool is_over(const struct consent *consent, const struct consent_grant *grant)
{
    return grant->ended == 0 && grant->ends_ms <= consent->time_ms;
}

/* is_sooner compares places in the queue of what falls due. */
static bool is_sooner(const struct consent *consent, uint64_t ends_ms, uint32_t patient, uint64_t than_ms, uint32_t than)
{
    if (ends_ms != than_ms) {
        return ends_ms < than_ms;
    }
    return patient != than && memcmp(cast_patient_account(consent->cast, patient), cast_patient_account(consent->cast, than), ACCT_BYTES) < 0;
}

/* end_soonest ends the grant that is over for the longest time. Gives: false when none is. */
static bool end_soonest(struct consent *consent)
{
    uint32_t patient = 0, number = 0;
    uint64_t soonest_ms = UINT64_MAX;

    for (uint32_t i = 0; i < cast_patients(&consent->cast->plan); i++) {
        for (uint32_t k = 0; k < consent->patients[i].grants_count; k++) {
            const struct consent_grant *grant = &consent->patients[i].grants[k];
            if (is_over(consent, grant) && (number == 0 || is_sooner(consent, grant->ends_ms, i, soonest_ms, patient))) {
                patient = i;
                number = k + 1;
                soonest_ms = grant->ends_ms;
            }
        }
    }
    if (number > 0) {
        end_grant(consent, patient, number);
        consent->marks[CONSENT_RAN_OUT]++;
    }
    return number > 0;
}

static void work_off(struct consent *consent, uint32_t most)
{
    for (uint32_t i = 0; i < most && end_soonest(consent); i++) {
    }
}

static uint16_t organisation_of(const uint8_t grantee[ACCT_BYTES])
{
    return (uint16_t)(grantee[ACCT_BYTES - 2] << 8 | grantee[ACCT_BYTES - 1]);
}

/* works_for gives the organisation of an actor that is registered, 0 when none of this account is. */
static uint16_t works_for(const struct consent *consent, const uint8_t account[ACCT_BYTES])
{
    const struct cast *cast = consent->cast;
    uint32_t practitioner = cast_practitioner(cast, account);
    uint16_t organisation = 0;

    for (uint32_t i = 0; i < cast->plan.actors_count; i++) {
        organisation = memcmp(cast->actors[i].account, account, ACCT_BYTES) == 0 ? cast->actors[i].organisation : organisation;
    }
    if (practitioner != CAST_NOBODY && consent_status(consent, practitioner, CONSENT_NOW) != 0) {
        organisation = cast->actors[practitioner % cast->plan.actors_count].organisation;
    }
    return organisation;
}

/* is_known tells whether whom a grant names exists. */
static bool is_known(const struct consent *consent, const struct grant_body *body)
{
    bool is_number = bytes_are_zero(body->grantee, ACCT_BYTES - 2);
    uint16_t number = organisation_of(body->grantee);
    uint32_t practitioner = cast_practitioner(consent->cast, body->grantee);
    bool is_actor = works_for(consent, body->grantee) != 0 && (practitioner == CAST_NOBODY || consent_status(consent, practitioner, CONSENT_NOW) != ACTOR_RETIRED);

    switch (body->gtype) {
    case GRANTEE_ACTOR: return is_actor;
    case GRANTEE_ORG: return is_number && number >= 1 && number <= consent->cast->plan.members_count;
    default: return is_number && number == 0;
    }
}

static bool has_no_scope(const struct consent *consent, const struct grant_body *body, uint32_t patient)
{
    bool sealed = body->ptr_seq > 0 || (body->flags & GRANT_SEALED) != 0 || body->effect == EFFECT_DENY;

    if (body->class_mask == 0 || (body->class_mask & ~CLASS_MASK_KNOWN) != 0 || (body->class_mask == 1 && !sealed)) {
        return true;
    }
    return body->custodian > consent->cast->plan.members_count || body->ptr_seq > consent->patients[patient].pointers_count ||
           (body->kind == GRANT_WRITE && body->ptr_seq > 0);
}

static bool has_wrong_purposes(const struct grant_body *body)
{
    if (body->kind == GRANT_WRITE) {
        return body->purposes != 0;
    }
    return body->purposes == 0 || (body->purposes & ~PURPOSES_KNOWN) != 0 || (body->purposes >> PURPOSE_HRESCH & 1) != 0;
}

static uint32_t live_of(const struct consent_patient *patient)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < patient->grants_count; i++) {
        count += patient->grants[i].ended == 0;
    }
    return count;
}

static enum code check_grant(const struct consent_step *step, uint32_t swept)
{
    const struct grant_body *body = &step->body->as.grant;
    const struct consent *consent = step->consent;
    bool turned = body->from_month > 0 && body->to_month > 0 && body->from_month > body->to_month;

    if (has_no_scope(consent, body, step->patient)) {
        return CODE_SCOPE_EMPTY;
    }
    if (has_wrong_purposes(body)) {
        return CODE_PURPOSE;
    }
    if (turned || body->expires <= body->not_before || body->expires <= consent->time_ms) {
        return CODE_PERIOD;
    }
    if (body->expires > consent->time_ms + GRANT_MS_MAX) {
        return CODE_PERIOD_LONG;
    }
    if (!is_known(consent, body)) {
        return CODE_GRANTEE;
    }
    if (live_of(&consent->patients[step->patient]) - swept >= GRANTS_LIVE_MAX) {
        return CODE_LIMIT_GRANTS;
    }
    return body->kx_epoch == 1 ? CODE_OK : CODE_EPOCH_STALE;
}

struct consent_grant *consent_new_grant(struct consent_patient *patient)
{
    if (patient->grants_count == patient->grants_room) {
        patient->grants_room = 2 * patient->grants_room + 8;
        patient->grants = realloc(patient->grants, patient->grants_room * sizeof *patient->grants);
        ASSERT(patient->grants != NULL);
    }
    return &patient->grants[patient->grants_count++];
}

/* sweep counts the first few grants of the patient that are over, and ends them when it is for sure. */
static uint32_t sweep(struct consent *consent, uint32_t patient, bool for_sure)
{
    struct consent_patient *of = &consent->patients[patient];
    uint32_t swept = 0;

    for (uint32_t i = 0; i < of->grants_count && swept < GRANTS_SWEPT; i++) {
        bool over = is_over(consent, &of->grants[i]);
        swept += over ? 1 : 0;
        if (over && for_sure) {
            end_grant(consent, patient, i + 1);
        }
    }
    return swept;
}

enum code consent_step_grant(struct consent_step *step)
{
    const struct grant_body *body = &step->body->as.grant;
    struct consent *consent = step->consent;
    enum code code = check_grant(step, sweep(consent, step->patient, false));

    if (code != CODE_OK) {
        return code;
    }
    (void)sweep(consent, step->patient, true);
    struct consent_grant *grant = consent_new_grant(&consent->patients[step->patient]);
    *grant = (struct consent_grant){ .permits = body->effect == EFFECT_PERMIT, .writes = body->kind == GRANT_WRITE, .to = body->gtype, .conf_max = body->conf_max,
        .organisation = organisation_of(body->grantee), .classes = body->class_mask, .purposes = body->purposes, .custodian = body->custodian,
        .history = (body->flags & GRANT_HISTORY) != 0, .sealed = (body->flags & GRANT_SEALED) != 0, .pointer = body->ptr_seq, .from_month = body->from_month,
        .to_month = body->to_month, .begins_ms = body->not_before, .ends_ms = body->expires, .uses_max = body->max_uses, .made = consent->height };
    memcpy(grant->grantee, body->grantee, ACCT_BYTES);
    uint32_t number = consent->patients[step->patient].grants_count;
    consent_touch(consent, &(struct consent_touch){ TOUCH_GRANT, step->patient, number });
    consent_emit(consent, &(struct consent_event){ step->patient, 0, EVENT_GRANT, body->effect, PURPOSE_NONE, body->ptr_seq, number });
    step->creations = 1;
    return CODE_OK;
}

static bool is_own(const struct consent_step *step)
{
    return memcmp(step->account, cast_patient_account(step->consent->cast, step->patient), ACCT_BYTES) == 0;
}

/* may_revoke: the patient itself may; of a permit also the actor that it names, and the admin of the organisation that it names or that this actor works for. */
static bool may_revoke(const struct consent_step *step, const struct consent_grant *grant)
{
    if (step->organisation == 0) {
        return is_own(step);
    }
    if (step->role == CAST_ADMIN) {
        uint16_t of = grant->to == GRANTEE_ORG ? grant->organisation : grant->to == GRANTEE_ACTOR ? works_for(step->consent, grant->grantee) : 0;
        return grant->permits && of == step->organisation;
    }
    return grant->permits && grant->to == GRANTEE_ACTOR && memcmp(grant->grantee, step->account, ACCT_BYTES) == 0;
}

enum code consent_step_revoke(struct consent_step *step)
{
    const struct revoke *body = &step->body->as.revoke;
    struct consent *consent = step->consent;
    struct consent_patient *patient = &consent->patients[step->patient];

    for (uint32_t i = 0; i < body->count; i++) {
        uint32_t number = body->seqs[i];
        if (number == 0 || number > patient->grants_count || patient->grants[number - 1].ended != 0) {
            return is_own(step) ? CODE_GRANT_UNKNOWN : CODE_ROLE; /* whose grants these are is nobody else's business */
        }
        if (!may_revoke(step, &patient->grants[number - 1])) {
            return CODE_ROLE;
        }
        if (is_over(consent, &patient->grants[number - 1])) {
            return CODE_GRANT_STATE;
        }
    }
    for (uint32_t i = 0; i < body->count; i++) {
        const struct consent_grant *grant = &patient->grants[body->seqs[i] - 1];
        uint8_t effect = grant->permits ? EFFECT_PERMIT : EFFECT_DENY;
        consent_emit(consent, &(struct consent_event){ step->patient, 0, EVENT_REVOKE, effect, PURPOSE_NONE, grant->pointer, body->seqs[i] });
        end_grant(consent, step->patient, body->seqs[i]);
    }
    return CODE_OK;
}

static enum code set_policy(struct consent_step *step)
{
    const struct patient_set *body = &step->body->as.patient_set;

    consent_value_set(step->consent, &step->consent->patients[step->patient].policy, step->consent->height, body->default_policy);
    consent_emit(step->consent, &(struct consent_event){ step->patient, 0, EVENT_POLICY, body->op, PURPOSE_NONE, 0, 0 });
    return CODE_OK;
}

/* --- A command ------------------------------------------------------------------------------------------------------ */

/* may_send: the kinds of commands that a sender may send. */
static bool may_send(const struct consent_step *step)
{
    bool own = step->patient != CONSENT_NOBODY && step->patient == cast_own_patient(&step->consent->cast->plan, step->sender);
    bool cares = step->role == CAST_SYSTEM || step->role == CAST_PRACTITIONER;
    uint8_t op = step->body->as.pointer_set_status.op;

    switch (step->body->type) {
    case COMMAND_POINTER_ADD: return cares;
    case COMMAND_POINTER_STATUS: return op == POINTER_HIDE || op == POINTER_UNHIDE ? own : cares;
    case COMMAND_POINTER_DECIDE:
    case COMMAND_GRANT:
    case COMMAND_PATIENT_SET: return own;
    case COMMAND_DISCLOSE: return step->role == CAST_SYSTEM;
    case COMMAND_ACCESS_REQUEST: return step->role != CAST_ADMIN;
    case COMMAND_ACTOR_SET: return step->role == CAST_ADMIN;
    case COMMAND_REVOKE:
    case COMMAND_PATIENT_REGISTER: break;
    }
    return true;
}

/* acts: who signs is in good standing. Of practitioners alone anything else is ever said. */
static bool acts(const struct consent_step *step, const uint8_t *account)
{
    uint32_t who = cast_practitioner(step->consent->cast, account);

    return who == CAST_NOBODY || consent_acts(step->consent, who, step->consent->time_ms, CONSENT_NOW);
}

/* stands_for: whoever acts for another acts for a practitioner of its own organisation, who could act too. */
static bool stands_for(const struct consent_step *step)
{
    const struct cast *cast = step->consent->cast;
    uint32_t who = cast_practitioner(cast, step->on_behalf);

    return step->organisation > 0 && who != CAST_NOBODY && cast->actors[who % cast->plan.actors_count].organisation == step->organisation &&
           consent_acts(step->consent, who, step->consent->time_ms, CONSENT_NOW);
}

static enum code follow(struct consent_step *step)
{
    if ((step->cosigner != NULL && !acts(step, step->cosigner)) || (step->body->type != COMMAND_DISCLOSE && !acts(step, step->account))) {
        step->consent->marks[CONSENT_SUSPENDED]++;
        return CODE_SENDER_SUSPENDED;
    }
    if (!may_send(step) || (step->on_behalf != NULL && !stands_for(step))) {
        return CODE_ROLE;
    }
    if (step->body->type == COMMAND_DISCLOSE) {
        return consent_step_disclose(step);
    }
    if (step->body->type == COMMAND_PATIENT_REGISTER) {
        return consent_step_register(step);
    }
    if (step->body->type == COMMAND_ACTOR_SET) {
        return consent_step_actor(step);
    }
    if (step->patient == CONSENT_NOBODY) {
        return CODE_PATIENT_UNKNOWN;
    }
    switch (step->body->type) {
    case COMMAND_POINTER_ADD: return consent_step_add(step);
    case COMMAND_POINTER_DECIDE: return consent_step_decide(step);
    case COMMAND_POINTER_STATUS: return consent_step_status(step);
    case COMMAND_GRANT: return consent_step_grant(step);
    case COMMAND_REVOKE: return consent_step_revoke(step);
    case COMMAND_ACCESS_REQUEST: return consent_step_request(step);
    case COMMAND_PATIENT_SET: return set_policy(step);
    case COMMAND_DISCLOSE:
    case COMMAND_ACTOR_SET:
    case COMMAND_PATIENT_REGISTER: break;
    }
    ASSERT(false);
    return CODE_OK;
}

/* read_step takes a command apart. Gives: false when nobody of the cast sent it, or it is none. */
static bool read_step(struct consent *consent, const struct apply_block *block, uint32_t i, struct command_body *body, struct consent_step *step)
{
    struct bytes bytes = bytes_of(block->body.data + block->commands[i].offset, block->commands[i].envelope_bytes);
    struct envelope envelope;

    if (envelope_decode(&envelope, bytes) != CODE_OK || command_body_decode(body, envelope.type, envelope.body.data, envelope.body.size) != VERDICT_OK) {
        return false;
    }
    *step = (struct consent_step){ .consent = consent, .sender = cast_sender(consent->cast, envelope.sender), .account = envelope.sender, .body = body,
        .id = &block->commands[i].id, .patient = CONSENT_NOBODY, .on_behalf = command_body_on_behalf(body) };
    if (step->sender >= cast_senders(&consent->cast->plan)) {
        return false;
    }
    step->role = cast_role(&consent->cast->plan, step->sender);
    step->organisation = cast_organisation(consent->cast, step->sender);
    step->cosigner = envelope.cosigners_count > 0 ? envelope.cosigners[0].account : NULL;
    const uint8_t *patient = command_body_patient(body);
    step->patient = patient == NULL ? CONSENT_NOBODY : consent_patient_of(consent, patient);
    return true;
}

/* note_beside counts blocks in which a grant is revoked and somebody asks for the records of its patient. */
static void note_beside(struct consent *consent, const struct consent_step *step, uint64_t *revoked, uint64_t *asked)
{
    uint64_t bit = step->patient == CONSENT_NOBODY ? 0 : UINT64_C(1) << step->patient % 64;

    *revoked |= step->body->type == COMMAND_REVOKE ? bit : 0;
    *asked |= step->body->type == COMMAND_ACCESS_REQUEST ? bit : 0;
    consent->marks[CONSENT_BESIDE] += (*revoked & *asked & bit) != 0 ? 1 : 0;
}

void consent_executed(struct consent *consent, const struct apply_block *block, const struct apply *apply)
{
    static struct command_body body;
    uint64_t revoked = 0, asked = 0;

    ASSERT(block->header->height > consent->height);
    consent->height = block->header->height;
    consent->time_ms = block->header->time_ms;
    ASSERT(consent->time_ms < cast_tenure_ends_ms(&consent->cast->plan)); /* whoever sends is registered */
    consent->events_count = consent->touches_count = 0;
    for (uint32_t i = 0; i < block->header->commands_count; i++) {
        struct consent_step step;
        if (!read_step(consent, block, i, &body, &step)) {
            return; /* others see to it that such a command is told */
        }
        enum code code = follow(&step);
        if (block->codes[i] != code) {
            UNSAFE(consent, "consent: command %u of block %llu, a %s, gets %s, but it is %s", i, (unsigned long long)block->header->height,
                   command_type_name((uint8_t)body.type), code_name(block->codes[i]), code_name(code));
            return;
        }
        consent->marks[CONSENT_FAILED] += code != CODE_OK ? 1 : 0;
        note_beside(consent, &step, &revoked, &asked);
        work_off(consent, code == CODE_OK ? DUE_OF_CREATION * step.creations : 0);
    }
    work_off(consent, DUE_OF_BLOCK);
    consent_look(consent, apply);
}
