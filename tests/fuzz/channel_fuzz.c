/* channel_fuzz.c: a stream of records, cut, repeated or changed, yields a prefix of what was sent and then nothing.
 *
 * Input: what to do, one step after the other:
 *   0 size u8               seal a record of that many bytes and deliver it
 *   1 size u8 at u8 mask u8 seal it, change one byte, deliver it
 *   2                       deliver the last record again
 *   3 size u8, bytes        deliver these bytes
 *   4 early u8              move both counts to two records before the next change of key, or three when early is odd */
#include "crypto/channel.h"

#include "tests/fuzz/fuzz.h"


enum { PLAIN_MAX = 255, RECORD_MAX = PLAIN_MAX + CHANNEL_OVERHEAD, STEPS_MAX = 64 };

struct stream {
    struct channel sender;
    struct channel receiver;
    uint8_t record[RECORD_MAX];
    size_t record_size;
    uint8_t plain[PLAIN_MAX];
};

static void stream_init(struct stream *stream)
{
    struct handshake_keys keys = { .send = { 1 }, .receive = { 2 } };
    struct handshake_keys mirrored = { .send = { 2 }, .receive = { 1 } };

    memset(stream, 0, sizeof *stream);
    channel_init(&stream->sender, &keys);
    channel_init(&stream->receiver, &mirrored);
}

static void seal(struct stream *stream, uint8_t size)
{
    memset(stream->plain, size ^ 0x5a, size);
    stream->record_size = channel_seal(&stream->sender, bytes_of(stream->plain, size), stream->record);
    CHECK(stream->record_size == (size_t)size + CHANNEL_OVERHEAD);
    CHECK(channel_record_bytes(stream->record) == stream->record_size);
}

/* Delivers bytes that open exactly when `is_good`. Once closed, the channel stays closed. */
static void deliver(struct stream *stream, struct bytes record, bool is_good)
{
    uint8_t opened[RECORD_MAX];
    bool was_closed = stream->receiver.closed;
    enum verdict verdict = channel_open(&stream->receiver, record, opened);

    CHECK((verdict == VERDICT_OK) == (is_good && !was_closed));
    CHECK(stream->receiver.closed == (verdict != VERDICT_OK));
    if (verdict == VERDICT_OK) {
        CHECK(memcmp(opened, stream->plain, record.size - CHANNEL_OVERHEAD) == 0);
    }
}

static void skip_ahead(struct stream *stream, uint8_t early)
{
    uint64_t nonce = CHANNEL_REKEY_RECORDS - 2 - (uint64_t)early % 2;

    if (!stream->receiver.closed && stream->sender.send.nonce == stream->receiver.receive.nonce && stream->sender.send.nonce < nonce) {
        stream->sender.send.nonce = nonce;
        stream->receiver.receive.nonce = nonce;
    }
}

static void step(struct stream *stream, struct reader *input)
{
    uint8_t choice = read_u8(input);
    uint8_t size = choice == 2 ? 0 : read_u8(input);

    if (choice == 0) {
        seal(stream, size);
        deliver(stream, bytes_of(stream->record, stream->record_size), true);
    } else if (choice == 1) {
        uint8_t at = read_u8(input), mask = read_u8(input);
        seal(stream, size);
        stream->record[at % stream->record_size] ^= mask;
        deliver(stream, bytes_of(stream->record, stream->record_size), mask == 0);
    } else if (choice == 2 && stream->record_size > 0) {
        deliver(stream, bytes_of(stream->record, stream->record_size), false);
    } else if (choice == 3) {
        size_t taken = size < reader_left(input) ? size : reader_left(input);
        deliver(stream, bytes_of(read_run(input, taken), taken), false);
    } else if (choice == 4) {
        skip_ahead(stream, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader input;
    struct stream stream;

    crypto_start();
    stream_init(&stream);
    reader_init(&input, data, size);
    for (int i = 0; i < STEPS_MAX && reader_left(&input) > 0 && !input.failed; i++) {
        step(&stream, &input);
    }
    return 0;
}
