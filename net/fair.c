/* fair.c: see fair.h. */
#include "net/fair.h"

#include "base/assert.h"

void fair_take(struct fair *fair, struct arena *arena, uint32_t parties_max, uint32_t per_second, uint32_t burst)
{
    ASSERT(parties_max >= 1);
    uint32_t windows = per_second < FAIR_WINDOWS ? per_second : FAIR_WINDOWS;
    ASSERT(per_second >= 1);
    *fair = (struct fair){ .per_window = per_second / windows, .window_ns = 1000000000u / windows, .parties_max = parties_max };
    throttle_init(&fair->all, per_second, burst);
    fair->parties = arena_take(arena, parties_max, sizeof *fair->parties);
}

/* part_of gives what one party may have of a window, when `active` ask. */
static uint64_t part_of(const struct fair *fair, uint32_t active)
{
    ASSERT(active >= 1);
    return fair->per_window / active > 0 ? fair->per_window / active : 1;
}

static struct fair_party *find(const struct fair *fair, uint64_t party)
{
    for (uint32_t i = 0; i < fair->parties_max; i++) {
        if (fair->parties[i].window != 0 && fair->parties[i].party == party) {
            return &fair->parties[i];
        }
    }
    return NULL;
}

/* find_or_take finds the entry of a party, or takes one that nobody used in this window or the one before. Gives: NULL when there is none: more parties ask than there are
 * connections at once, and this one has what the budget of all leaves. */
static struct fair_party *find_or_take(const struct fair *fair, uint64_t party, uint64_t window)
{
    struct fair_party *found = find(fair, party);

    for (uint32_t i = 0; i < fair->parties_max && found == NULL; i++) {
        if (fair->parties[i].window + 1 < window) {
            found = &fair->parties[i];
            *found = (struct fair_party){ .party = party, .window = window };
        }
    }
    return found;
}

/* count_active counts the parties that ask: in this window, the one before, and the one that asks now. */
static uint32_t count_active(const struct fair *fair, uint64_t window, const struct fair_party *now)
{
    uint32_t active = 0;

    for (uint32_t i = 0; i < fair->parties_max; i++) {
        const struct fair_party *entry = &fair->parties[i];
        active += entry == now || (entry->window != 0 && entry->window + 1 >= window);
    }
    return active;
}

/* roll pays what an entry owes with the parts of the windows that have passed. */
static void roll(struct fair_party *entry, uint64_t window, uint64_t part)
{
    uint64_t passed = window - entry->window, owed = entry->used / part;

    ASSERT(entry->window <= window);
    entry->used = passed > owed ? 0 : entry->used - passed * part;
    entry->window = window;
}

bool fair_admit(struct fair *fair, uint64_t party, uint64_t now_ns)
{
    uint64_t window = now_ns / fair->window_ns;

    ASSERT(window >= 2); /* 0 is that of a free entry */
    struct fair_party *entry = find_or_take(fair, party, window);
    bool room = throttle_admit(&fair->all, now_ns);
    if (entry == NULL) {
        return room;
    }
    uint64_t part = part_of(fair, count_active(fair, window, entry));
    roll(entry, window, part);
    if (!room && entry->used >= part) {
        return false;
    }
    if (!room) {
        throttle_charge(&fair->all, 1);
        fair->granted++;
    }
    entry->used++;
    return true;
}

void fair_charge(struct fair *fair, uint64_t party, uint32_t count)
{
    struct fair_party *entry = find(fair, party);

    throttle_charge(&fair->all, count);
    if (entry != NULL) {
        entry->used += count;
    }
}
