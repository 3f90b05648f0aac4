/* replica_checkpoint.c: q members state the same of their states (K1). One that differs from a certificate halts and keeps its data.
 *
 *     executed checkpoint block -> CKPT to the leader -> q equal ones -> CKPT_CERT to all
 *     silence above the last one -> the leader asks once for the tip, so that every receipt becomes provable */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

bool replica_is_checkpoint(const struct replica *r, const struct block_header *header)
{
    return config_is_checkpoint(&r->config.epoch.limits, header->height, header->time_ms, r->checkpoints.block_time_ms);
}

/* own_at gives what this replica states of a height, NULL when it has not executed it with roots, or no longer knows. */
static const struct checkpoint *own_at(const struct replica *r, uint64_t height)
{
    for (uint32_t i = 0; i < CHECKPOINTS_KEPT; i++) {
        if (r->checkpoints.own[i].used && r->checkpoints.own[i].value.height == height) {
            return &r->checkpoints.own[i].value;
        }
    }
    return NULL;
}

static const struct checkpoint *own_newest(const struct replica *r)
{
    uint32_t newest = (r->checkpoints.own_next + CHECKPOINTS_KEPT - 1) % CHECKPOINTS_KEPT;

    ASSERT(r->checkpoints.own_next < CHECKPOINTS_KEPT);
    return r->checkpoints.own[newest].used ? &r->checkpoints.own[newest].value : NULL;
}

/* is_settled: nothing newer than the newest certificate is known here. */
static bool is_settled(const struct replica *r, uint64_t height)
{
    return r->checkpoints.has_cert && r->checkpoints.cert.checkpoint.height >= height;
}

bool replica_checkpoint_agrees(const struct replica *r)
{
    const struct checkpoints *c = &r->checkpoints;
    const struct checkpoint *own = c->has_cert ? own_at(r, c->cert.checkpoint.height) : NULL;

    return own == NULL || checkpoint_equal(own, &c->cert.checkpoint);
}

bool replica_checkpoint_is_open(const struct replica *r)
{
    const struct checkpoints *c = &r->checkpoints;

    ASSERT(c->repeats <= REPEATS_MAX);
    ASSERT(c->ask_repeats <= REPEATS_MAX);
    bool block_open = c->block_height > r->config.genesis.height && !is_settled(r, c->block_height) && c->repeats < REPEATS_MAX;
    bool tip_open = r->lead.active && r->history.high > r->config.genesis.height && !is_settled(r, r->history.high) && c->ask_repeats < REPEATS_MAX &&
                    own_newest(r) != NULL;

    return block_open || tip_open;
}

/* --- Stating -------------------------------------------------------------------------------------------------------------------------------------- */

static void send_ckpt(struct replica *r, const struct checkpoint *checkpoint)
{
    struct hash32 digest = checkpoint_digest(&r->chain_id, checkpoint);

    ASSERT(checkpoint->height <= r->executed_height); /* K1 */
    ASSERT(replica_checkpoint_agrees(r));             /* I13: whose state differs has halted, and states nothing more */
    r->msg.type = MESSAGE_CKPT;
    memset(r->msg.ckpt.signature, 0, sizeof r->msg.ckpt.signature);
    r->msg.ckpt.checkpoint = *checkpoint;
    r->checkpoints.sent_ns = r->now.mono_ns;
    replica_send(r, member_set_one(replica_leader(r, r->view)), r->lsn, &digest);
}

/* compare halts the replica when a certificate says something else than its own state (K1, I13). */
static void compare(struct replica *r, const struct checkpoint *certified)
{
    const struct checkpoint *own = own_at(r, certified->height);

    ASSERT(certified->height <= r->executed_height);
    if (own == NULL || checkpoint_equal(own, certified)) {
        return;
    }
    struct effect *effect = effects_add(r->out, EFFECT_HALT);
    effect->halt.reason = HALT_CHECKPOINT_DIFFERS;
    effect->halt.height = certified->height;
    r->halted = true;
}

