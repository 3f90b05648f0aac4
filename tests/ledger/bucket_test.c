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

/* So many tokens may be spoken for before the next command: allowed by the spare time exactly as by the bucket itself. */
Test(bucket, spare_time_says_what_may_come_before_the_next_command)
{
    const struct rate rate = { .interval_ms = 100, .burst = 5 };
    const uint64_t now = 1000000, tats[] = { 0, now, now + 1, now + 99, now + 100, now + 499, now + 500, now + 501, now + 900 };

    for (size_t i = 0; i < sizeof tats / sizeof tats[0]; i++) {
        int64_t spare_ms = bucket_spare_ms(tats[i], now, &rate);
        cr_assert_eq(spare_ms < 0 ? (uint64_t)-spare_ms : 0, bucket_wait_ms(tats[i], now, &rate));
        for (uint32_t tokens = 1; tokens < 8; tokens++) {
            bool fits = (int64_t)tokens * rate.interval_ms <= spare_ms;
            cr_assert_eq(fits, bucket_allows(bucket_charge(tats[i], now, tokens, &rate), now, &rate), "tat %zu, %u tokens", i, tokens);
        }
    }
}

Test(bucket, idle_time_is_not_saved_up_beyond_the_burst)
{
    const struct rate rate = { .interval_ms = 10, .burst = 3 };
    uint64_t tat = bucket_charge(5, 1000, 1, &rate);

    cr_assert_eq(tat, 1010);
    cr_assert_eq(bucket_charge(2000, 1000, 4, &rate), 2040);
}
