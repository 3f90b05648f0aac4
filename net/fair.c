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

static struct fair_party *find(const struct fair *fair, uint64_t party)
{
    for (uint32_t i = 0; i < fair->parties_max; i++) {
        if (fair->parties[i].window != 0 && fair->parties[i].party == party) {
            return &fair->parties[i];
        }
    }
    return NULL;
}

/* take_free takes an entry that nobody has. Gives: NULL when there is none: more parties ask or owe than there are connections at once, and this one has what the budget
 * of all leaves. */
static struct fair_party *take_free(const struct fair *fair, uint64_t party, uint64_t window)
{
    for (uint32_t i = 0; i < fair->parties_max; i++) {
        if (fair->parties[i].window == 0) {
            fair->parties[i] = (struct fair_party){ .party = party, .window = window };
            return &fair->parties[i];
        }
    }
    return NULL;
}

/* part_of gives what one party may have of a window, in FAIR_ONE. Needs: one has an entry. */
static uint64_t part_of(const struct fair *fair)
{
    uint64_t active = 0;

    for (uint32_t i = 0; i < fair->parties_max; i++) {
        active += fair->parties[i].window != 0;
    }
    ASSERT(active >= 1);
    uint64_t part = (uint64_t)fair->per_window * FAIR_ONE / active;
    return part > 0 ? part : 1;
}

/* begin_window pays what is owed with the parts of the windows that have passed, and frees the entries of those who asked in neither this window nor the one before and owe
 * nothing. */
static void begin_window(struct fair *fair, uint64_t window)
{
    uint64_t paid = fair->window == 0 ? 0 : (window - fair->window) * part_of(fair);

    for (uint32_t i = 0; i < fair->parties_max; i++) {
        struct fair_party *entry = &fair->parties[i];
        entry->owed = entry->owed > paid ? entry->owed - paid : 0;
        entry->window = entry->owed == 0 && entry->window + 1 < window ? 0 : entry->window;
    }
    fair->window = window;
}

bool fair_admit(struct fair *fair, uint64_t party, uint64_t now_ns)
{
    uint64_t window = now_ns / fair->window_ns;

    ASSERT(window >= 2); /* 0 is that of a free entry */
    ASSERT(window >= fair->window);
    if (window > fair->window) {
        begin_window(fair, window);
    }
    struct fair_party *entry = find(fair, party);
    entry = entry == NULL ? take_free(fair, party, window) : entry;
    bool room = throttle_admit(&fair->all, now_ns);
    if (entry == NULL) {
        return room;
    }
    entry->window = window;
    if (!room && entry->owed >= part_of(fair)) {
        return false;
    }
    if (!room) {
        throttle_charge(&fair->all, 1);
        fair->granted++;
    }
    entry->owed += FAIR_ONE;
    return true;
}

void fair_charge(struct fair *fair, uint64_t party, uint32_t count)
{
    struct fair_party *entry = find(fair, party);

    throttle_charge(&fair->all, count);
    if (entry != NULL) {
        entry->owed += (uint64_t)count * FAIR_ONE;
    }
}
