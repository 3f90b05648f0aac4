/* faults.c: `ward-bench faults`: replicas are killed, stopped or drained under load, again and again, and nothing that was acknowledged may be
 * lost.
 *
 *     load ----------------------------------------------------------------------> drain --> every receipt is looked for, all roots are compared
 *            round: watch gaps | fault | (restart, catch up) | longest gap | ...
 *
 * The load resends what has no answer (R3), so each command ends with exactly one receipt whatever dies; a receipt that came twice must say
 * the same. At the end every replica is asked for its root, and one that the faults met for the receipts. */
#include "bench/faults_priv.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/output.h"
#include "cli/pause.h"

#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

enum {
    ACTORS = 64,
    PATIENTS = 256,
    START_MS = 60000,
    WARM_UP_MS = 1500,
    QUIET_MS = 700,         /* of load before each fault */
    GAP_MS = 1500,
    ALL_GAP_MS = 15000,     /* all four are down */
    DRAIN_GAP_MS = 300,
    ROUND_MS = 25000,
    FORGE_ROUND_MS = 12000, /* two stretches of three seconds; nobody comes back */
    AWAY_ROUND_MS = 120000, /* until the others have let go */
    LOAD_MS_MAX = 580000,   /* of one load: its commands are signed ahead */
    LONG_LOAD_MS_MAX = 3600000, /* of one whose commands are signed anew on the way */
    BUSY_PER_S = 5000,      /* a rate above which there are as many accounts, and as large a window, as for a full load */
    BUSY_WINDOW = 768,
    FULL_ACTORS = 512,      /* under a closed loop: so that no account sends too fast */
    FULL_PATIENTS = 2048,
    RECEIPTS_MIN = 1024,
    RECEIPTS_MAX = 1 << 24,
    FULL_PER_S = 20000,     /* a full window at most, over FULL_MS in each round and a millisecond more for each block that is missed; beyond that and the stock is used up, which is a problem that is told */
    FULL_MS = 40000,
    PER_BLOCK = 3,          /* commands in a block while a member is away: the small window (bench/absence.c) */
    WINDOW = 256,           /* commands on their way at once under a rate */
    DRAIN_MS = 15000
};

static const struct fault_kind kinds[] = {
    { .word = "follower", .gap_ms_max = GAP_MS, .round_ms = ROUND_MS, .victim = FAULT_FOLLOWER, .play = faults_kill_one },
    { .word = "leader", .gap_ms_max = GAP_MS, .round_ms = ROUND_MS, .victim = FAULT_LEADER, .play = faults_kill_one },
    { .word = "all", .gap_ms_max = ALL_GAP_MS, .round_ms = ROUND_MS, .play = faults_kill_all },
    { .word = "stop", .gap_ms_max = GAP_MS, .round_ms = ROUND_MS, .victim = FAULT_LEADER, .play = faults_stop_one },
    { .word = "drain", .gap_ms_max = DRAIN_GAP_MS, .round_ms = ROUND_MS, .victim = FAULT_IN_TURN, .play = faults_drain_one },
    { .word = "forge", .gap_ms_max = GAP_MS, .round_ms = FORGE_ROUND_MS, .play = faults_forge, .tell = faults_tell_forge },
    { .word = "away", .gap_ms_max = GAP_MS, .round_ms = AWAY_ROUND_MS, .victim = FAULT_FOLLOWER, .play = faults_away, .tell = faults_tell_away },
};

void faults_problem(struct faults_run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    json_array_append_new(run->problems, json_vsprintf(format, arguments));
    va_end(arguments);
}

/* --- Preparing ------------------------------------------------------------------------------------------------------- */

/* commands_ready gives how many are signed before the load begins: under a closed loop those until the first member has missed enough. */
static uint64_t commands_ready(const struct faults_run *run, uint64_t wanted)
{
    uint64_t missed = args_number(run->args, "missed"), ready = missed * PER_BLOCK + (uint64_t)FULL_PER_S * FULL_MS / 1000;

    return run->load_config.rate == 0 && missed > 0 && run->rounds == 1 && ready < wanted ? ready : wanted;
}

static uint64_t commands_wanted(const struct faults_run *run)
{
    if (run->load_config.rate == 0) {
        uint64_t missed = args_number(run->args, "missed");
        return run->rounds * (missed * PER_BLOCK + FULL_PER_S * (FULL_MS + missed) / 1000);
    }
    return run->load_config.rate * (run->load_config.duration_ns / FAULTS_MS_NS) / 1000 + 1;
}

/* receipts_kept gives how many receipts a replica must remember, so that none of an open loop is forgotten before it is looked for; of a closed loop as many as by default: 0. */
static uint32_t receipts_kept(const struct faults_run *run)
{
    uint32_t kept = RECEIPTS_MIN;

    if (run->load_config.rate == 0) {
        return 0;
    }
    while (kept < commands_wanted(run)) {
        ASSERT(kept < RECEIPTS_MAX); /* The highest rate for the longest load is below that. */
        kept *= 2;
    }
    return kept;
}

