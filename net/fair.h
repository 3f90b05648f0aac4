/* fair.h: a budget that many share: who asks for less than its part gets it, however loud the others are; what nobody asks for anybody may have.
 *
 * A *party* is whoever shares one part, however many connections it has: the caller's number. Time goes in windows, mostly of a tenth of a second; the part of a party is what
 * one allows, divided by the parties that asked in this window or the one before, or still owe something. What was taken beyond a part is owed in the next windows, so where more
 * parties ask than a window allows each has one in several windows. A party that owes keeps its entry: with another number for each question nobody gets more. Pure. */
#ifndef WARD_NET_FAIR_H
#define WARD_NET_FAIR_H

#include "base/arena.h"
#include "net/throttle.h"

#define FAIR_ONE 256u     /* one admission, so that a part may be less than one */
#define FAIR_WINDOWS 10u /* in a second; fewer where a second allows fewer */

struct fair_party {
    uint64_t party;
    uint64_t window; /* of its newest question; 0: the entry is free */
    uint64_t owed;   /* in FAIR_ONE: what it took and no window has paid yet */
};

struct fair {
    struct throttle all;
    uint32_t per_window;
    uint64_t window_ns;
    uint64_t window; /* the newest in which somebody asked; what is owed is paid up to it */
    struct fair_party *parties;
    uint32_t parties_max;
    uint64_t granted; /* admitted although the budget of all was used up, because their part was not */
};

/* fair_take takes the memory of so many parties and allows per_second in the long run and `burst` at once, all together.
 * Needs: as throttle_init. */
void fair_take(struct fair *fair, struct arena *arena, uint32_t parties_max, uint32_t per_second, uint32_t burst);

/* fair_admit counts one of a party, if the budget has room or the party has not had its part of this window. Needs: now_ns >= two windows, and never
 * goes back. Gives: false: it has had its part. All together get no more than per_second in the long run, and in one window at most that and the burst. Cost: two passes over the parties. */
bool fair_admit(struct fair *fair, uint64_t party, uint64_t now_ns);

/* fair_charge counts more of them afterwards: what was admitted was dearer than one. Needs: an admission of this party before. */
void fair_charge(struct fair *fair, uint64_t party, uint32_t count);

#endif
