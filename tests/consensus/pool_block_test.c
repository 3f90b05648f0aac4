/* pool_block_test.c: the pool and blocks: whose turn it is (R4), what is in flight (V5), what execution leaves, what others are told (Q1-Q4). */
#include "consensus/pool/pool.h"

#include "consensus/pool/pool_priv.h"
#include "tests/consensus/pool_kit.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#define MS UINT64_C(1000000)

static struct pool_kit *kit;

static void open_kit(void)
{
    kit = pool_kit_open(NULL);
}

static void close_kit(void)
{
    pool_kit_close(kit);
}

TestSuite(pool_block, .init = open_kit, .fini = close_kit);

#define COMMAND(...) (&(struct app_kit_command){ __VA_ARGS__ })

/* admit_many admits `count` commands of accounts first, first + 4, ...: all of one origin. */
static void admit_many(uint32_t first, uint32_t count, uint32_t payload)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(pool_kit_add(kit, 0, i % 3, COMMAND(.account = first + 4 * i, .nonce = 1, .payload = payload)), CODE_OK);
        if (i % 64 == 63) {
            (void)pool_kit_verify(kit);
        }
    }
    while (pool_kit_verify(kit) > 0) {
    }
}

static uint32_t origin_of(const struct command *command)
{
    uint32_t number;

    memcpy(&number, command->account.bytes, sizeof number);
    return kit->app.accounts[number].origin;
}

static void count_origins(uint32_t counts[8], uint32_t bytes[8])
{
    memset(counts, 0, 8 * sizeof counts[0]);
    memset(bytes, 0, 8 * sizeof bytes[0]);
    for (uint32_t i = 0; i < kit->chosen.commands; i++) {
        struct command command = pool_kit_chosen(kit, i);
        counts[origin_of(&command)]++;
        bytes[origin_of(&command)] += (uint32_t)command.bytes.size;
    }
}

/* --- Choosing (L1, R4) ------------------------------------------------------------------------------------------------- */

Test(pool_block, chooses_in_the_order_of_admission_within_one_origin)
{
    admit_many(1, 20, 0);
    cr_assert_eq(pool_kit_select(kit), 20);
    for (uint32_t i = 0; i < 20; i++) {
        struct command command = pool_kit_chosen(kit, i);
        struct hash32 expected = app_kit_account_hash(1 + 4 * i);
        cr_assert(hash_equal(&command.account, &expected), "%u", i);
        cr_assert(hash_equal(&command.id, &kit->commands[i].id));
    }
    cr_assert_eq(pool_ready(kit->pool).commands, 0);
    cr_assert_eq(pool_live_count(kit->pool), 20, "in flight is live still");
}

Test(pool_block, never_chooses_what_is_not_verified_or_not_live)
{
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_select(kit), 0);
    (void)pool_kit_verify(kit);
    pool_kit_admit(kit, 0, 2, COMMAND(.account = 2, .nonce = 2));
    cr_assert_eq(pool_kit_select(kit), 1);
}

Test(pool_block, keeps_nonces_of_an_account_in_order)
{
    static const uint64_t order[] = { 3, 1, 5, 2, 4 };

    for (uint32_t i = 0; i < 5; i++) {
        pool_kit_admit(kit, 0, 1, COMMAND(.account = 1, .nonce = order[i]));
    }
    cr_assert_eq(pool_kit_select(kit), 5);
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(pool_kit_chosen(kit, i).nonce, i + 1);
    }
    pool_kit_admit(kit, 0, 1, COMMAND(.account = 1, .nonce = 6));
    cr_assert_eq(pool_kit_select(kit), 1, "behind those in flight");
}

Test(pool_block, keeps_nonces_in_order_across_origins)
{
    pool_kit_admit(kit, 0, 1, COMMAND(.account = 1, .nonce = 1));
    kit->app.accounts[1].origin = 1; /* its organisation changed between two commands */
    pool_kit_admit(kit, 0, 1, COMMAND(.account = 1, .nonce = 2));
    admit_many(3, 40, 0); /* origin 4 is on turn first and long */
    cr_assert_eq(pool_kit_select(kit), 42);
    uint64_t last = 0;
    for (uint32_t i = 0; i < 42; i++) {
        struct command command = pool_kit_chosen(kit, i);
        struct hash32 account = app_kit_account_hash(1);
        if (hash_equal(&command.account, &account)) {
            cr_assert_eq(command.nonce, ++last);
        }
    }
    cr_assert_eq(last, 2);
}

