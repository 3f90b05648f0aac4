/* thread.c: see thread.h.
 *
 * jemalloc counts for each thread apart and gives the address of that count, which stands as long as the thread does. One slot for each thread
 * holds the address; who reads, reads all slots under the lock. mallctl is a weak reference, because sanitizer builds bring another allocator.
 *
 * Invariants: a slot is used from thread_start (or the first reading) to the end of its thread; what an ended thread took is in `ended`. */
#include "base/thread.h"

#include "base/assert.h"

#include <signal.h>
#include <stddef.h>

extern int mallctl(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size) __attribute__((weak));

struct slot {
    bool used, paused;
    const volatile uint64_t *taken; /* the allocator's count of this thread; NULL until it runs, or without jemalloc */
    uint64_t paused_at;             /* the count when the pause began */
    uint64_t paused_bytes;          /* of the pauses that are over */
    void *(*run)(void *);
    void *argument;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[THREADS_MAX];
static struct thread_heap ended;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end; /* its destructor runs when a thread that has a slot ends, in whatever way */
static _Thread_local struct slot *own;

/* count_of_thread gives the address of the calling thread's count, NULL when the allocator does not tell. */
static const volatile uint64_t *count_of_thread(void)
{
    uint64_t *count = NULL;
    size_t size = sizeof count;

    return mallctl != NULL && mallctl("thread.allocatedp", &count, &size, NULL, 0) == 0 ? count : NULL;
}

/* slot_take. Needs: the lock. Gives: NULL when all are used. */
static struct slot *slot_take(void)
{
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        if (!slots[i].used) {
            slots[i] = (struct slot){ .used = true };
            return &slots[i];
        }
    }
    return NULL;
}

/* slot_add adds what a slot's thread took. Needs: the lock. */
static void slot_add(const struct slot *slot, struct thread_heap *heap)
{
    uint64_t taken = slot->taken == NULL ? 0 : *slot->taken;
    uint64_t paused_bytes = slot->paused_bytes + (slot->paused ? taken - slot->paused_at : 0);

    ASSERT(taken >= paused_bytes);
    heap->bytes += taken - paused_bytes;
    heap->paused_bytes += paused_bytes;
}

static void leave(void *argument)
{
    struct slot *slot = argument;

    pthread_mutex_lock(&mutex);
    slot_add(slot, &ended);
    slot->used = false;
    own = NULL;
    pthread_mutex_unlock(&mutex);
}

static void make_key(void)
{
    int code = pthread_key_create(&at_end, leave);
    ASSERT(code == 0);
}

/* enter gives the calling thread its slot. Needs: the lock. */
static void enter(struct slot *slot)
{
    pthread_once(&once, make_key);
    int code = pthread_setspecific(at_end, slot);
    ASSERT(code == 0);
    own = slot;
    slot->taken = count_of_thread();
}

static void *begin(void *argument)
{
    struct slot *slot = argument;

    pthread_mutex_lock(&mutex);
    enter(slot);
    pthread_mutex_unlock(&mutex);
    return slot->run(slot->argument);
}

bool thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, old;

    pthread_mutex_lock(&mutex);
    struct slot *slot = slot_take();
    if (slot != NULL) {
        slot->run = run;
        slot->argument = argument;
    }
    pthread_mutex_unlock(&mutex);
    if (slot == NULL) {
        return false;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool started = pthread_create(thread, NULL, begin, slot) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!started) {
        pthread_mutex_lock(&mutex);
        slot->used = false;
        pthread_mutex_unlock(&mutex);
    }
    return started;
}

bool thread_heap_read(struct thread_heap *heap)
{
    pthread_mutex_lock(&mutex);
    struct slot *slot = own == NULL ? slot_take() : NULL;
    if (slot != NULL) {
        enter(slot);
    }
    bool told = own != NULL && own->taken != NULL;
    *heap = ended;
    for (uint32_t i = 0; i < THREADS_MAX && told; i++) {
        if (slots[i].used) {
            slot_add(&slots[i], heap);
        }
    }
    pthread_mutex_unlock(&mutex);
    return told;
}

void thread_heap_pause(void)
{
    pthread_mutex_lock(&mutex);
    if (own != NULL && own->taken != NULL) {
        ASSERT(!own->paused);
        own->paused = true;
        own->paused_at = *own->taken;
    }
    pthread_mutex_unlock(&mutex);
}

void thread_heap_resume(void)
{
    pthread_mutex_lock(&mutex);
    if (own != NULL && own->taken != NULL) {
        ASSERT(own->paused);
        own->paused = false;
        own->paused_bytes += *own->taken - own->paused_at;
    }
    pthread_mutex_unlock(&mutex);
}
