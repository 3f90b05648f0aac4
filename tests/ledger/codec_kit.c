/* codec_kit.c: see codec_kit.h. */
#include "tests/ledger/codec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { SAMPLE_MAX = 8192 };

static uint8_t work[SAMPLE_MAX];
static uint8_t back[SAMPLE_MAX];

static void prove_same(const struct codec *codec, const uint8_t *data, size_t size)
{
    memset(back, 0xEE, sizeof back);
    cr_assert_eq(codec->encode(back), size, "%s: size", codec->name);
    cr_assert_eq(memcmp(back, data, size), 0, "%s: bytes differ", codec->name);
}

void codec_kit_prove(const struct codec *codec, const uint8_t *sample, size_t size)
{
    cr_assert(size < SAMPLE_MAX);
    cr_assert_eq(codec->decode(sample, size), VERDICT_OK, "%s: the sample decodes", codec->name);
    prove_same(codec, sample, size);
    for (size_t length = 0; length < size; length++) {
        cr_assert_neq(codec->decode(sample, length), VERDICT_OK, "%s: cut to %zu", codec->name, length);
    }
    memcpy(work, sample, size);
    work[size] = 0;
    cr_assert_neq(codec->decode(work, size + 1), VERDICT_OK, "%s: one byte more", codec->name);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        work[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (codec->decode(work, size) == VERDICT_OK) {
            prove_same(codec, work, size);
        }
        work[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
