/* receipts_test.c: a receipt that is missing, and a root that is not that of the receipts, are seen. */
#include "sim/oracle/receipts.h"

#include "ledger/ledger.h"
#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static struct failure failure;
static struct receipts receipts;
static const struct block_header nothing = { .height = 99 }, one = { .height = 99, .commands_count = 1 };

static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.fast_crypto = true;
    world_open(&world, &plan);
    world_submit(&world, 5, 0, false);
    cr_assert(world_run_until_rest(&world, UINT64_C(60000000000)), "%s", world.failure.text);
    failure = (struct failure){ 0 };
    receipts = world.receipts;
    receipts.failure = &failure;
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(receipts, .init = setup, .fini = teardown);

static const struct apply *applied(void) { return &world.hosts[1].driver.apply; }

Test(receipts, there_is_one_for_each_command)
{
    struct apply_block block = { .header = &nothing };

    cr_assert_eq(receipts.log.count, 5);
    cr_assert_eq(ledger_receipts_count(applied()->ledger), 5);
    receipts_executed(&receipts, &block, applied());
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(receipts, one_that_is_missing_is_seen)
{
    struct block_command command = { 0 };
    struct apply_block block = { .header = &one, .body = bytes_of("", 0), .commands = &command };

    receipts_executed(&receipts, &block, applied());
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(failure.text, "there is none"), "%s", failure.text);
}

Test(receipts, root_of_other_receipts_is_seen)
{
    struct apply_block block = { .header = &nothing };

    receipts.log.peaks[0].bytes[0] ^= 1;
    receipts_executed(&receipts, &block, applied());
    cr_assert_not_null(strstr(failure.text, "the root"), "%s", failure.text);
}
