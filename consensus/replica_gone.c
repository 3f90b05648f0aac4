/* replica_gone.c: what members said that they do not have, and so whom to ask for blocks (S2, S3).
 *
 *     GONE to a question for a chain:   `old`: its log begins above: counts for 10 s, and f + 1 of these are a reason for a snapshot
 *                                       else:  it is behind itself, or cannot prove it: counts as long as an answer is waited for
 *     GONE to one for a single block:   it is not there: likewise
 *
 * Invariant: nobody's word keeps a member from being asked for longer than that, and words of one member change nothing about others. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#define WAIT_NS 150000000ull    /* for the first answer; twice as long for each further one without progress, up to 2.4 s */
#define OLD_NS 10000000000ull /* what a member said of its log counts for so long */

uint64_t replica_fetch_wait_ns(uint32_t tries)
{
    return WAIT_NS << (tries < 4 ? tries : 4);
}

/* lacks_chain: it has not the block after the newest committed one, as it said lately. */
static bool lacks_chain(const struct replica *r, const struct peer *peer)
{
    return peer->gone_height == r->history.high + 1 && peer->gone_ns > r->now.mono_ns;
}

static bool is_of(const struct replica *r, const struct lack *lack, const struct hash32 *block)
{
    return lack->until_ns > r->now.mono_ns && hash_equal(&lack->block, block);
}

static bool lacks(const struct replica *r, const struct peer *peer, const struct hash32 *block)
{
    return block == NULL ? lacks_chain(r, peer) : is_of(r, &peer->lacks[GONE_BLOCK], block) || is_of(r, &peer->lacks[GONE_REPAIR], block);
}

enum left_why replica_left(const struct replica *r, uint32_t member)
{
    const struct peer *peer = &r->peers[member];

    ASSERT(member < r->n);
    if (peer->put_back_ns > r->now.mono_ns) {
        return peer->left;
    }
    return lacks_chain(r, peer) ? LEFT_GONE : LEFT_NOT;
}

/* may_ask: a member is linked and has not said that it lacks the block; NULL: the chain. */
static bool may_ask(const struct replica *r, uint32_t member, const struct hash32 *block)
{
    ASSERT(member < r->n);
    return member != r->self && r->peers[member].linked && !lacks(r, &r->peers[member], block);
}

uint32_t replica_choose_peer(const struct replica *r, uint32_t first, const struct hash32 *block)
{
    uint32_t fallback = r->self;

    for (uint32_t i = 0; i < r->n; i++) {
        uint32_t member = (first + i) % r->n;
        if (may_ask(r, member, block) && r->peers[member].put_back_ns <= r->now.mono_ns) {
            return member;
        }
        fallback = fallback == r->self && may_ask(r, member, block) ? member : fallback;
    }
    ASSERT(fallback == r->self || r->peers[fallback].linked);
    return fallback;
}

uint32_t replica_choose_server(const struct replica *r, uint32_t turn)
{
    uint32_t fallback = r->self;

    for (uint32_t i = 0; i < r->n; i++) {
        uint32_t member = replica_leader(r, r->view + r->n - 1 - (turn + i) % r->n);
        if (may_ask(r, member, NULL) && r->peers[member].put_back_ns <= r->now.mono_ns) {
            return member;
        }
        fallback = fallback == r->self && may_ask(r, member, NULL) ? member : fallback;
    }
    ASSERT(fallback == r->self || r->peers[fallback].linked);
    return fallback;
}

/* S3, S4: f + 1 members, so that one that lies cannot make us fetch a whole state. */
bool replica_wants_snapshot(const struct replica *r)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        count += i != r->self && r->peers[i].gone_old && lacks_chain(r, &r->peers[i]);
    }
    ASSERT(count < r->n);
    return count > r->faults;
}

void replica_note_gone(struct replica *r, uint32_t from, enum gone_of of, bool old)
{
    struct peer *peer = &r->peers[from];
    const struct hash32 *block = of == GONE_CHAIN ? NULL : of == GONE_BLOCK ? &r->fetch.hash : &r->repair.hash;
    uint64_t until_ns = r->now.mono_ns + replica_fetch_wait_ns(of == GONE_REPAIR ? r->repair.tries : r->fetch.tries);

    ASSERT(from != r->self);
    ASSERT(from < r->n);
    if (block != NULL) {
        peer->lacks[of] = (struct lack){ *block, until_ns };
    } else {
        peer->gone_height = r->history.high + 1;
        peer->gone_old = old;
        peer->gone_ns = old ? r->now.mono_ns + OLD_NS : until_ns;
    }
    ASSERT(lacks(r, peer, block)); /* S3: one word of one other member, for a time */
}

bool replica_want_expiry(struct replica *r)
{
    bool any = false;

    for (uint32_t i = 0; i < r->n; i++) {
        const struct peer *peer = &r->peers[i];
        for (uint32_t of = GONE_BLOCK; of <= GONE_REPAIR && i != r->self && peer->linked; of++) {
            if (peer->lacks[of].until_ns > r->now.mono_ns) {
                replica_want(r, peer->lacks[of].until_ns);
                any = true;
            }
        }
        if (i != r->self && lacks_chain(r, peer)) {
            replica_want(r, peer->gone_ns);
            any = true;
        }
    }
    return any;
}
