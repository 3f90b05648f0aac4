/* frame.h: the unit that net carries: an 8-byte header and a body.
 *
 *     0       1        2          4            8
 *     | type  | flags  | version  | length     | body ...        integers little-endian
 *
 * `length` counts the body. Frames follow one another in a stream of bytes; on a secure channel that stream is the plaintext of its records,
 * so one frame may span several records and one record may hold several frames. Net passes type, flags and version on unjudged: their
 * meaning is the numbered table of wire. Pure. Source: docs/wire.md, Transport. */
#ifndef WARD_NET_FRAME_H
#define WARD_NET_FRAME_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define FRAME_HEADER_BYTES 8u

struct frame_header {
    uint8_t type;
    uint8_t flags;
    uint16_t version;
    uint32_t length; /* bytes of the body */
};

struct frame {
    struct frame_header header;
    struct bytes body; /* header.length bytes; a view */
};

void frame_header_encode(const struct frame_header *header, uint8_t out[FRAME_HEADER_BYTES]);

/* frame_header_decode reads a header. Fails: VERDICT_LENGTH when the body would be longer than length_max. */
enum verdict frame_header_decode(struct frame_header *header, const uint8_t in[FRAME_HEADER_BYTES], uint32_t length_max);

/* Puts frames together from a stream of bytes that arrives in any pieces. */
struct frame_reader {
    uint8_t *data;       /* room for one frame with its header */
    uint32_t length_max; /* of a body; the room is FRAME_HEADER_BYTES + length_max */
    uint32_t used;       /* bytes of an incomplete frame that are held */
    bool failed;         /* a header was refused; stays true */
};

/* frame_reader_init starts between two frames. Owns: `data`, FRAME_HEADER_BYTES + length_max bytes, stays the caller's. */
void frame_reader_init(struct frame_reader *reader, uint8_t *data, uint32_t length_max);

enum frame_result {
    FRAME_READY, /* *frame is complete; ask again with the rest of the input */
    FRAME_MORE,  /* the input is used up */
    FRAME_BAD    /* a frame longer than length_max: the stream is lost */
};

/* frame_reader_next takes bytes from the front of *input. A frame that lies in the input as a whole is given as a view of the input, without
 * a copy; another one is a view of the reader's memory. Gives: views that hold until the next call or until the input is gone.
 * Cost: at most one copy of each byte. */
enum frame_result frame_reader_next(struct frame_reader *reader, struct bytes *input, struct frame *frame);

#endif
