/* seeds_crypto.h: legal examples for the targets that judge signatures. */
#ifndef WARD_TESTS_FUZZ_SEEDS_CRYPTO_H
#define WARD_TESTS_FUZZ_SEEDS_CRYPTO_H

#include "base/bytes.h"

/* crypto_seeds writes them by `save`. */
void crypto_seeds(void (*save)(const char *target, const char *name, const struct writer *writer));

#endif
