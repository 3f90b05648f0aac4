/* history_test.c: the newest committed blocks by height: what is kept, what is gone, what may not be added. */
#include "consensus/history.h"

#include "tests/base/stop_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#define CAPACITY 8u

static struct history history;
static uint8_t memory[8192] __attribute__((aligned(64)));

static void fresh(uint64_t root_height)
{
    struct arena arena;
    struct hash32 hash = kit_hash((unsigned)root_height);
    struct block_header root = { .height = root_height };

    arena_init(&arena, memory, sizeof memory);
    history_take(&history, &arena, CAPACITY);
    history_begin(&history, &root, &hash);
}

static void add(uint64_t height)
{
    struct block_header header = { .height = height, .time_ms = height, .parent = kit_hash((unsigned)height - 1) };
    struct hash32 hash = kit_hash((unsigned)height);

    history_add(&history, &header, &hash);
}

Test(history, begins_with_the_root_alone)
{
    fresh(5);
    struct hash32 root = kit_hash(5), other = kit_hash(6);
    cr_assert(history_has(&history, 5, &root));
    cr_assert_not(history_has(&history, 5, &other));
    cr_assert_null(history_find(&history, 4));
    cr_assert_null(history_find(&history, 6));
}

Test(history, keeps_the_newest_and_forgets_the_oldest)
{
    fresh(0);
    for (uint64_t height = 1; height <= 3 * CAPACITY; height++) {
        add(height);
        cr_assert_eq(history.high, height);
        uint64_t low = height >= CAPACITY ? height - CAPACITY + 1 : 0;
        cr_assert_eq(history.low, low);
        cr_assert_not_null(history_find(&history, low));
        cr_assert_eq(history_find(&history, low)->header.height, low);
        cr_assert(low == 0 || history_find(&history, low - 1) == NULL);
        cr_assert_null(history_find(&history, height + 1));
    }
}

static void note(uint64_t height, uint64_t name)
{
    struct block_header header = { .height = height, .time_ms = height, .parent = kit_hash((unsigned)height - 1) };
    struct hash32 hash = kit_hash((unsigned)name);

    history_note(&history, &header, &hash);
}

/* What a log holds below a snapshot belongs to the chain as far as hashes lead down to it, whatever order it stands in. */
Test(history, reaches_below_its_root_as_far_as_hashes_lead_S3)
{
    fresh(20);
    struct block_header root = { .height = 20, .time_ms = 20, .parent = kit_hash(19) };
    struct hash32 hash = kit_hash(20);
    history_begin(&history, &root, &hash);
    note(18, 18);
    note(17, 99); /* of a branch that lost */
    note(16, 16);
    note(19, 19);
    add(21);
    history_reach(&history);
    cr_assert_eq(history.low, 18);
    cr_assert_not_null(history_find(&history, 18));
    cr_assert_null(history_find(&history, 17));
    note(17, 17); /* the last one counts */
    history_reach(&history);
    cr_assert_eq(history.low, 16);
    history_check(&history);
}

Test(history, notes_displace_nothing_and_are_displaced)
{
    fresh(2 * CAPACITY);
    struct block_header root = { .height = 2 * CAPACITY, .time_ms = 2 * CAPACITY, .parent = kit_hash(2 * CAPACITY - 1) };
    struct hash32 hash = kit_hash(2 * CAPACITY);
    history_begin(&history, &root, &hash);
    for (uint64_t height = CAPACITY; height < 2 * CAPACITY; height++) {
        note(height, height); /* the first has the place of the root */
    }
    add(2 * CAPACITY + 1);
    history_reach(&history);
    cr_assert_eq(history.low, CAPACITY + 2);
    cr_assert(history_has(&history, 2 * CAPACITY, &hash));
    cr_assert_null(history_find(&history, CAPACITY + 1));
    history_check(&history);
}

Test(history, stops_at_a_block_that_does_not_continue_the_chain_I2, .signal = SIGABRT)
{
    fresh(0);
    struct block_header header = { .height = 1, .parent = kit_hash(77) };
    struct hash32 hash = kit_hash(1);
    history_add(&history, &header, &hash);
}

Test(history, stops_at_a_height_left_out_I2, .signal = SIGABRT)
{
    fresh(0);
    add(2);
}

static void check(const void *state) { history_check(state); }

Test(history, stops_when_the_newest_does_not_name_the_one_before)
{
    struct block_header header = { .height = 6, .parent = kit_hash(5), .time_ms = 1 };
    struct hash32 hash = kit_hash(6);

    fresh(5);
    cr_assert_not(kit_stops(check, &history));
    history_add(&history, &header, &hash);
    cr_assert_not(kit_stops(check, &history));
    struct history bad = history;
    bad.low = 7;
    cr_assert(kit_stops(check, &bad));
    history.entries[6 % CAPACITY].header.time_ms = 0;
    cr_assert(kit_stops(check, &history), "V4: no later than its parent");
    history.entries[6 % CAPACITY].header.time_ms = 1;
    history.entries[6 % CAPACITY].header.parent = kit_hash(4);
    cr_assert(kit_stops(check, &history), "I10");
}
