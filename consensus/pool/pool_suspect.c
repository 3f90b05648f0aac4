/* pool_suspect.c: sources of bad signatures (R1). One bad signature makes its payer, a client or a member, a suspect for a while; and its party, the host or user that
 * it shares with other clients, is doubted for as long.
 *
 *     ring of those that nothing is held against --a bad signature of its party--> ring of the doubted
 *                       ^            \------ a bad signature of its own ------\         |      ^
 *                       |                                                      v        v      |
 *                       \--POOL_SUSPECT_NS without a bad signature--- ring of suspects --its own time over, its party's not--
 *
 * Suspects are checked apart, a few at a time, and all of them together have one ration. The doubted are checked apart too, without a ration: an honest
 * client behind the address of one who is not is judged as fast as before, in batches that are small. So whoever sends bad signatures, over whatever number of connections, spoils one common
 * batch and then costs a fixed number of checks for each connection, once.
 *
 * Invariants: a payer with a queue is in the ring that it names; queued and payers count what is in the ring. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

static struct pool_ring *ring_of(struct pool *pool, uint32_t payer)
{
    ASSERT(payer < pool->free_clients.end);
    ASSERT(pool->payers[payer].ring < POOL_RINGS);
    return &pool->rings[pool->payers[payer].ring];
}

/* doubt_find gives what is held against a party; NULL: nothing. Cost: one look, but for as long as somebody is doubted. */
static struct pool_doubt *doubt_find(struct pool *pool, uint64_t party)
{
    ASSERT(pool->doubts_count <= POOL_DOUBTS);
    for (uint32_t i = 0; i < pool->doubts_count; i++) {
        if (pool->doubts[i].party == party) {
            return &pool->doubts[i];
        }
    }
    return NULL;
}

/* belongs_to gives the ring where a payer belongs now. */
static uint32_t belongs_to(struct pool *pool, uint64_t now_ns, uint32_t payer)
{
    const struct pool_payer *p = &pool->payers[payer];

    ASSERT(payer < pool->free_clients.end);
    if (p->suspect_until_ns > now_ns) {
        return RING_SUSPECTS;
    }
    const struct pool_doubt *doubt = payer < pool->config.members_count ? NULL : doubt_find(pool, p->party);
    return doubt != NULL && doubt->until_ns > now_ns ? RING_DOUBTED : RING_TRUSTED;
}

void ring_enter(struct pool *pool, uint64_t now_ns, uint32_t payer)
{
    struct pool_payer *p = &pool->payers[payer];

    ASSERT(p->queue.count > 0);
    ASSERT(payer < pool->free_clients.end);
    p->ring = belongs_to(pool, now_ns, payer);
    struct pool_ring *ring = ring_of(pool, payer);
    ring->queued += p->queue.count;
    ring->payers++;
    if (ring->turn == POOL_NONE) {
        p->ring_prev = payer;
        p->ring_next = payer;
        ring->turn = payer;
        return;
    }
    struct pool_payer *first = &pool->payers[ring->turn];
    p->ring_next = ring->turn; /* behind all others */
    p->ring_prev = first->ring_prev;
    pool->payers[p->ring_prev].ring_next = payer;
    first->ring_prev = payer;
}

void ring_leave(struct pool *pool, uint32_t payer)
{
    struct pool_payer *p = &pool->payers[payer];
    struct pool_ring *ring = ring_of(pool, payer);

    ASSERT(ring->turn != POOL_NONE);
    ASSERT(ring->queued >= p->queue.count);
    ASSERT(payer < pool->free_clients.end);
    ring->queued -= p->queue.count;
    ring->payers--;
    if (p->ring_next == payer) {
        ring->turn = POOL_NONE;
        return;
    }
    pool->payers[p->ring_prev].ring_next = p->ring_next;
    pool->payers[p->ring_next].ring_prev = p->ring_prev;
    if (ring->turn == payer) {
        ring->turn = p->ring_next;
    }
}

/* move takes a payer out of its ring and puts it where it belongs now. */
static void move(struct pool *pool, struct now now, uint32_t payer)
{
    ring_leave(pool, payer);
    ring_enter(pool, now.mono_ns, payer);
}

/* doubt_place gives the place of a party that nothing was held against: a new one, else that whose time is over first. */
static struct pool_doubt *doubt_place(struct pool *pool)
{
    struct pool_doubt *first = &pool->doubts[0];

    for (uint32_t i = 1; i < pool->doubts_count; i++) {
        first = pool->doubts[i].until_ns < first->until_ns ? &pool->doubts[i] : first;
    }
    return pool->doubts_count < POOL_DOUBTS ? &pool->doubts[pool->doubts_count++] : first;
}

