/* replica_propose.c: what a member does with a PROPOSE that came: it keeps a following block in a slot and has it examined (replica_examine.c), and has the
 * certificates of an opening verified. Votes: replica_vote.c. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

/* --- A following block ------------------------------------------------------------------------------------------------------------------------- */

static enum verdict check_header(const struct replica *r, uint32_t from, const struct message_propose *propose)
{
    const struct block_header *header = &propose->header;

    if (!blocks_are_of(&r->blocks, header) || header->proposer != from) {
        return VERDICT_EPOCH;
    }
    if (header->commands_count == 0 || header->commands_count > r->config.epoch.limits.block_commands_max ||
        propose->body.size > r->config.epoch.limits.block_bytes_max) {
        return VERDICT_LENGTH;
    }
    if (header->height <= r->history.high) {
        return VERDICT_STALE; /* V3: its place is past, also where no vote of ours says so */
    }
    return safety_check_following(&r->safety, propose->view, r->view, header, &propose->justify.ballot);
}

/* is_second tells whether the leader proposed another block at this height of its view before: one is kept (section 13). */
static bool is_second(const struct replica *r, uint64_t view, const struct block_header *header, const struct hash32 *hash)
{
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        const struct block *block = &r->blocks.slots[i];
        if (block->used && !block->by_quorum && block->view == view && block->header.height == header->height && !hash_equal(&block->hash, hash)) {
            return true;
        }
    }
    return false;
}

/* hold begins the wait of a reserve for the certificate of a proposal (P1). */
static void hold(struct replica *r, struct block *block, const struct message_propose *propose)
{
    ASSERT(block->used);
    block->hedged = false;
    block->hold_until_ns = 0;
    if (propose->view == r->view && duty_propose(&r->duty, block->header.height)) {
        block->hold_until_ns = r->now.mono_ns + duty_hedge_ns(propose->pace_us, pacemaker_base_ns(&r->pacemaker));
        r->rides_in_step = true;
        r->counters.proposals_held++;
    }
}

/* keep_proposal gives the slot of a proposed block, with its body. */
static struct block *keep_proposal(struct replica *r, const struct message_propose *propose)
{
    struct hash32 hash = block_hash(&propose->header);
    struct block *block = blocks_find(&r->blocks, &hash);

    if (block != NULL) {
        if (propose->view > block->view) {
            block->view = propose->view;
            hold(r, block, propose);
        }
        if (block->is_bundle || block->verifying) {
            return NULL;
        }
        if (block->body_state == BODY_BAD) {
            blocks_fill(&r->blocks, block, propose->body);
        }
        return block;
    }
    if (is_second(r, propose->view, &propose->header, &hash)) {
        replica_refuse(r, VERDICT_CONFLICT);
        return NULL;
    }
    block = replica_room(r, &propose->header, &hash);
    if (block == NULL) {
        replica_refuse(r, VERDICT_EARLY);
        return NULL;
    }
    blocks_fill(&r->blocks, block, propose->body);
    block->view = propose->view;
    hold(r, block, propose);
    return block;
}

/* learn_justify takes the QC alone: the block is of a view that this replica does not keep bodies of. */
static void learn_justify(struct replica *r, uint32_t from, const struct cert *justify)
{
    struct job *job = job_new(&r->jobs, JOB_CERT, from, false);

    ASSERT(from < r->n);
    if (job == NULL) {
        replica_missed(r, from);
        replica_refuse(r, VERDICT_EARLY);
        return;
    }
    job->view = 0;
    job->asks = true;
    job_add_cert(job, justify, &r->config.epoch, &r->chain_id);
    replica_verify(r, job);
}

/* is_voted: the leader proposes again what has its vote already: the vote was lost. */
static bool is_voted(const struct replica *r, const struct message_propose *propose)
{
    struct hash32 hash = block_hash(&propose->header);
    struct rank rank = { propose->view, propose->header.height };

    return rank_compare(r->safety.state.vote, rank) == 0 && hash_equal(&r->safety.state.vote_block, &hash);
}

/* is_watched: this replica timed the view out by itself and votes in it no more (T1), but the others go on: it keeps the block and follows the
 * certificates, so that it does not fall behind for as long as they do (J6). */
static bool is_watched(const struct replica *r, const struct message_propose *propose)
{
    return propose->view == r->view && r->safety.state.timeout_view >= (int64_t)r->view && propose->header.height > r->history.high &&
           safety_fits(propose->view, &propose->header, &propose->justify.ballot) == VERDICT_OK;
}

