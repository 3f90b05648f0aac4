/* handlers_test.c: every type that the envelope knows, and every kind that can fall due, has its function; nothing else has one. */
#include "ledger/exec.h"

#include <criterion/criterion.h>

Test(handlers, every_built_type_is_executed_and_no_other)
{
    for (unsigned type = 0; type < 256; type++) {
        cr_assert_eq(exec_handler((uint8_t)type) != NULL, command_shape_of((uint8_t)type) != NULL, "type %u", type);
    }
}

Test(handlers, every_due_kind_is_worked_off_and_no_other)
{
    for (unsigned kind = 0; kind < 256; kind++) {
        bool exists = kind >= DUE_POINTER_EXPIRES && kind <= DUE_TICKET_LEAVES;
        cr_assert_eq(exec_due_handler((uint8_t)kind) != NULL, exists, "kind %u", kind);
    }
}
