/* pause.h: waiting, for tools that do nothing else meanwhile. Never on a loop's thread. */
#ifndef WARD_CLI_PAUSE_H
#define WARD_CLI_PAUSE_H

#include <stdint.h>

/* pause_ms sleeps for so many milliseconds, or until a signal is handled. pause_until sleeps until the monotonic clock shows when_ns; not at all when it does. */
void pause_ms(uint64_t ms);
void pause_until(uint64_t when_ns);

#endif
