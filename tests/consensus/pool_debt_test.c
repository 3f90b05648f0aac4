/* pool_debt_test.c: what the commands that wait, and the blocks above the executed state, take from a bucket: none is chosen, live or admitted beyond it. */
#include "consensus/pool/pool.h"

#include "consensus/pool/pool_priv.h"
#include "tests/consensus/pool_kit.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)

enum { PATIENT = 1, SYSTEM = 2, VOUCHER = 3, NEWBORN = 100 };

static struct pool_kit *kit;

static void open_kit(void)
{
    kit = pool_kit_open(NULL);
    kit->app.accounts[PATIENT].interval_ms = 60000;
    kit->app.accounts[PATIENT].burst = 3;
    kit->app.accounts[SYSTEM].interval_ms = 1000;
    kit->app.accounts[SYSTEM].burst = 3;
    kit->app.accounts[VOUCHER].interval_ms = 1000;
    kit->app.accounts[VOUCHER].burst = 3;
}

static void close_kit(void)
{
    pool_kit_close(kit);
}

TestSuite(pool_debt, .init = open_kit, .fini = close_kit);

#define COMMAND(...) (&(struct app_kit_command){ __VA_ARGS__ })

/* offer sends `count` commands of an account from a nonce on, each with the token of its nonce; all must be taken. */
static void offer(uint32_t account, uint64_t from, uint32_t count)
{
    for (uint64_t nonce = from; nonce < from + count; nonce++) {
        pool_kit_admit(kit, nonce, 1, COMMAND(.account = account, .nonce = nonce));
    }
}

/* execute_all executes what was chosen last: every command of it must succeed. */
static void execute_all(void)
{
    struct app_kit probe = kit->app;

    probe.time_ms = kit->now.wall_ms;
    for (uint32_t i = 0; i < kit->chosen.commands; i++) {
        cr_assert_eq(app_kit_execute(&probe, pool_kit_chosen(kit, i).bytes), CODE_OK, "%u", i);
    }
    pool_kit_execute(kit);
}

static uint64_t wait_of(const struct app_kit_command *command)
{
    struct pool_source source = { .token = 99, .client = 2 };
    struct pool_answer answer = pool_add(kit->pool, kit->now, &source, bytes_of(kit->bytes, app_kit_make(command, kit->bytes)));

    pool_check(kit->pool);
    cr_assert_eq(answer.code, CODE_RATE, "code %u", answer.code);
    return answer.retry_after_ms;
}

/* --- Blocks (V5: members do not refuse them, and a correct leader makes none) ---------------------------------------------------------- */

Test(pool_debt, a_block_takes_from_a_bucket_no_more_than_it_holds)
{
    offer(SYSTEM, 1, 8);
    cr_assert_eq(pool_live_count(kit->pool), 4, "the burst, and one that crosses it");
    cr_assert_eq(pool_kit_select(kit), 4);
    execute_all();
    cr_assert_eq(pool_kit_select(kit), 0);
    kit->height--;
    pool_kit_time(kit, 1000);
    pool_on_time(kit->pool, kit->now);
    cr_assert_eq(pool_kit_select(kit), 1, "in order, as tokens come");
    cr_assert_eq(pool_kit_chosen(kit, 0).nonce, 5);
    execute_all();
    pool_kit_time(kit, 2500);
    pool_on_time(kit->pool, kit->now);
    cr_assert_eq(pool_kit_select(kit), 2);
    execute_all();
    pool_kit_expect_none(kit);
}

Test(pool_debt, counts_the_blocks_between_the_executed_state_and_the_new_one)
{
    offer(SYSTEM, 1, 2);
    cr_assert_eq(pool_kit_select(kit), 2);
    struct pool_chosen first = kit->chosen;
    offer(SYSTEM, 3, 4);
    cr_assert_eq(pool_kit_select(kit), 2, "one may cross the burst");
    cr_assert_eq(pool_kit_chosen(kit, 1).nonce, 4);
    cr_assert_eq(first.commands, 2);
    pool_inflight_remove(kit->pool, kit->now, kit->height);
    pool_check(kit->pool);
    cr_assert_eq(pool_ready(kit->pool).commands, 2, "an abandoned block gives its tokens back");
}

