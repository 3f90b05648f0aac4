/* handout_test.c: what a server decides of a release is compared with the model, as of the state that it stands at. */
#include "sim/oracle/handout.h"

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
    for (uint32_t i = 0; i < 20 && world.workload.tickets_count < 4; i++) {
        world_submit(&world, 9, 0, false);
        cr_assert(world_run_until_rest(&world, world.now_ns + UINT64_C(120000000000)), "%s", world.failure.text);
    }
    cr_assert_gt(world.consent.tickets_count, 0);
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(handout, .init = setup, .fini = teardown);

Test(handout, servers_decide_as_the_model_does)
{
    for (uint64_t number = 1; number <= 200; number++) {
        handout_ask(&world.consent, &world.workload, &world.hosts[number % 4], number);
    }
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    const uint64_t *marks = world.consent.marks;
    cr_assert_gt(marks[CONSENT_BEYOND], 0);
    cr_assert_gt(marks[CONSENT_RELEASED] + marks[CONSENT_OVER] + marks[CONSENT_STOPPED], 0);
}

Test(handout, is_asked_for_around_the_end_of_what_forbids)
{
    struct consent_ticket *ticket = &world.consent.tickets[world.consent.tickets_count - 1];
    struct consent_patient *patient = &world.consent.patients[ticket->patient];
    uint64_t now_ms = world.consent.time_ms > host_wall_ms(&world.hosts[0]) ? world.consent.time_ms : host_wall_ms(&world.hosts[0]);

    cr_assert_gt(patient->grants_count, 0, "a patient without grants");
    struct consent_grant *grant = &patient->grants[patient->grants_count - 1];
    grant->permits = grant->writes = false;
    grant->ended = 0;
    grant->ends_ms = now_ms + 1000; /* The model now forbids what the ledger permits, until then. */
    grant->begins_ms = 0;
    ticket->ends_ms = now_ms + 5000;
    uint64_t before = world.consent.marks[CONSENT_RELEASED] + world.consent.marks[CONSENT_STOPPED] + world.consent.marks[CONSENT_OVER];
    handout_ask(&world.consent, &world.workload, &world.hosts[0], 1);
    cr_assert_gt(world.consent.marks[CONSENT_RELEASED] + world.consent.marks[CONSENT_STOPPED] + world.consent.marks[CONSENT_OVER], before + 1);
}

static struct handout of_first(uint16_t code, uint8_t reason)
{
    const struct consent_ticket *ticket = &world.consent.tickets[0];

    return (struct handout){ .ticket = ticket->id, .pointer = ticket->base + 255, .asker = ticket->subject, .time_ms = ticket->since_ms, .height = world.consent.height,
        .code = code, .reason = reason };
}

Test(handout, sees_a_release_beyond_the_ticket)
{
    struct handout right = of_first(CODE_TICKET_SCOPE, 0), wrong = of_first(CODE_OK, REASON_GRANT);

    world.consent.tickets[0].ended = 0;
    handout_judge(&world.consent, &right, 0);
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    handout_judge(&world.consent, &wrong, 2);
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(world.failure.text, "r2, at block"), "%s", world.failure.text);
}

Test(handout, says_nothing_of_states_that_are_forgotten_or_to_come)
{
    struct handout wrong = of_first(CODE_OK, REASON_GRANT);

    wrong.height = world.consent.height + 1;
    handout_judge(&world.consent, &wrong, 0);
    world.consent.forgotten = world.consent.height + 2;
    handout_judge(&world.consent, &wrong, 0);
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
}
