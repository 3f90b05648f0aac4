/* command_view.c: what the parts of the ledger that are common to all types ask of a decoded command. */
#include "ledger/command.h"

#include "base/assert.h"

enum code command_body_refusal(enum verdict verdict)
{
    ASSERT(verdict < VERDICT_COUNT);
    if (verdict == VERDICT_OK) {
        return CODE_OK;
    }
    if (verdict == VERDICT_TYPE) {
        return CODE_TYPE;
    }
    if (verdict == VERDICT_RESERVED) {
        return CODE_RESERVED;
    }
    bool length = verdict == VERDICT_SHORT || verdict == VERDICT_TRAILING || verdict == VERDICT_LENGTH;
    return length ? CODE_LENGTH : CODE_MALFORMED;
}

const uint8_t *command_body_patient(const struct command_body *command)
{
    switch (command->type) {
    case COMMAND_POINTER_ADD:
        return command->as.pointer_add.patient;
    case COMMAND_POINTER_DECIDE:
        return command->as.pointer_decide.patient;
    case COMMAND_POINTER_STATUS:
        return command->as.pointer_set_status.patient;
    case COMMAND_GRANT:
        return command->as.grant.patient;
    case COMMAND_REVOKE:
        return command->as.revoke.patient;
    case COMMAND_ACCESS_REQUEST:
        return command->as.access_request.patient;
    case COMMAND_PATIENT_SET:
        return command->as.patient_set.patient;
    case COMMAND_ACTOR_SET:
    case COMMAND_PATIENT_REGISTER:
    case COMMAND_DISCLOSE:
        return NULL;
    }
    ASSERT(false);
    return NULL;
}

const uint8_t *command_body_on_behalf(const struct command_body *command)
{
    const uint8_t *acct = NULL;

    if (command->type == COMMAND_POINTER_ADD) {
        acct = command->as.pointer_add.on_behalf;
    } else if (command->type == COMMAND_ACCESS_REQUEST) {
        acct = command->as.access_request.on_behalf;
    }
    return acct == NULL || bytes_are_zero(acct, ACCT_BYTES) ? NULL : acct;
}
