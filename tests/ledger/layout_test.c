/* layout_test.c: a layout reads back what it writes, big-endian, and names what is wrong. */
#include "ledger/layout.h"

#include <criterion/criterion.h>
#include <string.h>

struct sample {
    uint8_t small;
    uint16_t medium;
    uint32_t large;
    uint64_t huge;
    uint8_t run[3];
};

static const struct field sample_fields[] = {
    LAYOUT_RANGE(sample, small, 2, 9), LAYOUT_PAD(2),           LAYOUT_INT(sample, medium),
    LAYOUT_INT(sample, large),         LAYOUT_INT(sample, huge), LAYOUT_RUN(sample, run),
};

enum { SAMPLE_BYTES = 1 + 2 + 2 + 4 + 8 + 3 };

static const struct sample value = { 5, 0x0102, 0x03040506, 0x0708090a0b0c0d0eULL, { 0xA, 0xB, 0xC } };

Test(layout, writes_big_endian_in_the_order_of_the_table)
{
    static const uint8_t expected[SAMPLE_BYTES] = { 5, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xA, 0xB, 0xC };
    uint8_t bytes[SAMPLE_BYTES];

    cr_assert_eq(layout_bytes(LAYOUT_OF(sample_fields)), SAMPLE_BYTES);
    layout_encode(LAYOUT_OF(sample_fields), &value, bytes, sizeof bytes);
    cr_assert_eq(memcmp(bytes, expected, sizeof bytes), 0);
}

Test(layout, names_what_is_wrong)
{
    static const struct { size_t at; uint8_t byte; enum verdict verdict; } table[] = {
        { 0, 1, VERDICT_RANGE }, { 0, 2, VERDICT_OK }, { 0, 9, VERDICT_OK }, { 0, 10, VERDICT_RANGE }, { 1, 1, VERDICT_RESERVED }, { 19, 1, VERDICT_OK },
    };
    uint8_t bytes[SAMPLE_BYTES + 1] = { 0 };
    struct sample back;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        layout_encode(LAYOUT_OF(sample_fields), &value, bytes, SAMPLE_BYTES);
        bytes[table[i].at] = table[i].byte;
        cr_assert_eq(layout_decode(LAYOUT_OF(sample_fields), &back, bytes, SAMPLE_BYTES), table[i].verdict, "case %zu", i);
    }
    layout_encode(LAYOUT_OF(sample_fields), &value, bytes, SAMPLE_BYTES);
    cr_assert_eq(layout_decode(LAYOUT_OF(sample_fields), &back, bytes, SAMPLE_BYTES + 1), VERDICT_TRAILING);
    for (size_t size = 0; size < SAMPLE_BYTES; size++) {
        cr_assert_eq(layout_decode(LAYOUT_OF(sample_fields), &back, bytes, size), VERDICT_SHORT, "cut to %zu", size);
    }
}
