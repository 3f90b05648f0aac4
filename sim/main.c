/* main.c: `ward-sim`: whole clusters of the production code under one seed. Exit codes: 0 fine, 1 an expectation of a scenario fails, 20 safety,
 * 21 liveness, 22 two runs of one seed differ, 2 usage. */
#include "base/clock.h"
#include "base/exit.h"
#include "sim/report.h"
#include "sim/scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SCENARIO_BYTES_MAX (1u << 20)

struct options {
    uint64_t seed, seed_last;
    uint32_t replicas;
    const char *scenario;
    const char *level;
    uint32_t twice_every; /* each so many seeds of a swarm runs twice */
    bool json;
    const char *verb; /* NULL: none was recognised */
};

static const char run_text[] =
    "  ward-sim run --seed N [--replicas N] [--json]           the story that the seed draws\n"
    "  ward-sim run --scenario FILE [--json]                   a story that somebody wrote; its trace is compared with FILE's neighbour in .trace\n";
static const char swarm_text[] =
    "  ward-sim swarm --seeds A..B [--replicas N] [--twice N] [--json]\n"
    "                                                          many seeds; every N-th (default 1: each) runs twice and must not differ\n";
static const char trace_text[] =
    "  ward-sim trace --seed N | --scenario FILE [--replicas N] [--level turns|story|messages]\n"
    "                                                          the story, one line for each step\n";
static const char codes_text[] =
    "\n"
    "Exit: 0 fine, 1 an expectation of the scenario fails, 20 safety, 21 liveness, 22 two runs of one seed differ, 2 usage, 3 a scenario cannot be read.\n"
    "With --json an error is an object too (ward.error/1).\n";

static int verb_run(const struct options *options);
static int verb_swarm(const struct options *options);
static int verb_trace(const struct options *options);

struct verb {
    const char *name, *text;
    int (*run)(const struct options *options);
};

static const struct verb verbs[] = { { "run", run_text, verb_run }, { "swarm", swarm_text, verb_swarm }, { "trace", trace_text, verb_trace } };
enum { VERBS = sizeof verbs / sizeof verbs[0] };

/* verb_find. Gives: NULL when there is no such verb. */
static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* help explains one verb, or all of them for NULL. */
static int help(const struct verb *verb)
{
    bool printed = verb != NULL || fputs("ward-sim: a virtual cluster of the production code, under one seed\n\n", stdout) != EOF;

    for (size_t i = 0; i < VERBS; i++) {
        printed = printed && (verb != NULL && verb != &verbs[i] ? true : fputs(verbs[i].text, stdout) != EOF);
    }
    return printed && fputs(codes_text, stdout) != EOF && fflush(stdout) == 0 ? EXIT_FINE : EXIT_RESOURCE;
}

__attribute__((format(printf, 3, 4))) static int fail(const struct options *options, int code, const char *format, ...)
{
    char message[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    fprintf(stderr, "ward-sim: %s\n", message);
    if (options->json && !report_error(stdout, options->verb, code, message)) {
        return EXIT_RESOURCE;
    }
    return code;
}

static int usage(const struct options *options, const char *problem, const char *word)
{
    return fail(options, EXIT_USAGE, "%s%s; see ward-sim --help", problem, word);
}

/* --- Command line --------------------------------------------------------------------------------------------------- */

static bool parse_number(const char *text, uint64_t *number)
{
    char *end = NULL;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && text[0] != '-' && *number <= UINT64_C(999999999999999999);
}

static bool parse_range(const char *text, struct options *options)
{
    char first[32];
    const char *dots = strstr(text, "..");

    if (dots == NULL || (size_t)(dots - text) >= sizeof first) {
        return false;
    }
    memcpy(first, text, (size_t)(dots - text));
    first[dots - text] = '\0';
    return parse_number(first, &options->seed) && parse_number(dots + 2, &options->seed_last) && options->seed_last >= options->seed;
}

static bool parse_option(struct options *options, const char *name, const char *value)
{
    uint64_t number = 0;

    if (strcmp(name, "--seed") == 0) {
        return parse_number(value, &options->seed);
    } else if (strcmp(name, "--seeds") == 0) {
        return parse_range(value, options);
    } else if (strcmp(name, "--replicas") == 0) {
        options->replicas = parse_number(value, &number) ? (uint32_t)number : 0;
        return number >= MEMBERS_MIN && number <= MEMBERS_MAX;
    } else if (strcmp(name, "--twice") == 0) {
        options->twice_every = parse_number(value, &number) ? (uint32_t)number : 0;
        return number >= 1 && number <= 1000000;
    } else if (strcmp(name, "--scenario") == 0) {
        options->scenario = value;
        return true;
    } else if (strcmp(name, "--level") == 0) {
        options->level = value;
        return strcmp(value, "turns") == 0 || strcmp(value, "story") == 0 || strcmp(value, "messages") == 0;
    }
    return false;
}

static int parse(struct options *options, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            options->json = true;
        } else if (i + 1 >= argc || !parse_option(options, argv[i], argv[i + 1])) {
            return usage(options, "cannot use ", argv[i]);
        } else {
            i++;
        }
    }
    return EXIT_FINE;
}

