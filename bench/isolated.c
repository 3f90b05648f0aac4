/* isolated.c: `ward-bench isolated`: what one command costs that nobody accompanies, and how long its commit takes.
 *
 *     genesis --> n wardd (profile fast) --> [ one command to the leader, its receipt | pause | the disk alone | pause ] x count
 *
 * The next command leaves when the cluster has fallen silent behind the one before, so each has a block of its own and each block its commit round.
 * The time from the sending to the receipt is held against the bound of the protocol: four links, two flushes one after the other, and 2 ms
 * for everything else. A flush is what the replicas' writes took in this run: on one disk the followers' stand in line behind the leader's. What
 * the disk needs when nobody stands in line is told beside it, measured between the commands (bench/yardstick.h). */
#include "bench/bench.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "bench/yardstick.h"
#include "cli/bed.h"
#include "cli/client.h"
#include "cli/meter.h"
#include "cli/output.h"
#include "cli/pause.h"
#include "cli/report.h"
#include "cli/stock.h"
#include "wire/config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MS_NS UINT64_C(1000000)

enum {
    ACTORS = 64,
    PATIENTS = 256,
    WARM_UP = 5,       /* commands before the first that counts */
    START_MS = 60000,
    OPEN_MS = 5000,
    EXECUTE_MS = 10000,
    SEGMENT_MIB = 16,
    QUIET_MS = 200,    /* between two looks at what the disks still prepare */
    QUIET_LOOKS = 300,
    LINK_REPEATS = 101,
    REST_MS = 2        /* the bound's part for signatures, execution and wake-ups */
};

struct isolated_run {
    const struct args *args;
    uint32_t replicas, count, pause_ms;
    struct population_plan people;
    struct population population;
    struct stock stock;
    struct bed bed;
    struct client *client; /* of the leader */
    struct yardstick yardstick;
    struct histogram latency, disk;
    uint64_t link_ns, resent, failed; /* failed: receipts that did not say code 0 */
    uint64_t next;                    /* command of the stock */
    struct meter_reading from, to;
    struct meter_cost cost;
    uint32_t leader;
};

/* --- Preparing ------------------------------------------------------------------------------------------------------- */

static enum err call_leader(struct isolated_run *run)
{
    static struct client_config config; /* too large for the stack */
    char path[CLUSTER_PATH_BYTES + 64], address[CLUSTER_PATH_BYTES + 80];
    const char *problem;

    run->leader = bed_leader(&run->bed);
    if (run->leader == UINT32_MAX) {
        return ERR_NOT_FOUND;
    }
    cluster_socket(&run->bed.cluster, run->leader, path);
    snprintf(address, sizeof address, "unix:%s", path);
    config = (struct client_config){ .targets_count = 1, .genesis = run->bed.cluster.genesis.hash };
    enum err err = address_parse(&config.targets[0].address, address, &problem);
    return err == ERR_OK ? client_open(&run->client, &config, OPEN_MS) : err;
}

static int make_cluster(struct isolated_run *run)
{
    struct cluster_plan plan = { .replicas = run->replicas, .verify = "auto", .segment_mib = SEGMENT_MIB, .workers_max = 8, .seed = run->people.seed,
        .params = params_default(), .entities = run->population.entities, .entities_count = run->population.entities_count };

    population_capacities(&run->people, run->count + WARM_UP, 64, &plan.params);
    enum exit_code code = bed_make(&run->bed, &plan, args_text(run->args, "keep"));
    if (code == EXIT_FINE) {
        code = bed_start(&run->bed, START_MS);
    }
    return code == EXIT_FINE ? EXIT_FINE : output_fail(run->args, code, "%s", run->bed.problem);
}

static uint64_t prepared(const struct isolated_run *run)
{
    static char text[METER_TEXT_BYTES];
    uint64_t sum = 0, figure;

    for (uint32_t i = 0; i < run->replicas; i++) {
        bool told = meter_ask(&run->bed.cluster, i, text, OPEN_MS) == ERR_OK && meter_figure(text, "segments_prepared", &figure);
        sum += told ? figure : 0;
    }
    return sum;
}

