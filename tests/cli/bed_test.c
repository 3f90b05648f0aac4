/* bed_test.c: a throw-away cluster that cannot be laid out ends with the exit code of the table. */
#include "cli/bed.h"

#include <criterion/criterion.h>

/* Source: docs/operations.md, "Exit codes" and "What a path or an endpoint is refused with". */
Test(bed, each_failure_has_the_exit_code_of_the_table)
{
    static const struct {
        enum err err;
        enum exit_code code;
    } rows[] = {
        { ERR_NOT_FOUND, EXIT_CONFIGURATION }, { ERR_FULL, EXIT_CONFIGURATION },     { ERR_INVALID, EXIT_CONFIGURATION }, { ERR_EXISTS, EXIT_REFUSED },
        { ERR_UNSUPPORTED, EXIT_ENVIRONMENT }, { ERR_NO_SPACE, EXIT_RESOURCE },      { ERR_NO_MEMORY, EXIT_RESOURCE },    { ERR_IO, EXIT_RESOURCE },
        { ERR_PERMISSION, EXIT_PERMISSION },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(bed_exit(rows[i].err), rows[i].code, "%s: %d", err_name(rows[i].err), (int)bed_exit(rows[i].err));
    }
}