/* --- Scenarios ------------------------------------------------------------------------------------------------------ */

/* read_text gives the whole file, NULL when it cannot be read. Owns: the caller frees it. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, SCENARIO_BYTES_MAX + 1);

    if (file == NULL || text == NULL) {
        free(text);
        text = NULL;
    } else if (fread(text, 1, SCENARIO_BYTES_MAX, file) == SCENARIO_BYTES_MAX) {
        free(text);
        text = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static enum trace_level level_of(const char *word, enum trace_level otherwise)
{
    if (word == NULL) {
        return otherwise;
    }
    return strcmp(word, "turns") == 0 ? TRACE_TURNS : strcmp(word, "story") == 0 ? TRACE_STORY : TRACE_MESSAGES;
}

/* play_scenario plays a file in *world, which the caller closes. Gives: false when the file cannot be used; *code is the exit code then. */
static bool play_scenario(const struct options *options, struct world *world, int *code)
{
    static struct scenario scenario;
    char *text = read_text(options->scenario);

    if (text == NULL) {
        *code = fail(options, EXIT_CONFIGURATION, "%s cannot be read", options->scenario);
        return false;
    }
    enum err err = scenario_parse(&scenario, text);
    free(text);
    if (err != ERR_OK) {
        *code = fail(options, EXIT_CONFIGURATION, "%s, %s", options->scenario, scenario.problem);
        return false;
    }
    scenario.plan.trace = level_of(options->level, scenario.plan.trace);
    scenario_run(&scenario, world);
    return true;
}

/* compare_trace compares with the neighbour of the scenario, when there is one. */
static void compare_trace(const char *scenario, struct world *world)
{
    char path[4096];
    const char *dot = strrchr(scenario, '.');
    int stem = dot == NULL ? (int)strlen(scenario) : (int)(dot - scenario);

    if (snprintf(path, sizeof path, "%.*s.trace", stem, scenario) >= (int)sizeof path) {
        return;
    }
    char *expected = read_text(path);
    uint32_t line = expected == NULL ? 0 : scenario_difference(expected, world->trace.text);
    if (line != 0) {
        oracle_fail(&world->failure, FAILURE_EXPECTATION, "the trace differs from %s in line %u", path, (unsigned)line);
    }
    free(expected);
}

/* --- Verbs ---------------------------------------------------------------------------------------------------------- */

/* print_reproduction says how to see a failure again, on one line. */
static void print_reproduction(const struct options *options, uint64_t seed, const struct failure *failure)
{
    if (options->scenario != NULL) {
        fprintf(stderr, "ward-sim: %s: %s; ward-sim trace --scenario %s\n", failure_word(failure->kind), failure->text, options->scenario);
    } else if (options->replicas != 0) {
        fprintf(stderr, "ward-sim: %s: %s; ward-sim trace --seed %llu --replicas %u\n", failure_word(failure->kind), failure->text, (unsigned long long)seed,
                (unsigned)options->replicas);
    } else {
        fprintf(stderr, "ward-sim: %s: %s; ward-sim trace --seed %llu\n", failure_word(failure->kind), failure->text, (unsigned long long)seed);
    }
}

