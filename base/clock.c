/* clock.c: see clock.h. */
#include "base/clock.h"

#include "base/assert.h"

#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
    struct timespec now;
    int code = clock_gettime(id, &now);

    ASSERT(code == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_mono_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
uint64_t clock_wall_ms(void) { return clock_ns(CLOCK_REALTIME) / 1000000u; }
uint64_t clock_thread_cpu_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }
uint64_t clock_process_cpu_ns(void) { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }
