/* resolver.c: see resolver.h. */
#include "net/resolver.h"

#include "base/assert.h"
#include "base/thread.h"

#include <stddef.h>

static void *run(void *argument)
{
    struct resolver *resolver = argument;

    pthread_mutex_lock(&resolver->mutex);
    while (!resolver->stop) {
        if (!resolver->waits) {
            pthread_cond_wait(&resolver->wake, &resolver->mutex);
            continue;
        }
        struct address address = resolver->address;
        struct sockaddr_storage socket = { 0 };
        socklen_t size = 0;
        pthread_mutex_unlock(&resolver->mutex);
        enum err err = address_resolve(&address, &socket, &size);
        pthread_mutex_lock(&resolver->mutex);
        resolver->waits = false;
        resolver->err = err;
        resolver->socket = socket;
        resolver->size = size;
        loop_event_signal(&resolver->event);
    }
    pthread_mutex_unlock(&resolver->mutex);
    return NULL;
}

static void fired(struct loop_event *event, uint64_t count)
{
    struct resolver *resolver = (struct resolver *)(void *)((char *)event - offsetof(struct resolver, event));

    (void)count;
    ASSERT(resolver->asked);
    pthread_mutex_lock(&resolver->mutex);
    struct sockaddr_storage socket = resolver->socket;
    socklen_t size = resolver->size;
    enum err err = resolver->err;
    uint32_t token = resolver->token;
    pthread_mutex_unlock(&resolver->mutex);
    resolver->asked = false;
    resolver->answered(resolver->context, token, err, &socket, size);
}

enum err resolver_start(struct resolver *resolver, struct loop *loop)
{
    ASSERT(!resolver->runs);
    ASSERT(resolver->answered != NULL);
    if (loop_event_open(loop, &resolver->event, fired) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    pthread_mutex_init(&resolver->mutex, NULL);
    pthread_cond_init(&resolver->wake, NULL);
    resolver->runs = thread_start(&resolver->thread, run, resolver);
    return resolver->runs ? ERR_OK : ERR_NO_MEMORY;
}

bool resolver_ask(struct resolver *resolver, uint32_t token, const struct address *address)
{
    ASSERT(resolver->runs);
    if (resolver->asked) {
        return false;
    }
    resolver->asked = true;
    pthread_mutex_lock(&resolver->mutex);
    ASSERT(!resolver->waits);
    resolver->address = *address;
    resolver->token = token;
    resolver->waits = true;
    pthread_cond_signal(&resolver->wake);
    pthread_mutex_unlock(&resolver->mutex);
    return true;
}

void resolver_stop(struct resolver *resolver)
{
    if (!resolver->runs) {
        return;
    }
    pthread_mutex_lock(&resolver->mutex);
    resolver->stop = true;
    pthread_cond_signal(&resolver->wake);
    pthread_mutex_unlock(&resolver->mutex);
    pthread_join(resolver->thread, NULL);
    resolver->runs = false;
}
