/* median_test.c: the value in the middle, of few, of many and of large ones. */
#include "sim/median.h"

#include <criterion/criterion.h>

static uint64_t of(const uint64_t *values, uint32_t count)
{
    static struct median median;

    median = (struct median){ 0 };
    for (uint32_t i = 0; i < count; i++) {
        median_add(&median, values[i]);
    }
    return median_value(&median);
}

Test(median, is_the_value_in_the_middle_and_the_lower_of_two)
{
    cr_assert_eq(of(NULL, 0), 0);
    cr_assert_eq(of((uint64_t[]){ 7 }, 1), 7);
    cr_assert_eq(of((uint64_t[]){ 9, 0, 4 }, 3), 4);
    cr_assert_eq(of((uint64_t[]){ 9, 1, 4, 8 }, 4), 4);
    cr_assert_eq(of((uint64_t[]){ 3, 3, 3, 0, 0 }, 5), 3);
}

Test(median, of_numbers_beyond_what_is_kept_is_the_largest_that_is)
{
    cr_assert_eq(of((uint64_t[]){ 5000, 6000, 1 }, 3), MEDIAN_VALUES - 1);
    cr_assert_eq(of((uint64_t[]){ MEDIAN_VALUES - 1 }, 1), MEDIAN_VALUES - 1);
    cr_assert_eq(of((uint64_t[]){ UINT64_MAX, 2, 3 }, 3), 3);
}
