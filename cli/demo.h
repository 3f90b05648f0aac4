/* demo.h: `ward demo`: the whole of Ward once, on this machine, and whether all of it held.
 *
 *     lay out | start | register | calm stretch: load, records, access, release | kill the leader: load, revoke | start it again: load | rest
 *                                  |<------- CPU, messages, flushes ---------->|  |<-- longest gap in commits                  | idle | audit
 */
#ifndef WARD_CLI_DEMO_H
#define WARD_CLI_DEMO_H

#include "cli/bed.h"
#include "cli/load.h"
#include "cli/meter.h"
#include "cli/story.h"

#include <jansson.h>

#define DEMO_PROBLEMS_MAX 16u

struct demo_options {
    uint32_t replicas;
    uint64_t load_ms;
    uint64_t rate;         /* commands per second */
    const char *bundle;    /* file; NULL: the one that comes with Ward */
    const char *keep;      /* directory, or NULL */
    bool quiet;            /* no progress */
};

struct demo_idle {
    double seconds;
    uint64_t wakeups, messages, writes, write_bytes; /* of all replicas; wakeups and write_bytes by the kernel's account */
};

struct demo {
    struct demo_options options;
    struct population_plan people;
    struct population population;
    struct stock stock;
    struct fhir_bundle bundle;
    struct bed bed;
    struct load load;
    struct story story;
    struct meter_reading from, to, last;
    struct meter_cost cost;      /* of the calm stretch */
    uint64_t start_ns;           /* of the program */
    uint64_t check_ns;           /* one verification by libsodium */
    uint32_t resources_taken, resources_left; /* clinical resources of the bundle, in the story and beyond what it takes */
    uint32_t victim;             /* the leader that was killed */
    uint64_t gap_ns;             /* longest gap in commits from its end on */
    uint64_t rejoin_ms;          /* from its start until it had caught up */
    bool rejoined, roots_equal;
    uint64_t blocks;
    double memory_mib;
    struct demo_idle idle;
    uint32_t problems_count;
    char problems[DEMO_PROBLEMS_MAX][256]; /* what did not hold */
};

/* demo_run does all of it and cleans up. Gives: EXIT_FINE when all of it held, EXIT_NO when it ran and something did not; else why it
 * could not run: the last problem says it, and was not shown as progress. */
enum exit_code demo_run(struct demo *demo, const struct demo_options *options);

/* demo_report gives the object of `ward.demo/1`. Needs: demo_run gave EXIT_FINE or EXIT_NO. Owns: the caller. */
json_t *demo_report(const struct demo *demo);

#endif
