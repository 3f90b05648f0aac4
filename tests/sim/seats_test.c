/* seats_test.c: a twin has two seats, each of the others sees one of them, and both sides agree on that. */
#include "sim/world/seats.h"

#include <criterion/criterion.h>

static struct seats seats;

static void open_with(uint32_t members, uint32_t a, uint32_t b)
{
    struct member_set twins = member_set_one(a);

    member_set_add(&twins, b);
    seats_init(&seats, members, &twins);
}

Test(seats, without_twins_are_the_members)
{
    struct member_set nobody = { { 0 } };

    seats_init(&seats, 4, &nobody);
    cr_assert_eq(seats.count, 4);
    for (uint32_t a = 0; a < 4; a++) {
        cr_assert_not(seats_is_second(&seats, a));
        cr_assert_not(seats_is_twin(&seats, a));
        for (uint32_t b = 0; b < 4; b++) {
            cr_assert_eq(seats_meet(&seats, a, b), a != b);
            cr_assert_eq(seats_find(&seats, a, b), b);
        }
    }
}

Test(seats, of_twins_lie_behind_all_members_in_their_order)
{
    open_with(7, 5, 2);
    cr_assert_eq(seats.count, 9);
    cr_assert_eq(seats.members[7], 2);
    cr_assert_eq(seats.members[8], 5);
    cr_assert(seats_is_second(&seats, 8));
    cr_assert(seats_is_twin(&seats, 5));
    cr_assert(seats_is_twin(&seats, 8));
    cr_assert_not(seats_is_second(&seats, 5));
}

Test(seats, each_member_sees_one_of_a_twin_whoever_looks)
{
    struct member_set side = member_set_one(0);

    open_with(4, 1, 1);
    member_set_add(&side, 3);
    seats_split(&seats, 1, &side);
    for (uint32_t a = 0; a < 4; a++) {
        uint32_t seen = 0;
        for (uint32_t b = 0; b < 5; b++) {
            cr_assert_eq(seats_meet(&seats, a, b), seats_meet(&seats, b, a));
            seen += seats_meet(&seats, a, b) && seats.members[b] == 1;
        }
        cr_assert_eq(seen, a != 1);
    }
    cr_assert_eq(seats_find(&seats, 0, 1), 4);
    cr_assert_eq(seats_find(&seats, 2, 1), 1);
    cr_assert_eq(seats_find(&seats, 4, 1), 4, "itself");
    cr_assert(seats_meet(&seats, 4, 3));
    cr_assert_not(seats_meet(&seats, 4, 2));
    cr_assert_not(seats_meet(&seats, 4, 1), "neither knows of the other");
}

Test(seats, two_twins_see_first_to_first_and_second_to_second)
{
    open_with(7, 0, 3);
    cr_assert(seats_meet(&seats, 0, 3));
    cr_assert(seats_meet(&seats, 7, 8));
    cr_assert_not(seats_meet(&seats, 0, 8));
    cr_assert_not(seats_meet(&seats, 7, 3));
}

Test(seats, a_drawn_side_is_the_same_each_time_and_sides_differ)
{
    struct member_set first;
    uint32_t different = 0, all = 0, none = 0;

    open_with(4, 1, 1);
    for (uint64_t number = 0; number < 64; number++) {
        seats_draw(&seats, 9, 1, number);
        first = seats.second_side[1];
        seats_draw(&seats, 9, 1, number + 1);
        different += seats.second_side[1].words[0] != first.words[0];
        seats_draw(&seats, 9, 1, number);
        cr_assert_eq(seats.second_side[1].words[0], first.words[0]);
        all += member_set_count(&first) == 4;
        none += member_set_is_empty(&first);
    }
    cr_assert_gt(different, 32);
    cr_assert(all > 0 && none > 0);
    seats_end(&seats);
    cr_assert_not(seats_meet(&seats, 4, 0));
}

Test(seats, clients_of_a_twin_are_shared_between_both)
{
    open_with(4, 1, 1);
    cr_assert_eq(seats_of_client(&seats, 1, 6), 1);
    cr_assert_eq(seats_of_client(&seats, 1, 7), 4);
    cr_assert_eq(seats_of_client(&seats, 2, 7), 2);
}
