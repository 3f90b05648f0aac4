/* world_duties.c: what a server owes behind each of its steps, held against what came to it and what it said: to join others (joins.h), to be patient (patience.h), to keep the QC in its TC (T2), to mend with the right block
 * (mended.h), to take for an answer what it asked for (S1), to turn to others for what nobody gives (givers.h), to make a snapshot for a wish not too soon (wishes.h), to know the newest checkpoint block (checkpoints.h). */
#include "sim/world/world_priv.h"

#include "base/assert.h"
#include "sim/oracle/mended.h"

#define FETCHED_MAX 16u /* S1: of one block in one life; who lets a block go for want of room fetches it again */

/* What is asked of others alone; the other parts are made by world_open. */
void world_duties_open(struct world *world)
{
    uint32_t members = world->plan.members_count;

    offers_init(&world->offers, config_faults_max(members), &world->failure);
    givers_init(&world->givers, world->seats.count, &world->failure);
    rejoins_init(&world->rejoins, world->seats.count, config_quorum(members), &world->oracle.vows, &world->failure);
}

void world_duties_close(struct world *world)
{
    offers_close(&world->offers);
    givers_close(&world->givers);
    rejoins_close(&world->rejoins);
}

/* note_fetched: who asks for a block and has it asks no more; what else it takes for an answer it takes for ever. */
static void note_fetched(struct world *world, uint32_t member, uint64_t height)
{
    uint64_t times = facts_count(&world->fetched, fact_name((uint64_t)member << 32 | world->hosts[member].boots, height, 0, 0));

    if (times >= FETCHED_MAX && !member_set_has(&world->faulty, world->seats.members[member])) {
        oracle_fail(&world->failure, FAILURE_SAFETY, "S1: r%u fetches block %llu for the %lluth time: it takes another one for it", member, (unsigned long long)height,
                    (unsigned long long)times + 1);
    }
}

void world_duties_mark(struct world *world, uint32_t member, const struct trace_mark *told)
{
    enum mark mark = told->mark;
    uint64_t height = told->height;
    struct held *held = &world->held[member];

    if (mark == MARK_REPAIRED) {
        held->mended = height;
        held->mended_boots = world->hosts[member].boots;
    } else if (mark == MARK_REJOINED) {
        rejoins_done(&world->rejoins, member, world->hosts[member].boots, told->value);
    } else if (mark == MARK_EQUIVOCATION) {
        held->accused = world->now_ns;
        held->accused_boots = world->hosts[member].boots;
    } else if (mark == MARK_FETCHED && told->value == 1) {
        note_fetched(world, member, height);
    } else if (mark == MARK_ENTERED) {
        patience_entered(&world->patience, member);
    } else if (mark == MARK_COMMITTED) {
        patience_committed(&world->patience, member);
    }
}

/* others_may tells whether a server has somebody else to ask for a chain, so far as it knows. */
static bool others_may(const struct world *world, uint32_t member, uint32_t asked)
{
    const struct replica *replica = world->hosts[member].driver.replica;
    struct replica_status status;
    bool any = false;

    replica_status(replica, &status);
    for (uint32_t i = 0; i < world->plan.members_count; i++) {
        any = any || (i != asked && i != world->seats.members[member] && member_set_has(&status.linked, i) && replica_left(replica, i) == LEFT_NOT);
    }
    return any;
}

/* receiver_of gives whom a message goes to, the lowest where there are several. */
static uint32_t receiver_of(const struct port_message *message)
{
    uint32_t to = 0;

    ASSERT(!member_set_is_empty(&message->to));
    while (!member_set_has(&message->to, to)) {
        to++;
    }
    return to;
}

void world_duties_sent(struct world *world, uint32_t member, const struct port_message *message)
{
    const struct message *said = world->oracle.message;
    struct givers_moment at = { world->now_ns, member, world->hosts[member].boots };

    if (message->type == MESSAGE_SNAPSHOT_ASK) {
        offers_asked(&world->offers, member, at.life, &said->snapshot_ask);
        givers_ask_snapshot(&world->givers, &at, &said->snapshot_ask);
    } else if (message->type == MESSAGE_FETCH) {
        uint32_t to = receiver_of(message);
        givers_ask(&world->givers, &at, to, &said->fetch, others_may(world, member, to));
    }
}

/* note_answer: blocks come, or a snapshot, or an offer of one, or a member tells that its log begins above, or what it knows of the past. */
static void note_answer(struct world *world, const struct sim_message *message, uint32_t from)
{
    struct message *read = world->oracle.message;
    struct givers_moment at = { world->now_ns, message->to, world->hosts[message->to].boots };

    if (message_decode(read, message->type, bytes_of(message->data, message->size)) != VERDICT_OK) {
        return;
    }
    if (message->type == MESSAGE_HELLO) {
        rejoins_heard(&world->rejoins, at.seat, at.life, from, &read->hello);
    } else if (message->type == MESSAGE_GONE && read->gone.old) {
        offers_gone(&world->offers, at.seat, at.life, from);
    } else if (message->type == MESSAGE_SNAPSHOT && read->snapshot.offer) {
        offers_heard(&world->offers, at.seat, at.life, from, read->snapshot.height, &read->snapshot.digest);
    } else if (message->type == MESSAGE_SNAPSHOT) {
        givers_give_snapshot(&world->givers, &at, &read->snapshot);
    } else if (message->type == MESSAGE_BUNDLE) {
        givers_give(&world->givers, &at, from, &read->bundle, world->oracle.height);
    }
}

