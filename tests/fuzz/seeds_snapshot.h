/* seeds_snapshot.h: legal examples of what a snapshot is made of. */
#ifndef WARD_TESTS_FUZZ_SEEDS_SNAPSHOT_H
#define WARD_TESTS_FUZZ_SEEDS_SNAPSHOT_H

#include "base/bytes.h"

/* snapshot_seeds writes them by `save`. */
void snapshot_seeds(void (*save)(const char *target, const char *name, const struct writer *writer));

#endif
