/* rates_test.c: who acts faster than the genesis lets it is seen, and who is held up although it has tokens; and a state that says otherwise. */
#include "sim/oracle/rates.h"

#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

#define INTERVAL_MS 1000u

static struct world world;
static struct failure failure;

static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.actors_count = 1;
    plan.fast_crypto = true;
    plan.rate_ms = INTERVAL_MS;
    plan.rate_burst = 2;
    world_open(&world, &plan);
    failure = (struct failure){ 0 };
    world.rates.failure = &failure;
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(rates, .init = setup, .fini = teardown);

/* act lets the sender have one command executed, and waits for its receipt. */
static void act(void)
{
    world_submit(&world, 1, 0, false);
    cr_assert(world_run_until_rest(&world, world.now_ns + UINT64_C(60000000000)), "%s", world.failure.text);
}

static struct rates_sender *sender(void) { return &world.rates.senders[0]; }

Test(rates, sender_waits_for_its_tokens)
{
    for (uint32_t i = 0; i < 8; i++) {
        act();
    }
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    cr_assert_geq(world.now_ns, UINT64_C(5) * INTERVAL_MS * 1000000, "eight commands take five intervals: two are in reserve, and one is paid when it has acted");
}

Test(rates, sender_that_does_not_wait_is_seen)
{
    act();
    sender()->tat += 100 * INTERVAL_MS;
    act();
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(failure.text, "before its sender has a token"), "%s", failure.text);
}

Test(rates, state_that_owes_more_is_seen)
{
    act();
    act();
    sender()->tat -= 1;
    act();
    cr_assert_not_null(strstr(failure.text, "is not what its commands made it"), "%s", failure.text);
}

/* refused shows a block in which a command of the sender gets this code, and which leaves the state as it is. */
static void refused(uint16_t code, uint64_t time_ms)
{
    static struct cast_command made;
    struct block_header header = { .height = 9, .commands_count = 1, .time_ms = time_ms };

    made = (struct cast_command){ .nonce = 2, .valid_until_ms = time_ms + 60000 };
    cast_sign(&world.cast, 0, &made);
    struct block_command command = { 0, (uint32_t)envelope_size(bytes_of(made.bytes, made.size)), 0, made.id, 1 };
    struct apply_block block = { .header = &header, .body = bytes_of(made.bytes, made.size), .commands = &command, .codes = &code };
    rates_executed(&world.rates, &block, world.hosts[0].driver.apply.ledger);
}

Test(rates, refusal_in_spite_of_tokens_is_seen)
{
    act();
    uint64_t paid_ms = sender()->tat;
    refused(CODE_NONCE_GAP, paid_ms);
    refused(CODE_RATE, paid_ms - 2 * INTERVAL_MS - 1);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    refused(CODE_RATE, paid_ms - 2 * INTERVAL_MS);
    cr_assert_not_null(strstr(failure.text, "and its sender has tokens"), "%s", failure.text);
}
