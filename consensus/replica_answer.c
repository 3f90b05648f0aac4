/* replica_answer.c: members tell each other where they stand. Whoever is ahead sends what proves it; a claim alone moves nobody (S4). */
#include "consensus/replica_priv.h"

#include "base/assert.h"

bool replica_may_answer(struct replica *r, uint32_t to)
{
    struct peer *peer = &r->peers[to];

    ASSERT(to < r->config.epoch.members_count);
    if (to == r->self || r->now.mono_ns < peer->answer_ns) {
        return false;
    }
    peer->answer_ns = r->now.mono_ns + pacemaker_base_ns(&r->pacemaker) / 4;
    return true;
}

void replica_tell(const struct replica *r, uint32_t to, struct message_hello *hello)
{
    ASSERT(to < r->n);
    *hello = (struct message_hello){ .epoch = r->config.epoch.epoch,
                                     .committed_height = r->history.high,
                                     .view = r->view,
                                     .high = r->high.ballot.rank,
                                     .abstains = replica_abstains(r) };
    replica_witness_fill(r, to, hello);
}

void replica_hello(struct replica *r, uint32_t to, bool asks)
{
    ASSERT(to != r->self);
    r->msg.type = MESSAGE_HELLO;
    replica_tell(r, to, &r->msg.hello);
    r->msg.hello.asks = asks;
    r->peers[to].greeted_ns = r->now.mono_ns;
    replica_send(r, member_set_one(to), 0, NULL);
}

void replica_send_answer(struct replica *r, uint32_t to)
{
    struct message_answer *answer = &r->msg.answer;

    ASSERT(to < r->n);
    ASSERT(to != r->self);
    r->msg.type = MESSAGE_ANSWER;
    answer->committed_height = r->history.high;
    answer->has_proof = r->has_tip_proof;
    answer->has_high = r->high.ballot.kind != VOTE_ROOT;
    answer->has_tc = r->has_tc;
    if (answer->has_proof) {
        commit_proof_copy(&answer->proof, &r->tip_proof);
    }
    if (answer->has_high) {
        cert_copy(&answer->high, &r->high);
    }
    if (answer->has_tc) {
        answer->tc = r->tc;
    }
    replica_send(r, member_set_one(to), 0, NULL);
}

void replica_answer(struct replica *r, uint32_t to)
{
    if (replica_may_answer(r, to)) {
        replica_send_answer(r, to);
    }
}

static void send_query(struct replica *r, struct member_set to, enum cause cause)
{
    struct message_query *query = &r->msg.query;

    ASSERT(r->history.high <= r->safety.state.committed_height); /* I2, I6: what it says is promised */
    replica_mark(r, MARK_QUERIED, r->high.ballot.rank.height, r->self, cause);
    r->msg.type = MESSAGE_QUERY;
    *query = (struct message_query){ .epoch = r->config.epoch.epoch,
                                     .view = r->view,
                                     .committed_height = r->history.high,
                                     .high = r->high.ballot.rank,
                                     .cause = cause,
                                     .abstains = replica_abstains(r) };
    if (cause == CAUSE_REQUEST) {
        struct writer room = effects_room(r->out);
        room.offset = pool_live_write(r->pool, room.data, MESSAGE_CAUSE_BYTES_MAX);
        ASSERT(room.offset <= MESSAGE_CAUSE_BYTES_MAX); /* Q2 */
        query->commands = effects_take(r->out, &room);
    }
    ASSERT(!member_set_has(&to, r->self));
    replica_send(r, to, 0, NULL);
}

void replica_query(struct replica *r, enum cause cause)
{
    send_query(r, r->others, cause);
}

void replica_missed(struct replica *r, uint32_t from)
{
    ASSERT(from < r->n);
    if (r->missed_ns == 0 && from != r->self) {
        r->missed_from = from;
        r->missed_ns = r->now.mono_ns + pacemaker_base_ns(&r->pacemaker) / 2; /* later than the peer's bound on answers */
    }
}

void replica_pump_missed(struct replica *r)
{
    ASSERT(r->missed_from < r->n);
    if (r->missed_ns == 0) {
        return;
    }
    if (r->now.mono_ns < r->missed_ns) {
        replica_want(r, r->missed_ns);
        return;
    }
    r->missed_ns = 0;
    ASSERT(r->missed_from != r->self);
    send_query(r, member_set_one(r->missed_from), CAUSE_NONE);
}

/* is_behind: what we hold would move a member that stands there. */
static bool is_behind(const struct replica *r, uint64_t committed_height, uint64_t view, struct rank high)
{
    return (committed_height < r->history.high && r->has_tip_proof) || rank_compare(high, r->high.ballot.rank) < 0 || (r->has_tc && view <= r->tc.view);
}

/* say_again repeats to one member what it may have lost: our vote, our TIMEOUT, or as its leader our proposal. */
static void say_again(struct replica *r, uint32_t to)
{
    const struct voting_state *state = &r->safety.state;
    struct rank vote = state->vote;

    ASSERT(to != r->self);
    replica_nudge(r, to);
    if (state->vote_kind != VOTE_ROOT && replica_leader(r, vote.view) == to && vote.view == r->view && rank_compare(vote, r->high.ballot.rank) > 0) {
        replica_resend_vote(r);
    }
    if (state->timeout_view >= (int64_t)r->view) {
        replica_resend_timeout(r, member_set_one(to));
    }
}

void replica_on_hello(struct replica *r, uint32_t from, const struct message_hello *hello)
{
    if (hello->epoch != r->config.epoch.epoch) {
        replica_refuse(r, VERDICT_EPOCH);
        return;
    }
    r->peers[from].committed_height = hello->committed_height;
    r->peers[from].abstains_below = hello->abstains ? hello->promised : 0;
    replica_witness_hello(r, from, hello);
    if (is_behind(r, hello->committed_height, hello->view, hello->high)) {
        replica_answer(r, from);
    }
}

