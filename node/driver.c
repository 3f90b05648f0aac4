/* driver.c: see driver.h. Events in, and what waits inside.
 *
 * Invariants: never two steps at once; nothing leaves signed that the log does not cover; while stalled or stopped no event reaches the
 * replica; a block is executed once, in order. */
#include "node/driver.h"

#include "base/assert.h"
#include "node/driver_priv.h"

#include <string.h>

static void log_durable(void *context, uint64_t lsn, uint64_t duration_ns)
{
    struct driver *driver = context;

    ASSERT(lsn >= driver->lsn_base);
    driver->lsn_durable = lsn - driver->lsn_base;
    driver->durable_ns = duration_ns;
}

static uint64_t log_now_ns(void *context)
{
    const struct driver *driver = context;

    return driver->ports.now(driver->ports.context).mono_ns;
}

void driver_fail(struct driver *driver, enum err err)
{
    ASSERT(err != ERR_OK);
    if (!driver->failed) {
        driver->stopped = true;
        driver->failed = true;
        driver->ports.failed(driver->ports.context, err);
    }
}

static void log_failed(void *context, enum err err) { driver_fail(context, err); }

enum err driver_take(struct driver *driver, struct arena *arena, struct disk *disk, const struct driver_config *config, const struct driver_ports *ports)
{
    *driver = (struct driver){ .config = *config, .ports = *ports };
    driver->config.log.durable = log_durable;
    driver->config.log.failed = log_failed;
    driver->config.log.context = driver;
    enum err err = apply_take(&driver->apply, arena, config->genesis, &config->apply);
    if (err != ERR_OK) {
        return err;
    }
    outbox_take(&driver->outbox, arena);
    driver->effects = arena_take(arena, 1, sizeof *driver->effects);
    driver->read_buffer = arena_take(arena, 1, DRIVER_RECORD_BYTES);
    segment_log_init(&driver->log, arena, disk, &driver->config.log);
    struct snapshots_config snapshots = { config->retention.due_bytes, config->retention.due_blocks, config->retention.chunk_bytes_max, config->log.segment_bytes,
        log_now_ns, driver, config->views };
    snapshots_take(&driver->snapshots, arena, disk, &driver->apply, &snapshots);
    struct hash32 chain_id = block_hash(&config->replica.genesis);
    snapshot_serve_take(&driver->snapshot_serve, arena, disk, &driver->snapshots, &driver->ports, config->replica.epoch.members_count);
    snapshot_fetch_take(&driver->snapshot_fetch, arena, disk, &driver->snapshots, &driver->ports, &driver->config.replica.epoch, &chain_id, config->replica.self);
    driver_scrub_take(driver, arena, disk);
    driver_ahead_take(driver, arena);
    driver->snapshot_message = arena_take(arena, 1, sizeof *driver->snapshot_message);
    driver->replica_memory = arena_take(arena, 1, replica_footprint(&config->replica));
    driver->searched = driver->replica_memory == NULL ? bytes_of(NULL, 0) : replica_searched(driver->replica_memory, &config->replica);
    return ERR_OK;
}

void driver_step(struct driver *driver, const struct event *event)
{
    ASSERT(driver_is_open(driver));
    ASSERT(!driver->stepping);
    ASSERT(driver->effect_next == driver->effects->count);
    driver->stepping = true;
    replica_step(driver->replica, driver->ports.now(driver->ports.context), event, driver->effects);
    driver->stepping = false;
    driver->counters.events++;
    driver->effect_next = 0;
    driver_carry_out(driver);
}

void driver_message(struct driver *driver, uint32_t from, uint8_t type, struct bytes body)
{
    struct event event = { .kind = EVENT_MESSAGE, .message = { from, type, body } };

    if (!driver_is_open(driver)) {
        driver->counters.events_dropped++;
        return;
    }
    if (type == MESSAGE_SNAPSHOT_ASK || type == MESSAGE_SNAPSHOT) {
        driver_snapshot_message(driver, from, type, body);
        return;
    }
    driver_step(driver, &event);
}

