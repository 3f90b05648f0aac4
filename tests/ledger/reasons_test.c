/* reasons_test.c: every reason of a decision, each produced by a request; a denial leaves nothing behind but its event (codes_kit.h). */
#include "tests/ledger/codes_kit.h"

#include <criterion/criterion.h>

static void ask_own(struct attempt *attempt)
{
    attempt->command = codes_request();
    attempt->command.sender = &codes_patient;
    attempt->command.body.as.access_request.purpose = PURPOSE_PATRQT;
}

static void ask_own_chart(struct attempt *attempt)
{
    attempt->command = codes_request();
    attempt->command.sender = &codes_nurse;
}

static void ask_granted(struct attempt *attempt)
{
    attempt->command = codes_request();
}

static void ask_treating(struct attempt *attempt)
{
    struct lab_command add = codes_add();

    codes_must(codes_policy());
    codes_must(codes_revoke(1));
    struct lab_party cedar = lab_actor(&codes_lab, LAB_CEDAR, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH, 60);
    add.sender = &cedar;
    add.cosigners[0] = &codes_patient;
    codes_must(add);
    attempt->command = codes_request(); /* pointer 1 is Alder's, and Cedar treats this patient too */
}

static void ask_denied(struct attempt *attempt)
{
    struct lab_command deny = codes_grant();

    deny.body.as.grant.effect = EFFECT_DENY;
    codes_must(deny);
    attempt->command = codes_request();
}

static void ask_without_grant(struct attempt *attempt)
{
    codes_must(codes_revoke(1));
    attempt->command = codes_request();
}

static void ask_hidden(struct attempt *attempt)
{
    codes_must(codes_status(POINTER_HIDE, 1));
    attempt->command = codes_request();
}

static void ask_nothing(struct attempt *attempt)
{
    attempt->command = codes_request();
    attempt->command.body.as.access_request.class_mask = 1u << CLASS_GENOMICS;
}

static void ask_break_glass(struct attempt *attempt)
{
    attempt->command = codes_request();
    attempt->command.body.as.access_request.purpose = PURPOSE_BTG;
}

static void ask_too_much(struct attempt *attempt)
{
    attempt->command = codes_request();
    attempt->command.sender = &codes_agent;
    attempt->command.body.as.access_request.purpose = PURPOSE_HPAYMT;
}

#define REASON(name, what, prepare) { REASON_##name, what, prepare }

static const struct { enum reason reason; const char *what; void (*prepare)(struct attempt *attempt); } reasons[] = {
    REASON(SELF, "the patient asks", ask_own),
    REASON(CUSTODIAN, "the custodian's nurse asks", ask_own_chart),
    REASON(GRANT, "a grant permits", ask_granted),
    REASON(POLICY, "a treating organisation", ask_treating),
    REASON(EXPLICIT, "a deny beside a permit", ask_denied),
    REASON(DEFAULT, "nothing permits", ask_without_grant),
    REASON(NOT_CURRENT, "the only pointer is hidden", ask_hidden),
    REASON(NO_POINTER, "a class without pointers", ask_nothing),
    REASON(PURPOSE, "break-glass is not built", ask_break_glass),
    REASON(MIN_NECESSARY, "a payer asks for everything", ask_too_much),
};

Test(reasons, each_one_stands_in_the_event_and_a_denial_leaves_nothing_but_that)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        struct attempt attempt = { 0 };

        codes_start(NULL);
        reasons[i].prepare(&attempt);
        codes_reason(&attempt, reasons[i].reason, reasons[i].what);
    }
}

Test(reasons, none_of_the_ledger_lacks_a_row)
{
    static const uint8_t listed[] = { 1, 2, 3, 4, 20, 21, 22, 26, 27, 28 };

    for (size_t i = 0; i < sizeof listed; i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof reasons / sizeof reasons[0]; k++) {
            found = found || (unsigned)reasons[k].reason == listed[i];
        }
        cr_assert(found, "reason %u has no row", listed[i]);
    }
}
