/* consent_test.c: what the model of consent answers, by the numbered steps of docs/ledger.md; written from that page like the model, and not from ledger/. */
#include "sim/oracle/consent.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MINE = 0, THEIRS = 1 }; /* actors of the hospitals 1 and 2 */

static const struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 3, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 }, .consents = true };
static struct cast cast;
static struct consent consent;
static struct failure failure;

static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
    consent_init(&consent, &cast, &failure);
    consent.patients[MINE].grants_count = 0; /* each test says what it grants */
    consent.time_ms = CAST_GENESIS_MS + 1000;
}

static void teardown(void)
{
    consent_close(&consent);
    cast_close(&cast);
}

TestSuite(consent, .init = setup, .fini = teardown);

/* record adds a pointer of the patient. Gives: its number. */
static uint32_t record(uint16_t custodian, uint8_t record_class, uint8_t conf, uint16_t month, uint8_t status)
{
    struct consent_patient *patient = &consent.patients[MINE];

    patient->pointers = realloc(patient->pointers, (patient->pointers_count + 1) * sizeof *patient->pointers);
    patient->pointers[patient->pointers_count] = (struct consent_pointer){ .custodian = custodian, .record_class = record_class, .conf = conf, .month = month };
    consent_value_set(&consent, &patient->pointers[patient->pointers_count].status, 0, status);
    return ++patient->pointers_count;
}

static struct consent_grant everything(bool permits)
{
    return (struct consent_grant){ .permits = permits, .to = GRANTEE_ORG, .organisation = 2, .conf_max = CONF_VERY_RESTRICTED, .classes = CLASS_MASK_ALL, .purposes = 1u << PURPOSE_TREAT,
        .ends_ms = UINT64_MAX };
}

static void grant(const struct consent_grant *given)
{
    consent.patients[MINE].grants[consent.patients[MINE].grants_count++] = *given;
}

/* asks is the practitioner of hospital 2, who signed. */
static struct consent_question asks(void)
{
    return (struct consent_question){ .patient = MINE, .subject = cast.actors[THEIRS].practitioner, .subject_signed = true, .organisation = 2, .purpose = PURPOSE_TREAT,
        .time_ms = consent.time_ms, .height = CONSENT_NOW };
}

static void expect(const struct consent_question *question, uint32_t number, bool permits, uint8_t reason, uint32_t rests)
{
    struct consent_answer answer = consent_ask(&consent, question, number);

    cr_assert_eq(answer.permits, permits);
    cr_assert_eq(answer.reason, reason, "reason %u, not %u", answer.reason, reason);
    cr_assert_eq(answer.grant, rests);
}

Test(consent, nothing_permits_what_nobody_granted)
{
    struct consent_question question = asks();

    expect(&question, record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT), false, REASON_DEFAULT, 0);
}

Test(consent, patients_see_their_own_whatever_its_status)
{
    struct consent_question question = asks();
    uint32_t number = record(1, CLASS_SEALED, CONF_VERY_RESTRICTED, 0, POINTER_ERROR);

    question.subject = cast.actors[MINE].patient;
    question.organisation = 0;
    question.purpose = PURPOSE_PATRQT;
    expect(&question, number, true, REASON_SELF, 0);
    question.purpose = PURPOSE_TREAT;
    expect(&question, number, false, REASON_NOT_CURRENT, 0);
}

Test(consent, custodians_see_their_own_chart_even_if_denied)
{
    struct consent_question question = asks();
    struct consent_grant none = everything(false);

    grant(&none);
    expect(&question, record(2, CLASS_LABORATORY, CONF_RESTRICTED, 0, POINTER_CURRENT), true, REASON_CUSTODIAN, 0);
    expect(&question, record(1, CLASS_LABORATORY, CONF_RESTRICTED, 0, POINTER_CURRENT), false, REASON_EXPLICIT, 1);
}

Test(consent, denials_override_and_the_lowest_counts)
{
    struct consent_question question = asks();
    struct consent_grant yes = everything(true), no = everything(false);
    uint32_t number = record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);

    grant(&yes);
    grant(&yes);
    expect(&question, number, true, REASON_GRANT, 1);
    grant(&no);
    expect(&question, number, false, REASON_EXPLICIT, 3);
}

