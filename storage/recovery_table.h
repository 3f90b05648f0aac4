/* recovery_table.h: the decision table of recovery as a pure function. */
#ifndef WARD_STORAGE_RECOVERY_TABLE_H
#define WARD_STORAGE_RECOVERY_TABLE_H

#include <stdbool.h>

/* What lies in the first sector of the place of a batch. */
enum head_found {
    HEAD_WHOLE, /* its sum is right */
    HEAD_ZERO,  /* all zeros, or nothing there */
    HEAD_OTHER, /* anything else, an unreadable block included */
    HEAD_FOUND_COUNT
};

/* What lies behind a whole header. */
enum body_found {
    BODY_GOOD,  /* all sums are right */
    BODY_HOLES, /* every bad block has a sector of zeros that was not written as zeros: the mark of a cut write */
    BODY_BAD,   /* at least one bad block shows no hole, or is unreadable */
    BODY_FOUND_COUNT
};

/* Was the batch durable? */
enum proof_found {
    PROOF_DURABLE,    /* number <= D: something valid says that it was */
    PROOF_NONE,       /* number > D */
    PROOF_SUPERSEDED, /* number >= the first batch of the next segment: it was dropped by an earlier recovery */
    PROOF_FOUND_COUNT
};

enum batch_fate {
    FATE_KEEP,      /* valid */
    FATE_ROT,       /* was durable and is not whole: report, never cut, never reuse */
    FATE_TORN,      /* was never durable: drop it, go on in the next segment */
    FATE_ADOPT,     /* assume that it was acknowledged: take its capsule, fetch the rest */
    FATE_AMBIGUOUS, /* it may have been acknowledged and nothing of it is left: abstain up to the view limit */
    FATE_VOID,      /* an earlier recovery dropped it: it does not exist */
    FATE_COUNT
};

/* recovery_fate is the table. Every combination has an answer; the body of a header that is not whole does not matter. */
enum batch_fate recovery_fate(enum head_found head, enum body_found body, enum proof_found proof);

/* batch_fate_name gives "keep", "rot", "torn", "adopt", "ambiguous" or "void". */
const char *batch_fate_name(enum batch_fate fate);

#endif
