/* replica_restore.c: from what the log kept to a replica that can go on. Records are our own: they are read again, not verified again.
 *
 *     state            what was promised: votes, timeouts, terms
 *     BLOCK + PAYLOAD  a slot, unless the height is committed already; the QC in it
 *     CERTIFICATE      high QC, TC of the newest view, proofs: what commits
 *     CHECKPOINT       the newest certificate
 *
 * A block that was appended again stands behind those that follow it, as far as the log is long, and without its certificate. So the trail (consensus/trail.h) remembers
 * how blocks are linked; once a reading is over it names the committed chain, and whoever reads hands its blocks over by name.
 *
 * The view is the highest that any of it leads to. Certificates lead to theirs as they are read; the last vote leads to its own after all records
 * (replica_restore_view), or the TC of that view, which stands among them, would count as old and be lost. So all replicas may lose their power at once and go on by themselves (J5). */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

void replica_restore_base(struct replica *r, const struct block_header *header, const struct checkpoint_cert *cert, uint64_t checkpoint_ms)
{
    struct checkpoints *c = &r->checkpoints;
    struct hash32 hash = block_hash(header);

    ASSERT(!r->started);
    ASSERT(r->executed_height == r->config.genesis.height);
    ASSERT(hash_equal(&hash, &cert->checkpoint.block)); /* K1 */
    ASSERT(cert->checkpoint.height == header->height);
    ASSERT(checkpoint_ms <= header->time_ms); /* K1 */
    history_begin(&r->history, header, &hash);
    r->executed_height = header->height;
    r->flight_high = header->height;
    c->block_height = header->height;
    c->block_time_ms = checkpoint_ms;
    c->own[c->own_next].used = true;
    c->own[c->own_next].value = cert->checkpoint;
    c->own_next = (c->own_next + 1) % CHECKPOINTS_KEPT;
    c->has_cert = true;
    c->cert = *cert;
    safety_record_committed(&r->safety, header->height);
}

void replica_restore_state(struct replica *r, const struct voting_state *state)
{
    ASSERT(!r->started);
    ASSERT(r->lsn == 0);
    if (state->epoch == r->config.epoch.epoch) {
        r->safety.state = *state; /* Its committed height may be above what the records prove: those blocks are fetched again. */
    }
}

void replica_restore_view(struct replica *r)
{
    uint64_t view = r->safety.state.vote_kind != VOTE_ROOT ? r->safety.state.vote.view : 0;

    ASSERT(!r->started);
    if (view > r->view) {
        replica_enter(r, view, ENTERED_BY_CERT);
    }
}

void replica_restore_again(struct replica *r)
{
    ASSERT(!r->started);
    ASSERT(r->executed_height == r->history.high);
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        if (r->blocks.slots[i].used) {
            replica_let_go(r, &r->blocks.slots[i]);
        }
    }
}

uint64_t replica_restore_trail(struct replica *r)
{
    ASSERT(!r->started);
    if (r->trail.high != 0) {
        return 0;
    }
    return trail_settle(&r->trail, &r->high.ballot, r->has_pending_proof ? &r->pending_proof.first.ballot : NULL);
}

bool replica_restore_next(const struct replica *r, struct hash32 *hash)
{
    const struct hash32 *next = trail_at(&r->trail, r->history.high + 1);

    ASSERT(!r->started);
    if (next != NULL) {
        *hash = *next;
    }
    return next != NULL;
}

/* take_qc: bytes alone are no promise. A reserve appends what it followed without saying so (P1); before it rests on that, it promises it (I6, I8). */
static void take_qc(struct replica *r, const struct cert *cert)
{
    ASSERT(!r->started);
    if (cert->ballot.kind == VOTE_COMMIT) {
        replica_accept_commitqc(r, cert);
        return;
    }
    replica_accept_qc(r, cert);
    bool promised = rank_compare(r->safety.state.high, cert->ballot.rank) >= 0;
    r->high_recorded = r->high_recorded || (promised && ballot_equal(&cert->ballot, &r->high.ballot));
}

static enum err restore_block(struct replica *r, uint64_t view, const struct hash32 *hash, struct bytes payload)
{
    struct block_header header;
    struct reader reader;

    ASSERT(!r->started);
    reader_init(&reader, payload.data, payload.size);
    if (block_header_decode(&header, &reader) != VERDICT_OK || cert_decode(&r->msg.cert, &reader) != VERDICT_OK || reader_end(&reader) != VERDICT_OK) {
        return ERR_FORMAT;
    }
    bool justified = r->msg.cert.ballot.kind != VOTE_ROOT || !hash_is_zero(&r->msg.cert.ballot.block);
    history_note(&r->history, &header, hash);
    if (header.height > r->history.high && r->trail.high == 0) {
        trail_add(&r->trail, &header, hash, justified ? &r->msg.cert.ballot : NULL);
    }
    struct block *block = blocks_find(&r->blocks, hash);
    if (header.height > r->history.high && block == NULL) {
        block = replica_room(r, &header, hash);
    }
    if (block != NULL && header.height > r->history.high) {
        block->view = view;
        block->lsn = ++r->restored_blocks; /* In the log, from before this run. */
        block->checked = true;
        if (justified) {
            cert_copy(&block->justify, &r->msg.cert);
            block->has_justify = true;
        }
    }
    if (justified && r->msg.cert.ballot.kind != VOTE_ROOT) {
        take_qc(r, &r->msg.cert);
    }
    return ERR_OK;
}

