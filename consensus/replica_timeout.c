/* replica_timeout.c: when a view is given up, and by whom.
 *
 *     work is outstanding --tau/2--> QUERY --tau/2--> TIMEOUT(view) --q of them--> TC --> view + 1
 *                                                        ^
 *     ABDICATE of the leader, f + 1 others (T3) ---------+
 *
 * Without outstanding work no timer runs (Q1). */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

#define STRAY_WAIT_NS 600000000000ull /* T8: 10 minutes, doubling */
#define BACKOFF_MAX 16u               /* T7: doublings that are counted; tau_max ends them long before */

/* --- Outstanding work (Q1) -------------------------------------------------------------------------------------------------------------------- */

/* is_certified_open: a vote or certificate is known above everything that is certified and committed. */
static bool is_certified_open(const struct replica *r)
{
    const struct voting_state *state = &r->safety.state;
    bool voted = state->vote_kind != VOTE_ROOT && rank_compare(state->vote, r->committed_rank) > 0 &&
                 !history_has(&r->history, state->vote.height, &state->vote_block);

    return voted || rank_compare(r->high.ballot.rank, r->committed_rank) > 0 || r->has_pending_proof;
}

/* has_open_timeout: an own TIMEOUT of this view, said again a few times, then no more. */
static bool has_open_timeout(const struct replica *r)
{
    ASSERT(r->timeout_repeats <= REPEATS_MAX); /* T7, Q1 */
    return r->safety.state.timeout_view >= (int64_t)r->view && r->timeout_repeats < REPEATS_MAX;
}

bool replica_needs_view(const struct replica *r)
{
    return pool_live_count(r->pool) > 0 || is_certified_open(r) || has_open_timeout(r);
}

bool replica_is_outstanding(const struct replica *r)
{
    return replica_needs_view(r) || r->fetch.active || replica_checkpoint_is_open(r) || replica_straggler_is_sought(r);
}

static bool leader_is_linked(const struct replica *r)
{
    return r->peers[replica_leader(r, r->view)].linked;
}

/* request_base_ns: from when on the oldest live request waits for the view (Q3); UINT64_MAX: none does. */
static uint64_t request_base_ns(const struct replica *r)
{
    uint64_t oldest = pool_live_oldest_ns(r->pool);

    if (oldest == UINT64_MAX) {
        return UINT64_MAX;
    }
    uint64_t base = oldest > r->view_entered_ns ? oldest : r->view_entered_ns;
    ASSERT(base >= r->view_entered_ns); /* Q3: it begins anew with each leader */
    return leader_is_linked(r) ? base + pacemaker_base_ns(&r->pacemaker) / 2 : base;
}

uint64_t replica_stuck_base_ns(const struct replica *r)
{
    uint64_t requests = request_base_ns(r);
    uint64_t certificates = r->work_certified ? r->work_since_ns : UINT64_MAX;
    uint64_t base = requests < certificates ? requests : certificates;

    if (base == UINT64_MAX) {
        return UINT64_MAX;
    }
    base = base > r->progress_ns ? base : r->progress_ns;
    return base > r->view_entered_ns ? base : r->view_entered_ns;
}

static enum cause cause_of(const struct replica *r)
{
    if (pool_live_count(r->pool) > 0) {
        return CAUSE_REQUEST;
    }
    return rank_compare(r->high.ballot.rank, r->committed_rank) > 0 ? CAUSE_CERTIFICATE : CAUSE_NONE;
}

/* --- TIMEOUT ------------------------------------------------------------------------------------------------------------------------------------ */

static void send_timeout(struct replica *r, struct member_set to)
{
    struct message_timeout *timeout = &r->msg.timeout;
    uint64_t view = (uint64_t)r->safety.state.timeout_view;
    struct hash32 digest = timeout_digest(&r->chain_id, r->config.epoch.epoch, view, r->high.ballot.rank);

    ASSERT(safety_can_timeout(&r->safety, view));           /* T1, T4 */
    ASSERT(safety_knows_high(&r->safety, &r->high.ballot)); /* I6 */
    ASSERT(r->high.ballot.rank.view <= view);               /* T2 */
    r->msg.type = MESSAGE_TIMEOUT;
    memset(timeout->signature, 0, sizeof timeout->signature);
    timeout->epoch = r->config.epoch.epoch;
    timeout->view = view;
    cert_copy(&timeout->high, &r->high);
    timeout->cause = r->timeout_cause;
    timeout->commands = bytes_of(NULL, 0);
    if (timeout->cause == CAUSE_REQUEST) {
        struct writer room = effects_room(r->out);
        size_t size = pool_live_write(r->pool, room.data, MESSAGE_CAUSE_BYTES_MAX);
        ASSERT(size <= MESSAGE_CAUSE_BYTES_MAX); /* Q2 */
        room.offset = size;
        timeout->commands = effects_take(r->out, &room);
    }
    replica_send(r, to, r->lsn, &digest);
}

