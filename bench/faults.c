/* faults.c: `ward-bench faults`: replicas are killed, stopped or drained under load, again and again, and nothing that was acknowledged may be
 * lost.
 *
 *     load ----------------------------------------------------------------------> drain --> every receipt is looked for, all roots are compared
 *            round: watch gaps | fault | (restart, catch up) | longest gap | ...
 *
 * The load resends what has no answer (R3), so each command ends with exactly one receipt whatever dies; a receipt that came twice must say
 * the same. What is asked at the end is asked of every replica.
 *
 * The kind `away` keeps a follower away until nobody's log holds what it needs, in every second round without its disk (bench/absence.h); commits may lose no
 * tenth of their pace by its coming back.
 *
 * The kind `forge` kills nobody: one client sends 10,000 bad signatures in a second beside the load, and the others may lose no tenth of their throughput and
 * no view (R1). */
#include "bench/bench.h"

#include "base/assert.h"
#include "base/clock.h"
#include "bench/absence.h"
#include "bench/forger.h"
#include "bench/receipts.h"
#include "cli/bed.h"
#include "cli/load.h"
#include "cli/meter.h"
#include "cli/output.h"
#include "cli/pause.h"
#include "cli/report.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#define MS_NS UINT64_C(1000000)

enum {
    REPLICAS = 4,
    ACTORS = 64,
    PATIENTS = 256,
    START_MS = 60000,
    WARM_UP_MS = 1500,
    QUIET_MS = 700,       /* of load before each fault */
    DOWN_MS = 600,        /* a killed replica stays down */
    STOPPED_MS = 2500,    /* a stopped one stays stopped: longer than any gap that is allowed */
    CAUGHT_UP_MS = 20000, /* a replica that came back has this long */
    ORDERLY_MS = 2000,    /* SIGTERM to the end of the process */
    ROUND_MS = 25000,     /* for the size of the stock; the load is stopped with the last round */
    AWAY_ROUND_MS = 120000, /* the same, until the others have let go */
    LOAD_MS_MAX = 580000, /* of one load: its commands are signed ahead */
    LONG_LOAD_MS_MAX = 3600000, /* of one whose commands are signed anew on the way */
    FULL_ACTORS = 512,    /* under a closed loop: so that no account sends too fast */
    FULL_PATIENTS = 2048,
    FULL_PER_S = 9000,    /* a full window at most, over FULL_MS in each round and a millisecond more for each block that is missed; beyond that and the stock is used up, which is a problem that is told */
    FULL_MS = 40000,
    PER_BLOCK = 3,        /* commands in a block while a member is away: the small window (bench/absence.c) */
    RENEW_BEHIND = 20000, /* commands that may be sent while the later ones are signed anew: the small window takes a hundredth of the signer's pace */
    LOOKS_MAX = 20000,    /* receipts that are looked for */
    DRAIN_MS = 15000,
    FORGE_MS = 3000,      /* of load without and with forged commands, in each round */
    FORGED_PER_S = 10000,
    ROUNDS_MAX = 100
};

enum kind { KIND_FOLLOWER, KIND_LEADER, KIND_ALL, KIND_STOP, KIND_DRAIN, KIND_FORGE, KIND_AWAY, KIND_COUNT };

/* gap_ms_max: no longer stretch without a commit is allowed in a round. */
static const struct { const char *word; uint32_t gap_ms_max; } kinds[KIND_COUNT] = {
    [KIND_FOLLOWER] = { "follower", 1500 }, [KIND_LEADER] = { "leader", 1500 }, [KIND_ALL] = { "all", 15000 }, [KIND_STOP] = { "stop", 1500 }, [KIND_DRAIN] = { "drain", 300 },
    [KIND_FORGE] = { "forge", 1500 }, [KIND_AWAY] = { "away", 1500 },
};

