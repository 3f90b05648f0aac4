/* message.c: one encoder and one decoder per type, chosen by a switch; see message.h. Trailing bytes come last in each layout, behind their
 * u32 length, so that head and tail can be sent without a copy. */
#include "wire/message.h"

#include "base/assert.h"

#include <string.h>

enum { PROPOSE_OPENING = 1, FETCH_CHAIN = 1, GONE_OLD = 1, SNAPSHOT_OFFER = 1, QUERY_ABSTAINS = 1, HELLO_ASKS = 2, HELLO_FORGOT = 4, CLAIM_TIMEOUT = 4, ANSWER_PROOF = 1, ANSWER_HIGH = 2, ANSWER_TC = 4 };

/* --- Encoding ------------------------------------------------------------------------------------------------------------------------- */

/* A claim: kind u8 (1 to 3: of a ballot, 4: TIMEOUT), epoch, view u64, rank, block hash, signature. */
static void encode_claim(const struct message_claim *claim, struct writer *writer)
{
    write_u8(writer, claim->timeout ? CLAIM_TIMEOUT : (uint8_t)claim->ballot.kind);
    write_u64_le(writer, claim->ballot.epoch);
    write_u64_le(writer, claim->timeout ? claim->view : claim->ballot.rank.view);
    rank_encode(claim->ballot.rank, writer);
    write_run(writer, claim->ballot.block.bytes, HASH_BYTES);
    write_run(writer, claim->signature, MESSAGE_SIGNATURE_BYTES);
}

static void encode_hello(const struct message_hello *hello, struct writer *writer)
{
    write_u64_le(writer, hello->epoch);
    write_u64_le(writer, hello->committed_height);
    write_u64_le(writer, hello->view);
    rank_encode(hello->high, writer);
    write_u8(writer, (uint8_t)((hello->abstains ? QUERY_ABSTAINS : 0) | (hello->asks ? HELLO_ASKS : 0) | (hello->forgot ? HELLO_FORGOT : 0)));
    write_u64_le(writer, hello->promised);
    write_u8(writer, (uint8_t)hello->claims_count);
    for (uint32_t i = 0; i < hello->claims_count; i++) {
        encode_claim(&hello->claims[i], writer);
    }
}

static void encode_propose(const struct message_propose *propose, struct writer *writer)
{
    write_u8(writer, propose->opening ? PROPOSE_OPENING : 0);
    write_u64_le(writer, propose->view);
    cert_encode(&propose->justify, writer);
    if (propose->opening) {
        timeout_cert_encode(&propose->tc, writer);
        return;
    }
    block_header_encode(&propose->header, writer);
    write_u32_le(writer, propose->pace_us);
    write_u32_le(writer, (uint32_t)propose->body.size);
}

static void encode_vote(const struct message_vote *vote, struct writer *writer)
{
    write_run(writer, vote->signature, MESSAGE_SIGNATURE_BYTES);
    ballot_encode(&vote->ballot, writer);
}

static void encode_timeout(const struct message_timeout *timeout, struct writer *writer)
{
    write_run(writer, timeout->signature, MESSAGE_SIGNATURE_BYTES);
    write_u64_le(writer, timeout->epoch);
    write_u64_le(writer, timeout->view);
    cert_encode(&timeout->high, writer);
    write_u8(writer, (uint8_t)timeout->cause);
    write_u32_le(writer, (uint32_t)timeout->commands.size);
}

static void encode_query(const struct message_query *query, struct writer *writer)
{
    write_u64_le(writer, query->epoch);
    write_u64_le(writer, query->view);
    write_u64_le(writer, query->committed_height);
    rank_encode(query->high, writer);
    write_u8(writer, (uint8_t)query->cause);
    write_u8(writer, query->abstains ? QUERY_ABSTAINS : 0);
    write_u32_le(writer, (uint32_t)query->commands.size);
}

