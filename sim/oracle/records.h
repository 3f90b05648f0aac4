/* records.h: what the commands of a chain must have made of the records of patients: a model apart from the ledger's own rules, for the commands that the
 * clients of a world send. Equal roots (I13) say only that all replicas make the same of a block; this says that it is right.
 *
 *     POINTER_ADD     each item is a pointer with the next number, current; what it supersedes is superseded
 *     POINTER_STATUS  its pointers are in error
 *     any             the sender's nonce is used up
 *
 * It looks at the state of whoever executes a block first, right after it. */
#ifndef WARD_SIM_ORACLE_RECORDS_H
#define WARD_SIM_ORACLE_RECORDS_H

#include "ledger/entity.h"
#include "node/apply.h"
#include "sim/world/cast.h"

struct failure;

/* What is known of the patient of one record system. */
struct records_patient {
    uint64_t nonce;    /* of the record system */
    uint32_t count;    /* pointers ever added */
    uint32_t current;  /* of these */
    uint32_t capacity;
    uint8_t *status;   /* enum pointer_status of each, by number - 1 */
};

struct records {
    const struct cast *cast;
    struct failure *failure;
    struct records_patient *patients; /* by actor */
};

/* records_init begins with the genesis of a cast: no pointers. Owns: records_close gives memory back; cast and failure must outlive it. */
void records_init(struct records *records, const struct cast *cast, struct failure *failure);
void records_close(struct records *records);

/* records_executed takes in a block that nobody executed before, and looks at the state that came of it. Needs: blocks in order. */
void records_executed(struct records *records, const struct apply_block *block, struct ledger *ledger);

#endif
