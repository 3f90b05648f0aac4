/* verify_pool.h: threads that check signatures while the loop goes on, and sleep when there is nothing to check.
 *
 * A job is handed in with views of its items and a place for the verdicts; both stay the caller's and must not change until the job is
 * collected. Results come back in any order; the caller is woken by `notify`, which runs on a worker's thread and may only signal.
 * Short jobs (certificates) go before long ones (the commands of a block, requests): views hang on the first. Within each kind the order is kept.
 * With zero threads the work is done inside verify_pool_submit, and verify_pool_collect gives the results. */
#ifndef WARD_NODE_VERIFY_POOL_H
#define WARD_NODE_VERIFY_POOL_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/ed25519.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_THREADS_MAX 8u
#define VERIFY_JOBS_MAX 640u /* under way or not yet collected: four certificates per member of the largest epoch, a block, request batches */
#define VERIFY_POOL_ITEMS_MAX 20992u
#define VERIFY_SHORT_ITEMS 96u /* of a short job: a certificate with its companions in an epoch of 31 members */

struct verify_job {
    uint64_t id;                  /* the caller's */
    const struct sig_item *items; /* n */
    size_t n;                     /* 0 .. VERIFY_POOL_ITEMS_MAX */
    bool *verdicts;               /* n, written before the job can be collected */
};

struct verify_pool_config {
    uint32_t threads; /* 0 .. VERIFY_THREADS_MAX */
    enum ed25519_mode mode;
    uint8_t seed[32]; /* for batch coefficients; secret */
    void (*notify)(void *context);
    void *context;
};

struct verify_worker {
    struct verify_pool *pool;
    pthread_t thread;
    struct ed25519_ctx *ctx;
};

struct verify_pool {
    struct verify_pool_config config;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop;
    uint32_t started;
    struct verify_job waiting[2][VERIFY_JOBS_MAX]; /* rings: short jobs, long ones */
    uint32_t waiting_head[2], waiting_count[2];
    struct verify_job done[VERIFY_JOBS_MAX];    /* ring */
    uint32_t done_head, done_count;
    uint32_t in_flight; /* submitted and not collected, <= VERIFY_JOBS_MAX */
    struct verify_worker workers[VERIFY_THREADS_MAX];
    struct verify_worker inline_worker;         /* used when there are no threads */
};

/* verify_pool_take takes one context per thread, at least one. */
void verify_pool_take(struct verify_pool *pool, struct arena *arena, const struct verify_pool_config *config);

/* verify_pool_start starts the threads. Fails: ERR_NO_MEMORY; the ones already started are stopped. */
enum err verify_pool_start(struct verify_pool *pool);

/* verify_pool_stop lets running jobs finish and joins the threads; waiting jobs are dropped. */
void verify_pool_stop(struct verify_pool *pool);

/* verify_pool_submit hands in a job. Fails: ERR_FULL when VERIFY_JOBS_MAX are not yet collected. */
enum err verify_pool_submit(struct verify_pool *pool, const struct verify_job *job);

/* verify_pool_collect gives one finished job. Gives: false when there is none. */
bool verify_pool_collect(struct verify_pool *pool, struct verify_job *job);

/* verify_pool_counters sums the counters of all contexts. Numbers of a job under way may be missing. */
struct ed25519_counters verify_pool_counters(struct verify_pool *pool);

#endif
