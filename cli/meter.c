/* meter.c: see meter.h. */
#include "cli/meter.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/client.h"
#include "wire/message.h"

#include <errno.h>
#include <sodium/crypto_sign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_MS = 3000, FIGURE_MS = 1000, CHECKS = 256, REPEATS_MAX = 101 };

/* --- Reading --------------------------------------------------------------------------------------------------------- */

enum err meter_ask(const struct cluster *cluster, uint32_t member, char text[METER_TEXT_BYTES], uint32_t timeout_ms)
{
    static _Thread_local struct client_config config;
    struct client_call call = { .type = CLIENT_STATUS };
    struct client_event answer;
    struct client *client;
    char path[CLUSTER_PATH_BYTES + 64], address[CLUSTER_PATH_BYTES + 80];
    const char *problem;

    text[0] = '\0';
    cluster_socket(cluster, member, path);
    snprintf(address, sizeof address, "unix:%s", path);
    config = (struct client_config){ .targets_count = 1, .genesis = cluster->genesis.hash };
    enum err err = address_parse(&config.targets[0].address, address, &problem);
    if (err == ERR_OK) {
        err = client_open(&client, &config, timeout_ms);
    }
    if (err != ERR_OK) {
        return err;
    }
    err = client_ask(client, &call, &answer, timeout_ms);
    if (err == ERR_OK && (answer.type != CLIENT_ANSWER || answer.answer.size >= METER_TEXT_BYTES)) {
        err = ERR_FORMAT;
    }
    if (err == ERR_OK) {
        memcpy(text, answer.answer.data, answer.answer.size);
        text[answer.answer.size] = '\0';
    }
    client_close(client);
    return err;
}

uint64_t meter_figure_of(const struct cluster *cluster, uint32_t member, const char *name)
{
    static _Thread_local char text[METER_TEXT_BYTES];
    uint64_t figure;

    return meter_ask(cluster, member, text, FIGURE_MS) == ERR_OK && meter_figure(text, name, &figure) ? figure : 0;
}

