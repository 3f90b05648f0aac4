/* bytes_test.c: readers and writers never leave their buffer, in either byte order. */
#include "base/bytes.h"

#include <criterion/criterion.h>
#include <string.h>

Test(bytes, integers_round_trip_in_both_orders)
{
    uint8_t buffer[28];
    struct writer writer;
    struct reader reader;

    writer_init(&writer, buffer, sizeof buffer);
    write_u16_le(&writer, 0x0102);
    write_u32_le(&writer, 0x03040506);
    write_u64_le(&writer, 0x0708090a0b0c0d0eULL);
    write_u16_be(&writer, 0x0102);
    write_u32_be(&writer, 0x03040506);
    write_u64_be(&writer, 0x0708090a0b0c0d0eULL);
    cr_assert(!writer.failed);
    cr_assert_eq(writer.offset, sizeof buffer);
    cr_assert_eq(buffer[0], 0x02, "little-endian begins with the low byte");
    cr_assert_eq(buffer[14], 0x01, "big-endian begins with the high byte");

    reader_init(&reader, buffer, sizeof buffer);
    cr_assert_eq(read_u16_le(&reader), 0x0102);
    cr_assert_eq(read_u32_le(&reader), 0x03040506);
    cr_assert_eq(read_u64_le(&reader), 0x0708090a0b0c0d0eULL);
    cr_assert_eq(read_u16_be(&reader), 0x0102);
    cr_assert_eq(read_u32_be(&reader), 0x03040506);
    cr_assert_eq(read_u64_be(&reader), 0x0708090a0b0c0d0eULL);
    cr_assert_eq(reader_end(&reader), VERDICT_OK);
}

Test(bytes, reader_is_sticky_after_the_first_read_that_does_not_fit)
{
    const uint8_t buffer[5] = { 1, 2, 3, 4, 5 };
    struct reader reader;

    reader_init(&reader, buffer, sizeof buffer);
    cr_assert_eq(read_u64_le(&reader), 0);
    cr_assert_eq(read_u8(&reader), 0, "a byte is left, but the reader has failed");
    cr_assert_eq(reader_end(&reader), VERDICT_SHORT);
}

Test(bytes, reader_end_tells_short_exact_and_trailing_apart)
{
    const uint8_t buffer[4] = { 0 };
    static const struct { size_t size; enum verdict verdict; } table[] = {
        { 3, VERDICT_SHORT }, { 4, VERDICT_OK },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct reader reader;
        reader_init(&reader, buffer, table[i].size);
        (void)read_u32_le(&reader);
        cr_assert_eq(reader_end(&reader), table[i].verdict);
    }
    struct reader reader;
    reader_init(&reader, buffer, 4);
    (void)read_u16_be(&reader);
    cr_assert_eq(reader_end(&reader), VERDICT_TRAILING);
}

Test(bytes, writer_writes_nothing_after_it_failed)
{
    uint8_t buffer[4] = { 9, 9, 9, 9 };
    struct writer writer;

    writer_init(&writer, buffer, 3);
    write_u32_le(&writer, 0);
    write_u8(&writer, 0);
    cr_assert(writer.failed);
    cr_assert_eq(memcmp(buffer, "\x09\x09\x09\x09", 4), 0);
}

Test(bytes, zeros_are_demanded_and_produced)
{
    uint8_t buffer[3] = { 1, 1, 1 };
    struct writer writer;
    struct reader reader;

    writer_init(&writer, buffer, sizeof buffer);
    write_zeros(&writer, 2);
    reader_init(&reader, buffer, sizeof buffer);
    cr_assert(read_zeros(&reader, 2));
    cr_assert(!read_zeros(&reader, 1));
}

Test(bytes, hex_takes_exactly_the_digits_it_was_asked_for)
{
    static const struct { const char *text; enum err err; } table[] = {
        { "00ff", ERR_OK }, { "00FF", ERR_OK }, { "00f", ERR_INVALID }, { "00ff0", ERR_INVALID }, { "00fg", ERR_INVALID }, { "", ERR_INVALID },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t out[2];
        cr_assert_eq(hex_decode(table[i].text, out, 2), table[i].err, "%s", table[i].text);
    }
    char text[5];
    hex_encode("\x00\xff", 2, text);
    cr_assert_str_eq(text, "00ff");
}
