/* resolver.c: see resolver.h. */
#include "net/resolver.h"

#include "base/assert.h"
#include "base/thread.h"

#include <pthread.h>
#include <stddef.h>

enum desk_state { DESK_FREE, DESK_IDLE, DESK_ASKING, DESK_STOPPED, DESK_LEFT };

/* What thread and loop share, under the mutex. */
struct resolver_desk {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    enum desk_state state;
    pthread_t thread;
    struct loop_event *event; /* of the resolver; not touched once the desk is left */
    struct address address;
    enum err err;
    struct sockaddr_storage socket;
    socklen_t size;
};

#define DESK { .mutex = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER }
static struct resolver_desk desks[RESOLVER_DESKS] = { DESK, DESK, DESK, DESK, DESK, DESK, DESK, DESK };

/* desk_take gives one that nobody has; NULL when there is none. */
static struct resolver_desk *desk_take(struct loop_event *event)
{
    for (uint32_t i = 0; i < RESOLVER_DESKS; i++) {
        pthread_mutex_lock(&desks[i].mutex);
        bool free = desks[i].state == DESK_FREE;
        if (free) {
            desks[i].state = DESK_IDLE;
            desks[i].event = event;
        }
        pthread_mutex_unlock(&desks[i].mutex);
        if (free) {
            return &desks[i];
        }
    }
    return NULL;
}

static void desk_free(struct resolver_desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    ASSERT(desk->state != DESK_FREE);
    desk->state = DESK_FREE;
    desk->event = NULL;
    pthread_mutex_unlock(&desk->mutex);
}

/* answer asks the system, without the lock, and lays the answer on the desk. Needs: the lock. */
static void answer(struct resolver_desk *desk)
{
    struct address address = desk->address;
    struct sockaddr_storage socket = { 0 };
    socklen_t size = 0;

    pthread_mutex_unlock(&desk->mutex);
    enum err err = address_resolve(&address, &socket, &size);
    pthread_mutex_lock(&desk->mutex);
    ASSERT(desk->state == DESK_ASKING || desk->state == DESK_LEFT);
    if (desk->state == DESK_LEFT) {
        return;
    }
    desk->state = DESK_IDLE;
    desk->err = err;
    desk->socket = socket;
    desk->size = size;
    loop_event_signal(desk->event);
}

static void *run(void *argument)
{
    struct resolver_desk *desk = argument;

    pthread_mutex_lock(&desk->mutex);
    while (desk->state == DESK_IDLE || desk->state == DESK_ASKING) {
        if (desk->state == DESK_IDLE) {
            pthread_cond_wait(&desk->wake, &desk->mutex);
        } else {
            answer(desk);
        }
    }
    bool left = desk->state == DESK_LEFT;
    pthread_mutex_unlock(&desk->mutex);
    if (left) {
        desk_free(desk); /* Nobody waits for this thread. */
    }
    return NULL;
}

static void fired(struct loop_event *event, uint64_t count)
{
    struct resolver *resolver = (struct resolver *)(void *)((char *)event - offsetof(struct resolver, event));
    struct resolver_desk *desk = resolver->desk;

    (void)count;
    ASSERT(resolver->asked);
    pthread_mutex_lock(&desk->mutex);
    ASSERT(desk->state == DESK_IDLE);
    struct sockaddr_storage socket = desk->socket;
    socklen_t size = desk->size;
    enum err err = desk->err;
    pthread_mutex_unlock(&desk->mutex);
    resolver->asked = false;
    resolver->answered(resolver->context, resolver->token, err, &socket, size);
}

enum err resolver_start(struct resolver *resolver, struct loop *loop)
{
    ASSERT(!resolver->runs);
    ASSERT(resolver->answered != NULL);
    if (loop_event_open(loop, &resolver->event, fired) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    resolver->desk = desk_take(&resolver->event);
    if (resolver->desk == NULL) {
        return ERR_NO_MEMORY;
    }
    resolver->runs = thread_start(&resolver->desk->thread, run, resolver->desk);
    if (!resolver->runs) {
        desk_free(resolver->desk);
    }
    return resolver->runs ? ERR_OK : ERR_NO_MEMORY;
}

bool resolver_ask(struct resolver *resolver, uint32_t token, const struct address *address)
{
    struct resolver_desk *desk = resolver->desk;

    ASSERT(resolver->runs);
    if (resolver->asked) {
        return false;
    }
    resolver->asked = true;
    resolver->token = token;
    pthread_mutex_lock(&desk->mutex);
    ASSERT(desk->state == DESK_IDLE);
    desk->address = *address;
    desk->state = DESK_ASKING;
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->mutex);
    return true;
}

void resolver_stop(struct resolver *resolver)
{
    if (!resolver->runs) {
        return;
    }
    struct resolver_desk *desk = resolver->desk;
    pthread_t thread = desk->thread;
    pthread_mutex_lock(&desk->mutex);
    bool asking = desk->state == DESK_ASKING;
    ASSERT(asking || desk->state == DESK_IDLE);
    desk->state = asking ? DESK_LEFT : DESK_STOPPED;
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->mutex); /* A desk that was left is no longer ours. */
    if (asking) {
        pthread_detach(thread);
    } else {
        pthread_join(thread, NULL);
        desk_free(desk);
    }
    resolver->runs = false;
}
