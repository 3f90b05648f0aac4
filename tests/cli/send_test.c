/* send_test.c: one signed command from its words to its receipt, when the replica takes it, refuses it, says nothing, or another process of the same sender is
 * faster. `ward submit` runs in the test's process against a real ledger. */
#include "cli/send.h"

#include "tests/cli/office_kit.h"
#include "wire/code.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct office *office;
static unsigned submits; /* that the replica saw */

static void start(void)
{
    office = office_start();
    submits = 0;
}

/* executed gives the nonce of the patient's last executed command. */
static uint64_t executed(void)
{
    return ledger_nonce(office->desk.lab.ledger, office->desk.patient.acct);
}

/* another lets the patient's other process have a command executed. */
static void another(void)
{
    office->desk.patient.nonce = executed();
    desk_grant(&office->desk, LAB_CEDAR);
}

static int submit(const char *more)
{
    return office_ward("submit patient-set default_policy=treating --key %%s/patient.key%s", more);
}

Test(send, a_command_is_signed_with_the_next_nonce_and_executed, .init = start, .fini = office_stop)
{
    uint64_t before = executed();
    char nonce[24];

    cr_assert_eq(submit(""), EXIT_FINE);
    snprintf(nonce, sizeof nonce, "%llu", (unsigned long long)before + 1);
    cr_assert_str_eq(office_text("schema", NULL), "ward.submit/1");
    cr_assert_str_eq(office_text("nonce", NULL), nonce);
    cr_assert_str_eq(office_text("executed", NULL), "true");
    cr_assert_str_eq(office_text("code", NULL), "0");
    cr_assert_str_eq(office_text("account", NULL), office->patient);
    cr_assert_eq(executed(), before + 1);
}

/* Thirty processes, one after the other: none may get the nonce of another. */
Test(send, a_loop_of_commands_never_meets_itself, .init = start, .fini = office_stop)
{
    uint64_t before = executed();

    office->desk.lab.params.rate_patient.burst = 1000;
    for (uint64_t i = 1; i <= 20; i++) {
        cr_assert_eq(submit(""), EXIT_FINE, "command %u: %s", (unsigned)i, kit_output());
        cr_assert_eq(executed(), before + i);
    }
}

Test(send, a_command_that_is_executed_with_another_code_ends_with_1, .init = start, .fini = office_stop)
{
    cr_assert_eq(office_ward("submit pointer-status op=hide seqs=9 --key %%s/patient.key"), EXIT_NO, "%s", kit_output());
    cr_assert_str_eq(office_text("executed", NULL), "true");
    cr_assert_str_eq(office_text("name", NULL), "PTR_UNKNOWN");
}

/* --- Somebody else has the nonce ------------------------------------------------------------------------------------- */

/* A rival waits at the replica and is then executed. */
static bool rival_wins(struct fake_replica *fake, const struct frame *frame)
{
    submits++;
    if (submits == 1) {
        fake_refuse(fake, office_request(frame), 6, 10);
        return true;
    }
    if (submits == 2) {
        another();
    }
    return office_execute(fake, frame);
}

Test(send, who_loses_the_race_for_a_nonce_signs_with_the_next, .init = start, .fini = office_stop)
{
    uint64_t before = executed();

    office->submit = rival_wins;
    cr_assert_eq(submit(""), EXIT_FINE, "%s", kit_output());
    cr_assert_eq(executed(), before + 2, "both are executed, each once");
    cr_assert_eq(submits, 3);
}

Test(send, a_nonce_that_was_given_is_kept, .init = start, .fini = office_stop)
{
    char flag[48];

    office->submit = rival_wins;
    snprintf(flag, sizeof flag, " --nonce %llu", (unsigned long long)executed() + 1);
    cr_assert_eq(submit(flag), EXIT_NO);
    cr_assert_str_eq(office_text("name", NULL), "NONCE_LOW");
    cr_assert_str_eq(office_text("executed", NULL), "false");
}

static bool rival_wins_always(struct fake_replica *fake, const struct frame *frame)
{
    submits++;
    fake_refuse(fake, office_request(frame), CODE_NONCE_LOW, 0);
    return true;
}

Test(send, the_race_is_not_run_for_ever, .init = start, .fini = office_stop)
{
    office->submit = rival_wins_always;
    cr_assert_eq(submit(""), EXIT_NO);
    cr_assert_str_eq(office_text("name", NULL), "NONCE_LOW");
    cr_assert_eq(submits, SEND_TRIES);
}