Test(consent, grants_begin_and_end_to_the_millisecond)
{
    struct consent_question question = asks();
    struct consent_grant given = everything(true);
    uint32_t number = record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);

    given.begins_ms = question.time_ms;
    given.ends_ms = question.time_ms + 1;
    grant(&given);
    expect(&question, number, true, REASON_GRANT, 1);
    question.time_ms++;
    expect(&question, number, false, REASON_DEFAULT, 0);
    question.time_ms -= 2;
    expect(&question, number, false, REASON_DEFAULT, 0);
}

Test(consent, grants_are_for_what_they_name)
{
    static const struct {
        const char *what;
        struct consent_grant given;
        bool permits;
    } rows[] = {
        { "another class", { .classes = 1u << CLASS_MEDICATION }, false },
        { "the class", { .classes = 1u << CLASS_LABORATORY }, true },
        { "another purpose", { .purposes = 1u << PURPOSE_HPAYMT }, false },
        { "another organisation", { .organisation = 3 }, false },
        { "another custodian", { .custodian = 3 }, false },
        { "the custodian", { .custodian = 1 }, true },
        { "another pointer", { .pointer = 2 }, false },
        { "the pointer", { .pointer = 1 }, true },
        { "earlier months", { .to_month = 249 }, false },
        { "later months", { .from_month = 251 }, false },
        { "the month", { .from_month = 250, .to_month = 250 }, true },
        { "writes", { .writes = true }, false },
    };

    record(1, CLASS_LABORATORY, CONF_NORMAL, 250, POINTER_CURRENT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct consent_question question = asks();
        struct consent_grant given = rows[i].given;
        given.permits = true;
        given.to = GRANTEE_ORG;
        given.conf_max = CONF_NORMAL;
        given.ends_ms = UINT64_MAX;
        given.organisation = given.organisation == 0 ? 2 : given.organisation;
        given.classes = given.classes == 0 ? CLASS_MASK_ALL : given.classes;
        given.purposes = given.purposes == 0 ? 1u << PURPOSE_TREAT : given.purposes;
        consent.patients[MINE].grants_count = 0;
        grant(&given);
        cr_assert_eq(consent_ask(&consent, &question, 1).permits, rows[i].permits, "%s", rows[i].what);
    }
}

Test(consent, confidentiality_bounds_permits_and_not_denials)
{
    struct consent_question question = asks();
    struct consent_grant yes = everything(true), no = everything(false);
    uint32_t number = record(1, CLASS_LABORATORY, CONF_RESTRICTED, 0, POINTER_CURRENT);

    yes.conf_max = no.conf_max = CONF_NORMAL;
    grant(&yes);
    expect(&question, number, false, REASON_DEFAULT, 0);
    grant(&no);
    expect(&question, number, false, REASON_EXPLICIT, 2);
}

Test(consent, sealed_records_must_be_named)
{
    struct consent_question question = asks();
    struct consent_grant given = everything(true);
    uint32_t number = record(1, CLASS_SEALED, CONF_NORMAL, 0, POINTER_CURRENT);

    given.classes = CLASS_MASK_KNOWN;
    grant(&given);
    expect(&question, number, false, REASON_DEFAULT, 0);
    consent.patients[MINE].grants[0].sealed = true;
    expect(&question, number, true, REASON_GRANT, 1);
    consent.patients[MINE].grants[0].sealed = false;
    consent.patients[MINE].grants[0].pointer = number;
    expect(&question, number, true, REASON_GRANT, 1);
}

Test(consent, undisclosed_months_match_open_ranges_only)
{
    struct consent_question question = asks();
    struct consent_grant given = everything(true);
    uint32_t number = record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);

    given.from_month = 1;
    grant(&given);
    expect(&question, number, false, REASON_DEFAULT, 0);
}

Test(consent, superseded_records_need_a_grant_with_history)
{
    struct consent_question question = asks();
    struct consent_grant given = everything(true);
    uint32_t number = record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_SUPERSEDED);

    grant(&given);
    expect(&question, number, false, REASON_DEFAULT, 0);
    consent.patients[MINE].grants[0].history = true;
    expect(&question, number, true, REASON_GRANT, 1);
}

