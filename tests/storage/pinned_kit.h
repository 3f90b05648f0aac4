/* pinned_kit.h: encodings that stay what they were: the length and the digest of a fixed value. A field that encoder and decoder change alike passes every
 * round trip; it does not pass here, provided that no two fields of the value hold the same bytes. */
#ifndef WARD_TESTS_STORAGE_PINNED_KIT_H
#define WARD_TESTS_STORAGE_PINNED_KIT_H

#include "crypto/hash.h"

#include <stddef.h>

/* pinned_kit_check expects the bytes to be "<size> <first 16 digits of their BLAKE2b-256>", and prints what they are when they are not: whoever changes
 * a format on purpose takes that over. The test goes on, so that one run shows every difference. */
void pinned_kit_check(const char *name, const void *data, size_t size, const char *pinned);

/* pinned_kit_fill fills a record with bytes that differ from place to place. */
void pinned_kit_fill(void *record, size_t size);

#endif