void world_duties_arrived(struct world *world, const struct sim_message *message)
{
    uint32_t from = world->seats.members[message->from];

    bool fits = message->type != MESSAGE_FORWARD && joins_came(&world->joins, message->to, from, world->now_ns);
    if (message->type == MESSAGE_SNAPSHOT || message->type == MESSAGE_GONE || message->type == MESSAGE_BUNDLE || message->type == MESSAGE_HELLO) {
        note_answer(world, message, from);
    }
    if (fits && message->type == MESSAGE_TIMEOUT && !member_set_has(&world->faulty, from)) {
        joins_heard(&world->joins, message->to, from, message->view);
    } else if (message->type == MESSAGE_READ_ANSWER) {
        readers_heard(&world->readers, message->to, from, message->sent_ns);
    }
}

/* look_at_joins. What its log may have lost with a damaged place it need not state (I6), and what a log without room holds back it will say later. */
static void look_at_joins(struct world *world, uint32_t member, const struct replica_status *status)
{
    const struct host *host = &world->hosts[member];
    const struct driver *driver = &host->driver;
    bool held_up = driver->mute || driver->mute_told || driver->stalled || driver->stopped || driver->drain_wanted;
    bool excused = held_up || host->aged || host->recovery.damage_count > 0 || status->forgot || (int64_t)status->view <= status->limit_view;

    joins_look(&world->joins, member,
               &(struct joins_moment){ .now_ns = world->now_ns, .view = status->view, .timeout_view = status->timeout_view, .silent_to = excused ? INT64_MAX : status->limit_view });
}

static void look_at_wishes(struct world *world, uint32_t member)
{
    const struct driver *driver = &world->hosts[member].driver;
    const struct snapshots *snapshots = &driver->snapshots;

    wishes_look(&world->wishes, member,
                &(struct wishes_moment){ .now_ns = world->now_ns, .own_ns = driver->ports.now(driver->ports.context).mono_ns, .executed = driver->apply.height,
                    .makes = snapshots->stage != SNAPSHOTS_IDLE, .height = snapshots->making.height, .began_ns = snapshots->began_ns, .made = snapshots->counters.made,
                    .certified = replica_checkpoint(driver->replica) != NULL });
}

/* look_at_checkpoints: each of the parts of a server counts by itself. */
static void look_at_checkpoints(const struct world *world, uint32_t member, const struct replica_status *status)
{
    const struct host *host = &world->hosts[member];
    const struct snapshots *snapshots = &host->driver.snapshots;

    checkpoints_look(&world->checkpoints, member, CHECKPOINTS_REPLICA, status->committed_height, status->checkpoint_ms);
    checkpoints_look(&world->checkpoints, member, CHECKPOINTS_SNAPSHOTS, snapshots->tip.height, snapshots->checkpoint_ms);
    if (!host->driver.apply.busy && (host->base_told || !host->driver.has_base)) { /* Answers count on from a snapshot with the first block behind it. */
        checkpoints_look(&world->checkpoints, member, CHECKPOINTS_ANSWERS, host->driver.apply.height, host->queries.views.checkpoint_time_ms);
    }
}

void world_duties_look(struct world *world, uint32_t member)
{
    struct replica_status status;

    replica_status(world->hosts[member].driver.replica, &status);
    patience_look(&world->patience, member, status.timeout_ns);
    held_tc(&world->oracle, member, &status);
    held_slots(&world->oracle, member, &world->hosts[member].driver.snapshots);
    look_at_wishes(world, member);
    look_at_checkpoints(world, member, &status);
    if (joins_is_open(&world->joins, member)) {
        look_at_joins(world, member, &status);
    }
}

void world_duties_mended(struct world *world, uint32_t member)
{
    static uint8_t record[DRIVER_RECORD_BYTES], body[BLOCK_BYTES_MAX];
    struct held *held = &world->held[member];
    struct host *host = &world->hosts[member];
    bool busy = host->driver.repair.stage == REPAIR_FETCH || host->driver.repair.stage == REPAIR_CHECK, same = held->mended_boots == host->boots;

    ASSERT(host->state != HOST_DOWN);
    if (held->mended == 0 || (busy && same)) {
        return;
    }
    if (same && !host->lying && held->mended <= world->oracle.height) {
        const struct hash32 *hash = &world->oracle.blocks[held->mended].hash;
        struct mended mended = { .height = held->mended, .header = bytes_of(record, host_medium(host, RECORD_BLOCK, hash, record, sizeof record)),
            .body = bytes_of(body, host_medium(host, RECORD_PAYLOAD, hash, body, sizeof body)) };
        mended_look(&world->oracle, member, &mended);
    }
    held->mended = 0;
}
