/* codec_kit.h: the three facts that every canonical codec must show. */
#ifndef WARD_TESTS_LEDGER_CODEC_KIT_H
#define WARD_TESTS_LEDGER_CODEC_KIT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* One codec under test: decodes `data` into memory of its own and, when that succeeds, encodes it again into `out`. */
struct codec {
    const char *name;
    enum verdict (*decode)(const uint8_t *data, size_t size);
    size_t (*encode)(uint8_t *out); /* gives the bytes written */
};

/* codec_kit_prove asserts: the sample decodes and encodes back to itself; every shorter piece and one byte more are refused; every
 * flipped bit is refused or encodes back to the flipped bytes. */
void codec_kit_prove(const struct codec *codec, const uint8_t *sample, size_t size);

#endif
