/* verify_pool.c: see verify_pool.h.
 *
 * Invariants: a task is in the list as long as it is WAITING; here + both waiting counts + done <= in_flight <= VERIFY_JOBS_MAX; a job is in exactly one place: here, waiting, in a call, or done.
 * `here`, in_flight and the inline worker belong to the thread that submits and collects, a worker's context and call to its thread; all else but `config`,
 * what workers have counted included, is guarded by the mutex once threads run. */
#include "node/verify_pool.h"

#include "base/assert.h"
#include "base/thread.h"
#include "node/memory.h"

#include <string.h>

#define LANE_SHORT 0u
#define LANE_LONG 1u

/* --- Memory ------------------------------------------------------------------------------------------------------------- */

static void take_keyset(struct verify_pool *pool, struct arena *arena, const struct verify_pool_config *config)
{
    struct ed25519_keyset_config keys = { .backend = config->backend, .members_max = config->members_max, .hot_max = config->hot_max };
    size_t size = ed25519_keyset_footprint(&keys);
    void *memory = arena_take(arena, 1, size);

    pool->tables = bytes_of(memory, size);
    if (memory != NULL) {
        memory_enlarge_pages(&pool->tables); /* before the first is written */
        pool->keyset = ed25519_keyset_init(memory, &keys);
    }
}

static void take_worker(struct verify_pool *pool, struct verify_worker *worker, struct arena *arena)
{
    struct ed25519_config one = { .backend = pool->config.backend,
                                  .mode = pool->config.mode,
                                  .batch_max = VERIFY_CALL_ITEMS,
                                  .keys_max = pool->config.keys_max,
                                  .keyset = pool->keyset };

    *worker = (struct verify_worker){ .pool = pool };
    memcpy(one.seed, pool->config.seed, sizeof one.seed);
    void *memory = arena_take(arena, 1, ed25519_ctx_footprint(&one));
    worker->call.items = arena_take(arena, VERIFY_CALL_ITEMS, sizeof *worker->call.items);
    worker->call.verdicts = arena_take(arena, VERIFY_CALL_ITEMS, sizeof *worker->call.verdicts);
    worker->ctx = memory == NULL ? NULL : ed25519_ctx_init(memory, &one);
}

void verify_pool_take(struct verify_pool *pool, struct arena *arena, const struct verify_pool_config *config)
{
    ASSERT(config->threads <= VERIFY_THREADS_MAX);
    *pool = (struct verify_pool){ .config = *config, .build_one = ed25519_keyset_build };
    take_keyset(pool, arena, config);
    for (uint32_t i = 0; i < config->threads; i++) {
        take_worker(pool, &pool->workers[i], arena);
    }
    take_worker(pool, &pool->inline_worker, arena);
    int code = pthread_mutex_init(&pool->mutex, NULL);
    ASSERT(code == 0);
    code = pthread_cond_init(&pool->wake, NULL);
    ASSERT(code == 0);
    code = pthread_cond_init(&pool->ran, NULL);
    ASSERT(code == 0);
}

void verify_pool_members(struct verify_pool *pool, const uint8_t *keys, uint32_t n)
{
    ASSERT(n <= pool->config.members_max);
    ed25519_keyset_set_members(pool->keyset, keys, n);
    for (uint32_t i = 0; i < 2 * n && ed25519_keyset_build(pool->keyset); i++) { /* One call makes a table, or gives up those of others. */
    }
}

/* --- Rings and calls ------------------------------------------------------------------------------------------------------ */

static struct verify_job ring_pop(struct verify_ring *ring)
{
    ASSERT(ring->count > 0);
    struct verify_job job = ring->jobs[ring->head];
    ring->head = (ring->head + 1) % VERIFY_JOBS_MAX;
    ring->count--;
    return job;
}

static void ring_push(struct verify_ring *ring, const struct verify_job *job)
{
    ASSERT(ring->count < VERIFY_JOBS_MAX);
    ring->jobs[(ring->head + ring->count) % VERIFY_JOBS_MAX] = *job;
    ring->count++;
}

/* call_fill moves jobs from the ring into a call while they fit; one that is longer than a call is alone in it, and so is one of somebody who is doubted. */
static void call_fill(struct verify_call *call, struct verify_ring *ring)
{
    call->jobs_count = 0;
    call->items_count = 0;
    while (ring->count > 0) {
        const struct verify_job *next = &ring->jobs[ring->head];
        bool alone = next->apart || (call->jobs_count > 0 && call->jobs[0].apart);
        if (call->jobs_count > 0 && (alone || call->items_count + next->n > VERIFY_CALL_ITEMS)) {
            return;
        }
        call->items_count += next->n;
        call->jobs[call->jobs_count++] = ring_pop(ring);
    }
}

