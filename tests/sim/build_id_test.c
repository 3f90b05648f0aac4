/* build_id_test.c: the number of the build that a failure names is that of this very program. */
#include "sim/build_id.h"

#include <criterion/criterion.h>
#include <string.h>

Test(build_id, is_sixteen_digits_and_the_same_each_time)
{
    const char *text = build_id();

    if (strcmp(text, "none") != 0) { /* a linker that writes no note */
        cr_assert_eq(strlen(text), 16, "%s", text);
        cr_assert_eq(strspn(text, "0123456789abcdef"), 16, "%s", text);
    }
    cr_assert_str_eq(build_id(), text);
}
