/* session.h: the clients of a replica: what they ask, what they are told, and the bounds that keep one from harming the others.
 *
 *     client frame --> session --> driver_request ...... ADMITTED | REFUSED
 *                         ^                                   |
 *                         +---- RECEIPTS when a block with the command is executed
 *
 * A client that breaks the protocol is closed and counted; one that asks too much is refused with a reason and a time (R1). */
#ifndef WARD_NODE_SESSION_H
#define WARD_NODE_SESSION_H

#include "base/arena.h"
#include "net/fair.h"
#include "net/net.h"
#include "net/throttle.h"
#include "node/driver.h"
#include "node/gates.h"
#include "node/waiters.h"
#include "wire/client.h"

#define SESSION_CODES_MAX 1024u     /* enum code and enum refusal are below */
#define SESSION_ANSWERS_MAX 16u     /* answers on their way at once, beside one of each client; more are refused as busy */
#define SESSION_ANSWERS_CLIENT_MAX 4u /* of these, to one client */
#define SESSION_RECEIPTS_FRAME 1000u /* receipts in one frame */
#define SESSION_QUESTIONS_PER_SECOND 250u /* of one client; an answer costs about 100 us, and consensus runs on the same thread */
#define SESSION_QUESTIONS_BURST 64u
#define SESSION_QUESTION_NS 100000u   /* what one question may take; a dearer one counts as several */
#define SESSION_QUESTION_COUNT_MAX 64u /* for that many at most: a thread may be held up for other reasons */
#define SESSION_QUESTIONS_PER_SECOND_ALL 1000u /* of all clients together: a tenth of a core; every party that asks has its part of them (fair.h) */
#define SESSION_QUESTIONS_BURST_ALL 256u

struct session_question {
    struct bytes question;
    bool gated; /* a quorum was asked what is committed, and all of it is executed (Q5) */
};

/* What sessions ask of the daemon. Each writes at most `room` bytes and gives 0 or a code. */
struct session_ports {
    void *context;
    uint16_t (*query)(void *context, const struct session_question *question, uint8_t *out, size_t room, size_t *size);
    uint16_t (*status)(void *context, uint8_t *out, size_t room, size_t *size);
};

struct session_config {
    uint32_t clients_max;
    uint32_t waiters_max; /* a power of two */
    uint16_t member;
    uint16_t members_count;
    struct hash32 genesis;
};

struct session_answer {
    struct payload payload; /* first: release finds the answer by it */
    uint8_t *data;          /* CLIENT_FRAME_BYTES_MAX */
    uint64_t client;        /* whom it goes to */
    bool used;
};

/* A PROVE of a client that waits for its turn. */
struct session_prove {
    bool waits;
    uint64_t id, height;
};

struct session {
    uint64_t client; /* net's id; 0: free */
    uint64_t party;  /* net's: who shares its part with others */
    bool greeted;
    bool subscribed;
    uint32_t outstanding; /* requests without a final answer, <= CLIENT_OUTSTANDING_MAX */
    uint32_t receipts;    /* index + 1 of its first receipt of the present block */
    struct throttle questions;
    struct session_prove prove;
    struct session_answer own; /* that no other client can hold; its data stays with the slot */
};

struct session_receipt {
    struct client_receipt receipt;
    uint32_t next; /* index + 1 of the same client */
};

struct session_counters {
    uint64_t submitted, admitted;
    uint64_t refused[SESSION_CODES_MAX];  /* by code */
    uint64_t receipts[SESSION_CODES_MAX]; /* sent to our own clients, by code */
    uint64_t malformed;
    uint64_t answers;
};

struct sessions {
    struct session_config config;
    struct session_ports ports;
    struct net *net;
    struct driver *driver;
    struct session *list; /* clients_max */
    struct waiters waiters;
    struct session_receipt *block_receipts; /* waiters_max: of the block being told */
    uint32_t block_receipts_count;
    struct session_answer answers[SESSION_ANSWERS_MAX];
    struct gates gates;
    struct { uint64_t client, id; bool open; } proof; /* the PROVE under way; one at a time, clients in turn */
    uint32_t prove_next;       /* session that is looked at first for the next */
    struct fair questions;     /* of all clients */
    uint64_t height, time_ms; /* of the newest executed block */
    struct session_counters counters;
};

/* sessions_waiters_max gives for how many requests there must be room so that no client takes it from another: a power of two. */
uint32_t sessions_waiters_max(uint32_t clients_max);

/* sessions_take takes all memory. net and driver are set by the owner before the first event. */
void sessions_take(struct sessions *sessions, struct arena *arena, const struct session_config *config, const struct session_ports *ports);

/* From net. party: who shares its part of questions and places with others (net.h). */
bool sessions_client_up(struct sessions *sessions, uint64_t client, uint64_t party);
void sessions_client_down(struct sessions *sessions, uint64_t client);
void sessions_client_frame(struct sessions *sessions, uint64_t client, const struct frame *frame);

/* From the driver's ports. */
void sessions_admitted(struct sessions *sessions, uint64_t token, const struct hash32 *tx_id);
void sessions_refused(struct sessions *sessions, uint64_t token, uint16_t code, uint32_t retry_after_ms);
void sessions_executed(struct sessions *sessions, const struct apply_block *block);
void sessions_read_done(struct sessions *sessions, uint64_t token, bool ok);

/* sessions_work begins what waits for its turn: answers that had no room, the next read of a quorum, the next proof. The ports above are called from within the driver, which takes nothing
 * then, so the owner calls this once in each turn. */
void sessions_work(struct sessions *sessions);

/* sessions_has_work tells whether something could go on at once: what was sent gave room for an answer. */
bool sessions_has_work(struct sessions *sessions);

/* From the driver's ports. */
void sessions_proof(struct sessions *sessions, bool ok, const struct block_header *header, struct bytes proof);

#endif