Test(pool_block, fills_a_block_to_each_of_its_limits_and_not_beyond)
{
    admit_many(1, 100, 0);
    cr_assert_eq(pool_kit_select(kit), POOL_KIT_BLOCK_COMMANDS);
    pool_kit_execute(kit);
    cr_assert_eq(pool_kit_select(kit), 36);
    pool_kit_execute(kit);

    admit_many(2, 30, 4000);
    uint32_t each = APP_KIT_HEAD_BYTES + APP_KIT_SIGNATURE_BYTES + 4000;
    cr_assert_eq(pool_kit_select(kit), POOL_KIT_BLOCK_BYTES / each);
    cr_assert_eq(kit->chosen.bytes, POOL_KIT_BLOCK_BYTES / each * each);
    pool_kit_execute(kit);
    (void)pool_kit_select(kit);
    pool_kit_execute(kit);

    for (uint32_t i = 0; i < 8; i++) {
        pool_kit_admit(kit, 0, 1, COMMAND(.account = 3 + 4 * i, .nonce = 1, .cost_us = 10000));
    }
    cr_assert_eq(pool_kit_select(kit), 5);
    cr_assert_eq(kit->chosen.cost_ns, POOL_COST_NS_MAX);
}

/* R4: no origin has more than half of a block while others wait. */
Test(pool_block, shares_a_block_between_origins_by_bytes)
{
    uint32_t counts[8], bytes[8];

    admit_many(1, 60, 2000); /* origin 2: large */
    admit_many(2, 300, 200); /* origin 3: small */
    (void)pool_kit_select(kit);
    count_origins(counts, bytes);
    cr_assert_leq(bytes[2], POOL_KIT_BLOCK_BYTES / 2);
    cr_assert_gt(bytes[2], POOL_KIT_BLOCK_BYTES / 4);
    cr_assert_gt(counts[3], counts[2]);
    cr_assert_leq(counts[3], POOL_KIT_BLOCK_COMMANDS / 2 + 4, "nor half of the number of commands");
}

Test(pool_block, gives_an_origin_all_of_a_block_when_nobody_else_waits)
{
    uint32_t counts[8], bytes[8];

    admit_many(1, 100, 0);
    admit_many(2, 3, 0);
    cr_assert_eq(pool_kit_select(kit), POOL_KIT_BLOCK_COMMANDS);
    count_origins(counts, bytes);
    cr_assert_eq(counts[3], 3);
    cr_assert_eq(counts[2], POOL_KIT_BLOCK_COMMANDS - 3);
}

Test(pool_block, gives_equal_parts_to_three_origins_over_many_blocks)
{
    uint32_t sums[8] = { 0 };

    admit_many(1, 150, 100);
    admit_many(2, 150, 100);
    admit_many(3, 150, 100);
    for (uint32_t block = 0; block < 5; block++) {
        uint32_t counts[8], bytes[8];
        (void)pool_kit_select(kit);
        count_origins(counts, bytes);
        for (uint32_t o = 0; o < 8; o++) {
            sums[o] += counts[o];
        }
        pool_kit_execute(kit);
    }
    for (uint32_t o = 2; o <= 4; o++) {
        cr_assert_geq(sums[o], 5 * POOL_KIT_BLOCK_COMMANDS / 3 - 20, "%u", sums[o]);
        cr_assert_leq(sums[o], 5 * POOL_KIT_BLOCK_COMMANDS / 3 + 20, "%u", sums[o]);
    }
}

Test(pool_block, counts_costly_commands_as_the_part_of_the_block_that_they_take)
{
    uint32_t counts[8], bytes[8];

    for (uint32_t i = 0; i < 40; i++) {
        pool_kit_admit(kit, 0, 1, COMMAND(.account = 1 + 4 * i, .nonce = 1, .cost_us = 2000));
        pool_kit_admit(kit, 0, 2, COMMAND(.account = 2 + 4 * i, .nonce = 1, .cost_us = 200));
    }
    (void)pool_kit_select(kit);
    count_origins(counts, bytes);
    cr_assert_eq(counts[2], POOL_COST_NS_MAX / 2 / 2000000, "half of the cost, little of the bytes");
    cr_assert_eq(counts[3], POOL_KIT_BLOCK_COMMANDS / 2);
}

