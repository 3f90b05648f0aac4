/* mended_test.c: what lies under the name of a block is that block, or it is seen; and the medium is read as it is. */
#include "sim/oracle/mended.h"

#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static struct failure failure;
static uint8_t record[DRIVER_RECORD_BYTES], body[BLOCK_BYTES_MAX];
static struct mended mended;

/* setup executes three blocks and reads the second from the disk of r1. */
static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.fast_crypto = true;
    world_open(&world, &plan);
    for (uint32_t i = 0; i < 3; i++) {
        world_submit(&world, 4, 0, false);
        cr_assert(world_run_until_rest(&world, world.now_ns + UINT64_C(60000000000)), "%s", world.failure.text);
    }
    cr_assert_geq(world.oracle.height, 3);
    const struct hash32 *hash = &world.oracle.blocks[2].hash;
    mended = (struct mended){ .height = 2, .header = bytes_of(record, host_medium(&world.hosts[1], RECORD_BLOCK, hash, record, sizeof record)),
        .body = bytes_of(body, host_medium(&world.hosts[1], RECORD_PAYLOAD, hash, body, sizeof body)) };
    failure = (struct failure){ 0 };
    world.oracle.failure = &failure;
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(mended, .init = setup, .fini = teardown);

Test(mended, block_as_it_was_executed_is_right_S5)
{
    cr_assert_gt(mended.header.size, 0);
    cr_assert_gt(mended.body.size, 0);
    mended_look(&world.oracle, 1, &mended);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(mended, another_block_under_its_name_is_seen_S5)
{
    mended.height = 3;
    mended_look(&world.oracle, 1, &mended);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(failure.text, "with another one"), "%s", failure.text);
}

Test(mended, other_commands_under_its_header_are_seen_S5)
{
    body[8] ^= 1;
    mended_look(&world.oracle, 1, &mended);
    cr_assert_not_null(strstr(failure.text, "with other commands"), "%s", failure.text);
}

Test(mended, commands_that_are_cut_short_are_seen_S5)
{
    mended.body.size--;
    mended_look(&world.oracle, 1, &mended);
    cr_assert_not_null(strstr(failure.text, "with other commands"), "%s", failure.text);
}

Test(mended, medium_shows_what_rots)
{
    static uint8_t rotten[sizeof body];
    uint32_t differ = 0;

    cr_assert(host_rot(&world.hosts[1], 2));
    cr_assert_eq(host_medium(&world.hosts[1], RECORD_PAYLOAD, &world.oracle.blocks[2].hash, rotten, sizeof rotten), mended.body.size);
    for (size_t i = 0; i < mended.body.size; i++) {
        differ += rotten[i] != body[i] ? 1 : 0;
    }
    cr_assert_eq(differ, 1);
}

Test(mended, nothing_is_said_of_what_is_not_there)
{
    static const struct hash32 nowhere = { { 7 } };

    mended.header.size = host_medium(&world.hosts[1], RECORD_BLOCK, &nowhere, record, sizeof record);
    cr_assert_eq(mended.header.size, 0);
    cr_assert_eq(host_medium(&world.hosts[1], RECORD_BLOCK, &world.oracle.blocks[2].hash, record, 8), 0, "it does not fit");
    mended_look(&world.oracle, 1, &mended);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}
