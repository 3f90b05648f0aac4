/* message_catchup.c: the messages by which members know where each stands and catch up: HELLO, blocks, checkpoints, snapshots. Encoder and decoder of a
 * message stand together. See message.h. */
#include "wire/message_priv.h"

enum { FETCH_CHAIN = 1, GONE_OLD = 1, SNAPSHOT_OFFER = 1, HELLO_ABSTAINS = 1, HELLO_ASKS = 2, HELLO_FORGOT = 4, CLAIM_TIMEOUT = 4 };

/* --- HELLO ----------------------------------------------------------------------------------------------------------------------------------- */

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
        verdict = message_numbers_check(claim->ballot.epoch, claim->view);
    }
    bool fits = claim->timeout ? hash_is_zero(&claim->ballot.block) : claim->view == claim->ballot.rank.view;
    return verdict == VERDICT_OK && !fits ? VERDICT_RANGE : verdict;
}

void message_hello_encode(const struct message_hello *hello, struct writer *writer)
{
    write_u64_le(writer, hello->epoch);
    write_u64_le(writer, hello->committed_height);
    write_u64_le(writer, hello->view);
    rank_encode(hello->high, writer);
    write_u8(writer, (uint8_t)((hello->abstains ? HELLO_ABSTAINS : 0) | (hello->asks ? HELLO_ASKS : 0) | (hello->forgot ? HELLO_FORGOT : 0)));
    write_u64_le(writer, hello->promised);
    write_u8(writer, (uint8_t)hello->claims_count);
    for (uint32_t i = 0; i < hello->claims_count; i++) {
        encode_claim(&hello->claims[i], writer);
    }
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

enum verdict message_hello_decode(struct message_hello *hello, struct reader *reader)
{
    uint8_t flags = 0;

    hello->epoch = read_u64_le(reader);
    hello->committed_height = read_u64_le(reader);
    hello->view = read_u64_le(reader);
    enum verdict verdict = rank_decode(&hello->high, reader);
    if (verdict == VERDICT_OK) {
        verdict = message_flags_decode(&flags, HELLO_ABSTAINS | HELLO_ASKS | HELLO_FORGOT, reader);
    }
    hello->abstains = (flags & HELLO_ABSTAINS) != 0;
    hello->asks = (flags & HELLO_ASKS) != 0;
    hello->forgot = (flags & HELLO_FORGOT) != 0;
    hello->promised = read_u64_le(reader);
    if (verdict == VERDICT_OK) {
        verdict = decode_claims(hello, reader);
    }
    if (verdict == VERDICT_OK) {
        verdict = message_numbers_check(hello->epoch, hello->committed_height);
    }
    return verdict == VERDICT_OK ? message_numbers_check(hello->view, hello->promised) : verdict;
}

/* --- Blocks ---------------------------------------------------------------------------------------------------------------------------------- */

void message_fetch_encode(const struct message_fetch *fetch, struct writer *writer)
{
    write_u8(writer, fetch->chain ? FETCH_CHAIN : 0);
    write_u64_le(writer, fetch->height);
    write_run(writer, fetch->hash.bytes, HASH_BYTES);
    write_u64_le(writer, fetch->from_height);
}

enum verdict message_fetch_decode(struct message_fetch *fetch, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = message_flags_decode(&flags, FETCH_CHAIN, reader);

    fetch->chain = flags != 0;
    fetch->height = read_u64_le(reader);
    read_copy(reader, fetch->hash.bytes, HASH_BYTES);
    fetch->from_height = read_u64_le(reader);
    return verdict == VERDICT_OK ? message_numbers_check(fetch->height, fetch->from_height) : verdict;
}

void message_bundle_encode(const struct message_bundle *bundle, struct writer *writer)
{
    write_u8(writer, bundle->chain ? FETCH_CHAIN : 0);
    write_u32_le(writer, bundle->blocks_count);
    if (bundle->chain) {
        commit_proof_encode(&bundle->proof, writer);
    }
    write_u32_le(writer, (uint32_t)bundle->blocks.size);
}

enum verdict message_bundle_decode(struct message_bundle *bundle, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = message_flags_decode(&flags, FETCH_CHAIN, reader);

    bundle->chain = flags != 0;
    bundle->blocks_count = read_u32_le(reader);
    if (verdict == VERDICT_OK && bundle->chain) {
        verdict = commit_proof_decode(&bundle->proof, reader);
    }
    return verdict == VERDICT_OK ? message_tail_decode(&bundle->blocks, FRAME_BYTES_MAX, reader) : verdict;
}

void message_gone_encode(const struct message_gone *gone, struct writer *writer)
{
    write_u8(writer, gone->old ? GONE_OLD : 0);
    write_u64_le(writer, gone->height);
}

enum verdict message_gone_decode(struct message_gone *gone, struct reader *reader)
{
    uint8_t flags = 0;
    enum verdict verdict = message_flags_decode(&flags, GONE_OLD, reader);

    gone->old = flags != 0;
    gone->height = read_u64_le(reader);
    return verdict == VERDICT_OK ? message_numbers_check(gone->height, 0) : verdict;
}

/* --- Checkpoints ----------------------------------------------------------------------------------------------------------------------------- */

void message_ckpt_encode(const struct message_ckpt *ckpt, struct writer *writer)
{
    write_run(writer, ckpt->signature, MESSAGE_SIGNATURE_BYTES);
    checkpoint_encode(&ckpt->checkpoint, writer);
}

enum verdict message_ckpt_decode(struct message_ckpt *ckpt, struct reader *reader)
{
    read_copy(reader, ckpt->signature, MESSAGE_SIGNATURE_BYTES);
    return checkpoint_decode(&ckpt->checkpoint, reader);
}

void message_ckpt_ask_encode(const struct message_ckpt_ask *ask, struct writer *writer)
{
    write_u64_le(writer, ask->height);
    write_run(writer, ask->hash.bytes, HASH_BYTES);
}

enum verdict message_ckpt_ask_decode(struct message_ckpt_ask *ask, struct reader *reader)
{
    ask->height = read_u64_le(reader);
    read_copy(reader, ask->hash.bytes, HASH_BYTES);
    return message_numbers_check(ask->height, 0);
}

/* --- Snapshots ------------------------------------------------------------------------------------------------------------------------------- */

static void encode_run(const struct message_snapshot_run *run, struct writer *writer)
{
    write_u32_le(writer, run->part);
    write_u32_le(writer, run->block);
    write_u32_le(writer, run->bytes);
}

static void decode_run(struct message_snapshot_run *run, struct reader *reader)
{
    run->part = read_u32_le(reader);
    run->block = read_u32_le(reader);
    run->bytes = read_u32_le(reader);
}

void message_snapshot_ask_encode(const struct message_snapshot_ask *ask, struct writer *writer)
{
    write_u64_le(writer, ask->height);
    encode_run(&ask->run, writer);
}

enum verdict message_snapshot_ask_decode(struct message_snapshot_ask *ask, struct reader *reader)
{
    ask->height = read_u64_le(reader);
    decode_run(&ask->run, reader);
    return message_numbers_check(ask->height, 0);
}

void message_snapshot_encode(const struct message_snapshot *snapshot, struct writer *writer)
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

enum verdict message_snapshot_decode(struct message_snapshot *snapshot, struct reader *reader)
{
    uint8_t flags = 0;

    snapshot->height = read_u64_le(reader);
    enum verdict verdict = message_flags_decode(&flags, SNAPSHOT_OFFER, reader);
    snapshot->offer = flags != 0;
    decode_run(&snapshot->run, reader);
    if (verdict == VERDICT_OK) {
        verdict = message_numbers_check(snapshot->height, 0);
    }
    if (verdict == VERDICT_OK && snapshot->offer && snapshot->height > 0) {
        read_copy(reader, snapshot->digest.bytes, HASH_BYTES);
        snapshot->part_blocks = read_u32_le(reader);
        verdict = checkpoint_cert_decode(&snapshot->cert, reader);
    }
    return verdict == VERDICT_OK ? message_tail_decode(&snapshot->bytes, MESSAGE_SNAPSHOT_BYTES_MAX, reader) : verdict;
}
