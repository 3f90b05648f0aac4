/* access_test.c: 13: one ticket over all custodians, denials that the patient sees, refusals, and uses that count once. */
#include "ledger/consent.h"
#include "ledger/exec.h"
#include "ledger/tickets.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct access_request *request(char sender)
{
    struct access_request *body = &world_as(sender, COMMAND_ACCESS_REQUEST)->as.access_request;

    body->purpose = PURPOSE_TREAT;
    body->class_mask = CLASS_MASK_ALL;
    body->base_seq = 1;
    body->want_ttl = 3600;
    return body;
}

static struct ticket last_ticket(void)
{
    struct ticket ticket;

    cr_assert(exec_get_ticket(&world_exec, &world_exec.tx_id, &ticket), "a ticket");
    return ticket;
}

static void expect_denied(enum reason reason, const char *what)
{
    struct ticket ticket;

    world_expect(CODE_OK, what);
    cr_assert_eq(world_exec.events_count, 1, "%s", what);
    struct audit_event event = world_event(0);
    cr_assert_eq(event.type, EVENT_ACCESS_DENIED, "%s", what);
    cr_assert_eq(event.result, reason, "%s: reason %d", what, event.result);
    cr_assert_not(exec_get_ticket(&world_exec, &world_exec.tx_id, &ticket), "%s: no ticket", what);
}

Test(access, one_ticket_names_the_records_of_all_custodians, .init = world_start)
{
    uint8_t acct[ACCT_BYTES];
    uint32_t first = world_add_current('A', CLASS_MEDICATION);
    uint32_t second = world_add_current('L', CLASS_LABORATORY);
    uint32_t hidden = world_add('A', CLASS_VITALS);

    (void)world_permit_org(WORLD_HILLTOP);
    request('D');
    world_expect(CODE_OK, "a physician elsewhere");
    struct ticket ticket = last_ticket();
    cr_assert(ticket_covers(&ticket, first));
    cr_assert(ticket_covers(&ticket, second));
    cr_assert_not(ticket_covers(&ticket, hidden), "pending");
    cr_assert_eq(ticket.reason, REASON_GRANT);
    cr_assert_eq(ticket.expires, world_exec.time_ms + 3600000);
    cr_assert_eq(ticket.flags, TICKET_SUBJECT_SIGNED);
    cr_assert_eq(ticket.org, WORLD_HILLTOP);
    world_acct('D', acct);
    cr_assert_eq(memcmp(ticket_subject(&ticket), acct, ACCT_BYTES), 0);
    struct audit_event event = world_event(0);
    cr_assert_eq(event.type, EVENT_ACCESS_PERMITTED);
    cr_assert_eq(event.ptr, first);
    cr_assert_eq(event.extra[0], 3, "both pointers");
    cr_assert_eq(event.grant, 1);
    cr_assert_not(hash_is_zero(&world_exec.eval_digest));
}

Test(access, refusals, .init = world_start)
{
    uint8_t nobody[ACCT_BYTES];

    request('1');
    world_expect(CODE_ROLE, "an organisation's own key");
    world_acct('D', request('A')->on_behalf);
    world_expect(CODE_ROLE, "a foreign on_behalf");
    world_acct('Z', nobody);
    memcpy(request('B')->patient, nobody, ACCT_BYTES);
    world_expect(CODE_PATIENT_UNKNOWN, "no such patient");
    request('B')->class_mask = 0;
    world_expect(CODE_CLASS, "no class");
    request('B')->class_mask = 1u << 25;
    world_expect(CODE_CLASS, "a class that does not exist");
}