void replica_on_query(struct replica *r, uint32_t from, const struct message_query *query)
{
    if (query->epoch != r->config.epoch.epoch || from == r->self) {
        replica_refuse(r, VERDICT_EPOCH);
        return;
    }
    if (!replica_may_answer(r, from)) {
        replica_refuse(r, VERDICT_EARLY);
        return;
    }
    r->peers[from].committed_height = query->committed_height;
    r->peers[from].abstains_below = query->abstains ? query->view + 1 : 0;
    if (query->commands.size > 0) {
        replica_take_commands(r, from, query->commands); /* Q2 */
    }
    if (is_behind(r, query->committed_height, query->view, query->high)) {
        replica_send_answer(r, from);
    }
    say_again(r, from);
}

/* --- ANSWER ------------------------------------------------------------------------------------------------------------------------------------- */

static enum verdict check_answer(struct replica *r, const struct message_answer *answer)
{
    enum verdict verdict = VERDICT_OK;

    if (answer->has_proof) {
        const struct ballot *first = &answer->proof.first.ballot;
        verdict = commit_proof_check(&answer->proof, &r->config.epoch, first->rank.height, &first->block);
    }
    if (verdict == VERDICT_OK && answer->has_high) {
        verdict = replica_check_qc(r, &answer->high);
    }
    if (verdict == VERDICT_OK && answer->has_tc) {
        verdict = timeout_cert_check(&answer->tc, &r->config.epoch);
    }
    if (verdict == VERDICT_OK && answer->has_tc) {
        verdict = replica_check_qc(r, &answer->tc.high);
    }
    return verdict;
}

void replica_on_answer(struct replica *r, uint32_t from, const struct message_answer *answer)
{
    enum verdict verdict = check_answer(r, answer);
    struct job *job = verdict == VERDICT_OK && from != r->self ? job_new(&r->jobs, JOB_ANSWER, from, false) : NULL;

    if (job == NULL) {
        if (verdict == VERDICT_OK) {
            replica_missed(r, from);
        }
        replica_refuse(r, verdict == VERDICT_OK ? VERDICT_EARLY : verdict);
        return;
    }
    r->peers[from].committed_height = answer->committed_height;
    bool high_is_new = answer->has_high && replica_known(r, &answer->high.ballot) == NULL;
    if (answer->has_proof && commit_proof_height(&answer->proof) > r->history.high) {
        job_add_proof(job, &answer->proof, &r->config.epoch, &r->chain_id);
    }
    if (high_is_new && rank_compare(answer->high.ballot.rank, r->high.ballot.rank) > 0) {
        job_add_cert(job, &answer->high, &r->config.epoch, &r->chain_id);
    }
    if (answer->has_tc && answer->tc.view >= r->view) {
        const struct cert *known = replica_known(r, &answer->tc.high.ballot);
        known = known == NULL && job->has_cert && ballot_equal(&job->cert.ballot, &answer->tc.high.ballot) ? &job->cert : known;
        job_add_tc(job, &answer->tc, known, &r->config.epoch, &r->chain_id);
    }
    replica_verify(r, job);
}

void replica_answer_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    bool good = job_part_is_good(job, PART_PROOF, verdicts) && job_part_is_good(job, PART_CERT, verdicts) && job_part_is_good(job, PART_TC, verdicts) &&
                job_part_is_good(job, PART_TC_HIGH, verdicts);

    ASSERT(job->kind == JOB_ANSWER);
    ASSERT(job->from != r->self);
    if (!good) {
        replica_mark(r, MARK_BAD_SIGNATURE, 0, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    if (job->has_cert) {
        replica_accept_qc(r, &job->cert);
    }
    if (job->has_proof) {
        replica_accept_proof(r, &job->proof);
    }
    if (job->has_tc) {
        replica_accept_tc(r, &job->tc);
    }
    ASSERT(!job->has_cert || rank_compare(r->high.ballot.rank, job->cert.ballot.rank) >= 0); /* I6 */
    ASSERT(!job->has_tc || r->view > job->tc.view);                                         /* T2: whoever holds TC(v) is in view v + 1 */
}

/* --- Links ------------------------------------------------------------------------------------------------------------------------------------------ */

static uint32_t linked_count(const struct replica *r)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        count += r->peers[i].linked;
    }
    ASSERT(count >= 1); /* itself */
    ASSERT(count <= r->n);
    return count;
}

void replica_on_link(struct replica *r, uint32_t member, bool up)
{
    ASSERT(member < r->n);
    ASSERT(member != r->self);
    bool was_quorum = linked_count(r) >= r->quorum;
    r->peers[member].linked = up;
    if (!up) {
        return;
    }
    r->peers[member].sought = 0;
    r->peers[member].answer_ns = 0; /* What was answered before went to a life that may be over: its HELLO is not repeated. A link costs its caller a handshake. */
    if (!was_quorum && linked_count(r) >= r->quorum) {
        pacemaker_recovered(&r->pacemaker); /* T5: the outage is over */
        r->progress_ns = r->now.mono_ns;
        replica_repeat_anew(r);
        r->fetch.tries = 0;
    }
    if (member == replica_leader(r, r->view)) {
        pool_forward_reset(r->pool); /* What was on its way when the link broke is lost. */
    }
    r->peers[member].lacks[GONE_BLOCK].until_ns = r->peers[member].lacks[GONE_REPAIR].until_ns = 0;
    replica_repair_linked(r, member);
    r->witness.repeats = 0;
    replica_hello(r, member, false);
    say_again(r, member);
}
