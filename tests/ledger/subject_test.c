/* subject_test.c: whom a command is about and for whom it is sent. */
#include "ledger/subject.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

Test(subject, patient_must_exist_and_for_most_commands_be_open, .init = world_start)
{
    static const struct { enum patient_status status; enum code open; } table[] = {
        { PATIENT_ACTIVE, CODE_OK }, { PATIENT_LOCKED, CODE_PATIENT_LOCKED }, { PATIENT_DECEASED, CODE_OK }, { PATIENT_ERASED, CODE_PATIENT_ERASED },
    };
    uint8_t acct[ACCT_BYTES];
    struct patient patient;

    world_acct('P', acct);
    world_as('P', COMMAND_REVOKE);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        patient = world_read_patient('P');
        patient.status = (uint8_t)table[i].status;
        cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
        cr_assert_eq(subject_patient(&world_exec, SUBJECT_OPEN, &patient), table[i].open);
        cr_assert_eq(subject_patient(&world_exec, SUBJECT_EXISTS, &patient), CODE_OK);
    }
    world_patient('Z');
    cr_assert_eq(subject_patient(&world_exec, SUBJECT_EXISTS, &patient), CODE_PATIENT_UNKNOWN);
}

Test(subject, on_behalf_is_an_active_practitioner_of_the_senders_organisation, .init = world_start)
{
    static const struct { char sender, on_behalf; enum code code; } table[] = {
        { 'A', 'B', CODE_OK },   { 'A', 'N', CODE_OK },   { 'B', 'N', CODE_OK },   { 'A', 'D', CODE_ROLE }, { 'A', 'A', CODE_ROLE },
        { 'A', 'Z', CODE_ROLE }, { 'A', 'P', CODE_ROLE }, { 'P', 'B', CODE_ROLE }, { '1', 'B', CODE_ROLE }, { 'F', 'E', CODE_ROLE },
    };
    uint8_t acct[ACCT_BYTES];
    struct actor actor;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        world_acct(table[i].on_behalf, world_as(table[i].sender, COMMAND_ACCESS_REQUEST)->as.access_request.on_behalf);
        cr_assert_eq(subject_on_behalf(&world_exec, NULL), table[i].code, "%c for %c", table[i].sender, table[i].on_behalf);
    }
    world_acct('B', acct);
    world_acct('B', world_as('A', COMMAND_ACCESS_REQUEST)->as.access_request.on_behalf);
    cr_assert_eq(subject_on_behalf(&world_exec, &actor), CODE_OK);
    cr_assert_eq(actor.role, ROLE_PHYSICIAN);
    actor.status = ACTOR_SUSPENDED;
    cr_assert_eq(exec_put_actor(&world_exec, acct, &actor), CODE_OK);
    cr_assert_eq(subject_on_behalf(&world_exec, NULL), CODE_ROLE, "suspended");
    actor.status = ACTOR_ACTIVE;
    actor.valid_until = world_exec.time_ms;
    cr_assert_eq(exec_put_actor(&world_exec, acct, &actor), CODE_OK);
    cr_assert_eq(subject_on_behalf(&world_exec, NULL), CODE_ROLE, "expired at this very instant");
}

Test(subject, the_sender_is_the_subject_by_account_alone, .init = world_start)
{
    world_as('P', COMMAND_GRANT);
    cr_assert(subject_is_sender(&world_exec));
    world_as('Q', COMMAND_GRANT);
    cr_assert_not(subject_is_sender(&world_exec), "Q names P");
    world_as('B', COMMAND_GRANT);
    cr_assert_not(subject_is_sender(&world_exec));
}
