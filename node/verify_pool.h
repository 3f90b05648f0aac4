/* verify_pool.h: who checks signatures: the loop itself when they are few, threads that sleep when they are many.
 *
 *     submit --- up to VERIFY_INLINE_ITEMS ---> inline jobs --verify_pool_collect: all together, one call--> done --> collect
 *        \------ more ----> short | long --worker free: as many as wait, one call--> done --one notify--> collect
 *
 * A check costs less than waking a thread, so few of them are judged by the thread that collects, all that its turn brought in one call. What
 * waits when a worker comes free forms its call: short jobs (certificates) first and by themselves, because views hang on them; else long ones (the commands
 * of a block, requests) up to VERIFY_CALL_ITEMS. A job of somebody who is doubted is a call of its own. Whatever a worker judged is handed over with one notification; none while results wait already.
 *
 * A job is handed in with views of its items and a place for the verdicts; both stay the caller's and must not change until the job is
 * collected. Results come back in any order; `notify` runs on a worker's thread and may only signal. A verdict depends on the bytes of
 * its item alone, never on the company.
 *
 * Tasks: at a start, when there is nothing to check yet, the same threads read the bodies of blocks (node/driver_ahead.c). A task is taken when no job waits; whoever awaits one
 * that nobody has begun runs it.
 *
 * Tables: members' are built by verify_pool_members, at boot; those of hot client keys by a worker that has nothing else to do. */
#ifndef WARD_NODE_VERIFY_POOL_H
#define WARD_NODE_VERIFY_POOL_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/ed25519.h"
#include "node/task.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_THREADS_MAX 8u
#define VERIFY_JOBS_MAX 640u /* under way or not yet collected: four certificates per member of the largest epoch, a block, request batches */
#define VERIFY_POOL_ITEMS_MAX 20992u
#define VERIFY_SHORT_ITEMS 96u    /* of a short job: a certificate with its companions in an epoch of 31 members */
#define VERIFY_INLINE_ITEMS 8u    /* of a job that no thread is woken for: one row of lanes */
#define VERIFY_CALL_ITEMS 1024u   /* that jobs are put together for; a longer job is judged alone */
#define VERIFY_BUILD_CHECKS 1024u /* judged before a worker looks for keys that deserve a table */

struct verify_job {
    uint64_t id;                  /* the caller's */
    const struct sig_item *items; /* n */
    size_t n;                     /* 0 .. VERIFY_POOL_ITEMS_MAX */
    bool *verdicts;               /* n, written before the job can be collected */
    bool apart;                   /* its source is doubted: in no call with other jobs, whose sum it could spoil */
};

struct verify_pool_config {
    uint32_t threads; /* 0 .. VERIFY_THREADS_MAX; 0: everything is judged by whoever collects */
    enum ed25519_mode mode;
    enum ed25519_backend backend;
    uint32_t members_max, hot_max; /* tables, as in ed25519_keyset_config */
    uint32_t keys_max;             /* decoded keys that each thread keeps */
    uint8_t seed[32]; /* for batch coefficients; secret */
    void (*notify)(void *context);
    void *context;
};

/* Room for one call: items and verdicts of several jobs side by side. */
struct verify_call {
    struct verify_job jobs[VERIFY_JOBS_MAX];
    uint32_t jobs_count;
    size_t items_count;
    struct sig_item *items; /* VERIFY_CALL_ITEMS */
    bool *verdicts;         /* likewise */
};

struct verify_worker {
    struct verify_pool *pool;
    pthread_t thread;
    struct ed25519_ctx *ctx;
    struct verify_call call;
    struct ed25519_counters counted; /* by the context, up to the last call that was finished */
};

struct verify_ring {
    struct verify_job jobs[VERIFY_JOBS_MAX];
    uint32_t head, count;
};

struct verify_counters {
    uint64_t calls_inline, checks_inline; /* by the loop */
    uint64_t calls_worker, checks_worker;
    uint64_t notifies;                    /* wake-ups that results caused */
    uint64_t tasks_worker, tasks_inline;  /* by whoever awaited them */
};

struct verify_pool {
    struct verify_pool_config config;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop, build;
    uint32_t started;
    struct verify_ring waiting[2]; /* short jobs, long ones */
    struct verify_ring done;
    struct task *tasks_first, *tasks_last; /* that wait, oldest first */
    pthread_cond_t ran;            /* a task is done */
    struct verify_ring here;       /* inline jobs; of the collecting thread alone */
    uint64_t checks_since_build;
    uint32_t in_flight;            /* submitted and not collected, <= VERIFY_JOBS_MAX */
    struct ed25519_keyset *keyset;
    bool (*build_one)(struct ed25519_keyset *keyset); /* makes a table of a hot key, or gives false: ed25519_keyset_build, unless a test counts */
    struct bytes tables;           /* the keyset's memory */
    struct verify_worker workers[VERIFY_THREADS_MAX];
    struct verify_worker inline_worker;
    struct verify_counters counters;
};

/* verify_pool_take takes the keyset and one context per thread, and one for the loop. Cost: about a millisecond with real memory. */
void verify_pool_take(struct verify_pool *pool, struct arena *arena, const struct verify_pool_config *config);

/* verify_pool_members states the members' keys, 32 bytes each, and builds their tables. Needs: n <= members_max; nobody else builds: before the
 * threads start, or between jobs. Cost: below a millisecond each. */
void verify_pool_members(struct verify_pool *pool, const uint8_t *keys, uint32_t n);

/* verify_pool_start starts the threads. Fails: ERR_NO_MEMORY; the ones already started are stopped. */
enum err verify_pool_start(struct verify_pool *pool);

/* verify_pool_stop lets running jobs finish and joins the threads; waiting jobs are dropped. */
void verify_pool_stop(struct verify_pool *pool);

/* verify_pool_submit hands in a job. Fails: ERR_FULL when VERIFY_JOBS_MAX are not yet collected. */
enum err verify_pool_submit(struct verify_pool *pool, const struct verify_job *job);

/* verify_pool_collect gives one finished job, after judging all inline ones together. Gives: false when there is none. */
bool verify_pool_collect(struct verify_pool *pool, struct verify_job *job);

/* verify_pool_is_ready: verify_pool_collect would give one now. No notification comes for inline jobs: whoever submits asks before it sleeps. */
bool verify_pool_is_ready(struct verify_pool *pool);

/* verify_pool_task hands in a task; verify_pool_await returns when it has run. Needs: it is idle; it is awaited before anything that it touches is looked at. Threads: the one
 * that submits. Cost: of the first a lock, and a wake-up where a thread sleeps. */
void verify_pool_task(struct verify_pool *pool, struct task *task);
void verify_pool_await(struct verify_pool *pool, struct task *task);

/* verify_pool_counters sums the counters of all contexts, without those of calls under way. verify_pool_work gives its own. Threads: any. */
struct ed25519_counters verify_pool_counters(struct verify_pool *pool);
struct verify_counters verify_pool_work(struct verify_pool *pool);

#endif
