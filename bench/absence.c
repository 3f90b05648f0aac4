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
    LONG_PACE_MS = 8000, /* where a number of blocks is asked for */
    LONG_POLL_MS = 250,  /* a question costs the fold of a state */
    WINDOW_AWAY = 3,     /* closed loop: on their way while it is away, so that blocks are many and small */
    AWAY_MS_MAX = 180000, /* until the others have let go */
    BACK_MS_MAX = 60000,
    LONG_MS_MAX = 1500000, /* of either, where a number of blocks is asked for */
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
    uint64_t passed_ms = (clock_mono_ns() - pace->begin_ns) / MS_NS, least_ms = absence->missed_min > 0 ? LONG_PACE_MS : PACE_MS;

    if (passed_ms < least_ms) {
        pause_ms(least_ms - passed_ms);
    }
    return (absence->load->committed - pace->committed) * 1000 * MS_NS / (clock_mono_ns() - pace->begin_ns);
}

static uint64_t pace_now(const struct absence *absence)
{
    struct pace pace = pace_begin(absence);

    return pace_end(absence, &pace);
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
        pause_ms(absence->missed_min > 0 ? LONG_POLL_MS : 50);
        if (absence->away != NULL) {
            absence->away(absence->context);
        }
        if (clock_mono_ns() > end_ns) {
            return fail(absence, absence->missed_min > 0 ? "was away for 25 minutes, and that were fewer blocks than it was to miss"
                                                         : "was away for three minutes, and the others still have its next block or no snapshot");
        }
    }
    return true;
}

/* miss keeps it away until it missed enough; then the load is full again, and its pace without the member known. */
static bool miss(struct absence *absence, uint64_t height)
{
    if (absence->window > 0) {
        load_window(absence->load, WINDOW_AWAY);
    }
    bool missed = stay_away(absence, height);
    if (missed && absence->missed != NULL) {
        absence->missed(absence->context);
    }
    if (absence->window > 0) {
        load_window(absence->load, absence->window);
    }
    if (missed && absence->missed_min > 0) {
        absence->away_per_s = pace_now(absence);
    }
    return missed;
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

/* come_back waits until it stands where the others were when it was started; after a long absence, where they were a moment ago, so that nothing is left to be fetched. The others are asked
 * only when it stands where they were when they were last asked: a question costs them the fold of a state, and their pace is what is measured. */
static bool come_back(struct absence *absence, uint64_t wanted, uint64_t begin_ns)
{
    bool far = absence->missed_min > 0, fresh = false; /* `wanted` is where the others were a moment ago */
    uint64_t executed = 0, end_ns = begin_ns + (absence->missed_min > 0 ? LONG_MS_MAX : BACK_MS_MAX) * MS_NS;

    while (executed < wanted || !fresh) {
        pause_ms(far ? LONG_POLL_MS : 5);
        fresh = !far || executed >= wanted;
        wanted = far && fresh ? among_others(absence, "executed_height", true) : wanted;
        const char *text = ask(absence, absence->member);
        executed = meter_figure(text, "executed_height", &executed) ? executed : 0;
        if (clock_mono_ns() > end_ns) {
            char reason[120] = "?";
            (void)meter_word(text, "snapshot_fetch_reason", reason, sizeof reason);
            snprintf(absence->problem, sizeof absence->problem, "member %u stands at %llu of %llu: %s", absence->member, (unsigned long long)executed,
                     (unsigned long long)wanted, reason);
            return false;
        }
    }
    absence->back_ms = (clock_mono_ns() - begin_ns) / MS_NS;
    return true;
}

bool absence_play(struct absence *absence)
{
    ASSERT(absence->member < absence->bed->cluster.plan.replicas);
    if (absence->window > 0) {
        load_avoid(absence->load, absence->member);
    }
    absence->before_per_s = pace_now(absence);
    uint64_t height = figure_of(absence, absence->member, "executed_height");
    end(absence);
    if (!miss(absence, height)) {
        return false;
    }
    if (absence->kind == ABSENCE_DISK && cluster_lose_store(&absence->bed->cluster, absence->member) != ERR_OK) {
        return fail(absence, absence->bed->cluster.problem);
    }
    uint64_t wanted = among_others(absence, "executed_height", true), begin_ns = clock_mono_ns();
    absence->missed_blocks = wanted - (absence->kind == ABSENCE_DISK ? 0 : height);
    struct pace pace = pace_begin(absence);
    bool back = start(absence) && (absence->kind != ABSENCE_DISK || cut(absence, 0)) && come_back(absence, wanted, begin_ns);
    absence->back_per_s = pace_end(absence, &pace);
    absence->after_per_s = absence->missed_min > 0 && back ? pace_now(absence) : 0;
    absence->by_snapshot = figure_of(absence, absence->member, "base_height") > height;
    return back;
}
