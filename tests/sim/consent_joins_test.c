/* consent_joins_test.c: where somebody joins, patients and practitioners are what the model of consent says; whatever differs is seen. */
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
    plan.actors_count = 4;
    plan.consents = plan.joins = true;
    plan.fast_crypto = true;
    world_open(&world, &plan);
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(consent_joins, .init = setup, .fini = teardown);

static bool go_on(uint32_t rounds)
{
    bool fine = true;

    for (uint32_t i = 0; i < rounds && fine; i++) {
        world_submit(&world, cast_senders(&world.cast.plan), 0, false);
        fine = world_run_until_rest(&world, world.now_ns + UINT64_C(120000000000));
    }
    return fine;
}

static void expect_broken(const char *text)
{
    (void)go_on(30);
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY, "%s is not seen", text);
    cr_assert_not_null(strstr(world.failure.text, text), "%s", world.failure.text);
}

Test(consent_joins, says_what_the_ledger_says)
{
    cr_assert(go_on(30), "%s", world.failure.text);
    const uint64_t *marks = world.consent.marks;
    cr_assert_eq(marks[CONSENT_JOINED], 4);
    cr_assert_eq(marks[CONSENT_RECRUITED], 4);
    cr_assert_gt(marks[CONSENT_SUSPENDED], 0);
    cr_assert_gt(marks[CONSENT_AUDITED], 100);
    for (uint32_t i = 0; i < cast_patients(&world.cast.plan); i++) {
        cr_assert(world.consent.patients[i].there);
        cr_assert_gt(world.consent.patients[i].events, 0);
    }
}

Test(consent_joins, sees_a_patient_that_should_be_there_before)
{
    world.consent.patients[5].there = true;
    expect_broken("consent: ");
}

Test(consent_joins, sees_a_practitioner_who_should_be_suspended)
{
    for (uint32_t i = 0; i < 4; i++) {
        consent_value_set(&world.consent, &world.consent.practitioners[i].status, 0, ACTOR_SUSPENDED);
    }
    expect_broken("SENDER_SUSPENDED");
}

Test(consent_joins, sees_a_voucher_that_should_have_paid_116)
{
    world.rates.senders[0].tat = CAST_GENESIS_MS + UINT64_C(3600000);
    expect_broken("116: ");
}
