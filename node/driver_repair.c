/* driver_repair.c: makes damage of the log good: node/repair.h draws the way. A piece is worked on when the replica has executed all that it may have held;
 * what a snapshot or the replica's memory has left behind is asked for by nobody, so nothing of it is fetched. */
#include "node/driver_priv.h"

#include "base/assert.h"

#define LOOKS_MAX 256u /* heights in one turn */

static void tell(struct driver *driver, const struct recovery_damage *damage, bool repaired)
{
    if (driver->ports.damage != NULL) {
        driver->ports.damage(driver->ports.context, damage, repaired);
    }
}

/* forget lets nobody read what is known to be damaged, the last batch of a run as well as the first. */
static void forget(struct driver *driver, const struct recovery_damage *damage)
{
    struct record_blocks blocks = { damage->segment, damage->block, damage->block_end > damage->block ? damage->block_end : damage->block + 1 };

    record_index_forget(&driver->log.index, &blocks, damage->kind, damage->kind != 0 ? &damage->hash : NULL);
}

void driver_damage(struct driver *driver, const struct recovery_damage *damage)
{
    struct repair_note place = recovery_note(damage);

    if (damage->segment < driver->first_segment || repair_notes_cover(&driver->log.repairs, &place) || !repair_add(&driver->repair, damage)) {
        return;
    }
    forget(driver, damage);
    tell(driver, damage, false);
}

void driver_repair_begin(struct driver *driver, const struct recovery_outcome *outcome)
{
    const struct capsule *capsule = &outcome->position.capsule;
    uint64_t tip = capsule->committed_height > capsule->vote_height ? capsule->committed_height : capsule->vote_height;

    for (uint32_t i = 0; i < outcome->damage_count; i++) {
        struct recovery_damage damage = outcome->damage[i];
        damage.height_last = damage.height_last == UINT64_MAX ? (tip > damage.height ? tip : damage.height) : damage.height_last;
        if (damage.segment != 0) { /* else the whole log is gone, and there is no place to settle */
            driver_damage(driver, &damage);
        }
    }
}

/* is_lost: the block is committed, the replica still gives it to others, and the log does not have it whole. */
static bool is_lost(const struct driver *driver, uint64_t height)
{
    const struct record_index *index = &driver->log.index;
    struct hash32 hash;

    if (height == 0 || !replica_committed(driver->replica, height, &hash)) {
        return false;
    }
    return !record_index_has_whole(index, RECORD_BLOCK, &hash) || !record_index_has_whole(index, RECORD_PAYLOAD, &hash);
}

/* begin takes the first piece whose heights are all executed. Gives: false when there is none. */
static bool begin(struct driver *driver)
{
    struct repair *repair = &driver->repair;
    uint64_t first, last;

    for (uint32_t i = repair->count; i > 0; i--) {
        if (repair->items[i - 1].segment < driver->first_segment) {
            repair_remove(repair, i - 1); /* It went with its segment. */
        }
    }
    for (uint32_t i = 0; i < repair->count; i++) {
        bool blocks = repair_heights(&repair->items[i], &first, &last);
        if (blocks && last > driver->apply.height) {
            continue;
        }
        repair->current = i;
        repair->stage = REPAIR_LOOK;
        repair->height = blocks ? first : 1;
        repair->tries = 0;
        return true;
    }
    return false;
}

/* is_settled: whatever was in the log's queue when this block was first missed is durable, so the block is not just about to be known. */
static bool is_settled(struct driver *driver)
{
    struct repair *repair = &driver->repair;

    if (repair->barrier_lsn == 0) {
        repair->barrier_lsn = driver->log.at.lsn;
    }
    if (segment_log_durable_lsn(&driver->log) < repair->barrier_lsn) {
        driver->urgent = true;
        return false;
    }
    repair->barrier_lsn = 0;
    return true;
}

/* look goes on to the next block that is lost. Gives: true when there is more to do at once. */
static bool look(struct driver *driver)
{
    struct repair *repair = &driver->repair;
    uint64_t first, last;
    bool blocks = repair_heights(&repair->items[repair->current], &first, &last);

    for (uint32_t i = 0; i < LOOKS_MAX && blocks && repair->height <= last; i++) {
        if (is_lost(driver, repair->height)) {
            if (!is_settled(driver)) {
                return false;
            }
            repair->stage = REPAIR_FETCH;
            driver_step(driver, &(struct event){ .kind = EVENT_REPAIR, .repair = { repair->height } });
            return true;
        }
        repair->height++;
    }
    if (!blocks || repair->height > last) {
        repair->stage = REPAIR_NOTE;
        repair->note_lsn = 0;
        driver_step(driver, &(struct event){ .kind = EVENT_REPAIR, .repair = { 0 } });
    }
    return true;
}

static void read_back_done(struct log_read *read, enum err err, uint32_t bytes)
{
    struct repair *repair = &((struct driver *)read->context)->repair;

    (void)bytes;
    repair->read_done = true;
    repair->read_err = err;
}

