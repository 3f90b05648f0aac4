/* givers.h: whom a server that lags asks, held against what comes back.
 *
 *     chain      who gives less of it than was asked for and fits, or gives it late, gives way to the next one that may be asked    S2, J6
 *     snapshot   who fetches one of which nothing comes any more looks at what is offered now    S3
 *
 * What arrives is looked at, not what it made of that. */
#ifndef WARD_SIM_ORACLE_GIVERS_H
#define WARD_SIM_ORACLE_GIVERS_H

#include "wire/message.h"

#include <stdbool.h>
#include <stdint.h>

struct failure;

/* One server, in one life. */
struct givers_seat {
    uint32_t life;
    uint32_t peer;       /* asked for the chain last */
    uint32_t scanty;     /* answers of that one in a row that gave little, or late */
    bool waits;          /* ... its answer is under way */
    uint64_t asked_ns, wanted; /* when, and up to which height */
    uint64_t given_ns;   /* when something of a chain came last */
    uint64_t height;     /* of the snapshot that it fetches; 0: none */
    uint64_t fed_ns;     /* when something of that came last, or offers were asked for */
};

struct givers {
    struct failure *failure;
    struct givers_seat *seats;
    uint32_t count;
};

/* givers_init. Owns: givers_close gives memory back; failure must outlive it. */
void givers_init(struct givers *givers, uint32_t seats, struct failure *failure);
void givers_close(struct givers *givers);

/* When something happened, to which server, in which life of it. */
struct givers_moment {
    uint64_t now_ns;
    uint32_t seat, life;
};

/* givers_ask looks at a question for blocks to one member; others: somebody else could be asked as well. givers_give takes in what a member answers to it; tip: the highest
 * block that was executed anywhere: who is asked near it may have no more. */
void givers_ask(struct givers *givers, const struct givers_moment *at, uint32_t to, const struct message_fetch *fetch, bool others);
void givers_give(struct givers *givers, const struct givers_moment *at, uint32_t from, const struct message_bundle *bundle, uint64_t tip);

/* givers_ask_snapshot and givers_give_snapshot: likewise for snapshots, whoever is asked. */
void givers_ask_snapshot(struct givers *givers, const struct givers_moment *at, const struct message_snapshot_ask *ask);
void givers_give_snapshot(struct givers *givers, const struct givers_moment *at, const struct message_snapshot *snapshot);

#endif