static void encode_answer(const struct message_answer *answer, struct writer *writer)
{
    write_u64_le(writer, answer->committed_height);
    write_u8(writer, (uint8_t)((answer->has_proof ? ANSWER_PROOF : 0) | (answer->has_high ? ANSWER_HIGH : 0) | (answer->has_tc ? ANSWER_TC : 0)));
    if (answer->has_proof) {
        commit_proof_encode(&answer->proof, writer);
    }
    if (answer->has_high) {
        cert_encode(&answer->high, writer);
    }
    if (answer->has_tc) {
        timeout_cert_encode(&answer->tc, writer);
    }
}

static void encode_read_answer(const struct message_read_answer *answer, struct writer *writer)
{
    write_u64_le(writer, answer->id);
    write_u8(writer, answer->has_proof ? ANSWER_PROOF : 0);
    cert_encode(&answer->high, writer);
    if (answer->has_proof) {
        commit_proof_encode(&answer->proof, writer);
    }
}

static void encode_fetch(const struct message_fetch *fetch, struct writer *writer)
{
    write_u8(writer, fetch->chain ? FETCH_CHAIN : 0);
    write_u64_le(writer, fetch->height);
    write_run(writer, fetch->hash.bytes, HASH_BYTES);
    write_u64_le(writer, fetch->from_height);
}

static void encode_bundle(const struct message_bundle *bundle, struct writer *writer)
{
    write_u8(writer, bundle->chain ? FETCH_CHAIN : 0);
    write_u32_le(writer, bundle->blocks_count);
    if (bundle->chain) {
        commit_proof_encode(&bundle->proof, writer);
    }
    write_u32_le(writer, (uint32_t)bundle->blocks.size);
}

static void encode_run(const struct message_snapshot_run *run, struct writer *writer)
{
    write_u32_le(writer, run->part);
    write_u32_le(writer, run->block);
    write_u32_le(writer, run->bytes);
}

static void encode_snapshot_ask(const struct message_snapshot_ask *ask, struct writer *writer)
{
    write_u64_le(writer, ask->height);
    encode_run(&ask->run, writer);
}

static void encode_ckpt_ask(const struct message_ckpt_ask *ask, struct writer *writer)
{
    write_u64_le(writer, ask->height);
    write_run(writer, ask->hash.bytes, HASH_BYTES);
}

static void encode_ckpt(const struct message_ckpt *ckpt, struct writer *writer)
{
    write_run(writer, ckpt->signature, MESSAGE_SIGNATURE_BYTES);
    checkpoint_encode(&ckpt->checkpoint, writer);
}

static void encode_snapshot(const struct message_snapshot *snapshot, struct writer *writer)
{
    write_u64_le(writer, snapshot->height);
    write_u8(writer, snapshot->offer ? SNAPSHOT_OFFER : 0);
    encode_run(&snapshot->run, writer);
    if (snapshot->offer && snapshot->height > 0) {
        write_run(writer, snapshot->digest.bytes, HASH_BYTES);
        write_u32_le(writer, snapshot->part_blocks);
        checkpoint_cert_encode(&snapshot->cert, writer);
    }
    write_u32_le(writer, (uint32_t)snapshot->bytes.size);
}

static void encode_gone(const struct message_gone *gone, struct writer *writer)
{
    write_u8(writer, gone->old ? GONE_OLD : 0);
    write_u64_le(writer, gone->height);
}

static void encode_abdicate(const struct message_abdicate *abdicate, struct writer *writer)
{
    write_run(writer, abdicate->signature, MESSAGE_SIGNATURE_BYTES);
    write_u64_le(writer, abdicate->epoch);
    write_u64_le(writer, abdicate->view);
}