Test(access, what_is_outside_the_table_of_roles_is_denied_and_audited, .init = world_start)
{
    uint8_t acct[ACCT_BYTES];

    (void)world_add_current('A', CLASS_CLAIM);
    request('A');
    expect_denied(REASON_PURPOSE, "a system for itself");
    request('B')->purpose = PURPOSE_BTG;
    expect_denied(REASON_PURPOSE, "break-glass is not built");
    request('B')->purpose = 99;
    expect_denied(REASON_PURPOSE, "a purpose that does not exist");
    request('E')->purpose = PURPOSE_TREAT;
    expect_denied(REASON_PURPOSE, "a payer does not treat");
    request('E')->purpose = PURPOSE_HPAYMT;
    expect_denied(REASON_MIN_NECESSARY, "a payer beyond its classes");
    request('Q')->purpose = PURPOSE_PATRQT;
    expect_denied(REASON_PURPOSE, "another patient");
    request('Q')->purpose = PURPOSE_TREAT;
    expect_denied(REASON_PURPOSE, "another patient, whatever it says");
    struct patient patient = world_read_patient('P');
    cr_assert_eq(patient.audit_count, 8, "the pointer and seven denials");
    world_acct('P', acct);
    patient.status = PATIENT_ERASED;
    cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
    request('B');
    expect_denied(REASON_ERASED, "an erased compartment");
}

Test(access, a_stranger_is_denied_and_the_patient_sees_what_was_asked, .init = world_start)
{
    request('D');
    expect_denied(REASON_NO_POINTER, "nothing there");
    (void)world_add('A', CLASS_VITALS);
    request('D');
    expect_denied(REASON_NOT_CURRENT, "nothing visible");
    (void)world_add_current('A', CLASS_VITALS);
    request('D')->from_month = 7;
    expect_denied(REASON_NOT_CURRENT, "of the lowest that was examined");
    struct audit_event event = world_event(0);
    cr_assert_eq(event.purpose, PURPOSE_TREAT);
    cr_assert_eq(event.extra[5], 7, "the period is in the event");
    cr_assert_eq(event.extra[11], 1, "and the page");
}

Test(access, a_list_and_a_period_narrow_the_page, .init = world_start)
{
    for (int i = 0; i < 5; i++) {
        (void)world_add_current('A', CLASS_VITALS);
    }
    struct access_request *body = request('B');
    body->count = 2;
    body->seqs[0] = 2;
    body->seqs[1] = 4;
    world_expect(CODE_OK, "two of five");
    cr_assert_eq(last_ticket().bitmap[0], 0x0a);
    request('B')->class_mask = 1u << CLASS_MEDICATION;
    expect_denied(REASON_NO_POINTER, "no such class");
    request('B')->to_month = WORLD_MONTH - 1;
    expect_denied(REASON_NO_POINTER, "before them all");
    request('B')->base_seq = 3;
    world_expect(CODE_OK, "from the third on");
    cr_assert_eq(last_ticket().bitmap[0], 0x07);
    request('B')->base_seq = 6;
    expect_denied(REASON_NO_POINTER, "behind the last");
}

Test(access, the_patient_sees_all_of_it, .init = world_start)
{
    (void)world_add('A', CLASS_VITALS);
    (void)world_add_current('C', CLASS_MEDICATION);
    request('P')->purpose = PURPOSE_PATRQT;
    world_expect(CODE_OK, "the patient");
    struct ticket ticket = last_ticket();
    cr_assert_eq(ticket.bitmap[0], 3, "the pending one too");
    cr_assert_eq(ticket.reason, REASON_SELF);
    cr_assert_eq(ticket.org, 0);
}

Test(access, the_treating_policy_serves_a_custodian, .init = world_start)
{
    uint8_t acct[ACCT_BYTES];
    struct patient patient = world_read_patient('P');

    world_acct('P', acct);
    patient.default_policy = POLICY_TREATING;
    cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
    (void)world_add_current('A', CLASS_VITALS);
    request('D');
    expect_denied(REASON_DEFAULT, "not a custodian");
    (void)world_add_current('C', CLASS_VITALS);
    request('D');
    world_expect(CODE_OK, "now it is one");
    struct ticket ticket = last_ticket();
    cr_assert_eq(ticket.bitmap[0], 3);
    cr_assert_eq(ticket.reason, REASON_POLICY);
}