/* read_back begins to read a record. Gives: false when it must wait: another reading is under way. */
static bool read_back(struct driver *driver, uint8_t kind)
{
    struct repair *repair = &driver->repair;
    struct hash32 hash;

    repair->read_done = false;
    if (!replica_committed(driver->replica, repair->height, &hash)) {
        read_back_done(&(struct log_read){ .context = driver }, ERR_OK, 0); /* The replica let go of it meanwhile. */
        repair->read_kind = kind;
        return true;
    }
    repair->read = (struct log_read){ .kind = kind, .hash = hash, .done = read_back_done, .context = driver };
    enum err err = segment_log_read(&driver->log, &repair->read);
    if (err == ERR_AGAIN) {
        return false;
    }
    repair->read_kind = kind;
    if (err != ERR_OK) {
        read_back_done(&repair->read, err, 0);
    }
    return true;
}

/* give_up leaves a piece for the next start. */
static void give_up(struct driver *driver)
{
    struct repair *repair = &driver->repair;

    repair->counters.given_up++;
    repair->stage = REPAIR_IDLE;
    repair_remove(repair, repair->current);
}

/* check_failed: what was just written again cannot be read back: its place is damaged as well. */
static void check_failed(struct driver *driver)
{
    struct repair *repair = &driver->repair;
    struct recovery_damage damage = { .fate = FATE_ROT, .segment = repair->read.place.segment, .block = repair->read.place.block, .batches = 1,
        .kind = repair->read_kind, .height = repair->height, .height_last = repair->height, .hash = repair->read.hash };

    repair->counters.checks_bad++;
    if (damage.segment != 0) {
        driver_damage(driver, &damage);
    }
    repair->stage = REPAIR_LOOK;
    if (++repair->tries < REPAIR_TRIES_MAX) {
        return;
    }
    give_up(driver);
}

/* check reads both records of the block back; between the two others may have their readings. Gives: true when there is more to do at once. */
static bool check(struct driver *driver)
{
    struct repair *repair = &driver->repair;

    if (repair->read_kind == 0) {
        return read_back(driver, repair->body_right ? RECORD_BLOCK : RECORD_PAYLOAD);
    }
    if (!repair->read_done) {
        return false;
    }
    if (repair->read_err != ERR_OK) {
        repair->body_right = false;
        check_failed(driver);
        repair->read_kind = 0;
        return true;
    }
    repair->body_right = repair->read_kind == RECORD_PAYLOAD;
    repair->read_kind = 0;
    if (repair->body_right) {
        return true;
    }
    repair->counters.blocks++;
    repair->tries = 0;
    repair->height++;
    repair->stage = REPAIR_LOOK;
    return true;
}

bool driver_repair_note(struct driver *driver, struct log_record *record)
{
    struct repair *repair = &driver->repair;

    if (repair->stage != REPAIR_NOTE) {
        return false;
    }
    ASSERT(repair->current < repair->count);
    struct repair_note note = recovery_note(&repair->items[repair->current]);
    repair_note_encode(&note, repair->note);
    repair->note_part = bytes_of(repair->note, sizeof repair->note);
    *record = (struct log_record){ .kind = RECORD_REPAIR, .parts = &repair->note_part, .parts_count = 1 };
    repair->note_lsn = driver->log.at.lsn + 1;
    return true;
}

/* note_wait ends the piece when its note counts. A note that was cut in two by the end of a batch does not, and is written again; nor does one for which the
 * list of the log is full: then the next start finds the place again, and nothing lost in it. */
static bool note_wait(struct driver *driver)
{
    struct repair *repair = &driver->repair;
    struct recovery_damage damage = repair->items[repair->current];
    struct repair_note note = recovery_note(&damage);
    bool covered = repair_notes_cover(&driver->log.repairs, &note), full = driver->log.repairs.count == REPAIR_NOTES_MAX;

    if (repair->note_lsn == 0 || segment_log_durable_lsn(&driver->log) < repair->note_lsn) {
        return false;
    }
    if (!covered && !full) {
        repair->note_lsn = 0;
        driver_step(driver, &(struct event){ .kind = EVENT_REPAIR, .repair = { 0 } });
        return true;
    }
    repair->counters.repaired++;
    repair->stage = REPAIR_IDLE;
    repair_remove(repair, repair->current);
    tell(driver, &damage, true);
    return true;
}

/* fetch_wait waits until the block is in the log again, and durable. */
static bool fetch_wait(struct driver *driver)
{
    struct repair *repair = &driver->repair;

    if (!is_lost(driver, repair->height)) {
        repair->stage = REPAIR_CHECK;
        return true;
    }
    if (!replica_repair_ended(driver->replica)) {
        return false;
    }
    give_up(driver);
    return true;
}

/* step goes one step on. Gives: false when something must happen first. */
static bool step(struct driver *driver)
{
    struct repair *repair = &driver->repair;

    switch (repair->stage) {
    case REPAIR_IDLE:
        return begin(driver);
    case REPAIR_LOOK:
        return look(driver);
    case REPAIR_FETCH:
        return fetch_wait(driver);
    case REPAIR_CHECK:
        return check(driver);
    case REPAIR_NOTE:
        return note_wait(driver);
    }
    return false;
}

void driver_work_repair(struct driver *driver)
{
    struct repair *repair = &driver->repair;

    for (uint32_t i = 0; i < 64 && repair->count > 0 && driver_is_open(driver); i++) {
        if (driver->drain_wanted || !step(driver)) {
            return;
        }
    }
}
