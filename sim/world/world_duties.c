/* world_duties.c: what a server owes behind each of its steps, held against what came to it and what it said: to join others (joins.h), to be patient (patience.h), to keep the QC in its TC (T2), to mend with the right block
 * (mended.h), to take for an answer what it asked for (S1), to make a snapshot for a wish not too soon (wishes.h), to know the newest checkpoint block (checkpoints.h). */
#include "sim/world/world_priv.h"

#include "base/assert.h"
#include "sim/oracle/mended.h"

#define FETCHED_MAX 16u /* S1: of one block in one life; who lets a block go for want of room fetches it again */

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
    } else if (mark == MARK_FETCHED && told->value == 1) {
        note_fetched(world, member, height);
    } else if (mark == MARK_ENTERED) {
        patience_entered(&world->patience, member);
    } else if (mark == MARK_COMMITTED) {
        patience_committed(&world->patience, member);
    }
}

/* note_offer: a snapshot is offered to a server, or a member tells it that its log begins above. */
static void note_offer(struct world *world, const struct sim_message *message, uint32_t from)
{
    struct message *read = world->oracle.message;
    uint32_t life = world->hosts[message->to].boots;

    if (message_decode(read, message->type, bytes_of(message->data, message->size)) != VERDICT_OK) {
        return;
    }
    if (message->type == MESSAGE_GONE && read->gone.old) {
        offers_gone(&world->offers, message->to, life, from);
    } else if (message->type == MESSAGE_SNAPSHOT && read->snapshot.offer) {
        offers_heard(&world->offers, message->to, life, from, read->snapshot.height, &read->snapshot.digest);
    }
}

void world_duties_arrived(struct world *world, const struct sim_message *message)
{
    uint32_t from = world->seats.members[message->from];

    bool fits = message->type != MESSAGE_FORWARD && joins_came(&world->joins, message->to, from, world->now_ns);
    if (message->type == MESSAGE_SNAPSHOT || message->type == MESSAGE_GONE) {
        note_offer(world, message, from);
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
