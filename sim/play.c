/* play.c: see play.h. */
#include "sim/play.h"

#include "base/exit.h"
#include "sim/build_id.h"

#include <stdlib.h>
#include <string.h>

#define SCENARIO_BYTES_MAX (2u << 20)

char *play_text(const char *path, size_t most)
{
    FILE *file = fopen(path, "r");
    char *text = file == NULL ? NULL : malloc(most + 1); /* what the text does not fill is never touched */
    size_t size = text == NULL ? 0 : fread(text, 1, most + 1, file);

    if (text == NULL || size > most || ferror(file)) {
        free(text);
        text = NULL;
    } else {
        text[size] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static int load_file(const struct order *order, struct scenario *scenario)
{
    char *text = play_text(order->scenario, SCENARIO_BYTES_MAX);

    if (text == NULL) {
        return order_fail(order, EXIT_CONFIGURATION, "%s cannot be read", order->scenario);
    }
    enum err err = scenario_parse(scenario, text);
    free(text);
    if (err != ERR_OK) {
        return order_fail(order, EXIT_CONFIGURATION, "%s, %s", order->scenario, scenario->problem);
    }
    scenario->plan.seed = order->has_seed ? order->seed : scenario->plan.seed;
    if (order->plan.crypto != SWARM_CRYPTO_DRAWN) {
        scenario->plan.fast_crypto = order->plan.crypto == SWARM_CRYPTO_FAST;
    }
    return EXIT_FINE;
}

int play_load(const struct order *order, struct scenario *scenario)
{
    struct swarm_case which = order_case(order);

    if (order->scenario != NULL) {
        return load_file(order, scenario);
    }
    if (!order->has_seed) {
        return order_usage(order, order->verb, " needs --seed or --scenario");
    }
    swarm_case_scenario(&which, scenario);
    return EXIT_FINE;
}

void play_reproduction(const struct order *order, const struct swarm_case *which, uint64_t configuration, char *line, size_t size)
{
    char replicas[32] = "";
    const char *crypto = which->crypto == SWARM_CRYPTO_FAST ? " --crypto fast" : which->crypto == SWARM_CRYPTO_REAL ? " --crypto real" : "";

    if (which->replicas != 0) {
        snprintf(replicas, sizeof replicas, " --replicas %u", which->replicas);
    }
    if (order->scenario != NULL) {
        char seed[32] = "";
        if (order->has_seed || order->has_seeds) { /* it is not that of the file */
            snprintf(seed, sizeof seed, " --seed %llu", (unsigned long long)which->seed);
        }
        snprintf(line, size, "ward-sim run --scenario %s%s%s # configuration %016llx build %s", order->scenario, seed, crypto, (unsigned long long)configuration, build_id());
    } else {
        snprintf(line, size, "ward-sim run --seed %llu%s%s%s # configuration %016llx build %s", (unsigned long long)which->seed, replicas, crypto,
                 which->brief ? " --acts 1" : "", (unsigned long long)configuration, build_id());
    }
}

void play_complain(const struct order *order, const struct swarm_case *which, const struct swarm_result *result)
{
    char line[512];

    play_reproduction(order, which, result->configuration, line, sizeof line);
    fprintf(stderr, "ward-sim: %s: %s\n  %s\n", failure_word(result->failure.kind), result->failure.text, line);
}
