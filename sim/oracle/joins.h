/* joins.h: whether a member joins those that give a view up (T3): once TIMEOUTs of f + 1 others came that are honest, of views >= w, it times out w or is beyond it, a moment later; whatever its own timer
 * says. Those that arrive are counted here, not those that a replica kept.
 *
 * Excused is who may sign no TIMEOUT of that view (T9, T11, E5), who is stopped in its tracks, and who ended meanwhile. */
#ifndef WARD_SIM_ORACLE_JOINS_H
#define WARD_SIM_ORACLE_JOINS_H

#include <stdbool.h>
#include <stdint.h>

#define JOINS_WITHIN_NS UINT64_C(500000000) /* for a check of signatures and a pass of the loop */
#define JOINS_AT_ONCE 4u                    /* messages of one sender; what comes beside them may be dropped: so many are verified at a time (section 13) */
#define JOINS_MOMENT_NS UINT64_C(1000000)   /* a check of signatures takes no longer in a world */

struct failure;

struct joins {
    struct failure *failure;
    uint32_t members, faults;
    struct joins_seat {
        int64_t *heard;    /* by member: highest view of a TIMEOUT that came from it in this life, -1: none */
        struct joins_burst {
            uint64_t from_ns; /* its first message of a moment */
            uint32_t count;
        } *bursts;         /* by member */
        uint64_t since_ns; /* from when on it owes one; UINT64_MAX: it owes none */
        int64_t owed;      /* the view that it owed when it was looked at last, if it owed one */
        bool open;         /* something came that it may have to join */
    } *seats;
    uint32_t count; /* of seats */
};

/* What is asked of a server at a moment. */
struct joins_moment {
    uint64_t now_ns, view;
    int64_t timeout_view;
    int64_t silent_to; /* it must not sign at or below this view, -1: it may anywhere; INT64_MAX: nowhere */
};

/* joins_init. Owns: joins_close gives memory back; failure must outlive it. */
void joins_init(struct joins *joins, uint32_t seats, uint32_t members, uint32_t faults, struct failure *failure);
void joins_close(struct joins *joins);

/* joins_came: a message of a member came to a server that runs. Gives: whether that has room to verify it. joins_heard: it was a TIMEOUT of a member that is honest. */
bool joins_came(struct joins *joins, uint32_t seat, uint32_t member, uint64_t now_ns);
void joins_heard(struct joins *joins, uint32_t seat, uint32_t member, uint64_t view);

/* joins_is_open: something came since that it may have to join. joins_look looks at a server that runs, behind a step of it;
 * between two looks may lie any number of steps: whoever has paid by then what it owed at the last one owes what came since from now on. Cost: a pass over the members for each that was heard. */
bool joins_is_open(const struct joins *joins, uint32_t seat);
void joins_look(struct joins *joins, uint32_t seat, const struct joins_moment *moment);

/* joins_paused: its time stands still; what it owes is owed anew. joins_ended: its process is gone, and what came to it with it. */
void joins_paused(struct joins *joins, uint32_t seat);
void joins_ended(struct joins *joins, uint32_t seat);

#endif
