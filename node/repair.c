/* repair.c: see repair.h. The list alone. */
#include "node/repair.h"

#include "base/assert.h"

#include <string.h>

static bool same_place(const struct recovery_damage *a, const struct recovery_damage *b)
{
    bool same = a->segment == b->segment && a->block == b->block && a->batch == b->batch && a->batches == b->batches;

    return same && a->kind == b->kind && hash_equal(&a->hash, &b->hash);
}

bool repair_has(const struct repair *repair, const struct recovery_damage *damage)
{
    ASSERT(repair->count <= REPAIR_ITEMS_MAX);
    for (uint32_t i = 0; i < repair->count; i++) {
        if (same_place(&repair->items[i], damage)) {
            return true;
        }
    }
    return false;
}

bool repair_add(struct repair *repair, const struct recovery_damage *damage)
{
    ASSERT(damage->segment != 0);
    if (repair->count == REPAIR_ITEMS_MAX || repair_has(repair, damage)) {
        return false;
    }
    repair->items[repair->count++] = *damage;
    repair->counters.found++;
    return true;
}

void repair_remove(struct repair *repair, uint32_t i)
{
    ASSERT(i < repair->count);
    ASSERT(repair->stage == REPAIR_IDLE || repair->current <= i);
    repair->count--;
    memmove(&repair->items[i], &repair->items[i + 1], (repair->count - i) * sizeof repair->items[0]);
}

bool repair_heights(const struct recovery_damage *damage, uint64_t *first, uint64_t *last)
{
    *first = damage->height;
    *last = damage->kind == 0 ? damage->height_last : damage->height;
    if (damage->kind == 0) {
        return damage->batch != 0; /* else a header of a segment */
    }
    return damage->kind == RECORD_BLOCK || damage->kind == RECORD_PAYLOAD;
}

bool repair_has_segment(const struct repair *repair, uint32_t segment)
{
    for (uint32_t i = 0; i < repair->count; i++) {
        if (repair->items[i].segment == segment) {
            return true;
        }
    }
    return false;
}

const char *repair_reason(const struct repair *repair, bool linked)
{
    if (repair->count == 0) {
        return "none";
    }
    switch (repair->stage) {
    case REPAIR_IDLE:
        return "the replica has not yet executed all that the damaged place may have held";
    case REPAIR_LOOK:
        return "what the damaged place held is looked for in the log";
    case REPAIR_FETCH:
        return linked ? "a block is asked of one member after the other" : "no member is linked that could be asked for a block";
    case REPAIR_CHECK:
        return "what was written again is read back";
    case REPAIR_NOTE:
        return "the note that it was made good is being written";
    }
    return "none";
}

void repair_check(const struct repair *repair)
{
    ASSERT(repair->count <= REPAIR_ITEMS_MAX);
    ASSERT(repair->stage <= REPAIR_NOTE);
    ASSERT(repair->stage == REPAIR_IDLE || repair->current < repair->count);
    ASSERT(repair->tries <= REPAIR_TRIES_MAX);
    ASSERT(!repair->body_right || repair->stage == REPAIR_CHECK);
    ASSERT(repair->read_kind == 0 || repair->read_kind == RECORD_PAYLOAD || repair->read_kind == RECORD_BLOCK);
    ASSERT(repair->counters.repaired + repair->counters.given_up <= repair->counters.found);
    for (uint32_t i = 0; i < repair->count; i++) {
        ASSERT(repair->items[i].segment != 0); /* S5 */
    }
}