void message_encode_head(const struct message *message, struct writer *writer)
{
    ASSERT(message->type != MESSAGE_NONE);
    ASSERT(message->type < MESSAGE_TYPE_END);
    switch (message->type) {
    case MESSAGE_NONE:
    case MESSAGE_TYPE_END:
        break;
    case MESSAGE_HELLO:
        encode_hello(&message->hello, writer);
        break;
    case MESSAGE_PROPOSE:
        encode_propose(&message->propose, writer);
        break;
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE:
        encode_vote(&message->vote, writer);
        break;
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC:
        cert_encode(&message->cert, writer);
        break;
    case MESSAGE_TIMEOUT:
        encode_timeout(&message->timeout, writer);
        break;
    case MESSAGE_TC:
        timeout_cert_encode(&message->tc, writer);
        break;
    case MESSAGE_ABDICATE:
        encode_abdicate(&message->abdicate, writer);
        break;
    case MESSAGE_QUERY:
        encode_query(&message->query, writer);
        break;
    case MESSAGE_ANSWER:
        encode_answer(&message->answer, writer);
        break;
    case MESSAGE_READ:
        write_u64_le(writer, message->read.id);
        break;
    case MESSAGE_READ_ANSWER:
        encode_read_answer(&message->read_answer, writer);
        break;
    case MESSAGE_FETCH:
        encode_fetch(&message->fetch, writer);
        break;
    case MESSAGE_BUNDLE:
        encode_bundle(&message->bundle, writer);
        break;
    case MESSAGE_CKPT:
        encode_ckpt(&message->ckpt, writer);
        break;
    case MESSAGE_CKPT_ASK:
        encode_ckpt_ask(&message->ckpt_ask, writer);
        break;
    case MESSAGE_CKPT_CERT:
        checkpoint_cert_encode(&message->ckpt_cert, writer);
        break;
    case MESSAGE_GONE:
        encode_gone(&message->gone, writer);
        break;
    case MESSAGE_SNAPSHOT_ASK:
        encode_snapshot_ask(&message->snapshot_ask, writer);
        break;
    case MESSAGE_SNAPSHOT:
        encode_snapshot(&message->snapshot, writer);
        break;
    case MESSAGE_FORWARD:
        write_u32_le(writer, (uint32_t)message->forward.commands.size);
        break;
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
static enum verdict decode_tail(struct bytes *tail, uint32_t size_max, struct reader *reader)
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
static enum verdict decode_flags(uint8_t *flags, uint8_t mask, struct reader *reader)
{
    *flags = read_u8(reader);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    return (*flags & ~mask) == 0 ? VERDICT_OK : VERDICT_RESERVED;
}

static enum verdict decode_cause(enum cause *cause, struct reader *reader)
{
    uint8_t value = read_u8(reader);

    *cause = value < CAUSE_END ? (enum cause)value : CAUSE_NONE;
    return value < CAUSE_END ? VERDICT_OK : VERDICT_TYPE;
}

static enum verdict number_check(uint64_t a, uint64_t b)
{
    return a <= WIRE_NUMBER_MAX && b <= WIRE_NUMBER_MAX ? VERDICT_OK : VERDICT_RANGE;
}

static enum verdict decode_claim(struct message_claim *claim, struct reader *reader)
{
    uint8_t kind = read_u8(reader);

    *claim = (struct message_claim){ .timeout = kind == CLAIM_TIMEOUT };
    claim->ballot.kind = claim->timeout ? VOTE_ROOT : (enum vote_kind)kind;
    claim->ballot.epoch = read_u64_le(reader);
    claim->view = read_u64_le(reader);
    enum verdict verdict = rank_decode(&claim->ballot.rank, reader);
    read_copy(reader, claim->ballot.block.bytes, HASH_BYTES);
    read_copy(reader, claim->signature, MESSAGE_SIGNATURE_BYTES);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    if (kind == VOTE_ROOT || kind > CLAIM_TIMEOUT) {
        return VERDICT_TYPE;
    }
    if (verdict == VERDICT_OK) {
        verdict = number_check(claim->ballot.epoch, claim->view);
    }
    bool fits = claim->timeout ? hash_is_zero(&claim->ballot.block) : claim->view == claim->ballot.rank.view;
    return verdict == VERDICT_OK && !fits ? VERDICT_RANGE : verdict;
}

static enum verdict decode_claims(struct message_hello *hello, struct reader *reader)
{
    enum verdict verdict = VERDICT_OK;

    hello->claims_count = read_u8(reader);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    if (hello->claims_count > HELLO_CLAIMS_MAX) {
        return VERDICT_LENGTH;
    }
    for (uint32_t i = 0; i < hello->claims_count && verdict == VERDICT_OK; i++) {
        verdict = decode_claim(&hello->claims[i], reader);
    }
    return verdict;
}

static enum verdict decode_hello(struct message_hello *hello, struct reader *reader)
{
    uint8_t flags = 0;

    hello->epoch = read_u64_le(reader);
    hello->committed_height = read_u64_le(reader);
    hello->view = read_u64_le(reader);
    enum verdict verdict = rank_decode(&hello->high, reader);
    if (verdict == VERDICT_OK) {
        verdict = decode_flags(&flags, QUERY_ABSTAINS | HELLO_ASKS | HELLO_FORGOT, reader);
    }
    hello->abstains = (flags & QUERY_ABSTAINS) != 0;
    hello->asks = (flags & HELLO_ASKS) != 0;
    hello->forgot = (flags & HELLO_FORGOT) != 0;
    hello->promised = read_u64_le(reader);
    if (verdict == VERDICT_OK) {
        verdict = decode_claims(hello, reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = number_check(hello->epoch, hello->committed_height);
    }
    return verdict == VERDICT_OK ? number_check(hello->view, hello->promised) : verdict;
}

static enum verdict decode_propose(struct message_propose *propose, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = decode_flags(&flags, PROPOSE_OPENING, reader);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    propose->opening = flags != 0;
    propose->view = read_u64_le(reader);
    propose->body = bytes_of(NULL, 0);
    verdict = number_check(propose->view, 0);
    if (verdict == VERDICT_OK) {
        verdict = cert_decode(&propose->justify, reader);
    }
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (propose->opening) {
        return timeout_cert_decode(&propose->tc, reader);
    }
    verdict = block_header_decode(&propose->header, reader);
    propose->pace_us = read_u32_le(reader);
    return verdict == VERDICT_OK ? decode_tail(&propose->body, BLOCK_BYTES_MAX, reader) : verdict;
}

static enum verdict decode_vote(struct message_vote *vote, bool commit, struct reader *reader)
{
    read_copy(reader, vote->signature, MESSAGE_SIGNATURE_BYTES);
    enum verdict verdict = ballot_decode(&vote->ballot, reader);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return vote->ballot.kind != VOTE_ROOT && (vote->ballot.kind == VOTE_COMMIT) == commit ? VERDICT_OK : VERDICT_TYPE;
}

static enum verdict decode_cert(struct cert *cert, bool commit, struct reader *reader)
{
    enum verdict verdict = cert_decode(cert, reader);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return cert->ballot.kind != VOTE_ROOT && (cert->ballot.kind == VOTE_COMMIT) == commit ? VERDICT_OK : VERDICT_TYPE;
}

static enum verdict decode_timeout(struct message_timeout *timeout, struct reader *reader)
{
    read_copy(reader, timeout->signature, MESSAGE_SIGNATURE_BYTES);
    timeout->epoch = read_u64_le(reader);
    timeout->view = read_u64_le(reader);
    enum verdict verdict = number_check(timeout->epoch, timeout->view);
    if (verdict == VERDICT_OK) {
        verdict = cert_decode(&timeout->high, reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = decode_cause(&timeout->cause, reader);
    }
    return verdict == VERDICT_OK ? decode_tail(&timeout->commands, MESSAGE_CAUSE_BYTES_MAX, reader) : verdict;
}

static enum verdict decode_abdicate(struct message_abdicate *abdicate, struct reader *reader)
{
    read_copy(reader, abdicate->signature, MESSAGE_SIGNATURE_BYTES);
    abdicate->epoch = read_u64_le(reader);
    abdicate->view = read_u64_le(reader);
    return number_check(abdicate->epoch, abdicate->view);
}

static enum verdict decode_query(struct message_query *query, struct reader *reader)
{
    uint8_t flags = 0;

    query->epoch = read_u64_le(reader);
    query->view = read_u64_le(reader);
    query->committed_height = read_u64_le(reader);
    enum verdict verdict = rank_decode(&query->high, reader);
    if (verdict == VERDICT_OK) {
        verdict = decode_cause(&query->cause, reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = decode_flags(&flags, QUERY_ABSTAINS, reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = number_check(query->epoch, query->view);
    }
    if (verdict == VERDICT_OK) {
        verdict = number_check(query->committed_height, 0);
    }
    query->abstains = flags != 0;
    return verdict == VERDICT_OK ? decode_tail(&query->commands, MESSAGE_CAUSE_BYTES_MAX, reader) : verdict;
}

static enum verdict decode_answer(struct message_answer *answer, struct reader *reader)
{
    uint8_t flags = 0;

    answer->committed_height = read_u64_le(reader);
    enum verdict verdict = decode_flags(&flags, ANSWER_PROOF | ANSWER_HIGH | ANSWER_TC, reader);
    answer->has_proof = (flags & ANSWER_PROOF) != 0;
    answer->has_high = (flags & ANSWER_HIGH) != 0;
    answer->has_tc = (flags & ANSWER_TC) != 0;
    if (verdict == VERDICT_OK && answer->has_proof) {
        verdict = commit_proof_decode(&answer->proof, reader);
    }
    if (verdict == VERDICT_OK && answer->has_high) {
        verdict = cert_decode(&answer->high, reader);
    }
    if (verdict == VERDICT_OK && answer->has_tc) {
        verdict = timeout_cert_decode(&answer->tc, reader);
    }
    return verdict == VERDICT_OK ? number_check(answer->committed_height, 0) : verdict;
}

static enum verdict decode_read_answer(struct message_read_answer *answer, struct reader *reader)
{
    uint8_t flags = 0;

    answer->id = read_u64_le(reader);
    enum verdict verdict = decode_flags(&flags, ANSWER_PROOF, reader);
    answer->has_proof = flags != 0;
    if (verdict == VERDICT_OK) {
        verdict = cert_decode(&answer->high, reader);
    }
    return verdict == VERDICT_OK && answer->has_proof ? commit_proof_decode(&answer->proof, reader) : verdict;
}

static enum verdict decode_fetch(struct message_fetch *fetch, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = decode_flags(&flags, FETCH_CHAIN, reader);

    fetch->chain = flags != 0;
    fetch->height = read_u64_le(reader);
    read_copy(reader, fetch->hash.bytes, HASH_BYTES);
    fetch->from_height = read_u64_le(reader);
    return verdict == VERDICT_OK ? number_check(fetch->height, fetch->from_height) : verdict;
}

static enum verdict decode_gone(struct message_gone *gone, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = decode_flags(&flags, GONE_OLD, reader);

    gone->old = flags != 0;
    gone->height = read_u64_le(reader);
    return verdict == VERDICT_OK ? number_check(gone->height, 0) : verdict;
}

static void decode_run(struct message_snapshot_run *run, struct reader *reader)
{
    run->part = read_u32_le(reader);
    run->block = read_u32_le(reader);
    run->bytes = read_u32_le(reader);
}

static enum verdict decode_snapshot(struct message_snapshot *snapshot, struct reader *reader)
{
    uint8_t flags = 0;

    snapshot->height = read_u64_le(reader);
    enum verdict verdict = decode_flags(&flags, SNAPSHOT_OFFER, reader);
    snapshot->offer = flags != 0;
    decode_run(&snapshot->run, reader);
    if (verdict == VERDICT_OK) {
        verdict = number_check(snapshot->height, 0);
    }
    if (verdict == VERDICT_OK && snapshot->offer && snapshot->height > 0) {
        read_copy(reader, snapshot->digest.bytes, HASH_BYTES);
        snapshot->part_blocks = read_u32_le(reader);
        verdict = checkpoint_cert_decode(&snapshot->cert, reader);
    }
    return verdict == VERDICT_OK ? decode_tail(&snapshot->bytes, MESSAGE_SNAPSHOT_BYTES_MAX, reader) : verdict;
}

static enum verdict decode_bundle(struct message_bundle *bundle, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = decode_flags(&flags, FETCH_CHAIN, reader);

    bundle->chain = flags != 0;
    bundle->blocks_count = read_u32_le(reader);
    if (verdict == VERDICT_OK && bundle->chain) {
        verdict = commit_proof_decode(&bundle->proof, reader);
    }
    return verdict == VERDICT_OK ? decode_tail(&bundle->blocks, FRAME_BYTES_MAX, reader) : verdict;
}

static enum verdict decode_typed(struct message *message, struct reader *reader)
{
    switch (message->type) {
    case MESSAGE_NONE:
    case MESSAGE_TYPE_END:
        break;
    case MESSAGE_HELLO:
        return decode_hello(&message->hello, reader);
    case MESSAGE_PROPOSE:
        return decode_propose(&message->propose, reader);
    case MESSAGE_VOTE:
    case MESSAGE_COMMITVOTE:
        return decode_vote(&message->vote, message->type == MESSAGE_COMMITVOTE, reader);
    case MESSAGE_CERT:
    case MESSAGE_COMMITQC:
    case MESSAGE_QC:
        return decode_cert(&message->cert, message->type == MESSAGE_COMMITQC, reader);
    case MESSAGE_TIMEOUT:
        return decode_timeout(&message->timeout, reader);
    case MESSAGE_TC:
        return timeout_cert_decode(&message->tc, reader);
    case MESSAGE_ABDICATE:
        return decode_abdicate(&message->abdicate, reader);
    case MESSAGE_QUERY:
        return decode_query(&message->query, reader);
    case MESSAGE_ANSWER:
        return decode_answer(&message->answer, reader);
    case MESSAGE_READ:
        message->read.id = read_u64_le(reader);
        return VERDICT_OK;
    case MESSAGE_READ_ANSWER:
        return decode_read_answer(&message->read_answer, reader);
    case MESSAGE_FETCH:
        return decode_fetch(&message->fetch, reader);
    case MESSAGE_BUNDLE:
        return decode_bundle(&message->bundle, reader);
    case MESSAGE_CKPT:
        read_copy(reader, message->ckpt.signature, MESSAGE_SIGNATURE_BYTES);
        return checkpoint_decode(&message->ckpt.checkpoint, reader);
    case MESSAGE_CKPT_ASK:
        message->ckpt_ask.height = read_u64_le(reader);
        read_copy(reader, message->ckpt_ask.hash.bytes, HASH_BYTES);
        return number_check(message->ckpt_ask.height, 0);
    case MESSAGE_CKPT_CERT:
        return checkpoint_cert_decode(&message->ckpt_cert, reader);
    case MESSAGE_GONE:
        return decode_gone(&message->gone, reader);
    case MESSAGE_SNAPSHOT_ASK:
        message->snapshot_ask.height = read_u64_le(reader);
        decode_run(&message->snapshot_ask.run, reader);
        return number_check(message->snapshot_ask.height, 0);
    case MESSAGE_SNAPSHOT:
        return decode_snapshot(&message->snapshot, reader);
    case MESSAGE_FORWARD:
        return decode_tail(&message->forward.commands, MESSAGE_FORWARD_BYTES_MAX, reader);
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
