/* trails.h: whether the root of each patient's audit trail is that of its very events, in their order: a tree of leaves written a second time beside the counters and roots of the state. What the events say is
 * looked at elsewhere (consent_look.c); that one of them is missing under a root shows only to whoever asks for a proof of it. */
#ifndef WARD_SIM_ORACLE_TRAILS_H
#define WARD_SIM_ORACLE_TRAILS_H

#include "crypto/merkle.h"
#include "node/apply.h"
#include "sim/world/cast.h"

struct failure;

struct trails {
    const struct cast *cast;
    struct failure *failure;
    struct trails_patient {
        struct merkle_peaks events;
        bool lost; /* an event had left the archive before it was looked at: nothing more is said */
    } *patients;   /* by actor */
};

/* trails_init begins with empty trails. Owns: trails_close gives memory back; cast and failure must outlive it. */
void trails_init(struct trails *trails, const struct cast *cast, struct failure *failure);
void trails_close(struct trails *trails);

/* trails_executed looks at a server that executed a block which nobody had executed before. Needs: blocks come in order, none is left out. */
void trails_executed(struct trails *trails, uint64_t height, const struct apply *apply);

#endif
