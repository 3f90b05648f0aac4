/* verb_attacks.c: `ward-sim attacks`: lists the library of attacks, or plays it: each in a process of its own, so that a stop of production code is told
 * as the failure of that attack. */
#include "sim/verbs.h"

#include "base/assert.h"
#include "base/exit.h"
#include "sim/campaign/apart.h"
#include "sim/play.h"
#include "sim/report.h"

#include <string.h>

/* What is played apart. */
struct playing {
    const struct attack *attack;
    uint64_t seed;
};

static void play(const void *context, void *result)
{
    const struct playing *playing = context;

    (void)attack_run(playing->attack, playing->seed, result);
}

/* play_control: with one liar or twin too many the oracle must see something. Gives: an exit code. */
static int play_control(const struct order *order, struct attacks_report *report, uint32_t replicas, bool twins)
{
    ASSERT(report->controls_count < ATTACK_CONTROLS_MAX);
    struct attacks_control *control = &report->controls[report->controls_count++];

    *control = (struct attacks_control){ .replicas = replicas, .count = config_faults_max(replicas) + 1, .twins = twins };
    control->seen = attacks_over_budget(report->seed, replicas, twins, &control->failure);
    if (!order->json && !report_control(stdout, control)) {
        return EXIT_RESOURCE;
    }
    return control->seen ? EXIT_FINE : EXIT_SIM_SAFETY;
}

/* play_or_list does what is asked about one attack. Gives: an exit code. */
static int play_or_list(const struct order *order, struct attacks_report *report, const struct attack *attack)
{
    struct playing playing = { attack, report->seed };

    ASSERT(report->rows_count < ATTACKS_MAX);
    struct attacks_row *row = &report->rows[report->rows_count++];
    row->attack = attack;
    if (order->play) {
        apart_run(&(struct apart_work){ play, &playing, PLAY_SECONDS, sizeof row->result }, &row->result, &row->result.failure);
    }
    if (!order->json && !report_attack(stdout, attack, order->play ? &row->result : NULL)) {
        return EXIT_RESOURCE;
    }
    if (!order->play || attack_is_well(&row->result)) {
        return EXIT_FINE;
    }
    return row->result.failure.kind == FAILURE_NONE ? EXIT_SIM_LIVENESS : failure_exit(&row->result.failure);
}

int verb_attacks(const struct order *order)
{
    static const uint32_t sizes[] = { 4, 6, 7, 10 };
    static struct attacks_report report;
    int code = EXIT_FINE;

    report.seed = order->has_seed ? order->seed : 1;
    report.played = order->play;
    for (uint32_t i = 0; i < attacks_count(); i++) {
        if (order->file == NULL || strcmp(order->file, attack_at(i)->name) == 0) {
            int verdict = play_or_list(order, &report, attack_at(i));
            code = code == EXIT_FINE ? verdict : code;
        }
    }
    if (report.rows_count == 0) {
        return order_usage(order, "there is no attack ", order->file);
    }
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0] && order->play && order->file == NULL; i++) {
        int verdict = play_control(order, &report, sizes[i / 2], i % 2 == 1);
        code = code == EXIT_FINE ? verdict : code;
    }
    return order->json && !report_attacks(stdout, &report) ? EXIT_RESOURCE : code;
}
