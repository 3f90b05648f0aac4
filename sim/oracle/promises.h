/* promises.h: what a disk must hold at the moment at which a word shows: no vote and no timeout is seen, by itself or in a certificate, before the log of
 * whoever signed it holds it (I8). A member's own word in a certificate that it leads leaves by no other way, so that a crash alone would tell too rarely.
 *
 *     vote for (v, h)        last vote >= (v, h); of the same rank: the same block
 *     ... and the block, unless it is executed there     V3
 *     commit vote (v, h)     high QC >= (v, h)                                             C3
 *     timeout of v on a QC   timed out >= v, high QC >= that one                           T1 */
#ifndef WARD_SIM_ORACLE_PROMISES_H
#define WARD_SIM_ORACLE_PROMISES_H

#include "storage/format.h"
#include "wire/cert.h"

struct failure;

struct promises {
    const struct capsule *(*durable)(void *context, uint32_t seat); /* what its log holds now; NULL: nothing is said of it */
    bool (*holds)(void *context, uint32_t seat, const struct ballot *ballot); /* its log holds this block whole, its state stands at or above it, or nothing is said of it; NULL: nobody tells */
    void *context;
    struct failure *failure;
};

/* promises_ballot, promises_block (at the block of a vote), promises_timeout look at one word of the server at a seat. Needs: a ballot that is no root. Nothing is looked at while `durable` is NULL. */
void promises_ballot(const struct promises *promises, uint32_t seat, const struct ballot *ballot);
void promises_block(const struct promises *promises, uint32_t seat, const struct ballot *ballot);
void promises_timeout(const struct promises *promises, uint32_t seat, uint64_t epoch, uint64_t view, struct rank high);

#endif