Test(access, a_payer_gets_its_classes_for_a_year, .init = world_start)
{
    struct grant_body *grant = &world_as('P', COMMAND_GRANT)->as.grant;
    world_grant(grant, WORLD_PAYER);
    grant->purposes = 1u << PURPOSE_HPAYMT;
    world_expect(CODE_OK, "for payment");
    (void)world_add_current('A', CLASS_CLAIM);
    (void)world_add_current('A', CLASS_LABORATORY);
    struct access_request *body = request('E');
    body->purpose = PURPOSE_HPAYMT;
    body->class_mask = 1u << CLASS_CLAIM | 1u << CLASS_ENCOUNTER;
    body->from_month = WORLD_MONTH - 11;
    body->to_month = WORLD_MONTH;
    world_expect(CODE_OK, "twelve months");
    cr_assert_eq(last_ticket().bitmap[0], 1, "the claim alone");
    body = request('E');
    body->purpose = PURPOSE_HPAYMT;
    body->class_mask = 1u << CLASS_CLAIM;
    body->from_month = WORLD_MONTH - 12;
    body->to_month = WORLD_MONTH;
    expect_denied(REASON_MIN_NECESSARY, "thirteen months");
}

Test(access, a_permit_to_an_actor_needs_that_actor_to_sign, .init = world_start)
{
    struct grant_body *grant = &world_as('P', COMMAND_GRANT)->as.grant;
    world_grant(grant, 0);
    grant->gtype = GRANTEE_ACTOR;
    world_acct('D', grant->grantee);
    world_expect(CODE_OK, "for the physician alone");
    (void)world_add_current('A', CLASS_VITALS);
    world_acct('D', request('C')->on_behalf);
    expect_denied(REASON_DEFAULT, "the system alone");
    world_acct('D', request('C')->on_behalf);
    world_cosign('D');
    world_expect(CODE_OK, "with the physician's cosignature");
    cr_assert_eq(last_ticket().flags, TICKET_SUBJECT_SIGNED);
}

Test(access, max_uses_1_works_once, .init = world_start)
{
    uint8_t acct[ACCT_BYTES];
    struct grant found;
    struct grant_body *grant = &world_as('P', COMMAND_GRANT)->as.grant;

    world_grant(grant, WORLD_HILLTOP);
    grant->max_uses = 1;
    world_expect(CODE_OK, "once");
    (void)world_add_current('A', CLASS_VITALS);
    (void)world_add_current('A', CLASS_VITALS);
    request('D');
    world_expect(CODE_OK, "the first time, both pointers");
    cr_assert_eq(last_ticket().grant, 1);
    cr_assert_eq(last_ticket().bitmap[0], 3);
    world_acct('P', acct);
    cr_assert(exec_get_grant(&world_exec, acct, 1, &found));
    cr_assert_eq(found.uses, 1, "one use for one ticket");
    request('D');
    expect_denied(REASON_DEFAULT, "the second time");
}

Test(access, a_ticket_ends_with_the_grant_or_after_a_day, .init = world_start)
{
    struct grant_body *grant = &world_as('P', COMMAND_GRANT)->as.grant;

    (void)world_add_current('A', CLASS_VITALS);
    request('B')->want_ttl = UINT32_MAX;
    world_expect(CODE_OK, "the own chart");
    cr_assert_eq(last_ticket().expires, world_exec.time_ms + world_params.ticket_ms_max);
    grant = &world_as('P', COMMAND_GRANT)->as.grant;
    world_grant(grant, WORLD_HILLTOP);
    grant->expires = world_exec.time_ms + 5000;
    uint64_t end = grant->expires;
    world_expect(CODE_OK, "a short grant");
    request('D');
    world_expect(CODE_OK, "under it");
    cr_assert_eq(last_ticket().expires, end);
}
