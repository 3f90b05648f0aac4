/* frugal.c: see frugal.h. */
#include "sim/oracle/frugal.h"

#include "base/assert.h"

#include <string.h>

#define CLOCKS 3u /* T, T before CERT, t_hedge */
#define LOOK_NS UINT64_C(100000000)
#define LOOKS_MAX 200u             /* 20 s: then it is no isolated command any more */
#define LINGER_NS UINT64_C(1500000000) /* for what goes on behind a receipt */

/* What must not have happened beside a command that is judged. */
static const enum mark disturbances[] = { MARK_QUERIED, MARK_TIMED_OUT, MARK_ENTERED, MARK_OPENED, MARK_ABDICATED, MARK_FETCHED, MARK_SERVED, MARK_HEDGED, MARK_REPAIRED,
    MARK_CHECKPOINTED, MARK_REFUSED_PROPOSAL, MARK_BAD_SIGNATURE };

/* repairs counts what was done about damage; a piece that held nothing of worth leaves a note alone. */
static uint64_t repairs(const struct host *host) { return host->driver.repair.counters.repaired + host->driver.repair.counters.blocks; }

/* carries: a snapshot is named by its superblock, and what counts below it is not durable behind it yet (K2). */
static bool carries(const struct host *host) { return host->driver.snapshots.installed || host->driver.carried_lsn != 0; }

/* will_carry: the superblock that names a snapshot is on its way; by its first pair of copies it counts already (`saves`), and behind its second one the driver appends what still counts. */
static bool will_carry(const struct host *host) { return host->driver.snapshots.stage == SNAPSHOTS_INSTALL; }

void frugal_begin(struct frugal *frugal, const struct world *world)
{
    *frugal = (struct frugal){ .height = world->oracle.height, .messages = oracle_messages(&world->oracle), .mending = world->oracle.mending,
        .timeouts = world->oracle.sent[MESSAGE_TIMEOUT], .statements = world->oracle.sent[MESSAGE_CKPT] };
    memcpy(frugal->marks, world->marks, sizeof frugal->marks);
    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        const struct host *host = &world->hosts[i];
        ASSERT(host->state != HOST_DOWN);
        if (carries(host) || will_carry(host)) {
            member_set_add(&frugal->carrying, i);
        }
        frugal->segments[i] = host->driver.log.at.segment;
        frugal->batches[i] = host->driver.log.counters.batches;
        frugal->checks[i] = replica_counters(host->driver.replica)->signature_checks;
        frugal->boots[i] = host->boots;
        frugal->saves[i] = host->superblocks.current.sequence;
        frugal->repairs[i] = repairs(host);
        frugal->clocks[i] = host->clocks;
    }
}

static bool is_disturbed(const struct frugal *frugal, const struct world *world)
{
    bool again = world->oracle.sent[MESSAGE_TIMEOUT] != frugal->timeouts; /* T7: who timed the view out alone says so while there is work */
    bool states = world->oracle.sent[MESSAGE_CKPT] != frugal->statements; /* K1: what is stated of an earlier block waits for the proof of the newest, and kicks it */
    bool disturbed = world->oracle.height != frugal->height + 1 || again || states;

    for (size_t i = 0; i < sizeof disturbances / sizeof disturbances[0]; i++) {
        disturbed = disturbed || world->marks[disturbances[i]] != frugal->marks[disturbances[i]];
    }
    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        disturbed = disturbed || world->hosts[i].state == HOST_DOWN || world->hosts[i].boots != frugal->boots[i];
    }
    return disturbed;
}

/* is_apart: its log and its clocks had something else to do. */
static bool is_apart(const struct frugal *frugal, const struct world *world, uint32_t member)
{
    const struct host *host = &world->hosts[member];
    bool saved = host->superblocks.current.sequence != frugal->saves[member] || carries(host) || member_set_has(&frugal->carrying, member);

    return saved || repairs(host) != frugal->repairs[member];
}

/* judge_clocks looks at how often a server woke up for a clock alone (N4). Snapshots and the scrubber go by clocks of their own. */
static void judge_clocks(const struct frugal *frugal, struct world *world, uint32_t member)
{
    const struct host *host = &world->hosts[member];
    uint64_t clocks = host->clocks - frugal->clocks[member];
    bool apart = host->driver.snapshots.stage != SNAPSHOTS_IDLE || host->plan.scrub_bytes_per_s > 0;

    if (clocks > CLOCKS && !apart) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "N4: an isolated command wakes r%u %llu times by a clock alone", member, (unsigned long long)clocks);
    }
}

