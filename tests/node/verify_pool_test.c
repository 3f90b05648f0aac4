/* verify_pool_test.c: the verdicts are those of the single check, with threads and without. */
#include "node/verify_pool.h"

#include "crypto/keys.h"
#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define JOBS 40
#define PER_JOB 5
#define ROUNDS 3

static struct {
    struct sign_keypair pair;
    struct hash32 digests[JOBS][PER_JOB];
    uint8_t signatures[JOBS][PER_JOB][64];
    struct sig_item items[JOBS][PER_JOB];
    bool verdicts[JOBS][PER_JOB];
} world;

static bool is_bad(size_t job, size_t i) { return (job + i) % 7 == 0; }

static void fill(void)
{
    const uint8_t seed[32] = { 5 };

    crypto_start();
    sign_keypair_from_seed(&world.pair, seed);
    for (size_t j = 0; j < JOBS; j++) {
        for (size_t i = 0; i < PER_JOB; i++) {
            world.digests[j][i].bytes[0] = (uint8_t)j;
            world.digests[j][i].bytes[1] = (uint8_t)i;
            sign_digest(&world.pair, &world.digests[j][i], world.signatures[j][i]);
            world.signatures[j][i][3] ^= is_bad(j, i);
            world.items[j][i] = (struct sig_item){ world.pair.public_key, world.digests[j][i].bytes, world.signatures[j][i] };
        }
    }
}

static void signal_eventfd(void *context)
{
    uint64_t one = 1;

    ssize_t written = write(*(int *)context, &one, sizeof one);
    cr_assert_eq(written, sizeof one);
}

