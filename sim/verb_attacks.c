/* verb_attacks.c: `ward-sim attacks`: lists the library of attacks, or plays it. */
#include "sim/verbs.h"

#include "base/exit.h"
#include "sim/report.h"

static int verdict_of(const struct attack_result *result, bool well)
{
    return well ? EXIT_FINE : result->failure.kind == FAILURE_NONE ? EXIT_SIM_LIVENESS : failure_exit(&result->failure);
}

/* play_control: with one liar too many the oracle must see something. Gives: an exit code. */
static int play_control(uint64_t seed, uint32_t replicas)
{
    static struct failure failure;
    uint32_t liars = config_faults_max(replicas) + 1;
    bool seen = attacks_over_budget(seed, replicas, &failure);

    printf("%s  n = %u with %u liars, one too many: %s\n", seen ? "fine" : "BAD ", replicas, liars, seen ? failure.text : "nothing was seen, so the oracle is blind");
    return seen ? EXIT_FINE : EXIT_SIM_SAFETY;
}

int verb_attacks(const struct order *order)
{
    static struct attack_result result;
    static const uint32_t sizes[] = { 4, 6, 7, 10 };
    uint64_t seed = order->has_seed ? order->seed : 1;
    int code = EXIT_FINE;

    if (order->json) {
        return order_usage(order, "the library is text: cannot use ", "--json");
    }
    for (uint32_t i = 0; i < attacks_count(); i++) {
        bool well = !order->play || attack_run(attack_at(i), seed, &result);
        bool printed = report_attack(stdout, attack_at(i), order->play ? &result : NULL);
        code = !printed ? EXIT_RESOURCE : code == EXIT_FINE ? verdict_of(&result, well) : code;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && order->play; i++) {
        int verdict = play_control(seed, sizes[i]);
        code = code == EXIT_FINE ? verdict : code;
    }
    return code;
}