Test(pool_block, judges_again_at_the_time_of_the_block)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 2, .nonce = 1, .valid_until_ms = APP_KIT_TIME + 10));
    pool_kit_admit(kit, 3, 1, COMMAND(.account = 3, .nonce = 1));
    pool_kit_admit(kit, 4, 1, COMMAND(.account = 3, .nonce = 2));
    kit->app.accounts[3].code = CODE_KEY_NOT_CURRENT;
    kit->now.wall_ms += 10;
    cr_assert_eq(pool_kit_select(kit), 1);
    pool_kit_expect(kit, 2, CODE_EXPIRED);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).waiting, 2);
    cr_assert_eq(pool_ready(kit->pool).commands, 0);
    kit->app.accounts[3].code = CODE_OK;
    pool_kit_execute(kit);
    cr_assert_eq(pool_kit_select(kit), 2, "it waited, and is judged at the next executed block");
}

Test(pool_block, leaves_out_what_is_valid_too_long_for_an_early_block_time)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME + COMMAND_VALID_MS_MAX));
    kit->now.wall_ms -= 1;
    cr_assert_eq(pool_kit_select(kit), 0);
    kit->now.wall_ms += 1;
    pool_executed(kit->pool, kit->now, 99, kit->now.wall_ms);
    cr_assert_eq(pool_kit_select(kit), 1);
}

Test(pool_block, needs_a_height_above_all_in_flight, .signal = SIGABRT)
{
    (void)pool_kit_fly(kit, 5, COMMAND(.account = 1, .nonce = 1));
    kit->height = 4;
    (void)pool_kit_select(kit);
}

/* --- In flight (V5) ---------------------------------------------------------------------------------------------------- */

Test(pool_block, finds_duplicates_and_used_nonces_in_blocks)
{
    kit->app.accounts[1].nonce = 4;
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 5)), POOL_FLIGHT_OK);
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 5, .salt = 1)), POOL_FLIGHT_DUPLICATE, "in the same block");
    cr_assert_eq(pool_kit_fly(kit, 2, COMMAND(.account = 1, .nonce = 5)), POOL_FLIGHT_DUPLICATE, "in an ancestor");
    cr_assert_eq(pool_kit_fly(kit, 2, COMMAND(.account = 1, .nonce = 4)), POOL_FLIGHT_STALE);
    cr_assert_eq(pool_kit_fly(kit, 2, COMMAND(.account = 1, .nonce = 6)), POOL_FLIGHT_OK);
    pool_inflight_remove(kit->pool, kit->now, 2);
    cr_assert_eq(pool_kit_fly(kit, 2, COMMAND(.account = 1, .nonce = 6)), POOL_FLIGHT_OK, "the block was taken out again");
    pool_inflight_remove(kit->pool, kit->now, 77);
    pool_check(kit->pool);
}

Test(pool_block, does_not_choose_what_is_in_somebody_elses_block)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 1)), POOL_FLIGHT_OK);
    kit->height = 1;
    cr_assert_eq(pool_kit_select(kit), 1);
    cr_assert_eq(pool_kit_chosen(kit, 0).nonce, 2);
}

Test(pool_block, goes_on_behind_a_nonce_that_is_in_flight_but_not_held)
{
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    cr_assert_eq(pool_live_count(kit->pool), 0);
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 1)), POOL_FLIGHT_OK);
    cr_assert_eq(pool_live_count(kit->pool), 1);
    pool_inflight_remove(kit->pool, kit->now, 1);
    cr_assert_eq(pool_live_count(kit->pool), 0, "and waits again when that block is abandoned");
    pool_check(kit->pool);
}

Test(pool_block, a_gap_in_a_block_makes_nothing_live)
{
    pool_kit_admit(kit, 3, 1, COMMAND(.account = 1, .nonce = 3));
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 3)), POOL_FLIGHT_OK);
    cr_assert_eq(pool_live_count(kit->pool), 0);
    pool_kit_admit(kit, 0, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_admit(kit, 0, 1, COMMAND(.account = 1, .nonce = 2));
    cr_assert_eq(pool_live_count(kit->pool), 3);
}

