/* pool_live.c: what others are told of the requests held here. Rules R2, Q1-Q3. */
#include "consensus/pool/pool_priv.h"

#include "base/assert.h"

#include <string.h>

/* append writes one item. Gives: false when it does not fit. */
static bool append(const struct pool *pool, uint32_t index, uint8_t *out, size_t room, size_t *size)
{
    const struct pool_item *item = &pool->items[index];

    ASSERT(*size <= room);
    ASSERT(pool_is_verified_state(item->state)); /* R2, Q2: nothing is told on whose signature was not verified here */
    ASSERT(index < pool->items_max);
    if (item->bytes > room - *size) {
        return false;
    }
    memcpy(out + *size, item->data, item->bytes);
    *size += item->bytes;
    return true;
}

struct pool_ready pool_ready(const struct pool *pool)
{
    uint32_t oldest = pool->ready.head;

    ASSERT((pool->ready.count == 0) == (oldest == POOL_NONE));
    return (struct pool_ready){ pool->ready.count, pool->ready_bytes, oldest != POOL_NONE ? pool->items[oldest].since_ns : UINT64_MAX };
}

uint32_t pool_live_count(const struct pool *pool)
{
    ASSERT(pool->live.count <= pool->held);
    return pool->live.count;
}

uint64_t pool_live_oldest_ns(const struct pool *pool)
{
    ASSERT((pool->live.count == 0) == (pool->live.head == POOL_NONE));
    return pool->live.head != POOL_NONE ? pool->items[pool->live.head].since_ns : UINT64_MAX;
}

size_t pool_live_write(const struct pool *pool, uint8_t *out, size_t room)
{
    size_t size = 0;

    ASSERT(room >= POOL_COMMAND_BYTES_MAX);
    for (uint32_t i = pool->live.head; i != POOL_NONE && append(pool, i, out, room, &size); i = list_next(pool, LINK_AGE, i)) {
    }
    ASSERT(size <= room);
    return size;
}

/* skip_flying passes over what is in a block: everybody has it. If the block is abandoned, the leader changes, and all begins anew. Cursors
 * move with it, so that each item is passed once for each leader. */
static uint32_t skip_flying(const struct pool *pool, enum pool_link link, uint32_t index)
{
    ASSERT(link == LINK_OWN || link == LINK_AGE);
    while (index != POOL_NONE && pool->items[index].state == POOL_FLIGHT) {
        index = list_next(pool, link, index);
    }
    return index;
}

size_t pool_forward_next(struct pool *pool, uint8_t *out, size_t room)
{
    size_t size = 0;

    ASSERT(room >= POOL_COMMAND_BYTES_MAX);
    pool->forward_next = skip_flying(pool, LINK_OWN, pool->forward_next);
    while (pool->forward_next != POOL_NONE && append(pool, pool->forward_next, out, room, &size)) {
        pool->forward_next = skip_flying(pool, LINK_OWN, list_next(pool, LINK_OWN, pool->forward_next));
    }
    ASSERT(size <= room);
    return size;
}

bool pool_forward_waiting(struct pool *pool)
{
    pool->forward_next = skip_flying(pool, LINK_OWN, pool->forward_next);
    return pool->forward_next != POOL_NONE;
}

void pool_forward_reset(struct pool *pool)
{
    pool->forward_next = pool->own.head;
}

/* What nobody committed within t1 is told to everybody, so that it is work for all (Q3, J1). */
size_t pool_broadcast_next(struct pool *pool, uint64_t until_ns, uint8_t *out, size_t room)
{
    size_t size = 0;

    ASSERT(room >= POOL_COMMAND_BYTES_MAX);
    pool->broadcast_next = skip_flying(pool, LINK_AGE, pool->broadcast_next);
    while (pool->broadcast_next != POOL_NONE && pool->items[pool->broadcast_next].since_ns <= until_ns &&
           append(pool, pool->broadcast_next, out, room, &size)) {
        pool->broadcast_next = skip_flying(pool, LINK_AGE, list_next(pool, LINK_AGE, pool->broadcast_next));
    }
    ASSERT(size <= room);
    return size;
}

uint64_t pool_broadcast_from_ns(struct pool *pool)
{
    pool->broadcast_next = skip_flying(pool, LINK_AGE, pool->broadcast_next);
    return pool->broadcast_next != POOL_NONE ? pool->items[pool->broadcast_next].since_ns : UINT64_MAX;
}

void pool_broadcast_reset(struct pool *pool)
{
    pool->broadcast_next = pool->live.head;
}

struct pool_status pool_status(const struct pool *pool)
{
    struct pool_status status = pool->counted;

    ASSERT(pool->held <= pool->items_max);
    ASSERT(pool->held_bytes <= UINT32_MAX);
    status.commands = pool->held;
    status.bytes = (uint32_t)pool->held_bytes;
    status.unverified = pool->arrived.count + pool->verifying;
    status.waiting = pool->waiting;
    status.live = pool->live.count;
    status.outcomes = pool->outcomes_count;
    return status;
}

void pool_count(const struct pool *pool, uint32_t *of_members, uint32_t *of_clients, uint32_t *strangers)
{
    *of_clients = *strangers = 0;
    for (uint32_t member = 0; member < pool->config.members_count; member++) {
        of_members[member] = 0;
    }
    for (uint32_t i = 0; i < pool->free_items.fresh; i++) {
        const struct pool_item *item = &pool->items[i];
        if (item->state == POOL_FREE) {
            continue;
        }
        ASSERT(item->payer < pool->free_clients.end);
        if (item->payer < pool->config.members_count) {
            of_members[item->payer]++;
        } else {
            (*of_clients)++;
            *strangers += item->stranger;
        }
    }
}
