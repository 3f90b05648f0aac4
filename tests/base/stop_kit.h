/* stop_kit.h: whether a check of invariants stops the process. The check runs in a child, so that a test can try many states, good ones among them. */
#ifndef WARD_TESTS_BASE_STOP_KIT_H
#define WARD_TESTS_BASE_STOP_KIT_H

#include <stdbool.h>

/* kit_stops runs check(state) in a child. Gives: true when an assertion stopped it, false when it came back. Any other end fails the test. */
bool kit_stops(void (*check)(const void *state), const void *state);

#endif
