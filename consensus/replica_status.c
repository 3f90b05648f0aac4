/* replica_status.c: what can be asked of a replica. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

/* missing_votes gives the members whose vote the leader still waits for. */
static struct member_set missing_votes(const struct replica *r)
{
    const struct vote_set *set = r->lead.votes.open ? &r->lead.votes : &r->lead.commit_votes;
    struct member_set missing = member_set_all(r->n);

    if (!set->open) {
        return (struct member_set){ { 0 } };
    }
    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) {
        missing.words[i] &= ~set->have.words[i];
    }
    return missing;
}

void replica_status(const struct replica *r, struct replica_status *status)
{
    struct pool_status pool = pool_status(r->pool);
    const struct history_entry *tip = history_find(&r->history, r->history.high);

    ASSERT(tip != NULL);
    ASSERT(r->executed_height <= r->history.high);
    *status = (struct replica_status){
        .epoch = r->config.epoch.epoch,
        .view = r->view,
        .leader = replica_leader(r, r->view),
        .leads = r->lead.active,
        .committed_height = r->history.high,
        .executed_height = r->executed_height,
        .committed_block = tip->hash,
        .high = r->high.ballot.rank,
        .tc_high = r->has_tc ? r->tc.high.ballot.rank : (struct rank){ 0, 0 },
        .timeout_view = r->safety.state.timeout_view,
        .checkpoint_height = r->checkpoints.has_cert ? r->checkpoints.cert.checkpoint.height : r->config.genesis.height,
        .checkpoint_ms = r->checkpoints.block_time_ms,
        .history_low = r->history.low,
        .pool_commands = pool.commands,
        .pool_bytes = pool.bytes,
        .outstanding = replica_is_outstanding(r),
        .needs_view = replica_needs_view(r),
        .forgot = r->safety.limit_view == SAFETY_LIMIT_UNKNOWN,
        .heard = member_set_count(&r->witness.heard),
        .told_views = r->witness.told_views,
        .told_by = r->witness.told_by,
        .limit_view = r->safety.limit_view,
        .catching_up = r->has_pending_proof,
        .catch_up = r->fetch.why,
        .asked = r->fetch.active ? r->fetch.peer : r->self,
        .draining = r->draining,
        .missing = missing_votes(r),
        .timeout_ns = pacemaker_timeout_ns(&r->pacemaker),
    };
    for (uint32_t member = 0; member < r->n; member++) {
        if (r->peers[member].linked) {
            member_set_add(&status->linked, member);
        }
        if (r->peers[member].rationed) {
            member_set_add(&status->rationed, member);
        }
    }
}

const struct timeout_cert *replica_tc(const struct replica *r)
{
    ASSERT(!r->has_tc || r->tc.view < r->view); /* T2 */
    return r->has_tc && r->tc_recorded && r->tc.view + 1 == r->view ? &r->tc : NULL;
}

uint32_t replica_early_bodies(const struct replica *r)
{
    uint32_t count = 0;

    for (uint32_t i = 0; r->started && i < r->blocks.count; i++) {
        const struct block *block = &r->blocks.slots[i];
        bool proposed = block->used && !block->by_quorum && !block->is_bundle && !block->has_justify;
        count += proposed && block->view > r->view + 1 ? 1 : 0;
    }
    ASSERT(count <= r->blocks.count);
    return count;
}

void replica_shares(const struct replica *r, struct replica_shares *shares)
{
    *shares = (struct replica_shares){ .client_commands = 0 };
    for (uint32_t i = 0; i < r->jobs.count; i++) {
        const struct job *job = &r->jobs.slots[i];
        if (job->kind != JOB_FREE && !job->large) {
            ASSERT(job->from < r->n);
            shares->checks[job->from]++;
        }
    }
    pool_count(r->pool, shares->commands, &shares->client_commands, &shares->stranger_commands);
}

const struct replica_counters *replica_counters(const struct replica *r)
{
    return &r->counters;
}

const struct commit_proof *replica_tip_proof(const struct replica *r)
{
    ASSERT(!r->has_tip_proof || commit_proof_height(&r->tip_proof) <= r->history.high);
    return r->has_tip_proof ? &r->tip_proof : NULL;
}

const struct checkpoint_cert *replica_checkpoint(const struct replica *r)
{
    ASSERT(!r->checkpoints.has_cert || member_set_count(&r->checkpoints.cert.signers.members) == r->quorum);
    return r->checkpoints.has_cert ? &r->checkpoints.cert : NULL;
}

void replica_pool_status(const struct replica *r, struct pool_status *status)
{
    *status = pool_status(r->pool);
}
