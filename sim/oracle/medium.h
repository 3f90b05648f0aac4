/* medium.h: what must lie on the medium of a server at a moment, read past its process and past every fault of reading.
 *
 *     superblock   of the copies that are not being written two at least are whole and equal: whatever becomes of the write, a start finds a version     J5
 *     snapshot     what the superblock names lies whole in a slot, every chunk of it, and is the state behind the block that all others executed     K2, S3 */
#ifndef WARD_SIM_ORACLE_MEDIUM_H
#define WARD_SIM_ORACLE_MEDIUM_H

#include "sim/oracle/oracle.h"
#include "storage/snapshot.h"
#include "storage/superblock.h"

/* How a file of the medium is read. Gives: false when there is none of that number. */
struct medium {
    bool (*read)(void *context, uint32_t file, uint64_t offset, uint8_t *out, uint32_t bytes);
    void *context;
    uint32_t segment_bytes;
};

/* medium_superblock looks while copies are being written: one bit each in `written`. */
void medium_superblock(struct oracle *oracle, uint32_t member, const struct medium *medium, uint32_t written);

/* medium_snapshot looks at what a superblock names. Cost: reads and hashes all of it. */
void medium_snapshot(struct oracle *oracle, uint32_t member, const struct medium *medium, const struct superblock *saved);

#endif
