/* replica_lead.c: the leader of a view: opens it, proposes, collects votes, finishes the last block, gives the view up.
 *
 *     entered by TC --> opening --QC--> following --QC--> following ... (nothing pending, T_flush) CERT --COMMITQC--> silence
 *                                          ^                                    |
 *                                          +------- a command arrives ----------+
 *
 * The newest QC of the view is r->high: the leader has proposed in it, so nobody knows a higher one of this view. Where a committed block says otherwise,
 * another process has this key, and the view is given up. */
#include "consensus/replica_priv.h"

#include "base/assert.h"
#include "crypto/merkle.h"

#include <string.h>

void replica_lead_begin(struct replica *r)
{
    struct lead *lead = &r->lead;
    bool by_right = r->view == 0 ? r->high.ballot.rank.view == 0 && r->entered == ENTERED_AT_START : r->has_tc && r->tc.view + 1 == r->view;

    lead->active = replica_is_leader(r) && by_right && r->safety.state.led_view < (int64_t)r->view && r->safety.state.timeout_view < (int64_t)r->view &&
                   r->safety.limit_view < (int64_t)r->view && !r->safety.mute && r->high.ballot.rank.view <= r->view && !(r->view > 0 && r->high.ballot.rank.view == r->view);
    lead->abdicated = false;
    lead->in_flight = false;
    lead->asked = false;
    lead->blocks = 0;
    lead->led_lsn = 0;
    lead->certified_ns = r->now.mono_ns;
    lead->told = true;
    vote_set_close(&lead->votes);
    vote_set_close(&lead->commit_votes);
    ASSERT(!lead->active || r->safety.state.led_view < (int64_t)r->view); /* I17 */
    ASSERT(!lead->active || r->high.ballot.rank.view <= r->view);
    if (replica_is_leader(r) && !lead->active && r->safety.state.timeout_view < (int64_t)r->view) {
        replica_abdicate(r); /* L4, I17: it led this view before it was restarted, or must sign nothing in it. */
    }
}

void replica_abdicate(struct replica *r)
{
    struct hash32 digest = abdicate_digest(&r->chain_id, r->config.epoch.epoch, r->view);

    ASSERT(replica_is_leader(r)); /* T4 */
    if (r->lead.abdicated) {
        return;
    }
    r->lead.abdicated = true;
    r->lead.active = false;
    memset(&r->msg.abdicate, 0, sizeof r->msg.abdicate);
    r->msg.type = MESSAGE_ABDICATE;
    r->msg.abdicate.epoch = r->config.epoch.epoch;
    r->msg.abdicate.view = r->view;
    replica_mark(r, MARK_ABDICATED, r->high.ballot.rank.height, r->self, 0);
    replica_send(r, r->others, 0, &digest);
    replica_timeout(r, r->view, CAUSE_ABDICATED); /* T4 */
    ASSERT(!r->lead.active); /* T4: it proposes nothing more in this view */
}

/* --- Proposing ---------------------------------------------------------------------------------------------------------------------------------- */

/* open_votes begins to collect; who gave a bad vote lately is doubted (L3). */
static void open_votes(const struct replica *r, struct vote_set *set, uint64_t height)
{
    struct member_set doubted = { { 0 } };

    for (uint32_t member = 0; member < r->n; member++) {
        if (r->peers[member].doubted_until > height) {
            member_set_add(&doubted, member);
        }
    }
    vote_set_open(set, r->quorum, &doubted);
}

/* expect opens the vote set of a proposal. */
static void expect(struct replica *r, enum vote_kind kind, uint64_t height, const struct hash32 *hash)
{
    struct lead *lead = &r->lead;

    ASSERT(lead->active);
    ASSERT(!lead->in_flight);                                                      /* L1 */
    ASSERT(rank_compare((struct rank){ r->view, height }, lead->target.rank) > 0); /* I4: one block at each rank */
    ASSERT(kind != VOTE_FOLLOWING || height == r->high.ballot.rank.height + 1);    /* V6 */
    ASSERT(kind != VOTE_OPENING || hash_equal(hash, &r->high.ballot.block));       /* V7, I10 */
    lead->target = (struct ballot){ kind, r->config.epoch.epoch, { r->view, height }, *hash };
    lead->in_flight = true;
    lead->asked = false;
    lead->proposed_ns = r->now.mono_ns;
    open_votes(r, &lead->votes, height);
    vote_set_close(&lead->commit_votes);
}