void replica_checkpoint_executed(struct replica *r, const struct block_header *header, const struct event *event)
{
    struct checkpoints *c = &r->checkpoints;

    ASSERT(header->height == event->executed.height); /* K1 */
    ASSERT(header->height == r->executed_height);     /* K1 */
    if (hash_is_zero(&event->executed.state_root)) { /* Roots were not asked for: a certificate that came while it was executed has nothing to be compared with. */
        c->has_pending = c->has_pending && c->pending.height > header->height;
        return;
    }
    c->own[c->own_next].used = true;
    c->own[c->own_next].value = (struct checkpoint){ .epoch = header->epoch,
                                                     .height = header->height,
                                                     .block = event->executed.block,
                                                     .state_root = event->executed.state_root,
                                                     .receipts_root = event->executed.receipts_root,
                                                     .config_hash = r->config_digest };
    c->own_next = (c->own_next + 1) % CHECKPOINTS_KEPT;
    if (c->has_pending && c->pending.height == header->height) {
        c->has_pending = false;
        compare(r, &c->pending);
    }
    if (r->started && !r->halted && header->height == c->block_height && !is_settled(r, header->height)) {
        send_ckpt(r, own_newest(r));
    }
    c->ask_repeats = 0;
    c->asked_ns = r->now.mono_ns;
}

/* --- Collecting (leader) --------------------------------------------------------------------------------------------------------------------------- */

/* collect has q equal statements verified together, each once: a bad one among them must not cost the good ones another check. They must equal our own. */
static void collect(struct replica *r)
{
    struct checkpoints *c = &r->checkpoints;
    const struct checkpoint *own = own_newest(r);
    struct member_set equal = { { 0 } };

    if (c->job || own == NULL || is_settled(r, own->height)) {
        return;
    }
    for (uint32_t member = 0; member < r->n; member++) {
        if (r->peers[member].has_ckpt && checkpoint_equal(&r->peers[member].ckpt, own)) {
            member_set_add(&equal, member);
        }
    }
    if (member_set_count(&equal) < r->quorum) {
        return;
    }
    struct job *job = job_new(&r->jobs, JOB_CKPT_VOTES, r->self, false);
    if (job == NULL) {
        return;
    }
    ASSERT(own->height <= r->executed_height); /* K1 */
    c->job = true;
    job->members = equal;
    job->known = (struct member_set){ { 0 } };
    job->checkpoint.checkpoint = *own;
    struct hash32 digest = checkpoint_digest(&r->chain_id, own);
    for (uint32_t member = 0; member < r->n; member++) {
        if (member_set_has(&equal, member)) {
            memcpy(job->signatures[member], r->peers[member].ckpt_signature, 64);
            if (r->peers[member].ckpt_good) {
                member_set_add(&job->known, member);
                continue;
            }
            job_add(job, PART_SINGLES, r->config.epoch.members[member].sign_key, &digest, job->signatures[member]);
        }
    }
    ASSERT(job->items_count + member_set_count(&job->known) == member_set_count(&equal)); /* K1, I11: a signature of each */
    replica_verify(r, job);
}

void replica_on_ckpt(struct replica *r, uint32_t from, const struct message_ckpt *ckpt)
{
    struct peer *peer = &r->peers[from];

    if (ckpt->checkpoint.epoch != r->config.epoch.epoch || (peer->has_ckpt && peer->ckpt.height > ckpt->checkpoint.height)) {
        replica_refuse(r, VERDICT_STALE);
        return;
    }
    peer->committed_height = ckpt->checkpoint.height > peer->committed_height ? ckpt->checkpoint.height : peer->committed_height;
    if (is_settled(r, ckpt->checkpoint.height)) {
        if (from != r->self && replica_may_answer(r, from)) {
            r->msg.type = MESSAGE_CKPT_CERT; /* It does not know the certificate. */
            r->msg.ckpt_cert = r->checkpoints.cert;
            replica_send(r, member_set_one(from), 0, NULL);
        }
        return;
    }
    ASSERT(!peer->has_ckpt || peer->ckpt.height <= ckpt->checkpoint.height); /* K1: its newest statement counts */
    bool again = peer->has_ckpt && checkpoint_equal(&peer->ckpt, &ckpt->checkpoint) && memcmp(peer->ckpt_signature, ckpt->signature, 64) == 0;
    peer->ckpt_good = again && peer->ckpt_good;
    peer->has_ckpt = true;
    peer->ckpt = ckpt->checkpoint;
    memcpy(peer->ckpt_signature, ckpt->signature, 64);
    collect(r);
}

/* judge_ckpt takes over one verdict of a job, if its member still says the same. */
static void judge_ckpt(struct replica *r, const struct job *job, uint32_t member, bool valid)
{
    struct peer *peer = &r->peers[member];
    bool same = peer->has_ckpt && checkpoint_equal(&peer->ckpt, &job->checkpoint.checkpoint) && memcmp(peer->ckpt_signature, job->signatures[member], 64) == 0;

    ASSERT(member_set_has(&job->members, member));
    if (!valid) {
        ASSERT(!member_set_has(&job->known, member)); /* L3: a verdict stands */
        replica_mark(r, MARK_BAD_SIGNATURE, job->checkpoint.checkpoint.height, member, 0);
    }
    if (same) {
        peer->has_ckpt = peer->ckpt_good = valid;
    }
}

