/* absence.c: see absence.h. */
#include "bench/absence.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/meter.h"
#include "cli/pause.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MS_NS UINT64_C(1000000)

enum {
    PACE_MS = 3000,      /* of each pace, at least */
    AWAY_MS_MAX = 60000, /* until the others have let go */
    BACK_MS_MAX = 60000,
    LONG_MS_MAX = 540000, /* of either, where a number of blocks is asked for */
    STAGE_CHUNKS = 5     /* snapshot_fetch_stage while chunks come (node/snapshot_fetch.h) */
};

static bool fail(struct absence *absence, const char *what)
{
    snprintf(absence->problem, sizeof absence->problem, "member %u %.160s", absence->member, what);
    return false;
}

/* ask gives what a replica says of itself, "" when it does not answer; one that has installed a snapshot is started again on the way. */
static const char *ask(const struct absence *absence, uint32_t member)
{
    static char text[METER_TEXT_BYTES];

    return cluster_tend(&absence->bed->cluster, member) && meter_ask(&absence->bed->cluster, member, text, 1000) == ERR_OK ? text : "";
}

/* figure_of asks a replica for a figure; one that has installed a snapshot is started again on the way. */
static uint64_t figure_of(const struct absence *absence, uint32_t member, const char *name)
{
    return cluster_tend(&absence->bed->cluster, member) ? meter_figure_of(&absence->bed->cluster, member, name) : 0;
}

/* among_others gives the lowest or highest of a figure among all but the member. */
static uint64_t among_others(const struct absence *absence, const char *name, bool highest)
{
    uint64_t least = UINT64_MAX, most = 0;

    for (uint32_t i = 0; i < absence->bed->cluster.plan.replicas; i++) {
        uint64_t figure = i == absence->member ? 0 : figure_of(absence, i, name);
        least = i != absence->member && figure < least ? figure : least;
        most = figure > most ? figure : most;
    }
    return highest ? most : least;
}

/* --- Pace ------------------------------------------------------------------------------------------------------------ */

struct pace {
    uint64_t begin_ns, committed;
};

static struct pace pace_begin(const struct absence *absence) { return (struct pace){ clock_mono_ns(), absence->load->committed }; }

/* pace_end waits for the shortest stretch that says anything. Gives: commands in a second. */
static uint64_t pace_end(const struct absence *absence, const struct pace *pace)
{
    uint64_t passed_ms = (clock_mono_ns() - pace->begin_ns) / MS_NS;

    if (passed_ms < PACE_MS) {
        pause_ms(PACE_MS - passed_ms);
    }
    return (absence->load->committed - pace->committed) * 1000 * MS_NS / (clock_mono_ns() - pace->begin_ns);
}

/* --- Going and coming ------------------------------------------------------------------------------------------------ */

static void end(struct absence *absence)
{
    cluster_signal(&absence->bed->cluster, absence->member, SIGKILL);
    (void)cluster_reap(&absence->bed->cluster, absence->member, 5000);
}

/* is_gone: it missed the blocks that are asked for; else nobody holds the block behind `height` any more, and a snapshot above it is there. */
static bool is_gone(const struct absence *absence, uint64_t height)
{
    if (absence->missed_min > 0) {
        return among_others(absence, "executed_height", false) >= height + absence->missed_min;
    }
    return among_others(absence, "blocks_from_height", false) > height + 1 && among_others(absence, "snapshot_height", false) > height;
}

static bool stay_away(struct absence *absence, uint64_t height)
{
    uint64_t end_ns = clock_mono_ns() + (absence->missed_min > 0 ? LONG_MS_MAX : AWAY_MS_MAX) * MS_NS;

    while (!is_gone(absence, height)) {
        pause_ms(50);
        if (clock_mono_ns() > end_ns) {
            return fail(absence, absence->missed_min > 0 ? "was away for nine minutes, and that were fewer blocks than it was to miss"
                                                         : "was away for a minute, and the others still have its next block or no snapshot");
        }
    }
    return true;
}

static bool start(struct absence *absence)
{
    if (cluster_start(&absence->bed->cluster, absence->member) != ERR_OK || cluster_ready(&absence->bed->cluster, absence->member, 20000) != ERR_OK) {
        return fail(absence, absence->bed->cluster.problem);
    }
    return true;
}

/* cut kills it once chunks come. It may be too quick for us: then `cut` stays false. */
static bool cut(struct absence *absence, uint64_t height)
{
    uint64_t end_ns = clock_mono_ns() + BACK_MS_MAX * MS_NS, stage = 0, have = 0;

    while (!absence->cut) {
        const char *text = ask(absence, absence->member);
        uint64_t based = 0;
        bool told = meter_figure(text, "snapshot_fetch_stage", &stage) && meter_figure(text, "snapshot_fetch_have", &have) &&
                    meter_figure(text, "base_height", &based);
        if (told && based > height) {
            return true;
        }
        absence->cut = told && stage == STAGE_CHUNKS && have > 0;
        if (clock_mono_ns() > end_ns) {
            return fail(absence, "does not begin to fetch a snapshot");
        }
    }
    end(absence);
    return start(absence);
}

static bool come_back(struct absence *absence, uint64_t wanted, uint64_t begin_ns)
{
    uint64_t executed = 0, end_ns = begin_ns + (absence->missed_min > 0 ? LONG_MS_MAX : BACK_MS_MAX) * MS_NS;

    while (executed < wanted) {
        const char *text = ask(absence, absence->member);
        executed = meter_figure(text, "executed_height", &executed) ? executed : 0;
        if (clock_mono_ns() > end_ns) {
            char reason[120] = "?";
            (void)meter_word(text, "snapshot_fetch_reason", reason, sizeof reason);
            snprintf(absence->problem, sizeof absence->problem, "member %u stands at %llu of %llu: %s", absence->member, (unsigned long long)executed,
                     (unsigned long long)wanted, reason);
            return false;
        }
        pause_ms(5);
    }
    absence->back_ms = (clock_mono_ns() - begin_ns) / MS_NS;
    return true;
}

bool absence_play(struct absence *absence)
{
    struct pace pace = pace_begin(absence);

    ASSERT(absence->member < absence->bed->cluster.plan.replicas);
    absence->before_per_s = pace_end(absence, &pace);
    uint64_t height = figure_of(absence, absence->member, "executed_height");
    end(absence);
    if (!stay_away(absence, height)) {
        return false;
    }
    if (absence->kind == ABSENCE_DISK && cluster_lose_store(&absence->bed->cluster, absence->member) != ERR_OK) {
        return fail(absence, absence->bed->cluster.problem);
    }
    uint64_t wanted = among_others(absence, "executed_height", true), begin_ns = clock_mono_ns();
    absence->missed_blocks = wanted - (absence->kind == ABSENCE_DISK ? 0 : height);
    pace = pace_begin(absence);
    bool back = start(absence) && (absence->kind != ABSENCE_DISK || cut(absence, 0)) && come_back(absence, wanted, begin_ns);
    absence->back_per_s = pace_end(absence, &pace);
    absence->by_snapshot = figure_of(absence, absence->member, "base_height") > height;
    return back;
}
