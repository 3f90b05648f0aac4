/* replica_propose.c: what a member does with proposals: keep, have checked, append, vote.
 *
 *     PROPOSE -> slot -> (QC of the parent verified: V3, V6) -> (body read, client signatures verified: V4, V5) -> appended and voted for
 *
 * A block that a quorum stands behind is never checked again and never voted for as a following block: its certificate is there. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

#define AHEAD_MS 2000u   /* V4: a block's time may be that far ahead of the wall */
#define BEHIND_MS 30000u /* V4 */
#define WAIT_MS_MAX 60000u /* then the time of a block from the future is looked at again */

/* --- Checking a body ------------------------------------------------------------------------------------------------------------------------ */

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

/* time_verdict judges the block's time against its parent's and the wall. Gives: OK, EARLY: wait, or RANGE. Source: V4. */
static enum verdict time_verdict(struct replica *r, const struct block *block, uint64_t parent_ms)
{
    uint64_t time = block->header.time_ms, wall = r->now.wall_ms;

    if (time <= parent_ms || time + BEHIND_MS < wall) {
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

/* holds_back applies P1: a reserve leaves a proposal to those on duty until it has waited for its certificate long enough. */
static bool holds_back(struct replica *r, struct block *block)
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

/* examine has whatever is not verified yet verified in one job: the QC that came with the proposal, if it is not known, and the body. */
static void examine(struct replica *r, struct block *block, uint32_t from, const struct cert *justify)
{
    bool votes = block->view == r->view && r->safety.state.timeout_view < (int64_t)r->view; /* T1 */
    bool body = votes && can_check(r, block) && !holds_back(r, block); /* A later leader's bodies must not keep the verifiers from this one's (J3). */

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

static void set_justify(struct block *block, const struct cert *justify)
{
    ASSERT(justify->ballot.kind != VOTE_COMMIT);
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
        set_justify(block, &job->cert);
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
    block->checked = true;
    for (uint32_t i = 0; i < job->size[PART_COMMANDS]; i++) {
        pool_note_valid(r->pool, &job->items[job->begin[PART_COMMANDS] + i]); /* It may come again, in another block or from a client. */
    }
}

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
        set_justify(block, known);
        replica_accept_qc(r, known);
    }
    examine(r, block, from, known != NULL || block->has_justify ? NULL : &propose->justify);
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
    bool high_is_known = replica_known(r, &propose->tc.high.ballot) != NULL || ballot_equal(&propose->tc.high.ballot, &propose->justify.ballot);
    job_add_tc(job, &propose->tc, high_is_known, &r->config.epoch, &r->chain_id);
    const struct cert *known = replica_known(r, &propose->justify.ballot);
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

    ASSERT(from < r->n);
    ASSERT(r->started);
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
    if (propose->opening) {
        on_opening(r, from, propose);
    } else {
        on_following(r, from, propose);
    }
}

/* --- Voting --------------------------------------------------------------------------------------------------------------------------------------- */

/* log_ancestors appends what lies below a block and is not in the log yet, lowest first (V3). */
static void log_ancestors(struct replica *r, const struct hash32 *hash)
{
    struct block *path[64];
    uint32_t count = 0;

    for (struct block *at = blocks_find(&r->blocks, hash); at != NULL && at->header.height > r->history.high;
         at = blocks_find(&r->blocks, &at->header.parent)) {
        ASSERT(count < 64);
        if (at->lsn == 0) { /* One of which a cut write kept the header alone was fetched again, below others that are in the log. */
            path[count++] = at;
        }
    }
    while (count > 0) {
        struct effect *append = replica_append_begin(r);
        replica_add_block(r, append, path[--count]);
        replica_append_end(r, append, false);
    }
}

static void send_vote(struct replica *r, enum message_type type, const struct ballot *ballot, uint64_t after_lsn)
{
    struct hash32 digest = ballot_digest(&r->chain_id, ballot);

    ASSERT(type == MESSAGE_VOTE || type == MESSAGE_COMMITVOTE);
    ASSERT((type == MESSAGE_COMMITVOTE) == (ballot->kind == VOTE_COMMIT));
    r->msg.type = type;
    memset(r->msg.vote.signature, 0, sizeof r->msg.vote.signature);
    r->msg.vote.ballot = *ballot;
    replica_send(r, member_set_one(replica_leader(r, ballot->rank.view)), after_lsn, &digest);
}

/* cast appends what the vote rests on, in one append, and lets it leave when that is durable (I8). */
static void cast(struct replica *r, const struct ballot *ballot, struct block *block)
{
    struct effect *append = replica_append_begin(r);
    struct missing missing;

    ASSERT(ballot->rank.view == r->view); /* V1 */
    if (block != NULL && block->lsn == 0) {
        replica_add_block(r, append, block);
    }
    replica_add_tc(r, append);
    safety_record_vote(&r->safety, ballot);
    replica_add_high(r, append);
    uint64_t lsn = replica_append_end(r, append, true);
    ASSERT(replica_is_held(r, ballot->rank.height, &ballot->block, true, &missing)); /* V3 */
    ASSERT(lsn == r->lsn);                                                           /* I8: the vote waits for all of it */
    r->rides_in_step = true;
    replica_mark(r, MARK_VOTED, ballot->rank.height, r->self, ballot->kind);
    send_vote(r, MESSAGE_VOTE, ballot, lsn);
}

static void vote_opening(struct replica *r)
{
    struct opening *opening = &r->opening;
    struct missing missing;

    ASSERT(r->started);
    if (!opening->waiting || opening->view != r->view) {
        return;
    }
    if (safety_check_opening(&r->safety, opening->view, r->view, &opening->justify, opening->tc_rank) != VERDICT_OK || r->high.ballot.rank.view >= r->view) {
        opening->waiting = false;
        return;
    }
    if (!replica_is_held(r, opening->justify.rank.height, &opening->justify.block, false, &missing)) {
        return; /* It is being fetched. */
    }
    ASSERT(opening->justify.rank.view < r->view);                       /* V7 */
    ASSERT(rank_compare(opening->justify.rank, opening->tc_rank) >= 0); /* V7, I9 */
    opening->waiting = false;
    log_ancestors(r, &opening->justify.block);
    struct ballot ballot = { VOTE_OPENING, r->config.epoch.epoch, { r->view, opening->justify.rank.height }, opening->justify.block };
    cast(r, &ballot, NULL);
}

/* vote_following votes for the lowest checked block of the view that may still be voted for. */
static bool vote_following(struct replica *r)
{
    struct block *best = NULL;
    struct missing missing;

    ASSERT(r->started);
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        struct block *block = &r->blocks.slots[i];
        bool open = !block->by_quorum && !block->committed && block->header.height > r->history.high; /* V3: it descends from the committed point */
        bool can = block->used && block->checked && open && block->view == r->view && block->has_justify;
        if (can && (best == NULL || block->header.height < best->header.height) &&
            safety_check_following(&r->safety, r->view, r->view, &block->header, &block->justify.ballot) == VERDICT_OK &&
            replica_is_held(r, block->header.height - 1, &block->header.parent, false, &missing)) {
            best = block;
        }
    }
    if (best == NULL) {
        return false;
    }
    ASSERT(best->body_state == BODY_GOOD);                                 /* V4 */
    ASSERT(best->header.height > r->history.high);                         /* V3, I10 */
    ASSERT(best->header.commands_count > 0);                               /* V4, I16 */
    ASSERT(best->checked);                                                 /* V5 */
    ASSERT(!r->duty.holds || best->hold_until_ns == 0 || best->hedged);    /* P1 */
    ASSERT(best->justify.ballot.rank.view == r->view);                     /* V6 */
    ASSERT(hash_equal(&best->justify.ballot.block, &best->header.parent)); /* V6, I5 */
    log_ancestors(r, &best->header.parent);
    struct ballot ballot = { VOTE_FOLLOWING, r->config.epoch.epoch, { r->view, best->header.height }, best->hash };
    cast(r, &ballot, best);
    return true;
}

