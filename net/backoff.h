/* backoff.h: how long to wait before calling again somebody who did not answer: doubling from 100 ms to 30 s, with jitter. Pure. */
#ifndef WARD_NET_BACKOFF_H
#define WARD_NET_BACKOFF_H

#include "base/rng.h"

#include <stdint.h>

#define BACKOFF_MIN_NS 100000000ull
#define BACKOFF_MAX_NS 30000000000ull

struct backoff {
    uint32_t failures; /* since the last success */
};

/* backoff_next_ns counts a failure and gives the wait: uniform in [d/2, d] with d = min(100 ms x 2^(failures - 1), 30 s), so that callers who failed together
 * do not call again together. */
uint64_t backoff_next_ns(struct backoff *backoff, struct rng *rng);

/* backoff_reset follows a success. */
void backoff_reset(struct backoff *backoff);

#endif