void replica_ckpt_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    struct vote_set set;
    uint32_t place = 0;

    ASSERT(job->kind == JOB_CKPT_VOTES);
    ASSERT(r->checkpoints.job);
    r->checkpoints.job = false;
    vote_set_open(&set, r->quorum, &(struct member_set){ { 0 } });
    for (uint32_t member = 0; member < r->n; member++) {
        if (!member_set_has(&job->members, member)) {
            continue;
        }
        bool valid = member_set_has(&job->known, member) || verdicts[place++];
        judge_ckpt(r, job, member, valid);
        if (valid) {
            vote_set_add(&set, member, job->signatures[member], true);
        }
    }
    if (!vote_set_is_complete(&set)) {
        collect(r);
        return;
    }
    vote_set_signers(&set, &job->checkpoint.signers);
    ASSERT(checkpoint_cert_check(&job->checkpoint, &r->config.epoch) == VERDICT_OK); /* K1, I11 */
    r->msg.type = MESSAGE_CKPT_CERT;
    r->msg.ckpt_cert = job->checkpoint;
    replica_send(r, r->others, 0, NULL);
    replica_accept_checkpoint(r, &job->checkpoint, true);
}

/* add_cert adds the newest certificate to an append. */
static void add_cert(struct replica *r, struct effect *append)
{
    const struct checkpoint_cert *cert = &r->checkpoints.cert;
    struct append_record *entry = &append->append.records[append->append.records_count++];
    struct writer writer = effects_room(r->out);

    ASSERT(append->append.records_count <= APPEND_RECORDS_MAX);
    ASSERT(r->checkpoints.has_cert);
    checkpoint_cert_encode(cert, &writer);
    *entry = (struct append_record){ .kind = REPLICA_RECORD_CHECKPOINT, .height = cert->checkpoint.height, .hash = cert->checkpoint.block, .parts_count = 1 };
    entry->parts[0] = effects_take(r->out, &writer);
}

/* --- Certificates --------------------------------------------------------------------------------------------------------------------------------------- */

void replica_accept_checkpoint(struct replica *r, const struct checkpoint_cert *cert, bool record)
{
    struct checkpoints *c = &r->checkpoints;

    if (is_settled(r, cert->checkpoint.height)) {
        return;
    }
    c->has_cert = true;
    c->cert = *cert;
    if (cert->checkpoint.height > r->executed_height) {
        c->has_pending = true;
        c->pending = cert->checkpoint;
    } else {
        compare(r, &cert->checkpoint);
    }
    ASSERT(r->halted || replica_checkpoint_agrees(r)); /* I13 */
    if (!record || r->halted) {
        return;
    }
    struct effect *append = replica_append_begin(r);
    add_cert(r, append);
    replica_append_end(r, append, false);
    replica_mark(r, MARK_CHECKPOINTED, cert->checkpoint.height, r->self, 0);
}

/* K2: whatever a start needs besides blocks stands behind the snapshot then: high QC, TC of the newest view, proof of the tip, newest certificate. */
void replica_on_snapshot(struct replica *r)
{
    struct effect *append = replica_append_begin(r);

    ASSERT(r->history.high <= r->safety.state.committed_height); /* K2: the capsule beside what is appended again says so */
    if (r->checkpoints.has_cert) {
        add_cert(r, append);
    }
    if (r->has_tc && r->tc_recorded) {
        r->tc_recorded = false;
        replica_add_tc(r, append);
        r->tc_recorded = true; /* One of another view counts no more, but is not forgotten. */
    }
    if (!r->high_recorded) {
        replica_add_high(r, append); /* What was promised before it may go with the log. */
    } else if (r->high.ballot.kind != VOTE_ROOT) {
        replica_add_cert(r, append, &r->high);
    }
    if (r->has_tip_proof && commit_proof_height(&r->tip_proof) == r->history.high) {
        const struct history_entry *tip = history_find(&r->history, r->history.high);
        ASSERT(tip != NULL);
        commit_proof_copy(&r->proof, &r->tip_proof);
        r->proof.headers_count = 0;
        r->proof.headers = bytes_of(NULL, 0);
        replica_add_proof(r, append, &r->proof, r->history.high, &tip->hash);
    }
    replica_append_end(r, append, true);
}

