/* replica_check.c: what holds of a replica between steps, topic by topic. Each noun that it is made of checks itself; here stands what binds them together. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

/* --- Certificates and views --------------------------------------------------------------------------------------------- */

static void check_certificates(const struct replica *r)
{
    const struct voting_state *state = &r->safety.state;
    const struct ballot *high = &r->high.ballot;

    ASSERT(high->kind != VOTE_COMMIT);
    ASSERT(high->epoch == r->config.epoch.epoch);
    ASSERT(high->kind == VOTE_ROOT || member_set_count(&r->high.signers.members) == r->quorum); /* I11 */
    ASSERT(!r->high_recorded || rank_compare(state->high, high->rank) >= 0); /* I6: what is said to be in the log is promised */
    ASSERT(r->committed_rank.height <= r->history.high); /* Q1 */
    ASSERT(!r->has_tc || r->tc.view < r->view); /* T2: who holds TC(v) is in view v + 1 at least */
    ASSERT(!r->has_tc || member_set_count(&r->tc.signers.members) == r->quorum); /* I11 */
    ASSERT(!r->has_tc || r->tc.high.ballot.rank.view <= r->tc.view); /* T2 */
    ASSERT(!r->has_tc || rank_compare(r->tc.high.ballot.rank, high->rank) <= 0); /* I9: nothing that a TC says is forgotten */
    ASSERT(!r->has_tip_proof || commit_proof_height(&r->tip_proof) <= r->history.high); /* S4: of what is committed here */
    ASSERT(r->known_next < KNOWN_CERTS);
}

static void check_view(const struct replica *r)
{
    const struct voting_state *state = &r->safety.state;

    ASSERT(r->view >= r->high.ballot.rank.view); /* V1 */
    ASSERT(state->vote_kind == VOTE_ROOT || r->view >= state->vote.view || !r->started); /* V1 */
    ASSERT(state->committed_height >= r->history.high || !r->started); /* I2, I6 */
    ASSERT(r->safety.state.epoch == r->config.epoch.epoch);
    ASSERT(!r->opening.waiting || r->opening.view == r->view); /* V7 */
    ASSERT(!r->opening.waiting || r->opening.justify.rank.view < r->view); /* V7 */
    ASSERT(!r->opening.waiting || rank_compare(r->opening.justify.rank, r->opening.tc_rank) >= 0); /* V7, I9 */
    ASSERT(!r->opening.waiting || state->timeout_view < (int64_t)r->view); /* T1 */
    ASSERT(r->timeout_repeats <= REPEATS_MAX); /* Q1 */
}

static void check_peers(const struct replica *r)
{
    ASSERT(r->peers[r->self].linked);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct peer *peer = &r->peers[i];
        ASSERT(!peer->ckpt_good || peer->has_ckpt); /* K1 */
        ASSERT(!peer->has_timeout || peer->timeout_rank.view <= peer->timeout_view); /* T2 */
        ASSERT(!peer->has_timeout || rank_compare(peer->timeout_rank, peer->timeout_high.ballot.rank) == 0); /* T2 */
        ASSERT(!peer->has_timeout || rank_compare(peer->timeout_rank, r->high.ballot.rank) <= 0); /* I9 */
        ASSERT(peer->left < LEFT_END);
        ASSERT(peer->sought <= REPEATS_MAX); /* Q1 */
        ASSERT(peer->claims[0].ballot.kind != VOTE_COMMIT); /* E4 */
        ASSERT(peer->claims[1].ballot.kind == VOTE_ROOT || peer->claims[1].ballot.kind == VOTE_COMMIT); /* E4 */
    }
}

/* --- Leading ------------------------------------------------------------------------------------------------------------ */

