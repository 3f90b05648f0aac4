/* replica_cert.c: what certificates do once their signatures are verified: they raise the high QC, move the view, and lead to commits.
 *
 *     QC of view w > view          -> view w                (a quorum voted there)
 *     TC of view w >= view         -> view w + 1
 *     QC, COMMITQC of a committed block -> c grows, and with it silence (Q1) */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

/* --- Known certificates ----------------------------------------------------------------------------------------------------------------- */

const struct cert *replica_known(struct replica *r, const struct ballot *ballot)
{
    if (ballot_equal(&r->high.ballot, ballot)) {
        return &r->high;
    }
    for (uint32_t i = 0; i < KNOWN_CERTS; i++) {
        if (r->known[i].ballot.kind != VOTE_ROOT && ballot_equal(&r->known[i].ballot, ballot)) {
            return &r->known[i];
        }
    }
    return NULL;
}

static void remember(struct replica *r, const struct cert *cert)
{
    ASSERT(r->known_next < KNOWN_CERTS);
    if (cert->ballot.kind == VOTE_ROOT || replica_known(r, &cert->ballot) != NULL) {
        return;
    }
    cert_copy(&r->known[r->known_next], cert);
    r->known_next = (r->known_next + 1) % KNOWN_CERTS;
    replica_witness_cert(r, cert);
}

/* is_our_root: the certificate of the epoch's root, which nobody signed, must be the one that we know. */
static bool is_our_root(const struct replica *r, const struct ballot *ballot)
{
    ASSERT(ballot->kind == VOTE_ROOT);
    return ballot->epoch == r->config.epoch.epoch && ballot->rank.view == 0 && ballot->rank.height == r->config.genesis.height &&
           hash_equal(&ballot->block, &r->chain_id);
}

enum verdict replica_check_qc(struct replica *r, const struct cert *cert)
{
    if (cert->ballot.kind == VOTE_COMMIT) {
        return VERDICT_TYPE;
    }
    if (cert->ballot.kind == VOTE_ROOT) {
        return is_our_root(r, &cert->ballot) ? VERDICT_OK : VERDICT_EPOCH;
    }
    return cert_check(cert, &r->config.epoch);
}

/* --- Views -------------------------------------------------------------------------------------------------------------------------------- */

void replica_enter(struct replica *r, uint64_t view, enum entered how)
{
    ASSERT(view > r->view); /* V1: views only grow */
    if (!r->committed_in_view) {
        pacemaker_failed(&r->pacemaker); /* T5 */
    }
    r->view = view;
    r->entered = how;
    r->committed_in_view = false;
    r->view_entered_ns = r->now.mono_ns;
    r->followed_blocks = 0;
    duty_enter(&r->duty, replica_is_reserve(r, r->self));
    r->opening.waiting = false;
    replica_repeat_anew(r);
    replica_land_abandoned(r); /* Its commands wait for the next leader. */
    pool_forward_reset(r->pool); /* Q3: the new leader gets what is live here */
    pool_broadcast_reset(r->pool);
    pool_bypassed_reset(r->pool);
    if (r->started) {
        replica_mark(r, MARK_ENTERED, r->high.ballot.rank.height, r->self, how);
        replica_lead_begin(r);
    }
}

/* --- Certificates ------------------------------------------------------------------------------------------------------------------------- */

/* raise_committed_rank: the certificate's block is committed, so nothing up to its rank is outstanding (Q1). */
static void raise_committed_rank(struct replica *r, const struct ballot *ballot)
{
    if (history_has(&r->history, ballot->rank.height, &ballot->block)) {
        r->committed_rank = rank_max(r->committed_rank, ballot->rank);
        ASSERT(rank_compare(r->committed_rank, ballot->rank) >= 0); /* Q1 */
    }
}

void replica_raise_committed(struct replica *r)
{
    raise_committed_rank(r, &r->high.ballot);
    for (uint32_t i = 0; i < KNOWN_CERTS; i++) {
        raise_committed_rank(r, &r->known[i].ballot);
    }
    ASSERT(r->committed_rank.height <= r->history.high); /* Q1 */
}

/* moved: a higher QC of the view is progress, even where its blocks are still being fetched: whoever merely lags must not give the view up. A
 * second QC commits the first, so no leader lives on certificates alone. How long the view stood still before is what is normal here,
 * load included; the pacemaker learns from it (T5). */
