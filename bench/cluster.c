/* cluster.c: `ward-bench cluster`.
 *
 *     population --> genesis --> n wardd --> stock of signed commands --> load: warm-up | measured | drain
 *                                                                                       ^          ^
 *                                                                                    reading    reading
 *
 * With --against the same is done in turn on clusters that check signatures in two ways, so that both meet the machine in the same state; what
 * counts is the ratio of neighbours.
 *
 * The measured command is a POINTER_ADD that ends with code 0. At least 512 systems of the hospitals send it for 10,000 patients with a standing
 * write grant each; no limit of the ledger is altered, only its capacities are made large enough. */
#include "bench/bench.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/bed.h"
#include "cli/load.h"
#include "cli/meter.h"
#include "cli/output.h"
#include "cli/pause.h"
#include "cli/report.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS_NS UINT64_C(1000000)

enum {
    ACTORS = 512,
    PATIENTS = 10000,
    TAIL_MS = 500,       /* of load after the measured stretch, so that its end is like its middle */
    DRAIN_MS = 5000,
    START_MS = 30000,
    STOCK_PER_S = 40000, /* --rate max: signed for each second */
    CONNECTIONS = 4,     /* to each replica */
    SPARE = 64,
    CHECK_REPEATS = 21,
    RATE_MAX = 100000,
    ROUNDS_MAX = 15
};

struct cluster_run {
    const struct args *args;
    const char *verify; /* of all replicas */
    struct population_plan people;
    struct population_work work;
    struct load_config load_config;
    struct population population;
    struct stock stock;
    struct bed bed;
    struct load load;
    struct meter_reading from, to;
    struct meter_cost cost;
    uint64_t warm_up_ms, measure_ms;
    uint64_t check_ns;
};

static uint32_t round_up(uint32_t value, uint32_t step)
{
    return (value + step - 1) / step * step;
}

/* --- Preparing ------------------------------------------------------------------------------------------------------- */

static uint64_t commands_wanted(const struct cluster_run *run)
{
    uint64_t per_second = run->load_config.rate != 0 ? run->load_config.rate : STOCK_PER_S;

    return per_second * (run->load_config.duration_ns / MS_NS) / 1000 + 1;
}

/* read_flags takes what the table cannot check by itself. Gives: EXIT_FINE, or a usage error that was told. */
static int read_flags(struct cluster_run *run)
{
    const char *rate = args_text(run->args, "rate");
    uint32_t items = (uint32_t)args_number(run->args, "items"), replicas = (uint32_t)args_number(run->args, "replicas");
    uint64_t payload = args_number(run->args, "payload");
    char *end;

    run->warm_up_ms = args_number(run->args, "warm-up");
    run->measure_ms = args_number(run->args, "for");
    run->load_config = (struct load_config){ .replicas = replicas, .connections = CONNECTIONS, .window = (uint32_t)args_number(run->args, "window"),
        .duration_ns = (run->warm_up_ms + run->measure_ms + TAIL_MS) * MS_NS, .drain_ns = DRAIN_MS * MS_NS };
    if (strcmp(rate, "max") != 0) {
        run->load_config.rate = strtoull(rate, &end, 10);
        if (*end != '\0' || run->load_config.rate == 0 || run->load_config.rate > RATE_MAX) {
            return output_fail(run->args, EXIT_USAGE, "--rate is a number from 1 to %d, or max: %.40s", RATE_MAX, rate);
        }
    }
    if (payload != 0 && payload != 509u * items) {
        return output_fail(run->args, EXIT_USAGE, "--payload is 0 or 509 for each item: the ledger knows no other locators");
    }
    run->people = (struct population_plan){ .orgs = replicas, .actors = round_up(ACTORS, replicas), .patients = round_up(PATIENTS, replicas) };
    random_fill(&run->people.seed, sizeof run->people.seed);
    run->people.time_ms = (uint64_t)time(NULL) * 1000;
    run->work = (struct population_work){ .items = items, .located = payload != 0 };
    if (commands_wanted(run) > population_commands_max(&run->people, items)) {
        return output_fail(run->args, EXIT_USAGE, "the %d patients cannot take so many pointers; a lower --rate, --for or --items", PATIENTS);
    }
    return EXIT_FINE;
}

