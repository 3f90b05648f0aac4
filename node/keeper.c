/* keeper.c: see keeper.h. */
#include "node/keeper.h"

#include "base/assert.h"
#include "base/log.h"
#include "storage/ballast.h"

static void say(const struct keeper *keeper, enum space_level before)
{
    static struct log_event events[SPACE_LEVEL_COUNT] = {
        [SPACE_FINE] = LOG_EVENT(LOG_INFO, NULL, "disk.has_room"),
        [SPACE_WARN] = LOG_EVENT(LOG_WARN, "W-0203", "disk.is_filling"),
        [SPACE_REFUSE] = LOG_EVENT(LOG_WARN, "W-0204", "disk.refuses_clients"),
        [SPACE_STOP] = LOG_EVENT(LOG_ERROR, "E-0205", "disk.stops_voting"),
    };
    const struct segment_log *log = &keeper->driver->log;

    log_write(&events[keeper->level], "used_permille=%u before=%s reserve=%s", keeper->permille, space_level_name(before),
              !segment_log_is_starved(log) ? "there" : segment_log_is_long(log) ? "log_too_long" : "empty");
}

/* facts_read. Gives: false when the file system does not tell; then nothing changes. */
static bool facts_read(const struct keeper *keeper, struct space_facts *facts)
{
    struct datadir_space space;
    const struct segment_log *log = &keeper->driver->log;

    if (datadir_space(keeper->dir, &space) != ERR_OK) {
        return false;
    }
    *facts = (struct space_facts){ .bytes_used = space.bytes_used, .bytes_free = space.bytes_free, .reserve_empty = segment_log_is_starved(log) };
    facts->log_short = facts->reserve_empty && segment_log_room_bytes(log) < segment_log_flight_bytes(log);
    return true;
}

/* weigh makes the ballast when all is fine and gives it up at the last mark. One that would itself bring the replica to a level is not made: at the last one it would be given up, and
 * made again, and given up, with a replica that is mute every other second. */
static void weigh(struct keeper *keeper, const struct space_facts *facts)
{
    bool fine = keeper->level == SPACE_FINE && keeper->ballast_wanted > 0;

    if (keeper->level == SPACE_STOP) {
        (void)ballast_drop(keeper->dir);
    } else if (fine && space_spares(facts, keeper->ballast_wanted)) {
        (void)ballast_make(keeper->dir, keeper->ballast_wanted); /* A wish: without it everything works but the last reserve. */
    }
    keeper->ballast_bytes = ballast_bytes(keeper->dir);
}

static void enter(struct keeper *keeper, enum space_level level, const struct space_facts *facts)
{
    enum space_level before = keeper->level;

    ASSERT(level < SPACE_LEVEL_COUNT);
    keeper->level = level;
    say(keeper, before);
    weigh(keeper, facts);
    driver_refuse(keeper->driver, level >= SPACE_REFUSE ? REFUSAL_DISK : REFUSAL_NONE, KEEPER_RETRY_MS);
    driver_mute(keeper->driver, level == SPACE_STOP);
    if (level >= SPACE_REFUSE && level > before) {
        snapshots_hurry(&keeper->driver->snapshots); /* Once at each of the two marks: the log goes up to the older of two snapshots. */
    }
}

void keeper_judge(struct keeper *keeper, const struct space_facts *facts)
{
    keeper->permille = space_permille(facts);
    enum space_level level = space_level_next(keeper->level, facts);
    if (level != keeper->level) {
        enter(keeper, level, facts);
    }
    ASSERT(keeper->level == level);
}

/* look. Gives: what was found, as keeper_judge heard of it; false when the file system does not tell. */
static bool look(struct keeper *keeper, uint64_t now_ns, struct space_facts *facts)
{

    keeper->looked_ns = now_ns;
    keeper->segments_seen = keeper->driver->log.counters.segments;
    keeper->looks++;
    segment_log_reserve(&keeper->driver->log); /* Without a batch nobody else would ask again. */
    bool told = facts_read(keeper, facts);
    if (told) {
        keeper_judge(keeper, facts);
    }
    return told;
}

void keeper_start(struct keeper *keeper, const struct datadir *dir, struct driver *driver, uint64_t ballast_wanted, uint64_t now_ns)
{
    struct space_facts facts;

    *keeper = (struct keeper){ .dir = dir, .driver = driver, .ballast_wanted = ballast_wanted };
    if (look(keeper, now_ns, &facts) && keeper->level == SPACE_FINE) {
        weigh(keeper, &facts);
    }
    ASSERT(keeper->looks == 1);
}

void keeper_turn(struct keeper *keeper, uint64_t now_ns)
{
    bool took = keeper->driver->log.counters.segments != keeper->segments_seen;
    bool starved = segment_log_is_starved(&keeper->driver->log) && keeper->level < SPACE_REFUSE;
    bool again = keeper->level != SPACE_FINE && now_ns >= keeper->looked_ns + KEEPER_LOOK_NS;

    struct space_facts facts;

    if (took || starved || again) {
        (void)look(keeper, now_ns, &facts);
    }
}

uint64_t keeper_deadline_ns(const struct keeper *keeper)
{
    return keeper->level >= SPACE_REFUSE ? keeper->looked_ns + KEEPER_WAIT_NS : UINT64_MAX;
}
