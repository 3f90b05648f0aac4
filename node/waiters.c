/* waiters.c: see waiters.h. Buckets of a hash table, chained by index. Invariant: every entry is in exactly one bucket or in the free list. */
#include "node/waiters.h"

#include "base/assert.h"

#include <string.h>

void waiters_take_memory(struct waiters *waiters, struct arena *arena, uint32_t count_max)
{
    ASSERT(count_max >= 2);
    ASSERT((count_max & (count_max - 1)) == 0);
    *waiters = (struct waiters){ .count_max = count_max };
    waiters->entries = arena_take(arena, count_max, sizeof *waiters->entries);
    waiters->buckets = arena_take(arena, count_max, sizeof *waiters->buckets);
    for (uint32_t i = 0; waiters->entries != NULL && i < count_max; i++) {
        waiters->entries[i].next = i + 1 < count_max ? i + 2 : 0;
    }
    waiters->free = 1;
}

static uint32_t *bucket_of(struct waiters *waiters, const struct hash32 *tx_id)
{
    uint32_t prefix;

    memcpy(&prefix, tx_id->bytes, sizeof prefix);
    return &waiters->buckets[prefix & (waiters->count_max - 1)];
}

enum err waiters_add(struct waiters *waiters, const struct hash32 *tx_id, const struct waiter *waiter)
{
    if (waiters->count == waiters->count_max) {
        return ERR_FULL;
    }
    ASSERT(waiters->free != 0);
    uint32_t link = waiters->free;
    struct waiter_entry *entry = &waiters->entries[link - 1];
    uint32_t *bucket = bucket_of(waiters, tx_id);
    waiters->free = entry->next;
    *entry = (struct waiter_entry){ .tx_id = *tx_id, .waiter = *waiter, .next = *bucket };
    *bucket = link;
    waiters->count++;
    return ERR_OK;
}

/* unlink_at frees the entry that *place points to. */
static void unlink_at(struct waiters *waiters, uint32_t *place)
{
    uint32_t link = *place;
    struct waiter_entry *entry = &waiters->entries[link - 1];

    ASSERT(waiters->count > 0);
    *place = entry->next;
    entry->next = waiters->free;
    waiters->free = link;
    waiters->count--;
}

static bool waiter_equal(const struct waiter *a, const struct waiter *b)
{
    return a->client == b->client && a->request == b->request;
}

/* find_place gives the link that leads to the first matching entry, NULL when there is none. `only` NULL: any waiter. */
static uint32_t *find_place(struct waiters *waiters, const struct hash32 *tx_id, const struct waiter *only)
{
    uint32_t *place = bucket_of(waiters, tx_id);

    for (uint32_t steps = 0; *place != 0; steps++) {
        ASSERT(steps <= waiters->count_max);
        struct waiter_entry *entry = &waiters->entries[*place - 1];
        if (hash_equal(&entry->tx_id, tx_id) && (only == NULL || waiter_equal(&entry->waiter, only))) {
            return place;
        }
        place = &entry->next;
    }
    return NULL;
}

bool waiters_take(struct waiters *waiters, const struct hash32 *tx_id, struct waiter *waiter)
{
    uint32_t *place = find_place(waiters, tx_id, NULL);

    if (place == NULL) {
        return false;
    }
    *waiter = waiters->entries[*place - 1].waiter;
    unlink_at(waiters, place);
    return true;
}

bool waiters_cancel(struct waiters *waiters, const struct hash32 *tx_id, const struct waiter *waiter)
{
    uint32_t *place = find_place(waiters, tx_id, waiter);

    if (place == NULL) {
        return false;
    }
    unlink_at(waiters, place);
    return true;
}

void waiters_forget(struct waiters *waiters, uint64_t client)
{
    for (uint32_t b = 0; b < waiters->count_max && waiters->count > 0; b++) {
        uint32_t *place = &waiters->buckets[b];
        for (uint32_t steps = 0; *place != 0; steps++) {
            ASSERT(steps <= waiters->count_max);
            struct waiter_entry *entry = &waiters->entries[*place - 1];
            if (entry->waiter.client == client) {
                unlink_at(waiters, place);
            } else {
                place = &entry->next;
            }
        }
    }
}