/* duration_ms gives how long the load goes on at most: it is stopped with the last round. */
static uint64_t duration_ms(const struct faults_run *run)
{
    uint64_t round_ms = run->kind->round_ms;

    if (args_number(run->args, "window") > 0) {
        return LONG_LOAD_MS_MAX;
    }
    return run->rounds < LOAD_MS_MAX / round_ms && args_number(run->args, "missed") == 0 ? WARM_UP_MS + run->rounds * round_ms : LOAD_MS_MAX;
}

static const struct fault_kind *kind_of(const char *word)
{
    const struct fault_kind *kind = NULL;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        kind = strcmp(kinds[i].word, word) == 0 ? &kinds[i] : kind;
    }
    ASSERT(kind != NULL); /* The command line takes no other word. */
    return kind;
}

static void read_flags(struct faults_run *run)
{
    uint32_t window = (uint32_t)args_number(run->args, "window");
    bool closed = window > 0; /* a closed loop in place of a rate */
    bool busy = closed || args_number(run->args, "rate") > BUSY_PER_S;

    run->kind = kind_of(args_text(run->args, "kind"));
    run->rounds = (uint32_t)args_number(run->args, "rounds");
    run->load_config = (struct load_config){ .replicas = FAULTS_REPLICAS, .connections = 8, .rate = closed ? 0 : args_number(run->args, "rate"),
        .window = closed ? window : busy ? BUSY_WINDOW : WINDOW, .duration_ns = duration_ms(run) * FAULTS_MS_NS, .drain_ns = DRAIN_MS * FAULTS_MS_NS };
    run->people = (struct population_plan){ .orgs = FAULTS_REPLICAS, .actors = busy ? FULL_ACTORS : ACTORS, .patients = busy ? FULL_PATIENTS : PATIENTS,
        .time_ms = (uint64_t)time(NULL) * 1000 };
    random_fill(&run->people.seed, sizeof run->people.seed);
}

static int prepare(struct faults_run *run)
{
    struct cluster_plan plan = { .replicas = FAULTS_REPLICAS, .verify = "auto", .segment_mib = 16, .workers_max = 8, .receipts = receipts_kept(run),
        .seed = run->people.seed, .params = params_default() };

    if (population_make(&run->population, &run->people) != ERR_OK) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the population");
    }
    plan.entities = run->population.entities;
    plan.entities_count = run->population.entities_count;
    population_capacities(&run->people, commands_wanted(run), 64, &plan.params);
    enum exit_code code = bed_make(&run->bed, &plan, args_text(run->args, "keep"));
    if (code == EXIT_FINE) {
        code = bed_start(&run->bed, START_MS);
    }
    if (code != EXIT_FINE) {
        return output_fail(run->args, code, "%s", run->bed.problem);
    }
    run->work = (struct population_work){ .genesis = &run->bed.cluster.genesis.hash, .items = 1, .valid_until_ms = clock_wall_ms() + COMMAND_LIFE_MS };
    uint64_t wanted = commands_wanted(run);
    run->ready = commands_ready(run, wanted);
    if (stock_make_some(&run->stock, &run->population, &run->work, wanted, run->ready) != ERR_OK) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the commands");
    }
    run->load_config.sockets = run->bed.sockets;
    run->load_config.genesis = run->bed.cluster.genesis.hash;
    run->load_config.stock = &run->stock;
    return load_open(&run->load, &run->load_config) == ERR_OK ? EXIT_FINE : output_fail(run->args, EXIT_RESOURCE, "no memory for the load");
}

/* --- Rounds ---------------------------------------------------------------------------------------------------------- */

static void play_round(struct faults_run *run, uint32_t round)
{
    pause_ms(QUIET_MS);
    run->kind->play(run, round);
    pause_ms(QUIET_MS);
    run->gaps_ms[round] = load_gap_ns(&run->load) / FAULTS_MS_NS;
    if (load_is_over(&run->load)) {
        faults_problem(run, "round %u: the load was over before it", round + 1);
    }
    if (run->gaps_ms[round] > run->kind->gap_ms_max) {
        faults_problem(run, "round %u: %llu ms without a commit, %u are allowed", round + 1, (unsigned long long)run->gaps_ms[round], run->kind->gap_ms_max);
    }
    output_note("round %u of %u: %llu ms without a commit, back after %llu ms", round + 1, run->rounds, (unsigned long long)run->gaps_ms[round],
                (unsigned long long)run->back_ms[round]);
}

static void *load_thread(void *context)
{
    load_run(context);
    return NULL;
}

static int play(struct faults_run *run)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, load_thread, &run->load) != 0) {
        return output_fail(run->args, EXIT_RESOURCE, "no thread for the load");
    }
    pause_ms(WARM_UP_MS);
    for (uint32_t i = 0; i < run->rounds && !run->broken; i++) {
        play_round(run, i);
    }
    load_stop(&run->load);
    pthread_join(thread, NULL);
    return EXIT_FINE;
}

int bench_faults(const struct args *args)
{
    static struct faults_run run;

    run.args = args;
    run.problems = json_array();
    read_flags(&run);
    int code = prepare(&run);
    if (code == EXIT_FINE) {
        code = play(&run);
    }
    if (code == EXIT_FINE) {
        faults_judge(&run);
        code = faults_tell(&run);
    }
    json_decref(run.problems);
    bed_close(&run.bed);
    load_close(&run.load);
    stock_close(&run.stock);
    population_close(&run.population);
    return code;
}
