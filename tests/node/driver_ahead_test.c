/* driver_ahead_test.c: whatever a log looks like, a start whose bodies other threads read before their turn finds what one that reads them itself finds. */
#include "node/driver.h"

#include "ledger/ledger.h"
#include "node/verify_pool.h"
#include "sim/world/world.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define REST_NS UINT64_C(60000000000)

enum { ROUNDS = 12, COMMANDS = 24, PLACES = 48 };

/* places tells how many places of the log are harmed: with ThreadSanitizer, which looks for what any of them would show, fewer by day. */
static uint32_t places(void) { return is_thread_build() && !is_long() ? PLACES / 8 : PLACES; }

static struct world world;
static struct host *host; /* whose log it is */
static struct verify_pool pool;
static void *pool_memory;

static void give(void *context, struct task *task) { verify_pool_task(context, task); }
static void await(void *context, struct task *task) { verify_pool_await(context, task); }
static const struct host_crew crew = { give, await, &pool };

static void notify(void *context) { (void)context; }

static void open_pool(uint32_t threads)
{
    struct verify_pool_config config = { .threads = threads, .mode = ED25519_AUTO, .notify = notify };
    struct arena arena;

    arena_init_measure(&arena);
    verify_pool_take(&pool, &arena, &config);
    size_t size = (arena.used + 63) / 64 * 64;
    pool_memory = memset(aligned_alloc(64, size), 0, size);
    arena_init(&arena, pool_memory, size);
    verify_pool_take(&pool, &arena, &config);
    cr_assert_eq(verify_pool_start(&pool), ERR_OK);
}

/* begin leaves a log of many blocks, most of them longer than what is copied as it is, and the process that wrote it dead. */
static void begin(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.segments_max = 6;
    plan.actors_count = COMMANDS;
    plan.limits.batch_us = 20000;
    world_open(&world, &plan);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        world_submit(&world, COMMANDS, 0, false);
        cr_assert(world_run_until_rest(&world, world.now_ns + REST_NS), "%s", world.failure.text);
    }
    host = &world.hosts[1];
    host_crash(host, false);
    host_keep(host);
    open_pool(2);
}

static void finish(void)
{
    verify_pool_stop(&pool);
    free(pool_memory);
    world_close(&world);
}

TestSuite(driver_ahead, .init = begin, .fini = finish);

/* What a start finds. */
struct found {
    bool up;
    enum recovery_sign sign;
    uint64_t height, executed, records, batches, proved, refused;
    uint32_t torn, repaired, damaged;
    struct hash32 root, block;
    struct recovery_damage damage[RECOVERY_DAMAGE_MAX];
};

static uint64_t bodies_ahead, bodies_shared; /* by one start, and by all that had threads or could have had them */

static void start(struct found *found)
{
    memset(found, 0, sizeof *found);
    found->up = host_start(host);
    const struct recovery_outcome *outcome = &host->recovery;
    found->sign = outcome->sign;
    found->records = outcome->records;
    found->batches = outcome->batches;
    found->proved = outcome->proved;
    found->torn = outcome->torn;
    found->repaired = outcome->repaired;
    found->damaged = outcome->damage_count;
    memcpy(found->damage, outcome->damage, outcome->damage_count * sizeof outcome->damage[0]);
    found->refused = host->driver.counters.records_refused;
    bodies_ahead = host->driver.counters.bodies_ahead;
    if (found->up) {
        struct replica_status status;
        replica_status(host->driver.replica, &status);
        found->height = status.executed_height;
        found->block = status.committed_block;
        found->executed = host->driver.apply.executed;
        found->root = ledger_state_root(host->driver.apply.ledger);
        driver_check(&host->driver);
        host_crash(host, false);
    }
}

/* What is done to a log before it is read. */
struct harm {
    uint32_t segment;
    uint32_t offset, bytes; /* of it */
    enum { HARM_NONE, HARM_FLIP, HARM_ZERO } kind;
};

