/* seats.h: who sits where. A seat is a server with a process. Each member has one of its own number; a member that is a twin has a second one behind all
 * members: the same key and the same program in two places, neither of which knows of the other.
 *
 *     seat     0   1   2   3 | 4
 *     member   0   1   2   3 | 1        r1 is a twin; of the others each sees either seat 1 or seat 4
 *
 * Who sees which is a side, and may change: a side is drawn by name, or set. Two twins see each other first to first and second to second. Source: Twins
 * (Bano 2020). */
#ifndef WARD_SIM_WORLD_SEATS_H
#define WARD_SIM_WORLD_SEATS_H

#include "wire/member_set.h"

struct seats {
    uint32_t members_count;
    uint32_t count;                            /* >= members_count; at most MEMBERS_MAX */
    uint32_t members[MEMBERS_MAX];             /* by seat */
    uint32_t seconds[MEMBERS_MAX];             /* by member: its second seat; SEATS_NONE */
    struct member_set second_side[MEMBERS_MAX]; /* by member: those who see its second seat */
};

#define SEATS_NONE UINT32_MAX

/* seats_init gives each twin a second seat, in the order of their numbers; everybody sees the first. Needs: members and twins are at most MEMBERS_MAX. */
void seats_init(struct seats *seats, uint32_t members_count, const struct member_set *twins);

/* seats_is_second tells whether a seat is the second of a twin; seats_is_twin whether its member has two. */
bool seats_is_second(const struct seats *seats, uint32_t seat);
bool seats_is_twin(const struct seats *seats, uint32_t seat);

/* seats_meet tells whether two seats are of different members and see each other. */
bool seats_meet(const struct seats *seats, uint32_t a, uint32_t b);

/* seats_find gives the seat at which `from` finds a member; its own seat for itself. */
uint32_t seats_find(const struct seats *seats, uint32_t from, uint32_t member);

/* seats_of_client gives the seat at which a client finds a member: of a twin, one half of all clients the one, one half the other. */
uint32_t seats_of_client(const struct seats *seats, uint32_t member, uint32_t actor);

/* seats_split lets a side see the second seat of a twin, and all others the first; seats_draw draws the side of a twin for its which-th time. */
void seats_split(struct seats *seats, uint32_t member, const struct member_set *side);
void seats_draw(struct seats *seats, uint64_t seed, uint32_t member, uint64_t number);

/* seats_end: from now on nobody sees a second seat. */
void seats_end(struct seats *seats);

#endif