Test(pool_block, returns_an_abandoned_block_to_the_front_in_its_order)
{
    admit_many(1, 10, 0);
    cr_assert_eq(pool_kit_select(kit), 10);
    admit_many(1 + 40, 5, 0);
    pool_inflight_remove(kit->pool, kit->now, kit->height);
    pool_check(kit->pool);
    cr_assert_eq(pool_kit_select(kit), 15);
    for (uint32_t i = 0; i < 15; i++) {
        struct command command = pool_kit_chosen(kit, i);
        struct hash32 expected = app_kit_account_hash(1 + 4 * i);
        cr_assert(hash_equal(&command.account, &expected), "%u", i);
    }
}

Test(pool_block, admits_what_is_in_flight_already_so_that_its_receipt_finds_the_client)
{
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 1)), POOL_FLIGHT_OK);
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    cr_assert_eq(pool_ready(kit->pool).commands, 0);
    kit->app.accounts[1].nonce = 1;
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
}

/* --- Executed ---------------------------------------------------------------------------------------------------------- */

Test(pool_block, forgets_what_was_executed_and_goes_on)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    cr_assert_eq(pool_kit_select(kit), 1);
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    pool_kit_execute(kit);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 1);
    cr_assert_eq(pool_kit_select(kit), 1);
    pool_kit_execute(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
    cr_assert_eq(pool_status(kit->pool).bytes, 0);
    cr_assert_eq(pool_deadline_ns(kit->pool), UINT64_MAX);
}

Test(pool_block, refuses_a_rival_of_what_was_executed)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .salt = 1));
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 1, .salt = 2)), POOL_FLIGHT_OK);
    cr_assert_eq(pool_ready(kit->pool).commands, 0);
    kit->app.accounts[1].nonce = 1;
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    pool_kit_expect(kit, 1, CODE_NONCE_LOW);
    pool_check(kit->pool);
}

Test(pool_block, keeps_a_rival_when_the_executed_command_consumed_nothing)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .salt = 1));
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 1, .salt = 2)), POOL_FLIGHT_OK);
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_kit_select(kit), 1);
}

Test(pool_block, forgets_its_own_command_that_failed_in_the_block)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    cr_assert_eq(pool_kit_select(kit), 2);
    pool_executed(kit->pool, kit->now, kit->height, kit->now.wall_ms); /* both with RATE: no nonce is consumed */
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 0, "their receipts answer them");
    pool_check(kit->pool);
}

Test(pool_block, refuses_older_nonces_that_came_by_another_way)
{
    for (uint32_t i = 1; i <= 3; i++) {
        pool_kit_admit(kit, i, 1, COMMAND(.account = 1, .nonce = i));
    }
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 3)), POOL_FLIGHT_OK);
    kit->app.accounts[1].nonce = 3; /* 1 and 2 were in blocks that this replica caught up with unseen */
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    pool_kit_expect(kit, 1, CODE_NONCE_LOW);
    pool_kit_expect(kit, 2, CODE_NONCE_LOW);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
}

Test(pool_block, frees_nothing_that_is_being_verified)
{
    const struct sig_item *items = NULL;
    uint32_t batch = 0, count = 0;
    bool good[2] = { true, true };

    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .salt = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 2, .nonce = 1, .salt = 1)), CODE_OK);
    cr_assert(pool_verify_take(kit->pool, kit->now, &batch, &items, &count));
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 1, .nonce = 1, .salt = 1)), POOL_FLIGHT_OK);
    cr_assert_eq(pool_kit_fly(kit, 1, COMMAND(.account = 2, .nonce = 1, .salt = 2)), POOL_FLIGHT_OK);
    kit->app.accounts[1].nonce = 1;
    kit->app.accounts[2].nonce = 1;
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    pool_kit_expect(kit, 2, CODE_NONCE_LOW);
    pool_kit_expect(kit, 1, CODE_NONCE_LOW); /* It was not admitted, so no receipt finds its client. */
    cr_assert_eq(pool_status(kit->pool).commands, 2, "their bytes are still being looked at");
    cr_assert_eq(items[0].signature[0], 1);
    pool_check(kit->pool);
    pool_verified(kit->pool, kit->now, batch, good, count);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
    pool_check(kit->pool);
}

