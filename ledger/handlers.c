/* handlers.c: which function executes which command type, and which works off which kind of due entry. */
#include "ledger/exec.h"

enum code (*exec_handler(uint8_t type))(struct exec *exec)
{
    static enum code (*const table[COMMAND_TYPE_MAX + 1])(struct exec *exec) = {
        [COMMAND_ACTOR_SET] = exec_actor_set,
        [COMMAND_PATIENT_REGISTER] = exec_patient_register,
        [COMMAND_POINTER_ADD] = exec_pointer_add,
        [COMMAND_POINTER_DECIDE] = exec_pointer_decide,
        [COMMAND_POINTER_STATUS] = exec_pointer_status,
        [COMMAND_GRANT] = exec_grant,
        [COMMAND_REVOKE] = exec_revoke,
        [COMMAND_ACCESS_REQUEST] = exec_access_request,
        [COMMAND_DISCLOSE] = exec_disclose,
        [COMMAND_PATIENT_SET] = exec_patient_set,
    };

    return type <= COMMAND_TYPE_MAX ? table[type] : NULL;
}

enum code (*exec_due_handler(uint8_t due_kind))(struct exec *exec, struct bytes key)
{
    static enum code (*const table[])(struct exec *exec, struct bytes key) = {
        [DUE_POINTER_EXPIRES] = exec_due_pointer,
        [DUE_POINTER_LEAVES] = exec_due_pointer,
        [DUE_GRANT_EXPIRES] = exec_due_grant,
        [DUE_TICKET_LEAVES] = exec_due_ticket,
    };

    return due_kind < sizeof table / sizeof table[0] ? table[due_kind] : NULL;
}
