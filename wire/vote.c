/* vote.c: see vote.h. Every digest begins with its tag, then chain id and epoch. */
#include "wire/vote.h"

#include "base/assert.h"
#include "wire/block.h"

#include <string.h>

int rank_compare(struct rank a, struct rank b)
{
    if (a.view != b.view) {
        return a.view < b.view ? -1 : 1;
    }
    if (a.height != b.height) {
        return a.height < b.height ? -1 : 1;
    }
    return 0;
}

struct rank rank_max(struct rank a, struct rank b)
{
    return rank_compare(a, b) >= 0 ? a : b;
}

bool ballot_equal(const struct ballot *a, const struct ballot *b)
{
    return a->kind == b->kind && a->epoch == b->epoch && rank_compare(a->rank, b->rank) == 0 && hash_equal(&a->block, &b->block);
}

bool checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b)
{
    return a->epoch == b->epoch && a->height == b->height && hash_equal(&a->block, &b->block) && hash_equal(&a->state_root, &b->state_root) &&
           hash_equal(&a->receipts_root, &b->receipts_root) && hash_equal(&a->config_hash, &b->config_hash);
}

static void digest_begin(struct hasher *hasher, enum hash_tag tag, const struct hash32 *chain_id, uint64_t epoch)
{
    hash_init(hasher, tag);
    hash_update(hasher, chain_id->bytes, HASH_BYTES);
    hash_update_u64(hasher, epoch);
}

struct hash32 ballot_digest(const struct hash32 *chain_id, const struct ballot *ballot)
{
    static const enum hash_tag tags[VOTE_KIND_END] = {
        [VOTE_OPENING] = HASH_VOTE_OPENING,
        [VOTE_FOLLOWING] = HASH_VOTE_FOLLOWING,
        [VOTE_COMMIT] = HASH_COMMITVOTE,
    };
    struct hasher hasher;

    ASSERT(ballot->kind > VOTE_ROOT);
    ASSERT(ballot->kind < VOTE_KIND_END);
    digest_begin(&hasher, tags[ballot->kind], chain_id, ballot->epoch);
    hash_update_u64(&hasher, ballot->rank.view);
    hash_update_u64(&hasher, ballot->rank.height);
    hash_update(&hasher, ballot->block.bytes, HASH_BYTES);
    return hash_final(&hasher);
}

struct hash32 timeout_digest(const struct hash32 *chain_id, uint64_t epoch, uint64_t view, struct rank high)
{
    struct hasher hasher;

    digest_begin(&hasher, HASH_TIMEOUT, chain_id, epoch);
    hash_update_u64(&hasher, view);
    hash_update_u64(&hasher, high.view);
    hash_update_u64(&hasher, high.height);
    return hash_final(&hasher);
}

struct hash32 abdicate_digest(const struct hash32 *chain_id, uint64_t epoch, uint64_t view)
{
    struct hasher hasher;

    digest_begin(&hasher, HASH_ABDICATE, chain_id, epoch);
    hash_update_u64(&hasher, view);
    return hash_final(&hasher);
}

struct hash32 checkpoint_digest(const struct hash32 *chain_id, const struct checkpoint *checkpoint)
{
    struct hasher hasher;

    digest_begin(&hasher, HASH_CKPT, chain_id, checkpoint->epoch);
    hash_update_u64(&hasher, checkpoint->height);
    hash_update(&hasher, checkpoint->block.bytes, HASH_BYTES);
    hash_update(&hasher, checkpoint->state_root.bytes, HASH_BYTES);
    hash_update(&hasher, checkpoint->receipts_root.bytes, HASH_BYTES);
    hash_update(&hasher, checkpoint->config_hash.bytes, HASH_BYTES);
    return hash_final(&hasher);
}

void rank_encode(struct rank rank, struct writer *writer)
{
    write_u64_le(writer, rank.view);
    write_u64_le(writer, rank.height);
}

enum verdict rank_decode(struct rank *rank, struct reader *reader)
{
    rank->view = read_u64_le(reader);
    rank->height = read_u64_le(reader);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    return rank->view <= WIRE_NUMBER_MAX && rank->height <= WIRE_NUMBER_MAX ? VERDICT_OK : VERDICT_RANGE;
}

void ballot_encode(const struct ballot *ballot, struct writer *writer)
{
    write_u8(writer, (uint8_t)ballot->kind);
    write_u64_le(writer, ballot->epoch);
    rank_encode(ballot->rank, writer);
    write_run(writer, ballot->block.bytes, HASH_BYTES);
}

enum verdict ballot_decode(struct ballot *ballot, struct reader *reader)
{
    uint8_t kind = read_u8(reader);

    ballot->epoch = read_u64_le(reader);
    enum verdict verdict = rank_decode(&ballot->rank, reader);
    read_copy(reader, ballot->block.bytes, HASH_BYTES);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    if (kind >= VOTE_KIND_END) {
        return VERDICT_TYPE;
    }
    ballot->kind = (enum vote_kind)kind;
    return ballot->epoch <= WIRE_NUMBER_MAX ? verdict : VERDICT_RANGE;
}

void checkpoint_encode(const struct checkpoint *checkpoint, struct writer *writer)
{
    write_u64_le(writer, checkpoint->epoch);
    write_u64_le(writer, checkpoint->height);
    write_run(writer, checkpoint->block.bytes, HASH_BYTES);
    write_run(writer, checkpoint->state_root.bytes, HASH_BYTES);
    write_run(writer, checkpoint->receipts_root.bytes, HASH_BYTES);
    write_run(writer, checkpoint->config_hash.bytes, HASH_BYTES);
}

enum verdict checkpoint_decode(struct checkpoint *checkpoint, struct reader *reader)
{
    checkpoint->epoch = read_u64_le(reader);
    checkpoint->height = read_u64_le(reader);
    read_copy(reader, checkpoint->block.bytes, HASH_BYTES);
    read_copy(reader, checkpoint->state_root.bytes, HASH_BYTES);
    read_copy(reader, checkpoint->receipts_root.bytes, HASH_BYTES);
    read_copy(reader, checkpoint->config_hash.bytes, HASH_BYTES);
    if (reader->failed) {
        return VERDICT_SHORT;
    }
    return checkpoint->epoch <= WIRE_NUMBER_MAX && checkpoint->height <= WIRE_NUMBER_MAX ? VERDICT_OK : VERDICT_RANGE;
}
