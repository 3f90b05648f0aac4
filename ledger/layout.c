/* layout.c: one loop that writes and one that reads, for every fixed record of the ledger whose table is not known when it is compiled. */
#include "ledger/layout.h"

bool layout_fits(struct layout layout, const void *record)
{
    ASSERT(layout.count > 0);
    for (size_t i = 0; i < layout.count; i++) {
        const struct field *field = &layout.fields[i];
        if (field->kind == FIELD_INT) {
            uint64_t value = layout_member(field, record);
            if (value < field->least || value > field->most) {
                return false;
            }
        }
    }
    return true;
}

size_t layout_bytes(struct layout layout)
{
    size_t bytes = 0;

    for (size_t i = 0; i < layout.count; i++) {
        ASSERT(layout.fields[i].size > 0);
        bytes += layout.fields[i].size;
    }
    ASSERT(bytes <= LAYOUT_BYTES_MAX);
    return bytes;
}

void layout_write(struct layout layout, struct writer *writer, const void *record)
{
    uint8_t bytes[LAYOUT_BYTES_MAX];
    size_t size = layout_bytes(layout), at = 0;

    ASSERT(size <= sizeof bytes);
    for (size_t i = 0; i < layout.count; i++) {
        layout_field_store(&layout.fields[i], record, bytes + at);
        at += layout.fields[i].size;
    }
    ASSERT(at == size);
    write_run(writer, bytes, size);
}

/* Reads the record from the front of `data`; *used: the bytes of the fields that were read, the last one included. */
static enum verdict load(struct layout layout, void *record, struct bytes data, size_t *used)
{
    ASSERT(layout.count > 0);
    *used = 0;
    for (size_t i = 0; i < layout.count; i++) {
        const struct field *field = &layout.fields[i];

        if (data.size - *used < field->size) {
            return VERDICT_SHORT;
        }
        enum verdict verdict = layout_field_load(field, data.data + *used, record);
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

    ASSERT(!reader->failed);
    enum verdict verdict = load(layout, record, bytes_of(reader->data + reader->offset, left), &used);
    ASSERT(used <= left);
    (void)read_run(reader, verdict == VERDICT_SHORT ? left + 1 : used);
    return verdict;
}