struct faults_run {
    const struct args *args;
    enum kind kind;
    uint32_t rounds;
    uint64_t gaps_ms[ROUNDS_MAX], back_ms[ROUNDS_MAX]; /* longest gap; from the restart until it had caught up */
    uint64_t orderly_ms_max;
    uint64_t plain_per_s[ROUNDS_MAX], flooded_per_s[ROUNDS_MAX]; /* forge: committed without and beside forged commands */
    struct absence absences[ROUNDS_MAX];
    uint64_t forged_sent, forged_checked, forged_refused, views_lost;
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

static void problem(struct faults_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void problem(struct faults_run *run, const char *format, ...)
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
    return run->load_config.rate * (run->load_config.duration_ns / MS_NS) / 1000 + 1;
}

/* duration_ms gives how long the load goes on at most: it is stopped with the last round. */
static uint64_t duration_ms(const struct faults_run *run)
{
    uint64_t round_ms = run->kind == KIND_AWAY ? AWAY_ROUND_MS : ROUND_MS;

    if (args_number(run->args, "window") > 0) {
        return LONG_LOAD_MS_MAX;
    }
    return run->rounds < LOAD_MS_MAX / round_ms && args_number(run->args, "missed") == 0 ? WARM_UP_MS + run->rounds * round_ms : LOAD_MS_MAX;
}

static void read_flags(struct faults_run *run)
{
    const char *word = args_text(run->args, "kind");

    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        run->kind = strcmp(kinds[i].word, word) == 0 ? (enum kind)i : run->kind;
    }
    run->rounds = (uint32_t)args_number(run->args, "rounds");
    run->load_config = (struct load_config){ .replicas = REPLICAS, .connections = 8, .rate = args_number(run->args, "rate"), .window = 256,
        .duration_ns = duration_ms(run) * MS_NS, .drain_ns = DRAIN_MS * MS_NS };
    uint32_t window = (uint32_t)args_number(run->args, "window");
    run->load_config.rate = window > 0 ? 0 : run->load_config.rate;
    run->load_config.window = window > 0 ? window : run->load_config.window;
    run->people = (struct population_plan){ .orgs = REPLICAS, .actors = window > 0 ? FULL_ACTORS : ACTORS, .patients = window > 0 ? FULL_PATIENTS : PATIENTS, .time_ms = (uint64_t)time(NULL) * 1000 };
    random_fill(&run->people.seed, sizeof run->people.seed);
}

