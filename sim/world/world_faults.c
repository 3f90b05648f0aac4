/* world_faults.c: what can be done to a world, and how servers learn of it.
 *
 * Invariant: links[a] holds b exactly while both run, nothing is cut between them, and a was told so or soon will be. */
#include "sim/world/world_priv.h"

#include "base/assert.h"
#include "sim/world/tamper.h"

#include <string.h>

static void note_change(struct world *world, enum world_change change, uint32_t member, uint32_t other)
{
    world_note(world, WORLD_TOPIC_STATE, (uint64_t)change << 32 | member, other);
}

/* --- Links ---------------------------------------------------------------------------------------------------------- */

static bool is_connected(const struct world *world, uint32_t a, uint32_t b)
{
    bool run = world->hosts[a].state != HOST_DOWN && world->hosts[b].state != HOST_DOWN;

    return run && seats_meet(&world->seats, a, b) && !world->network.cut[a][b] && !world->network.cut[b][a];
}

/* announce puts a notice into its place by time; equal times keep their order. */
static void announce(struct world *world, const struct world_notice *notice)
{
    uint32_t at = world->notices_count++;

    ASSERT(at < WORLD_NOTICES_MAX);
    for (; at > 0 && world->notices[at - 1].due_ns > notice->due_ns; at--) {
        world->notices[at] = world->notices[at - 1];
    }
    world->notices[at] = *notice;
}

static void refresh_links(struct world *world)
{
    for (uint32_t a = 0; a < world->seats.count; a++) {
        for (uint32_t b = 0; b < world->seats.count; b++) {
            bool up = is_connected(world, a, b);
            if (up == member_set_has(&world->links[a], b)) {
                continue;
            }
            if (up) {
                member_set_add(&world->links[a], b);
            } else {
                member_set_remove(&world->links[a], b);
            }
            struct world_notice notice = { world->now_ns + (up ? 2 : 1) * world->plan.notice_ns, a, b, up };
            announce(world, &notice);
        }
    }
}

/* forget_notices drops what a server that is gone can no longer be told. */
static void forget_notices(struct world *world, uint32_t member)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < world->notices_count; i++) {
        if (world->notices[i].member != member) {
            world->notices[kept++] = world->notices[i];
        }
    }
    world->notices_count = kept;
}

static void forget_waiting(struct world *world, uint32_t member)
{
    size_t kept = 0;

    for (size_t i = 0; i < world->waiting_count; i++) {
        if (world->waiting[i]->to == member || world->waiting[i]->from == member) {
            sim_network_release(world->waiting[i]);
        } else {
            world->waiting[kept++] = world->waiting[i];
        }
    }
    world->waiting_count = kept;
}

void world_ended(struct world *world, uint32_t member)
{
    ASSERT(world->hosts[member].state == HOST_DOWN);
    note_change(world, WORLD_CHANGE_END, member, 0);
    oracle_crashed(&world->oracle, member);
    joins_ended(&world->joins, member);
    sim_network_drop_all(&world->network, member);
    forget_notices(world, member);
    forget_waiting(world, member);
    world->links[member] = (struct member_set){ { 0 } };
    refresh_links(world);
    readers_lost(&world->readers, member);
    workload_lost(&world->workload, world->now_ns, world->seats.members[member]);
}

/* --- Servers -------------------------------------------------------------------------------------------------------- */

/* is_headless: a power cut tore the head of a batch in its log, so it may have to abstain when it starts, or does (T11). */
static bool is_headless(const struct host *host)
{
    struct replica_status status = { .limit_view = INT64_MAX };

    if (host->disk.heads_torn == 0 || host->lying) {
        return false;
    }
    if (host->state != HOST_DOWN) {
        replica_status(host->driver.replica, &status);
    }
    return host->state == HOST_DOWN || status.limit_view >= (int64_t)status.view;
}