static int make_bed(struct cluster_run *run)
{
    static const struct { const char *profile; uint32_t batch_us; } profiles[] = { { "fast", 0 }, { "balanced", 5000 }, { "eco", 400000 } };
    struct cluster_plan plan = { .replicas = run->load_config.replicas, .verify = run->verify, .workers_max = 8, .segment_mib = (uint32_t)args_number(run->args, "segment-mib"), .snapshot_mib = (uint32_t)args_number(run->args, "snapshot-mib"),
        .seed = run->people.seed, .params = params_default(), .entities = run->population.entities, .entities_count = run->population.entities_count };

    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        plan.batch_us = strcmp(profiles[i].profile, args_text(run->args, "profile")) == 0 ? profiles[i].batch_us : plan.batch_us;
    }
    population_capacities(&run->people, commands_wanted(run) * run->work.items, SPARE, &plan.params);
    enum exit_code code = bed_make(&run->bed, &plan, args_text(run->args, "keep"));
    if (code == EXIT_FINE) {
        code = bed_start(&run->bed, START_MS);
    }
    return code == EXIT_FINE ? EXIT_FINE : output_fail(run->args, code, "%s", run->bed.problem);
}

static int prepare(struct cluster_run *run)
{
    if (population_make(&run->population, &run->people) != ERR_OK) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the population");
    }
    int code = make_bed(run);
    if (code != EXIT_FINE) {
        return code;
    }
    run->check_ns = meter_libsodium_check_ns(CHECK_REPEATS);
    run->work.genesis = &run->bed.cluster.genesis.hash;
    run->work.valid_until_ms = clock_wall_ms() + COMMAND_LIFE_MS;
    if (stock_make(&run->stock, &run->population, &run->work, commands_wanted(run)) != ERR_OK) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the commands");
    }
    run->load_config.sockets = run->bed.sockets;
    run->load_config.genesis = run->bed.cluster.genesis.hash;
    run->load_config.stock = &run->stock;
    return load_open(&run->load, &run->load_config) == ERR_OK ? EXIT_FINE : output_fail(run->args, EXIT_RESOURCE, "no memory for the load");
}

/* --- Measuring ------------------------------------------------------------------------------------------------------- */

static void *load_thread(void *context)
{
    load_run(context);
    return NULL;
}

static int measure(struct cluster_run *run)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, load_thread, &run->load) != 0) {
        return output_fail(run->args, EXIT_RESOURCE, "no thread for the load");
    }
    pause_ms(run->warm_up_ms);
    meter_read(&run->from, &run->bed.cluster, METER_BEGINS);
    load_measure(&run->load, clock_mono_ns(), clock_mono_ns() + run->measure_ms * MS_NS);
    pause_ms(run->measure_ms);
    meter_read(&run->to, &run->bed.cluster, METER_ENDS);
    pthread_join(thread, NULL);
    meter_compare(&run->from, &run->to, &run->cost);
    return EXIT_FINE;
}

/* --- Telling --------------------------------------------------------------------------------------------------------- */

/* problems lists why the run says nothing. Owns: the caller. */
static json_t *problems(const struct cluster_run *run)
{
    const struct tally *tally = &run->load.tally;
    json_t *list = json_array();

    if (!run->bed.durable) {
        json_array_append_new(list, json_string("no place with O_DIRECT and real flushes: nothing was durable"));
    }
    if (load_fell_behind(&run->load)) {
        json_array_append_new(list, json_string("the load generator fell behind its own schedule"));
    }
    if (run->load.used_up) {
        json_array_append_new(list, json_string("the signed commands were used up before the time"));
    }
    if (!tally_complete(tally)) {
        json_array_append_new(list, json_string("not every command got one answer"));
    }
    if (tally->committed[0] != tally->high) {
        json_array_append_new(list, json_string("not every command ended with code 0"));
    }
    if (tally->measured == 0 || run->cost.commands == 0) {
        json_array_append_new(list, json_string("nothing was committed in the measured stretch"));
    }
    if (!run->cost.complete) {
        json_array_append_new(list, json_string("a replica does not tell what its work costs"));
    }
    return list;
}

static json_t *by_replica(const struct cluster_run *run)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < run->from.replicas; i++) {
        bool told = run->from.of[i].answered && run->to.of[i].answered;
        json_array_append_new(list, told ? report_number(run->cost.cpu_us_per_tx_by[i]) : json_null());
    }
    return list;
}

/* checks_by tells what signatures were checked for, by which method and where; sums over the replicas, for each command. */
static json_t *checks_by(const struct meter_cost *cost)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < METER_CHECKS; i++) {
        json_object_set_new(object, meter_checks_name(i), report_number(cost->checks_per_tx_by[i]));
    }
    return object;
}

static json_t *wakeups_by(const struct meter_cost *cost)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < METER_WAKEUPS; i++) {
        json_object_set_new(object, meter_wakeups_name(i), report_number(cost->wakeups_per_block_by[i]));
    }
    return object;
}

