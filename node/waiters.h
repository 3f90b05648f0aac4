/* waiters.h: who waits for the receipt of which command.
 *
 * One entry per outstanding SUBMIT. The same command may be submitted by several clients, or twice by one: each gets its receipt.
 * Bounded: at most `count_max` entries, at most CLIENT_OUTSTANDING_MAX per client (the session counts). */
#ifndef WARD_NODE_WAITERS_H
#define WARD_NODE_WAITERS_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct waiter {
    uint64_t client;  /* net's id, never used again */
    uint64_t request; /* the client's id */
};

struct waiter_entry {
    struct hash32 tx_id;
    struct waiter waiter;
    uint32_t next; /* index + 1 in its bucket or in the free list; 0: end */
};

struct waiters {
    struct waiter_entry *entries; /* count_max */
    uint32_t *buckets;            /* count_max: index + 1 */
    uint32_t count_max;           /* a power of two */
    uint32_t count;
    uint32_t free;                /* index + 1 */
};

/* waiters_take_memory takes count_max entries. Needs: a power of two. */
void waiters_take_memory(struct waiters *waiters, struct arena *arena, uint32_t count_max);

/* waiters_add remembers one. Fails: ERR_FULL. Cost: O(1); tx ids are hashes, so a client cannot aim at a bucket cheaply. */
enum err waiters_add(struct waiters *waiters, const struct hash32 *tx_id, const struct waiter *waiter);

/* waiters_take removes one waiter of a command, the newest first. Gives: false when nobody waits for it any more. */
bool waiters_take(struct waiters *waiters, const struct hash32 *tx_id, struct waiter *waiter);

/* waiters_cancel removes one waiter of a command, that one. Gives: false when it does not wait. */
bool waiters_cancel(struct waiters *waiters, const struct hash32 *tx_id, const struct waiter *waiter);

/* waiters_forget removes every entry of a client that is gone. Cost: one pass over the table. */
void waiters_forget(struct waiters *waiters, uint64_t client);

#endif