Test(consent, permits_to_a_person_need_its_signature_and_denials_do_not)
{
    struct consent_question question = asks();
    struct consent_grant given = everything(true);
    uint32_t number = record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);

    given.to = GRANTEE_ACTOR;
    memcpy(given.grantee, cast.actors[THEIRS].practitioner, ACCT_BYTES);
    grant(&given);
    expect(&question, number, true, REASON_GRANT, 1);
    question.subject_signed = false;
    expect(&question, number, false, REASON_DEFAULT, 0);
    consent.patients[MINE].grants[0].permits = false;
    expect(&question, number, false, REASON_EXPLICIT, 1);
}

Test(consent, custodians_are_those_with_a_current_pointer)
{
    struct consent_question question = asks();
    struct consent_grant given = everything(true);
    uint32_t number = record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);

    given.to = GRANTEE_ANY_CUSTODIAN;
    grant(&given);
    expect(&question, number, false, REASON_DEFAULT, 0);
    record(2, CLASS_IMAGING, CONF_NORMAL, 0, POINTER_PENDING);
    expect(&question, number, false, REASON_DEFAULT, 0);
    record(2, CLASS_IMAGING, CONF_NORMAL, 0, POINTER_CURRENT);
    expect(&question, number, true, REASON_GRANT, 1);
}

Test(consent, the_policy_lets_custodians_treat_up_to_normal)
{
    struct consent_question question = asks();
    uint32_t normal = record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT), more = record(1, CLASS_LABORATORY, CONF_RESTRICTED, 0, POINTER_CURRENT);

    record(2, CLASS_IMAGING, CONF_NORMAL, 0, POINTER_CURRENT);
    expect(&question, normal, false, REASON_DEFAULT, 0);
    consent_value_set(&consent, &consent.patients[MINE].policy, 1, POLICY_TREATING);
    expect(&question, normal, true, REASON_POLICY, 0);
    expect(&question, more, false, REASON_DEFAULT, 0);
    question.height = 0; /* as it was before */
    expect(&question, normal, false, REASON_DEFAULT, 0);
}

Test(consent, uses_run_out_and_one_of_them_counts_for_a_page)
{
    struct consent_question question = asks();
    struct consent_scope scope = { .base = 1, .classes = CLASS_MASK_KNOWN };
    struct consent_grant once = everything(true), twice = everything(true);
    struct consent_page page;

    memset(scope.wanted, 0xff, sizeof scope.wanted);
    record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);
    record(1, CLASS_MEDICATION, CONF_NORMAL, 0, POINTER_CURRENT);
    once.classes = 1u << CLASS_MEDICATION;
    twice.classes = 1u << CLASS_LABORATORY;
    once.uses_max = 1;
    twice.uses_max = 2;
    once.ends_ms = 7;
    once.ends_ms = question.time_ms + 7;
    grant(&once);
    grant(&twice);
    consent_ask_page(&consent, &question, &scope, &page);
    cr_assert_eq(page.counted, 1, "the lowest counts");
    cr_assert_eq(page.bits[0], 2, "and nothing rests on the other");
    cr_assert_eq(page.first, 2);
    cr_assert_eq(page.ends_ms, question.time_ms + 7);
    consent.patients[MINE].grants[0].uses = 1;
    consent_ask_page(&consent, &question, &scope, &page);
    cr_assert_eq(page.counted, 2);
    cr_assert_eq(page.bits[0], 1);
    consent.patients[MINE].grants[1].uses = 2;
    consent_ask_page(&consent, &question, &scope, &page);
    cr_assert_not(page.answer.permits);
    cr_assert_eq(page.answer.reason, REASON_DEFAULT);
}

Test(consent, writing_needs_a_permit_to_write_and_no_denial)
{
    struct consent_question question = asks();
    struct consent_grant writes = everything(true);
    const struct consent_pointer fresh = { .custodian = 2, .record_class = CLASS_LABORATORY };

    cr_assert_eq(consent_may_write(&consent, &question, &fresh), 0);
    writes.writes = true;
    grant(&writes);
    cr_assert_eq(consent_may_write(&consent, &question, &fresh), 1);
    writes.permits = false;
    grant(&writes);
    cr_assert_eq(consent_may_write(&consent, &question, &fresh), 0);
}

/* promise gives a ticket for pointer 1 to the practitioner of hospital 2. */
static struct hash32 promise(void)
{
    static struct consent_ticket ticket;

