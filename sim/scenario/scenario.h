/* scenario.h: one text format for stories that must come out as told: tests/scenarios/, and whatever somebody wants to try.
 *
 *     replicas 4                          header: the cluster
 *     link 1ms to 2ms
 *     at 10ms submit 3 to 1               steps, in the order of time; "after" counts from the step before
 *     after 50ms crash 0
 *     after 0ms rest within 10s           runs until nothing is left to do
 *     after 0ms expect executed >= 3 at all
 *
 * Seeds of a swarm are scenarios too (swarm.h), and so is what the shrinker leaves of one: there is one format and one player.
 * docs/simulator.md lists every word. A mistake in the text is reported with its line; an expectation that fails names its line as well. */
#ifndef WARD_SIM_SCENARIO_SCENARIO_H
#define WARD_SIM_SCENARIO_SCENARIO_H

#include "base/err.h"
#include "sim/world/world.h"

#include <stdio.h>

#define SCENARIO_STEPS_MAX 512u
#define SCENARIO_FAULTS_MAX 4096u
#define SCENARIO_PROBLEM_BYTES 320

enum scenario_verb {
    VERB_SUBMIT,
    VERB_LOAD,
    VERB_CRASH,
    VERB_POWER,
    VERB_START,
    VERB_PAUSE,
    VERB_RESUME,
    VERB_DRAIN,
    VERB_PARTITION,
    VERB_CUT,
    VERB_MEND,
    VERB_HEAL,
    VERB_LOSE,
    VERB_WHEN,
    VERB_DISK,
    VERB_ROT,
    VERB_KEEP,
    VERB_BACK,
    VERB_MEASURE,
    VERB_REST,
    VERB_EXPECT,
    VERB_CALM,   /* every fault ends: a perfect network, everybody runs */
    VERB_OUTLAST, /* until all is well although some lie */
    VERB_SILENCE, /* the liars stop lying, and of each twin one server is left */
    VERB_FINISH, /* rest, start whoever stopped, rest again: all are equal, every client has its answer */
    VERB_SPLIT,  /* who sees the second server of a twin */
    VERB_CLOCK,  /* a wall clock is set */
    VERB_CLOG,   /* what goes over a link waits, and arrives at once */
    VERB_ONEWAY, /* one side is not heard by the other */
    VERB_WIPE,   /* a disk is lost; the key stays */
    VERB_FILL,   /* a disk is full */
    VERB_ROOM,   /* and has room again */
    VERB_FRUGAL, /* what an isolated command costs */
    VERB_SPOIL,  /* a disk does what is in spoil.h */
    VERB_COUNT
};

/* What can be expected. Those of one replica are asked of one or of all that run; the others are of the whole world, most of them since `measure`. */
enum scenario_quantity {
    QUANTITY_EXECUTED, /* of a replica */
    QUANTITY_CERTIFIED_CHECKPOINT,
    QUANTITY_VIEW,
    QUANTITY_TIMEOUT_VIEW,
    QUANTITY_APPENDS,  /* durable writes since measure */
    QUANTITY_CHECKS,   /* signatures given to verification since measure */
    QUANTITY_WAKEUPS_PER_BLOCK, /* moments at which it had something to do since measure, for each block; rounded up */
    QUANTITY_DAMAGED,  /* pieces of damage that its start found, or it since */
    QUANTITY_REPAIRED, /* of these, made good */
    QUANTITY_SNAPSHOTS, /* that it made in this life */
    QUANTITY_REPLICAS_LAST = QUANTITY_SNAPSHOTS,
    QUANTITY_HEIGHT,   /* of the highest block that anybody executed */
    QUANTITY_RUNNING,  /* servers */
    QUANTITY_REFUSED,  /* servers that found out that their disk was put back (E4) */
    QUANTITY_TOLD,     /* requests with a receipt */
    QUANTITY_OPEN,     /* requests without */
    QUANTITY_BLOCKS,
    QUANTITY_COMMANDS,
    QUANTITY_MESSAGES,
    QUANTITY_MESSAGES_PER_BLOCK, /* rounded up */
    QUANTITY_IDLE,     /* 1 or 0 */
    QUANTITY_EQUAL,    /* 1 when all that run have executed the same */
    QUANTITY_MARK,     /* how often a mark was seen since measure */
    QUANTITY_SENT,     /* messages of one type since measure, each receiver counted */
    QUANTITY_COUNT
};

enum scenario_comparison { COMPARE_LESS, COMPARE_LEAST, COMPARE_EQUAL, COMPARE_MOST, COMPARE_GREATER, COMPARE_COUNT };

struct scenario_step {
    uint32_t line;
    enum scenario_verb verb;
    bool relative;       /* time counts from the step before */
    uint64_t time_ns;
    struct member_set members; /* whom it is about */
    uint32_t count, target;    /* of requests; from and to of a link; enum spoil, of whom */
    bool flag;                 /* only one target; behind; any block */
    uint64_t span_least_ns;    /* of a delay that is drawn */
    uint64_t span_ns;          /* of a load, a delay, a patience */
    enum message_type type;
    enum mark mark;            /* of a trigger: or WORLD_ON_SNAPSHOT */
    enum world_action action;
    enum scenario_quantity quantity;
    enum scenario_comparison comparison;
    uint64_t value;
};

struct scenario {
    struct world_plan plan;
    uint32_t steps_count;
    struct scenario_step steps[SCENARIO_STEPS_MAX];
    uint32_t faults_count;
    struct sim_fault faults[SCENARIO_FAULTS_MAX]; /* of single messages, beside the rates of the plan */
    char problem[SCENARIO_PROBLEM_BYTES];
};

/* scenario_servers gives how many servers there are: members, and behind them the second servers of twins. */
uint32_t scenario_servers(const struct scenario *scenario);

/* scenario_faulty gives the members that lie, are twins or lose their disk, or what it promised. */
struct member_set scenario_faulty(const struct scenario *scenario);

/* scenario_plan_silent gives the plan of a scenario whose header says nothing. */
void scenario_plan_silent(struct world_plan *plan);

/* scenario_parse reads a whole text. Fails: ERR_INVALID with scenario->problem, which names the line. */
enum err scenario_parse(struct scenario *scenario, const char *text);

/* scenario_write writes the text that scenario_parse reads as this very scenario. */
void scenario_write(const struct scenario *scenario, FILE *stream);

/* scenario_digest gives a number for what the text says: two scenarios with the same one are the same story. */
uint64_t scenario_digest(const struct scenario *scenario);

/* scenario_run opens the world of the scenario and plays all steps. Gives: true when everything came as expected; else world->failure tells.
 * Owns: the caller closes the world. */
bool scenario_run(const struct scenario *scenario, struct world *world);

/* scenario_difference finds the first line in which two traces differ. Gives: 0 when they are equal; else its number, from 1. */
uint32_t scenario_difference(const char *expected, const char *found);

#endif
