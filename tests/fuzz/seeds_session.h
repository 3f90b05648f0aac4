/* seeds_session.h: streams of frames that a client sends, right and wrong ones. */
#ifndef WARD_TESTS_FUZZ_SEEDS_SESSION_H
#define WARD_TESTS_FUZZ_SEEDS_SESSION_H

#include "base/bytes.h"

/* session_seeds writes them by `save`. */
void session_seeds(void (*save)(const char *target, const char *name, const struct writer *writer));

#endif
