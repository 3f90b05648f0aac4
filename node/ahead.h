/* ahead.h: records of the log on their way to the replica at a start, in order, while other threads read the bodies among them (driver_ahead.c).
 *
 *     recovery --record--> [ BLOCK | PAYLOAD | CERTIFICATE | BLOCK | PAYLOAD | ... ] --oldest--> replica, execution
 *                                       \--task: body_ahead_read        \--task
 *
 * What is in here was judged by recovery: its batch is whole, or salvaged record by record. Its order is that of the log, so nothing but time depends on it. */
#ifndef WARD_NODE_AHEAD_H
#define WARD_NODE_AHEAD_H

#include "consensus/body.h"
#include "node/task.h"

#include <stdint.h>

#define AHEAD_BODIES 4u          /* under way at once: a thread that was asleep has begun before the first is wanted */
#define AHEAD_RECORDS 64u
#define AHEAD_RECORD_BYTES 4096u /* what is no longer is copied as it is, and its hashes are not worth a thread. Of more than 91 members a BLOCK record is longer, with the QC in it: then each body is read in its turn */

/* A body and who reads it. */
struct ahead_body {
    struct task task;
    struct body_ahead body;
    const struct app *app;
};

struct ahead_record {
    uint8_t kind;
    uint64_t height, view;
    struct hash32 hash;
    uint32_t bytes;          /* in its room; 0 with a body */
    struct ahead_body *body; /* NULL: it is no body, or a short one */
};

struct ahead {
    struct app app;
    struct ahead_body bodies[AHEAD_BODIES]; /* a ring as well: bodies leave in the order in which they came */
    uint32_t bodies_first, bodies_count;
    struct ahead_record records[AHEAD_RECORDS];
    uint8_t *room; /* AHEAD_RECORDS x AHEAD_RECORD_BYTES; NULL: there are no other threads, each record is restored at once */
    uint32_t first, count;
};

#endif