/* spares_head: with one more that abstains, liars and twins counted, no quorum would be left to sign: no cluster goes on by itself behind that (J5). */
static bool spares_head(const struct world *world, uint32_t seat)
{
    uint32_t members = world->plan.members_count, count = member_set_count(&world->faulty);

    for (uint32_t i = 0; i < world->seats.count; i++) {
        count += i != seat && !member_set_has(&world->faulty, world->seats.members[i]) && is_headless(&world->hosts[i]);
    }
    return !member_set_has(&world->faulty, world->seats.members[seat]) && count >= members - quorums_size(members);
}

void world_crash(struct world *world, uint32_t member, bool power)
{
    struct host *host = &world->hosts[member];

    if (host->state == HOST_DOWN) {
        return;
    }
    note_change(world, power ? WORLD_CHANGE_POWER : WORLD_CHANGE_CRASH, member, 0);
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, power ? "loses its power" : "is killed");
    world->crashes++;
    world_pairs_crash(world, member);
    host->disk.heads_spared = spares_head(world, member);
    host_crash(host, power);
    world_ended(world, member);
}

/* start lets a server start; where its spoilt disk must never sign again, its operator makes a new store (E5). Gives: whether it runs. */
static bool start(struct world *world, uint32_t member)
{
    struct host *host = &world->hosts[member];

    if (host->spoilt && host->rolled_back) {
        world_wipe(world, member);
    }
    if (host_start(host)) {
        return true;
    }
    if (!host->spoilt) {
        return false;
    }
    world_wipe(world, member);
    return host_start(host);
}

/* look_at_start lets the oracle compare what the log of a server knows with what it said. */
static void look_at_start(struct world *world, uint32_t member)
{
    struct host *host = &world->hosts[member];
    const struct capsule *found = &host->recovery.position.capsule, *promised = &host->promised;

    host->disk.heads_torn = found->abstain_view < 0 ? 0 : host->disk.heads_torn;
    if (!host->lying && host->rotten == 0 && !host->spoilt) {
        held_began(&world->held[member], &world->oracle, member, &host->driver);
        held_based(&world->oracle, member, &host->driver, &host->superblocks.current);
    }
    if (host->recovery.position.batch == 0 || host->lying) {
        return;
    }
    if (host->spoilt && oracle_spoilt(&world->oracle, member, found, promised, host_forgets(host))) {
        world->abstentions += found->abstain_view >= 0 ? 1 : 0;
        promised = found;
    }
    oracle_started(&world->oracle, member, found, promised);
}

void world_boot(struct world *world, uint32_t member)
{
    struct host *host = &world->hosts[member];

    if (host->state != HOST_DOWN || (world->twins_ended && seats_is_second(&world->seats, member))) {
        return;
    }
    note_change(world, WORLD_CHANGE_START, member, 0);
    bool first = host->boots == 0;
    if (!start(world, member)) {
        if (!host->lying) {
            oracle_fail(&world->failure, FAILURE_SAFETY, "J5: r%u cannot start again, although its disk told the truth", member);
        }
        return;
    }
    patience_began(&world->patience, member);
    shares_began(&world->shares, member);
    wishes_began(&world->wishes, member, world->now_ns);
    world_pairs_start(world, member);
    world->restarts++;
    if (!first) {
        trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "starts again at height %llu", (unsigned long long)host->driver.apply.height);
    }
    look_at_start(world, member);
    refresh_links(world);
    world_settle(world, member);
}

void world_wipe(struct world *world, uint32_t member)
{
    note_change(world, WORLD_CHANGE_WIPE, member, 0);
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "loses its disk");
    host_wipe(&world->hosts[member]);
    oracle_wiped(&world->oracle, member);
}

void world_pause(struct world *world, uint32_t member)
{
    if (world->hosts[member].state == HOST_UP) {
        note_change(world, WORLD_CHANGE_PAUSE, member, 0);
        trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "is stopped in its tracks");
        host_pause(&world->hosts[member]);
        joins_paused(&world->joins, member);
    }
}

