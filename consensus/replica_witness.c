/* replica_witness.c: what others hold of our signatures (E4). A disk that was put back to an earlier state forgot what this key signed since; others did not.
 *
 *     every HELLO carries, for its receiver, the newest vote, commit vote and TIMEOUT of the receiver that the sender holds
 *
 *     start --> signs nothing --HELLO of q - 1 others and of all that are linked, none with a valid signature beyond our log--> signs
 *                           \--one with such a signature: HALT_ROLLED_BACK--> never again
 *
 * A linked member that says nothing is waited for a while. A vote is known to its leader and, once it is in a certificate, to all.
 *
 * The driver keeps signed messages back until replica_may_sign; so what is voted meanwhile is in the log and loses no time. A claim is believed only with our
 * own signature under it (S4): a liar can at most say nothing. Votes are kept as they came, unverified: their owner is the one who checks them.
 *
 * A replica whose disk is lost knows nothing of its own (E5). It asks likewise, and may go on once it knows a view that bounds whatever it signed:
 *
 *     forgot: limit unknown, signs nothing --HELLO of q others that did not forget--> limit = highest `promised`: as after a lost batch it signs nothing at
 *                                                                                    or below it (T4), and nothing at all before it is in a later view
 *
 * Why that bounds it: whoever signs anything in a view v > 0 has TC(v - 1), or joined somebody honest who has it. So q members timed v - 1 out, q - f - 1 honest
 * others among them, of n - f - 1 in all; of q others that answer q - f are honest, and one at least is among these: it says v or more. A liar can say too
 * much: then this replica is silent for longer. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

#define HELLO_INTERVAL_NS 50000000u /* HELLOs that a member may ask for: 20 in a second, */
#define HELLO_BURST 4u              /* 4 at once */

bool replica_abstains(const struct replica *r)
{
    return r->safety.limit_view != SAFETY_LIMIT_UNKNOWN && r->safety.limit_view >= (int64_t)r->view;
}

bool replica_has_rejoined(const struct replica *r)
{
    return !r->config.rejoins || (r->witness.rejoined_lsn > 0 && r->durable_lsn >= r->witness.rejoined_lsn);
}

bool replica_may_sign(const struct replica *r) { return !r->config.asks || r->witness.open; }

/* --- For others ----------------------------------------------------------------------------------------------------- */

static void hold(struct message_claim *held, const struct ballot *ballot, const uint8_t *signature)
{
    ASSERT(ballot->kind != VOTE_ROOT);
    if (held->ballot.kind == VOTE_ROOT || rank_compare(ballot->rank, held->ballot.rank) > 0) {
        held->ballot = *ballot;
        held->view = ballot->rank.view;
        memcpy(held->signature, signature, sizeof held->signature);
    }
}

void replica_witness_vote(struct replica *r, uint32_t from, const struct message_vote *vote)
{
    ASSERT(vote->ballot.kind != VOTE_ROOT);
    ASSERT(from < r->n);
    if (from != r->self) {
        hold(&r->peers[from].claims[vote->ballot.kind == VOTE_COMMIT], &vote->ballot, vote->signature);
    }
}

/* replica_witness_cert keeps what each signer of a certificate said: it is in the log, so this survives a restart. */
void replica_witness_cert(struct replica *r, const struct cert *cert)
{
    uint32_t at = 0;

    if (cert->ballot.kind == VOTE_ROOT) {
        return;
    }
    for (uint32_t i = 0; i < r->n; i++) {
        if (member_set_has(&cert->signers.members, i)) {
            ASSERT(at < QUORUM_MAX);
            hold(&r->peers[i].claims[cert->ballot.kind == VOTE_COMMIT], &cert->ballot, cert->signers.signatures[at++]);
        }
    }
}

/* promised_views: in views below this nothing is signed any more (E5). */
static uint64_t promised_views(const struct safety *safety)
{
    int64_t highest = safety->state.timeout_view > safety->limit_view ? safety->state.timeout_view : safety->limit_view;

    ASSERT(highest >= -1);
    return highest >= (int64_t)WIRE_NUMBER_MAX ? WIRE_NUMBER_MAX : (uint64_t)(highest + 1);
}

