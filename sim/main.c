/* main.c: `ward-sim`: whole clusters of the production code under one seed. Exit codes: 0 fine, 1 an expectation of a scenario fails, 20 safety,
 * 21 liveness, 22 two runs of one seed differ, 2 usage, 3 a file cannot be read or its directory is not there, 5 a file to be written is there already,
 * 8 out of disk or memory, 9 permission. */
#include "base/assert.h"
#include "base/exit.h"
#include "sim/build_id.h"
#include "sim/report.h"
#include "sim/verbs.h"

#include <malloc.h>
#include <string.h>

struct verb {
    const char *name, *text;
    int (*run)(const struct order *order);
};

static const struct verb verbs[] = {
    { "run",
      "  ward-sim run --seed N [--replicas N] [--crypto fast|real] [--acts 1|2] [--record FILE] [--json]\n"
      "                                                          the story that the seed draws; --acts 1: its first act alone\n"
      "  ward-sim run --scenario FILE [--seed N] [--crypto fast|real] [--record FILE] [--json]\n"
      "                                                          a story that somebody wrote; its trace is compared with FILE's neighbour in .trace\n"
      "                                                          when the seed is that of the file\n",
      verb_run },
    { "swarm",
      "  ward-sim swarm --seeds A..B | --budget 60s|5min|2h [--jobs J] [--shard i/k] [--twice N] [--replicas N[,N...]] [--crypto fast|real]\n"
      "                 [--acts 1|2] [--junit FILE] [--json]     many seeds; every N-th (default 1: each) runs twice and must not differ\n"
      "  ward-sim swarm --scenario FILE --seeds A..B | --budget TIME [...]\n"
      "                                                          one story with the chance of many seeds\n",
      verb_swarm },
    { "replay",
      "  ward-sim replay FILE [--json]                           plays what run --record FILE wrote, decision by decision, and says where this build parts (22)\n",
      verb_replay },
    { "shrink",
      "  ward-sim shrink --seed N | --scenario FILE [--replicas N] [--crypto fast|real] [--acts 1|2] [--budget TIME] [-o FILE] [--json]\n"
      "                                                          the smallest schedule that still fails, as a scenario; 1 when nothing fails\n",
      verb_shrink },
    { "trace",
      "  ward-sim trace --seed N | --scenario FILE [--replicas N] [--crypto fast|real] [--acts 1|2] [--level turns|story|messages] [-o FILE] [--json]\n"
      "                                                          the story, one line for each step; FILE.svg: a diagram; FILE.html: a page that steps through it\n",
      verb_trace },
    { "attacks",
      "  ward-sim attacks [NAME] [--run] [--seed N] [--json]     the library of attacks; --run plays each, then the control with a liar too many\n",
      verb_attacks },
    { "explore",
      "  ward-sim explore [--liar 0|1|2|3|nobody] [--views N] [--heights N] [--variants N] [--learns] [--over] [--plain]\n"
      "                   [--states N] [--budget TIME] [-o FILE] [--json]\n"
      "                                                          every run of four replicas within these bounds; what breaks a rule is written to FILE\n"
      "  ward-sim explore FILE [--json]                          plays such a FILE again\n",
      verb_explore },
    { "twins",
      "  ward-sim twins [--seeds A..B | --budget TIME] [--over] [--json]\n"
      "                                                          the core of four replicas, one of them in two places with one key, under many drawn plans of seven views\n"
      "  ward-sim twins --seed N [--over] [--json]               one of them, decision by decision\n",
      verb_twins },
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static const char codes_text[] =
    "\n"
    "Exit: 0 fine, 1 an expectation of the scenario fails, 20 safety, 21 liveness, 22 two runs of one seed differ, 2 usage,\n"
    "3 a file cannot be read or its directory is not there, 5 a file to be written is there already, 8 out of disk or memory, 9 permission.\n"
    "With --json an error is an object too (ward.error/1).\n";

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
static int help(const struct order *order, const struct verb *verb)
{
    static char text[8192];
    size_t used = 0;

    if (verb == NULL) {
        used += (size_t)snprintf(text, sizeof text, "ward-sim: a virtual cluster of the production code, under one seed\n\n");
    }
    for (size_t i = 0; i < VERBS; i++) {
        if (verb == NULL || verb == &verbs[i]) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", verbs[i].text);
            ASSERT(used < sizeof text);
        }
    }
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", codes_text);
    ASSERT(used < sizeof text);
    bool printed = order->json ? report_about(stdout, "help", text) : fputs(text, stdout) != EOF && fflush(stdout) == 0;
    return printed ? EXIT_FINE : EXIT_RESOURCE;
}

static bool asks_help(const char *word) { return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0; }

/* help_about explains what `help VERB`, `--help VERB` or neither names; any other word is refused. */
static int help_about(const struct order *order, int argc, char **argv)
{
    const struct verb *verb = NULL;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") != 0 && !asks_help(argv[i])) {
            const struct verb *named = verb_find(argv[i]);
            if (named == NULL || verb != NULL) {
                return order_usage(order, named == NULL ? "no such verb: " : "help takes one verb, not also ", argv[i]);
            }
            verb = named;
        }
    }
    return help(order, verb);
}

static int version(const struct order *order)
{
    bool printed = order->json ? report_about(stdout, "version", NULL) : printf("ward-sim %s, build %s\n", WARD_VERSION, build_id()) > 0 && fflush(stdout) == 0;

    return printed ? EXIT_FINE : EXIT_RESOURCE;
}

/* begin finds the verb, and --json wherever it stands, so that even the first error is told as asked for. */
static const struct verb *begin(struct order *order, int argc, char **argv)
{
    const struct verb *verb = argc < 2 ? NULL : verb_find(argv[1]);

    *order = (struct order){ .verb = verb == NULL ? NULL : verb->name };
    order->plan = (struct crew_plan){ .seed_first = 1, .seed_last = UINT64_C(999999999999999999), .shard = 1, .shards = 1, .jobs = 1, .twice_every = 1, .seconds = 600 };
    for (int i = 1; i < argc; i++) {
        order->json = order->json || strcmp(argv[i], "--json") == 0;
    }
    return verb;
}

int main(int argc, char **argv)
{
    struct order order;
    const struct verb *verb = begin(&order, argc, argv);

    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20); /* What one world frees the next one takes; where that cannot be had it is merely slower. */
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    if (argc < 2) {
        return order_usage(&order, "a verb is missing", "");
    }
    if (asks_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        return help_about(&order, argc, argv);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        return version(&order);
    }
    if (verb == NULL) {
        return order_usage(&order, "no such verb: ", argv[1]);
    }
    for (int i = 2; i < argc; i++) {
        if (asks_help(argv[i])) {
            return help(&order, verb);
        }
    }
    int code = order_read(&order, argc, argv);
    return code == EXIT_FINE ? verb->run(&order) : code;
}
