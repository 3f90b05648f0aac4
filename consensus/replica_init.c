/* replica_init.c: what a replica is made of: its memory, by one path that measures and takes, and its state before anything happened. See replica.h. */
#include "consensus/replica.h"

#include "base/assert.h"
#include "consensus/replica_priv.h"

#include <string.h>

void replica_config_default(struct replica_config *config)
{
    *config = (struct replica_config){ .pool_commands = 8192, .pool_client_max = 64, .history_blocks = 16384, .blocks = 16, .reserves = true };
}

static struct pool_config pool_config_of(const struct replica_config *config)
{
    struct pool_config pool = {
        .commands = config->pool_commands,
        .client_max = config->pool_client_max,
        .members_count = config->epoch.members_count,
        .blocks = config->blocks,
        .block_bytes_max = config->epoch.limits.block_bytes_max,
        .block_commands_max = config->epoch.limits.block_commands_max,
    };

    memcpy(pool.seed, config->seed, sizeof pool.seed);
    return pool;
}

/* take is the one path that measures and takes. */
static struct replica *take(struct arena *arena, const struct replica_config *config, const struct app *app)
{
    struct pool_config pool = pool_config_of(config);
    struct replica scratch, *r = arena_take(arena, 1, sizeof *r);
    struct replica *to = r != NULL ? r : &scratch;

    blocks_take(&to->blocks, arena, config->blocks, &config->epoch);
    history_take(&to->history, arena, config->history_blocks);
    trail_take(&to->trail, arena, config->history_blocks);
    jobs_take(&to->jobs, arena, config->epoch.members_count);
    to->peers = arena_take(arena, config->epoch.members_count, sizeof *to->peers);
    to->serve.buffer = arena_take(arena, BUNDLE_BYTES_MAX, 1);
    to->fetch.proof = arena_take(arena, COMMIT_PROOF_BYTES_MAX, 1);
    to->serve.headers = arena_take(arena, BUNDLE_HEADERS_MAX, BLOCK_HEADER_BYTES);
    void *memory = arena_take(arena, pool_footprint(&pool), 1); /* the last: replica_searched relies on it */
    to->pool = memory != NULL ? pool_init(memory, &pool, app) : NULL;
    return r;
}

size_t replica_footprint(const struct replica_config *config)
{
    struct arena arena;

    arena_init_measure(&arena);
    (void)take(&arena, config, NULL);
    return arena.used;
}

struct bytes replica_searched(void *memory, const struct replica_config *config)
{
    struct pool_config pool = pool_config_of(config);
    size_t all = replica_footprint(config), part = pool_footprint(&pool);

    ASSERT(part % ARENA_ALIGN == 0);
    ASSERT(part < all);
    return bytes_of((uint8_t *)memory + (all - part), part);
}

static void init_members(struct replica *r)
{
    const struct config *epoch = &r->config.epoch;

    r->n = epoch->members_count;
    r->self = r->config.self;
    ASSERT(r->self < r->n);
    r->faults = config_faults_max(r->n);
    r->quorum = config_quorum(r->n);
    ASSERT(2 * r->quorum > r->n + r->faults); /* two quorums share an honest member */
    ASSERT(r->quorum + r->faults <= r->n);    /* and those that do not fail form one */
    r->others = member_set_all(r->n);
    member_set_remove(&r->others, r->self);
    r->config_digest = config_hash(epoch);
    r->peers[r->self].linked = true;
}

struct replica *replica_init(void *memory, const struct replica_config *config, const struct app *app)
{
    struct arena arena;

    ASSERT(config->blocks >= 12);
    ASSERT(config->blocks <= 64);
    arena_init(&arena, memory, replica_footprint(config));
    struct replica *r = take(&arena, config, app);
    arena_seal(&arena);
    r->config = *config;
    r->app = *app;
    r->chain_id = block_hash(&config->genesis);
    init_members(r);
    pacemaker_init(&r->pacemaker, &config->epoch.limits, config->append_ns);
    safety_init(&r->safety, config->epoch.epoch, config->genesis.height);
    if (config->abstain && config->abstain_epoch == config->epoch.epoch) {
        r->safety.limit_view = config->abstain_view;
    }
    if (config->rejoins) {
        ASSERT(config->asks); /* E5: only others know */
        r->safety.limit_view = SAFETY_LIMIT_UNKNOWN;
    }
    cert_root(&r->high, config->epoch.epoch, config->genesis.height, &r->chain_id);
    r->high_recorded = true;
    r->committed_rank = r->high.ballot.rank;
    history_begin(&r->history, &config->genesis, &r->chain_id);
    r->executed_height = config->genesis.height;
    r->flight_high = r->executed_height;
    r->checkpoints.block_height = config->genesis.height;
    r->checkpoints.block_time_ms = config->genesis.time_ms;
    r->entered = ENTERED_AT_START;
    return r;
}
