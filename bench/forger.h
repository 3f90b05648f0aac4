/* forger.h: one client that sends commands with bad signatures at a rate, whatever it is told: the next commands of a load, each as its sender will
 * send it, but for the signature. So they pass every check that is cheaper than a signature's, and are rivals of good ones. */
#ifndef WARD_BENCH_FORGER_H
#define WARD_BENCH_FORGER_H

#include "cli/load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct forger_config {
    const char *socket;      /* of the replica that it calls */
    const struct load *load; /* whose commands it forges */
    uint64_t per_second;
};

struct forger {
    struct forger_config config;
    pthread_t thread;
    atomic_bool stop;
    uint64_t sent;  /* after forger_stop */
    uint64_t calls; /* connections that it made */
};

/* forger_start begins on a thread of its own. Gives: false when there is none to be had. forger_stop ends it. */
bool forger_start(struct forger *forger, const struct forger_config *config);
void forger_stop(struct forger *forger);

#endif
