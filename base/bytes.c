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

/* Each width is written out, so that it becomes one load and at most one swap of bytes: most of what a replica decodes are integers. */
static uint16_t load_u16_be(const uint8_t *run) { return (uint16_t)(run[0] << 8 | run[1]); }
static uint32_t load_u32_be(const uint8_t *run) { return (uint32_t)run[0] << 24 | (uint32_t)run[1] << 16 | (uint32_t)run[2] << 8 | run[3]; }
static uint64_t load_u64_be(const uint8_t *run) { return (uint64_t)load_u32_be(run) << 32 | load_u32_be(run + 4); }
static uint16_t load_u16_le(const uint8_t *run) { return (uint16_t)(run[1] << 8 | run[0]); }
static uint32_t load_u32_le(const uint8_t *run) { return (uint32_t)run[3] << 24 | (uint32_t)run[2] << 16 | (uint32_t)run[1] << 8 | run[0]; }
static uint64_t load_u64_le(const uint8_t *run) { return (uint64_t)load_u32_le(run + 4) << 32 | load_u32_le(run); }

#define READ(name, type, width, load)               \
    type name(struct reader *reader)                \
    {                                               \
        const uint8_t *run = read_run(reader, width); \
                                                    \
        return run == NULL ? 0 : load(run);         \
    }

READ(read_u8, uint8_t, 1, *)
READ(read_u16_le, uint16_t, 2, load_u16_le)
READ(read_u32_le, uint32_t, 4, load_u32_le)
READ(read_u64_le, uint64_t, 8, load_u64_le)
READ(read_u16_be, uint16_t, 2, load_u16_be)
READ(read_u32_be, uint32_t, 4, load_u32_be)
READ(read_u64_be, uint64_t, 8, load_u64_be)

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

static void store_u8(uint8_t *room, uint8_t value)
{
    room[0] = value;
}

static void store_u16_be(uint8_t *room, uint16_t value)
{
    room[0] = (uint8_t)(value >> 8);
    room[1] = (uint8_t)value;
}

static void store_u32_be(uint8_t *room, uint32_t value)
{
    room[0] = (uint8_t)(value >> 24);
    room[1] = (uint8_t)(value >> 16);
    room[2] = (uint8_t)(value >> 8);
    room[3] = (uint8_t)value;
}

static void store_u64_be(uint8_t *room, uint64_t value)
{
    store_u32_be(room, (uint32_t)(value >> 32));
    store_u32_be(room + 4, (uint32_t)value);
}

static void store_u16_le(uint8_t *room, uint16_t value)
{
    room[0] = (uint8_t)value;
    room[1] = (uint8_t)(value >> 8);
}

static void store_u32_le(uint8_t *room, uint32_t value)
{
    room[0] = (uint8_t)value;
    room[1] = (uint8_t)(value >> 8);
    room[2] = (uint8_t)(value >> 16);
    room[3] = (uint8_t)(value >> 24);
}

static void store_u64_le(uint8_t *room, uint64_t value)
{
    store_u32_le(room, (uint32_t)value);
    store_u32_le(room + 4, (uint32_t)(value >> 32));
}

#define WRITE(name, type, store)                              \
    void name(struct writer *writer, type value)              \
    {                                                         \
        uint8_t *room = write_room(writer, sizeof value);     \
                                                              \
        if (room != NULL) {                                   \
            store(room, value);                               \
        }                                                     \
    }

WRITE(write_u8, uint8_t, store_u8)
WRITE(write_u16_le, uint16_t, store_u16_le)
WRITE(write_u32_le, uint32_t, store_u32_le)
WRITE(write_u64_le, uint64_t, store_u64_le)
WRITE(write_u16_be, uint16_t, store_u16_be)
WRITE(write_u32_be, uint32_t, store_u32_be)
WRITE(write_u64_be, uint64_t, store_u64_be)

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