/* tx_per_second. In a closed loop no more is sent than is answered, so what the stretch began with and what is left at its end make up for each other. */
static double tx_per_second(const struct cluster_run *run)
{
    if (run->load_config.rate == 0) {
        return (double)run->load.tally.measured * 1000 / (double)run->measure_ms;
    }
    return report_tx_per_second(&run->load.tally, run->load.tally.measure_from_ns, run->measure_ms * MS_NS);
}

/* describe_cost adds what each command and block cost; nothing when there was none, or when a replica did not tell its part. */
static void describe_cost(const struct cluster_run *run, json_t *object)
{
    const struct meter_cost *cost = &run->cost;

    if (!report_has_cost(cost)) {
        return;
    }
    json_object_set_new(object, "cpu_us_per_tx", json_pack("{s:o, s:o}", "total", report_number(cost->cpu_us_per_tx), "by_replica", by_replica(run)));
    json_object_set_new(object, "signature_checks_per_tx", report_number(cost->checks_per_tx));
    json_object_set_new(object, "checks_per_tx_by", checks_by(cost));
    json_object_set_new(object, "reserves", json_pack("{s:I, s:I}", "held", (json_int_t)cost->held, "hedges", (json_int_t)cost->hedges));
    json_object_set_new(object, "wakeups_per_block", report_number(cost->wakeups_per_block));
    json_object_set_new(object, "wakeups_per_block_by", wakeups_by(cost));
    json_object_set_new(object, "flushes_per_block", report_number(cost->flushes_per_block));
    json_object_set_new(object, "messages_per_block", report_number(cost->messages_per_block));
    json_object_set_new(object, "messages_per_block_by", report_messages(cost));
    json_object_set_new(object, "tx_per_block", report_number((double)cost->commands / (double)cost->blocks));
    json_object_set_new(object, "bytes_logged_per_tx", report_number(cost->bytes_logged_per_tx));
    json_object_set_new(object, "bytes_sent_per_tx", report_number(cost->bytes_sent_per_tx));
}

static json_t *describe(const struct cluster_run *run, json_t *why)
{
    const struct tally *tally = &run->load.tally;
    json_t *object = json_object();
    bool answered = tally->measured > 0;

    json_object_set_new(object, "command", json_sprintf("POINTER_ADD of %u item%s, %u bytes", run->work.items, run->work.items == 1 ? "" : "s", run->stock.size));
    json_object_set_new(object, "load", run->load_config.rate != 0 ? json_string("open loop")
                                                                   : json_sprintf("closed loop, %u commands on their way: latencies are those of a full queue", run->load_config.window));
    json_object_set_new(object, "replicas", json_integer(run->load_config.replicas));
    json_object_set_new(object, "offered", run->load_config.rate != 0 ? json_integer((json_int_t)run->load_config.rate) : json_null());
    json_object_set_new(object, "committed", json_integer((json_int_t)tally->measured));
    json_object_set_new(object, "tx_per_second", report_number(tx_per_second(run)));
    report_put(object, "latency_ms", answered, report_latency(&tally->latency));
    describe_cost(run, object);
    report_put(object, "client_cpu_us_per_tx", answered, report_number((double)(run->load.cpu_to_ns - run->load.cpu_from_ns) / 1000 / (double)tally->measured));
    json_object_set_new(object, "libsodium_check_us", report_number((double)run->check_ns / 1000));
    json_object_set_new(object, "rejected", report_codes(tally));
    report_put(object, "memory_mib_max", report_memory_mib(&run->to) > 0, report_number(report_memory_mib(&run->to)));
    json_object_set_new(object, "valid", json_boolean(json_array_size(why) == 0));
    json_object_set_new(object, "problems", why);
    return object;
}

static int tell(const struct cluster_run *run)
{
    json_t *why = problems(run);
    bool valid = json_array_size(why) == 0;
    int code = output_result(run->args, describe(run, why));

    return code == EXIT_FINE && !valid ? EXIT_BENCH_INVALID : code;
}

static void close_run(struct cluster_run *run)
{
    bed_close(&run->bed);
    load_close(&run->load);
    stock_close(&run->stock);
    population_close(&run->population);
}

/* run_once measures one cluster. Gives: an exit code that was told; the figures are in the run until close_run. */
static int run_once(struct cluster_run *run, const struct args *args, const char *verify)
{
    *run = (struct cluster_run){ .args = args, .verify = verify };
    int code = read_flags(run);
    if (code == EXIT_FINE) {
        code = prepare(run);
    }
    return code == EXIT_FINE ? measure(run) : code;
}