/* C4: a block is executed in slices, so the state may be ahead of what pool_executed has told. */
Test(pool_block, is_not_confused_by_a_state_that_is_ahead)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    cr_assert_eq(pool_kit_select(kit), 2);
    kit->app.accounts[1].nonce = 1;
    pool_kit_admit(kit, 3, 1, COMMAND(.account = 1, .nonce = 1 + POOL_NONCE_WINDOW));
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_kit_add(kit, 4, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK, "in flight still: its receipt comes");
    pool_kit_expect(kit, 4, CODE_OK);
    kit->app.accounts[1].nonce = 2;
    pool_executed(kit->pool, kit->now, kit->height, kit->now.wall_ms);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 1);
}

/* --- What others are told (R2, Q1-Q3) ---------------------------------------------------------------------------------- */

static uint8_t out[1 << 18];

static uint32_t count_commands(size_t size)
{
    uint32_t count = 0;

    for (size_t at = 0; at < size; count++) {
        at += app_kit_parse(bytes_of(out + at, size - at)).bytes.size;
    }
    return count;
}

Test(pool_block, forwards_each_own_command_once_for_each_leader)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_admit(kit, 0, 2, COMMAND(.account = 2, .nonce = 1));
    pool_kit_admit(kit, 3, 1, COMMAND(.account = 3, .nonce = 1));
    cr_assert(pool_forward_waiting(kit->pool));
    cr_assert_eq(count_commands(pool_forward_next(kit->pool, out, sizeof out)), 2, "not what a member sent");
    cr_assert_not(pool_forward_waiting(kit->pool));
    cr_assert_eq(pool_forward_next(kit->pool, out, sizeof out), 0);
    pool_kit_admit(kit, 4, 1, COMMAND(.account = 4, .nonce = 1));
    cr_assert_eq(count_commands(pool_forward_next(kit->pool, out, sizeof out)), 1);
    pool_forward_reset(kit->pool);
    cr_assert_eq(count_commands(pool_forward_next(kit->pool, out, sizeof out)), 3);
}

Test(pool_block, forwards_what_fits_and_then_the_rest)
{
    for (uint32_t i = 0; i < 20; i++) {
        pool_kit_admit(kit, i + 1, i, COMMAND(.account = i, .nonce = 1, .payload = 4000));
    }
    uint32_t first = count_commands(pool_forward_next(kit->pool, out, POOL_COMMAND_BYTES_MAX));
    cr_assert_eq(first, POOL_COMMAND_BYTES_MAX / (APP_KIT_HEAD_BYTES + APP_KIT_SIGNATURE_BYTES + 4000));
    cr_assert_eq(count_commands(pool_forward_next(kit->pool, out, sizeof out)), 20 - first);
}

Test(pool_block, forwards_and_broadcasts_nothing_that_is_in_a_block)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    cr_assert_eq(pool_kit_select(kit), 1);
    cr_assert_not(pool_forward_waiting(kit->pool));
    cr_assert_eq(pool_broadcast_from_ns(kit->pool), UINT64_MAX);
    cr_assert_eq(kit->pool->forward_next, POOL_NONE, "and is not looked at again");
    cr_assert_eq(kit->pool->broadcast_next, POOL_NONE);
    cr_assert_eq(count_commands(pool_live_write(kit->pool, out, sizeof out)), 1, "but a cause names it");
    pool_inflight_remove(kit->pool, kit->now, kit->height);
    pool_forward_reset(kit->pool);
    pool_broadcast_reset(kit->pool);
    cr_assert(pool_forward_waiting(kit->pool));
    cr_assert_eq(count_commands(pool_broadcast_next(kit->pool, kit->now.mono_ns, out, sizeof out)), 1);
}

/* Q3: t1 counts from when a request became live. */
Test(pool_block, broadcasts_what_was_live_long_enough_and_each_once)
{
    uint64_t first_ns = kit->now.mono_ns;

    pool_kit_admit(kit, 0, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_time(kit, 10);
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 2, .nonce = 1));
    cr_assert_eq(pool_broadcast_from_ns(kit->pool), first_ns);
    cr_assert_eq(pool_broadcast_next(kit->pool, first_ns - 1, out, sizeof out), 0);
    cr_assert_eq(count_commands(pool_broadcast_next(kit->pool, first_ns + 5 * MS, out, sizeof out)), 1);
    cr_assert_eq(pool_broadcast_from_ns(kit->pool), first_ns + 10 * MS);
    cr_assert_eq(count_commands(pool_broadcast_next(kit->pool, first_ns + 10 * MS, out, sizeof out)), 1);
    cr_assert_eq(pool_broadcast_from_ns(kit->pool), UINT64_MAX);
}

