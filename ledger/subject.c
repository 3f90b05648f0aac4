/* subject.c: see subject.h. */
#include "ledger/subject.h"

#include "base/assert.h"

#include <string.h>

enum code subject_patient(const struct exec *exec, enum subject_demand demand, struct patient *patient)
{
    const uint8_t *acct = command_body_patient(&exec->command);

    ASSERT(acct != NULL);
    if (!exec_get_patient(exec, acct, patient)) {
        return CODE_PATIENT_UNKNOWN;
    }
    ASSERT(patient->kx_epoch > 0);
    if (demand == SUBJECT_EXISTS) {
        return CODE_OK;
    }
    ASSERT(demand == SUBJECT_OPEN);
    if (patient->status == PATIENT_LOCKED) {
        return CODE_PATIENT_LOCKED;
    }
    return patient->status == PATIENT_ERASED ? CODE_PATIENT_ERASED : CODE_OK;
}

bool subject_is_sender(const struct exec *exec)
{
    const uint8_t *acct = command_body_patient(&exec->command);

    ASSERT(acct != NULL);
    return exec->sender.kind == SIGNER_PATIENT && memcmp(acct, exec->sender.acct, ACCT_BYTES) == 0;
}

bool actor_is_active(const struct actor *actor, uint64_t time_ms)
{
    return actor->status == ACTOR_ACTIVE && time_ms < actor->valid_until;
}

enum code subject_on_behalf(const struct exec *exec, struct actor *actor)
{
    const uint8_t *acct = command_body_on_behalf(&exec->command);
    struct actor found;

    if (acct == NULL) {
        return CODE_OK;
    }
    if (exec->sender.kind != SIGNER_ACTOR || !exec_get_actor(exec, acct, &found)) {
        return CODE_ROLE;
    }
    ASSERT(exec->sender.org > 0);
    ASSERT(found.org > 0);
    bool own = found.kind == ACTOR_PRACTITIONER && found.org == exec->sender.org;
    if (!own || !actor_is_active(&found, exec->time_ms)) {
        return CODE_ROLE;
    }
    if (actor != NULL) {
        *actor = found;
    }
    return CODE_OK;
}