void replica_on_ckpt_cert(struct replica *r, uint32_t from, const struct checkpoint_cert *cert)
{
    enum verdict verdict = checkpoint_cert_check(cert, &r->config.epoch);

    if (verdict == VERDICT_OK && is_settled(r, cert->checkpoint.height)) {
        verdict = VERDICT_STALE;
    }
    struct job *job = verdict == VERDICT_OK ? job_new(&r->jobs, JOB_CKPT_CERT, from, false) : NULL;
    if (job == NULL) {
        replica_refuse(r, verdict == VERDICT_OK ? VERDICT_EARLY : verdict);
        return;
    }
    job->checkpoint = *cert;
    uint32_t count = checkpoint_cert_items(&job->checkpoint, &r->config.epoch, &r->chain_id, job->digests, job->items);
    ASSERT(count == r->quorum); /* K1, I11 */
    job->items_count = count;
    job->digests_count = 1;
    job->size[PART_SINGLES] = count;
    replica_verify(r, job);
}

void replica_ckpt_cert_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    ASSERT(job->kind == JOB_CKPT_CERT);
    ASSERT(job->items_count == r->quorum); /* I11 */
    ASSERT(job->from < r->n);
    if (!job_part_is_good(job, PART_SINGLES, verdicts)) {
        replica_mark(r, MARK_BAD_SIGNATURE, job->checkpoint.checkpoint.height, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    if (job->checkpoint.checkpoint.height > r->history.high) {
        replica_missed(r, job->from); /* q members have executed what is not even known here. */
    }
    replica_accept_checkpoint(r, &job->checkpoint, true);
}

void replica_on_ckpt_ask(struct replica *r, uint32_t from, const struct message_ckpt_ask *ask)
{
    const struct checkpoint *own = own_at(r, ask->height);

    if (from != replica_leader(r, r->view) || own == NULL || !hash_equal(&own->block, &ask->hash)) {
        replica_refuse(r, VERDICT_STALE);
        return;
    }
    if (!replica_may_sign_again(r, from)) {
        replica_refuse(r, VERDICT_EARLY);
        return;
    }
    send_ckpt(r, own);
}

/* --- Time --------------------------------------------------------------------------------------------------------------------------------------------------- */

/* repeat states the newest checkpoint block again while it has no certificate (Q1). */
static void repeat(struct replica *r)
{
    struct checkpoints *c = &r->checkpoints;
    const struct checkpoint *own = own_at(r, c->block_height);
    uint64_t due_ns = c->sent_ns + 2 * pacemaker_timeout_ns(&r->pacemaker);

    ASSERT(c->sent_ns <= r->now.mono_ns); /* Q1 */
    if (own == NULL || is_settled(r, c->block_height) || c->repeats >= REPEATS_MAX) {
        return;
    }
    if (r->now.mono_ns < due_ns) {
        replica_want(r, due_ns);
        return;
    }
    c->repeats++;
    ASSERT(c->repeats <= REPEATS_MAX); /* Q1 */
    send_ckpt(r, own);
    replica_want(r, c->sent_ns + 2 * pacemaker_timeout_ns(&r->pacemaker));
}

/* ask_tip asks for statements of the tip, once the chain has been silent above the last checkpoint block for as long as one lasts. */
static void ask_tip(struct replica *r)
{
    struct checkpoints *c = &r->checkpoints;
    const struct checkpoint *own = own_newest(r);
    uint64_t due_ns = c->asked_ns + (uint64_t)r->config.epoch.limits.checkpoint_ms * 1000000u;

    ASSERT(c->asked_ns <= r->now.mono_ns); /* Q1 */
    if (!r->lead.active || own == NULL || own->height != r->history.high || is_settled(r, own->height) || own->height == c->block_height ||
        c->ask_repeats >= REPEATS_MAX) {
        return;
    }
    if (r->now.mono_ns < due_ns) {
        replica_want(r, due_ns);
        return;
    }
    c->ask_repeats++;
    ASSERT(c->ask_repeats <= REPEATS_MAX); /* Q1 */
    c->asked_ns = r->now.mono_ns;
    r->msg.type = MESSAGE_CKPT_ASK;
    r->msg.ckpt_ask = (struct message_ckpt_ask){ own->height, own->block };
    replica_send(r, member_set_all(r->n), 0, NULL);
    replica_want(r, r->now.mono_ns + (uint64_t)r->config.epoch.limits.checkpoint_ms * 1000000u);
}

void replica_pump_checkpoint(struct replica *r)
{
    repeat(r);
    ask_tip(r);
}