void replica_pump_votes(struct replica *r)
{
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        struct block *block = &r->blocks.slots[i];
        if (block->used && block->has_justify && block->view == r->view && !replica_is_leader(r)) {
            examine(r, block, replica_leader(r, r->view), NULL);
        }
    }
    vote_opening(r);
    for (uint32_t i = 0; i < 4 && vote_following(r); i++) {
    }
}

void replica_resend_vote(struct replica *r)
{
    const struct voting_state *state = &r->safety.state;

    if (state->vote_kind == VOTE_ROOT || (int64_t)state->vote.view <= state->timeout_view) {
        return;
    }
    const struct block *block = blocks_find(&r->blocks, &state->vote_block);
    if (!history_has(&r->history, state->vote.height, &state->vote_block) && (block == NULL || block->lsn == 0)) {
        return; /* V3: a cut write left the vote without its block. */
    }
    struct ballot ballot = { (enum vote_kind)state->vote_kind, state->epoch, state->vote, state->vote_block };
    send_vote(r, MESSAGE_VOTE, &ballot, r->lsn);
}

void replica_commitvote(struct replica *r, const struct ballot *certified)
{
    uint64_t lsn = r->lsn;

    if (!safety_can_commitvote(&r->safety, certified) || !safety_knows_high(&r->safety, &r->high.ballot)) {
        return;
    }
    ASSERT(rank_compare(certified->rank, r->high.ballot.rank) <= 0); /* C3 */
    if (!r->high_recorded) {
        struct effect *append = replica_append_begin(r);
        replica_add_tc(r, append);
        replica_add_high(r, append);
        lsn = replica_append_end(r, append, true);
    }
    ASSERT(r->high_recorded);                                             /* C3 */
    ASSERT((int64_t)certified->rank.view > r->safety.state.timeout_view); /* C3, I7 */
    r->commitvoted = rank_compare(certified->rank, r->commitvoted) > 0 ? certified->rank : r->commitvoted;
    struct ballot ballot = { VOTE_COMMIT, certified->epoch, certified->rank, certified->block };
    replica_mark(r, MARK_COMMITVOTED, certified->rank.height, r->self, 0);
    send_vote(r, MESSAGE_COMMITVOTE, &ballot, lsn);
}
