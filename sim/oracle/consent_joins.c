/* consent_joins.c: who is registered while it goes on, in the model of consent: patients, for whom a record system vouches, and practitioners, whom admins suspend and retire. */
#include "base/assert.h"
#include "sim/oracle/consent_priv.h"

#include <string.h>

#define GRANT_MS_MAX (UINT64_C(5) * 365 * 86400000)

/* --- 03 ------------------------------------------------------------------------------------------------------------- */

static uint8_t status_of(const struct consent *consent, uint32_t practitioner) { return consent_status(consent, practitioner, CONSENT_NOW); }

static void set_status(struct consent *consent, uint32_t practitioner, enum actor_status status)
{
    consent_value_set(consent, &consent->practitioners[practitioner].status, consent->height, (uint8_t)status);
    consent_touch(consent, &(struct consent_touch){ TOUCH_PRACTITIONER, 0, practitioner });
}

/* is_used: somebody was registered with this key, under whatever account. */
static bool is_used(const struct consent *consent, const uint8_t key[KEY_BYTES])
{
    const struct cast *cast = consent->cast;
    bool used = false;

    for (uint32_t i = 0; i < cast->plan.actors_count; i++) {
        const struct cast_actor *actor = &cast->actors[i];
        used = used || memcmp(actor->practitioner_key.public_key, key, KEY_BYTES) == 0;
        used = used || (status_of(consent, cast->plan.actors_count + i) != 0 && memcmp(actor->recruit_key.public_key, key, KEY_BYTES) == 0);
    }
    return used;
}

static enum code enlist(struct consent_step *step, const struct actor_set *body)
{
    struct consent *consent = step->consent;
    uint32_t who = cast_practitioner(consent->cast, body->acct);

    if (who != CAST_NOBODY && status_of(consent, who) != 0) {
        return CODE_EXISTS;
    }
    if (is_used(consent, body->pk)) {
        return CODE_KEY_REUSE;
    }
    ASSERT(who != CAST_NOBODY); /* the cast registers nobody else */
    consent->practitioners[who].ends_ms = body->valid_until;
    set_status(consent, who, ACTOR_ACTIVE);
    consent->marks[CONSENT_RECRUITED]++;
    step->creations = 1;
    return CODE_OK;
}

enum code consent_step_actor(struct consent_step *step)
{
    const struct actor_set *body = &step->body->as.actor_set;
    struct consent *consent = step->consent;

    if (body->op == ACTOR_REGISTER) {
        return enlist(step, body);
    }
    uint32_t who = cast_practitioner(consent->cast, body->acct);
    uint8_t before = who == CAST_NOBODY ? 0 : status_of(consent, who), after = body->op == ACTOR_SUSPEND ? ACTOR_SUSPENDED : ACTOR_RETIRED;
    if (before == 0 || consent->cast->actors[who % consent->cast->plan.actors_count].organisation != step->organisation) {
        return CODE_NOT_OWNER;
    }
    set_status(consent, who, before < after ? after : before);
    return CODE_OK;
}

/* --- 04 ------------------------------------------------------------------------------------------------------------- */

/* let_write gives the hospital that vouched what a GRANT of the patient could have given it. */
static void let_write(struct consent *consent, uint32_t patient, uint16_t organisation)
{
    struct consent_grant *grant = consent_new_grant(&consent->patients[patient]);
    uint32_t number = consent->patients[patient].grants_count;

    *grant = (struct consent_grant){ .permits = true, .writes = true, .to = GRANTEE_ORG, .conf_max = CONF_RESTRICTED, .organisation = organisation, .classes = CLASS_MASK_ALL,
        .begins_ms = consent->time_ms, .ends_ms = consent->time_ms + GRANT_MS_MAX, .made = consent->height };
    consent_touch(consent, &(struct consent_touch){ TOUCH_GRANT, patient, number });
    consent_emit(consent, &(struct consent_event){ patient, 0, EVENT_GRANT, EFFECT_PERMIT, PURPOSE_NONE, 0, number });
}

enum code consent_step_register(struct consent_step *step)
{
    const struct patient_register *body = &step->body->as.patient_register;
    struct consent *consent = step->consent;
    uint32_t patient = cast_own_patient(&consent->cast->plan, step->sender), voucher = cast_sender(consent->cast, step->cosigner);

    ASSERT(patient != CAST_NOBODY);
    ASSERT(voucher < consent->cast->plan.actors_count); /* a record system */
    if (consent->patients[patient].there) {
        return CODE_EXISTS;
    }
    consent->patients[patient].there = true;
    consent_value_set(consent, &consent->patients[patient].policy, consent->height, body->default_policy);
    consent_emit(consent, &(struct consent_event){ patient, 0, EVENT_REGISTERED, 0, PURPOSE_NONE, 0, 0 });
    consent->marks[CONSENT_JOINED]++;
    step->creations = 1;
    if ((body->flags & REGISTER_STANDING_WRITE) != 0) {
        let_write(consent, patient, consent->cast->actors[voucher].organisation);
        step->creations++;
    }
    return CODE_OK;
}