static void run_with(uint32_t threads)
{
    struct verify_pool pool;
    struct arena measure, arena;
    int fd = eventfd(0, EFD_NONBLOCK);
    struct verify_pool_config config = { .threads = threads, .mode = ED25519_AUTO, .notify = signal_eventfd, .context = &fd };

    arena_init_measure(&measure);
    verify_pool_take(&pool, &measure, &config);
    void *memory = aligned_alloc(64, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    verify_pool_take(&pool, &arena, &config);
    cr_assert_eq(verify_pool_start(&pool), ERR_OK);
    for (size_t j = 0; j < JOBS; j++) {
        cr_assert_eq(verify_pool_submit(&pool, &(struct verify_job){ j, world.items[j], PER_JOB, world.verdicts[j], false }), ERR_OK);
    }
    size_t collected = 0;
    struct verify_job job;
    while (collected < JOBS) {
        if (verify_pool_collect(&pool, &job)) {
            collected++;
            continue;
        }
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        uint64_t count;
        cr_assert_eq(poll(&wait, 1, 60000), 1, "no notification came");
        cr_assert_eq(read(fd, &count, sizeof count), sizeof count);
    }
    verify_pool_stop(&pool);
    for (size_t j = 0; j < JOBS; j++) {
        for (size_t i = 0; i < PER_JOB; i++) {
            cr_assert_eq(world.verdicts[j][i], !is_bad(j, i));
        }
    }
    cr_assert_eq(verify_pool_counters(&pool).checks, JOBS * PER_JOB);
    free(memory);
    close(fd);
}

Test(verify_pool, gives_every_verdict_with_threads_and_without)
{
    fill();
    run_with(0);
    run_with(1);
    run_with(3);
}

Test(verify_pool, refuses_more_jobs_than_it_can_hold)
{
    struct verify_pool pool;
    struct arena measure, arena;
    struct verify_pool_config config = { .threads = 0 };

    arena_init_measure(&measure);
    verify_pool_take(&pool, &measure, &config);
    void *memory = aligned_alloc(64, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    verify_pool_take(&pool, &arena, &config);
    struct verify_job job = { 0 };
    for (uint32_t i = 0; i < VERIFY_JOBS_MAX; i++) {
        cr_assert_eq(verify_pool_submit(&pool, &job), ERR_OK);
    }
    cr_assert_eq(verify_pool_submit(&pool, &job), ERR_FULL);
    cr_assert(verify_pool_collect(&pool, &job));
    cr_assert_eq(verify_pool_submit(&pool, &job), ERR_OK);
    free(memory);
}

static struct verify_pool *open_pool(struct arena *arena, uint32_t threads, int *fd)
{
    struct verify_pool *pool = calloc(1, sizeof *pool);
    struct verify_pool_config config = { .threads = threads, .mode = ED25519_AUTO, .members_max = 4, .hot_max = 2, .keys_max = 16, .notify = signal_eventfd, .context = fd };
    struct arena measure;

    *fd = eventfd(0, EFD_NONBLOCK);
    arena_init_measure(&measure);
    verify_pool_take(pool, &measure, &config);
    arena_init(arena, memset(aligned_alloc(64, measure.used), 0, measure.used), measure.used);
    verify_pool_take(pool, arena, &config);
    return pool;
}

static void close_pool(struct verify_pool *pool, struct arena *arena, int fd)
{
    free(arena->data);
    free(pool);
    close(fd);
}

/* next waits for a result. Gives: its id. */
static uint64_t next(struct verify_pool *pool, int fd)
{
    struct verify_job job;

    for (uint32_t i = 0; i < 600; i++) {
        if (verify_pool_collect(pool, &job)) {
            return job.id;
        }
        uint64_t count;
        if (poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 100) == 1) {
            cr_assert_eq(read(fd, &count, sizeof count), sizeof count);
        }
    }
    cr_assert_fail("no result came");
    return UINT64_MAX;
}

Test(verify_pool, certificates_go_before_the_commands_of_blocks)
{
    static struct sig_item many[VERIFY_SHORT_ITEMS + 1];
    static bool verdicts[3][VERIFY_SHORT_ITEMS + 1];
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 1, &fd);

    fill();
    for (size_t i = 0; i <= VERIFY_SHORT_ITEMS; i++) {
        many[i] = world.items[0][1];
    }
    cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ 1, many, VERIFY_SHORT_ITEMS + 1, verdicts[0], false }), ERR_OK);
    cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ 2, many, VERIFY_SHORT_ITEMS, verdicts[1], false }), ERR_OK);
    cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ 3, many, VERIFY_INLINE_ITEMS + 1, verdicts[2], false }), ERR_OK);
    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    for (uint64_t i = 0; i < 3; i++) {
        const uint64_t order[] = { 2, 3, 1 };
        cr_assert_eq(next(pool, fd), order[i]);
    }
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}

/* A batch is counted long before its checks are, so whoever looked into a context at work would find numbers that do not add up. */
Test(verify_pool, counters_never_tell_half_a_call)
{
    static struct sig_item many[VERIFY_CALL_ITEMS];
    static bool verdicts[ROUNDS][VERIFY_CALL_ITEMS];
    struct verify_job job;
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 1, &fd);

    fill();
    for (size_t i = 0; i < VERIFY_CALL_ITEMS; i++) {
        many[i] = world.items[i / PER_JOB % JOBS][i % PER_JOB];
    }
    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ i, many, VERIFY_CALL_ITEMS, verdicts[i], false }), ERR_OK);
        do {
            struct ed25519_counters counters = verify_pool_counters(pool);
            cr_assert_eq(counters.checks, counters.single + counters.direct + counters.batch);
            cr_assert(counters.checks == i * VERIFY_CALL_ITEMS || counters.checks == (i + 1) * VERIFY_CALL_ITEMS);
        } while (!verify_pool_collect(pool, &job));
        cr_assert_eq(verify_pool_counters(pool).checks, (i + 1) * VERIFY_CALL_ITEMS, "what can be collected is counted");
    }
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}