/* restore_body gives a slot its body. ahead: NULL, or the same bytes, read already. Gives: they are what the header names. */
static bool restore_body(struct replica *r, struct block *block, struct bytes payload, struct body_ahead *ahead)
{
    ASSERT(!block->committed);
    if (ahead != NULL && blocks_adopt(&r->blocks, block, ahead)) {
        return block->body_state == BODY_GOOD;
    }
    blocks_fill(&r->blocks, block, payload);
    return block_read(&r->blocks, block, &r->app, NULL) == VERDICT_OK;
}

static enum err restore_payload(struct replica *r, const struct hash32 *hash, struct bytes payload, struct body_ahead *ahead)
{
    struct block *block = blocks_find(&r->blocks, hash);

    ASSERT(!r->started);
    if (payload.size > r->config.epoch.limits.block_bytes_max) {
        return ERR_FORMAT;
    }
    if (block == NULL || block->committed) {
        return ERR_OK;
    }
    if (!restore_body(r, block, payload, ahead)) {
        blocks_release(block);
        return ERR_FORMAT;
    }
    const struct hash32 *committed = trail_at(&r->trail, r->history.high + 1);
    if (committed != NULL && hash_equal(committed, hash)) {
        replica_commit_trail(r, block);
    }
    return ERR_OK;
}

static enum err restore_tc(struct replica *r, struct reader *reader)
{
    ASSERT(!r->started);
    if (timeout_cert_decode(&r->msg.tc, reader) != VERDICT_OK || timeout_cert_check(&r->msg.tc, &r->config.epoch) != VERDICT_OK) {
        return ERR_FORMAT;
    }
    struct hash32 digest = timeout_cert_digest(&r->msg.tc);
    replica_accept_tc(r, &r->msg.tc);
    r->tc_recorded = r->tc_recorded || hash_equal(&digest, &r->safety.state.tc_digest);
    return ERR_OK;
}

static enum err restore_proof(struct replica *r, uint64_t height, const struct hash32 *hash, struct reader *reader)
{
    ASSERT(!r->started);
    if (commit_proof_decode(&r->msg.answer.proof, reader) != VERDICT_OK ||
        commit_proof_check(&r->msg.answer.proof, &r->config.epoch, height, hash) != VERDICT_OK) {
        return ERR_FORMAT;
    }
    if (height > r->history.high && blocks_find(&r->blocks, hash) != NULL) {
        replica_commit_bundle(r, &r->msg.answer.proof, height, hash);
        return ERR_OK;
    }
    if (r->msg.answer.proof.headers_count == 0) {
        replica_accept_proof(r, &r->msg.answer.proof);
    }
    return ERR_OK;
}

static enum err restore_certificate(struct replica *r, uint64_t height, const struct hash32 *hash, struct bytes payload)
{
    struct reader reader;

    ASSERT(!r->started);
    reader_init(&reader, payload.data, payload.size);
    switch ((enum certificate_record)read_u8(&reader)) {
    case CERTIFICATE_QC:
        if (cert_decode(&r->msg.cert, &reader) != VERDICT_OK) {
            return ERR_FORMAT;
        }
        take_qc(r, &r->msg.cert);
        return ERR_OK;
    case CERTIFICATE_TC:
        return restore_tc(r, &reader);
    case CERTIFICATE_PROOF:
        return restore_proof(r, height, hash, &reader);
    }
    return ERR_FORMAT;
}

static enum err restore_checkpoint(struct replica *r, struct bytes payload)
{
    struct checkpoint_cert *cert = &r->msg.ckpt_cert;
    struct reader reader;

    ASSERT(!r->started);
    reader_init(&reader, payload.data, payload.size);
    if (checkpoint_cert_decode(cert, &reader) != VERDICT_OK || checkpoint_cert_check(cert, &r->config.epoch) != VERDICT_OK) {
        return ERR_FORMAT;
    }
    replica_accept_checkpoint(r, cert, false);
    return ERR_OK;
}

enum err replica_restore_record(struct replica *r, uint8_t kind, uint64_t height, uint64_t view, const struct hash32 *hash, struct bytes payload,
                                struct effects *out)
{
    enum err err = ERR_OK;

    ASSERT(!r->started);
    r->out = out;
    switch ((enum replica_record)kind) {
    case REPLICA_RECORD_BLOCK:
        err = restore_block(r, view, hash, payload);
        break;
    case REPLICA_RECORD_PAYLOAD:
        err = restore_payload(r, hash, payload, NULL);
        break;
    case REPLICA_RECORD_CERTIFICATE:
        err = restore_certificate(r, height, hash, payload);
        break;
    case REPLICA_RECORD_CHECKPOINT:
        err = restore_checkpoint(r, payload);
        break;
    case REPLICA_RECORD_EVIDENCE:
        break;
    }
    if (err == ERR_OK) {
        replica_try_commit(r);
    }
    r->out = NULL;
    return err;
}

enum err replica_restore_ahead(struct replica *r, const struct hash32 *hash, struct body_ahead *ahead, struct effects *out)
{
    ASSERT(!r->started);
    ASSERT(ahead->verdict != VERDICT_COUNT);
    r->out = out;
    enum err err = restore_payload(r, hash, bytes_of(ahead->body, ahead->body_bytes), ahead);
    if (err == ERR_OK) {
        replica_try_commit(r);
    }
    r->out = NULL;
    return err;
}