/* record_led makes the term durable before its first proposal leaves (L4). */
static void record_led(struct replica *r)
{
    if (r->safety.state.led_view == (int64_t)r->view) {
        return;
    }
    struct effect *append = replica_append_begin(r);
    safety_record_led(&r->safety, r->view);
    replica_add_tc(r, append);
    replica_add_high(r, append);
    r->lead.led_lsn = replica_append_end(r, append, true);
    ASSERT(r->safety.state.led_view == (int64_t)r->view); /* L4 */
}

static void send_opening(struct replica *r, struct member_set to)
{
    struct message_propose *propose = &r->msg.propose;

    ASSERT(r->safety.state.led_view == (int64_t)r->view); /* L4, I17 */
    r->msg.type = MESSAGE_PROPOSE;
    propose->view = r->view;
    propose->opening = true;
    propose->body = bytes_of(NULL, 0);
    const struct cert *justify = replica_known(r, &r->opening.justify);
    cert_copy(&propose->justify, justify != NULL ? justify : &r->high);
    timeout_cert_copy(&propose->tc, &r->tc);
    replica_send(r, to, r->lead.led_lsn, NULL);
}

/* open_view certifies the highest block again in the new view (V7, I9); the leader votes for it like everybody else. */
static void open_view(struct replica *r)
{
    ASSERT(r->view > 0);
    ASSERT(r->tc.view + 1 == r->view);
    ASSERT(rank_compare(r->high.ballot.rank, r->tc.high.ballot.rank) >= 0); /* V7, I9 */
    record_led(r);
    r->opening = (struct opening){ .waiting = true, .view = r->view, .tc_rank = r->tc.high.ballot.rank, .justify = r->high.ballot };
    expect(r, VOTE_OPENING, r->high.ballot.rank.height, &r->high.ballot.block);
    replica_mark(r, MARK_OPENED, r->high.ballot.rank.height, r->self, 0);
    send_opening(r, r->others);
}

static void send_following(struct replica *r, struct member_set to, const struct block *block)
{
    struct message_propose *propose = &r->msg.propose;

    ASSERT(r->safety.state.led_view == (int64_t)r->view); /* L4, I17 */
    r->msg.type = MESSAGE_PROPOSE;
    propose->view = r->view;
    propose->opening = false;
    propose->header = block->header;
    propose->pace_us = duty_pace_median_us(&r->lead.pace);
    propose->body = bytes_of(block->body, block->body_bytes);
    cert_copy(&propose->justify, &block->justify);
    replica_send(r, to, r->lead.led_lsn, NULL);
}

/* fill chooses commands into the slot and completes its header. Gives: false when there are none after all. */
static bool fill(struct replica *r, struct block *block, struct block_header *header)
{
    struct pool_chosen chosen = pool_select(r->pool, r->now, header->height, header->time_ms, block->body, block->commands);

    if (chosen.commands == 0) {
        return false;
    }
    ASSERT(chosen.commands <= r->blocks.limits.block_commands_max);
    ASSERT(chosen.bytes <= r->blocks.limits.block_bytes_max);
    header->commands_count = chosen.commands;
    header->payload_root = blocks_root(&r->blocks, block, chosen.commands);
    block->body_bytes = chosen.bytes;
    block->body_state = BODY_GOOD;
    return true;
}

/* settle gives the slot for the block that was made: the one that has it already, where an earlier term of this leader left the very same, which happens while its clock
 * stands behind the parent's time. Gives: NULL: that one is not free to be proposed. */
static struct block *settle(struct replica *r, struct block *made, const struct block_header *header)
{
    struct hash32 hash = block_hash(header);
    struct block *held = blocks_find(&r->blocks, &hash);

