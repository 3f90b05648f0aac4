/* bucket_test.c: a bucket lets through its burst at once and then one command per interval. */
#include "ledger/bucket.h"

#include <criterion/criterion.h>

Test(bucket, burst_then_one_per_interval)
{
    const struct rate rate = { .interval_ms = 100, .burst = 5 };
    uint64_t tat = 0, now = 1000000;
    unsigned passed = 0;

    while (bucket_allows(tat, now, &rate) && passed < 100) {
        tat = bucket_charge(tat, now, 1, &rate);
        passed++;
    }
    cr_assert_eq(passed, 6, "up to burst x interval ahead, and the one that crosses it");
    cr_assert_eq(bucket_wait_ms(tat, now, &rate), 100);
    cr_assert_not(bucket_allows(tat, now + 99, &rate));
    cr_assert(bucket_allows(tat, now + 100, &rate));
    tat = bucket_charge(tat, now + 100, 1, &rate);
    cr_assert_not(bucket_allows(tat, now + 100, &rate));
}

Test(bucket, idle_time_is_not_saved_up_beyond_the_burst)
{
    const struct rate rate = { .interval_ms = 10, .burst = 3 };
    uint64_t tat = bucket_charge(5, 1000, 1, &rate);

    cr_assert_eq(tat, 1010);
    cr_assert_eq(bucket_charge(2000, 1000, 4, &rate), 2040);
}
