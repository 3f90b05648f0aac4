/* pool_verify.c: signatures, in batches. Rule R1.
 *
 *     queue of each payer --in turn--> batch --verdicts--> holder of its (account, nonce)
 *                                                    \---> refused; or joined to the holder that was quicker
 *
 * While an item is in a batch its bytes stay where they are, whatever happens to it (DOOMED). */
#include "consensus/pool_priv.h"

#include "base/assert.h"

#include <string.h>

static void ring_enter(struct pool *pool, uint32_t payer)
{
    struct pool_payer *p = &pool->payers[payer];

    if (pool->payers_ring == POOL_NONE) {
        p->ring_prev = payer;
        p->ring_next = payer;
        pool->payers_ring = payer;
        return;
    }
    struct pool_payer *first = &pool->payers[pool->payers_ring];
    p->ring_next = pool->payers_ring; /* behind all others */
    p->ring_prev = first->ring_prev;
    pool->payers[p->ring_prev].ring_next = payer;
    first->ring_prev = payer;
}

static void ring_leave(struct pool *pool, uint32_t payer)
{
    struct pool_payer *p = &pool->payers[payer];

    ASSERT(pool->payers_ring != POOL_NONE);
    if (p->ring_next == payer) {
        pool->payers_ring = POOL_NONE;
        return;
    }
    pool->payers[p->ring_prev].ring_next = p->ring_next;
    pool->payers[p->ring_next].ring_prev = p->ring_prev;
    if (pool->payers_ring == payer) {
        pool->payers_ring = p->ring_next;
    }
}

void pool_queue(struct pool *pool, uint32_t index)
{
    uint32_t payer = pool->items[index].payer;

    ASSERT(pool->items[index].state == POOL_UNVERIFIED);
    list_push(pool, &pool->arrived, LINK_AGE, index);
    list_push(pool, &pool->payers[payer].queue, LINK_QUEUE, index);
    if (pool->payers[payer].queue.count == 1) {
        ring_enter(pool, payer);
    }
}

void pool_unqueue(struct pool *pool, uint32_t index)
{
    uint32_t payer = pool->items[index].payer;

    ASSERT(pool->items[index].state == POOL_UNVERIFIED);
    list_remove(pool, &pool->arrived, LINK_AGE, index);
    list_remove(pool, &pool->payers[payer].queue, LINK_QUEUE, index);
    if (pool->payers[payer].queue.count == 0) {
        ring_leave(pool, payer);
    }
}

/* --- Taking ------------------------------------------------------------------------------------------------------------ */

static struct pool_batch *closed_batch(struct pool *pool)
{
    for (uint32_t i = 0; i < POOL_BATCHES; i++) {
        if (!pool->batches[i].open) {
            return &pool->batches[i];
        }
    }
    return NULL;
}

uint64_t pool_verify_due_ns(const struct pool *pool)
{
    uint64_t wait_ns = (uint64_t)pool->config.batch_us * 1000;
    bool closed = false;

    for (uint32_t i = 0; i < POOL_BATCHES; i++) {
        closed = closed || !pool->batches[i].open;
    }
    if (pool->arrived.count == 0 || !closed) {
        return UINT64_MAX;
    }
    if (pool->arrived.count >= REQUEST_BATCH_MAX) {
        return 0;
    }
    return pool->items[pool->arrived.head].since_ns + (wait_ns < POOL_VERIFY_NS ? wait_ns : POOL_VERIFY_NS);
}

/* next_in_turn takes the oldest item of the payer whose turn it is. */
static uint32_t next_in_turn(struct pool *pool)
{
    uint32_t payer = pool->payers_ring;

    ASSERT(payer != POOL_NONE);
    uint32_t index = pool->payers[payer].queue.head;
    pool->payers_ring = pool->payers[payer].ring_next;
    pool_unqueue(pool, index);
    pool->items[index].state = POOL_VERIFYING;
    return index;
}

/* twin_of gives an item of the same bytes that is in a batch already. */
static uint32_t twin_of(const struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    for (uint32_t i = chain_first(pool, item->account, item->nonce); i != POOL_NONE; i = chain_next(pool, i)) {
        const struct pool_item *other = &pool->items[i];
        if (i != index && other->state == POOL_VERIFYING && other->bytes == item->bytes && memcmp(other->data, item->data, item->bytes) == 0) {
            return i;
        }
    }
    return POOL_NONE;
}

/* yield_to ends an item whose place another one has taken: the same command answers for it, another one excludes it. */
static void yield_to(struct pool *pool, struct now now, uint32_t index, uint32_t holder)
{
    ASSERT(index != holder);
    if (hash_equal(&pool->items[index].id, &pool->items[holder].id)) {
        pool_merge(pool, index, holder);
    } else {
        pool_refuse(pool, now, index, REFUSAL_RIVAL, POOL_RETRY_WAITED_MS);
    }
}