Test(verify_pool, judges_a_few_checks_without_waking_anybody)
{
    static bool verdicts[3][VERIFY_INLINE_ITEMS];
    struct verify_job job;
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 1, &fd);

    fill();
    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert_not(verify_pool_is_ready(pool) && i == 0);
        cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ i, world.items[i], PER_JOB, verdicts[i], false }), ERR_OK);
        cr_assert(verify_pool_is_ready(pool), "whoever sleeps now would never be told");
    }
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert(verify_pool_collect(pool, &job));
        cr_assert_eq(job.id, i);
        for (size_t j = 0; j < PER_JOB; j++) {
            cr_assert_eq(verdicts[i][j], !is_bad(i, j));
        }
    }
    cr_assert_not(verify_pool_collect(pool, &job));
    struct verify_counters work = verify_pool_work(pool);
    cr_assert_eq(work.calls_inline, 1, "one call for all that waited");
    cr_assert_eq(work.checks_inline, 3 * PER_JOB);
    cr_assert_eq(work.calls_worker + work.notifies, 0, "N4: nobody was woken");
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}

Test(verify_pool, puts_what_waits_into_one_call_and_wakes_once_for_it)
{
    static bool verdicts[8][VERIFY_INLINE_ITEMS + 2];
    static struct sig_item many[8][VERIFY_INLINE_ITEMS + 2];
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 1, &fd);

    fill();
    for (size_t job = 0; job < 8; job++) {
        for (size_t i = 0; i < VERIFY_INLINE_ITEMS + 2; i++) {
            many[job][i] = world.items[job][i % PER_JOB];
        }
        cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ job, many[job], VERIFY_INLINE_ITEMS + 2, verdicts[job], false }), ERR_OK);
    }
    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    for (uint64_t job = 0; job < 8; job++) {
        cr_assert_eq(next(pool, fd), job);
    }
    for (size_t job = 0; job < 8; job++) {
        for (size_t i = 0; i < VERIFY_INLINE_ITEMS + 2; i++) {
            cr_assert_eq(verdicts[job][i], !is_bad(job, i % PER_JOB));
        }
    }
    struct verify_counters work = verify_pool_work(pool);
    cr_assert_eq(work.calls_worker, 1);
    cr_assert_eq(work.notifies, 1, "N4: one wake-up for all of them");
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}

/* One that is doubted among others, to workers and inline: a bad signature of its own is in no sum with theirs. */
Test(verify_pool, judges_who_is_doubted_in_a_call_of_its_own)
{
    static bool verdicts[3][VERIFY_INLINE_ITEMS + 2];
    static struct sig_item many[VERIFY_INLINE_ITEMS + 2];
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 1, &fd);
    struct verify_job job;

    fill();
    for (size_t i = 0; i < VERIFY_INLINE_ITEMS + 2; i++) {
        many[i] = world.items[0][i % PER_JOB];
    }
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ i, many, VERIFY_INLINE_ITEMS + 2, verdicts[i], i == 1 }), ERR_OK);
    }
    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert_eq(next(pool, fd), i);
    }
    cr_assert_eq(verify_pool_work(pool).calls_worker, 3, "R1: neither with those before nor with those behind");
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ i, many, PER_JOB, verdicts[i], i == 1 }), ERR_OK);
    }
    for (uint64_t i = 0; i < 3; i++) {
        cr_assert(verify_pool_collect(pool, &job));
        cr_assert_eq(job.id, i);
    }
    cr_assert_eq(verify_pool_work(pool).calls_inline, 3, "R1");
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}

Test(verify_pool, makes_the_tables_of_members_before_anything_is_checked)
{
    static uint8_t keys[4][32];
    struct sign_keypair pair;
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 0, &fd);

    crypto_start();
    for (uint8_t i = 0; i < 4; i++) {
        const uint8_t seed[32] = { (uint8_t)(i + 1) };
        sign_keypair_from_seed(&pair, seed);
        memcpy(keys[i], pair.public_key, 32);
    }
    verify_pool_members(pool, keys[0], 4);
    cr_assert_eq(ed25519_keyset_counters(pool->keyset).members_ready, 4, "no vote waits for a table");
    verify_pool_members(pool, keys[1], 3);
    cr_assert_eq(ed25519_keyset_counters(pool->keyset).members_ready, 3, "an epoch without the first");
    close_pool(pool, &arena, fd);
}

