/* absence.h: one replica of a throw-away cluster under load is away until the logs of the others no longer hold what it needs, and comes back.
 *
 *     four up: pace | SIGKILL | away ... the others let go | (its disk is lost) | start | (SIGKILL while it fetches, start) | back: pace
 *
 * What is measured is the pace of commits before and while it comes back, and how it came. Where a number of blocks is asked for, the pace is measured besides just before it is started
 * and once it is back; and under a closed loop a small window makes the blocks that it misses quickly, while the pace is always that of the full window, whose commands go to the others alone. */
#ifndef WARD_BENCH_ABSENCE_H
#define WARD_BENCH_ABSENCE_H

#include "cli/bed.h"
#include "cli/load.h"

enum absence_kind {
    ABSENCE_LOG, /* it has its disk, and missed more than the logs hold */
    ABSENCE_DISK /* its disk is lost, and it is killed once more while it fetches */
};

struct absence {
    struct bed *bed;
    struct load *load;
    uint32_t member;
    enum absence_kind kind;
    uint64_t missed_min;               /* it stays away until it missed so many blocks; 0: until no log holds the next one */
    uint32_t window;                   /* of the closed loop; 0: the load has a rate */
    void (*away)(void *context);       /* NULL, or called again and again while it misses blocks */
    void (*missed)(void *context);     /* NULL, or called when it has missed enough, before the window is full again */
    void *context;
    uint64_t before_per_s, back_per_s; /* commands committed in a second: with all up; from its start until it had caught up, and at least PACE_MS */
    uint64_t away_per_s, after_per_s;  /* where missed_min > 0: while it is away; once it is back */
    uint64_t missed_blocks;            /* when it was started again */
    uint64_t back_ms;                  /* from its start until it stood where the others were at that moment */
    bool by_snapshot;                  /* it began with a snapshot that it did not make */
    bool cut;                          /* it was killed while chunks were coming */
    char problem[200];                 /* "" when all went well */
};

/* absence_play plays one. Needs: bed, load, member, kind and missed_min are set, the load runs, all replicas are up. Gives: the other fields; false with `problem`. Blocks. */
bool absence_play(struct absence *absence);

#endif