static void put_in_batch(struct pool *pool, struct pool_batch *batch, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];

    batch->commands_items[batch->commands++] = index;
    for (uint32_t i = 0; i < item->signatures_count; i++) {
        const uint8_t *at = item->data + item->bytes + i * sizeof(struct pool_signature);
        struct pool_signature kept;
        memcpy(&kept, at, sizeof kept);
        batch->items[batch->items_count++] = (struct sig_item){
            .key = item->data + kept.key,
            .digest = at + offsetof(struct pool_signature, digest),
            .signature = item->data + kept.signature,
        };
    }
}

/* settle_early ends an item that needs no check of its own, as a doomed one that nobody looks at. Gives: whether it did. */
static bool settle_early(struct pool *pool, uint32_t index)
{
    const struct pool_item *item = &pool->items[index];
    uint32_t holder = holder_find(pool, item->account, item->nonce);

    if (holder == POOL_NONE) {
        holder = twin_of(pool, index);
    }
    if (holder == POOL_NONE) {
        return false;
    }
    yield_to(pool, (struct now){ 0 }, index, holder);
    ASSERT(item->state == POOL_DOOMED);
    item_free(pool, index);
    return true;
}

bool pool_verify_take(struct pool *pool, uint32_t *batch, const struct sig_item **items, uint32_t *count)
{
    struct pool_batch *b = closed_batch(pool);

    if (b == NULL) {
        return false;
    }
    b->commands = 0;
    b->items_count = 0;
    for (uint32_t i = 0; i < POOL_MERGES_MAX && pool->payers_ring != POOL_NONE && b->commands < REQUEST_BATCH_MAX; i++) {
        uint32_t index = next_in_turn(pool);
        if (!settle_early(pool, index)) {
            put_in_batch(pool, b, index);
        }
    }
    if (b->commands == 0) {
        return false;
    }
    b->open = true;
    pool->verifying += b->commands;
    *batch = (uint32_t)(b - pool->batches);
    *items = b->items;
    *count = b->items_count;
    return true;
}

/* --- Verdicts ---------------------------------------------------------------------------------------------------------- */

/* judge gives OK, or the refusal that belongs to the first signature that is not valid. */
static uint16_t judge(const struct pool_item *item, const bool *verdicts)
{
    for (uint32_t i = 0; i < item->signatures_count; i++) {
        struct pool_signature kept;
        if (!verdicts[i]) {
            memcpy(&kept, item->data + item->bytes + i * sizeof kept, sizeof kept);
            ASSERT(kept.refusal != CODE_OK);
            return (uint16_t)kept.refusal;
        }
    }
    return CODE_OK;
}

/* finish ends the check of one item. Gives: whether it stays. */
static bool finish(struct pool *pool, struct now now, uint32_t index, uint16_t code)
{
    struct pool_item *item = &pool->items[index];

    if (item->state == POOL_DOOMED) {
        return false;
    }
    uint32_t holder = holder_find(pool, item->account, item->nonce);
    uint32_t share = pool->origins[item->origin].commands;
    if (code != CODE_OK) {
        pool_refuse(pool, now, index, code, 0);
    } else if (holder != POOL_NONE) {
        yield_to(pool, now, index, holder);
    } else if (share >= pool->origin_max) {
        pool_refuse(pool, now, index, REFUSAL_SHARE, POOL_RETRY_MS);
    } else {
        ASSERT(holder_find(pool, item->account, item->nonce) == POOL_NONE); /* R3 */
        pool_settle_holder(pool, now, index);
        ASSERT(holder_find(pool, item->account, item->nonce) == index); /* R3 */
        pool_admit_tokens(pool, index);
        if (item->own) {
            pool_make_own(pool, index);
        }
        return true;
    }
    ASSERT(item->state == POOL_DOOMED);
    return false;
}

void pool_verified(struct pool *pool, struct now now, uint32_t batch, const bool *verdicts, uint32_t count)
{
    ASSERT(batch < POOL_BATCHES);
    struct pool_batch *b = &pool->batches[batch];
    ASSERT(b->open);
    ASSERT(count == b->items_count);
    uint32_t at = 0;
    for (uint32_t i = 0; i < b->commands; i++) {
        uint32_t index = b->commands_items[i];
        uint32_t signatures = pool->items[index].signatures_count;
        ASSERT(at + signatures <= count);
        if (!finish(pool, now, index, judge(&pool->items[index], verdicts + at))) {
            item_free(pool, index);
        }
        at += signatures;
    }
    ASSERT(at == count);
    pool->verifying -= b->commands;
    b->open = false;
}

bool pool_has_verified(const struct pool *pool, const struct command *command)
{
    uint32_t account = account_find(pool, &command->account);
    uint32_t holder = account != POOL_NONE ? holder_find(pool, account, command->nonce) : POOL_NONE;

    if (holder == POOL_NONE) {
        return false;
    }
    const struct pool_item *item = &pool->items[holder];
    return item->bytes == command->bytes.size && memcmp(item->data, command->bytes.data, item->bytes) == 0;
}
