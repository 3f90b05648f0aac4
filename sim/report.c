/* report.c: see report.h. */
#include "sim/report.h"

#include "base/assert.h"
#include "base/exit.h"
#include "sim/build_id.h"
#include "sim/campaign/sometimes.h"

#include <jansson.h>
#include <string.h>

const char *failure_word(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_NONE: return "none";
    case FAILURE_SAFETY: return "safety";
    case FAILURE_LIVENESS: return "liveness";
    case FAILURE_EXPECTATION: return "expectation";
    }
    return "none";
}

int failure_exit(const struct failure *failure)
{
    switch (failure->kind) {
    case FAILURE_NONE: return EXIT_FINE;
    case FAILURE_SAFETY: return EXIT_SIM_SAFETY;
    case FAILURE_LIVENESS: return EXIT_SIM_LIVENESS;
    case FAILURE_EXPECTATION: return EXIT_NO;
    }
    return EXIT_FINE;
}

/* kinds_of gives how many kinds of fault befell a seed. */
static uint32_t kinds_of(const struct swarm_result *result)
{
    const uint64_t faults[] = { result->liars, result->twins, result->crashes, result->partitions, result->clock_steps, result->clogs, result->oneways, result->overflows,
        result->breaks, result->losses, result->rots, result->fills, result->spoils[SPOIL_VOTE] + result->spoils[SPOIL_CERTIFICATE], result->spoils[SPOIL_SECTOR],
        result->spoils[SPOIL_WRITE] + result->spoils[SPOIL_READ] };
    uint32_t kinds = 0;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        kinds += faults[i] > 0;
    }
    return kinds;
}

static void add(struct campaign *campaign, const struct swarm_result *result)
{
    campaign->seeds++;
    median_add(&campaign->seconds, result->simulated_ns / 1000000000);
    median_add(&campaign->commits, result->blocks);
    median_add(&campaign->kinds, kinds_of(result));
    campaign->simulated_ns += result->simulated_ns;
    campaign->blocks += result->blocks;
    campaign->commands += result->commands;
    campaign->crashes += result->crashes;
    campaign->restarts += result->restarts;
    campaign->partitions += result->partitions;
    campaign->hash = fact_name(campaign->hash, result->seed, result->hash, result->events);
    uint64_t *hash = result->fast_crypto ? &campaign->hash_fast : &campaign->hash_real;
    *hash = fact_name(*hash, result->seed, result->hash, result->events);
    campaign->seeds_real += !result->fast_crypto;
    for (int i = 0; i < MARK_COUNT; i++) {
        campaign->marks[i] += result->marks[i];
    }
    campaign->snapshots += result->snapshots;
    campaign->lying_seeds += result->liars > 0 ? 1 : 0;
    campaign->twin_seeds += result->twins > 0 ? 1 : 0;
    campaign->conflicts += result->conflicts;
    campaign->clock_steps += result->clock_steps;
    campaign->clogs += result->clogs;
    campaign->oneways += result->oneways;
    campaign->overflows += result->overflows;
    campaign->breaks += result->breaks;
    campaign->losses += result->losses;
    campaign->reads += result->reads;
    campaign->inquiries += result->inquiries;
    campaign->measured += result->measured;
    campaign->rots += result->rots;
    campaign->fills += result->fills;
    campaign->abstentions += result->abstentions;
    for (int i = 0; i < SPOIL_COUNT; i++) {
        campaign->spoils[i] += result->spoils[i];
    }
    for (int i = 0; i < PAIR_COUNT; i++) {
        campaign->pairs[i] += result->pairs[i];
    }
    for (int i = 0; i < LIE_COUNT; i++) {
        campaign->lies[i] += result->lies[i];
    }
    for (int i = 0; i < CONSENT_MARKS; i++) {
        campaign->consent[i] += result->consent[i];
    }
    if (result->failure.kind != FAILURE_NONE && campaign->failed++ == 0) {
        campaign->failure = result->failure;
        campaign->first_failed = result->seed;
    }
}

void campaign_add(struct campaign *campaign, const struct swarm_result *result)
{
    static struct campaign alone;

    memset(&alone, 0, sizeof alone);
    add(&alone, result);
    sometimes_note(campaign, &alone);
    add(campaign, result);
}

