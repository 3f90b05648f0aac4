/* swarm.h: what a bare seed means: a cluster, faults and clients, all drawn by name; then the faults stop, and everything must end well.
 *
 *     0 ................ act_ns ........................ calm_ns ...................... rest
 *     first act: dense       second act, of four seeds in       the network is perfect, everybody runs:
 *     faults, bursts         five: a stream of commands for     every client gets its answer, all are equal,
 *     of commands            most of a minute, sparse faults    the cluster falls silent
 *
 * Each seed draws its own subset of faults, so that rare pairs meet. */
#ifndef WARD_SIM_CAMPAIGN_SWARM_H
#define WARD_SIM_CAMPAIGN_SWARM_H

#include "sim/scenario/scenario.h"

#define SWARM_EVENTS_MAX 320u /* each of MEMBERS_MAX started again after a blackout, and all others */
#define SWARM_REAL_SHARE 8u /* every so many seeds run real crypto */
#define SWARM_PATIENCE_NS UINT64_C(240000000000) /* from the end of the faults to rest: a multiple of (f + 2) tau_max (J2), and K1's silence */

enum swarm_act {
    SWARM_CRASH,
    SWARM_POWER,
    SWARM_BLACKOUT, /* the power of all fails at once */
    SWARM_START,
    SWARM_PAUSE,
    SWARM_RESUME,
    SWARM_DRAIN,
    SWARM_PARTITION,
    SWARM_HEAL,
    SWARM_ARM,    /* crash it when it next says something drawn: between an append and its message */
    SWARM_SLOW,   /* its disk becomes slow, or itself again */
    SWARM_LOSE,   /* one type of message no longer reaches it, until heal */
    SWARM_CUT,    /* one direction of one link */
    SWARM_CLOCK,  /* its wall clock steps, or is right again */
    SWARM_CLOG,   /* one direction of one link holds back, for a while */
    SWARM_ONEWAY, /* one side is not heard, until heal */
    SWARM_WIPE,   /* its disk is lost */
    SWARM_ROT,    /* one of its blocks rots */
    SWARM_FILL,   /* its disk is full */
    SWARM_ROOM,
    SWARM_WHEN,   /* something happens when it next says something */
    SWARM_PAIR,   /* a name for draws, no event */
    SWARM_RISE,   /* whoever is down starts */
    SWARM_SPOIL,  /* its disk does what is in spoil.h */
    SWARM_ACT_COUNT
};

struct swarm_event {
    uint64_t at_ns;
    uint32_t order;
    enum swarm_act act;
    uint32_t member;
    struct member_set side; /* of a partition; who loses power or starts, if not all */
    uint64_t value;         /* what is armed, slowed, lost, cut: drawn */
    unsigned mark;          /* of SWARM_WHEN */
    enum world_action action;
};

struct swarm_story {
    struct world_plan plan;
    struct workload_load load;
    struct workload_load stream; /* of the second act; end_ns 0: there is none */
    uint64_t calm_ns;            /* end of the act that was drawn last */
    uint64_t act_ns, number;     /* where the act begins that is being drawn, and the number of its first fault of each kind */
    uint32_t loser, rotter, spoilt; /* who loses its disk, whose disk rots, whose disk does worse; UINT32_MAX: nobody */
    uint32_t events_count;
    struct swarm_event events[SWARM_EVENTS_MAX];
};

struct swarm_result {
    uint64_t seed;
    uint32_t replicas;
    struct failure failure;
    uint64_t hash, events;
    uint64_t configuration; /* digest of the scenario's text */
    bool fast_crypto;
    uint64_t simulated_ns;
    uint64_t cpu_ns; /* of the process that played it alone; 0: it played others too */
    uint64_t blocks, commands, messages;
    uint64_t crashes, restarts, partitions;
    uint64_t marks[MARK_COUNT];
    uint64_t snapshots; /* with which a life began */
    uint32_t liars, twins;
    uint64_t clock_steps;
    uint64_t clogs, oneways, overflows; /* messages that a clogged link held back, that a one-way cut lost, for which a line had no room */
    uint64_t reads;  /* that a quorum answered */
    uint64_t inquiries; /* answers with a certificate that clients verified */
    uint64_t measured; /* isolated commands whose cost was judged */
    uint64_t breaks; /* connections that a wrong bit ended */
    uint64_t losses, rots, fills; /* disks that were lost, blocks that rotted, disks that were full */
    uint64_t spoils[SPOIL_COUNT]; /* what disks did behind the back of their servers */
    uint64_t abstentions; /* starts that found a promise lost, and abstain */
    uint64_t pairs[PAIR_COUNT];
    uint64_t conflicts; /* votes of a twin that its other server contradicts */
    uint64_t lies[LIE_COUNT]; /* how often each was told */
    uint64_t consent[CONSENT_MARKS]; /* what the model of consent saw */
};

/* Which story is wanted. */
enum swarm_crypto { SWARM_CRYPTO_DRAWN, SWARM_CRYPTO_FAST, SWARM_CRYPTO_REAL };
struct swarm_case {
    uint64_t seed;
    uint32_t replicas; /* 0: drawn */
    enum swarm_crypto crypto;
    bool brief; /* the first act alone */
};

/* swarm_case_scenario gives the scenario of a case. */
void swarm_case_scenario(const struct swarm_case *which, struct scenario *scenario);

/* swarm_draw gives the first act of a seed's story. replicas: 0 leaves their number to the seed. swarm_lengthen adds the second act, if the seed has one. */
void swarm_draw(struct swarm_story *story, uint64_t seed, uint32_t replicas);
void swarm_lengthen(struct swarm_story *story);

/* swarm_scenario gives the story as a scenario: the one thing that is played, written and shrunk. */
void swarm_scenario(const struct swarm_story *story, struct scenario *scenario);

/* swarm_forgive takes liars and twins out of a story and leaves all else as it was. */
void swarm_forgive(struct swarm_story *story);

/* swarm_play opens a world and plays the story to its end. Owns: the caller closes the world. Gives: true when all is well. */
bool swarm_play(const struct swarm_story *story, struct world *world);

/* swarm_scenario_run plays a scenario and gives its result; the world is closed. */
void swarm_scenario_run(const struct scenario *scenario, struct swarm_result *result);

/* swarm_run plays the first act of a seed to its end and gives its result; the world is closed. */
void swarm_run(uint64_t seed, uint32_t replicas, struct swarm_result *result);

/* world_result tells of a world that came to its end. */
void world_result(const struct world *world, struct swarm_result *result);

#endif
