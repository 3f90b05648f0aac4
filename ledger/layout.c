/* layout.c: one loop that writes and one that reads, for every fixed record of the ledger. */
#include "ledger/layout.h"

#include "base/assert.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "int_store and int_load turn the bytes round");

/* Reads an integer member of a struct, whatever its width. */
static uint64_t member_get(const struct field *field, const uint8_t *record)
{
    const uint8_t *member = record + field->offset;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (field->size) {
    case 1:
        return *member;
    case 2:
        memcpy(&u16, member, sizeof u16);
        return u16;
    case 4:
        memcpy(&u32, member, sizeof u32);
        return u32;
    default:
        ASSERT(field->size == sizeof u64);
        memcpy(&u64, member, sizeof u64);
        return u64;
    }
}

static void member_set(const struct field *field, uint8_t *record, uint64_t value)
{
    uint8_t *member = record + field->offset;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;

    switch (field->size) {
    case 1:
        *member = (uint8_t)value;
        break;
    case 2:
        memcpy(member, &u16, sizeof u16);
        break;
    case 4:
        memcpy(member, &u32, sizeof u32);
        break;
    default:
        ASSERT(field->size == sizeof value);
        memcpy(member, &value, sizeof value);
        break;
    }
}

bool layout_fits(struct layout layout, const void *record)
{
    for (size_t i = 0; i < layout.count; i++) {
        const struct field *field = &layout.fields[i];
        if (field->kind == FIELD_INT) {
            uint64_t value = member_get(field, record);
            if (value < field->least || value > field->most) {
                return false;
            }
        }
    }
    return true;
}

/* Big-endian bytes of an integer, and back. Both are straight code for each width: a command reads and writes hundreds of fields. */
static void int_store(uint8_t *to, size_t size, uint64_t value)
{
    uint64_t big = __builtin_bswap64(value << (64 - 8 * size));

    memcpy(to, &big, size == 8 ? 8 : size == 4 ? 4 : size == 2 ? 2 : 1);
}

static uint64_t int_load(const uint8_t *from, size_t size)
{
    uint64_t big = 0;

    memcpy(&big, from, size == 8 ? 8 : size == 4 ? 4 : size == 2 ? 2 : 1);
    return __builtin_bswap64(big) >> (64 - 8 * size);
}

size_t layout_bytes(struct layout layout)
{
    size_t bytes = 0;

    for (size_t i = 0; i < layout.count; i++) {
        ASSERT(layout.fields[i].size > 0);
        bytes += layout.fields[i].size;
    }
    return bytes;
}

/* Writes the record to where there is room for it. */
static void store(struct layout layout, const void *record, uint8_t *to)
{
    const uint8_t *members = record;

    for (size_t i = 0; i < layout.count; i++) {
        const struct field *field = &layout.fields[i];

        switch ((enum field_kind)field->kind) {
        case FIELD_INT: {
            uint64_t value = member_get(field, members);
            ASSERT(value >= field->least);
            ASSERT(value <= field->most);
            int_store(to, field->size, value);
            break;
        }
        case FIELD_RUN:
            memcpy(to, members + field->offset, field->size);
            break;
        case FIELD_PAD:
            memset(to, 0, field->size);
            break;
        }
        to += field->size;
    }
}

void layout_write(struct layout layout, struct writer *writer, const void *record)
{
    uint8_t bytes[LAYOUT_BYTES_MAX];
    size_t size = layout_bytes(layout);

    ASSERT(size <= sizeof bytes);
    store(layout, record, bytes);
    write_run(writer, bytes, size);
}

/* Reads one field from as many bytes as it has. */
static enum verdict field_load(const struct field *field, const uint8_t *from, uint8_t *members)
{
    uint64_t value;

    switch ((enum field_kind)field->kind) {
    case FIELD_INT:
        value = int_load(from, field->size);
        member_set(field, members, value);
        return value < field->least || value > field->most ? VERDICT_RANGE : VERDICT_OK;
    case FIELD_RUN:
        memcpy(members + field->offset, from, field->size);
        return VERDICT_OK;
    case FIELD_PAD:
        return bytes_are_zero(from, field->size) ? VERDICT_OK : VERDICT_RESERVED;
    }
    return VERDICT_RANGE; /* not reached: every table names one of the three kinds */
}

/* Reads the record from the front of `data`; *used: the bytes of the fields that were read, the last one included. */
static enum verdict load(struct layout layout, void *record, struct bytes data, size_t *used)
{
    *used = 0;
    for (size_t i = 0; i < layout.count; i++) {
        const struct field *field = &layout.fields[i];

        if (data.size - *used < field->size) {
            return VERDICT_SHORT;
        }
        enum verdict verdict = field_load(field, data.data + *used, record);
        *used += field->size;
        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    return VERDICT_OK;
}

enum verdict layout_read(struct layout layout, struct reader *reader, void *record)
{
    size_t left = reader_left(reader), used = 0;

    if (reader->failed) {
        return VERDICT_SHORT;
    }
    enum verdict verdict = load(layout, record, bytes_of(reader->data + reader->offset, left), &used);
    (void)read_run(reader, verdict == VERDICT_SHORT ? left + 1 : used);
    return verdict;
}

void layout_encode(struct layout layout, const void *record, uint8_t *out, size_t size)
{
    ASSERT(size == layout_bytes(layout));
    store(layout, record, out);
}

enum verdict layout_decode(struct layout layout, void *record, const uint8_t *data, size_t size)
{
    size_t used = 0;
    enum verdict verdict = load(layout, record, bytes_of(data, size), &used);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return used == size ? VERDICT_OK : VERDICT_TRAILING;
}
