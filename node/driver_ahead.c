/* driver_ahead.c: restoring the records of a log, with other threads reading bodies before their turn.
 *
 *     driver_ahead_record --short--> room                                       \
 *                         --long body, its header on the way too--> task, body   > ring --oldest--> await, restore, execute
 *                         --anything else--> first all that are in the ring, then itself
 *
 * Invariants: records are restored in the order in which they came, each once; a body belongs to the thread that reads it from when its task is handed in until it is awaited;
 * nothing is in the ring outside of a reading of the log (driver_ahead_drain). */
#include "node/driver_priv.h"

#include "base/assert.h"

#include <stddef.h>
#include <string.h>

static void run_body(struct task *task)
{
    struct ahead_body *body = (struct ahead_body *)(void *)task; /* its first member */

    body_ahead_read(&body->body, body->app);
}

_Static_assert(offsetof(struct ahead_body, task) == 0, "one address for both");

void driver_ahead_take(struct driver *driver, struct arena *arena)
{
    struct ahead *ahead = &driver->ahead;

    *ahead = (struct ahead){ .app = apply_app(&driver->apply) };
    if (driver->ports.task == NULL) {
        return;
    }
    ASSERT(driver->ports.await != NULL);
    ahead->room = arena_take(arena, AHEAD_RECORDS, AHEAD_RECORD_BYTES);
    for (uint32_t i = 0; i < AHEAD_BODIES; i++) {
        ahead->bodies[i] = (struct ahead_body){ .task = { .run = run_body }, .app = &ahead->app };
        body_ahead_take(&ahead->bodies[i].body, arena, &driver->config.replica.epoch);
    }
}

static uint8_t *room_of(const struct ahead *ahead, uint32_t place)
{
    ASSERT(place < AHEAD_RECORDS);
    return ahead->room + (size_t)place * AHEAD_RECORD_BYTES;
}

/* restored counts what was refused and carries out the rest. */
static void restored(struct driver *driver, enum err err)
{
    if (err != ERR_OK) {
        driver->counters.records_refused++;
        return;
    }
    driver_restore_effects(driver);
}

static void restore_now(struct driver *driver, const struct recovered_record *record)
{
    if (driver->stopped) {
        return;
    }
    effects_reset(driver->effects);
    restored(driver, replica_restore_record(driver->replica, record->kind, record->height, record->view, &record->hash, record->payload, driver->effects));
}

/* restore_body takes over the oldest body, once it was read. */
static void restore_body(struct driver *driver, const struct ahead_record *record)
{
    struct ahead *ahead = &driver->ahead;

    ASSERT(record->body == &ahead->bodies[ahead->bodies_first]);
    ASSERT(ahead->bodies_count > 0);
    driver->ports.await(driver->ports.context, &record->body->task); /* also where nobody asks any more: a thread may be at it */
    if (!driver->stopped) {
        effects_reset(driver->effects);
        restored(driver, replica_restore_ahead(driver->replica, &record->hash, &record->body->body, driver->effects));
    }
    ahead->bodies_first = (ahead->bodies_first + 1) % AHEAD_BODIES;
    ahead->bodies_count--;
}

static void restore_oldest(struct driver *driver)
{
    struct ahead *ahead = &driver->ahead;
    const struct ahead_record *oldest = &ahead->records[ahead->first];

    ASSERT(ahead->count > 0);
    if (oldest->body != NULL) {
        restore_body(driver, oldest);
    } else {
        struct recovered_record record = { .kind = oldest->kind, .height = oldest->height, .view = oldest->view, .hash = oldest->hash,
                                           .payload = bytes_of(room_of(ahead, ahead->first), oldest->bytes) };
        restore_now(driver, &record);
    }
    ahead->first = (ahead->first + 1) % AHEAD_RECORDS;
    ahead->count--;
}

void driver_ahead_drain(struct driver *driver)
{
    while (driver->ahead.count > 0) {
        restore_oldest(driver);
    }
    ASSERT(driver->ahead.bodies_count == 0);
}

/* header_on_its_way finds the BLOCK record that a body belongs to, the newest first: it stands before its body. */
static bool header_on_its_way(const struct ahead *ahead, const struct hash32 *hash, struct block_header *header)
{
    for (uint32_t i = ahead->count; i > 0; i--) {
        uint32_t place = (ahead->first + i - 1) % AHEAD_RECORDS;
        const struct ahead_record *record = &ahead->records[place];
        if (record->kind == RECORD_BLOCK && hash_equal(&record->hash, hash)) {
            struct reader reader;
            reader_init(&reader, room_of(ahead, place), record->bytes);
            return block_header_decode(header, &reader) == VERDICT_OK;
        }
    }
    return false;
}

/* add_record makes room for a record and puts it at the end. Gives: its place. */
static struct ahead_record *add_record(struct driver *driver, const struct recovered_record *record)
{
    struct ahead *ahead = &driver->ahead;

    if (ahead->count == AHEAD_RECORDS) {
        restore_oldest(driver);
    }
    struct ahead_record *added = &ahead->records[(ahead->first + ahead->count++) % AHEAD_RECORDS];
    *added = (struct ahead_record){ .kind = record->kind, .height = record->height, .view = record->view, .hash = record->hash };
    return added;
}

static void add_short(struct driver *driver, const struct recovered_record *record)
{
    struct ahead_record *added = add_record(driver, record);

    ASSERT(record->payload.size <= AHEAD_RECORD_BYTES);
    added->bytes = (uint32_t)record->payload.size;
    if (added->bytes > 0) {
        memcpy(room_of(&driver->ahead, (uint32_t)(added - driver->ahead.records)), record->payload.data, added->bytes);
    }
}

static void add_body(struct driver *driver, const struct recovered_record *record, const struct block_header *header)
{
    struct ahead *ahead = &driver->ahead;

    while (ahead->bodies_count == AHEAD_BODIES) { /* each turn restores a record */
        restore_oldest(driver);
    }
    struct ahead_record *added = add_record(driver, record);
    added->body = &ahead->bodies[(ahead->bodies_first + ahead->bodies_count++) % AHEAD_BODIES];
    body_ahead_fill(&added->body->body, header, record->payload);
    driver->ports.task(driver->ports.context, &added->body->task);
    driver->counters.bodies_ahead++;
}

void driver_ahead_record(struct driver *driver, const struct recovered_record *record)
{
    const struct ahead *ahead = &driver->ahead;
    struct block_header header;

    if (ahead->room != NULL && record->payload.size <= AHEAD_RECORD_BYTES) {
        add_short(driver, record);
        return;
    }
    bool fits = ahead->room != NULL && record->kind == RECORD_PAYLOAD && record->payload.size <= driver->config.replica.epoch.limits.block_bytes_max;
    if (fits && header_on_its_way(ahead, &record->hash, &header) && header.height > driver->apply.height) { /* what is executed is passed over */
        add_body(driver, record, &header);
        return;
    }
    driver_ahead_drain(driver);
    restore_now(driver, record);
}