/* J8: requests that cannot commit are no outstanding work, so they never reach a cause. */
Test(pool_block, names_only_live_requests_in_a_cause)
{
    kit->app.accounts[1].code = CODE_RATE;
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 2, .nonce = 2));
    cr_assert_eq(pool_kit_add(kit, 3, 1, COMMAND(.account = 3, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_live_write(kit->pool, out, sizeof out), 0);
    cr_assert_eq(pool_live_oldest_ns(kit->pool), UINT64_MAX);
}

/* --- Fairness (Q4) ----------------------------------------------------------------------------------------------------- */

static void commit_small_block(uint32_t account)
{
    kit->height++;
    (void)pool_kit_fly(kit, kit->height, COMMAND(.account = account, .nonce = 1));
    pool_committed(kit->pool, kit->now, kit->height, 100 * MS);
    kit->app.accounts[account].nonce = 1;
    pool_executed(kit->pool, kit->now, kit->height, kit->now.wall_ms);
    pool_check(kit->pool);
}

Test(pool_block, counts_three_blocks_with_room_after_t1_as_bypassed)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_time(kit, 99);
    commit_small_block(10);
    pool_kit_time(kit, 1);
    for (uint32_t i = 0; i < POOL_BYPASS_BLOCKS; i++) {
        cr_assert_not(pool_is_bypassed(kit->pool), "%u", i);
        commit_small_block(20 + i);
    }
    cr_assert(pool_is_bypassed(kit->pool));
    pool_bypassed_reset(kit->pool);
    cr_assert_not(pool_is_bypassed(kit->pool), "a new leader has its own chance");
}

Test(pool_block, a_younger_request_is_not_bypassed_by_the_same_blocks)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    pool_kit_time(kit, 200);
    for (uint32_t i = 0; i < POOL_BYPASS_BLOCKS; i++) {
        commit_small_block(20 + i);
    }
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 2, .nonce = 1));
    cr_assert(pool_is_bypassed(kit->pool));
    commit_small_block(1); /* The older one is executed at last. */
    cr_assert_eq(pool_live_count(kit->pool), 1);
    cr_assert_not(pool_is_bypassed(kit->pool));
}

/* fill_block flies one full block; `mine` of its commands are of origin 2, the others of `others` in turn. */
static void commit_full_block(uint32_t mine, uint32_t others)
{
    static uint32_t account = 1000;

    kit->height++;
    for (uint32_t i = 0; i < POOL_KIT_BLOCK_COMMANDS; i++) {
        account++;
        kit->app.accounts[account].origin = i < mine ? 2 : 10 + i % others;
        (void)pool_kit_fly(kit, kit->height, COMMAND(.account = account, .nonce = 1));
        kit->app.accounts[account].nonce = 1;
    }
    pool_committed(kit->pool, kit->now, kit->height, 100 * MS);
    pool_executed(kit->pool, kit->now, kit->height, kit->now.wall_ms);
}

/* Age alone never deposes a leader under overload; favour does. */
Test(pool_block, full_blocks_bypass_only_when_others_have_more_than_their_share)
{
    static const struct { uint32_t mine, others; bool bypassed; const char *why; } table[] = {
        { 32, 1, false, "an equal part of two" },
        { 16, 3, false, "an equal part of four" },
        { 0, 1, true, "another has all of it" },
        { 0, 2, true, "two others have half each, where a third each is due" },
        { 20, 2, false, "a third, nearly" },
        { 0, 40, false, "many small ones, none has more than its part" },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        pool_kit_admit(kit, i + 1, 1, COMMAND(.account = 1 + 4 * (uint32_t)i, .nonce = 1));
        pool_kit_time(kit, 200);
        for (uint32_t block = 0; block < POOL_BYPASS_BLOCKS; block++) {
            commit_full_block(table[i].mine, table[i].others);
        }
        cr_assert_eq(pool_is_bypassed(kit->pool), table[i].bypassed, "%s", table[i].why);
        commit_small_block(1 + 4 * (uint32_t)i);
        pool_bypassed_reset(kit->pool);
    }
}