void driver_request(struct driver *driver, uint64_t token, const struct requester *who, struct bytes command)
{
    struct event event = { .kind = EVENT_REQUEST, .request = { token, *who, command } };
    struct hash32 none = { 0 };

    if (driver->refuse_code != REFUSAL_NONE) {
        driver->ports.refused(driver->ports.context, token, &none, driver->refuse_code, driver->refuse_ms);
        return;
    }
    if (!driver_is_open(driver)) {
        driver->counters.events_dropped++;
        driver->ports.refused(driver->ports.context, token, &none, REFUSAL_BUSY, 100);
        return;
    }
    driver_step(driver, &event);
}

void driver_verified(struct driver *driver, uint32_t batch, const bool *verdicts, uint32_t count)
{
    struct event event = { .kind = EVENT_VERIFIED, .verified = { batch, verdicts, count } };

    if (!driver->stopped) {
        driver_step(driver, &event);
    }
}

void driver_link(struct driver *driver, uint32_t member, bool up)
{
    ASSERT(member < MEMBERS_MAX);
    if (up) {
        member_set_add(&driver->links, member);
    } else {
        member_set_remove(&driver->links, member);
    }
}

void driver_read(struct driver *driver, uint64_t token)
{
    struct event event = { .kind = EVENT_READ, .read = { token } };

    if (!driver_is_open(driver)) {
        driver->ports.read_done(driver->ports.context, token, false, 0);
        return;
    }
    driver_step(driver, &event);
}

void driver_prove(struct driver *driver, uint64_t token, uint64_t height)
{
    struct event event = { .kind = EVENT_PROVE, .prove = { token, height } };
    struct block_header none = { 0 };

    if (!driver_is_open(driver)) {
        driver->ports.proof(driver->ports.context, token, false, &none, bytes_of("", 0));
        return;
    }
    driver_step(driver, &event);
}

void driver_mute(struct driver *driver, bool on) { driver->mute = on; }

void driver_refuse(struct driver *driver, uint16_t code, uint32_t retry_after_ms)
{
    driver->refuse_code = code;
    driver->refuse_ms = retry_after_ms;
}

void driver_drain(struct driver *driver)
{
    driver->drain_wanted = true;
}

/* tell_links tells the replica of links that changed; they wait here because a link may change while no step is possible. */
static void tell_links(struct driver *driver)
{
    for (uint32_t i = 0; i < driver->config.replica.epoch.members_count && driver_is_open(driver); i++) {
        bool up = member_set_has(&driver->links, i);
        if (up == member_set_has(&driver->links_told, i)) {
            continue;
        }
        struct event event = { .kind = EVENT_LINK, .link = { i, up } };
        if (up) {
            member_set_add(&driver->links_told, i);
        } else {
            member_set_remove(&driver->links_told, i);
        }
        driver_step(driver, &event);
    }
}

static void tell_durable(struct driver *driver)
{
    if (driver->lsn_durable == driver->durable_seen || !driver_is_open(driver)) {
        return;
    }
    ASSERT(driver->lsn_durable > driver->durable_seen);
    driver->durable_seen = driver->lsn_durable;
    driver_step(driver, &(struct event){ .kind = EVENT_DURABLE, .durable = { driver->durable_seen, driver->durable_ns } });
}

static void tell_record(struct driver *driver)
{
    if (!driver->read_done || !driver_is_open(driver)) {
        return;
    }
    struct bytes bytes = bytes_of(driver->read_buffer, driver->read_found ? driver->read_bytes : 0);
    struct event event = { .kind = EVENT_RECORD, .record = { driver->read_token, driver->read_found, bytes } };
    driver->reading = false;
    driver->read_done = false;
    driver_step(driver, &event);
}

