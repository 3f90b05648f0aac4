/* exit_test.c: every exit code has words of its own. */
#include "base/exit.h"

#include <criterion/criterion.h>
#include <string.h>

Test(exit, every_code_has_words_and_nothing_else_does)
{
    static const int codes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 21, 22, 23 };
    size_t known = 0;

    for (int code = 0; code < 256; code++) {
        known += strcmp(exit_text(code), "unknown") != 0;
    }
    cr_assert_eq(known, sizeof codes / sizeof codes[0]);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_assert_str_neq(exit_text(codes[i]), "unknown");
    }
    cr_assert_eq(EXIT_PERMISSION, 9);
}
