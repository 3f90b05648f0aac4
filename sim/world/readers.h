/* readers.h: clients that read: each asks one replica for the number of commands of an account, gated by a quorum (Q5), and the history of all of them
 * together with the writes must be linearizable (history.h). Which account is asked for, and where, is drawn by name. */
#ifndef WARD_SIM_WORLD_READERS_H
#define WARD_SIM_WORLD_READERS_H

#include "sim/oracle/history.h"
#include "sim/oracle/oracle.h"
#include "wire/member_set.h"

#define READERS_OPEN_MAX 64u

struct reading {
    uint64_t token;  /* 0: free */
    uint32_t member; /* that was asked */
    uint64_t began_ns; /* UINT64_MAX: nobody said */
    struct member_set gave; /* members whose answers were given after that */
    struct history_read read;
};

struct readers {
    struct history *history;
    struct failure *failure;
    uint64_t seed, interval_ns, next_ns; /* UINT64_MAX: no more */
    uint32_t members_count;
    struct member_set unsound;           /* liars and twins: nobody asks them */
    uint64_t count, answered, refused, lost;
    struct reading open[READERS_OPEN_MAX];
};

/* readers_init lets a client read every interval_ns; 0: nobody reads. Owns: history and failure outlive it. */
void readers_init(struct readers *readers, struct history *history, struct failure *failure, uint64_t seed, uint64_t interval_ns, uint32_t members_count,
                  const struct member_set *unsound);

/* readers_due_ns gives when the next one reads, UINT64_MAX: never. readers_stop: nobody begins any more. */
uint64_t readers_due_ns(const struct readers *readers);
void readers_stop(struct readers *readers);

/* readers_take begins the next read. Gives: false when nobody can be asked now; else its token and whom to ask. */
bool readers_take(struct readers *readers, uint64_t now_ns, uint64_t *token, uint32_t *member);

/* readers_ask begins a read of a member. Gives: its token, 0 when too many are under way. */
uint64_t readers_ask(struct readers *readers, uint32_t member, uint32_t account);

/* readers_began: the server was asked now. readers_heard: an answer that a member gave to it at given_ns came; it counts for what had begun by then. */
void readers_began(struct readers *readers, uint64_t token, uint64_t now_ns);
void readers_heard(struct readers *readers, uint32_t member, uint32_t from, uint64_t given_ns);

/* readers_account gives the account that a read is about. */
uint32_t readers_account(const struct readers *readers, uint64_t token);

/* readers_done ends a read. ok: a quorum was asked, and these are number and height; else it failed, and says nothing. What the server rests on must have been given since the read began: a quorum, itself
 * and all liars included. */
void readers_done(struct readers *readers, uint64_t token, bool ok, uint64_t number, uint64_t height);

/* readers_lost: the process of a member ended. */
void readers_lost(struct readers *readers, uint32_t member);

/* readers_open gives how many are under way. */
uint32_t readers_open(const struct readers *readers);

#endif
