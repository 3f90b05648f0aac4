/* bytes.c: see bytes.h. Invariant of both cursors: offset <= size, always; `failed` never goes back to false. */
#include "base/bytes.h"

#include "base/assert.h"

#include <string.h>

void reader_init(struct reader *reader, const void *data, size_t size)
{
    ASSERT(data != NULL || size == 0);
    *reader = (struct reader){ .data = data, .size = size };
}

const uint8_t *read_run(struct reader *reader, size_t size)
{
    ASSERT(reader->offset <= reader->size);
    if (reader->failed || size > reader->size - reader->offset) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *run = reader->data + reader->offset;
    reader->offset += size;
    return run;
}

static uint64_t read_le(struct reader *reader, size_t width)
{
    const uint8_t *run = read_run(reader, width);
    uint64_t value = 0;

    for (size_t i = width; run != NULL && i > 0; i--) {
        value = value << 8 | run[i - 1];
    }
    return value;
}

static uint64_t read_be(struct reader *reader, size_t width)
{
    const uint8_t *run = read_run(reader, width);
    uint64_t value = 0;

    for (size_t i = 0; run != NULL && i < width; i++) {
        value = value << 8 | run[i];
    }
    return value;
}

uint8_t read_u8(struct reader *reader) { return (uint8_t)read_le(reader, 1); }
uint16_t read_u16_le(struct reader *reader) { return (uint16_t)read_le(reader, 2); }
uint32_t read_u32_le(struct reader *reader) { return (uint32_t)read_le(reader, 4); }
uint64_t read_u64_le(struct reader *reader) { return read_le(reader, 8); }
uint16_t read_u16_be(struct reader *reader) { return (uint16_t)read_be(reader, 2); }
uint32_t read_u32_be(struct reader *reader) { return (uint32_t)read_be(reader, 4); }
uint64_t read_u64_be(struct reader *reader) { return read_be(reader, 8); }

void read_copy(struct reader *reader, void *out, size_t size)
{
    const uint8_t *run = read_run(reader, size);

    if (size == 0) {
        return;
    }
    if (run != NULL) {
        memcpy(out, run, size);
    } else {
        memset(out, 0, size);
    }
}

bool read_zeros(struct reader *reader, size_t size)
{
    const uint8_t *run = read_run(reader, size);

    return run != NULL && bytes_are_zero(run, size);
}

size_t reader_left(const struct reader *reader)
{
    ASSERT(reader->offset <= reader->size);
    return reader->size - reader->offset;
}

enum verdict reader_end(const struct reader *reader)
{
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    return reader->offset == reader->size ? VERDICT_OK : VERDICT_TRAILING;
}

void writer_init(struct writer *writer, void *data, size_t size)
{
    ASSERT(data != NULL || size == 0);
    *writer = (struct writer){ .data = data, .size = size };
}

static uint8_t *write_room(struct writer *writer, size_t size)
{
    ASSERT(writer->offset <= writer->size);
    if (writer->failed || size > writer->size - writer->offset) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *room = writer->data + writer->offset;
    writer->offset += size;
    return room;
}

static void write_le(struct writer *writer, uint64_t value, size_t width)
{
    uint8_t *room = write_room(writer, width);

    for (size_t i = 0; room != NULL && i < width; i++) {
        room[i] = (uint8_t)(value >> (8 * i));
    }
}

static void write_be(struct writer *writer, uint64_t value, size_t width)
{
    uint8_t *room = write_room(writer, width);

    for (size_t i = 0; room != NULL && i < width; i++) {
        room[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    }
}

void write_u8(struct writer *writer, uint8_t value) { write_le(writer, value, 1); }
void write_u16_le(struct writer *writer, uint16_t value) { write_le(writer, value, 2); }
void write_u32_le(struct writer *writer, uint32_t value) { write_le(writer, value, 4); }
void write_u64_le(struct writer *writer, uint64_t value) { write_le(writer, value, 8); }
void write_u16_be(struct writer *writer, uint16_t value) { write_be(writer, value, 2); }
void write_u32_be(struct writer *writer, uint32_t value) { write_be(writer, value, 4); }
void write_u64_be(struct writer *writer, uint64_t value) { write_be(writer, value, 8); }

void write_run(struct writer *writer, const void *data, size_t size)
{
    uint8_t *room = write_room(writer, size);

    if (room != NULL && size > 0) {
        memcpy(room, data, size);
    }
}

void write_zeros(struct writer *writer, size_t size)
{
    uint8_t *room = write_room(writer, size);

    if (room != NULL && size > 0) {
        memset(room, 0, size);
    }
}

bool bytes_are_zero(const void *data, size_t size)
{
    const uint8_t *byte = data;

    /* Each byte equals the next one, and the first is zero: memcmp compares words and stops at the first difference. */
    return size == 0 || (byte[0] == 0 && memcmp(byte, byte + 1, size - 1) == 0);
}

void hex_encode(const void *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *byte = data;

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[byte[i] >> 4];
        out[2 * i + 1] = digits[byte[i] & 15];
    }
    out[2 * size] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

enum err hex_decode(const char *text, void *out, size_t size)
{
    uint8_t *byte = out;

    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0) {
            return ERR_INVALID;
        }
        byte[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * size] == '\0' ? ERR_OK : ERR_INVALID;
}
