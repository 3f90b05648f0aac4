/* pool_check.c: the invariants A1 to A8 of pool_priv.h, and that lists, counts and states agree. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#define ACCOUNTS_SEEN 64u

struct sums {
    uint32_t held, doomed, unverified, verifying, waiting, ready, live, listed, parked;
    uint32_t own, strangers, tokens_new, tokens_admitted;
    uint64_t bytes, ready_bytes;
};

static void check_list(const struct pool *pool, const struct pool_list *list, enum pool_link link)
{
    uint32_t count = 0;
    uint32_t before = POOL_NONE;

    for (uint32_t i = list->head; i != POOL_NONE; i = list_next(pool, link, i)) {
        ASSERT(i < pool->items_max);
        ASSERT(pool->items[i].links[link][0] == before);
        ASSERT(pool->items[i].state != POOL_FREE);
        ASSERT(count < pool->items_max);
        before = i;
        count++;
    }
    ASSERT(list->tail == before);
    ASSERT(list->count == count);
}

/* A1, A3, A6: one item against its account and what is in flight. */
static void check_place(const struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    const struct pool_account *a = &pool->accounts[item->account];
    bool flying = entry_of(pool, item->account, item->nonce) != POOL_NONE;
    bool good = item->code == CODE_OK && item->nonce <= a->run;
    uint32_t holder = POOL_NONE;
    bool chained = false;

    for (uint32_t at = chain_first(pool, item->account, item->nonce); at != POOL_NONE; at = chain_next(pool, at)) {
        chained = chained || at == index;
        if (pool_is_verified_state(pool->items[at].state)) {
            ASSERT(holder == POOL_NONE); /* A1 */
            holder = at;
        }
    }
    ASSERT(chained); /* A1 */
    ASSERT(item->nonce > a->executed || flying); /* A6 */
    ASSERT(item->nonce <= a->executed || item->nonce - a->executed <= POOL_NONCE_WINDOW);
    if (!pool_is_verified_state(item->state)) {
        return;
    }
    ASSERT(holder == index); /* A1 */
    ASSERT((item->state == POOL_FLIGHT) == flying);                 /* A3 */
    ASSERT(item->live == good);                                     /* A2 */
    ASSERT(item->state == POOL_FLIGHT || (item->state == POOL_READY) == item->live);
    ASSERT(item->listed == (item->own && item->code == CODE_OK));
    ASSERT(heap_is_waiting(&item->expiry) == (item->state != POOL_FLIGHT));
}

static void add_item(struct sums *sums, const struct pool *pool, const struct pool_item *item)
{
    uint32_t tokens = 0;

    while (tokens < POOL_TOKENS_MAX && item->tokens[tokens] != 0) {
        tokens++;
    }
    sums->held++;
    sums->bytes += item->bytes;
    sums->own += item->payer >= pool->config.members_count;
    sums->strangers += item->stranger;
    sums->doomed += item->state == POOL_DOOMED;
    sums->unverified += item->state == POOL_UNVERIFIED;
    sums->verifying += item->state == POOL_VERIFYING || item->state == POOL_DOOMED;
    sums->waiting += item->state == POOL_WAITING;
    sums->ready += item->state == POOL_READY;
    sums->ready_bytes += item->state == POOL_READY ? item->bytes : 0;
    sums->live += item->live;
    sums->listed += item->listed;
    sums->parked += item->state == POOL_WAITING && item->code != CODE_OK;
    *(pool_is_verified_state(item->state) ? &sums->tokens_admitted : &sums->tokens_new) += tokens;
    ASSERT(item->state != POOL_DOOMED || tokens == 0);
}

static void check_sums(const struct pool *pool, const struct sums *sums)
{
    ASSERT(sums->held == pool->held);
    ASSERT(sums->bytes == pool->held_bytes);
    ASSERT(sums->own == pool->own_commands);
    ASSERT(sums->strangers == pool->strangers);
    ASSERT(sums->unverified == pool->arrived.count);
    ASSERT(sums->verifying == pool->verifying);
    ASSERT(sums->waiting == pool->waiting);
    ASSERT(sums->ready == pool->ready.count);
    ASSERT(sums->ready_bytes == pool->ready_bytes);
    ASSERT(sums->live == pool->live.count);
    ASSERT(sums->listed == pool->own.count);
    ASSERT(sums->parked == pool->parked.count + pool->parked_rate.count);
    ASSERT(sums->tokens_new == pool->tokens_new);
    ASSERT(sums->tokens_admitted == pool->tokens_admitted);
    ASSERT(pool->outcomes_count + 2 * pool->tokens_new + pool->tokens_admitted <= pool->outcomes_max); /* A7 */
}

/* counts tells whether a nonce counts: A2. */
static bool counts(const struct pool *pool, uint32_t account, uint64_t nonce)
{
    uint32_t holder = holder_find(pool, account, nonce);

    return (holder != POOL_NONE && pool->items[holder].code == CODE_OK) || entry_of(pool, account, nonce) != POOL_NONE;
}

