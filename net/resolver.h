/* resolver.h: asks the system for the address of a host name on a thread of its own, because the answer may take seconds.
 *
 * One question at a time; the thread sleeps in between, and without host names it is never started. */
#ifndef WARD_NET_RESOLVER_H
#define WARD_NET_RESOLVER_H

#include "net/address.h"
#include "net/loop.h"

#include <pthread.h>

struct resolver {
    /* answered is called on the loop's thread, once per question. */
    void (*answered)(void *context, uint32_t token, enum err err, const struct sockaddr_storage *socket, socklen_t size);
    void *context;
    bool runs;
    bool asked; /* a question is under way; of the loop's thread */
    struct loop_event event;
    pthread_t thread;
    /* Between both threads, under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop;
    bool waits; /* the thread has a question */
    uint32_t token;
    struct address address;
    enum err err;
    struct sockaddr_storage socket;
    socklen_t size;
};

/* resolver_start starts the thread. Needs: answered and context are set, everything else zero. Fails: ERR_NO_MEMORY. */
enum err resolver_start(struct resolver *resolver, struct loop *loop);

/* resolver_ask gives the thread a question. Gives: false while another one is under way. Needs: started. */
bool resolver_ask(struct resolver *resolver, uint32_t token, const struct address *address);

/* resolver_stop ends the thread; it waits for the system's resolver if that is at work. Nothing happens when it was not started. */
void resolver_stop(struct resolver *resolver);

#endif
