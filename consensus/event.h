/* event.h: everything that can happen to a replica. The driver hands over one at a time; views are read during the step only. */
#ifndef WARD_CONSENSUS_EVENT_H
#define WARD_CONSENSUS_EVENT_H

#include "base/bytes.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

/* The time, as told by the driver with each step. */
struct now {
    uint64_t mono_ns; /* for deadlines; never goes back */
    uint64_t wall_ms; /* since 1970; for block times. An administrator may step it */
};

enum event_kind {
    EVENT_START,      /* once, after restore: the first step. Sends again what a crash may have swallowed (T7) */
    EVENT_MESSAGE,    /* a whole frame body from a member; also one's own, back from the driver */
    EVENT_REQUEST,    /* a client's command */
    EVENT_VERIFIED,   /* a VERIFY effect is done */
    EVENT_DURABLE,    /* the log is durable up to a position */
    EVENT_LINK,       /* a link to a member came up or went down */
    EVENT_EXECUTED,   /* a COMMIT effect is executed, receipts and roots are known */
    EVENT_RECORD,     /* the answer to a READ_RECORD effect */
    EVENT_TIMER,      /* the deadline is reached; any step does as well */
    EVENT_DRAIN,      /* an orderly stop is wanted: give up leading, take no new requests; DRAINED follows */
    EVENT_MUTE,       /* the disk is nearly full, or has room again: sign no vote, or as usual (T9) */
    EVENT_READ,       /* a local read that gates the release of a record (Q5) */
    EVENT_PROVE,      /* somebody wants the CommitProof of a height */
    EVENT_SNAPSHOT,   /* a snapshot is durable: the log below may go, so what still counts in it is appended again (K2) */
    EVENT_REPAIR,     /* our own log lost a committed block to its disk: fetch it and append it again; or damage is made good, and is to be noted (S5) */
    EVENT_KIND_END
};

/* Whose a request is. */
struct requester {
    uint64_t party;  /* who shares its part of what all clients share, however many connections it has: a host, or a user of this machine */
    uint32_t client; /* the driver's number of the client: its connection */
};

struct event {
    enum event_kind kind;
    union {
        struct {
            uint32_t from; /* member index, authenticated by the link; own index: a message to oneself */
            uint8_t type;  /* enum message_type, unchecked */
            struct bytes body;
        } message;
        struct {
            uint64_t token;  /* the driver's, != 0; comes back in ADMIT or REFUSE */
            struct requester who; /* for the bounds of each client and party */
            struct bytes command; /* envelope and payload, all of it */
        } request;
        struct {
            uint32_t batch;       /* as in the VERIFY effect */
            const bool *verdicts; /* one per item */
            uint32_t count;
        } verified;
        struct {
            uint64_t lsn;         /* everything up to this position is durable */
            uint64_t duration_ns; /* of the write, for timers only */
        } durable;
        struct {
            uint32_t member;
            bool up;
        } link;
        struct {
            uint64_t height;
            struct hash32 block;
            struct hash32 state_root;    /* roots: as of after this block; read only where the COMMIT effect asked for them */
            struct hash32 receipts_root;
        } executed;
        struct {
            uint64_t token;   /* as in the READ_RECORD effect */
            bool found;
            struct bytes bytes;
        } record;
        struct {
            uint64_t height;  /* of the block; 0: an append with nothing but a note is wanted */
        } repair;
        struct {
            bool on;
        } mute;
        struct {
            uint64_t token;
        } read;
        struct {
            uint64_t token;
            uint64_t height;
        } prove;
    };
};

#endif