/* A2: the run of an account is as long as its nonces count, and no longer. */
static void check_account(const struct pool *pool, uint32_t account)
{
    const struct pool_account *a = &pool->accounts[account];

    ASSERT(a->run >= a->executed);
    ASSERT(a->run - a->executed <= POOL_NONCE_WINDOW);
    ASSERT(a->flown >= a->executed);
    for (uint64_t nonce = a->executed + 1; nonce <= a->flown; nonce++) {
        ASSERT(entry_of(pool, account, nonce) != POOL_NONE);
    }
    for (uint64_t nonce = a->flown + 1; nonce <= a->run; nonce++) {
        ASSERT(counts(pool, account, nonce));
    }
    ASSERT(a->run - a->executed == POOL_NONCE_WINDOW || !counts(pool, account, a->run + 1));
}

/* A4: one of the rings of payers. Gives: the items in it. */
static uint32_t check_payers(const struct pool *pool, uint32_t which)
{
    const struct pool_ring *ring = &pool->rings[which];
    uint32_t queued = 0;
    uint32_t payers = 0;

    for (uint32_t p = ring->turn; p != POOL_NONE;) {
        check_list(pool, &pool->payers[p].queue, LINK_QUEUE);
        ASSERT(pool->payers[p].queue.count > 0);
        ASSERT(pool->payers[p].ring == which);
        payers++;
        ASSERT(pool->payers[pool->payers[p].ring_next].ring_prev == p);
        queued += pool->payers[p].queue.count;
        p = pool->payers[p].ring_next;
        p = p == ring->turn ? POOL_NONE : p;
    }
    ASSERT(queued == ring->queued);
    ASSERT(payers == ring->payers);
    return queued;
}

/* A4, A5: who has a list is in the ring, and nobody else. */
static void check_rings(const struct pool *pool)
{
    uint32_t queued = 0;
    uint32_t ready = 0;
    uint32_t steps = 0;

    for (uint32_t which = 0; which < POOL_RINGS; which++) {
        queued += check_payers(pool, which);
    }
    for (uint32_t o = pool->origins_turn; o != POOL_NONE; steps++) {
        check_list(pool, &pool->origins[o].ready, LINK_QUEUE);
        ASSERT(pool->origins[o].ready.count > 0);
        ASSERT(pool->origins[pool->origins[o].turn_next].turn_prev == o);
        ready += pool->origins[o].ready.count;
        o = pool->origins[o].turn_next;
        o = o == pool->origins_turn ? POOL_NONE : o;
    }
    ASSERT(queued == pool->arrived.count);
    ASSERT(ready == pool->ready.count);
    ASSERT(steps == pool->origins_active);
}

static void check_heights(const struct pool *pool)
{
    for (uint32_t i = 0; i < pool->config.blocks; i++) {
        const struct pool_height *h = &pool->heights[i];
        uint32_t count = 0;
        for (uint32_t e = h->commands > 0 ? h->top : POOL_NONE; e != POOL_NONE; e = pool->entries[e].below) {
            ASSERT(count < h->commands);
            count++;
        }
        ASSERT(count == h->commands);
    }
}

static void check_bypasses(const struct pool *pool)
{
    for (uint32_t i = 0; i + 1 < POOL_BYPASS_BLOCKS; i++) {
        ASSERT(pool->bypasses[i] <= pool->bypasses[i + 1]); /* Q4: the newest blocks that passed somebody over, in their order */
    }
}

void pool_check(const struct pool *pool)
{
    uint32_t seen[ACCOUNTS_SEEN] = { 0 }; /* accounts that were looked at, and 1: each has many items */
    struct sums sums = { 0 };
    uint32_t verified = 0;

    for (uint32_t i = 0; i < pool->free_items.fresh; i++) {
        const struct pool_item *item = &pool->items[i];
        if (item->state == POOL_FREE) {
            continue;
        }
        add_item(&sums, pool, item);
        if (item->state != POOL_DOOMED) {
            uint32_t *last = &seen[item->account % ACCOUNTS_SEEN];
            check_place(pool, i);
            if (*last != item->account + 1) {
                check_account(pool, item->account);
                *last = item->account + 1;
            }
        }
        verified += pool_is_verified_state(item->state);
    }
    check_sums(pool, &sums);
    ASSERT(pool->origins_fresh <= ORIGINS_MAX);
    for (uint32_t i = 0; i < pool->origins_fresh; i++) {
        ASSERT(pool->origins[i].commands <= verified);
        verified -= pool->origins[i].commands;
    }
    ASSERT(verified == 0);
    check_list(pool, &pool->arrived, LINK_AGE);
    check_list(pool, &pool->live, LINK_AGE);
    check_list(pool, &pool->parked, LINK_AGE);
    check_list(pool, &pool->parked_rate, LINK_AGE);
    check_list(pool, &pool->ready, LINK_READY);
    check_list(pool, &pool->own, LINK_OWN);
    check_rings(pool);
    check_heights(pool);
    debt_check(pool);
    check_bypasses(pool);
    heap_check(&pool->expiry);
    slab_check(&pool->slab);
}