static void moved(struct replica *r, const struct cert *cert)
{
    uint64_t base_ns = replica_stuck_base_ns(r);

    ASSERT(rank_compare(cert->ballot.rank, r->high.ballot.rank) > 0); /* T5: what is known already is no progress */
    if (r->high.ballot.rank.view == cert->ballot.rank.view && base_ns < r->now.mono_ns) {
        pacemaker_sample(&r->pacemaker, r->now.mono_ns - base_ns);
    }
    r->progress_ns = r->now.mono_ns;
}

void replica_accept_qc(struct replica *r, const struct cert *cert)
{
    ASSERT(cert->ballot.kind != VOTE_COMMIT);
    ASSERT(cert->ballot.kind == VOTE_ROOT || member_set_count(&cert->signers.members) == r->quorum); /* S4, I11 */
    remember(r, cert);
    if (rank_compare(cert->ballot.rank, r->high.ballot.rank) > 0) {
        if (r->started && cert->ballot.rank.view == r->view) {
            moved(r, cert);
        }
        r->followed_blocks++;
        cert_copy(&r->high, cert);
        r->high_recorded = false;
    }
    struct block *block = blocks_find(&r->blocks, &cert->ballot.block);
    if (block != NULL) {
        block->by_quorum = true;
    }
    raise_committed_rank(r, &cert->ballot);
    if (cert->ballot.rank.view > r->view) {
        replica_enter(r, cert->ballot.rank.view, ENTERED_BY_CERT);
    }
    ASSERT(r->view >= r->high.ballot.rank.view); /* V1 */
    ASSERT(rank_compare(r->high.ballot.rank, cert->ballot.rank) >= 0); /* I6: nothing that was accepted is forgotten */
}

void replica_accept_tc(struct replica *r, const struct timeout_cert *tc)
{
    const struct cert *high = replica_known(r, &tc->high.ballot); /* Whose signatures were verified, whatever this TC carries. */

    ASSERT(tc->high.ballot.rank.view <= tc->view); /* T2 */
    high = high != NULL ? high : &tc->high;
    replica_accept_qc(r, high);
    if (tc->view + 1 <= r->view) {
        return;
    }
    ASSERT(member_set_count(&tc->signers.members) == r->quorum); /* T2 */
    timeout_cert_copy(&r->tc, tc);
    cert_copy(&r->tc.high, high);
    r->has_tc = true;
    r->tc_recorded = false;
    replica_enter(r, tc->view + 1, ENTERED_BY_TC);
    ASSERT(r->view == r->tc.view + 1); /* T2: whoever holds TC(v) is in view v + 1 */
}

/* keep_proof remembers the proof of the highest block until its chain is here. */
void replica_accept_proof(struct replica *r, const struct commit_proof *proof)
{
    uint64_t height = commit_proof_height(proof);

    ASSERT(proof->headers_count == 0);
    ASSERT(member_set_count(&proof->first.signers.members) == r->quorum); /* S4: a proof, not a claim */
    if (proof->first.ballot.kind != VOTE_COMMIT) {
        replica_accept_qc(r, &proof->first);
        replica_accept_qc(r, &proof->second);
    }
    if (height <= r->history.high) {
        raise_committed_rank(r, &proof->first.ballot);
        const struct history_entry *entry = history_find(&r->history, height);
        if (entry != NULL && !hash_equal(&entry->hash, &proof->first.ballot.block)) {
            struct effect *effect = effects_add(r->out, EFFECT_HALT); /* I1: more than f members lied */
            effect->halt.reason = HALT_FORK;
            effect->halt.height = height;
            r->halted = true;
        } else if (entry != NULL && height == r->history.high && !r->has_tip_proof) {
            replica_keep_tip(r, proof); /* The newest block came by a snapshot: from here on it can be proved to others. */
        }
        return;
    }
    if (!r->has_pending_proof || height > commit_proof_height(&r->pending_proof)) {
        commit_proof_copy(&r->pending_proof, proof);
        r->has_pending_proof = true;
    }
    ASSERT(commit_proof_height(&r->pending_proof) > r->history.high); /* S4: it waits for a chain that leads on */
}

void replica_accept_commitqc(struct replica *r, const struct cert *cert)
{
    static const struct commit_proof empty;

    ASSERT(cert->ballot.kind == VOTE_COMMIT); /* C2 */
    r->proof = empty;
    cert_copy(&r->proof.first, cert);
    remember(r, cert);
    replica_accept_proof(r, &r->proof);
}

/* --- Messages ------------------------------------------------------------------------------------------------------------------------------ */