static int prepare(struct faults_run *run)
{
    struct cluster_plan plan = { .replicas = REPLICAS, .verify = "auto", .segment_mib = 16, .workers_max = 8, .seed = run->people.seed, .params = params_default() };

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

/* --- Watching -------------------------------------------------------------------------------------------------------- */

/* height_of_others gives the highest executed height among all but one. */
static uint64_t height_of_others(struct faults_run *run, uint32_t member)
{
    uint64_t height = 0;

    for (uint32_t i = 0; i < REPLICAS; i++) {
        uint64_t own = i == member ? 0 : meter_figure_of(&run->bed.cluster, i, "executed_height");
        height = own > height ? own : height;
    }
    return height;
}

/* wait_caught_up waits until a replica has executed what the others had when it came back. */
static void wait_caught_up(struct faults_run *run, uint32_t member, uint32_t round)
{
    uint64_t begin_ns = clock_mono_ns();
    enum err err = bed_wait_linked(&run->bed, member, CAUGHT_UP_MS);
    uint64_t wanted = height_of_others(run, member);

    while (err == ERR_OK && meter_figure_of(&run->bed.cluster, member, "executed_height") < wanted) {
        pause_ms(20);
        err = clock_mono_ns() - begin_ns > CAUGHT_UP_MS * MS_NS ? ERR_TIMEOUT : ERR_OK;
    }
    run->back_ms[round] = (clock_mono_ns() - begin_ns) / MS_NS;
    if (err != ERR_OK) {
        problem(run, "round %u: member %u did not come back to height %llu: %s", round + 1, member, (unsigned long long)wanted, err_name(err));
    }
}

static uint32_t victim_of(struct faults_run *run, uint32_t round)
{
    uint32_t leader = UINT32_MAX;

    for (uint32_t tries = 0; tries < 100 && leader == UINT32_MAX; tries++) {
        leader = bed_leader(&run->bed);
        if (leader == UINT32_MAX) {
            pause_ms(50);
        }
    }
    if (leader == UINT32_MAX) {
        problem(run, "round %u: no leader within 5 s", round + 1);
        leader = 0;
    }
    bool follower = run->kind == KIND_FOLLOWER || run->kind == KIND_AWAY || (run->kind == KIND_DRAIN && round % 2 == 1);
    return follower ? (leader + 1 + round % (REPLICAS - 1)) % REPLICAS : leader;
}

/* --- Faults ---------------------------------------------------------------------------------------------------------- */

static void start_again(struct faults_run *run, uint32_t member, uint32_t round)
{
    if (cluster_start(&run->bed.cluster, member) != ERR_OK) {
        problem(run, "round %u: member %u cannot be started: %s", round + 1, member, run->bed.cluster.problem);
    }
}

static void kill_one(struct faults_run *run, uint32_t round)
{
    uint32_t victim = victim_of(run, round);

    load_watch_gaps(&run->load);
    cluster_signal(&run->bed.cluster, victim, SIGKILL);
    (void)cluster_reap(&run->bed.cluster, victim, 5000);
    pause_ms(DOWN_MS);
    start_again(run, victim, round);
    wait_caught_up(run, victim, round);
}

static void kill_all(struct faults_run *run, uint32_t round)
{
    load_watch_gaps(&run->load);
    for (uint32_t i = 0; i < REPLICAS; i++) {
        cluster_signal(&run->bed.cluster, i, SIGKILL);
    }
    for (uint32_t i = 0; i < REPLICAS; i++) {
        (void)cluster_reap(&run->bed.cluster, i, 5000);
    }
    for (uint32_t i = 0; i < REPLICAS; i++) {
        start_again(run, i, round);
    }
    for (uint32_t i = 0; i < REPLICAS; i++) {
        wait_caught_up(run, i, round);
    }
}

static void stop_leader(struct faults_run *run, uint32_t round)
{
    uint32_t victim = victim_of(run, round);

    load_watch_gaps(&run->load);
    cluster_signal(&run->bed.cluster, victim, SIGSTOP);
    pause_ms(STOPPED_MS);
    cluster_signal(&run->bed.cluster, victim, SIGCONT);
    wait_caught_up(run, victim, round);
}

static void drain_one(struct faults_run *run, uint32_t round)
{
    uint32_t victim = victim_of(run, round);
    uint64_t begin_ns = clock_mono_ns();

    load_watch_gaps(&run->load);
    cluster_signal(&run->bed.cluster, victim, SIGTERM);
    int code = cluster_reap(&run->bed.cluster, victim, 4 * ORDERLY_MS);
    uint64_t took_ms = (clock_mono_ns() - begin_ns) / MS_NS;
    run->orderly_ms_max = took_ms > run->orderly_ms_max ? took_ms : run->orderly_ms_max;
    if (code != EXIT_FINE || took_ms > ORDERLY_MS) {
        problem(run, "round %u: member %u ended with %d after %llu ms of SIGTERM", round + 1, victim, code, (unsigned long long)took_ms);
    }
    pause_ms(DOWN_MS);
    if (code >= 0) {
        start_again(run, victim, round);
    }
    wait_caught_up(run, victim, round);
}

static uint64_t sum_of(struct faults_run *run, const char *name)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < REPLICAS; i++) {
        sum += meter_figure_of(&run->bed.cluster, i, name);
    }
    return sum;
}

/* committed_per_s counts what is committed over a stretch. */
static uint64_t committed_per_s(struct faults_run *run)
{
    uint64_t begin_ns = clock_mono_ns(), before = run->load.committed;

    pause_ms(FORGE_MS);
    return (run->load.committed - before) * 1000 * MS_NS / (clock_mono_ns() - begin_ns);
}