/* --- Two ways in turn ---------------------------------------------------------------------------------------------------- */

struct rival {
    const char *verify;
    double cpu_us_per_tx[ROUNDS_MAX], tx_per_second[ROUNDS_MAX], checks_per_tx[ROUNDS_MAX]; /* NAN: not measured */
};

struct contest {
    struct rival rivals[2];
    uint32_t rounds;
    double ratios[ROUNDS_MAX]; /* of CPU per command, the first to the second */
    json_t *problems;
};

static int number_order(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* median of values that were all measured, else NAN. */
static double median(const double *values, uint32_t count)
{
    double sorted[ROUNDS_MAX];

    for (uint32_t i = 0; i < count; i++) {
        if (isnan(values[i])) {
            return NAN;
        }
    }
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, number_order);
    return sorted[count / 2];
}

/* figure gives null for what was not measured. */
static json_t *figure(double value)
{
    return isnan(value) ? json_null() : report_number(value);
}

static json_t *numbers(const double *values, uint32_t count)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(list, figure(values[i]));
    }
    return list;
}

static json_t *describe_rival(const struct rival *rival, uint32_t rounds)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "verify", rival->verify, "cpu_us_per_tx", figure(median(rival->cpu_us_per_tx, rounds)), "cpu_us_per_tx_runs",
                     numbers(rival->cpu_us_per_tx, rounds), "tx_per_second_runs", numbers(rival->tx_per_second, rounds), "signature_checks_per_tx_runs",
                     numbers(rival->checks_per_tx, rounds));
}

static int tell_contest(const struct contest *contest, const struct args *args)
{
    bool valid = json_array_size(contest->problems) == 0;
    json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:b, s:O}", "one", describe_rival(&contest->rivals[0], contest->rounds), "other",
                               describe_rival(&contest->rivals[1], contest->rounds), "cpu_ratio", figure(median(contest->ratios, contest->rounds)), "cpu_ratio_runs",
                               numbers(contest->ratios, contest->rounds), "valid", valid, "problems", contest->problems);
    int code = output_result(args, object);

    return code == EXIT_FINE && !valid ? EXIT_BENCH_INVALID : code;
}

/* play_rival runs one cluster of one way; the order changes with each round, so that neither always comes first. */
static int play_rival(struct cluster_run *run, struct contest *contest, const struct args *args, uint32_t round, uint32_t which)
{
    struct rival *rival = &contest->rivals[which];
    int code = run_once(run, args, rival->verify);

    if (code == EXIT_FINE) {
        json_t *why = problems(run);
        json_array_extend(contest->problems, why);
        json_decref(why);
        bool has_cost = report_has_cost(&run->cost);
        rival->cpu_us_per_tx[round] = has_cost ? run->cost.cpu_us_per_tx : NAN;
        rival->checks_per_tx[round] = has_cost ? run->cost.checks_per_tx : NAN;
        rival->tx_per_second[round] = tx_per_second(run);
        output_note("round %u of %u, %s: %.1f us of CPU for a command, %.0f commands in a second", round + 1, contest->rounds, rival->verify,
                    rival->cpu_us_per_tx[round], rival->tx_per_second[round]);
    }
    close_run(run);
    return code;
}

static int run_contest(struct cluster_run *run, const struct args *args, const char *against)
{
    struct contest contest = { .rivals = { { .verify = args_text(args, "verify") }, { .verify = against } }, .rounds = (uint32_t)args_number(args, "rounds") };
    int code = EXIT_FINE;

    contest.problems = json_array();
    for (uint32_t round = 0; round < contest.rounds && code == EXIT_FINE; round++) {
        code = play_rival(run, &contest, args, round, round % 2);
        if (code == EXIT_FINE) {
            code = play_rival(run, &contest, args, round, 1 - round % 2);
        }
        contest.ratios[round] = contest.rivals[0].cpu_us_per_tx[round] / contest.rivals[1].cpu_us_per_tx[round]; /* NAN of one is NAN of both */
    }
    if (code == EXIT_FINE) {
        code = tell_contest(&contest, args);
    }
    json_decref(contest.problems);
    return code;
}

int bench_cluster(const struct args *args)
{
    static struct cluster_run run;
    const char *against = args_text(args, "against");

    if (strcmp(against, "none") != 0) {
        return run_contest(&run, args, against);
    }
    int code = run_once(&run, args, args_text(args, "verify"));
    if (code == EXIT_FINE) {
        code = tell(&run);
    }
    close_run(&run);
    return code;
}
