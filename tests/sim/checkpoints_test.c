/* checkpoints_test.c: a server that counts from another block than the newest checkpoint block is seen, whichever of its parts does. */
#include "sim/oracle/checkpoints.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <string.h>

#define GENESIS_MS 1000u
#define HEIGHTS 200u

static struct failure failure;
static struct checkpoints_book book;

/* Blocks come one each second but for block 6, which comes 20 s behind block 5; checkpoint blocks are 4, 6, 8, 12, ... */
static uint64_t time_ms(uint64_t height)
{
    return GENESIS_MS + height * 1000 + (height >= 6 ? 19000 : 0);
}

static void setup(void)
{
    struct config_limits limits = { .checkpoint_blocks = 4, .checkpoint_ms = 10000 };

    failure = (struct failure){ 0 };
    checkpoints_init(&book, &limits, GENESIS_MS, &failure);
    for (uint64_t height = 1; height <= HEIGHTS; height++) {
        checkpoints_executed(&book, height, time_ms(height));
        checkpoints_executed(&book, height, 0); /* a second one is nobody's first */
    }
}

static void teardown(void)
{
    checkpoints_close(&book);
}

TestSuite(checkpoints, .init = setup, .fini = teardown);

Test(checkpoints, newest_one_of_each_height_is_known_K1)
{
    static const struct {
        uint64_t height, newest;
    } rows[] = { { 4, 4 }, { 5, 4 }, { 6, 6 }, { 7, 6 }, { 8, 8 }, { 11, 8 }, { 12, 12 }, { HEIGHTS, HEIGHTS } };

    checkpoints_look(&book, 0, CHECKPOINTS_REPLICA, 0, GENESIS_MS);
    checkpoints_look(&book, 0, CHECKPOINTS_REPLICA, 3, GENESIS_MS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        checkpoints_look(&book, 0, CHECKPOINTS_REPLICA, rows[i].height, time_ms(rows[i].newest));
    }
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(checkpoints, another_one_is_seen_K1)
{
    checkpoints_look(&book, 2, CHECKPOINTS_SNAPSHOTS, 7, time_ms(7));
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(failure.text, "K1: at block 7 the maker of snapshots of r2 takes one that is 1000 ms younger"), "%s", failure.text);
}

Test(checkpoints, nothing_is_said_of_what_nobody_executed)
{
    checkpoints_look(&book, 2, CHECKPOINTS_ANSWERS, HEIGHTS + 1, 0);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}