static void check_lead(const struct replica *r)
{
    const struct lead *lead = &r->lead;

    ASSERT(!lead->active || replica_is_leader(r)); /* V1 */
    ASSERT(!lead->active || !lead->abdicated); /* T4 */
    ASSERT(!lead->active || r->safety.state.timeout_view < (int64_t)r->view); /* I7 */
    ASSERT(!lead->active || r->safety.limit_view < (int64_t)r->view); /* T4 */
    ASSERT(lead->in_flight == lead->votes.open); /* L3 */
    ASSERT(!lead->in_flight || lead->target.rank.view == r->view);
    ASSERT(!lead->in_flight || r->safety.state.led_view == (int64_t)r->view); /* L4, I17 */
    ASSERT(!lead->in_flight || lead->led_lsn <= r->lsn); /* I8 */
    ASSERT(!lead->votes.open || lead->votes.quorum == r->quorum); /* I11 */
    ASSERT(!lead->commit_votes.open || lead->asked); /* L2 */
    ASSERT(!lead->commit_votes.open || !lead->in_flight); /* L1, L2: a block or its end, never both */
    ASSERT(!lead->commit_votes.open || lead->commit_target.kind == VOTE_COMMIT); /* C2 */
    ASSERT(!lead->commit_votes.open || lead->commit_votes.quorum == r->quorum); /* I11 */
    ASSERT(lead->blocks <= r->config.epoch.limits.term_blocks_max); /* L6 */
    vote_set_check(&lead->votes, r->n);
    vote_set_check(&lead->commit_votes, r->n);
    duty_pace_check(&lead->pace);
}

/* --- Blocks ------------------------------------------------------------------------------------------------------------- */

static void check_slots(const struct replica *r)
{
    for (uint32_t i = 0; i < r->blocks.count; i++) {
        const struct block *block = &r->blocks.slots[i];
        if (!block->used) {
            continue;
        }
        ASSERT(block->lsn <= r->lsn || block->lsn <= r->restored_blocks);
        ASSERT(!block->committed || block->header.height > r->executed_height); /* C4 */
        ASSERT(!block->committed || history_has(&r->history, block->header.height, &block->hash)); /* I1 */
        ASSERT(!block->committed || block->lsn > 0 || !r->started); /* I18: whatever is executed is in the log too */
        ASSERT(!block->is_bundle || r->fetch.checking); /* S1 */
    }
}

/* committed_count: every committed block that is not executed has a slot. */
static uint32_t committed_count(const struct replica *r)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < r->blocks.count; i++) {
        count += r->blocks.slots[i].used && r->blocks.slots[i].committed;
    }
    return count;
}

static void check_chain(const struct replica *r)
{
    ASSERT(r->executed_height <= r->history.high); /* C4 */
    ASSERT(committed_count(r) == r->history.high - r->executed_height); /* C4 */
    ASSERT(r->flight_high >= r->executed_height);
    ASSERT(r->flight_high - r->executed_height <= r->blocks.count); /* V5 */
    for (uint64_t height = r->executed_height + 1; height <= r->history.high && height <= r->flight_high; height++) {
        ASSERT(history_has(&r->history, height, &r->flight[height % 64])); /* V5: one chain flies, and what is committed is its beginning */
    }
    ASSERT(r->flight_high >= r->history.high);
    ASSERT(r->durable_lsn <= r->lsn); /* I8 */
}

/* --- Transfers ---------------------------------------------------------------------------------------------------------- */

static void check_fetch(const struct replica *r)
{
    const struct fetch *fetch = &r->fetch;

    ASSERT(fetch->tries <= FETCH_TRIES_MAX); /* S2, Q1 */
    ASSERT(!fetch->active || fetch->peer < r->n);
    ASSERT(!fetch->active || fetch->peer != r->self);
    ASSERT(!fetch->checking || fetch->active); /* S2 */
    ASSERT(!fetch->checking || fetch->chain); /* S1: one block by its hash needs no proof */
    ASSERT(fetch->proof_bytes <= COMMIT_PROOF_BYTES_MAX);
    ASSERT(fetch->why < CATCH_UP_END);
    ASSERT(fetch->why != CATCH_UP_SNAPSHOT || !fetch->active); /* S3: no blocks are asked for meanwhile */
}