/* release_one signs the oldest message that the log covers and lets it leave, to others first, then to oneself. */
static void release_one(struct driver *driver, struct outbox_entry *entry)
{
    uint32_t self = driver->config.replica.self;
    uint8_t *body = outbox_body(&driver->outbox, entry);
    bool to_self = member_set_has(&entry->to, self);
    struct member_set others = entry->to;

    if (entry->sign) {
        ASSERT(entry->after_lsn <= driver->lsn_durable); /* I8 */
        sign_digest(driver->config.key, &entry->digest, body);
        driver->counters.signatures_made++;
    }
    if (to_self) {
        member_set_remove(&others, self);
    }
    if (!member_set_is_empty(&others)) {
        struct port_message message = { others, entry->type, bytes_of(body, entry->head_bytes), bytes_of(body + entry->head_bytes, entry->tail_bytes) };
        driver->counters.messages_sent += member_set_count(&others);
        driver->ports.send(driver->ports.context, &message);
    }
    if (to_self) {
        struct event event = { .kind = EVENT_MESSAGE, .message = { self, entry->type, bytes_of(body, entry->head_bytes + entry->tail_bytes) } };
        driver_step(driver, &event);
    }
}

/* is_held: others are still asked what they hold of our key (E4). */
static bool is_held(const struct driver *driver, const struct outbox_entry *entry) { return entry->sign && !replica_may_sign(driver->replica); }

static void release(struct driver *driver)
{
    for (uint32_t i = 0; i < OUTBOX_ENTRIES_MAX && driver_is_open(driver); i++) {
        struct outbox_entry *entry = outbox_first(&driver->outbox, driver->durable_seen);
        if (entry == NULL || is_held(driver, entry)) {
            return;
        }
        release_one(driver, entry);
        outbox_pop(&driver->outbox);
    }
}

static void finish_block(struct driver *driver, const struct apply_block *block)
{
    struct event event = {
        .kind = EVENT_EXECUTED,
        .executed = { block->header->height, block->hash, block->state_root, block->receipts_root },
    };

    ASSERT(driver->commits_count > 0);
    driver->ports.executed(driver->ports.context, block);
    snapshots_executed(&driver->snapshots, block->header, block->body.size, driver->started);
    driver->commits_head = (driver->commits_head + 1) % DRIVER_COMMITS_MAX;
    driver->commits_count--;
    driver_step(driver, &event);
}

bool driver_execute_slice(struct driver *driver)
{
    uint64_t end_ns = driver->ports.now(driver->ports.context).mono_ns + DRIVER_SLICE_NS;

    if (driver->commits_count == 0 || !driver_is_open(driver)) {
        return false;
    }
    driver->counters.slices++;
    /* Bounded: each turn executes commands or ends a block; a block has at most BLOCK_COMMANDS_MAX of them. */
    for (uint32_t i = 0; i < DRIVER_COMMITS_MAX * (BLOCK_COMMANDS_MAX / DRIVER_SLICE_COMMANDS + 1); i++) {
        if (!driver->apply.busy) {
            apply_begin(&driver->apply, &driver->commits[driver->commits_head]);
        }
        const struct apply_block *block = apply_step(&driver->apply, DRIVER_SLICE_COMMANDS);
        if (block != NULL) {
            finish_block(driver, block);
        }
        if (driver->commits_count == 0 || !driver_is_open(driver) || driver->ports.now(driver->ports.context).mono_ns >= end_ns) {
            break;
        }
    }
    return driver->commits_count > 0;
}

static void tell_drain(struct driver *driver)
{
    if (driver->drain_wanted && !driver->drain_told && driver_is_open(driver)) {
        driver->drain_told = true;
        driver_step(driver, &(struct event){ .kind = EVENT_DRAIN });
    }
}

static void tell_mute(struct driver *driver)
{
    if (driver->mute != driver->mute_told && driver_is_open(driver)) {
        driver->mute_told = driver->mute;
        driver_step(driver, &(struct event){ .kind = EVENT_MUTE, .mute = { driver->mute } });
    }
}

