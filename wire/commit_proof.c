/* commit_proof.c: see commit_proof.h. Encoding: form u8 (1: C1, 2: C2), reserved u8, headers_count u16, first, [child, second], headers. */
#include "wire/commit_proof.h"

#include "base/assert.h"

enum { FORM_CHAIN = 1, FORM_COMMIT = 2 };

static bool is_commit_form(const struct commit_proof *proof)
{
    return proof->first.ballot.kind == VOTE_COMMIT;
}

void commit_proof_copy(struct commit_proof *to, const struct commit_proof *from)
{
    cert_copy(&to->first, &from->first);
    if (!is_commit_form(from)) {
        to->child = from->child;
        cert_copy(&to->second, &from->second);
    }
    to->headers_count = 0;
    to->headers = bytes_of(NULL, 0);
}

uint64_t commit_proof_height(const struct commit_proof *proof)
{
    return proof->first.ballot.rank.height;
}

struct rank commit_proof_rank(const struct commit_proof *proof)
{
    return proof->first.ballot.rank;
}

void commit_proof_encode(const struct commit_proof *proof, struct writer *writer)
{
    bool commit = is_commit_form(proof);

    ASSERT(proof->headers_count <= BUNDLE_HEADERS_MAX);
    ASSERT(proof->headers.size == (size_t)proof->headers_count * BLOCK_HEADER_BYTES);
    write_u8(writer, commit ? FORM_COMMIT : FORM_CHAIN);
    write_u8(writer, 0);
    write_u16_le(writer, (uint16_t)proof->headers_count);
    cert_encode(&proof->first, writer);
    if (!commit) {
        block_header_encode(&proof->child, writer);
        cert_encode(&proof->second, writer);
    }
    write_run(writer, proof->headers.data, proof->headers.size);
}

static enum verdict decode_child(struct commit_proof *proof, struct reader *reader)
{
    enum verdict verdict = block_header_decode(&proof->child, reader);

    return verdict == VERDICT_OK ? cert_decode(&proof->second, reader) : verdict;
}

enum verdict commit_proof_decode(struct commit_proof *proof, struct reader *reader)
{
    uint8_t form = read_u8(reader);
    uint8_t reserved = read_u8(reader);

    proof->headers_count = read_u16_le(reader);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    if (form != FORM_CHAIN && form != FORM_COMMIT) {
        return VERDICT_TYPE;
    }
    if (reserved != 0) {
        return VERDICT_RESERVED;
    }
    if (proof->headers_count > BUNDLE_HEADERS_MAX) {
        return VERDICT_LENGTH;
    }
    enum verdict verdict = cert_decode(&proof->first, reader);
    if (verdict == VERDICT_OK && is_commit_form(proof) != (form == FORM_COMMIT)) {
        verdict = VERDICT_TYPE;
    }
    if (verdict == VERDICT_OK && form == FORM_CHAIN) {
        verdict = decode_child(proof, reader);
    }
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    size_t size = (size_t)proof->headers_count * BLOCK_HEADER_BYTES;
    proof->headers = bytes_of(read_run(reader, size), size);
    return reader->failed ? VERDICT_SHORT : VERDICT_OK;
}

/* C1: a following QC of the child, in the same view. */
static enum verdict check_child(const struct commit_proof *proof, const struct config *config)
{
    const struct ballot *first = &proof->first.ballot;
    const struct ballot *second = &proof->second.ballot;
    struct hash32 hash = block_hash(&proof->child);

    if (second->kind != VOTE_FOLLOWING) {
        return VERDICT_TYPE;
    }
    if (second->rank.view != first->rank.view || second->rank.height != first->rank.height + 1) {
        return VERDICT_RANGE;
    }
    if (!hash_equal(&hash, &second->block) || !hash_equal(&proof->child.parent, &first->block) || proof->child.height != second->rank.height) {
        return VERDICT_HASH;
    }
    return cert_check(&proof->second, config);
}

/* The headers lead from the proved block up to the block that the certificates name. */
static enum verdict check_headers(const struct commit_proof *proof, uint64_t height, struct hash32 hash)
{
    struct reader reader;

    reader_init(&reader, proof->headers.data, proof->headers.size);
    for (uint32_t i = 0; i < proof->headers_count; i++) {
        struct block_header header;
        enum verdict verdict = block_header_decode(&header, &reader);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
        height++;
        if (header.height != height || !hash_equal(&header.parent, &hash)) {
            return VERDICT_HASH;
        }
        hash = block_hash(&header);
    }
    bool reached = height == proof->first.ballot.rank.height && hash_equal(&hash, &proof->first.ballot.block);
    return reached ? reader_end(&reader) : VERDICT_HASH;
}

enum verdict commit_proof_check(const struct commit_proof *proof, const struct config *config, uint64_t height, const struct hash32 *hash)
{
    enum verdict verdict = cert_check(&proof->first, config);

    if (verdict == VERDICT_OK && !is_commit_form(proof)) {
        verdict = check_child(proof, config);
    }
    return verdict == VERDICT_OK ? check_headers(proof, height, *hash) : verdict;
}

uint32_t commit_proof_items(const struct commit_proof *proof, const struct config *config, const struct hash32 *chain_id, struct hash32 digests[2], struct sig_item *items)
{
    uint32_t count = cert_items(&proof->first, config, chain_id, &digests[0], items);

    if (!is_commit_form(proof)) {
        count += cert_items(&proof->second, config, chain_id, &digests[1], items + count);
    }
    ASSERT(count <= 2 * QUORUM_MAX);
    return count;
}
