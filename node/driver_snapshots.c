/* driver_snapshots.c: snapshots in the driver: made, installed, and what of the log they let go (K2).
 *
 *     made --save_wanted--> superblock names it --installed--> SNAPSHOT: what still counts is appended again --durable--> first segment raised
 *                                                                                            retired one by one <--save_wanted--+ */
#include "node/driver_priv.h"

#include "base/assert.h"

/* appended_lsn gives the position of the last append that the newest step asked for; the log may not have had room for it yet. */
static uint64_t appended_lsn(const struct driver *driver)
{
    uint64_t lsn = 0;

    for (uint32_t i = 0; i < driver->effects->count; i++) {
        const struct effect *effect = &driver->effects->items[i];
        lsn = effect->kind == EFFECT_APPEND ? effect->append.lsn : lsn;
    }
    ASSERT(lsn > 0); /* K2: a snapshot has the replica append */
    return lsn;
}

/* carry has the replica append again what counts in the log below a snapshot that is durable now. */
static void carry(struct driver *driver)
{
    if (!driver->snapshots.installed || !driver_is_open(driver)) {
        return;
    }
    driver->snapshots.installed = false;
    driver_step(driver, &(struct event){ .kind = EVENT_SNAPSHOT });
    driver->carried_lsn = appended_lsn(driver);
}

/* floor_height gives the height up to which no block of the log is needed any more. Source: K2. */
static uint64_t floor_height(const struct driver *driver)
{
    uint64_t tip = driver->apply.height, keep = driver->config.retention.keep_blocks;
    uint64_t floor = driver->snapshots.older.set ? driver->snapshots.older.height : 0;

    if (driver->config.retention.archive || tip <= keep) {
        return 0;
    }
    return tip - keep < floor ? tip - keep : floor;
}

/* let_go decides what goes, once the carried records are durable. */
static void let_go(struct driver *driver)
{
    if (driver->carried_lsn == 0 || driver->durable_seen < driver->carried_lsn || driver->stopped) {
        return;
    }
    driver->carried_lsn = 0;
    uint32_t first = segment_log_needed(&driver->log, floor_height(driver));
    ASSERT(first <= driver->log.at.segment || first == 0); /* K2 */
    ASSERT(driver->snapshots.newest.set);                  /* K2 */
    if (first > driver->first_wanted) {
        driver->first_wanted = first;
        driver->save_wanted = true;
    }
}

/* shorten has what is below the older snapshot let go of without waiting for the next one, when the log is as long as it may be: it was kept by storage.retention: archive. Where all
 * members stand for that reason, no further snapshot comes. */
static void shorten(struct driver *driver)
{
    struct segment_log *log = &driver->log;
    uint64_t floor = floor_height(driver);

    if (!segment_log_is_long(log) || floor == 0 || log->extents[log->extents_first].height_max > floor || driver->carried_lsn != 0) {
        return;
    }
    ASSERT(driver->snapshots.newest.set); /* K2: below the older of two */
    segment_log_stretch(log);
    driver->snapshots.installed = true;
}

/* retire takes the next segment out of use, that the superblock does not count any more. */
static void retire(struct driver *driver)
{
    struct disk *disk = driver->log.disk;

    if (driver->retire_next == 0 || driver->retire_next >= driver->first_segment || driver->reading || driver->log.reading != NULL || driver_scrub_reads(driver, driver->retire_next)) {
        return;
    }
    bool damaged = repair_notes_has_segment(&driver->log.repairs, driver->retire_next) || repair_has_segment(&driver->repair, driver->retire_next);
    enum err err = damaged ? disk->ops->discard(disk, driver->retire_next) : disk->ops->retire(disk, driver->retire_next);
    if (err != ERR_AGAIN) { /* The blocks of a damaged one are given back to the file system, not used again. */
        driver->retire_next++;
        driver->counters.segments_retired++;
    }
}

void driver_snapshot_message(struct driver *driver, uint32_t from, uint8_t type, struct bytes body)
{
    struct message *message = driver->snapshot_message;

    if (from == driver->config.replica.self || message_decode(message, type, body) != VERDICT_OK) {
        driver->counters.snapshot_malformed++;
        return;
    }
    if (type == MESSAGE_SNAPSHOT_ASK) {
        snapshot_serve_ask(&driver->snapshot_serve, from, &message->snapshot_ask);
    } else {
        snapshot_fetch_answer(&driver->snapshot_fetch, from, &message->snapshot, driver->ports.now(driver->ports.context).mono_ns);
    }
}