static void tell_timer(struct driver *driver)
{
    if (driver_is_open(driver) && replica_deadline_ns(driver->replica) <= driver->ports.now(driver->ports.context).mono_ns) {
        driver_step(driver, &(struct event){ .kind = EVENT_TIMER });
    }
}

/* note_rejoined lets the superblock say that what to abstain from is in the log (E5). */
static void note_rejoined(struct driver *driver)
{
    if (driver->rejoins && replica_has_rejoined(driver->replica)) {
        driver->rejoins = false;
        driver->save_wanted = true;
    }
}

/* note_limit lets the superblock hold a view limit that was raised: of a log that loses all its newest batches, it alone tells what they may have signed (T11). */
static void note_limit(struct driver *driver)
{
    const struct segment_log *log = &driver->log;

    if (log->limit_epoch > driver->limit_epoch || (log->limit_epoch == driver->limit_epoch && log->limit_view > driver->limit_view)) {
        driver->limit_epoch = log->limit_epoch;
        driver->limit_view = log->limit_view;
        driver->save_wanted = true;
    }
}

bool driver_work(struct driver *driver)
{
    if (driver->stalled && !driver->stopped) {
        driver_carry_out(driver);
    }
    tell_links(driver);
    tell_drain(driver);
    tell_mute(driver);
    tell_durable(driver);
    note_rejoined(driver);
    note_limit(driver);
    release(driver);
    if (driver->read_waits && driver->log.reading == NULL) {
        driver_start_read(driver);
    }
    tell_record(driver);
    driver_execute_slice(driver);
    tell_timer(driver);
    release(driver);
    driver_work_snapshots(driver);
    driver_work_repair(driver);
    driver_work_scrub(driver);
    return driver_deadline_ns(driver) == 0;
}

void driver_flush(struct driver *driver)
{
    if (!driver->stopped && driver->urgent) {
        driver->urgent = false;
        segment_log_kick(&driver->log);
    }
}

static bool links_changed(const struct driver *driver)
{
    return memcmp(&driver->links, &driver->links_told, sizeof driver->links) != 0;
}

static bool can_release(const struct driver *driver)
{
    const struct outbox_entry *first = &driver->outbox.entries[driver->outbox.head];

    return driver->outbox.count > 0 && first->after_lsn <= driver->durable_seen && !is_held(driver, first);
}

uint64_t driver_deadline_ns(const struct driver *driver)
{
    if (!driver_is_open(driver)) {
        return UINT64_MAX;
    }
    bool waits = driver->commits_count > 0 || driver->read_done || driver->lsn_durable != driver->durable_seen || links_changed(driver) ||
                 (driver->drain_wanted && !driver->drain_told) || driver->mute != driver->mute_told ||
                 can_release(driver);
    uint64_t replica_ns = replica_deadline_ns(driver->replica), snapshots_ns = driver_snapshots_deadline_ns(driver);
    return waits || driver->snapshots.installed ? 0 : replica_ns < snapshots_ns ? replica_ns : snapshots_ns;
}

bool driver_outbox_rests(const struct driver *driver)
{
    return driver->outbox.count == 0 || is_held(driver, &driver->outbox.entries[driver->outbox.head]);
}

bool driver_is_working(const struct driver *driver)
{
    bool under_way = driver->log.writing || driver->reading || driver->commits_count > 0 || driver->outbox.count > 0 || driver->stalled;

    return under_way || driver_deadline_ns(driver) != UINT64_MAX;
}

bool driver_is_idle(const struct driver *driver)
{
    return segment_log_is_idle(&driver->log) && driver->commits_count == 0 && driver_outbox_rests(driver) && !driver->reading && driver->log.reading == NULL &&
           !driver_scrub_is_busy(driver) && !driver->snapshots.io.busy && !driver->snapshot_serve.io.busy && !driver->snapshot_fetch.io.busy;
}

bool driver_is_stalled(const struct driver *driver)
{
    return driver->stalled;
}
