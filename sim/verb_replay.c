/* verb_replay.c: `ward-sim run --record FILE` writes a run down; `ward-sim replay FILE` plays it again, decision by decision, and says where it parts. */
#include "sim/verbs.h"

#include "base/exit.h"
#include "sim/campaign/apart.h"
#include "sim/fresh.h"
#include "sim/play.h"
#include "sim/scenario/record.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_TEXT_BYTES 192

/* --- Recording ------------------------------------------------------------------------------------------------------ */

static struct {
    struct record record;
    const struct scenario *scenario;
    const char *path;
} writing;

/* write_record. Gives: 0, or a number of errno.h. */
static int write_record(void)
{
    FILE *file = fresh_open(writing.path);

    return file == NULL ? errno : fresh_close(file, record_write(&writing.record, writing.scenario, file));
}

/* on_stop keeps what was recorded up to the stop of a replica that is wrong about itself. */
static void on_stop(int number)
{
    (void)write_record();
    signal(number, SIG_DFL);
    raise(number);
}

int play_recorded(const struct scenario *scenario, const char *path, struct swarm_result *result)
{
    writing.scenario = scenario;
    writing.path = path;
    record_init(&writing.record);
    record_use(&writing.record);
    signal(SIGABRT, on_stop);
    swarm_scenario_run(scenario, result);
    record_use(NULL);
    int number = write_record();
    record_close(&writing.record);
    return number;
}

/* --- Replaying ------------------------------------------------------------------------------------------------------ */

/* Shared with the process that plays. */
struct replayed {
    struct swarm_result result;
    struct replay_report report;
};

struct replaying {
    struct record *record;
    const struct scenario *scenario;
};

/* The record under way, where a stop finds it. */
static struct {
    struct record *record;
    struct replayed *replayed;
} reading;

static void tell(const struct record *record, struct replay_report *report)
{
    *report = (struct replay_report){ .parted = record->parted, .event = record->parted_at, .events = record->seen, .decisions = record->decisions_count,
        .fresh = record->fresh };
    if (!record->parted && record->seen < record->events_count) { /* it ended too early */
        report->parted = true;
        report->event = record->seen;
        record_text(&record->events[record->seen], report->expected, sizeof report->expected);
        snprintf(report->found, sizeof report->found, "nothing more");
    } else if (record->parted) {
        record_text(&record->found, report->found, sizeof report->found);
        record_text(&record->expected, report->expected, sizeof report->expected);
        if (record->at_end) {
            snprintf(report->expected, sizeof report->expected, "nothing more");
        }
    }
}

static void on_replay_stop(int number)
{
    tell(reading.record, &reading.replayed->report);
    signal(number, SIG_DFL);
    raise(number);
}

static void replay(const void *context, void *room)
{
    const struct replaying *replaying = context;

    reading.record = replaying->record;
    reading.replayed = room;
    signal(SIGABRT, on_replay_stop);
    record_use(reading.record);
    swarm_scenario_run(replaying->scenario, &reading.replayed->result);
    record_use(NULL);
    tell(reading.record, &reading.replayed->report);
}

static int load(const struct order *order, struct record *record, struct scenario *scenario)
{
    uint32_t line = 0;
    int code;
    char *text = play_text(order, order->file, RECORD_BYTES_MAX, &code);

    if (text == NULL) {
        return code;
    }
    enum err err = record_read(record, scenario, text, &line);
    free(text);
    if (err != ERR_OK) {
        return order_fail(order, EXIT_CONFIGURATION, "%s, line %u: this is no record of a run", order->file, (unsigned)line);
    }
    return EXIT_FINE;
}

static int exit_of(const struct replayed *replayed)
{
    return replayed->report.parted ? EXIT_SIM_DETERMINISM : failure_exit(&replayed->result.failure);
}

int verb_replay(const struct order *order)
{
    static struct scenario scenario;
    static struct record record;
    static struct replayed replayed;
    struct replaying replaying = { &record, &scenario };

    if (order->file == NULL) {
        return order_usage(order, "replay needs a file that run --record wrote", "");
    }
    record_init(&record);
    int code = load(order, &record, &scenario);
    if (code == EXIT_FINE) {
        apart_run(&(struct apart_work){ replay, &replaying, PLAY_SECONDS, sizeof replayed }, &replayed, &replayed.result.failure);
        code = report_replay(stdout, &replayed.report, &replayed.result.failure, order->json) ? exit_of(&replayed) : EXIT_RESOURCE;
        if (replayed.report.parted) {
            fprintf(stderr, "ward-sim: this build parts from the record at event %llu\n", (unsigned long long)replayed.report.event);
        }
    }
    record_close(&record);
    return code;
}
