/* payloads_test.c: bodies of frames are copied once, into the smallest buffer that is free, and come back with their last holder. */
#include "node/payloads.h"

#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct payloads payloads;
static uint8_t big[PAYLOADS_SMALL_BYTES + 1];

static void make(void)
{
    struct arena arena;

    arena_init_measure(&arena);
    payloads_init(&payloads, &arena);
    size_t size = arena.used;
    void *memory = calloc(1, size + ARENA_ALIGN);
    arena_init(&arena, (void *)(((uintptr_t)memory + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN), size);
    payloads_init(&payloads, &arena);
    cr_assert_eq(arena.used, size);
}

TestSuite(payloads, .init = make);

Test(payloads, head_and_tail_lie_in_one_run)
{
    struct payload *payload = payloads_copy(&payloads, bytes_of("head", 4), bytes_of("tail", 4));

    cr_assert_eq(payload->bytes.size, 8);
    cr_assert_eq(memcmp(payload->bytes.data, "headtail", 8), 0);
    cr_assert_eq(payload->references, 1);
    payload_drop(payload);
}

Test(payloads, a_buffer_is_free_again_with_its_last_holder)
{
    struct payload *first = payloads_copy(&payloads, bytes_of("a", 1), bytes_of(NULL, 0));

    payload_hold(first);
    payload_drop(first);
    struct payload *second = payloads_copy(&payloads, bytes_of("b", 1), bytes_of(NULL, 0));
    cr_assert_neq(first, second);
    payload_drop(first);
    struct payload *third = payloads_copy(&payloads, bytes_of("c", 1), bytes_of(NULL, 0));
    cr_assert_eq(first, third);
}

Test(payloads, small_bodies_spill_into_large_buffers_and_then_are_dropped)
{
    for (uint32_t i = 0; i < PAYLOADS_SMALL_MAX + PAYLOADS_LARGE_MAX; i++) {
        cr_assert_not_null(payloads_copy(&payloads, bytes_of("x", 1), bytes_of(NULL, 0)));
    }
    cr_assert_eq(payloads.dropped, 0);
    cr_assert_null(payloads_copy(&payloads, bytes_of("x", 1), bytes_of(NULL, 0)));
    cr_assert_eq(payloads.dropped, 1);
}

Test(payloads, large_bodies_take_large_buffers_only)
{
    for (uint32_t i = 0; i < PAYLOADS_LARGE_MAX; i++) {
        cr_assert_not_null(payloads_copy(&payloads, bytes_of(big, sizeof big), bytes_of(NULL, 0)));
    }
    cr_assert_null(payloads_copy(&payloads, bytes_of(big, sizeof big), bytes_of(NULL, 0)));
    cr_assert_not_null(payloads_copy(&payloads, bytes_of(big, sizeof big - 1), bytes_of(NULL, 0)));
}

static void check(const void *state) { payloads_check(state); }

Test(payloads, stops_at_a_buffer_in_use_that_nobody_holds)
{
    struct payload *payload = payloads_copy(&payloads, bytes_of("a", 1), bytes_of(NULL, 0));

    cr_assert_not(kit_stops(check, &payloads));
    payload->references = 0;
    cr_assert(kit_stops(check, &payloads));
}
