/* mended.h: whether a block that a server mended is the one that was executed, as it lies on the medium now (S5): its header has the name of that block, and its commands are those that the header
 * names. That a record can be read back says only that the disk kept it. */
#ifndef WARD_SIM_ORACLE_MENDED_H
#define WARD_SIM_ORACLE_MENDED_H

#include "sim/oracle/oracle.h"

/* What lies under the name of a block; empty: nothing does, and nothing is said of it. */
struct mended {
    uint64_t height;
    struct bytes header; /* of the record: the header comes first */
    struct bytes body;
};

/* mended_look. Needs: the block was executed. */
void mended_look(struct oracle *oracle, uint32_t member, const struct mended *mended);

#endif
