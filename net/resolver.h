/* resolver.h: asks the system for the address of a host name on a thread of its own, because the answer may take seconds, or minutes.
 *
 * One question at a time; the thread sleeps in between, and without host names it is never started. Thread and loop share a desk that belongs to neither: who stops
 * the resolver while the system is asked leaves question and desk to the thread, which clears it when the answer comes and touches nothing else.
 *
 *     free --start--> idle --ask--> asking --answer--> idle --stop--> free
 *                                     \--stop--> left --answer, or the end of the process--> free */
#ifndef WARD_NET_RESOLVER_H
#define WARD_NET_RESOLVER_H

#include "net/address.h"
#include "net/loop.h"

#define RESOLVER_DESKS 8u /* resolvers of a process, those that were left included */

struct resolver_desk;

struct resolver {
    /* answered is called on the loop's thread, once per question. */
    void (*answered)(void *context, uint32_t token, enum err err, const struct sockaddr_storage *socket, socklen_t size);
    void *context;
    bool runs;
    bool asked; /* a question is under way */
    uint32_t token;
    struct loop_event event;
    struct resolver_desk *desk;
};

/* resolver_start starts the thread. Needs: answered and context are set, everything else zero. Fails: ERR_NO_MEMORY: no thread, or no desk. */
enum err resolver_start(struct resolver *resolver, struct loop *loop);

/* resolver_ask gives the thread a question. Gives: false while another one is under way. Needs: started. */
bool resolver_ask(struct resolver *resolver, uint32_t token, const struct address *address);

/* resolver_stop ends the thread; it waits for nobody's answer. Nothing happens when it was not started. */
void resolver_stop(struct resolver *resolver);

#endif
