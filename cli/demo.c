/* demo.c: see demo.h. The order of things; the report is in demo_report.c. */
#include "cli/demo.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/plain.h"
#include "cli/pause.h"
#include "cli/report.h"
#include "ledger/entity.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MS_NS UINT64_C(1000000)

enum {
    BUNDLE_PATH_BYTES = CLUSTER_PATH_BYTES + 64,
    ACTORS_EACH = 16,   /* systems of each hospital */
    PATIENTS_EACH = 64, /* whom the load is about, of each hospital */
    CONNECTIONS = 2,    /* of the load, to each replica */
    SPARE = 1000,       /* of each capacity, for the story */
    SEGMENT_MIB = 16,
    BATCH_US = 5000,    /* profile balanced */
    CHECK_REPEATS = 21,
    WARM_MS = 500,
    CALM_PERCENT = 40,  /* of the load, before the leader is killed */
    DOWN_PERCENT = 60,  /* when it is started again */
    DRAIN_MS = 8000,
    START_MS = 20000,
    REJOIN_MS = 20000,
    QUIET_MS = 25000,
    IDLE_MS = 5000,
    DUST_MS = 400,      /* after a question, until nothing of it is left */
    POLL_MS = 50
};

/* --- Small things ---------------------------------------------------------------------------------------------------- */

static void say(const struct demo *demo, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct demo *demo, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (demo->options.quiet) {
        return;
    }
    fprintf(stderr, "%6.1f s  ", (double)(clock_mono_ns() - demo->start_ns) / 1e9);
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    plain_print(stderr, text); /* A bundle may be anybody's. */
    fputc('\n', stderr);
}

