/* frame_fuzz.c: the stream of frames. However the bytes are cut into pieces, the reader gives the same frames and fails at the same place. */
#include "net/frame.h"

#include "tests/fuzz/fuzz.h"

enum { LENGTH_MAX = 300, FRAMES_MAX = 512 };

/* What a reader said about a stream: a running digest of the frames, and whether it failed. */
struct story {
    uint32_t frames;
    uint64_t digest;
    bool failed;
};

static void tell(struct story *story, const struct frame *frame)
{
    CHECK(frame->header.length <= LENGTH_MAX);
    CHECK(frame->body.size == frame->header.length);
    story->frames++;
    story->digest = story->digest * 31 + frame->header.type + ((uint64_t)frame->header.flags << 8) + ((uint64_t)frame->header.version << 16);
    for (size_t i = 0; i < frame->body.size; i++) {
        story->digest = story->digest * 31 + frame->body.data[i];
    }
}

/* read_piece gives all frames that one piece completes. */
static void read_piece(struct frame_reader *reader, struct bytes piece, struct story *story)
{
    struct frame frame;
    enum frame_result result;

    while ((result = frame_reader_next(reader, &piece, &frame)) == FRAME_READY) { /* ends: each frame takes bytes */
        tell(story, &frame);
    }
    if (result == FRAME_MORE) {
        CHECK(piece.size == 0);
    }
    story->failed = result == FRAME_BAD;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t rooms[2][FRAME_HEADER_BYTES + LENGTH_MAX];
    struct frame_reader whole, pieces;
    struct story expected = { 0 }, got = { 0 };

    if (size < 1) {
        return 0;
    }
    size_t step = data[0] % 17 + 1u;
    data++;
    size--;
    frame_reader_init(&whole, rooms[0], LENGTH_MAX);
    frame_reader_init(&pieces, rooms[1], LENGTH_MAX);
    read_piece(&whole, bytes_of(data, size), &expected);
    for (size_t offset = 0; offset < size && !got.failed; offset += step) {
        read_piece(&pieces, bytes_of(data + offset, size - offset < step ? size - offset : step), &got);
    }
    CHECK(expected.frames == got.frames);
    CHECK(expected.digest == got.digest);
    CHECK(expected.failed == got.failed);
    return 0;
}