/* await_pools waits until no replica fills segments in advance any more: that would be the disk's load, not the command's. */
static void await_pools(const struct isolated_run *run)
{
    uint64_t before = 0, now = prepared(run);

    for (uint32_t i = 0; i < QUIET_LOOKS && (now == 0 || now != before); i++) {
        pause_ms(QUIET_MS);
        before = now;
        now = prepared(run);
    }
}

static int prepare(struct isolated_run *run)
{
    struct population_work work = { .items = 1, .valid_until_ms = clock_wall_ms() + COMMAND_LIFE_MS };

    if (population_make(&run->population, &run->people) != ERR_OK) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the population");
    }
    int code = make_cluster(run);
    if (code != EXIT_FINE) {
        return code;
    }
    work.genesis = &run->bed.cluster.genesis.hash;
    if (stock_make(&run->stock, &run->population, &work, run->count + WARM_UP) != ERR_OK) {
        return output_fail(run->args, EXIT_RESOURCE, "no memory for the commands");
    }
    enum err err = yardstick_link(LINK_REPEATS, &run->link_ns);
    if (err == ERR_OK && run->bed.durable) {
        err = yardstick_open(&run->yardstick, run->bed.directory, run->replicas);
    }
    if (err != ERR_OK) {
        return output_fail(run->args, EXIT_ENVIRONMENT, "disk and loopback cannot be measured: %s", err_name(err));
    }
    await_pools(run);
    return EXIT_FINE;
}

/* --- Measuring ------------------------------------------------------------------------------------------------------- */

/* send_one sends the next command and waits for its receipt. */
static enum err send_one(struct isolated_run *run, bool counts)
{
    struct client_event receipt;
    uint64_t begin_ns = clock_mono_ns();
    enum err err = client_execute(run->client, stock_command(&run->stock, run->next++), &receipt, EXECUTE_MS);

    if (err == ERR_OK && counts) {
        histogram_record(&run->latency, clock_mono_ns() - begin_ns);
        run->resent += receipt.resent ? 1 : 0;
        run->failed += receipt.type != CLIENT_RECEIPTS || receipt.code != 0 ? 1 : 0;
    }
    pause_ms(run->pause_ms);
    return err;
}

/* weigh_disk measures one flush while the cluster is silent. */
static enum err weigh_disk(struct isolated_run *run)
{
    uint64_t took_ns;

    if (!run->bed.durable) {
        return ERR_OK;
    }
    enum err err = yardstick_flush(&run->yardstick, config_quorum(run->replicas), &took_ns);
    if (err == ERR_OK) {
        histogram_record(&run->disk, took_ns);
    }
    pause_ms(run->pause_ms);
    return err;
}

static int measure(struct isolated_run *run)
{
    enum err err = call_leader(run);

    histogram_init(&run->latency);
    histogram_init(&run->disk);
    if (err != ERR_OK) {
        return output_fail(run->args, EXIT_UNREACHABLE, "the leader does not answer: %s", err_name(err));
    }
    for (uint32_t i = 0; err == ERR_OK && i < WARM_UP; i++) {
        err = send_one(run, false);
    }
    meter_read(&run->from, &run->bed.cluster, METER_BEGINS);
    for (uint32_t i = 0; err == ERR_OK && i < run->count; i++) {
        err = send_one(run, true);
        err = err == ERR_OK ? weigh_disk(run) : err;
    }
    meter_read(&run->to, &run->bed.cluster, METER_ENDS);
    meter_compare(&run->from, &run->to, &run->cost);
    return err == ERR_OK ? EXIT_FINE : output_fail(run->args, EXIT_UNREACHABLE, "command %llu has no receipt: %s", (unsigned long long)run->next, err_name(err));
}

/* --- Telling --------------------------------------------------------------------------------------------------------- */

static double mean_ms(const struct histogram *histogram)
{
    return (double)histogram_mean(histogram) / MS_NS;
}

/* Means add up, medians do not: so the mean latency stands against the mean flush. */
static double bound_ms(const struct isolated_run *run)
{
    return 4 * (double)run->link_ns / MS_NS + 2 * run->cost.flush_ms + REST_MS;
}

