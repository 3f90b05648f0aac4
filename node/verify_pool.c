/* verify_pool.c: see verify_pool.h.
 *
 * Invariants: both waiting counts + done_count <= in_flight <= VERIFY_JOBS_MAX; a job is in exactly one place: waiting, with a worker, or done.
 * Every field but `config` and the contexts is guarded by the mutex once threads run. */
#include "node/verify_pool.h"

#include "base/assert.h"
#include "base/thread.h"

#include <string.h>

static struct ed25519_ctx *take_ctx(struct arena *arena, const struct verify_pool_config *config)
{
    struct ed25519_config one = { .backend = ED25519_BACKEND_REF, .mode = config->mode, .batch_max = 1 };

    memcpy(one.seed, config->seed, sizeof one.seed);
    void *memory = arena_take(arena, 1, ed25519_ctx_footprint(&one));
    return memory == NULL ? NULL : ed25519_ctx_init(memory, &one);
}

void verify_pool_take(struct verify_pool *pool, struct arena *arena, const struct verify_pool_config *config)
{
    ASSERT(config->threads <= VERIFY_THREADS_MAX);
    *pool = (struct verify_pool){ .config = *config };
    for (uint32_t i = 0; i < config->threads; i++) {
        pool->workers[i] = (struct verify_worker){ .pool = pool, .ctx = take_ctx(arena, config) };
    }
    if (config->threads == 0) {
        pool->inline_worker = (struct verify_worker){ .pool = pool, .ctx = take_ctx(arena, config) };
    }
    int code = pthread_mutex_init(&pool->mutex, NULL);
    ASSERT(code == 0);
    code = pthread_cond_init(&pool->wake, NULL);
    ASSERT(code == 0);
}

static struct verify_job ring_pop(struct verify_job ring[VERIFY_JOBS_MAX], uint32_t *head, uint32_t *count)
{
    ASSERT(*count > 0);
    struct verify_job job = ring[*head];
    *head = (*head + 1) % VERIFY_JOBS_MAX;
    *count -= 1;
    return job;
}

static void ring_push(struct verify_job ring[VERIFY_JOBS_MAX], uint32_t head, uint32_t *count, const struct verify_job *job)
{
    ASSERT(*count < VERIFY_JOBS_MAX);
    ring[(head + *count) % VERIFY_JOBS_MAX] = *job;
    *count += 1;
}

/* worker_wait sleeps until there is a job. Gives: false when the pool stops. */
static bool worker_wait(struct verify_pool *pool, struct verify_job *job)
{
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stop && pool->waiting_count[0] + pool->waiting_count[1] == 0) {
        pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    bool found = !pool->stop;
    if (found) {
        unsigned lane = pool->waiting_count[0] == 0;
        *job = ring_pop(pool->waiting[lane], &pool->waiting_head[lane], &pool->waiting_count[lane]);
    }
    pthread_mutex_unlock(&pool->mutex);
    return found;
}

static void *worker_run(void *argument)
{
    struct verify_worker *worker = argument;
    struct verify_pool *pool = worker->pool;
    struct verify_job job;

    while (worker_wait(pool, &job)) {
        ed25519_verify_batch(worker->ctx, job.items, job.n, job.verdicts);
        pthread_mutex_lock(&pool->mutex);
        bool first = pool->done_count == 0;
        ring_push(pool->done, pool->done_head, &pool->done_count, &job);
        pthread_mutex_unlock(&pool->mutex);
        if (first) {
            pool->config.notify(pool->config.context);
        }
    }
    return NULL;
}

enum err verify_pool_start(struct verify_pool *pool)
{
    for (uint32_t i = 0; i < pool->config.threads; i++) {
        if (!thread_start(&pool->workers[i].thread, worker_run, &pool->workers[i])) {
            break;
        }
        pool->started++;
    }
    if (pool->started < pool->config.threads) {
        verify_pool_stop(pool);
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

void verify_pool_stop(struct verify_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (uint32_t i = 0; i < pool->started; i++) {
        pthread_join(pool->workers[i].thread, NULL);
    }
    pool->started = 0;
}

enum err verify_pool_submit(struct verify_pool *pool, const struct verify_job *job)
{
    ASSERT(job->n <= VERIFY_POOL_ITEMS_MAX);
    if (pool->config.threads == 0) {
        if (pool->in_flight == VERIFY_JOBS_MAX) {
            return ERR_FULL;
        }
        ed25519_verify_batch(pool->inline_worker.ctx, job->items, job->n, job->verdicts);
        ring_push(pool->done, pool->done_head, &pool->done_count, job);
        pool->in_flight++;
        return ERR_OK;
    }
    pthread_mutex_lock(&pool->mutex);
    bool full = pool->in_flight == VERIFY_JOBS_MAX;
    if (!full) {
        unsigned lane = job->n > VERIFY_SHORT_ITEMS;
        ring_push(pool->waiting[lane], pool->waiting_head[lane], &pool->waiting_count[lane], job);
        pool->in_flight++;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->mutex);
    return full ? ERR_FULL : ERR_OK;
}

bool verify_pool_collect(struct verify_pool *pool, struct verify_job *job)
{
    pthread_mutex_lock(&pool->mutex);
    bool found = pool->done_count > 0;
    if (found) {
        ASSERT(pool->in_flight > 0);
        *job = ring_pop(pool->done, &pool->done_head, &pool->done_count);
        pool->in_flight--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return found;
}

struct ed25519_counters verify_pool_counters(struct verify_pool *pool)
{
    struct ed25519_counters sum = { 0 };

    for (uint32_t i = 0; i < VERIFY_THREADS_MAX + 1; i++) {
        const struct verify_worker *worker = i < VERIFY_THREADS_MAX ? &pool->workers[i] : &pool->inline_worker;
        if (worker->ctx == NULL) {
            continue;
        }
        struct ed25519_counters one = ed25519_counters(worker->ctx);
        sum.checks += one.checks;
        sum.fast_accepts += one.fast_accepts;
        sum.rejected += one.rejected;
    }
    return sum;
}
