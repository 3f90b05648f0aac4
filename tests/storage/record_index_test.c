#include "storage/record_index.h"

#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct record_index index_of(uint32_t entries)
{
    static _Alignas(ARENA_ALIGN) uint8_t memory[64 * 1024];
    struct arena arena;
    struct record_index index;

    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    record_index_init(&index, &arena, entries);
    return index;
}

static struct hash32 name_of(uint32_t i) { return hash_plain(&i, sizeof i); }

static void add(struct record_index *index, uint8_t kind, uint32_t i, uint32_t before, uint32_t bytes, uint32_t total)
{
    struct record_head head = { .kind = kind, .bytes = bytes, .bytes_before = before, .bytes_total = total, .hash = name_of(i) };
    struct record_place place = { .segment = 1, .block = i, .offset = before, .bytes = bytes };

    record_index_add(index, &head, &place);
}

Test(record_index, finds_the_newest_and_forgets_the_oldest)
{
    struct record_index index = index_of(64);
    struct record_place place;

    for (uint32_t i = 1; i <= 1000; i++) {
        add(&index, RECORD_BLOCK, i, 0, 10, 10);
        for (uint32_t back = 0; back < 100 && back < i; back++) {
            struct hash32 name = name_of(i - back);
            bool known = record_index_find(&index, RECORD_BLOCK, &name, 0, &place);
            cr_assert_eq(known, back < 64, "%u back from %u", back, i);
            cr_assert(!known || place.block == i - back);
        }
    }
}

Test(record_index, tells_kinds_and_fragments_apart)
{
    struct record_index index = index_of(64);
    struct hash32 name = name_of(5);
    struct record_place place;

    add(&index, RECORD_BLOCK, 5, 0, 100, 250);
    add(&index, RECORD_PAYLOAD, 5, 0, 7, 7);
    cr_assert_not(record_index_has_whole(&index, RECORD_BLOCK, &name));
    cr_assert(record_index_has_whole(&index, RECORD_PAYLOAD, &name));
    add(&index, RECORD_BLOCK, 5, 100, 100, 250);
    cr_assert_not(record_index_has_whole(&index, RECORD_BLOCK, &name));
    add(&index, RECORD_BLOCK, 5, 200, 50, 250);
    cr_assert(record_index_has_whole(&index, RECORD_BLOCK, &name));
    cr_assert(record_index_find(&index, RECORD_BLOCK, &name, 200, &place));
    cr_assert_eq(place.bytes, 50);
    cr_assert_not(record_index_find(&index, RECORD_BLOCK, &name, 50, &place));
    cr_assert_not(record_index_find(&index, RECORD_CERTIFICATE, &name, 0, &place));
    record_index_reset(&index);
    cr_assert_not(record_index_find(&index, RECORD_BLOCK, &name, 0, &place));
}

Test(record_index, gives_the_newest_of_two_with_one_name)
{
    struct record_index index = index_of(4);
    struct hash32 name = name_of(1);
    struct record_place place;

    add(&index, RECORD_BLOCK, 1, 0, 10, 10);
    add(&index, RECORD_BLOCK, 1, 0, 20, 20);
    cr_assert(record_index_find(&index, RECORD_BLOCK, &name, 0, &place));
    cr_assert_eq(place.bytes, 20);
}

Test(record_index, forgets_what_is_damaged_and_finds_the_copy_that_came_before_or_after)
{
    struct record_index index = index_of(64);
    struct record_blocks here = { .segment = 1, .begin = 5, .end = 6 };
    struct hash32 name = name_of(5);
    struct record_place place;

    add(&index, RECORD_BLOCK, 5, 0, 10, 10);
    add(&index, RECORD_PAYLOAD, 5, 0, 7, 7);
    add(&index, RECORD_BLOCK, 6, 0, 10, 10);
    cr_assert_eq(record_index_forget(&index, &here, RECORD_PAYLOAD, &name), 1);
    cr_assert_eq(record_index_forget(&index, &here, RECORD_PAYLOAD, &name), 0, "once");
    cr_assert_not(record_index_find(&index, RECORD_PAYLOAD, &name, 0, &place));
    cr_assert(record_index_find(&index, RECORD_BLOCK, &name, 0, &place), "the other record of the batch stays");
    cr_assert_eq(record_index_forget(&index, &here, 0, NULL), 1);
    cr_assert_not(record_index_find(&index, RECORD_BLOCK, &name, 0, &place));
    struct record_head head = { .kind = RECORD_BLOCK, .bytes = 10, .bytes_total = 10, .hash = name };
    record_index_add(&index, &head, &(struct record_place){ .segment = 9, .block = 3, .bytes = 10 });
    cr_assert(record_index_find(&index, RECORD_BLOCK, &name, 0, &place));
    cr_assert_eq(place.segment, 9);
    name = name_of(6);
    cr_assert(record_index_find(&index, RECORD_BLOCK, &name, 0, &place), "a neighbour is not meant");
}

static void check(const void *state) { record_index_check(state); }

Test(record_index, stops_at_a_newest_entry_that_cannot_be)
{
    struct record_index index = index_of(64);

    cr_assert_not(kit_stops(check, &index));
    add(&index, RECORD_BLOCK, 1, 0, 10, 10);
    add(&index, RECORD_BLOCK, 1, 0, 10, 10);
    cr_assert_not(kit_stops(check, &index));
    index.entries[2].previous = 2;
    cr_assert(kit_stops(check, &index), "a chain that goes forwards");
    index.entries[2].previous = 1;
    index.entries[2].place.bytes = 11;
    cr_assert(kit_stops(check, &index), "a fragment longer than its record");
}
