/* lineage.h: which certified block descends from which, as far as anybody outside can know it.
 *
 *   I5   the certified blocks of a view form one chain with one opening
 *   I10  what is certified above a committed rank extends what was committed there
 *
 * Headers come from proposals, certificates from every message that carries one. A block whose header nobody showed breaks off a walk, and
 * proves nothing. */
#ifndef WARD_SIM_ORACLE_LINEAGE_H
#define WARD_SIM_ORACLE_LINEAGE_H

#include "sim/oracle/facts.h"
#include "wire/block.h"
#include "wire/cert.h"

/* A certificate, by what it is about. */
struct lineage_point {
    struct rank rank;
    uint64_t block; /* digest of its hash */
};

struct lineage {
    struct facts parents;          /* block -> its parent */
    struct facts places;           /* (epoch, view, height) -> the block that is certified there */
    struct facts openings;         /* (epoch, view) -> the block that opened it */
    struct lineage_point committed; /* of the highest rank */
    struct lineage_point *above;   /* certified, of a higher rank than that */
    size_t count, capacity;
    const char *broken;            /* the rule that does not hold, NULL: none */
    uint64_t view, height;         /* where */
};

/* lineage_init begins with the root of epoch 0, which counts as certified and committed. */
void lineage_init(struct lineage *lineage, const struct hash32 *chain_id);
void lineage_close(struct lineage *lineage);

/* lineage_header takes in a header that somebody showed. */
void lineage_header(struct lineage *lineage, const struct block_header *header);

/* lineage_parent gives the digest of a block's parent, 0 when nobody showed its header. */
uint64_t lineage_parent(const struct lineage *lineage, uint64_t block);

/* lineage_certified takes in a certificate that somebody showed, of any kind. Gives: false when a rule is broken, now or before: lineage->broken.
 * Cost: a walk over the blocks between it and the committed one. */
bool lineage_certified(struct lineage *lineage, const struct ballot *ballot);

#endif
