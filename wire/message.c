/* message.c: which codec belongs to which type, and bundles; see message.h. The codecs are in message_agree.c and message_catchup.c, or in the noun that a
 * message is. Trailing bytes come last in each layout, behind their
 * u32 length, so that head and tail can be sent without a copy. */
#include "wire/message.h"

#include "base/assert.h"
#include "wire/message_priv.h"

/* --- Encoding ------------------------------------------------------------------------------------------------------------------------- */

void message_encode_head(const struct message *message, struct writer *writer)
{
    ASSERT(message->type != MESSAGE_NONE);
    ASSERT(message->type < MESSAGE_TYPE_END);
    switch (message->type) {
    case MESSAGE_NONE:
    case MESSAGE_TYPE_END:
        break;
    case MESSAGE_HELLO: message_hello_encode(&message->hello, writer); break;
    case MESSAGE_PROPOSE: message_propose_encode(&message->propose, writer); break;
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE: message_vote_encode(&message->vote, writer); break;
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC: cert_encode(&message->cert, writer); break;
    case MESSAGE_TIMEOUT: message_timeout_encode(&message->timeout, writer); break;
    case MESSAGE_TC: timeout_cert_encode(&message->tc, writer); break;
    case MESSAGE_ABDICATE: message_abdicate_encode(&message->abdicate, writer); break;
    case MESSAGE_QUERY: message_query_encode(&message->query, writer); break;
    case MESSAGE_ANSWER: message_answer_encode(&message->answer, writer); break;
    case MESSAGE_READ: write_u64_le(writer, message->read.id); break;
    case MESSAGE_READ_ANSWER: message_read_answer_encode(&message->read_answer, writer); break;
    case MESSAGE_FETCH: message_fetch_encode(&message->fetch, writer); break;
    case MESSAGE_BUNDLE: message_bundle_encode(&message->bundle, writer); break;
    case MESSAGE_CKPT: message_ckpt_encode(&message->ckpt, writer); break;
    case MESSAGE_CKPT_ASK: message_ckpt_ask_encode(&message->ckpt_ask, writer); break;
    case MESSAGE_CKPT_CERT: checkpoint_cert_encode(&message->ckpt_cert, writer); break;
    case MESSAGE_GONE: message_gone_encode(&message->gone, writer); break;
    case MESSAGE_SNAPSHOT_ASK: message_snapshot_ask_encode(&message->snapshot_ask, writer); break;
    case MESSAGE_SNAPSHOT: message_snapshot_encode(&message->snapshot, writer); break;
    case MESSAGE_FORWARD: write_u32_le(writer, (uint32_t)message->forward.commands.size); break;
    }
}

void message_encode(const struct message *message, struct writer *writer)
{
    struct bytes tail = message_tail(message);

    message_encode_head(message, writer);
    write_run(writer, tail.data, tail.size);
}

/* --- Decoding ------------------------------------------------------------------------------------------------------------------------- */

/* Trailing bytes: the length must be exactly what is left. */
enum verdict message_tail_decode(struct bytes *tail, uint32_t size_max, struct reader *reader)
{
    uint32_t size = read_u32_le(reader);

    if (reader->failed) {
        return VERDICT_SHORT;
    }
    if (size > size_max) {
        return VERDICT_LENGTH;
    }
    *tail = bytes_of(read_run(reader, size), size);
    return reader->failed ? VERDICT_SHORT : VERDICT_OK;
}

/* A flags byte in which only the bits of `mask` may be set. */
enum verdict message_flags_decode(uint8_t *flags, uint8_t mask, struct reader *reader)
{
    *flags = read_u8(reader);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    return (*flags & ~mask) == 0 ? VERDICT_OK : VERDICT_RESERVED;
}

enum verdict message_numbers_check(uint64_t a, uint64_t b)
{
    return a <= WIRE_NUMBER_MAX && b <= WIRE_NUMBER_MAX ? VERDICT_OK : VERDICT_RANGE;
}

static enum verdict decode_typed(struct message *message, struct reader *reader)
{
    switch (message->type) {
    case MESSAGE_NONE:
    case MESSAGE_TYPE_END:
        break;
    case MESSAGE_HELLO: return message_hello_decode(&message->hello, reader);
    case MESSAGE_PROPOSE: return message_propose_decode(&message->propose, reader);
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE: return message_vote_decode(&message->vote, message->type == MESSAGE_COMMITVOTE, reader);
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC: return message_cert_decode(&message->cert, message->type == MESSAGE_COMMITQC, reader);
    case MESSAGE_TIMEOUT: return message_timeout_decode(&message->timeout, reader);
    case MESSAGE_TC: return timeout_cert_decode(&message->tc, reader);
    case MESSAGE_ABDICATE: return message_abdicate_decode(&message->abdicate, reader);
    case MESSAGE_QUERY: return message_query_decode(&message->query, reader);
    case MESSAGE_ANSWER: return message_answer_decode(&message->answer, reader);
    case MESSAGE_READ:
        message->read.id = read_u64_le(reader);
        return VERDICT_OK;
    case MESSAGE_READ_ANSWER: return message_read_answer_decode(&message->read_answer, reader);
    case MESSAGE_FETCH: return message_fetch_decode(&message->fetch, reader);
    case MESSAGE_BUNDLE: return message_bundle_decode(&message->bundle, reader);
    case MESSAGE_CKPT: return message_ckpt_decode(&message->ckpt, reader);
    case MESSAGE_CKPT_ASK: return message_ckpt_ask_decode(&message->ckpt_ask, reader);
    case MESSAGE_CKPT_CERT: return checkpoint_cert_decode(&message->ckpt_cert, reader);
    case MESSAGE_GONE: return message_gone_decode(&message->gone, reader);
    case MESSAGE_SNAPSHOT_ASK: return message_snapshot_ask_decode(&message->snapshot_ask, reader);
    case MESSAGE_SNAPSHOT: return message_snapshot_decode(&message->snapshot, reader);
    case MESSAGE_FORWARD: return message_tail_decode(&message->forward.commands, MESSAGE_FORWARD_BYTES_MAX, reader);
    }
    return VERDICT_TYPE;
}

enum verdict message_decode(struct message *message, uint8_t type, struct bytes body)
{
    struct reader reader;

    message->type = type < MESSAGE_TYPE_END ? (enum message_type)type : MESSAGE_NONE;
    reader_init(&reader, body.data, body.size);
    enum verdict verdict = decode_typed(message, &reader);
    if (reader.failed) {
        return VERDICT_SHORT;
    }
    return verdict == VERDICT_OK ? reader_end(&reader) : verdict;
}

/* --- Blocks of a bundle --------------------------------------------------------------------------------------------------------------- */

void bundle_block_encode_head(const struct block_header *header, uint32_t body_bytes, struct writer *writer)
{
    ASSERT(body_bytes <= BLOCK_BYTES_MAX);
    block_header_encode(header, writer);
    write_u32_le(writer, body_bytes);
}

enum verdict bundle_block_next(struct reader *blocks, struct bundle_block *block)
{
    enum verdict verdict = block_header_decode(&block->header, blocks);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    uint32_t size = read_u32_le(blocks);
    if (blocks->failed) {
        return VERDICT_SHORT;
    }
    if (size > BLOCK_BYTES_MAX) {
        return VERDICT_LENGTH;
    }
    block->body = bytes_of(read_run(blocks, size), size);
    return blocks->failed ? VERDICT_SHORT : VERDICT_OK;
}
