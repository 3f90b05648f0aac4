/* frame_test.c: a stream of frames is read back whatever the pieces in which it arrives, and a frame too long ends it. */
#include "net/frame.h"

#include "base/rng.h"

#include <criterion/criterion.h>
#include <string.h>

#define LENGTH_MAX 300u
#define FRAMES 40u

static uint8_t room[FRAME_HEADER_BYTES + LENGTH_MAX];
static uint8_t stream[FRAMES * (FRAME_HEADER_BYTES + LENGTH_MAX)];
static struct frame_header headers[FRAMES];
static size_t offsets[FRAMES]; /* of the bodies */
static size_t stream_size;

static void make_stream(uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    stream_size = 0;
    for (unsigned i = 0; i < FRAMES; i++) {
        uint32_t length = i == 3 ? 0 : i == 5 ? LENGTH_MAX : (uint32_t)rng_below(&rng, LENGTH_MAX + 1);
        headers[i] = (struct frame_header){ .type = (uint8_t)i, .flags = (uint8_t)rng_next(&rng), .version = (uint16_t)rng_next(&rng), .length = length };
        frame_header_encode(&headers[i], stream + stream_size);
        stream_size += FRAME_HEADER_BYTES;
        offsets[i] = stream_size;
        for (uint32_t k = 0; k < length; k++) {
            stream[stream_size++] = (uint8_t)rng_next(&rng);
        }
    }
}

/* check_frame demands that this is the stream's frame with the index. */
static void check_frame(const struct frame *frame, unsigned index)
{
    cr_assert_eq(frame->header.type, headers[index].type);
    cr_assert_eq(frame->header.flags, headers[index].flags);
    cr_assert_eq(frame->header.version, headers[index].version);
    cr_assert_eq(frame->header.length, headers[index].length);
    cr_assert_eq(frame->body.size, headers[index].length);
    cr_assert(frame->body.size == 0 || memcmp(frame->body.data, stream + offsets[index], frame->body.size) == 0);
}

Test(frame, header_has_the_documented_layout)
{
    static const uint8_t golden[FRAME_HEADER_BYTES] = { 0x42, 0x80, 0x01, 0x02, 0x78, 0x56, 0x34, 0x12 };
    struct frame_header header = { .type = 0x42, .flags = 0x80, .version = 0x0201, .length = 0x12345678 }, back;
    uint8_t out[FRAME_HEADER_BYTES];

    frame_header_encode(&header, out);
    cr_assert_eq(memcmp(out, golden, sizeof golden), 0);
    cr_assert_eq(frame_header_decode(&back, out, 0x12345678), VERDICT_OK);
    cr_assert_eq(back.length, 0x12345678);
    cr_assert_eq(frame_header_decode(&back, out, 0x12345677), VERDICT_LENGTH);
}

Test(frame, stream_is_read_back_in_pieces_of_any_size)
{
    struct frame_reader reader;
    struct rng rng;
    struct frame frame;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        unsigned seen = 0;
        make_stream(seed);
        rng_init(&rng, seed);
        frame_reader_init(&reader, room, LENGTH_MAX);
        for (size_t at = 0; at < stream_size;) {
            size_t left = stream_size - at, piece = seed == 1 ? 1 : seed == 2 ? left : 1 + rng_below(&rng, 700);
            struct bytes input = bytes_of(stream + at, piece < left ? piece : left);
            at += input.size;
            while (frame_reader_next(&reader, &input, &frame) == FRAME_READY) {
                check_frame(&frame, seen++);
            }
            cr_assert_eq(input.size, 0);
        }
        cr_assert_eq(seen, FRAMES, "seed %lu", seed);
        cr_assert_eq(reader.used, 0);
    }
}

Test(frame, whole_frame_in_the_input_is_not_copied)
{
    struct frame_reader reader;
    struct frame frame;

    make_stream(9);
    frame_reader_init(&reader, room, LENGTH_MAX);
    struct bytes input = bytes_of(stream, stream_size);
    for (unsigned i = 0; i < FRAMES; i++) {
        cr_assert_eq(frame_reader_next(&reader, &input, &frame), FRAME_READY);
        cr_assert_eq(frame.body.data, stream + offsets[i]);
    }
}

Test(frame, every_truncation_waits_for_more)
{
    struct frame_reader reader;
    struct frame frame;

    make_stream(4);
    size_t first = FRAME_HEADER_BYTES + headers[0].length;
    for (size_t size = 0; size < first; size++) {
        struct bytes input = bytes_of(stream, size);
        frame_reader_init(&reader, room, LENGTH_MAX);
        cr_assert_eq(frame_reader_next(&reader, &input, &frame), FRAME_MORE);
        cr_assert_eq(input.size, 0);
        cr_assert_eq(reader.used, size);
        struct bytes rest = bytes_of(stream + size, first - size);
        cr_assert_eq(frame_reader_next(&reader, &rest, &frame), FRAME_READY);
        check_frame(&frame, 0);
    }
}

Test(frame, frame_over_the_bound_ends_the_stream_for_good)
{
    for (unsigned piecewise = 0; piecewise < 2; piecewise++) {
        struct frame_header header = { .type = 1, .length = LENGTH_MAX + 1 };
        struct frame_reader reader;
        struct frame frame;
        uint8_t bytes[FRAME_HEADER_BYTES];
        frame_header_encode(&header, bytes);
        frame_reader_init(&reader, room, LENGTH_MAX);
        enum frame_result result = FRAME_MORE;
        size_t step = piecewise ? 1 : sizeof bytes;
        for (size_t at = 0; at < sizeof bytes; at += step) {
            struct bytes input = bytes_of(bytes + at, step);
            cr_assert_eq(result, FRAME_MORE);
            result = frame_reader_next(&reader, &input, &frame);
        }
        cr_assert_eq(result, FRAME_BAD);
        struct bytes good = bytes_of(stream, 1);
        cr_assert_eq(frame_reader_next(&reader, &good, &frame), FRAME_BAD);
    }
}

/* A flipped byte of a header changes what is read, or is refused; it never goes unnoticed and never leaves the room. */
Test(frame, every_flipped_header_byte_is_seen)
{
    struct frame_header header = { .type = 7, .flags = 1, .version = 3, .length = 20 };
    uint8_t bytes[FRAME_HEADER_BYTES + 20] = { 0 };

    for (size_t at = 0; at < FRAME_HEADER_BYTES; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct frame_reader reader;
            struct frame frame;
            struct bytes input = bytes_of(bytes, sizeof bytes);
            frame_header_encode(&header, bytes);
            bytes[at] ^= (uint8_t)(1u << bit);
            frame_reader_init(&reader, room, LENGTH_MAX);
            if (frame_reader_next(&reader, &input, &frame) == FRAME_READY) {
                uint8_t again[FRAME_HEADER_BYTES];
                frame_header_encode(&frame.header, again);
                cr_assert_eq(memcmp(again, bytes, sizeof again), 0);
            }
        }
    }
}