void replica_witness_fill(const struct replica *r, uint32_t to, struct message_hello *hello)
{
    const struct peer *peer = &r->peers[to];

    ASSERT(to < r->n);
    hello->forgot = r->safety.limit_view == SAFETY_LIMIT_UNKNOWN;
    hello->promised = hello->forgot ? 0 : promised_views(&r->safety);
    hello->claims_count = 0;
    for (uint32_t i = 0; i < 2; i++) {
        if (peer->claims[i].ballot.kind != VOTE_ROOT) {
            hello->claims[hello->claims_count++] = peer->claims[i];
        }
    }
    if (peer->has_timeout) {
        struct message_claim *claim = &hello->claims[hello->claims_count++];
        *claim = (struct message_claim){ .timeout = true, .view = peer->timeout_view, .ballot = { .epoch = r->config.epoch.epoch, .rank = peer->timeout_rank } };
        memcpy(claim->signature, peer->timeout_signature, sizeof claim->signature);
    }
    ASSERT(hello->claims_count <= HELLO_CLAIMS_MAX); /* E4 */
}

/* --- For ourselves -------------------------------------------------------------------------------------------------- */

/* is_beyond tells whether a claim says more than our log does. What this life itself has signed does not count: nothing before q - 1 others were heard, and
 * from its first vote and TIMEOUT up to its newest afterwards; beyond those, somebody else signs with our key at this moment. What the log abstains from, it may have lost with a batch (storage) or with its disk (E5); and what it timed
 * out forbids every vote at or below, so a vote there is older than what the log does know. */
static bool is_beyond(const struct replica *r, const struct message_claim *claim)
{
    const struct witness *w = &r->witness;
    const struct voting_state *promised = &w->promised;
    const struct safety *safety = &r->safety;

    if (claim->ballot.epoch != promised->epoch || (int64_t)claim->view <= safety->limit_view) {
        return false;
    }
    if (!claim->timeout && (int64_t)claim->view <= promised->timeout_view) {
        return false;
    }
    if (claim->timeout) {
        bool ours = w->open && safety->timed_out && claim->view >= safety->first_timeout && (int64_t)claim->view <= safety->state.timeout_view;
        return (int64_t)claim->view > promised->timeout_view && !ours;
    }
    if (claim->ballot.kind == VOTE_COMMIT) {
        return rank_compare(claim->ballot.rank, w->open ? safety->state.high : promised->high) > 0;
    }
    bool ours = w->open && safety->voted && rank_compare(claim->ballot.rank, safety->first_vote) >= 0 && rank_compare(claim->ballot.rank, safety->state.vote) <= 0;
    return (promised->vote_kind == VOTE_ROOT || rank_compare(claim->ballot.rank, promised->vote) > 0) && !ours;
}

static void verify_claim(struct replica *r, uint32_t from, const struct message_claim *claim)
{
    struct job *job = job_new(&r->jobs, JOB_CLAIM, from, false);

    ASSERT(from < r->n);
    ASSERT(from != r->self);
    if (job == NULL) {
        return; /* It is asked again. */
    }
    struct hash32 digest = claim->timeout ? timeout_digest(&r->chain_id, claim->ballot.epoch, claim->view, claim->ballot.rank) : ballot_digest(&r->chain_id, &claim->ballot);
    job->view = claim->view;
    job->rank = claim->ballot.rank;
    memcpy(job->signature, claim->signature, sizeof job->signature);
    r->witness.claims_count++;
    job_add(job, PART_SINGLES, r->config.epoch.members[r->self].sign_key, &digest, job->signature);
    replica_verify(r, job);
}

void replica_claim_verified(struct replica *r, struct job *job, const bool *verdicts)
{
    ASSERT(job->kind == JOB_CLAIM);
    ASSERT(r->witness.claims_count > 0);
    ASSERT(job->from < r->n);
    r->witness.claims_count--;
    if (!job_part_is_good(job, PART_SINGLES, verdicts)) {
        replica_refuse(r, VERDICT_SIGNATURE);
        return;
    }
    struct effect *effect = effects_add(r->out, EFFECT_HALT);
    ASSERT(job->from != r->self); /* E4 */
    effect->halt.reason = HALT_ROLLED_BACK;
    effect->halt.height = job->rank.height;
    effect->halt.view = job->view;
    effect->halt.member = job->from;
    r->halted = true;
}

/* others_wanted: so many others must be heard. */
static uint32_t others_wanted(const struct replica *r) { return r->config.rejoins ? r->quorum : r->quorum - 1; }

