/* replica_examine.c: what a proposed block is checked for before it may be voted for: its time, its body, the signatures in it, the QC that came with it.
 *
 *     slot -> (QC of the parent verified: V3, V6) -> (body read, client signatures verified: V4, V5) -> checked
 *
 * A block that a quorum stands behind is never checked again. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#define AHEAD_MS 2000u   /* V4: a block's time may be that far ahead of the wall */
#define BEHIND_MS 30000u /* V4 */
#define WAIT_MS_MAX 60000u /* then the time of a block from the future is looked at again */

struct collector {
    struct replica *r;
    struct job *job;
    bool full;
};

/* collect adds the signatures of one command, unless the pool has verified this very command. */
static void collect(void *context, const struct command *command)
{
    struct collector *collector = context;
    struct replica *r = collector->r;

    ASSERT(command->signatures_count >= 1);
    if (pool_has_verified(r->pool, command)) {
        r->counters.signature_checks_saved += command->signatures_count;
        return;
    }
    for (uint32_t i = 0; i < command->signatures_count; i++) {
        const struct command_signature *signature = &command->signatures[i];
        if (!job_has_room(collector->job, 1)) {
            collector->full = true;
            return;
        }
        job_add(collector->job, PART_COMMANDS, signature->key, &signature->digest, signature->signature);
    }
}

bool replica_is_late(const struct replica *r, const struct block *block)
{
    return block->header.time_ms + BEHIND_MS < r->now.wall_ms;
}

/* time_verdict judges the block's time against its parent's and the wall. Gives: OK, EARLY: wait, or RANGE. Source: V4. */
static enum verdict time_verdict(struct replica *r, const struct block *block, uint64_t parent_ms)
{
    uint64_t time = block->header.time_ms, wall = r->now.wall_ms;

    if (time <= parent_ms || replica_is_late(r, block)) {
        return VERDICT_RANGE;
    }
    if (time > parent_ms + 1 && time > wall + AHEAD_MS) {
        uint64_t wait_ms = time - wall - AHEAD_MS < WAIT_MS_MAX ? time - wall - AHEAD_MS : WAIT_MS_MAX;
        replica_want(r, r->now.mono_ns + wait_ms * 1000000u);
        return VERDICT_EARLY;
    }
    return VERDICT_OK;
}

/* can_check tells whether the body can be read now: its chain is here and its time has come. */
static bool can_check(struct replica *r, struct block *block)
{
    struct missing missing;
    uint64_t parent_ms = 0;

    ASSERT(block->used);
    if (block->checked || block->refused || block->verifying || block->by_quorum || block->committed || block->is_bundle) {
        return false;
    }
    if (block->header.height <= r->history.high || !replica_is_held(r, block->header.height - 1, &block->header.parent, false, &missing) ||
        !replica_parent_time(r, &block->header, &parent_ms)) {
        return false;
    }
    enum verdict verdict = time_verdict(r, block, parent_ms);
    if (verdict == VERDICT_RANGE) {
        block->refused = true;
        replica_mark(r, MARK_REFUSED_PROPOSAL, block->header.height, replica_leader(r, block->view), verdict);
        replica_refuse(r, verdict);
    }
    return verdict == VERDICT_OK;
}

/* check_body reads the body into the job. Gives: false when the block is refused. */
static bool check_body(struct replica *r, struct block *block, struct job *job)
{
    struct collector collector = { r, job, false };
    struct block_sink sink = { &collector, NULL, collect };

    ASSERT(!block->refused);
    replica_land(r, block->header.height - 1); /* So that it is read now, whatever flew at its height. */
    enum verdict verdict = replica_fly(r, block, &sink);
    if (verdict == VERDICT_OK && collector.full) {
        verdict = VERDICT_LENGTH;
    }
    if (verdict != VERDICT_OK) {
        block->refused = true;
        replica_mark(r, MARK_REFUSED_PROPOSAL, block->header.height, replica_leader(r, block->view), verdict);
        replica_refuse(r, verdict);
        return false;
    }
    ASSERT(block->body_state == BODY_GOOD);         /* V4 */
    ASSERT(r->flight_high >= block->header.height); /* V5 */
    job->has_commands = true;
    return true;
}

