/* shares.h: what one member can make another hold or do (J7; docs/protocol.md, section 13). Each bound is written here a second time, and what a server holds is counted item by item, not as its own counters have it: a bound that
 * only an assertion of production knows is none where a mistake takes both away.
 *
 *     with the verifiers      4 messages of each member at a time
 *     commands                half of all places for clients, an equal part of the other half for each member; of those of clients an eighth for senders that the state does not know
 *     answers to a member     one in a quarter of the shortest view timer, and one for each link
 *     answers to its reads    128 at once, and one each millisecond */
#ifndef WARD_SIM_ORACLE_SHARES_H
#define WARD_SIM_ORACLE_SHARES_H

#include "consensus/replica.h"

struct failure;

struct shares {
    struct failure *failure;
    uint32_t members;
    uint32_t client_commands, member_commands, stranger_commands;
    uint64_t answer_ns, read_ns; /* between two, in the time of a clock that is as fast as any */
    struct shares_ration {
        uint64_t answer_ns; /* when the next answer may leave */
        uint64_t read_ns;   /* up to when those to its reads are paid for */
    } *rations; /* of each seat, by member */
    uint32_t seats;
};

/* shares_init: pool_commands places at each server; view_ms_min is the shortest view timer; clocks are too fast by at most rate_ppm. Owns: shares_close gives memory back; failure must outlive it. */
void shares_init(struct shares *shares, uint32_t seats, uint32_t members, uint32_t pool_commands, struct failure *failure);
void shares_clocks(struct shares *shares, uint32_t view_ms_min, uint32_t rate_ppm);
void shares_close(struct shares *shares);

/* shares_began: a new life of a server, which owes nobody anything. shares_linked: it got a link to a member. */
void shares_began(struct shares *shares, uint32_t seat);
void shares_linked(struct shares *shares, uint32_t seat, uint32_t member);

/* shares_sent looks at a message that leaves a server, shares_look at what it holds behind a step of it. */
void shares_sent(struct shares *shares, uint32_t seat, uint8_t type, const struct member_set *to, uint64_t now_ns);
void shares_look(const struct shares *shares, uint32_t seat, const struct replica_shares *held);

#endif
