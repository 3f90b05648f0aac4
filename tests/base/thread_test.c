/* thread_test.c: what any thread takes from the heap is in the sum, what a pause encloses is beside it, and nothing is claimed without a count. */
#include "base/thread.h"

#include <criterion/criterion.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>

enum { BLOCK = 100000 };

/* A thread that allocates, says so, and stays until it may go. */
struct taker {
    sem_t took, go;
    bool pauses;
    sigset_t blocked;
};

static void take(void)
{
    void *volatile block = malloc(BLOCK);
    free(block);
}

static void *taker_run(void *argument)
{
    struct taker *taker = argument;

    pthread_sigmask(SIG_SETMASK, NULL, &taker->blocked);
    if (taker->pauses) {
        thread_heap_pause();
        take();
        thread_heap_resume();
    } else {
        take();
    }
    sem_post(&taker->took);
    sem_wait(&taker->go);
    return taker;
}

static void start(struct taker *taker, pthread_t *thread, bool pauses)
{
    sem_init(&taker->took, 0, 0);
    sem_init(&taker->go, 0, 0);
    taker->pauses = pauses;
    cr_assert(thread_start(thread, taker_run, taker));
    sem_wait(&taker->took);
}

static void end(struct taker *taker, pthread_t thread)
{
    void *result = NULL;

    sem_post(&taker->go);
    pthread_join(thread, &result);
    cr_assert_eq(result, taker);
}

Test(thread, the_sum_holds_what_another_thread_took_while_it_runs_and_after_its_end)
{
    struct thread_heap before, during, after;
    struct taker taker;
    pthread_t thread;

    if (!thread_heap_read(&before)) {
        cr_skip_test("this build's allocator does not tell");
    }
    start(&taker, &thread, false);
    cr_assert(thread_heap_read(&during));
    cr_assert_geq(during.bytes - before.bytes, BLOCK);
    end(&taker, thread);
    cr_assert(thread_heap_read(&after));
    cr_assert_geq(after.bytes, during.bytes);
    cr_assert_eq(after.paused_bytes, before.paused_bytes);
}

Test(thread, the_sum_holds_what_the_caller_took)
{
    struct thread_heap before, after;

    if (!thread_heap_read(&before)) {
        cr_skip_test("this build's allocator does not tell");
    }
    take();
    cr_assert(thread_heap_read(&after));
    cr_assert_geq(after.bytes - before.bytes, BLOCK);
}

Test(thread, what_a_pause_encloses_is_summed_apart)
{
    struct thread_heap before, after;
    struct taker taker;
    pthread_t thread;

    if (!thread_heap_read(&before)) {
        cr_skip_test("this build's allocator does not tell");
    }
    start(&taker, &thread, true);
    cr_assert(thread_heap_read(&after));
    cr_assert_geq(after.paused_bytes - before.paused_bytes, BLOCK);
    cr_assert_lt(after.bytes - before.bytes, BLOCK);
    end(&taker, thread);
    cr_assert(thread_heap_read(&after));
    cr_assert_geq(after.paused_bytes - before.paused_bytes, BLOCK);
}

Test(thread, a_pause_in_a_thread_that_nobody_counts_is_nothing)
{
    thread_heap_pause();
    take();
    thread_heap_resume();
}

Test(thread, a_thread_is_started_with_its_signals_blocked_and_the_starter_keeps_its_own)
{
    struct taker taker;
    sigset_t own;
    pthread_t thread;

    start(&taker, &thread, false);
    cr_assert_eq(sigismember(&taker.blocked, SIGTERM), 1);
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    cr_assert_eq(sigismember(&own, SIGTERM), 0);
    end(&taker, thread);
}

Test(thread, more_threads_than_there_are_slots_are_refused_and_a_slot_comes_back)
{
    static struct taker takers[THREADS_MAX + 1];
    pthread_t threads[THREADS_MAX + 1];
    uint32_t count = 0;

    for (; count < THREADS_MAX; count++) {
        start(&takers[count], &threads[count], false);
    }
    cr_assert_not(thread_start(&threads[count], taker_run, &takers[count]));
    end(&takers[0], threads[0]);
    start(&takers[0], &threads[0], false);
    for (uint32_t i = 0; i < count; i++) {
        end(&takers[i], threads[i]);
    }
}