void replica_repeat_anew(struct replica *r)
{
    r->timeout_repeats = 0;
    r->timeout_backoff = 0;
}

void replica_timeout(struct replica *r, uint64_t view, enum cause cause)
{
    if (!safety_can_timeout(&r->safety, view) || r->safety.state.timeout_view == (int64_t)view || view < r->view ||
        !safety_knows_high(&r->safety, &r->high.ballot) || (int64_t)r->view <= r->safety.limit_view) {
        return; /* E5, the last: nor of a later view, before what leads beyond the limit has told the QC that was lost. */
    }
    struct effect *append = replica_append_begin(r);
    safety_record_timeout(&r->safety, view); /* T1 */
    replica_add_tc(r, append);
    replica_add_high(r, append);
    replica_append_end(r, append, true);
    ASSERT(r->high_recorded);                              /* I6, I8: what the TIMEOUT states is in the same append */
    ASSERT(r->safety.state.timeout_view == (int64_t)view); /* T1: what leaves below waits for this append */
    r->lead.active = false;
    r->lead.in_flight = false;
    vote_set_close(&r->lead.votes);
    vote_set_close(&r->lead.commit_votes);
    r->opening.waiting = false;
    r->timeout_cause = cause;
    r->timeout_sent_ns = r->now.mono_ns;
    replica_repeat_anew(r);
    r->counters.view_changes[cause]++;
    replica_mark(r, MARK_TIMED_OUT, r->high.ballot.rank.height, r->self, cause);
    send_timeout(r, member_set_all(r->n));
}

/* may_state: the TIMEOUT of the newest view timed out may be signed again. A log that lost a batch may forbid it (T11), or have lost the QC that was
 * promised (I6); one that is nearly full forbids it as long as it is (T9). */
static bool may_state(const struct replica *r)
{
    int64_t view = r->safety.state.timeout_view;

    return view >= 0 && view >= (int64_t)r->view && safety_can_timeout(&r->safety, (uint64_t)view) && safety_knows_high(&r->safety, &r->high.ballot);
}

/* state_again signs the TIMEOUT of the newest view timed out again. It states the high QC of now, which is appended first: a restart must not state less. */
static void state_again(struct replica *r, struct member_set to)
{
    if (!r->high_recorded) {
        struct effect *append = replica_append_begin(r);
        replica_add_tc(r, append);
        replica_add_high(r, append);
        replica_append_end(r, append, true);
    }
    ASSERT(r->high_recorded); /* I6, I8 */
    send_timeout(r, to);
}

void replica_resend_timeout(struct replica *r, struct member_set to)
{
    if (!may_state(r)) {
        return;
    }
    if (member_set_count(&to) > 1) {
        r->timeout_sent_ns = r->now.mono_ns; /* Whoever asks alone does not put off what everybody is to hear. */
    }
    state_again(r, to);
}

/* --- Receiving ------------------------------------------------------------------------------------------------------------------------------------- */

static enum verdict check_timeout(struct replica *r, uint32_t from, const struct message_timeout *timeout)
{
    const struct peer *peer = &r->peers[from];

    if (timeout->epoch != r->config.epoch.epoch) {
        return VERDICT_EPOCH;
    }
    enum verdict verdict = replica_check_qc(r, &timeout->high);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (timeout->high.ballot.rank.view > timeout->view) {
        return VERDICT_RANGE; /* T2 */
    }
    if (timeout->view < r->view) {
        return VERDICT_STALE;
    }
    bool repeated = peer->has_timeout && (peer->timeout_view > timeout->view ||
                                          (peer->timeout_view == timeout->view && rank_compare(peer->timeout_rank, timeout->high.ballot.rank) >= 0));
    return repeated ? VERDICT_CONFLICT : VERDICT_OK;
}