/* --- JSON ----------------------------------------------------------------------------------------------------------- */

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *marks_of(const uint64_t marks[MARK_COUNT])
{
    json_t *object = json_object();

    for (int i = 0; i < MARK_COUNT; i++) {
        json_object_set_new(object, mark_word((enum mark)i), number(marks[i]));
    }
    return object;
}

static json_t *counts_of(const struct naming *names, uint32_t names_count, const uint64_t *counts)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < names_count; i++) {
        json_object_set_new(object, names[i].word, number(counts[i]));
    }
    return object;
}

static json_t *consent_of(const uint64_t marks[CONSENT_MARKS])
{
    json_t *object = json_object();

    for (int i = 0; i < CONSENT_MARKS; i++) {
        json_object_set_new(object, consent_word((enum consent_mark)i), number(marks[i]));
    }
    return object;
}

/* faults_of tells of what befell clocks, network and disks beside crashes and partitions. */
static json_t *faults_of(const struct campaign *c)
{
    return json_pack("{so so so so so so so so so so so so}", "twin_seeds", number(c->twin_seeds), "conflicting_votes", number(c->conflicts), "clocks_set", number(c->clock_steps),
                     "messages_clogged", number(c->clogs), "messages_unheard", number(c->oneways), "messages_overflowed", number(c->overflows), "connections_spoiled",
                     number(c->breaks), "disks_lost", number(c->losses), "blocks_rotten", number(c->rots), "disks_full", number(c->fills),
                     "spoilt", counts_of(spoil_names, SPOIL_COUNT, c->spoils), "abstentions", number(c->abstentions));
}

/* reached_of tells how many seeds took each rare path. */
static json_t *reached_of(const struct campaign *campaign)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < sometimes_count(); i++) {
        json_object_set_new(object, sometimes_name(i), number(campaign->reached[i]));
    }
    return object;
}

/* missing_of names each rare path that so many seeds should have taken and never did. */
static json_t *missing_of(const struct campaign *campaign)
{
    json_t *names = json_array();
    uint32_t at = 0;

    for (const char *name = sometimes_missing(campaign, &at); name != NULL; name = sometimes_missing(campaign, &at)) {
        json_array_append_new(names, json_string(name));
    }
    return names;
}

static json_t *hash_of(uint64_t hash)
{
    char text[17];

    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    return json_string(text);
}

static json_t *failure_of(const struct failure *failure)
{
    return failure->kind == FAILURE_NONE ? json_null() : json_pack("{ss ss}", "kind", failure_word(failure->kind), "text", failure->text);
}

static bool print(FILE *stream, json_t *object)
{
    ASSERT(object != NULL);
    int failed = json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    return failed == 0 && fputc('\n', stream) != EOF && fflush(stream) == 0;
}

static bool run_json(FILE *stream, const struct swarm_result *result)
{
    return print(stream, json_pack("{ss sb so si ss ss so so so so so so so so so so so so si so si so so}", "schema", "ward.sim.run/1", "ok", result->failure.kind == FAILURE_NONE,
                                   "seed", number(result->seed), "replicas", (int)result->replicas, "crypto", result->fast_crypto ? "fast" : "real", "build", build_id(), "configuration",
                                   hash_of(result->configuration), "failure", failure_of(&result->failure),
                                   "simulated_seconds", json_real((double)result->simulated_ns / 1e9), "commits", number(result->blocks),
                                   "commands", number(result->commands), "messages", number(result->messages), "crashes", number(result->crashes),
                                   "restarts", number(result->restarts), "partitions", number(result->partitions), "events", number(result->events),
                                   "hash", hash_of(result->hash), "marks", marks_of(result->marks), "liars", (int)result->liars, "lies", counts_of(lie_names, LIE_COUNT, result->lies),
                                   "twins", (int)result->twins, "cpu_seconds", json_real((double)result->cpu_ns / 1e9), "consent", consent_of(result->consent)));
}

/* medians_of tells what the seed in the middle came to. */
static json_t *medians_of(const struct campaign *c)
{
    return json_pack("{so so so}", "simulated_seconds", number(median_value(&c->seconds)), "commits", number(median_value(&c->commits)), "kinds_of_fault",
                     number(median_value(&c->kinds)));
}

