/* world_rest.c: when a world has come to rest, or is well although some lie; and what keeps it from that. What a server must not hold at any moment. */
#include "sim/world/world_priv.h"

#include "base/assert.h"
#include "sim/oracle/medium.h"

#include <string.h>

#define EVIDENCE_NS UINT64_C(1000000000) /* nothing waits so long for its place in the log */
#define OUTLAST_NS UINT64_C(100000000) /* between two looks whether all is well although some lie */

static void look_at_effort(struct world *world, uint32_t member)
{
    const struct driver *driver = &world->hosts[member].driver;
    const struct snapshots_counters *snapshots = &driver->snapshots.counters;
    struct effort_done done = { .seat = member, .members = world->plan.members_count, .checks = replica_counters(driver->replica)->signature_checks,
        .payload_bytes = driver->log.counters.payload_bytes, .snapshots = snapshots->made + snapshots->failed + snapshots->missed };

    effort_look(&world->hosts[member].effort, &done, &world->failure);
}

void world_look(struct world *world, uint32_t member)
{
    uint32_t early = replica_early_bodies(world->hosts[member].driver.replica);

    if (early > 0) {
        oracle_fail(&world->failure, FAILURE_SAFETY, "J7: r%u keeps %u blocks of views beyond the next one", member, early);
    }
    struct replica_shares held;
    replica_shares(world->hosts[member].driver.replica, &held);
    shares_look(&world->shares, member, &held);
    look_at_effort(world, member);
    world_duties_look(world, member);
}

/* read_medium copies from the medium of a server. */
static bool read_medium(void *context, uint32_t file, uint64_t offset, uint8_t *out, uint32_t bytes)
{
    struct sim_disk *disk = context;

    ASSERT(offset % DISK_SECTOR == 0);
    for (uint32_t done = 0; done < bytes; done += DISK_SECTOR) {
        const uint8_t *sector = sim_disk_sector(disk, file, offset + done);
        if (sector == NULL) {
            return false;
        }
        memcpy(out + done, sector, bytes - done < DISK_SECTOR ? bytes - done : DISK_SECTOR);
    }
    return true;
}

/* look_at_medium looks at a superblock that is being written, and at the snapshot that a new one names. */
static void look_at_medium(struct world *world, uint32_t member)
{
    struct host *host = &world->hosts[member];
    const struct superblock *saved = &host->superblocks.current;
    struct held *held = &world->held[member];
    struct medium medium = { .read = read_medium, .context = &host->disk, .segment_bytes = HOST_LOG_BYTES };
    uint32_t written = sim_disk_writing(&host->disk, DISK_SUPERBLOCK);

    if (written != 0) {
        medium_superblock(&world->oracle, member, &medium, written);
    }
    if (!hash_is_zero(&saved->checkpoint_snapshot) && !hash_equal(&held->named, &saved->checkpoint_snapshot)) {
        held->named = saved->checkpoint_snapshot;
        medium_snapshot(&world->oracle, member, &medium, saved);
    }
}

/* look_at_going: what is being let go of, as the superblock says that is written now, was appended again and is durable. */
static void look_at_going(struct world *world, uint32_t member)
{
    const struct host *host = &world->hosts[member];
    const struct superblock_store *store = &host->superblocks;
    const struct timeout_cert *tc = replica_tc(host->driver.replica);
    struct held *held = &world->held[member];
    struct replica_status status;

    if (!superblock_store_is_busy(store) || store->next.first_segment <= store->current.first_segment || store->next.first_segment == held->going) {
        return;
    }
    held->going = store->next.first_segment;
    replica_status(host->driver.replica, &status);
    held_named(&world->oracle, member, &host->driver, status.high, held->going);
    if (tc != NULL) {
        held_way(&world->oracle, member, &host->driver, tc, held->going);
    }
}

/* look_at_evidence waits until what was appended then must be durable. */
static void look_at_evidence(struct world *world, uint32_t member)
{
    const struct host *host = &world->hosts[member];
    struct held *held = &world->held[member];

    bool same = held->accused_boots == host->boots;

    if (held->accused == 0 || (same && (world->now_ns < held->accused + EVIDENCE_NS || host->driver.log.queue_count > 0))) {
        return;
    }
    held->accused = 0;
    if (same) {
        held_evidence(&world->oracle, member, &host->driver);
    }
}

void world_look_held(struct world *world, uint32_t member)
{
    const struct host *host = &world->hosts[member];

    if (host->state == HOST_DOWN) {
        return;
    }
    world_duties_mended(world, member);
    held_tip(&world->held[member], &world->oracle, member, replica_tip_proof(host->driver.replica));
    const struct timeout_cert *tc = replica_tc(host->driver.replica);
    if (!host->lying && host->rotten == 0 && !host->spoilt) {
        if (tc != NULL && host->superblocks.current.sequence != world->held[member].saved) {
            held_way(&world->oracle, member, &host->driver, tc, host->superblocks.current.first_segment);
        }
        look_at_going(world, member);
        look_at_evidence(world, member);
        held_saved(&world->held[member], &world->oracle, member, &host->driver, &host->superblocks.current);
        look_at_medium(world, member);
    }
}

