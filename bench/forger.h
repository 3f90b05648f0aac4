/* forger.h: one party that sends commands with bad signatures, whatever it is told: the next commands of a load, each as its sender will
 * send it, but for the signature. So they pass every check that is cheaper than a signature's, and are rivals of good ones.
 *
 * Its first connection sends at a rate. Each further one sends one command whenever nothing should be held against it any more: as many batches of others as such a party can spoil.
 * For a replica it is the same user as the load that it stands beside: the replicas cannot tell by the party who is meant. */
#ifndef WARD_BENCH_FORGER_H
#define WARD_BENCH_FORGER_H

#include "cli/load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define FORGER_CONNECTIONS_MAX 120u /* a replica takes 128 clients */

struct forger_config {
    const char *socket;      /* of the replica that it calls */
    const struct load *load; /* whose commands it forges */
    uint64_t per_second; /* of the first connection */
    uint32_t connections; /* 1 .. FORGER_CONNECTIONS_MAX */
};

struct forger_line {
    struct dial *dial; /* NULL: not connected */
    void *memory;
    uint64_t due_ns;   /* of a paced one: when it sends its next */
};

struct forger {
    struct forger_config config;
    pthread_t thread;
    atomic_bool stop;
    uint64_t sent;  /* after forger_stop */
    uint64_t calls; /* connections that it made */
    uint64_t start_ns;
    struct forger_line lines[FORGER_CONNECTIONS_MAX];
};

/* forger_start begins on a thread of its own. Gives: false when there is none to be had. forger_stop ends it. */
bool forger_start(struct forger *forger, const struct forger_config *config);
void forger_stop(struct forger *forger);

#endif