/* deliver_waiting hands over what arrived while a server was paused, in the order of arrival. One by one from the front, because a delivery may
 * crash a server, and with it what waits. */
static void deliver_waiting(struct world *world, uint32_t member)
{
    size_t at = 0;

    while (at < world->waiting_count && world->hosts[member].state == HOST_UP) {
        struct sim_message *message = world->waiting[at];
        if (message->to != member) {
            at++;
            continue;
        }
        memmove(world->waiting + at, world->waiting + at + 1, (--world->waiting_count - at) * sizeof(struct sim_message *));
        world_deliver(world, message);
    }
}

void world_resume(struct world *world, uint32_t member)
{
    struct host *host = &world->hosts[member];

    if (host->state != HOST_PAUSED) {
        return;
    }
    note_change(world, WORLD_CHANGE_RESUME, member, 0);
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "goes on");
    host_resume(host);
    world_settle(world, member);
    deliver_waiting(world, member);
}

void world_drain(struct world *world, uint32_t member)
{
    if (world->hosts[member].state == HOST_UP) {
        note_change(world, WORLD_CHANGE_DRAIN, member, 0);
        trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "is asked to stop");
        host_drain(&world->hosts[member]);
        world_settle(world, member);
    }
}

/* --- Network -------------------------------------------------------------------------------------------------------- */

void world_cut(struct world *world, uint32_t from, uint32_t to, bool cut)
{
    note_change(world, WORLD_CHANGE_CUT, from, to << 1 | cut);
    sim_network_cut(&world->network, from, to, cut);
    refresh_links(world);
}

void world_partition(struct world *world, const struct member_set *side)
{
    world->partitions++;
    world->parted = true;
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, TRACE_WORLD, "the network is cut in two");
    for (uint32_t a = 0; a < world->plan.members_count; a++) {
        for (uint32_t b = 0; b < world->plan.members_count; b++) {
            bool apart = member_set_has(side, a) != member_set_has(side, b);
            note_change(world, WORLD_CHANGE_CUT, a, b << 1 | apart);
            sim_network_cut(&world->network, a, b, apart);
        }
    }
    refresh_links(world);
}

void world_oneway(struct world *world, const struct member_set *side)
{
    world->oneways++;
    world->parted = true;
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, TRACE_WORLD, "one side is not heard by the other");
    for (uint32_t a = 0; a < world->plan.members_count; a++) {
        for (uint32_t b = 0; b < world->plan.members_count; b++) {
            sim_network_mute(&world->network, a, b, member_set_has(side, a) && !member_set_has(side, b));
        }
    }
    note_change(world, WORLD_CHANGE_MUTE, (uint32_t)side->words[0], 0);
}

void world_clog(struct world *world, uint32_t from, uint32_t to, uint64_t span_ns)
{
    world->clogs++;
    world_pairs_view(world, PAIR_CLOG_VIEW_CHANGE);
    note_change(world, WORLD_CHANGE_CLOG, from, to);
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, from, "cannot be heard by r%u for %llu ms", to, (unsigned long long)(span_ns / 1000000));
    sim_network_clog(&world->network, from, to, world->now_ns + span_ns);
}

/* renew_link ends the connection of a pair, which both ends learn of, and makes it again. */
static void renew_link(struct world *world, uint32_t a, uint32_t b)
{
    uint64_t again_ns = world->now_ns + 2 * world->plan.notice_ns;

    sim_network_break(&world->network, a, b, again_ns);
    world->breaks++;
    note_change(world, WORLD_CHANGE_BREAK, a, b);
    if (!member_set_has(&world->links[a], b)) {
        return; /* It is over anyway. */
    }
    for (uint32_t up = 0; up <= 1; up++) {
        uint64_t due_ns = up ? again_ns : world->now_ns + world->plan.notice_ns;
        announce(world, &(struct world_notice){ due_ns, a, b, up == 1 });
        announce(world, &(struct world_notice){ due_ns, b, a, up == 1 });
    }
}

