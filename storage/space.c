/* space.c: see space.h. */
#include "storage/space.h"

#include "base/assert.h"

struct mark {
    uint32_t enter, leave; /* permille used */
};

static const struct mark marks[SPACE_LEVEL_COUNT] = {
    [SPACE_FINE] = { 0, 0 },
    [SPACE_WARN] = { 850, 830 },
    [SPACE_REFUSE] = { 920, 900 },
    [SPACE_STOP] = { 970, 950 },
};

uint32_t space_permille(const struct space_facts *facts)
{
    uint64_t total = facts->bytes_used + facts->bytes_free;

    if (total == 0 || facts->bytes_used > UINT64_MAX / 1000) {
        return 1000;
    }
    return (uint32_t)((facts->bytes_used * 1000 + total - 1) / total);
}

/* by_fill gives the level that the fill alone asks for. */
static enum space_level by_fill(enum space_level now, uint32_t permille)
{
    enum space_level level = SPACE_FINE;

    ASSERT(now < SPACE_LEVEL_COUNT);
    for (unsigned i = SPACE_WARN; i < SPACE_LEVEL_COUNT; i++) {
        uint32_t mark = i <= (unsigned)now ? marks[i].leave : marks[i].enter;
        level = permille >= mark ? (enum space_level)i : level;
    }
    return level;
}

enum space_level space_level_next(enum space_level now, const struct space_facts *facts)
{
    enum space_level level = by_fill(now, space_permille(facts));

    ASSERT(now < SPACE_LEVEL_COUNT);
    ASSERT(!facts->log_short || facts->reserve_empty);
    level = facts->reserve_empty && level < SPACE_REFUSE ? SPACE_REFUSE : level;
    return facts->log_short ? SPACE_STOP : level;
}

/* Whether with `bytes` more the disk is below where a level is entered. */
static bool stays_below(const struct space_facts *facts, uint64_t bytes, enum space_level level)
{
    struct space_facts after = { .bytes_used = facts->bytes_used + bytes, .bytes_free = facts->bytes_free - bytes };

    ASSERT(level > SPACE_FINE);
    return bytes <= facts->bytes_free && space_permille(&after) < marks[level].enter;
}

bool space_allows(const struct space_facts *facts, uint64_t bytes) { return stays_below(facts, bytes, SPACE_STOP); }

bool space_spares(const struct space_facts *facts, uint64_t bytes) { return stays_below(facts, bytes, SPACE_WARN); }

const char *space_level_name(enum space_level level)
{
    static const char *const names[SPACE_LEVEL_COUNT] = { "fine", "warn", "refuse", "stop" };

    ASSERT(level < SPACE_LEVEL_COUNT);
    ASSERT(names[level][0] != 0);
    return names[level];
}
