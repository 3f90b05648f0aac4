/* replica_straggler.c: whoever heard nothing of the newest block of a silent chain learns of it (K1, J6).
 *
 *     block commits --> certificate of the tip --> silence
 *                        | a linked member has not said that it has the tip
 *                        +--tau--> HELLO --2 tau--> HELLO ... REPEATS_MAX times        its HELLO: it is level, or it gets an ANSWER
 *
 * A member that lost all that was said of a block does not know that there is anything to ask for, and of a silent chain nobody says more. Its leader can tell: q statements make the
 * certificate of the tip, and whoever made none of the others, though its link stands, may lack the block. Where all have stated it nothing is sent and no timer runs (Q1). */
#include "consensus/replica_priv.h"

#include "base/assert.h"

/* sought gives how often a member was asked about the newest block. */
static uint32_t sought(const struct replica *r, const struct peer *peer)
{
    ASSERT(peer->sought <= REPEATS_MAX); /* Q1 */
    return peer->sought_height == r->history.high ? peer->sought : 0;
}

/* may_lack: the link of a member stands, it did not say that it has the newest block, and was not asked often enough. */
static bool may_lack(const struct replica *r, uint32_t member)
{
    const struct peer *peer = &r->peers[member];

    ASSERT(member < r->n);
    return member != r->self && peer->linked && peer->committed_height < r->history.high && sought(r, peer) < REPEATS_MAX;
}

/* is_told: all that the leader has to say of a silent chain is said: its newest block is executed and certified, and none is in flight. */
static bool is_told(const struct replica *r)
{
    const struct checkpoints *c = &r->checkpoints;

    ASSERT(r->executed_height <= r->history.high);      /* C4 */
    ASSERT(!r->lead.active || replica_is_leader(r));    /* V1 */
    return r->lead.active && !r->lead.in_flight && c->has_cert && c->cert.checkpoint.height == r->history.high && r->executed_height == r->history.high;
}

bool replica_straggler_is_sought(const struct replica *r)
{
    bool found = false;

    for (uint32_t i = 0; i < r->n && !found && is_told(r); i++) {
        found = may_lack(r, i);
    }
    ASSERT(!found || r->checkpoints.has_cert); /* K1: before that the leader has more to say */
    return found;
}

/* due_ns: when a member is to be asked: tau_k after whatever was said to it last, then after twice as long each time (T7). */
static uint64_t due_ns(const struct replica *r, const struct peer *peer)
{
    uint64_t since_ns = peer->greeted_ns > r->view_entered_ns ? peer->greeted_ns : r->view_entered_ns;

    since_ns = since_ns > r->checkpoints.asked_ns ? since_ns : r->checkpoints.asked_ns;
    ASSERT(since_ns <= r->now.mono_ns); /* Q1 */
    return since_ns + pacemaker_backoff_ns(&r->pacemaker, sought(r, peer));
}

/* seek asks a member where it stands. */
static void seek(struct replica *r, uint32_t member)
{
    struct peer *peer = &r->peers[member];

    ASSERT(member != r->self);
    ASSERT(peer->linked); /* Whose link comes up says so itself. */
    peer->sought = sought(r, peer) + 1;
    peer->sought_height = r->history.high;
    ASSERT(peer->sought <= REPEATS_MAX); /* Q1 */
    replica_hello(r, member, true);
    ASSERT(peer->greeted_ns == r->now.mono_ns); /* Q1: the next one comes later */
}

void replica_pump_stragglers(struct replica *r)
{
    for (uint32_t i = 0; i < r->n && is_told(r); i++) {
        if (may_lack(r, i) && r->now.mono_ns >= due_ns(r, &r->peers[i])) {
            seek(r, i);
        }
        if (may_lack(r, i)) {
            replica_want(r, due_ns(r, &r->peers[i]));
        }
    }
    ASSERT(!replica_straggler_is_sought(r) || r->deadline_ns != UINT64_MAX); /* Q1: whoever is sought is asked at some time */
}
