/* handlers.c: which function executes which command type, and which works off which kind of due entry. */
#include "ledger/exec.h"

enum code (*exec_handler(uint8_t type))(struct exec *exec)
{
    static enum code (*const table[COMMAND_TYPE_MAX + 1])(struct exec *exec) = {
        [COMMAND_ACTOR_SET] = exec_actor_set,
        [COMMAND_PATIENT_REGISTER] = exec_patient_register,
        [COMMAND_PATIENT_SET] = exec_patient_set,
    };

    return type <= COMMAND_TYPE_MAX ? table[type] : NULL;
}

enum code (*exec_due_handler(uint8_t due_kind))(struct exec *exec, struct bytes key)
{
    (void)due_kind;
    return NULL;
}
