/* waiters.h: the requests of clients that have no final answer yet.
 *
 *     open --token--> admit(tx id) --take(tx id)--> receipt
 *       \                  \
 *        +----close---------+-----> refusal
 *
 * One entry per outstanding SUBMIT. The same command may be submitted by several clients, or twice by one: each gets its receipt.
 * Bounded: at most `count_max` entries in all; the session bounds each client. */
#ifndef WARD_NODE_WAITERS_H
#define WARD_NODE_WAITERS_H

#include "base/arena.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct waiter {
    uint64_t client;  /* net's id, never used again */
    uint64_t request; /* the client's id */
};

struct waiter_entry {
    struct hash32 tx_id; /* once admitted */
    struct waiter waiter;
    uint32_t generation; /* counts the uses of this entry: a token of an earlier use is void */
    uint32_t next;       /* index + 1 in its bucket or in the free list; 0: end */
    bool open;
    bool admitted;       /* in a bucket */
};

struct waiters {
    struct waiter_entry *entries; /* count_max */
    uint32_t *buckets;            /* count_max: index + 1 */
    uint32_t count_max;           /* a power of two */
    uint32_t count;
    uint32_t used;                /* entries that were ever open: behind them lies untouched memory */
    uint32_t free;                /* index + 1; of these */
};

/* waiters_init takes count_max entries. Needs: a power of two. */
void waiters_init(struct waiters *waiters, struct arena *arena, uint32_t count_max);

/* waiters_open remembers a request. Gives: its token, or 0 when the table is full. */
uint64_t waiters_open(struct waiters *waiters, const struct waiter *waiter);

/* waiters_admit names the command of an open request. Gives: its waiter in *waiter; false when the token is void (the client left). */
bool waiters_admit(struct waiters *waiters, uint64_t token, const struct hash32 *tx_id, struct waiter *waiter);

/* waiters_close ends a request by its token. Gives: *waiter; false when the token is void. */
bool waiters_close(struct waiters *waiters, uint64_t token, struct waiter *waiter);

/* waiters_take ends one admitted request for a command. Gives: false when nobody waits for it any more. Cost: O(1); ids are hashes. */
bool waiters_take(struct waiters *waiters, const struct hash32 *tx_id, struct waiter *waiter);

/* waiters_forget ends every request of a client that is gone. Cost: one pass over what was ever used of the table. */
void waiters_forget(struct waiters *waiters, uint64_t client);

/* waiters_check asserts that each entry is in the one list that its state says. Cost: one pass over the table. */
void waiters_check(const struct waiters *waiters);

#endif
