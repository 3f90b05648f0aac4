/* duty.h: reserves (P1): who votes at once in a view, how long the others hold back, and when one of these is called up.
 *
 *     leader and the next q - 1 of the schedule   on duty
 *     the n - q others                            hold a proposal --t_hedge--> check it and vote: a hedge
 *                                                        \--its certificate--> follow it, without a check of their own
 *
 * Two hedges close together call it up: it is on duty for 256 blocks, then a reserve again; called up again in the same view, for twice as long each time. So a
 * stall costs a while, and a member that is gone two hedges now and then.
 *
 * A policy alone: a vote of a reserve counts like any other, at any time, and no quorum depends on who is on duty. */
#ifndef WARD_CONSENSUS_DUTY_H
#define WARD_CONSENSUS_DUTY_H

#include "wire/config.h"
#include "wire/member_set.h"

#include <stdbool.h>
#include <stdint.h>

#define DUTY_WINDOW_BLOCKS 64u      /* two hedges within as many heights call a reserve up */
#define DUTY_TERM_MIN 256u          /* blocks for which it is on duty then, the first time in a view */
#define DUTY_TERM_MAX 16384u        /* and at most */
#define DUTY_HEDGE_NS_MIN 2000000u
#define DUTY_PACE_SAMPLES 31u       /* odd, so that there is one in the middle */

/* How long the leader's newest proposals took to be certified. */
struct duty_pace {
    uint64_t samples_ns[DUTY_PACE_SAMPLES]; /* ring */
    uint32_t count, next;
};

/* duty_pace_add takes one measured time. duty_pace_median_us gives the median in microseconds, 0 while there is none. */
void duty_pace_add(struct duty_pace *pace, uint64_t duration_ns);
uint32_t duty_pace_median_us(const struct duty_pace *pace);

/* duty_members gives who is on duty in a view: its leader and those who lead the q - 1 views after it. Source: P1. */
struct member_set duty_members(const struct config *config, uint64_t view);

/* duty_hedge_ns gives t_hedge = clamp(4 x median, 2 ms, base / 4), where base is tau_0; never less than the lower bound. While no median is
 * known (0) it is the longest: what has not been measured is not to be hurried. Source: P1. */
uint64_t duty_hedge_ns(uint32_t median_us, uint64_t base_ns);

/* What a member knows of its own duty. */
struct duty {
    bool holds;       /* a reserve of this view that nobody called up */
    bool has_hedged;
    uint64_t hedged_height; /* of its newest hedge since it holds */
    uint64_t until_height;  /* called up: from this height on it holds again; else 0 */
    uint32_t term;          /* blocks of its next call, 0 for whoever is no reserve */
};

/* duty_enter begins a view, as a reserve or not. */
void duty_enter(struct duty *duty, bool is_reserve);

/* duty_hedge records that a proposal of this height was checked for want of a certificate. The second in DUTY_WINDOW_BLOCKS ends the holding back for a term.
 * Needs: it holds. Source: P1. */
void duty_hedge(struct duty *duty, uint64_t height);

/* duty_propose tells of a proposal of this height. Gives: whether it is to be held back. Source: P1. */
bool duty_propose(struct duty *duty, uint64_t height);

/* duty_check, duty_pace_check assert what holds of them between steps. */
void duty_check(const struct duty *duty);
void duty_pace_check(const struct duty_pace *pace);

#endif