static bool campaign_json(FILE *stream, const struct campaign *c)
{
    return print(stream, json_pack("{ss sb so so so so so so so so so so so so so so so ss so so so so so so so so so so so so so so}", "schema", "ward.sim.swarm/1", "ok",
                                   c->failed == 0 && c->determinism_broken == 0, "first_seed", number(c->seed_first), "last_seed", number(c->seed_last),
                                   "seeds", number(c->seeds), "failed", number(c->failed), "first_failed_seed", c->failed > 0 ? number(c->first_failed) : json_null(),
                                   "failure", failure_of(&c->failure), "simulated_seconds", json_real((double)c->simulated_ns / 1e9),
                                   "wall_seconds", json_real((double)c->wall_ns / 1e9), "commits", number(c->blocks), "commands", number(c->commands),
                                   "crashes", number(c->crashes), "partitions", number(c->partitions), "hash", hash_of(c->hash),
                                   "hash_fast", hash_of(c->hash_fast), "hash_real", hash_of(c->hash_real), "build", build_id(),
                                   "marks", marks_of(c->marks), "determinism_checked", number(c->determinism_checked),
                                   "lying_seeds", number(c->lying_seeds), "lies", counts_of(lie_names, LIE_COUNT, c->lies), "faults", faults_of(c), "pairs", counts_of(pair_names, PAIR_COUNT, c->pairs),
                                   "reached", reached_of(c), "missing", missing_of(c), "reads", number(c->reads), "inquiries", number(c->inquiries), "measured", number(c->measured), "cpu_seconds",
                                   json_real((double)c->cpu_ns / 1e9), "median", medians_of(c), "consent", consent_of(c->consent)));
}

/* --- Text ----------------------------------------------------------------------------------------------------------- */

static void marks_text(FILE *stream, const uint64_t marks[MARK_COUNT])
{
    fprintf(stream, "marks    ");
    for (int i = 0; i < MARK_COUNT; i++) {
        fprintf(stream, " %s %llu", mark_word((enum mark)i), (unsigned long long)marks[i]);
    }
    fprintf(stream, "\n");
}

static void lies_text(FILE *stream, const uint64_t lies[LIE_COUNT])
{
    fprintf(stream, "lies     ");
    for (int i = 0; i < LIE_COUNT; i++) {
        if (lies[i] > 0) {
            fprintf(stream, " %s %llu", lie_names[i].word, (unsigned long long)lies[i]);
        }
    }
    fprintf(stream, "\n");
}

/* consent_text tells nothing of a story without consents. */
static void consent_text(FILE *stream, const uint64_t marks[CONSENT_MARKS])
{
    if (marks[CONSENT_AUDITED] == 0) {
        return;
    }
    fprintf(stream, "consent  ");
    for (int i = 0; i < CONSENT_MARKS; i++) {
        fprintf(stream, " %s %llu", consent_word((enum consent_mark)i), (unsigned long long)marks[i]);
    }
    fprintf(stream, "\n");
}

bool report_run(FILE *stream, const struct swarm_result *result, bool json)
{
    if (json) {
        return run_json(stream, result);
    }
    fprintf(stream, "seed %llu: %s%s%s\n", (unsigned long long)result->seed, result->failure.kind == FAILURE_NONE ? "fine" : failure_word(result->failure.kind),
            result->failure.kind == FAILURE_NONE ? "" : ": ", result->failure.text);
    fprintf(stream, "replicas  %u\nsimulated %llu ms in %llu ms of CPU time\nblocks    %llu\ncommands  %llu\nmessages  %llu\ncrashes   %llu\ncrypto    %s\nhash      %016llx\n", (unsigned)result->replicas,
            (unsigned long long)(result->simulated_ns / 1000000), (unsigned long long)(result->cpu_ns / 1000000), (unsigned long long)result->blocks, (unsigned long long)result->commands,
            (unsigned long long)result->messages, (unsigned long long)result->crashes, result->fast_crypto ? "fast" : "real",
            (unsigned long long)result->hash);
    marks_text(stream, result->marks);
    if (result->liars > 0) {
        lies_text(stream, result->lies);
    }
    consent_text(stream, result->consent);
    return fflush(stream) == 0;
}