const struct capsule *world_durable(void *context, uint32_t seat)
{
    const struct world *world = context;
    const struct host *host = &world->hosts[seat];

    if (host->lying || host_forgets(host)) {
        return NULL;
    }
    return host->state == HOST_DOWN ? &host->promised : &host->driver.log.capsule_durable;
}

bool world_holds(void *context, uint32_t seat, const struct ballot *ballot)
{
    const struct world *world = context;
    const struct host *host = &world->hosts[seat];
    const struct record_index *index = &host->driver.log.index;
    bool sound = host->state != HOST_DOWN && !host->lying && !host->spoilt && host->rotten == 0 && host->recovery.damage_count == 0;

    return !sound || host->driver.apply.height >= ballot->rank.height ||
           (record_index_has_whole(index, RECORD_BLOCK, &ballot->block) && record_index_has_whole(index, RECORD_PAYLOAD, &ballot->block));
}

bool world_is_idle(const struct world *world)
{
    bool idle = sim_network_due(&world->network) == UINT64_MAX && world->notices_count == 0 && world->waiting_count == 0;

    for (uint32_t i = 0; i < world->seats.count && idle; i++) {
        idle = host_is_idle(&world->hosts[i]);
    }
    return idle;
}

/* fail_restless names what keeps the world from its rest. */
static void fail_restless(struct world *world, uint64_t limit_ns)
{
    unsigned long long limit_ms = limit_ns / 1000000;

    if (!workload_is_done(&world->workload)) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "J2: at %llu ms %u of %u clients have no answer", limit_ms, world->workload.count - world->workload.told,
                    world->workload.count);
    }
    for (uint32_t i = 0; i < world->seats.count; i++) {
        struct host *host = &world->hosts[i];
        if (!host_is_idle(host)) {
            oracle_fail(&world->failure, FAILURE_LIVENESS, "J4: at %llu ms r%u is not idle: %s", limit_ms, i,
                        host_due_ns(host) != UINT64_MAX ? "it waits for a time" : "something of it is under way");
        }
    }
    oracle_fail(&world->failure, FAILURE_LIVENESS, "J4: at %llu ms messages are under way", limit_ms);
}

bool world_run_until_rest(struct world *world, uint64_t limit_ns)
{
    readers_stop(&world->readers); /* Reads come at intervals: with them there is no rest. */
    while (world->failure.kind == FAILURE_NONE && !(world_is_idle(world) && workload_is_done(&world->workload))) {
        uint64_t due_ns = world_next_ns(world);
        if (due_ns > limit_ns) {
            fail_restless(world, limit_ns);
            break;
        }
        world_run_to(world, due_ns > world->now_ns ? due_ns : world->now_ns);
    }
    return world->failure.kind == FAILURE_NONE;
}

bool world_read_all(struct world *world, uint64_t limit_ns)
{
    uint64_t refused = world->readers.refused;

    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        if (!member_set_has(&world->faulty, i) && world->hosts[i].state == HOST_UP) {
            uint64_t token = readers_ask(&world->readers, i, i % world->plan.actors_count);
            ASSERT(token != 0 || readers_open(&world->readers) == READERS_OPEN_MAX);
            if (token != 0) {
                world_begin_read(world, token, i);
            }
        }
    }
    bool rests = world_run_until_rest(world, limit_ns);
    if (rests && (world->readers.refused != refused || readers_open(&world->readers) > 0)) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "Q5: in a calm cluster %llu reads were refused and %u had no answer",
                    (unsigned long long)(world->readers.refused - refused), readers_open(&world->readers));
    }
    return world->failure.kind == FAILURE_NONE;
}

/* honest_are_level: all that are honest and run have executed all blocks. */
static bool honest_are_level(const struct world *world)
{
    bool level = true;

    for (uint32_t i = 0; i < world->plan.members_count && level; i++) {
        const struct host *host = &world->hosts[i];
        level = member_set_has(&world->faulty, i) || host->state == HOST_DOWN || host->driver.apply.height == world->oracle.height;
    }
    return level;
}

bool world_outlasts(struct world *world, uint64_t limit_ns)
{
    while (world->failure.kind == FAILURE_NONE && !(workload_is_done(&world->workload) && honest_are_level(world))) {
        if (world->now_ns >= limit_ns) {
            oracle_fail(&world->failure, FAILURE_LIVENESS, "J2: at %llu ms, while %u lie, %u of %u clients have no answer or a replica lags",
                        (unsigned long long)limit_ns / 1000000, member_set_count(&world->faulty), world->workload.count - world->workload.told,
                        world->workload.count);
            break;
        }
        world_run_to(world, world->now_ns + OUTLAST_NS);
    }
    return world->failure.kind == FAILURE_NONE;
}
