/* code_test.c: the classes of codes are those of the rule, and every number has its own name. */
#include "wire/code.h"

#include <criterion/criterion.h>
#include <string.h>

static const enum code all[] = {
#define CODE_VALUE(number, name, text) CODE_##name,
    CODES(CODE_VALUE)
#undef CODE_VALUE
};

enum { ALL_COUNT = sizeof all / sizeof all[0] };

Test(code, names_are_distinct_and_texts_are_there)
{
    for (unsigned i = 0; i < ALL_COUNT; i++) {
        cr_assert_neq(strcmp(code_name(all[i]), "UNKNOWN"), 0);
        cr_assert_gt(strlen(code_text(all[i])), 3);
        for (unsigned j = 0; j < i; j++) {
            cr_assert_neq(strcmp(code_name(all[i]), code_name(all[j])), 0);
            cr_assert_lt(all[j], all[i], "the table is in ascending order");
        }
    }
    cr_assert(code_is_known(CODE_OK));
    cr_assert(code_is_known(801));
    cr_assert_not(code_is_known(408));
    cr_assert_not(code_is_known(99));
    cr_assert_str_eq(code_name(408), "UNKNOWN");
    cr_assert_str_eq(reason_name(25), "UNKNOWN");
    cr_assert_str_eq(reason_name(REASON_NOT_CURRENT), "NOT_CURRENT");
}

Test(code, refusals_are_the_stateless_codes)
{
    static const enum code refusals[] = { 100, 101, 102, 103, 104, 105, 106, 107, 108, 111, 112, 113, 114, 115, 211, 212 };
    unsigned count = 0;

    for (unsigned i = 0; i < ALL_COUNT; i++) {
        bool listed = false;
        for (unsigned j = 0; j < sizeof refusals / sizeof refusals[0]; j++) {
            listed = listed || refusals[j] == all[i];
        }
        cr_assert_eq(code_is_refusal(all[i]), listed, "%d", all[i]);
        count += listed ? 1 : 0;
        cr_assert_not(code_is_refusal(all[i]) && code_is_sender(all[i]));
    }
    cr_assert_eq(count, sizeof refusals / sizeof refusals[0]);
}

Test(code, sender_failures_are_those_that_change_nothing)
{
    static const enum code sender[] = { 109, 110, 116, 117, 200, 219 };

    for (unsigned j = 0; j < sizeof sender / sizeof sender[0]; j++) {
        cr_assert(code_is_sender(sender[j]));
    }
    cr_assert_not(code_is_sender(CODE_SENDER_SUSPENDED));
    cr_assert_not(code_is_sender(CODE_OK));
}
