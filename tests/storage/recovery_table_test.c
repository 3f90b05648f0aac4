#include "storage/recovery_table.h"

#include <criterion/criterion.h>

/* The rules of docs/disk.md, said again as rules, against the table, for every combination. */
static enum batch_fate fate_by_rule(enum head_found head, enum body_found body, enum proof_found proof)
{
    bool valid = head == HEAD_WHOLE && body == BODY_GOOD;

    if (proof == PROOF_SUPERSEDED) {
        return FATE_VOID; /* an earlier recovery went on elsewhere */
    }
    if (valid) {
        return FATE_KEEP;
    }
    if (proof == PROOF_DURABLE) {
        return FATE_ROT; /* whatever it looks like: it was acknowledged */
    }
    if (head == HEAD_OTHER) {
        return FATE_AMBIGUOUS;
    }
    return head == HEAD_WHOLE && body == BODY_BAD ? FATE_ADOPT : FATE_TORN;
}

Test(recovery_table, answers_every_combination_as_the_rules_do)
{
    int combinations = 0;

    for (int head = 0; head < HEAD_FOUND_COUNT; head++) {
        for (int body = 0; body < BODY_FOUND_COUNT; body++) {
            for (int proof = 0; proof < PROOF_FOUND_COUNT; proof++) {
                enum batch_fate fate = recovery_fate((enum head_found)head, (enum body_found)body, (enum proof_found)proof);
                cr_assert_eq(fate, fate_by_rule((enum head_found)head, (enum body_found)body, (enum proof_found)proof), "%d %d %d", head, body, proof);
                combinations++;
            }
        }
    }
    cr_assert_eq(combinations, 27);
}

Test(recovery_table, nothing_that_was_durable_is_ever_dropped)
{
    for (int head = 0; head < HEAD_FOUND_COUNT; head++) {
        for (int body = 0; body < BODY_FOUND_COUNT; body++) {
            enum batch_fate fate = recovery_fate((enum head_found)head, (enum body_found)body, PROOF_DURABLE);
            cr_assert(fate == FATE_KEEP || fate == FATE_ROT);
        }
    }
}

Test(recovery_table, every_fate_has_a_name_of_its_own)
{
    for (int a = 0; a < FATE_COUNT; a++) {
        for (int b = 0; b < a; b++) {
            cr_assert_str_neq(batch_fate_name((enum batch_fate)a), batch_fate_name((enum batch_fate)b));
        }
    }
}
