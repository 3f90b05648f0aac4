/* report_twins.c: runs with a member in two places as one object, and as lines for a reader; see report.h. */
#include "sim/report.h"

#include "base/assert.h"
#include "sim/build_id.h"

#include <jansson.h>

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static double seconds(const struct twins_campaign *campaign)
{
    return (double)campaign->cpu_ns / 1e9;
}

static bool as_object(FILE *stream, const struct twins_campaign *campaign)
{
    bool failed = campaign->failed > 0;
    json_t *found = !failed ? json_null() : json_pack("{so ss ss}", "seed", number(campaign->first_failed), "kind", failure_word(campaign->failure.kind), "text", campaign->failure.text);
    json_t *object = json_pack("{ss sb so so so so sb so so so so so so so ss so}", "schema", "ward.sim.twins/1", "ok", !failed, "seed_first", number(campaign->seed_first),
        "seed_last", number(campaign->seed_last), "seeds", number(campaign->seeds), "failed", number(campaign->failed), "over", campaign->over, "arrived", number(campaign->arrived),
        "conflicting", number(campaign->conflicting), "views", number(campaign->views), "blocks", number(campaign->blocks), "rounds", number(campaign->rounds), "heard",
        number(campaign->heard), "cpu_seconds", json_real(seconds(campaign)), "build", build_id(), "failure", found);

    ASSERT(object != NULL);
    int wrong = json_dumpf(object, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    return wrong == 0 && fputc('\n', stream) != EOF && fflush(stream) == 0;
}

static bool as_text(FILE *stream, const struct twins_campaign *campaign)
{
    double runs = (double)campaign->seeds;

    fprintf(stream, "seeds %llu..%llu%s: %llu runs, %llu failed, %.2f s of CPU\n", (unsigned long long)campaign->seed_first, (unsigned long long)campaign->seed_last,
            campaign->over ? " with two members twice" : "", (unsigned long long)campaign->seeds, (unsigned long long)campaign->failed, seconds(campaign));
    fprintf(stream, "  a run: %.1f views, %.1f blocks, %.1f rounds, %.1f lines heard; %llu came to the last view, in %llu a member votes against itself\n", (double)campaign->views / runs,
            (double)campaign->blocks / runs, (double)campaign->rounds / runs, (double)campaign->heard / runs, (unsigned long long)campaign->arrived, (unsigned long long)campaign->conflicting);
    if (campaign->failed > 0) {
        fprintf(stream, "  %s: %s\n  ward-sim twins --seed %llu%s\n", failure_word(campaign->failure.kind), campaign->failure.text, (unsigned long long)campaign->first_failed,
                campaign->over ? " --over" : "");
    }
    return fflush(stream) == 0;
}

bool report_twins(FILE *stream, const struct twins_campaign *campaign, bool json)
{
    ASSERT(campaign->seeds > 0);
    return json ? as_object(stream, campaign) : as_text(stream, campaign);
}
