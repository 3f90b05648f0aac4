/* records_test.c: what a chain makes of records is what its commands say; a state that says otherwise is seen, in each thing that is looked at. */
#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;

/* setup lets one client run through one turn of a mixed plan: a pointer, one that supersedes it, and an error of that. */
static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.seed = 5;
    plan.actors_count = 1;
    plan.mixed = true;
    plan.fast_crypto = true;
    world_open(&world, &plan);
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(records, .init = setup, .fini = teardown);

static bool go_on(uint32_t commands)
{
    world_submit(&world, commands, 0, false);
    return world_run_until_rest(&world, world.now_ns + UINT64_C(120000000000));
}

static void expect_broken(const char *text)
{
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY, "%s is not seen", text);
    cr_assert_not_null(strstr(world.failure.text, text), "%s", world.failure.text);
}

Test(records, follow_the_commands)
{
    cr_assert(go_on(6), "%s", world.failure.text);
    const struct records_patient *patient = &world.records.patients[0];
    cr_assert_eq(patient->nonce, 6);
    cr_assert_eq(patient->count, 4);
    cr_assert_eq(patient->current, 0);
    cr_assert_eq(patient->status[0], POINTER_SUPERSEDED);
    cr_assert_eq(patient->status[1], POINTER_ERROR);
}

Test(records, sees_a_pointer_that_is_missing)
{
    cr_assert(go_on(1), "%s", world.failure.text);
    world.records.patients[0].count = 0;
    cr_assert_not(go_on(1));
    expect_broken("is not what was added");
}

Test(records, sees_another_number_of_current_pointers)
{
    cr_assert(go_on(1), "%s", world.failure.text);
    world.records.patients[0].current++;
    cr_assert_not(go_on(1));
    expect_broken("other numbers of pointers");
}

/* pretend shows a block with one command that the ledger did not execute. */
static void pretend(uint64_t nonce)
{
    static struct cast_command made;
    uint16_t code = CODE_OK;
    struct block_header header = { .height = world.oracle.height + 1, .commands_count = 1 };

    made = (struct cast_command){ .nonce = nonce, .valid_until_ms = CAST_GENESIS_MS + 60000 };
    cast_sign(&world.cast, 0, &made);
    struct block_command command = { 0, (uint32_t)envelope_size(bytes_of(made.bytes, made.size)), 0, made.id, 1 };
    struct apply_block block = { .header = &header, .body = bytes_of(made.bytes, made.size), .commands = &command, .codes = &code };
    records_executed(&world.records, &block, world.hosts[0].driver.apply.ledger);
}

Test(records, sees_a_pointer_that_was_not_superseded)
{
    cr_assert(go_on(1), "%s", world.failure.text);
    pretend(2);
    expect_broken("is not what was added");
}

Test(records, sees_a_status_that_was_not_set)
{
    cr_assert(go_on(2), "%s", world.failure.text);
    pretend(3);
    expect_broken("pointer 2 of patient 0 has not the status");
}

Test(records, sees_a_nonce_that_was_not_used_up_I14)
{
    cr_assert(go_on(3), "%s", world.failure.text);
    pretend(6); /* about a pointer that is not there: the nonce alone would change */
    expect_broken("I14: nonce 6 of client 0");
}