void suspect_forget(struct pool *pool, struct now now)
{
    uint32_t kept = 0;

    ASSERT(pool->doubts_count <= POOL_DOUBTS);
    for (uint32_t i = 0; i < pool->doubts_count; i++) {
        if (pool->doubts[i].until_ns > now.mono_ns) {
            pool->doubts[kept++] = pool->doubts[i];
        }
    }
    pool->doubts_count = kept;
}

/* doubt_party doubts all clients of a party from now on: what waits of them leaves the common ring. */
static void doubt_party(struct pool *pool, struct now now, uint64_t party)
{
    struct pool_ring *common = &pool->rings[RING_TRUSTED];

    suspect_forget(pool, now);
    struct pool_doubt *doubt = doubt_find(pool, party);
    if (doubt != NULL) {
        doubt->until_ns = now.mono_ns + POOL_SUSPECT_NS;
        return; /* All of them left when it was doubted first. */
    }
    pool->counted.parties_doubted++;
    *doubt_place(pool) = (struct pool_doubt){ party, now.mono_ns + POOL_SUSPECT_NS };
    for (uint32_t left = common->payers, payer = common->turn; left > 0; left--) {
        uint32_t next = pool->payers[payer].ring_next;
        if (payer >= pool->config.members_count && pool->payers[payer].party == party) {
            move(pool, now, payer);
            ASSERT(pool->payers[payer].ring != RING_TRUSTED); /* R1 */
        }
        payer = next;
    }
}

void suspect_name(struct pool *pool, struct now now, uint32_t payer)
{
    struct pool_payer *p = &pool->payers[payer];

    ASSERT(payer < pool->free_clients.end);
    pool->counted.suspects_named += p->suspect_until_ns <= now.mono_ns;
    p->suspect_until_ns = now.mono_ns + POOL_SUSPECT_NS;
    if (payer >= pool->config.members_count) {
        pool->suspects[p->client % POOL_SUSPECTS] = (struct pool_suspect){ p->client, p->party, p->suspect_until_ns };
        doubt_party(pool, now, p->party);
    }
    if (p->queue.count > 0 && p->ring != RING_SUSPECTS) {
        move(pool, now, payer);
        ASSERT(p->ring == RING_SUSPECTS); /* R1 */
    }
}

void suspect_recall(const struct pool *pool, struct pool_payer *payer)
{
    const struct pool_suspect *known = &pool->suspects[payer->client % POOL_SUSPECTS];

    payer->suspect_until_ns = known->client == payer->client && known->party == payer->party ? known->until_ns : 0;
}

bool suspect_is_full(const struct pool *pool, struct now now, uint32_t payer)
{
    const struct pool_payer *p = &pool->payers[payer];

    ASSERT(payer < pool->free_clients.end);
    return p->suspect_until_ns > now.mono_ns && p->queue.count >= POOL_SUSPECT_PLACES;
}

bool suspect_client_is_full(const struct pool *pool, struct now now, const struct pool_source *source)
{
    const struct pool_suspect *known = &pool->suspects[source->client % POOL_SUSPECTS];

    if (known->client != source->client || known->party != source->party || known->until_ns <= now.mono_ns) {
        return false; /* the usual case: one look */
    }
    uint32_t payer = payer_find(pool, source);
    return payer != POOL_NONE && suspect_is_full(pool, now, payer);
}

bool pool_is_rationed(const struct pool *pool, struct now now, uint32_t member)
{
    ASSERT(member < pool->config.members_count);
    return suspect_is_full(pool, now, member);
}

bool suspect_forgive(struct pool *pool, struct now now, uint32_t which)
{
    uint32_t payer = pool->rings[which].turn;

    if (payer == POOL_NONE || belongs_to(pool, now.mono_ns, payer) == which) {
        return false;
    }
    ASSERT(pool->payers[payer].ring == which);
    move(pool, now, payer);
    ASSERT(pool->payers[payer].ring != which);
    return true;
}

uint64_t suspect_due_ns(const struct pool *pool)
{
    return pool->suspects_paid_ns;
}

void suspect_charge(struct pool *pool, struct now now, uint32_t checks)
{
    uint64_t from_ns = pool->suspects_paid_ns > now.mono_ns ? pool->suspects_paid_ns : now.mono_ns;

    ASSERT(pool->suspects_paid_ns <= now.mono_ns); /* R1: the ration was there */
    ASSERT(checks <= POOL_SUSPECT_BATCH * COMMAND_SIGNATURES_MAX);
    pool->suspects_paid_ns = from_ns + checks * (UINT64_C(1000000000) / POOL_SUSPECT_CHECKS);
    pool->counted.suspect_checks += checks;
}