static int verb_run(const struct options *options)
{
    static struct world world;
    static struct swarm_result result;
    int code;

    if (options->scenario != NULL) {
        if (!play_scenario(options, &world, &code)) {
            return code;
        }
        compare_trace(options->scenario, &world);
        world_result(&world, &result);
        world_close(&world);
    } else if (options->seed != UINT64_MAX) {
        swarm_run(options->seed, options->replicas, &result);
    } else {
        return usage(options, "run needs --seed or --scenario", "");
    }
    if (result.failure.kind != FAILURE_NONE) {
        print_reproduction(options, result.seed, &result.failure);
    }
    return report_run(stdout, &result, options->json) ? failure_exit(&result.failure) : EXIT_RESOURCE;
}

static void run_seed(const struct options *options, struct campaign *campaign, uint64_t seed)
{
    static struct swarm_result result, again;

    swarm_run(seed, options->replicas, &result);
    campaign_add(campaign, &result);
    if (result.failure.kind != FAILURE_NONE) {
        print_reproduction(options, seed, &result.failure);
    }
    if ((seed - options->seed) % options->twice_every == 0) {
        swarm_run(seed, options->replicas, &again);
        campaign->determinism_checked++;
        if (again.hash != result.hash || again.events != result.events) {
            campaign->determinism_broken++;
            fprintf(stderr, "ward-sim: two runs of seed %llu differ: %016llx and %016llx\n", (unsigned long long)seed, (unsigned long long)result.hash,
                    (unsigned long long)again.hash);
        }
    }
}

static int verb_swarm(const struct options *options)
{
    static struct campaign campaign;
    uint64_t start_ns = clock_mono_ns();

    if (options->seed == UINT64_MAX || options->seed_last < options->seed) {
        return usage(options, "swarm needs --seeds A..B", "");
    }
    campaign.seed_first = options->seed;
    campaign.seed_last = options->seed_last;
    for (uint64_t seed = options->seed; seed <= options->seed_last; seed++) {
        run_seed(options, &campaign, seed);
    }
    campaign.wall_ns = clock_mono_ns() - start_ns;
    if (!report_campaign(stdout, &campaign, options->json)) {
        return EXIT_RESOURCE;
    }
    return campaign.failed > 0 ? failure_exit(&campaign.failure) : campaign.determinism_broken > 0 ? EXIT_SIM_DETERMINISM : EXIT_FINE;
}

static int verb_trace(const struct options *options)
{
    static struct swarm_story story;
    static struct world world;
    int code;

    if (options->json) {
        return usage(options, "a trace is text: cannot use ", "--json");
    }
    if (options->scenario != NULL) {
        if (!play_scenario(options, &world, &code)) {
            return code;
        }
    } else if (options->seed != UINT64_MAX) {
        swarm_draw(&story, options->seed, options->replicas);
        story.plan.trace = level_of(options->level, TRACE_STORY);
        swarm_play(&story, &world);
    } else {
        return usage(options, "trace needs --seed or --scenario", "");
    }
    bool printed = fputs(world.trace.text, stdout) != EOF && fflush(stdout) == 0;
    code = failure_exit(&world.failure);
    if (code != EXIT_FINE) {
        fprintf(stderr, "ward-sim: %s: %s\n", failure_word(world.failure.kind), world.failure.text);
    }
    world_close(&world);
    return printed ? code : EXIT_RESOURCE;
}

/* begin finds the verb, and --json wherever it stands, so that even the first error is told as asked for. */
static const struct verb *begin(struct options *options, int argc, char **argv)
{
    const struct verb *verb = argc < 2 ? NULL : verb_find(argv[1]);

    *options = (struct options){ .seed = UINT64_MAX, .twice_every = 1, .verb = verb == NULL ? NULL : verb->name };
    for (int i = 1; i < argc; i++) {
        options->json = options->json || strcmp(argv[i], "--json") == 0;
    }
    return verb;
}

int main(int argc, char **argv)
{
    struct options options;
    const struct verb *verb = begin(&options, argc, argv);

    if (argc < 2) {
        return usage(&options, "a verb is missing: run, swarm or trace", "");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return help(argc > 2 ? verb_find(argv[2]) : NULL);
    }
    if (strcmp(argv[1], "--version") == 0) {
        return printf("ward-sim %s\n", WARD_VERSION) < 0 ? EXIT_RESOURCE : EXIT_FINE;
    }
    if (verb == NULL) {
        return usage(&options, "no such verb: ", argv[1]);
    }
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        return help(verb);
    }
    int code = parse(&options, argc, argv);
    return code == EXIT_FINE ? verb->run(&options) : code;
}