static bool problem(struct demo *demo, const char *format, ...) __attribute__((format(printf, 2, 3)));
static enum exit_code give_up(struct demo *demo, enum exit_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* problem notes and shows what did not hold. Gives: false. */
static bool problem(struct demo *demo, const char *format, ...)
{
    va_list arguments;

    if (demo->problems_count < DEMO_PROBLEMS_MAX) {
        va_start(arguments, format);
        vsnprintf(demo->problems[demo->problems_count++], sizeof demo->problems[0], format, arguments);
        va_end(arguments);
        say(demo, "NOT SO: %s", demo->problems[demo->problems_count - 1]);
    }
    return false;
}

/* give_up notes why there is nothing to report; the caller of demo_run shows it. Gives: the code. */
static enum exit_code give_up(struct demo *demo, enum exit_code code, const char *format, ...)
{
    va_list arguments;

    ASSERT(code != EXIT_FINE);
    ASSERT(demo->problems_count < DEMO_PROBLEMS_MAX);
    va_start(arguments, format);
    vsnprintf(demo->problems[demo->problems_count++], sizeof demo->problems[0], format, arguments);
    va_end(arguments);
    return code;
}

/* --- Preparing ------------------------------------------------------------------------------------------------------- */

/* own_bundle finds the bundle that comes with Ward: beside a build tree's programs, or where `make install` puts it. */
static void own_bundle(char path[BUNDLE_PATH_BYTES])
{
    char programs[CLUSTER_PATH_BYTES] = "";

    (void)bed_programs(programs);
    snprintf(path, BUNDLE_PATH_BYTES, "%s/../../configs/demo/bundle.json", programs);
    if (access(path, R_OK) != 0) {
        snprintf(path, BUNDLE_PATH_BYTES, "%s/../share/ward/demo/bundle.json", programs);
    }
}

static enum exit_code load_bundle(struct demo *demo)
{
    char why[FHIR_PROBLEM_BYTES], path[BUNDLE_PATH_BYTES];

    own_bundle(path);
    if (demo->options.bundle != NULL) {
        snprintf(path, sizeof path, "%.400s", demo->options.bundle);
    }
    enum err err = fhir_load(&demo->bundle, path, why);
    if (err != ERR_OK) {
        return give_up(demo, err == ERR_PERMISSION ? EXIT_PERMISSION : err == ERR_NO_MEMORY ? EXIT_RESOURCE : EXIT_CONFIGURATION, "%.255s", why);
    }
    if (demo->bundle.resources_count == 0) {
        return give_up(demo, EXIT_CONFIGURATION, "%.150s: no clinical resource of its patient in it", path);
    }
    demo->resources_taken = demo->bundle.resources_count < STORY_RESOURCES_MAX ? demo->bundle.resources_count : STORY_RESOURCES_MAX;
    demo->resources_left = demo->bundle.resources_count - demo->resources_taken;
    if (demo->resources_left > 0) {
        say(demo, "of the %u clinical resources the first %u are taken", demo->bundle.resources_count, STORY_RESOURCES_MAX);
    }
    return EXIT_FINE;
}

static uint64_t commands_wanted(const struct demo *demo)
{
    return demo->options.load_ms * demo->options.rate / 1000 + 1;
}

static enum exit_code make_cluster(struct demo *demo)
{
    struct cluster_plan plan = { .replicas = demo->options.replicas, .extra = 1, .extra_kinds = { ORG_CLINIC }, .verify = "auto", .batch_us = BATCH_US,
        .segment_mib = SEGMENT_MIB, .workers_max = 8, .seed = demo->people.seed, .params = params_default(), .entities = demo->population.entities,
        .entities_count = demo->population.entities_count };

    population_capacities(&demo->people, commands_wanted(demo), SPARE, &plan.params);
    enum exit_code code = bed_make(&demo->bed, &plan, demo->options.keep);
    if (code != EXIT_FINE) {
        return give_up(demo, code, "%.250s", demo->bed.problem);
    }
    say(demo, "%u replicas with throw-away keys in %s", plan.replicas, demo->bed.directory);
    if (!demo->bed.durable) {
        problem(demo, "no place with O_DIRECT and real flushes (--keep names one): nothing is durable");
    }
    code = bed_start(&demo->bed, START_MS);
    return code == EXIT_FINE ? EXIT_FINE : give_up(demo, code, "%.250s", demo->bed.problem);
}

static enum exit_code prepare(struct demo *demo)
{
    const struct demo_options *options = &demo->options;

    demo->people = (struct population_plan){ .orgs = options->replicas, .actors = ACTORS_EACH * options->replicas, .patients = PATIENTS_EACH * options->replicas };
    random_fill(&demo->people.seed, sizeof demo->people.seed);
    demo->people.time_ms = (uint64_t)time(NULL) * 1000;
    if (commands_wanted(demo) > population_commands_max(&demo->people, 1)) {
        return give_up(demo, EXIT_USAGE, "the patients of the demonstration cannot take so many pointers; a lower --rate or --for");
    }
    enum exit_code code = load_bundle(demo);
    if (code != EXIT_FINE) {
        return code;
    }
    if (population_make(&demo->population, &demo->people) != ERR_OK) {
        return give_up(demo, EXIT_RESOURCE, "no memory");
    }
    code = make_cluster(demo);
    demo->check_ns = meter_libsodium_check_ns(CHECK_REPEATS);
    return code;
}

static enum exit_code prepare_load(struct demo *demo)
{
    struct population_work work = { .genesis = &demo->bed.cluster.genesis.hash, .valid_until_ms = clock_wall_ms() + COMMAND_LIFE_MS, .items = 1 };
    struct load_config config = { .replicas = demo->options.replicas, .sockets = demo->bed.sockets, .connections = CONNECTIONS,
        .genesis = demo->bed.cluster.genesis.hash, .stock = &demo->stock, .rate = demo->options.rate, .duration_ns = demo->options.load_ms * MS_NS,
        .drain_ns = DRAIN_MS * MS_NS };

    if (stock_make(&demo->stock, &demo->population, &work, commands_wanted(demo)) != ERR_OK || load_open(&demo->load, &config) != ERR_OK) {
        return give_up(demo, EXIT_RESOURCE, "no memory for the load");
    }
    return EXIT_FINE;
}

/* --- The show -------------------------------------------------------------------------------------------------------- */

static void *load_thread(void *context)
{
    load_run(context);
    return NULL;
}

static bool scene(struct demo *demo, bool (*play)(struct story *story), const char *told)
{
    demo->story.problem[0] = '\0';
    if (!play(&demo->story)) {
        return problem(demo, "%.250s", demo->story.problem);
    }
    say(demo, "%s", told);
    return true;
}

/* calm is the stretch with all replicas up. */
static void calm(struct demo *demo, uint64_t end_ns)
{
    char told[160];

    pause_ms(WARM_MS);
    meter_read(&demo->from, &demo->bed.cluster, METER_BEGINS);
    if (scene(demo, story_records, "the bundle is published by its hospitals, and Ada has approved what was not granted before")) {
        snprintf(told, sizeof told, "Dr. Elsewhere may see what Ada granted, Dr. Stranger was denied (%u pointers of hers, %u current)", demo->story.pointers,
                 demo->story.current);
        if (scene(demo, story_access, told)) {
            scene(demo, story_release, "a document is released after a read of a quorum, and the disclosure is filed");
        }
    }
    pause_until(end_ns);
    meter_read(&demo->to, &demo->bed.cluster, METER_ENDS);
    meter_compare(&demo->from, &demo->to, &demo->cost);
    if (!demo->cost.complete) {
        problem(demo, "a replica does not tell what its work costs");
    }
    demo->memory_mib = report_memory_mib(&demo->to);
}

/* without_leader kills it and goes on. */
static void without_leader(struct demo *demo, uint64_t end_ns)
{
    demo->victim = bed_leader(&demo->bed);
    if (demo->victim == UINT32_MAX) {
        problem(demo, "no quorum agrees on who leads");
        demo->victim = 0;
    }
    say(demo, "SIGKILL to the leader, replica %u, after %llu commands", demo->victim, (unsigned long long)demo->load.committed);
    uint64_t before = demo->load.committed;
    load_watch_gaps(&demo->load);
    cluster_signal(&demo->bed.cluster, demo->victim, SIGKILL);
    (void)cluster_reap(&demo->bed.cluster, demo->victim, 5000);
    if (demo->story.released) {
        scene(demo, story_revoke, "Ada has revoked the grant: the next release is refused, though the ticket lives");
    }
    pause_until(end_ns);
    if (demo->load.committed <= before) {
        problem(demo, "no commit after the leader's end");
    } else {
        say(demo, "commits went on under the next leader: %llu commands", (unsigned long long)demo->load.committed);
    }
}

static uint64_t height_of(const struct demo *demo, uint32_t member)
{
    return meter_figure_of(&demo->bed.cluster, member, "executed_height");
}

/* start_again brings the killed replica back and waits until it is where the others were when it was asked. */
static void start_again(struct demo *demo)
{
    uint64_t begin_ns = clock_mono_ns(), end_ns = begin_ns + REJOIN_MS * MS_NS;
    uint32_t other = (demo->victim + 1) % demo->options.replicas;

    if (cluster_start(&demo->bed.cluster, demo->victim) != ERR_OK || bed_wait_linked(&demo->bed, demo->victim, REJOIN_MS) != ERR_OK) {
        problem(demo, "the killed replica does not come back; %.160s", demo->bed.cluster.problem);
        return;
    }
    uint64_t wanted = height_of(demo, other), reached = height_of(demo, demo->victim);
    while (reached < wanted && clock_mono_ns() < end_ns) {
        pause_ms(POLL_MS);
        reached = height_of(demo, demo->victim);
    }
    demo->rejoin_ms = (clock_mono_ns() - begin_ns) / MS_NS;
    demo->rejoined = wanted > 0 && reached >= wanted;
    if (demo->rejoined) {
        say(demo, "replica %u is back and has caught up to height %llu in %llu ms", demo->victim, (unsigned long long)reached, (unsigned long long)demo->rejoin_ms);
    } else {
        problem(demo, "the killed replica is at height %llu, the others at %llu", (unsigned long long)reached, (unsigned long long)wanted);
    }
}

static enum exit_code under_load(struct demo *demo)
{
    pthread_t thread;
    uint64_t begin_ns = clock_mono_ns(), load_ns = demo->options.load_ms * MS_NS;

    if (pthread_create(&thread, NULL, load_thread, &demo->load) != 0) {
        return give_up(demo, EXIT_RESOURCE, "no thread for the load");
    }
    say(demo, "%llu commands per second for %llu s", (unsigned long long)demo->options.rate, (unsigned long long)(demo->options.load_ms / 1000));
    calm(demo, begin_ns + load_ns / 100 * CALM_PERCENT);
    without_leader(demo, begin_ns + load_ns / 100 * DOWN_PERCENT);
    start_again(demo);
    pthread_join(thread, NULL);
    demo->gap_ns = demo->load.tally.gap_ns;
    say(demo, "the load is over; the longest gap in commits since the kill was %llu ms", (unsigned long long)(demo->gap_ns / MS_NS));
    return EXIT_FINE;
}

/* --- Afterwards ------------------------------------------------------------------------------------------------------ */

/* settle_lost asks for the receipts that went down with a connection. */
static void settle_lost(struct demo *demo)
{
    struct tally *tally = &demo->load.tally;
    uint16_t code = 0;

    for (uint64_t i = 0; i < tally->high; i++) {
        if (tally->entries[i].state == TALLY_LOST) {
            bool found = story_find_receipt(&demo->story, &demo->stock.ids[i], &code);
            tally_found(tally, i, found, code);
        }
    }
    if (!tally_complete(tally)) {
        problem(demo, "%llu commands without an answer, %llu with two", (unsigned long long)(tally_open(tally) + tally->states[TALLY_LOST]),
                (unsigned long long)tally->contradictions);
    }
    if (tally->committed[0] != tally->high) {
        problem(demo, "%llu of %llu commands did not end with code 0", (unsigned long long)(tally->high - tally->committed[0]), (unsigned long long)tally->high);
    }
    if (load_fell_behind(&demo->load)) {
        problem(demo, "the load generator fell behind its own schedule; the latencies are not valid");
    }
}

/* rests tells whether a replica has nothing to do and stands at a certified height. */
static bool rests(const struct meter_replica *replica, uint64_t *height)
{
    uint64_t certified, outstanding;

    return replica->answered && meter_figure(replica->text, "executed_height", height) && meter_figure(replica->text, "checkpoint_height", &certified) &&
           meter_figure(replica->text, "outstanding", &outstanding) && *height > 0 && certified == *height && outstanding == 0;
}

/* is_quiet tells whether all replicas rest at one height. */
static bool is_quiet(struct demo *demo)
{
    uint64_t height = 0, own = 0;

    meter_read(&demo->last, &demo->bed.cluster, METER_BEGINS);
    for (uint32_t i = 0; i < demo->last.replicas; i++) {
        if (!rests(&demo->last.of[i], &own) || (i > 0 && own != height)) {
            return false;
        }
        height = own;
    }
    return true;
}

static void compare_roots(struct demo *demo)
{
    char first[80] = "", other[80];

    demo->roots_equal = true;
    for (uint32_t i = 0; i < demo->last.replicas; i++) {
        bool told = meter_word(demo->last.of[i].text, "state_root", i == 0 ? first : other, sizeof first);
        demo->roots_equal = demo->roots_equal && told && (i == 0 || strcmp(first, other) == 0);
        uint64_t height;
        told = meter_figure(demo->last.of[i].text, "executed_height", &height);
        demo->roots_equal = demo->roots_equal && told;
        demo->blocks = height > demo->blocks ? height : demo->blocks;
    }
    if (demo->roots_equal) {
        say(demo, "height %llu, state root %.16s... at all %u replicas", (unsigned long long)demo->blocks, first, demo->last.replicas);
    } else {
        problem(demo, "the replicas' state roots differ");
    }
}

/* grown gives by how much a figure grew. Gives: 0 and a problem when a replica did not tell it both times. */
static uint64_t grown(struct demo *demo, const struct meter_replica *before, const struct meter_replica *end, const char *name)
{
    uint64_t from, to;

    if (!before->answered || !end->answered || !meter_figure(before->text, name, &from) || !meter_figure(end->text, name, &to)) {
        problem(demo, "a replica does not tell its %s", name);
        return 0;
    }
    return to - from;
}

static void watch_idle(struct demo *demo)
{
    static struct meter_reading before, after, end;

    meter_read(&before, &demo->bed.cluster, METER_BEGINS);
    pause_ms(DUST_MS);
    meter_kernel(&after, &demo->bed.cluster);
    pause_ms(IDLE_MS);
    meter_read(&end, &demo->bed.cluster, METER_ENDS);
    demo->idle = (struct demo_idle){ .seconds = (double)(end.mono_ns - after.mono_ns) / 1e9 };
    for (uint32_t i = 0; i < end.replicas; i++) {
        if (!after.of[i].up || !end.of[i].up) {
            problem(demo, "replica %u does not run any more", i);
        }
        demo->idle.wakeups += end.of[i].wakeups - after.of[i].wakeups;
        demo->idle.write_bytes += end.of[i].write_bytes - after.of[i].write_bytes;
        demo->idle.messages += grown(demo, &before.of[i], &end.of[i], "member_frames_out");
        demo->idle.writes += grown(demo, &before.of[i], &end.of[i], "disk_writes");
    }
    say(demo, "idle for %.1f s: %llu wake-ups, %llu messages, %llu writes", demo->idle.seconds, (unsigned long long)demo->idle.wakeups,
        (unsigned long long)demo->idle.messages, (unsigned long long)demo->idle.writes);
    if (demo->idle.wakeups + demo->idle.messages + demo->idle.writes + demo->idle.write_bytes > 0) {
        problem(demo, "the idle cluster was not idle");
    }
    demo->memory_mib = report_memory_mib(&end) > demo->memory_mib ? report_memory_mib(&end) : demo->memory_mib;
}

static void afterwards(struct demo *demo)
{
    uint64_t end_ns = clock_mono_ns() + QUIET_MS * MS_NS;
    bool quiet = is_quiet(demo);

    settle_lost(demo);
    while (!quiet && clock_mono_ns() < end_ns) {
        pause_ms(10 * POLL_MS);
        quiet = is_quiet(demo);
    }
    if (!quiet) {
        problem(demo, "the cluster does not come to rest at one certified height");
    }
    compare_roots(demo);
    watch_idle(demo);
    if (demo->story.seen.permitted) {
        scene(demo, story_audit, "Ada's audit trail is proved complete and shows who was permitted, who was denied and what was handed out");
    }
}

static enum exit_code play(struct demo *demo)
{
    enum exit_code code = prepare(demo);

    if (code != EXIT_FINE) {
        return code;
    }
    if (!story_open(&demo->story, &demo->bed, &demo->bundle) || !scene(demo, story_register, "caregivers and two patients are registered")) {
        problem(demo, "%.250s", demo->story.problem);
        return EXIT_NO;
    }
    code = prepare_load(demo);
    if (code == EXIT_FINE) {
        code = under_load(demo);
    }
    if (code == EXIT_FINE) {
        afterwards(demo);
        code = demo->problems_count == 0 ? EXIT_FINE : EXIT_NO;
    }
    return code;
}

enum exit_code demo_run(struct demo *demo, const struct demo_options *options)
{
    memset(demo, 0, sizeof *demo);
    demo->options = *options;
    demo->start_ns = clock_mono_ns();
    enum exit_code code = play(demo);
    story_close(&demo->story);
    bed_close(&demo->bed);
    load_close(&demo->load);
    stock_close(&demo->stock);
    population_close(&demo->population);
    if (demo->bundle.root != NULL) {
        fhir_close(&demo->bundle);
    }
    return code;
}