static void harm_do(const struct harm *harm)
{
    cr_assert(host_back(host));
    for (uint32_t at = 0; at < harm->bytes && harm->kind != HARM_NONE; at += DISK_SECTOR) {
        uint8_t *sector = sim_disk_sector(&host->disk, harm->segment, harm->offset + at);
        cr_assert_not_null(sector);
        if (harm->kind == HARM_FLIP) {
            sector[100] ^= 4;
        } else {
            memset(sector, 0, DISK_SECTOR);
        }
    }
}

/* alike starts three times from the same bytes: alone, with threads, and with tasks that nobody runs before they are awaited. Gives: what was found. */
static void alike(const struct harm *harm, struct found *alone)
{
    static struct found others[2];

    for (uint32_t i = 0; i < 3; i++) {
        harm_do(harm);
        host->unaided = i == 0;
        host->crew = i == 1 ? &crew : NULL;
        host->memory_bytes = 0; /* lives differ in what they take */
        start(i == 0 ? alone : &others[i - 1]);
        cr_assert(i > 0 || bodies_ahead == 0, "alone");
        bodies_shared += bodies_ahead;
    }
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_arr_eq(&others[i], alone, sizeof *alone, "kind %d at %u of segment %u, start %u: height %llu and %llu", harm->kind, harm->offset, harm->segment, i,
                         (unsigned long long)others[i].height, (unsigned long long)alone->height);
    }
}

static uint32_t used_bytes(uint32_t segment)
{
    static const uint8_t zeros[DISK_SECTOR];
    uint32_t end = HOST_LOG_BYTES;
    const uint8_t *sector = NULL;

    while (end > 0 && (sector = sim_disk_sector(&host->disk, segment, end - DISK_SECTOR)) != NULL && memcmp(sector, zeros, sizeof zeros) == 0) {
        end -= DISK_SECTOR;
    }
    return sector == NULL ? 0 : end;
}

Test(driver_ahead, a_whole_log_leads_to_the_same_state)
{
    static struct found found;

    alike(&(struct harm){ .kind = HARM_NONE }, &found);
    cr_assert(found.up);
    cr_assert_geq(found.height, ROUNDS, "blocks that were committed come back");
    cr_assert_eq(found.refused, 0);
    cr_assert_eq(found.damaged, 0);
    cr_assert_geq(bodies_shared, ROUNDS);
}

/* Each place in turn: a flipped bit is rot, and what stands behind it is still read. */
Test(driver_ahead, a_log_that_rots_anywhere_is_judged_the_same)
{
    static struct found found;
    uint32_t used = used_bytes(1), rotten = 0, lower = 0;

    cr_assert_gt(used, PLACES * DISK_SECTOR);
    for (uint32_t i = 0; i < places(); i++) {
        struct harm harm = { .segment = 1, .offset = (uint32_t)((uint64_t)used * i / places()) / DISK_SECTOR * DISK_SECTOR, .bytes = DISK_SECTOR, .kind = HARM_FLIP };
        alike(&harm, &found);
        rotten += found.damaged > 0;
        lower += found.up && found.height < ROUNDS;
    }
    cr_assert_gt(bodies_shared, places());
    cr_assert_gt(rotten, places() / 2, "most places hold something");
    cr_assert_gt(lower, 0, "what rots in the middle holds execution up");
}

/* Zeros from a place to the end: the log tears in the middle of what is read ahead. */
Test(driver_ahead, a_log_that_is_cut_anywhere_is_judged_the_same)
{
    static struct found found;
    uint32_t used = used_bytes(1), lower = 0;

    for (uint32_t i = 0; i < places(); i++) {
        uint32_t from = (uint32_t)((uint64_t)used * i / places()) / DISK_SECTOR * DISK_SECTOR;
        alike(&(struct harm){ .segment = 1, .offset = from, .bytes = used - from, .kind = HARM_ZERO }, &found);
        lower += !found.up || found.height < ROUNDS;
    }
    cr_assert_gt(bodies_shared, places());
    cr_assert_gt(lower, places() / 2);
}