/* forge_beside lets one client send bad signatures to one replica after the other, the leader included. */
static void forge_beside(struct faults_run *run, uint32_t round)
{
    static struct forger forger;
    struct forger_config config = { .socket = run->bed.sockets[round % REPLICAS], .load = &run->load, .per_second = FORGED_PER_S };
    uint64_t views = sum_of(run, "view_changes"), bad = sum_of(run, "signatures_bad"), unread = sum_of(run, "suspects_refused");

    load_watch_gaps(&run->load);
    run->plain_per_s[round] = committed_per_s(run);
    if (!forger_start(&forger, &config)) {
        problem(run, "round %u: no thread for the forger", round + 1);
        return;
    }
    run->flooded_per_s[round] = committed_per_s(run);
    forger_stop(&forger);
    views = sum_of(run, "view_changes") - views;
    run->views_lost += views;
    run->forged_sent += forger.sent;
    run->forged_checked += sum_of(run, "signatures_bad") - bad;
    run->forged_refused += sum_of(run, "suspects_refused") - unread;
    if (10 * run->flooded_per_s[round] < 9 * run->plain_per_s[round]) {
        problem(run, "round %u: %llu commands in a second beside forged ones, %llu without", round + 1, (unsigned long long)run->flooded_per_s[round],
                (unsigned long long)run->plain_per_s[round]);
    }
    if (views > 0) {
        problem(run, "round %u: %llu views were given up", round + 1, (unsigned long long)views);
    }
    if (forger.sent < (uint64_t)FORGED_PER_S * FORGE_MS / 1000 / 2) {
        problem(run, "round %u: only %llu forged commands were sent", round + 1, (unsigned long long)forger.sent);
    }
}

/* renew signs what was not sent yet up to command `end`, but for the next few, which may be sent meanwhile. */
static void renew(struct faults_run *run, uint64_t end)
{
    struct stock_span span = { run->load.sent + RENEW_BEHIND, end };

    run->work.valid_until_ms = clock_wall_ms() + COMMAND_LIFE_MS;
    if (stock_renew(&run->stock, &run->population, &run->work, span) != ERR_OK) {
        problem(run, "no memory to sign anew");
    }
}

/* renew_near: while blocks are missed, commands of the small window live for half their time at least. */
static void renew_near(void *context)
{
    struct faults_run *run = context;

    if (clock_wall_ms() + COMMAND_LIFE_MS / 2 > run->work.valid_until_ms) {
        renew(run, run->ready);
    }
}

/* renew_all: the long part is still to come. */
static void renew_all(void *context)
{
    struct faults_run *run = context;

    renew(run, run->stock.count);
}

static void send_away(struct faults_run *run, uint32_t round)
{
    struct absence *absence = &run->absences[round];

    *absence = (struct absence){ .bed = &run->bed, .load = &run->load, .member = victim_of(run, round) };
    absence->kind = round % 2 == 1 ? ABSENCE_DISK : ABSENCE_LOG;
    absence->missed_min = args_number(run->args, "missed");
    if (absence->missed_min > 0 && run->load_config.rate == 0) {
        absence->away = renew_near;
        absence->missed = renew_all;
    }
    absence->context = run;
    absence->window = run->load_config.rate == 0 ? run->load_config.window : 0;
    load_watch_gaps(&run->load);
    if (!absence_play(absence)) {
        problem(run, "round %u: %s", round + 1, absence->problem);
        run->broken = true;
        return;
    }
    run->back_ms[round] = absence->back_ms;
    uint64_t without_per_s = absence->missed_min > 0 ? absence->away_per_s : absence->before_per_s; /* the same members vote meanwhile */
    if (10 * absence->back_per_s < 9 * without_per_s) {
        problem(run, "round %u: %llu commands in a second while member %u came back, %llu without", round + 1, (unsigned long long)absence->back_per_s,
                absence->member, (unsigned long long)without_per_s);
    }
    if (!absence->by_snapshot && absence->missed_min == 0) {
        problem(run, "round %u: member %u came back, but not by a snapshot of others", round + 1, absence->member);
    }
}

