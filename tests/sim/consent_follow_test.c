/* consent_follow_test.c: a world of patients and practitioners does what the model of consent says; whatever differs in state, codes or audit trails is seen. */
#include "sim/oracle/consent_follow.h"

#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;

static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.seed = 5;
    plan.actors_count = 3;
    plan.consents = true;
    plan.fast_crypto = true;
    world_open(&world, &plan);
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(consent_follow, .init = setup, .fini = teardown);

static bool go_on(uint32_t commands)
{
    world_submit(&world, commands, 0, false);
    return world_run_until_rest(&world, world.now_ns + UINT64_C(120000000000));
}

static void expect_broken(const char *text)
{
    for (uint32_t i = 0; i < 20 && world.failure.kind == FAILURE_NONE; i++) {
        (void)go_on(9);
    }
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY, "%s is not seen", text);
    cr_assert_not_null(strstr(world.failure.text, text), "%s", world.failure.text);
}

Test(consent_follow, says_what_the_ledger_says)
{
    for (uint32_t i = 0; i < 20; i++) {
        cr_assert(go_on(9), "%s", world.failure.text);
    }
    const uint64_t *marks = world.consent.marks;
    cr_assert_gt(marks[CONSENT_GRANT], 0);
    cr_assert_gt(marks[CONSENT_DEFAULT], 0);
    cr_assert_gt(marks[CONSENT_CUSTODIAN], 0);
    cr_assert_gt(marks[CONSENT_SELF], 0);
    cr_assert_gt(marks[CONSENT_PURPOSE], 0);
    cr_assert_gt(marks[CONSENT_RAN_OUT], 0);
    cr_assert_gt(marks[CONSENT_FAILED], 0);
    cr_assert_gt(marks[CONSENT_AUDITED], 100);
    cr_assert_eq(marks[CONSENT_AUDITED], world.consent.patients[0].events + world.consent.patients[1].events + world.consent.patients[2].events, "every event");
}

/* forget_grant makes the model believe that a grant of the genesis is gone: the state says otherwise, in what rests on it, or in its patient's counters. */
Test(consent_follow, sees_a_grant_that_should_be_gone)
{
    world.consent.patients[0].grants[1].ended = 1;
    expect_broken("consent: ");
}

Test(consent_follow, sees_a_permit_that_should_be_a_denial)
{
    for (uint32_t patient = 0; patient < 3; patient++) {
        world.consent.patients[patient].grants[1].permits = false;
    }
    expect_broken("consent: ");
}

Test(consent_follow, sees_a_record_that_should_wait_for_its_patient)
{
    for (uint32_t patient = 0; patient < 3; patient++) {
        world.consent.patients[patient].grants[0].permits = false;
    }
    expect_broken("says type 6, result 3");
}

Test(consent_follow, sees_a_trail_with_an_event_too_many)
{
    cr_assert(go_on(9), "%s", world.failure.text);
    world.consent.patients[1].events--;
    expect_broken("of patient 1");
}

/* touched lets the model look once more at something of the newest block. */
static void touched(unsigned kind, uint32_t patient, uint32_t number)
{
    struct consent_touch touch = { .patient = patient, .number = number };

    touch.kind = kind == 0 ? TOUCH_POINTER : kind == 1 ? TOUCH_GRANT : TOUCH_TICKET;
    world.consent.touches[0] = touch;
    world.consent.touches_count = 1;
    consent_look(&world.consent, &world.hosts[0].driver.apply);
}

Test(consent_follow, sees_a_pointer_of_another_class)
{
    for (uint32_t i = 0; i < 20 && world.consent.patients[0].pointers_count == 0; i++) {
        cr_assert(go_on(9), "%s", world.failure.text);
    }
    cr_assert_gt(world.consent.patients[0].pointers_count, 0);
    touched(0, 0, 1);
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    world.consent.patients[0].pointers[0].record_class ^= 1;
    touched(0, 0, 1);
    expect_broken("pointer 1 of patient 0 is not as its commands made it");
}

Test(consent_follow, sees_a_use_that_was_not_counted)
{
    cr_assert(go_on(9), "%s", world.failure.text);
    world.consent.patients[0].grants[1].uses++;
    touched(1, 0, 2);
    expect_broken("grant 2 of patient 0");
}

Test(consent_follow, sees_a_ticket_that_is_another_one)
{
    for (uint32_t i = 0; i < 20 && world.consent.tickets_count == 0; i++) {
        cr_assert(go_on(9), "%s", world.failure.text);
    }
    cr_assert_gt(world.consent.tickets_count, 0);
    touched(2, 0, 1);
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    world.consent.tickets[0].ends_ms++;
    touched(2, 0, 1);
    expect_broken("is not what its request was to get");
}

Test(consent_follow, sees_a_ticket_that_was_not_given)
{
    for (uint32_t i = 0; i < 20 && world.consent.tickets_count == 0; i++) {
        cr_assert(go_on(9), "%s", world.failure.text);
    }
    world.consent.tickets[0].id.bytes[0] ^= 1;
    touched(2, 0, 1);
    expect_broken("a ticket is missing");
}
