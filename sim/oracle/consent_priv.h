/* consent_priv.h: what the files that follow commands share. */
#ifndef WARD_SIM_ORACLE_CONSENT_PRIV_H
#define WARD_SIM_ORACLE_CONSENT_PRIV_H

#include "ledger/command.h"
#include "sim/oracle/consent.h"

#define CONSENT_NOBODY UINT32_MAX

/* One command as its block has it. */
struct consent_step {
    struct consent *consent;
    uint32_t sender;                /* of the cast */
    enum cast_role role;
    const uint8_t *account;         /* of the sender */
    uint16_t organisation;          /* 0: a patient, or who becomes one */
    const uint8_t *cosigner;        /* account, NULL: nobody; the cast has one at most */
    const struct command_body *body;
    const struct hash32 *id;
    uint32_t patient;               /* that the body names; CONSENT_NOBODY: there is none of that account */
    const uint8_t *on_behalf;       /* account, NULL: nobody */
    uint32_t creations;
};

/* consent_patient_of gives the patient of an account, CONSENT_NOBODY when there is none. */
uint32_t consent_patient_of(const struct consent *consent, const uint8_t *account);

/* consent_is_signed tells whether an account is sender or cosigner. */
bool consent_is_signed(const struct consent_step *step, const uint8_t *account);

/* consent_emit notes an event of the patient's trail; consent_emit_page one about the pointers of a page, or two when they are 128 apart. consent_touch notes what changed. */
void consent_emit(struct consent *consent, const struct consent_event *event);
void consent_emit_page(struct consent *consent, const struct consent_event *event, uint32_t base, const uint8_t bits[BITMAP_BYTES]);
void consent_touch(struct consent *consent, const struct consent_touch *touch);

/* Each gives the code of a command that its sender may send at all, and does it when that is CODE_OK. */
enum code consent_step_add(struct consent_step *step);
enum code consent_step_decide(struct consent_step *step);
enum code consent_step_status(struct consent_step *step);
enum code consent_step_request(struct consent_step *step);
enum code consent_step_disclose(struct consent_step *step);
enum code consent_step_grant(struct consent_step *step);
enum code consent_step_revoke(struct consent_step *step);
enum code consent_step_register(struct consent_step *step);
enum code consent_step_actor(struct consent_step *step);

/* consent_new_grant gives room for one more grant of a patient. */
struct consent_grant *consent_new_grant(struct consent_patient *patient);

#endif