static void on_following(struct replica *r, uint32_t from, const struct message_propose *propose)
{
    enum verdict verdict = check_header(r, from, propose);

    ASSERT(from == replica_leader(r, propose->view));
    if (verdict == VERDICT_STALE && is_watched(r, propose)) {
        verdict = VERDICT_OK;
    }
    if (verdict == VERDICT_STALE && is_voted(r, propose) && replica_may_answer(r, from)) {
        replica_resend_vote(r);
    }
    if (verdict != VERDICT_OK) {
        replica_refuse(r, verdict);
        return;
    }
    const struct cert *known = replica_known(r, &propose->justify.ballot);
    if (propose->view > r->view + 1 && known == NULL) {
        learn_justify(r, from, &propose->justify);
        return;
    }
    struct block *block = keep_proposal(r, propose);
    if (block == NULL) {
        return;
    }
    if (known != NULL) {
        replica_set_justify(block, known);
        replica_accept_qc(r, known);
    }
    bool verified = block->has_justify && ballot_equal(&block->justify.ballot, &propose->justify.ballot); /* Not one of an earlier view, in which it was proposed too. */
    replica_examine(r, block, from, verified ? NULL : &propose->justify);
}

/* --- An opening --------------------------------------------------------------------------------------------------------------------------------- */

static enum verdict check_opening(struct replica *r, const struct message_propose *propose)
{
    enum verdict verdict = timeout_cert_check(&propose->tc, &r->config.epoch);

    if (verdict == VERDICT_OK) {
        verdict = replica_check_qc(r, &propose->tc.high);
    }
    if (verdict == VERDICT_OK && (propose->view == 0 || propose->tc.view + 1 != propose->view)) {
        verdict = VERDICT_RANGE; /* V7 */
    }
    return verdict == VERDICT_OK
               ? safety_check_opening(&r->safety, propose->view, r->view, &propose->justify.ballot, propose->tc.high.ballot.rank)
               : verdict;
}

static void on_opening(struct replica *r, uint32_t from, const struct message_propose *propose)
{
    enum verdict verdict = check_opening(r, propose);

    ASSERT(from == replica_leader(r, propose->view));
    if (verdict == VERDICT_OK && r->opening.waiting && r->opening.view == propose->view) {
        verdict = VERDICT_CONFLICT; /* one per view */
    }
    struct job *job = verdict == VERDICT_OK ? job_new(&r->jobs, JOB_OPENING, from, false) : NULL;
    if (job == NULL) {
        replica_refuse(r, verdict == VERDICT_OK ? VERDICT_EARLY : verdict);
        return;
    }
    job->view = propose->view;
    const struct cert *known = replica_known(r, &propose->justify.ballot), *high = replica_known(r, &propose->tc.high.ballot);
    high = high == NULL && ballot_equal(&propose->tc.high.ballot, &propose->justify.ballot) ? &propose->justify : high;
    job_add_tc(job, &propose->tc, high, &r->config.epoch, &r->chain_id);
    if (known == NULL) {
        job_add_cert(job, &propose->justify, &r->config.epoch, &r->chain_id);
    } else {
        cert_copy(&job->cert, known);
    }
    replica_verify(r, job);
}

void replica_opening_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    ASSERT(job->kind == JOB_OPENING);
    ASSERT(job->has_tc);
    ASSERT(job->tc.view + 1 == job->view); /* V7 */
    ASSERT(job->from < r->n);
    if (!job_part_is_good(job, PART_CERT, verdicts) || !job_part_is_good(job, PART_TC, verdicts) || !job_part_is_good(job, PART_TC_HIGH, verdicts)) {
        replica_mark(r, MARK_BAD_SIGNATURE, 0, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    replica_accept_qc(r, &job->cert);
    struct rank tc_rank = job->tc.high.ballot.rank;
    replica_accept_tc(r, &job->tc);
    if (safety_check_opening(&r->safety, job->view, r->view, &job->cert.ballot, tc_rank) == VERDICT_OK) {
        r->opening = (struct opening){ .waiting = true, .view = job->view, .tc_rank = tc_rank, .justify = job->cert.ballot };
    }
}

void replica_on_propose(struct replica *r, uint32_t from, const struct message_propose *propose)
{
    enum verdict verdict = replica_check_qc(r, &propose->justify);

    if (verdict == VERDICT_OK && from != replica_leader(r, propose->view)) {
        verdict = VERDICT_MEMBER;
    }
    if (verdict == VERDICT_OK && propose->view < r->view) {
        replica_answer(r, from);
        verdict = VERDICT_STALE;
    }
    if (verdict != VERDICT_OK) {
        replica_refuse(r, verdict);
        return;
    }
    ASSERT(propose->justify.ballot.kind != VOTE_COMMIT); /* V6, V7 */
    if (propose->opening) {
        on_opening(r, from, propose);
    } else {
        on_following(r, from, propose);
    }
}