static void fault(struct faults_run *run, uint32_t round)
{
    switch (run->kind) {
    case KIND_FOLLOWER:
    case KIND_LEADER: kill_one(run, round); break;
    case KIND_ALL: kill_all(run, round); break;
    case KIND_STOP: stop_leader(run, round); break;
    case KIND_DRAIN: drain_one(run, round); break;
    case KIND_FORGE: forge_beside(run, round); break;
    case KIND_AWAY: send_away(run, round); break;
    case KIND_COUNT: ASSERT(run->kind < KIND_COUNT);
    }
}

static void play_round(struct faults_run *run, uint32_t round)
{
    pause_ms(QUIET_MS);
    fault(run, round);
    pause_ms(QUIET_MS);
    run->gaps_ms[round] = load_gap_ns(&run->load) / MS_NS;
    if (load_is_over(&run->load)) {
        problem(run, "round %u: the load was over before it", round + 1);
    }
    if (run->gaps_ms[round] > kinds[run->kind].gap_ms_max) {
        problem(run, "round %u: %llu ms without a commit, %u are allowed", round + 1, (unsigned long long)run->gaps_ms[round], kinds[run->kind].gap_ms_max);
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

/* --- Looking back ---------------------------------------------------------------------------------------------------- */

/* wait_even waits until all replicas have executed the same height. */
static bool wait_even(struct faults_run *run)
{
    uint64_t end_ns = clock_mono_ns() + CAUGHT_UP_MS * MS_NS;

    while (clock_mono_ns() < end_ns) {
        uint64_t least = UINT64_MAX, most = 0;
        for (uint32_t i = 0; i < REPLICAS; i++) {
            uint64_t height = meter_figure_of(&run->bed.cluster, i, "executed_height");
            least = height < least ? height : least;
            most = height > most ? height : most;
        }
        if (least == most && least > 0) {
            return true;
        }
        pause_ms(50);
    }
    return false;
}

/* watch_heap takes in what a replica says of its heap. A build whose allocator does not count says so; silence is a problem. */
static void watch_heap(struct faults_run *run, const char *text)
{
    uint64_t counted, bytes = 0;

    if (!meter_figure(text, "heap_counted", &counted) || (counted != 0 && !meter_figure(text, "heap_bytes_after_seal", &bytes))) {
        problem(run, "a replica does not say what it took from the heap");
    }
    run->heap_bytes_max = bytes > run->heap_bytes_max ? bytes : run->heap_bytes_max;
}

/* compare_roots: every replica must stand at the same height with the same root, and have taken nothing from the heap since its start. */
static void compare_roots(struct faults_run *run)
{
    char first[80] = "", root[80];
    static char text[METER_TEXT_BYTES];

    run->roots_equal = wait_even(run);
    for (uint32_t i = 0; i < REPLICAS; i++) {
        bool told = meter_ask(&run->bed.cluster, i, text, 2000) == ERR_OK && meter_word(text, "state_root", root, sizeof root);
        watch_heap(run, text);
        memcpy(first, i == 0 ? root : first, sizeof first);
        run->roots_equal = run->roots_equal && told && strcmp(first, root) == 0;
    }
    if (!run->roots_equal) {
        problem(run, "the replicas do not stand at one height with one state root");
    }
    if (run->heap_bytes_max != 0) {
        problem(run, "%llu bytes were taken from the heap after the start", (unsigned long long)run->heap_bytes_max);
    }
}

/* look_back asks for every receipt, or for every so many-th of a long run, of a replica that the faults met. */
static void look_back(struct faults_run *run)
{
    const struct receipts_found *receipts = &run->receipts;
    enum err err = receipts_look(&run->bed.cluster, run->rounds % REPLICAS, &run->load, run->load.tally.high / LOOKS_MAX + 1, &run->receipts);

    if (err != ERR_OK) {
        problem(run, "the receipts could not be looked for: %s", err_name(err));
    }
    if (receipts->missing + receipts->different + receipts->wrong != 0) {
        problem(run, "of what was acknowledged %llu are missing and %llu stand elsewhere; %llu answers do not check", (unsigned long long)receipts->missing,
                (unsigned long long)receipts->different, (unsigned long long)receipts->wrong);
    }
}

static void judge(struct faults_run *run)
{
    const struct tally *tally = &run->load.tally;

    run->receipts_lost = tally->states[TALLY_LOST];
    compare_roots(run);
    look_back(run);
    if (!run->bed.durable) {
        problem(run, "no place with O_DIRECT and real flushes: nothing was durable");
    }
    if (tally->contradictions != 0) {
        problem(run, "%llu receipts came twice and said different things", (unsigned long long)tally->contradictions);
    }
    if (tally_open(tally) != 0) {
        problem(run, "%llu commands have no final answer", (unsigned long long)tally_open(tally));
    }
    if (tally->states[TALLY_REFUSED] != 0 || tally->states[TALLY_DONE] != tally->committed[0]) {
        problem(run, "not every command ended with code 0");
    }
}

static json_t *numbers(const uint64_t *values, uint32_t count)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(list, json_integer((json_int_t)values[i]));
    }
    return list;
}

