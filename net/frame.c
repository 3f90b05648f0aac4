/* frame.c: see frame.h.
 *
 * Invariant: the reader holds `used` bytes of one incomplete frame; when used >= FRAME_HEADER_BYTES its header was accepted. */
#include "net/frame.h"

#include "base/assert.h"

#include <string.h>

_Static_assert(FRAME_HEADER_BYTES == 1 + 1 + 2 + 4, "type, flags, version, length");

void frame_header_encode(const struct frame_header *header, uint8_t out[FRAME_HEADER_BYTES])
{
    struct writer writer;

    writer_init(&writer, out, FRAME_HEADER_BYTES);
    write_u8(&writer, header->type);
    write_u8(&writer, header->flags);
    write_u16_le(&writer, header->version);
    write_u32_le(&writer, header->length);
    ASSERT(!writer.failed);
}

enum verdict frame_header_decode(struct frame_header *header, const uint8_t in[FRAME_HEADER_BYTES], uint32_t length_max)
{
    struct reader reader;

    reader_init(&reader, in, FRAME_HEADER_BYTES);
    header->type = read_u8(&reader);
    header->flags = read_u8(&reader);
    header->version = read_u16_le(&reader);
    header->length = read_u32_le(&reader);
    return header->length <= length_max ? VERDICT_OK : VERDICT_LENGTH;
}

void frame_reader_init(struct frame_reader *reader, uint8_t *data, uint32_t length_max)
{
    ASSERT(length_max <= UINT32_MAX - FRAME_HEADER_BYTES);
    *reader = (struct frame_reader){ .data = data, .length_max = length_max };
}

/* reader_fill moves input bytes until `wanted` are held. Gives: true when they are. */
static bool reader_fill(struct frame_reader *reader, struct bytes *input, uint32_t wanted)
{
    size_t missing = wanted - reader->used;
    size_t size = input->size < missing ? input->size : missing;

    if (size > 0) {
        memcpy(reader->data + reader->used, input->data, size);
        reader->used += (uint32_t)size;
        input->data += size;
        input->size -= size;
    }
    return reader->used == wanted;
}

/* frame_at gives the frame whose bytes begin at `data`. */
static struct frame frame_at(const struct frame_header *header, const uint8_t *data)
{
    return (struct frame){ .header = *header, .body = bytes_of(data + FRAME_HEADER_BYTES, header->length) };
}

static enum frame_result reader_fail(struct frame_reader *reader)
{
    reader->failed = true;
    return FRAME_BAD;
}

enum frame_result frame_reader_next(struct frame_reader *reader, struct bytes *input, struct frame *frame)
{
    struct frame_header header;

    if (reader->failed) {
        return FRAME_BAD;
    }
    if (reader->used == 0 && input->size >= FRAME_HEADER_BYTES) {
        if (frame_header_decode(&header, input->data, reader->length_max) != VERDICT_OK) {
            return reader_fail(reader);
        }
        if (input->size - FRAME_HEADER_BYTES >= header.length) {
            *frame = frame_at(&header, input->data);
            input->data += FRAME_HEADER_BYTES + header.length;
            input->size -= FRAME_HEADER_BYTES + header.length;
            return FRAME_READY;
        }
    }
    if (reader->used < FRAME_HEADER_BYTES && !reader_fill(reader, input, FRAME_HEADER_BYTES)) {
        return FRAME_MORE;
    }
    if (frame_header_decode(&header, reader->data, reader->length_max) != VERDICT_OK) {
        return reader_fail(reader);
    }
    if (!reader_fill(reader, input, FRAME_HEADER_BYTES + header.length)) {
        return FRAME_MORE;
    }
    *frame = frame_at(&header, reader->data);
    reader->used = 0;
    return FRAME_READY;
}
