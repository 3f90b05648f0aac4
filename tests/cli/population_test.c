/* population_test.c: a genesis with the population loads, and what its systems send is accepted with code 0 by a real ledger. */
#include "cli/population.h"

#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { ACTORS = 8, PATIENTS = 16, COMMANDS = 320 };

static const struct population_plan plan = { .orgs = 4, .actors = ACTORS, .patients = PATIENTS, .seed = 7, .time_ms = LAB_TIME };
static struct population population;
static struct lab lab;

static int entity_order(const void *a, const void *b)
{
    const struct genesis_entity *left = a, *right = b;
    size_t shorter = left->key.size < right->key.size ? left->key.size : right->key.size;
    int order = memcmp(left->key.data, right->key.data, shorter);

    return order != 0 ? order : (left->key.size > right->key.size) - (left->key.size < right->key.size);
}

static void start(uint64_t pointers)
{
    struct params params = params_default();

    cr_assert_eq(population_make(&population, &plan), ERR_OK);
    population_capacities(&plan, pointers, 16, &params);
    cr_assert_eq(params_check(&params), VERDICT_OK);
    qsort(population.entities, population.entities_count, sizeof population.entities[0], entity_order);
    lab_start(&lab, &params, population.entities, population.entities_count);
}

static enum code execute(const struct population_work *work, uint64_t number)
{
    static struct tx tx;

    population_sign(&population, work, number, &tx);
    size_t payload = work->located ? 509u * work->items : 0;
    struct bytes envelope = bytes_of(tx.bytes, tx.size - payload);
    enum code code = lab_admit(&lab, envelope, bytes_of(tx.bytes + envelope.size, payload));
    return code == CODE_OK ? lab_execute(&lab, &envelope, 1) : code;
}

static void execute_all(uint32_t items, bool located)
{
    start(COMMANDS * items);
    struct population_work work = { .genesis = &lab.genesis.hash, .valid_until_ms = LAB_TIME + 500000, .items = items, .located = located };
    for (uint64_t number = 0; number < COMMANDS; number++) {
        enum code code = execute(&work, number);
        cr_assert_eq(code, CODE_OK, "command %u: %s", (unsigned)number, code_name(code));
    }
    population_close(&population);
}

Test(population, each_command_ends_with_code_0)
{
    execute_all(1, false);
}

Test(population, so_do_commands_of_many_items_with_locators)
{
    execute_all(16, true);
}

Test(population, the_measured_command_has_339_bytes)
{
    static struct tx tx;

    start(16);
    struct population_work work = { .genesis = &lab.genesis.hash, .valid_until_ms = LAB_TIME + 1000, .items = 1 };
    population_sign(&population, &work, 0, &tx);
    cr_assert_eq(tx.size, 339);
    work.located = true;
    population_sign(&population, &work, 0, &tx);
    cr_assert_eq(tx.size, 339 + 509);
    population_close(&population);
}

Test(population, a_command_sent_twice_or_early_is_refused_by_its_nonce)
{
    start(64);
    struct population_work work = { .genesis = &lab.genesis.hash, .valid_until_ms = LAB_TIME + 500000, .items = 1 };
    cr_assert_eq(execute(&work, 0), CODE_OK);
    cr_assert_eq(execute(&work, 0), CODE_NONCE_LOW);
    cr_assert_eq(execute(&work, 2 * ACTORS), CODE_NONCE_GAP);
    cr_assert_eq(execute(&work, ACTORS), CODE_OK);
    population_close(&population);
}

Test(population, home_goes_round_and_the_patients_can_take_all_that_is_promised)
{
    for (uint64_t number = 0; number < 100; number++) {
        cr_assert_eq(population_home(&plan, number), number % 4);
    }
    cr_assert_eq(population_commands_max(&plan, 1), PATIENTS * POPULATION_POINTERS_SHARE);
    cr_assert_eq(population_commands_max(&plan, 16), PATIENTS * POPULATION_POINTERS_SHARE / 16);
    cr_assert_lt(POPULATION_POINTERS_SHARE + 16, params_default().pointers_live_max);
}
