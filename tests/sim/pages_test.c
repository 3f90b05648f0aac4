/* pages_test.c: memory that was given back reads as zeros when it is taken again. */
#include "sim/world/pages.h"

#include <criterion/criterion.h>
#include <string.h>

#define SIZE ((size_t)90 << 20)

static size_t not_zero(const uint8_t *pages)
{
    size_t count = 0;

    for (size_t at = 0; at < SIZE; at += 512) {
        count += pages[at] != 0;
    }
    return count;
}

Test(pages, taken_again_are_zeros_wherever_they_were_touched)
{
    uint8_t *first = pages_take(SIZE);

    for (size_t at = 0; at < SIZE; at += 512 * 511) {
        first[at] = 1;
    }
    memset(first + SIZE - 1000, 2, 1000);
    pages_give(first, SIZE);
    uint8_t *again = pages_take(SIZE);
    cr_assert_eq(again, first, "the same memory");
    cr_assert_eq(not_zero(again), 0);
    pages_give(again, SIZE);
}

Test(pages, taken_while_others_are_out_are_others)
{
    uint8_t *one = pages_take(SIZE), *two = pages_take(SIZE);

    cr_assert_neq(one, two);
    pages_give(one, SIZE);
    uint8_t *three = pages_take(SIZE - 4096); /* servers of another cluster */
    cr_assert_eq(three, one);
    pages_give(two, SIZE);
    pages_give(three, SIZE - 4096);
}

Test(pages, that_were_touched_all_over_are_new_ones)
{
    uint8_t *first = pages_take(SIZE);

    for (size_t at = 0; at < SIZE; at += 4096) {
        first[at] = 1;
    }
    pages_give(first, SIZE);
    uint8_t *again = pages_take(SIZE);
    cr_assert_eq(not_zero(again), 0);
    pages_give(again, SIZE);
}