void world_tampered(struct world *world, struct sim_message *message)
{
    uint32_t from = message->from, to = message->to;

    if (tamper_record(message->flipped, bytes_of(message->data, message->size), message->flipped >> 7) == VERDICT_OK) {
        oracle_fail(&world->failure, FAILURE_SAFETY, "a channel opens a record with a wrong bit");
    }
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, to, "ends its connection with r%u: what came over it was spoiled on the way", from);
    sim_network_release(message);
    renew_link(world, from, to);
}

void world_heal(struct world *world)
{
    memset(world->lost_types, 0, sizeof world->lost_types);
    world_pairs_heal(world);
    world->parted = false;
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, TRACE_WORLD, "the network is whole");
    for (uint32_t a = 0; a < world->seats.count; a++) {
        for (uint32_t b = 0; b < world->seats.count; b++) {
            sim_network_cut(&world->network, a, b, false);
            sim_network_mute(&world->network, a, b, false);
        }
    }
    note_change(world, WORLD_CHANGE_CUT, UINT32_MAX, 0);
    refresh_links(world);
}

void world_lose(struct world *world, uint32_t to, enum message_type type)
{
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, TRACE_WORLD, "no %s reaches r%u from now on", message_word(type), to);
    world->lost_types[to] |= 1u << type;
}

void world_clock(struct world *world, uint32_t member, int64_t step_ms)
{
    note_change(world, WORLD_CHANGE_CLOCK, member, (uint32_t)step_ms);
    world->clock_steps += step_ms != 0 ? 1 : 0;
    world_pairs_view(world, PAIR_CLOCK_VIEW_CHANGE);
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "has a clock that is wrong by %lld ms", (long long)step_ms);
    host_clock(&world->hosts[member], step_ms);
}

void world_keep(struct world *world, uint32_t member)
{
    if (world->hosts[member].state == HOST_DOWN) {
        host_keep(&world->hosts[member]);
    }
}

void world_back(struct world *world, uint32_t member)
{
    if (world->hosts[member].state == HOST_DOWN && host_back(&world->hosts[member])) {
        trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "gets an old copy of its disk");
        note_change(world, WORLD_CHANGE_BACK, member, 0);
    }
}

bool world_rot(struct world *world, uint32_t member, uint64_t height)
{
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "its disk rots in block %llu", (unsigned long long)height);
    note_change(world, WORLD_CHANGE_ROT, member, (uint32_t)height);
    world->held[member].mended = 0; /* what was mended may be what rots */
    bool known = world->hosts[member].state != HOST_DOWN && host_rot(&world->hosts[member], height);
    if (known) {
        world->rots++;
        world_pairs_rot(world);
    }
    return known;
}

void world_rot_any(struct world *world, uint32_t member, uint64_t number)
{
    const struct host *host = &world->hosts[member];
    uint64_t height = host->state == HOST_DOWN ? 0 : host->driver.apply.height;

    if (height > 0) {
        (void)world_rot(world, member, 1 + number % height);
    }
}

void world_spoil(struct world *world, uint32_t member, enum spoil spoil, uint64_t number)
{
    struct host *host = &world->hosts[member];

    note_change(world, WORLD_CHANGE_SPOIL, member, (uint32_t)spoil);
    if (host->state != HOST_DOWN && spoil_host(host, spoil, number)) {
        trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, "has a disk with %s", spoil_names[spoil].text);
    }
}

void world_fill(struct world *world, uint32_t member, bool full)
{
    if (world->hosts[member].full == full) {
        return;
    }
    note_change(world, full ? WORLD_CHANGE_FULL : WORLD_CHANGE_ROOM, member, 0);
    trace_line(&world->trace, TRACE_TURNS, world->now_ns, member, full ? "has a full disk" : "has room on its disk again");
    if (full) {
        world->fills++;
        world_pairs_view(world, PAIR_FULL_VIEW_CHANGE);
    }
    host_fill(&world->hosts[member], full);
}