    ticket = (struct consent_ticket){ .id = { { 9 } }, .patient = MINE, .subject_signed = true, .organisation = 2, .purpose = PURPOSE_TREAT, .base = 1, .bits = { 1 },
        .ends_ms = consent.time_ms + 100, .made = 5 };
    memcpy(ticket.subject, cast.actors[THEIRS].practitioner, ACCT_BYTES);
    consent.tickets = calloc(1, sizeof ticket);
    consent.tickets[0] = ticket;
    consent.tickets_count = 1;
    facts_keep(&consent.ids, fact_digest(ticket.id.bytes, HASH_BYTES), 1);
    return ticket.id;
}

Test(consent, releases_ask_again)
{
    struct consent_grant given = everything(true);
    struct consent_answer answer;
    uint64_t now = consent.time_ms;

    record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);
    grant(&given);
    struct hash32 id = promise(), other = { { 8 } };
    cr_assert_eq(consent_release(&consent, &id, 1, true, now, 5, &answer), CODE_OK);
    cr_assert_eq(consent_release(&consent, &other, 1, true, now, 5, &answer), CODE_TICKET_UNKNOWN);
    cr_assert_eq(consent_release(&consent, &id, 1, true, now, 4, &answer), CODE_TICKET_UNKNOWN, "of a state before it");
    cr_assert_eq(consent_release(&consent, &id, 1, true, now + 100, 5, &answer), CODE_TICKET_EXPIRED);
    cr_assert_eq(consent_release(&consent, &id, 2, true, now, 5, &answer), CODE_TICKET_SCOPE);
    cr_assert_eq(consent_release(&consent, &id, 1, false, now, 5, &answer), CODE_TICKET_SCOPE, "somebody else");
    consent.patients[MINE].grants[0].ended = 7; /* revoked */
    cr_assert_eq(consent_release(&consent, &id, 1, true, now, 6, &answer), CODE_OK);
    cr_assert_eq(consent_release(&consent, &id, 1, true, now, 7, &answer), CODE_NOT_PERMITTED);
    cr_assert_eq(answer.reason, REASON_DEFAULT);
}

Test(consent, a_ticket_opens_nothing_once_the_registration_of_whom_it_is_for_is_over)
{
    struct consent_grant given = everything(true);
    struct consent_answer answer;
    uint64_t now = consent.time_ms;

    record(1, CLASS_LABORATORY, CONF_NORMAL, 0, POINTER_CURRENT);
    grant(&given);
    struct hash32 id = promise();
    for (uint32_t i = 0; i < cast.plan.actors_count; i++) {
        consent.practitioners[i].ends_ms = now + 50;
    }
    cr_assert_eq(consent_release(&consent, &id, 1, true, now + 49, 5, &answer), CODE_OK);
    cr_assert_eq(consent_release(&consent, &id, 1, true, now + 50, 5, &answer), CODE_NOT_PERMITTED);
    cr_assert_eq(answer.reason, REASON_DEFAULT);
    memcpy(consent.tickets[0].subject, cast.actors[MINE].patient, ACCT_BYTES);
    cr_assert_eq(consent_release(&consent, &id, 1, true, now + 50, 5, &answer), CODE_OK, "patients are registered for good");
}

Test(consent, values_are_known_as_of_their_blocks_and_say_what_they_forgot)
{
    struct consent_value value = { .count = 0 };
    uint8_t was = 0;

    for (uint64_t height = 1; height <= CONSENT_CHANGES_MAX; height++) {
        consent_value_set(&consent, &value, 10 * height, (uint8_t)height);
    }
    cr_assert_not(consent_value_at(&value, 9, &was));
    cr_assert(consent_value_at(&value, 19, &was));
    cr_assert_eq(was, 1);
    cr_assert_eq(consent.forgotten, 0);
    consent_value_set(&consent, &value, 10 * CONSENT_CHANGES_MAX, 77);
    cr_assert_eq(value.count, CONSENT_CHANGES_MAX, "two changes of one block are one");
    consent_value_set(&consent, &value, 1000, 99);
    cr_assert_not(consent_value_at(&value, 19, &was));
    cr_assert_eq(consent.forgotten, 19);
    cr_assert(consent_value_at(&value, CONSENT_NOW, &was));
    cr_assert_eq(was, 99);
}
