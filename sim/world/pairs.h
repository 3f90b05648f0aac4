/* pairs.h: two faults that meet. A campaign draws some of them on purpose (swarm_pairs.c); whether one came about, whoever drew it, is seen in the world.
 * name, what it is */
#ifndef WARD_SIM_WORLD_PAIRS_H
#define WARD_SIM_WORLD_PAIRS_H

#include "sim/world/naming.h"

#define PAIRS(X)                                                                            \
    X(CRASH_CATCHING_UP, "crash_catching_up", "a crash of a server that fetches blocks")    \
    X(CRASH_SNAPSHOT, "crash_snapshot", "a crash of a server that fetches a snapshot")      \
    X(CRASH_ROTTEN, "crash_rotten", "a crash of a server with a block that rotted")         \
    X(CRASH_FULL, "crash_full", "a crash of a server whose disk is full")                   \
    X(FULL_VIEW_CHANGE, "full_view_change", "a disk that fills while a view is given up")   \
    X(CLOCK_VIEW_CHANGE, "clock_view_change", "a clock that steps while a view is given up") \
    X(CLOG_VIEW_CHANGE, "clog_view_change", "a link that clogs while a view is given up")   \
    X(HEAL_SNAPSHOT, "heal_snapshot", "a network that heals while a snapshot is fetched")   \
    X(ROT_BESIDE_LIAR, "rot_beside_liar", "a block that rots while others lie")             \
    X(LOSS_BESIDE_CRASH, "loss_beside_crash", "a disk that is lost while another server is down") \
    X(TORN_SNAPSHOT, "torn_snapshot", "a write cut short on a server that keeps snapshots")   \
    X(RESUMED_SNAPSHOT, "resumed_snapshot", "a snapshot that an earlier run began to fetch")

enum pair {
#define PAIR_ENUM(name, word, text) PAIR_##name,
    PAIRS(PAIR_ENUM)
#undef PAIR_ENUM
    PAIR_COUNT
};

extern const struct naming pair_names[PAIR_COUNT];

#endif
