/* pause.c: see pause.h. */
#include "cli/pause.h"

#include "base/clock.h"

#include <time.h>

void pause_ms(uint64_t ms)
{
    nanosleep(&(struct timespec){ .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000) }, NULL);
}

void pause_until(uint64_t when_ns)
{
    uint64_t now_ns = clock_mono_ns();

    if (when_ns > now_ns) {
        pause_ms((when_ns - now_ns) / 1000000);
    }
}