bool report_campaign(FILE *stream, const struct campaign *campaign, bool json)
{
    if (json) {
        return campaign_json(stream, campaign);
    }
    fprintf(stream, "seeds     %llu, failed %llu, run twice %llu, of these different %llu\n", (unsigned long long)campaign->seeds, (unsigned long long)campaign->failed,
            (unsigned long long)campaign->determinism_checked, (unsigned long long)campaign->determinism_broken);
    fprintf(stream, "simulated %llu s in %llu s, %llu s of CPU time\nthe median %llu s, %llu blocks, %llu kinds of fault\nblocks    %llu\ncommands  %llu\ncrashes   %llu\nhash      %016llx (fast crypto %016llx, real %016llx of %llu seeds)\n",
            (unsigned long long)(campaign->simulated_ns / 1000000000), (unsigned long long)(campaign->wall_ns / 1000000000), (unsigned long long)(campaign->cpu_ns / 1000000000),
            (unsigned long long)median_value(&campaign->seconds), (unsigned long long)median_value(&campaign->commits), (unsigned long long)median_value(&campaign->kinds),
            (unsigned long long)campaign->blocks,
            (unsigned long long)campaign->commands, (unsigned long long)campaign->crashes, (unsigned long long)campaign->hash,
            (unsigned long long)campaign->hash_fast, (unsigned long long)campaign->hash_real, (unsigned long long)campaign->seeds_real);
    marks_text(stream, campaign->marks);
    lies_text(stream, campaign->lies);
    consent_text(stream, campaign->consent);
    return fflush(stream) == 0;
}

bool report_trace(FILE *stream, uint64_t seed, const struct failure *failure, const char *text, const char *file)
{
    json_t *lines = json_array();

    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        json_array_append_new(lines, json_stringn(text, size));
        text += size + (text[size] == '\n');
    }
    return print(stream, json_pack("{ss so so ss? so}", "schema", "ward.sim.trace/1", "seed", number(seed), "failure", failure_of(failure), "file", file, "lines", lines));
}

static json_t *size_of(const struct shrink_size *size)
{
    return json_pack("{si si si si so so}", "steps", (int)size->steps, "commands", (int)size->commands, "message_faults", (int)size->faults, "replicas",
                     (int)size->replicas, "simulated_seconds", json_real((double)size->simulated_ns / 1e9), "events", number(size->events));
}

bool report_shrink(FILE *stream, const struct shrink_report *report, const char *path)
{
    return print(stream, json_pack("{ss ss so so so si sb}", "schema", "ward.sim.shrink/1", "file", path, "failure", failure_of(&report->failure), "before",
                                   size_of(&report->before), "after", size_of(&report->after), "runs", (int)report->runs, "complete", report->complete));
}

bool report_replay(FILE *stream, const struct replay_report *report, const struct failure *failure, bool json)
{
    if (json) {
        return print(stream, json_pack("{ss sb so so so so so ss? ss? so}", "schema", "ward.sim.replay/1", "same", !report->parted, "events", number(report->events),
                                       "decisions", number(report->decisions), "new_decisions", number(report->fresh), "event",
                                       report->parted ? number(report->event) : json_null(), "build", json_string(build_id()), "recorded",
                                       report->parted ? report->expected : NULL, "found", report->parted ? report->found : NULL, "failure", failure_of(failure)));
    }
    if (report->parted) {
        fprintf(stream, "parts at event %llu\n  recorded  %s\n  here      %s\n", (unsigned long long)report->event, report->expected, report->found);
    } else {
        fprintf(stream, "the same %llu events\n", (unsigned long long)report->events);
    }
    fprintf(stream, "decisions %llu, and %llu that the record does not know\nends      %s%s%s\n", (unsigned long long)report->decisions,
            (unsigned long long)report->fresh, failure->kind == FAILURE_NONE ? "fine" : failure_word(failure->kind), failure->kind == FAILURE_NONE ? "" : ": ", failure->text);
    return fflush(stream) == 0;
}

bool report_about(FILE *stream, const char *what, const char *text)
{
    json_t *schema = json_sprintf("ward.sim.%s/1", what);

    return print(stream, json_pack("{s:o, s:s, s:s, s:s*}", "schema", schema, "version", WARD_VERSION, "build", build_id(), "text", text));
}

bool report_error(FILE *stream, const char *verb, int exit_code, const char *message)
{
    return print(stream, json_pack("{s:s, s:s?, s:i, s:s}", "schema", "ward.error/1", "command", verb, "exit", exit_code, "message", message));
}