    ASSERT(held != made);
    if (held == NULL) {
        made->header = *header;
        made->hash = hash;
        return made;
    }
    blocks_release(made);
    bool busy = held->verifying || held->is_bundle || held->committed;
    return busy || held->by_quorum || held->refused || held->body_state != BODY_GOOD ? NULL : held;
}

/* make_block builds the child of the newest certified block. Gives: NULL when there is nothing to put in it, or no slot. */
static struct block *make_block(struct replica *r)
{
    struct hash32 placeholder = { { 0 } };
    struct block *parent = blocks_find(&r->blocks, &r->high.ballot.block);
    uint64_t parent_ms = 0;
    struct block_header header = { .proposer = (uint16_t)r->self,
                                   .epoch = r->config.epoch.epoch,
                                   .height = r->high.ballot.rank.height + 1,
                                   .parent = r->high.ballot.block };

    ASSERT(r->lead.active);
    if (!replica_parent_time(r, &header, &parent_ms) || (parent != NULL && replica_fly(r, parent, NULL) != VERDICT_OK)) {
        return NULL;
    }
    header.time_ms = r->now.wall_ms > parent_ms ? r->now.wall_ms : parent_ms + 1; /* V4 */
    struct block *block = replica_room(r, &header, &placeholder);
    if (block == NULL) {
        return NULL;
    }
    replica_land(r, header.height - 1);
    if (!fill(r, block, &header)) {
        blocks_release(block);
        return NULL;
    }
    ASSERT(header.time_ms > parent_ms);          /* V4 */
    ASSERT(header.commands_count > 0);           /* L2, I16 */
    ASSERT(r->flight_high == header.height - 1); /* V5 */
    ASSERT(blocks_are_of(&r->blocks, &header));  /* I12 */
    r->flight_high = header.height;
    r->flight[header.height % 64] = block_hash(&header);
    block = settle(r, block, &header);
    if (block == NULL) {
        replica_land(r, header.height - 1);
        return NULL;
    }
    block->view = r->view;
    block->checked = true; /* L5: the pool verified every signature. */
    cert_copy(&block->justify, &r->high);
    block->has_justify = true;
    return block;
}

static void propose(struct replica *r)
{
    ASSERT(r->lead.active);
    record_led(r);
    struct block *block = make_block(r);

    if (block == NULL) {
        return;
    }
    ASSERT(block->checked);                                          /* L5 */
    ASSERT(r->lead.blocks < r->config.epoch.limits.term_blocks_max); /* L6 */
    r->lead.blocks++;
    expect(r, VOTE_FOLLOWING, block->header.height, &block->hash);
    replica_mark(r, MARK_PROPOSED, block->header.height, r->self, block->header.commands_count);
    send_following(r, r->others, block);
    replica_pump_votes(r); /* L4: its own vote counts when it is durable. */
}

/* should_propose applies L1. */
static bool should_propose(struct replica *r, const struct pool_ready *ready)
{
    uint64_t wait_ns = (uint64_t)r->config.epoch.limits.batch_us * 1000u;

    ASSERT(!r->lead.in_flight); /* L1 */
    if (ready->commands == 0 || r->draining) {
        return false;
    }
    if (blocks_free(&r->blocks) < 2 && r->history.high - r->executed_height > r->blocks.count / 2) {
        return false; /* Execution lags; EXECUTED comes. */
    }
    if (ready->commands >= BLOCK_TARGET_COMMANDS || ready->bytes >= BLOCK_TARGET_BYTES || ready->oldest_ns + wait_ns <= r->now.mono_ns) {
        return true;
    }
    replica_want(r, ready->oldest_ns + wait_ns);
    return false;
}

/* --- Finishing (L2) ----------------------------------------------------------------------------------------------------------------------------- */

static void send_cert(struct replica *r, struct member_set to)
{
    ASSERT(r->high.ballot.kind != VOTE_ROOT);
    r->msg.type = MESSAGE_CERT;
    cert_copy(&r->msg.cert, &r->high);
    replica_send(r, to, 0, NULL);
}