/* tell_absences says of each round how the member came back. */
static json_t *tell_absences(const struct faults_run *run)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < run->rounds; i++) {
        const struct absence *absence = &run->absences[i];
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "member", (json_int_t)absence->member, "missed_blocks",
                                              (json_int_t)absence->missed_blocks, "before_per_s", (json_int_t)absence->before_per_s, "away_per_s",
                                              (json_int_t)absence->away_per_s, "back_per_s", (json_int_t)absence->back_per_s, "after_per_s", (json_int_t)absence->after_per_s, "back_ms", (json_int_t)absence->back_ms, "by_snapshot", absence->by_snapshot,
                                              "killed_while_fetching", absence->cut));
    }
    return list;
}

static int tell(struct faults_run *run)
{
    const struct tally *tally = &run->load.tally;
    bool good = json_array_size(run->problems) == 0;
    json_t *object = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "kind", kinds[run->kind].word, "rounds", (json_int_t)run->rounds, "rate",
                               (json_int_t)run->load_config.rate, "sent", (json_int_t)tally->high, "committed", (json_int_t)tally->committed[0], "lost_receipts",
                               (json_int_t)run->receipts_lost, "resends", (json_int_t)tally->resends, "receipts_found", (json_int_t)run->receipts.found,
                               "orderly_ms_max", (json_int_t)run->orderly_ms_max, "heap_bytes_after_seal", (json_int_t)run->heap_bytes_max, "state_roots_equal",
                               run->roots_equal);

    json_object_set_new(object, "gaps_ms", numbers(run->gaps_ms, run->rounds));
    json_object_set_new(object, "back_ms", numbers(run->back_ms, run->rounds));
    if (run->kind == KIND_AWAY) {
        json_object_set_new(object, "absences", tell_absences(run));
    }
    if (run->kind == KIND_FORGE) {
        json_object_set_new(object, "plain_per_s", numbers(run->plain_per_s, run->rounds));
        json_object_set_new(object, "flooded_per_s", numbers(run->flooded_per_s, run->rounds));
        json_object_set_new(object, "forged_sent", json_integer((json_int_t)run->forged_sent));
        json_object_set_new(object, "forged_checked", json_integer((json_int_t)run->forged_checked));
        json_object_set_new(object, "forged_refused_unread", json_integer((json_int_t)run->forged_refused));
        json_object_set_new(object, "views_lost", json_integer((json_int_t)run->views_lost));
    }
    json_object_set_new(object, "rejected", report_codes(tally));
    json_object_set_new(object, "ok", json_boolean(good));
    json_object_set(object, "problems", run->problems);
    int code = output_result(run->args, object);
    return code == EXIT_FINE && !good ? (int)EXIT_NO : code;
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
        judge(&run);
        code = tell(&run);
    }
    json_decref(run.problems);
    bed_close(&run.bed);
    load_close(&run.load);
    stock_close(&run.stock);
    population_close(&run.population);
    return code;
}
