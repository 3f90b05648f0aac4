/* outbox_test.c: nothing leaves before the log covers it, in order, and a full outbox drops the newest. */
#include "node/outbox.h"

#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct outbox make(void)
{
    struct arena measure, arena;
    struct outbox outbox;

    arena_init_measure(&measure);
    outbox_take(&outbox, &measure);
    void *memory = aligned_alloc(64, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    outbox_take(&outbox, &arena);
    return outbox;
}

static bool push(struct outbox *outbox, uint64_t after_lsn, const uint8_t *data, size_t head, size_t tail)
{
    struct effect effect = { .kind = EFFECT_SEND };

    effect.send.after_lsn = after_lsn;
    effect.send.head = bytes_of(data, head);
    effect.send.tail = bytes_of(data + head, tail);
    return outbox_push(outbox, &effect);
}

Test(outbox, lets_nothing_leave_before_it_is_covered)
{
    struct outbox outbox = make();
    uint8_t data[100] = { 1, 2, 3 };

    cr_assert(push(&outbox, 5, data, 70, 30));
    cr_assert(push(&outbox, 7, data, 70, 0));
    cr_assert_null(outbox_first(&outbox, 4));
    struct outbox_entry *entry = outbox_first(&outbox, 5);
    cr_assert_not_null(entry);
    cr_assert_eq(memcmp(outbox_body(&outbox, entry), data, 100), 0);
    outbox_pop(&outbox);
    cr_assert_null(outbox_first(&outbox, 6));
    cr_assert_not_null(outbox_first(&outbox, 7));
    outbox_pop(&outbox);
    cr_assert_null(outbox_first(&outbox, UINT64_MAX));
    cr_assert_eq(outbox.bytes_used, 0);
    free(outbox.entries);
}

/* The largest block and what goes with it are more than half of the ring, wherever the one before ended. */
Test(outbox, takes_the_largest_proposal_whenever_it_is_empty)
{
    static const size_t befores[] = { 64, 4u << 20, (4u << 20) + 100000, OUTBOX_BYTES - 64, OUTBOX_BYTES };
    uint8_t *data = calloc(OUTBOX_BYTES, 1);

    for (size_t i = 0; i < sizeof befores / sizeof befores[0]; i++) {
        struct outbox outbox = make();
        cr_assert(push(&outbox, 0, data, 64, befores[i] - 64));
        outbox_pop(&outbox);
        cr_assert(push(&outbox, 0, data, 64, (4u << 20) + 65536), "behind %zu bytes", befores[i]);
        cr_assert_eq(outbox.dropped, 0);
        outbox_check(&outbox);
        free(outbox.entries);
    }
    free(data);
}

Test(outbox, keeps_every_byte_through_many_turns_of_its_ring)
{
    struct outbox outbox = make();
    uint8_t *data = malloc(1 << 20);
    uint32_t first = 0, next = 0;

    for (uint32_t round = 0; round < 500; round++) {
        size_t size = 64 + (round * 7919u) % (1u << 19);
        memset(data, (int)(next & 0xff), size);
        if (push(&outbox, 0, data, 64, size - 64)) {
            next++;
        }
        if (round % 3 != 0 && first < next) {
            struct outbox_entry *entry = outbox_first(&outbox, 0);
            uint8_t *body = outbox_body(&outbox, entry);
            uint32_t last = entry->head_bytes + entry->tail_bytes - 1;
            cr_assert_eq(body[0], first & 0xff);
            cr_assert_eq(body[last], first & 0xff);
            outbox_pop(&outbox);
            first++;
        }
    }
    cr_assert_gt(first, 300);
    free(data);
    free(outbox.entries);
}

Test(outbox, drops_the_newest_when_full_and_counts_it)
{
    struct outbox outbox = make();
    uint8_t data[64] = { 0 };

    for (uint32_t i = 0; i < OUTBOX_ENTRIES_MAX; i++) {
        cr_assert(push(&outbox, 1, data, 64, 0));
    }
    cr_assert(!push(&outbox, 1, data, 64, 0));
    cr_assert_eq(outbox.dropped, 1);
    free(outbox.entries);
}

static void check(const void *state) { outbox_check(state); }

Test(outbox, stops_when_its_bytes_are_not_those_of_its_entries)
{
    struct outbox outbox = make();
    uint8_t data[100] = { 1, 2, 3 };

    cr_assert(push(&outbox, 5, data, 70, 30));
    cr_assert(push(&outbox, 6, data, 70, 0));
    cr_assert_not(kit_stops(check, &outbox));
    outbox.bytes_used--;
    cr_assert(kit_stops(check, &outbox));
    outbox.bytes_used++;
    outbox.entries[0].offset = OUTBOX_BYTES - 50;
    cr_assert(kit_stops(check, &outbox), "an entry that wraps");
    free(outbox.entries);
}