/* ask sends the newest QC alone. When its block is committed already nobody needs to answer. */
static void ask(struct replica *r)
{
    struct lead *lead = &r->lead;
    const struct ballot *high = &r->high.ballot;
    bool committed = history_has(&r->history, high->rank.height, &high->block);

    ASSERT(!lead->in_flight); /* L2 */
    ASSERT(!lead->asked);     /* L2: once */
    lead->asked = true;
    lead->asked_ns = r->now.mono_ns;
    replica_mark(r, MARK_ASKED_COMMIT, high->rank.height, r->self, 0);
    send_cert(r, r->others);
    if (committed) {
        return;
    }
    lead->commit_target = (struct ballot){ VOTE_COMMIT, high->epoch, high->rank, high->block };
    open_votes(r, &lead->commit_votes, high->rank.height);
    replica_commitvote(r, high);
}

/* tell_reserves sends them the QC alone when no proposal carries it to them within t_hedge / 2: else each of them would check for nothing (P1). */
static void tell_reserves(struct replica *r)
{
    struct lead *lead = &r->lead;
    uint64_t hedge_ns = duty_hedge_ns(duty_pace_median_us(&lead->pace), pacemaker_base_ns(&r->pacemaker));
    struct member_set reserves = { { 0 } };

    ASSERT(!lead->in_flight); /* P1: no proposal carries it */
    if (!r->config.reserves || lead->told || lead->asked || r->high.ballot.kind != VOTE_FOLLOWING) {
        return;
    }
    if (r->now.mono_ns < lead->certified_ns + hedge_ns / 2) {
        replica_want(r, lead->certified_ns + hedge_ns / 2);
        return;
    }
    lead->told = true;
    for (uint32_t member = 0; member < r->n; member++) {
        if (replica_is_reserve(r, member) && !member_set_has(&r->high.signers.members, member)) {
            member_set_add(&reserves, member);
        }
    }
    r->msg.type = MESSAGE_QC;
    cert_copy(&r->msg.cert, &r->high);
    replica_send(r, reserves, 0, NULL);
}

static void pump_finish(struct replica *r, const struct pool_ready *ready)
{
    struct lead *lead = &r->lead;
    uint64_t wait_ns = (uint64_t)r->config.epoch.limits.batch_us * 1000u;

    ASSERT(!lead->in_flight);
    if (lead->asked || r->high.ballot.kind == VOTE_ROOT || ready->commands > 0) {
        return;
    }
    if (r->now.mono_ns < lead->certified_ns + wait_ns) {
        replica_want(r, lead->certified_ns + wait_ns);
        return;
    }
    ask(r);
}

/* --- Votes ------------------------------------------------------------------------------------------------------------------------------------------ */

static void certified(struct replica *r)
{
    struct lead *lead = &r->lead;
    struct cert *cert = &r->msg.cert;

    ASSERT(lead->in_flight);
    cert->ballot = lead->target;
    vote_set_signers(&lead->votes, &cert->signers);
    ASSERT(member_set_count(&cert->signers.members) == r->quorum); /* L3, I11 */
    vote_set_close(&lead->votes);
    lead->in_flight = false;
    lead->certified_ns = r->now.mono_ns;
    lead->told = false;
    pacemaker_sample(&r->pacemaker, r->now.mono_ns - lead->proposed_ns);
    duty_pace_add(&lead->pace, r->now.mono_ns - lead->proposed_ns);
    replica_mark(r, MARK_CERTIFIED, cert->ballot.rank.height, r->self, 0);
    replica_accept_qc(r, cert);
}

static void commit_certified(struct replica *r)
{
    struct lead *lead = &r->lead;
    struct cert *cert = &r->msg.cert;

    r->msg.type = MESSAGE_COMMITQC;
    cert->ballot = lead->commit_target;
    vote_set_signers(&lead->commit_votes, &cert->signers);
    ASSERT(cert->ballot.kind == VOTE_COMMIT);                      /* C2 */
    ASSERT(member_set_count(&cert->signers.members) == r->quorum); /* L3, I11 */
    vote_set_close(&lead->commit_votes);
    replica_send(r, r->others, 0, NULL);
    replica_accept_commitqc(r, cert); /* C2 */
}

