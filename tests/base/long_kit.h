/* long_kit.h: the one switch between what runs all the time and what runs at night. */
#ifndef WARD_TESTS_BASE_LONG_KIT_H
#define WARD_TESTS_BASE_LONG_KIT_H

#include <stdbool.h>

/* is_sanitized tells whether this is the debug build. */
bool is_sanitized(void);

/* is_brief tells whether a test that plays whole clusters is to take a smaller one, or less of it: with the sanitizers, unless the run is long. */
bool is_brief(void);

/* is_long tells whether the long versions are asked for: WARD_LONG=1, and nothing else. */
bool is_long(void);

#endif