void world_forget(struct world *world, uint32_t member)
{
    world_crash(world, member, true);
    world->losses++;
    world_pairs_loss(world, member);
    world_wipe(world, member);
}

void world_when(struct world *world, uint32_t member, unsigned mark, enum world_action action)
{
    ASSERT(world->triggers_count < WORLD_TRIGGERS_MAX);
    world->triggers[world->triggers_count++] = (struct world_trigger){ .armed = true, .action = action, .member = member, .mark = mark };
}

void world_calm(struct world *world)
{
    struct sim_network_faults *faults = &world->network.faults;

    faults->drop_ppm = faults->duplicate_ppm = faults->straggle_ppm = faults->corrupt_ppm = 0;
    faults->bytes_per_s = 0;
    world->triggers_count = 0;
    world_heal(world);
    for (uint32_t i = 0; i < world->seats.count; i++) {
        struct sim_disk_faults *disk = &world->hosts[i].disk.config.faults;
        disk->delay_ns_min = world->plan.disk.delay_ns_min;
        disk->delay_ns_max = world->plan.disk.delay_ns_max;
        disk->short_write = disk->write_error = 0;
        world_fill(world, i, false);
        if (world->hosts[i].wall_step_ms != 0) {
            world_clock(world, i, 0);
        }
        world_resume(world, i);
        if (world->hosts[i].state != HOST_DOWN && world->hosts[i].drain_wanted) {
            member_set_add(&world->returning, i); /* Two that stop late would be more than f. */
        }
        world_boot(world, i);
    }
}

/* --- Twins and liars ------------------------------------------------------------------------------------------------ */

void world_split(struct world *world, uint32_t member, const struct member_set *side)
{
    note_change(world, WORLD_CHANGE_SPLIT, member, (uint32_t)side->words[0]);
    seats_split(&world->seats, member, side);
    refresh_links(world);
}

void world_silence(struct world *world)
{
    adversary_silence(world->adversary);
    seats_end(&world->seats);
    world->twins_ended = true;
    world->split_ns = UINT64_MAX;
    for (uint32_t i = world->plan.members_count; i < world->seats.count; i++) {
        world_crash(world, i, false);
    }
    refresh_links(world);
}

/* --- Clients and reports -------------------------------------------------------------------------------------------- */

void world_submit(struct world *world, uint32_t count, uint32_t target, bool sticky)
{
    for (uint32_t i = 0; i < count; i++) {
        workload_submit(&world->workload, world->now_ns, target, sticky);
    }
}

uint64_t world_executed_min(const struct world *world)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        const struct host *host = &world->hosts[i];
        least = host->state != HOST_DOWN && host->driver.apply.height < least ? host->driver.apply.height : least;
    }
    return least;
}

uint64_t world_executed_max(const struct world *world)
{
    uint64_t most = 0;
    bool any = false;

    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        const struct host *host = &world->hosts[i];
        any = any || host->state != HOST_DOWN;
        most = host->state != HOST_DOWN && host->driver.apply.height > most ? host->driver.apply.height : most;
    }
    return any ? most : UINT64_MAX;
}

bool world_check_end(struct world *world)
{
    if (world->failure.kind == FAILURE_NONE && world_executed_min(world) != world->oracle.height) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "J6: a replica stands at height %llu of %llu", (unsigned long long)world_executed_min(world),
                    (unsigned long long)world->oracle.height);
    }
    if (world->failure.kind == FAILURE_NONE && !workload_is_done(&world->workload)) {
        oracle_fail(&world->failure, FAILURE_LIVENESS, "J2: %u of %u clients have no answer", world->workload.count - world->workload.told, world->workload.count);
    }
    return world->failure.kind == FAILURE_NONE;
}
