/* frugal.h: what one command costs a cluster that is calm, counted from outside (N1, N2, N3, N4): messages on the network, batches in the log of each server,
 * signatures that each server had verified, of which one is the client's.
 *
 *     isolated command   messages <= 5(n - 1)   batches <= 2   signatures <= 1 + 2q   wake-ups by a clock <= 3
 *
 * What else wakes a server is a message, its disk or a verdict, and bounded by the others; a clock does for T, for T before CERT and for t_hedge (N4).
 * With reserves (P1) one QC more for each: one that is on duty after two hedges votes, and its leader cannot know that. A leader whose own disk is slower than
 * the way to the others and back takes q votes of others, and not q - 1. A log that begins a segment opens it by a batch of its own, which no command pays.
 * Nothing is said of a command beside which something else happened: a timer that fired, a view that ended, a block that was fetched, a checkpoint or a statement about one; nor of the
 * log of a server that saved its superblock meanwhile, or was not done with an earlier one: it made a snapshot, behind which what still counts is appended again (K2); nor of that of one which
 * settled a damaged place meanwhile: its note is the price of the damage, and has to be durable before the operator is told (S5). Nor is a command charged for questions about blocks
 * that their asker has executed before, and its log lost: nobody may have them any more, and everybody is asked in rounds. */
#ifndef WARD_SIM_ORACLE_FRUGAL_H
#define WARD_SIM_ORACLE_FRUGAL_H

#include "sim/world/world.h"

struct frugal {
    uint64_t height, messages, mending; /* mending: FETCHes for what a log lost (S5) */
    uint64_t timeouts, statements; /* TIMEOUTs and CKPTs, each receiver counted */
    uint64_t marks[MARK_COUNT];
    uint32_t segments[MEMBERS_MAX];
    struct member_set carrying; /* what counts below a snapshot is on its way into the log, or its superblock is */
    uint64_t batches[MEMBERS_MAX], checks[MEMBERS_MAX], boots[MEMBERS_MAX], saves[MEMBERS_MAX], repairs[MEMBERS_MAX];
    uint64_t clocks[MEMBERS_MAX]; /* moments at which a deadline alone woke a server */
};

/* frugal_begin notes where the counters stand. Needs: every member runs. */
void frugal_begin(struct frugal *frugal, const struct world *world);

/* frugal_end judges what was spent since. *judged: something could be said. Gives: false and the first failure of the world when it was too much. */
bool frugal_end(const struct frugal *frugal, struct world *world, bool *judged);

/* frugal_play lets a client send a command into the silence, and another one that is measured. Does nothing unless all members run and are level. Gives: false when
 * something is broken. */
bool frugal_play(struct world *world);

#endif