Test(pool_debt, counts_commands_of_other_leaders_blocks_that_are_not_held_here)
{
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = SYSTEM, .nonce = 1)), POOL_FLIGHT_OK);
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = SYSTEM, .nonce = 2)), POOL_FLIGHT_OK);
    kit->height = 1;
    offer(SYSTEM, 3, 4);
    cr_assert_eq(pool_kit_select(kit), 2);
    cr_assert_eq(pool_kit_fly(kit, 3, COMMAND(.account = SYSTEM, .nonce = 5)), POOL_FLIGHT_OK, "V5: a member takes a block that goes beyond; its receipt says so");
}

Test(pool_debt, costs_count_as_the_most_that_they_may_come_to_until_they_are_executed)
{
    for (uint64_t nonce = 1; nonce <= 6; nonce++) {
        pool_kit_admit(kit, nonce, 1, COMMAND(.account = SYSTEM, .nonce = nonce, .more_tokens = 1));
    }
    cr_assert_eq(pool_kit_select(kit), 2, "two and two of four");
    execute_all(); /* they took two and one */
    cr_assert_eq(pool_kit_select(kit), 1);
    execute_all();
}

/* --- Who vouches pays --------------------------------------------------------------------------------------------------------------------- */

static void offer_newborns(uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pool_kit_admit(kit, first + i, 1, COMMAND(.account = first + i, .nonce = 1, .payer = VOUCHER));
    }
}

Test(pool_debt, one_bucket_pays_for_registrations_of_many_accounts_and_for_its_own_commands)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = VOUCHER, .nonce = 1));
    offer_newborns(NEWBORN, 6);
    cr_assert_eq(pool_kit_select(kit), 4);
    execute_all();
    cr_assert_eq(pool_ready(kit->pool).commands, 0);
    for (uint32_t i = 0; i < 3; i++) {
        pool_kit_time(kit, 1000);
        pool_on_time(kit->pool, kit->now);
        cr_assert_eq(pool_kit_select(kit), 1);
        execute_all();
    }
    cr_assert_eq(pool_status(kit->pool).commands, 0);
}

/* J8, Q1: the leader's block takes the last tokens for registrations that came in elsewhere: what is here cannot be committed, and is no reason to end a view. */
Test(pool_debt, what_blocks_of_others_leave_no_tokens_for_is_not_live)
{
    offer_newborns(NEWBORN, 2);
    cr_assert_eq(pool_live_count(kit->pool), 2);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = NEWBORN + 50 + i, .nonce = 1, .payer = VOUCHER)), POOL_FLIGHT_OK);
    }
    pool_kit_time(kit, 100);
    for (uint64_t height = 2; height <= 4; height++) {
        cr_assert_eq(pool_kit_fly(kit, height, COMMAND(.account = 200 + (uint32_t)height, .nonce = 1)), POOL_FLIGHT_OK);
    }
    for (uint64_t height = 1; height <= 4; height++) {
        pool_committed(kit->pool, kit->now, height, 50 * MS);
    }
    cr_assert_not(pool_is_bypassed(kit->pool), "Q4: no block had room for them");
    kit->app.accounts[VOUCHER].tat = kit->now.wall_ms + 4000;
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    pool_check(kit->pool);
    cr_assert_eq(pool_ready(kit->pool).commands, 0);
    pool_kit_time(kit, 1000);
    pool_on_time(kit->pool, kit->now);
    cr_assert_eq(pool_ready(kit->pool).commands, 1, "and it is again with the next token");
}