void replica_on_timeout(struct replica *r, uint32_t from, const struct message_timeout *timeout)
{
    enum verdict verdict = check_timeout(r, from, timeout);
    bool own = from == r->self;

    bool counts = verdict == VERDICT_OK || verdict == VERDICT_CONFLICT;
    const struct ballot *high = &timeout->high.ballot;
    bool committed = timeout->cause == CAUSE_CERTIFICATE && history_has(&r->history, high->rank.height, &high->block);
    bool late = verdict == VERDICT_STALE || (counts && (committed || rank_compare(high->rank, r->high.ballot.rank) < 0));
    bool may = (verdict != VERDICT_OK || late) && replica_may_answer(r, from); /* Asked once: it is a ration. */

    if (!own && timeout->commands.size > 0 && (verdict == VERDICT_OK || may)) {
        replica_take_commands(r, from, timeout->commands); /* Q2 */
    }
    if (late && may) {
        replica_send_answer(r, from); /* T7: it lacks a TC, a QC or a commit that is known here. */
    }
    if (verdict == VERDICT_CONFLICT && !late && may && may_state(r) && r->timeout_repeats < REPEATS_MAX) {
        r->timeout_repeats++; /* Two that answer each other must fall silent too (Q1). */
        state_again(r, member_set_one(from)); /* It says the same again: ours may have been lost. */
    }
    if (verdict != VERDICT_OK) {
        replica_refuse(r, verdict);
        return;
    }
    const struct cert *known = replica_known(r, &timeout->high.ballot);
    struct job *job = job_new(&r->jobs, JOB_TIMEOUT, from, false);
    if (job == NULL) {
        replica_refuse(r, VERDICT_EARLY);
        return;
    }
    job->view = timeout->view;
    job->cause = timeout->cause;
    job->rank = timeout->high.ballot.rank;
    memcpy(job->signature, timeout->signature, sizeof job->signature);
    if (!own) {
        struct hash32 digest = timeout_digest(&r->chain_id, timeout->epoch, timeout->view, job->rank);
        job_add(job, PART_SINGLES, r->config.epoch.members[from].sign_key, &digest, job->signature);
    }
    if (known != NULL || own) {
        cert_copy(&job->cert, known != NULL ? known : &timeout->high);
    } else {
        job_add_cert(job, &timeout->high, &r->config.epoch, &r->chain_id);
    }
    ASSERT(rank_compare(job->rank, job->cert.ballot.rank) == 0); /* T2: the rank that was signed is that of the QC */
    ASSERT(job->view >= job->rank.view);                         /* T2 */
    replica_verify(r, job);
}

/* form_tc makes TC(view) from q verified TIMEOUTs of that view; its QC is that of the highest rank among them (T2). */
static bool form_tc(struct replica *r, uint64_t view)
{
    struct timeout_cert *tc = &r->msg.tc;
    const struct peer *highest = NULL;
    uint32_t count = 0;

    tc->epoch = r->config.epoch.epoch;
    tc->view = view;
    tc->signers.members = (struct member_set){ { 0 } };
    for (uint32_t member = 0; member < r->n && count < r->quorum; member++) {
        const struct peer *peer = &r->peers[member];
        if (!peer->has_timeout || peer->timeout_view != view) {
            continue;
        }
        member_set_add(&tc->signers.members, member);
        memcpy(tc->signers.signatures[count], peer->timeout_signature, 64);
        tc->ranks[count] = peer->timeout_rank;
        count++;
        if (highest == NULL || rank_compare(peer->timeout_rank, highest->timeout_rank) > 0) {
            highest = peer;
        }
    }
    if (count < r->quorum) {
        return false;
    }
    cert_copy(&tc->high, &highest->timeout_high);
    ASSERT(timeout_cert_check(tc, &r->config.epoch) == VERDICT_OK); /* T2, I11 */
    ASSERT(tc->high.ballot.rank.view <= view);                      /* T2 */
    ASSERT(rank_compare(tc->high.ballot.rank, r->high.ballot.rank) <= 0); /* I9: nothing that it says is unknown here */
    return true;
}

/* others_from counts the other members whose highest TIMEOUT is of this view or a later one. */
static uint32_t others_from(const struct replica *r, uint64_t view)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        count += i != r->self && r->peers[i].has_timeout && r->peers[i].timeout_view >= view;
    }
    return count;
}

/* is_alone (T6): no honest member need be with it in giving the view up; so much for the first repetitions. Later on each other one counts: two that wait for a quorum
 * through a night ask each other nothing. */
static bool is_alone(const struct replica *r) { return others_from(r, r->view) <= (r->timeout_repeats < REPEATS_MAX ? r->faults : 0); }