/* It gives the command back as if it were busy, and has it executed. */
static bool gives_back_and_executes(struct fake_replica *fake, const struct frame *frame)
{
    if (submits++ == 0) {
        (void)office_accept(frame);
        fake_refuse(fake, office_request(frame), 1, 10);
        return true;
    }
    return office_execute(fake, frame);
}

Test(send, a_replica_that_lies_about_a_refusal_has_nothing_done_twice, .init = start, .fini = office_stop)
{
    uint64_t before = executed();

    office->submit = gives_back_and_executes;
    cr_assert_eq(submit(""), EXIT_FINE, "%s", kit_output());
    cr_expect_str_eq(office_text("executed", NULL), "true");
    cr_expect_eq(executed(), before + 1, "and was not signed anew");
}

/* --- The answer is lost ---------------------------------------------------------------------------------------------- */

/* The command is executed, and the connection ends before anybody is told. */
static bool executes_and_hangs_up(struct fake_replica *fake, const struct frame *frame)
{
    if (submits++ == 0) {
        (void)office_accept(frame);
        return false;
    }
    return office_execute(fake, frame);
}

Test(send, a_command_whose_answer_was_lost_is_found_by_its_receipt, .init = start, .fini = office_stop)
{
    uint64_t before = executed();

    office->submit = executes_and_hangs_up;
    cr_assert_eq(submit(""), EXIT_FINE, "%s", kit_output());
    cr_assert_str_eq(office_text("executed", NULL), "true");
    cr_assert_eq(executed(), before + 1, "and was not signed anew");
}

/* Nobody knows whether it was taken in; then the nonce is somebody else's. */
static bool hangs_up_and_rival_wins(struct fake_replica *fake, const struct frame *frame)
{
    if (submits++ == 0) {
        another();
        return false;
    }
    return office_execute(fake, frame);
}

Test(send, what_may_have_been_taken_in_is_never_signed_anew, .init = start, .fini = office_stop)
{
    uint64_t before = executed();

    office->submit = hangs_up_and_rival_wins;
    cr_assert_eq(submit(""), EXIT_NO, "%s", kit_output());
    cr_assert_str_eq(office_text("name", NULL), "NONCE_LOW");
    cr_assert_eq(executed(), before + 1);
    cr_assert_eq(submits, 2);
}

/* --- No final word --------------------------------------------------------------------------------------------------- */

static bool out_of_tokens(struct fake_replica *fake, const struct frame *frame)
{
    submits++;
    fake_refuse(fake, office_request(frame), CODE_RATE, 57100);
    return true;
}

static bool admits_only(struct fake_replica *fake, const struct frame *frame)
{
    submits++;
    fake_admit(fake, office_request(frame));
    return true;
}

static bool gives_back_then_admits(struct fake_replica *fake, const struct frame *frame)
{
    if (submits++ == 0) {
        fake_refuse(fake, office_request(frame), CODE_SENDER_UNKNOWN, 10);
    } else {
        fake_admit(fake, office_request(frame));
    }
    return true;
}

static bool busy(struct fake_replica *fake, const struct frame *frame)
{
    submits++;
    fake_refuse(fake, office_request(frame), 1, 100);
    return true;
}

static bool silent(struct fake_replica *fake, const struct frame *frame)
{
    (void)fake, (void)frame;
    submits++;
    return true;
}

Test(send, what_is_known_of_a_command_without_a_final_word_is_said, .init = start, .fini = office_stop)
{
    static const struct { fake_handler *handler; const char *says; bool once; } table[] = {
        { out_of_tokens, "not taken: the sender's tokens are used up; try again in 58 s", true },
        { admits_only, "taken by a replica, but not executed in time; it may still be, until its validity ends", true },
        { gives_back_then_admits, "taken by a replica again, but not executed in time; before, it was given back: ", false },
        { busy, "not taken in time; the last word of a replica was: ", false },
        { silent, "no answer from the cluster in time", true },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        office->submit = table[i].handler;
        submits = 0;
        cr_assert_eq(submit(""), EXIT_UNREACHABLE, "row %zu: %s", i, kit_output());
        const char *message = office_text("message", NULL);
        cr_assert_eq(strncmp(message, table[i].says, strlen(table[i].says)), 0, "row %zu: %s", i, message);
        cr_assert_eq(submits == 1, table[i].once, "row %zu: %u", i, submits);
    }
}