Test(verify_pool, makes_tables_of_hot_keys_when_it_has_nothing_else_to_do)
{
    static struct sig_item many[VERIFY_BUILD_CHECKS];
    static bool verdicts[VERIFY_BUILD_CHECKS];
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 1, &fd);

    fill();
    for (size_t i = 0; i < VERIFY_BUILD_CHECKS; i++) {
        many[i] = world.items[0][1 + i % 4];
    }
    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ 1, many, VERIFY_BUILD_CHECKS, verdicts, false }), ERR_OK);
    cr_assert_eq(next(pool, fd), 1);
    for (uint32_t i = 0; i < 500 && !ed25519_keyset_has(pool->keyset, world.pair.public_key); i++) {
        (void)poll(NULL, 0, 10);
    }
    cr_assert(ed25519_keyset_has(pool->keyset, world.pair.public_key), "a key that is used a thousand times deserves a table");
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}

/* A task that counts how often it ran, and by whom. */
struct counting {
    struct task task; /* first */
    pthread_t by;
    uint32_t runs, spins;
};

static void count_run(struct task *task)
{
    struct counting *counting = (struct counting *)(void *)task;

    for (volatile uint32_t i = 0; i < counting->spins; i++) {
    }
    counting->by = pthread_self();
    counting->runs++;
}

static struct counting counted[64];

/* run_tasks hands in tasks, a few at a time, and awaits them in order, while jobs come and go. */
static void run_tasks(uint32_t threads)
{
    enum { TASKS = sizeof counted / sizeof counted[0], AT_ONCE = 5 };
    struct arena arena;
    struct verify_job job;
    int fd;
    struct verify_pool *pool = open_pool(&arena, threads, &fd);

    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    for (uint32_t i = 0; i < TASKS + AT_ONCE; i++) {
        if (i < TASKS) {
            counted[i] = (struct counting){ .task = { .run = count_run }, .spins = i % 3 == 0 ? 100000 : 10 };
            verify_pool_task(pool, &counted[i].task);
        }
        if (i >= AT_ONCE) {
            verify_pool_await(pool, &counted[i - AT_ONCE].task);
            cr_assert_eq(counted[i - AT_ONCE].runs, 1);
            cr_assert_eq(counted[i - AT_ONCE].task.state, TASK_IDLE);
        }
        cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ i, world.items[i % JOBS], PER_JOB, world.verdicts[i % JOBS], false }), ERR_OK);
        while (verify_pool_collect(pool, &job)) {
        }
    }
    verify_pool_stop(pool);
    struct verify_counters work = verify_pool_work(pool);
    cr_assert_eq(work.tasks_worker + work.tasks_inline, TASKS);
    cr_assert(threads > 0 || work.tasks_worker == 0);
    close_pool(pool, &arena, fd);
}

Test(verify_pool, runs_every_task_once_with_threads_and_without)
{
    fill();
    run_tasks(0);
    run_tasks(1);
    run_tasks(3);
}

/* Newest first: each is in the middle or at the end of what waits. */
Test(verify_pool, runs_a_task_that_nobody_has_begun_where_it_is_awaited)
{
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 0, &fd);

    for (uint32_t i = 0; i < 4; i++) {
        counted[i] = (struct counting){ .task = { .run = count_run } };
        verify_pool_task(pool, &counted[i].task);
    }
    for (uint32_t i = 0; i < 4; i++) {
        struct counting *next = &counted[(i * 3 + 2) % 4];
        cr_assert_eq(next->runs, 0);
        verify_pool_await(pool, &next->task);
        cr_assert_eq(next->runs, 1);
        cr_assert(pthread_equal(next->by, pthread_self()));
    }
    cr_assert_null(pool->tasks_first);
    cr_assert_null(pool->tasks_last);
    close_pool(pool, &arena, fd);
}