/* join applies T3: the (f + 1)-th highest view that members have timed out, counting each member's highest alone. */
static void join(struct replica *r)
{
    uint64_t view = 0;
    bool found = false;

    for (uint32_t i = 0; i < r->n; i++) {
        const struct peer *peer = &r->peers[i];
        bool counts = i != r->self && peer->has_timeout && (!found || peer->timeout_view > view);
        if (counts && others_from(r, peer->timeout_view) >= r->faults + 1) {
            view = peer->timeout_view;
            found = true;
        }
    }
    ASSERT(!found || others_from(r, view + 1) <= r->faults); /* T3: the (f + 1)-th highest, and no lower one */
    if (found && (int64_t)view > r->safety.state.timeout_view && view >= r->view) {
        ASSERT(others_from(r, view) > r->faults); /* T3: one of them is honest */
        replica_timeout(r, view, CAUSE_JOIN);
    }
}

/* may_give_up: nothing forbids a TIMEOUT of the present view: a disk that is nearly full (T9), what is abstained from (T11, E5), or a high QC that the log promised and lost (I6). */
static bool may_give_up(const struct replica *r)
{
    return !r->safety.mute && (int64_t)r->view > r->safety.limit_view && safety_knows_high(&r->safety, &r->high.ballot);
}

void replica_pump_join(struct replica *r)
{
    bool may = may_give_up(r), again = may && !r->could_give_up;

    r->could_give_up = may;
    if (again) {
        join(r);
    }
    ASSERT(may == may_give_up(r)); /* T3: to give a view up forbids nothing above it */
}

