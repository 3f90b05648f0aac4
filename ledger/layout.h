/* layout.h: a fixed record as a table of fields, so that writing and reading it can never disagree.
 *
 * A layout lists the fields of a struct in the order of its canonical bytes, big-endian. Every integer may carry a smallest and a
 * largest legal value, every run of bytes is copied as it is, every pad must be zero. A record has one encoding only: what layout_decode
 * accepts, layout_encode writes back byte by byte. */
#ifndef WARD_LEDGER_LAYOUT_H
#define WARD_LEDGER_LAYOUT_H

#include "base/assert.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LAYOUT_BYTES_MAX 512 /* of one record */

enum field_kind {
    FIELD_INT = 1, /* unsigned, big-endian, of 1, 2, 4 or 8 bytes */
    FIELD_RUN,     /* bytes as they are */
    FIELD_PAD      /* zeros, not in the struct */
};

struct field {
    uint8_t kind;    /* enum field_kind */
    uint16_t size;   /* bytes, >= 1 */
    uint16_t offset; /* in the struct; 0 for a pad */
    uint64_t least;  /* smallest legal value of an integer */
    uint64_t most;   /* largest legal value of an integer */
};

#define LAYOUT_RANGE(record, member, low, high)                                                                                                      \
    { .kind = FIELD_INT, .size = sizeof(((struct record *)0)->member), .offset = offsetof(struct record, member), .least = (low), .most = (high) }
#define LAYOUT_INT(record, member) LAYOUT_RANGE(record, member, 0, UINT64_MAX)
#define LAYOUT_RUN(record, member)                                                                                                                   \
    { .kind = FIELD_RUN, .size = sizeof(((struct record *)0)->member), .offset = offsetof(struct record, member) }
#define LAYOUT_PAD(bytes) { .kind = FIELD_PAD, .size = (bytes) }

struct layout {
    const struct field *fields;
    size_t count;
};

#define LAYOUT_OF(table) ((struct layout){ .fields = (table), .count = sizeof(table) / sizeof((table)[0]) })

/* layout_bytes gives the size of the record's encoding. */
size_t layout_bytes(struct layout layout);

/* layout_fits tells whether every integer of the record is in its range, so that it may be written. */
bool layout_fits(struct layout layout, const void *record);

/* layout_write appends the record. Fails: sets writer->failed when the room ends.
 * Needs: every integer of the record is in its range (our own mistake otherwise). */
void layout_write(struct layout layout, struct writer *writer, const void *record);

/* layout_read reads one record from the front of what is left. Needs: a reader that has not failed.
 * Gives: OK, SHORT, RANGE (an integer outside its bounds) or RESERVED (a pad that is not zero); the first of them in field order. */
enum verdict layout_read(struct layout layout, struct reader *reader, void *record);

/* --- Straight code from a table ------------------------------------------------------------------------------------ */

/* A command decodes and encodes hundreds of fields. Where the table is a constant, the compiler turns the loops below into straight code, so they
 * are here and always inlined; the same two functions of a field serve layout_read and layout_write, which take any table. */
#define LAYOUT_INLINE static inline __attribute__((always_inline))
#define LAYOUT_FIELDS_MAX 64 /* of one record; the pragmas below say the same */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "int_store and int_load turn the bytes round");

/* Reads an integer member of a struct, whatever its width. */
LAYOUT_INLINE uint64_t layout_member(const struct field *field, const uint8_t *record)
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

/* Writes one field to where there is room for it. Needs: an integer is in its range. */
LAYOUT_INLINE void layout_field_store(const struct field *field, const uint8_t *record, uint8_t *to)
{
    if (field->kind == FIELD_RUN) {
        memcpy(to, record + field->offset, field->size);
        return;
    }
    if (field->kind == FIELD_PAD) {
        memset(to, 0, field->size);
        return;
    }
    uint64_t value = layout_member(field, record), big = __builtin_bswap64(value << (64 - 8 * field->size));
    ASSERT(value >= field->least);
    ASSERT(value <= field->most);
    memcpy(to, &big, field->size == 8 ? 8 : field->size == 4 ? 4 : field->size == 2 ? 2 : 1);
}

/* Reads one field from as many bytes as it has. */
LAYOUT_INLINE enum verdict layout_field_load(const struct field *field, const uint8_t *from, uint8_t *record)
{
    uint64_t big = 0;

    if (field->kind == FIELD_RUN) {
        memcpy(record + field->offset, from, field->size);
        return VERDICT_OK;
    }
    if (field->kind == FIELD_PAD) {
        return bytes_are_zero(from, field->size) ? VERDICT_OK : VERDICT_RESERVED;
    }
    memcpy(&big, from, field->size == 8 ? 8 : field->size == 4 ? 4 : field->size == 2 ? 2 : 1);
    uint64_t value = __builtin_bswap64(big) >> (64 - 8 * field->size);
    memcpy(record + field->offset, &value, field->size == 8 ? 8 : field->size == 4 ? 4 : field->size == 2 ? 2 : 1);
    return value < field->least || value > field->most ? VERDICT_RANGE : VERDICT_OK;
}

/* layout_encode writes a record that fills `out` exactly. Needs: size = layout_bytes(layout). */
LAYOUT_INLINE void layout_encode(struct layout layout, const void *record, uint8_t *out, size_t size)
{
    size_t at = 0;

    ASSERT(layout.count <= LAYOUT_FIELDS_MAX);
#pragma GCC unroll 64
    for (size_t i = 0; i < layout.count; i++) {
        layout_field_store(&layout.fields[i], record, out + at);
        at += layout.fields[i].size;
    }
    ASSERT(at == size);
}

/* layout_load does what layout_read does, as straight code. */
LAYOUT_INLINE enum verdict layout_load(struct layout layout, struct reader *reader, void *record)
{
    const uint8_t *data = reader->data + reader->offset;
    size_t left = reader_left(reader), at = 0;

    ASSERT(!reader->failed);
    ASSERT(layout.count <= LAYOUT_FIELDS_MAX);
#pragma GCC unroll 64
    for (size_t i = 0; i < layout.count; i++) {
        if (left - at < layout.fields[i].size) {
            (void)read_run(reader, left + 1);
            return VERDICT_SHORT;
        }
        enum verdict verdict = layout_field_load(&layout.fields[i], data + at, record);
        at += layout.fields[i].size;
        if (verdict != VERDICT_OK) {
            (void)read_run(reader, at);
            return verdict;
        }
    }
    (void)read_run(reader, at);
    return VERDICT_OK;
}

/* layout_decode reads a record that must fill `data` exactly. Gives: as layout_read, or TRAILING. */
LAYOUT_INLINE enum verdict layout_decode(struct layout layout, void *record, const uint8_t *data, size_t size)
{
    size_t at = 0;

    ASSERT(layout.count <= LAYOUT_FIELDS_MAX);
#pragma GCC unroll 64
    for (size_t i = 0; i < layout.count; i++) {
        if (size - at < layout.fields[i].size) {
            return VERDICT_SHORT;
        }
        enum verdict verdict = layout_field_load(&layout.fields[i], data + at, record);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
        at += layout.fields[i].size;
    }
    return at == size ? VERDICT_OK : VERDICT_TRAILING;
}

#endif
