/* faults_forge.c: nobody is killed: one party sends bad signatures beside the load, over many connections, to one replica after the other, the leader included. The others may lose no
 * tenth of their throughput and no view (R1). */
#include "bench/faults_priv.h"

#include "base/clock.h"
#include "bench/forger.h"
#include "cli/meter.h"
#include "cli/pause.h"

enum {
    FORGE_MS = 3000, /* of load without and with forged commands, in each round */
    FORGED_PER_S = 10000
};

static uint64_t sum_of(struct faults_run *run, const char *name)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
        sum += meter_figure_of(&run->bed.cluster, i, name);
    }
    return sum;
}

/* committed_per_s counts what is committed over a stretch. */
static uint64_t committed_per_s(struct faults_run *run)
{
    uint64_t begin_ns = clock_mono_ns(), before = run->load.committed;

    pause_ms(FORGE_MS);
    return (run->load.committed - before) * 1000 * FAULTS_MS_NS / (clock_mono_ns() - begin_ns);
}

/* judge_flood holds a round against R1. */
static void judge_flood(struct faults_run *run, uint32_t round, uint64_t views, uint64_t sent)
{
    const struct fault_flood *flood = &run->flood;

    if (10 * flood->flooded_per_s[round] < 9 * flood->plain_per_s[round]) {
        faults_problem(run, "round %u: %llu commands in a second beside forged ones, %llu without", round + 1, (unsigned long long)flood->flooded_per_s[round],
                (unsigned long long)flood->plain_per_s[round]);
    }
    if (views > 0) {
        faults_problem(run, "round %u: %llu views were given up", round + 1, (unsigned long long)views);
    }
    if (sent < (uint64_t)FORGED_PER_S * FORGE_MS / 1000 / 2) {
        faults_problem(run, "round %u: only %llu forged commands were sent", round + 1, (unsigned long long)sent);
    }
}

/* What the replicas count, told with and without forged commands: a view that is lost before the first of these is not theirs. */
enum { VIEW_CHANGES, SIGNATURES_BAD, SUSPECTS_REFUSED };
static const char *const counted[FAULTS_COUNTED] = { [VIEW_CHANGES] = "view_changes", [SIGNATURES_BAD] = "signatures_bad", [SUSPECTS_REFUSED] = "suspects_refused", "client_batches", "client_batches_spoilt", "doubted_batches", "doubted_batches_spoilt", "parties_doubted", "suspects_named",
                                                     "ed25519_checks", "ed25519_single", "ed25519_direct", "ed25519_batch", "ed25519_batches", "ed25519_batches_failed" };

static void count_all(struct faults_run *run, uint64_t sums[FAULTS_COUNTED])
{
    for (uint32_t i = 0; i < FAULTS_COUNTED; i++) {
        sums[i] = sum_of(run, counted[i]);
    }
}

/* count_since adds up what was counted in a stretch. */
static void count_since(struct faults_run *run, const uint64_t before[FAULTS_COUNTED], uint64_t sums[FAULTS_COUNTED])
{
    uint64_t after[FAULTS_COUNTED];

    count_all(run, after);
    for (uint32_t i = 0; i < FAULTS_COUNTED; i++) {
        sums[i] += after[i] - before[i];
    }
}

void faults_forge(struct faults_run *run, uint32_t round)
{
    static struct forger forger;
    struct forger_config config = { .socket = run->bed.sockets[round % FAULTS_REPLICAS], .load = &run->load, .per_second = FORGED_PER_S,
                                    .connections = (uint32_t)args_number(run->args, "connections") };
    struct fault_flood *flood = &run->flood;
    uint64_t before[FAULTS_COUNTED], views = flood->flooded_counts[VIEW_CHANGES];

    load_watch_gaps(&run->load);
    count_all(run, before);
    flood->plain_per_s[round] = committed_per_s(run);
    count_since(run, before, flood->plain_counts);
    count_all(run, before);
    if (!forger_start(&forger, &config)) {
        faults_problem(run, "round %u: no thread for the forger", round + 1);
        return;
    }
    flood->flooded_per_s[round] = committed_per_s(run);
    forger_stop(&forger);
    count_since(run, before, flood->flooded_counts);
    flood->sent += forger.sent;
    judge_flood(run, round, flood->flooded_counts[VIEW_CHANGES] - views, forger.sent);
}

static json_t *counts_of(const uint64_t sums[FAULTS_COUNTED])
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < FAULTS_COUNTED; i++) {
        json_object_set_new(object, counted[i], json_integer((json_int_t)sums[i]));
    }
    return object;
}

void faults_tell_forge(const struct faults_run *run, json_t *object)
{
    const struct fault_flood *flood = &run->flood;

    json_object_set_new(object, "plain_per_s", faults_numbers(run, flood->plain_per_s));
    json_object_set_new(object, "flooded_per_s", faults_numbers(run, flood->flooded_per_s));
    json_object_set_new(object, "forged_sent", json_integer((json_int_t)flood->sent));
    json_object_set_new(object, "forged_checked", json_integer((json_int_t)flood->flooded_counts[SIGNATURES_BAD]));
    json_object_set_new(object, "forged_refused_unread", json_integer((json_int_t)flood->flooded_counts[SUSPECTS_REFUSED]));
    json_object_set_new(object, "views_lost", json_integer((json_int_t)flood->flooded_counts[VIEW_CHANGES]));
    json_object_set_new(object, "connections", json_integer((json_int_t)args_number(run->args, "connections")));
    json_object_set_new(object, "plain_counts", counts_of(flood->plain_counts));
    json_object_set_new(object, "flooded_counts", counts_of(flood->flooded_counts));
}