void replica_timeout_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    struct peer *peer = &r->peers[job->from];

    ASSERT(job->kind == JOB_TIMEOUT);
    ASSERT(job->rank.view <= job->view);                         /* T2 */
    ASSERT(rank_compare(job->rank, job->cert.ballot.rank) == 0); /* T2 */
    ASSERT(job->from < r->n);
    if (!job_part_is_good(job, PART_SINGLES, verdicts) || !job_part_is_good(job, PART_CERT, verdicts)) {
        replica_mark(r, MARK_BAD_SIGNATURE, 0, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    replica_accept_qc(r, &job->cert);
    if (job->view < r->view || (peer->has_timeout && peer->timeout_view > job->view)) {
        return;
    }
    peer->has_timeout = true;
    peer->timeout_view = job->view;
    peer->timeout_rank = job->rank;
    memcpy(peer->timeout_signature, job->signature, 64);
    cert_copy(&peer->timeout_high, &job->cert);
    replica_repeat_anew(r); /* T7: somebody else is stuck too. */
    join(r);
    if (form_tc(r, job->view)) {
        replica_accept_tc(r, &r->msg.tc);
        ASSERT(r->view > job->view); /* T2: q TIMEOUTs end the view */
    }
}

void replica_on_abdicate(struct replica *r, uint32_t from, const struct message_abdicate *abdicate)
{
    /* Of this view alone: to time out a later one is to give up this one too, which is not that member's to end (J3). */
    bool fits = abdicate->epoch == r->config.epoch.epoch && abdicate->view == r->view && from == replica_leader(r, abdicate->view);
    struct job *job = fits ? job_new(&r->jobs, JOB_ABDICATE, from, false) : NULL;

    if (job == NULL) {
        replica_refuse(r, VERDICT_STALE);
        return;
    }
    struct hash32 digest = abdicate_digest(&r->chain_id, abdicate->epoch, abdicate->view);
    job->view = abdicate->view;
    memcpy(job->signature, abdicate->signature, sizeof job->signature);
    job_add(job, PART_SINGLES, r->config.epoch.members[from].sign_key, &digest, job->signature);
    replica_verify(r, job);
}

void replica_abdicate_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    ASSERT(job->kind == JOB_ABDICATE);
    ASSERT(job->from == replica_leader(r, job->view)); /* T4 */
    ASSERT(job->from < r->n);
    if (!job_part_is_good(job, PART_SINGLES, verdicts)) {
        replica_mark(r, MARK_BAD_SIGNATURE, 0, job->from, 0);
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    ASSERT(job->view <= r->view); /* T4: it was of the present view when it came, and views only grow */
    replica_timeout(r, job->view, CAUSE_ABDICATED);
}

/* --- Timers ------------------------------------------------------------------------------------------------------------------------------------------ */

/* watch notes since when a certificate waits for its commit. */
static void watch(struct replica *r)
{
    bool open = is_certified_open(r);

    if (open && !r->work_certified) {
        r->work_since_ns = r->now.mono_ns;
    }
    r->work_certified = open;
    ASSERT(r->work_since_ns <= r->now.mono_ns); /* Q1 */
}

/* repeat_due_ns: when what was said to all is to be said again: after tau_k, then after twice as long each time, up to tau_max (T7). Who stops has no
 * time for that: it says what it has to say, and goes. */
static uint64_t repeat_due_ns(const struct replica *r)
{
    ASSERT(r->timeout_backoff <= BACKOFF_MAX);
    return r->timeout_sent_ns + pacemaker_backoff_ns(&r->pacemaker, r->draining ? 0 : r->timeout_backoff);
}

static void count_repeat(struct replica *r)
{
    r->timeout_repeats += r->timeout_repeats < REPEATS_MAX ? 1 : 0;
    r->timeout_backoff += r->timeout_backoff < BACKOFF_MAX ? 1 : 0;
    ASSERT(r->timeout_repeats <= REPEATS_MAX);
    ASSERT(r->timeout_backoff <= BACKOFF_MAX);
}

/* repeat says an own TIMEOUT again while nobody ends the view (T7). A leader without a request, whom too few have followed for others to join (T3), ends it: whoever has work would wait for a time (T4, J4). */
static void repeat(struct replica *r)
{
    uint64_t due_ns = repeat_due_ns(r);
    bool bounded = pool_live_count(r->pool) == 0 && !r->work_certified;

    ASSERT(r->safety.state.timeout_view >= (int64_t)r->view);
    if (bounded && r->timeout_repeats >= REPEATS_MAX) {
        return;
    }
    if (r->now.mono_ns < due_ns) {
        replica_want(r, due_ns);
        return;
    }
    count_repeat(r);
    r->timeout_cause = cause_of(r) != CAUSE_NONE ? cause_of(r) : r->timeout_cause;
    replica_resend_timeout(r, r->others);
    if (replica_is_leader(r) && pool_live_count(r->pool) == 0 && others_from(r, r->view) < r->faults) {
        replica_abdicate(r);
    }
    bool states = may_state(r);
    if (!states) {
        r->timeout_sent_ns = r->now.mono_ns;
    }
    if (!states || (!bounded && is_alone(r))) {
        replica_query(r, cause_of(r)); /* T6: it must not sign, but may ask; or nobody joins, and they may have what it waits for. */
    }
    replica_want(r, repeat_due_ns(r));
}

/* charge_stray makes a member wait before it can end a view of this leader by itself again. */
static void charge_stray(struct replica *r, uint32_t member)
{
    struct peer *peer = &r->peers[member];

    uint64_t before_ns = peer->stray_wait_ns;

    ASSERT(member != r->self);
    peer->stray_wait_ns = before_ns == 0 ? STRAY_WAIT_NS : 2 * before_ns;
    peer->stray_ns = r->now.mono_ns + peer->stray_wait_ns;
    ASSERT(peer->stray_ns - r->now.mono_ns >= STRAY_WAIT_NS); /* T8: once in 10 minutes, */
    ASSERT(peer->stray_wait_ns >= 2 * before_ns);             /* T8: doubling */
}

/* give_way abdicates for members that timed out alone: each of them has used up its turn. */
static void give_way(struct replica *r, const struct member_set *gone)
{
    ASSERT(r->n - member_set_count(gone) < r->quorum + 1); /* T8: one voter more that fails, and nothing is certified */
    ASSERT(!r->lead.in_flight);                            /* T8: at a quiet moment */
    ASSERT(pool_live_count(r->pool) == 0);                 /* T8 */
    for (uint32_t member = 0; member < r->n; member++) {
        if (member_set_has(gone, member)) {
            charge_stray(r, member);
        }
    }
    replica_abdicate(r);
}

/* stray gives the view up at a quiet moment when members that timed out alone leave fewer than q + 1 voters (T8). */
static void stray(struct replica *r)
{
    struct member_set gone = { { 0 } };
    bool due = false;

    for (uint32_t member = 0; member < r->n; member++) {
        const struct peer *peer = &r->peers[member];
        if (member != r->self && peer->has_timeout && peer->timeout_view >= r->view) {
            member_set_add(&gone, member);
            due = due || r->now.mono_ns >= peer->stray_ns;
        }
    }
    bool quiet = !r->lead.in_flight && pool_live_count(r->pool) == 0 && !r->work_certified;
    if (due && quiet && r->lead.active && r->n - member_set_count(&gone) < r->quorum + 1) {
        give_way(r, &gone);
    }
}

/* has_abstainer: a member says that it must sign nothing in this view; its leader ends it (T4). It is a claim, so it counts as seldom as a
 * TIMEOUT that stands alone (T8, J3). */
static bool has_abstainer(struct replica *r)
{
    bool found = false;

    ASSERT(r->lead.active);
    for (uint32_t member = 0; member < r->n; member++) {
        struct peer *peer = &r->peers[member];
        if (peer->abstains_below > r->view && member != r->self && r->now.mono_ns >= peer->stray_ns) {
            charge_stray(r, member);
            found = true;
        }
        peer->abstains_below = 0;
    }
    return found;
}

/* broadcast hands everybody the live requests that the leader does not take up (Q3: t1). */
static void broadcast(struct replica *r)
{
    uint64_t wait_ns = leader_is_linked(r) ? pacemaker_base_ns(&r->pacemaker) / 2 : 0;
    uint64_t from_ns = pool_broadcast_from_ns(r->pool);

    ASSERT(r->safety.state.timeout_view < (int64_t)r->view);
    if (from_ns == UINT64_MAX || r->n == 1) {
        return;
    }
    from_ns = from_ns > r->view_entered_ns ? from_ns : r->view_entered_ns;
    if (from_ns + wait_ns > r->now.mono_ns) {
        replica_want(r, from_ns + wait_ns);
        return;
    }
    struct writer room = effects_room(r->out);
    room.offset = pool_broadcast_next(r->pool, r->now.mono_ns - wait_ns, room.data, MESSAGE_CAUSE_BYTES_MAX);
    if (room.offset == 0) {
        return;
    }
    r->msg.type = MESSAGE_FORWARD;
    r->msg.forward.commands = effects_take(r->out, &room);
    replica_send(r, r->others, 0, NULL);
    replica_want(r, r->now.mono_ns);
}

/* give_up times the view out. A member that must not sign that asks for what it lacks instead, a few times. */
static void give_up(struct replica *r, uint64_t tau_ns)
{
    ASSERT(r->safety.state.timeout_view < (int64_t)r->view);
    replica_timeout(r, r->view, cause_of(r));
    if (r->safety.state.timeout_view >= (int64_t)r->view) {
        replica_want(r, r->now.mono_ns + tau_ns);
        return;
    }
    if (r->now.mono_ns >= repeat_due_ns(r)) {
        if (pool_live_count(r->pool) == 0 && r->timeout_repeats >= REPEATS_MAX) {
            return;
        }
        count_repeat(r);
        r->timeout_sent_ns = r->now.mono_ns;
        replica_query(r, cause_of(r));
    }
    replica_want(r, repeat_due_ns(r));
}

void replica_pump_time(struct replica *r)
{
    uint64_t tau_ns = pacemaker_timeout_ns(&r->pacemaker);

    ASSERT(r->progress_ns <= r->now.mono_ns); /* T5 */
    watch(r);
    stray(r);
    if (r->lead.active && has_abstainer(r)) { /* Under load something always flies. */
        replica_abdicate(r);
    }
    if (r->safety.state.timeout_view >= (int64_t)r->view) {
        repeat(r);
        return;
    }
    broadcast(r);
    bool bypassed = pool_is_bypassed(r->pool) || r->followed_blocks > r->config.epoch.limits.term_blocks_max + r->config.epoch.limits.term_blocks_max / 10;
    uint64_t base_ns = bypassed ? 0 : replica_stuck_base_ns(r); /* Q4, L6: as if t2 had expired */
    if (base_ns == UINT64_MAX) {
        return;
    }
    if (r->now.mono_ns >= base_ns + tau_ns) {
        give_up(r, tau_ns);
        return;
    }
    if (r->now.mono_ns >= base_ns + tau_ns / 2 && r->queried_base_ns != base_ns) {
        ASSERT(r->safety.state.timeout_view < (int64_t)r->view); /* T6: the vote of this view is not burnt yet */
        r->queried_base_ns = base_ns;
        replica_query(r, cause_of(r)); /* T6 */
    }
    replica_want(r, r->queried_base_ns == base_ns ? base_ns + tau_ns : base_ns + tau_ns / 2);
}
