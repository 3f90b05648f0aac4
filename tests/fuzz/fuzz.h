/* fuzz.h: what every fuzz target shares. A target reads a stranger's bytes; when they decode, it writes them again and compares. */
#ifndef WARD_TESTS_FUZZ_FUZZ_H
#define WARD_TESTS_FUZZ_FUZZ_H

#include "base/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Called by libFuzzer for each input. Gives: 0, always; a finding stops the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* CHECK stops the target, so that libFuzzer keeps the input. It is not ASSERT: a stop of the production code must look different. */
#define CHECK(condition) ((condition) ? (void)0 : abort())

#define FUZZ_BYTES_MAX (1u << 20) /* room to write an input again; libFuzzer's inputs are shorter */

/* check_same_bytes demands that the writer holds exactly the input. */
static inline void check_same_bytes(const struct writer *writer, const uint8_t *data, size_t size)
{
    CHECK(!writer->failed);
    CHECK(writer->offset == size);
    CHECK(size == 0 || memcmp(writer->data, data, size) == 0);
}

#endif