/* call_judge judges all items of a call at once, and gives each job its verdicts. */
static void call_judge(struct verify_worker *worker)
{
    struct verify_call *call = &worker->call;
    size_t at = 0;

    if (call->jobs_count == 1) {
        ed25519_verify_batch(worker->ctx, call->jobs[0].items, call->jobs[0].n, call->jobs[0].verdicts);
        return;
    }
    ASSERT(call->items_count <= VERIFY_CALL_ITEMS);
    for (uint32_t i = 0; i < call->jobs_count; i++) {
        for (size_t j = 0; j < call->jobs[i].n; j++) {
            call->items[at++] = call->jobs[i].items[j];
        }
    }
    ASSERT(at == call->items_count);
    ed25519_verify_batch(worker->ctx, call->items, call->items_count, call->verdicts);
    at = 0;
    for (uint32_t i = 0; i < call->jobs_count; i++) {
        for (size_t j = 0; j < call->jobs[i].n; j++) {
            call->jobs[i].verdicts[j] = call->verdicts[at++];
        }
    }
}

/* --- Tasks ------------------------------------------------------------------------------------------------------------------ */

/* tasks_take takes a task that waits out of the list. Needs: the mutex is held. */
static void tasks_take(struct verify_pool *pool, struct task *task)
{
    struct task *before = NULL;

    for (struct task *at = pool->tasks_first; at != task; at = at->next) { /* ends: what waits is in the list */
        ASSERT(at != NULL);
        before = at;
    }
    ASSERT(task->state == TASK_WAITING);
    *(before == NULL ? &pool->tasks_first : &before->next) = task->next;
    pool->tasks_last = pool->tasks_last == task ? before : pool->tasks_last;
    task->next = NULL;
    task->state = TASK_RUNNING;
}

/* task_run runs one that was taken. Needs: the mutex is not held. */
static void task_run(struct verify_pool *pool, struct task *task, uint64_t *counter)
{
    ASSERT(task->state == TASK_RUNNING);
    task->run(task);
    pthread_mutex_lock(&pool->mutex);
    task->state = TASK_DONE;
    (*counter)++;
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_signal(&pool->ran); /* one thread awaits */
}

/* --- Workers ---------------------------------------------------------------------------------------------------------------- */

static bool has_jobs(const struct verify_pool *pool)
{
    return pool->waiting[LANE_SHORT].count + pool->waiting[LANE_LONG].count > 0;
}

static bool has_waiting(const struct verify_pool *pool)
{
    return has_jobs(pool) || pool->tasks_first != NULL;
}

/* build_some makes tables of hot keys while nothing else waits; what it leaves undone for that it takes up when it is idle again. Needs: the mutex is held; it
 * is given up meanwhile. */
static void build_some(struct verify_pool *pool)
{
    bool more = true;

    pool->build = false;
    for (uint32_t i = 0; i < ED25519_HOT_MAX && more && !pool->stop && !has_waiting(pool); i++) {
        pthread_mutex_unlock(&pool->mutex);
        more = pool->build_one(pool->keyset);
        pthread_mutex_lock(&pool->mutex);
    }
    pool->build = pool->build || (more && has_waiting(pool));
}

/* worker_wait sleeps until there is something to do and takes what waits: jobs into its call, else the oldest task. Gives: false when the pool stops; *task, NULL with jobs. */
static bool worker_wait(struct verify_worker *worker, struct task **task)
{
    struct verify_pool *pool = worker->pool;

    pthread_mutex_lock(&pool->mutex);
    while (!pool->stop && !has_waiting(pool)) {
        if (pool->build) {
            build_some(pool);
        } else {
            pthread_cond_wait(&pool->wake, &pool->mutex);
        }
    }
    bool found = !pool->stop;
    *task = NULL;
    if (found && !has_jobs(pool)) {
        *task = pool->tasks_first;
        tasks_take(pool, *task);
    } else if (found) {
        call_fill(&worker->call, &pool->waiting[pool->waiting[LANE_SHORT].count > 0 ? LANE_SHORT : LANE_LONG]);
    }
    pthread_mutex_unlock(&pool->mutex);
    return found;
}

/* note_checks lets a worker look for hot keys after so many checks, by whomever they were made. Gives: whether it is time. Needs: the mutex is held. */
static bool note_checks(struct verify_pool *pool, size_t checks)
{
    pool->checks_since_build += checks;
    if (pool->checks_since_build < VERIFY_BUILD_CHECKS) {
        return false;
    }
    pool->checks_since_build = 0;
    pool->build = true;
    return true;
}

/* worker_finish hands the results over; whoever collects is woken once for all that wait. */
static void worker_finish(struct verify_worker *worker)
{
    struct verify_pool *pool = worker->pool;
    struct verify_call *call = &worker->call;

    pthread_mutex_lock(&pool->mutex);
    worker->counted = ed25519_counters(worker->ctx);
    bool first = pool->done.count == 0;
    for (uint32_t i = 0; i < call->jobs_count; i++) {
        ring_push(&pool->done, &call->jobs[i]);
    }
    pool->counters.calls_worker++;
    pool->counters.checks_worker += call->items_count;
    pool->counters.notifies += first;
    (void)note_checks(pool, call->items_count); /* a worker is awake: it looks before it sleeps */
    pthread_mutex_unlock(&pool->mutex);
    if (first) {
        pool->config.notify(pool->config.context);
    }
}

