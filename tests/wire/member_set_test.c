/* member_set_test.c: sets of members count, rank and travel as bitmaps. */
#include "wire/member_set.h"

#include <criterion/criterion.h>

Test(member_set, counts_and_ranks_over_both_words)
{
    struct member_set set = { { 0 } };
    static const uint32_t members[] = { 0, 5, 63, 64, 127 };

    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(member_set_rank(&set, members[i]), i);
        member_set_add(&set, members[i]);
        cr_assert_eq(member_set_count(&set), i + 1);
        cr_assert(member_set_has(&set, members[i]));
    }
    cr_assert_eq(member_set_rank(&set, 128), 5);
    member_set_remove(&set, 63);
    cr_assert(!member_set_has(&set, 63));
    cr_assert(!member_set_has(&set, 1000));
}

Test(member_set, knows_whether_all_are_members)
{
    static const struct { uint32_t member, n; bool within; } rows[] = {
        { 3, 4, true }, { 4, 4, false }, { 63, 64, true }, { 64, 64, false }, { 127, 128, true }, { 99, 100, true }, { 100, 100, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct member_set set = member_set_one(rows[i].member);
        cr_assert_eq(member_set_is_within(&set, rows[i].n), rows[i].within, "row %zu", i);
    }
    struct member_set all = member_set_all(100);
    cr_assert_eq(member_set_count(&all), 100);
    cr_assert(member_set_is_within(&all, 100));
    all = member_set_all(0);
    cr_assert(member_set_is_empty(&all));
}

Test(member_set, knows_what_it_covers_and_what_it_meets)
{
    struct member_set low = member_set_one(3), high = member_set_one(100), both = member_set_one(3), none = { { 0 } };

    member_set_add(&both, 100);
    cr_assert(member_set_covers(&both, &low));
    cr_assert(member_set_covers(&both, &high));
    cr_assert_not(member_set_covers(&low, &both));
    cr_assert_not(member_set_covers(&high, &both), "a difference in the first word alone counts");
    cr_assert(member_set_covers(&none, &none));
    cr_assert(member_set_meets(&both, &high));
    cr_assert_not(member_set_meets(&low, &high));
    cr_assert_not(member_set_meets(&both, &none));
}

Test(member_set, is_sixteen_bytes_with_member_0_in_the_lowest_bit)
{
    uint8_t bytes[MEMBER_BITMAP_BYTES];
    struct member_set set = member_set_one(9), back;
    struct writer writer;
    struct reader reader;

    writer_init(&writer, bytes, sizeof bytes);
    member_set_encode(&set, &writer);
    cr_assert_eq(writer.offset, sizeof bytes);
    cr_assert_eq(bytes[1], 2);
    reader_init(&reader, bytes, sizeof bytes);
    member_set_decode(&back, &reader);
    cr_assert(member_set_has(&back, 9));
    cr_assert_eq(member_set_count(&back), 1);
}
