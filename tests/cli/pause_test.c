/* pause_test.c: a pause is as long as it was asked for, and there is none for a time that is over. */
#include "cli/pause.h"

#include "base/clock.h"

#include <criterion/criterion.h>

Test(pause, lasts_as_long_as_it_was_asked_to)
{
    uint64_t begin_ns = clock_mono_ns();

    pause_ms(1003);
    cr_assert_geq(clock_mono_ns() - begin_ns, UINT64_C(1003000000), "seconds and their rest");
}

Test(pause, ends_at_a_time_and_not_before)
{
    uint64_t begin_ns = clock_mono_ns();

    pause_until(begin_ns + 20000000);
    uint64_t end_ns = clock_mono_ns();
    cr_assert_geq(end_ns - begin_ns, UINT64_C(19000000), "to a millisecond");
    pause_until(begin_ns);
    pause_until(0);
}
