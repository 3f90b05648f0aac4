/* workload.h: the clients: they sign real commands, send them to a replica, go to the next one when no answer comes, and remember what they were
 * told. Source: R3.
 *
 * A client knows only what replicas tell it. A receipt (a replica that it asked executed the command) is final; a refusal is not, unless it
 * says that the nonce was used. */
#ifndef WARD_SIM_WORLD_WORKLOAD_H
#define WARD_SIM_WORLD_WORKLOAD_H

#include "sim/world/cast.h"
#include "sim/oracle/consent.h"
#include "sim/oracle/facts.h"
#include "sim/oracle/history.h"
#include "sim/oracle/oracle.h"
#include "sim/world/trace.h"

#include <stdbool.h>
#include <stdint.h>

#define WORKLOAD_RESEND_NS UINT64_C(250000000)   /* R3: without any answer */
#define WORKLOAD_ROUNDS_MAX 5u                   /* doublings of it while nobody answers: 8 s at most */
#define WORKLOAD_RECEIPT_NS UINT64_C(2000000000) /* after ADMITTED */
#define WORKLOAD_ANY UINT32_MAX                  /* to whom: drawn by name */

/* One command of a client, over all its signings and sendings. */
struct request {
    uint32_t number; /* from 1: token, and name in the story */
    uint32_t sender; /* of the cast */
    uint32_t target; /* replica that was asked last */
    bool sticky;     /* never asks another */
    bool told;       /* has its receipt */
    uint64_t height; /* in which it was told to be */
    uint64_t floor;  /* highest block that any client was told of before this one asked: its own must be a later one */
    uint64_t due_ns; /* when it is sent, or sent again */
    uint64_t told_ns, first_ns;
    struct member_set asked; /* replicas with an open connection that know it */
    uint32_t sendings;
    struct cast_command command;
};

/* Why a replica did not take a request. */
struct refused {
    uint16_t code; /* enum code, or enum refusal */
    uint32_t retry_after_ms;
};

struct workload_load {
    uint64_t next_ns, interval_ns, end_ns;
    uint32_t target;
    bool sticky; /* never ask another */
};

struct workload {
    const struct cast *cast;
    struct failure *failure;
    struct trace *trace;
    struct request *requests; /* by number - 1 */
    uint32_t count, capacity, told;
    uint32_t open_first;      /* all requests below are told */
    uint64_t *nonces;         /* newest of each sender */
    struct cast_ticket *tickets; /* of requests for access that were told, in their order; of those that were denied a few */
    uint32_t tickets_count, tickets_room;
    struct facts ids;         /* transaction id -> number */
    struct workload_load load;
    uint32_t turn;            /* whose turn it is among the senders */
    uint64_t told_height;     /* highest block that a client was told of */
    const struct consent *consent; /* tells which requests were given a ticket; set after init; NULL: nobody does */
    struct history *history;  /* what clients wrote and read; set after init; NULL: nobody keeps it */
    uint64_t due_ns;   /* what workload_due_ns found out, */
    bool due_known;    /* ... unless something happened since */
};

void workload_init(struct workload *workload, const struct cast *cast, struct failure *failure, struct trace *trace);
void workload_close(struct workload *workload);

/* workload_ticket gives one of the newest tickets that were told, drawn by a name: of that patient when there is one, most of the time. An id of zeros: none was told. */
struct cast_ticket workload_ticket(const struct workload *workload, uint64_t a, uint64_t b, uint32_t patient);

/* workload_submit lets the next sender in turn send one command to a replica at now_ns. */
void workload_submit(struct workload *workload, uint64_t now_ns, uint32_t target, bool sticky);

/* workload_load_start starts a stream: one command each interval_ns from next_ns on, until end_ns. Needs: interval_ns > 0. */
void workload_load_start(struct workload *workload, const struct workload_load *load);

/* workload_due_ns gives when the next sending is due; UINT64_MAX: none. */
uint64_t workload_due_ns(struct workload *workload);

/* workload_take gives a request that is to be sent to request->target now, or NULL. It is signed, and its next sending is set. */
const struct request *workload_take(struct workload *workload, uint64_t now_ns);

/* Answers. workload_lost: the connection to a replica ended; whoever waits there goes to the next. */
void workload_admitted(struct workload *workload, uint64_t now_ns, uint32_t member, uint64_t token);
void workload_refused(struct workload *workload, const struct oracle *oracle, uint64_t now_ns, uint32_t member, uint64_t token, const struct refused *refused);
void workload_executed(struct workload *workload, uint64_t now_ns, uint32_t member, const struct apply_block *block);
void workload_lost(struct workload *workload, uint64_t now_ns, uint32_t member);

/* workload_is_done: every request has its receipt and no stream runs. */
bool workload_is_done(const struct workload *workload);

#endif
