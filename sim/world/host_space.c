/* host_space.c: the room on the disk of a virtual server, looked after as node/keeper.c does it: the levels are production's (storage/space.h), what follows
 * from each is what the keeper does. */
#include "sim/world/host.h"

#include "base/assert.h"
#include "wire/client.h"

#define LOOK_NS UINT64_C(1000000000)
#define RETRY_MS 5000u

void host_fill(struct host *host, bool full)
{
    host->full = full;
    host->due_known = false;
    host->disk.config.faults.full = full ? 1000000 : host->plan.disk.full;
    if (full && host->state != HOST_DOWN) {
        host->look_ns = 0; /* Somebody else took the room: the next look sees it. */
    }
}

static void enter(struct host *host, enum space_level level)
{
    enum space_level before = host->level;

    ASSERT(level < SPACE_LEVEL_COUNT);
    host->level = level;
    driver_refuse(&host->driver, level >= SPACE_REFUSE ? REFUSAL_DISK : REFUSAL_NONE, RETRY_MS);
    driver_mute(&host->driver, level == SPACE_STOP);
    if (level >= SPACE_REFUSE && level > before) {
        snapshots_hurry(&host->driver.snapshots);
    }
}

void host_space_turn(struct host *host, uint64_t now_ns)
{
    struct segment_log *log = &host->driver.log;

    if (now_ns < host->look_ns) {
        return;
    }
    segment_log_reserve(log);
    struct space_facts facts = { .bytes_used = host->full ? 1000 : 0, .bytes_free = host->full ? 0 : 1000, .reserve_empty = segment_log_is_starved(log) };
    facts.log_short = facts.reserve_empty && segment_log_room_bytes(log) < segment_log_flight_bytes(log);
    enum space_level level = space_level_next(host->level, &facts);
    if (level != host->level) {
        enter(host, level);
    }
    host->look_ns = host->level == SPACE_FINE ? UINT64_MAX : now_ns + LOOK_NS;
}