static void *worker_run(void *argument)
{
    struct verify_worker *worker = argument;
    struct task *task;

    while (worker_wait(worker, &task)) {
        if (task != NULL) {
            task_run(worker->pool, task, &worker->pool->counters.tasks_worker);
        } else {
            call_judge(worker);
            worker_finish(worker);
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

/* --- Whoever submits and collects --------------------------------------------------------------------------------------------- */

enum err verify_pool_submit(struct verify_pool *pool, const struct verify_job *job)
{
    ASSERT(job->n <= VERIFY_POOL_ITEMS_MAX);
    if (pool->in_flight == VERIFY_JOBS_MAX) {
        return ERR_FULL;
    }
    pool->in_flight++;
    if (pool->config.threads == 0 || job->n <= VERIFY_INLINE_ITEMS) {
        ring_push(&pool->here, job);
        return ERR_OK;
    }
    pthread_mutex_lock(&pool->mutex);
    ring_push(&pool->waiting[job->n > VERIFY_SHORT_ITEMS ? LANE_LONG : LANE_SHORT], job);
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_signal(&pool->wake); /* whoever wakes finds the mutex free */
    return ERR_OK;
}

/* judge_here judges inline jobs, as many as fit one call. */
static void judge_here(struct verify_pool *pool)
{
    struct verify_call *call = &pool->inline_worker.call;

    call_fill(call, &pool->here);
    call_judge(&pool->inline_worker);
    pthread_mutex_lock(&pool->mutex);
    pool->inline_worker.counted = ed25519_counters(pool->inline_worker.ctx);
    for (uint32_t i = 0; i < call->jobs_count; i++) {
        ring_push(&pool->done, &call->jobs[i]);
    }
    pool->counters.calls_inline++;
    pool->counters.checks_inline += call->items_count;
    bool build = note_checks(pool, call->items_count);
    pthread_mutex_unlock(&pool->mutex);
    if (build) { /* where every job is judged inline no worker would ever wake */
        pthread_cond_signal(&pool->wake);
    }
}

bool verify_pool_collect(struct verify_pool *pool, struct verify_job *job)
{
    if (pool->here.count > 0) {
        judge_here(pool);
    }
    pthread_mutex_lock(&pool->mutex);
    bool found = pool->done.count > 0;
    if (found) {
        ASSERT(pool->in_flight > 0);
        *job = ring_pop(&pool->done);
        pool->in_flight--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return found;
}

bool verify_pool_is_ready(struct verify_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    bool ready = pool->here.count + pool->done.count > 0;
    pthread_mutex_unlock(&pool->mutex);
    return ready;
}

void verify_pool_task(struct verify_pool *pool, struct task *task)
{
    ASSERT(task->state == TASK_IDLE);
    task->state = TASK_WAITING;
    task->next = NULL;
    pthread_mutex_lock(&pool->mutex);
    *(pool->tasks_last == NULL ? &pool->tasks_first : &pool->tasks_last->next) = task;
    pool->tasks_last = task;
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_signal(&pool->wake);
}

void verify_pool_await(struct verify_pool *pool, struct task *task)
{
    pthread_mutex_lock(&pool->mutex);
    ASSERT(task->state != TASK_IDLE);
    bool mine = task->state == TASK_WAITING;
    if (mine) {
        tasks_take(pool, task);
    }
    while (!mine && task->state != TASK_DONE) {
        pthread_cond_wait(&pool->ran, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (mine) {
        task_run(pool, task, &pool->counters.tasks_inline);
    }
    task->state = TASK_IDLE;
}

/* --- Counters ------------------------------------------------------------------------------------------------------------------ */

static void add_up(struct ed25519_counters *sum, const struct ed25519_counters *one)
{
    sum->checks += one->checks;
    sum->single += one->single;
    sum->direct += one->direct;
    sum->batch += one->batch;
    sum->fast_accepts += one->fast_accepts;
    sum->fallbacks += one->fallbacks;
    sum->rejected += one->rejected;
    sum->batches += one->batches;
    sum->batches_failed += one->batches_failed;
    sum->key_hits += one->key_hits;
    sum->key_misses += one->key_misses;
}

struct ed25519_counters verify_pool_counters(struct verify_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct ed25519_counters sum = pool->inline_worker.counted;
    for (uint32_t i = 0; i < pool->config.threads; i++) {
        add_up(&sum, &pool->workers[i].counted);
    }
    pthread_mutex_unlock(&pool->mutex);
    return sum;
}

struct verify_counters verify_pool_work(struct verify_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct verify_counters counters = pool->counters;
    pthread_mutex_unlock(&pool->mutex);
    return counters;
}
