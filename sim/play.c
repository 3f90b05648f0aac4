/* play.c: see play.h. */
#include "sim/play.h"

#include "base/exit.h"
#include "sim/build_id.h"
#include "sim/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCENARIO_BYTES_MAX (2u << 20)

/* open_regular opens a regular file, and never waits for the other end of a pipe. Gives: NULL with *why when there is none. */
static FILE *open_regular(const char *path, const char **why)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    *why = NULL;
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        *why = "it is not a regular file";
        close(fd);
        return NULL;
    }
    return fd < 0 ? NULL : fdopen(fd, "r");
}

/* read_whole reads an open file. Gives: NULL with *why, or with errno. Owns: the caller frees it. */
static char *read_whole(FILE *file, size_t most, const char **why)
{
    char *text = malloc(most + 1); /* what the text does not fill is never touched */

    errno = text == NULL ? ENOMEM : 0;
    size_t size = text == NULL ? 0 : fread(text, 1, most + 1, file);
    *why = size > most ? "it is too long" : text != NULL && size == 0 && !ferror(file) ? "it is empty" : NULL;
    if (text == NULL || *why != NULL || ferror(file)) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

char *play_text(const struct order *order, const char *path, size_t most, int *code)
{
    const char *why;
    FILE *file = open_regular(path, &why);
    char *text = file == NULL ? NULL : read_whole(file, most, &why);
    int number = errno;

    if (file != NULL) {
        fclose(file);
    }
    *code = text != NULL ? (int)EXIT_FINE : why != NULL ? order_fail(order, EXIT_CONFIGURATION, "%s: %s", path, why) : fresh_fail(order, path, number != 0 ? number : EIO);
    return text;
}

static int load_file(const struct order *order, struct scenario *scenario)
{
    int code;
    char *text = play_text(order, order->scenario, SCENARIO_BYTES_MAX, &code);

    if (text == NULL) {
        return code;
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