/* is_on_the_way: the certificate of the block is being checked: it came with a child. */
static bool is_on_the_way(const struct replica *r, const struct block *block)
{
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        const struct block *child = &r->blocks.slots[i];
        if (child->used && child->verifying && !child->has_justify && hash_equal(&child->header.parent, &block->hash)) {
            return true;
        }
    }
    return false;
}

bool replica_holds_back(struct replica *r, struct block *block)
{
    const struct rank *high = &r->high.ballot.rank;

    ASSERT(block->used);
    if (!r->duty.holds || block->hold_until_ns == 0 || block->hedged) {
        return false;
    }
    if (high->view == r->view && high->height >= block->header.height) {
        return true; /* Its place is certified: a vote would come too late. */
    }
    if (r->now.mono_ns < block->hold_until_ns) {
        replica_want(r, block->hold_until_ns);
        return true;
    }
    if (is_on_the_way(r, block)) {
        return true; /* The verdict comes back as a step. */
    }
    block->hedged = true;
    duty_hedge(&r->duty, block->header.height);
    r->counters.hedges++;
    replica_mark(r, MARK_HEDGED, block->header.height, replica_leader(r, r->view), 0);
    return false;
}

void replica_examine(struct replica *r, struct block *block, uint32_t from, const struct cert *justify)
{
    bool votes = block->view == r->view && r->safety.state.timeout_view < (int64_t)r->view; /* T1 */
    bool body = votes && can_check(r, block) && !replica_holds_back(r, block); /* A later leader's bodies must not keep the verifiers from this one's (J3). */

    ASSERT(block->used);
    if (!body && justify == NULL) {
        return;
    }
    struct job *job = job_new(&r->jobs, JOB_PROPOSAL, from, body);
    if (job == NULL && body && justify != NULL) {
        body = false;
        job = job_new(&r->jobs, JOB_PROPOSAL, from, false);
    }
    if (job == NULL) {
        return; /* Both large jobs are under way; the pump comes back. */
    }
    job->block = block;
    job->block_hash = block->hash;
    job->view = block->view;
    if (justify != NULL) {
        job_add_cert(job, justify, &r->config.epoch, &r->chain_id);
    }
    if (body && !check_body(r, block, job) && justify == NULL) {
        job_release(&r->jobs, job);
        return;
    }
    block->verifying = true;
    replica_verify(r, job);
}

void replica_set_justify(struct block *block, const struct cert *justify)
{
    ASSERT(justify->ballot.kind != VOTE_COMMIT);
    ASSERT(justify->ballot.rank.height + 1 == block->header.height);     /* V6 */
    ASSERT(hash_equal(&justify->ballot.block, &block->header.parent)); /* V6 */
    if (!block->has_justify || rank_compare(justify->ballot.rank, block->justify.ballot.rank) > 0) {
        cert_copy(&block->justify, justify);
        block->has_justify = true;
    }
}

void replica_proposal_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    struct block *block = job->block;

    ASSERT(job->kind == JOB_PROPOSAL);
    ASSERT(block->used);
    ASSERT(block->verifying);
    ASSERT(hash_equal(&block->hash, &job->block_hash));
    ASSERT(job->from < r->n);
    block->verifying = false;
    if (job->has_cert && !job_part_is_good(job, PART_CERT, verdicts)) {
        replica_mark(r, MARK_BAD_SIGNATURE, block->header.height, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        block->refused = block->refused || !block->has_justify;
        return;
    }
    if (job->has_cert) {
        replica_set_justify(block, &job->cert);
        replica_accept_qc(r, &job->cert);
    }
    if (!job->has_commands) {
        return;
    }
    if (!job_part_is_good(job, PART_COMMANDS, verdicts)) {
        block->refused = true; /* L5: a correct leader verified them all. */
        replica_mark(r, MARK_BAD_SIGNATURE, block->header.height, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    ASSERT(block->body_state == BODY_GOOD); /* V4: the signatures came out of this body */
    block->checked = true;
    for (uint32_t i = 0; i < job->size[PART_COMMANDS]; i++) {
        pool_note_valid(r->pool, &job->items[job->begin[PART_COMMANDS] + i]); /* It may come again, in another block or from a client. */
    }
}
