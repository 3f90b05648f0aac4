/* backoff.c: see backoff.h. */
#include "net/backoff.h"

#define DOUBLINGS_MAX 9u /* 100 ms x 2^9 is beyond 30 s */

_Static_assert((BACKOFF_MIN_NS << DOUBLINGS_MAX) > BACKOFF_MAX_NS, "the cap is reached");

uint64_t backoff_next_ns(struct backoff *backoff, struct rng *rng)
{
    uint32_t doublings = backoff->failures < DOUBLINGS_MAX ? backoff->failures : DOUBLINGS_MAX;
    uint64_t wait_ns = BACKOFF_MIN_NS << doublings;

    backoff->failures += backoff->failures < UINT32_MAX;
    wait_ns = wait_ns < BACKOFF_MAX_NS ? wait_ns : BACKOFF_MAX_NS;
    return wait_ns / 2 + rng_below(rng, wait_ns / 2 + 1);
}

void backoff_reset(struct backoff *backoff) { backoff->failures = 0; }
