/* order.h: the command line of `ward-sim`, and how every verb complains. */
#ifndef WARD_SIM_ORDER_H
#define WARD_SIM_ORDER_H

#include "sim/campaign/crew.h"

struct order {
    const char *verb;     /* NULL: none was recognised */
    const char *file;     /* the one argument without a name, or NULL */
    bool has_seed, has_seeds;
    uint64_t seed;        /* --seed */
    struct crew_plan plan; /* of a swarm: --seeds, --budget, --jobs, --shard, --twice, --replicas, --crypto, --acts */
    const char *scenario; /* --scenario */
    const char *level;    /* --level */
    const char *junit;    /* --junit */
    const char *record;   /* --record */
    const char *out;      /* -o */
    bool json;
    bool play;            /* --run */
    const char *liar;     /* explore: --liar, */
    uint32_t views, heights, variants; /* --views, --heights, --variants; 0: not said */
    uint64_t states;      /* --states; 0: not said */
    bool learns, over, plain; /* --learns, --over, --plain */
};

/* order_read reads the words behind the verb. Gives: EXIT_FINE, or the exit code of a complaint that is made already. */
int order_read(struct order *order, int argc, char **argv);

/* order_fail complains on standard error, and as an object with --json. Gives: the code. */
__attribute__((format(printf, 3, 4))) int order_fail(const struct order *order, int code, const char *format, ...);

/* order_usage complains about the command line. Gives: EXIT_USAGE. */
int order_usage(const struct order *order, const char *problem, const char *word);

/* order_case gives the case that --seed, --replicas, --crypto and --acts name. */
struct swarm_case order_case(const struct order *order);

#endif
