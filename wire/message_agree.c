/* message_agree.c: the messages that agreement is made of: proposals, votes, certificates, timeouts, and what one asks before a timeout or a read.
 * Encoder and decoder of a message stand together. See message.h. */
#include "wire/message_priv.h"

enum { PROPOSE_OPENING = 1, QUERY_ABSTAINS = 1, ANSWER_PROOF = 1, ANSWER_HIGH = 2, ANSWER_TC = 4 };

/* --- PROPOSE, VOTE, certificates ------------------------------------------------------------------------------------------------------------- */

void message_propose_encode(const struct message_propose *propose, struct writer *writer)
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

enum verdict message_propose_decode(struct message_propose *propose, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = message_flags_decode(&flags, PROPOSE_OPENING, reader);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    propose->opening = flags != 0;
    propose->view = read_u64_le(reader);
    propose->body = bytes_of(NULL, 0);
    verdict = message_numbers_check(propose->view, 0);
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
    return verdict == VERDICT_OK ? message_tail_decode(&propose->body, BLOCK_BYTES_MAX, reader) : verdict;
}

void message_vote_encode(const struct message_vote *vote, struct writer *writer)
{
    write_run(writer, vote->signature, MESSAGE_SIGNATURE_BYTES);
    ballot_encode(&vote->ballot, writer);
}

enum verdict message_vote_decode(struct message_vote *vote, bool commit, struct reader *reader)
{
    read_copy(reader, vote->signature, MESSAGE_SIGNATURE_BYTES);
    enum verdict verdict = ballot_decode(&vote->ballot, reader);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return vote->ballot.kind != VOTE_ROOT && (vote->ballot.kind == VOTE_COMMIT) == commit ? VERDICT_OK : VERDICT_TYPE;
}

enum verdict message_cert_decode(struct cert *cert, bool commit, struct reader *reader)
{
    enum verdict verdict = cert_decode(cert, reader);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return cert->ballot.kind != VOTE_ROOT && (cert->ballot.kind == VOTE_COMMIT) == commit ? VERDICT_OK : VERDICT_TYPE;
}

/* --- Giving a view up ------------------------------------------------------------------------------------------------------------------------ */

static enum verdict decode_cause(enum cause *cause, struct reader *reader)
{
    uint8_t value = read_u8(reader);

    *cause = value < CAUSE_END ? (enum cause)value : CAUSE_NONE;
    return value < CAUSE_END ? VERDICT_OK : VERDICT_TYPE;
}

void message_timeout_encode(const struct message_timeout *timeout, struct writer *writer)
{
    write_run(writer, timeout->signature, MESSAGE_SIGNATURE_BYTES);
    write_u64_le(writer, timeout->epoch);
    write_u64_le(writer, timeout->view);
    cert_encode(&timeout->high, writer);
    write_u8(writer, (uint8_t)timeout->cause);
    write_u32_le(writer, (uint32_t)timeout->commands.size);
}

enum verdict message_timeout_decode(struct message_timeout *timeout, struct reader *reader)
{
    read_copy(reader, timeout->signature, MESSAGE_SIGNATURE_BYTES);
    timeout->epoch = read_u64_le(reader);
    timeout->view = read_u64_le(reader);
    enum verdict verdict = message_numbers_check(timeout->epoch, timeout->view);
    if (verdict == VERDICT_OK) {
        verdict = cert_decode(&timeout->high, reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = decode_cause(&timeout->cause, reader);
    }
    return verdict == VERDICT_OK ? message_tail_decode(&timeout->commands, MESSAGE_CAUSE_BYTES_MAX, reader) : verdict;
}

void message_abdicate_encode(const struct message_abdicate *abdicate, struct writer *writer)
{
    write_run(writer, abdicate->signature, MESSAGE_SIGNATURE_BYTES);
    write_u64_le(writer, abdicate->epoch);
    write_u64_le(writer, abdicate->view);
}

enum verdict message_abdicate_decode(struct message_abdicate *abdicate, struct reader *reader)
{
    read_copy(reader, abdicate->signature, MESSAGE_SIGNATURE_BYTES);
    abdicate->epoch = read_u64_le(reader);
    abdicate->view = read_u64_le(reader);
    return message_numbers_check(abdicate->epoch, abdicate->view);
}

/* --- QUERY, ANSWER, READ_ANSWER -------------------------------------------------------------------------------------------------------------- */

void message_query_encode(const struct message_query *query, struct writer *writer)
{
    write_u64_le(writer, query->epoch);
    write_u64_le(writer, query->view);
    write_u64_le(writer, query->committed_height);
    rank_encode(query->high, writer);
    write_u8(writer, (uint8_t)query->cause);
    write_u8(writer, query->abstains ? QUERY_ABSTAINS : 0);
    write_u32_le(writer, (uint32_t)query->commands.size);
}

enum verdict message_query_decode(struct message_query *query, struct reader *reader)
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
        verdict = message_flags_decode(&flags, QUERY_ABSTAINS, reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = message_numbers_check(query->epoch, query->view);
    }
    if (verdict == VERDICT_OK) {
        verdict = message_numbers_check(query->committed_height, 0);
    }
    query->abstains = flags != 0;
    return verdict == VERDICT_OK ? message_tail_decode(&query->commands, MESSAGE_CAUSE_BYTES_MAX, reader) : verdict;
}

void message_answer_encode(const struct message_answer *answer, struct writer *writer)
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

enum verdict message_answer_decode(struct message_answer *answer, struct reader *reader)
{
    uint8_t flags = 0;

    answer->committed_height = read_u64_le(reader);
    enum verdict verdict = message_flags_decode(&flags, ANSWER_PROOF | ANSWER_HIGH | ANSWER_TC, reader);
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
    return verdict == VERDICT_OK ? message_numbers_check(answer->committed_height, 0) : verdict;
}

void message_read_answer_encode(const struct message_read_answer *answer, struct writer *writer)
{
    write_u64_le(writer, answer->id);
    write_u8(writer, answer->has_proof ? ANSWER_PROOF : 0);
    cert_encode(&answer->high, writer);
    if (answer->has_proof) {
        commit_proof_encode(&answer->proof, writer);
    }
}

enum verdict message_read_answer_decode(struct message_read_answer *answer, struct reader *reader)
{
    uint8_t flags = 0;

    answer->id = read_u64_le(reader);
    enum verdict verdict = message_flags_decode(&flags, ANSWER_PROOF, reader);
    answer->has_proof = flags != 0;
    if (verdict == VERDICT_OK) {
        verdict = cert_decode(&answer->high, reader);
    }
    return verdict == VERDICT_OK && answer->has_proof ? commit_proof_decode(&answer->proof, reader) : verdict;
}
