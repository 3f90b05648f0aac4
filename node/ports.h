/* ports.h: the world as the driver sees it: what it needs from network, clients and verifiers, as one table of functions.
 *
 * The daemon fills it with net, sessions and threads; the simulator with its own network, workload and delays. The driver and
 * everything below it are the same object files in both. No function here may call back into the driver. */
#ifndef WARD_NODE_PORTS_H
#define WARD_NODE_PORTS_H

#include "consensus/effect.h"
#include "consensus/event.h"
#include "node/apply.h"
#include "node/task.h"
#include "storage/recovery.h"

#include <stdint.h>

/* A message on its way to members: the body of the frame is head || tail. */
struct port_message {
    struct member_set to; /* never oneself */
    uint8_t type;         /* enum message_type */
    struct bytes head;    /* copied before the call returns */
    struct bytes tail;    /* likewise */
};

struct driver_ports {
    void *context;
    struct now (*now)(void *context);
    /* send drops what cannot be sent: consensus expects loss. */
    void (*send)(void *context, const struct port_message *message);
    /* verify starts a job, of one who is doubted apart from all others; driver_verified follows, from outside of any driver call. Items stay as they are until then. */
    void (*verify)(void *context, uint32_t batch, const struct sig_item *items, uint32_t count, bool apart);
    /* task has some thread run a task; await returns when it has run. Needs: a task that is idle, and is awaited. NULL, both: there are no other threads. */
    void (*task)(void *context, struct task *task);
    void (*await)(void *context, struct task *task);
    /* Answers to requests, by the token that came with them. */
    void (*admitted)(void *context, uint64_t token, const struct hash32 *tx_id);
    void (*refused)(void *context, uint64_t token, const struct hash32 *tx_id, uint16_t code, uint32_t retry_after_ms);
    void (*read_done)(void *context, uint64_t token, bool ok, uint64_t height);
    void (*proof)(void *context, uint64_t token, bool ok, const struct block_header *header, struct bytes proof);
    /* executed tells of every block once, in order, after its execution: the place where receipts leave. */
    void (*executed)(void *context, const struct apply_block *block);
    /* mark is one step of the replica's story, for traces and metrics. */
    void (*mark)(void *context, enum mark mark, uint64_t view, uint64_t height, uint32_t member, uint64_t value);
    /* drained: the orderly stop may finish once the log is idle. */
    void (*drained)(void *context);
    /* halted: this replica must not go on; keep the data. The driver does nothing more. */
    void (*halted)(void *context, const struct effect *halt);
    /* failed: the log cannot write; nothing more will be signed. */
    void (*failed)(void *context, enum err err);
    /* damage tells of a piece of damage of the log, once when it is found and once when it is made good. NULL: nobody listens. */
    void (*damage)(void *context, const struct recovery_damage *damage, bool repaired);
};

#endif
