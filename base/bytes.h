/* bytes.h: reading and writing fixed-width integers and byte runs, in a stated order, without ever leaving the buffer.
 *
 * A reader and a writer are sticky: after the first access that does not fit they do nothing more, reads give zeros, and the caller
 * asks once at the end. So a decoder is straight-line code with one check. `_le` is little-endian (wire and disk), `_be` is
 * big-endian (commands and state keys, which sort by memcmp). */
#ifndef WARD_BASE_BYTES_H
#define WARD_BASE_BYTES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A run of bytes that somebody else owns. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

struct reader {
    const uint8_t *data;
    size_t size;   /* bytes in all */
    size_t offset; /* next byte to read, <= size */
    bool failed;   /* a read did not fit; stays true */
};

struct writer {
    uint8_t *data;
    size_t size;   /* capacity in bytes */
    size_t offset; /* bytes written, <= size */
    bool failed;   /* a write did not fit; stays true */
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){ .data = data, .size = size };
}

/* reader_init starts at the first byte. Owns: data stays the caller's and must outlive the reader. */
void reader_init(struct reader *reader, const void *data, size_t size);

uint8_t read_u8(struct reader *reader);
uint16_t read_u16_le(struct reader *reader);
uint32_t read_u32_le(struct reader *reader);
uint64_t read_u64_le(struct reader *reader);
uint16_t read_u16_be(struct reader *reader);
uint32_t read_u32_be(struct reader *reader);
uint64_t read_u64_be(struct reader *reader);

/* read_run gives a view of the next `size` bytes without copying, or NULL when they are not there. */
const uint8_t *read_run(struct reader *reader, size_t size);

/* read_copy copies the next `size` bytes to `out`; zeros when they are not there. */
void read_copy(struct reader *reader, void *out, size_t size);

/* read_zeros skips `size` bytes that must be zero. Gives: true when all of them are there and zero. */
bool read_zeros(struct reader *reader, size_t size);

/* reader_left gives the bytes not yet read. */
size_t reader_left(const struct reader *reader);

/* reader_end gives the verdict of a decoder that must have consumed everything: OK, SHORT or TRAILING. */
enum verdict reader_end(const struct reader *reader);

/* writer_init starts at the first byte. Owns: data stays the caller's. */
void writer_init(struct writer *writer, void *data, size_t size);

void write_u8(struct writer *writer, uint8_t value);
void write_u16_le(struct writer *writer, uint16_t value);
void write_u32_le(struct writer *writer, uint32_t value);
void write_u64_le(struct writer *writer, uint64_t value);
void write_u16_be(struct writer *writer, uint16_t value);
void write_u32_be(struct writer *writer, uint32_t value);
void write_u64_be(struct writer *writer, uint64_t value);
void write_run(struct writer *writer, const void *data, size_t size);
void write_zeros(struct writer *writer, size_t size);

/* bytes_are_zero looks at every byte; not constant time. */
static inline bool bytes_are_zero(const void *data, size_t size)
{
    const uint8_t *byte = data;
    uint64_t line[8], word, seen = 0;
    size_t at = 0;

    for (; seen == 0 && at + sizeof line <= size; at += sizeof line) {
        memcpy(line, byte + at, sizeof line);
        seen = (line[0] | line[1] | line[2] | line[3]) | (line[4] | line[5] | line[6] | line[7]);
    }
    for (; seen == 0 && at + sizeof word <= size; at += sizeof word) {
        memcpy(&word, byte + at, sizeof word);
        seen |= word;
    }
    for (; seen == 0 && at < size; at++) {
        seen |= byte[at];
    }
    return seen == 0;
}

/* hex_encode writes 2 * size lower-case digits and a final NUL. Needs: out holds 2 * size + 1 bytes. */
void hex_encode(const void *data, size_t size, char *out);

/* hex_decode reads exactly 2 * size digits. Fails: ERR_INVALID when text is not exactly that; out is then undefined. */
enum err hex_decode(const char *text, void *out, size_t size);

#endif