static void hand_in_twice(const void *argument)
{
    struct verify_pool *pool = (struct verify_pool *)(uintptr_t)argument;

    counted[0] = (struct counting){ .task = { .run = count_run } };
    verify_pool_task(pool, &counted[0].task);
    verify_pool_task(pool, &counted[0].task);
}

Test(verify_pool, stops_at_a_task_that_is_handed_in_twice)
{
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_pool(&arena, 0, &fd);

    cr_assert(kit_stops(hand_in_twice, pool));
    close_pool(pool, &arena, fd);
}

/* Who makes tables in the place of a keyset: as many as anybody lets it make. The first two tell how many calls were over when they were begun. */
static struct {
    struct verify_pool *pool;
    sem_t began[2], go_on;
    uint32_t tables;
    uint64_t calls_over[2];
    bool is_held; /* the first table takes until go_on */
} builder;

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0) { /* a signal */
    }
}

static bool build_for_ever(struct ed25519_keyset *keyset)
{
    uint32_t table = builder.tables++;

    (void)keyset;
    if (table < 2) {
        builder.calls_over[table] = verify_pool_work(builder.pool).calls_worker;
        sem_post(&builder.began[table]);
    }
    if (table == 0 && builder.is_held) {
        wait_for(&builder.go_on);
    }
    return true;
}

static struct verify_pool *open_builder(struct arena *arena, int *fd, bool is_held)
{
    struct verify_pool *pool = open_pool(arena, 1, fd);

    fill();
    builder.pool = pool;
    builder.is_held = is_held;
    cr_assert_eq(sem_init(&builder.began[0], 0, 0), 0);
    cr_assert_eq(sem_init(&builder.began[1], 0, 0), 0);
    cr_assert_eq(sem_init(&builder.go_on, 0, 0), 0);
    pool->build_one = build_for_ever;
    return pool;
}

static void submit_good(struct verify_pool *pool, uint64_t id, size_t n)
{
    static struct sig_item many[VERIFY_BUILD_CHECKS];
    static bool verdicts[4][VERIFY_BUILD_CHECKS];

    for (size_t i = 0; i < VERIFY_BUILD_CHECKS && id == 0; i++) {
        many[i] = world.items[0][1 + i % 4];
    }
    cr_assert_eq(verify_pool_submit(pool, &(struct verify_job){ id, many, n, verdicts[id], false }), ERR_OK);
}

/* However many keys deserve a table. */
Test(verify_pool, job_that_comes_while_a_table_is_made_waits_for_that_one_alone)
{
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_builder(&arena, &fd, true);

    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    submit_good(pool, 0, VERIFY_BUILD_CHECKS);
    cr_assert_eq(next(pool, fd), 0);
    wait_for(&builder.began[0]);
    cr_assert_eq(builder.calls_over[0], 1);
    submit_good(pool, 1, VERIFY_INLINE_ITEMS + 1);
    submit_good(pool, 2, VERIFY_SHORT_ITEMS + 1);
    sem_post(&builder.go_on);
    wait_for(&builder.began[1]);
    cr_assert_eq(builder.calls_over[1], 3, "no table is begun while a short job waits or a long one");
    cr_assert_eq(next(pool, fd), 1);
    cr_assert_eq(next(pool, fd), 2);
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}

/* What waits when it is time to look for hot keys comes first. */
Test(verify_pool, no_table_is_begun_before_all_that_waits_is_judged)
{
    enum { CALLS = 4 };
    struct arena arena;
    int fd;
    struct verify_pool *pool = open_builder(&arena, &fd, false);

    for (uint64_t id = 0; id < CALLS; id++) { /* each is a call of its own, and time enough to look */
        submit_good(pool, id, VERIFY_BUILD_CHECKS);
    }
    cr_assert_eq(verify_pool_start(pool), ERR_OK);
    wait_for(&builder.began[0]);
    cr_assert_eq(builder.calls_over[0], CALLS);
    verify_pool_stop(pool);
    close_pool(pool, &arena, fd);
}