/* J8: a follower sees its client's commands beyond the tokens as the leader does. */
Test(pool_debt, what_waits_for_tokens_is_not_live_and_not_forwarded)
{
    offer(SYSTEM, 1, 10);
    uint8_t out[POOL_COMMAND_BYTES_MAX];
    size_t size = pool_forward_next(kit->pool, out, sizeof out);
    cr_assert_eq(size, 4 * app_kit_make(COMMAND(.account = SYSTEM, .nonce = 1), kit->bytes));
    for (uint64_t nonce = 1; nonce <= 4; nonce++) {
        cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = SYSTEM, .nonce = nonce)), POOL_FLIGHT_OK);
        kit->app.accounts[SYSTEM].nonce = nonce;
    }
    kit->app.accounts[SYSTEM].tat = kit->now.wall_ms + 4000;
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    cr_assert_eq(pool_live_count(kit->pool), 0);
    cr_assert_not(pool_forward_waiting(kit->pool));
}

/* --- At the door (R1, decision 0190) -------------------------------------------------------------------------------------------------------- */

Test(pool_debt, who_sends_more_than_tokens_in_the_next_30_s_is_told_when_to_come_back_R1)
{
    offer(PATIENT, 1, 4);
    cr_assert_eq(wait_of(COMMAND(.account = PATIENT, .nonce = 5)), 60000);
    cr_assert_eq(pool_kit_select(kit), 4);
    cr_assert_eq(wait_of(COMMAND(.account = PATIENT, .nonce = 5)), 60000, "whether they wait or are in flight");
    execute_all();
    cr_assert_eq(wait_of(COMMAND(.account = PATIENT, .nonce = 5)), 60000);
    pool_kit_time(kit, 35000);
    pool_kit_admit(kit, 5, 1, COMMAND(.account = PATIENT, .nonce = 5, .valid_until_ms = APP_KIT_TIME + 300000));
    cr_assert_eq(wait_of(COMMAND(.account = PATIENT, .nonce = 6, .valid_until_ms = APP_KIT_TIME + 300000)), 85000);
}

Test(pool_debt, the_nonces_before_a_command_are_tokens_before_it_whoever_holds_them)
{
    cr_assert_eq(wait_of(COMMAND(.account = PATIENT, .nonce = 6)), 120000);
    cr_assert_eq(pool_kit_add(kit, 4, 1, COMMAND(.account = PATIENT, .nonce = 4)), CODE_OK);
    (void)pool_kit_verify(kit);
    cr_assert_eq(pool_live_count(kit->pool), 0);
}

/* Only what is certain is held against who sends: unverified commands, which anybody can make up in his name, are not. */
Test(pool_debt, a_strangers_forgeries_use_up_nobodys_tokens)
{
    for (uint64_t nonce = 1; nonce <= 8; nonce++) {
        (void)pool_kit_add(kit, 0, 2, COMMAND(.account = PATIENT, .nonce = nonce, .bad = 1));
    }
    offer(PATIENT, 1, 4);
    cr_assert_eq(pool_live_count(kit->pool), 4);
}

/* A dear command is taken although its dearest would not fit: what it costs is known when those before it are executed. */
Test(pool_debt, admission_counts_the_least_that_commands_cost)
{
    for (uint64_t nonce = 1; nonce <= 4; nonce++) {
        pool_kit_admit(kit, nonce, 1, COMMAND(.account = PATIENT, .nonce = nonce, .more_tokens = 2));
    }
    cr_assert_eq(pool_kit_select(kit), 2);
}

/* --- Records ---------------------------------------------------------------------------------------------------------------------------------- */

Test(pool_debt, records_of_payers_go_with_the_last_command)
{
    offer_newborns(NEWBORN, 3);
    offer(SYSTEM, 1, 2);
    struct hash32 voucher = app_kit_account_hash(VOUCHER);
    cr_assert_neq(debtor_find(kit->pool, POOL_NONE, &voucher), POOL_NONE);
    cr_assert_eq(pool_kit_select(kit), 5);
    execute_all();
    cr_assert_eq(debtor_find(kit->pool, POOL_NONE, &voucher), POOL_NONE);
    offer(SYSTEM, 3, 1);
    cr_assert_eq(kit->pool->free_debtors.fresh, 2, "and are used again");
}