void replica_witness_hello(struct replica *r, uint32_t from, const struct message_hello *hello)
{
    struct witness *w = &r->witness;

    if (from == r->self) {
        return;
    }
    if (hello->asks && replica_take_token(r, &r->peers[from].hello_ns, HELLO_INTERVAL_NS, HELLO_BURST)) {
        replica_hello(r, from, false);
    }
    bool forgot = r->safety.limit_view == SAFETY_LIMIT_UNKNOWN;
    for (uint32_t i = 0; i < hello->claims_count && r->config.asks && !forgot; i++) {
        if (is_beyond(r, &hello->claims[i])) {
            verify_claim(r, from, &hello->claims[i]);
            return;
        }
    }
    if (hello->forgot) {
        return; /* It knows no more of the past than we may. */
    }
    member_set_add(&w->heard, from);
    if (hello->promised > w->told_views) {
        w->told_views = hello->promised;
        w->told_by = from;
    }
    if (w->enough_ns == 0 && member_set_count(&w->heard) >= others_wanted(r)) {
        w->enough_ns = r->now.mono_ns;
    }
}

void replica_witness_start(struct replica *r)
{
    r->witness.promised = r->safety.state;
    r->witness.asked_ns = r->now.mono_ns;
}

/* unheard gives the linked members that said nothing yet. */
static struct member_set unheard(const struct replica *r)
{
    struct member_set set = { { 0 } };

    for (uint32_t i = 0; i < r->n; i++) {
        if (i != r->self && r->peers[i].linked && !member_set_has(&r->witness.heard, i)) {
            member_set_add(&set, i);
        }
    }
    return set;
}

/* rejoin: nothing that this key ever signed is of a view above what was told; from now on it abstains up to there, and says so (E5). */
static void rejoin(struct replica *r)
{
    struct witness *w = &r->witness;
    int64_t limit = r->config.abstain && r->config.abstain_view > (int64_t)w->told_views ? r->config.abstain_view : (int64_t)w->told_views;
    struct effect *append = replica_append_begin(r);

    ASSERT(r->safety.limit_view == SAFETY_LIMIT_UNKNOWN);     /* E5: once in a life */
    ASSERT(!r->safety.voted && !r->safety.timed_out);         /* E5 */
    ASSERT(member_set_count(&w->heard) >= r->quorum);         /* E5 */
    r->safety.limit_view = limit;
    append->append.abstain_view = limit;
    w->rejoined_lsn = replica_append_end(r, append, true);
    replica_mark(r, MARK_REJOINED, r->history.high, w->told_by, (uint64_t)limit);
    for (uint32_t i = 0; i < r->n; i++) {
        if (i != r->self && r->peers[i].linked) {
            replica_hello(r, i, false);
        }
    }
}

/* may_open: q - 1 others are heard (q, if we forgot), and all that are linked, or there was time enough for them; nothing is being verified. */
static bool may_open(struct replica *r, const struct member_set *silent)
{
    struct witness *w = &r->witness;
    uint64_t until_ns = w->enough_ns + pacemaker_base_ns(&r->pacemaker);

    if (w->enough_ns == 0 || w->claims_count > 0) {
        return false;
    }
    if (member_set_is_empty(silent) || r->now.mono_ns >= until_ns) {
        return true;
    }
    replica_want(r, until_ns);
    return false;
}

/* ask_again sends those that said nothing another HELLO: the first may be lost. */
static void ask_again(struct replica *r, const struct member_set *silent)
{
    struct witness *w = &r->witness;
    uint64_t wait_ns = pacemaker_base_ns(&r->pacemaker);

    if (member_set_is_empty(silent) || (w->repeats >= REPEATS_MAX && !replica_is_outstanding(r))) {
        return; /* Q1 */
    }
    if (r->now.mono_ns >= w->asked_ns + wait_ns) {
        w->asked_ns = r->now.mono_ns;
        w->repeats++;
        for (uint32_t i = 0; i < r->n; i++) {
            if (member_set_has(silent, i)) {
                replica_hello(r, i, true);
            }
        }
    }
    replica_want(r, w->asked_ns + wait_ns);
}

void replica_pump_witness(struct replica *r)
{
    if (replica_may_sign(r)) {
        return;
    }
    struct member_set silent = unheard(r);
    r->witness.open = may_open(r, &silent);
    if (!r->witness.open) {
        ask_again(r, &silent);
    } else if (r->config.rejoins) {
        rejoin(r);
    }
}
