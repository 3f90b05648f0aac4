/* order.c: see order.h. One table of names; each reads its value. */
#include "sim/order.h"

#include "base/exit.h"
#include "base/plain.h"
#include "sim/explore/census.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int order_fail(const struct order *order, int code, const char *format, ...)
{
    char raw[1024], message[4 * sizeof raw];
    va_list list;

    va_start(list, format);
    vsnprintf(raw, sizeof raw, format, list);
    va_end(list);
    (void)plain_copy(message, sizeof message, raw); /* A scenario may be anybody's. */
    fprintf(stderr, "ward-sim: %s\n", message);
    if (order->json && !report_error(stdout, order->verb, code, message)) {
        return EXIT_RESOURCE;
    }
    return code;
}

int order_usage(const struct order *order, const char *problem, const char *word)
{
    return order_fail(order, EXIT_USAGE, "%s%s; see ward-sim %s%s--help", problem, word, order->verb == NULL ? "" : order->verb, order->verb == NULL ? "" : " ");
}

struct swarm_case order_case(const struct order *order)
{
    return crew_case(&order->plan, order->seed);
}

/* --- Values --------------------------------------------------------------------------------------------------------- */

/* number_of reads decimal digits up to a character. Gives: where that stands, NULL when it is no such number. */
static const char *number_of(const char *text, char stop, uint64_t *number)
{
    char *end = NULL;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == stop && text[0] >= '0' && text[0] <= '9' && *number <= UINT64_C(999999999999999999) ? end : NULL;
}

static bool read_seed(struct order *order, const char *value)
{
    order->has_seed = number_of(value, '\0', &order->seed) != NULL;
    return order->has_seed;
}

static bool read_seeds(struct order *order, const char *value)
{
    struct crew_plan *plan = &order->plan;
    const char *dots = number_of(value, '.', &plan->seed_first);

    order->has_seeds = dots != NULL && dots[1] == '.' && number_of(dots + 2, '\0', &plan->seed_last) != NULL && plan->seed_last >= plan->seed_first;
    return order->has_seeds;
}

static bool read_budget(struct order *order, const char *value)
{
    static const struct { const char *unit; uint64_t seconds; } units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 } };
    uint64_t number = 0;
    size_t digits = strspn(value, "0123456789");

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(value + digits, units[i].unit) == 0 && number_of(value, value[digits], &number) != NULL && number >= 1 && number <= 1000000) {
            order->plan.budget_ns = number * units[i].seconds * UINT64_C(1000000000);
            return true;
        }
    }
    return false;
}

static bool read_u32(const char *value, uint64_t least, uint64_t most, uint32_t *out)
{
    uint64_t number = 0;
    bool fits = number_of(value, '\0', &number) != NULL && number >= least && number <= most;

    *out = (uint32_t)number;
    return fits;
}

static bool read_jobs(struct order *order, const char *value) { return read_u32(value, 1, CREW_JOBS_MAX, &order->plan.jobs); }
static bool read_twice(struct order *order, const char *value) { return read_u32(value, 1, 1000000, &order->plan.twice_every); }

static bool read_shard(struct order *order, const char *value)
{
    uint64_t shard = 0, shards = 0;
    const char *slash = number_of(value, '/', &shard);
    bool fits = slash != NULL && number_of(slash + 1, '\0', &shards) != NULL && shard >= 1 && shard <= shards && shards <= 100000;

    order->plan.shard = (uint32_t)shard;
    order->plan.shards = (uint32_t)shards;
    return fits;
}

/* read_replicas reads one size, or several with commas between them. */
static bool read_replicas(struct order *order, const char *value)
{
    struct crew_plan *plan = &order->plan;

    for (plan->sizes_count = 0; plan->sizes_count < CREW_SIZES_MAX;) {
        uint64_t size = 0;
        const char *end = number_of(value, ',', &size);
        bool last = end == NULL;
        if ((last && number_of(value, '\0', &size) == NULL) || size < MEMBERS_MIN || size > MEMBERS_MAX) {
            return false;
        }
        plan->sizes[plan->sizes_count++] = (uint32_t)size;
        if (last) {
            return true;
        }
        value = end + 1;
    }
    return false;
}

static bool read_crypto(struct order *order, const char *value)
{
    order->plan.crypto = strcmp(value, "fast") == 0 ? SWARM_CRYPTO_FAST : strcmp(value, "real") == 0 ? SWARM_CRYPTO_REAL : SWARM_CRYPTO_DRAWN;
    return order->plan.crypto != SWARM_CRYPTO_DRAWN || strcmp(value, "drawn") == 0;
}

static bool read_acts(struct order *order, const char *value)
{
    uint32_t acts = 0;
    bool fits = read_u32(value, 1, 2, &acts);

    order->plan.brief = acts == 1;
    return fits;
}

static bool read_level(struct order *order, const char *value)
{
    order->level = value;
    return strcmp(value, "turns") == 0 || strcmp(value, "story") == 0 || strcmp(value, "messages") == 0;
}

