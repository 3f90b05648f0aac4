/* faults_priv.h: what the files of `ward-bench faults` share: the kinds of fault, and one run of one of them.
 *
 *     faults.c        the table of kinds, preparing, the rounds
 *     faults_down.c   members that are killed, stopped or drained, and come back
 *     faults_away.c   a member that is away until nobody's log holds what it needs
 *     faults_forge.c  a client that sends bad signatures
 *     faults_judge.c  looking back: receipts, roots, what is told */
#ifndef WARD_BENCH_FAULTS_PRIV_H
#define WARD_BENCH_FAULTS_PRIV_H

#include "bench/absence.h"
#include "bench/bench.h"
#include "bench/receipts.h"
#include "cli/bed.h"
#include "cli/load.h"

#include <jansson.h>

#define FAULTS_MS_NS UINT64_C(1000000)

enum {
    FAULTS_REPLICAS = 4,
    FAULTS_ROUNDS_MAX = 100,
    FAULTS_CAUGHT_UP_MS = 20000 /* a replica that came back has this long */
};

struct faults_run;

/* Whom a round meets: one member, or nobody in particular. */
enum fault_victim { FAULT_NOBODY, FAULT_LEADER, FAULT_FOLLOWER, FAULT_IN_TURN };

struct fault_kind {
    const char *word;
    uint32_t gap_ms_max; /* no longer stretch without a commit is allowed in a round */
    uint32_t round_ms;   /* for the size of the stock; the load is stopped with the last round */
    enum fault_victim victim;
    void (*play)(struct faults_run *run, uint32_t round);
    void (*tell)(const struct faults_run *run, json_t *object); /* NULL, or adds what this kind alone has to say */
};

#define FAULTS_COUNTED 15u

/* What `forge` found, by round and in all. */
struct fault_flood {
    uint64_t plain_per_s[FAULTS_ROUNDS_MAX], flooded_per_s[FAULTS_ROUNDS_MAX]; /* committed without and beside forged commands */
    uint64_t sent;
    uint64_t plain_counts[FAULTS_COUNTED], flooded_counts[FAULTS_COUNTED]; /* what all replicas counted meanwhile */
};

struct faults_run {
    const struct args *args;
    const struct fault_kind *kind;
    uint32_t rounds;
    uint64_t gaps_ms[FAULTS_ROUNDS_MAX], back_ms[FAULTS_ROUNDS_MAX]; /* longest gap; from the restart until it had caught up */
    uint64_t orderly_ms_max; /* SIGTERM to the end of the process */
    struct fault_flood flood;
    struct absence absences[FAULTS_ROUNDS_MAX];
    struct population_plan people;
    struct population population;
    struct population_work work;
    struct stock stock;
    uint64_t ready; /* commands that were signed before the load began */
    bool broken;    /* a member is not back: no further round */
    struct bed bed;
    struct load_config load_config;
    struct load load;
    json_t *problems;
    uint64_t heap_bytes_max;
    bool roots_equal;
    struct receipts_found receipts;
    uint64_t receipts_lost; /* on the way, and found at the end */
};

/* faults_problem notes a sentence: the run is not good. */
void faults_problem(struct faults_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* faults_victim gives whom a round of this kind meets; member 0, and a problem, when nobody leads within five seconds. Needs: a kind that meets one member. */
uint32_t faults_victim(struct faults_run *run, uint32_t round);

/* The kinds, one round each: the fault, and whatever of it is over by the end. Problems are noted. */
void faults_kill_one(struct faults_run *run, uint32_t round);
void faults_kill_all(struct faults_run *run, uint32_t round);
void faults_stop_one(struct faults_run *run, uint32_t round);
void faults_drain_one(struct faults_run *run, uint32_t round);
void faults_forge(struct faults_run *run, uint32_t round);
void faults_away(struct faults_run *run, uint32_t round);

void faults_tell_forge(const struct faults_run *run, json_t *object);
void faults_tell_away(const struct faults_run *run, json_t *object);

/* faults_numbers gives a list of figures, one for each round. */
json_t *faults_numbers(const struct faults_run *run, const uint64_t values[FAULTS_ROUNDS_MAX]);

/* faults_judge compares replicas and looks for receipts when the load is over; faults_tell prints the run. Gives: an enum exit_code; EXIT_NO with problems. */
void faults_judge(struct faults_run *run);
int faults_tell(struct faults_run *run);

#endif
