/* throttle.h: so many per second and no more: a token bucket, kept as the time at which it would be empty of debt. Pure. */
#ifndef WARD_NET_THROTTLE_H
#define WARD_NET_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct throttle {
    uint64_t interval_ns; /* between two, in the long run */
    uint64_t burst_ns;    /* how far ahead of the clock the debt may run */
    uint64_t due_ns;      /* when all that was admitted is paid for */
};

/* throttle_init allows per_second in the long run and `burst` at once. Needs: 1 <= per_second <= 10^9; burst >= 1. */
void throttle_init(struct throttle *throttle, uint32_t per_second, uint32_t burst);

/* throttle_admit counts one if there is room. now_ns never goes back. */
bool throttle_admit(struct throttle *throttle, uint64_t now_ns);

/* throttle_charge counts more of them afterwards: what was admitted was dearer than one. Needs: an admission before. */
void throttle_charge(struct throttle *throttle, uint32_t count);

#endif