/* check_votes has a complete set verified together (L3; N3: our own vote needs no check), or makes the certificate when a quorum is. */
static void check_votes(struct replica *r, struct vote_set *set, const struct ballot *target, enum job_kind kind, bool *under_way)
{
    if (vote_set_is_complete(set)) {
        kind == JOB_VOTES ? certified(r) : commit_certified(r);
        return;
    }
    struct member_set wanted = vote_set_unverified(set);
    if (*under_way || member_set_is_empty(&wanted)) {
        return;
    }
    struct job *job = job_new(&r->jobs, kind, r->self, false);
    if (job == NULL) {
        return;
    }
    struct hash32 digest = ballot_digest(&r->chain_id, target);
    ASSERT(set->open); /* L3 */
    *under_way = true;
    job->members = wanted;
    job->cert.ballot = *target;
    for (uint32_t member = 0; member < r->n; member++) {
        if (member_set_has(&wanted, member)) {
            memcpy(job->signatures[member], set->signatures[member], 64);
            job_add(job, PART_SINGLES, r->config.epoch.members[member].sign_key, &digest, job->signatures[member]);
        }
    }
    replica_verify(r, job);
}

void replica_votes_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    struct lead *lead = &r->lead;
    bool commit = job->kind == JOB_COMMITVOTES;
    struct vote_set *set = commit ? &lead->commit_votes : &lead->votes;
    const struct ballot *target = commit ? &lead->commit_target : &lead->target;
    uint32_t place = 0;

    ASSERT(commit || job->kind == JOB_VOTES);
    ASSERT(commit ? lead->commit_job : lead->votes_job);
    *(commit ? &lead->commit_job : &lead->votes_job) = false;
    for (uint32_t member = 0; member < r->n; member++) {
        if (!member_set_has(&job->members, member)) {
            continue;
        }
        bool valid = verdicts[place++];
        if (!valid) {
            replica_mark(r, MARK_BAD_SIGNATURE, job->cert.ballot.rank.height, member, 0);
            r->peers[member].doubted_until = job->cert.ballot.rank.height + DOUBT_BLOCKS; /* L3 */
        }
        if (set->open && ballot_equal(target, &job->cert.ballot)) {
            vote_set_judge(set, member, job->signatures[member], valid);
        }
    }
    if (set->open) {
        check_votes(r, set, target, job->kind, commit ? &lead->commit_job : &lead->votes_job);
    }
}

/* --- Evidence ---------------------------------------------------------------------------------------------------------------------------------------- */

/* accuse has both votes of a member that voted for two blocks of one rank verified: together they are evidence (section 2). */
static void accuse(struct replica *r, uint32_t from, const struct message_vote *rival)
{
    struct lead *lead = &r->lead;

    ASSERT(from < r->n);
    if (r->peers[from].equivocated || rival->ballot.kind == VOTE_COMMIT || !member_set_has(&lead->votes.have, from)) {
        return;
    }
    struct job *job = job_new(&r->jobs, JOB_EVIDENCE, from, false);
    if (job == NULL) {
        return;
    }
    job->ballots[0] = lead->target;
    job->ballots[1] = rival->ballot;
    memcpy(job->signatures[0], lead->votes.signatures[from], 64);
    memcpy(job->signatures[1], rival->signature, 64);
    for (uint32_t i = 0; i < 2; i++) {
        struct hash32 digest = ballot_digest(&r->chain_id, &job->ballots[i]);
        job_add(job, PART_SINGLES, r->config.epoch.members[from].sign_key, &digest, job->signatures[i]);
    }
    replica_verify(r, job);
}

void replica_evidence_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    struct hash32 name = ballot_digest(&r->chain_id, &job->ballots[1]);

    ASSERT(job->kind == JOB_EVIDENCE);
    ASSERT(rank_compare(job->ballots[0].rank, job->ballots[1].rank) == 0);
    ASSERT(!hash_equal(&job->ballots[0].block, &job->ballots[1].block));
    ASSERT(job->from < r->n);
    if (!job_part_is_good(job, PART_SINGLES, verdicts) || r->peers[job->from].equivocated) {
        return;
    }
    r->peers[job->from].equivocated = true;
    struct effect *append = replica_append_begin(r);
    struct append_record *record = &append->append.records[append->append.records_count++];
    struct writer writer = effects_room(r->out);
    for (uint32_t i = 0; i < 2; i++) {
        ballot_encode(&job->ballots[i], &writer);
        write_run(&writer, job->signatures[i], 64);
    }
    *record = (struct append_record){ .kind = REPLICA_RECORD_EVIDENCE, .height = job->ballots[0].rank.height, .view = job->ballots[0].rank.view, .hash = name, .parts_count = 1 };
    record->parts[0] = effects_take(r->out, &writer);
    replica_append_end(r, append, false);
    replica_mark(r, MARK_EQUIVOCATION, job->ballots[0].rank.height, job->from, 0);
}

