/* choice.h: every random decision of the simulator, drawn by its name.
 *
 * A decision is a pure function of the seed, what it is about, and up to five coordinates. Nothing is a position in a stream: taking one
 * fault away leaves every other decision as it was, which is what lets a failing schedule shrink. */
#ifndef WARD_SIM_WORLD_CHOICE_H
#define WARD_SIM_WORLD_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* What a decision is about. The numbers enter the draw; never reuse one for another meaning. */
enum choice_topic {
    CHOICE_DROP = 1,      /* message: source, destination and type; view; height; how often before; copy */
    CHOICE_DELAY = 2,     /* likewise */
    CHOICE_DUPLICATE = 3, /* likewise */
    CHOICE_STRAGGLE = 4,  /* likewise: a delay far beyond the others, which reorders */
    CHOICE_CRASH = 5,     /* replica, occasion */
    CHOICE_CRASH_TIME = 6,
    CHOICE_DOWN_TIME = 7,
    CHOICE_PARTITION = 8, /* occasion */
    CHOICE_PARTITION_SIDE = 9,
    CHOICE_PARTITION_TIME = 10,
    CHOICE_CLOCK_OFFSET = 11, /* replica */
    CHOICE_REQUEST_TIME = 12, /* client, number */
    CHOICE_REQUEST_TARGET = 13,
    CHOICE_VERIFY_DELAY = 14, /* replica, job */
    CHOICE_DEVICE = 15,       /* seed of a replica's disk */
    CHOICE_KEY = 16,          /* seed of a member's key */
    CHOICE_SWARM = 17,        /* which faults a seed gets */
    CHOICE_LIE = 18,          /* lie, and what it is about: sim/adversary/adversary.h */
    CHOICE_TWIN = 19,         /* member, occasion: who sees which of its seats */
    CHOICE_CLOCK_RATE = 20,   /* replica */
    CHOICE_READ = 22,         /* occasion: whom a reader asks; occasion, 1: about which account */
    CHOICE_PETITION = 23,     /* sender, number of its command, field: sim/world/petition.c */
    CHOICE_TICKET = 24,       /* sender, number of its command, or occasion: which of the newest tickets */
    CHOICE_ROUND = 25,        /* round; what; of whom or of what: sim/explore/twins.c */
    CHOICE_CORRUPT = 21,      /* message, as of CHOICE_DROP: a bit flips on the way; copy 1: which */
};

/* A decision's name. Unused coordinates are zero. */
struct choice {
    enum choice_topic topic;
    uint64_t at[5];
};

/* A decision that was drawn: what it is about, its name (the seed it is drawn under, and coordinates), and how it fell. */
#define CHOICE_NAME 6u
struct choice_made {
    uint64_t topic; /* enum choice_topic, or CHOICE_OF_DISK */
    uint64_t at[CHOICE_NAME];
    uint64_t value;
};
#define CHOICE_OF_DISK 1000u /* drawn by sim/world/disk.c: seed, digest of its word, coordinates */

/* choice_listen lets somebody hear every decision and say how it falls instead; NULL: nobody. One for the process, which plays one world at a time. */
void choice_listen(uint64_t (*listener)(const struct choice_made *made));

/* choice_settle asks the listener. Gives: how the decision falls. */
uint64_t choice_settle(const struct choice_made *made);

/* choice_draw gives 64 uniform bits for a name under a seed. */
uint64_t choice_draw(uint64_t seed, const struct choice *choice);

/* choice_below gives a number in [0, bound). Needs: bound > 0. */
uint64_t choice_below(uint64_t seed, const struct choice *choice, uint64_t bound);

/* choice_happens is true for `ppm` of a million names. */
bool choice_happens(uint64_t seed, const struct choice *choice, uint32_t ppm);

#endif
