/* givers_test.c: who asks one member for a chain again and again that gives little of it, or for a snapshot that nobody gives, is seen. */
#include "sim/oracle/givers.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)

static struct failure failure;
static struct givers givers;
static struct message_bundle bundle;
static uint8_t bytes[BLOCK_HEADER_BYTES + 64];

static void setup(void)
{
    failure = (struct failure){ 0 };
    givers_init(&givers, 4, &failure);
}

static void teardown(void)
{
    givers_close(&givers);
}

TestSuite(givers, .init = setup, .fini = teardown);

static struct givers_moment at(uint64_t now_ms) { return (struct givers_moment){ now_ms * MS, 1, 1 }; }

/* ask asks a member for blocks up to height 40. */
static void ask(uint64_t now_ms, uint32_t member, bool others)
{
    struct message_fetch fetch = { .chain = true, .height = 40, .from_height = 2 };
    struct givers_moment moment = at(now_ms);

    givers_ask(&givers, &moment, member, &fetch, others);
}

/* give answers with one block of that height. */
static void give(uint64_t now_ms, uint32_t member, uint64_t height, uint64_t tip)
{
    struct block_header header = { .height = height };
    struct givers_moment moment = at(now_ms);
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    block_header_encode(&header, &writer);
    write_u32_le(&writer, 0); /* no body */
    cr_assert_not(writer.failed);
    bundle = (struct message_bundle){ .chain = true, .blocks_count = 1, .blocks = bytes_of(bytes, writer.offset) };
    givers_give(&givers, &moment, member, &bundle, tip);
}

/* rounds asks and gets answers, each after so many ms. */
static void rounds(uint32_t count, uint64_t after_ms, uint64_t height, uint64_t tip, bool others)
{
    for (uint32_t i = 0; i < count; i++) {
        ask(200 * i, 3, others);
        give(200 * i + after_ms, 3, height, tip);
    }
    ask(200 * count, 3, others);
}

Test(givers, one_that_gives_little_and_is_asked_again_is_seen_S2)
{
    rounds(6, 5, 2, 100, true);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(givers, one_that_gives_late_is_seen_S2)
{
    rounds(6, 130, 40, 100, true);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(givers, nobody_else_is_no_fault)
{
    rounds(6, 5, 2, 100, false);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(givers, all_that_was_asked_for_at_once_is_fine)
{
    rounds(40, 5, 40, 100, true);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(givers, near_the_tip_nobody_has_more)
{
    rounds(40, 5, 2, 8, true);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

Test(givers, another_one_in_between_begins_anew)
{
    rounds(5, 5, 2, 100, true);
    ask(1100, 2, true);
    rounds(5, 5, 2, 100, true);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}

/* ask_snapshot asks for a part of a snapshot; without bytes, for offers. */
static void ask_snapshot(uint64_t now_ms, uint64_t height, uint32_t size)
{
    struct message_snapshot_ask question = { .height = height, .run = { .bytes = size } };
    struct givers_moment moment = at(now_ms);

    givers_ask_snapshot(&givers, &moment, &question);
}

Test(givers, snapshot_that_nobody_gives_is_asked_for_no_longer_S3)
{
    ask_snapshot(0, 64, 100);
    ask_snapshot(50000, 64, 100);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
    ask_snapshot(61000, 64, 100);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(givers, what_comes_or_is_offered_anew_begins_anew)
{
    struct message_snapshot part = { .height = 64, .bytes = bytes_of(bytes, 8) };
    struct givers_moment moment = at(50000);

    ask_snapshot(0, 64, 100);
    givers_give_snapshot(&givers, &moment, &part);
    ask_snapshot(100000, 64, 100);
    ask_snapshot(105000, 0, 0);
    ask_snapshot(106000, 64, 100);
    ask_snapshot(150000, 64, 100);
    cr_assert_eq(failure.kind, FAILURE_NONE, "%s", failure.text);
}
