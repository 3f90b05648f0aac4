/* pool_suspect.c: sources of bad signatures (R1). One bad signature makes its payer, a client or a member, a suspect for a while.
 *
 *     ring of those that nothing is held against <--POOL_SUSPECT_NS without a bad signature-- ring of suspects
 *                                                \------------- a bad signature ------------->
 *
 * Suspects are checked apart, a few at a time, and all of them together have one ration. So whoever sends bad signatures, under whatever
 * number of names, spoils one batch with each name and then costs a fixed number of checks.
 *
 * Invariants: a payer with a queue is in the ring that its flag names; queued counts the items of all queues in the ring. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

static struct pool_ring *ring_of(struct pool *pool, uint32_t payer)
{
    ASSERT(payer < pool->free_clients.end);
    return &pool->rings[pool->payers[payer].suspect ? RING_SUSPECTS : RING_TRUSTED];
}

void ring_enter(struct pool *pool, uint64_t now_ns, uint32_t payer)
{
    struct pool_payer *p = &pool->payers[payer];

    ASSERT(p->queue.count > 0);
    ASSERT(payer < pool->free_clients.end);
    p->suspect = p->suspect_until_ns > now_ns;
    struct pool_ring *ring = ring_of(pool, payer);
    ring->queued += p->queue.count;
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

void suspect_name(struct pool *pool, struct now now, uint32_t payer)
{
    struct pool_payer *p = &pool->payers[payer];

    ASSERT(payer < pool->free_clients.end);
    pool->counted.suspects_named += p->suspect_until_ns <= now.mono_ns;
    p->suspect_until_ns = now.mono_ns + POOL_SUSPECT_NS;
    if (payer >= pool->config.members_count) {
        pool->suspects[p->client % POOL_SUSPECTS] = (struct pool_suspect){ p->client, p->suspect_until_ns };
    }
    if (p->queue.count > 0 && !p->suspect) {
        ring_leave(pool, payer);
        ring_enter(pool, now.mono_ns, payer);
        ASSERT(p->suspect); /* R1 */
    }
}

void suspect_recall(const struct pool *pool, struct pool_payer *payer)
{
    const struct pool_suspect *known = &pool->suspects[payer->client % POOL_SUSPECTS];

    payer->suspect_until_ns = known->client == payer->client ? known->until_ns : 0;
}

bool suspect_is_full(const struct pool *pool, struct now now, uint32_t payer)
{
    const struct pool_payer *p = &pool->payers[payer];

    ASSERT(payer < pool->free_clients.end);
    return p->suspect_until_ns > now.mono_ns && p->queue.count >= POOL_SUSPECT_PLACES;
}

bool suspect_client_is_full(const struct pool *pool, struct now now, uint32_t client)
{
    const struct pool_suspect *known = &pool->suspects[client % POOL_SUSPECTS];

    if (known->client != client || known->until_ns <= now.mono_ns) {
        return false; /* the usual case: one look */
    }
    uint32_t payer = payer_find(pool, client);
    return payer != POOL_NONE && suspect_is_full(pool, now, payer);
}

bool pool_is_rationed(const struct pool *pool, struct now now, uint32_t member)
{
    ASSERT(member < pool->config.members_count);
    return suspect_is_full(pool, now, member);
}

bool suspect_forgive(struct pool *pool, struct now now)
{
    uint32_t payer = pool->rings[RING_SUSPECTS].turn;

    if (payer == POOL_NONE || pool->payers[payer].suspect_until_ns > now.mono_ns) {
        return false;
    }
    ASSERT(pool->payers[payer].suspect);
    ring_leave(pool, payer);
    ring_enter(pool, now.mono_ns, payer);
    ASSERT(!pool->payers[payer].suspect);
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
