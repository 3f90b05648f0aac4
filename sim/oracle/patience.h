/* patience.h: how long a member lets a view stand still (T5): tau_0 behind a commit, and twice as long for each view that it left without one. tau_0 is measured, between the floor of the
 * configuration and what the longest samples make it; so what is held against a member are two bounds.
 *
 *     at least  min(floor x 2^k, tau_max)                       k: views left in a row without a commit, since a quorum was linked anew
 *     at most   min((longest samples + 2 T) x 2^k, tau_max)     k: views left in a row without a commit, whoever was linked; said behind the first commit of a life */
#ifndef WARD_SIM_ORACLE_PATIENCE_H
#define WARD_SIM_ORACLE_PATIENCE_H

#include "wire/config.h"

#include <stdbool.h>
#include <stdint.h>

struct failure;

struct patience {
    struct failure *failure;
    uint64_t floor_ns, longest_ns, max_ns; /* tau_0 at least and at most; tau_max */
    struct patience_seat {
        uint32_t least, most; /* k of the two bounds */
        bool committed;       /* in the present view */
        bool known;           /* ... or ever in this life: what it took over from the life before does not count any more */
    } *seats;
    uint32_t count;
};

/* patience_init. Owns: patience_close gives memory back; failure must outlive it. */
void patience_init(struct patience *patience, uint32_t seats, const struct config_limits *limits, struct failure *failure);
void patience_close(struct patience *patience);

/* What became of a server: it entered a view; a block was committed there; it got a link; its process began. */
void patience_entered(struct patience *patience, uint32_t seat);
void patience_committed(struct patience *patience, uint32_t seat);
void patience_linked(struct patience *patience, uint32_t seat);
void patience_began(struct patience *patience, uint32_t seat);

/* patience_look compares the timer that a server goes by now, behind a step of it. */
void patience_look(const struct patience *patience, uint32_t seat, uint64_t timeout_ns);

#endif
