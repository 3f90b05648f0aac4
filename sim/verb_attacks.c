/* verb_attacks.c: `ward-sim attacks`: lists the library of attacks, or plays it: each in a process of its own, so that a stop of production code is told
 * as the failure of that attack. */
#include "sim/verbs.h"

#include "base/exit.h"
#include "sim/apart.h"
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

static int verdict_of(const struct attack_result *result, bool well)
{
    return well ? EXIT_FINE : result->failure.kind == FAILURE_NONE ? EXIT_SIM_LIVENESS : failure_exit(&result->failure);
}

/* play_control: with one liar or twin too many the oracle must see something. Gives: an exit code. */
static int play_control(uint64_t seed, uint32_t replicas, bool twins)
{
    static struct failure failure;
    uint32_t count = config_faults_max(replicas) + 1;
    bool seen = attacks_over_budget(seed, replicas, twins, &failure);

    printf("%s  n = %u with %u %s, one too many: %s\n", seen ? "fine" : "BAD ", replicas, count, twins ? "twins" : "liars",
           seen ? failure.text : "nothing was seen, so the oracle is blind");
    return seen ? EXIT_FINE : EXIT_SIM_SAFETY;
}

/* play_or_list does what is asked about one attack. Gives: an exit code. */
static int play_or_list(const struct order *order, const struct attack *attack, uint64_t seed)
{
    static struct attack_result result;
    struct playing playing = { attack, seed };

    if (order->play) {
        apart_run(&(struct apart_work){ play, &playing, PLAY_SECONDS, sizeof result }, &result, &result.failure);
    }
    if (!report_attack(stdout, attack, order->play ? &result : NULL)) {
        return EXIT_RESOURCE;
    }
    bool well = result.failure.kind == FAILURE_NONE && !result.slow && !result.deposed;
    return order->play ? verdict_of(&result, well) : EXIT_FINE;
}

int verb_attacks(const struct order *order)
{
    static const uint32_t sizes[] = { 4, 6, 7, 10 };
    uint64_t seed = order->has_seed ? order->seed : 1;
    int code = EXIT_FINE;
    bool found = false;

    if (order->json) {
        return order_usage(order, "the library is text: cannot use ", "--json");
    }
    for (uint32_t i = 0; i < attacks_count(); i++) {
        if (order->file == NULL || strcmp(order->file, attack_at(i)->name) == 0) {
            int verdict = play_or_list(order, attack_at(i), seed);
            code = code == EXIT_FINE ? verdict : code;
            found = true;
        }
    }
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0] && order->play && order->file == NULL; i++) {
        int verdict = play_control(seed, sizes[i / 2], i % 2 == 1);
        code = code == EXIT_FINE ? verdict : code;
    }
    return found ? code : order_usage(order, "there is no attack ", order->file);
}
