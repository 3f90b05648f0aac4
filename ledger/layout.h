/* layout.h: a fixed record as a table of fields, so that writing and reading it can never disagree.
 *
 * A layout lists the fields of a struct in the order of its canonical bytes, big-endian. Every integer may carry a smallest and a
 * largest legal value, every run of bytes is copied as it is, every pad must be zero. A record has one encoding only: what layout_decode
 * accepts, layout_encode writes back byte by byte. */
#ifndef WARD_LEDGER_LAYOUT_H
#define WARD_LEDGER_LAYOUT_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* layout_read reads one record from the front of what is left.
 * Gives: OK, SHORT, RANGE (an integer outside its bounds) or RESERVED (a pad that is not zero); the first of them in field order. */
enum verdict layout_read(struct layout layout, struct reader *reader, void *record);

/* layout_encode writes a record that fills `out` exactly. Needs: size = layout_bytes(layout). */
void layout_encode(struct layout layout, const void *record, uint8_t *out, size_t size);

/* layout_decode reads a record that must fill `data` exactly. Gives: as layout_read, or TRAILING. */
enum verdict layout_decode(struct layout layout, void *record, const uint8_t *data, size_t size);

#endif
