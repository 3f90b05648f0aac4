/* throttle.c: see throttle.h. The generic cell rate algorithm: equal to a token bucket, without a timer and without fractions. */
#include "net/throttle.h"

#include "base/assert.h"

void throttle_init(struct throttle *throttle, uint32_t per_second, uint32_t burst)
{
    ASSERT(per_second >= 1);
    ASSERT(per_second <= 1000000000u);
    ASSERT(burst >= 1);
    uint64_t interval_ns = 1000000000u / per_second;
    *throttle = (struct throttle){ .interval_ns = interval_ns, .burst_ns = interval_ns * (burst - 1) };
}

bool throttle_admit(struct throttle *throttle, uint64_t now_ns)
{
    uint64_t due_ns = throttle->due_ns > now_ns ? throttle->due_ns : now_ns;

    if (due_ns - now_ns > throttle->burst_ns) {
        return false;
    }
    throttle->due_ns = due_ns + throttle->interval_ns;
    return true;
}

void throttle_charge(struct throttle *throttle, uint32_t count)
{
    ASSERT(throttle->due_ns > 0);
    ASSERT(throttle->interval_ns <= 1000000000u);
    throttle->due_ns += count * throttle->interval_ns;
}
