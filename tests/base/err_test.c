/* err_test.c: every code has a word of its own, so that a log line or an answer names exactly one cause. */
#include "base/err.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_a_word(const char *word)
{
    cr_assert_not_null(word);
    cr_assert_gt(strlen(word), 1);
    cr_assert_eq(strspn(word, "abcdefghijklmnopqrstuvwxyz_"), strlen(word), "'%s' is not lower case", word);
}

Test(err, every_code_has_a_word_of_its_own)
{
    for (int code = 0; code < ERR_COUNT; code++) {
        expect_a_word(err_name((enum err)code));
        for (int other = 0; other < code; other++) {
            cr_assert_str_neq(err_name((enum err)code), err_name((enum err)other));
        }
    }
}

Test(err, every_verdict_has_a_word_of_its_own)
{
    for (int code = 0; code < VERDICT_COUNT; code++) {
        expect_a_word(verdict_name((enum verdict)code));
        for (int other = 0; other < code; other++) {
            cr_assert_str_neq(verdict_name((enum verdict)code), verdict_name((enum verdict)other));
        }
    }
}
