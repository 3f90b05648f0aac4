/* world_pairs.c: sees which faults meet (pairs.h). Nothing here changes what happens. */
#include "sim/world/world_priv.h"

#include "base/assert.h"

static bool fetches_snapshot(const struct host *host)
{
    enum snapshot_fetch_stage stage = host->driver.snapshot_fetch.stage;

    return host->state != HOST_DOWN && stage >= SNAPSHOT_FETCH_MANIFEST && stage < SNAPSHOT_FETCH_DONE;
}

/* gives_up tells whether somebody who speaks for nobody but itself has timed the view out that it is in. */
static bool gives_up(const struct world *world)
{
    bool any = false;

    for (uint32_t i = 0; i < world->plan.members_count && !any; i++) {
        struct replica_status status;
        if (world->hosts[i].state != HOST_DOWN && !member_set_has(&world->faulty, i)) {
            replica_status(world->hosts[i].driver.replica, &status);
            any = status.timeout_view >= (int64_t)status.view;
        }
    }
    return any;
}

static void note(struct world *world, enum pair pair, bool met)
{
    ASSERT(pair < PAIR_COUNT);
    world->pairs[pair] += met ? 1 : 0;
}

void world_pairs_crash(struct world *world, uint32_t server)
{
    const struct host *host = &world->hosts[server];
    struct replica_status status;

    ASSERT(host->state != HOST_DOWN);
    replica_status(host->driver.replica, &status);
    note(world, PAIR_CRASH_CATCHING_UP, status.catching_up && host->driver.snapshot_fetch.stage == SNAPSHOT_FETCH_IDLE);
    note(world, PAIR_CRASH_SNAPSHOT, fetches_snapshot(host));
    note(world, PAIR_CRASH_ROTTEN, host->rotten > host->driver.repair.counters.repaired);
    note(world, PAIR_CRASH_FULL, host->full);
}

void world_pairs_start(struct world *world, uint32_t server)
{
    const struct host *host = &world->hosts[server];

    ASSERT(host->state != HOST_DOWN);
    note(world, PAIR_TORN_SNAPSHOT, host->recovery.torn > 0 && host->superblocks.current.checkpoint_height > 0);
}

void world_pairs_snapshot(struct world *world, uint32_t server)
{
    const struct host *host = &world->hosts[server];
    bool resumes = host->state != HOST_DOWN && host->driver.snapshot_fetch.stage == SNAPSHOT_FETCH_RESUME;

    note(world, PAIR_RESUMED_SNAPSHOT, resumes && !world->held[server].resumes);
    world->held[server].resumes = resumes;
}

void world_pairs_heal(struct world *world)
{
    for (uint32_t i = 0; i < world->seats.count && world->parted; i++) {
        note(world, PAIR_HEAL_SNAPSHOT, fetches_snapshot(&world->hosts[i]));
    }
}

void world_pairs_view(struct world *world, enum pair pair)
{
    note(world, pair, gives_up(world));
}

void world_pairs_rot(struct world *world)
{
    bool lies = world->adversary != NULL && !world->adversary->silent;

    note(world, PAIR_ROT_BESIDE_LIAR, lies || (!member_set_is_empty(&world->plan.twins) && !world->twins_ended));
}

void world_pairs_loss(struct world *world, uint32_t server)
{
    uint32_t down = 0;

    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        down += i != server && world->hosts[i].state == HOST_DOWN ? 1 : 0;
    }
    note(world, PAIR_LOSS_BESIDE_CRASH, down > 0);
}
