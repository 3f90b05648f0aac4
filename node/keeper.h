/* keeper.h: keeps the log from ever meeting a full disk. It looks at the room when the log took some, and acts by levels (storage/space.h):
 *
 *     warn      one line for the operator
 *     refuse    requests of clients are refused with REFUSAL_DISK and a time after which to try again; the next checkpoint block begins a snapshot
 *     stop      the ballast is given up; the replica is mute (T9): it votes no more, and goes on following and answering
 *
 * It looks again while a level stands, so that the replica comes back by itself once there is room. While all is fine it has no
 * deadline: an idle replica does not wake up for it. */
#ifndef WARD_NODE_KEEPER_H
#define WARD_NODE_KEEPER_H

#include "node/driver.h"
#include "storage/datadir.h"
#include "storage/space.h"

#define KEEPER_LOOK_NS 1000000000ull    /* while a level stands: not more often than this */
#define KEEPER_WAIT_NS 5000000000ull    /* from refuse on: not more seldom than this */
#define KEEPER_RETRY_MS 5000u           /* told to clients that are refused */

struct keeper {
    const struct datadir *dir;
    struct driver *driver;
    uint64_t ballast_wanted; /* bytes; 0: none */
    uint64_t ballast_bytes;  /* that it holds now */
    enum space_level level;
    uint32_t permille;       /* used, as of the last look */
    uint64_t looked_ns;
    uint64_t segments_seen;  /* of the log, as of the last look */
    uint64_t looks;
};

/* keeper_start looks for the first time and makes the ballast if there is room. Needs: the driver was recovered. Owns: dir and driver outlive it. */
void keeper_start(struct keeper *keeper, const struct datadir *dir, struct driver *driver, uint64_t ballast_bytes, uint64_t now_ns);

/* keeper_judge acts upon what was found: the part of a look that decides. */
void keeper_judge(struct keeper *keeper, const struct space_facts *facts);

/* keeper_turn looks when there is a reason to. Called once per turn. Cost: nothing in most turns, else one fstatvfs. */
void keeper_turn(struct keeper *keeper, uint64_t now_ns);

/* keeper_deadline_ns gives when keeper_turn is wanted next; UINT64_MAX while all is fine. */
uint64_t keeper_deadline_ns(const struct keeper *keeper);

#endif