/* problems lists why the run says nothing. Owns: the caller. */
static json_t *problems(struct isolated_run *run)
{
    const char *from = run->from.of[run->leader].text, *to = run->to.of[run->leader].text;
    uint64_t first, last, leader;
    json_t *list = json_array();
    bool told = meter_figure(from, "view", &first) && meter_figure(to, "view", &last) && meter_figure(to, "leader", &leader);

    if (!run->bed.durable) {
        json_array_append_new(list, json_string("no place with O_DIRECT and real flushes: nothing was durable"));
    }
    if (!run->cost.complete || !told) {
        json_array_append_new(list, json_string("a replica does not tell what its work costs"));
    }
    if (told && (first != last || leader != run->leader)) {
        json_array_append_new(list, json_string("the leader changed: the client was not at the leader"));
    }
    if (run->cost.blocks != run->count || run->cost.commands != run->count) {
        json_array_append_new(list, json_string("the commands did not have a block each"));
    }
    if (run->failed != 0) {
        json_array_append_new(list, json_string("not every command ended with code 0"));
    }
    return list;
}

static bool is_within(const struct isolated_run *run)
{
    return mean_ms(&run->latency) <= bound_ms(run);
}

static json_t *describe(struct isolated_run *run, json_t *why)
{
    json_t *object = json_object();
    bool answered = run->latency.count > 0, has_cost = report_has_cost(&run->cost);

    json_object_set_new(object, "command", json_sprintf("POINTER_ADD of 1 item, %u bytes", run->stock.size));
    json_object_set_new(object, "replicas", json_integer(run->replicas));
    json_object_set_new(object, "commands", json_integer(run->count));
    json_object_set_new(object, "blocks", json_integer((json_int_t)run->cost.blocks));
    json_object_set_new(object, "resent", json_integer((json_int_t)run->resent));
    report_put(object, "latency_ms", answered, report_latency(&run->latency));
    report_put(object, "latency_ms_mean", answered, report_number(mean_ms(&run->latency)));
    json_object_set_new(object, "link_ms", report_number((double)run->link_ns / MS_NS));
    report_put(object, "flush_ms_mean", has_cost, report_number(run->cost.flush_ms));
    json_object_set_new(object, "disk_alone_ms", report_latency(&run->disk));
    report_put(object, "bound_ms", has_cost, report_number(bound_ms(run)));
    report_put(object, "within_bound", answered && has_cost, json_boolean(is_within(run)));
    report_put(object, "flushes_per_block", has_cost, report_number(run->cost.flushes_per_block));
    report_put(object, "messages_per_block", has_cost, report_number(run->cost.messages_per_block));
    report_put(object, "messages_per_block_by", has_cost, report_messages(&run->cost));
    report_put(object, "cpu_us_per_tx", has_cost, report_number(run->cost.cpu_us_per_tx));
    json_object_set_new(object, "valid", json_boolean(json_array_size(why) == 0));
    json_object_set_new(object, "problems", why);
    return object;
}

static int tell(struct isolated_run *run)
{
    json_t *why = problems(run);
    bool valid = json_array_size(why) == 0;
    int code = output_result(run->args, describe(run, why));

    if (code != EXIT_FINE || !valid) {
        return code != EXIT_FINE ? code : EXIT_BENCH_INVALID;
    }
    return is_within(run) ? EXIT_FINE : EXIT_NO;
}

int bench_isolated(const struct args *args)
{
    static struct isolated_run run;

    run = (struct isolated_run){ .args = args, .replicas = (uint32_t)args_number(args, "replicas"), .count = (uint32_t)args_number(args, "commands"),
        .pause_ms = (uint32_t)args_number(args, "pause") };
    run.people = (struct population_plan){ .orgs = run.replicas, .actors = ACTORS / run.replicas * run.replicas + run.replicas,
        .patients = PATIENTS / run.replicas * run.replicas + run.replicas, .time_ms = (uint64_t)time(NULL) * 1000 };
    random_fill(&run.people.seed, sizeof run.people.seed);
    int code = prepare(&run);
    if (code == EXIT_FINE) {
        code = measure(&run);
    }
    if (code == EXIT_FINE) {
        code = tell(&run);
    }
    if (run.client != NULL) {
        client_close(run.client);
    }
    yardstick_close(&run.yardstick);
    bed_close(&run.bed);
    stock_close(&run.stock);
    population_close(&run.population);
    return code;
}
