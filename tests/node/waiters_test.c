/* waiters_test.c: each request gets one final answer, and nobody else's. */
#include "node/waiters.h"

#include "tests/node/pages_kit.h"
#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>

static _Alignas(64) uint8_t memory[1 << 16];

static struct waiters make(uint32_t count_max)
{
    struct waiters waiters;
    struct arena arena;

    arena_init(&arena, memory, sizeof memory);
    waiters_init(&waiters, &arena, count_max);
    return waiters;
}

/* Many commands share few buckets on purpose. */
static struct hash32 tx(uint8_t low, uint8_t high)
{
    return (struct hash32){ { low, 0, 0, 0, high } };
}

static uint64_t admit(struct waiters *waiters, uint64_t client, uint64_t request, const struct hash32 *id)
{
    struct waiter waiter = { client, request };
    uint64_t token = waiters_open(waiters, &waiter);

    cr_assert_neq(token, 0);
    cr_assert(waiters_admit(waiters, token, id, &waiter));
    cr_assert_eq(waiter.request, request);
    return token;
}

Test(waiters, every_request_for_a_command_is_answered_once)
{
    struct waiters waiters = make(16);
    struct hash32 one = tx(1, 1), same_bucket = tx(1, 2);
    struct waiter got;

    admit(&waiters, 7, 70, &one);
    admit(&waiters, 8, 80, &one);
    admit(&waiters, 9, 90, &same_bucket);
    cr_assert(waiters_take(&waiters, &one, &got));
    cr_assert_eq(got.request, 80);
    cr_assert(waiters_take(&waiters, &one, &got));
    cr_assert_eq(got.request, 70);
    cr_assert(!waiters_take(&waiters, &one, &got));
    cr_assert(waiters_take(&waiters, &same_bucket, &got));
    cr_assert_eq(waiters.count, 0);
}

Test(waiters, a_refusal_ends_a_request_before_and_after_admission)
{
    struct waiters waiters = make(4);
    struct hash32 id = tx(1, 1);
    struct waiter got, waiter = { 1, 10 };
    uint64_t early = waiters_open(&waiters, &waiter), late = admit(&waiters, 2, 20, &id);

    cr_assert(waiters_close(&waiters, early, &got));
    cr_assert_eq(got.request, 10);
    cr_assert(waiters_close(&waiters, late, &got));
    cr_assert_eq(got.request, 20);
    cr_assert(!waiters_close(&waiters, late, &got), "a token is good once");
    cr_assert(!waiters_take(&waiters, &id, &got));
}

Test(waiters, a_token_of_an_earlier_use_is_void)
{
    struct waiters waiters = make(2);
    struct waiter got, waiter = { 1, 10 };
    struct hash32 id = tx(1, 1);
    uint64_t first = waiters_open(&waiters, &waiter);

    cr_assert(waiters_close(&waiters, first, &got));
    uint64_t second = waiters_open(&waiters, &waiter);
    cr_assert_neq(first, second);
    cr_assert(!waiters_admit(&waiters, first, &id, &got));
    cr_assert(!waiters_close(&waiters, 0, &got));
    cr_assert(!waiters_close(&waiters, UINT64_MAX, &got));
}

Test(waiters, a_full_table_says_so_and_works_again_after_one_left)
{
    struct waiters waiters = make(4);
    struct waiter got, waiter = { 9, 9 };

    for (uint8_t i = 0; i < 4; i++) {
        struct hash32 id = tx(i % 2, i);
        admit(&waiters, i, i, &id);
    }
    cr_assert_eq(waiters_open(&waiters, &waiter), 0);
    struct hash32 first = tx(0, 0);
    cr_assert(waiters_take(&waiters, &first, &got));
    cr_assert_neq(waiters_open(&waiters, &waiter), 0);
}

Test(waiters, a_client_that_left_waits_for_nothing)
{
    struct waiters waiters = make(16);
    struct waiter got;
    struct hash32 a = tx(3, 1), b = tx(3, 2);

    admit(&waiters, 1, 1, &a);
    admit(&waiters, 2, 2, &b);
    admit(&waiters, 1, 3, &b);
    waiters_forget(&waiters, 1);
    cr_assert_eq(waiters.count, 1);
    cr_assert(!waiters_take(&waiters, &a, &got));
    cr_assert(waiters_take(&waiters, &b, &got));
    cr_assert_eq(got.client, 2);
}

static void check(const void *state) { waiters_check(state); }

Test(waiters, stops_when_an_entry_is_in_the_wrong_list)
{
    struct waiters waiters = make(8);
    struct hash32 one = tx(1, 1), two = tx(1, 2);
    struct waiter waiter = { 7, 7 };

    cr_assert_not(kit_stops(check, &waiters));
    admit(&waiters, 1, 10, &one);
    admit(&waiters, 2, 20, &two);
    waiters_open(&waiters, &waiter);
    cr_assert_not(kit_stops(check, &waiters));
    waiters.entries[0].admitted = false;
    cr_assert(kit_stops(check, &waiters), "in a bucket without being admitted");
    waiters.entries[0].admitted = true;
    waiters.count--;
    cr_assert(kit_stops(check, &waiters));
    waiters.count++;
    waiters.entries[0].next = 2;
    waiters.entries[1].next = 1;
    cr_assert(kit_stops(check, &waiters), "a bucket that runs in a circle");
}

/* The table is large enough for every client's last request; few replicas ever see that many. */
Test(waiters, touch_no_more_of_the_table_than_was_ever_waited_for)
{
    struct waiters waiters;
    struct arena measure;
    struct waiter got;

    arena_init_measure(&measure);
    waiters_init(&waiters, &measure, 1 << 15);
    struct arena arena = pages_arena(measure.used);
    waiters_init(&waiters, &arena, 1 << 15);
    cr_assert_eq(pages_touched(&arena), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t token = waiters_open(&waiters, &(struct waiter){ 7, i });
        cr_assert_neq(token, 0);
        cr_assert(waiters_close(&waiters, token, &got));
    }
    waiters_forget(&waiters, 7);
    cr_assert_leq(pages_touched(&arena), 1, "the same entry again and again");
}
