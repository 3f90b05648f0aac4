/* attacks.h: the library of attacks: each a plan of lies against a calm cluster, where it comes from, and what must come of it.
 *
 * An attack is played twice, once without its lies. What must come of it: no invariant breaks, every client has its answer while the liars go
 * on, and of the commands that the calm cluster told its clients within the time of the load, at least a stated share is told too. Where the lie is to pass clients over alone, nobody has waited for a second when the load
 * ends: it goes on for all others, so only the rule about those who are passed over helps (Q4). */
#ifndef WARD_SIM_CAMPAIGN_ATTACKS_H
#define WARD_SIM_CAMPAIGN_ATTACKS_H

#include "sim/campaign/swarm.h"

#define ATTACK_LOAD_NS UINT64_C(1500000000)  /* one command each ATTACK_EACH_NS, to any replica */
#define ATTACK_EACH_NS UINT64_C(15000000)

struct attack {
    const char *name;
    const char *source;      /* paper, system or rule that it comes from */
    const char *expected;    /* the verdict, in words */
    uint64_t lies;
    uint32_t replicas, liars;
    bool leads;              /* the first liar leads view 0; else the last members lie */
    bool sticky;             /* clients ask the second member alone, which is honest: nobody else knows what they want (Q2, Q3) */
    bool lags;               /* an honest member is killed several times, and must catch up: by blocks, or by a snapshot where the lies are about those */
    uint32_t rate_ppm;
    uint32_t hold_ms;
    uint32_t floor_percent;  /* of the calm throughput in virtual time */
    uint32_t views_max;      /* how many views may end; J3: 0 when all leaders are honest */
    uint32_t twins;          /* members in two places, from the first on; none of them lies */
    bool reserves;           /* P1 */
    bool falls;              /* whoever leads is killed again and again; the second member is the first liar, so that it opens the views behind */
    bool rots;               /* what r1 missed rots at r2, right before r1 asks for it */
};

struct attack_result {
    struct failure failure;
    uint64_t hash;
    uint32_t told_calm, told; /* commands, within ATTACK_LOAD_NS */
    uint64_t mean_ns;         /* from a command to its receipt */
    uint64_t views;           /* that ended */
    uint64_t lies;            /* told; of twins: votes and proposals that contradict each other */
    bool slow, deposed;       /* below the floor; more views ended than may */
    bool starved;             /* somebody whom the leader does not hear has waited too long when the load ends */
};

/* attacks_count, attack_at: the library. */
uint32_t attacks_count(void);
const struct attack *attack_at(uint32_t number);

/* attack_run plays an attack under a seed. Gives: true when all that must hold holds. */
bool attack_run(const struct attack *attack, uint64_t seed, struct attack_result *result);

/* attacks_over_budget plays the control: f + 1 members lie about blocks and votes, or are twins, and an oracle that sees must say so. Gives: true when it
 * does. */
bool attacks_over_budget(uint64_t seed, uint32_t replicas, bool twins, struct failure *failure);

#endif
