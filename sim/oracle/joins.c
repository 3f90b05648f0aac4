/* joins.c: see joins.h. */
#include "sim/oracle/joins.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>

void joins_init(struct joins *joins, uint32_t seats, uint32_t members, uint32_t faults, struct failure *failure)
{
    ASSERT(faults < members);
    *joins = (struct joins){ .failure = failure, .members = members, .faults = faults, .count = seats, .seats = calloc(seats, sizeof *joins->seats) };
    ASSERT(joins->seats != NULL);
    for (uint32_t i = 0; i < seats; i++) {
        joins->seats[i].heard = calloc(members, sizeof *joins->seats[i].heard);
        ASSERT(joins->seats[i].heard != NULL);
        joins->seats[i].bursts = calloc(members, sizeof *joins->seats[i].bursts);
        ASSERT(joins->seats[i].bursts != NULL);
        joins_ended(joins, i);
    }
}

void joins_close(struct joins *joins)
{
    for (uint32_t i = 0; i < joins->count; i++) {
        free(joins->seats[i].heard);
        free(joins->seats[i].bursts);
    }
    free(joins->seats);
    *joins = (struct joins){ .failure = NULL };
}

bool joins_came(struct joins *joins, uint32_t seat, uint32_t member, uint64_t now_ns)
{
    ASSERT(seat < joins->count);
    ASSERT(member < joins->members);
    struct joins_burst *burst = &joins->seats[seat].bursts[member];

    if (burst->count == 0 || now_ns - burst->from_ns >= JOINS_MOMENT_NS) {
        *burst = (struct joins_burst){ .from_ns = now_ns };
    }
    burst->count++;
    return burst->count <= JOINS_AT_ONCE;
}

void joins_heard(struct joins *joins, uint32_t seat, uint32_t member, uint64_t view)
{
    ASSERT(seat < joins->count);
    ASSERT(member < joins->members);
    int64_t *heard = &joins->seats[seat].heard[member];
    joins->seats[seat].open = joins->seats[seat].open || (int64_t)view > *heard;
    *heard = (int64_t)view > *heard ? (int64_t)view : *heard;
}

/* from gives how many were heard to have timed out this view or a later one. */
static uint32_t from(const struct joins *joins, uint32_t seat, int64_t view)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < joins->members; i++) {
        count += joins->seats[seat].heard[i] >= view;
    }
    return count;
}

/* wanted gives the highest view that f + 1 others have timed out or are beyond, -1: none. */
static int64_t wanted(const struct joins *joins, uint32_t seat, int64_t least)
{
    int64_t view = -1;

    for (uint32_t i = 0; i < joins->members; i++) {
        int64_t heard = joins->seats[seat].heard[i];
        view = heard > view && heard >= least && from(joins, seat, heard) > joins->faults ? heard : view;
    }
    return view;
}

bool joins_is_open(const struct joins *joins, uint32_t seat)
{
    return joins->seats[seat].open;
}

/* is_past: all that came is of views that it is beyond, or has timed out itself. */
static bool is_past(const struct joins *joins, uint32_t seat, const struct joins_moment *moment)
{
    int64_t view = (int64_t)moment->view > moment->timeout_view ? (int64_t)moment->view : moment->timeout_view + 1;

    return from(joins, seat, view) == 0;
}

/* owes_anew: it owed nothing when it was looked at last, or has timed that view out since, or is beyond it: what it owes now came later. */
static bool owes_anew(const struct joins_seat *at, const struct joins_moment *moment)
{
    return at->since_ns == UINT64_MAX || at->owed <= moment->timeout_view || at->owed < (int64_t)moment->view;
}

void joins_look(struct joins *joins, uint32_t seat, const struct joins_moment *moment)
{
    ASSERT(seat < joins->count);
    struct joins_seat *at = &joins->seats[seat];
    int64_t view = wanted(joins, seat, (int64_t)moment->view);
    bool owes = view >= 0 && view > moment->timeout_view && view > moment->silent_to;

    if (!owes) {
        at->since_ns = UINT64_MAX;
        at->open = !is_past(joins, seat, moment);
        return;
    }
    at->since_ns = owes_anew(at, moment) ? moment->now_ns : at->since_ns;
    at->owed = view;
    ASSERT(at->since_ns <= moment->now_ns);
    if (moment->now_ns - at->since_ns > JOINS_WITHIN_NS) {
        oracle_fail(joins->failure, FAILURE_LIVENESS, "T3: r%u has not joined %u others in giving up view %lld for %llu ms", seat, from(joins, seat, view), (long long)view,
                    (unsigned long long)((moment->now_ns - at->since_ns) / 1000000));
    }
}

void joins_paused(struct joins *joins, uint32_t seat)
{
    ASSERT(seat < joins->count);
    joins->seats[seat].since_ns = UINT64_MAX;
}

void joins_ended(struct joins *joins, uint32_t seat)
{
    joins_paused(joins, seat);
    for (uint32_t i = 0; i < joins->members; i++) {
        joins->seats[seat].heard[i] = -1;
    }
    joins->seats[seat].open = false;
}
