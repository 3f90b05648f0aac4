#include "node/repair.h"

#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct repair repair;

static struct recovery_damage named(uint32_t segment, uint8_t kind)
{
    return (struct recovery_damage){ .fate = FATE_ROT, .segment = segment, .block = 4, .batch = 9, .batches = 1, .kind = kind, .height = 7, .height_last = 7, .hash = { { 1 } } };
}

Test(repair, a_piece_is_in_the_list_once_and_the_list_is_bounded)
{
    for (uint32_t i = 1; i <= REPAIR_ITEMS_MAX; i++) {
        struct recovery_damage damage = named(i, RECORD_PAYLOAD);
        cr_assert(repair_add(&repair, &damage));
        cr_assert_not(repair_add(&repair, &damage), "once");
    }
    struct recovery_damage more = named(REPAIR_ITEMS_MAX + 1, RECORD_PAYLOAD), first = named(1, RECORD_PAYLOAD), other = named(1, RECORD_BLOCK);
    cr_assert_not(repair_add(&repair, &more), "full");
    cr_assert_eq(repair.counters.found, REPAIR_ITEMS_MAX);
    cr_assert(repair_has(&repair, &first));
    cr_assert_not(repair_has(&repair, &other), "another record of the same batch is another piece");
    cr_assert(repair_has_segment(&repair, 1));
    repair_remove(&repair, 0);
    cr_assert_not(repair_has_segment(&repair, 1));
    cr_assert_not(repair_has(&repair, &first));
    cr_assert(repair_add(&repair, &more));
}

Test(repair, only_what_may_have_held_blocks_has_heights)
{
    static const struct { struct recovery_damage damage; bool blocks; uint64_t first, last; } rows[] = {
        { { .segment = 1, .kind = RECORD_BLOCK, .batch = 2, .height = 7, .height_last = 0 }, true, 7, 7 },
        { { .segment = 1, .kind = RECORD_PAYLOAD, .batch = 2, .height = 7 }, true, 7, 7 },
        { { .segment = 1, .kind = RECORD_CERTIFICATE, .batch = 2, .height = 7 }, false, 7, 7 },
        { { .segment = 1, .kind = RECORD_SEAL, .batch = 2 }, false, 0, 0 },
        { { .segment = 1, .batch = 2, .height = 7, .height_last = 9 }, true, 7, 9 },
        { { .segment = 1 }, false, 0, 0 },
    };
    uint64_t first, last;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(repair_heights(&rows[i].damage, &first, &last), rows[i].blocks, "row %zu", i);
        cr_assert(!rows[i].blocks || (first == rows[i].first && last == rows[i].last), "row %zu", i);
    }
}

static void check(const void *state) { repair_check(state); }

Test(repair, says_what_it_waits_for_in_each_stage)
{
    struct recovery_damage damage = named(3, RECORD_BLOCK);

    cr_assert_str_eq(repair_reason(&repair, true), "none");
    cr_assert(repair_add(&repair, &damage));
    for (enum repair_stage stage = REPAIR_IDLE; stage <= REPAIR_NOTE; stage++) {
        repair.stage = stage;
        cr_assert_str_neq(repair_reason(&repair, true), "none");
        cr_assert_eq(strcmp(repair_reason(&repair, true), repair_reason(&repair, false)) == 0, stage != REPAIR_FETCH, "stage %d", stage);
    }
}

Test(repair, stops_when_what_is_under_way_is_not_in_the_list)
{
    struct repair bad;
    struct recovery_damage damage = named(3, RECORD_BLOCK);

    cr_assert(repair_add(&repair, &damage));
    repair.stage = REPAIR_LOOK;
    cr_assert_not(kit_stops(check, &repair));
    bad = repair;
    bad.current = 1;
    cr_assert(kit_stops(check, &bad));
    bad = repair;
    bad.items[0].segment = 0;
    cr_assert(kit_stops(check, &bad), "S5: a place that is nowhere");
    bad = repair;
    bad.counters.repaired = 2;
    cr_assert(kit_stops(check, &bad), "more is made good than was found");
}