/* grant hears a wish for a snapshot that others have alike: of the newest certificate, which all shall know. */
static void grant(struct driver *driver, uint64_t now_ns)
{
    const struct checkpoint_cert *cert = replica_checkpoint(driver->replica);

    snapshots_wish(&driver->snapshots);
    snapshots_certified(&driver->snapshots, cert);
    if (cert != NULL) {
        snapshot_serve_tell(&driver->snapshot_serve, driver->config.replica.self, cert, now_ns);
    }
}

/* transfer serves others and fetches for ourselves. */
static void transfer(struct driver *driver)
{
    uint64_t now_ns = driver->ports.now(driver->ports.context).mono_ns;

    if (driver->drain_wanted) {
        return;
    }
    snapshot_serve_work(&driver->snapshot_serve, now_ns);
    if (driver->snapshot_serve.wished) {
        driver->snapshot_serve.wished = false;
        grant(driver, now_ns);
    }
    snapshot_fetch_want(&driver->snapshot_fetch, replica_wants_snapshot(driver->replica), driver->apply.height, &driver->links);
    if (driver->snapshot_fetch.stage != SNAPSHOT_FETCH_IDLE) {
        snapshots_stop(&driver->snapshots); /* the slot is wanted */
    }
    snapshot_fetch_work(&driver->snapshot_fetch, now_ns);
    driver->save_wanted = driver->save_wanted || driver->snapshot_fetch.save_wanted;
    driver->snapshot_fetch.save_wanted = false;
}

uint64_t driver_snapshots_deadline_ns(const struct driver *driver)
{
    uint64_t make = snapshots_deadline_ns(&driver->snapshots), serve = snapshot_serve_deadline_ns(&driver->snapshot_serve);
    uint64_t fetch = snapshot_fetch_deadline_ns(&driver->snapshot_fetch);

    if (driver->drain_wanted) {
        return UINT64_MAX;
    }
    make = serve < make ? serve : make;
    return fetch < make ? fetch : make;
}

bool driver_must_restart(const struct driver *driver) { return driver->snapshot_fetch.stage == SNAPSHOT_FETCH_DONE; }

void driver_work_snapshots(struct driver *driver)
{
    bool waited = driver->snapshots.io.preparing || driver->snapshot_fetch.io.preparing;

    if (driver->stopped) {
        return;
    }
    snapshots_certified(&driver->snapshots, replica_checkpoint(driver->replica));
    if (driver->drain_wanted) {
        snapshots_stop(&driver->snapshots);
    }
    snapshots_work(&driver->snapshots);
    driver->save_wanted = driver->save_wanted || driver->snapshots.save_wanted;
    driver->snapshots.save_wanted = false;
    transfer(driver);
    shorten(driver);
    carry(driver);
    let_go(driver);
    retire(driver);
    if (waited && !driver->snapshots.io.preparing && !driver->snapshot_fetch.io.preparing) {
        segment_log_kick(&driver->log); /* it may have been refused a preparation meanwhile */
    }
}

void driver_fill(const struct driver *driver, struct superblock *next, bool clean)
{
    next->clean = clean;
    next->features_required = driver->rejoins ? next->features_required : next->features_required & ~SUPERBLOCK_REJOINS;
    next->durable_floor = driver->log.at.batch;
    next->limit_epoch = driver->log.limit_epoch; /* A limit that no batch holds yet forbids more, never less. */
    next->limit_view = driver->log.limit_view;
    next->first_segment = driver->first_wanted > next->first_segment ? driver->first_wanted : next->first_segment;
    snapshots_fill(&driver->snapshots, next);
    snapshot_fetch_fill(&driver->snapshot_fetch, next);
}

void driver_saved(struct driver *driver, const struct superblock *saved, enum err err)
{
    if (err == ERR_OK && saved->first_segment > driver->first_segment) {
        driver->retire_next = driver->retire_next == 0 ? driver->first_segment : driver->retire_next;
        driver->first_segment = saved->first_segment;
    }
    snapshots_saved(&driver->snapshots, &saved->checkpoint_snapshot, err);
    snapshot_fetch_saved(&driver->snapshot_fetch, &saved->checkpoint_snapshot, err);
}
