/* repair.h: damage of the log that is to be made good, one piece at a time (S5). The state; node/driver_repair.c does it, because it needs log and replica.
 *
 *     found at a start, by a reading back or by the scrubber
 *        |
 *        v                 every block that the place held is looked for in the log
 *     [ list ] --> look --lost--> the replica fetches it and appends it again --> durable --> read back --> look
 *                   |  ^                                                                         |
 *                   |  +------------------------------- right -----------------------------------+--wrong: again, REPAIR_TRIES_MAX times
 *                   +--nothing is lost any more--> a note is appended --> durable: made good
 *
 * What lies above the newest executed block waits until the replica has caught up. Nothing here has a deadline: an idle replica stays idle. */
#ifndef WARD_NODE_REPAIR_H
#define WARD_NODE_REPAIR_H

#include "storage/recovery.h"

#define REPAIR_ITEMS_MAX RECOVERY_DAMAGE_MAX
#define REPAIR_TRIES_MAX 3u /* of one block whose new copy cannot be read back */

enum repair_stage {
    REPAIR_IDLE,
    REPAIR_LOOK,    /* at `height` */
    REPAIR_FETCH,   /* the replica was asked for it */
    REPAIR_CHECK,   /* its new records are read back */
    REPAIR_NOTE     /* the note is on its way */
};

struct repair_counters {
    uint64_t found;       /* pieces of damage since the start, what the start found included */
    uint64_t repaired;    /* of these, made good */
    uint64_t given_up;    /* no member has the block any more, or the disk does not keep what is written again */
    uint64_t blocks;      /* appended again and read back */
    uint64_t checks_bad;  /* readings back that failed */
};

struct repair {
    struct recovery_damage items[REPAIR_ITEMS_MAX];
    uint32_t count;
    uint32_t current;     /* under way, unless idle */
    enum repair_stage stage;
    uint64_t height;
    uint32_t tries;
    uint64_t barrier_lsn; /* position of the log that must be durable before a block counts as lost; 0: none yet */
    uint64_t note_lsn;    /* position of the log behind which the note is durable; 0: not appended yet */
    struct log_read read;
    bool body_right;      /* of the block at `height`: its body was read back, its header is next */
    uint8_t read_kind;    /* 0: none is under way, nor is an answer there */
    bool read_done;
    enum err read_err;
    uint8_t note[REPAIR_NOTE_BYTES];
    struct bytes note_part;
    struct repair_counters counters;
};

/* repair_has tells whether a piece of damage is in the list. */
bool repair_has(const struct repair *repair, const struct recovery_damage *damage);

/* repair_add puts a piece into the list. Gives: false when it is there, or the list is full: the next start finds it again. */
bool repair_add(struct repair *repair, const struct recovery_damage *damage);

/* repair_remove takes entry i out. Needs: none behind it is under way. */
void repair_remove(struct repair *repair, uint32_t i);

/* repair_heights gives the heights of the blocks that a piece of damage may have held. Gives: false: none, it was nothing that is fetched. */
bool repair_heights(const struct recovery_damage *damage, uint64_t *first, uint64_t *last);

/* repair_has_segment tells whether a piece in the list is in this segment. */
bool repair_has_segment(const struct repair *repair, uint32_t segment);

/* repair_reason says in words what the list waits for. linked: a member could be asked. */
const char *repair_reason(const struct repair *repair, bool linked);

/* repair_check asserts what holds of the list and of what is under way. */
void repair_check(const struct repair *repair);

#endif
