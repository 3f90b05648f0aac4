/* bucket.c: arithmetic of the rate limit. Times are below 2^63 ms: nothing overflows. */
#include "ledger/bucket.h"

#include "base/assert.h"

enum { COST_MAX = 65536 };

int64_t bucket_spare_ms(uint64_t tat, uint64_t time_ms, const struct rate *rate)
{
    uint64_t ahead = (uint64_t)rate->burst * rate->interval_ms;

    ASSERT(rate->interval_ms > 0);
    ASSERT(rate->burst > 0);
    return (int64_t)ahead - (int64_t)(tat > time_ms ? tat - time_ms : 0);
}

uint64_t bucket_wait_ms(uint64_t tat, uint64_t time_ms, const struct rate *rate)
{
    int64_t spare_ms = bucket_spare_ms(tat, time_ms, rate);

    return spare_ms < 0 ? (uint64_t)-spare_ms : 0;
}

bool bucket_allows(uint64_t tat, uint64_t time_ms, const struct rate *rate)
{
    return bucket_wait_ms(tat, time_ms, rate) == 0;
}

uint64_t bucket_charge(uint64_t tat, uint64_t time_ms, uint32_t cost, const struct rate *rate)
{
    ASSERT(cost > 0);
    ASSERT(cost <= COST_MAX);
    return (tat > time_ms ? tat : time_ms) + (uint64_t)cost * rate->interval_ms;
}
