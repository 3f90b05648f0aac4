/* thread.h: the threads of a replica, and what all of them together take from the heap.
 *
 * A replica takes its memory before it serves. Whether that holds is counted, not believed: every thread is started here, so that none is
 * left out of the sum. A call into libc that allocates whatever we do (the name resolver) is put between thread_heap_pause and
 * thread_heap_resume: it is summed apart. */
#ifndef WARD_BASE_THREAD_H
#define WARD_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define THREADS_MAX 32u /* at one time, with the first one */

/* thread_start is pthread_create; signals are blocked in the new thread, for they belong to the thread that waits for them.
 * Fails: false when there is no thread to be had, or THREADS_MAX run. */
bool thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* What the threads of the process have ever taken from the heap. */
struct thread_heap {
    uint64_t bytes;        /* by our own code */
    uint64_t paused_bytes; /* between pause and resume */
};

/* thread_heap_read sums over the calling thread, the threads that thread_start made, and those of them that have ended. The difference of
 * two readings is what was taken between them; a thread that was not started here counts from its first reading on.
 * Gives: false when the allocator does not tell (a build without jemalloc). Threads: any. Cost: a lock and two calls into the allocator. */
bool thread_heap_read(struct thread_heap *heap);

/* thread_heap_pause and thread_heap_resume stand around a call that allocates by design. Needs: they alternate. Nothing happens in a thread
 * that is not counted. Threads: any. */
void thread_heap_pause(void);
void thread_heap_resume(void);

#endif