/* take_cert does what a verified CERT, COMMITQC or QC of a member asks for. */
static void take_cert(struct replica *r, uint32_t from, const struct cert *cert, bool asks)
{
    ASSERT(from < r->n);
    ASSERT(cert->ballot.kind != VOTE_ROOT || !asks);
    if (cert->ballot.kind == VOTE_COMMIT) {
        replica_accept_commitqc(r, cert);
        return;
    }
    replica_accept_qc(r, cert);
    if (!asks || history_has(&r->history, cert->ballot.rank.height, &cert->ballot.block)) {
        return;
    }
    if (rank_compare(cert->ballot.rank, r->commitvoted) > 0 || replica_may_sign_again(r, from)) {
        replica_commitvote(r, &cert->ballot); /* C3 */
    } else {
        replica_refuse(r, VERDICT_EARLY);
    }
}

void replica_on_cert(struct replica *r, uint32_t from, const struct message *message)
{
    const struct cert *cert = &message->cert;
    bool is_commit = message->type == MESSAGE_COMMITQC;
    enum verdict verdict = is_commit ? cert_check(cert, &r->config.epoch) : replica_check_qc(r, cert);

    if (verdict == VERDICT_OK && is_commit != (cert->ballot.kind == VOTE_COMMIT)) {
        verdict = VERDICT_TYPE;
    }
    if (verdict == VERDICT_OK && !is_commit && (from != replica_leader(r, cert->ballot.rank.view) || cert->ballot.kind == VOTE_ROOT)) {
        verdict = VERDICT_MEMBER; /* Only the leader of its view asks for commit votes, or tells reserves. */
    }
    if (verdict != VERDICT_OK) {
        replica_refuse(r, verdict);
        return;
    }
    const struct cert *known = replica_known(r, &cert->ballot);
    if (known != NULL) {
        take_cert(r, from, known, message->type == MESSAGE_CERT);
        return;
    }
    struct job *job = jobs_find_cert(&r->jobs, from, cert);
    if (job != NULL) {
        job->asks = job->asks || message->type == MESSAGE_CERT; /* N3: its QC for reserves came just before its CERT */
        return;
    }
    job = job_new(&r->jobs, JOB_CERT, from, false);
    if (job == NULL) {
        replica_missed(r, from);
        replica_refuse(r, VERDICT_EARLY);
        return;
    }
    job->asks = message->type == MESSAGE_CERT;
    job_add_cert(job, cert, &r->config.epoch, &r->chain_id);
    ASSERT(job->items_count == r->quorum);                    /* I11 */
    ASSERT(!job->asks || job->cert.ballot.kind != VOTE_COMMIT); /* C3: what commits already needs no commit vote */
    replica_verify(r, job);
}

void replica_on_tc(struct replica *r, uint32_t from, const struct timeout_cert *tc)
{
    enum verdict verdict = timeout_cert_check(tc, &r->config.epoch);

    if (verdict == VERDICT_OK) {
        verdict = replica_check_qc(r, &tc->high);
    }
    if (verdict == VERDICT_OK && tc->view + 1 <= r->view) {
        verdict = VERDICT_STALE;
    }
    struct job *job = verdict == VERDICT_OK ? job_new(&r->jobs, JOB_TC, from, false) : NULL;
    if (job == NULL) {
        if (verdict == VERDICT_OK) {
            replica_missed(r, from);
        }
        replica_refuse(r, verdict == VERDICT_OK ? VERDICT_EARLY : verdict);
        return;
    }
    job_add_tc(job, tc, replica_known(r, &tc->high.ballot), &r->config.epoch, &r->chain_id);
    ASSERT(job->items_count >= r->quorum); /* T2, I11: q TIMEOUTs, and the QC where it is not known */
    replica_verify(r, job);
}

void replica_cert_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    bool good = job_part_is_good(job, PART_CERT, verdicts) && job_part_is_good(job, PART_TC, verdicts) && job_part_is_good(job, PART_TC_HIGH, verdicts);

    ASSERT(job->kind == JOB_CERT || job->kind == JOB_TC);
    ASSERT(job->has_tc == (job->kind == JOB_TC));
    ASSERT(job->from < r->n);
    if (!good) {
        replica_mark(r, MARK_BAD_SIGNATURE, 0, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    if (job->has_tc) {
        replica_accept_tc(r, &job->tc);
        return;
    }
    take_cert(r, job->from, &job->cert, job->asks);
}
