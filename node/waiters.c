/* waiters.c: see waiters.h. Buckets of a hash table, chained by index. Invariant: an entry below `used` is free, or open; an open one is in exactly one
 * bucket iff it is admitted. */
#include "node/waiters.h"

#include "base/assert.h"

#include <string.h>

void waiters_init(struct waiters *waiters, struct arena *arena, uint32_t count_max)
{
    ASSERT(count_max >= 2);
    ASSERT((count_max & (count_max - 1)) == 0);
    *waiters = (struct waiters){ .count_max = count_max };
    waiters->entries = arena_take(arena, count_max, sizeof *waiters->entries);
    waiters->buckets = arena_take(arena, count_max, sizeof *waiters->buckets);
}

static uint32_t *bucket_of(struct waiters *waiters, const struct hash32 *tx_id)
{
    uint32_t prefix;

    memcpy(&prefix, tx_id->bytes, sizeof prefix);
    return &waiters->buckets[prefix & (waiters->count_max - 1)];
}

uint64_t waiters_open(struct waiters *waiters, const struct waiter *waiter)
{
    if (waiters->free == 0 && waiters->used == waiters->count_max) {
        return 0;
    }
    uint32_t link = waiters->free != 0 ? waiters->free : ++waiters->used;
    struct waiter_entry *entry = &waiters->entries[link - 1];
    ASSERT(!entry->open);
    waiters->free = waiters->free != 0 ? entry->next : 0;
    *entry = (struct waiter_entry){ .waiter = *waiter, .generation = entry->generation + 1, .open = true };
    waiters->count++;
    return (uint64_t)entry->generation << 32 | link;
}

/* find_open gives the entry of a token, NULL when it is void. */
static struct waiter_entry *find_open(struct waiters *waiters, uint64_t token)
{
    uint32_t link = (uint32_t)token;

    if (link == 0 || link > waiters->used) {
        return NULL;
    }
    struct waiter_entry *entry = &waiters->entries[link - 1];
    return entry->open && entry->generation == token >> 32 ? entry : NULL;
}

bool waiters_admit(struct waiters *waiters, uint64_t token, const struct hash32 *tx_id, struct waiter *waiter)
{
    struct waiter_entry *entry = find_open(waiters, token);

    if (entry == NULL || entry->admitted) {
        return false;
    }
    uint32_t *bucket = bucket_of(waiters, tx_id);
    entry->tx_id = *tx_id;
    entry->admitted = true;
    entry->next = *bucket;
    *bucket = (uint32_t)token;
    *waiter = entry->waiter;
    return true;
}

static void free_entry(struct waiters *waiters, uint32_t link)
{
    struct waiter_entry *entry = &waiters->entries[link - 1];

    ASSERT(entry->open);
    ASSERT(waiters->count > 0);
    entry->open = false;
    entry->admitted = false;
    entry->next = waiters->free;
    waiters->free = link;
    waiters->count--;
}

/* unlink_from_bucket takes an admitted entry out of its bucket. */
static void unlink_from_bucket(struct waiters *waiters, uint32_t link)
{
    uint32_t *place = bucket_of(waiters, &waiters->entries[link - 1].tx_id);

    for (uint32_t steps = 0; *place != link; steps++) {
        ASSERT(*place != 0);
        ASSERT(steps < waiters->count_max);
        place = &waiters->entries[*place - 1].next;
    }
    *place = waiters->entries[link - 1].next;
}

static void end_entry(struct waiters *waiters, uint32_t link)
{
    if (waiters->entries[link - 1].admitted) {
        unlink_from_bucket(waiters, link);
    }
    free_entry(waiters, link);
}

bool waiters_close(struct waiters *waiters, uint64_t token, struct waiter *waiter)
{
    struct waiter_entry *entry = find_open(waiters, token);

    if (entry == NULL) {
        return false;
    }
    *waiter = entry->waiter;
    end_entry(waiters, (uint32_t)token);
    return true;
}

bool waiters_take(struct waiters *waiters, const struct hash32 *tx_id, struct waiter *waiter)
{
    uint32_t link = *bucket_of(waiters, tx_id);

    for (uint32_t steps = 0; link != 0; steps++) {
        ASSERT(steps < waiters->count_max);
        struct waiter_entry *entry = &waiters->entries[link - 1];
        if (hash_equal(&entry->tx_id, tx_id)) {
            *waiter = entry->waiter;
            end_entry(waiters, link);
            return true;
        }
        link = entry->next;
    }
    return false;
}

void waiters_forget(struct waiters *waiters, uint64_t client)
{
    for (uint32_t i = 0; i < waiters->used && waiters->count > 0; i++) {
        if (waiters->entries[i].open && waiters->entries[i].waiter.client == client) {
            end_entry(waiters, i + 1);
        }
    }
}

/* check_list walks a free list or a bucket. Gives: how many are in it. */
static uint32_t check_list(const struct waiters *waiters, uint32_t link, bool open)
{
    uint32_t count = 0;

    for (; link != 0; link = waiters->entries[link - 1].next) {
        ASSERT(link <= waiters->count_max);
        ASSERT(count < waiters->count_max); /* no list runs in a circle */
        ASSERT(waiters->entries[link - 1].open == open);
        ASSERT(waiters->entries[link - 1].admitted == open);
        count++;
    }
    return count;
}

void waiters_check(const struct waiters *waiters)
{
    uint32_t open = 0, admitted = 0, chained = 0;

    for (uint32_t i = 0; i < waiters->count_max; i++) {
        open += waiters->entries[i].open;
        admitted += waiters->entries[i].admitted;
        chained += check_list(waiters, waiters->buckets[i], true);
    }
    ASSERT(open == waiters->count);
    ASSERT(admitted == chained);
    ASSERT(waiters->used <= waiters->count_max);
    ASSERT(check_list(waiters, waiters->free, false) == waiters->used - waiters->count);
}
