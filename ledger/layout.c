/* layout.c: one loop that writes and one that reads, for every fixed record of the ledger. */
#include "ledger/layout.h"

#include "base/assert.h"

#include <string.h>

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

static void int_write(const struct field *field, struct writer *writer, uint64_t value)
{
    ASSERT(value >= field->least);
    ASSERT(value <= field->most);
    switch (field->size) {
    case 1:
        write_u8(writer, (uint8_t)value);
        break;
    case 2:
        write_u16_be(writer, (uint16_t)value);
        break;
    case 4:
        write_u32_be(writer, (uint32_t)value);
        break;
    default:
        write_u64_be(writer, value);
        break;
    }
}

static uint64_t int_read(const struct field *field, struct reader *reader)
{
    switch (field->size) {
    case 1:
        return read_u8(reader);
    case 2:
        return read_u16_be(reader);
    case 4:
        return read_u32_be(reader);
    default:
        return read_u64_be(reader);
    }
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

void layout_write(struct layout layout, struct writer *writer, const void *record)
{
    const uint8_t *members = record;

    for (size_t i = 0; i < layout.count; i++) {
        const struct field *field = &layout.fields[i];

        switch ((enum field_kind)field->kind) {
        case FIELD_INT:
            int_write(field, writer, member_get(field, members));
            break;
        case FIELD_RUN:
            write_run(writer, members + field->offset, field->size);
            break;
        case FIELD_PAD:
            write_zeros(writer, field->size);
            break;
        }
    }
}

static enum verdict field_read(const struct field *field, struct reader *reader, uint8_t *members)
{
    uint64_t value;

    if (reader_left(reader) < field->size) {
        (void)read_run(reader, field->size);
        return VERDICT_SHORT;
    }
    switch ((enum field_kind)field->kind) {
    case FIELD_INT:
        value = int_read(field, reader);
        member_set(field, members, value);
        return value < field->least || value > field->most ? VERDICT_RANGE : VERDICT_OK;
    case FIELD_RUN:
        read_copy(reader, members + field->offset, field->size);
        return VERDICT_OK;
    case FIELD_PAD:
        return read_zeros(reader, field->size) ? VERDICT_OK : VERDICT_RESERVED;
    }
    return VERDICT_RANGE; /* not reached: every table names one of the three kinds */
}

enum verdict layout_read(struct layout layout, struct reader *reader, void *record)
{
    for (size_t i = 0; i < layout.count; i++) {
        enum verdict verdict = field_read(&layout.fields[i], reader, record);

        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    return VERDICT_OK;
}

void layout_encode(struct layout layout, const void *record, uint8_t *out, size_t size)
{
    struct writer writer;

    writer_init(&writer, out, size);
    layout_write(layout, &writer, record);
    ASSERT(!writer.failed);
    ASSERT(writer.offset == size);
}

enum verdict layout_decode(struct layout layout, void *record, const uint8_t *data, size_t size)
{
    struct reader reader;

    reader_init(&reader, data, size);
    enum verdict verdict = layout_read(layout, &reader, record);
    return verdict == VERDICT_OK ? reader_end(&reader) : verdict;
}
