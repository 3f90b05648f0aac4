/* long_kit.h: the one switch between what runs all the time and what runs at night. */
#ifndef WARD_TESTS_BASE_LONG_KIT_H
#define WARD_TESTS_BASE_LONG_KIT_H

#include <stdbool.h>

/* is_sanitized tells whether this is a build with sanitizers. */
bool is_sanitized(void);

/* is_thread_build tells whether it is ThreadSanitizer's (MODE=thread), which starts no thread in the child of a process that forked, and has one of its own that wakes. */
bool is_thread_build(void);

/* is_brief tells whether a test that plays whole clusters is to take a smaller one, or less of it: with the sanitizers, unless the run is long. */
bool is_brief(void);

/* is_long tells whether the long versions are asked for: WARD_LONG=1, and nothing else. */
bool is_long(void);

#endif