static bool read_views(struct order *order, const char *value) { return read_u32(value, 1, EXPLORE_VIEWS_MAX, &order->views); }
static bool read_heights(struct order *order, const char *value) { return read_u32(value, 1, 2, &order->heights); }
static bool read_variants(struct order *order, const char *value) { return read_u32(value, 1, 3, &order->variants); }
static bool read_states(struct order *order, const char *value) { return number_of(value, '\0', &order->states) != NULL && order->states >= 1 && order->states <= UINT32_MAX / 4; }
static bool read_liar(struct order *order, const char *value)
{
    order->liar = value;
    return strcmp(value, "nobody") == 0 || (strspn(value, "0123") == 1 && value[1] == '\0');
}

static bool read_scenario(struct order *order, const char *value) { order->scenario = value; return true; }
static bool read_junit(struct order *order, const char *value) { order->junit = value; return true; }
static bool read_record(struct order *order, const char *value) { order->record = value; return true; }
static bool read_out(struct order *order, const char *value) { order->out = value; return true; }

#define CASES "run, swarm, shrink or trace"

/* A name, what reads its value, what it takes and the verbs that have it, in words. */
static const struct name {
    const char *name;
    bool (*read)(struct order *order, const char *value);
    const char *takes, *verbs;
} names[] = {
    { "--seed", read_seed, "a number from 0 to 999999999999999999", "run, shrink, trace, attacks or twins" },
    { "--seeds", read_seeds, "A..B, numbers from 0 to 999999999999999999, B not below A", "swarm or twins" },
    { "--budget", read_budget, "a time such as 60s, 5min or 2h, a number from 1 to 1000000 before the unit", "swarm, shrink, explore or twins" },
    { "--jobs", read_jobs, "a number from 1 to 64", "swarm" },
    { "--twice", read_twice, "a number from 1 to 1000000", "swarm" },
    { "--shard", read_shard, "i/k with i from 1 to k, and k at most 100000", "swarm" },
    { "--replicas", read_replicas, "a number from 4 to 128, or several with commas between them", CASES },
    { "--crypto", read_crypto, "fast, real or drawn", CASES },
    { "--acts", read_acts, "1 or 2", CASES },
    { "--level", read_level, "turns, story or messages", "trace" },
    { "--scenario", read_scenario, "a file", CASES },
    { "--junit", read_junit, "a file", "swarm" },
    { "--record", read_record, "a file", "run" },
    { "-o", read_out, "a file", "shrink, trace or explore" },
    { "--liar", read_liar, "0, 1, 2, 3 or nobody", "explore" },
    { "--views", read_views, "a number from 1 to 4", "explore" },
    { "--heights", read_heights, "1 or 2", "explore" },
    { "--variants", read_variants, "1, 2 or 3", "explore" },
    { "--states", read_states, "a number from 1 to 1073741823", "explore" },
};
_Static_assert(MEMBERS_MIN == 4 && MEMBERS_MAX == 128, "what --replicas takes");
_Static_assert(CREW_JOBS_MAX == 64 && EXPLORE_VIEWS_MAX == 4, "what --jobs and --views take");
_Static_assert(UINT32_MAX / 4 == 1073741823, "what --states takes");

/* name_find. Gives: NULL when there is no such name. */
static const struct name *name_find(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return &names[i];
        }
    }
    return NULL;
}

/* has_verb tells whether a list in words has the verb. No verb is a part of another one. */
static bool has_verb(const char *verbs, const char *verb) { return strstr(verbs, verb) != NULL; }

/* read_named reads a name and its value, NULL when none follows. Gives: EXIT_FINE, or EXIT_USAGE and what would be right. */
static int read_named(struct order *order, const char *word, const char *value)
{
    char right[256];
    const struct name *name = name_find(word);

    if (name == NULL) {
        return order_usage(order, "cannot use ", word);
    }
    if (!has_verb(name->verbs, order->verb)) {
        snprintf(right, sizeof right, "%s: it belongs to %s", name->name, name->verbs);
        return order_usage(order, "cannot use ", right);
    }
    if (value != NULL && name->read(order, value)) {
        return EXIT_FINE;
    }
    snprintf(right, sizeof right, "%s %.60s: it takes %s", name->name, value == NULL ? "without a value" : value, name->takes);
    return order_usage(order, "cannot use ", right);
}

/* read_flag reads a word of `explore` or `twins` that takes no value. */
static bool read_flag(struct order *order, const char *verb, const char *name)
{
    bool explores = strcmp(verb, "explore") == 0, over = strcmp(name, "--over") == 0 && (explores || strcmp(verb, "twins") == 0);
    bool learns = explores && strcmp(name, "--learns") == 0, plain = explores && strcmp(name, "--plain") == 0;

    order->learns = order->learns || learns;
    order->over = order->over || over;
    order->plain = order->plain || plain;
    return learns || over || plain;
}

int order_read(struct order *order, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            order->json = true;
        } else if (strcmp(argv[i], "--run") == 0 && strcmp(argv[1], "attacks") == 0) {
            order->play = true;
        } else if (read_flag(order, argv[1], argv[i])) {
            continue;
        } else if (argv[i][0] != '-' && order->file == NULL && has_verb("attacks, explore or replay", order->verb)) {
            order->file = argv[i];
        } else {
            int code = read_named(order, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
            if (code != EXIT_FINE) {
                return code;
            }
            i++;
        }
    }
    return EXIT_FINE;
}