static void check_serve(const struct replica *r)
{
    const struct serve *serve = &r->serve;

    ASSERT(serve->reading == (serve->stage != SERVE_IDLE)); /* S2: one record at a time, between other work */
    ASSERT(serve->stage == SERVE_IDLE || serve->prove || serve->peer < r->n);
    ASSERT(serve->next_peer < r->n);
    ASSERT(serve->blocks_count <= BUNDLE_BLOCKS_MAX);
    ASSERT(serve->bytes <= BUNDLE_BYTES_MAX);
    ASSERT(serve->proves_count <= PROVES_MAX);
}

static void check_repair(const struct replica *r)
{
    const struct repair *repair = &r->repair;

    ASSERT(!repair->asking || repair->wanted); /* S5 */
    ASSERT(!repair->asking || repair->peer != r->self); /* S5 */
    ASSERT(!repair->wanted || repair->height <= r->history.high); /* S5: a committed block */
    ASSERT(repair->slot == NULL || repair->slot->used);
    ASSERT(repair->slot == NULL || repair->slot->verifying); /* S5: nobody takes the slot while the append is carried out */
    ASSERT(!member_set_has(&r->witness.heard, r->self)); /* E4 */
    ASSERT(member_set_is_within(&r->witness.heard, r->n)); /* E4 */
}

/* --- Checkpoints, reads ------------------------------------------------------------------------------------------------- */

static void check_checkpoints(const struct replica *r)
{
    const struct checkpoints *c = &r->checkpoints;

    ASSERT(c->own_next < CHECKPOINTS_KEPT);
    ASSERT(c->block_height <= r->history.high); /* K1 */
    ASSERT(c->repeats <= REPEATS_MAX); /* Q1 */
    ASSERT(c->ask_repeats <= REPEATS_MAX); /* Q1 */
    ASSERT(!c->has_cert || member_set_count(&c->cert.signers.members) == r->quorum); /* K1, I11 */
    ASSERT(!c->has_pending || c->pending.height > r->executed_height); /* K1: what can be compared was */
    ASSERT(r->halted || replica_checkpoint_agrees(r)); /* I13: equal roots at equal heights, or this replica goes on no more */
    for (uint32_t i = 0; i < CHECKPOINTS_KEPT; i++) {
        ASSERT(!c->own[i].used || c->own[i].value.height <= r->executed_height); /* K1: nothing is stated before it is executed */
        ASSERT(!c->own[i].used || !hash_is_zero(&c->own[i].value.state_root));
    }
}

static void check_reads(const struct replica *r)
{
    for (uint32_t i = 0; i < READS_MAX; i++) {
        const struct quorum_read *read = &r->reads[i];
        if (!read->used) {
            continue;
        }
        ASSERT(member_set_has(&read->answered, r->self)); /* Q5: its own included */
        ASSERT(member_set_is_within(&read->answered, r->n));
        ASSERT(read->complete == (member_set_count(&read->answered) >= r->quorum)); /* Q5 */
        ASSERT(!read->settled || (read->complete && rank_compare(r->committed_rank, read->rank) >= 0)); /* Q5 */
        ASSERT(read->id <= r->reads_next);
    }
}

void replica_check(const struct replica *r)
{
    safety_check(&r->safety);
    history_check(&r->history);
    blocks_check(&r->blocks);
    jobs_check(&r->jobs);
    pacemaker_check(&r->pacemaker);
    duty_check(&r->duty);
    check_certificates(r);
    check_view(r);
    check_peers(r);
    check_lead(r);
    check_slots(r);
    check_chain(r);
    check_fetch(r);
    check_serve(r);
    check_repair(r);
    check_checkpoints(r);
    check_reads(r);
    pool_check(r->pool);
}
