/* vows.h: views in which a server has sworn to sign nothing, over all its lives: what it says there is broken faith, whether or not it contradicts anything.
 *
 *     after a lost batch      the view up to which its log says that it abstains, but for the vote that the log does know: that may be said again       T11
 *     after a lost disk       every view in which its key signed anything before, and every one up to which it abstains since it rejoined       E5
 *     after a TIMEOUT         seen by the oracle as I7 */
#ifndef WARD_SIM_ORACLE_VOWS_H
#define WARD_SIM_ORACLE_VOWS_H

#include "wire/member_set.h"
#include "wire/vote.h"

#include <stdint.h>

struct failure;

struct vows {
    struct failure *failure;
    struct vow {
        uint64_t below;     /* it signs in this view and later ones alone */
        uint64_t signed_to; /* one more than the highest view in which it signed */
        const char *rule;
        struct rank known;  /* the newest vote in its log when it began to abstain */
    } by[MEMBERS_MAX];      /* by seat */
};

void vows_init(struct vows *vows, struct failure *failure);

/* vows_signed looks at a view in which the server at a seat signs a commit vote or a timeout, vows_voted at its votes. */
void vows_signed(struct vows *vows, uint32_t seat, uint64_t view);
void vows_voted(struct vows *vows, uint32_t seat, struct rank rank);

/* vows_seen: it signed in this view, as a certificate shows: a leader's own votes show nowhere else. */
void vows_seen(struct vows *vows, uint32_t seat, uint64_t view);

/* vows_abstains: its log says so at a start, and knows this vote; view -1: from nothing. vows_wiped: its disk is lost. vows_rejoined: it has a new one, and abstains up to a view. */
void vows_abstains(struct vows *vows, uint32_t seat, int64_t view, struct rank known);
void vows_wiped(struct vows *vows, uint32_t seat);
void vows_rejoined(struct vows *vows, uint32_t seat, uint64_t view);

#endif
