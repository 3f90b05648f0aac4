/* faults_away.c: a follower is away until nobody's log holds what it needs, in every second round without its disk (bench/absence.h). Commits may lose no tenth of
 * their pace by its coming back. */
#include "bench/faults_priv.h"

#include "base/clock.h"

enum {
    RENEW_BEHIND = 20000 /* commands that may be sent while the later ones are signed anew: the small window takes a hundredth of the signer's pace */
};

/* renew signs what was not sent yet up to command `end`, but for the next few, which may be sent meanwhile. */
static void renew(struct faults_run *run, uint64_t end)
{
    struct stock_span span = { run->load.sent + RENEW_BEHIND, end };

    run->work.valid_until_ms = clock_wall_ms() + COMMAND_LIFE_MS;
    if (stock_renew(&run->stock, &run->population, &run->work, span) != ERR_OK) {
        faults_problem(run, "no memory to sign anew");
    }
}

/* renew_near: while blocks are missed, commands of the small window live for half their time at least. */
static void renew_near(void *context)
{
    struct faults_run *run = context;

    if (clock_wall_ms() + COMMAND_LIFE_MS / 2 > run->work.valid_until_ms) {
        renew(run, run->ready);
    }
}

/* renew_all: the long part is still to come. */
static void renew_all(void *context)
{
    struct faults_run *run = context;

    renew(run, run->stock.count);
}

/* judge_absence holds the pace of a round against that of the same members without the one that comes back. */
static void judge_absence(struct faults_run *run, uint32_t round)
{
    const struct absence *absence = &run->absences[round];
    uint64_t without_per_s = absence->missed_min > 0 ? absence->away_per_s : absence->before_per_s; /* the same members vote meanwhile */

    if (10 * absence->back_per_s < 9 * without_per_s) {
        faults_problem(run, "round %u: %llu commands in a second while member %u came back, %llu without", round + 1, (unsigned long long)absence->back_per_s,
                absence->member, (unsigned long long)without_per_s);
    }
    if (!absence->by_snapshot && absence->missed_min == 0) {
        faults_problem(run, "round %u: member %u came back, but not by a snapshot of others", round + 1, absence->member);
    }
}

void faults_away(struct faults_run *run, uint32_t round)
{
    struct absence *absence = &run->absences[round];

    *absence = (struct absence){ .bed = &run->bed, .load = &run->load, .member = faults_victim(run, round) };
    absence->kind = round % 2 == 1 ? ABSENCE_DISK : ABSENCE_LOG;
    absence->missed_min = args_number(run->args, "missed");
    if (absence->missed_min > 0 && run->load_config.rate == 0) {
        absence->away = renew_near;
        absence->missed = renew_all;
    }
    absence->context = run;
    absence->window = run->load_config.rate == 0 ? run->load_config.window : 0;
    load_watch_gaps(&run->load);
    if (!absence_play(absence)) {
        faults_problem(run, "round %u: %s", round + 1, absence->problem);
        run->broken = true;
        return;
    }
    run->back_ms[round] = absence->back_ms;
    judge_absence(run, round);
}

/* Of each round: how the member came back. */
void faults_tell_away(const struct faults_run *run, json_t *object)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < run->rounds; i++) {
        const struct absence *absence = &run->absences[i];
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "member", (json_int_t)absence->member, "missed_blocks",
                                              (json_int_t)absence->missed_blocks, "before_per_s", (json_int_t)absence->before_per_s, "away_per_s",
                                              (json_int_t)absence->away_per_s, "back_per_s", (json_int_t)absence->back_per_s, "after_per_s",
                                              (json_int_t)absence->after_per_s, "back_ms", (json_int_t)absence->back_ms, "by_snapshot", absence->by_snapshot,
                                              "killed_while_fetching", absence->cut));
    }
    json_object_set_new(object, "absences", list);
}