/* written gives the bytes that a process handed to the block layer. */
static uint64_t written(pid_t pid)
{
    char path[64], line[128];
    unsigned long long value = 0;

    snprintf(path, sizeof path, "/proc/%d/io", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL && sscanf(line, "write_bytes: %llu", &value) != 1) {
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

static void ask_kernel(struct meter_reading *reading, const struct cluster *cluster)
{
    reading->mono_ns = clock_mono_ns();
    for (uint32_t i = 0; i < reading->replicas; i++) {
        struct meter_replica *replica = &reading->of[i];
        if (cluster->orgs[i].pid > 0) {
            replica->up = true;
            replica->cpu_ns = cluster_cpu_ns(cluster, i);
            replica->peak_bytes = cluster_peak_bytes(cluster, i);
            replica->wakeups = cluster_wakeups(cluster, i);
            replica->write_bytes = written(cluster->orgs[i].pid);
        }
    }
}

static void ask_replicas(struct meter_reading *reading, const struct cluster *cluster)
{
    for (uint32_t i = 0; i < reading->replicas; i++) {
        reading->of[i].answered = cluster->orgs[i].pid > 0 && meter_ask(cluster, i, reading->of[i].text, STATUS_MS) == ERR_OK;
        reading->of[i].told_ns = clock_mono_ns();
    }
}

static void clear(struct meter_reading *reading, const struct cluster *cluster)
{
    memset(reading, 0, sizeof *reading);
    reading->replicas = cluster->plan.replicas;
}

void meter_read(struct meter_reading *reading, const struct cluster *cluster, enum meter_order order)
{
    clear(reading, cluster);
    if (order == METER_BEGINS) {
        ask_replicas(reading, cluster);
    }
    ask_kernel(reading, cluster);
    if (order == METER_ENDS) {
        ask_replicas(reading, cluster);
    }
}

void meter_kernel(struct meter_reading *reading, const struct cluster *cluster)
{
    clear(reading, cluster);
    ask_kernel(reading, cluster);
}

/* --- Figures --------------------------------------------------------------------------------------------------------- */

/* value_of gives where the value of a line begins, NULL when there is no such line. */
static const char *value_of(const char *text, const char *name)
{
    size_t length = strlen(name);

    while (text != NULL && *text != '\0') {
        if (strncmp(text, name, length) == 0 && text[length] == ' ') {
            return text + length + 1;
        }
        text = strchr(text, '\n');
        text += text != NULL ? 1 : 0;
    }
    return NULL;
}

bool meter_figure(const char *text, const char *name, uint64_t *figure)
{
    const char *value = value_of(text, name);
    char *end = NULL;

    *figure = 0;
    if (value == NULL || *value < '0' || *value > '9') {
        return false;
    }
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (errno != 0 || (*end != '\n' && *end != '\0')) {
        return false;
    }
    *figure = number;
    return true;
}

bool meter_word(const char *text, const char *name, char *out, size_t size)
{
    const char *value = value_of(text, name);
    size_t length = value == NULL ? 0 : strcspn(value, "\n");

    ASSERT(size > 0);
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, value, length);
    out[length] = '\0';
    return true;
}

/* What makes and commits blocks, what moves views, and what is asked and answered where something is missing. */
static const uint8_t messages_types[METER_MESSAGES] = { MESSAGE_PROPOSE, MESSAGE_VOTE, MESSAGE_CERT, MESSAGE_COMMITVOTE, MESSAGE_COMMITQC, MESSAGE_QC,
                                                        MESSAGE_TIMEOUT, MESSAGE_TC, MESSAGE_ABDICATE, MESSAGE_QUERY, MESSAGE_ANSWER };

const char *meter_messages_name(uint32_t which)
{
    ASSERT(which < METER_MESSAGES);
    return message_word(messages_types[which]);
}

/* messages_sent gives how many of a type were sent. A replica has no line for a type that it never sent. */
static uint64_t messages_sent(const char *text, uint32_t which)
{
    char name[64];
    uint64_t sent;

    snprintf(name, sizeof name, "sent_%s", meter_messages_name(which));
    return meter_figure(text, name, &sent) ? sent : 0;
}

/* A replica at both ends of a stretch. */
struct pair {
    const struct meter_replica *from, *to;
};

static uint64_t delta(struct meter_cost *cost, const struct pair *pair, const char *name)
{
    uint64_t before, after;
    bool told = meter_figure(pair->from->text, name, &before);

    told = meter_figure(pair->to->text, name, &after) && told;
    cost->complete = cost->complete && told;
    return told && after > before ? after - before : 0;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Sums of one stretch, before they are divided. */
struct sums {
    uint64_t replicas, cpu_ns, checks, batches, write_us, logged, sent;
    uint64_t checks_by[METER_CHECKS], wakeups_by[METER_WAKEUPS], messages_by[METER_MESSAGES];
};

/* In the order of enum checks_of, then methods, then places. */
static const struct { const char *name, *line; } checks_lines[METER_CHECKS] = {
    { "votes", "signature_checks_votes" },
    { "certificates", "signature_checks_certificates" },
    { "proposals", "signature_checks_proposals" },
    { "clients", "signature_checks_clients" },
    { "spared", "signature_checks_saved" },
    { "single", "ed25519_single" },
    { "direct", "ed25519_direct" },
    { "batch", "ed25519_batch" },
    { "in_loop", "verify_checks_here" },
    { "by_workers", "verify_checks_workers" },
};

static const struct { const char *name, *line; } wakeups_lines[METER_WAKEUPS] = {
    { "member", "wakeups_member" },
    { "verdict", "wakeups_verdict" },
    { "disk", "wakeups_disk" },
    { "deadline", "wakeups_deadline" },
};

const char *meter_wakeups_name(uint32_t which)
{
    ASSERT(which < METER_WAKEUPS);
    return wakeups_lines[which].name;
}

const char *meter_checks_name(uint32_t which)
{
    ASSERT(which < METER_CHECKS);
    return checks_lines[which].name;
}

/* share_timed gives the kernel's stretch by the one between a replica's two answers, which is longer: under load an answer takes its time, and commits go on meanwhile. */
static double share_timed(const struct meter_cost *cost, const struct pair *pair)
{
    ASSERT(pair->to->told_ns >= pair->from->told_ns);
    double told_s = (double)(pair->to->told_ns - pair->from->told_ns) / 1e9;

    return told_s > 0 ? cost->seconds / told_s : 1;
}

static void add_up(struct sums *sums, struct meter_cost *cost, const struct pair *pair)
{
    sums->replicas++;
    sums->cpu_ns += pair->to->cpu_ns - pair->from->cpu_ns;
    sums->checks += delta(cost, pair, "ed25519_checks");
    sums->batches += delta(cost, pair, "log_batches");
    sums->write_us += delta(cost, pair, "log_write_us_sum");
    sums->logged += delta(cost, pair, "log_bytes_written");
    sums->sent += delta(cost, pair, "bytes_out");
    cost->held += delta(cost, pair, "proposals_held");
    cost->hedges += delta(cost, pair, "hedges");
    for (uint32_t i = 0; i < METER_WAKEUPS; i++) {
        sums->wakeups_by[i] += delta(cost, pair, wakeups_lines[i].line);
    }
    for (uint32_t i = 0; i < METER_CHECKS; i++) {
        sums->checks_by[i] += delta(cost, pair, checks_lines[i].line);
    }
    for (uint32_t i = 0; i < METER_MESSAGES; i++) {
        sums->messages_by[i] += messages_sent(pair->to->text, i) - messages_sent(pair->from->text, i);
    }
    uint64_t commands = delta(cost, pair, "commands_committed");
    double timed = (double)commands * share_timed(cost, pair);
    cost->commands = larger(cost->commands, commands);
    cost->commands_timed = timed > cost->commands_timed ? timed : cost->commands_timed;
    cost->blocks = larger(cost->blocks, delta(cost, pair, "blocks_committed"));
}

void meter_compare(const struct meter_reading *from, const struct meter_reading *to, struct meter_cost *cost)
{
    struct sums sums = { 0 };

    ASSERT(from->replicas == to->replicas);
    *cost = (struct meter_cost){ .complete = true, .seconds = (double)(to->mono_ns - from->mono_ns) / 1e9 };
    for (uint32_t i = 0; i < from->replicas; i++) {
        if (from->of[i].answered && to->of[i].answered) {
            add_up(&sums, cost, &(struct pair){ &from->of[i], &to->of[i] });
            cost->cpu_us_per_tx_by[i] = (double)(to->of[i].cpu_ns - from->of[i].cpu_ns) / 1000;
        } else if (from->of[i].up && to->of[i].up) {
            cost->complete = false;
        }
    }
    double commands = (double)cost->commands, timed = cost->commands_timed, blocks = cost->blocks > 0 ? (double)cost->blocks : 0;
    for (uint32_t i = 0; i < from->replicas; i++) {
        cost->cpu_us_per_tx_by[i] = timed > 0 ? cost->cpu_us_per_tx_by[i] / timed : 0;
    }
    if (commands > 0 && blocks > 0) {
        cost->cpu_us_per_tx = (double)sums.cpu_ns / 1000 / timed;
        cost->checks_per_tx = (double)sums.checks / commands;
        for (uint32_t i = 0; i < METER_WAKEUPS; i++) {
            cost->wakeups_per_block_by[i] = (double)sums.wakeups_by[i] / blocks / (double)sums.replicas;
            cost->wakeups_per_block += cost->wakeups_per_block_by[i];
        }
        for (uint32_t i = 0; i < METER_CHECKS; i++) {
            cost->checks_per_tx_by[i] = (double)sums.checks_by[i] / commands;
        }
        cost->flushes_per_block = (double)sums.batches / blocks / (double)sums.replicas;
        cost->flush_ms = sums.batches > 0 ? (double)sums.write_us / 1000 / (double)sums.batches : 0;
        for (uint32_t i = 0; i < METER_MESSAGES; i++) {
            cost->messages_per_block_by[i] = (double)sums.messages_by[i] / blocks;
            cost->messages_per_block += cost->messages_per_block_by[i];
        }
        cost->bytes_logged_per_tx = (double)sums.logged / commands;
        cost->bytes_sent_per_tx = (double)sums.sent / commands;
    }
}

/* --- The yardstick ---------------------------------------------------------------------------------------------------- */

static int u64_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

uint64_t meter_libsodium_check_ns(uint32_t repeats)
{
    static uint8_t signatures[CHECKS][crypto_sign_BYTES], digests[CHECKS][32];
    uint64_t times[REPEATS_MAX];
    struct sign_keypair pair;
    uint32_t good = 0;

    ASSERT(repeats >= 1);
    ASSERT(repeats <= REPEATS_MAX);
    random_fill(digests, sizeof digests);
    sign_keypair_from_seed(&pair, digests[0]);
    for (uint32_t i = 0; i < CHECKS; i++) {
        crypto_sign_detached(signatures[i], NULL, digests[i], 32, pair.secret_key);
    }
    for (uint32_t repeat = 0; repeat < repeats; repeat++) {
        uint64_t begin_ns = clock_thread_cpu_ns();
        for (uint32_t i = 0; i < CHECKS; i++) {
            good += crypto_sign_verify_detached(signatures[i], digests[i], 32, pair.public_key) == 0 ? 1 : 0;
        }
        times[repeat] = (clock_thread_cpu_ns() - begin_ns) / CHECKS;
    }
    ASSERT(good == CHECKS * repeats);
    qsort(times, repeats, sizeof times[0], u64_order);
    return times[repeats / 2];
}