void replica_on_vote(struct replica *r, uint32_t from, const struct message_vote *vote)
{
    struct lead *lead = &r->lead;
    bool commit = vote->ballot.kind == VOTE_COMMIT;
    struct vote_set *set = commit ? &lead->commit_votes : &lead->votes;
    const struct ballot *target = commit ? &lead->commit_target : &lead->target;

    if (vote->ballot.epoch != r->config.epoch.epoch || vote->ballot.kind == VOTE_ROOT) {
        replica_refuse(r, VERDICT_EPOCH);
        return;
    }
    replica_witness_vote(r, from, vote);
    if (!set->open || !ballot_equal(target, &vote->ballot)) {
        if (vote->ballot.rank.view < r->view && from != r->self) {
            replica_answer(r, from); /* T7 */
        }
        bool rival = set->open && rank_compare(target->rank, vote->ballot.rank) == 0 && !hash_equal(&target->block, &vote->ballot.block);
        if (rival) {
            accuse(r, from, vote);
        }
        replica_refuse(r, rival ? VERDICT_CONFLICT : VERDICT_STALE);
        return;
    }
    ASSERT(target->rank.view == r->view); /* L3: votes are collected for what this leader asks for in its view */
    if (vote_set_add(set, from, vote->signature, from == r->self)) {
        check_votes(r, set, target, commit ? JOB_COMMITVOTES : JOB_VOTES, commit ? &lead->commit_job : &lead->votes_job);
    }
}

/* --- The pump ----------------------------------------------------------------------------------------------------------------------------------------- */

/* replica_nudge says again to one member what it may have missed of this leader. */
void replica_nudge(struct replica *r, uint32_t to)
{
    struct lead *lead = &r->lead;
    struct member_set one = member_set_one(to);

    ASSERT(to < r->n);
    if (!lead->active || to == r->self) {
        return;
    }
    if (lead->in_flight && !member_set_has(&lead->votes.have, to)) {
        struct block *block = blocks_find(&r->blocks, &lead->target.block);
        if (lead->target.kind == VOTE_OPENING) {
            send_opening(r, one);
        } else if (block != NULL) {
            send_following(r, one, block);
        }
        return;
    }
    if (lead->asked && lead->commit_votes.open && !member_set_has(&lead->commit_votes.have, to)) {
        send_cert(r, one);
    }
}

void replica_pump_lead(struct replica *r)
{
    struct lead *lead = &r->lead;

    if (!lead->active || !replica_is_leader(r) || r->safety.state.timeout_view >= (int64_t)r->view) {
        return;
    }
    if (lead->blocks >= r->config.epoch.limits.term_blocks_max && !lead->in_flight) {
        replica_abdicate(r); /* L6 */
        return;
    }
    bool opened = r->view == 0 || r->high.ballot.rank.view == r->view;
    if (opened && r->history.high > r->high.ballot.rank.height) {
        replica_abdicate(r); /* L4: blocks are committed that only a leader of this view can have proposed, and this process did not. */
        return;
    }
    if (lead->in_flight) {
        return;
    }
    if (!opened) {
        open_view(r);
        replica_pump_votes(r);
        return;
    }
    replica_land_abandoned(r);
    struct pool_ready ready = pool_ready(r->pool);
    if (should_propose(r, &ready)) {
        propose(r);
        if (lead->in_flight) {
            return;
        }
        ready = pool_ready(r->pool);
    }
    pump_finish(r, &ready);
    tell_reserves(r);
}
