/* snapshot_kit.h: a simulated cluster whose members forget quickly: snapshots every few blocks, and a log that goes soon behind them. */
#ifndef WARD_TESTS_NODE_SNAPSHOT_KIT_H
#define WARD_TESTS_NODE_SNAPSHOT_KIT_H

#include "sim/world/world.h"

#define KIT_MS UINT64_C(1000000)
#define KIT_S (1000 * KIT_MS)

/* What of a plan decides how quickly it forgets. */
struct snapshot_kit {
    uint32_t checkpoint_blocks, snapshot_blocks, keep_blocks;
    uint32_t segments_max; /* of each disk; 0: as in a calm plan */
    bool archive;          /* they forget nothing of the log */
};

/* kit_forgetful opens a calm world with these, and lets it link. */
void kit_forgetful(struct world *world, const struct snapshot_kit *kit);

/* kit_load sends so many commands one by one to the first `targets` members and lets the cluster come to rest. */
void kit_load(struct world *world, uint32_t commands, uint32_t targets);

/* kit_forget_behind brings the members on, while one is down, until the logs of the others have let go what it would need next. */
void kit_forget_behind(struct world *world, uint32_t member);

/* kit_until_there runs on, with a little traffic, until a member has executed what the others have, and compares them all. Gives: the virtual time that it took. */
uint64_t kit_until_there(struct world *world, uint32_t member);

/* kit_busy sends a command every `interval_us` to the first three members for `ms` of virtual time. Gives: the blocks that were committed meanwhile. */
uint64_t kit_busy(struct world *world, uint32_t interval_us, uint32_t ms);

#endif