/* signatures_of gives how many signatures the newest command carries: one, and its cosigner's. */
static uint32_t signatures_of(const struct world *world)
{
    const struct cast_command *command = &world->workload.requests[world->workload.count - 1].command;
    struct envelope envelope;
    enum code code = envelope_decode(&envelope, bytes_of(command->bytes, envelope_size(bytes_of(command->bytes, command->size))));

    ASSERT(code == CODE_OK);
    return envelope_signatures_count(&envelope);
}

static void judge_server(const struct frugal *frugal, struct world *world, uint32_t member)
{
    const struct host *host = &world->hosts[member];
    uint64_t batches = host->driver.log.counters.batches - frugal->batches[member];
    uint64_t checks = replica_counters(host->driver.replica)->signature_checks - frugal->checks[member];
    uint64_t openings = host->driver.log.at.segment - frugal->segments[member];
    uint32_t quorum = quorums_size(world->plan.members_count);
    uint64_t most = signatures_of(world) + 2 * (uint64_t)quorum;

    ASSERT(batches >= openings);
    if (batches - openings > 2 && !is_apart(frugal, world, member)) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "N2: an isolated command costs r%u %llu durable writes", member, (unsigned long long)(batches - openings));
    }
    if (checks > most) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "N3: an isolated command costs r%u %llu signature checks, of at most %llu", member, (unsigned long long)checks,
                    (unsigned long long)most);
    }
}

bool frugal_end(const struct frugal *frugal, struct world *world, bool *judged)
{
    uint32_t members = world->plan.members_count;
    uint64_t messages = oracle_messages(&world->oracle) - frugal->messages, most = 5 * ((uint64_t)members - 1);

    most += world->plan.reserves ? members - quorums_size(members) : 0;
    messages -= world->oracle.mending - frugal->mending;

    *judged = !is_disturbed(frugal, world);
    if (!*judged) {
        return world->failure.kind == FAILURE_NONE;
    }
    if (messages > most) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "N1: an isolated command costs %llu messages, of at most %llu", (unsigned long long)messages, (unsigned long long)most);
    }
    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        judge_server(frugal, world, i);
        if (!is_apart(frugal, world, i)) {
            judge_clocks(frugal, world, i);
        }
    }
    return world->failure.kind == FAILURE_NONE;
}

static bool all_are_level(const struct world *world)
{
    bool level = true;

    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        level = level && world->hosts[i].state == HOST_UP && world->hosts[i].driver.apply.height == world->oracle.height;
    }
    return level;
}

/* send lets one command go, and waits until all have executed it, and a while longer. Gives: false when that did not come. */
static bool send(struct world *world)
{
    world_submit(world, 1, WORKLOAD_ANY, false);
    for (uint32_t look = 0; look < LOOKS_MAX && world->failure.kind == FAILURE_NONE; look++) {
        world_run_to(world, world->now_ns + LOOK_NS);
        if (workload_is_done(&world->workload) && all_are_level(world)) {
            return world_run_to(world, world->now_ns + LINGER_NS);
        }
    }
    return false;
}

/* quieten waits until no message is under way any more: what the first command began, be it a view, is none of the second one's. Gives: false when that did not come. */
static bool quieten(struct world *world)
{
    for (uint32_t look = 0; look < LOOKS_MAX && sim_network_due(&world->network) != UINT64_MAX; look++) {
        world_run_to(world, world->now_ns + LOOK_NS);
    }
    return sim_network_due(&world->network) == UINT64_MAX;
}

bool frugal_play(struct world *world)
{
    static struct frugal frugal;
    bool judged = false;

    if (!all_are_level(world) || !workload_is_done(&world->workload)) {
        return true;
    }
    bool sent = send(world) && quieten(world) && all_are_level(world); /* The first one wakes everybody: led_view, checkpoints, a segment. */
    if (sent) {
        frugal_begin(&frugal, world);
        sent = send(world);
    }
    if (sent) {
        frugal_end(&frugal, world, &judged);
    }
    world->measured += judged ? 1 : 0;
    return world->failure.kind == FAILURE_NONE;
}
