/* waiters_test.c: each waiter gets its receipt once, and nobody else's. */
#include "node/waiters.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static _Alignas(64) uint8_t memory[1 << 16];

static struct waiters make(uint32_t count_max)
{
    struct waiters waiters;
    struct arena arena;

    arena_init(&arena, memory, sizeof memory);
    waiters_take_memory(&waiters, &arena, count_max);
    return waiters;
}

/* Many commands share few buckets on purpose. */
static struct hash32 tx(uint8_t low, uint8_t high)
{
    return (struct hash32){ { low, 0, 0, 0, high } };
}

Test(waiters, every_waiter_of_a_command_is_taken_once)
{
    struct waiters waiters = make(16);
    struct hash32 one = tx(1, 1), same_bucket = tx(1, 2);
    struct waiter got;

    cr_assert_eq(waiters_add(&waiters, &one, &(struct waiter){ 7, 70 }), ERR_OK);
    cr_assert_eq(waiters_add(&waiters, &one, &(struct waiter){ 8, 80 }), ERR_OK);
    cr_assert_eq(waiters_add(&waiters, &same_bucket, &(struct waiter){ 9, 90 }), ERR_OK);
    cr_assert(waiters_take(&waiters, &one, &got));
    cr_assert_eq(got.request, 80);
    cr_assert(waiters_take(&waiters, &one, &got));
    cr_assert_eq(got.request, 70);
    cr_assert(!waiters_take(&waiters, &one, &got));
    cr_assert(waiters_take(&waiters, &same_bucket, &got));
    cr_assert_eq(waiters.count, 0);
}

Test(waiters, a_full_table_says_so_and_works_again_after_one_left)
{
    struct waiters waiters = make(4);
    struct waiter got;

    for (uint8_t i = 0; i < 4; i++) {
        struct hash32 id = tx(i % 2, i);
        cr_assert_eq(waiters_add(&waiters, &id, &(struct waiter){ i, i }), ERR_OK);
    }
    struct hash32 fifth = tx(0, 9), first = tx(0, 0);
    cr_assert_eq(waiters_add(&waiters, &fifth, &(struct waiter){ 9, 9 }), ERR_FULL);
    cr_assert(waiters_take(&waiters, &first, &got));
    cr_assert_eq(waiters_add(&waiters, &fifth, &(struct waiter){ 9, 9 }), ERR_OK);
}

Test(waiters, a_client_that_left_waits_for_nothing)
{
    struct waiters waiters = make(16);
    struct waiter got;
    struct hash32 a = tx(3, 1), b = tx(3, 2), c = tx(4, 3);

    cr_assert_eq(waiters_add(&waiters, &a, &(struct waiter){ 1, 1 }), ERR_OK);
    cr_assert_eq(waiters_add(&waiters, &b, &(struct waiter){ 2, 2 }), ERR_OK);
    cr_assert_eq(waiters_add(&waiters, &c, &(struct waiter){ 1, 3 }), ERR_OK);
    cr_assert(waiters_cancel(&waiters, &b, &(struct waiter){ 2, 2 }));
    cr_assert(!waiters_cancel(&waiters, &b, &(struct waiter){ 2, 2 }));
    waiters_forget(&waiters, 1);
    cr_assert_eq(waiters.count, 0);
    cr_assert(!waiters_take(&waiters, &a, &got));
}
